/**
 * @file vendor.h
 * What BLAS vendors offer beyond the standard, looked up at run time: thread counts, core names, flavours.
 */
#ifndef TT_EXT_VENDOR_H
#define TT_EXT_VENDOR_H

#include <stddef.h>

/**
 * Sets the threads of the local BLAS for the calls that follow. Local.
 *
 * @return the count before, to be given back to this function; 0 if the BLAS offers no control (then nothing happened)
 */
int tt_blas_set_threads(int threads);

/** Vendor, version, flavour and detected core of the local BLAS: "OpenBLAS 0.3.21 OpenMP, Haswell". Local. */
void tt_blas_describe(char *text, size_t length);

/**
 * Whether two flavours of BLAS are loaded into the process, which makes threads and bits unpredictable. Local.
 *
 * @param[out] text  [length] the two files
 * @return text, or NULL if all is well
 */
const char *tt_blas_conflict(char *text, size_t length);

#endif
