/*
 * Workspace: each routine is asked for its size first. The answer comes through a real number, which for f32 can be
 * rounded down, so it is raised by one part in 2^20 and compared with the documented minimum.
 */
#include "ext/scalapack.h"

#include "ext/scalapack_impl.h"
#include "tt_config.h"

static const char trans_letter[] = {'N', 'T'};
static const char uplo_letter[] = {'L', 'U'};

const char *tt_scalapack_name(void)
{
  return TT_SCALAPACK_LIBRARY;
}

tartan_status tt_pmatrix_check(const tt_pmatrix *A, int64_t mloc, int64_t nloc, int ranks)
{
  const int64_t limit = INT32_MAX;
  int64_t       local = 0;
  tartan_status st = TARTAN_OK;

  REQUIRE(A->m <= limit && A->n <= limit && A->mb <= limit && A->nb <= limit, TARTAN_ERR_OVERFLOW,
          "%lld x %lld is beyond ScaLAPACK's 32-bit indices, whatever the number of ranks", (long long)A->m,
          (long long)A->n);
  tt_mul(mloc, nloc, &local);
  REQUIRE(local <= limit, TARTAN_ERR_OVERFLOW,
          "%lld x %lld on a rank is beyond ScaLAPACK's 32-bit indices; use at least %lld ranks", (long long)mloc,
          (long long)nloc, (long long)(tt_ceil_div(local, limit) * ranks));
done:
  return st;
}

void tt_pgemm(tartan_dtype dtype, tartan_op op_a, tartan_op op_b, int64_t m, int64_t n, int64_t k, double alpha,
              const tt_pmatrix *A, const tt_pmatrix *B, double beta, tt_pmatrix *C)
{
  const scalar al = to_scalar(dtype, alpha), be = to_scalar(dtype, beta);
  const int    M = (int)m, N = (int)n, K = (int)k;
  const int    ia = one_based(A->i0), ja = one_based(A->j0), ib = one_based(B->i0), jb = one_based(B->j0);
  const int    ic = one_based(C->i0), jc = one_based(C->j0);
  int          da[9], db[9], dc[9];

  if (C->context < 0) return;
  describe(A, da);
  describe(B, db);
  describe(C, dc);
  entry(dtype)->gemm(&trans_letter[op_a], &trans_letter[op_b], &M, &N, &K, &al, A->data, &ia, &ja, da, B->data, &ib,
                     &jb, db, &be, C->data, &ic, &jc, dc);
}

void tt_psyrk(tartan_dtype dtype, tartan_uplo uplo, tartan_op op, int64_t n, int64_t k, double alpha,
              const tt_pmatrix *A, double beta, tt_pmatrix *C)
{
  const scalar al = to_scalar(dtype, alpha), be = to_scalar(dtype, beta);
  const int    N = (int)n, K = (int)k;
  const int    ia = one_based(A->i0), ja = one_based(A->j0), ic = one_based(C->i0), jc = one_based(C->j0);
  int          da[9], dc[9];

  if (C->context < 0) return;
  describe(A, da);
  describe(C, dc);
  entry(dtype)->syrk(&uplo_letter[uplo], &trans_letter[op], &N, &K, &al, A->data, &ia, &ja, da, &be, C->data, &ic, &jc,
                     dc);
}

void tt_ptrsm(tartan_dtype dtype, bool left, tartan_uplo uplo, tartan_op op, bool unit, int64_t m, int64_t n,
              double alpha, const tt_pmatrix *A, tt_pmatrix *B)
{
  const scalar al = to_scalar(dtype, alpha);
  const int    M = (int)m, N = (int)n;
  const int    ia = one_based(A->i0), ja = one_based(A->j0), ib = one_based(B->i0), jb = one_based(B->j0);
  int          da[9], db[9];

  if (B->context < 0) return;
  describe(A, da);
  describe(B, db);
  entry(dtype)->trsm(left ? "L" : "R", &uplo_letter[uplo], &trans_letter[op], unit ? "U" : "N", &M, &N, &al, A->data,
                     &ia, &ja, da, B->data, &ib, &jb, db);
}

tartan_status tt_pgesvd(const tt_pcall *call, tartan_dtype dtype, int64_t m, int64_t n, tt_pmatrix *A, double *s,
                        tt_pmatrix *U, tt_pmatrix *Vt)
{
  const int     M = (int)m, N = (int)n, one = 1;
  const int64_t r = tt_min(m, n);
  int           da[9], du[9], dv[9], lwork = -1, info = 0;
  scalar        answer = {0};
  void         *values = NULL, *work = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (A->context < 0) return call->agree(call->context, TARTAN_OK);
  describe(A, da);
  describe(U, du);
  describe(Vt, dv);
  values = tt_alloc(call->mem, r, tartan_dtype_size(dtype), "singular values", &local);
  entry(dtype)->gesvd("V", "V", &M, &N, A->data, &one, &one, da, values, U->data, &one, &one, du, Vt->data, &one, &one,
                      dv, &answer, &lwork, &info, 1, 1);
  work = take_work(call, "p?gesvd", dtype, &answer, 1, info, &lwork, &local);
  TRY(call->agree(call->context, local));
  entry(dtype)->gesvd("V", "V", &M, &N, A->data, &one, &one, da, values, U->data, &one, &one, du, Vt->data, &one, &one,
                      dv, work, &lwork, &info, 1, 1);
  widen(dtype, r, values, s);
  st = judge("p?gesvd", info);

done:
  tt_free(work);
  tt_free(values);
  return st;
}

tartan_status tt_pgeqrf(const tt_pcall *call, tartan_dtype dtype, int64_t m, int64_t n, tt_pmatrix *A, void *tau)
{
  const int     M = (int)m, N = (int)n, ia = one_based(A->i0), ja = one_based(A->j0);
  int           da[9], lwork = -1, info = 0;
  scalar        answer = {0};
  void         *work = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (A->context < 0) return call->agree(call->context, TARTAN_OK);
  describe(A, da);
  entry(dtype)->geqrf(&M, &N, A->data, &ia, &ja, da, tau, &answer, &lwork, &info);
  work = take_work(call, "p?geqrf", dtype, &answer, 1, info, &lwork, &local);
  TRY(call->agree(call->context, local));
  entry(dtype)->geqrf(&M, &N, A->data, &ia, &ja, da, tau, work, &lwork, &info);
  st = judge("p?geqrf", info);
done:
  tt_free(work);
  return st;
}

tartan_status tt_porgqr(const tt_pcall *call, tartan_dtype dtype, int64_t m, int64_t k, tt_pmatrix *A, const void *tau)
{
  const int     M = (int)m, K = (int)k, ia = one_based(A->i0), ja = one_based(A->j0);
  int           da[9], lwork = -1, info = 0;
  scalar        answer = {0};
  void         *work = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (A->context < 0) return call->agree(call->context, TARTAN_OK);
  describe(A, da);
  entry(dtype)->orgqr(&M, &K, &K, A->data, &ia, &ja, da, tau, &answer, &lwork, &info);
  work = take_work(call, "p?orgqr", dtype, &answer, 1, info, &lwork, &local);
  TRY(call->agree(call->context, local));
  entry(dtype)->orgqr(&M, &K, &K, A->data, &ia, &ja, da, tau, work, &lwork, &info);
  st = judge("p?orgqr", info);
done:
  tt_free(work);
  return st;
}
