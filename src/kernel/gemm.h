/**
 * @file gemm.h
 * Local products, column-major, by CBLAS on the calling thread's BLAS threads. Sizes are checked against BLAS's 32-bit
 * integers by the callers' layouts; larger dimensions are cut here.
 */
#ifndef TT_KERNEL_GEMM_H
#define TT_KERNEL_GEMM_H

#include <tartan/types.h>

/** C := alpha op(A) op(B) + beta C, op(A) [m, k], op(B) [k, n]. Local. C is not read if beta == 0. */
void tt_gemm_local(tartan_dtype dtype, tartan_op op_a, tartan_op op_b, int64_t m, int64_t n, int64_t k, double alpha,
                   const void *a, int64_t lda, const void *b, int64_t ldb, double beta, void *c, int64_t ldc);

/** Lower triangle of C := alpha A A' + beta C, A [n, k]. Local. The upper triangle is not touched. */
void tt_syrk_local(tartan_dtype dtype, int64_t n, int64_t k, double alpha, const void *a, int64_t lda, double beta,
                   void *c, int64_t ldc);

/** The same of C := alpha A' A + beta C, A [k, n]. Local. */
void tt_syrk_turned_local(tartan_dtype dtype, int64_t n, int64_t k, double alpha, const void *a, int64_t lda,
                          double beta, void *c, int64_t ldc);

/** Flops per second of a short f64 product on so many BLAS threads (about 50 ms). Local. */
double tt_gemm_rate(int threads);

#endif
