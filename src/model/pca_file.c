/* Models in files, with scikit-learn's names; docs/formats.md describes them for readers. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/output.h"
#include "io/small.h"
#include "kernel/convert.h"
#include "model/pca_impl.h"

#define FORMAT "tartan-pca"

/* Where scores go: the output, in its dtype. */
typedef struct score_writer {
  tt_output   *out;
  tartan_grid *grid;
  tartan_dtype dtype;
  int64_t      k;
  float       *narrow; /* a slab in f32 */
  int64_t      room;
} score_writer;

/* Writes a slab of scores. Collective. */
static tartan_status write_scores(void *context, int64_t row0, int64_t rows, const double *scores)
{
  score_writer *w = context;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (!w->out) return TARTAN_OK; /* nobody wants them */
  if (w->dtype == TARTAN_F64) return tt_output_rows(w->out, "/X_pca", row0, rows, scores);
  if (rows > w->room || !w->narrow) {
    tt_free(w->narrow);
    w->room = rows;
    w->narrow = tt_alloc(&w->grid->memory, rows * w->k, sizeof *w->narrow, "scores in f32", &local);
  }
  AGREE(w->grid, local);
  tt_convert(TT_EL_F64, scores, rows * w->k, TARTAN_F32, w->narrow);
  TRY(tt_output_rows(w->out, "/X_pca", row0, rows, w->narrow));
done:
  return st;
}

static void put_attributes(tt_output *out, const tartan_pca_save_opts *o)
{
  for (int i = 0; i < o->attribute_count; i++) {
    const tartan_attribute *a = &o->attributes[i];

    if (a->value)
      tt_output_text(out, "/", a->name, a->value);
    else
      tt_output_integer(out, "/", a->name, a->count);
  }
}

/* All that is small of a model, given on rank 0. */
static void put_model(tt_output *out, const tartan_pca_values *v)
{
  const int64_t n = v->features, k = v->components;

  tt_output_array(out, "/components_", k, n, v->components_);
  tt_output_array(out, "/explained_variance_", k, 0, v->explained_variance_);
  tt_output_array(out, "/explained_variance_ratio_", k, 0, v->explained_variance_ratio_);
  tt_output_array(out, "/singular_values_", k, 0, v->singular_values_);
  tt_output_array(out, "/mean_", n, 0, v->mean_);
  tt_output_array(out, "/scale_", n, 0, v->scale_);
  tt_output_array(out, "/noise_variance_", 0, 0, &v->noise_variance_);
  tt_output_array(out, "/total_variance_", 0, 0, &v->total_variance_);
  tt_output_count(out, "/n_components_", k);
  tt_output_count(out, "/n_samples_", v->samples);
  tt_output_count(out, "/n_features_in_", n);
  tt_output_count(out, "/preprocessing/center", v->center);
  tt_output_count(out, "/preprocessing/scale", v->scale);
  tt_output_count(out, "/preprocessing/whiten", v->whiten);
  if (v->feature_names_in_) tt_output_strings(out, "/feature_names_in_", n, v->feature_names_in_);
}

/* One bound of each squared singular value, so many times the largest of them away. */
static void put_bounds(tt_output *out, const char *name, const tartan_pca_values *v, double distance, double *bound)
{
  const double *sigma = v->singular_values_;

  for (int64_t i = 0; i < v->components; i++)
    bound[i] = sqrt(fmax(0, sigma[i] * sigma[i] + distance * sigma[0] * sigma[0]));
  tt_output_array(out, name, v->components, 0, bound);
  tt_output_text(
      out, name, "meaning",
      "from sigma_lower to sigma_upper there is a singular value, not necessarily the i-th, by the residual of "
      "the covariance matrix as it was computed; what rounding did to that is diagnostics/floor");
}

/* A symmetric matrix has an eigenvalue within |C v - lambda v| of lambda (|v| = 1). Collective. */
static tartan_status put_residual(tt_output *out, const tartan_pca *model, const tartan_pca_info *info)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  double       *bound = tt_alloc(&model->grid->memory, model->v.components, sizeof *bound, "bounds", &local);

  AGREE(model->grid, local);
  tt_output_array(out, "/diagnostics/residual", 0, 0, &info->residual);
  put_bounds(out, "/diagnostics/sigma_lower", &model->v, -info->residual, bound);
  put_bounds(out, "/diagnostics/sigma_upper", &model->v, info->residual, bound);
done:
  tt_free(bound);
  return st;
}

/*
 * Names of the samples, for which the output takes room a second time. Where there is not so much they are left out: no
 * reason to lose the result. Collective.
 */
static tartan_status put_sample_names(tt_output *out, const tartan_operator *A)
{
  const char  **names = NULL;
  int64_t       bytes = 0;
  tartan_status st = tt_operator_sample_names(A, &names);
  bool          fits = st != TARTAN_ERR_NOMEM;

  for (int64_t i = 0; names && i < A->m; i++) bytes += (int64_t)(strlen(names[i]) + 1 + sizeof *names);
  if (names && tt_memory_fits(&A->grid->memory, bytes, "sample names") != TARTAN_OK) fits = false;
  if (fits && names) tt_output_strings(out, "/sample_names", A->m, names);
  if (!fits) tt_grid_warn(A->grid, "the names of the samples do not fit the memory and are left out");
  tt_free(names);
  return st == TARTAN_ERR_NOMEM ? TARTAN_OK : st;
}

static void put_diagnostics(tt_output *out, const tartan_pca_info *info)
{
  tt_output_string(out, "/diagnostics/solver", info->plan.algorithm);
  tt_output_string(out, "/diagnostics/reason", info->plan.reason);
  tt_output_array(out, "/diagnostics/floor", 0, 0, &info->floor);
  tt_output_array(out, "/diagnostics/seconds", 0, 0, &info->seconds);
  tt_output_array(out, "/diagnostics/passes", 0, 0, &info->plan.passes);
  tt_output_count(out, "/diagnostics/segments", info->segments);
  tt_output_count(out, "/diagnostics/nan_replaced", info->nan_replaced);
  tt_output_count(out, "/diagnostics/converged", 1);
  tt_output_integer(out, "/", "reproducible", info->reproducible);
}

tartan_status tartan_pca_save(const tartan_pca *model, const char *path, const tartan_pca_save_opts *opts,
                              double *inverse_error)
{
  const tartan_pca_save_opts defaults = TARTAN_PCA_SAVE_OPTS_INIT;
  tartan_pca_save_opts       o = defaults;
  tt_output                 *out = NULL;
  tartan_pca                *matched = NULL;
  score_writer               w = {.grid = model->grid, .k = model->v.components};
  double                     error = 0;
  tartan_status              st = TARTAN_OK;

  if (opts) memcpy(&o, opts, opts->size < sizeof o ? opts->size : sizeof o);
  if (inverse_error) *inverse_error = 0;
  if (o.scores) TRY(tt_pca_match(model, o.scores, &matched));
  TRY(tt_output_create(model->grid, path, o.force, &out));
  tt_output_text(out, "/", "format", o.without_model ? FORMAT "-scores" : FORMAT);
  put_attributes(out, &o);
  if (!o.without_model) put_model(out, &model->v);
  if (o.info) put_diagnostics(out, o.info);
  if (o.info && o.info->residual >= 0) TRY(put_residual(out, model, o.info));
  if (o.scores && !o.without_scores) {
    w.out = out;
    w.dtype = o.scores_dtype;
    tt_output_declare(out, "/X_pca", o.scores_dtype, o.scores->m, model->v.components);
    TRY(put_sample_names(out, o.scores));
  }
  if (o.scores && o.inverse_error) tt_output_array(out, "/diagnostics/inverse_error", 0, 0, &error);
  TRY(tt_output_open(out));
  if (o.scores) {
    TRY(tt_pca_scores(matched ? matched : model, o.scores, o.inverse_error, o.nan, write_scores, &w, &error));
    error /= (double)o.scores->m * (double)o.scores->n;
    if (o.inverse_error) tt_output_amend(out, "/diagnostics/inverse_error", error);
    if (inverse_error) *inverse_error = error;
  }
  st = tt_output_commit(&out);
done:
  tt_free(w.narrow);
  tartan_pca_destroy(&matched);
  tt_output_discard(&out);
  return st;
}

/* One array of a model file, whose length must be right. Collective. */
static tartan_status get_numbers(tt_small *file, const char *name, int64_t count, double *to)
{
  double       *values = NULL;
  int64_t       rows = 0, cols = 0;
  tartan_status st = TARTAN_OK;

  TRY(tt_small_array(file, name, &values, &rows, &cols));
  REQUIRE(rows * cols == count, TARTAN_ERR_FORMAT, "%s of the model has %lld values, expected %lld", name,
          (long long)(rows * cols), (long long)count);
  memcpy(to, values, (size_t)count * sizeof *to);
done:
  tt_free(values);
  return st;
}

/* The flags that a transform must repeat. Collective. */
static tartan_status get_flags(tt_small *file, tartan_pca_values *v)
{
  double        center = 0, scale = 0, whiten = 0, samples = 0;
  tartan_status st = TARTAN_OK;

  TRY(get_numbers(file, "/preprocessing/center", 1, &center));
  TRY(get_numbers(file, "/preprocessing/scale", 1, &scale));
  TRY(get_numbers(file, "/preprocessing/whiten", 1, &whiten));
  TRY(get_numbers(file, "/n_samples_", 1, &samples));
  TRY(get_numbers(file, "/noise_variance_", 1, &v->noise_variance_));
  TRY(get_numbers(file, "/total_variance_", 1, &v->total_variance_));
  v->center = center != 0;
  v->scale = scale != 0;
  v->whiten = whiten != 0;
  v->samples = (int64_t)samples;
done:
  return st;
}

/* The names of the features, if the model has such. Collective. */
static tartan_status get_names(tt_small *file, tartan_pca *p)
{
  int64_t       count = 0;
  tartan_status st = TARTAN_OK;

  TRY(tt_small_strings(file, "/feature_names_in_", true, &p->names, &count));
  REQUIRE(count == 0 || count == p->v.features, TARTAN_ERR_FORMAT, "the model has %lld names for %lld features",
          (long long)count, (long long)p->v.features);
  p->v.feature_names_in_ = (const char *const *)p->names;
done:
  return st;
}

tartan_status tartan_pca_load(tartan_grid *grid, const char *path, tartan_pca **model)
{
  tt_small     *file = NULL;
  tartan_pca   *p = NULL;
  double        n = 0, k = 0, *at;
  char          format[32];
  tartan_status st = TARTAN_OK;

  *model = NULL;
  TRY(tt_small_open(grid, path, &file));
  TRY(tt_small_text(file, "/", "format", format, sizeof format));
  REQUIRE(strcmp(format, FORMAT) == 0, TARTAN_ERR_FORMAT, "%s is not a PCA model (attribute format is '%s', not '%s')",
          path, format, FORMAT);
  TRY(get_numbers(file, "/n_features_in_", 1, &n));
  TRY(get_numbers(file, "/n_components_", 1, &k));
  REQUIRE(n >= 1 && k >= 1 && k <= n && n < 1e12, TARTAN_ERR_FORMAT, "%s: a model of %g components of %g features",
          path, k, n);
  AGREE(grid, tt_pca_allocate(grid, (int64_t)n, (int64_t)k, &p));
  at = p->numbers;
  TRY(get_numbers(file, "/components_", (int64_t)k * (int64_t)n, at));
  TRY(get_numbers(file, "/explained_variance_", (int64_t)k, at += (int64_t)k * (int64_t)n));
  TRY(get_numbers(file, "/explained_variance_ratio_", (int64_t)k, at += (int64_t)k));
  TRY(get_numbers(file, "/singular_values_", (int64_t)k, at += (int64_t)k));
  TRY(get_numbers(file, "/mean_", (int64_t)n, at += (int64_t)k));
  TRY(get_numbers(file, "/scale_", (int64_t)n, at + (int64_t)n));
  TRY(get_flags(file, &p->v));
  TRY(get_names(file, p));
  *model = p;
  p = NULL;
done:
  tartan_pca_destroy(&p);
  tt_small_close(&file);
  return st;
}
