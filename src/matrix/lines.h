/**
 * @file lines.h
 * One f64 number for each row or column of a matrix, and operands brought to where a matrix lies.
 *
 * Rows and columns are called lines here. A rank has one number for each of its own lines; the ranks across it have
 * numbers for the same lines. As a matrix, those are the lines by the places across: so tartan_matrix_copy() does all
 * the moving, and no rank holds more numbers than it has lines, but for a share of those that are being added up.
 */
#ifndef TT_MATRIX_LINES_H
#define TT_MATRIX_LINES_H

#include <tartan/norms.h>

#include "kernel/reduce.h"
#include "matrix/matrix.h"

typedef struct tt_lines {
  tartan_axis    axis;
  int64_t        count;    /**< lines of this rank */
  double        *mine;     /**< [count] */
  tartan_matrix  beside;   /**< [lines, places] or [places, lines] in the layout of the matrix; its memory is `mine` */
  tartan_matrix *gathered; /**< NULL, or the numbers of all places, being joined */
  tartan_matrix  result;   /**< after joining: each line once, as a column or row */
} tt_lines;

/** The part of a matrix that a view would be, by value, for passing on: it does not hold the memory. Local. */
tartan_matrix tt_matrix_window(const tartan_matrix *A, int64_t i0, int64_t j0, int64_t m, int64_t n);

/** Whether x has the shape of one number for each line of A, and its grid. Local. */
tartan_status tt_lines_require(tartan_axis axis, const tartan_matrix *A, const tartan_matrix *x);

/**
 * Room for this rank's numbers. Local: the caller agrees.
 *
 * @param[in]  A      must outlive lines
 * @param[out] lines  to be given to tt_lines_end(), after a failure too
 */
tartan_status tt_lines_make(tartan_axis axis, const tartan_matrix *A, tt_lines *lines);

/** Joins the numbers of the ranks across, in the order of their places, into lines->result. Collective. */
tartan_status tt_lines_join(tt_measure what, tt_lines *lines);

/** This rank's part of the result: addresses and number of its values. Local. */
double *tt_lines_result(const tt_lines *lines, int64_t *count);

/** x := the result. Collective. TARTAN_ERR_NOMEM: x is unchanged. */
tartan_status tt_lines_store(const tt_lines *lines, tartan_matrix *x);

/** Brings op(x), a column for rows or a row for columns, to every rank's lines->mine. Collective. */
tartan_status tt_lines_spread(tartan_op op, const tartan_matrix *x, tt_lines *lines);

void tt_lines_end(tt_lines *lines);

/** An operand as it lies in the layout of another matrix. */
typedef struct tt_aligned {
  tartan_matrix at;     /**< local part as that of the other matrix */
  void         *buffer; /**< NULL if the operand lay there already */
} tt_aligned;

/**
 * Brings op(B) to the layout of A, if it does not lie there; and if part of B is another part of A, so that whoever
 * writes to A does not change what is still to be read. Collective.
 *
 * @param[out] aligned  of B's element type; to be given to tt_aligned_end(), after a failure too
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_align(tartan_op op, const tartan_matrix *B, const tartan_matrix *A, tt_aligned *aligned);

void tt_aligned_end(tt_aligned *aligned);

#endif
