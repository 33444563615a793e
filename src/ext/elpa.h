/**
 * @file elpa.h
 * The ELPA library, opened at its first use if it was found when Tartan was configured. Sizes are checked as in scalapack.h.
 */
#ifndef TT_EXT_ELPA_H
#define TT_EXT_ELPA_H

#include "ext/scalapack.h"

/** Whether ELPA can be used in this process. Local. */
bool tt_elpa_there(void);

/** TARTAN_ERR_BACKEND with the reason where ELPA cannot be used. Local. */
tartan_status tt_elpa_require(void);

/** Where a rank sits among those that solve. */
typedef struct tt_elpa_place {
  int     comm;       /**< Fortran's name of a communicator of these ranks alone */
  int     prow, pcol; /**< -1 outside */
  int64_t mloc, nloc;
} tt_elpa_place;

/**
 * All eigenvalues of an f64 matrix in ascending order, and the vectors of the first `count`; A is destroyed. Collective over the ranks of
 * the communicator; the others only agree.
 *
 * @param[in]     stages  1 or 2
 * @param[in]     count   1 to n
 * @param[in,out] A       [n, n], both triangles, square blocks, from its first element
 * @param[out]    w       [n]; the first `count` alone are of use if Z
 * @param[out]    Z       [n, n] in the layout of A, of which count columns are set; NULL: values only
 * @retval TARTAN_ERR_BACKEND, TARTAN_ERR_NOMEM, TARTAN_ERR_NUMERIC
 */
tartan_status tt_elpa_eigh(const tt_pcall *call, const tt_elpa_place *place, int stages, int64_t n, int64_t count,
                           tt_pmatrix *A, double *w, tt_pmatrix *Z);

#endif
