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

void tt_rows_fill(tartan_dtype dtype, int64_t d, tt_element element, const void *slab, const tt_rows *rows)
{
  tt_convert(element, slab, rows->count * d, dtype, rows->data);
  tt_measure_columns(TT_LENGTH, dtype, rows->data, d, d, rows->count, rows->length);
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
