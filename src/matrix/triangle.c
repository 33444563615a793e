/* A triangle cuts each local column of a matrix in two contiguous parts. */
#include "matrix/triangle.h"

#include <math.h>

#include <tartan/elementwise.h>

#include "base/error.h"
#include "base/util.h"
#include "kernel/dense.h"
#include "matrix/lines.h"

#define COPY_BYTES ((double)(64 << 20)) /* that a copy packs at once, at most */

/* Local rows of A whose global index is below i, for any i. */
static int64_t rows_below(const tartan_matrix *A, int64_t i)
{
  return tt_axis_before(&A->row, A->prow, tt_max(0, tt_min(i, A->row.n)));
}

/* The local rows from .. to of column j that triangle uplo, from a diagonal on, leaves out. */
static void rows_outside(const tartan_matrix *A, tartan_uplo uplo, int64_t diagonal, int64_t j, int64_t *from,
                         int64_t *to)
{
  *from = uplo == TARTAN_LOWER ? 0 : rows_below(A, j - diagonal + 1);
  *to = uplo == TARTAN_LOWER ? rows_below(A, j - diagonal) : A->mloc;
}

void tartan_tri(tartan_uplo uplo, int64_t diagonal, tartan_matrix *A)
{
  const int64_t d = tt_max(-A->row.n, tt_min(diagonal, A->col.n)); /* beyond, all or nothing is kept as there */
  const int64_t width = (int64_t)tartan_dtype_size(A->dtype);

  for (int64_t jl = 0; jl < A->nloc && A->mloc > 0; jl++) {
    int64_t from, to;

    rows_outside(A, uplo, d, tartan_matrix_global_col(A, jl), &from, &to);
    tt_set_local(A->dtype, 0, (char *)A->data + (from + jl * A->ld) * width, A->ld, to - from, 1);
  }
}

tartan_status tt_matrix_mirror(tartan_uplo uplo, tartan_matrix *A)
{
  const int64_t width = (int64_t)tartan_dtype_size(A->dtype);
  tt_aligned    turned = {0};
  tartan_status st = TARTAN_OK;

  TRY(tt_align(TARTAN_TRANS, A, A, &turned));
  for (int64_t jl = 0; jl < A->nloc && A->mloc > 0; jl++) {
    int64_t from, to;

    rows_outside(A, uplo, 0, tartan_matrix_global_col(A, jl), &from, &to);
    tt_copy_local(A->dtype, (char *)turned.at.data + (from + jl * turned.at.ld) * width, turned.at.ld, A->dtype,
                  (char *)A->data + (from + jl * A->ld) * width, A->ld, to - from, 1);
  }
done:
  tt_aligned_end(&turned);
  return st;
}

double tt_matrix_mirror_bytes(const tartan_grid *grid, int64_t n, int64_t block)
{
  const int64_t blocks = tt_ceil_div(n, block);
  const double  rows = (double)(tt_ceil_div(blocks, grid->p) * block);
  const double  cols = (double)(tt_ceil_div(blocks, grid->q) * block), own = 8 * rows * cols;

  return 2 * own + fmin(COPY_BYTES, 2 * own);
}
