/*
 * Element by element. An operand is brought to where C lies before C is touched: as a whole matrix, as one number for
 * each row or column that a rank has, or as one number. What follows is local and cannot fail.
 */
#include <tartan/elementwise.h>

#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/update.h"
#include "matrix/lines.h"

/* op(A) beside this rank's part of C. */
typedef struct beside {
  tt_source  source;
  tt_aligned whole;
  tt_lines   lines;
  double     number;
} beside;

static void beside_end(beside *b)
{
  tt_lines_end(&b->lines);
  tt_aligned_end(&b->whole);
}

/* Rows and columns fit, or one is repeated. */
static tartan_status require_fit(tartan_op op, const tartan_matrix *A, const tartan_matrix *C)
{
  const int64_t m = op == TARTAN_TRANS ? A->col.n : A->row.n, n = op == TARTAN_TRANS ? A->row.n : A->col.n;
  tartan_status st = TARTAN_OK;

  REQUIRE(A->grid == C->grid, TARTAN_ERR_GRID, "the operands lie on two grids");
  REQUIRE((m == C->row.n || m == 1) && (n == C->col.n || n == 1), TARTAN_ERR_SHAPE,
          "op(A) is %lld x %lld, C %lld x %lld: each size must be that of C, or 1", (long long)m, (long long)n,
          (long long)C->row.n, (long long)C->col.n);
done:
  return st;
}

/* The only element of A, bit by bit, on every rank. Collective. */
static tartan_status share_number(const tartan_matrix *A, double *number)
{
  int64_t       bits = 0;
  tartan_status st = TARTAN_OK;

  if (A->mloc > 0 && A->nloc > 0) {
    *number = tt_get_element(A->dtype, A->data, A->ld, 0, 0);
    memcpy(&bits, number, sizeof bits);
  }
  TRY(tt_allreduce_i64(A->grid, &bits, 1, TT_SUM));
  memcpy(number, &bits, sizeof bits);
done:
  return st;
}

/* One number for each line of C. Collective. */
static tartan_status bring_lines(tartan_axis axis, tartan_op op, const tartan_matrix *A, const tartan_matrix *C,
                                 beside *b)
{
  const bool    rows = axis == TARTAN_ROWS;
  tartan_status st = TARTAN_OK;

  AGREE(C->grid, tt_lines_make(axis, C, &b->lines));
  TRY(tt_lines_spread(op, A, &b->lines));
  b->source = (tt_source){.dtype = TARTAN_F64, .at = b->lines.mine, .row = rows ? 1 : 0, .col = rows ? 0 : 1};
done:
  return st;
}

/* Brings op(A) to where C lies. Collective. */
static tartan_status bring(tartan_op op, const tartan_matrix *A, const tartan_matrix *C, beside *b)
{
  const int64_t m = op == TARTAN_TRANS ? A->col.n : A->row.n, n = op == TARTAN_TRANS ? A->row.n : A->col.n;
  tartan_status st = TARTAN_OK;

  if (m == C->row.n && n == C->col.n) {
    TRY(tt_align(op, A, C, &b->whole));
    b->source = (tt_source){.dtype = A->dtype, .at = b->whole.at.data, .row = 1, .col = b->whole.at.ld};
  } else if (m == 1 && n == 1) {
    TRY(share_number(A, &b->number));
    b->source = (tt_source){.dtype = TARTAN_F64, .at = &b->number};
  } else {
    TRY(bring_lines(n == 1 ? TARTAN_ROWS : TARTAN_COLUMNS, op, A, C, b));
  }
done:
  return st;
}

/* Whether C := alpha op(A) can be a copy into C, scaled there: it saves the memory of an operand beside it. */
static bool can_copy(tartan_op op, const tartan_matrix *A, double beta, const tartan_matrix *C)
{
  const int64_t m = op == TARTAN_TRANS ? A->col.n : A->row.n, n = op == TARTAN_TRANS ? A->row.n : A->col.n;

  return beta == 0 && m == C->row.n && n == C->col.n && A->storage != C->storage;
}

tartan_status tartan_geadd(double alpha, tartan_op op, const tartan_matrix *A, double beta, tartan_matrix *C)
{
  beside        b = {.source = {.dtype = TARTAN_F64, .at = &b.number}}; /* a zero, if A is not to be read */
  tartan_status st = TARTAN_OK;

  TRY(require_fit(op, A, C));
  if (alpha != 0 && can_copy(op, A, beta, C)) {
    TRY(tartan_matrix_copy(op, A, C));
    b.source = (tt_source){.dtype = C->dtype, .at = C->data, .row = 1, .col = C->ld};
  } else if (alpha != 0) {
    TRY(bring(op, A, C, &b));
  }
  tt_add_local(alpha, &b.source, beta, C->dtype, C->data, C->ld, C->mloc, C->nloc);
done:
  beside_end(&b);
  return st;
}

tartan_status tartan_hadamard(double alpha, tartan_op op, const tartan_matrix *A, tartan_matrix *C)
{
  beside        b = {0};
  tartan_status st = TARTAN_OK;

  TRY(require_fit(op, A, C));
  if (alpha == 0) {
    tartan_scale(0, C);
  } else {
    TRY(bring(op, A, C, &b));
    tt_multiply_local(alpha, &b.source, C->dtype, C->data, C->ld, C->mloc, C->nloc);
  }
done:
  beside_end(&b);
  return st;
}

void tartan_scale(double alpha, tartan_matrix *A)
{
  if (alpha == 0)
    tt_set_local(A->dtype, 0, A->data, A->ld, A->mloc, A->nloc);
  else
    tt_scale_local(A->dtype, alpha, A->data, A->ld, A->mloc, A->nloc);
}

tartan_status tartan_transpose(const tartan_matrix *A, const tartan_matrix_opts *opts, tartan_matrix **B)
{
  tartan_matrix_opts turned = TARTAN_MATRIX_OPTS_INIT;

  *B = NULL;
  if (!A->row.starts && !A->col.starts) {
    turned.mb = A->col.nb;
    turned.nb = A->row.nb;
  }
  return tt_matrix_clone(TARTAN_TRANS, A, A->dtype, opts ? opts : &turned, B);
}

void tartan_eye(tartan_matrix *A)
{
  tartan_matrix_set(A, 0, 1);
}

/* The leading square of A. Local. */
static tartan_matrix square_of(const tartan_matrix *A)
{
  const int64_t r = tt_min(A->row.n, A->col.n);

  return tt_matrix_window(A, 0, 0, r, r);
}

tartan_status tartan_diag_get(const tartan_matrix *A, tartan_matrix *d)
{
  const tartan_matrix S = square_of(A);
  tt_lines            lines = {0};
  tartan_status       st = TARTAN_OK;

  TRY(tt_lines_require(TARTAN_ROWS, &S, d));
  AGREE(A->grid, tt_lines_make(TARTAN_ROWS, &S, &lines));
  for (int64_t il = 0; il < lines.count; il++) lines.mine[il] = -0.0; /* which changes no number it is added to */
  for (int64_t jl = 0; jl < S.nloc && S.mloc > 0; jl++) {
    const int64_t il = tartan_matrix_local_row(&S, tartan_matrix_global_col(&S, jl));

    if (il >= 0) lines.mine[il] = tt_get_element(S.dtype, S.data, S.ld, il, jl);
  }
  TRY(tt_lines_join(TT_TOTAL, &lines));
  TRY(tt_lines_store(&lines, d));
done:
  tt_lines_end(&lines);
  return st;
}

tartan_status tartan_diag_set(const tartan_matrix *d, tartan_matrix *A)
{
  tartan_matrix S = square_of(A);
  tt_lines      lines = {0};
  tartan_status st = TARTAN_OK;

  TRY(tt_lines_require(TARTAN_ROWS, &S, d));
  AGREE(A->grid, tt_lines_make(TARTAN_ROWS, &S, &lines));
  TRY(tt_lines_spread(TARTAN_NO_TRANS, d, &lines));
  for (int64_t jl = 0; jl < S.nloc && S.mloc > 0; jl++) {
    const int64_t il = tartan_matrix_local_row(&S, tartan_matrix_global_col(&S, jl));

    if (il >= 0) tt_put_element(S.dtype, lines.mine[il], S.data, S.ld, il, jl);
  }
done:
  tt_lines_end(&lines);
  return st;
}
