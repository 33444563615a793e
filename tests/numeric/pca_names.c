// TEST: np=1,3 labels=numeric,model,io
/*
 * Names of features and samples: from the file through the model into the result and back, and data whose features
 * stand in another order, or are not those of the model.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tartan/pca.h>

#include "base/memory.h"
#include "check.h"
#include "io/output.h"
#include "io/small.h"
#include "matrices.h"

#define M 40
#define N 5
#define K 3

static uint64_t    seed = 12;
static const char *own[N] = {"b", "a", "caf\303\251", "a long name with blanks, and a comma",
                             "a"}; /* one of them twice */

/* Data whose column j is the original's column order[j], named so; "+" names a feature of no meaning. */
static void write_data(tartan_grid *grid, const char *path, int64_t n, const int *order, const char *const *names)
{
  tt_output  *out = NULL;
  const char *samples[M];
  char        text[M][8];
  double      x[M * (N + 1)];

  for (int64_t i = 0; i < M; i++) {
    snprintf(text[i], sizeof text[i], "s%d", (int)(i * i));
    samples[i] = text[i];
    for (int64_t j = 0; j < n; j++) x[i * n + j] = fill_random(i, order[j], &seed) * (1 + order[j]);
  }
  CHECK_OK(tt_output_create(grid, path, true, &out));
  tt_output_declare(out, "/g/X", TARTAN_F64, M, n);
  if (names) tt_output_strings(out, "/g/feature_names", n, names);
  tt_output_strings(out, "/g/sample_names", M, samples);
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_output_rows(out, "/g/X", 0, check_rank() == 0 ? M : 0, x));
  CHECK_OK(tt_output_commit(&out));
}

/* The scores of a file by the model; Y is new. */
static tartan_status scores(tartan_grid *grid, const tartan_pca *model, const char *path, dense *Y)
{
  tartan_operator *op = NULL;
  tartan_matrix   *y = matrix_make(grid, TARTAN_F64, M, K, NULL, fill_place, NULL);
  tartan_status    st = tartan_operator_open(grid, path, NULL, &op);

  if (st == TARTAN_OK) st = tartan_pca_transform(model, op, y);
  *Y = dense_of(y);
  tartan_matrix_destroy(&y);
  tartan_operator_destroy(&op);
  return st;
}

static void check_strings(tartan_grid *grid, const char *name, int64_t count, const char *first, const char *last)
{
  tt_small    *file = NULL;
  const char **texts = NULL;
  int64_t      n = 0;

  CHECK_OK(tt_small_open(grid, "model.h5", &file));
  if (CHECK_OK(tt_small_strings(file, name, true, &texts, &n)) && CHECK_EQ(n, count))
    CHECK(strcmp(texts[0], first) == 0 && strcmp(texts[n - 1], last) == 0);
  tt_free(texts);
  tt_small_close(&file);
}

/* Fits, saves and loads: the loaded model. */
static tartan_pca *make_model(tartan_grid *grid)
{
  tartan_pca_opts      opts = TARTAN_PCA_OPTS_INIT;
  tartan_pca_save_opts save = TARTAN_PCA_SAVE_OPTS_INIT;
  tartan_operator     *op = NULL;
  tartan_pca          *fitted = NULL, *model = NULL;
  tartan_pca_values    v;
  char                 text[256];

  opts.components = K;
  if (!CHECK_OK(tartan_operator_open(grid, "own.h5", NULL, &op))) return NULL;
  tartan_operator_describe(op, text, sizeof text);
  CHECK(strstr(text, "; features: b, a, caf\303\251, a long name with bla..., ..."));
  CHECK(strcmp(tartan_operator_feature_name(op, 2), own[2]) == 0 && !tartan_operator_feature_name(op, N));
  CHECK_OK(tartan_pca_fit(op, &opts, &fitted, NULL));
  save.force = true;
  save.scores = op;
  CHECK_OK(tartan_pca_save(fitted, "model.h5", &save, NULL));
  tartan_pca_destroy(&fitted);
  tartan_operator_destroy(&op);
  check_strings(grid, "/feature_names_in_", N, own[0], own[N - 1]);
  check_strings(grid, "/sample_names", M, "s0", "s1521");
  if (!CHECK_OK(tartan_pca_load(grid, "model.h5", &model))) return NULL;
  tartan_pca_get_values(model, &v);
  for (int j = 0; j < N; j++) CHECK(strcmp(v.feature_names_in_[j], own[j]) == 0);
  return model;
}

static void test_order(tartan_grid *grid, const tartan_pca *model)
{
  const int   order[N] = {3, 1, 0, 4, 2};
  const char *names[N];
  dense       Y, Z;

  check_context("another order");
  for (int j = 0; j < N; j++) names[j] = own[order[j]];
  write_data(grid, "turned.h5", N, order, names);
  CHECK_OK(scores(grid, model, "own.h5", &Y));
  CHECK_OK(scores(grid, model, "turned.h5", &Z));
  CHECK_LE(dense_distance(&Y, &Z), 1e-14 * dense_norm(&Y));
  dense_free(&Z);

  check_context("without names, by position");
  write_data(grid, "turned.h5", N, order, NULL);
  CHECK_OK(scores(grid, model, "turned.h5", &Z));
  CHECK(dense_distance(&Y, &Z) > 1e-2 * dense_norm(&Y));
  dense_free(&Z);
  dense_free(&Y);
}

static void test_refused(tartan_grid *grid, const tartan_pca *model)
{
  const int            order[N + 1] = {0, 1, 2, 3, 4, 4};
  const char          *names[N + 1] = {"b", "a", "new", own[3], "a", "zzz"};
  tartan_pca_save_opts save = TARTAN_PCA_SAVE_OPTS_INIT;
  dense                Y;

  check_context("features that do not match");
  write_data(grid, "other.h5", N, order, names);
  CHECK_STATUS(scores(grid, model, "other.h5", &Y), TARTAN_ERR_INPUT);
  CHECK(strstr(tartan_error_message(), "\"caf\303\251\""));
  dense_free(&Y);
  CHECK_OK(tartan_operator_open(grid, "other.h5", NULL, (tartan_operator **)&save.scores));
  CHECK_STATUS(tartan_pca_save(model, "never.h5", &save, NULL), TARTAN_ERR_INPUT);
  CHECK(access("never.h5", F_OK) != 0);
  tartan_operator_destroy((tartan_operator **)&save.scores);
  names[2] = own[2];
  write_data(grid, "other.h5", N + 1, order, names);
  CHECK_STATUS(scores(grid, model, "other.h5", &Y), TARTAN_ERR_INPUT);
  CHECK(strstr(tartan_error_message(), "\"zzz\""));
  dense_free(&Y);
  write_data(grid, "other.h5", N + 1, order, NULL);
  CHECK_STATUS(scores(grid, model, "other.h5", &Y), TARTAN_ERR_SHAPE);
  dense_free(&Y);
}

int main(int argc, char **argv)
{
  const int    order[N] = {0, 1, 2, 3, 4};
  tartan_grid *grid;
  tartan_pca  *model;

  check_start(&argc, &argv);
  grid = grid_world();
  write_data(grid, "own.h5", N, order, own);
  model = make_model(grid);
  if (model) {
    test_order(grid, model);
    test_refused(grid, model);
  }
  tartan_pca_destroy(&model);
  tartan_grid_destroy(&grid);
  return check_finish();
}
