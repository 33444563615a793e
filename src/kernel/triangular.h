/**
 * @file triangular.h
 * Local triangular systems, column-major, by CBLAS on the calling thread's BLAS threads.
 */
#ifndef TT_KERNEL_TRIANGULAR_H
#define TT_KERNEL_TRIANGULAR_H

#include <stdbool.h>

#include <tartan/types.h>

/**
 * B := B op(R)^-1 with an upper triangular R [n, n], n below 2^31, B [m, n]. Local. A zero on the diagonal gives Inf or
 * NaN.
 */
void tt_trsm_right_local(tartan_dtype dtype, tartan_op op, int64_t m, int64_t n, const void *r, int64_t ldr, void *b,
                         int64_t ldb);

/** B := B L^-T with a lower triangular L [n, n], n below 2^31, B [m, n]. Local. */
void tt_trsm_right_lower_local(tartan_dtype dtype, int64_t m, int64_t n, const void *l, int64_t ldl, void *b,
                               int64_t ldb);

/** B := L^-1 B with a unit lower triangular L [m, m], m below 2^31, B [m, n]; L's diagonal is not read. Local. */
void tt_trsm_left_unit_local(tartan_dtype dtype, int64_t m, int64_t n, const void *l, int64_t ldl, void *b,
                             int64_t ldb);

/** B := L^-1 B with a lower triangular L [m, m], m below 2^31, B [m, n]. Local. */
void tt_trsm_left_lower_local(tartan_dtype dtype, int64_t m, int64_t n, const void *l, int64_t ldl, void *b,
                              int64_t ldb);

/**
 * X := op(T)^-1 X for a few vectors, T [n, n] triangular, n below 2^31; with `unit` its diagonal is not read. Local.
 */
void tt_trsv_few_local(tartan_dtype dtype, tartan_uplo uplo, tartan_op op, bool unit, int64_t n, const void *t,
                       int64_t ldt, void *x, int64_t ldx, int64_t count);

#endif
