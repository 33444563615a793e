/**
 * @file blacs.h
 * BLACS contexts, made lazily: nothing of ScaLAPACK is loaded before the first call that needs it.
 */
#ifndef TT_EXT_BLACS_H
#define TT_EXT_BLACS_H

#include <mpi.h>
#include <stdbool.h>

#include <tartan/status.h>

/** The contexts of one communicator, one for each arrangement p x q that was asked for. */
typedef struct tt_blacs tt_blacs;

/**
 * Loads ScaLAPACK and makes room for contexts. Local, so the caller must agree before tt_blacs_context().
 *
 * @param[in,out] cache  starts as NULL; ended by tt_blacs_destroy()
 * @retval TARTAN_ERR_BACKEND  ScaLAPACK cannot be loaded; the message names the file and what to set
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_blacs_prepare(tt_blacs **cache);

/**
 * The context of ranks 0 .. p q - 1 of comm, row-major. Collective over comm; kept for the next time.
 *
 * @param[in,out] b  from tt_blacs_prepare() on every rank
 * @return -1 on ranks outside p x q
 */
int tt_blacs_context(tt_blacs *b, MPI_Comm comm, int p, int q);

/** Ends all contexts; NULL is accepted. Collective if MPI is alive, else only memory is given back. */
void tt_blacs_destroy(tt_blacs **cache, bool alive);

#endif
