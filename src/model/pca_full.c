/*
 * The full solver: all rows in memory as f64, centered, then the SVD. Backward stable: a component of relative size
 * sigma_i / sigma_1 is resolved down to about u.
 */
#include <tartan/factor.h>

#include <float.h>
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "model/pca_impl.h"

/* NaN or Inf in this rank's rows: how many of all, and the first. Collective. */
static tartan_status require_finite(const tartan_matrix *T)
{
  tt_nonfinite  bad = {.count = 0};
  tartan_status st = TARTAN_OK;

  if (T->nloc > 0) tt_nonfinite_note(TT_EL_F64, T->data, tartan_matrix_global_col(T, 0), T->nloc, T->mloc, &bad);
  TRY(tt_nonfinite_agree(T->grid, T->mloc, &bad));
  TRY(tt_pca_require_finite(&bad));
done:
  return st;
}

/* sum[j] := sum over all samples of T(j, .) - shift[j], or of its square. Collective. */
static tartan_status feature_sums(const tartan_matrix *T, const double *shift, bool squared, double *sum)
{
  const int64_t n = T->row.n;
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < n; j++) sum[j] = 0;
  for (int64_t i = 0; i < T->nloc; i++) {
    const double *x = (const double *)T->data + i * T->ld;

    for (int64_t j = 0; j < n; j++) sum[j] += squared ? (x[j] - shift[j]) * (x[j] - shift[j]) : x[j] - shift[j];
  }
  TRY(tt_allreduce_f64(T->grid, sum, n, TT_SUM));
done:
  return st;
}

/* Means (twice: the second sum takes away the rounding of the first) and scales; T := (T - mean) / scale. Collective. */
static tartan_status center_and_scale(tartan_matrix *T, const tartan_pca_opts *opts, double *work, tt_pca_spectrum *s)
{
  const int64_t n = T->row.n;
  const double  m = (double)T->col.n;
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < n; j++) {
    s->mean[j] = 0;
    s->scale[j] = 1;
  }
  for (int round = 0; round < 2 && opts->center; round++) {
    TRY(feature_sums(T, s->mean, false, work));
    for (int64_t j = 0; j < n; j++) s->mean[j] += work[j] / m;
  }
  if (opts->scale) {
    TRY(feature_sums(T, s->mean, true, work));
    for (int64_t j = 0; j < n; j++) s->scale[j] = tt_pca_scale_of(work[j] / (m - 1), s->mean[j], T->col.n);
  }
  for (int64_t j = 0; j < n; j++)
    REQUIRE(isfinite(s->mean[j]) && isfinite(s->scale[j]), TARTAN_ERR_NUMERIC,
            "the values of feature %lld (from zero) are so large that their %s overflows; scale the data", (long long)j,
            isfinite(s->mean[j]) ? "variance" : "sum");
  for (int64_t i = 0; i < T->nloc; i++) {
    double *x = (double *)T->data + i * T->ld;

    for (int64_t j = 0; j < n; j++) x[j] = (x[j] - s->mean[j]) / s->scale[j];
  }
done:
  return st;
}

tartan_status tt_pca_square(tartan_grid *grid, int64_t m, tt_pca_spectrum *s)
{
  tartan_status st = TARTAN_OK;

  for (int64_t i = 0; i < s->count; i++) s->variance[i] *= s->variance[i] / (double)(m - 1);
  REQUIRE(s->count == 0 || isfinite(s->variance[0]), TARTAN_ERR_NUMERIC,
          "the values are so large that their variances overflow; scale the data");
  if (s->count > 0 && s->variance[0] < DBL_MIN / DBL_EPSILON && s->variance[0] > 0)
    tt_grid_warn(grid, "the values are so small that their variances underflow: scale the data");
done:
  return st;
}

tartan_status tt_pca_keep_rows(const tartan_matrix *X, tt_pca_spectrum *s)
{
  tartan_grid  *grid = X->grid;
  int64_t      *starts = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *starts, "the ranges of a pass", &local);
  AGREE(grid, local);
  tt_rows_partition(X->row.n, 1, grid->size, starts);
  st = tt_matrix_create_ranges(grid, TARTAN_F64, X->col.n, X->row.n, starts, NULL, &s->C);
  if (st == TARTAN_ERR_NOMEM) { /* every rank alike: then there is no residual */
    tt_grid_warn(grid, "no memory is left for the residual of the components: it was not computed");
    st = TARTAN_OK;
    goto done;
  }
  TRY(st);
  TRY(tartan_matrix_copy(TARTAN_TRANS, X, s->C));
done:
  tt_free(starts);
  return st;
}

tartan_status tt_pca_solve_full(const tartan_operator *A, const tt_pca_setup *setup, const double *fill,
                                tt_pca_spectrum *s)
{
  const int64_t      n = A->n;
  tartan_grid       *grid = A->grid;
  tartan_matrix_opts layout = TARTAN_MATRIX_OPTS_INIT;
  tartan_matrix     *T = NULL, *X = NULL;
  int64_t           *starts = NULL;
  double            *work = NULL;
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  s->count = tt_min(A->m, n);
  s->rows = true;
  s->variance = tt_alloc_zero(&grid->memory, s->count, sizeof *s->variance, "variances", &local);
  s->mean = tt_alloc(&grid->memory, n, sizeof *s->mean, "feature means", &local);
  s->scale = tt_alloc(&grid->memory, n, sizeof *s->scale, "feature scales", &local);
  work = tt_alloc(&grid->memory, n, sizeof *work, "feature sums", &local);
  starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *starts, "the ranges of a pass", &local);
  AGREE(grid, local);
  tt_rows_partition(A->m, 1, grid->size, starts);
  TRY(tt_operator_to_ranges(A, starts, fill, &T));
  TRY(require_finite(T));
  TRY(center_and_scale(T, &setup->opts, work, s));
  layout.p = A->m >= n ? grid->size : 1; /* whole rows, or whole columns, on a rank: the data spreads over all */
  layout.q = A->m >= n ? 1 : grid->size;
  TRY(tt_matrix_clone(TARTAN_TRANS, T, TARTAN_F64, &layout, &X));
  tartan_matrix_destroy(&T);
  TRY(tartan_svd(X, NULL, NULL, s->variance, &s->V, NULL));
  TRY(tt_pca_square(grid, A->m, s));
  s->floor = DBL_EPSILON * sqrt((double)tt_max(A->m, n));
  if (setup->opts.residual) TRY(tt_pca_keep_rows(X, s));
done:
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&T);
  tt_free(starts);
  tt_free(work);
  return st;
}
