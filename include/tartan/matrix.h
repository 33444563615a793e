/**
 * @file matrix.h
 * Block-cyclic distributed matrices: making, viewing, reaching, filling and copying them.
 *
 * Local storage is column-major with a leading dimension. The global element (i, j), counted from zero, belongs to
 * block (i / mb, j / nb); blocks are dealt to the p x q ranks in turn along rows and columns.
 */
#ifndef TARTAN_MATRIX_H
#define TARTAN_MATRIX_H

#include <tartan/grid.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A dense matrix over a grid, a view of one, or foreign memory with a layout. */
typedef struct tartan_matrix tartan_matrix;

/** Layout of a new matrix. Start from TARTAN_MATRIX_OPTS_INIT. */
typedef struct tartan_matrix_opts {
  size_t  size;       /**< sizeof this struct, set by the initializer */
  int64_t mb, nb;     /**< rows and columns of a block; 0: 64 */
  int     p, q;       /**< arrangement of ranks, row-major from rank 0; 0 x 0: the grid's */
  int     rsrc, csrc; /**< row and column of ranks that owns the first block */

  const int *ranks; /**< [p * q] which rank sits at each place, row-major, no rank twice; NULL: 0, 1, 2, ... Copied */
} tartan_matrix_opts;

#define TARTAN_MATRIX_OPTS_INIT                                                                                        \
  {                                                                                                                    \
    .size = sizeof(tartan_matrix_opts), .mb = 0, .nb = 0, .p = 0, .q = 0, .rsrc = 0, .csrc = 0                         \
  }

/**
 * Makes an m x n matrix of zeros. Collective over the grid.
 *
 * @param[in]  grid   must outlive the matrix
 * @param[in]  m, n   global shape; 0 is allowed
 * @param[in]  opts   NULL for defaults; the same on every rank
 * @param[out] A      to be given to tartan_matrix_destroy(); NULL after a failure
 *
 * @retval TARTAN_ERR_SHAPE     m or n is negative
 * @retval TARTAN_ERR_ARG       a block or grid size that cannot be
 * @retval TARTAN_ERR_NOMEM     the local part passes the memory budget of some rank, or the system refused it
 * @retval TARTAN_ERR_OVERFLOW  the local part is beyond 64-bit bytes
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_matrix_create(tartan_grid *grid, tartan_dtype dtype, int64_t m,
                                                              int64_t n, const tartan_matrix_opts *opts,
                                                              tartan_matrix **A);

/**
 * Gives foreign memory a layout. Collective over the grid; the memory is neither copied nor freed.
 *
 * @param[in] data  this rank's part, column-major [mloc, nloc] with leading dimension ld; must outlive the matrix.
 *                  The local shape is that of tartan_matrix_create() with the same options; NULL where it is empty.
 * @param[in] ld    at least max(1, mloc)
 *
 * @retval TARTAN_ERR_ARG    ld too small or data NULL on some rank
 * Otherwise as tartan_matrix_create().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_matrix_wrap(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n,
                                                            const tartan_matrix_opts *opts, void *data, int64_t ld,
                                                            tartan_matrix **A);

/**
 * The rows i0 .. i0 + m - 1 and columns j0 .. j0 + n - 1 of a matrix, without a copy. Collective.
 *
 * A view may start inside a block and may be viewed again. The memory lives until the matrix and all its views have
 * been destroyed, in any order.
 *
 * @retval TARTAN_ERR_SHAPE  the rectangle does not lie in A
 * @retval TARTAN_ERR_NOMEM  out of memory on some rank
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_matrix_view(tartan_matrix *A, int64_t i0, int64_t j0, int64_t m,
                                                            int64_t n, tartan_matrix **view);

/** Ends a matrix or view and sets the pointer to NULL; NULL is accepted. Local. */
TARTAN_API void tartan_matrix_destroy(tartan_matrix **A);

/** Global rows and columns; either may be NULL. Local. */
TARTAN_API void tartan_matrix_shape(const tartan_matrix *A, int64_t *m, int64_t *n);

/** Element type. Local. */
TARTAN_API tartan_dtype tartan_matrix_dtype(const tartan_matrix *A);

/** The grid that the matrix lies on. Local. */
TARTAN_API tartan_grid *tartan_matrix_grid(const tartan_matrix *A);

/**
 * This rank's part, column-major, to read and write. Local.
 *
 * @param[out] ld          leading dimension, at least 1; may be NULL
 * @param[out] mloc, nloc  local shape; may be NULL
 * @return address of the first local element; undefined where mloc or nloc is 0
 */
TARTAN_API void *tartan_matrix_local(const tartan_matrix *A, int64_t *ld, int64_t *mloc, int64_t *nloc);

/** Global row of local row il, 0 <= il < mloc. Local. */
TARTAN_API int64_t tartan_matrix_global_row(const tartan_matrix *A, int64_t il);

/** Global column of local column jl, 0 <= jl < nloc. Local. */
TARTAN_API int64_t tartan_matrix_global_col(const tartan_matrix *A, int64_t jl);

/** Local row of global row i, or -1 on ranks that do not hold it. Local. */
TARTAN_API int64_t tartan_matrix_local_row(const tartan_matrix *A, int64_t i);

/** Local column of global column j, or -1 on ranks that do not hold it. Local. */
TARTAN_API int64_t tartan_matrix_local_col(const tartan_matrix *A, int64_t j);

/** Value of the element (i, j) of a matrix; context is the caller's. */
typedef double tartan_fill(int64_t i, int64_t j, void *context);

/**
 * A(i, j) := fill(i, j, context) for the local elements, rounded to the dtype. Local.
 *
 * The result does not depend on the layout if fill depends on i and j alone.
 */
TARTAN_API void tartan_matrix_fill(tartan_matrix *A, tartan_fill *fill, void *context);

/** A(i, j) := value, and `diagonal` where i == j: (0, 1) makes an identity. Local. */
TARTAN_API void tartan_matrix_set(tartan_matrix *A, double value, double diagonal);

/** Independent numbers uniform on (0, 1), the same for any layout and rank count (Philox 4x32-10). Local. */
TARTAN_API void tartan_matrix_fill_uniform(tartan_matrix *A, uint64_t seed);

/** Independent standard normal numbers, the same for any layout and rank count. Local. */
TARTAN_API void tartan_matrix_fill_normal(tartan_matrix *A, uint64_t seed);

/**
 * B := op(A), whatever the two layouts. Collective.
 *
 * Moves each element at most once and only between different ranks; the workspace of its steps is at most
 * 64 MiB, or half of what the tightest budget leaves.
 *
 * @param[in]  A  op(A) has the shape of B; same grid; must not overlap B
 * @param[out] B  element types may differ: rounded
 *
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_GRID  A and B do not fit; B is unchanged
 * @retval TARTAN_ERR_NOMEM                   no workspace on some rank; B is unchanged
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_matrix_copy(tartan_op op, const tartan_matrix *A, tartan_matrix *B);

/**
 * The whole matrix in column-major order on one rank. Collective.
 *
 * @param[out] data  at root: [m, n] with leading dimension max(1, m), of the matrix's dtype; elsewhere not touched
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_matrix_gather(const tartan_matrix *A, int root, void *data);

/** A(i, j) := element of an array on one rank: the inverse of tartan_matrix_gather(). Collective. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_matrix_scatter(const void *data, int root, tartan_matrix *A);

#ifdef __cplusplus
}
#endif
#endif
