/*
 * The front door of the singular value decomposition, routed by shape: a tall matrix goes through QR, a wide one through
 * the QR of its transpose; what is then small is solved on rank 0 by ?gesdd (Gu and Eisenstat's divide and conquer),
 * what is large by p?gesvd. Small matrices never reach p?gesvd, which hangs on some of them.
 */
#include <tartan/blas.h>
#include <tartan/factor.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "ext/lapack.h"
#include "ext/vendor.h"
#include "factor/signs.h"

/* Rows per column from which QR first pays. */
#define TALL 1.5

/* Gives a result to the caller who asked for it. */
static void hand_over(tartan_matrix **from, tartan_matrix **to)
{
  if (!to) return;
  *to = *from;
  *from = NULL;
}

/* Empty problems: factors without entries. */
static tartan_status svd_empty(const tartan_matrix *A, tartan_matrix **U, tartan_matrix **Vt)
{
  tartan_status st = TARTAN_OK;

  if (U) TRY(tartan_matrix_create(A->grid, A->dtype, A->row.n, 0, NULL, U));
  if (Vt) TRY(tartan_matrix_create(A->grid, A->dtype, 0, A->col.n, NULL, Vt));
done:
  return st;
}

/* A at rank 0, solved by ?gesdd with one thread, factors scattered. Collective. */
static tartan_status svd_one_rank(const tartan_matrix *A, double *s, tartan_matrix *U, tartan_matrix *Vt)
{
  tartan_grid  *grid = A->grid;
  const int64_t m = A->row.n, n = A->col.n, r = tt_min(m, n);
  const size_t  w = tartan_dtype_size(A->dtype);
  const bool    vectors = U || Vt;
  void         *a = NULL, *u = NULL, *vt = NULL;
  double        t = 0;
  int           threads;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0) {
    a = tt_alloc(&grid->memory, m * n, w, "a singular value problem", &local);
    u = tt_alloc(&grid->memory, vectors ? m * r : 1, w, "left singular vectors", &local);
    vt = tt_alloc(&grid->memory, vectors ? r * n : 1, w, "right singular vectors", &local);
  }
  AGREE(grid, local);
  TRY(tartan_matrix_gather(A, 0, a));
  if (grid->rank == 0) {
    t = tt_seconds();
    threads = tt_blas_set_threads(1);
    local = tt_gesdd(&grid->memory, A->dtype, m, n, a, s, u, vt, vectors);
    if (threads > 0) tt_blas_set_threads(threads);
    tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  }
  AGREE(grid, local);
  TRY(tt_bcast(grid, s, r, sizeof *s, 0));
  if (U) TRY(tartan_matrix_scatter(u, 0, U));
  if (Vt) TRY(tartan_matrix_scatter(vt, 0, Vt));
done:
  tt_free(vt);
  tt_free(u);
  tt_free(a);
  return st;
}

/* By p?gesvd, which always gives both factors. Collective. */
static tartan_status svd_scalapack(const tartan_matrix *A, double *s, tartan_matrix *U, tartan_matrix *Vt)
{
  tartan_grid   *grid = A->grid;
  const tt_pcall call = tt_pcall_of(grid);
  tartan_matrix *copy = NULL;
  tt_operand     a = {0}, u = {0}, v = {0};
  double         t = 0;
  int            threads;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, NULL, &copy));
  TRY(tt_operand_make(copy, grid->p, grid->q, &a));
  TRY(tt_operand_make(U, grid->p, grid->q, &u));
  TRY(tt_operand_make(Vt, grid->p, grid->q, &v));
  t = tt_seconds();
  threads = tt_blas_threads_begin(grid);
  local = tt_pgesvd(&call, A->dtype, A->row.n, A->col.n, &a.p, s, &u.p, &v.p);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  AGREE(grid, local);
  TRY(tt_bcast(grid, s, tt_min(A->row.n, A->col.n), sizeof *s, 0));
done:
  tt_operand_end(&v);
  tt_operand_end(&u);
  tt_operand_end(&a);
  tartan_matrix_destroy(&copy);
  return st;
}

/* A that is neither very tall nor very wide. Collective. */
static tartan_status svd_direct(const tartan_matrix *A, double *s, tartan_matrix **U, tartan_matrix **Vt)
{
  const int64_t  r = tt_min(A->row.n, A->col.n);
  const bool     large = r > TARTAN_EIGH_ONE_RANK;
  tartan_matrix *u = NULL, *vt = NULL;
  tartan_status  st = TARTAN_OK;

  if (U || large) TRY(tartan_matrix_create(A->grid, A->dtype, A->row.n, r, NULL, &u));
  if (Vt || large) TRY(tartan_matrix_create(A->grid, A->dtype, r, A->col.n, NULL, &vt));
  if (large)
    TRY(svd_scalapack(A, s, u, vt));
  else
    TRY(svd_one_rank(A, s, u, vt));
  hand_over(&u, U);
  hand_over(&vt, Vt);
done:
  tartan_matrix_destroy(&vt);
  tartan_matrix_destroy(&u);
  return st;
}

/* A = Q R, R = Ur S Vt, U = Q Ur, for a tall A. Collective. */
static tartan_status svd_tall(const tartan_matrix *A, double *s, tartan_matrix **U, tartan_matrix **Vt)
{
  tartan_matrix *Q = NULL, *R = NULL, *Ur = NULL, *u = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_qr(A, NULL, U ? &Q : NULL, &R, NULL));
  TRY(svd_direct(R, s, U ? &Ur : NULL, Vt));
  if (U) {
    const tartan_matrix_opts like_q = {.size = sizeof like_q, .p = Q->p, .q = Q->q};

    TRY(tartan_matrix_create(A->grid, A->dtype, A->row.n, A->col.n, &like_q, &u));
    TRY(tartan_gemm(1, TARTAN_NO_TRANS, Q, TARTAN_NO_TRANS, Ur, 0, u, NULL));
    *U = u;
    u = NULL;
  }
done:
  tartan_matrix_destroy(&u);
  tartan_matrix_destroy(&Ur);
  tartan_matrix_destroy(&R);
  tartan_matrix_destroy(&Q);
  return st;
}

/* A' = V S U' for a wide A: the factors change places. Collective. */
static tartan_status svd_wide(const tartan_matrix *A, double *s, tartan_matrix **U, tartan_matrix **Vt)
{
  tartan_matrix *At = NULL, *V = NULL, *Ut = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_TRANS, A, A->dtype, NULL, &At));
  TRY(svd_tall(At, s, Vt ? &V : NULL, U ? &Ut : NULL));
  tartan_matrix_destroy(&At);
  if (Vt) TRY(tt_matrix_clone(TARTAN_TRANS, V, A->dtype, NULL, Vt));
  if (U) TRY(tt_matrix_clone(TARTAN_TRANS, Ut, A->dtype, NULL, U));
done:
  tartan_matrix_destroy(&Ut);
  tartan_matrix_destroy(&V);
  tartan_matrix_destroy(&At);
  return st;
}

/* Fixes the signs from V, and gives U the same ones. Collective. */
static tartan_status fix_signs(int64_t r, tartan_matrix *U, tartan_matrix *Vt)
{
  const tartan_matrix *by = Vt ? Vt : U;
  double              *sign = NULL;
  tartan_status        st = TARTAN_OK, local = TARTAN_OK;

  sign = tt_alloc(&by->grid->memory, r, sizeof *sign, "signs", &local);
  AGREE(by->grid, local);
  TRY(tt_signs_of(by, Vt != NULL, sign));
  if (U) tt_signs_apply(U, false, sign);
  if (Vt) tt_signs_apply(Vt, true, sign);
done:
  tt_free(sign);
  return st;
}

tartan_status tartan_svd(const tartan_matrix *A, const tartan_svd_opts *opts, tartan_matrix **U, double *s,
                         tartan_matrix **Vt, tartan_factor_info *info)
{
  const int64_t   m = A->row.n, n = A->col.n, r = tt_min(m, n);
  tartan_matrix  *u = NULL, *vt = NULL;
  tartan_matrix **pu = U ? &u : NULL, **pvt = U || Vt ? &vt : NULL; /* the signs of U follow V */
  tartan_status   st = TARTAN_OK;

  (void)opts, (void)info;
  if (U) *U = NULL;
  if (Vt) *Vt = NULL;
  TRY(tt_matrix_require_finite(A, "the matrix of a singular value problem"));
  if (r == 0)
    TRY(svd_empty(A, pu, pvt));
  else if ((double)m >= TALL * (double)n)
    TRY(svd_tall(A, s, pu, pvt));
  else if ((double)n >= TALL * (double)m)
    TRY(svd_wide(A, s, pu, pvt));
  else
    TRY(svd_direct(A, s, pu, pvt));
  if (vt) TRY(fix_signs(r, u, vt));
  hand_over(&u, U);
  hand_over(&vt, Vt);
done:
  tartan_matrix_destroy(&vt);
  tartan_matrix_destroy(&u);
  return st;
}
