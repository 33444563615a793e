// TEST: np=1,2,3,4 labels=numeric,model,io
/* A model saved and read again: the same numbers to the bit; scores in the file; what must not be overwritten. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tartan/pca.h>

#include "check.h"
#include "h5file.h"
#include "matrices.h"

#define M 83
#define N 9
#define K 4

static uint64_t seed = 8;

static bool exists(const char *path)
{
  MPI_Barrier(MPI_COMM_WORLD);
  return access(path, F_OK) == 0;
}

static void same_numbers(const tartan_pca *a, const tartan_pca *b)
{
  tartan_pca_values x, y;

  tartan_pca_get_values(a, &x);
  tartan_pca_get_values(b, &y);
  if (!CHECK(x.samples == y.samples && x.features == y.features && x.components == y.components)) return;
  CHECK(x.center == y.center && x.scale == y.scale && x.whiten == y.whiten);
  CHECK(x.noise_variance_ == y.noise_variance_ && x.total_variance_ == y.total_variance_);
  CHECK(memcmp(x.components_, y.components_, (size_t)(x.components * x.features) * sizeof(double)) == 0);
  CHECK(memcmp(x.explained_variance_, y.explained_variance_, (size_t)x.components * sizeof(double)) == 0);
  CHECK(memcmp(x.explained_variance_ratio_, y.explained_variance_ratio_, (size_t)x.components * sizeof(double)) == 0);
  CHECK(memcmp(x.singular_values_, y.singular_values_, (size_t)x.components * sizeof(double)) == 0);
  CHECK(memcmp(x.mean_, y.mean_, (size_t)x.features * sizeof(double)) == 0);
  CHECK(memcmp(x.scale_, y.scale_, (size_t)x.features * sizeof(double)) == 0);
}

/* The datasets as another HDF5 user sees them, and the mean squared error of the reconstruction. */
static void check_contents(const tartan_pca *model, const char *path, double inverse_error)
{
  tartan_pca_values v;
  double            components[K * N], scores[M * K], worst = 0, size = 0, error = 0;

  if (check_rank() != 0) return;
  tartan_pca_get_values(model, &v);
  CHECK(h5_read(path, "/components_", K, N, components) && memcmp(components, v.components_, sizeof components) == 0);
  if (!CHECK(h5_read(path, "/X_pca", M, K, scores))) return;
  for (int64_t i = 0; i < M; i++) {
    double x[N], back[N] = {0};

    for (int64_t j = 0; j < N; j++) x[j] = (fill_random(i, j, &seed) - v.mean_[j]) / v.scale_[j];
    for (int64_t c = 0; c < K; c++) {
      double sum = 0;

      for (int64_t j = 0; j < N; j++) sum += x[j] * components[c * N + j];
      for (int64_t j = 0; j < N; j++) back[j] += sum * components[c * N + j];
      if (v.whiten) sum /= sqrt(v.explained_variance_[c]);
      worst = fmax(worst, fabs(sum - scores[i * K + c]));
      size = fmax(size, fabs(sum));
    }
    for (int64_t j = 0; j < N; j++) error += (x[j] - back[j]) * (x[j] - back[j]) / (M * N);
  }
  CHECK_LE(worst, 1e-12 * size);
  CHECK_LE(fabs(inverse_error - error), 1e-12 * error);
}

static void test_round_trip(tartan_grid *grid, const tartan_operator *op, bool scale, bool whiten)
{
  tartan_pca_opts      opts = TARTAN_PCA_OPTS_INIT;
  tartan_pca_save_opts save = TARTAN_PCA_SAVE_OPTS_INIT;
  tartan_attribute     attribute = {.name = "note", .value = "a test"};
  tartan_pca          *model = NULL, *again = NULL;
  tartan_pca_info      info;
  double               error = -1;

  check_context("scale %d, whiten %d", scale, whiten);
  opts.components = K;
  opts.scale = scale;
  opts.whiten = whiten;
  if (!CHECK_OK(tartan_pca_fit(op, &opts, &model, &info))) return;
  save.force = true;
  save.scores = op;
  save.inverse_error = true;
  save.info = &info;
  save.attributes = &attribute;
  save.attribute_count = 1;
  CHECK_OK(tartan_pca_save(model, "model.h5", &save, &error));
  if (CHECK_OK(tartan_pca_load(grid, "model.h5", &again))) same_numbers(model, again);
  check_contents(model, "model.h5", error);
  tartan_pca_destroy(&again);
  MPI_Barrier(MPI_COMM_WORLD);

  save.force = false; /* what exists stays */
  CHECK_STATUS(tartan_pca_save(model, "model.h5", &save, NULL), TARTAN_ERR_EXISTS);
  if (CHECK_OK(tartan_pca_load(grid, "model.h5", &again))) same_numbers(model, again);
  tartan_pca_destroy(&again);
  CHECK_STATUS(tartan_pca_save(model, "no-such-folder/model.h5", NULL, NULL), TARTAN_ERR_IO);
  tartan_pca_destroy(&model);
}

static void test_bad_models(tartan_grid *grid)
{
  static const h5_layout layout = {.type = "<f8"};
  tartan_pca            *model = (tartan_pca *)grid;

  check_context("what is no model");
  CHECK_STATUS(tartan_pca_load(grid, "no-such-file.h5", &model), TARTAN_ERR_INPUT);
  CHECK(model == NULL);
  h5_write("matrix.h5", "/X", &layout, 3, 4, fill_place, NULL);
  CHECK_STATUS(tartan_pca_load(grid, "matrix.h5", &model), TARTAN_ERR_FORMAT);
  CHECK(model == NULL);
  CHECK(!exists("no-such-folder"));
}

int main(int argc, char **argv)
{
  tartan_grid     *grid;
  tartan_matrix   *A;
  tartan_operator *op = NULL;

  check_start(&argc, &argv);
  grid = grid_world();
  A = matrix_make(grid, TARTAN_F64, M, N, NULL, fill_random, &seed);
  if (CHECK_OK(tartan_operator_from_matrix(A, &op))) {
    test_round_trip(grid, op, false, false);
    test_round_trip(grid, op, true, true);
  }
  test_bad_models(grid);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&A);
  tartan_grid_destroy(&grid);
  return check_finish();
}
