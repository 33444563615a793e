// TEST: np=1,2,3,4 threads=2 labels=numeric,model
/*
 * The Gram and TSQR solvers give the same bits of components and variances on any number of ranks and threads, from memory and
 * from a file: grids of the first 1, 2, ... ranks with 1, 2 and 3 threads in one run.
 */
#include <stdlib.h>
#include <string.h>

#include <tartan/pca.h>

#include "check.h"
#include "h5file.h"
#include "matrices.h"

/* Copies of a model's numbers, on every rank of the grid that fitted it. */
typedef struct numbers {
  int64_t n, k;
  double *at; /* components, variances, means */
} numbers;

static double random_value(int64_t i, int64_t j, void *seed)
{
  return fill_random(i, j, seed) + 1e-9 * (double)j;
}

static double byte_value(int64_t i, int64_t j, void *seed)
{
  return (double)(int64_t)(127.9 * (1 + fill_random(i, j, seed)));
}

static numbers numbers_of(const tartan_pca *model)
{
  tartan_pca_values v;
  numbers           x;

  tartan_pca_get_values(model, &v);
  x.n = v.features;
  x.k = v.components;
  x.at = malloc((size_t)(x.k * x.n + x.k + x.n) * sizeof *x.at);
  memcpy(x.at, v.components_, (size_t)(x.k * x.n) * sizeof *x.at);
  memcpy(x.at + x.k * x.n, v.explained_variance_, (size_t)x.k * sizeof *x.at);
  memcpy(x.at + x.k * x.n + x.k, v.mean_, (size_t)x.n * sizeof *x.at);
  return x;
}

static tartan_pca_solver solver;

/* One case: a file if named, else a matrix in memory of m x n values. */
typedef struct source {
  const char  *file;
  tartan_dtype dtype;
  int64_t      m, n;
  bool         scale;
  tartan_fill *value;
} source;

static numbers fit(tartan_grid *grid, const source *from)
{
  tartan_pca_opts  opts = TARTAN_PCA_OPTS_INIT;
  uint64_t         seed = check_seed();
  tartan_matrix   *A = NULL;
  tartan_operator *op = NULL;
  tartan_pca      *model = NULL;
  tartan_pca_info  info;
  numbers          x = {0, 0, NULL};

  opts.solver = solver;
  opts.scale = from->scale;
  if (from->file) {
    CHECK_OK(tartan_operator_open(grid, from->file, NULL, &op));
  } else {
    A = matrix_make(grid, from->dtype, from->m, from->n, NULL, from->value, &seed);
    CHECK_OK(tartan_operator_from_matrix(A, &op));
  }
  if (CHECK_OK(tartan_pca_fit(op, &opts, &model, &info))) {
    CHECK(info.reproducible);
    x = numbers_of(model);
  }
  tartan_pca_destroy(&model);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&A);
  return x;
}

static void test_source(const source *from)
{
  numbers first = {0, 0, NULL};

  for (int size = 1; size <= check_size(); size++)
    for (int threads = 1; threads <= 3; threads++) {
      tartan_grid *grid = grid_of_first(size, threads);
      numbers      x;

      check_context("solver %d, %s %lld x %lld, scale %d: %d ranks, %d threads", (int)solver,
                    from->file ? from->file : "memory", (long long)from->m, (long long)from->n, from->scale, size,
                    threads);
      if (!grid) continue;
      x = fit(grid, from);
      if (!first.at && check_rank() == 0) {
        first = x;
        x.at = NULL;
      } else if (check_rank() == 0) {
        const int64_t c = first.k * first.n;

        CHECK(first.n == x.n && first.k == x.k);
        CHECK(memcmp(first.at, x.at, (size_t)c * sizeof *x.at) == 0);
        CHECK(memcmp(first.at + c, x.at + c, (size_t)x.k * sizeof *x.at) == 0);
        CHECK(memcmp(first.at + c + x.k, x.at + c + x.k, (size_t)x.n * sizeof *x.at) == 0);
      }
      free(x.at);
      tartan_grid_destroy(&grid);
    }
  free(first.at);
}

int main(int argc, char **argv)
{
  static const h5_layout bytes = {.type = "u1"},
                         chunked = {.type = "<f4", .chunk_rows = 100, .chunk_cols = 17, .deflate = true};
  static const source cases[] = {
      {NULL, TARTAN_F64, 20011, 24, false, random_value}, {NULL, TARTAN_F64, 3000, 300, false, random_value},
      {NULL, TARTAN_F32, 5000, 33, true, random_value},   {NULL, TARTAN_F64, 5, 7, false, random_value},
      {"bytes.h5", TARTAN_F64, 9001, 40, false, NULL},    {"chunked.h5", TARTAN_F64, 4001, 17, false, NULL},
  };
  uint64_t seed = 3;

  check_start(&argc, &argv);
  h5_write("bytes.h5", "/X", &bytes, 9001, 40, byte_value, &seed);
  h5_write("chunked.h5", "/X", &chunked, 4001, 17, random_value, &seed);
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
    for (int s = 0; s < 2; s++) {
      solver = s ? TARTAN_PCA_TSQR : TARTAN_PCA_GRAM;
      test_source(&cases[c]);
    }
  return check_finish();
}
