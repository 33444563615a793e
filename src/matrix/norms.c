/*
 * Norms, sums and means. Each rank measures what it holds; for rows and columns the numbers of the ranks across are
 * joined (lines.h), for a whole matrix by an allreduce. Everything is f64.
 */
#include <tartan/norms.h>

#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "matrix/lines.h"

#define STEP_BYTES ((int64_t)64 << 20) /* of an operand in another layout */

/*
 * Each rank's (scale, ssq) are combined on the largest scale of all: one maximum, one sum.
 */
tartan_status tartan_norm_fro(const tartan_matrix *A, double *norm)
{
  tartan_grid  *grid = A->grid;
  double        scale = 0, ssq = 1, largest, sum;
  int64_t       bad;
  tartan_status st = TARTAN_OK;

  *norm = 0;
  tt_sum_squares(A->dtype, A->data, A->ld, A->mloc, A->nloc, &scale, &ssq);
  bad = isnan(scale) ? 2 : isinf(scale) ? 1 : 0;
  TRY(tt_allreduce_i64(grid, &bad, 1, TT_MAX));
  largest = bad ? 0 : scale;
  TRY(tt_allreduce_f64(grid, &largest, 1, TT_MAX));
  sum = largest > 0 && scale > 0 ? ssq * (scale / largest) * (scale / largest) : 0;
  TRY(tt_allreduce_f64(grid, &sum, 1, TT_SUM));
  *norm = bad == 2 ? (double)NAN : bad == 1 ? (double)INFINITY : largest * sqrt(sum);
done:
  return st;
}

/* The largest of the ranks' values, which are not negative, NaN if one is. Collective. */
static tartan_status largest_of_all(tartan_grid *grid, double *value)
{
  double        both[2] = {isnan(*value) ? 1 : 0, isnan(*value) ? 0 : *value};
  tartan_status st = TARTAN_OK;

  TRY(tt_allreduce_f64(grid, both, 2, TT_MAX));
  *value = both[0] > 0 ? (double)NAN : both[1];
done:
  return st;
}

/* What a norm measures in one row or column. */
static tt_measure measure_of(tartan_norm_kind kind)
{
  switch (kind) {
  case TARTAN_NORM_FRO: return TT_LENGTH;
  case TARTAN_NORM_ONE:
  case TARTAN_NORM_SUM: return TT_ABSOLUTE;
  case TARTAN_NORM_INF:
  case TARTAN_NORM_MAX: return TT_LARGEST;
  case TARTAN_NORM_COUNT: break;
  }
  return TT_NONZEROS;
}

static tartan_status require_kind(tartan_norm_kind kind)
{
  tartan_status st = TARTAN_OK;

  REQUIRE((int)kind >= TARTAN_NORM_FRO && (int)kind <= TARTAN_NORM_COUNT, TARTAN_ERR_ARG, "there is no norm %d",
          (int)kind);
done:
  return st;
}

/* Measures every row or column, and joins what the ranks across found. Collective. */
static tartan_status measure_lines(tt_measure what, tartan_axis axis, const tartan_matrix *A, tt_lines *lines)
{
  tartan_status st = TARTAN_OK;

  AGREE(A->grid, tt_lines_make(axis, A, lines));
  if (axis == TARTAN_ROWS)
    tt_measure_rows(what, A->dtype, A->data, A->ld, A->mloc, A->nloc, lines->mine);
  else
    tt_measure_columns(what, A->dtype, A->data, A->ld, A->mloc, A->nloc, lines->mine);
  TRY(tt_lines_join(what, lines));
done:
  return st;
}

/* The largest sum of |a| in a row or a column. Collective. */
static tartan_status largest_line(tartan_axis axis, const tartan_matrix *A, double *value)
{
  tt_lines      lines = {0};
  double       *sums, largest = 0;
  int64_t       count;
  tartan_status st = TARTAN_OK;

  TRY(measure_lines(TT_ABSOLUTE, axis, A, &lines));
  sums = tt_lines_result(&lines, &count);
  tt_measure_columns(TT_LARGEST, TARTAN_F64, sums, count, count, 1, &largest);
  TRY(largest_of_all(A->grid, &largest));
  *value = largest;
done:
  tt_lines_end(&lines);
  return st;
}

/* A measure of all elements together. Collective. */
static tartan_status measure_whole(tt_measure what, const tartan_matrix *A, double *value)
{
  double        mine = 0;
  tartan_status st = TARTAN_OK;

  for (int64_t jl = 0; jl < A->nloc && A->mloc > 0; jl++) {
    const char *column = (const char *)A->data + (size_t)(jl * A->ld) * tartan_dtype_size(A->dtype);
    double      part = 0;

    tt_measure_columns(what, A->dtype, column, A->ld, A->mloc, 1, &part);
    tt_measure_join(what, 1, &part, &mine);
  }
  TRY(what == TT_LARGEST ? largest_of_all(A->grid, &mine) : tt_allreduce_f64(A->grid, &mine, 1, TT_SUM));
  *value = mine;
done:
  return st;
}

tartan_status tartan_norm(tartan_norm_kind kind, const tartan_matrix *A, double *value)
{
  tartan_status st = TARTAN_OK;

  *value = 0;
  TRY(require_kind(kind));
  if (kind == TARTAN_NORM_FRO)
    st = tartan_norm_fro(A, value);
  else if (kind == TARTAN_NORM_ONE || kind == TARTAN_NORM_INF)
    st = largest_line(kind == TARTAN_NORM_ONE ? TARTAN_COLUMNS : TARTAN_ROWS, A, value);
  else
    st = measure_whole(measure_of(kind), A, value);
done:
  return st;
}

tartan_status tartan_trace(const tartan_matrix *A, double *value)
{
  double        mine = 0;
  tartan_status st = TARTAN_OK;

  *value = 0;
  for (int64_t jl = 0; jl < A->nloc && A->mloc > 0; jl++) {
    const int64_t j = tartan_matrix_global_col(A, jl);
    const int64_t il = j < A->row.n ? tartan_matrix_local_row(A, j) : -1;

    if (il >= 0) mine += tt_get_element(A->dtype, A->data, A->ld, il, jl);
  }
  TRY(tt_allreduce_f64(A->grid, &mine, 1, TT_SUM));
  *value = mine;
done:
  return st;
}

/* Columns of B that lie in A's layout at a time: at most STEP_BYTES, if one rank had them all. */
static int64_t dot_step(const tartan_matrix *A, const tartan_matrix *B)
{
  const int64_t column = tt_max(1, tt_axis_largest(&A->row)) * (int64_t)tartan_dtype_size(B->dtype);

  return tt_max(1, STEP_BYTES / column);
}

tartan_status tartan_dot(const tartan_matrix *A, const tartan_matrix *B, double *value)
{
  const int64_t n = A->col.n;
  int64_t       step;
  double        mine = 0;
  tt_aligned    b = {0};
  tartan_status st = TARTAN_OK;

  *value = 0;
  REQUIRE(A->grid == B->grid, TARTAN_ERR_GRID, "a product of matrices of two grids");
  REQUIRE(A->row.n == B->row.n && n == B->col.n, TARTAN_ERR_SHAPE, "a dot product of %lld x %lld and %lld x %lld",
          (long long)A->row.n, (long long)n, (long long)B->row.n, (long long)B->col.n);
  step = dot_step(A, B);
  for (int64_t j = 0; j < n; j += step) {
    const int64_t       width = tt_min(step, n - j);
    const tartan_matrix wa = tt_matrix_window(A, 0, j, A->row.n, width);
    const tartan_matrix wb = tt_matrix_window(B, 0, j, B->row.n, width);

    TRY(tt_align(TARTAN_NO_TRANS, &wb, &wa, &b));
    mine += tt_dot_local(wa.dtype, wa.data, wa.ld, wb.dtype, b.at.data, b.at.ld, wa.mloc, wa.nloc);
    tt_aligned_end(&b);
  }
  TRY(tt_allreduce_f64(A->grid, &mine, 1, TT_SUM));
  *value = mine;
done:
  tt_aligned_end(&b);
  return st;
}

/* The common body of sums, means and norms: x := measures / divisor. Collective. */
static tartan_status store_measures(tt_measure what, tartan_axis axis, const tartan_matrix *A, double divisor,
                                    tartan_matrix *x)
{
  tt_lines      lines = {0};
  double       *values;
  int64_t       count;
  tartan_status st = TARTAN_OK;

  TRY(tt_lines_require(axis, A, x));
  TRY(measure_lines(what, axis, A, &lines));
  values = tt_lines_result(&lines, &count);
  for (int64_t i = 0; i < count && divisor != 1; i++) values[i] /= divisor;
  TRY(tt_lines_store(&lines, x));
done:
  tt_lines_end(&lines);
  return st;
}

tartan_status tartan_sums(tartan_axis axis, const tartan_matrix *A, tartan_matrix *x)
{
  return store_measures(TT_TOTAL, axis, A, 1, x);
}

tartan_status tartan_means(tartan_axis axis, const tartan_matrix *A, tartan_matrix *x)
{
  return store_measures(TT_TOTAL, axis, A, (double)(axis == TARTAN_ROWS ? A->col.n : A->row.n), x);
}

tartan_status tartan_norms(tartan_norm_kind kind, tartan_axis axis, const tartan_matrix *A, tartan_matrix *x)
{
  tartan_status st = TARTAN_OK;

  TRY(require_kind(kind));
  TRY(store_measures(measure_of(kind), axis, A, 1, x));
done:
  return st;
}
