/*
 * Growing an orthonormal basis. Columns are scaled to length 1 before each orthogonalization, so neither graded nor tiny
 * blocks lose anything; the noise is then 16 u, which is what a product with a matrix of norm 1 is worth anyway.
 */
#include "sketch/basis.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include <tartan/factor.h>

#include "base/random.h"
#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "factor/signs.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/reduce.h"

#define NOISE (32 * DBL_EPSILON)

tartan_status tt_basis_create(tartan_grid *grid, int64_t rows, int64_t capacity, tartan_matrix **Q)
{
  tartan_matrix_opts slab = TARTAN_MATRIX_OPTS_INIT;

  slab.p = grid->size;
  slab.q = 1;
  slab.mb = tt_max(1, tt_ceil_div(rows, grid->size));
  slab.nb = tt_max(1, capacity);
  return tartan_matrix_create(grid, TARTAN_F64, rows, capacity, &slab, Q);
}

/* Local column j of a slab. */
static double *column(const tartan_matrix *Q, int64_t j)
{
  return (double *)Q->data + j * Q->ld;
}

/* C := alpha op(A) B + beta C, on the grid's BLAS threads. Local. */
static void multiply(tartan_grid *grid, tartan_op op, int64_t m, int64_t n, int64_t k, double alpha, const double *a,
                     int64_t lda, const double *b, int64_t ldb, double beta, double *c, int64_t ldc)
{
  const int threads = tt_blas_threads_begin(grid);
  double    t = tt_seconds();

  tt_gemm_local(TARTAN_F64, op, TARTAN_NO_TRANS, m, n, k, alpha, a, tt_max(1, lda), b, tt_max(1, ldb), beta, c,
                tt_max(1, ldc));
  tt_blas_threads_end(threads);
  grid->counters.flops += 2.0 * (double)m * (double)n * (double)k;
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
}

tartan_status tt_basis_project(const tartan_matrix *Q, int64_t d, const tartan_matrix *X, int64_t w, double *H,
                               int64_t ld)
{
  tartan_grid  *grid = Q->grid;
  double       *sum = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  sum = tt_alloc_zero(&grid->memory, d * w, sizeof *sum, "coefficients", &local);
  AGREE(grid, local);
  multiply(grid, TARTAN_TRANS, d, w, Q->mloc, 1, Q->data, Q->ld, X->data, X->ld, 0, sum, d);
  TRY(tt_allreduce_f64(grid, sum, d * w, TT_SUM));
  tt_copy_local(TARTAN_F64, sum, tt_max(1, d), TARTAN_F64, H, ld, d, w);
done:
  tt_free(sum);
  return st;
}

tartan_status tt_basis_lengths(const tartan_matrix *X, int64_t w, double *length, const char *what)
{
  tartan_grid  *grid = X->grid;
  double       *largest = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  largest = tt_alloc(&grid->memory, w, sizeof *largest, "lengths of columns", &local);
  AGREE(grid, local);
  tt_measure_columns(TT_LARGEST, TARTAN_F64, X->data, X->ld, X->mloc, w, largest);
  for (int64_t j = 0; j < w; j++)
    if (isnan(largest[j])) largest[j] = INFINITY;
  TRY(tt_allreduce_f64(grid, largest, w, TT_MAX));
  for (int64_t j = 0; j < w; j++)
    REQUIRE(isfinite(largest[j]), TARTAN_ERR_INPUT, "%s has Inf or NaN: so has the matrix, or its values are too large",
            what);
  tt_measure_columns(TT_LENGTH, TARTAN_F64, X->data, X->ld, X->mloc, w, length);
  for (int64_t j = 0; j < w; j++) {
    length[j] = largest[j] > 0 ? length[j] / largest[j] : 0;
    length[j] *= length[j];
  }
  TRY(tt_allreduce_f64(grid, length, w, TT_SUM));
  for (int64_t j = 0; j < w; j++) length[j] = sqrt(length[j]) * largest[j];
done:
  tt_free(largest);
  return st;
}

/* Scales columns to length 1 and mixes noise in. Local. */
static void normalize(tartan_matrix *X, int64_t w, const double *length, uint64_t seed)
{
  const double noise = NOISE / sqrt((double)tt_max(1, X->row.n));

  for (int64_t j = 0; j < w; j++) {
    double *x = column(X, j);

    for (int64_t i = 0; i < X->mloc; i++)
      x[i] = (length[j] > 0 ? x[i] / length[j] : 0) +
             noise * (tt_uniform(seed, tartan_matrix_global_row(X, i), j) - 0.5);
  }
}

/* X := the Q of its QR. Collective. */
static tartan_status orthonormalize(tartan_matrix *X)
{
  tartan_matrix *q = NULL, *r = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_qr(X, NULL, &q, &r, NULL));
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, q, X));
done:
  tartan_matrix_destroy(&r);
  tartan_matrix_destroy(&q);
  return st;
}

tartan_status tt_basis_extend(tartan_matrix *Q, int64_t d, const tartan_matrix *X, int64_t w, uint64_t seed,
                              const char *what)
{
  tartan_grid   *grid = Q->grid;
  tartan_matrix *x = NULL;
  double        *h = NULL, *length = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  if (w == 0) return st;
  h = tt_alloc(&grid->memory, d * w, sizeof *h, "coefficients", &local);
  length = tt_alloc(&grid->memory, w, sizeof *length, "lengths of columns", &local);
  AGREE(grid, local);
  TRY(tt_basis_create(grid, Q->row.n, w, &x));
  tt_copy_local(TARTAN_F64, X->data, X->ld, TARTAN_F64, x->data, x->ld, x->mloc, w);
  TRY(tt_basis_lengths(x, w, length, what));
  normalize(x, w, length, seed);
  for (int pass = 0; pass < 2; pass++) {
    if (d > 0) {
      TRY(tt_basis_project(Q, d, x, w, h, d));
      multiply(grid, TARTAN_NO_TRANS, x->mloc, w, d, -1, Q->data, Q->ld, h, d, 1, x->data, x->ld);
    }
    TRY(orthonormalize(x));
  }
  tt_copy_local(TARTAN_F64, x->data, x->ld, TARTAN_F64, column(Q, d), Q->ld, x->mloc, w);
done:
  tartan_matrix_destroy(&x);
  tt_free(length);
  tt_free(h);
  return st;
}

tartan_status tt_basis_rotate(tartan_matrix *Q, int64_t d, const double *P, int64_t ld, int64_t l)
{
  tartan_grid  *grid = Q->grid;
  double       *turned = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  turned = tt_alloc(&grid->memory, Q->mloc * l, sizeof *turned, "a rotated basis", &local);
  AGREE(grid, local);
  multiply(grid, TARTAN_NO_TRANS, Q->mloc, l, d, 1, Q->data, Q->ld, P, ld, 0, turned, Q->mloc);
  tt_copy_local(TARTAN_F64, turned, tt_max(1, Q->mloc), TARTAN_F64, Q->data, Q->ld, Q->mloc, l);
done:
  tt_free(turned);
  return st;
}

void tt_basis_move(tartan_matrix *Q, int64_t from, int64_t to, int64_t w)
{
  for (int64_t j = 0; j < w && from != to && Q->mloc > 0; j++)
    memcpy(column(Q, to + j), column(Q, from + j), (size_t)Q->mloc * sizeof(double));
}

tartan_status tt_basis_take(const tartan_matrix *Q, int64_t from, int64_t k, tartan_matrix **result)
{
  tartan_matrix *q = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_basis_create(Q->grid, Q->row.n, k, &q));
  tt_copy_local(TARTAN_F64, column(Q, from), Q->ld, TARTAN_F64, q->data, q->ld, q->mloc, k);
  *result = q;
done:
  return st;
}

tartan_status tt_small_svd(tartan_grid *grid, int64_t d, const double *B, int64_t ld, double *P, double *s, double *Zt)
{
  tartan_matrix_opts whole = TARTAN_MATRIX_OPTS_INIT; /* on one rank, where it is solved */
  tartan_matrix     *b = NULL, *p = NULL, *zt = NULL;
  tartan_status      st = TARTAN_OK;

  whole.p = whole.q = 1;
  tt_copy_local(TARTAN_F64, B, ld, TARTAN_F64, P, tt_max(1, d), d, d);
  TRY(tartan_matrix_create(grid, TARTAN_F64, d, d, &whole, &b));
  TRY(tartan_matrix_scatter(P, 0, b));
  TRY(tartan_svd(b, NULL, &p, s, &zt, NULL));
  TRY(tartan_matrix_gather(p, 0, P));
  TRY(tartan_matrix_gather(zt, 0, Zt));
  TRY(tt_bcast(grid, P, d * d, sizeof *P, 0));
  TRY(tt_bcast(grid, Zt, d * d, sizeof *Zt, 0));
done:
  tartan_matrix_destroy(&zt);
  tartan_matrix_destroy(&p);
  tartan_matrix_destroy(&b);
  return st;
}

tartan_status tt_basis_fix_signs(tartan_matrix *U, tartan_matrix *V)
{
  double       *sign = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  sign = tt_alloc(&V->grid->memory, V->col.n, sizeof *sign, "signs", &local);
  AGREE(V->grid, local);
  TRY(tt_signs_of(V, false, sign));
  tt_signs_apply(V, false, sign);
  if (U) tt_signs_apply(U, false, sign);
done:
  tt_free(sign);
  return st;
}
