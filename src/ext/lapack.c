/* Runtime type in front of the two precisions of lapack.inc. */
#include "ext/lapack.h"

#include "ext/lapack_impl.h"

#define REAL float
#define NAME(x) x##_f32
#define LAPACK(x) s##x##_
#include "ext/lapack.inc"
#undef REAL
#undef NAME
#undef LAPACK

#define REAL double
#define NAME(x) x##_f64
#define LAPACK(x) d##x##_
#include "ext/lapack.inc"
#undef REAL
#undef NAME
#undef LAPACK

tartan_status tt_syevd(tt_memory *mem, tartan_dtype dtype, int64_t n, void *a, double *w, bool vectors)
{
  float        *w32 = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(check_local_size(n, n));
  if (n == 0) goto done;
  if (dtype == TARTAN_F64) {
    TRY(run_syevd_f64(mem, (int)n, a, w, vectors));
  } else {
    w32 = tt_alloc(mem, n, sizeof *w32, "eigenvalues", &local);
    TRY(local);
    TRY(run_syevd_f32(mem, (int)n, a, w32, vectors));
    for (int64_t i = 0; i < n; i++) w[i] = w32[i];
  }
done:
  tt_free(w32);
  return st;
}

/* Job N: no vectors, S: the first min(m, n) of each, A: all. */
static tartan_status gesdd(tt_memory *mem, tartan_dtype dtype, const char *job, int64_t m, int64_t n, void *a,
                           double *s, void *u, void *vt)
{
  const int64_t r = tt_min(m, n);
  float        *s32 = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(check_local_size(m, n));
  if (r == 0) goto done;
  if (dtype == TARTAN_F64) {
    TRY(run_gesdd_f64(mem, job, (int)m, (int)n, a, s, u, vt));
  } else {
    s32 = tt_alloc(mem, r, sizeof *s32, "singular values", &local);
    TRY(local);
    TRY(run_gesdd_f32(mem, job, (int)m, (int)n, a, s32, u, vt));
    for (int64_t i = 0; i < r; i++) s[i] = s32[i];
  }
done:
  tt_free(s32);
  return st;
}

tartan_status tt_gesdd(tt_memory *mem, tartan_dtype dtype, int64_t m, int64_t n, void *a, double *s, void *u, void *vt,
                       bool vectors)
{
  return gesdd(mem, dtype, vectors ? "S" : "N", m, n, a, s, u, vt);
}

tartan_status tt_gesdd_full(tt_memory *mem, tartan_dtype dtype, int64_t m, int64_t n, void *a, double *s, void *u,
                            void *vt)
{
  return gesdd(mem, dtype, "A", m, n, a, s, u, vt);
}

tartan_status tt_geqrf(tt_memory *mem, tartan_dtype dtype, int64_t m, int64_t n, void *a, int64_t ld, void *tau)
{
  tartan_status st = TARTAN_OK;

  TRY(check_local_size(ld, n));
  if (tt_min(m, n) == 0) goto done;
  if (dtype == TARTAN_F64)
    TRY(run_geqrf_f64(mem, (int)m, (int)n, a, (int)ld, tau));
  else
    TRY(run_geqrf_f32(mem, (int)m, (int)n, a, (int)ld, tau));
done:
  return st;
}

tartan_status tt_orgqr(tt_memory *mem, tartan_dtype dtype, int64_t m, int64_t n, int64_t k, void *a, int64_t ld,
                       const void *tau)
{
  tartan_status st = TARTAN_OK;

  TRY(check_local_size(ld, n));
  if (tt_min(m, n) == 0) goto done;
  if (dtype == TARTAN_F64)
    TRY(run_orgqr_f64(mem, (int)m, (int)n, (int)k, a, (int)ld, tau));
  else
    TRY(run_orgqr_f32(mem, (int)m, (int)n, (int)k, a, (int)ld, tau));
done:
  return st;
}

int64_t tt_potrf(tartan_dtype dtype, tartan_uplo uplo, int64_t n, void *a, int64_t ld)
{
  const char *letter = uplo == TARTAN_LOWER ? "L" : "U";
  const int   N = (int)n, lda = (int)ld;
  int         info = 0;

  if (n == 0) return 0;
  if (dtype == TARTAN_F64)
    dpotrf_(letter, &N, a, &lda, &info, 1);
  else
    spotrf_(letter, &N, a, &lda, &info, 1);
  return info;
}
