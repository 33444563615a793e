/*
 * Runtime type in front of the two precisions of lapack_eig.inc. A part of a symmetric spectrum takes the steps of ?syevd
 * apart, so that only the wanted vectors are carried back (2 n^2 k instead of 2 n^3): ?syevr would find a part by
 * bisection and inverse iteration, which loses orthogonality in clusters.
 */
#include "ext/lapack_eig.h"

#include "ext/lapack_impl.h"

#define REAL float
#define NAME(x) x##_f32
#define LAPACK(x) s##x##_
#include "ext/lapack_eig.inc"
#undef REAL
#undef NAME
#undef LAPACK

#define REAL double
#define NAME(x) x##_f64
#define LAPACK(x) d##x##_
#include "ext/lapack_eig.inc"
#undef REAL
#undef NAME
#undef LAPACK

tartan_status tt_sytrd_stedc(tt_memory *mem, tartan_dtype dtype, int64_t n, void *a, double *w, void *z, void *tau)
{
  tartan_status st = TARTAN_OK;

  TRY(check_local_size(n, n));
  if (n == 0) goto done;
  if (dtype == TARTAN_F64)
    TRY(run_sytrd_stedc_f64(mem, (int)n, a, w, z, tau));
  else
    TRY(run_sytrd_stedc_f32(mem, (int)n, a, w, z, tau));
done:
  return st;
}

tartan_status tt_ormtr(tt_memory *mem, tartan_dtype dtype, int64_t n, int64_t k, void *a, const void *tau, void *z)
{
  tartan_status st = TARTAN_OK;

  TRY(check_local_size(n, n));
  if (n == 0 || k == 0) goto done;
  if (dtype == TARTAN_F64)
    TRY(run_ormtr_f64(mem, (int)n, (int)k, a, tau, z));
  else
    TRY(run_ormtr_f32(mem, (int)n, (int)k, a, tau, z));
done:
  return st;
}

tartan_status tt_geev(tt_memory *mem, tartan_dtype dtype, int64_t n, void *a, double *wr, double *wi, void *v)
{
  tartan_status st = TARTAN_OK;

  TRY(check_local_size(n, n));
  if (n == 0) goto done;
  if (dtype == TARTAN_F64)
    TRY(run_geev_f64(mem, (int)n, a, wr, wi, v));
  else
    TRY(run_geev_f32(mem, (int)n, a, wr, wi, v));
done:
  return st;
}

tartan_status tt_hseqr(tt_memory *mem, tartan_dtype dtype, int64_t n, void *h, double *wr, double *wi)
{
  tartan_status st = TARTAN_OK;

  TRY(check_local_size(n, n));
  if (n == 0) goto done;
  if (dtype == TARTAN_F64)
    TRY(run_hseqr_f64(mem, (int)n, h, wr, wi));
  else
    TRY(run_hseqr_f32(mem, (int)n, h, wr, wi));
done:
  return st;
}
