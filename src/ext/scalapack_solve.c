/* Cholesky, LU, what is solved with them, and inverses. A positive info of a factorization is a result. */
#include "ext/scalapack_solve.h"

#include "ext/scalapack_impl.h"

tartan_status tt_ppotrf(tartan_dtype dtype, int64_t n, tt_pmatrix *A, int64_t *minor)
{
  const int N = (int)n, ia = one_based(A->i0), ja = one_based(A->j0);
  int       da[9], info = 0;

  if (A->context < 0) return TARTAN_OK;
  describe(A, da);
  entry(dtype)->potrf("L", &N, A->data, &ia, &ja, da, &info, 1);
  *minor = tt_max(0, info);
  return judge("p?potrf", info < 0 ? info : 0);
}

tartan_status tt_pgetrf(tartan_dtype dtype, int64_t m, int64_t n, tt_pmatrix *A, int *pivot, int64_t *zero)
{
  const int M = (int)m, N = (int)n, ia = one_based(A->i0), ja = one_based(A->j0);
  int       da[9], info = 0;

  if (A->context < 0) return TARTAN_OK;
  describe(A, da);
  entry(dtype)->getrf(&M, &N, A->data, &ia, &ja, da, pivot, &info);
  *zero = tt_max(0, info);
  return judge("p?getrf", info < 0 ? info : 0);
}

tartan_status tt_ppotrs(tartan_dtype dtype, int64_t n, int64_t k, const tt_pmatrix *A, tt_pmatrix *B)
{
  const int N = (int)n, K = (int)k, ia = one_based(A->i0), ja = one_based(A->j0);
  const int ib = one_based(B->i0), jb = one_based(B->j0);
  int       da[9], db[9], info = 0;

  if (A->context < 0) return TARTAN_OK;
  describe(A, da);
  describe(B, db);
  entry(dtype)->potrs("L", &N, &K, A->data, &ia, &ja, da, B->data, &ib, &jb, db, &info, 1);
  return judge("p?potrs", info);
}

tartan_status tt_pgetrs(tartan_dtype dtype, tartan_op op, int64_t n, int64_t k, const tt_pmatrix *A, const int *pivot,
                        tt_pmatrix *B)
{
  const int N = (int)n, K = (int)k, ia = one_based(A->i0), ja = one_based(A->j0);
  const int ib = one_based(B->i0), jb = one_based(B->j0);
  int       da[9], db[9], info = 0;

  if (A->context < 0) return TARTAN_OK;
  describe(A, da);
  describe(B, db);
  entry(dtype)->getrs(op == TARTAN_TRANS ? "T" : "N", &N, &K, A->data, &ia, &ja, da, pivot, B->data, &ib, &jb, db,
                      &info, 1);
  return judge("p?getrs", info);
}

tartan_status tt_ppotri(tartan_dtype dtype, int64_t n, tt_pmatrix *A)
{
  const int N = (int)n, ia = one_based(A->i0), ja = one_based(A->j0);
  int       da[9], info = 0;

  if (A->context < 0) return TARTAN_OK;
  describe(A, da);
  entry(dtype)->potri("L", &N, A->data, &ia, &ja, da, &info, 1);
  return judge("p?potri", info);
}

tartan_status tt_pgetri(const tt_pcall *call, tartan_dtype dtype, int64_t n, tt_pmatrix *A, const int *pivot)
{
  const int     N = (int)n, ia = one_based(A->i0), ja = one_based(A->j0);
  int           da[9], lwork = -1, liwork = -1, ianswer = 0, info = 0;
  scalar        answer = {0};
  void         *work = NULL;
  int          *iwork = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (A->context < 0) return call->agree(call->context, TARTAN_OK);
  describe(A, da);
  entry(dtype)->getri(&N, A->data, &ia, &ja, da, pivot, &answer, &lwork, &ianswer, &liwork, &info);
  work = take_work(call, "p?getri", dtype, &answer, 1, info, &lwork, &local);
  liwork = (int)tt_max(ianswer, n + A->nb); /* on grids that are not square the answer can be too small */
  iwork = tt_alloc(call->mem, liwork, sizeof *iwork, "the integer workspace of p?getri", &local);
  TRY(call->agree(call->context, local));
  entry(dtype)->getri(&N, A->data, &ia, &ja, da, pivot, work, &lwork, iwork, &liwork, &info);
  st = judge("p?getri", info);
done:
  tt_free(iwork);
  tt_free(work);
  return st;
}
