/*
 * The TSQR solver: one streaming pass for the triangular factor R of the centered rows, scaled, then the SVD of R. No
 * square of the data is formed: a component of relative size sigma_i / sigma_1 is resolved down to about u, and the data
 * need not fit the memory.
 */
#include <tartan/factor.h>

#include <float.h>
#include <math.h>

#include "base/util.h"
#include "comm/agree.h"
#include "model/pca_impl.h"

/* Scales from the norms of the centered columns. They are the same on every rank. */
static tartan_status scales(const tt_tsqr_result *r, const tartan_pca_opts *opts, int64_t m, tt_pca_spectrum *s)
{
  const double  degrees = sqrt((double)(m - 1));
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < r->R->col.n; j++) {
    const double deviation = r->norm[j] / degrees;

    s->scale[j] = opts->scale ? tt_pca_scale_of(deviation * deviation, r->mean[j], m) : 1;
    REQUIRE(isfinite(r->mean[j]) && isfinite(r->norm[j]) && isfinite(s->scale[j]), TARTAN_ERR_NUMERIC,
            "the values of feature %lld (from zero) are so large that their %s overflows; scale the data", (long long)j,
            isfinite(r->mean[j]) ? "variance" : "sum");
  }
done:
  return st;
}

/* Columns of R divided by their scales. Local. */
static void scale_columns(tartan_matrix *R, const double *scale)
{
  for (int64_t jl = 0; jl < R->nloc; jl++) {
    const double by = scale[tartan_matrix_global_col(R, jl)];
    double      *column = (double *)R->data + jl * R->ld;

    for (int64_t il = 0; il < R->mloc; il++) column[il] /= by;
  }
}

tartan_status tt_pca_solve_tsqr(const tartan_operator *A, const tt_pca_setup *setup, const double *fill,
                                tt_pca_spectrum *s)
{
  const tt_gram_opts opts = {.center = setup->opts.center, .fill = fill};
  const int64_t      n = A->n;
  tartan_grid       *grid = A->grid;
  tartan_svd_opts    svd = TARTAN_SVD_OPTS_INIT;
  tt_tsqr_result     r = {0};
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  s->count = tt_min(A->m, n);
  s->rows = true;
  s->variance = tt_alloc_zero(&grid->memory, n, sizeof *s->variance, "variances", &local);
  s->scale = tt_alloc(&grid->memory, n, sizeof *s->scale, "feature scales", &local);
  AGREE(grid, local);
  TRY(tt_tsqr(A, &opts, &setup->tsqr, &r));
  TRY(tt_pca_require_finite(&r.bad));
  TRY(scales(&r, &setup->opts, A->m, s));
  if (setup->opts.scale) scale_columns(r.R, s->scale);
  if (n <= TARTAN_EIGH_ONE_RANK) svd.method = TARTAN_SVD_ONE_RANK; /* for the same bits on any number of ranks */
  TRY(tartan_svd(r.R, &svd, NULL, s->variance, &s->V, NULL));
  TRY(tt_pca_square(grid, A->m, s));
  s->floor = DBL_EPSILON * sqrt((double)n);
  s->segments = setup->tsqr.segments.count;
  s->mean = r.mean;
  r.mean = NULL;
  if (setup->opts.residual) TRY(tt_pca_keep_rows(r.R, s));
done:
  tt_free(r.mean);
  tartan_matrix_destroy(&r.R);
  return st;
}
