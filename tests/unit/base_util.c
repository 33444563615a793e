// TEST: np=0 labels=unit,base
/* Checked integer arithmetic, the clock, element types, fault countdowns. */
#include <limits.h>
#include <string.h>

#include <tartan/tartan.h>

#include "base/fault.h"
#include "base/util.h"
#include "check.h"

static void test_min_max(void)
{
  check_context("min, max");
  CHECK_EQ(tt_min(3, -4), -4);
  CHECK_EQ(tt_max(3, -4), 3);
  CHECK_EQ(tt_min(INT64_MIN, INT64_MAX), INT64_MIN);
  CHECK_EQ(tt_max(INT64_MIN, INT64_MAX), INT64_MAX);
}

static void test_division(void)
{
  for (int64_t b = 1; b <= 12; b++)
    for (int64_t a = 0; a <= 60; a++) {
      int64_t c = 0;

      while (c * b < a) c++;
      check_context("%lld / %lld", (long long)a, (long long)b);
      CHECK_EQ(tt_ceil_div(a, b), c);
      CHECK_EQ(tt_round_up(a, b), c * b);
    }
  check_context("the largest quotients");
  CHECK_EQ(tt_ceil_div(INT64_MAX, 1), INT64_MAX);
  CHECK_EQ(tt_ceil_div(INT64_MAX, 2), (int64_t)1 << 62);
  CHECK_EQ(tt_ceil_div(INT64_MAX, INT64_MAX), 1);
}

static void test_product(void)
{
  static const struct {
    int64_t a, b, product;
    bool    ok;
  } known[] = {{0, INT64_MAX, 0, true},
               {1, INT64_MAX, INT64_MAX, true},
               {-1, INT64_MAX, -INT64_MAX, true},
               {(int64_t)1 << 31, (int64_t)1 << 31, (int64_t)1 << 62, true},
               {(int64_t)1 << 32, (int64_t)1 << 31, INT64_MAX, false},
               {3037000499, 3037000499, 9223372030926249001, true},
               {3037000500, 3037000500, INT64_MAX, false},
               {2, INT64_MAX, INT64_MAX, false},
               {INT64_MIN, -1, INT64_MAX, false}};

  for (int i = 0; i < 9; i++) {
    int64_t product = 5;

    check_context("%lld * %lld", (long long)known[i].a, (long long)known[i].b);
    CHECK(tt_mul(known[i].a, known[i].b, &product) == known[i].ok);
    CHECK_EQ(product, known[i].product);
  }
}

static void test_fits_int(void)
{
  check_context("what fits an int");
  CHECK(tt_fits_int(0) && tt_fits_int(INT_MAX) && tt_fits_int(INT_MIN));
  CHECK(!tt_fits_int((int64_t)INT_MAX + 1) && !tt_fits_int((int64_t)INT_MIN - 1));
}

static void test_clock(void)
{
  double last = tt_seconds();
  bool   back = false;

  check_context("the clock");
  for (int i = 0; i < 1000; i++) {
    const double now = tt_seconds();

    back = back || now < last;
    last = now;
  }
  CHECK(!back);
}

static void test_dtype(void)
{
  check_context("element types");
  CHECK_EQ(tartan_dtype_size(TARTAN_F32), 4);
  CHECK_EQ(tartan_dtype_size(TARTAN_F64), 8);
  CHECK(strcmp(tartan_dtype_name(TARTAN_F32), "f32") == 0);
  CHECK(strcmp(tartan_dtype_name(TARTAN_F64), "f64") == 0);
}

static void test_fault_countdown(void)
{
  for (int64_t k = -1; k < 5; k++) {
    check_context("countdown from %lld", (long long)k);
    tt_fault_arm(TT_FAULT_FILE, k);
    CHECK(!tt_fault_fired(TT_FAULT_FILE));
    for (int64_t i = 0; i < 8; i++) {
      CHECK(!tt_fault_hit(TT_FAULT_ALLOC)); /* the other kind is left alone */
      CHECK(tt_fault_hit(TT_FAULT_FILE) == (i == k));
      CHECK(tt_fault_fired(TT_FAULT_FILE) == (k >= 0 && i >= k));
    }
    CHECK(!tt_fault_fired(TT_FAULT_ALLOC));
  }
  check_context("disarming");
  tt_fault_arm(TT_FAULT_FILE, 0);
  tt_fault_arm(TT_FAULT_FILE, -1);
  CHECK(!tt_fault_hit(TT_FAULT_FILE) && !tt_fault_fired(TT_FAULT_FILE));
}

int main(int argc, char **argv)
{
  check_start_plain(argc, argv);
  test_min_max();
  test_division();
  test_product();
  test_fits_int();
  test_clock();
  test_dtype();
  test_fault_countdown();
  return check_finish();
}
