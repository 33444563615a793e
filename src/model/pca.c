/*
 * Fitting: prepare (check, choose, predict), means of missing values if asked for, one of the solvers for the whole
 * spectrum, then k is chosen, signs are fixed from V alone, and the first k vectors go to every rank.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ext/vendor.h"
#include <tartan/factor.h>

#include "model/pca_impl.h"

/* Numbers of the chosen components. Local. */
static void fill_numbers(const tt_pca_setup *setup, const tartan_operator *A, const tt_pca_spectrum *s, tartan_pca *p)
{
  const int64_t k = p->v.components, n = A->n;
  double       *at = p->numbers + k * n, *ratio = at + k, *sigma = at + 2 * k, *mean = at + 3 * k;
  double        total = 0, left = 0;

  for (int64_t i = s->count - 1; i >= 0; i--) { /* small ones first */
    total += s->variance[i];
    if (i >= k) left += s->variance[i];
  }
  if (s->found > 0) {
    left = fmax(0, s->total - total);
    total = fmax(total, s->total);
  }
  for (int64_t i = 0; i < k; i++) {
    at[i] = s->variance[i];
    ratio[i] = total > 0 ? s->variance[i] / total : 0;
    sigma[i] = sqrt(s->variance[i] * (double)(A->m - 1));
  }
  memcpy(mean, s->mean, (size_t)n * sizeof *mean);
  memcpy(mean + n, s->scale, (size_t)n * sizeof *mean);
  p->v.samples = A->m;
  p->v.total_variance_ = total;
  p->v.noise_variance_ = s->count > k ? left / (double)(s->count - k) : 0;
  p->v.center = setup->opts.center;
  p->v.scale = setup->opts.scale;
  p->v.whiten = setup->opts.whiten;
}

/* The first k vectors, whose signs the solver has fixed, row-major [k, n], on every rank. Collective. */
static tartan_status deliver_vectors(const tt_pca_spectrum *s, tartan_pca *p)
{
  const int64_t  k = p->v.components, n = p->v.features;
  tartan_matrix *first = NULL, *turned = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_matrix_view(s->V, 0, 0, s->rows ? k : n, s->rows ? n : k, &first));
  if (s->rows) TRY(tt_matrix_clone(TARTAN_TRANS, first, TARTAN_F64, NULL, &turned));
  TRY(tartan_matrix_gather(turned ? turned : first, 0, p->numbers));
  TRY(tt_bcast(p->grid, p->numbers, k * n, sizeof *p->numbers, 0));
done:
  tartan_matrix_destroy(&turned);
  tartan_matrix_destroy(&first);
  return st;
}

tartan_status tt_pca_same_blas(tartan_grid *grid, bool *same)
{
  const int     threads = tt_blas_set_threads(grid->threads);
  char          text[256];
  int64_t       hash[2] = {17, 0};
  tartan_status st = TARTAN_OK;

  if (threads > 0) tt_blas_set_threads(threads);
  *same = threads > 0 && !tt_blas_conflict(text, sizeof text);
  tt_blas_describe(text, sizeof text);
  for (const char *c = text; *c; c++) hash[0] = (hash[0] * 31 + *c) % 1000000007;
  hash[0] = *same ? hash[0] : -1;
  hash[1] = -hash[0];
  TRY(tt_allreduce_i64(grid, hash, 2, TT_MAX));
  *same = hash[0] == -hash[1] && hash[0] >= 0;
  if (!*same)
    tt_grid_warn(grid, "ranks have different BLAS libraries or cores: other rank counts may give other last bits");
done:
  return st;
}

/* What is told about a fit. Collective. */
static tartan_status fill_info(const tartan_pca *model, const tt_pca_setup *setup, const tt_pca_spectrum *s,
                               int64_t missing, double begin, tartan_pca_info *info)
{
  tartan_status st = TARTAN_OK;

  memset(info, 0, sizeof *info);
  info->plan = setup->plan;
  info->floor = s->floor;
  info->nan_replaced = missing;
  info->segments = s->segments;
  TRY(tt_pca_same_blas(model->grid, &info->reproducible));
  info->reproducible &= (setup->solver == TARTAN_PCA_GRAM || setup->solver == TARTAN_PCA_TSQR) &&
                        model->v.features <= TARTAN_EIGH_ONE_RANK;
  info->residual = -1;
  if (s->C) st = tt_pca_residual(s, model, &info->residual);
  if (st == TARTAN_ERR_NOMEM) { /* every rank alike: no reason to lose a finished fit */
    tt_grid_warn(model->grid, "no memory is left for the residual of the components: it was not computed");
    info->residual = -1;
    st = TARTAN_OK;
  }
  if (st != TARTAN_OK) goto done;
  info->seconds = tt_seconds() - begin;
  TRY(tt_allreduce_f64(model->grid, &info->seconds, 1, TT_MAX));
done:
  return st;
}

tartan_status tartan_pca_fit(const tartan_operator *A, const tartan_pca_opts *opts, tartan_pca **model,
                             tartan_pca_info *info)
{
  const double    begin = tt_seconds();
  tartan_grid    *grid = A->grid;
  tt_pca_setup    setup;
  tt_pca_spectrum s = {0};
  tartan_pca     *p = NULL;
  double         *fill = NULL;
  int64_t         missing = 0;
  tartan_status   st = TARTAN_OK, local = TARTAN_OK;

  *model = NULL;
  TRY(tt_pca_prepare(A, opts, &setup));
  if (!info) setup.opts.residual = false;
  if (setup.opts.nan == TARTAN_PCA_NAN_MEAN && !tt_element_is_integer(A->element)) {
    fill = tt_alloc(&grid->memory, A->n, sizeof *fill, "feature means", &local);
    AGREE(grid, local);
    TRY(tt_column_means(A, fill, &missing));
  }
  if (setup.solver == TARTAN_PCA_FULL)
    TRY(tt_pca_solve_full(A, &setup, fill, &s));
  else if (setup.solver == TARTAN_PCA_TSQR)
    TRY(tt_pca_solve_tsqr(A, &setup, fill, &s));
  else
    TRY(tt_pca_solve_gram(A, &setup, fill, &s));
  AGREE(grid, tt_pca_allocate(grid, A->n, tt_pca_choose(&setup.opts, A->m, A->n, &s), &p));
  fill_numbers(&setup, A, &s, p);
  TRY(deliver_vectors(&s, p));
  AGREE(grid, tt_pca_set_names(p, A->names));
  if (info) TRY(fill_info(p, &setup, &s, missing, begin, info));
  *model = p;
  p = NULL;
done:
  tartan_pca_destroy(&p);
  tt_pca_spectrum_end(&s);
  tt_free(fill);
  return st;
}

tartan_status tartan_pca_plan(const tartan_operator *A, const tartan_pca_opts *opts, tartan_cost *plan)
{
  tt_pca_setup  setup;
  tartan_status st = TARTAN_OK;

  TRY(tt_pca_prepare(A, opts, &setup));
  TRY(tt_pca_predict_seconds(A, &setup));
  *plan = setup.plan;
done:
  return st;
}
