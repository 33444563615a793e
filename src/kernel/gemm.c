/* CBLAS behind a run-time type. Dimensions beyond 32 bits are cut into pieces along m, n and k. */
#include "kernel/gemm.h"

#include <cblas.h>

#include "base/memory.h"
#include "base/util.h"
#include "ext/vendor.h"

#define CUT ((int64_t)1 << 30)

static enum CBLAS_TRANSPOSE trans(tartan_op op)
{
  return op == TARTAN_TRANS ? CblasTrans : CblasNoTrans;
}

/* Address of the element (i, j). */
static const void *at(tartan_dtype dtype, const void *a, int64_t lda, int64_t i, int64_t j)
{
  return (const char *)a + (size_t)(i + j * lda) * tartan_dtype_size(dtype);
}

static void *at_out(tartan_dtype dtype, void *a, int64_t lda, int64_t i, int64_t j)
{
  return (char *)a + (size_t)(i + j * lda) * tartan_dtype_size(dtype);
}

/* One product whose sizes fit 32 bits. */
static void gemm_piece(tartan_dtype dtype, tartan_op op_a, tartan_op op_b, int m, int n, int k, double alpha,
                       const void *a, int lda, const void *b, int ldb, double beta, void *c, int ldc)
{
  if (dtype == TARTAN_F32)
    cblas_sgemm(CblasColMajor, trans(op_a), trans(op_b), m, n, k, (float)alpha, a, lda, b, ldb, (float)beta, c, ldc);
  else
    cblas_dgemm(CblasColMajor, trans(op_a), trans(op_b), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void tt_gemm_local(tartan_dtype dtype, tartan_op op_a, tartan_op op_b, int64_t m, int64_t n, int64_t k, double alpha,
                   const void *a, int64_t lda, const void *b, int64_t ldb, double beta, void *c, int64_t ldc)
{
  const bool ta = op_a == TARTAN_TRANS, tb = op_b == TARTAN_TRANS;

  if (k == 0) { /* nothing is read: a rank that has no part of an operand has no leading dimension either */
    lda = tt_max(lda, m);
    ldb = tt_max(ldb, n);
  }
  for (int64_t j = 0; j < n; j += CUT) {
    for (int64_t i = 0; i < m; i += CUT) {
      int64_t l = 0;

      do { /* once for k = 0 too: C := beta C */
        const int64_t w = tt_min(CUT, k - l);

        gemm_piece(dtype, op_a, op_b, (int)tt_min(CUT, m - i), (int)tt_min(CUT, n - j), (int)w, alpha,
                   ta ? at(dtype, a, lda, l, i) : at(dtype, a, lda, i, l), (int)lda,
                   tb ? at(dtype, b, ldb, j, l) : at(dtype, b, ldb, l, j), (int)ldb, l == 0 ? beta : 1,
                   at_out(dtype, c, ldc, i, j), (int)ldc);
        l += w;
      } while (l < k);
    }
  }
}

/* Lower triangle, A [n, k], or turned [k, n]. */
static void syrk(bool turned, tartan_dtype dtype, int64_t n, int64_t k, double alpha, const void *a, int64_t lda,
                 double beta, void *c, int64_t ldc)
{
  const enum CBLAS_TRANSPOSE op = turned ? CblasTrans : CblasNoTrans;
  int64_t                    l = 0;

  if (n == 0) return;
  do {
    const int64_t w = tt_min(CUT, k - l);
    const double  b = l == 0 ? beta : 1;
    const void   *here = turned ? at(dtype, a, lda, l, 0) : at(dtype, a, lda, 0, l);

    if (dtype == TARTAN_F32)
      cblas_ssyrk(CblasColMajor, CblasLower, op, (int)n, (int)w, (float)alpha, here, (int)lda, (float)b, c, (int)ldc);
    else
      cblas_dsyrk(CblasColMajor, CblasLower, op, (int)n, (int)w, alpha, here, (int)lda, b, c, (int)ldc);
    l += w;
  } while (l < k);
}

void tt_syrk_local(tartan_dtype dtype, int64_t n, int64_t k, double alpha, const void *a, int64_t lda, double beta,
                   void *c, int64_t ldc)
{
  syrk(false, dtype, n, k, alpha, a, lda, beta, c, ldc);
}

void tt_syrk_turned_local(tartan_dtype dtype, int64_t n, int64_t k, double alpha, const void *a, int64_t lda,
                          double beta, void *c, int64_t ldc)
{
  syrk(true, dtype, n, k, alpha, a, lda, beta, c, ldc);
}

double tt_gemm_rate(int threads)
{
  const int64_t n = 512;
  tartan_status local = TARTAN_OK;
  double       *a = tt_alloc_zero(NULL, 2 * n * n, sizeof *a, "a speed test", &local);
  double       *c = a ? a + n * n : NULL;
  double        best = 0;
  const int     before = tt_blas_set_threads(threads);

  for (int rep = 0; rep < 6 && a; rep++) {
    const double t = tt_seconds();

    tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_TRANS, n, n, n, 1, a, n, a, n, 0, c, n);
    if (rep > 0) {
      const double rate = 2.0 * (double)(n * n * n) / (tt_seconds() - t);

      if (rate > best) best = rate;
    }
  }
  if (before > 0) tt_blas_set_threads(before);
  tt_free(a);
  return best;
}
