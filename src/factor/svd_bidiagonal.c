/*
 * The chain for large matrices: A = Q B P' by reflectors, B = Ub S Vb' by divide and conquer, U = Q Ub, V = P Vb, each step
 * over all ranks. It works in f64 whatever the type of A, and rounds once. Without vectors only B and its values.
 */
#include "base/util.h"
#include "comm/agree.h"
#include "ext/lapack_bidiagonal.h"
#include "factor/bidiagonal.h"
#include "factor/svd_impl.h"

/* C := [B 0; 0 I] of order rows x columns in the layout of reflectors. Collective. */
static tartan_status embed(const tartan_matrix *B, int64_t rows, int64_t columns, tartan_matrix **C)
{
  const tartan_matrix_opts layout = tt_bidiagonal_layout(B->grid);
  tartan_matrix           *corner = NULL;
  tartan_status            st = TARTAN_OK;

  TRY(tt_matrix_create_raw(B->grid, TARTAN_F64, rows, columns, &layout, C));
  tartan_matrix_set(*C, 0, 1);
  TRY(tartan_matrix_view(*C, 0, 0, B->row.n, B->col.n, &corner));
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, B, corner));
done:
  tartan_matrix_destroy(&corner);
  return st;
}

/* out := op(Q B), Q [m, m] given by its reflectors in F, of which m x columns are wanted. Frees B. Collective. */
static tartan_status go_back(const tartan_matrix *F, int64_t first, int64_t count, const double *tau, tartan_matrix **B,
                             int64_t columns, tartan_op op, tartan_dtype dtype, tartan_matrix **out)
{
  tartan_matrix *C = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(embed(*B, F->row.n, columns, &C));
  tartan_matrix_destroy(B);
  TRY(tt_bidiagonal_apply(F, first, count, tau, C));
  TRY(tt_matrix_clone(op, C, dtype, NULL, out));
done:
  tartan_matrix_destroy(&C);
  return st;
}

tartan_status tt_svd_bidiagonal(const tartan_matrix *A, bool full, tartan_matrix **U, double *s, tartan_matrix **Vt)
{
  tartan_grid             *grid = A->grid;
  const int64_t            m = A->row.n, n = A->col.n;
  const tartan_matrix_opts layout = tt_bidiagonal_layout(grid);
  tartan_matrix           *F = NULL, *top = NULL, *Ft = NULL, *Ub = NULL, *Vb = NULL;
  tt_bidiagonal            b = {0};
  tartan_status            st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(m <= INT32_MAX, TARTAN_ERR_OVERFLOW, "%lld rows are beyond 32-bit indices, whatever the number of ranks",
          (long long)m);
  REQUIRE((!U && !Vt) || tt_ceil_div(n, grid->size) <= TT_LASD0_MAX, TARTAN_ERR_OVERFLOW,
          "singular vectors of order %lld are beyond LAPACK's 32-bit indices on %d rank%s; use at least %lld",
          (long long)n, grid->size, TT_S(grid->size), (long long)tt_ceil_div(n, TT_LASD0_MAX));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, TARTAN_F64, &layout, &F));
  local = tt_bidiagonal_make(grid, n, &b);
  AGREE(grid, local);
  TRY(tt_bidiagonal_reduce(F, &b));
  if (!U && !Vt) {
    TRY(tt_bidiagonal_values(grid, &b, s));
    goto done;
  }
  TRY(tt_bidiagonal_solve(grid, &b, s, &Ub, &Vb));
  if (U) TRY(go_back(F, 0, n, b.tauq, &Ub, full ? m : n, TARTAN_NO_TRANS, A->dtype, U));
  if (!Vt) goto done;
  TRY(tartan_matrix_view(F, 0, 0, n, n, &top)); /* its rows are the reflectors of P */
  TRY(tt_matrix_clone(TARTAN_TRANS, top, TARTAN_F64, &layout, &Ft));
  tartan_matrix_destroy(&top);
  tartan_matrix_destroy(&F);
  TRY(go_back(Ft, 1, n - 1, b.taup, &Vb, n, TARTAN_TRANS, A->dtype, Vt));
done:
  tartan_matrix_destroy(&Vb);
  tartan_matrix_destroy(&Ub);
  tartan_matrix_destroy(&Ft);
  tartan_matrix_destroy(&top);
  tartan_matrix_destroy(&F);
  tt_bidiagonal_free(&b);
  return st;
}
