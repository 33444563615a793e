#include "ratings.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "check.h"

static bool has_none(int64_t i)
{
  return i % 17 == 3;
}

ratings ratings_make(int64_t users, int64_t items, double density, bool negative, uint64_t seed)
{
  ratings r = {users, items, 0, malloc((size_t)(users * items + 1) * sizeof(double))};

  for (int64_t u = 0; u < users; u++) {
    for (int64_t i = 0; i < items; i++) {
      const bool   there = tt_uniform(seed, u, i) < density && !has_none(u) && !has_none(i);
      const double v = 1 + floor(9 * tt_uniform(seed + 1, u, i)) / 2 - (negative ? 2 : 0);

      r.value[u * items + i] = there ? v : (double)NAN;
      r.entries += there;
    }
  }
  return r;
}

void ratings_free(ratings *r)
{
  free(r->value);
  r->value = NULL;
}

tartan_sparse *ratings_sparse(tartan_grid *grid, const ratings *r, tartan_dtype dtype)
{
  const int64_t P = tartan_grid_size(grid), me = tartan_grid_rank(grid);
  int64_t *row = malloc((size_t)(r->entries + 1) * sizeof *row), *col = malloc((size_t)(r->entries + 1) * sizeof *col);
  double  *value = malloc((size_t)(r->entries + 1) * sizeof *value);
  float   *narrow = malloc((size_t)(r->entries + 1) * sizeof *narrow);
  int64_t  n = 0;
  tartan_sparse *A = NULL;

  for (int64_t e = r->users * r->items - 1; e >= 0; e--) {
    if (isnan(r->value[e]) || e % P != me) continue;
    row[n] = e / r->items;
    col[n] = e % r->items;
    narrow[n] = (float)r->value[e];
    value[n++] = r->value[e];
  }
  CHECK_OK(tartan_sparse_create(grid, dtype, r->users, r->items, n, row, col,
                                dtype == TARTAN_F32 ? (const void *)narrow : value, NULL, &A));
  free(narrow);
  free(value);
  free(col);
  free(row);
  return A;
}
