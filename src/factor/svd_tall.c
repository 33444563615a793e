/*
 * A tall matrix: A = Q R, R = Ur S Vt, U = Q Ur. Q becomes U in place, a slab of rows at a time, where each rank has whole
 * rows of it, so that there is never a third matrix of A's size.
 */
#include <tartan/blas.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "factor/svd_impl.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"

/* Elements of a slab, which is at most a quarter of the rows. */
#define SLAB ((int64_t)1 << 17)

/* Q := Q T on every rank's rows; T [n, n] is replicated. Local. */
static void multiply_rows(tartan_matrix *Q, const void *T, void *slab, int64_t height)
{
  const int64_t n = Q->col.n;
  const size_t  w = tartan_dtype_size(Q->dtype);

  for (int64_t i = 0; i < Q->mloc; i += height) {
    const int64_t rows = tt_min(height, Q->mloc - i);
    void         *q = (char *)Q->data + (size_t)i * w;

    tt_gemm_local(Q->dtype, TARTAN_NO_TRANS, TARTAN_NO_TRANS, rows, n, n, 1, q, Q->ld, T, n, 0, slab, rows);
    tt_copy_local(Q->dtype, slab, rows, Q->dtype, q, Q->ld, rows, n);
  }
}

/* Q := Q Ur for a Q whose rows are whole on each rank. Collective. */
static tartan_status multiply_in_place(tartan_matrix *Q, const tartan_matrix *Ur)
{
  tartan_grid  *grid = Q->grid;
  const int64_t n = Q->col.n, height = tt_max(16, tt_min(tt_ceil_div(Q->mloc, 4), SLAB / n));
  const size_t  w = tartan_dtype_size(Q->dtype);
  void         *T = NULL, *slab = NULL;
  double        t = 0;
  int           threads;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  T = tt_alloc(&grid->memory, n * n, w, "the left vectors of a triangle", &local);
  slab = tt_alloc(&grid->memory, height * n, w, "a slab of left vectors", &local);
  AGREE(grid, local);
  TRY(tartan_matrix_gather(Ur, 0, T));
  TRY(tt_bcast(grid, T, n * n, w, 0));
  t = tt_seconds();
  threads = tt_blas_threads_begin(grid);
  multiply_rows(Q, T, slab, height);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  grid->counters.flops += 2.0 * (double)Q->mloc * (double)n * (double)n;
done:
  tt_free(slab);
  tt_free(T);
  return st;
}

/* U := Q Ur in a matrix of its own. Collective. */
static tartan_status multiply_beside(const tartan_matrix *Q, const tartan_matrix *Ur, tartan_matrix **U)
{
  const tartan_matrix_opts like_q = {.size = sizeof like_q, .p = Q->p, .q = Q->q};
  tartan_matrix           *u = NULL;
  tartan_status            st = TARTAN_OK;

  TRY(tartan_matrix_create(Q->grid, Q->dtype, Q->row.n, Ur->col.n, &like_q, &u));
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, Q, TARTAN_NO_TRANS, Ur, 0, u, NULL));
  *U = u;
  u = NULL;
done:
  tartan_matrix_destroy(&u);
  return st;
}

tartan_status tt_svd_tall(const tartan_matrix *A, tt_svd_core *core, tartan_matrix **U, double *s, tartan_matrix **Vt)
{
  tartan_matrix *Q = NULL, *R = NULL, *Ur = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_qr(A, NULL, U ? &Q : NULL, &R, NULL));
  TRY(core(R, U ? &Ur : NULL, s, Vt));
  tartan_matrix_destroy(&R);
  if (U && Q->q == 1 && Q->row.n >= Q->grid->size * Q->col.n) {
    TRY(multiply_in_place(Q, Ur));
    *U = Q;
    Q = NULL;
  } else if (U) {
    TRY(multiply_beside(Q, Ur, U));
  }
done:
  if (st != TARTAN_OK && Vt) tartan_matrix_destroy(Vt);
  tartan_matrix_destroy(&Ur);
  tartan_matrix_destroy(&R);
  tartan_matrix_destroy(&Q);
  return st;
}
