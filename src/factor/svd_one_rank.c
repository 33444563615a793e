/* Small problems: gathered to rank 0, solved there by ?gesdd (Gu and Eisenstat's divide and conquer), scattered. */
#include "base/util.h"
#include "comm/collective.h"
#include "ext/lapack.h"
#include "ext/vendor.h"
#include "factor/svd_impl.h"

/* On rank 0, with one thread: the bits depend on their number. Local. */
static tartan_status solve(const tartan_matrix *A, bool vectors, bool full, void *a, double *s, void *u, void *vt)
{
  tartan_grid  *grid = A->grid;
  double        t = tt_seconds();
  const int     threads = tt_blas_set_threads(1);
  tartan_status st = TARTAN_OK;

  if (vectors && full)
    st = tt_gesdd_full(&grid->memory, A->dtype, A->row.n, A->col.n, a, s, u, vt);
  else
    st = tt_gesdd(&grid->memory, A->dtype, A->row.n, A->col.n, a, s, u, vt, vectors);
  if (threads > 0) tt_blas_set_threads(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  return st;
}

tartan_status tt_svd_one_rank(const tartan_matrix *A, bool full, tartan_matrix **U, double *s, tartan_matrix **Vt)
{
  tartan_grid   *grid = A->grid;
  const int64_t  m = A->row.n, n = A->col.n, r = tt_min(m, n), left = full ? m : r, right = full ? n : r;
  const size_t   w = tartan_dtype_size(A->dtype);
  const bool     vectors = U || Vt;
  tartan_matrix *U_new = NULL, *Vt_new = NULL;
  void          *a = NULL, *u = NULL, *vt = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0) {
    a = tt_alloc(&grid->memory, m * n, w, "a singular value problem", &local);
    u = tt_alloc(&grid->memory, vectors ? m * left : 1, w, "left singular vectors", &local);
    vt = tt_alloc(&grid->memory, vectors ? right * n : 1, w, "right singular vectors", &local);
  }
  AGREE(grid, local);
  TRY(tartan_matrix_gather(A, 0, a));
  if (grid->rank == 0) local = solve(A, vectors, full, a, s, u, vt);
  AGREE(grid, local);
  TRY(tt_bcast(grid, s, r, sizeof *s, 0));
  if (U) {
    TRY(tartan_matrix_create(grid, A->dtype, m, left, NULL, &U_new));
    TRY(tartan_matrix_scatter(u, 0, U_new));
  }
  if (Vt) {
    TRY(tartan_matrix_create(grid, A->dtype, right, n, NULL, &Vt_new));
    TRY(tartan_matrix_scatter(vt, 0, Vt_new));
    *Vt = Vt_new;
    Vt_new = NULL;
  }
  if (U) *U = U_new;
  U_new = NULL;
done:
  tartan_matrix_destroy(&Vt_new);
  tartan_matrix_destroy(&U_new);
  tt_free(vt);
  tt_free(u);
  tt_free(a);
  return st;
}
