// TEST: np=1,2,3,4,6 labels=numeric,factor timeout=120
/*
 * Every method of tartan_eigh that is there, on matrices large enough to be spread: all vectors, parts, values only, against
 * known spectra and the gates of eigh.c; matrices near overflow and underflow; clusters (glued Wilkinson matrices).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/factor.h>

#include "check.h"
#include "matrices.h"
#include "spectra.h"

#define N 131

typedef struct method {
  tartan_eigh_method method;
  const char        *name; /* how info->method begins */
  bool               elpa;
} method;

static const method methods[] = {{TARTAN_EIGH_LAPACK, "?", false},
                                 {TARTAN_EIGH_PSYEVD, "p?syevd", false},
                                 {TARTAN_EIGH_PSYEVR, "p?syevr", false},
                                 {TARTAN_EIGH_ELPA1, "ELPA 1-stage", true},
                                 {TARTAN_EIGH_ELPA2, "ELPA 2-stage", true}};

static bool elpa_there;

/* Asks with and without vectors; count values from `first` of the known ones are the answer. */
static void ask(const method *m, const tartan_matrix *a, const dense *A, const double *known, tartan_eigh_opts opts,
                int64_t first, int64_t count)
{
  const tartan_dtype dtype = tartan_matrix_dtype(a);
  const int64_t      n = A->n;
  const double       limit = 10 * (double)n * unit_roundoff(dtype) * dense_norm(A);
  double             w[2 * N];
  tartan_matrix     *v = NULL;
  tartan_factor_info info = {.found = -1};

  opts.method = m->method;
  for (int vectors = 0; vectors < 2; vectors++) {
    if (!CHECK_OK(tartan_eigh(a, &opts, w, vectors ? &v : NULL, &info))) continue;
    CHECK_EQ(info.found, count);
    if (count > 0) /* p?syevr leaves to p?syevd what it cannot do */
      CHECK(strncmp(info.method, m->name, strlen(m->name)) == 0 ||
            (m->method == TARTAN_EIGH_PSYEVR && vectors && strcmp(info.method, "p?syevd") == 0));
    for (int64_t i = 0; i < info.found && info.found == count; i++) CHECK_LE(fabs(w[i] - known[first + i]), limit);
    if (vectors && CHECK(v != NULL)) eigh_judge(A, dtype, info.found, w, v);
    tartan_matrix_destroy(&v);
  }
}

static void ask_all(const method *m, const tartan_matrix *a, const dense *A, const double *known)
{
  const int64_t    n = A->n, some = 1 + check_pick(n - 1);
  tartan_eigh_opts opts = TARTAN_EIGH_OPTS_INIT;

  check_context("%s, n=%lld, %s: all", m->name, (long long)n, tartan_dtype_name(tartan_matrix_dtype(a)));
  ask(m, a, A, known, opts, 0, n);
  opts.count = some;
  opts.which = TARTAN_EIGH_LARGEST;
  check_context("%s, n=%lld: the %lld largest", m->name, (long long)n, (long long)some);
  ask(m, a, A, known, opts, 0, some);
  opts.which = TARTAN_EIGH_SMALLEST;
  check_context("%s, n=%lld: the %lld smallest", m->name, (long long)n, (long long)some);
  ask(m, a, A, known, opts, n - some, some);
}

static void ask_interval(const method *m, const tartan_matrix *a, const dense *A, const double *known)
{
  const int64_t    n = A->n, i = n / 5, j = n / 2;
  tartan_eigh_opts opts = TARTAN_EIGH_OPTS_INIT;

  check_context("%s, n=%lld: an interval", m->name, (long long)n);
  opts.which = TARTAN_EIGH_INTERVAL;
  opts.to = (known[i] + known[i + 1]) / 2;
  opts.from = (known[j] + known[j + 1]) / 2;
  ask(m, a, A, known, opts, i + 1, j - i);
  opts.from = -INFINITY;
  ask(m, a, A, known, opts, i + 1, n - i - 1);
  opts.from = opts.to = INFINITY;
  ask(m, a, A, known, opts, 0, 0);
  opts.from = 2 * fabs(known[0]) + fabs(known[n - 1]);
  ask(m, a, A, known, opts, 0, 0);
}

/* By all methods: A = factor V diag(w) V'. */
static void test_spectrum(tartan_grid *grid, tartan_dtype dtype, int kind, double factor)
{
  const tartan_matrix_opts layout = layout_random(grid);
  double                   w[N];
  dense                    A;
  tartan_matrix           *a;

  spectrum_draw(kind, N, w);
  A = symmetric_with_values(N, w, check_seed());
  for (int64_t i = 0; i < N; i++) w[i] *= factor;
  for (int64_t i = 0; i < N * N; i++) A.a[i] *= factor;
  if (dtype == TARTAN_F32) dense_round(&A);
  a = matrix_of(grid, dtype, &A, &layout);
  for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
    if (methods[m].elpa && !elpa_there) continue;
    ask_all(&methods[m], a, &A, w);
    if (kind == 0 || kind == 5) ask_interval(&methods[m], a, &A, w);
  }
  tartan_matrix_destroy(&a);
  dense_free(&A);
}

/* The largest element near overflow and underflow: w comes back scaled, vectors as ever. */
static void test_extremes(tartan_grid *grid, tartan_dtype dtype, double factor)
{
  double         w[N], x[N];
  dense          A, B;
  tartan_matrix *a = NULL, *v = NULL;

  spectrum_draw(5, N, w);
  A = symmetric_with_values(N, w, check_seed());
  if (dtype == TARTAN_F32) dense_round(&A);
  B = dense_transpose(&A);
  for (int64_t i = 0; i < N * N; i++) B.a[i] *= factor;
  a = matrix_of(grid, dtype, &B, NULL);
  for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
    tartan_eigh_opts opts = TARTAN_EIGH_OPTS_INIT;

    if (methods[m].elpa && !elpa_there) continue;
    check_context("%s, %s times %g", methods[m].name, tartan_dtype_name(dtype), factor);
    opts.method = methods[m].method;
    opts.which = TARTAN_EIGH_INTERVAL;
    opts.from = (w[N / 2] + w[N / 2 + 1]) / 2 * factor;
    opts.to = INFINITY;
    if (!CHECK_OK(tartan_eigh(a, &opts, x, &v, NULL))) continue;
    for (int64_t i = 0; i <= N / 2; i++) x[i] /= factor;
    eigh_judge(&A, dtype, N / 2 + 1, x, v);
    tartan_matrix_destroy(&v);
  }
  tartan_matrix_destroy(&a);
  dense_free(&B);
  dense_free(&A);
}

/* Wilkinson's W21+ glued by 1e-8: clusters of almost equal values, the hard case for MRRR and inverse iteration. */
static double wilkinson(int64_t i, int64_t j, void *context)
{
  (void)context;
  if (i == j) return fabs((double)(i % 21) - 10);
  if (i - j != 1 && j - i != 1) return 0;
  return (i < j ? j : i) % 21 == 0 ? 1e-8 : 1;
}

static void test_clusters(tartan_grid *grid)
{
  dense            A = dense_make(2 * N, 2 * N, wilkinson, NULL);
  tartan_matrix   *a = matrix_of(grid, TARTAN_F64, &A, NULL), *v = NULL;
  tartan_eigh_opts opts = TARTAN_EIGH_OPTS_INIT;
  double           w[2 * N];

  for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
    if (methods[m].elpa && !elpa_there) continue;
    check_context("glued Wilkinson matrices by %s", methods[m].name);
    opts.method = methods[m].method;
    opts.which = TARTAN_EIGH_LARGEST;
    opts.count = 100;
    if (CHECK_OK(tartan_eigh(a, &opts, w, &v, NULL))) eigh_judge(&A, TARTAN_F64, 100, w, v);
    tartan_matrix_destroy(&v);
  }
  tartan_matrix_destroy(&a);
  dense_free(&A);
}

/* Too small to be spread: LAPACK does it, and info says why. */
static void test_small(tartan_grid *grid)
{
  tartan_matrix     *A = matrix_make(grid, TARTAN_F64, 9, 9, NULL, fill_place, NULL), *V = NULL;
  tartan_eigh_opts   opts = TARTAN_EIGH_OPTS_INIT;
  tartan_factor_info info;
  double             w[9];

  check_context("a small problem");
  opts.method = TARTAN_EIGH_PSYEVD;
  CHECK_OK(tartan_eigh(A, &opts, w, &V, &info));
  CHECK(strstr(info.method, "one rank") && strstr(info.reason, "small"));
  tartan_matrix_destroy(&V);
  opts.method = TARTAN_EIGH_ELPA1;
  CHECK_STATUS(tartan_eigh(A, &opts, w, &V, &info), elpa_there ? TARTAN_OK : TARTAN_ERR_BACKEND);
  CHECK((V != NULL) == elpa_there);
  tartan_matrix_destroy(&V);
  tartan_matrix_destroy(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  {
    tartan_matrix   *A = matrix_make(grid, TARTAN_F64, 1, 1, NULL, fill_place, NULL);
    tartan_eigh_opts opts = TARTAN_EIGH_OPTS_INIT;
    double           w;

    opts.method = TARTAN_EIGH_ELPA1;
    elpa_there = tartan_eigh(A, &opts, &w, NULL, NULL) == TARTAN_OK;
    tartan_matrix_destroy(&A);
  }
  if (check_rank() == 0 && !elpa_there) printf("without ELPA\n");
  test_spectrum(grid, TARTAN_F64, 0, 1);
  test_spectrum(grid, TARTAN_F32, 1, 1);
  test_spectrum(grid, TARTAN_F32, 5, 1000);
  test_spectrum(grid, TARTAN_F64, 6, 1);
  test_extremes(grid, TARTAN_F64, 0x1p1010);
  test_extremes(grid, TARTAN_F64, 0x1p-950);
  test_extremes(grid, TARTAN_F32, 0x1p120);
  test_extremes(grid, TARTAN_F32, 0x1p-100);
  test_clusters(grid);
  test_small(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
