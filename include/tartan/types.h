/**
 * @file types.h
 * The small types that every other header uses: element types, operations on operands, and the cost record.
 */
#ifndef TARTAN_TYPES_H
#define TARTAN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tartan/status.h>

/** Type of the elements of a matrix, known at run time. */
typedef enum tartan_dtype {
  TARTAN_F32, /**< IEEE binary32 */
  TARTAN_F64  /**< IEEE binary64 */
} tartan_dtype;

/** How an operand enters a product: as it is, or transposed. */
typedef enum tartan_op { TARTAN_NO_TRANS, TARTAN_TRANS } tartan_op;

/** Which triangle of a symmetric or triangular matrix is meant. */
typedef enum tartan_uplo { TARTAN_LOWER, TARTAN_UPPER } tartan_uplo;

/** Length of the text fields of tartan_cost, terminating zero included. */
#define TARTAN_REASON_MAX 160

/**
 * What a computation costs: filled by a planner before the work, by counters and timers during it.
 *
 * All figures are for one rank: the largest over the ranks. A figure that is not known is 0. Words are matrix
 * elements, the larger of those sent and those received.
 */
typedef struct tartan_cost {
  double flops;                     /**< floating point operations */
  double words;                     /**< words moved by the algorithm */
  double words_redistributed;       /**< words moved only to change a layout */
  double words_bound;               /**< proven lower bound on words, 0 if none is known */
  double messages;                  /**< messages sent */
  double bytes_moved;               /**< bytes sent or received over MPI, the larger */
  double bytes_read;                /**< bytes read from files */
  double bytes_written;             /**< bytes written to files */
  double passes;                    /**< passes over the data */
  double memory;                    /**< peak bytes beside the operands */
  double seconds;                   /**< wall time */
  int    grid[3];                   /**< p1 x p2 x p3 */
  char   algorithm[32];             /**< short name, for example "gram" */
  char   reason[TARTAN_REASON_MAX]; /**< why this algorithm */
} tartan_cost;

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of one element: 4 or 8. Local. */
TARTAN_API size_t tartan_dtype_size(tartan_dtype dtype);

/** "f32" or "f64". Local. */
TARTAN_API const char *tartan_dtype_name(tartan_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
