/* Rows of a non-negative factorization, in groups of lanes; and what is asked of data that has to be non-negative. */
#include "kernel/nmf.h"

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "kernel/nmf_impl.h"

#define SUM_LANES 8

int64_t tt_nmf_work(int64_t k)
{
  return (k + 2) * TT_NMF_LANES;
}

static tt_nmf_kernel *kernel_of(tt_isa isa)
{
  tt_nmf_kernel *const table[] = {NULL, tt_nmf_portable, tt_nmf_avx2, tt_nmf_avx512};
  int                  i = (int)(isa == TT_ISA_HOST ? tt_isa_host() : isa);

  while (!table[i]) i--;
  return table[i];
}

/* Rows i .. i + count - 1, lane by lane; lanes without a row are zero. */
static void take(const tt_nmf_rows *rows, int64_t i, int64_t count, double *x)
{
  if (count < TT_NMF_LANES) memset(x, 0, (size_t)(rows->k * TT_NMF_LANES) * sizeof *x);
  for (int64_t l = 0; l < count; l++)
    for (int64_t t = 0; t < rows->k; t++) x[t * TT_NMF_LANES + l] = rows->X[t + (i + l) * rows->k];
}

static void put(const tt_nmf_rows *rows, int64_t i, int64_t l, const double *x)
{
  for (int64_t t = 0; t < rows->k; t++) rows->X[t + (i + l) * rows->k] = x[t * TT_NMF_LANES + l];
}

void tt_nmf_sweep(const tt_nmf_rows *rows, double *work, double *violation)
{
  const int64_t  k = rows->k;
  tt_nmf_kernel *kernel = kernel_of(rows->isa);
  double        *each = work + k * TT_NMF_LANES;

  for (int64_t i = 0; i < rows->count; i += TT_NMF_LANES) {
    const int64_t count = tt_min(TT_NMF_LANES, rows->count - i);

    take(rows, i, count, work);
    kernel(k, rows->G, rows->l1, count, rows->P + i * k, work, each);
    for (int64_t l = 0; l < count; l++) put(rows, i, l, work);
    memcpy(violation + i, each, (size_t)count * sizeof *each);
  }
}

void tt_nmf_solve(const tt_nmf_rows *rows, double tolerance, int64_t sweeps, double *work)
{
  const int64_t  k = rows->k;
  tt_nmf_kernel *kernel = kernel_of(rows->isa);
  double        *violation = work + k * TT_NMF_LANES, *least = violation + TT_NMF_LANES;

  for (int64_t i = 0; i < rows->count; i += TT_NMF_LANES) {
    const int64_t count = tt_min(TT_NMF_LANES, rows->count - i);
    int64_t       left = count;

    take(rows, i, count, work);
    for (int64_t l = 0; l < count; l++) least[l] = -1; /* still moving, its first violation unknown */
    for (int64_t s = 0; s < sweeps && left > 0; s++) {
      kernel(k, rows->G, rows->l1, count, rows->P + i * k, work, violation);
      for (int64_t l = 0; l < count; l++) {
        if (isinf(least[l])) continue;
        if (s == 0) least[l] = tolerance * violation[l];
        if (violation[l] > least[l] && s + 1 < sweeps) continue;
        put(rows, i, l, work);
        least[l] = INFINITY; /* done: later sweeps of its lane are not looked at */
        left--;
      }
    }
  }
}

void tt_nmf_add_sums(const double *x, int64_t n, double sums[2])
{
  double  sum[SUM_LANES] = {0}, square[SUM_LANES] = {0};
  int64_t i = 0;

  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (int l = 0; l < SUM_LANES; l++) {
      sum[l] += x[i + l];
      square[l] += x[i + l] * x[i + l];
    }
  for (int l = 0; i < n; i++, l++) {
    sum[l] += x[i];
    square[l] += x[i] * x[i];
  }
  for (int l = 1; l < SUM_LANES; l++) {
    sum[0] += sum[l];
    square[0] += square[l];
  }
  sums[0] += sum[0];
  sums[1] += square[0];
}

int64_t tt_nmf_first_bad(const double *x, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    if (!(x[i] >= 0 && x[i] < INFINITY)) return i;
  return n;
}
