// TEST: np=1,2,3,4,6 labels=numeric,oper
/*
 * The streamed factor R of centered rows, with the means:
 *   |R'R - G|_F <= 20 n u |G|_F for the centered Gram matrix G in long double, R upper triangular, norms those of its
 *   columns; singular values of a matrix with known ones to 20 n u sigma_1, however small they are, where those of a Gram
 *   matrix are lost; the same bits on any number of ranks and threads, from memory and from files in chunks; the words
 *   and the memory of the plan.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/pca.h>

#include "check.h"
#include "h5file.h"
#include "operand.h"
#include "oper/tsqr.h"

static const double u = 0x1p-53;

/* R on every rank, and the means and norms; sizes 0 after a failure. */
typedef struct factor {
  dense   R;
  double *mean; /* [2 n] */
} factor;

static factor factor_of(const tartan_operator *op, bool center, const double *fill)
{
  const tt_gram_opts opts = {.center = center, .fill = fill};
  const tartan_grid *grid = op->grid;
  tt_tsqr_plan       plan;
  tt_tsqr_result     r;
  factor             f = {{0, 0, NULL}, NULL};

  CHECK_OK(tt_tsqr_plan_make(op, &opts, grid->size, grid->threads, 0, &plan));
  if (CHECK_OK(tt_tsqr(op, &opts, &plan, &r)) && CHECK_EQ(r.bad.count, 0)) {
    f.R = dense_of(r.R);
    f.mean = calloc((size_t)(2 * op->n) + 1, sizeof *f.mean);
    memcpy(f.mean, r.mean, (size_t)(2 * op->n) * sizeof *f.mean);
    CHECK(r.norm == r.mean + op->n);
  }
  tartan_matrix_destroy(&r.R);
  tt_free(r.mean);
  return f;
}

static void factor_free(factor *f)
{
  dense_free(&f->R);
  free(f->mean);
}

/* R against the definition. */
static void judge(const dense *A, bool center, const factor *f)
{
  const int64_t n = A->n;
  long double  *mean = calloc((size_t)n + 1, sizeof *mean);
  double        off = 0, size = 0;
  int64_t       wrong = 0;

  for (int64_t j = 0; j < n && center; j++) {
    long double largest = 0;

    for (int64_t i = 0; i < A->m; i++) mean[j] += (long double)AT(*A, i, j) / (long double)A->m;
    for (int64_t i = 0; i < A->m; i++) largest = fmaxl(largest, fabsl(AT(*A, i, j)));
    CHECK_LE(fabs(f->mean[j] - (double)mean[j]), 4 * u * (double)largest);
  }
  for (int64_t j = 0; j < n; j++) {
    double norm = 0;

    for (int64_t i = 0; i < n; i++) {
      long double g = 0, rr = 0;

      for (int64_t l = 0; l < A->m; l++) g += (AT(*A, l, i) - mean[i]) * (AT(*A, l, j) - mean[j]);
      for (int64_t l = 0; l < n; l++) rr += (long double)AT(f->R, l, i) * AT(f->R, l, j);
      off += (double)((rr - g) * (rr - g));
      size += (double)(g * g);
      wrong += i > j && AT(f->R, i, j) != 0;
      norm += AT(f->R, i, j) * AT(f->R, i, j);
    }
    CHECK_LE(fabs(f->mean[n + j] - sqrt(norm)), 10 * u * (double)(n + 1) * sqrt(norm));
  }
  CHECK_EQ(wrong, 0);
  CHECK_LE(sqrt(off), 20 * (double)n * u * sqrt(size) + DBL_MIN);
  free(mean);
}

/* Far from zero, where centering must not lose anything. */
static double far_value(int64_t i, int64_t j, void *seed)
{
  return (float)(1000 * (double)(j % 3) + fill_random(i, j, seed));
}

static void test_matrices(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{1, 1},   {1, 5},  {2, 1},     {7, 37},    {130, 13},
                                      {513, 8}, {40, 9}, {1300, 17}, {1537, 70}, {40, 150}};

  for (int s = 0; s < 20; s++) {
    uint64_t         seed = check_seed() + (uint64_t)s;
    tartan_operator *op = NULL;
    operand          A;

    operand_draw(grid, (tartan_dtype)check_pick(2), shapes[s / 2][0], shapes[s / 2][1], far_value, &seed, &A);
    check_context("factor, %s, of %s", s % 2 ? "centered" : "raw", A.text);
    if (CHECK_OK(tartan_operator_from_matrix(A.window, &op))) {
      factor f = factor_of(op, s % 2, NULL);

      if (f.mean) judge(&A.values, s % 2, &f);
      factor_free(&f);
    }
    CHECK_EQ(operand_changed(&A, true), 0);
    tartan_operator_destroy(&op);
    operand_end(&A);
  }
}

static double byte_value(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return (double)((i * 31 + j * 17 + i * j) % 251);
}

static double missing_value(int64_t i, int64_t j, void *unused)
{
  return (i + j) % 7 == 0 ? (double)NAN : byte_value(i, j, unused);
}

/* Integers and floats, contiguous and in chunks; NaN that is filled. */
static void test_files(tartan_grid *grid)
{
  static const h5_layout layouts[] = {{.type = "u1"},
                                      {.type = "<f4", .chunk_rows = 100, .chunk_cols = 9},
                                      {.type = ">i2"}};

  for (int f = 0; f < 4; f++) {
    const bool       fills = f == 3;
    double           fill[21];
    dense            A = dense_make(1111, 21, byte_value, NULL);
    tartan_operator *op = NULL;
    factor           r = {{0, 0, NULL}, NULL};

    check_context("a file, layout %d", f);
    for (int64_t j = 0; j < A.n; j++) fill[j] = (double)j;
    for (int64_t e = 0; e < A.m * A.n && fills; e++)
      if ((e % A.m + e / A.m) % 7 == 0) A.a[e] = fill[e / A.m];
    h5_write("rows.h5", "/X", &layouts[fills ? 1 : f], A.m, A.n, fills ? missing_value : byte_value, NULL);
    if (CHECK_OK(tartan_operator_open(grid, "rows.h5:/X", NULL, &op))) r = factor_of(op, true, fills ? fill : NULL);
    if (r.mean) judge(&A, true, &r);
    factor_free(&r);
    tartan_operator_destroy(&op);
    dense_free(&A);
  }
}

/* Singular values down to 1e-14 of the first come back relative to u sigma_1; of a Gram matrix they do not. */
static void test_small_values(tartan_grid *grid)
{
  enum { N = 15, M = 2000 };
  double sigma[N];
  dense  A;

  for (int i = 0; i < N; i++) sigma[i] = pow(10, -i);
  A = dense_with_values(M, N, N, sigma, check_seed());
  for (int solver = 0; solver < 2; solver++) {
    tartan_pca_opts   opts = TARTAN_PCA_OPTS_INIT;
    tartan_matrix    *X = matrix_of(grid, TARTAN_F64, &A, NULL);
    tartan_operator  *op = NULL;
    tartan_pca       *model = NULL;
    tartan_pca_info   info;
    tartan_pca_values v;
    double            worst = 0;

    check_context("small singular values, solver %d", solver);
    opts.solver = solver ? TARTAN_PCA_TSQR : TARTAN_PCA_GRAM;
    opts.center = false;
    CHECK_OK(tartan_operator_from_matrix(X, &op));
    if (CHECK_OK(tartan_pca_fit(op, &opts, &model, &info))) {
      tartan_pca_get_values(model, &v);
      for (int i = 0; i < N; i++) worst = fmax(worst, fabs(v.singular_values_[i] - sigma[i]));
      if (solver)
        CHECK_LE(worst, 20 * N * u);
      else
        CHECK(worst > 1e-11);
      if (solver) CHECK_LE(info.floor, 1e-14);
      if (solver) CHECK_LE(info.residual, 20 * N * u);
    }
    tartan_pca_destroy(&model);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&X);
  }
  dense_free(&A);
}

/* Components that are only rounding errors stay below the floor. */
static void test_floor(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{3000, 40}, {600, 200}, {150, 100}};

  for (int s = 0; s < 3; s++) {
    const double      sigma[] = {3, 2, 1, 0.5, 0.1};
    dense             A = dense_with_values(shapes[s][0], shapes[s][1], 5, sigma, check_seed() + (uint64_t)s);
    tartan_matrix    *X = matrix_of(grid, TARTAN_F64, &A, NULL);
    tartan_pca_opts   opts = TARTAN_PCA_OPTS_INIT;
    tartan_operator  *op = NULL;
    tartan_pca       *model = NULL;
    tartan_pca_info   info;
    tartan_pca_values v;

    check_context("rank 5 of %lld x %lld", (long long)A.m, (long long)A.n);
    opts.solver = TARTAN_PCA_TSQR;
    CHECK_OK(tartan_operator_from_matrix(X, &op));
    if (CHECK_OK(tartan_pca_fit(op, &opts, &model, &info))) {
      tartan_pca_get_values(model, &v);
      CHECK_LE(v.singular_values_[5], info.floor * v.singular_values_[0]);
    }
    tartan_pca_destroy(&model);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&X);
    dense_free(&A);
  }
}

/* The factor on the first `size` ranks with so many threads, as rank 0 has it, on every rank. */
static dense factor_on(int size, int threads, int64_t m, int64_t n, bool file)
{
  tartan_grid *grid = grid_of_first(size, threads);
  dense        all = dense_new(n, n + 2);

  if (grid) {
    uint64_t         seed = check_seed();
    tartan_matrix   *A = file ? NULL : matrix_make(grid, TARTAN_F64, m, n, NULL, far_value, &seed);
    tartan_operator *op = NULL;
    factor           f = {{0, 0, NULL}, NULL};

    if (file)
      CHECK_OK(tartan_operator_open(grid, "bits.h5:/X", NULL, &op));
    else
      CHECK_OK(tartan_operator_from_matrix(A, &op));
    if (op) f = factor_of(op, true, NULL);
    if (f.mean) {
      memcpy(all.a, f.R.a, (size_t)(n * n) * sizeof *all.a);
      memcpy(all.a + n * n, f.mean, (size_t)(2 * n) * sizeof *all.a);
    }
    factor_free(&f);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&A);
  }
  tartan_grid_destroy(&grid);
  MPI_Bcast(all.a, (int)(n * (n + 2)), MPI_DOUBLE, 0, MPI_COMM_WORLD);
  return all;
}

static void test_bits(int64_t m, int64_t n)
{
  const h5_layout chunked = {.type = "<f8", .chunk_rows = m < 70 ? m : 70, .chunk_cols = n};
  uint64_t        seed = check_seed();
  dense           one;

  h5_write("bits.h5", "/X", &chunked, m, n, far_value, &seed);
  one = factor_on(1, 1, m, n, false);
  for (int size = 1; size <= check_size(); size += check_size() > 1 ? check_size() - 1 : 1)
    for (int variant = size == 1; variant < 3; variant++) {
      dense other = factor_on(size, 1 + variant % 2, m, n, variant == 2);

      check_context("bits of %lld x %lld on %d ranks, variant %d", (long long)m, (long long)n, size, variant);
      CHECK(dense_same_bits(&one, &other));
      dense_free(&other);
    }
  dense_free(&one);
}

/* The plan's words are what moves along the tree, and the run keeps to its memory; less is refused. */
static void test_plan(tartan_grid *grid)
{
  const tt_gram_opts opts = {.center = true};
  const int64_t      m = 9000, n = 60;
  uint64_t           seed = check_seed();
  const h5_layout    layout = {.type = "<f8"};
  tartan_operator   *op = NULL;
  tt_tsqr_plan       plan, least;
  tt_tsqr_result     r;
  int64_t            base, moved;

  check_context("the plan");
  h5_write("plan.h5", "/X", &layout, m, n, far_value, &seed);
  if (!CHECK_OK(tartan_operator_open(grid, "plan.h5:/X", NULL, &op))) return;
  CHECK_STATUS(tt_tsqr_plan_make(op, &opts, grid->size, grid->threads, 1, &least), TARTAN_ERR_NOMEM);
  CHECK_OK(tt_tsqr_plan_make(op, &opts, grid->size, grid->threads, least.memory, &plan));
  CHECK_EQ(plan.memory, least.memory);
  CHECK(plan.segments.count == 8 && plan.slab >= 1);
  base = grid->memory.used;
  grid->memory.peak = base;
  moved = grid->counters.words_received;
  if (CHECK_OK(tt_tsqr(op, &opts, &plan, &r))) {
    CHECK_LE((double)(grid->memory.peak - base), (double)plan.memory);
    /* beside the tree: the shift, and R as it is dealt out */
    CHECK_LE((double)(grid->counters.words_received - moved), plan.words + (double)(n * n + 2 * n));
  }
  tartan_matrix_destroy(&r.R);
  tt_free(r.mean);
  tartan_operator_destroy(&op);
}

static double one_bad(int64_t i, int64_t j, void *bad)
{
  return i == 1420 && j == 3 ? *(double *)bad : (double)(i % 5);
}

static void test_bad(tartan_grid *grid)
{
  double bad[] = {NAN, INFINITY};

  for (int b = 0; b < 2; b++) {
    const tt_gram_opts opts = {.center = b};
    tartan_matrix     *A = matrix_make(grid, TARTAN_F64, 4000, 4, NULL, one_bad, &bad[b]);
    tartan_operator   *op = NULL;
    tt_tsqr_plan       plan;
    tt_tsqr_result     r;

    check_context("data with %g", bad[b]);
    CHECK_OK(tartan_operator_from_matrix(A, &op));
    CHECK_OK(tt_tsqr_plan_make(op, &opts, grid->size, grid->threads, 0, &plan));
    if (CHECK_OK(tt_tsqr(op, &opts, &plan, &r)))
      CHECK(r.R == NULL && r.bad.count == 1 && r.bad.row == 1420 && r.bad.col == 3 && r.bad.is_nan == !b);
    tt_free(r.mean);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&A);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_matrices(grid);
  test_files(grid);
  test_small_values(grid);
  test_floor(grid);
  test_plan(grid);
  test_bad(grid);
  test_bits(9001, 37);
  test_bits(2600, 301);
  test_bits(33, 70);
  tartan_grid_destroy(&grid);
  return check_finish();
}
