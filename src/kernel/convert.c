/* One table by element type; each row is element.inc compiled for that type. */
#include "kernel/convert.h"

#include <math.h>
#include <string.h>

#define FROM int8_t
#define NAME(x) i8_##x
#include "kernel/element.inc"
#undef FROM
#undef NAME

#define FROM uint8_t
#define NAME(x) u8_##x
#include "kernel/element.inc"
#undef FROM
#undef NAME

#define FROM int16_t
#define NAME(x) i16_##x
#include "kernel/element.inc"
#undef FROM
#undef NAME

#define FROM uint16_t
#define NAME(x) u16_##x
#include "kernel/element.inc"
#undef FROM
#undef NAME

#define FROM int32_t
#define NAME(x) i32_##x
#include "kernel/element.inc"
#undef FROM
#undef NAME

#define FROM uint32_t
#define NAME(x) u32_##x
#include "kernel/element.inc"
#undef FROM
#undef NAME

#define FROM int64_t
#define NAME(x) i64_##x
#include "kernel/element.inc"
#undef FROM
#undef NAME

#define FROM uint64_t
#define NAME(x) u64_##x
#include "kernel/element.inc"
#undef FROM
#undef NAME

#define FROM float
#define NAME(x) f32_##x
#include "kernel/element.inc"
#undef FROM
#undef NAME

#define FROM double
#define NAME(x) f64_##x
#include "kernel/element.inc"
#undef FROM
#undef NAME

typedef void convert_fn(const void *src, int64_t count, void *dst);
typedef void shift_fn(const tt_shift_job *job);

static const struct {
  const char *name;
  size_t      size;
  convert_fn *convert[2]; /* by tartan_dtype */
  shift_fn   *shift[2];
} elements[TT_EL_COUNT] = {
    {"int8", 1, {i8_to_f32, i8_to_f64}, {i8_shift_f32, i8_shift_f64}},
    {"uint8", 1, {u8_to_f32, u8_to_f64}, {u8_shift_f32, u8_shift_f64}},
    {"int16", 2, {i16_to_f32, i16_to_f64}, {i16_shift_f32, i16_shift_f64}},
    {"uint16", 2, {u16_to_f32, u16_to_f64}, {u16_shift_f32, u16_shift_f64}},
    {"int32", 4, {i32_to_f32, i32_to_f64}, {i32_shift_f32, i32_shift_f64}},
    {"uint32", 4, {u32_to_f32, u32_to_f64}, {u32_shift_f32, u32_shift_f64}},
    {"int64", 8, {i64_to_f32, i64_to_f64}, {i64_shift_f32, i64_shift_f64}},
    {"uint64", 8, {u64_to_f32, u64_to_f64}, {u64_shift_f32, u64_shift_f64}},
    {"float32", 4, {f32_to_f32, f32_to_f64}, {f32_shift_f32, f32_shift_f64}},
    {"float64", 8, {f64_to_f32, f64_to_f64}, {f64_shift_f32, f64_shift_f64}},
};

size_t tt_element_size(tt_element element)
{
  return elements[element].size;
}

const char *tt_element_name(tt_element element)
{
  return elements[element].name;
}

bool tt_element_is_integer(tt_element element)
{
  return element < TT_EL_F32;
}

tt_element tt_element_of(tartan_dtype dtype)
{
  return dtype == TARTAN_F32 ? TT_EL_F32 : TT_EL_F64;
}

void tt_swap_bytes(size_t size, int64_t count, void *data)
{
  unsigned char *d = data;

  for (int64_t i = 0; i < count && size > 1; i++, d += size) {
    for (size_t a = 0, b = size - 1; a < b; a++, b--) {
      const unsigned char t = d[a];

      d[a] = d[b];
      d[b] = t;
    }
  }
}

void tt_convert(tt_element element, const void *src, int64_t count, tartan_dtype dtype, void *dst)
{
  if (element == tt_element_of(dtype)) {
    if (count > 0) memcpy(dst, src, (size_t)count * elements[element].size);
  } else {
    elements[element].convert[dtype](src, count, dst);
  }
}

void tt_convert_shifted(tt_element element, tartan_dtype dtype, const tt_shift_job *job)
{
  elements[element].shift[dtype](job);
}

/* x - x is 0 for finite x and NaN for Inf and NaN, so counting needs no call and no branch. */
int64_t tt_count_nonfinite(tt_element element, const void *src, int64_t count)
{
  int64_t n = 0;

  if (element == TT_EL_F32) {
    const float *s = src;

    for (int64_t i = 0; i < count; i++) n += !((s[i] - s[i]) == 0);
  } else if (element == TT_EL_F64) {
    const double *s = src;

    for (int64_t i = 0; i < count; i++) n += !((s[i] - s[i]) == 0);
  }
  return n;
}

int64_t tt_find_nonfinite(tt_element element, const void *src, int64_t count, bool *is_nan)
{
  const float  *f = src;
  const double *d = src;

  if (tt_element_is_integer(element)) return -1;
  for (int64_t i = 0; i < count; i++) {
    const double v = element == TT_EL_F32 ? (double)f[i] : d[i];

    if (isfinite(v)) continue;
    *is_nan = isnan(v);
    return i;
  }
  return -1;
}
