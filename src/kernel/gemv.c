/* CBLAS; the pass that makes two products works on blocks of columns that fit the second cache of a core. */
#include "kernel/gemv.h"

#include <cblas.h>

#include "base/util.h"

/* Elements of a block of columns: 256 KiB. */
#define BLOCK 32768

/* Rows of a piece that a few vectors are multiplied with in turn: 64 columns of f64 then take 256 KiB. */
#define FEW_ROWS 512

void tt_gemv_local(tartan_op op, int64_t m, int64_t n, double alpha, const double *a, int64_t lda, const double *x,
                   int64_t step, double beta, double *y)
{
  const int64_t length = op == TARTAN_TRANS ? n : m;

  if (length == 0) return;
  if (beta == 0)
    for (int64_t i = 0; i < length; i++) y[i] = 0; /* whatever stood there */
  if (m == 0 || n == 0) return;
  cblas_dgemv(CblasColMajor, op == TARTAN_TRANS ? CblasTrans : CblasNoTrans, (int)m, (int)n, alpha, a, (int)lda, x,
              (int)step, beta == 0 ? 1 : beta, y, 1);
}

/* Y := Y + alpha op(A) X of a piece. */
static void gemv_piece(tartan_dtype dtype, tartan_op op, int m, int n, double alpha, const void *a, int lda,
                       const void *x, void *y)
{
  const enum CBLAS_TRANSPOSE t = op == TARTAN_TRANS ? CblasTrans : CblasNoTrans;

  if (dtype == TARTAN_F32)
    cblas_sgemv(CblasColMajor, t, m, n, (float)alpha, a, lda, x, 1, 1, y, 1);
  else
    cblas_dgemv(CblasColMajor, t, m, n, alpha, a, lda, x, 1, 1, y, 1);
}

void tt_gemv_few_local(tartan_dtype dtype, tartan_op op, int64_t m, int64_t n, double alpha, const void *a, int64_t lda,
                       const void *x, int64_t ldx, void *y, int64_t ldy, int64_t count)
{
  const int64_t size = (int64_t)tartan_dtype_size(dtype), turned = op == TARTAN_TRANS;
  const int64_t piece = count == 1 ? (int64_t)1 << 30 : FEW_ROWS;

  for (int64_t i = 0; i < m && n > 0; i += piece)
    for (int64_t l = 0; l < count; l++)
      gemv_piece(dtype, op, (int)tt_min(piece, m - i), (int)n, alpha, (const char *)a + i * size, (int)lda,
                 (const char *)x + (l * ldx + (turned ? i : 0)) * size,
                 (char *)y + (l * ldy + (turned ? 0 : i)) * size);
}

void tt_add_scaled(int64_t n, double alpha, const double *x, double *y)
{
  cblas_daxpy((int)n, alpha, x, 1, y, 1);
}

void tt_gemv_twice(int64_t m, int64_t n, const double *a, int64_t lda, const double *v, double tau, double *y,
                   double *r, double *w)
{
  const int64_t width = tt_max(4, BLOCK / tt_max(1, m) / 4 * 4);

  for (int64_t j = 0; j < n; j += width) {
    const int64_t k = tt_min(width, n - j);
    const double *block = a + j * lda;

    tt_gemv_local(TARTAN_TRANS, m, k, tau, block, lda, v, 1, -tau, y + j);
    for (int64_t l = j; l < j + k; l++) r[l] -= y[l];
    tt_gemv_local(TARTAN_NO_TRANS, m, k, 1, block, lda, r + j, 1, 1, w);
  }
}
