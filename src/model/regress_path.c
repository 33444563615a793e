/*
 * Coordinate descent with covariance updates for lasso and elastic net. The product H = G b is kept, so a coordinate that
 * stays at zero costs three loads and one that changes costs one column of G: the active set needs no list. A penalty
 * starts from the solution of the one before. It ends as in scikit-learn: no coordinate changed by more than the tolerance
 * times the largest, and the duality gap is below the tolerance times |y|^2.
 *
 * Source: Friedman, Hastie, Tibshirani 2010; the gap as in scikit-learn 1.2 (Kim, Koh, Lustig, Boyd, Gorinevsky 2007).
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/gemv.h"
#include "model/regress_impl.h"

/* The gap is a difference of sums of the size of y'y: below this, times y'y, it is rounding. */
#define GAP_FLOOR (64 * DBL_EPSILON)

/* One penalty on its way, in scikit-learn's scaling: |y - X b|^2 / 2 + l1 |b|_1 + l2 |b|^2 / 2. */
typedef struct descent {
  const tt_regress_problem *p;
  double                    l1, l2;
  double                   *b, *H, *diagonal; /* [n] */
} descent;

void tt_regress_product(const tt_regress_problem *p, const double *b, double *y)
{
  tt_gemv_local(TARTAN_NO_TRANS, p->n, p->n, 1, p->G, p->ld, b, 1, 0, y);
}

/* Minimises over the j-th coordinate; the change of it. */
static double step(descent *d, int64_t j)
{
  const double before = d->b[j], z = d->p->q[j] - d->H[j] + d->diagonal[j] * before;
  const double size = fabs(z) - d->l1, after = size > 0 ? copysign(size, z) / (d->diagonal[j] + d->l2) : 0;

  if (after == before) return 0;
  tt_add_scaled(d->p->n, after - before, d->p->G + j * d->p->ld, d->H);
  d->b[j] = after;
  return fabs(after - before);
}

/* One sweep: the largest change, relative to the largest coefficient; 0 if all are zero. */
static double sweep(descent *d)
{
  double change = 0, largest = 0;

  for (int64_t j = 0; j < d->p->n; j++) {
    if (d->diagonal[j] <= 0) continue; /* does not vary */
    change = fmax(change, step(d, j));
    largest = fmax(largest, fabs(d->b[j]));
  }
  return largest > 0 ? change / largest : 0;
}

/*
 * The duality gap over y'y, from a product H without the roundings of the updates. Under a penalty below the rounding of
 * gradients no gradient is within the penalty: there rounding counts as zero.
 */
static double duality_gap(descent *d)
{
  double fit = 0, square = 0, absolute = 0, length = 0, dual = 0, rounding = 0, residual, shrink, gap;

  tt_regress_product(d->p, d->b, d->H);
  for (int64_t j = 0; j < d->p->n; j++) {
    const double b = d->b[j];

    fit += b * d->p->q[j];
    square += b * d->H[j];
    absolute += fabs(b);
    length += b * b;
    dual = fmax(dual, fabs(d->p->q[j] - d->H[j] - d->l2 * b));
    rounding = fmax(rounding, GAP_FLOOR * fabs(d->p->q[j]));
  }
  if (dual < rounding) dual = 0;
  residual = fmax(0, d->p->yy - 2 * fit + square);
  shrink = dual > d->l1 ? d->l1 / dual : 1;
  gap = 0.5 * residual * (1 + shrink * shrink) + d->l1 * absolute - shrink * (d->p->yy - fit) +
        0.5 * d->l2 * (1 + shrink * shrink) * length;
  return fmax(0, gap) / d->p->yy;
}

void tt_regress_descend(const tt_regress_problem *p, const tartan_regress_opts *opts, double alpha, double *b,
                        double *work, tt_regress_outcome *outcome)
{
  const double m = (double)p->m, ratio = opts->model == TARTAN_REGRESS_LASSO ? 1 : opts->l1_ratio;
  const double least = fmax(opts->tolerance, GAP_FLOOR);
  descent      d = {.p = p, .l1 = m * alpha * ratio, .l2 = m * alpha * (1 - ratio), .b = b, .H = work};
  double       gap = INFINITY;

  if (p->yy <= 0) {
    memset(b, 0, (size_t)p->n * sizeof *b);
    return;
  }
  d.diagonal = work + p->n;
  for (int64_t j = 0; j < p->n; j++) d.diagonal[j] = p->G[j + j * p->ld];
  tt_regress_product(p, b, d.H);
  for (int64_t i = 0; i < opts->iterations; i++) {
    const bool last = i + 1 == opts->iterations;

    outcome->sweeps++;
    if (sweep(&d) >= least && !last) continue;
    gap = duality_gap(&d);
    if (gap < least) break;
  }
  outcome->gap = fmax(outcome->gap, gap);
  if (!(gap < least)) outcome->converged = 0;
}
