/**
 * @file topn.h
 * The k best of many scores: what finds candidates in a column of scores, scores that are summed in one fixed order, and
 * the bounded heap that keeps the best.
 */
#ifndef TT_KERNEL_TOPN_H
#define TT_KERNEL_TOPN_H

#include <tartan/types.h>

/** The best so far: a heap whose root is the worst of them. A larger key is better, of equal ones the lower index. */
typedef struct tt_heap {
  int64_t  room;  /**< how many are kept; 1 or more */
  int64_t  count; /**< how many there are */
  double  *key;   /**< [room] */
  int64_t *index; /**< [room] */
} tt_heap;

/** Takes it in if it is among the best. Local. Returns whether it is. @param[in] key  not NaN */
bool tt_heap_offer(tt_heap *heap, double key, int64_t index);

/** Puts what is kept in order, the best first; nothing can be offered any more. Local. */
void tt_heap_sort(tt_heap *heap);

/**
 * The first i, from <= i < count, at which score[i] * factor[i] - shift[i] is not below a threshold (so NaN counts), or
 * count if there is none. Local.
 *
 * @param[in] threshold  rounded down to the dtype
 */
int64_t tt_next_candidate(tartan_dtype dtype, const void *score, const void *factor, const void *shift,
                          double threshold, int64_t from, int64_t count);

/**
 * Sum of (fx x[i]) (fy y[i]) in f64. Local. The order depends on n alone.
 *
 * @param[in] fx, fy  powers of two that keep f64 products within range; not used for f32, which needs none
 */
double tt_ordered_dot(tartan_dtype dtype, const void *x, double fx, const void *y, double fy, int64_t n);

/** |x - y| in f64, without overflow or underflow on the way. Local. The order of summation depends on n alone. */
double tt_ordered_distance(tartan_dtype dtype, const void *x, const void *y, int64_t n);

#endif
