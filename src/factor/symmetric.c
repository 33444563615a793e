/*
 * Each rank goes once through its part of the triangle, in chunks of columns that follow each other: what lies below the
 * square on the diagonal counts for its rows and for its columns, the square element by element. Vectors have all n
 * elements on every rank.
 */
#include "factor/symmetric.h"

#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/gemv.h"
#include "kernel/reduce.h"

#define CHUNK 64

/* Columns that follow each other, on this rank and in the whole. */
typedef struct chunk {
  int64_t jl, j, count;  /* local and global index of the first */
  int64_t square, below; /* local rows from which i >= j, and i >= j + count */
} chunk;

/* The first local row whose global index is j or more. Local. */
static int64_t first_row(const tartan_matrix *A, int64_t j)
{
  return tt_axis_below(&A->row, A->prow, A->row.first + j) - tt_axis_below(&A->row, A->prow, A->row.first);
}

/* The next chunk after `c`, which starts as all zero; false behind the last. Local. */
static bool next(const tartan_matrix *A, chunk *c)
{
  c->jl += c->count;
  if (c->jl >= A->nloc || A->mloc == 0) return false;
  c->j = tartan_matrix_global_col(A, c->jl);
  for (c->count = 1; c->count < CHUNK && c->jl + c->count < A->nloc; c->count++)
    if (tartan_matrix_global_col(A, c->jl + c->count) != c->j + c->count) break;
  c->square = first_row(A, c->j);
  c->below = first_row(A, c->j + c->count);
  return true;
}

static const void *at(const tartan_matrix *A, int64_t il, int64_t jl)
{
  return (const char *)A->data + (size_t)(il + jl * A->ld) * tartan_dtype_size(A->dtype);
}

/* Vectors of this rank: over all indices, over its rows, of a step. */
typedef struct vectors {
  double *all;   /* [n] sums */
  double *rows;  /* [mloc] sums of the rows below squares */
  double *step;  /* [max(mloc, CHUNK)] */
  double *x;     /* [n] */
  double *x_row; /* [mloc] */
  double *wide;  /* [mloc, CHUNK] of f32 */
} vectors;

static void free_vectors(vectors *v)
{
  tt_free(v->wide);
  tt_free(v->x_row);
  tt_free(v->x);
  tt_free(v->step);
  tt_free(v->rows);
  tt_free(v->all);
}

/* Memory. Local. */
static tartan_status make_vectors(const tartan_matrix *A, bool product, vectors *v)
{
  tt_memory    *mem = &A->grid->memory;
  const bool    narrow = A->dtype == TARTAN_F32;
  tartan_status local = TARTAN_OK;

  *v = (vectors){.all = NULL};
  v->all = tt_alloc_zero(mem, A->row.n, sizeof *v->all, "a symmetric product", &local);
  v->rows = tt_alloc_zero(mem, A->mloc, sizeof *v->rows, "a symmetric product", &local);
  v->step = tt_alloc(mem, tt_max(A->mloc, CHUNK), sizeof *v->step, "a symmetric product", &local);
  if (!product) return local;
  v->x = tt_alloc(mem, A->row.n, sizeof *v->x, "a symmetric product", &local);
  v->x_row = tt_alloc(mem, A->mloc, sizeof *v->x_row, "a symmetric product", &local);
  if (narrow) v->wide = tt_alloc(mem, A->mloc * CHUNK, sizeof *v->wide, "a symmetric product", &local);
  return local;
}

/* all := the sum of both kinds of sums over the ranks. Collective. */
static tartan_status join(const tartan_matrix *A, vectors *v)
{
  for (int64_t il = 0; il < A->mloc; il++) v->all[tartan_matrix_global_row(A, il)] += v->rows[il];
  return tt_allreduce_f64(A->grid, v->all, A->row.n, TT_SUM);
}

/* |a| of a chunk to the sums. Local. */
static void measure(const tartan_matrix *A, const chunk *c, vectors *v)
{
  const int64_t rest = A->mloc - c->below;

  for (int64_t jl = 0; jl < c->count; jl++)
    for (int64_t il = c->square; il < c->below; il++) {
      const int64_t i = tartan_matrix_global_row(A, il), j = c->j + jl;
      const double  a = i >= j ? fabs(tt_get_element(A->dtype, A->data, A->ld, il, c->jl + jl)) : 0;

      v->all[j] += a;
      if (i > j) v->all[i] += a;
    }
  if (rest == 0) return;
  tt_measure_columns(TT_ABSOLUTE, A->dtype, at(A, c->below, c->jl), A->ld, rest, c->count, v->step);
  tt_add_f64(c->count, v->step, v->all + c->j);
  tt_measure_rows(TT_ABSOLUTE, A->dtype, at(A, c->below, c->jl), A->ld, rest, c->count, v->step);
  tt_add_f64(rest, v->step, v->rows + c->below);
}

tartan_status tt_symmetric_norm(const tartan_matrix *A, double *norm)
{
  vectors       v;
  chunk         c = {.jl = 0};
  tartan_status st = TARTAN_OK;

  *norm = 0;
  AGREE(A->grid, make_vectors(A, false, &v));
  while (next(A, &c)) measure(A, &c, &v);
  TRY(join(A, &v));
  for (int64_t i = 0; i < A->row.n; i++)
    if (!(v.all[i] <= *norm)) *norm = v.all[i] - v.all[i] == 0 ? v.all[i] : (double)INFINITY;
done:
  free_vectors(&v);
  return st;
}

/* A chunk's part of A x to the sums. Local. */
static void multiply(const tartan_matrix *A, const chunk *c, vectors *v)
{
  const int64_t rest = A->mloc - c->below;
  const double *below = at(A, c->below, c->jl);
  int64_t       ld = A->ld;

  for (int64_t jl = 0; jl < c->count; jl++)
    for (int64_t il = c->square; il < c->below; il++) {
      const int64_t i = tartan_matrix_global_row(A, il), j = c->j + jl;
      const double  a = i >= j ? tt_get_element(A->dtype, A->data, A->ld, il, c->jl + jl) : 0;

      v->all[i] += a * v->x[j];
      if (i > j) v->all[j] += a * v->x[i];
    }
  if (rest == 0) return;
  if (v->wide) {
    tt_copy_local(A->dtype, at(A, c->below, c->jl), A->ld, TARTAN_F64, v->wide, rest, rest, c->count);
    below = v->wide;
    ld = rest;
  }
  tt_gemv_local(TARTAN_NO_TRANS, rest, c->count, 1, below, ld, v->x + c->j, 1, 1, v->rows + c->below);
  tt_gemv_local(TARTAN_TRANS, rest, c->count, 1, below, ld, v->x_row + c->below, 1, 1, v->all + c->j);
}

/* x := column `side` of X on every rank; the sums become zero. Collective. */
static tartan_status take_column(const tartan_matrix *A, const tartan_matrix *X, int64_t side, vectors *v)
{
  const int64_t jl = tartan_matrix_local_col(X, side);
  tartan_status st = TARTAN_OK;

  for (int64_t i = 0; i < A->row.n; i++) v->x[i] = v->all[i] = 0;
  for (int64_t il = 0; jl >= 0 && il < X->mloc; il++)
    v->x[tartan_matrix_global_row(X, il)] = tt_get_element(X->dtype, X->data, X->ld, il, jl);
  TRY(tt_allreduce_f64(A->grid, v->x, A->row.n, TT_SUM));
  for (int64_t il = 0; il < A->mloc; il++) {
    v->x_row[il] = v->x[tartan_matrix_global_row(A, il)];
    v->rows[il] = 0;
  }
done:
  return st;
}

tartan_status tt_symmetric_subtract(const tartan_matrix *A, const tartan_matrix *X, tartan_matrix *R)
{
  vectors       v;
  tartan_status st = TARTAN_OK;

  AGREE(A->grid, make_vectors(A, true, &v));
  for (int64_t side = 0; side < X->col.n; side++) {
    const int64_t jl = tartan_matrix_local_col(R, side);
    chunk         c = {.jl = 0};

    TRY(take_column(A, X, side, &v));
    while (next(A, &c)) multiply(A, &c, &v);
    TRY(join(A, &v));
    for (int64_t il = 0; jl >= 0 && il < R->mloc; il++)
      tt_put_element(R->dtype,
                     tt_get_element(R->dtype, R->data, R->ld, il, jl) - v.all[tartan_matrix_global_row(R, il)], R->data,
                     R->ld, il, jl);
  }
done:
  free_vectors(&v);
  return st;
}
