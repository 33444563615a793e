/*
 * The options of `tartan recommend train`: what is meant where nothing was given, which options go with which model, and the
 * notes in the result.
 */
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "model/recommend_impl.h"
#include "recommend_linear.h"
#include "recommend_ranking.h"

#define SET app_recommend_set

app_recommend_settings app_recommend_set =
    {.model = TARTAN_RECOMMEND_IALS,
     .asked = {.factors = -1, .iterations = -1, .regularization = (double)NAN, .tolerance = (double)NAN},
     .leave = 1,
     .patience = 3,
     .exponent = 1,
     .unobserved = 0.1,
     .alpha = 1,
     .damping = 5,
     .fraction = 0.1,
     .least = -HUGE_VAL};

static const char *const models[] = {"als", "ials", "bias", "popularity", "ease", "puresvd", "nmf"};
static const char *const solvers[] = {"exact", "cg", "block"};
static const char *const confidences[] = {"constant", "linear", "log"};
static const char *const splits[] = {"none", "random", "leave-k", "time"};
static const char *const duplicates[] = {"error", "sum", "last", "max"};

const char *app_recommend_model_name(void)
{
  return models[SET.model];
}

void app_recommend_complete(void)
{
  static const double  lambda[] = {0.01, 0.01, 0.01, 0.01, 500, 0, 0};
  static const int64_t iterations[] = {15, 15, 15, 15, 1, 0, 200};
  static const double  tolerance[] = {0, 0, 0, 0, 0, 1e-8, 1e-4};

  SET.factors = SET.asked.factors >= 0 ? SET.asked.factors : 64;
  SET.iterations = SET.asked.iterations >= 0 ? SET.asked.iterations : iterations[SET.model];
  SET.regularization = isnan(SET.asked.regularization) ? lambda[SET.model] : SET.asked.regularization;
  SET.tolerance = isnan(SET.asked.tolerance) ? tolerance[SET.model] : SET.asked.tolerance;
}

void app_recommend_settle(void)
{
  SET.asked.factors = SET.model == TARTAN_RECOMMEND_EASE ? 0 : SET.factors;
  SET.asked.iterations = SET.iterations;
  SET.asked.regularization = SET.regularization;
  SET.asked.tolerance = SET.tolerance;
}

bool app_recommend_is_linear(void)
{
  return SET.model >= TARTAN_RECOMMEND_EASE;
}

tartan_recommend_opts app_recommend_opts(void)
{
  tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;

  o.model = (tartan_recommend_model)SET.model;
  o.solver = (tartan_recommend_solver)SET.solver;
  o.dtype = SET.dtype == 0 ? TARTAN_F32 : TARTAN_F64;
  o.factors = SET.factors;
  o.regularization = SET.regularization;
  o.exponent = SET.exponent;
  o.unobserved = SET.unobserved;
  o.confidence = (tartan_confidence)SET.confidence;
  o.alpha = SET.alpha;
  o.replaced = SET.form == 1;
  o.nonnegative = SET.nonnegative;
  o.bias = !SET.no_bias;
  o.damping = SET.damping;
  o.steps = SET.steps;
  o.init_stddev = SET.init_stddev;
  o.seed = (uint64_t)SET.seed;
  return o;
}

/* The shortest text that reads back as the same number. */
static const char *number(double value, char text[32])
{
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(text, 32, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  return text;
}

/* What of the data and what is held out, which all models have. */
static void note_data(app_notes *notes)
{
  char a[32];

  app_note_count(notes, "seed", SET.seed);
  app_note(notes, "ratings", "%s %s %s", duplicates[SET.duplicates], number(SET.least, a),
           SET.binarize ? "binary" : "as given");
  app_note(notes, "split", "%s %s %lld", splits[SET.split], number(SET.fraction, a), (long long)SET.leave);
  app_note(notes, "early_stop", "%s %lld", app_stop_name(), (long long)SET.patience);
  app_note(notes, "validation", "%s", SET.validation ? SET.validation : "");
}

/* The options of models without epochs. */
static void note_linear(app_notes *notes)
{
  char a[32];

  app_note(notes, "dtype", "%s", SET.dtype == 0 ? "f32" : "f64");
  if (SET.model == TARTAN_RECOMMEND_EASE) {
    app_note(notes, "regularization", "%s", number(SET.regularization, a));
    return;
  }
  app_note_count(notes, "factors", SET.factors);
  if (SET.iterations > 0) app_note_count(notes, "iterations", SET.iterations);
  app_note(notes, "tol", "%s", number(SET.tolerance, a));
}

void app_recommend_note(app_notes *notes)
{
  char a[32], b[32];

  app_note(notes, "model", "%s", models[SET.model]);
  if (app_recommend_is_linear()) {
    note_linear(notes);
    note_data(notes);
    return;
  }
  app_note_count(notes, "factors", SET.factors);
  app_note_count(notes, "iterations", SET.iterations);
  app_note(notes, "solver", "%s", solvers[SET.solver]);
  if (SET.steps > 0) app_note_count(notes, "steps", SET.steps);
  app_note(notes, "regularization", "%s ^ %s", number(SET.regularization, a), number(SET.exponent, b));
  app_note(notes, "weights", "%s %s %s %s", number(SET.unobserved, a), SET.form ? "replaced" : "added",
           confidences[SET.confidence], number(SET.alpha, b));
  if (SET.nonnegative) app_note(notes, "nonnegative", "yes");
  app_note(notes, "bias", "%s %s", SET.no_bias ? "no" : "yes", number(SET.damping, a));
  app_note(notes, "dtype", "%s", SET.dtype == 0 ? "f32" : "f64");
  app_note(notes, "init_stddev", "%s", number(SET.init_stddev, a));
  note_data(notes);
}

/* An option, what it must be for a model that it does not go with, and the models that it goes with. */
typedef struct rule {
  const char *option;
  bool        given;
  unsigned    models;
} rule;

#define OF(MODEL) (1u << TARTAN_RECOMMEND_##MODEL)
#define EPOCHS (OF(ALS) | OF(IALS) | OF(BIAS) | OF(POPULARITY))

/* Options that the model has no use for. */
static tartan_status check_fit(void)
{
  const bool    alone = !SET.sweep; /* a sweep can stop between settings, and compares them by the error */
  const rule    rules[] = {{"factors", SET.asked.factors >= 0, ~OF(EASE)},
                           {"iterations", SET.asked.iterations >= 0, ~OF(EASE)},
                           {"regularization", !isnan(SET.asked.regularization), EPOCHS | OF(EASE)},
                           {"tol", !isnan(SET.asked.tolerance), OF(PURESVD) | OF(NMF)},
                           {"regularization-exponent", SET.exponent != 1, EPOCHS},
                           {"unobserved-weight", SET.unobserved != 0.1, EPOCHS},
                           {"confidence", SET.confidence != 0, EPOCHS},
                           {"alpha", SET.alpha != 1, EPOCHS},
                           {"form", SET.form != 0, EPOCHS},
                           {"solver", SET.solver != 0, EPOCHS},
                           {"steps", SET.steps != 0, EPOCHS},
                           {"no-bias", SET.no_bias, EPOCHS},
                           {"damping", SET.damping != 5, EPOCHS},
                           {"init-stddev", SET.init_stddev != 0, EPOCHS},
                           {"nonnegative", SET.nonnegative, EPOCHS},
                           {"early-stop", alone && SET.early_stop != APP_STOP_NEVER, EPOCHS},
                           {"checkpoint", alone && app_long_set.checkpoint, EPOCHS},
                           {"time-limit", alone && app_long_set.limit > 0, EPOCHS}};
  tartan_status st = TARTAN_OK;

  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    REQUIRE(!rules[i].given || (rules[i].models & (1u << SET.model)), TARTAN_ERR_ARG,
            "--%s does not go with --model %s%s", rules[i].option, models[SET.model],
            app_recommend_is_linear() ? ", which is fitted at once, without epochs" : "");
done:
  return st;
}

/* Models without epochs. */
static tartan_status check_linear(void)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(SET.model != TARTAN_RECOMMEND_EASE || SET.regularization > 0, TARTAN_ERR_ARG,
          "--regularization %g: ease needs a number above 0", SET.regularization);
  REQUIRE(!SET.sweep || SET.validation || SET.split, TARTAN_ERR_ARG,
          "--sweep with --model %s needs --validation or --split: it is compared by its error on what was held out",
          models[SET.model]);
  REQUIRE(SET.factors >= 1, TARTAN_ERR_ARG, "--factors %lld: give 1 or more", (long long)SET.factors);
  REQUIRE(SET.asked.iterations != 0, TARTAN_ERR_ARG, "--iterations 0: give 1 or more");
  REQUIRE(SET.tolerance >= 0, TARTAN_ERR_ARG, "--tol %g: give a number that is not below 0", SET.tolerance);
done:
  return st;
}

tartan_status app_recommend_check(void)
{
  tartan_recommend_opts opts;
  tartan_status         st = TARTAN_OK;

  app_recommend_complete();
  opts = app_recommend_opts();
  TRY(check_fit());
  if (app_recommend_is_linear()) return check_linear();
  REQUIRE(SET.iterations >= 1 && SET.iterations <= 4096, TARTAN_ERR_ARG, "--iterations %lld: give 1 to 4096",
          (long long)SET.iterations);
  REQUIRE(!SET.nonnegative || SET.solver == TARTAN_RECOMMEND_EXACT, TARTAN_ERR_ARG,
          "--nonnegative goes with --solver exact");
  TRY(tt_recommend_check(&opts));
done:
  return st;
}
