// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * Parts of a symmetric spectrum by the default method: the largest, the smallest, an interval, with and without vectors,
 * on spectra with clusters and gaps. With V computed and L = diag(w):
 *   |A V - V L|_F <= 10 n u |A|_F,  |V'V - I|_F <= 10 n u,  |w - w_ref| <= 10 n u |A|_F,  w descending, info->found.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/factor.h>

#include "check.h"
#include "matrices.h"
#include "spectra.h"

/* One question; `expected` values from `first` of the known ones are the answer. */
static void ask(const tartan_matrix *a, const dense *A, const double *known, const tartan_eigh_opts *opts,
                int64_t first, int64_t expected)
{
  const int64_t      n = A->n;
  const double       limit = 10 * (double)n * unit_roundoff(tartan_matrix_dtype(a)) * dense_norm(A);
  double            *w = calloc((size_t)n + 1, sizeof *w);
  tartan_matrix     *v = NULL;
  tartan_factor_info info = {.found = -1};

  for (int vectors = 0; vectors < 2; vectors++) {
    if (!CHECK_OK(tartan_eigh(a, opts, w, vectors ? &v : NULL, &info))) continue;
    CHECK_EQ(info.found, expected);
    CHECK(info.method[0] && info.reason[0] && info.seconds >= 0);
    for (int64_t i = 0; i < info.found && info.found == expected; i++)
      CHECK_LE(fabs(w[i] - known[first + i]), limit + 1e-300);
    if (vectors && CHECK(v != NULL)) eigh_judge(A, tartan_matrix_dtype(a), info.found, w, v);
    tartan_matrix_destroy(&v);
  }
  free(w);
}

static void ask_counts(const tartan_matrix *a, const dense *A, const double *known)
{
  const int64_t    n = A->n, counts[] = {0, 1, n / 3, n - 1, n};
  tartan_eigh_opts opts = TARTAN_EIGH_OPTS_INIT;

  for (int c = 0; c < 5; c++) {
    if (counts[c] < 0 || counts[c] > n) continue;
    opts.count = counts[c];
    opts.which = TARTAN_EIGH_LARGEST;
    ask(a, A, known, &opts, 0, counts[c]);
    opts.which = TARTAN_EIGH_SMALLEST;
    ask(a, A, known, &opts, n - counts[c], counts[c]);
  }
}

/* Bounds in the gaps of the spectrum, at infinity, and beside it. */
static void ask_intervals(const tartan_matrix *a, const dense *A, const double *known)
{
  const int64_t    n = A->n;
  tartan_eigh_opts opts = TARTAN_EIGH_OPTS_INIT;

  opts.which = TARTAN_EIGH_INTERVAL;
  opts.from = -INFINITY;
  opts.to = INFINITY;
  ask(a, A, known, &opts, 0, n);
  opts.from = opts.to = 1;
  ask(a, A, known, &opts, 0, 0);
  opts.from = 1000;
  opts.to = INFINITY;
  ask(a, A, known, &opts, 0, 0);
  for (int64_t i = 0; i + 1 < n; i++) {
    if (known[i] - known[i + 1] < 0.01) continue;
    opts.from = (known[i] + known[i + 1]) / 2;
    opts.to = INFINITY;
    ask(a, A, known, &opts, 0, i + 1);
    opts.from = -INFINITY;
    opts.to = (known[i] + known[i + 1]) / 2;
    ask(a, A, known, &opts, i + 1, n - i - 1);
    i += n / 4;
  }
}

static void test_parts(tartan_grid *grid)
{
  static const int64_t sizes[] = {0, 1, 2, 5, 33, 60};
  double               w[60];

  for (int s = 0; s < 6; s++)
    for (int kind = 0; kind < SPECTRA; kind++) {
      const tartan_dtype       dtype = (tartan_dtype)((s + kind) % 2);
      const tartan_matrix_opts opts = layout_random(grid);
      dense                    A;
      tartan_matrix           *a;

      check_context("n=%lld, spectrum %d, %s", (long long)sizes[s], kind, tartan_dtype_name(dtype));
      spectrum_draw(kind, sizes[s], w);
      A = symmetric_with_values(sizes[s], w, check_seed());
      if (dtype == TARTAN_F32) dense_round(&A);
      a = matrix_of(grid, dtype, &A, &opts);
      ask_counts(a, &A, w);
      ask_intervals(a, &A, w);
      tartan_matrix_destroy(&a);
      dense_free(&A);
    }
}

/* (from, to]: the bounds themselves, on a diagonal matrix whose values are exact. */
static void test_bounds(tartan_grid *grid)
{
  tartan_eigh_opts   opts = TARTAN_EIGH_OPTS_INIT;
  tartan_matrix     *A = NULL, *V = NULL;
  tartan_factor_info info;
  double             w[9];

  check_context("the bounds of an interval");
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 9, 9, NULL, &A));
  for (int64_t i = 0; i < 9; i++)
    if (tartan_matrix_local_row(A, i) >= 0 && tartan_matrix_local_col(A, i) >= 0) {
      int64_t ld;
      double *a = tartan_matrix_local(A, &ld, NULL, NULL);

      a[tartan_matrix_local_row(A, i) + ld * tartan_matrix_local_col(A, i)] = (double)i;
    }
  opts.which = TARTAN_EIGH_INTERVAL;
  opts.from = 2;
  opts.to = 5;
  CHECK_OK(tartan_eigh(A, &opts, w, &V, &info));
  CHECK_EQ(info.found, 3);
  CHECK(w[0] == 5 && w[1] == 4 && w[2] == 3);
  tartan_matrix_destroy(&V);
  tartan_matrix_destroy(&A);
}

static void test_bad_options(tartan_grid *grid)
{
  tartan_matrix   *A = matrix_make(grid, TARTAN_F64, 5, 5, NULL, fill_place, NULL), *V = A;
  tartan_eigh_opts opts = TARTAN_EIGH_OPTS_INIT;
  double           w[5];

  check_context("bad options");
  opts.which = TARTAN_EIGH_LARGEST;
  opts.count = 6;
  CHECK_STATUS(tartan_eigh(A, &opts, w, &V, NULL), TARTAN_ERR_ARG);
  CHECK(V == NULL);
  opts.count = -1;
  CHECK_STATUS(tartan_eigh(A, &opts, w, NULL, NULL), TARTAN_ERR_ARG);
  opts.which = TARTAN_EIGH_INTERVAL;
  opts.from = 2;
  opts.to = 1;
  CHECK_STATUS(tartan_eigh(A, &opts, w, NULL, NULL), TARTAN_ERR_ARG);
  opts.to = NAN;
  CHECK_STATUS(tartan_eigh(A, &opts, w, NULL, NULL), TARTAN_ERR_ARG);
  opts = (tartan_eigh_opts)TARTAN_EIGH_OPTS_INIT;
  opts.which = (tartan_eigh_which)9;
  CHECK_STATUS(tartan_eigh(A, &opts, w, NULL, NULL), TARTAN_ERR_ARG);
  opts.which = TARTAN_EIGH_ALL;
  opts.method = (tartan_eigh_method)9;
  CHECK_STATUS(tartan_eigh(A, &opts, w, NULL, NULL), TARTAN_ERR_ARG);
  opts.method = TARTAN_EIGH_PLANNED;
  opts.size = 0;
  CHECK_STATUS(tartan_eigh(A, &opts, w, NULL, NULL), TARTAN_ERR_ARG);
  tartan_matrix_destroy(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_parts(grid);
  test_bounds(grid);
  test_bad_options(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
