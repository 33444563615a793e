/*
 * Matching features by name: both lists are sorted and walked side by side. Equal names in one list pair up in order.
 * The same on every rank, without communication but for the agreement on memory.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "model/pca_impl.h"

/* A name and where it stands. */
typedef struct place {
  const char *name;
  int64_t     at;
} place;

static int compare_places(const void *a, const void *b)
{
  const place *x = a, *y = b;
  const int    order = strcmp(x->name, y->name);

  return order ? order : (x->at > y->at) - (x->at < y->at);
}

static place *sorted_places(tt_memory *mem, int64_t count, const char *const *names, tartan_status *local)
{
  place *list = tt_alloc(mem, count, sizeof *list, "feature names in order", local);

  for (int64_t i = 0; list && i < count; i++) list[i] = (place){names[i], i};
  if (list) qsort(list, (size_t)count, sizeof *list, compare_places);
  return list;
}

static bool same_names(int64_t m, const char *const *a, int64_t n, const char *const *b)
{
  for (int64_t i = 0; i < m && m == n; i++)
    if (strcmp(a[i], b[i]) != 0) return false;
  return m == n;
}

/* source[j] := the model's feature that stands at place j of the data, or the first that is in one list only. Local. */
static tartan_status pair(const place *model, int64_t n, const place *data, int64_t m, int64_t *source)
{
  const place *lacking = NULL, *unknown = NULL;

  for (int64_t i = 0, j = 0; i < n || j < m;) {
    const int order = i == n ? 1 : j == m ? -1 : strcmp(model[i].name, data[j].name);

    if (order == 0) source[data[j].at] = model[i].at;
    if (order < 0 && (!lacking || model[i].at < lacking->at)) lacking = &model[i];
    if (order > 0 && (!unknown || data[j].at < unknown->at)) unknown = &data[j];
    i += order <= 0;
    j += order >= 0;
  }
  if (lacking) return tt_fail(TARTAN_ERR_INPUT, "the data lacks the model's feature \"%.200s\"", lacking->name);
  if (unknown) return tt_fail(TARTAN_ERR_INPUT, "the model does not know the data's feature \"%.200s\"", unknown->name);
  return TARTAN_OK;
}

/* The model with its features in another order. Local. */
static tartan_status permute(const tartan_pca *model, const int64_t *source, tartan_pca **matched)
{
  const tartan_pca_values *v = &model->v;
  const int64_t            n = v->features, k = v->components;
  tartan_status            st = tt_pca_allocate(model->grid, n, k, matched);
  tartan_pca_values       *to;
  double                  *at;

  if (st != TARTAN_OK) return st;
  at = (*matched)->numbers;
  memcpy(at, model->numbers, (size_t)(k * n + 3 * k + 2 * n) * sizeof *at);
  for (int64_t c = 0; c < k; c++)
    for (int64_t j = 0; j < n; j++) at[c * n + j] = v->components_[c * n + source[j]];
  at += k * n + 3 * k;
  for (int64_t j = 0; j < n; j++) {
    at[j] = v->mean_[source[j]];
    at[n + j] = v->scale_[source[j]];
  }
  to = &(*matched)->v;
  to->samples = v->samples;
  to->noise_variance_ = v->noise_variance_;
  to->total_variance_ = v->total_variance_;
  to->center = v->center;
  to->scale = v->scale;
  to->whiten = v->whiten;
  return st;
}

tartan_status tt_pca_match(const tartan_pca *model, const tartan_operator *A, tartan_pca **matched)
{
  tt_memory    *mem = &model->grid->memory;
  const int64_t n = model->v.features;
  place        *ours = NULL, *theirs = NULL;
  int64_t      *source = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *matched = NULL;
  REQUIRE(A->grid == model->grid, TARTAN_ERR_GRID, "the data and the model lie on two grids");
  if (!A->names || !model->names) {
    REQUIRE(A->n == n, TARTAN_ERR_SHAPE, "the data has %lld features, the model %lld", (long long)A->n, (long long)n);
    goto done;
  }
  if (same_names(n, model->v.feature_names_in_, A->n, (const char *const *)A->names)) goto done;
  ours = sorted_places(mem, n, model->v.feature_names_in_, &local);
  theirs = sorted_places(mem, A->n, (const char *const *)A->names, &local);
  source = tt_alloc(mem, A->n, sizeof *source, "the order of features", &local);
  AGREE(model->grid, local);
  TRY(pair(ours, n, theirs, A->n, source));
  AGREE(model->grid, permute(model, source, matched));
done:
  tt_free(source);
  tt_free(theirs);
  tt_free(ours);
  if (st != TARTAN_OK) tartan_pca_destroy(matched);
  return st;
}
