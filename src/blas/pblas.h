/**
 * @file pblas.h
 * Matrices as ScaLAPACK sees them: operands brought into one arrangement of ranks, contexts made.
 */
#ifndef TT_BLAS_PBLAS_H
#define TT_BLAS_PBLAS_H

#include "ext/scalapack.h"
#include "matrix/matrix.h"

/** An operand of a ScaLAPACK call: the matrix itself, or a copy in the wanted arrangement. */
typedef struct tt_operand {
  tartan_matrix *copy; /**< NULL if the matrix itself serves */
  tt_pmatrix     p;    /**< what to pass */
} tt_operand;

/**
 * Prepares A for a call on p x q ranks. Collective.
 *
 * @param[out] operand  to be given to tt_operand_end()
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW, TARTAN_ERR_BACKEND
 */
tartan_status tt_operand_make(const tartan_matrix *A, int p, int q, tt_operand *operand);

/** Gives back what an operand took. Local. */
void tt_operand_end(tt_operand *operand);

/** Memory and agreement of a grid, for the calls of ext/scalapack.h. Local. */
tt_pcall tt_pcall_of(tartan_grid *grid);

/** Gives the BLAS the grid's threads, or back what it had: pass what the first call returned. Local. */
int  tt_blas_threads_begin(const tartan_grid *grid);
void tt_blas_threads_end(int before);

#endif
