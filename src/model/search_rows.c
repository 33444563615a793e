/* Rows as they are compared: values in the type of the products, and behind them their lengths in f64. */
#include <math.h>

#include "base/util.h"
#include "comm/agree.h"
#include "kernel/reduce.h"
#include "model/search_impl.h"

/* Numbers in f64 behind each row. */
static int64_t numbers(const tt_row_shape *shape)
{
  return shape->biased ? 2 : 1;
}

int64_t tt_rows_elements(const tt_row_shape *shape, int64_t count)
{
  const int64_t each = (int64_t)(sizeof(double) / tartan_dtype_size(shape->dtype));

  return tt_round_up(count * shape->d, each) + numbers(shape) * count * each;
}

void tt_rows_place(const tt_row_shape *shape, char *memory, int64_t row, int64_t count, tt_rows *rows)
{
  const int64_t bytes = tt_rows_elements(shape, count) * (int64_t)tartan_dtype_size(shape->dtype);
  double       *behind = (double *)(void *)(memory + bytes - 8 * numbers(shape) * count);

  *rows = (tt_rows){.row = row, .count = count, .data = memory, .length = behind};
  if (shape->biased) rows->bias = behind + count;
}

/* Squares whose sum lies between these have lost nothing that counts. */
#define SQUARES_LEAST 0x1p-900
#define SQUARES_MOST 0x1p900

double tt_row_length(tartan_dtype dtype, int64_t d, const void *row)
{
  const double squares = tt_ordered_dot(dtype, row, 1, row, 1, d);
  double       length;

  if (dtype == TARTAN_F32 || (squares >= SQUARES_LEAST && squares <= SQUARES_MOST)) return sqrt(squares);
  tt_measure_columns(TT_LENGTH, dtype, row, d, d, 1, &length);
  return length;
}

void tt_rows_fill(const tt_row_shape *shape, tt_element element, const void *slab, const tt_rows *rows)
{
  const size_t row = (size_t)shape->d * tartan_dtype_size(shape->dtype);

  tt_convert(element, slab, rows->count * shape->d, shape->dtype, rows->data);
  for (int64_t i = 0; i < rows->count; i++)
    rows->length[i] = tt_row_length(shape->dtype, shape->d, rows->data + (size_t)i * row);
}

int64_t tt_row_bad(int64_t row, double length)
{
  return isfinite(length) ? INT64_MAX : 2 * row + isnan(length);
}

int64_t tt_rows_bad(const tt_rows *rows)
{
  for (int64_t i = 0; i < rows->count; i++)
    if (!isfinite(rows->length[i])) return tt_row_bad(rows->row + i, rows->length[i]);
  return INT64_MAX;
}

tartan_status tt_rows_require_finite(tartan_grid *grid, int64_t bad, const char *what)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_agree_least(grid, &bad));
  REQUIRE(bad == INT64_MAX, TARTAN_ERR_INPUT, "%s %lld (from zero) %s; only finite rows can be compared", what,
          (long long)(bad / 2), bad % 2 ? "holds NaN" : "holds Inf, or its length is beyond f64");
done:
  return st;
}
