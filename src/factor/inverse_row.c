/*
 * The inverse from a Cholesky factor on one row of ranks, each of which has whole columns, in the place of the factor: two
 * sweeps over groups of block columns, which their owners send to all.
 *
 *     X := L^-1          a group of L comes, and every rank eliminates it from its own columns of the identity, of which
 *                        only those so far are touched (Higham 2002, 14.2.2: method 1B by blocks)
 *     A^-1 := X' X       a group of X comes, and gives the same rows of the result in the columns up to its own
 *
 * What the second sweep has made of some rows it does not read again, so nothing needs a second matrix. The other
 * triangle is the same rows, sent to the owners of the columns that they become.
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/triangular.h"

#define GROUP 3 /* block columns of a group */

typedef struct work {
  tartan_matrix *F;
  size_t         size;
  int64_t        n, nb;
  int64_t        row, end; /* of the group: its first row and column, and the column behind it */
  char          *w;        /* [n - row, end - row] the group's columns, from its first row on */
  char          *t;        /* [end - row, columns] rows of the result */
  char          *sent;     /* [columns, nb] a block of them, turned */
  char          *came;     /* [n, nb] those of all ranks */
  int64_t       *counts;   /* [P] elements of each rank */
} work;

/* Element (i, j) of this rank's part of F. Local. */
static char *at(const work *c, int64_t i, int64_t j)
{
  return (char *)c->F->data + (size_t)(i + j * c->F->ld) * c->size;
}

/* A rank's columns before global column j. Local. */
static int64_t columns(const work *c, int rank, int64_t j)
{
  return tt_axis_below(&c->F->col, rank, tt_min(j, c->n));
}

/* Memory. Local: the caller agrees. */
static tartan_status make(const tt_factored *f, work *c)
{
  tt_memory    *memory = &f->F->grid->memory;
  const char   *name = "panels of an inverse";
  tartan_status local = TARTAN_OK;

  *c = (work){.F = f->F, .size = tartan_dtype_size(f->F->dtype), .n = f->n, .nb = f->layout.nb};
  c->w = tt_alloc(memory, c->n * GROUP * c->nb, c->size, name, &local);
  c->t = tt_alloc(memory, c->F->nloc * GROUP * c->nb, c->size, name, &local);
  c->sent = tt_alloc(memory, c->F->nloc * c->nb, c->size, name, &local);
  c->came = tt_alloc(memory, c->n * c->nb, c->size, name, &local);
  c->counts = tt_alloc_zero(memory, f->F->grid->size, sizeof *c->counts, name, &local);
  return local;
}

static void end(work *c)
{
  tt_free(c->counts);
  tt_free(c->came);
  tt_free(c->sent);
  tt_free(c->t);
  tt_free(c->w);
}

/* The group that begins at a row, from its owners to all. Collective. */
static tartan_status bring(work *c, int64_t row)
{
  const int64_t below = c->n - row;
  tartan_status st = TARTAN_OK;

  c->row = row;
  c->end = tt_min(row + GROUP * c->nb, c->n);
  for (int64_t j = row; j < c->end; j += c->nb) {
    const int64_t count = tt_min(c->nb, c->n - j);
    const int     owner = (int)(j / c->nb % c->F->q);
    char         *to = c->w + (size_t)((j - row) * below) * c->size;

    if (c->F->pcol == owner)
      tt_copy_local(c->F->dtype, at(c, row, columns(c, owner, j)), c->F->ld, c->F->dtype, to, below, below, count);
    TRY(tt_bcast(c->F->grid, to, below * count, c->size, owner));
  }
done:
  return st;
}

/* What the group of L that has come takes from this rank's columns of the identity. Local. */
static void eliminate(const work *c)
{
  const tartan_dtype t = c->F->dtype;
  const int64_t      so_far = columns(c, c->F->pcol, c->end), width = c->end - c->row, below = c->n - c->row;

  for (int64_t jl = columns(c, c->F->pcol, c->row); jl < so_far; jl++) {
    tt_set_local(t, 0, at(c, c->row, jl), c->F->ld, below, 1);
    tt_put_element(t, 1, c->F->data, c->F->ld, tartan_matrix_global_col(c->F, jl), jl);
  }
  tt_trsm_left_lower_local(t, width, so_far, c->w, below, at(c, c->row, 0), c->F->ld);
  tt_gemm_local(t, TARTAN_NO_TRANS, TARTAN_NO_TRANS, below - width, so_far, width, -1, c->w + (size_t)width * c->size,
                below, at(c, c->row, 0), c->F->ld, 1, at(c, c->end, 0), c->F->ld);
}

/* Rows of the result by the group of X that has come. Local. */
static void multiply(const work *c)
{
  const tartan_dtype t = c->F->dtype;
  const int64_t      so_far = columns(c, c->F->pcol, c->end), width = c->end - c->row, below = c->n - c->row;

  tt_gemm_local(t, TARTAN_TRANS, TARTAN_NO_TRANS, width, so_far, below, 1, c->w, below, at(c, c->row, 0), c->F->ld, 0,
                c->t, width);
  tt_copy_local(t, c->t, width, t, at(c, c->row, 0), c->F->ld, width, so_far);
}

/* Block column j above the diagonal := the rows `came`, block after block of each rank. Local. */
static void put_turned(const work *c, int64_t j, int64_t width)
{
  const int64_t jl = columns(c, c->F->pcol, j);
  const char   *from = c->came;

  for (int r = 0; r < c->F->q; r++) {
    const int64_t rows = columns(c, r, j);

    for (int64_t il = 0; il < rows; il += c->nb)
      tt_copy_local(c->F->dtype, from + (size_t)il * c->size, rows, c->F->dtype,
                    at(c, tt_axis_global(&c->F->col, r, il), jl), c->F->ld, c->nb, width);
    from += (size_t)(rows * width) * c->size;
  }
  for (int64_t k = 1; k < width; k++)
    for (int64_t i = 0; i < k; i++) memcpy(at(c, j + i, jl + k), at(c, j + k, jl + i), c->size);
}

/* The rows of the group, turned, to the columns above the diagonal. Collective. */
static tartan_status mirror(const work *c)
{
  tartan_status st = TARTAN_OK;

  for (int64_t j = c->row; j < c->end; j += c->nb) {
    const int64_t width = tt_min(c->nb, c->n - j), mine = columns(c, c->F->pcol, j);
    const int     owner = (int)(j / c->nb % c->F->q);

    for (int r = 0; r < c->F->q; r++) c->counts[r] = width * columns(c, r, j);
    tt_transpose_local(c->F->dtype, c->t + (size_t)(j - c->row) * c->size, c->end - c->row, c->sent, mine, mine, width);
    TRY(tt_gatherv(c->F->grid, c->sent, c->counts, c->size, c->came, owner));
    if (c->F->pcol == owner) put_turned(c, j, width);
  }
done:
  return st;
}

tartan_status tt_inverse_row(tt_factored *f)
{
  work          c;
  tartan_status st = TARTAN_OK;

  AGREE(f->F->grid, make(f, &c));
  for (int64_t row = 0; row < c.n; row += GROUP * c.nb) {
    TRY(bring(&c, row));
    eliminate(&c);
  }
  for (int64_t row = 0; row < c.n; row += GROUP * c.nb) {
    TRY(bring(&c, row));
    multiply(&c);
    TRY(mirror(&c));
  }
done:
  end(&c);
  return st;
}
