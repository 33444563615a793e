/* Models that are fitted at once: item weights, singular vectors, non-negative parts. Missing ratings count as zeros. */
#include "recommend_linear.h"
#include "recommend_ranking.h"

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "model/linear_impl.h"
#include "oper/segments.h"

#define SET app_recommend_set
#define STEPS_ASSUMED 10 /* of the iteration of puresvd */

static tartan_dtype dtype_now(void)
{
  return SET.dtype == 0 ? TARTAN_F32 : TARTAN_F64;
}

static tartan_topk_opts topk_now(void)
{
  tartan_topk_opts o = TARTAN_TOPK_OPTS_INIT;

  o.tolerance = SET.tolerance;
  o.steps = SET.iterations;
  o.seed = (uint64_t)SET.seed;
  return o;
}

static tartan_nmf_opts nmf_now(void)
{
  tartan_nmf_opts o = TARTAN_NMF_OPTS_INIT;

  o.iterations = SET.iterations;
  o.tolerance = SET.tolerance;
  o.seed = (uint64_t)SET.seed;
  return o;
}

/* ------------------------------------------------------------------------------------------------ the plan */

tartan_status app_linear_plan(const tartan_sparse *R, tartan_cost *plan)
{
  const tartan_topk_opts topk = topk_now();
  const tartan_nmf_opts  nmf = nmf_now();
  const double           steps = (double)(SET.iterations > 0 ? tt_min(SET.iterations, STEPS_ASSUMED) : STEPS_ASSUMED);
  tartan_status          st = TARTAN_OK;

  if (SET.model == TARTAN_RECOMMEND_EASE) return tartan_ease_plan(R, dtype_now(), plan);
  if (SET.model == TARTAN_RECOMMEND_NMF) return tt_recommend_nmf_plan(R, SET.factors, &nmf, dtype_now(), plan);
  TRY(tt_puresvd_plan(R, SET.factors, &topk, dtype_now(), plan));
  plan->flops *= steps;
  plan->words *= steps;
done:
  return st;
}

void app_linear_print_plan(const app_run *run, const tartan_cost *plan, int model)
{
  app_say(run, "fit      %.*s\n", (int)strcspn(plan->reason, ";"), plan->reason);
  if (model == TARTAN_RECOMMEND_PURESVD)
    app_say(run, "steps    work and words are those of %d, which is assumed\n", STEPS_ASSUMED);
  if (model == TARTAN_RECOMMEND_NMF) app_say(run, "steps    work and words are those of all iterations\n");
}

/* ------------------------------------------------------------------------------------------------ the fit */

/* Told after each iteration of nmf. */
static int show_progress(void *context, int64_t iteration, double loss)
{
  const app_run *run = context;

  (void)loss;
  tt_grid_progress(run->grid, "training", (double)iteration / (double)SET.iterations);
  return 0;
}

/* Singular vectors; the loss is the sum of squares that they leave. Collective. */
static tartan_status fit_puresvd(const tartan_sparse *R, app_training *t, double *loss)
{
  const tartan_topk_opts opts = topk_now();
  tartan_operator       *op = NULL;
  tartan_status          st = TARTAN_OK, local = TARTAN_OK;

  t->values = tt_alloc_zero(&R->grid->memory, SET.factors, sizeof *t->values, "singular values", &local);
  AGREE(R->grid, local);
  TRY(tartan_puresvd(R, SET.factors, &opts, dtype_now(), t->values, &t->linear, &t->topk));
  TRY(tartan_operator_from_sparse(R, &op));
  TRY(tartan_operator_norm_fro2(op, loss));
  for (int64_t i = 0; i < SET.factors; i++) *loss -= t->values[i] * t->values[i];
  *loss = fmax(0, *loss);
done:
  tartan_operator_destroy(&op);
  return st;
}

/* Adds to the refusal of negative ratings what can be done. */
static tartan_status explain(tartan_status st)
{
  char message[TT_ERROR_MAX];

  if (st != TARTAN_ERR_INPUT) return st;
  snprintf(message, sizeof message, "%s", tartan_error_message());
  return tt_fail(st, "%.400s: --min-rating 0 leaves them out", message);
}

/* @param[out] loss  NaN where none is known. Collective. */
static tartan_status fit(app_run *run, const tartan_sparse *R, app_training *t, double *loss)
{
  tartan_nmf_opts nmf = nmf_now();
  tartan_status   st = TARTAN_OK;

  *loss = (double)NAN;
  if (SET.model == TARTAN_RECOMMEND_EASE) {
    TRY(tartan_ease(R, SET.regularization, dtype_now(), &t->linear, NULL));
  } else if (SET.model == TARTAN_RECOMMEND_PURESVD) {
    TRY(fit_puresvd(R, t, loss));
  } else {
    nmf.after = show_progress;
    nmf.context = run;
    TRY(explain(tartan_recommend_nmf(R, SET.factors, &nmf, dtype_now(), &t->linear, &t->nmf)));
    *loss = 2 * t->nmf.loss;
  }
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ what was held out */

/* All users of the training as profiles: by their factors, or by their entries where there are none. Collective. */
static tartan_status make_profiles(const tartan_sparse *R, const tartan_predictor *p, tartan_profiles **profiles)
{
  tartan_grid  *grid = R->grid;
  int64_t      *starts = NULL, *user = NULL, count = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (SET.model == TARTAN_RECOMMEND_EASE) return tartan_profiles_fold_in(p, R, profiles);
  starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *starts, "the ranges of users", &local);
  if (local == TARTAN_OK) {
    tt_rows_partition(R->m, 1, grid->size, starts);
    count = starts[grid->rank + 1] - starts[grid->rank];
  }
  user = tt_alloc(&grid->memory, count, sizeof *user, "a list of users", &local);
  AGREE(grid, local);
  for (int64_t i = 0; i < count; i++) user[i] = starts[grid->rank] + i;
  TRY(tartan_profiles_known(p, count, user, profiles));
done:
  tt_free(user);
  tt_free(starts);
  return st;
}

/* Errors; what has an unknown user or item has the score 0. Collective. */
static tartan_status measure(app_run *run, const app_recommend_data *data, app_training *t, app_epoch *e)
{
  tartan_profiles *profiles = NULL;
  tartan_status    st = TARTAN_OK;

  if (!data->validation) goto done;
  TRY(make_profiles(data->train, t->linear, &profiles));
  TRY(tartan_predictor_errors(t->linear, profiles, data->validation, &e->rmse, &e->mae));
  t->cold[0] = t->cold[1] = 0;
  for (int64_t i = 0; i < data->cold; i++) {
    t->cold[0] += data->cold_rating[i] * data->cold_rating[i];
    t->cold[1] += fabs(data->cold_rating[i]);
  }
  TRY(tt_allreduce_f64(run->grid, t->cold, 2, TT_SUM));
  app_recommend_add_cold(data, t, e);
done:
  tartan_profiles_destroy(&profiles);
  return st;
}

/* How the fit went, in a line or two. */
static void print(app_run *run, const app_recommend_data *data, const app_training *t)
{
  const app_epoch *e = &t->history[0];

  if (SET.model == TARTAN_RECOMMEND_PURESVD) {
    app_tell(run, "%lld singular triplets by %lld steps, residual %.2g; what they leave of the sum of squares: %.10g\n",
             (long long)SET.factors, (long long)t->topk.steps, t->topk.residual, e->loss);
    if (!t->topk.converged)
      tt_grid_warn(run->grid, "the singular vectors are not converged to %g: give more --iterations, or a larger --tol",
                   SET.tolerance);
  }
  if (SET.model == TARTAN_RECOMMEND_NMF) {
    app_tell(run, "%lld iterations; what the parts leave of the sum of squares: %.10g (%.2f %% in norm)\n",
             (long long)t->nmf.iterations, e->loss, 100 * t->nmf.relative);
    if (!t->nmf.converged)
      tt_grid_warn(run->grid, "the parts still change after %lld iterations: give more --iterations, or a larger --tol",
                   (long long)t->nmf.iterations);
  }
  if (data->validation) app_tell(run, "held out: rmse %.6f, mae %.6f\n", e->rmse, e->mae);
}

tartan_status app_linear_fit(app_run *run, const app_recommend_data *data, app_training *t)
{
  const double  start = tt_seconds();
  app_epoch    *e;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  e = t->history = tt_alloc_zero(&run->grid->memory, 1, sizeof *t->history, "a history", &local);
  AGREE(run->grid, local);
  *e = (app_epoch){1, (double)NAN, (double)NAN, (double)NAN, 0, (double)NAN};
  TRY(fit(run, data->train, t, &e->loss));
  e->seconds = tt_seconds() - start;
  t->last = (tartan_recommend_epoch){.seconds = e->seconds};
  TRY(measure(run, data, t, e));
  TRY(app_stop_measure(data, t->linear, &e->ranking));
  t->epochs = 1;
  app_run_progress_end(run);
  if (t->parts == 0 || app_set.verbose) print(run, data, t);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ results */

void app_linear_note(app_notes *notes, const app_training *t)
{
  if (SET.model == TARTAN_RECOMMEND_PURESVD) {
    app_note_count(notes, "converged", t->topk.converged);
    app_note_count(notes, "steps_taken", t->topk.steps);
  }
  if (SET.model == TARTAN_RECOMMEND_NMF) {
    app_note_count(notes, "converged", t->nmf.converged);
    app_note_count(notes, "steps_taken", t->nmf.iterations);
  }
}

void app_linear_put(tt_output *out, const app_recommend_data *data, const app_training *t)
{
  const app_epoch *e = &t->history[0];

  if (SET.model == TARTAN_RECOMMEND_PURESVD) tt_output_vector(out, "/singular_values", SET.factors, t->values);
  if (!isnan(e->loss)) tt_output_real(out, "/", "loss", e->loss);
  if (data->validation) {
    tt_output_real(out, "/", "validation_rmse", e->rmse);
    tt_output_real(out, "/", "validation_mae", e->mae);
  }
}

void app_linear_json(app_json *json, const app_training *t)
{
  const app_epoch        *e = &t->history[0];
  tartan_predictor_values v;

  tartan_predictor_get(t->linear, &v);
  if (v.users > 0) app_json_count(json, "users", v.users);
  app_json_count(json, "items", v.items);
  if (v.factors > 0) app_json_count(json, "factors", v.factors);
  if (v.opts.model == TARTAN_RECOMMEND_EASE) app_json_number(json, "regularization", v.opts.regularization);
  if (v.opts.model == TARTAN_RECOMMEND_PURESVD) {
    app_json_flag(json, "converged", t->topk.converged);
    app_json_count(json, "steps", t->topk.steps);
    app_json_number(json, "residual", t->topk.residual);
    app_json_numbers(json, "singular_values", t->values, v.factors);
  }
  if (v.opts.model == TARTAN_RECOMMEND_NMF) {
    app_json_flag(json, "converged", t->nmf.converged);
    app_json_count(json, "steps", t->nmf.iterations);
  }
  app_json_number(json, "loss", e->loss);
  app_json_number(json, "rmse", e->rmse);
  app_json_number(json, "mae", e->mae);
  app_json_number(json, "seconds", e->seconds);
}
