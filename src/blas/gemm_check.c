/*
 * Freivalds' test (1977): C x = alpha op(A) (op(B) x) + beta C x for one vector x of random signs takes three products
 * with vectors. Beside it the same sums of absolute values give the scale, so that what rounding explains is known:
 *
 *     |C x - ref|_i <= (gate(k) u + (n + 2k + 10) u64) (|alpha| |A| |B| e + |beta| |C| e)_i
 *
 * with gate(k) = min(k + 2, 4 sqrt(k) + 10) for the product in its own precision and the rest for the sums of the test,
 * in f64. A row whose scale is beyond the type says nothing: NaN, Inf and overflow are no fault of the product.
 */
#include "blas/gemm_check.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/util.h"
#include "comm/collective.h"
#include "kernel/matvec.h"

#define SEED 20220711

int64_t tt_gemm_check_bytes(const tt_gemm_shape *shape)
{
  return 8 * (6 * shape->m + 2 * shape->n + 2 * shape->k);
}

/* y := op(M) x and ya := |op(M)| xa, vectors whole on every rank; y and ya are one array. Collective. */
static tartan_status apply(tartan_op op, const tartan_matrix *M, const double *x, const double *xa, double *y)
{
  const bool    turned = op == TARTAN_TRANS;
  const int64_t length = turned ? M->col.n : M->row.n;
  const int64_t sent = M->grid->counters.words_sent, came = M->grid->counters.words_received;
  tartan_status st = TARTAN_OK;

  memset(y, 0, 2 * (size_t)length * sizeof *y);
  for (int64_t jl = 0; jl < M->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(M, jl);
    const char   *column = (const char *)M->data + jl * M->ld * (int64_t)tartan_dtype_size(M->dtype);

    for (int64_t il = 0; il < M->mloc;) { /* runs of rows that are neighbours in both */
      const int64_t i = tartan_matrix_global_row(M, il);
      tt_run        run;

      tt_axis_run(&M->row, i, &run);
      if (turned)
        tt_dot_column(M->dtype, run.length, column, il, x + i, xa + i, &y[j], &y[length + j]);
      else
        tt_add_column(M->dtype, run.length, column, il, x[j], xa[j], y + i, y + length + i);
      il += run.length;
    }
  }
  TRY(tt_allreduce_f64(M->grid, y, 2 * length, TT_SUM));
  M->grid->counters.words_sent = sent; /* the words of the product are counted, not those of its test */
  M->grid->counters.words_received = came;
done:
  return st;
}

tartan_status tt_check_begin(const tt_product *x, tt_check *check)
{
  tartan_grid  *grid = x->C->grid;
  const int64_t m = x->C->row.n, n = x->C->col.n, k = x->op_a == TARTAN_TRANS ? x->A->row.n : x->A->col.n;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(check, 0, sizeof *check);
  check->k = k;
  check->before = tt_alloc_zero(&grid->memory, 6 * m + 2 * n + 2 * k, sizeof(double), "the check of a product", &local);
  AGREE(grid, local);
  check->after = check->before + 2 * m;
  check->wanted = check->after + 2 * m;
  check->signs = check->wanted + 2 * m;
  check->middle = check->signs + 2 * n;
  for (int64_t j = 0; j < n; j++) {
    check->signs[j] = tt_uniform(SEED, 0, j) < 0.5 ? -1 : 1;
    check->signs[n + j] = 1;
  }
  if (x->beta != 0) TRY(apply(TARTAN_NO_TRANS, x->C, check->signs, check->signs + n, check->before));
done:
  return st;
}

void tt_check_end(tt_check *check)
{
  tt_free(check->before);
}

/* The worst row: |after - wanted| over its scale. */
static double worst_row(const tt_product *x, const tt_check *c, int64_t m)
{
  const double most = x->C->dtype == TARTAN_F32 ? (double)FLT_MAX : DBL_MAX;
  double       worst = 0;

  for (int64_t i = 0; i < m; i++) {
    const double wanted = x->alpha * c->wanted[i] + (x->beta != 0 ? x->beta * c->before[i] : 0);
    const double scale = fabs(x->alpha) * c->wanted[m + i] + (x->beta != 0 ? fabs(x->beta) * c->before[m + i] : 0);
    const double error = fabs(c->after[i] - wanted);

    if (!(scale <= most)) continue;
    if (isnan(error)) return NAN;
    if (error > 0) worst = fmax(worst, scale > 0 ? error / scale : (double)INFINITY);
  }
  return worst;
}

tartan_status tt_check_finish(const tt_product *x, tt_check *check)
{
  const int64_t m = x->C->row.n, n = x->C->col.n, k = check->k;
  const double  u = x->C->dtype == TARTAN_F32 ? FLT_EPSILON / 2 : DBL_EPSILON / 2, u64 = DBL_EPSILON / 2;
  const double  limit = fmin((double)k + 2, 4 * sqrt((double)k) + 10) * u + (double)(n + 2 * k + 10) * u64;
  double        residual;
  tartan_status st = TARTAN_OK;

  TRY(apply(x->op_b, x->B, check->signs, check->signs + n, check->middle));
  TRY(apply(x->op_a, x->A, check->middle, check->middle + k, check->wanted));
  TRY(apply(TARTAN_NO_TRANS, x->C, check->signs, check->signs + n, check->after));
  residual = worst_row(x, check, m);
  REQUIRE(residual <= limit, TARTAN_ERR_TOLERANCE,
          "the product is wrong: residual %.3g of Freivalds' test, limit %.3g; run it again, and suspect the memory or "
          "the network if it is wrong again",
          residual, limit);
done:
  return st;
}
