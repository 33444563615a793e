/**
 * @file nmf_impl.h
 * Between nmf.c and its kernel, which is compiled once for each instruction set.
 */
#ifndef TT_KERNEL_NMF_IMPL_H
#define TT_KERNEL_NMF_IMPL_H

#include "kernel/nmf.h"

/**
 * One sweep over up to TT_NMF_LANES rows: x [k, lanes], lane by lane, p [k, count].
 *
 * @param[in,out] x          [k][lanes]
 * @param[out]    violation  [lanes]
 */
typedef void tt_nmf_kernel(int64_t k, const double *G, double l1, int64_t count, const double *p, double *x,
                           double *violation);

/** NULL where the compiler does not know the instruction set. */
extern tt_nmf_kernel *const tt_nmf_portable, *const tt_nmf_avx2, *const tt_nmf_avx512;

#endif
