// TEST: np=0 labels=unit,kernel
/* Candidates, ordered sums and bounded heaps, each against its definition. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "kernel/topn.h"

#define MOST 200

/* Keys that differ, in lists that are short and long. */
static void test_different(void)
{
  enum { LONG = 600 };
  double  key[LONG], kept[LONG];
  int64_t index[LONG];

  for (int64_t room = 1; room <= LONG; room += 29) {
    tt_heap heap = {.room = room, .key = kept, .index = index};
    int64_t wrong = 0;

    check_context("room %lld", (long long)room);
    for (int64_t i = 0; i < LONG; i++) {
      key[i] = (double)(i * 7919 % LONG) - LONG / 2;
      if (i == 0) key[i] = -INFINITY;
      tt_heap_offer(&heap, key[i], i);
    }
    tt_heap_sort(&heap);
    CHECK_EQ(heap.count, room);
    for (int64_t r = 0; r < room; r++) wrong += key[index[r]] != kept[r] || (r > 0 && kept[r - 1] <= kept[r]);
    CHECK_EQ(wrong, 0);
    CHECK(kept[0] == LONG / 2 - 1);
    CHECK(kept[room - 1] == (room < LONG ? LONG / 2 - (double)room : -INFINITY));
  }
}

static void test_heap(void)
{
  double  key[MOST], kept[MOST];
  int64_t index[MOST];

  for (int64_t room = 1; room <= 40; room += 3)
    for (int64_t count = 0; count <= MOST; count += 23) {
      tt_heap heap = {.room = room, .key = kept, .index = index};
      int64_t wrong = 0;

      check_context("room %lld, %lld offered", (long long)room, (long long)count);
      for (int64_t i = 0; i < count; i++) {
        key[i] = (double)check_pick(9);
        tt_heap_offer(&heap, key[i], i);
      }
      tt_heap_sort(&heap);
      CHECK_EQ(heap.count, count < room ? count : room);
      for (int64_t r = 0; r < heap.count; r++) {
        int64_t before = 0; /* how many are better than what stands at r */

        for (int64_t i = 0; i < count; i++) before += key[i] > kept[r] || (key[i] == kept[r] && i < index[r]);
        wrong += before != r || key[index[r]] != kept[r];
      }
      CHECK_EQ(wrong, 0);
    }
}

/* Whether an offer that is refused changes nothing, and ties go to the lower index whatever comes first. */
static void test_ties(void)
{
  double  key[2];
  int64_t index[2];
  tt_heap heap = {.room = 2, .key = key, .index = index};

  CHECK(tt_heap_offer(&heap, 1, 7));
  CHECK(tt_heap_offer(&heap, 1, 5));
  CHECK(!tt_heap_offer(&heap, 1, 8));
  CHECK(tt_heap_offer(&heap, 1, 3));
  CHECK(!tt_heap_offer(&heap, 0.5, 0));
  tt_heap_sort(&heap);
  CHECK(index[0] == 3 && index[1] == 5);
}

/* Collects from one place on and compares with a loop; returns where it stopped. */
static int64_t collect(tartan_dtype dtype, const void *p, const void *a, const void *h, double t, int64_t from,
                       int64_t count, int64_t room)
{
  double  value[MOST];
  int32_t at[MOST];
  tt_pool pool = {.room = room, .value = value, .at = at};
  int64_t stop = tt_pool_collect(dtype, p, a, h, t, from, count, 1000, &pool), n = 0, i = from;

  for (; i < count; i++) {
    const double v = dtype == TARTAN_F32
                         ? (double)(((const float *)p)[i] * ((const float *)a)[i] - ((const float *)h)[i])
                         : ((const double *)p)[i] * ((const double *)a)[i] - ((const double *)h)[i];

    if (v < t) continue;
    if (n == room) break;
    CHECK(at[n] == 1000 + i && (value[n] == v || (isnan(v) && isnan(value[n]))));
    n++;
  }
  CHECK_EQ(pool.count, n);
  CHECK_EQ(stop, i);
  return stop;
}

static void test_candidates(void)
{
  float  p[MOST], a[MOST], h[MOST];
  double pd[MOST], ad[MOST], hd[MOST];

  for (int i = 0; i < MOST; i++) {
    pd[i] = p[i] = (float)check_uniform();
    ad[i] = a[i] = (float)(0.5 + check_uniform());
    hd[i] = h[i] = (float)check_uniform();
  }
  p[77] = NAN;
  pd[77] = NAN;
  for (int64_t count = 0; count <= MOST; count += 7)
    for (int64_t from = 0; from <= count; from += 5) {
      const double  t = check_uniform() - 0.2;
      const int64_t room = check_pick(MOST);

      collect(TARTAN_F32, p, a, h, t, from, count, room);
      collect(TARTAN_F64, pd, ad, hd, t, from, count, room);
      CHECK_EQ(collect(TARTAN_F32, p, a, h, -INFINITY, from, count, MOST), count);
    }
  CHECK_EQ(collect(TARTAN_F32, p, a, h, 1e60, 0, 50, 0), 50);
}

/* A threshold that is no f32 is rounded down: what lies between is a candidate. */
static void test_threshold(void)
{
  const float p[1] = {1}, a[1] = {1}, h[1] = {0};
  tt_pool     full = {.room = 0};

  CHECK_EQ(tt_pool_collect(TARTAN_F32, p, a, h, 1 + 0x1p-30, 0, 1, 0, &full), 0);
  CHECK_EQ(tt_pool_collect(TARTAN_F32, p, a, h, 1 + 0x1p-22, 0, 1, 0, &full), 1);
  CHECK_EQ(tt_pool_collect(TARTAN_F32, p, a, h, 1, 0, 1, 0, &full), 0);
}

/* A cut leaves as many as are asked for, and not many more where values differ. */
static void test_cutoff(void)
{
  double value[MOST];

  for (int kind = 0; kind < 4; kind++)
    for (int64_t count = 1; count <= MOST; count += 11)
      for (int64_t least = 1; least <= count; least += 7) {
        int64_t above = 0, equal = 0;
        double  cut;

        for (int64_t i = 0; i < count; i++)
          value[i] = kind == 0   ? check_uniform()
                     : kind == 1 ? (double)check_pick(3)
                     : kind == 2 ? 5
                                 : -exp(40 * check_uniform());
        cut = tt_cutoff(value, count, least);
        for (int64_t i = 0; i < count; i++) above += value[i] >= cut, equal += value[i] == cut;
        CHECK(above >= least);
        CHECK(above <= least + least / 8 || equal > 0);
      }
  value[0] = -INFINITY;
  value[1] = INFINITY;
  value[2] = 3;
  CHECK(tt_cutoff(value, 3, 2) <= 3);
}

/* Sums of weighted rows are those of a loop, bit for bit. */
static void test_weigh(void)
{
  enum { ROWS = 9 };
  float   narrow[ROWS * TT_PANEL];
  double  wide[ROWS * TT_PANEL], weight[ROWS], score[TT_PANEL];
  int32_t row[ROWS];
  int64_t wrong = 0;

  for (int i = 0; i < ROWS * TT_PANEL; i++) {
    wide[i] = check_uniform() - 0.5;
    narrow[i] = (float)wide[i];
  }
  for (int e = 0; e < ROWS; e++) {
    row[e] = (int32_t)check_pick(ROWS);
    weight[e] = check_uniform();
  }
  for (int count = 0; count <= ROWS; count++)
    for (int t = 0; t < 2; t++) {
      tt_weigh(t ? TARTAN_F64 : TARTAN_F32, count, row, weight, t ? (const void *)wide : (const void *)narrow, score);
      for (int l = 0; l < TT_PANEL; l++) {
        volatile double sum = 0, product;

        for (int e = 0; e < count; e++) {
          const int at = row[e] * TT_PANEL + l;

          product = weight[e] * (t ? wide[at] : (double)narrow[at]);
          sum += product;
        }
        wrong += sum != score[l];
      }
    }
  CHECK_EQ(wrong, 0);
}

/* Several at once have the bits of one. */
static void test_rows(void)
{
  enum { ROWS = 11 };
  static float  x[ROWS * MOST], y[MOST];
  static double xd[ROWS * MOST], yd[MOST];
  const int32_t row[] = {3, 0, 10, 10, 7, 1, 2, 9, 4};
  const int64_t count = sizeof row / sizeof *row;
  double        sum[ROWS], wide[ROWS];
  int64_t       wrong = 0;

  for (int i = 0; i < ROWS * MOST; i++) xd[i] = x[i] = (float)(check_uniform() - 0.5);
  for (int i = 0; i < MOST; i++) yd[i] = y[i] = (float)(check_uniform() - 0.5);
  for (int64_t n = 0; n < MOST; n += 13) {
    tt_ordered_dots(TARTAN_F32, x, row, count, y, n, sum);
    tt_ordered_dots(TARTAN_F64, xd, row, count, yd, n, wide);
    for (int64_t i = 0; i < count; i++) {
      wrong += sum[i] != tt_ordered_dot(TARTAN_F32, x + row[i] * n, 1, y, 1, n);
      wrong += wide[i] != sum[i];
    }
  }
  CHECK_EQ(wrong, 0);
}

static void test_sums(void)
{
  float  x[MOST], y[MOST];
  double xd[MOST], yd[MOST];

  for (int64_t n = 0; n < MOST; n += 13) {
    long double dot = 0, square = 0;

    for (int64_t i = 0; i < n; i++) {
      xd[i] = x[i] = (float)(check_uniform() - 0.5);
      yd[i] = y[i] = (float)(check_uniform() - 0.5);
      dot += (long double)xd[i] * yd[i];
      square += ((long double)xd[i] - yd[i]) * ((long double)xd[i] - yd[i]);
    }
    check_context("n = %lld", (long long)n);
    CHECK_LE(fabs(tt_ordered_dot(TARTAN_F32, x, 1, y, 1, n) - (double)dot), 1e-14);
    CHECK(tt_ordered_dot(TARTAN_F32, x, 1, y, 1, n) == tt_ordered_dot(TARTAN_F64, xd, 1, yd, 1, n));
    CHECK(tt_ordered_dot(TARTAN_F64, xd, 4, yd, 0.5, n) == 2 * tt_ordered_dot(TARTAN_F64, xd, 1, yd, 1, n));
    CHECK_LE(fabs(tt_ordered_distance(TARTAN_F32, x, y, n) - (double)sqrtl(square)), 1e-14);
    CHECK(tt_ordered_distance(TARTAN_F32, x, y, n) == tt_ordered_distance(TARTAN_F64, xd, yd, n));
  }
}

/* Distances at the ends of the range. */
static void test_extremes(void)
{
  const double large[2] = {3e200, 4e200}, small[2] = {3e-200, 4e-200}, zero[2] = {0, 0};
  const double tiny[2] = {3 * 0x1p-1070, 4 * 0x1p-1070}, most[1] = {DBL_MAX}, least[1] = {-DBL_MAX};

  CHECK_LE(fabs(tt_ordered_distance(TARTAN_F64, large, zero, 2) / 5e200 - 1), 1e-15);
  CHECK_LE(fabs(tt_ordered_distance(TARTAN_F64, small, zero, 2) / 5e-200 - 1), 1e-15);
  CHECK(tt_ordered_distance(TARTAN_F64, tiny, zero, 2) == 5 * 0x1p-1070);
  CHECK(tt_ordered_distance(TARTAN_F64, large, large, 2) == 0);
  CHECK(isinf(tt_ordered_distance(TARTAN_F64, most, least, 1)));
  CHECK(tt_ordered_distance(TARTAN_F64, most, zero, 1) == DBL_MAX);
}

int main(int argc, char **argv)
{
  check_start_plain(argc, argv);
  test_different();
  test_heap();
  test_ties();
  test_candidates();
  test_threshold();
  test_cutoff();
  test_weigh();
  test_rows();
  test_sums();
  test_extremes();
  return check_finish();
}
