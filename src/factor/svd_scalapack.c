/* ScaLAPACK's p?gesvd, the reference: QR iteration on the vectors makes it several times slower than what we do. */
#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "factor/svd_impl.h"

tartan_status tt_svd_scalapack(const tartan_matrix *A, tartan_matrix **U, double *s, tartan_matrix **Vt)
{
  tartan_grid   *grid = A->grid;
  const int64_t  m = A->row.n, n = A->col.n, r = tt_min(m, n);
  const tt_pcall call = tt_pcall_of(grid);
  tartan_matrix *copy = NULL, *U_new = NULL, *Vt_new = NULL;
  tt_operand     a = {0}, u = {0}, v = {0};
  double         t = 0;
  int            threads;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  TRY(tartan_matrix_create(grid, A->dtype, m, r, NULL, &U_new));
  TRY(tartan_matrix_create(grid, A->dtype, r, n, NULL, &Vt_new));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, NULL, &copy));
  TRY(tt_operand_make(copy, grid->p, grid->q, &a));
  TRY(tt_operand_make(U_new, grid->p, grid->q, &u));
  TRY(tt_operand_make(Vt_new, grid->p, grid->q, &v));
  t = tt_seconds();
  threads = tt_blas_threads_begin(grid);
  local = tt_pgesvd(&call, A->dtype, m, n, &a.p, s, &u.p, &v.p);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  AGREE(grid, local);
  TRY(tt_bcast(grid, s, r, sizeof *s, 0));
  if (U) {
    *U = U_new;
    U_new = NULL;
  }
  if (Vt) {
    *Vt = Vt_new;
    Vt_new = NULL;
  }
done:
  tt_operand_end(&v);
  tt_operand_end(&u);
  tt_operand_end(&a);
  tartan_matrix_destroy(&copy);
  tartan_matrix_destroy(&Vt_new);
  tartan_matrix_destroy(&U_new);
  return st;
}
