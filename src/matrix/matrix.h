/**
 * @file matrix.h
 * What a distributed matrix is made of.
 *
 * A matrix or view is two axes, an arrangement of ranks, and the address of its first local element. The storage
 * behind it is shared by a matrix and its views.
 */
#ifndef TT_MATRIX_MATRIX_H
#define TT_MATRIX_MATRIX_H

#include <tartan/matrix.h>

#include "comm/grid.h"
#include "matrix/layout.h"

/** Memory that a matrix and its views share; gone with the last of them. */
typedef struct tt_storage {
  int      references;
  bool     owned; /* false: foreign memory */
  void    *data;
  int64_t  ld, m, n; /* of the whole matrix */
  int64_t *starts;   /* of axes in ranges: rows', then columns', owned */
  int     *ranks;    /* [p q] of a matrix whose ranks are not in order, owned */
} tt_storage;

struct tartan_matrix {
  tartan_grid *grid;
  tartan_dtype dtype;
  tt_axis      row, col; /* windows into the whole matrix */
  int          p, q;     /* arrangement; ranks that have no place own nothing */
  int          prow, pcol;
  const int   *ranks; /* NULL: rank r sits at (r / q, r % q); else as in tt_layout */
  int64_t      mloc, nloc, ld;
  void        *data; /* first local element of the window */
  tt_storage  *storage;
};

/** Block size of a matrix whose options leave it open. */
#define TT_BLOCK 64

/**
 * An m x n matrix of undefined values whose columns are cut into one range for each rank (1 x P). Collective.
 *
 * Such a matrix holds row slabs of a row-major file as their transpose. ScaLAPACK cannot use it; copy it first.
 *
 * @param[in] starts  [P + 1], from 0 to n, never falling; copied; the same on every rank
 * @param[in] data    foreign memory [m, columns of this rank] with leading dimension max(1, m), or NULL to allocate
 * Errors as tartan_matrix_create().
 */
tartan_status tt_matrix_create_ranges(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n,
                                      const int64_t *starts, void *data, tartan_matrix **A);

/**
 * A matrix of undefined values in any layout that is not turned; what the layout points to is copied. Collective.
 *
 * @param[in] data  foreign memory with leading dimension ld, or NULL to allocate
 * Errors as tartan_matrix_create().
 */
tartan_status tt_matrix_create_layout(tartan_grid *grid, tartan_dtype dtype, const tt_layout *layout, void *data,
                                      int64_t ld, tartan_matrix **A);

/**
 * A matrix that owns nothing: memory that the caller has, seen in a layout. Local.
 *
 * @param[in]  ld     0: as if there were no gaps
 * @param[out] frame  not to be destroyed; what it points to must stay
 */
void tt_matrix_frame(tartan_grid *grid, tartan_dtype dtype, const tt_layout *layout, void *data, int64_t ld,
                     tartan_matrix *frame);

/** The layout of a matrix or view; points into it. Local. */
tt_layout tt_matrix_layout(const tartan_matrix *A);

/** As tartan_matrix_create(), contents undefined. */
tartan_status tt_matrix_create_raw(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n,
                                   const tartan_matrix_opts *opts, tartan_matrix **A);

/** A new matrix in the given layout that holds op(A), rounded to dtype. Collective. Errors as tartan_matrix_copy(). */
tartan_status tt_matrix_clone(tartan_op op, const tartan_matrix *A, tartan_dtype dtype, const tartan_matrix_opts *opts,
                              tartan_matrix **B);

/** Whether any element of A is NaN or Inf, the same on every rank; the first of lowest rank in *text. Collective. */
tartan_status tt_matrix_require_finite(const tartan_matrix *A, const char *name);

/** The same of a result, which has left the range of its type: TARTAN_ERR_NUMERIC. Collective. */
tartan_status tt_matrix_require_range(const tartan_matrix *A, const char *name);

#endif
