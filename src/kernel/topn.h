/**
 * @file topn.h
 * The k best of many scores: what finds candidates in a column of scores, scores that are summed in one fixed order, and
 * the bounded heap that keeps the best. The bits are those of any processor.
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

/** What may be among the best, put aside until it is looked at closer. */
typedef struct tt_pool {
  int64_t  room, count;
  double  *value; /**< [room] */
  int32_t *at;    /**< [room] ascending */
} tt_pool;

/**
 * Puts aside score[i] * factor[i] - shift[i] and base + i wherever this is not below a threshold (so NaN counts), from i =
 * `from` on. Local. Returns the first i for which there was no room, or count.
 *
 * @param[in] factor     NULL: neither factor nor shift
 * @param[in] threshold  rounded down to the dtype
 */
int64_t tt_pool_collect(tartan_dtype dtype, const void *score, const void *factor, const void *shift, double threshold,
                        int64_t from, int64_t count, int64_t base, tt_pool *pool);

/** Those of score[i] * factor[i] - shift[i] that are above a number, as f64. Local. Returns how many. @param[out] value [count] */
int64_t tt_widen_scores(tartan_dtype dtype, const void *score, const void *factor, const void *shift, double above,
                        int64_t count, double *value);

/**
 * A value that at least `least` of the values are not below, and as a rule few more. Local.
 *
 * @param[in] value  [count] none NaN
 * @param[in] least  1 .. count
 */
double tt_cutoff(const double *value, int64_t count, int64_t least);

/** Asks for memory that will be read soon. Local. */
void tt_prefetch(const void *memory, size_t bytes);

/** Columns of a panel of tt_weigh(). */
#define TT_PANEL 32

/**
 * score := sum over e of weight[e] panel[row[e], :], in f64, each in the order of e. Local.
 *
 * @param[in]  panel  [*, TT_PANEL] row-major
 * @param[out] score  [TT_PANEL]
 */
void tt_weigh(tartan_dtype dtype, int64_t count, const int32_t *row, const double *weight, const void *panel,
              double *score);

/**
 * Sum of (fx x[i]) (fy y[i]) in f64. Local. The order depends on n alone.
 *
 * @param[in] fx, fy  powers of two that keep f64 products within range; not used for f32, which needs none
 */
double tt_ordered_dot(tartan_dtype dtype, const void *x, double fx, const void *y, double fy, int64_t n);

/** Those of y with rows of x whose elements need no factors. Local. @param[in] x  [*, n] row-major @param[out] sum [count] */
void tt_ordered_dots(tartan_dtype dtype, const void *x, const int32_t *row, int64_t count, const void *y, int64_t n,
                     double *sum);

/** |x - y| in f64, without overflow or underflow on the way. Local. The order of summation depends on n alone. */
double tt_ordered_distance(tartan_dtype dtype, const void *x, const void *y, int64_t n);

#endif
