/*
 * Ridge and least squares from the normal equations M b = q, M = G + alpha I, of one rank. M is scaled to unit diagonal, so
 * that units of the features do not matter, and factored by Cholesky; the square of the factor's last diagonal elements is
 * what a feature has beside the others (1 - R^2). Where one has no more than rounding, M is singular: then the solution on
 * the eigenvectors above rounding, less its part in the null space, which is the one of minimum norm.
 *
 * Source: Golub, Van Loan 2013, 5.3.2 and 5.5; the condition by power iteration on M and on its inverse.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "base/error.h"
#include "ext/lapack.h"
#include "kernel/gemv.h"
#include "kernel/triangular.h"
#include "model/regress_impl.h"

#define POWER_STEPS 20

/* What a solve holds. */
typedef struct ridge {
  const tt_regress_problem *p;
  int64_t                   n;
  double                    alpha;
  double                   *by; /* [n] 1 / sqrt(M_jj); 0 for features that do not vary */
  double                   *M;  /* [n, n] scaled, then its factor or eigenvectors */
  double                   *x, *y;
} ridge;

/* Eigenvalues, or squares of the factor's diagonal, up to here are rounding. */
static double rounding(int64_t n)
{
  return 10 * (double)n * DBL_EPSILON;
}

/* M, scaled to unit diagonal; both triangles. */
static void form(ridge *r)
{
  const tt_regress_problem *p = r->p;

  for (int64_t j = 0; j < r->n; j++) {
    double *column = r->M + j * r->n;

    for (int64_t i = 0; i < r->n; i++) column[i] = p->G[i + j * p->ld] * r->by[i] * r->by[j];
    column[j] = 1;
  }
}

/* x := (scaled M)^-1 x by the upper factor R: x' R' R = b'. */
static void solve_triangles(const ridge *r, double *x)
{
  tt_trsm_right_local(TARTAN_F64, TARTAN_NO_TRANS, 1, r->n, r->M, r->n, x, 1);
  tt_trsm_right_local(TARTAN_F64, TARTAN_TRANS, 1, r->n, r->M, r->n, x, 1);
}

/* Factors; false where M is numerically singular. */
static bool factor(ridge *r)
{
  form(r);
  if (tt_potrf(TARTAN_F64, TARTAN_UPPER, r->n, r->M, r->n) != 0) return false;
  for (int64_t j = 0; j < r->n; j++) {
    const double beside = r->M[j + j * r->n];

    if (!(beside * beside > rounding(r->n))) return false;
  }
  return true;
}

/* x := x / |x|; the length. */
static double normalize(int64_t n, double *x)
{
  double sum = 0;

  for (int64_t j = 0; j < n; j++) sum += x[j] * x[j];
  sum = sqrt(sum);
  for (int64_t j = 0; j < n && sum > 0; j++) x[j] /= sum;
  return sum;
}

/* x := M x, M scaled as it was factored. */
static void multiply(const ridge *r)
{
  for (int64_t j = 0; j < r->n; j++) r->x[j] *= r->by[j];
  tt_regress_product(r->p, r->x, r->y);
  for (int64_t j = 0; j < r->n; j++) r->x[j] = r->by[j] * (r->y[j] + r->alpha * r->x[j]);
}

/* The condition of the scaled M without the features that do not vary, from below. */
static double condition(ridge *r)
{
  double size[2] = {0, 0}; /* of M and of its inverse */

  for (int kind = 0; kind < 2; kind++) {
    for (int64_t j = 0; j < r->n; j++) r->x[j] = r->by[j] > 0 ? 1 + (double)(j % 7) / 8 : 0;
    normalize(r->n, r->x);
    for (int i = 0; i < POWER_STEPS; i++) {
      if (kind == 0)
        multiply(r);
      else
        solve_triangles(r, r->x);
      size[kind] = normalize(r->n, r->x);
    }
  }
  return fmax(1, size[0] * size[1]);
}

/* b := b - K (K'K)^-1 K'b, K [n, d] destroyed: b without its part in the null space. */
static tartan_status project(const ridge *r, int64_t d, double *K, double *tau, double *t, double *b)
{
  const int64_t n = r->n;
  tartan_status st = TARTAN_OK;

  TRY(tt_geqrf(r->p->memory, TARTAN_F64, n, d, K, n, tau));
  TRY(tt_orgqr(r->p->memory, TARTAN_F64, n, d, d, K, n, tau));
  for (int twice = 0; twice < 2; twice++) { /* the first may cancel nearly all of b */
    tt_gemv_local(TARTAN_TRANS, n, d, 1, K, n, b, 1, 0, t);
    tt_gemv_local(TARTAN_NO_TRANS, n, d, -1, K, n, t, 1, 1, b);
  }
done:
  return st;
}

/* b of minimum norm through the eigenvectors of the scaled M, in w their values. Uses up M. */
static tartan_status minimum_norm(ridge *r, double *b, int64_t *rank)
{
  const int64_t n = r->n;
  double       *w = NULL, *tau = NULL;
  int64_t       d = 0;
  tartan_status st = TARTAN_OK;

  w = tt_alloc(r->p->memory, n, sizeof *w, "eigenvalues", &st);
  tau = tt_alloc(r->p->memory, n, sizeof *tau, "reflector factors", &st);
  if (st != TARTAN_OK) goto done;
  form(r);
  TRY(tt_syevd(r->p->memory, TARTAN_F64, n, r->M, w, true));
  while (d < n && w[d] <= rounding(n) * w[n - 1]) d++;
  for (int64_t j = 0; j < n; j++) r->x[j] = r->p->q[j] * r->by[j];
  tt_gemv_local(TARTAN_TRANS, n, n - d, 1, r->M + d * n, n, r->x, 1, 0, r->y);
  for (int64_t k = 0; k < n - d; k++) r->y[k] /= w[d + k];
  tt_gemv_local(TARTAN_NO_TRANS, n, n - d, 1, r->M + d * n, n, r->y, 1, 0, b);
  for (int64_t j = 0; j < n; j++) b[j] *= r->by[j];
  for (int64_t k = 0; k < d; k++)
    for (int64_t j = 0; j < n; j++) r->M[j + k * n] *= r->by[j];
  if (d > 0) TRY(project(r, d, r->M, tau, r->y, b));
  *rank = n - d;
  for (int64_t j = 0; j < n; j++) *rank -= r->by[j] == 0; /* their eigenvalue is 1 */
done:
  tt_free(tau);
  tt_free(w);
  return st;
}

static tartan_status solve(ridge *r, bool last, double *b, tt_regress_outcome *outcome)
{
  tartan_status st = TARTAN_OK;

  if (factor(r)) {
    for (int64_t j = 0; j < r->n; j++) b[j] = r->p->q[j] * r->by[j];
    solve_triangles(r, b);
    for (int64_t j = 0; j < r->n; j++) b[j] *= r->by[j];
    if (last) outcome->condition = condition(r);
  } else {
    outcome->singular++;
    if (last) outcome->condition = INFINITY;
    TRY(minimum_norm(r, b, &outcome->rank));
  }
done:
  return st;
}

tartan_status tt_regress_ridge(const tt_regress_problem *p, double alpha, bool last, double *b,
                               tt_regress_outcome *outcome)
{
  const int64_t n = p->n;
  ridge         r = {.p = p, .n = n, .alpha = alpha};
  tartan_status st = TARTAN_OK;

  r.M = tt_alloc(p->memory, n * n, sizeof *r.M, "normal equations", &st);
  r.by = tt_alloc(p->memory, n, sizeof *r.by, "scales of normal equations", &st);
  r.x = tt_alloc(p->memory, n, sizeof *r.x, "a solution", &st);
  r.y = tt_alloc(p->memory, n, sizeof *r.y, "a solution", &st);
  if (st != TARTAN_OK) goto done;
  for (int64_t j = 0; j < n; j++) {
    const double diagonal = p->G[j + j * p->ld];

    r.by[j] = diagonal > 0 ? 1 / sqrt(diagonal + alpha) : 0;
  }
  st = solve(&r, last, b, outcome);
done:
  tt_free(r.y);
  tt_free(r.x);
  tt_free(r.by);
  tt_free(r.M);
  return st;
}
