/*
 * Workspace: each routine is asked for its size first. The answer comes through a real number, which for f32 can be
 * rounded down, so it is raised by one part in 2^20 and compared with the documented minimum.
 */
#include "ext/scalapack.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/util.h"
#include "ext/table.h"
#include "tt_config.h"

static const char trans_letter[] = {'N', 'T'};
static const char uplo_letter[] = {'L', 'U'};

/* A scalar in the precision of the routine. */
typedef union scalar {
  float  f;
  double d;
} scalar;

static scalar to_scalar(tartan_dtype dtype, double value)
{
  scalar s;

  memset(&s, 0, sizeof s);
  if (dtype == TARTAN_F32)
    s.f = (float)value;
  else
    s.d = value;
  return s;
}

/* ScaLAPACK's array descriptor. */
static void describe(const tt_pmatrix *A, int desc[9])
{
  const int d[9] = {1,       A->context,           (int)A->m, (int)A->n, (int)A->mb, (int)A->nb, A->rsrc,
                    A->csrc, (int)tt_max(1, A->ld)};

  memcpy(desc, d, sizeof d);
}

static int one_based(int64_t i)
{
  return (int)i + 1;
}

static const tt_scalapack_typed *entry(tartan_dtype dtype)
{
  const tt_scalapack_table *table = NULL;

  /* cannot fail: a context exists, so the table is filled */
  return tt_scalapack_get(&table) == TARTAN_OK ? &table->typed[dtype] : NULL;
}

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

/* The workspace that a query answered, in elements: rounded up, at least the documented minimum. */
static tartan_status work_size(const char *routine, tartan_dtype dtype, const scalar *answer, int64_t least, int *size)
{
  const double  asked = dtype == TARTAN_F32 ? answer->f * (1 + 0x1p-20) : answer->d;
  tartan_status st = TARTAN_OK;

  REQUIRE(asked >= 0 && asked < INT32_MAX && least < INT32_MAX, TARTAN_ERR_OVERFLOW,
          "%s wants a workspace beyond its 32-bit integers; use more ranks", routine);
  *size = (int)tt_max((int64_t)ceil(asked), least);
done:
  return st;
}

/* A positive info means no convergence, a negative one an argument that we should not have passed. */
static tartan_status judge(const char *routine, int info)
{
  if (info < 0) return tt_fail(TARTAN_ERR_BUG, "%s refused its argument %d", routine, -info);
  if (info > 0) return tt_fail(TARTAN_ERR_NUMERIC, "%s did not converge (info %d)", routine, info);
  return TARTAN_OK;
}

/* Widens n values of dtype to f64. */
static void widen(tartan_dtype dtype, int64_t n, const void *from, double *to)
{
  for (int64_t i = 0; i < n; i++) to[i] = dtype == TARTAN_F32 ? ((const float *)from)[i] : ((const double *)from)[i];
}

/* A query: sets *lwork from what the routine answered, and takes the workspace. Local. */
static void *take_work(const tt_pcall *call, const char *routine, tartan_dtype dtype, const scalar *answer,
                       int64_t least, int info, int *lwork, tartan_status *local)
{
  if (*local == TARTAN_OK) *local = judge(routine, info);
  if (*local == TARTAN_OK) *local = work_size(routine, dtype, answer, least, lwork);
  return tt_alloc(call->mem, *lwork, tartan_dtype_size(dtype), "the workspace of ScaLAPACK", local);
}

tartan_status tt_psyevd(const tt_pcall *call, tartan_dtype dtype, int64_t n, tt_pmatrix *A, double *w, tt_pmatrix *Z)
{
  const int     N = (int)n, ia = one_based(A->i0), ja = one_based(A->j0), iz = one_based(Z->i0), jz = one_based(Z->j0);
  int           da[9], dz[9], lwork = -1, liwork = -1, info = 0, ianswer = 0;
  scalar        answer = {0};
  void         *values = NULL, *work = NULL;
  int          *iwork = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (A->context < 0) return call->agree(call->context, TARTAN_OK);
  describe(A, da);
  describe(Z, dz);
  values = tt_alloc(call->mem, n, tartan_dtype_size(dtype), "eigenvalues", &local);
  entry(dtype)->syevd("V", "L", &N, A->data, &ia, &ja, da, values, Z->data, &iz, &jz, dz, &answer, &lwork, &ianswer,
                      &liwork, &info, 1, 1);
  work = take_work(call, "p?syevd", dtype, &answer, 1 + 8 * n, info, &lwork, &local);
  liwork = ianswer + 64;
  iwork = tt_alloc(call->mem, liwork, sizeof *iwork, "the integer workspace of p?syevd", &local);
  TRY(call->agree(call->context, local));
  entry(dtype)->syevd("V", "L", &N, A->data, &ia, &ja, da, values, Z->data, &iz, &jz, dz, work, &lwork, iwork, &liwork,
                      &info, 1, 1);
  widen(dtype, n, values, w);
  st = judge("p?syevd", info);

done:
  tt_free(iwork);
  tt_free(work);
  tt_free(values);
  return st;
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
