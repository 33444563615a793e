/*
 * Life of matrices and views, and reaching their local parts. A matrix is counted storage plus a window; a view is
 * another window on the same storage.
 */
#include "matrix/matrix.h"

#include <string.h>

#include "base/util.h"
#include "comm/agree.h"

/* Checks the options and fills in what was left to us. */
static tartan_status settle_options(const tartan_grid *grid, const tartan_matrix_opts *opts, tartan_matrix_opts *o)
{
  const tartan_matrix_opts defaults = TARTAN_MATRIX_OPTS_INIT;
  tartan_status            st = TARTAN_OK;

  *o = defaults;
  if (opts) memcpy(o, opts, opts->size < sizeof *o ? opts->size : sizeof *o);
  if (o->mb == 0) o->mb = TT_BLOCK;
  if (o->nb == 0) o->nb = TT_BLOCK;
  if (o->p == 0 && o->q == 0) {
    o->p = grid->p;
    o->q = grid->q;
  }
  REQUIRE(o->mb > 0 && o->nb > 0, TARTAN_ERR_ARG, "a block of %lld x %lld: give positive sizes, or 0 for the default",
          (long long)o->mb, (long long)o->nb);
  REQUIRE(o->p > 0 && o->q > 0 && (int64_t)o->p * o->q <= grid->size, TARTAN_ERR_ARG,
          "an arrangement of %d x %d does not fit %d ranks", o->p, o->q, grid->size);
  REQUIRE(o->rsrc >= 0 && o->rsrc < o->p && o->csrc >= 0 && o->csrc < o->q, TARTAN_ERR_ARG,
          "the first block cannot lie at (%d, %d) of %d x %d ranks", o->rsrc, o->csrc, o->p, o->q);
  for (int i = 0; i < o->p * o->q && o->ranks; i++) {
    REQUIRE(o->ranks[i] >= 0 && o->ranks[i] < grid->size, TARTAN_ERR_ARG,
            "place %d of a layout: rank %d is not one of %d", i, o->ranks[i], grid->size);
    for (int j = 0; j < i; j++)
      REQUIRE(o->ranks[j] != o->ranks[i], TARTAN_ERR_ARG, "places %d and %d of a layout have the same rank %d", j, i,
              o->ranks[i]);
  }
done:
  return st;
}

tt_layout tt_matrix_layout(const tartan_matrix *A)
{
  const tt_layout layout = {A->row, A->col, A->ranks, false};

  return layout;
}

/* Where a rank sits, and what it holds of the window. */
static void settle_position(tartan_matrix *A)
{
  const tt_layout layout = tt_matrix_layout(A);

  tt_layout_place(&layout, A->grid->rank, &A->prow, &A->pcol);
  A->mloc = A->prow >= 0 ? tt_axis_count(&A->row, A->prow) : 0;
  A->nloc = A->prow >= 0 ? tt_axis_count(&A->col, A->pcol) : 0;
}

/* Whether ranks sit in order, so that nothing has to be kept of them. */
static bool in_order(const int *ranks, int places)
{
  for (int i = 0; i < places; i++)
    if (ranks[i] != i) return false;
  return true;
}

/* What a layout says of a matrix. */
static void take_layout(tartan_grid *grid, tartan_dtype dtype, const tt_layout *layout, tartan_matrix *A)
{
  A->grid = grid;
  A->dtype = dtype;
  A->row = layout->row;
  A->col = layout->col;
  A->p = layout->row.procs;
  A->q = layout->col.procs;
  A->ranks = layout->ranks && !in_order(layout->ranks, A->p * A->q) ? layout->ranks : NULL;
}

void tt_matrix_frame(tartan_grid *grid, tartan_dtype dtype, const tt_layout *layout, void *data, int64_t ld,
                     tartan_matrix *frame)
{
  memset(frame, 0, sizeof *frame);
  take_layout(grid, dtype, layout, frame);
  settle_position(frame);
  frame->data = data;
  frame->ld = ld > 0 ? ld : tt_max(1, frame->mloc);
}

/* Copies what a layout points to into the storage, and lets the matrix point there. Local. */
static tartan_status own_layout(tartan_matrix *A)
{
  tt_memory    *mem = &A->grid->memory;
  tt_storage   *s = A->storage;
  const int64_t rows = A->row.starts ? A->p + 1 : 0, cols = A->col.starts ? A->q + 1 : 0, places = (int64_t)A->p * A->q;
  tartan_status local = TARTAN_OK;

  if (rows + cols > 0) s->starts = tt_alloc(mem, rows + cols, sizeof *s->starts, "the ranges of a matrix", &local);
  if (A->ranks) s->ranks = tt_alloc(mem, places, sizeof *s->ranks, "the ranks of a matrix", &local);
  if (local != TARTAN_OK) return local;
  if (rows > 0) A->row.starts = memcpy(s->starts, A->row.starts, (size_t)rows * sizeof *s->starts);
  if (cols > 0) A->col.starts = memcpy(s->starts + rows, A->col.starts, (size_t)cols * sizeof *s->starts);
  if (A->ranks) A->ranks = memcpy(s->ranks, A->ranks, (size_t)places * sizeof *s->ranks);
  return local;
}

/* The common end of creation: storage for the axes in A, allocated unless foreign memory is given. */
static tartan_status attach_storage(tartan_matrix *A, bool foreign, void *data, int64_t ld)
{
  tt_memory    *mem = &A->grid->memory;
  int64_t       count = 0;
  tt_storage   *s = NULL;
  tartan_status local = TARTAN_OK;

  s = tt_alloc_zero(mem, 1, sizeof *s, "a matrix", &local);
  if (!s) return local;
  A->storage = s;
  s->references = 1;
  s->owned = !foreign;
  s->m = A->row.n;
  s->n = A->col.n;
  local = own_layout(A);
  if (local != TARTAN_OK) return local;
  settle_position(A);
  s->ld = A->ld = foreign ? ld : tt_max(1, A->mloc);
  if (foreign) {
    s->data = data;
    if (A->mloc > 0 && A->nloc > 0 && (!data || ld < A->mloc))
      local = tt_fail(TARTAN_ERR_ARG,
                      "foreign memory for %lld x %lld local elements: address %s, leading dimension %lld",
                      (long long)A->mloc, (long long)A->nloc, data ? "given" : "NULL", (long long)ld);
  } else {
    if (!tt_mul(A->ld, A->nloc, &count))
      local = tt_fail(TARTAN_ERR_OVERFLOW, "a local part of %lld x %lld is beyond 64 bits", (long long)A->ld,
                      (long long)A->nloc);
    s->data = tt_alloc(mem, count, tartan_dtype_size(A->dtype), "a matrix", &local);
  }
  A->data = s->data;
  return local;
}

/* Makes A in a layout; every way to a new matrix ends here. */
static tartan_status make(tartan_grid *grid, tartan_dtype dtype, const tt_layout *layout, bool foreign, void *data,
                          int64_t ld, tartan_matrix **A)
{
  tartan_matrix *a = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  *A = NULL;
  a = tt_alloc_zero(&grid->memory, 1, sizeof *a, "a matrix", &local);
  if (local == TARTAN_OK) {
    take_layout(grid, dtype, layout, a);
    local = attach_storage(a, foreign, data, ld);
  }
  AGREE(grid, local);
  *A = a;
  a = NULL;
done:
  tartan_matrix_destroy(&a);
  return st;
}

/* Block-cyclic axes from options. */
static tartan_status make_cyclic(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n,
                                 const tartan_matrix_opts *opts, bool foreign, void *data, int64_t ld,
                                 tartan_matrix **A)
{
  tartan_matrix_opts o;
  tartan_status      st = TARTAN_OK;

  *A = NULL;
  REQUIRE(m >= 0 && n >= 0, TARTAN_ERR_SHAPE, "a matrix of %lld x %lld: no size may be negative", (long long)m,
          (long long)n);
  REQUIRE(dtype == TARTAN_F32 || dtype == TARTAN_F64, TARTAN_ERR_DTYPE, "element type %d is neither f32 nor f64",
          (int)dtype);
  TRY(settle_options(grid, opts, &o));
  {
    const tt_layout layout = {.row = {.n = m, .nb = o.mb, .procs = o.p, .src = o.rsrc},
                              .col = {.n = n, .nb = o.nb, .procs = o.q, .src = o.csrc},
                              .ranks = o.ranks};

    TRY(make(grid, dtype, &layout, foreign, data, ld, A));
  }
done:
  return st;
}

tartan_status tt_matrix_create_layout(tartan_grid *grid, tartan_dtype dtype, const tt_layout *layout, void *data,
                                      int64_t ld, tartan_matrix **A)
{
  return make(grid, dtype, layout, data != NULL, data, ld, A);
}

tartan_status tt_matrix_create_raw(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n,
                                   const tartan_matrix_opts *opts, tartan_matrix **A)
{
  return make_cyclic(grid, dtype, m, n, opts, false, NULL, 0, A);
}

tartan_status tartan_matrix_create(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n,
                                   const tartan_matrix_opts *opts, tartan_matrix **A)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_matrix_create_raw(grid, dtype, m, n, opts, A));
  if ((*A)->nloc > 0) memset((*A)->data, 0, (size_t)((*A)->ld * (*A)->nloc) * tartan_dtype_size(dtype));
done:
  return st;
}

tartan_status tartan_matrix_wrap(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n,
                                 const tartan_matrix_opts *opts, void *data, int64_t ld, tartan_matrix **A)
{
  return make_cyclic(grid, dtype, m, n, opts, true, data, ld, A);
}

tartan_status tt_matrix_create_ranges(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n,
                                      const int64_t *starts, void *data, tartan_matrix **A)
{
  const tt_layout layout = {.row = {.n = m, .nb = tt_max(1, m), .procs = 1},
                            .col = {.n = n, .nb = 1, .procs = grid->size, .starts = starts}};

  return make(grid, dtype, &layout, data != NULL, data, tt_max(1, m), A);
}

tartan_status tartan_matrix_view(tartan_matrix *A, int64_t i0, int64_t j0, int64_t m, int64_t n, tartan_matrix **view)
{
  tartan_matrix *v = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  *view = NULL;
  REQUIRE(i0 >= 0 && j0 >= 0 && m >= 0 && n >= 0 && m <= A->row.n - i0 && n <= A->col.n - j0, TARTAN_ERR_SHAPE,
          "a view of %lld x %lld at (%lld, %lld) does not lie in a matrix of %lld x %lld", (long long)m, (long long)n,
          (long long)i0, (long long)j0, (long long)A->row.n, (long long)A->col.n);
  v = tt_alloc(&A->grid->memory, 1, sizeof *v, "a view", &local);
  AGREE(A->grid, local);
  *v = *A;
  v->row = tt_axis_window(&A->row, i0, m);
  v->col = tt_axis_window(&A->col, j0, n);
  v->storage->references++;
  settle_position(v);
  if (v->prow >= 0 && v->storage->data) {
    const int64_t il = tt_axis_below(&v->row, v->prow, v->row.first),
                  jl = tt_axis_below(&v->col, v->pcol, v->col.first);

    v->data = (char *)v->storage->data + (size_t)(il + jl * v->ld) * tartan_dtype_size(v->dtype);
  }
  *view = v;
  v = NULL;
done:
  tt_free(v);
  return st;
}

void tartan_matrix_destroy(tartan_matrix **A)
{
  tartan_matrix *a = A ? *A : NULL;

  if (!a) return;
  if (a->storage && --a->storage->references == 0) {
    if (a->storage->owned) tt_free(a->storage->data);
    tt_free(a->storage->ranks);
    tt_free(a->storage->starts);
    tt_free(a->storage);
  }
  tt_free(a);
  *A = NULL;
}

void tartan_matrix_shape(const tartan_matrix *A, int64_t *m, int64_t *n)
{
  if (m) *m = A->row.n;
  if (n) *n = A->col.n;
}

tartan_dtype tartan_matrix_dtype(const tartan_matrix *A)
{
  return A->dtype;
}

tartan_grid *tartan_matrix_grid(const tartan_matrix *A)
{
  return A->grid;
}

void *tartan_matrix_local(const tartan_matrix *A, int64_t *ld, int64_t *mloc, int64_t *nloc)
{
  if (ld) *ld = A->ld;
  if (mloc) *mloc = A->mloc;
  if (nloc) *nloc = A->nloc;
  return A->data;
}

int64_t tartan_matrix_global_row(const tartan_matrix *A, int64_t il)
{
  return tt_axis_global(&A->row, A->prow, il);
}

int64_t tartan_matrix_global_col(const tartan_matrix *A, int64_t jl)
{
  return tt_axis_global(&A->col, A->pcol, jl);
}

int64_t tartan_matrix_local_row(const tartan_matrix *A, int64_t i)
{
  return A->prow >= 0 && tt_axis_owner(&A->row, i) == A->prow ? tt_axis_local(&A->row, i) : -1;
}

int64_t tartan_matrix_local_col(const tartan_matrix *A, int64_t j)
{
  return A->pcol >= 0 && tt_axis_owner(&A->col, j) == A->pcol ? tt_axis_local(&A->col, j) : -1;
}
