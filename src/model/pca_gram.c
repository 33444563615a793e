/* The Gram solver: one streaming pass, scaled to the covariance or correlation matrix, then its eigen-decomposition. */
#include <tartan/factor.h>

#include <float.h>
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "model/pca_impl.h"

/*
 * The data is finite, so an element of G that is not says that squares overflowed; a largest element near the smallest
 * normal number says that they underflow. Collective.
 */
static tartan_status require_range(const tartan_matrix *G)
{
  double        largest[2] = {0, 0}; /* off range or not, and |G| on the diagonal and below */
  tartan_status st = TARTAN_OK;

  for (int64_t jl = 0; jl < G->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(G, jl);

    for (int64_t il = 0; il < G->mloc; il++) {
      const double x = fabs(((double *)G->data)[il + jl * G->ld]);

      if (tartan_matrix_global_row(G, il) < j) continue;
      if (isfinite(x))
        largest[1] = fmax(largest[1], x);
      else
        largest[0] = 1;
    }
  }
  TRY(tt_allreduce_f64(G->grid, largest, 2, TT_MAX));
  REQUIRE(largest[0] == 0, TARTAN_ERR_NUMERIC,
          "the values are so large that their squares overflow in the Gram matrix; scale the data, or --solver full");
  if (largest[1] < DBL_MIN / DBL_EPSILON && largest[1] > 0)
    tt_grid_warn(G->grid, "the values are so small that their squares underflow: scale the data");
done:
  return st;
}

/* Standard deviations from the diagonal of G (ddof = 1), 1 where constant, on every rank. Collective. */
static tartan_status standard_deviations(const tartan_matrix *G, int64_t m, const double *mean, double *scale)
{
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < G->row.n; j++) {
    const int64_t il = tartan_matrix_local_row(G, j), jl = tartan_matrix_local_col(G, j);

    scale[j] = il >= 0 && jl >= 0 ? ((double *)G->data)[il + jl * G->ld] : -1;
  }
  TRY(tt_allreduce_f64(G->grid, scale, G->row.n, TT_MAX));
  for (int64_t j = 0; j < G->row.n; j++) scale[j] = tt_pca_scale_of(scale[j] / (double)(m - 1), mean[j], m);
done:
  return st;
}

/* G := G / (m - 1), divided by the scales of its row and column. Local. */
static void to_covariance(tartan_matrix *G, double m, const double *scale)
{
  for (int64_t jl = 0; jl < G->nloc; jl++) {
    const double sj = scale[tartan_matrix_global_col(G, jl)] * (m - 1);

    for (int64_t il = 0; il < G->mloc; il++)
      ((double *)G->data)[il + jl * G->ld] /= sj * scale[tartan_matrix_global_row(G, il)];
  }
}

tartan_status tt_pca_solve_gram(const tartan_operator *A, const tt_pca_setup *setup, const double *fill,
                                tt_pca_spectrum *s)
{
  const tt_gram_opts opts = {.center = setup->opts.center, .fill = fill};
  const int64_t      n = A->n;
  tartan_grid       *grid = A->grid;
  tt_gram_result     r = {0};
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  s->variance = tt_alloc_zero(&grid->memory, n, sizeof *s->variance, "variances", &local);
  s->scale = tt_alloc(&grid->memory, n, sizeof *s->scale, "feature scales", &local);
  AGREE(grid, local);
  TRY(tt_gram(A, &opts, &setup->gram, &r));
  TRY(tt_pca_require_finite(&r.bad));
  TRY(require_range(r.G));
  if (setup->opts.scale)
    TRY(standard_deviations(r.G, A->m, r.mean, s->scale));
  else
    for (int64_t j = 0; j < n; j++) s->scale[j] = 1;
  to_covariance(r.G, (double)A->m, s->scale);
  if (setup->solver == TARTAN_PCA_KRYLOV)
    TRY(tt_pca_eigen_krylov(r.G, setup->opts.components, s));
  else
    TRY(tartan_eigh(r.G, NULL, s->variance, &s->V, NULL));
  s->count = tt_min(A->m, n);
  for (int64_t j = 0; j < n; j++) s->variance[j] = s->variance[j] > 0 ? s->variance[j] : 0;
  s->floor = sqrt(DBL_EPSILON * (double)n);
  s->segments = setup->gram.segments.count;
  s->mean = r.mean;
  r.mean = NULL;
  if (setup->opts.residual) {
    s->C = r.G;
    r.G = NULL;
  }
done:
  tt_free(r.mean);
  tartan_matrix_destroy(&r.G);
  return st;
}
