/* Cyclic Jacobi rotations (Jacobi 1846) in long double. */
#include "jacobi.h"

#include <math.h>
#include <stdlib.h>

/* One rotation that makes a(p, q) zero, applied to a [n, n] and to the columns of v. */
static void rotate(int64_t n, long double *a, long double *v, int64_t p, int64_t q)
{
  const long double apq = a[p + q * n];
  long double       theta, t, c, s;

  if (apq == 0) return;
  theta = (a[q + q * n] - a[p + p * n]) / (2 * apq);
  t = (theta >= 0 ? 1 : -1) / (fabsl(theta) + sqrtl(theta * theta + 1));
  c = 1 / sqrtl(t * t + 1);
  s = t * c;
  for (int64_t i = 0; i < n; i++) {
    const long double x = a[i + p * n], y = a[i + q * n];

    a[i + p * n] = c * x - s * y;
    a[i + q * n] = s * x + c * y;
  }
  for (int64_t i = 0; i < n; i++) {
    const long double x = a[p + i * n], y = a[q + i * n];

    a[p + i * n] = c * x - s * y;
    a[q + i * n] = s * x + c * y;
  }
  for (int64_t i = 0; i < n; i++) {
    const long double x = v[i + p * n], y = v[i + q * n];

    v[i + p * n] = c * x - s * y;
    v[i + q * n] = s * x + c * y;
  }
}

static void jacobi(int64_t n, long double *a, long double *v)
{
  for (int64_t e = 0; e < n * n; e++) v[e] = e % (n + 1) == 0;
  for (int sweep = 0; sweep < 30; sweep++)
    for (int64_t p = 0; p < n; p++)
      for (int64_t q = p + 1; q < n; q++) rotate(n, a, v, p, q);
}

/* Means and standard deviations (ddof = 1), 0 and 1 where not asked for; constant features have scale 1. */
static void moments(const dense *X, bool center, bool scale, pca_reference *r)
{
  for (int64_t j = 0; j < X->n; j++) {
    long double sum = 0, square = 0;
    bool        constant = true;

    for (int64_t i = 0; i < X->m; i++) {
      sum += AT(*X, i, j);
      constant = constant && AT(*X, i, j) == AT(*X, 0, j);
    }
    r->mean[j] = center ? (double)(sum / X->m) : 0;
    for (int64_t i = 0; i < X->m; i++) {
      const long double d = AT(*X, i, j) - (center ? sum / X->m : 0);

      square += d * d;
    }
    r->scale[j] = scale && !(center && constant) && square > 0 ? (double)sqrtl(square / (X->m - 1)) : 1;
  }
}

/* Columns by falling value, with the sign rule, into r. */
static void deliver(const long double *a, const long double *v, pca_reference *r)
{
  const int64_t n = r->n;
  bool         *used = calloc((size_t)n, sizeof *used);

  for (int64_t k = 0; k < n; k++) {
    int64_t best = -1, i = 0;
    double  largest = 0;

    for (int64_t j = 0; j < n; j++)
      if (!used[j] && (best < 0 || a[j + j * n] > a[best + best * n])) best = j;
    used[best] = true;
    r->variance[k] = (double)(a[best + best * n] > 0 ? a[best + best * n] : 0);
    for (int64_t l = 0; l < n; l++) largest = fmax(largest, (double)fabsl(v[l + best * n]));
    while (!(fabsl(v[i + best * n]) >= (1 - 1e-6) * largest)) i++;
    for (int64_t l = 0; l < n; l++) AT(r->V, l, k) = (double)(v[i + best * n] < 0 ? -v[l + best * n] : v[l + best * n]);
    r->total += k < r->k ? r->variance[k] : 0;
  }
  free(used);
}

pca_reference pca_reference_make(const dense *X, bool center, bool scale)
{
  const int64_t m = X->m, n = X->n;
  pca_reference r = {.m = m, .n = n, .k = m < n ? m : n};
  long double  *a = calloc((size_t)(n * n), sizeof *a), *v = calloc((size_t)(n * n), sizeof *v),
              *mean = calloc((size_t)n, sizeof *mean);

  r.mean = calloc((size_t)n, sizeof *r.mean);
  r.scale = calloc((size_t)n, sizeof *r.scale);
  r.variance = calloc((size_t)n, sizeof *r.variance);
  r.C = dense_new(n, n);
  r.V = dense_new(n, n);
  moments(X, center, scale, &r);
  for (int64_t j = 0; j < n && center; j++) {
    for (int64_t i = 0; i < m; i++) mean[j] += AT(*X, i, j);
    mean[j] /= m;
  }
  for (int64_t p = 0; p < n; p++)
    for (int64_t q = p; q < n; q++) {
      long double sum = 0;

      for (int64_t i = 0; i < m; i++) sum += (AT(*X, i, p) - mean[p]) * (AT(*X, i, q) - mean[q]);
      a[p + q * n] = a[q + p * n] = sum / (m - 1) / ((long double)r.scale[p] * r.scale[q]);
      AT(r.C, p, q) = AT(r.C, q, p) = (double)a[p + q * n];
    }
  jacobi(n, a, v);
  deliver(a, v, &r);
  free(a);
  free(v);
  free(mean);
  return r;
}

void pca_reference_free(pca_reference *r)
{
  free(r->mean);
  free(r->scale);
  free(r->variance);
  dense_free(&r->C);
  dense_free(&r->V);
}

/* scikit-learn's _assess_dimension: log likelihood of `rank` components. */
static double log_likelihood(int64_t m, int64_t n, const double *x, int64_t rank)
{
  const double samples = (double)m, eps = 1e-15;
  double       pu = -(double)rank * log(2), pl = 0, v = 0, pv, pp, pa = 0, free_count;

  if (x[rank - 1] < eps) return -INFINITY;
  for (int64_t i = 1; i <= rank; i++) pu += lgamma((double)(n - i + 1) / 2) - log(M_PI) * (double)(n - i + 1) / 2;
  for (int64_t i = 0; i < rank; i++) pl -= log(x[i]) * samples / 2;
  for (int64_t i = rank; i < n; i++) v += x[i] / (double)(n - rank);
  v = fmax(eps, v);
  pv = -log(v) * samples * (double)(n - rank) / 2;
  free_count = (double)n * (double)rank - (double)rank * ((double)rank + 1) / 2;
  pp = log(2 * M_PI) * (free_count + (double)rank) / 2;
  for (int64_t i = 0; i < rank; i++)
    for (int64_t j = i + 1; j < n; j++) {
      const double y = j < rank ? x[j] : v;

      pa += log((x[i] - x[j]) * (1 / y - 1 / x[i])) + log(samples);
    }
  return pu + pl + pv + pp - pa / 2 - (double)rank * log(samples) / 2;
}

int64_t minka_components(int64_t m, int64_t n, const double *variance)
{
  double  best = -INFINITY;
  int64_t k = 0;

  for (int64_t rank = 1; rank < n; rank++) {
    const double l = log_likelihood(m, n, variance, rank);

    if (l > best) {
      best = l;
      k = rank;
    }
  }
  return k;
}
