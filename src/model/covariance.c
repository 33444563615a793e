/* One Gram pass about the means, scaled, and its lower triangle copied to the upper. */
#include "model/covariance.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "matrix/triangle.h"
#include "model/pca_impl.h"

/* Whether values are replaced at all: integers have no NaN. */
static bool fills(const tartan_operator *A, const tt_covariance_opts *opts)
{
  return opts->fill && !tt_element_is_integer(A->element);
}

tartan_status tt_covariance_plan(const tartan_operator *A, const tt_covariance_opts *opts, int64_t bytes,
                                 tt_gram_plan *gram, tartan_cost *cost)
{
  const double       none = 0;
  const tt_gram_opts pass = {.center = true, .fill = fills(A, opts) ? &none : NULL};
  double             need;
  bool               fits;
  tartan_status      st = TARTAN_OK;

  memset(cost, 0, sizeof *cost);
  memset(gram, 0, sizeof *gram);
  REQUIRE((double)A->m > opts->ddof, TARTAN_ERR_ARG,
          "a covariance with ddof %g needs more than %g samples, the data has %lld", opts->ddof, opts->ddof,
          (long long)A->m);
  REQUIRE(A->m >= 2 || !opts->correlation, TARTAN_ERR_ARG, "correlations need at least 2 samples, the data has %lld",
          (long long)A->m);
  fits = tt_gram_plan_make(A, &pass, A->grid->size, A->grid->threads, bytes, gram) == TARTAN_OK;
  need = fmax((double)gram->memory + 24 * (double)A->n,
              tt_matrix_mirror_bytes(A->grid, A->n, gram->tile) + 40 * (double)A->n);
  snprintf(cost->algorithm, sizeof cost->algorithm, "gram");
  snprintf(cost->reason, sizeof cost->reason,
           "one pass, memory of n^2 whatever the number of samples; %lld segment%s of about %lld rows",
           (long long)gram->segments.count, TT_S(gram->segments.count), (long long)(A->m / gram->segments.count));
  cost->flops = gram->flops;
  cost->words = gram->words + (A->grid->size > 1 ? (double)A->n : 0); /* the diagonal to everybody */
  cost->words_redistributed = A->grid->size > 1 ? (double)A->n * (double)A->n / A->grid->size : 0;
  cost->memory = need;
  cost->passes = 1 + fills(A, opts);
  cost->bytes_read = cost->passes * (double)A->m * (double)A->n * (double)tt_element_size(A->element) / A->grid->size;
  cost->grid[0] = A->grid->p;
  cost->grid[1] = A->grid->q;
  cost->grid[2] = 1;
  if (!fits || (bytes > 0 && need > (double)bytes)) return TARTAN_ERR_NOMEM;
done:
  return st;
}

/*
 * The diagonal of G on every rank, refused if any of it is not finite: the data is, so squares overflowed. No other element
 * of a Gram matrix is larger than the diagonal's largest. Ranks agree on the first such feature by itself, since a NaN may
 * get lost in a maximum. Collective.
 */
static tartan_status find_diagonal(const tartan_matrix *G, double *diagonal)
{
  int64_t       overflowed = G->row.n;
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < G->row.n; j++) {
    const int64_t il = tartan_matrix_local_row(G, j), jl = tartan_matrix_local_col(G, j);

    diagonal[j] = il >= 0 && jl >= 0 ? ((double *)G->data)[il + jl * G->ld] : -1;
    if (!isfinite(diagonal[j])) overflowed = tt_min(overflowed, j);
  }
  TRY(tt_agree_least(G->grid, &overflowed));
  REQUIRE(overflowed == G->row.n, TARTAN_ERR_NUMERIC,
          "the values of feature %lld (from zero) are so large that their squares overflow; scale the data",
          (long long)overflowed);
  TRY(tt_allreduce_f64(G->grid, diagonal, G->row.n, TT_MAX));
done:
  return st;
}

/* A diagonal near the smallest normal number says that squares underflowed. Local. */
static void warn_of_underflow(tartan_grid *grid, int64_t n, const double *diagonal)
{
  double largest = 0;

  for (int64_t j = 0; j < n; j++) largest = fmax(largest, diagonal[j]);
  if (largest > 0 && largest < DBL_MIN / DBL_EPSILON)
    tt_grid_warn(grid, "the values are so small that their squares underflow: scale the data");
}

/* Standard deviations from the diagonal; what varies less than rounding does counts as constant, with 0. Local. */
static void standard_deviations(const tartan_operator *A, double ddof, const double *diagonal, tt_covariance_result *r)
{
  for (int64_t j = 0; j < A->n; j++) {
    const double variance = diagonal[j] / (double)(A->m - 1), sigma = tt_pca_scale_of(variance, r->mean[j], A->m);
    const bool   varies = sigma != 1 || variance == 1;

    r->scale[j] = varies ? sqrt(diagonal[j] / ((double)A->m - ddof)) : 0;
    if (!varies && r->constant++ == 0) r->first_constant = j;
  }
}

/* The value of a correlation, whatever rounding made of it. */
static double to_correlation(double covariance, double si, double sj)
{
  const double r = si > 0 && sj > 0 ? covariance / si / sj : 0;

  return r > 1 ? 1 : r < -1 ? -1 : r;
}

/* The triangle of G, and what lies above it, to covariances or correlations. Local. */
static void scale_matrix(tartan_matrix *G, double divisor, bool correlation, const double *scale)
{
  for (int64_t jl = 0; jl < G->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(G, jl);
    double       *g = (double *)G->data + jl * G->ld;

    for (int64_t il = 0; il < G->mloc; il++) {
      const int64_t i = tartan_matrix_global_row(G, il);

      g[il] /= divisor;
      if (i == j && g[il] < 0) g[il] = 0; /* of a constant feature, by rounding */
      if (correlation) g[il] = i == j ? 1 : to_correlation(g[il], scale[i], scale[j]);
    }
  }
}

void tt_covariance_free(tt_covariance_result *r)
{
  tartan_matrix_destroy(&r->C);
  tt_free(r->mean);
  tt_free(r->scale);
  memset(r, 0, sizeof *r);
}

tartan_status tt_covariance(const tartan_operator *A, const tt_covariance_opts *opts, const tt_gram_plan *gram,
                            tt_covariance_result *r)
{
  tartan_grid   *grid = A->grid;
  const int64_t  n = A->n;
  tt_gram_opts   pass = {.center = true};
  tt_gram_result g = {0};
  double        *fill = NULL, *diagonal = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  memset(r, 0, sizeof *r);
  if (fills(A, opts)) fill = tt_alloc(&grid->memory, n, sizeof *fill, "feature means", &local);
  diagonal = tt_alloc(&grid->memory, n, sizeof *diagonal, "variances", &local);
  r->scale = tt_alloc_zero(&grid->memory, n, sizeof *r->scale, "feature scales", &local);
  AGREE(grid, local);
  if (fill) TRY(tt_column_means(A, fill, &r->nan_replaced));
  pass.fill = fill;
  TRY(tt_gram(A, &pass, gram, &g));
  TRY(tt_pca_require_finite(&g.bad));
  r->C = g.G;
  r->mean = g.mean;
  g.mean = NULL;
  TRY(find_diagonal(r->C, diagonal));
  warn_of_underflow(grid, n, diagonal);
  if (opts->correlation) standard_deviations(A, opts->ddof, diagonal, r);
  for (int64_t j = 0; j < n; j++) r->total += fmax(0, diagonal[j]) / ((double)A->m - opts->ddof);
  scale_matrix(r->C, (double)A->m - opts->ddof, opts->correlation, r->scale);
  TRY(tt_matrix_mirror(TARTAN_LOWER, r->C));
done:
  tt_free(g.mean);
  tt_free(diagonal);
  tt_free(fill);
  if (st != TARTAN_OK) tt_covariance_free(r);
  return st;
}
