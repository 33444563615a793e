/*
 * How many components: a count; the fewest that explain more than a fraction of the variance; or the most likely number
 * (Minka: Automatic choice of dimensionality for PCA, 2000), with scikit-learn's conventions in both.
 */
#include <math.h>

#include "base/util.h"
#include "model/pca_impl.h"

/* Variances below this are zero to the likelihood. */
#define NOTHING 1e-15

static int64_t choose_by_variance(double fraction, const tt_pca_spectrum *s)
{
  double  total = 0, sum = 0;
  int64_t k = 0;

  for (int64_t i = s->count - 1; i >= 0; i--) total += s->variance[i];
  while (k < s->count && sum <= fraction * total) sum += s->variance[k++];
  return tt_max(1, k);
}

/* log of the volume of the space of k orthonormal vectors of n entries, by the chance of hitting it. */
static double log_uniform(int64_t n, int64_t k)
{
  double sum = -(double)k * log(2);

  for (int64_t i = 1; i <= k; i++) {
    const double h = (double)(n - i + 1) / 2;

    sum += lgamma(h) - h * log(M_PI);
  }
  return sum;
}

/* log det of the Hessian at the best k components: a sum over pairs. */
static double log_hessian(int64_t n, int64_t k, double samples, const double *x, double rest)
{
  double sum = 0;

  for (int64_t i = 0; i < k; i++) {
    for (int64_t j = i + 1; j < n; j++) {
      const double y = j < k ? x[j] : rest;

      sum += log((x[i] - x[j]) * (1 / y - 1 / x[i])) + log(samples);
    }
  }
  return sum;
}

/* Log evidence of k components for n variances x. */
static double evidence(int64_t n, int64_t k, double samples, const double *x)
{
  const double free_parameters = (double)n * (double)k - (double)k * (double)(k + 1) / 2;
  double       logs = 0, rest = 0;

  if (x[k - 1] < NOTHING) return -INFINITY;
  for (int64_t i = 0; i < k; i++) logs += log(x[i]);
  for (int64_t i = k; i < n; i++) rest += x[i];
  rest = fmax(NOTHING, rest / (double)(n - k));
  return log_uniform(n, k) - logs * samples / 2 - log(rest) * samples * (double)(n - k) / 2 +
         log(2 * M_PI) * (free_parameters + (double)k) / 2 - log_hessian(n, k, samples, x, rest) / 2 -
         (double)k * log(samples) / 2;
}

/* Variances that are rounding errors of the solver count as zero, as they are in exact arithmetic. */
static int64_t choose_by_evidence(int64_t m, int64_t n, const tt_pca_spectrum *s)
{
  const double noise = s->variance[0] * s->floor * s->floor;
  double       best = -INFINITY;
  int64_t      k = 1;

  for (int64_t i = 0; i < n; i++)
    if (s->variance[i] < noise) s->variance[i] = 0;
  for (int64_t i = 1; i < n; i++) {
    const double e = evidence(n, i, (double)m, s->variance);

    if (e > best) {
      best = e;
      k = i;
    }
  }
  return k;
}

int64_t tt_pca_choose(const tartan_pca_opts *opts, int64_t m, int64_t n, const tt_pca_spectrum *s)
{
  if (opts->components > 0) return opts->components;
  if (opts->variance > 0) return choose_by_variance(opts->variance, s);
  if (opts->mle) return choose_by_evidence(m, n, s);
  return s->count;
}
