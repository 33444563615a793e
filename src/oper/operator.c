/* Life of operators, and one line about them. */
#include "oper/operator.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "io/small.h"

#define NAMES_SHOWN 4
#define NAME_SHOWN 20

/* An operator without content. Collective. */
static tartan_status make(tartan_grid *grid, int64_t m, int64_t n, tt_element element, tartan_operator **op)
{
  tartan_operator *o = NULL;
  tartan_status    st = TARTAN_OK, local = TARTAN_OK;

  o = tt_alloc_zero(&grid->memory, 1, sizeof *o, "an operator", &local);
  AGREE(grid, local);
  o->grid = grid;
  o->m = m;
  o->n = n;
  o->element = o->stored = element;
  *op = o;
  o = NULL;
done:
  tt_free(o);
  return st;
}

tartan_status tartan_operator_from_matrix(const tartan_matrix *A, tartan_operator **op)
{
  tartan_status st = TARTAN_OK;

  *op = NULL;
  TRY(make(A->grid, A->row.n, A->col.n, tt_element_of(A->dtype), op));
  (*op)->matrix = A;
done:
  return st;
}

tartan_status tartan_operator_from_sparse(const tartan_sparse *A, tartan_operator **op)
{
  tartan_status st = TARTAN_OK;

  *op = NULL;
  TRY(make(A->grid, A->m, A->n, tt_element_of(A->dtype), op));
  (*op)->sparse = A;
  TRY(tt_operator_products_make(A, &(*op)->products));
done:
  if (st != TARTAN_OK) tartan_operator_destroy(op);
  return st;
}

static tartan_status open_source(tartan_grid *grid, const char *source, const tartan_io_opts *opts, bool vectors,
                                 tartan_operator **op)
{
  const bool             turn = opts && opts->transpose;
  tt_dataset            *dataset = NULL;
  const tt_dataset_info *info;
  tartan_status          st = TARTAN_OK;

  *op = NULL;
  TRY(vectors ? tt_dataset_open_vector(grid, source, opts, &dataset) : tt_dataset_open(grid, source, opts, &dataset));
  info = tt_dataset_get_info(dataset);
  TRY(make(grid, turn ? info->cols : info->rows, turn ? info->rows : info->cols, info->element, op));
  (*op)->dataset = dataset;
  (*op)->transpose = turn;
  dataset = NULL;
  TRY(tt_small_names(grid, info->file, info->path, "feature_names", (*op)->n, true, &(*op)->names));
done:
  tt_dataset_close(&dataset);
  if (st != TARTAN_OK) tartan_operator_destroy(op);
  return st;
}

tartan_status tartan_operator_open(tartan_grid *grid, const char *source, const tartan_io_opts *opts,
                                   tartan_operator **op)
{
  return open_source(grid, source, opts, false, op);
}

tartan_status tt_operator_open_vector(tartan_grid *grid, const char *source, const tartan_io_opts *opts,
                                      tartan_operator **op)
{
  return open_source(grid, source, opts, true, op);
}

/* Means and scales of an operator of A that centers it, what A has of them put together. */
static void compose(const tartan_operator *A, const double *mean, const double *scale, tartan_operator *op)
{
  for (int64_t j = 0; j < A->n; j++) {
    const double by = A->centered ? A->scale[j] : 1;

    op->mean[j] = (A->centered ? A->mean[j] : 0) + (mean ? mean[j] * by : 0);
    op->scale[j] = by * (scale ? scale[j] : 1);
  }
}

tartan_status tartan_operator_center(const tartan_operator *A, const double *mean, const double *scale,
                                     tartan_operator **op)
{
  double       *values = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *op = NULL;
  for (int64_t j = 0; j < A->n; j++) {
    REQUIRE(!mean || isfinite(mean[j]), TARTAN_ERR_ARG, "the mean of column %lld is not finite", (long long)j);
    REQUIRE(!scale || (isfinite(scale[j]) && scale[j] != 0), TARTAN_ERR_ARG,
            "the scale of column %lld is zero or not finite", (long long)j);
  }
  values = tt_alloc(&A->grid->memory, 2 * A->n, sizeof *values, "means and scales", &local);
  AGREE(A->grid, local);
  TRY(make(A->grid, A->m, A->n, TT_EL_F64, op));
  (*op)->stored = A->stored;
  (*op)->matrix = A->matrix;
  (*op)->dataset = A->dataset;
  (*op)->sparse = A->sparse;
  (*op)->products = A->products;
  (*op)->transpose = A->transpose;
  (*op)->names = A->names;
  (*op)->centered = true;
  (*op)->mean = values;
  (*op)->scale = values + A->n;
  values = NULL;
  compose(A, mean, scale, *op);
done:
  tt_free(values);
  return st;
}

tartan_status tt_operator_sample_names(const tartan_operator *op, const char ***names)
{
  const tt_dataset_info *info = op->dataset ? tt_dataset_get_info(op->dataset) : NULL;

  *names = NULL;
  if (!info) return TARTAN_OK;
  return tt_small_names(op->grid, info->file, info->path, "sample_names", op->m, false, names);
}

void tartan_operator_destroy(tartan_operator **op)
{
  tartan_operator *o = op ? *op : NULL;

  if (!o) return;
  if (!o->centered) {
    tt_operator_products_end(&o->products);
    tt_dataset_close(&o->dataset);
    tt_free(o->names);
  }
  tt_free(o->mean);
  tt_free(o);
  *op = NULL;
}

void tartan_operator_shape(const tartan_operator *op, int64_t *m, int64_t *n)
{
  if (m) *m = op->m;
  if (n) *n = op->n;
}

tartan_grid *tartan_operator_grid(const tartan_operator *op)
{
  return op->grid;
}

const char *tartan_operator_feature_name(const tartan_operator *op, int64_t j)
{
  return op->names && j >= 0 && j < op->n ? op->names[j] : NULL;
}

/* Appends the first names, each cut at the beginning of a character. */
static void describe_names(const tartan_operator *op, char *text, size_t length)
{
  size_t used = strlen(text);

  for (int64_t j = 0; j < op->n && j < NAMES_SHOWN && used < length; j++) {
    const char *name = op->names[j];
    size_t      cut = strnlen(name, NAME_SHOWN);

    while (cut > 0 && ((unsigned char)name[cut] & 0xc0) == 0x80) cut--;
    used += (size_t)snprintf(text + used, length - used, "%s%.*s%s", j ? ", " : "; features: ", (int)cut, name,
                             name[cut] ? "..." : "");
  }
  if (op->n > NAMES_SHOWN && used < length) snprintf(text + used, length - used, ", ...");
}

void tartan_operator_describe(const tartan_operator *op, char *text, size_t length)
{
  const tt_dataset_info *info = op->dataset ? tt_dataset_get_info(op->dataset) : NULL;

  if (info)
    snprintf(text, length, "%lld sample%s x %lld feature%s, %s, from %s:%s (%s are samples)%s", (long long)op->m,
             TT_S(op->m), (long long)op->n, TT_S(op->n), info->type_name, info->file, info->path,
             op->transpose ? "columns" : "rows", op->centered ? ", centered" : "");
  else if (op->sparse)
    snprintf(text, length, "%lld sample%s x %lld feature%s, %s, sparse, %lld entr%s, in memory%s", (long long)op->m,
             TT_S(op->m), (long long)op->n, TT_S(op->n), tt_element_name(op->stored), (long long)op->sparse->entries,
             op->sparse->entries == 1 ? "y" : "ies", op->centered ? ", centered" : "");
  else
    snprintf(text, length, "%lld sample%s x %lld feature%s, %s, in memory%s", (long long)op->m, TT_S(op->m),
             (long long)op->n, TT_S(op->n), tt_element_name(op->stored), op->centered ? ", centered" : "");
  if (op->names) describe_names(op, text, length);
}
