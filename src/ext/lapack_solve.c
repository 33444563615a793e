/* Runtime type in front of LAPACK's two precisions, which have one interface. */
#include "ext/lapack_solve.h"

void sgetrf_(const int *, const int *, void *, const int *, int *, int *);
void dgetrf_(const int *, const int *, void *, const int *, int *, int *);
void slaswp_(const int *, void *, const int *, const int *, const int *, const int *, const int *);
void dlaswp_(const int *, void *, const int *, const int *, const int *, const int *, const int *);

int64_t tt_getrf(tartan_dtype dtype, int64_t m, int64_t n, void *a, int64_t ld, int *pivot)
{
  const int M = (int)m, N = (int)n, LD = (int)ld;
  int       info = 0;

  if (m == 0 || n == 0) return 0;
  (dtype == TARTAN_F32 ? sgetrf_ : dgetrf_)(&M, &N, a, &LD, pivot, &info);
  return info;
}

void tt_laswp(tartan_dtype dtype, int64_t n, void *a, int64_t ld, int64_t first, int64_t end, const int *pivot)
{
  const int N = (int)n, LD = (int)ld, from = (int)first + 1, to = (int)end, one = 1;

  if (n == 0 || first >= end) return;
  (dtype == TARTAN_F32 ? slaswp_ : dlaswp_)(&N, a, &LD, &from, &to, pivot, &one);
}
