/*
 * Run-time type in front of the two precisions of topn.inc, and the heap: the usual one in an array, children of i at
 * 2 i + 1 and 2 i + 2.
 */
#include "kernel/topn.h"

#include <math.h>

#define LANES 8
#define CHUNK 32

#define REAL float
#define NAME(x) x##_f32
#define WIDE(v, f) ((double)(v))
#include "kernel/topn.inc"
#undef REAL
#undef NAME
#undef WIDE

#define REAL double
#define NAME(x) x##_f64
#define WIDE(v, f) ((v) * (f))
#include "kernel/topn.inc"
#undef REAL
#undef NAME
#undef WIDE

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

int64_t tt_next_candidate(tartan_dtype dtype, const void *score, const void *factor, const void *shift,
                          double threshold, int64_t from, int64_t count)
{
  float t = (float)threshold;

  if (dtype == TARTAN_F64) return next_f64(score, factor, shift, threshold, from, count);
  if ((double)t > threshold) t = nextafterf(t, -INFINITY);
  return next_f32(score, factor, shift, t, from, count);
}

double tt_ordered_dot(tartan_dtype dtype, const void *x, double fx, const void *y, double fy, int64_t n)
{
  return dtype == TARTAN_F32 ? dot_f32(x, fx, y, fy, n) : dot_f64(x, fx, y, fy, n);
}

double tt_ordered_distance(tartan_dtype dtype, const void *x, const void *y, int64_t n)
{
  double sum = dtype == TARTAN_F32 ? squares_f32(x, y, 1, n) : squares_f64(x, y, 1, n), most;
  int    exponent = 0;

  if (dtype == TARTAN_F32 || (sum >= SQUARES_LEAST && sum <= SQUARES_MOST)) return sqrt(sum);
  most = farthest(x, y, n);
  if (most == 0 || isinf(most)) return most;
  frexp(most, &exponent);
  if (exponent < -1000) exponent = -1000; /* else the factor would overflow */
  sum = squares_f64(x, y, ldexp(1, -exponent), n);
  return ldexp(sqrt(sum), exponent);
}

/* Whether what stands at i is worse than what stands at j. */
static bool worse(const tt_heap *heap, int64_t i, int64_t j)
{
  return heap->key[i] < heap->key[j] || (heap->key[i] == heap->key[j] && heap->index[i] > heap->index[j]);
}

static void swap(tt_heap *heap, int64_t i, int64_t j)
{
  const double  key = heap->key[i];
  const int64_t index = heap->index[i];

  heap->key[i] = heap->key[j];
  heap->index[i] = heap->index[j];
  heap->key[j] = key;
  heap->index[j] = index;
}

/* Lets what stands at i sink below everything that is worse, among the first `count`. */
static void sink(tt_heap *heap, int64_t i, int64_t count)
{
  for (int64_t child; (child = 2 * i + 1) < count; i = child) {
    if (child + 1 < count && worse(heap, child + 1, child)) child++;
    if (!worse(heap, child, i)) return;
    swap(heap, i, child);
  }
}

bool tt_heap_offer(tt_heap *heap, double key, int64_t index)
{
  int64_t i = heap->count;

  if (heap->count == heap->room) {
    if (key < heap->key[0] || (key == heap->key[0] && index > heap->index[0])) return false;
    heap->key[0] = key;
    heap->index[0] = index;
    sink(heap, 0, heap->count);
    return true;
  }
  heap->count++;
  heap->key[i] = key;
  heap->index[i] = index;
  for (; i > 0 && worse(heap, i, (i - 1) / 2); i = (i - 1) / 2) swap(heap, i, (i - 1) / 2);
  return true;
}

void tt_heap_sort(tt_heap *heap)
{
  for (int64_t last = heap->count - 1; last > 0; last--) {
    swap(heap, 0, last);
    sink(heap, 0, last);
  }
}
