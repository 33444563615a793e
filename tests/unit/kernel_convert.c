// TEST: np=0 labels=unit,kernel
/* tt_convert and tt_swap_bytes for every element type against plain C, with the extremes of each type. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "check.h"
#include "kernel/convert.h"

#define COUNT 103 /* no multiple of a vector's width */

static const struct {
  const char *name;
  size_t      size;
  bool        integer;
} elements[TT_EL_COUNT] = {
    [TT_EL_I8] = {"int8", 1, true},      [TT_EL_U8] = {"uint8", 1, true},   [TT_EL_I16] = {"int16", 2, true},
    [TT_EL_U16] = {"uint16", 2, true},   [TT_EL_I32] = {"int32", 4, true},  [TT_EL_U32] = {"uint32", 4, true},
    [TT_EL_I64] = {"int64", 8, true},    [TT_EL_U64] = {"uint64", 8, true}, [TT_EL_F32] = {"float32", 4, false},
    [TT_EL_F64] = {"float64", 8, false},
};

static void test_table(void)
{
  for (int e = 0; e < TT_EL_COUNT; e++) {
    check_context("element type %d", e);
    CHECK_EQ(tt_element_size((tt_element)e), elements[e].size);
    CHECK(strcmp(tt_element_name((tt_element)e), elements[e].name) == 0);
    CHECK(tt_element_is_integer((tt_element)e) == elements[e].integer);
  }
}

/* Sets element i of an array: first the extremes, then random bits (finite ones for floats). */
static void set_element(tt_element e, void *data, int64_t i)
{
  const int64_t  r = (int64_t)((uint64_t)check_pick((int64_t)1 << 52) * 4099u + (uint64_t)i);
  const double   x = i == 0   ? DBL_MAX
                     : i == 1 ? -DBL_MIN
                     : i == 2 ? -0.0
                     : i == 3 ? INFINITY
                     : i == 4 ? 0.1
                              : check_uniform() * 1e30 - 5e29;
  const int64_t  extremes[] = {INT64_MIN, INT64_MAX, -1, 0, 1};
  const int64_t  v = i < 5 ? extremes[i] : r;
  const uint64_t u = i == 0 ? UINT64_MAX : i == 1 ? (uint64_t)1 << 63 : (uint64_t)r;

  switch (e) {
  case TT_EL_I8: ((int8_t *)data)[i] = (int8_t)(i == 0 ? INT8_MIN : i == 1 ? INT8_MAX : v); break;
  case TT_EL_U8: ((uint8_t *)data)[i] = (uint8_t)u; break;
  case TT_EL_I16: ((int16_t *)data)[i] = (int16_t)(i == 0 ? INT16_MIN : i == 1 ? INT16_MAX : v); break;
  case TT_EL_U16: ((uint16_t *)data)[i] = (uint16_t)u; break;
  case TT_EL_I32: ((int32_t *)data)[i] = (int32_t)(i == 0 ? INT32_MIN : i == 1 ? INT32_MAX : v); break;
  case TT_EL_U32: ((uint32_t *)data)[i] = (uint32_t)u; break;
  case TT_EL_I64: ((int64_t *)data)[i] = v; break;
  case TT_EL_U64: ((uint64_t *)data)[i] = u; break;
  case TT_EL_F32: ((float *)data)[i] = i == 0 ? FLT_MAX : i == 1 ? -FLT_TRUE_MIN : (float)x; break;
  default: ((double *)data)[i] = x; break;
  }
}

/* Element i as C converts it to f64, and to f32 directly. */
static double as_f64(tt_element e, const void *data, int64_t i)
{
  switch (e) {
  case TT_EL_I8: return ((const int8_t *)data)[i];
  case TT_EL_U8: return ((const uint8_t *)data)[i];
  case TT_EL_I16: return ((const int16_t *)data)[i];
  case TT_EL_U16: return ((const uint16_t *)data)[i];
  case TT_EL_I32: return ((const int32_t *)data)[i];
  case TT_EL_U32: return ((const uint32_t *)data)[i];
  case TT_EL_I64: return (double)((const int64_t *)data)[i];
  case TT_EL_U64: return (double)((const uint64_t *)data)[i];
  case TT_EL_F32: return ((const float *)data)[i];
  default: return ((const double *)data)[i];
  }
}

static float as_f32(tt_element e, const void *data, int64_t i)
{
  switch (e) {
  case TT_EL_I32: return (float)((const int32_t *)data)[i];
  case TT_EL_U32: return (float)((const uint32_t *)data)[i];
  case TT_EL_I64: return (float)((const int64_t *)data)[i];
  case TT_EL_U64: return (float)((const uint64_t *)data)[i];
  case TT_EL_F32: return ((const float *)data)[i];
  default: return (float)as_f64(e, data, i);
  }
}

static void test_conversion(tt_element e, int64_t count)
{
  _Alignas(8) unsigned char src[COUNT * 8];
  double                    d[COUNT + 1];
  float                     f[COUNT + 1];
  int64_t                   wrong = 0;

  check_context("%lld of %s", (long long)count, elements[e].name);
  for (int64_t i = 0; i < count; i++) set_element(e, src, i);
  d[count] = 12345;
  f[count] = 12345;
  tt_convert(e, src, count, TARTAN_F64, d);
  tt_convert(e, src, count, TARTAN_F32, f);
  for (int64_t i = 0; i < count; i++) {
    const double expected = as_f64(e, src, i);
    const float  single = as_f32(e, src, i);

    wrong += memcmp(&d[i], &expected, sizeof expected) != 0;
    wrong += memcmp(&f[i], &single, sizeof single) != 0;
  }
  CHECK_EQ(wrong, 0);
  CHECK(d[count] == 12345 && f[count] == 12345);
}

static void test_nan(void)
{
  const double x[2] = {NAN, 1};
  const float  y[2] = {1, NAN};
  double       d[2];
  float        f[2];

  check_context("NaN");
  tt_convert(TT_EL_F64, x, 2, TARTAN_F32, f);
  CHECK(isnan(f[0]) && f[1] == 1);
  tt_convert(TT_EL_F32, y, 2, TARTAN_F64, d);
  CHECK(isnan(d[1]) && d[0] == 1);
}

static void test_swap(void)
{
  static const size_t size[] = {1, 2, 4, 8, 16};

  for (int s = 0; s < 5; s++)
    for (int64_t count = 0; count < 20; count++) {
      unsigned char data[20 * 16 + 1], before[20 * 16 + 1];
      int64_t       wrong = 0;

      check_context("swapping %lld of %zu bytes", (long long)count, size[s]);
      for (size_t b = 0; b < sizeof data; b++) before[b] = data[b] = (unsigned char)check_pick(256);
      tt_swap_bytes(size[s], count, data);
      for (int64_t b = 0; b < (int64_t)sizeof data; b++) {
        const int64_t w = (int64_t)size[s], from = b < count * w ? b / w * w + w - 1 - b % w : b;

        wrong += data[b] != before[from];
      }
      CHECK_EQ(wrong, 0);
    }
}

int main(int argc, char **argv)
{
  check_start_plain(argc, argv);
  test_table();
  for (int e = 0; e < TT_EL_COUNT; e++) {
    test_conversion((tt_element)e, 0);
    test_conversion((tt_element)e, 7);
    test_conversion((tt_element)e, COUNT);
  }
  test_nan();
  test_swap();
  return check_finish();
}
