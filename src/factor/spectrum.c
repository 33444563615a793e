/*
 * Numbers that singular values tell of a matrix, with NumPy's conventions: the rank counts s_i > tolerance s_1; a condition
 * number of a singular matrix is infinite, also where it would be 0 / 0. In the norms 1, inf and Frobenius the condition
 * is that of the computed inverse.
 */
#include <math.h>
#include <stdlib.h>

#include <tartan/elementwise.h>
#include <tartan/lstsq.h>
#include <tartan/norms.h>

#include "base/util.h"
#include "comm/agree.h"
#include "factor/lstsq_impl.h"

#define COARSE 1e-3 /* a default tolerance that may surprise */

double tt_rank_tolerance(const tartan_matrix *A, double asked)
{
  const double eps = A->dtype == TARTAN_F32 ? 0x1p-23 : 0x1p-52;

  return asked >= 0 ? asked : fmin(0.5, (double)tt_max(A->row.n, A->col.n) * eps);
}

tartan_status tt_rank_check(double tolerance)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(tolerance < 1, TARTAN_ERR_ARG, "a tolerance of %g for the rank: it is relative, below 1", tolerance);
done:
  return st;
}

int64_t tt_rank_of(int64_t r, const double *s, double tolerance)
{
  int64_t rank = 0;

  while (rank < r && s[rank] > tolerance * s[0]) rank++;
  return rank;
}

void tt_rank_warn(const tartan_matrix *A, double asked, int64_t rank)
{
  const double tolerance = tt_rank_tolerance(A, asked);

  if (asked < 0 && tolerance > COARSE && rank < tt_min(A->row.n, A->col.n))
    tt_grid_warn(
        A->grid,
        "rank %lld by the default tolerance max(m, n) eps, which is %.1e here: f64, or a tolerance of your own, "
        "tells more",
        (long long)rank, tolerance);
}

/* All singular values, in memory that the caller frees, also after a failure. Collective. */
static tartan_status values_of(const tartan_matrix *A, double **s)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *s = tt_alloc(&A->grid->memory, tt_min(A->row.n, A->col.n), sizeof **s, "singular values", &local);
  AGREE(A->grid, local);
  TRY(tartan_svd(A, NULL, NULL, *s, NULL, NULL));
done:
  return st;
}

tartan_status tartan_matrix_rank(const tartan_matrix *A, double tolerance, int64_t *rank)
{
  double       *s = NULL;
  tartan_status st = TARTAN_OK;

  *rank = 0;
  TRY(tt_rank_check(tolerance));
  TRY(values_of(A, &s));
  *rank = tt_rank_of(tt_min(A->row.n, A->col.n), s, tt_rank_tolerance(A, tolerance));
  tt_rank_warn(A, tolerance, *rank);
done:
  tt_free(s);
  return st;
}

tartan_status tartan_norm_schatten(tartan_schatten kind, const tartan_matrix *A, double *value)
{
  const int64_t r = tt_min(A->row.n, A->col.n);
  double       *s = NULL, sum = 0;
  tartan_status st = TARTAN_OK;

  *value = 0;
  REQUIRE((int)kind >= TARTAN_SCHATTEN_LARGEST && kind <= TARTAN_SCHATTEN_NUCLEAR, TARTAN_ERR_ARG,
          "there is no norm %d by singular values", (int)kind);
  TRY(values_of(A, &s));
  for (int64_t i = r - 1; i >= 0; i--) sum += s[i];
  if (r > 0) *value = kind == TARTAN_SCHATTEN_LARGEST ? s[0] : kind == TARTAN_SCHATTEN_SMALLEST ? s[r - 1] : sum;
done:
  tt_free(s);
  return st;
}

/* s_1 / s_r or its reciprocal. Collective. */
static tartan_status cond_values(tartan_cond_norm norm, const tartan_matrix *A, double *value)
{
  const int64_t r = tt_min(A->row.n, A->col.n);
  double       *s = NULL;
  tartan_status st = TARTAN_OK;

  TRY(values_of(A, &s));
  if (s[0] == 0)
    *value = (double)INFINITY;
  else
    *value = norm == TARTAN_COND_TWO ? s[0] / s[r - 1] : s[r - 1] / s[0];
done:
  tt_free(s);
  return st;
}

/* *S := A times a power of two where its inverse or the norms may leave the range, else NULL. Collective. */
static tartan_status scaled(const tartan_matrix *A, tartan_matrix **S)
{
  const int     most = A->dtype == TARTAN_F32 ? 60 : 500;
  double        largest;
  int           e = 0;
  tartan_status st = TARTAN_OK;

  TRY(tartan_norm(TARTAN_NORM_MAX, A, &largest));
  if (largest > 0 && isfinite(largest)) (void)frexp(largest, &e);
  if (abs(e) <= most) goto done;
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, NULL, S));
  tartan_scale(ldexp(1, -(e > 0 ? most : -most)), *S);
  e -= e > 0 ? most : -most;
  tartan_scale(ldexp(1, -(int)tt_max(-most, tt_min(most, e))), *S);
done:
  return st;
}

/* |A| |A^-1|. Collective. */
static tartan_status cond_inverse(tartan_norm_kind kind, const tartan_matrix *A, double *value)
{
  tartan_matrix *Ainv = NULL, *S = NULL;
  double         a, b;
  tartan_status  st = TARTAN_OK;

  TRY(scaled(A, &S));
  A = S ? S : A;
  st = tartan_inv(A, NULL, &Ainv, NULL);
  if (st == TARTAN_ERR_NUMERIC) { /* singular: that is an answer */
    tartan_error_clear();
    *value = (double)INFINITY;
    st = TARTAN_OK;
    goto done;
  }
  TRY(st);
  TRY(tartan_norm(kind, A, &a));
  TRY(tartan_norm(kind, Ainv, &b));
  *value = isnan(a * b) ? (double)INFINITY : a * b;
done:
  tartan_matrix_destroy(&Ainv);
  tartan_matrix_destroy(&S);
  return st;
}

tartan_status tartan_cond(tartan_cond_norm norm, const tartan_matrix *A, double *value)
{
  const bool    by_values = norm == TARTAN_COND_TWO || norm == TARTAN_COND_MINUS_TWO;
  tartan_status st = TARTAN_OK;

  *value = 0;
  REQUIRE((int)norm >= TARTAN_COND_TWO && norm <= TARTAN_COND_FRO, TARTAN_ERR_ARG,
          "there is no condition number in norm %d", (int)norm);
  REQUIRE(A->row.n > 0 && A->col.n > 0, TARTAN_ERR_SHAPE, "the condition number of an empty matrix, %lld x %lld",
          (long long)A->row.n, (long long)A->col.n);
  REQUIRE(by_values || A->row.n == A->col.n, TARTAN_ERR_SHAPE,
          "a condition number by the inverse of %lld x %lld: only a square matrix has one", (long long)A->row.n,
          (long long)A->col.n);
  if (by_values)
    st = cond_values(norm, A, value);
  else
    st = cond_inverse(norm == TARTAN_COND_ONE   ? TARTAN_NORM_ONE
                      : norm == TARTAN_COND_INF ? TARTAN_NORM_INF
                                                : TARTAN_NORM_FRO,
                      A, value);
done:
  return st;
}
