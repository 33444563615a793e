// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * Full factors U [m, m] and Vt [n, n] by each method that gives them, the methods against each other, what info says,
 * arguments that are refused, and the memory of a very tall matrix. With n the larger size:
 *   |U'U - I|_F, |V'V - I|_F <= 10 n u,  |A - U [S 0; 0 0] V'|_F <= 10 n u |A|_F.
 */
#include <math.h>
#include <string.h>

#include <tartan/factor.h>

#include "check.h"
#include "comm/grid.h"
#include "matrices.h"

#define RANK_MAX 300

static void judge(const dense *A, tartan_dtype dtype, const double *s, const dense *U, const dense *Vt)
{
  const int64_t r = A->m < A->n ? A->m : A->n, size = A->m > A->n ? A->m : A->n;
  const double  limit = 10 * unit_roundoff(dtype) * (double)size;
  dense         left = dense_new(A->m, r), right = dense_new(r, A->n), V = dense_transpose(Vt), B;

  for (int64_t l = 0; l < r; l++) {
    for (int64_t i = 0; i < A->m; i++) AT(left, i, l) = AT(*U, i, l) * s[l];
    for (int64_t j = 0; j < A->n; j++) AT(right, l, j) = AT(*Vt, l, j);
  }
  B = dense_product(TARTAN_NO_TRANS, &left, TARTAN_NO_TRANS, &right);
  CHECK_LE(dense_distance(A, &B), limit * dense_norm(A));
  CHECK_LE(dense_orthogonality(U), limit);
  CHECK_LE(dense_orthogonality(&V), limit);
  dense_free(&left);
  dense_free(&right);
  dense_free(&V);
  dense_free(&B);
}

static void test_full(tartan_grid *grid, tartan_svd_method method, tartan_dtype dtype, int64_t m, int64_t n)
{
  const tartan_matrix_opts layout = layout_random(grid);
  uint64_t                 seed = check_seed();
  dense                    A = dense_make(m, n, fill_random, &seed);
  tartan_matrix           *a = matrix_of(grid, dtype, &A, &layout), *u = NULL, *vt = NULL;
  tartan_svd_opts          opts = TARTAN_SVD_OPTS_INIT;
  double                   s[RANK_MAX] = {0};

  check_context("full, method %d, %lld x %lld, type %d", (int)method, (long long)m, (long long)n, (int)dtype);
  opts.method = method;
  opts.full = true;
  if (CHECK_OK(tartan_svd(a, &opts, &u, s, &vt, NULL)) && CHECK(u && vt)) {
    dense U = dense_of(u), Vt = dense_of(vt);

    CHECK(U.m == m && U.n == m && Vt.m == n && Vt.n == n);
    judge(&A, dtype, s, &U, &Vt);
    dense_free(&U);
    dense_free(&Vt);
  }
  tartan_matrix_destroy(&vt);
  tartan_matrix_destroy(&u);
  tartan_matrix_destroy(&a);
  dense_free(&A);
}

static void test_shapes(tartan_grid *grid)
{
  static const int64_t           shapes[][2] = {{0, 0}, {0, 3},  {4, 0},  {1, 1},   {1, 5},  {5, 1},
                                                {7, 7}, {40, 9}, {9, 40}, {70, 65}, {65, 70}};
  static const tartan_svd_method methods[] = {TARTAN_SVD_PLANNED, TARTAN_SVD_ONE_RANK, TARTAN_SVD_BIDIAGONAL};

  for (int w = 0; w < 3; w++)
    for (int s = 0; s < 11; s++)
      for (int t = 0; t < 2; t++) test_full(grid, methods[w], (tartan_dtype)t, shapes[s][0], shapes[s][1]);
}

/* All methods find the same values; each says what it did. */
static void test_methods(tartan_grid *grid)
{
  static const char *const names[] = {"?gesdd on one rank", "?gesdd on one rank", "bidiagonal divide and conquer",
                                      "p?gesvd"};
  uint64_t                 seed = check_seed();
  const int64_t            m = 180, n = 150;
  tartan_matrix           *a = matrix_make(grid, TARTAN_F64, m, n, NULL, fill_random, &seed);
  double                   s[4][RANK_MAX] = {{0}};

  for (int w = 0; w < 4; w++) {
    tartan_svd_opts    opts = TARTAN_SVD_OPTS_INIT;
    tartan_factor_info info;
    tartan_matrix     *u = NULL, *vt = NULL;

    check_context("method %d", w);
    opts.method = (tartan_svd_method)w;
    if (CHECK_OK(tartan_svd(a, &opts, &u, s[w], &vt, &info))) {
      CHECK(strcmp(info.method, names[w]) == 0 && info.reason[0]);
      CHECK(info.found == n && info.rank == n && info.seconds >= 0);
      CHECK_LE(fabs(info.condition - s[w][0] / s[w][n - 1]), 1e-12 * info.condition);
      for (int64_t i = 0; i < n; i++) CHECK_LE(fabs(s[w][i] - s[0][i]), 10 * (double)m * 0x1p-53 * s[0][0]);
    }
    tartan_matrix_destroy(&u);
    tartan_matrix_destroy(&vt);
  }
  tartan_matrix_destroy(&a);
}

static void test_refused(tartan_grid *grid)
{
  uint64_t        seed = check_seed();
  tartan_matrix  *a = matrix_make(grid, TARTAN_F64, 6, 5, NULL, fill_random, &seed), *u = a;
  tartan_svd_opts opts = TARTAN_SVD_OPTS_INIT;
  double          s[RANK_MAX];

  check_context("refused");
  opts.method = (tartan_svd_method)9;
  CHECK_STATUS(tartan_svd(a, &opts, &u, s, NULL, NULL), TARTAN_ERR_ARG);
  CHECK(u == NULL);
  opts.method = TARTAN_SVD_QR_ITERATION;
  opts.full = true;
  CHECK_STATUS(tartan_svd(a, &opts, NULL, s, NULL, NULL), TARTAN_ERR_ARG);
  tartan_matrix_destroy(&a);
}

/* What a tall matrix takes beside input and results, on all ranks, is less than the matrix: Q becomes U in place. */
static void test_tall_memory(tartan_grid *grid)
{
  const int64_t      m = 82561, n = 3;
  tartan_matrix_opts slabs = layout_row_slabs(m, n, check_size());
  uint64_t           seed = check_seed();
  tartan_matrix     *a = matrix_make(grid, TARTAN_F64, m, n, &slabs, fill_random, &seed), *u = NULL, *vt = NULL;
  double             s[3], extra = 0;
  const int64_t      before = grid->memory.used;

  check_context("memory of %lld x %lld", (long long)m, (long long)n);
  grid->memory.peak = before;
  if (CHECK_OK(tartan_svd(a, NULL, &u, s, &vt, NULL))) {
    extra = (double)(grid->memory.peak - grid->memory.used);
    MPI_Allreduce(MPI_IN_PLACE, &extra, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    CHECK_LE(extra, 8.0 * (double)(m * n));
  }
  tartan_matrix_destroy(&vt);
  tartan_matrix_destroy(&u);
  tartan_matrix_destroy(&a);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_methods(grid);
  test_refused(grid);
  test_tall_memory(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
