/*
 * Run-time type and instruction set in front of topn.inc, and the heap: the usual one in an array, children of i at 2 i + 1
 * and 2 i + 2. No set changes a bit, so each process takes the best that it has.
 */
#include "kernel/topn.h"

#include <math.h>
#include <string.h>

#include "kernel/isa.h"

#if defined              __clang__
#pragma STDC FP_CONTRACT OFF
#endif

#define LANES 8
#define CHUNK 64 /* scores, a bit each, */
#define CHUNKS 8 /* and how many of them are compared before one of the scores is put aside */
#define LINE 64  /* bytes of the cache */
#define AHEAD 6  /* rows that are fetched from memory before their turn */

/* By element type, f32 first. */
typedef struct kernels {
  int64_t (*collect[2])(const void *score, const void *factor, const void *shift, double threshold, int64_t from,
                        int64_t count, int64_t base, tt_pool *pool);
  int64_t (*widen[2])(const void *score, const void *factor, const void *shift, double above, int64_t count,
                      double *value);
  double (*dot[2])(const void *x, double fx, const void *y, double fy, int64_t n);
  void (*dots[2])(const void *x, const int32_t *row, int64_t count, const void *y, int64_t n, double *sum);
  double (*squares[2])(const void *x, const void *y, double factor, int64_t n);
  void (*weigh[2])(int64_t count, const int32_t *row, const double *weight, const void *panel, double *score);
  void (*range)(const double *value, int64_t count, double *low, double *high);
  int64_t (*places)(const double *key, int64_t count, int64_t *place);
  int64_t (*count_from)(const double *value, int64_t count, double least);
} kernels;

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

#define SET portable
#define BITS 0
#define TARGET
#include "kernel/topn_isa.inc"
#undef SET
#undef BITS
#undef TARGET

#if defined __x86_64__ && defined __GNUC__
#include <immintrin.h>

#define SET avx2
#define BITS 256
#define TARGET __attribute__((target("avx2")))
#include "kernel/topn_isa.inc"
#undef SET
#undef BITS
#undef TARGET

#define SET avx512
#define BITS 512
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#include "kernel/topn_isa.inc"
#undef SET
#undef BITS
#undef TARGET
#else
#define kernels_avx2 kernels_portable
#define kernels_avx512 kernels_portable
#endif

static const kernels *best(void)
{
  switch (tt_isa_host()) {
  case TT_ISA_AVX512: return &kernels_avx512;
  case TT_ISA_AVX2: return &kernels_avx2;
  default: return &kernels_portable;
  }
}

/* Which of two functions: by element type. */
static int kind(tartan_dtype dtype)
{
  return dtype == TARTAN_F32 ? 0 : 1;
}

/* The largest difference of two elements. */
static double farthest(const double *x, const double *y, int64_t n)
{
  double most = 0;

  for (int64_t i = 0; i < n; i++) most = fmax(most, fabs(x[i] - y[i]));
  return most;
}

/* Squares whose sum lies between these have neither overflowed nor lost anything that counts to underflow. */
#define SQUARES_LEAST 0x1p-900
#define SQUARES_MOST 0x1p900

int64_t tt_pool_collect(tartan_dtype dtype, const void *score, const void *factor, const void *shift, double threshold,
                        int64_t from, int64_t count, int64_t base, tt_pool *pool)
{
  double t = threshold;

  if (dtype == TARTAN_F32 && (double)(float)t > t) t = (double)nextafterf((float)t, -INFINITY);
  return best()->collect[kind(dtype)](score, factor, shift, t, from, count, base, pool);
}

int64_t tt_widen_scores(tartan_dtype dtype, const void *score, const void *factor, const void *shift, double above,
                        int64_t count, double *value)
{
  return best()->widen[kind(dtype)](score, factor, shift, above, count, value);
}

#define HALVINGS 64

double tt_cutoff(const double *value, int64_t count, int64_t least)
{
  const kernels *k = best();
  const int64_t  enough = least + least / 8; /* a few more do no harm */
  double         low, high;

  k->range(value, count, &low, &high);
  if (k->count_from(value, count, high) >= least) return high;
  for (int step = 0; step < HALVINGS; step++) {
    const double middle = low + (high - low) / 2;
    int64_t      above;

    if (!(middle > low && middle < high)) break;
    above = k->count_from(value, count, middle);
    if (above < least) {
      high = middle;
      continue;
    }
    low = middle;
    if (above <= enough) break;
  }
  return low;
}

void tt_prefetch(const void *memory, size_t bytes)
{
  for (size_t i = 0; i < bytes; i += LINE) __builtin_prefetch((const char *)memory + i);
}

void tt_weigh(tartan_dtype dtype, int64_t count, const int32_t *row, const double *weight, const void *panel,
              double *score)
{
  best()->weigh[kind(dtype)](count, row, weight, panel, score);
}

double tt_ordered_dot(tartan_dtype dtype, const void *x, double fx, const void *y, double fy, int64_t n)
{
  return best()->dot[kind(dtype)](x, fx, y, fy, n);
}

void tt_ordered_dots(tartan_dtype dtype, const void *x, const int32_t *row, int64_t count, const void *y, int64_t n,
                     double *sum)
{
  best()->dots[kind(dtype)](x, row, count, y, n, sum);
}

double tt_ordered_distance(tartan_dtype dtype, const void *x, const void *y, int64_t n)
{
  double sum = best()->squares[kind(dtype)](x, y, 1, n), most;
  int    exponent = 0;

  if (dtype == TARTAN_F32 || (sum >= SQUARES_LEAST && sum <= SQUARES_MOST)) return sqrt(sum);
  most = farthest(x, y, n);
  if (most == 0 || isinf(most)) return most;
  frexp(most, &exponent);
  if (exponent < -1000) exponent = -1000; /* else the factor would overflow */
  sum = best()->squares[1](x, y, ldexp(1, -exponent), n);
  return ldexp(sqrt(sum), exponent);
}

/* Whether a key and its index are worse than what stands at j; without branches, which nobody could predict. */
static bool is_worse(const tt_heap *heap, double key, int64_t index, int64_t j)
{
  return (key < heap->key[j]) | ((key == heap->key[j]) & (index > heap->index[j]));
}

static void put(tt_heap *heap, int64_t i, double key, int64_t index)
{
  heap->key[i] = key;
  heap->index[i] = index;
}

/* Puts it at i or below, above nothing that is worse, among the first `count`; what stands at i is gone. */
static void sink(tt_heap *heap, int64_t i, int64_t count, double key, int64_t index)
{
  for (int64_t child; (child = 2 * i + 1) < count; i = child) {
    if (child + 1 < count) child += is_worse(heap, heap->key[child + 1], heap->index[child + 1], child);
    if (is_worse(heap, key, index, child)) break;
    put(heap, i, heap->key[child], heap->index[child]);
  }
  put(heap, i, key, index);
}

bool tt_heap_offer(tt_heap *heap, double key, int64_t index)
{
  int64_t i = heap->count;

  if (heap->count == heap->room) {
    if (is_worse(heap, key, index, 0)) return false;
    sink(heap, 0, heap->count, key, index);
    return true;
  }
  for (heap->count++; i > 0 && is_worse(heap, key, index, (i - 1) / 2); i = (i - 1) / 2)
    put(heap, i, heap->key[(i - 1) / 2], heap->index[(i - 1) / 2]);
  put(heap, i, key, index);
  return true;
}

#define FEW 256 /* keys that are put in order by counting for each how many are larger */

/* Short lists of different keys; false: nothing is done. */
static bool sort_few(tt_heap *heap)
{
  const int64_t n = heap->count;
  double        key[FEW + LANES];
  int64_t       index[FEW], place[FEW];

  if (n > FEW) return false;
  for (int64_t i = 0; i < n; i++) key[i] = heap->key[i];
  for (int64_t i = 0; i < n; i++) index[i] = heap->index[i];
  for (int64_t i = 0; i < LANES; i++) key[n + i] = -(double)INFINITY;
  if (best()->places(key, n, place) != n * (n - 1) / 2) return false; /* equal ones */
  for (int64_t i = 0; i < n; i++) put(heap, place[i], key[i], index[i]);
  return true;
}

void tt_heap_sort(tt_heap *heap)
{
  if (sort_few(heap)) return;
  for (int64_t last = heap->count - 1; last > 0; last--) {
    const double  key = heap->key[last];
    const int64_t index = heap->index[last];

    put(heap, last, heap->key[0], heap->index[0]);
    sink(heap, 0, last, key, index);
  }
}
