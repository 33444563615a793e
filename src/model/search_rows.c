/* Rows as they are compared: values in the type of the products, and behind them their lengths in f64. */
#include <math.h>

#include "base/util.h"
#include "comm/agree.h"
#include "kernel/reduce.h"
#include "model/search_impl.h"

int64_t tt_rows_elements(tartan_dtype dtype, int64_t d, int64_t count)
{
  const int64_t each = (int64_t)(sizeof(double) / tartan_dtype_size(dtype));

  return tt_round_up(count * d, each) + count * each;
}

void tt_rows_place(tartan_dtype dtype, int64_t d, char *memory, int64_t row, int64_t count, tt_rows *rows)
{
  const int64_t values = tt_rows_elements(dtype, d, count) * (int64_t)tartan_dtype_size(dtype) - 8 * count;

  *rows = (tt_rows){.row = row, .count = count, .data = memory, .length = (double *)(void *)(memory + values)};
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

void tt_rows_fill(tartan_dtype dtype, int64_t d, tt_element element, const void *slab, const tt_rows *rows)
{
  tt_convert(element, slab, rows->count * d, dtype, rows->data);
  for (int64_t i = 0; i < rows->count; i++)
    rows->length[i] = tt_row_length(dtype, d, rows->data + (size_t)(i * d) * tartan_dtype_size(dtype));
}

int64_t tt_rows_bad(const tt_rows *rows)
{
  for (int64_t i = 0; i < rows->count; i++)
    if (!isfinite(rows->length[i])) return 2 * (rows->row + i) + isnan(rows->length[i]);
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
