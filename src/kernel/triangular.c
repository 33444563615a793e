/* CBLAS behind a run-time type. Rows are independent, so more than 32 bits of them are cut. */
#include "kernel/triangular.h"

#include <cblas.h>

#include "base/util.h"

#define CUT ((int64_t)1 << 30)

void tt_trsm_right_local(tartan_dtype dtype, tartan_op op, int64_t m, int64_t n, const void *r, int64_t ldr, void *b,
                         int64_t ldb)
{
  const enum CBLAS_TRANSPOSE t = op == TARTAN_TRANS ? CblasTrans : CblasNoTrans;

  for (int64_t i = 0; i < m && n > 0; i += CUT) {
    const int rows = (int)tt_min(CUT, m - i);

    if (dtype == TARTAN_F32)
      cblas_strsm(CblasColMajor, CblasRight, CblasUpper, t, CblasNonUnit, rows, (int)n, 1, r, (int)ldr, (float *)b + i,
                  (int)ldb);
    else
      cblas_dtrsm(CblasColMajor, CblasRight, CblasUpper, t, CblasNonUnit, rows, (int)n, 1, r, (int)ldr, (double *)b + i,
                  (int)ldb);
  }
}

void tt_trsm_right_lower_local(tartan_dtype dtype, int64_t m, int64_t n, const void *l, int64_t ldl, void *b,
                               int64_t ldb)
{
  for (int64_t i = 0; i < m && n > 0; i += CUT) {
    const int rows = (int)tt_min(CUT, m - i);

    if (dtype == TARTAN_F32)
      cblas_strsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, rows, (int)n, 1, l, (int)ldl,
                  (float *)b + i, (int)ldb);
    else
      cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, rows, (int)n, 1, l, (int)ldl,
                  (double *)b + i, (int)ldb);
  }
}

/* By a lower triangle from the left. Columns are independent. Local. */
static void left_lower(tartan_dtype dtype, enum CBLAS_DIAG diagonal, int64_t m, int64_t n, const void *l, int64_t ldl,
                       void *b, int64_t ldb)
{
  for (int64_t j = 0; j < n && m > 0; j += CUT) {
    const int columns = (int)tt_min(CUT, n - j);

    if (dtype == TARTAN_F32)
      cblas_strsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, diagonal, (int)m, columns, 1, l, (int)ldl,
                  (float *)b + j * ldb, (int)ldb);
    else
      cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, diagonal, (int)m, columns, 1, l, (int)ldl,
                  (double *)b + j * ldb, (int)ldb);
  }
}

void tt_trsm_left_unit_local(tartan_dtype dtype, int64_t m, int64_t n, const void *l, int64_t ldl, void *b, int64_t ldb)
{
  left_lower(dtype, CblasUnit, m, n, l, ldl, b, ldb);
}

void tt_trsm_left_lower_local(tartan_dtype dtype, int64_t m, int64_t n, const void *l, int64_t ldl, void *b,
                              int64_t ldb)
{
  left_lower(dtype, CblasNonUnit, m, n, l, ldl, b, ldb);
}

void tt_trsv_few_local(tartan_dtype dtype, tartan_uplo uplo, tartan_op op, bool unit, int64_t n, const void *t,
                       int64_t ldt, void *x, int64_t ldx, int64_t count)
{
  const enum CBLAS_UPLO      half = uplo == TARTAN_UPPER ? CblasUpper : CblasLower;
  const enum CBLAS_TRANSPOSE turn = op == TARTAN_TRANS ? CblasTrans : CblasNoTrans;
  const enum CBLAS_DIAG      diagonal = unit ? CblasUnit : CblasNonUnit;

  for (int64_t j = 0; j < count; j++)
    if (dtype == TARTAN_F32)
      cblas_strsv(CblasColMajor, half, turn, diagonal, (int)n, t, (int)ldt, (float *)x + j * ldx, 1);
    else
      cblas_dtrsv(CblasColMajor, half, turn, diagonal, (int)n, t, (int)ldt, (double *)x + j * ldx, 1);
}
