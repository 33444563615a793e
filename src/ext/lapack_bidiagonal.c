/* Workspaces as LAPACK's manual states them: these routines do not answer queries. */
#include "ext/lapack_bidiagonal.h"

#include <string.h>

#include "base/error.h"
#include "base/util.h"

void dlasd0_(const int *, const int *, double *, double *, double *, const int *, double *, const int *, const int *,
             int *, double *, int *);
void dlasd4_(const int *, const int *, const double *, const double *, double *, const double *, double *, double *,
             int *);
void dbdsdc_(const char *, const char *, const int *, double *, double *, double *, const int *, double *, const int *,
             double *, int *, double *, int *, int *, size_t, size_t);

/* Order up to which ?lasd0 iterates instead of dividing; LAPACK's own. */
#define SMALL 25

static void identity(int64_t n, double *a)
{
  memset(a, 0, (size_t)(n * n) * sizeof *a);
  for (int64_t i = 0; i < n; i++) a[i + i * n] = 1;
}

tartan_status tt_lasd0(tt_memory *mem, int64_t n, int extra, double *d, double *e, double *u, double *vt)
{
  const int64_t m = n + extra, size = 3 * m * m + 2 * m;
  const int     N = (int)n, ldu = (int)tt_max(1, n), ldvt = (int)tt_max(1, m), small = SMALL;
  int           info = 0, *iwork = NULL;
  double       *work = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(m <= TT_LASD0_MAX, TARTAN_ERR_OVERFLOW,
          "a bidiagonal problem of order %lld on one rank is beyond LAPACK's 32-bit indices", (long long)m);
  identity(n, u);
  identity(m, vt);
  if (n == 0) goto done;
  work = tt_alloc(mem, size, sizeof *work, "the workspace of ?lasd0", &local);
  iwork = tt_alloc(mem, 8 * m, sizeof *iwork, "the integer workspace of ?lasd0", &local);
  TRY(local);
  dlasd0_(&N, &extra, d, e, u, &ldu, vt, &ldvt, &small, iwork, work, &info);
  REQUIRE(info == 0, TARTAN_ERR_NUMERIC, "?lasd0 did not converge (info %d)", info);
done:
  tt_free(iwork);
  tt_free(work);
  return st;
}

tartan_status tt_lasd4(int64_t n, int64_t i, const double *d, const double *z, double *delta, double rho, double *work)
{
  const int     N = (int)n, I = (int)i + 1;
  int           info = 0;
  double        sigma = 0;
  tartan_status st = TARTAN_OK;

  dlasd4_(&N, &I, d, z, delta, &rho, &sigma, work, &info);
  REQUIRE(info == 0, TARTAN_ERR_NUMERIC, "?lasd4 found no root %d of %d", I, N);
done:
  return st;
}

tartan_status tt_bidiagonal_values_local(tt_memory *mem, int64_t n, double *d, double *e)
{
  const int     N = (int)n, one = 1;
  int           info = 0, *iwork = NULL;
  double        none = 0, *work = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(n < INT32_MAX / 8, TARTAN_ERR_OVERFLOW, "a bidiagonal matrix of order %lld is beyond LAPACK's 32-bit indices",
          (long long)n);
  work = tt_alloc(mem, 8 * n, sizeof *work, "the workspace of ?bdsdc", &local);
  iwork = tt_alloc(mem, 8 * n, sizeof *iwork, "the integer workspace of ?bdsdc", &local);
  TRY(local);
  dbdsdc_("U", "N", &N, d, e, &none, &one, &none, &one, &none, iwork, work, iwork, &info, 1, 1);
  REQUIRE(info == 0, TARTAN_ERR_NUMERIC, "?bdsdc did not converge (info %d)", info);
done:
  tt_free(iwork);
  tt_free(work);
  return st;
}
