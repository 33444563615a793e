#include "operand.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "matrix/matrix.h"

double fill_nan(int64_t i, int64_t j, void *unused)
{
  (void)i, (void)j, (void)unused;
  return NAN;
}

int64_t operand_size(void)
{
  static const int64_t sizes[] = {0, 1, 1, 2, 7, 13, 37, 64, 65, 130, 300};

  return sizes[check_pick(11)];
}

/* Any cut of n columns into one range for each rank. */
static tartan_matrix *draw_ranges(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, operand *x)
{
  const int      P = tartan_grid_size(grid);
  int64_t        starts[LAYOUT_RANKS_MAX + 1] = {0};
  tartan_matrix *A = NULL;

  for (int r = 1; r < P; r++) starts[r] = starts[r - 1] + check_pick((n - starts[r - 1]) * 2 / P + 1);
  for (int r = 1; r < P; r++) starts[r] = starts[r] < n ? starts[r] : n;
  starts[P] = n;
  CHECK_OK(tt_matrix_create_ranges(grid, dtype, m, n, starts, NULL, &A));
  snprintf(x->text, sizeof x->text, "ranges of columns");
  return A;
}

static tartan_matrix *draw_blocks(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, operand *x)
{
  tartan_matrix_opts opts = layout_random(grid);
  tartan_matrix     *A = NULL;
  char               layout[96];

  layout_draw_ranks(grid, &opts, x->ranks);
  CHECK_OK(tartan_matrix_create(grid, dtype, m, n, &opts, &A));
  snprintf(x->text, sizeof x->text, "%s", layout_text(&opts, layout));
  return A;
}

static void draw(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, tartan_fill *fill, void *context,
                 bool ranges, operand *x)
{
  int64_t M, N;
  size_t  used;

  memset(x, 0, sizeof *x);
  x->i0 = check_pick(3) * 5;
  x->j0 = check_pick(3) * 3;
  M = x->i0 + m + check_pick(4);
  N = x->j0 + n + check_pick(4);
  x->whole = ranges ? draw_ranges(grid, dtype, M, N, x) : draw_blocks(grid, dtype, M, N, x);
  used = strlen(x->text);
  snprintf(x->text + used, sizeof x->text - used, ", %s %lld x %lld at (%lld, %lld)", tartan_dtype_name(dtype),
           (long long)m, (long long)n, (long long)x->i0, (long long)x->j0);
  matrix_fill(x->whole, fill, context);
  CHECK_OK(tartan_matrix_view(x->whole, x->i0, x->j0, m, n, &x->window));
  x->before = dense_of(x->whole);
  x->values = operand_now(x);
}

void operand_draw(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, tartan_fill *fill, void *context,
                  operand *x)
{
  draw(grid, dtype, m, n, fill, context, check_pick(5) == 0, x);
}

void operand_draw_cyclic(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, tartan_fill *fill, void *context,
                         operand *x)
{
  draw(grid, dtype, m, n, fill, context, false, x);
}

dense operand_now(const operand *x)
{
  return dense_of(x->window);
}

int64_t operand_changed(const operand *x, bool all)
{
  int64_t m, n, changed = 0;
  dense   now = dense_of(x->whole);

  tartan_matrix_shape(x->window, &m, &n);
  for (int64_t j = 0; j < now.n; j++)
    for (int64_t i = 0; i < now.m; i++) {
      const bool   inside = i >= x->i0 && i < x->i0 + m && j >= x->j0 && j < x->j0 + n;
      const double a = AT(now, i, j), b = AT(x->before, i, j);

      changed += (all || !inside) && !(a == b || (isnan(a) && isnan(b)));
    }
  dense_free(&now);
  return changed;
}

void operand_end(operand *x)
{
  tartan_matrix_destroy(&x->whole); /* the parent first: the view holds the memory */
  tartan_matrix_destroy(&x->window);
  dense_free(&x->values);
  dense_free(&x->before);
}
