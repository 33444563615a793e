/* Tiles of factor rows with their lengths and biases, copied from where they lie. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "model/topn_impl.h"

static void find(const void *context, int64_t step, int owner, tt_tile *tile)
{
  tt_topn_find(context, step, owner, tile);
}

static int64_t elements(const void *context, int64_t count)
{
  return tt_rows_elements(&((const tt_topn *)context)->search.shape, count);
}

/* The row of one of this rank's items. */
static const char *row_of(const tt_topn *t, int64_t item)
{
  const tartan_matrix *F = t->p->v.item_factors;
  const int64_t        at = item - t->plan.items->col.starts[t->p->grid->rank];

  return F ? (const char *)F->data + (size_t)(at * F->ld) * tartan_dtype_size(F->dtype) : NULL;
}

/* Copies what is allowed; that all is finite is asked of the others too. */
static tartan_status read_tile(void *context, int64_t step, const tt_tile *tile, int64_t *bad)
{
  tt_topn            *t = context;
  const tt_row_shape *shape = &t->search.shape;
  const size_t        size = (size_t)shape->d * tartan_dtype_size(shape->dtype);
  const double       *bias = shape->biased ? t->p->v.item_bias->data : NULL;
  const int64_t       first = t->plan.items->col.starts[t->p->grid->rank];
  double              since = tt_seconds();
  tt_rows             rows;
  int64_t             n = 0;

  (void)step;
  tt_rows_place(shape, tile->memory, tile->row, tile->count, &rows);
  for (int64_t item = tile->row; item < tile->row + tile->rows; item++) {
    const char  *row = row_of(t, item);
    const double length = size > 0 ? tt_row_length(shape->dtype, shape->d, row) : 0, b = bias ? bias[item - first] : 0;

    *bad = tt_min(*bad, tt_min(tt_row_bad(item, length), tt_row_bad(item, b)));
    if (t->opts.allowed && !t->opts.allowed[item]) continue;
    if (size > 0) memcpy(rows.data + (size_t)n * size, row, size);
    rows.length[n] = length;
    if (rows.bias) rows.bias[n] = b;
    n++;
  }
  tt_grid_phase(t->p->grid, TARTAN_PHASE_COMPUTE, &since);
  return TARTAN_OK;
}

static void compare(void *context, const tt_tile *tile)
{
  tt_topn *t = context;
  tt_rows  rows;

  tt_rows_place(&t->search.shape, tile->memory, tile->row, tile->count, &rows);
  rows.index = tt_topn_index(t, tile);
  tt_search_compare(&t->search, &rows);
}

tartan_status tt_topn_factors(tt_topn *t)
{
  const tt_tiles tiles = {.grid = t->p->grid,
                          .steps = t->plan.steps,
                          .most = tt_rows_elements(&t->search.shape, t->plan.search.slab),
                          .width = tartan_dtype_size(t->search.shape.dtype),
                          .phase = "scoring",
                          .context = t,
                          .find = find,
                          .elements = elements,
                          .read = read_tile,
                          .compare = compare};
  tartan_status  st = TARTAN_OK;

  AGREE(t->p->grid, tt_search_begin(&t->search));
  TRY(tt_tiles_go(&tiles));
done:
  tt_search_end(&t->search);
  return st;
}
