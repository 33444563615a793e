/*
 * Symmetric and general eigenproblems by ScaLAPACK. p?syevd computes vectors always; p?syevr (Dhillon and Parlett 2004) any
 * part of the spectrum; p?gehrd brings general matrices to Hessenberg form. p?hseqr of ScaLAPACK 2.2.1 is not used: asked for
 * values alone it gave wrong ones (n = 64 and 65 on 1 to 4 ranks) or ended in a segmentation fault.
 */
#include "ext/scalapack_impl.h"

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
  /* p?ormtr needs so much of it, which the answer leaves out: small n came back with vectors of the tridiagonal matrix. */
  work = take_work(call, "p?syevd", dtype, &answer, 1 + 8 * n + Z->nb * (2 * n + 3 * Z->nb), info, &lwork, &local);
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

bool tt_psyevr_vectors(int64_t n, int64_t k, int64_t block, int p, int q)
{
  const int64_t needed = block * (tt_ceil_div(n, p) + tt_ceil_div(k, q) + 3 * block);

  return k / (p * q) > 0 && n >= tt_ceil_div(needed, k / (p * q));
}

tartan_status tt_psyevr(const tt_pcall *call, tartan_dtype dtype, int64_t n, const tt_spectrum *part, tt_pmatrix *A,
                        double *w, tt_pmatrix *Z, int64_t *found)
{
  const int         N = (int)n, one = 1, first = (int)part->first, last = (int)part->last;
  const char       *job = Z ? "V" : "N";
  const tt_pmatrix *like = Z ? Z : A;
  const scalar      from = to_scalar(dtype, part->from), to = to_scalar(dtype, part->to);
  int               da[9], dz[9], lwork = -1, liwork = -1, info = 0, m = 0, nz = 0, ianswer[8] = {0};
  scalar            answer[8] = {0}, none = {0};
  void             *values = NULL, *work = NULL, *z = Z ? Z->data : &none;
  int              *iwork = NULL;
  tartan_status     st = TARTAN_OK, local = TARTAN_OK;

  if (A->context < 0) return call->agree(call->context, TARTAN_OK);
  describe(A, da);
  describe(like, dz);
  values = tt_alloc(call->mem, n, tartan_dtype_size(dtype), "eigenvalues", &local);
  entry(dtype)->syevr(job, &part->range, "L", &N, A->data, &one, &one, da, &from, &to, &first, &last, &m, &nz, values,
                      z, &one, &one, dz, answer, &lwork, ianswer, &liwork, &info, 1, 1, 1);
  work = take_work(call, "p?syevr", dtype, answer, 1 + 8 * n, info, &lwork, &local);
  liwork = ianswer[0] + 64;
  iwork = tt_alloc(call->mem, liwork, sizeof *iwork, "the integer workspace of p?syevr", &local);
  TRY(call->agree(call->context, local));
  entry(dtype)->syevr(job, &part->range, "L", &N, A->data, &one, &one, da, &from, &to, &first, &last, &m, &nz, values,
                      z, &one, &one, dz, work, &lwork, iwork, &liwork, &info, 1, 1, 1);
  st = judge("p?syevr", info);
  if (st == TARTAN_OK && Z && nz != m)
    st = tt_fail(TARTAN_ERR_NUMERIC, "p?syevr found %d eigenvalues and %d vectors", m, nz);
  widen(dtype, m, values, w);
  *found = m;

done:
  tt_free(iwork);
  tt_free(work);
  tt_free(values);
  return st;
}

tartan_status tt_pgehrd(const tt_pcall *call, tartan_dtype dtype, int64_t n, tt_pmatrix *A, void *tau)
{
  const int     N = (int)n, one = 1;
  int           da[9], lwork = -1, info = 0;
  scalar        answer = {0};
  void         *work = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (A->context < 0) return call->agree(call->context, TARTAN_OK);
  describe(A, da);
  entry(dtype)->gehrd(&N, &one, &N, A->data, &one, &one, da, tau, &answer, &lwork, &info);
  work = take_work(call, "p?gehrd", dtype, &answer, 1, info, &lwork, &local);
  TRY(call->agree(call->context, local));
  entry(dtype)->gehrd(&N, &one, &N, A->data, &one, &one, da, tau, work, &lwork, &info);
  st = judge("p?gehrd", info);
done:
  tt_free(work);
  return st;
}
