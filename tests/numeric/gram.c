// TEST: np=1,2,3,4,6 labels=numeric,oper
/*
 * tartan_gram against long double, of matrices in any layout and of files:
 *   |G - G_ref|_ij <= min(m + 2, 4 sqrt(m) + 10) u m d_i d_j, d_j the largest |x| in column j, with centering 4 times
 *   that of the largest |x - mean|, whatever the mean is. Symmetric to the bit; the same bits on one rank.
 */
#include <math.h>
#include <stdlib.h>

#include <tartan/operator.h>

#include "check.h"
#include "h5file.h"
#include "operand.h"

static const double u = 0x1p-53;

/* What a Gram matrix should be, and its limits. */
typedef struct reference {
  long double *mean, *spread; /* [n] */
} reference;

static reference reference_of(const dense *A, bool center)
{
  reference r = {calloc((size_t)A->n + 1, sizeof *r.mean), calloc((size_t)A->n + 1, sizeof *r.spread)};

  for (int64_t j = 0; j < A->n; j++) {
    for (int64_t i = 0; i < A->m && center; i++) r.mean[j] += (long double)AT(*A, i, j) / (long double)A->m;
    for (int64_t i = 0; i < A->m; i++) r.spread[j] = fmaxl(r.spread[j], fabsl(AT(*A, i, j) - r.mean[j]));
  }
  return r;
}

/* The largest |G - G_ref| over its limit. */
static double worst_element(const dense *A, const reference *r, bool center, const dense *G)
{
  const double gate = fmin((double)A->m + 2, 4 * sqrt((double)A->m) + 10) * u * (center ? 4 : 1);
  double       worst = 0;

  for (int64_t j = 0; j < A->n; j++)
    for (int64_t i = 0; i < A->n; i++) {
      const long double limit = gate * (long double)A->m * r->spread[i] * r->spread[j];
      long double       sum = 0;

      for (int64_t l = 0; l < A->m; l++) sum += (AT(*A, l, i) - r->mean[i]) * (AT(*A, l, j) - r->mean[j]);
      if (!(fabsl(AT(*G, i, j) - sum) <= worst * limit))
        worst = limit > 0 ? (double)(fabsl(AT(*G, i, j) - sum) / limit) : (double)INFINITY;
    }
  return worst;
}

static void check_gram(const tartan_operator *op, const dense *A, bool center)
{
  reference      r = reference_of(A, center);
  tartan_matrix *G = NULL;
  double        *means = calloc((size_t)A->n + 1, sizeof *means);
  int64_t        uneven = 0, m, n;
  dense          g;

  if (CHECK_OK(tartan_gram(op, center, &G, means))) {
    tartan_matrix_shape(G, &m, &n);
    CHECK(m == A->n && n == A->n && tartan_matrix_dtype(G) == TARTAN_F64);
    g = dense_of(G);
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < j; i++) uneven += AT(g, i, j) != AT(g, j, i);
    CHECK_EQ(uneven, 0);
    CHECK_LE(worst_element(A, &r, center, &g), 1);
    for (int64_t j = 0; j < n; j++)
      CHECK_LE(fabs(means[j] - (double)r.mean[j]), (double)(A->m + 2) * u * (double)(r.spread[j] + fabsl(r.mean[j])));
    dense_free(&g);
  }
  tartan_matrix_destroy(&G);
  CHECK_OK(tartan_gram(op, center, &G, NULL));
  tartan_matrix_destroy(&G);
  free(means);
  free(r.mean);
  free(r.spread);
}

/* Far from zero, where centering must not lose anything. */
static double far_value(int64_t i, int64_t j, void *seed)
{
  return (float)(1000 * (double)(j % 3) + fill_random(i, j, seed));
}

static void test_matrices(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{1, 1}, {1, 5}, {2, 1}, {7, 37}, {130, 13}, {1300, 5}, {600, 65}, {40, 400}};

  for (int s = 0; s < 16; s++) {
    uint64_t         seed = check_seed() + (uint64_t)s;
    tartan_operator *op = NULL;
    operand          A;

    operand_draw(grid, (tartan_dtype)check_pick(2), shapes[s / 2][0], shapes[s / 2][1], far_value, &seed, &A);
    check_context("Gram matrix, %s, of %s", s % 2 ? "centered" : "raw", A.text);
    if (CHECK_OK(tartan_operator_from_matrix(A.window, &op))) check_gram(op, &A.values, s % 2);
    CHECK_EQ(operand_changed(&A, true), 0);
    tartan_operator_destroy(&op);
    operand_end(&A);
  }
}

static double byte_value(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return (double)((i * 31 + j * 17) % 251);
}

static void test_files(tartan_grid *grid)
{
  static const char *types[] = {"u1", "<f4", ">i2"};

  for (int f = 0; f < 6; f++) {
    const h5_layout  layout = {.type = types[f % 3]};
    tartan_operator *op = NULL;
    dense            A = dense_make(900, 21, byte_value, NULL);

    check_context("Gram matrix of a file of %s", types[f % 3]);
    h5_write("gram.h5", "/X", &layout, A.m, A.n, byte_value, NULL);
    if (CHECK_OK(tartan_operator_open(grid, "gram.h5:/X", NULL, &op))) check_gram(op, &A, f / 3);
    tartan_operator_destroy(&op);
    dense_free(&A);
  }
}

/* The Gram matrix on the first `size` ranks, as rank 0 has it, on every rank. */
static dense gram_on(int size, int64_t m, int64_t n)
{
  tartan_grid *grid = grid_of_first(size, 1);
  dense        g = dense_new(n, n);

  if (grid) {
    uint64_t         seed = check_seed();
    tartan_matrix   *A = matrix_make(grid, TARTAN_F64, m, n, NULL, far_value, &seed), *G = NULL;
    tartan_operator *op = NULL;

    CHECK_OK(tartan_operator_from_matrix(A, &op));
    if (CHECK_OK(tartan_gram(op, true, &G, NULL))) {
      dense_free(&g);
      g = dense_of(G);
    }
    tartan_matrix_destroy(&G);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&A);
  }
  tartan_grid_destroy(&grid);
  MPI_Bcast(g.a, (int)(n * n), MPI_DOUBLE, 0, MPI_COMM_WORLD);
  return g;
}

static void test_bits(void)
{
  dense one = gram_on(1, 5000, 23);

  for (int size = 2; size <= check_size(); size++) {
    dense g = gram_on(size, 5000, 23);

    check_context("bits on %d ranks", size);
    CHECK(dense_same_bits(&one, &g));
    dense_free(&g);
  }
  dense_free(&one);
}

static double one_nan(int64_t i, int64_t j, void *bad)
{
  return i == 20 && j == 3 ? *(double *)bad : 1;
}

static void test_bad(tartan_grid *grid)
{
  double bad[] = {NAN, INFINITY};

  for (int b = 0; b < 2; b++) {
    tartan_matrix   *A = matrix_make(grid, TARTAN_F64, 50, 4, NULL, one_nan, &bad[b]), *G = A;
    tartan_operator *op = NULL;

    check_context("data with %g", bad[b]);
    CHECK_OK(tartan_operator_from_matrix(A, &op));
    CHECK_STATUS(tartan_gram(op, b, &G, NULL), TARTAN_ERR_INPUT);
    CHECK(G == NULL);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&A);
  }
}

/* No rows: zeros, and nothing to average; no columns: nothing at all. */
static void test_nothing(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{0, 3}, {5, 0}, {0, 0}};

  for (int s = 0; s < 6; s++) {
    const int64_t    n = shapes[s / 2][1];
    tartan_matrix   *A = matrix_make(grid, TARTAN_F64, shapes[s / 2][0], n, NULL, fill_place, NULL), *G = NULL;
    tartan_operator *op = NULL;
    double           means[3] = {7, 7, 7};

    check_context("Gram matrix of %lld x %lld", (long long)shapes[s / 2][0], (long long)n);
    CHECK_OK(tartan_operator_from_matrix(A, &op));
    if (CHECK_OK(tartan_gram(op, s % 2, &G, means))) {
      dense g = dense_of(G);

      CHECK(g.m == n && g.n == n);
      for (int64_t e = 0; e < n * n; e++) CHECK(g.a[e] == 0);
      for (int64_t j = 0; j < n; j++) CHECK(s % 2 ? isnan(means[j]) : means[j] == 0);
      dense_free(&g);
    }
    tartan_matrix_destroy(&G);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&A);
  }
}

/* Within a budget, or refused with a message that says what is needed. */
static void test_budget(void)
{
  static const int64_t limits[] = {80 << 20, 400000};

  for (int l = 0; l < 2; l++) {
    const h5_layout  layout = {.type = "<f8"};
    tartan_grid_opts opts = TARTAN_GRID_OPTS_INIT;
    tartan_grid     *grid = NULL;
    tartan_operator *op = NULL;
    tartan_matrix   *G = NULL;
    int64_t          peak;

    check_context("a budget of %lld bytes", (long long)limits[l]);
    opts.memory_limit = limits[l];
    h5_write("gram_budget.h5", "/X", &layout, 20000, 150, byte_value, NULL);
    if (CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, &opts, &grid)) &&
        CHECK_OK(tartan_operator_open(grid, "gram_budget.h5:/X", NULL, &op))) {
      CHECK_STATUS(tartan_gram(op, true, &G, NULL), l == 0 ? TARTAN_OK : TARTAN_ERR_NOMEM);
      tartan_grid_memory(grid, NULL, &peak, NULL);
      CHECK_LE((double)peak, (double)limits[l]);
    }
    tartan_matrix_destroy(&G);
    tartan_operator_destroy(&op);
    tartan_grid_destroy(&grid);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_matrices(grid);
  test_files(grid);
  test_bad(grid);
  test_nothing(grid);
  test_budget();
  test_bits();
  tartan_grid_destroy(&grid);
  return check_finish();
}
