/**
 * @file blas.h
 * Products of distributed matrices.
 */
#ifndef TARTAN_BLAS_H
#define TARTAN_BLAS_H

#include <tartan/matrix.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * C := alpha op(A) op(B) + beta C
 *
 * Collective over the grid of C. Operands in other layouts than C's arrangement of ranks are copied into it first.
 *
 * @param[in]     alpha, beta  rounded to the dtype of C
 * @param[in]     op_a, A      op(A) has shape [m, k]
 * @param[in]     op_b, B      op(B) has shape [k, n]
 * @param[in,out] C            shape [m, n]; not read if beta == 0; must not overlap A or B
 *
 * Cost per rank on a p x q grid: 2mnk/pq flops, about (mk/p + kn/q) words received (ScaLAPACK's p?gemm).
 *
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_DTYPE, TARTAN_ERR_GRID  operands do not fit; C is unchanged
 * @retval TARTAN_ERR_NOMEM                                     no workspace on some rank; C is unchanged
 * @retval TARTAN_ERR_OVERFLOW                                  a size beyond ScaLAPACK's 32 bits; C is unchanged
 * @retval TARTAN_ERR_BACKEND                                   ScaLAPACK cannot be loaded
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_gemm(double alpha, tartan_op op_a, const tartan_matrix *A,
                                                     tartan_op op_b, const tartan_matrix *B, double beta,
                                                     tartan_matrix *C);

/**
 * The triangle uplo of C := alpha op(A) op(A)' + beta C; the other triangle is not touched.
 *
 * Collective over the grid of C.
 *
 * @param[in]     op    TARTAN_NO_TRANS: A is [n, k]; TARTAN_TRANS: A is [k, n]
 * @param[in,out] C     shape [n, n]; the triangle is not read if beta == 0; must not overlap A
 *
 * Errors as tartan_gemm().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_syrk(tartan_uplo uplo, tartan_op op, double alpha,
                                                     const tartan_matrix *A, double beta, tartan_matrix *C);

#ifdef __cplusplus
}
#endif
#endif
