/*
 * A predictor from a model file: the options in the attributes of the root group, as `tartan recommend train` writes them, and
 * the matrices, each rank an even part of their rows.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "io/matrix_file.h"
#include "io/small.h"
#include "model/predictor_impl.h"
#include "oper/segments.h"

#define FORMAT "tartan-recommend"
#define LINE 256

static const char *const models[] = {"als", "ials", "bias", "popularity", "ease", "puresvd", "nmf"};
static const char *const confidences[] = {"constant", "linear", "log"};

/* The place of a word in a list, -1 if it is none of them. */
static int word(const char *text, const char *const *words, int count)
{
  for (int i = 0; i < count; i++)
    if (strcmp(text, words[i]) == 0) return i;
  return -1;
}

/* ------------------------------------------------------------------------------------------------ options */

static tartan_status read_line(tt_small *file, const char *name, char text[LINE])
{
  return tt_small_text(file, "/", name, text, LINE);
}

/* Whether it is a model, and which. Collective. */
static tartan_status read_kind(tt_small *file, const char *path, tartan_recommend_opts *o)
{
  char          text[LINE];
  int           model;
  tartan_status st = TARTAN_OK;

  TRY(read_line(file, "format", text));
  REQUIRE(strcmp(text, FORMAT) == 0, TARTAN_ERR_INPUT,
          "%s is no model: its attribute format is \"%s\", and tartan recommend train writes \"%s\"", path, text,
          FORMAT);
  TRY(read_line(file, "model", text));
  model = word(text, models, (int)(sizeof models / sizeof *models));
  REQUIRE(model >= 0, TARTAN_ERR_INPUT, "%s holds a model \"%s\", which this version does not know", path, text);
  o->model = (tartan_recommend_model)model;
done:
  return st;
}

/* What a half-step solves with, of als and ials. Collective. */
static tartan_status read_solving(tt_small *file, const char *path, tartan_recommend_opts *o)
{
  char          text[3][LINE], form[16], confidence[16];
  int           kind = -1;
  tartan_status st = TARTAN_OK;

  TRY(read_line(file, "regularization", text[0]));
  TRY(read_line(file, "weights", text[1]));
  TRY(read_line(file, "bias", text[2]));
  if (sscanf(text[1], "%lf %15s %15s %lf", &o->unobserved, form, confidence, &o->alpha) == 4)
    kind = word(confidence, confidences, 3);
  REQUIRE(sscanf(text[0], "%lf ^ %lf", &o->regularization, &o->exponent) == 2 && kind >= 0 &&
              sscanf(text[2], "%15s %lf", confidence, &o->damping) == 2,
          TARTAN_ERR_INPUT,
          "%s: the attributes regularization (\"%s\"), weights (\"%s\") and bias (\"%s\") are not those of a complete "
          "model: train it again",
          path, text[0], text[1], text[2]);
  o->confidence = (tartan_confidence)kind;
  o->replaced = strcmp(form, "replaced") == 0;
  o->bias = strcmp(confidence, "yes") == 0;
  TRY(read_line(file, "nonnegative", text[0]));
  o->nonnegative = strcmp(text[0], "yes") == 0;
done:
  return st;
}

/* mu and the ends of the scale. Collective. */
static tartan_status read_scale(tartan_grid *grid, tt_small *file, const char *path, tartan_predictor_values *v)
{
  const bool    clips = v->opts.model == TARTAN_RECOMMEND_ALS || v->opts.model == TARTAN_RECOMMEND_BIAS;
  bool          found = false, low = false, high = false;
  tartan_status st = TARTAN_OK;

  v->mean = 0;
  v->low = -HUGE_VAL;
  v->high = HUGE_VAL;
  TRY(tt_small_number(file, "/", "global_mean", &v->mean, &found));
  REQUIRE(found || !clips, TARTAN_ERR_INPUT, "%s has no attribute global_mean: it is not complete, train it again",
          path);
  TRY(tt_small_number(file, "/", "rating_low", &v->low, &low));
  TRY(tt_small_number(file, "/", "rating_high", &v->high, &high));
  REQUIRE(
      isfinite(v->mean) && v->low <= v->high, TARTAN_ERR_INPUT,
      "%s: the attributes global_mean (%g), rating_low (%g) and rating_high (%g) are not those of a model: train it "
      "again",
      path, v->mean, v->low, v->high);
  if (clips && !(low && high))
    tt_grid_warn(grid,
                 "%s does not say between which ratings it was trained (rating_low, rating_high): predictions are not "
                 "clipped; train it again for that",
                 path);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ matrices */

/* Rows of a dataset, as the columns of a matrix. Collective. */
static tartan_status read_part(tartan_grid *grid, const char *path, const char *name, tartan_matrix **A)
{
  char                   source[TT_PATH_MAX + 32];
  tt_dataset            *dataset = NULL;
  const tt_dataset_info *info;
  int64_t               *starts = NULL;
  tartan_status          st = TARTAN_OK, local = TARTAN_OK;

  snprintf(source, sizeof source, "%s:%s", path, name);
  TRY(tt_dataset_open_vector(grid, source, NULL, &dataset));
  info = tt_dataset_get_info(dataset);
  starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *starts, "ranges of rows", &local);
  AGREE(grid, local);
  tt_rows_partition(info->rows, 1, grid->size, starts);
  TRY(tt_matrix_create_ranges(grid, info->element == TT_EL_F32 ? TARTAN_F32 : TARTAN_F64, info->cols, info->rows,
                              starts, NULL, A));
  TRY(tt_matrix_load_into(dataset, true, *A));
  TRY(tt_matrix_require_finite(*A, source));
done:
  tt_free(starts);
  tt_dataset_close(&dataset);
  return st;
}

/* A part that the model needs, or that it may have. Collective. */
static tartan_status read_named(tartan_grid *grid, tt_small *file, const char *path, const char *name, bool needed,
                                tartan_matrix **A)
{
  bool          there = false;
  tartan_status st = TARTAN_OK;

  TRY(tt_small_exists(file, name, &there));
  REQUIRE(there || !needed, TARTAN_ERR_INPUT, "%s is no complete model: it has no %s; train it again", path, name);
  if (there) TRY(read_part(grid, path, name, A));
done:
  return st;
}

/* A dataset that is there has as many rows and columns as the others say. */
static tartan_status check_shape(const char *path, const char *name, const tartan_matrix *A, int64_t rows, int64_t cols)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(!A || (A->col.n == rows && A->row.n == cols), TARTAN_ERR_INPUT,
          "%s:%s is %lld x %lld, but the model's other parts ask for %lld x %lld: the file is damaged, train it again",
          path, name, (long long)A->col.n, (long long)A->row.n, (long long)rows, (long long)cols);
done:
  return st;
}

static tartan_status check_shapes(const char *path, const tartan_predictor_values *v)
{
  tartan_status st = TARTAN_OK;

  TRY(check_shape(path, "/user_factors", v->user_factors, v->users, v->factors));
  TRY(check_shape(path, "/user_bias", v->user_bias, v->users, 1));
  TRY(check_shape(path, "/item_bias", v->item_bias, v->items, 1));
  TRY(check_shape(path, "/item_weights", v->weights, v->items, v->items));
done:
  return st;
}

static tartan_status read_parts(tartan_grid *grid, tt_small *file, const char *path, tartan_predictor_values *v)
{
  const tartan_recommend_model model = v->opts.model;
  const bool                   ease = model == TARTAN_RECOMMEND_EASE,
             plain = model == TARTAN_RECOMMEND_BIAS || model == TARTAN_RECOMMEND_POPULARITY;
  tartan_status st = TARTAN_OK;

  if (ease) {
    TRY(read_named(grid, file, path, "/item_weights", true, &v->weights));
    v->items = v->weights->col.n;
    goto done;
  }
  if (!plain) {
    TRY(read_named(grid, file, path, "/user_factors", true, &v->user_factors));
    TRY(read_named(grid, file, path, "/item_factors", true, &v->item_factors));
    v->factors = v->item_factors->row.n;
    v->opts.factors = v->factors;
    v->opts.dtype = v->item_factors->dtype;
  }
  TRY(read_named(grid, file, path, "/user_bias", plain || model == TARTAN_RECOMMEND_ALS, &v->user_bias));
  TRY(read_named(grid, file, path, "/item_bias", plain || model == TARTAN_RECOMMEND_ALS, &v->item_bias));
  v->users = plain ? v->user_bias->col.n : v->user_factors->col.n;
  v->items = plain ? v->item_bias->col.n : v->item_factors->col.n;
done:
  return st;
}

tartan_status tartan_predictor_load(tartan_grid *grid, const char *path, tartan_predictor **p)
{
  const tartan_recommend_opts defaults = TARTAN_RECOMMEND_OPTS_INIT;
  tartan_predictor_values     v = {.size = sizeof v, .opts = defaults};
  tt_small                   *file = NULL;
  bool                        made = false;
  tartan_status               st = TARTAN_OK;

  *p = NULL;
  TRY(tt_small_open(grid, path, &file));
  TRY(read_kind(file, path, &v.opts));
  if (v.opts.model == TARTAN_RECOMMEND_ALS || v.opts.model == TARTAN_RECOMMEND_IALS)
    TRY(read_solving(file, path, &v.opts));
  TRY(read_scale(grid, file, path, &v));
  TRY(read_parts(grid, file, path, &v));
  TRY(check_shapes(path, &v));
  made = true; /* from here on they are the predictor's */
  TRY(tartan_predictor_create(grid, &v, true, p));
done:
  tt_small_close(&file);
  if (!made) tt_predictor_parts_destroy(&v);
  return st;
}
