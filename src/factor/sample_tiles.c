/*
 * Rows of X in tiles of 256 by global index, columns in strips of 256. The bits of a local product depend on its shape and
 * on the threads of the BLAS: tiles always have 256 rows, filled up with zeros, each is computed by one thread, and the
 * strips depend on n alone. Nothing is exchanged.
 */
#include "base/random.h"
#include "base/util.h"
#include "comm/agree.h"
#include "factor/sample_impl.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"

#define TILE 256
#define STRIP 256

typedef struct tiling {
  const tt_sample *s;
  const void      *root;
  tartan_matrix   *X;
  int64_t          width; /* of an element */
  char            *z;     /* [threads][TILE, n] normal numbers */
  char            *x;     /* [threads][TILE, STRIP] */
} tiling;

/* z := the numbers of the rows from row0 on, zeros below them. */
static void draw(const tiling *t, int64_t row0, int64_t rows, char *z)
{
  const tartan_dtype dtype = t->X->dtype;

  for (int64_t j = 0; j < t->s->n; j++) {
    for (int64_t i = 0; i < rows; i++) tt_put_element(dtype, tt_normal(t->s->seed, row0 + i, j), z, TILE, i, j);
    for (int64_t i = rows; i < TILE; i++) tt_put_element(dtype, 0, z, TILE, i, j);
  }
}

/* X of local rows il .. il + rows - 1 and columns j .. j + columns - 1 := x + mean. */
static void put(const tiling *t, const char *x, int64_t il, int64_t rows, int64_t j, int64_t columns)
{
  const double  *mean = t->s->mean;
  tartan_matrix *X = t->X;

  for (int64_t c = 0; c < columns; c++)
    for (int64_t i = 0; i < rows; i++)
      tt_put_element(X->dtype, tt_get_element(X->dtype, x, TILE, i, c) + (mean ? mean[j + c] : 0), X->data, X->ld,
                     il + i, j + c);
}

static void sample_tile(int64_t tile, void *context)
{
  const tiling *t = context;
  const int64_t n = t->s->n, thread = tt_thread_index(), il = tile * TILE, rows = tt_min(TILE, t->X->mloc - il);
  char         *z = t->z + thread * TILE * n * t->width, *x = t->x + thread * TILE * STRIP * t->width;

  draw(t, tartan_matrix_global_row(t->X, il), rows, z);
  for (int64_t j = 0; j < n; j += STRIP) {
    const int64_t columns = tt_min(STRIP, n - j), inner = t->s->triangular ? j + columns : n;

    tt_gemm_local(t->X->dtype, TARTAN_NO_TRANS, TARTAN_TRANS, TILE, columns, inner, 1, z, TILE,
                  (const char *)t->root + j * t->width, n, 0, x, TILE);
    put(t, x, il, rows, j, columns);
  }
}

tartan_status tt_sample_tiles(const tt_sample *s, const void *root, tartan_matrix **X)
{
  tartan_grid             *grid = s->Sigma->grid;
  const int64_t            n = s->n, T = grid->threads, tiles = tt_ceil_div(s->count, TILE);
  const tartan_matrix_opts slabs = {.size = sizeof slabs,
                                    .mb = TILE * tt_max(1, tt_ceil_div(tiles, grid->size)),
                                    .nb = tt_max(1, n),
                                    .p = grid->size,
                                    .q = 1};
  tiling                   t = {.s = s, .root = root, .width = (int64_t)tartan_dtype_size(s->Sigma->dtype)};
  double                   since;
  tartan_status            st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_matrix_create_raw(grid, s->Sigma->dtype, s->count, n, &slabs, &t.X));
  t.z = tt_alloc(&grid->memory, T * TILE * n, (size_t)t.width, "tiles of normal numbers", &local);
  t.x = tt_alloc(&grid->memory, T * TILE * STRIP, (size_t)t.width, "tiles of samples", &local);
  AGREE(grid, local);
  since = tt_seconds();
  if (n > 0) tt_parallel_for(grid->threads, tt_ceil_div(t.X->mloc, TILE), sample_tile, &t);
  grid->counters.flops += (s->triangular ? 1 : 2) * (double)t.X->mloc * (double)n * (double)n;
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &since);
  *X = t.X;
  t.X = NULL;
done:
  tartan_matrix_destroy(&t.X);
  tt_free(t.x);
  tt_free(t.z);
  return st;
}
