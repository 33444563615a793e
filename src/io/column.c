/* Read in pieces in the type of the file and converted; what cannot be is reported with its place in the column. */
#include "io/column.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"

#define PIECE (INT64_C(1) << 20)
#define EXACT 0x1p63 /* whole numbers below fit 64 bits */

tartan_status tt_column_open(tartan_grid *grid, const char *file, const char *group, const char *name,
                             const tartan_io_opts *opts, tt_column_file *column)
{
  const tt_dataset_info *info;
  tartan_status          st = TARTAN_OK;

  *column = (tt_column_file){.grid = grid};
  snprintf(column->name, sizeof column->name, "%s:%s/%s", file, group, name);
  TRY(tt_dataset_open_vector(grid, column->name, opts, &column->dataset));
  info = tt_dataset_get_info(column->dataset);
  REQUIRE(info->cols == 1, TARTAN_ERR_INPUT, "%s has the shape %lld x %lld; a column of numbers is needed",
          column->name, (long long)info->rows, (long long)info->cols);
  column->length = info->rows;
done:
  return st;
}

void tt_column_close(tt_column_file *column)
{
  tt_dataset_close(&column->dataset);
}

/* Where a piece goes, and how its elements are turned into what is wanted: false at the first that cannot be. */
typedef int64_t convert(tt_element element, const void *from, int64_t count, void *to);

static int64_t to_reals(tt_element element, const void *from, int64_t count, void *to)
{
  bool is_nan;

  tt_convert(element, from, count, TARTAN_F64, to);
  return tt_find_nonfinite(TT_EL_F64, to, count, &is_nan);
}

static bool real_to_integer(double value, int64_t *to)
{
  if (!(value == floor(value) && value >= -EXACT && value < EXACT)) return false;
  *to = (int64_t)value;
  return true;
}

/* Element e of an array of any type as a whole number. */
static bool to_integer(tt_element element, const void *from, int64_t e, int64_t *to)
{
  switch (element) {
  case TT_EL_I8: *to = (int64_t)((const int8_t *)from)[e]; return true;
  case TT_EL_U8: *to = ((const uint8_t *)from)[e]; return true;
  case TT_EL_I16: *to = ((const int16_t *)from)[e]; return true;
  case TT_EL_U16: *to = ((const uint16_t *)from)[e]; return true;
  case TT_EL_I32: *to = ((const int32_t *)from)[e]; return true;
  case TT_EL_U32: *to = ((const uint32_t *)from)[e]; return true;
  case TT_EL_I64: *to = ((const int64_t *)from)[e]; return true;
  case TT_EL_U64: *to = (int64_t)((const uint64_t *)from)[e]; return *to >= 0;
  case TT_EL_F32: return real_to_integer((double)((const float *)from)[e], to);
  default: return real_to_integer(((const double *)from)[e], to);
  }
}

int64_t tt_whole_numbers(tt_element element, const void *from, int64_t count, int64_t *to)
{
  for (int64_t e = 0; e < count; e++)
    if (!to_integer(element, from, e, to + e)) return e;
  return -1;
}

static int64_t to_integers(tt_element element, const void *from, int64_t count, void *to)
{
  return tt_whole_numbers(element, from, count, to);
}

/* Reads this rank's part piece by piece; *wrong is the place in the column of the first element that is refused, or -1. */
static tartan_status read_part(tt_column_file *column, int64_t first, int64_t count, convert *turn, char *to,
                               int64_t *wrong)
{
  const tt_dataset_info *info = tt_dataset_get_info(column->dataset);
  tartan_status          st = TARTAN_OK;
  void                  *piece = tt_alloc(&column->grid->memory, tt_min(count, PIECE), 8, "a piece of a column", &st);

  *wrong = -1;
  for (int64_t i = 0; i < count && st == TARTAN_OK && *wrong < 0; i += PIECE) {
    const int64_t k = tt_min(PIECE, count - i);

    st = tt_dataset_read_local(column->dataset, first + i, k, 0, 1, piece);
    if (st != TARTAN_OK) break;
    *wrong = turn(info->element, piece, k, to + 8 * i);
    if (*wrong >= 0) *wrong += first + i;
  }
  tt_free(piece);
  return st;
}

tartan_status tt_column_reals(tt_column_file *column, int64_t first, int64_t count, double *values)
{
  int64_t       wrong;
  tartan_status st = TARTAN_OK, local = read_part(column, first, count, to_reals, (char *)values, &wrong);

  if (wrong >= 0)
    local = tt_fail(TARTAN_ERR_INPUT, "%s holds %s at element %lld (from 0); finite numbers are needed", column->name,
                    isnan(values[wrong - first]) ? "NaN" : "Inf", (long long)wrong);
  AGREE(column->grid, local);
done:
  return st;
}

tartan_status tt_column_integers(tt_column_file *column, int64_t first, int64_t count, int64_t *values)
{
  int64_t       wrong;
  tartan_status st = TARTAN_OK, local = read_part(column, first, count, to_integers, (char *)values, &wrong);

  if (wrong >= 0)
    local = tt_fail(TARTAN_ERR_INPUT,
                    "%s (%s) holds something else than a whole number of 64 bits at element %lld (from 0)",
                    column->name, tt_dataset_get_info(column->dataset)->type_name, (long long)wrong);
  AGREE(column->grid, local);
done:
  return st;
}
