/**
 * @file sparse.h
 * Sparse matrices, distributed by rows: each rank holds a contiguous range of them in compressed form (CSR).
 *
 * The ranges are balanced by work, not by number. A row that is too heavy for one rank is cut in fixed segments of
 * TARTAN_SPARSE_SEGMENT entries, and ranks next to each other hold parts of it. Which rank holds what never shows in a
 * result. Entries that were given as zero are kept.
 */
#ifndef TARTAN_SPARSE_H
#define TARTAN_SPARSE_H

#include <tartan/matrix.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Entries of a segment: rows are cut between ranks at multiples of it only. */
#define TARTAN_SPARSE_SEGMENT 8192

typedef struct tartan_sparse tartan_sparse;

/** What becomes of several entries for one place; their order is that of ranks, then of each rank's list. */
typedef enum tartan_duplicates {
  TARTAN_DUPLICATES_ERROR, /**< TARTAN_ERR_INPUT: the first place, and how many there are */
  TARTAN_DUPLICATES_SUM,
  TARTAN_DUPLICATES_LAST,
  TARTAN_DUPLICATES_MAX
} tartan_duplicates;

typedef struct tartan_sparse_opts {
  size_t            size; /**< of this struct */
  tartan_duplicates duplicates;
  double            row_work; /**< work of a row beside its entries, which are 1 each: 1 */
} tartan_sparse_opts;

#define TARTAN_SPARSE_OPTS_INIT                                                                                        \
  {                                                                                                                    \
    sizeof(tartan_sparse_opts), TARTAN_DUPLICATES_ERROR, 1                                                             \
  }

/**
 * Makes an m x n matrix from entries that any rank gives, by one exchange. Collective.
 *
 * @param[in]  dtype     of the values
 * @param[in]  count     entries of this rank, 0 or more
 * @param[in]  row, col  [count] from zero
 * @param[in]  value     [count] of dtype; NULL: ones
 * @param[in]  opts      NULL for defaults
 * @param[out] A         columns ascending in each row; to be given to tartan_sparse_destroy(); NULL after a failure
 *
 * The same entries, whoever gives which, make the same matrix, as long as those of one place come in the same order.
 *
 * @retval TARTAN_ERR_SHAPE  m or n is negative, n is 2^31 or more, or m is more than 2^33
 * @retval TARTAN_ERR_INPUT  an index out of range, a value NaN or Inf, or duplicates: the first is named, and how many
 * @retval TARTAN_ERR_ARG, TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_sparse_create(tartan_grid *grid, tartan_dtype dtype, int64_t m,
                                                              int64_t n, int64_t count, const int64_t *row,
                                                              const int64_t *col, const void *value,
                                                              const tartan_sparse_opts *opts, tartan_sparse **A);

/**
 * At := A', balanced by its own rows' work. One exchange. Collective.
 *
 * @param[out] At  to be given to tartan_sparse_destroy(); NULL after a failure
 * @retval TARTAN_ERR_SHAPE  m is 2^31 or more
 * @retval TARTAN_ERR_ARG, TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_sparse_transpose(const tartan_sparse *A, double row_work,
                                                                 tartan_sparse **At);

/** Ends a matrix and sets the pointer to NULL; NULL is accepted. Local. */
TARTAN_API void tartan_sparse_destroy(tartan_sparse **A);

/** Rows, columns and entries; each may be NULL. Local. */
TARTAN_API void tartan_sparse_shape(const tartan_sparse *A, int64_t *m, int64_t *n, int64_t *entries);

/** Type of the values. Local. */
TARTAN_API tartan_dtype tartan_sparse_dtype(const tartan_sparse *A);

/** The grid that the matrix lies on. Local. */
TARTAN_API tartan_grid *tartan_sparse_grid(const tartan_sparse *A);

/** What a rank holds; the pointers live as long as the matrix. */
typedef struct tartan_sparse_part {
  int64_t        first, rows; /**< rows first .. first + rows - 1 have entries here, or are empty and this rank's */
  const int64_t *ptr;         /**< [rows + 1] entries of local row i are ptr[i] .. ptr[i + 1] - 1 */
  const int32_t *col;         /**< [ptr[rows]] */
  const void    *value;       /**< [ptr[rows]] of dtype */
  int64_t        before;      /**< entries of the first row that lower ranks hold: 0, or a multiple of the segment */
  int64_t        after;       /**< entries of the last row that higher ranks hold */
} tartan_sparse_part;

/** This rank's part. Local. */
TARTAN_API void tartan_sparse_local(const tartan_sparse *A, tartan_sparse_part *part);

/**
 * B := A, dense. Collective.
 *
 * @param[out] B  [m, n], any layout, rounded to its type
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_GRID, TARTAN_ERR_NOMEM  B is unchanged
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_sparse_to_matrix(const tartan_sparse *A, tartan_matrix *B);

/**
 * Y := op(A) X. Collective.
 *
 * Each row of Y is summed in the order of columns, segment by segment, so its bits do not depend on the number of ranks.
 * A transposed product transposes A first: where there are many, keep tartan_sparse_transpose() of it.
 *
 * @param[in]  X  [n, b] or, transposed, [m, b]; of A's type, any layout
 * @param[out] Y  [m, b] or, transposed, [n, b]; of A's type; must not overlap X
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_DTYPE, TARTAN_ERR_GRID, TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_sparse_multiply(tartan_op op, const tartan_sparse *A,
                                                                const tartan_matrix *X, tartan_matrix *Y);

#ifdef __cplusplus
}
#endif
#endif
