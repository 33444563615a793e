/**
 * @file blacs.h
 * BLACS contexts, made lazily: nothing of ScaLAPACK is loaded before the first call that needs it.
 */
#ifndef TT_EXT_BLACS_H
#define TT_EXT_BLACS_H

#include <mpi.h>

#include <tartan/status.h>

/** The contexts of one communicator, one for each arrangement p x q that was asked for. */
typedef struct tt_blacs tt_blacs;

/**
 * The context of ranks 0 .. p q - 1 of comm, row-major. Collective over comm; kept for the next time.
 *
 * @param[in,out] cache    starts as NULL; ended by tt_blacs_destroy()
 * @param[out]    context  -1 on ranks outside p x q
 *
 * @retval TARTAN_ERR_BACKEND  ScaLAPACK cannot be loaded; the message names the file and what to set (every rank
 *                             alike as long as all see the same installation)
 * @retval TARTAN_ERR_NOMEM    out of memory; found on this rank alone, so the caller must agree
 */
tartan_status tt_blacs_context(tt_blacs **cache, MPI_Comm comm, int p, int q, int *context);

/** Ends all contexts; NULL is accepted. Collective. */
void tt_blacs_destroy(tt_blacs **cache);

#endif
