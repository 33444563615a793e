/* Users to be served, evenly over the ranks. */
#include <string.h>

#include "base/util.h"
#include "model/predictor_impl.h"
#include "oper/segments.h"

tartan_status tt_profiles_make(const tartan_predictor *p, int64_t count, tartan_profiles **profiles)
{
  tartan_grid     *grid = p->grid;
  tartan_profiles *made = NULL;
  tartan_status    st = TARTAN_OK, local = TARTAN_OK;

  *profiles = NULL;
  made = tt_alloc_zero(&grid->memory, 1, sizeof *made, "profiles", &local);
  AGREE(grid, local);
  *made = (tartan_profiles){.p = p, .count = count};
  made->starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *made->starts, "the ranges of profiles", &local);
  AGREE(grid, local);
  tt_rows_partition(count, 1, grid->size, made->starts);
  made->first = made->starts[grid->rank];
  made->own = made->starts[grid->rank + 1] - made->first;
  made->bias = tt_alloc_zero(&grid->memory, made->own, sizeof *made->bias, "biases of profiles", &local);
  AGREE(grid, local);
  if (p->v.factors > 0) {
    TRY(tt_matrix_create_ranges(grid, tartan_matrix_dtype(p->v.item_factors), p->v.factors, count, made->starts, NULL,
                                &made->X));
    if (made->own > 0) memset(made->X->data, 0, (size_t)(p->v.factors * made->own) * tartan_dtype_size(made->X->dtype));
  }
  *profiles = made;
  made = NULL;
done:
  tartan_profiles_destroy(&made);
  return st;
}

int64_t tartan_profiles_count(const tartan_profiles *profiles)
{
  return profiles->count;
}

void tartan_profiles_destroy(tartan_profiles **profiles)
{
  tartan_profiles *a = profiles ? *profiles : NULL;

  if (!a) return;
  tartan_matrix_destroy(&a->X);
  tt_free(a->bias);
  tt_free(a->starts);
  tt_free(a);
  *profiles = NULL;
}
