/* What a model and a spectrum are made of: room, names, and giving both back. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "comm/agree.h"
#include "model/pca_impl.h"

void tt_pca_spectrum_end(tt_pca_spectrum *s)
{
  tartan_matrix_destroy(&s->C);
  tartan_matrix_destroy(&s->V);
  tt_free(s->scale);
  tt_free(s->mean);
  tt_free(s->variance);
  memset(s, 0, sizeof *s);
}

tartan_status tt_pca_allocate(tartan_grid *grid, int64_t n, int64_t k, tartan_pca **model)
{
  tartan_pca   *p = NULL;
  double       *at;
  tartan_status local = TARTAN_OK;

  *model = NULL;
  p = tt_alloc_zero(&grid->memory, 1, sizeof *p, "a model", &local);
  if (local != TARTAN_OK) return local;
  p->numbers = tt_alloc_zero(&grid->memory, k * n + 3 * k + 2 * n, sizeof *p->numbers, "the numbers of a model",
                             &local);
  if (local != TARTAN_OK) {
    tt_free(p);
    return local;
  }
  at = p->numbers;
  p->grid = grid;
  p->v.features = n;
  p->v.components = k;
  p->v.components_ = at;
  p->v.explained_variance_ = at += k * n;
  p->v.explained_variance_ratio_ = at += k;
  p->v.singular_values_ = at += k;
  p->v.mean_ = at += k;
  p->v.scale_ = at + n;
  *model = p;
  return local;
}

void tartan_pca_destroy(tartan_pca **model)
{
  tartan_pca *p = model ? *model : NULL;

  if (!p) return;
  tt_free(p->names);
  tt_free(p->numbers);
  tt_free(p);
  *model = NULL;
}

tartan_status tt_pca_set_names(tartan_pca *model, const char *const *names)
{
  tartan_status local = TARTAN_OK;

  if (names) model->names = tt_texts_copy(&model->grid->memory, model->v.features, names, "feature names", &local);
  model->v.feature_names_in_ = (const char *const *)model->names;
  return local;
}

void tartan_pca_get_values(const tartan_pca *model, tartan_pca_values *values)
{
  *values = model->v;
}

tartan_status tt_pca_require_finite(const tt_nonfinite *bad)
{
  if (bad->count == 0) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_INPUT,
                 "the data has %lld values that are NaN or Inf; the first is %s at sample %lld, feature "
                 "%lld (from zero)%s",
                 (long long)bad->count, bad->is_nan ? "NaN" : "Inf", (long long)bad->row, (long long)bad->col,
                 bad->is_nan ? "; --nan mean replaces NaN by the feature's mean" : "");
}

double tt_pca_scale_of(double variance, double mean, int64_t m)
{
  const double rounding = (double)m * DBL_EPSILON, noise = rounding * mean;

  return variance > rounding * variance + noise * noise ? sqrt(variance) : 1;
}
