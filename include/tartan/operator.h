/**
 * @file operator.h
 * Linear operators: a matrix in memory, or one that stays in its file and is streamed through memory.
 *
 * An operator has a shape m x n and can be applied, applied transposed, and as A'(A X) in one pass. It refers to what
 * it was made from, which must outlive it.
 */
#ifndef TARTAN_OPERATOR_H
#define TARTAN_OPERATOR_H

#include <tartan/io.h>
#include <tartan/sparse.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tartan_operator tartan_operator;

/** The operator of a dense matrix. Collective. TARTAN_ERR_NOMEM. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_operator_from_matrix(const tartan_matrix *A, tartan_operator **op);

/**
 * The operator of a sparse matrix in memory. Collective.
 *
 * Products take its entries alone; with tartan_operator_center() they stay sparse, the means are taken away afterwards. A'
 * is made once, on the first product that needs it; values are taken as f64. Each row of a product is summed in the order of
 * columns: without centering its bits do not depend on the number of ranks. Functions that read rows (Gram matrices, scores,
 * search) get them dense, slab by slab.
 *
 * @param[in] A  must outlive the operator; products with A', and with A'A, refuse 2^31 rows (TARTAN_ERR_SHAPE)
 *
 * @retval TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_operator_from_sparse(const tartan_sparse *A, tartan_operator **op);

/**
 * The operator of a dataset that stays in its file. Collective.
 *
 * Rows of the operator are samples: the dataset's rows, or its columns with opts->transpose. Each application reads
 * the file once, in slabs that fit the grid's memory budget.
 *
 * @param[in]  source  "FILE.h5" or "FILE.h5:/path"
 * @param[in]  opts    NULL for defaults; the layout is not used
 *
 * Errors as tartan_matrix_load().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_operator_open(tartan_grid *grid, const char *source,
                                                              const tartan_io_opts *opts, tartan_operator **op);

/**
 * The operator (A - 1 mean') diag(1 / scale): another one, centered and scaled without changing its data. Collective.
 *
 * Centering again centers what was centered before. Rows that are read (of a file, of f32, for norms and Gram matrices) are
 * centered one by one; a product with an f64 matrix in memory is A (X / scale) - 1 (mean' (X / scale)), which is as
 * accurate as that of A: to u |A|, not u |A - 1 mean'|.
 *
 * @param[in]  A            must outlive the operator
 * @param[in]  mean, scale  [n], the same on every rank; copied; either may be NULL: zeros, ones
 *
 * @retval TARTAN_ERR_ARG  a mean that is not finite; a scale that is zero or not finite
 * @retval TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_operator_center(const tartan_operator *A, const double *mean,
                                                                const double *scale, tartan_operator **op);

/** Ends an operator and sets the pointer to NULL; NULL is accepted. Collective. */
TARTAN_API void tartan_operator_destroy(tartan_operator **op);

/** Rows (samples) and columns (features); either may be NULL. Local. */
TARTAN_API void tartan_operator_shape(const tartan_operator *op, int64_t *m, int64_t *n);

/** The grid of the operator. Local. */
TARTAN_API tartan_grid *tartan_operator_grid(const tartan_operator *op);

/**
 * Name of a feature (column), from the texts `feature_names` that stand beside the dataset in its file; NULL if there
 * are none, or not one for each feature. Local; lives as long as the operator.
 *
 * @param[in] j  0 <= j < n
 */
TARTAN_API const char *tartan_operator_feature_name(const tartan_operator *op, int64_t j);

/**
 * One line for people: "150 samples x 4 features, f64, from iris.h5:/X (rows are samples); features: length, width, ..."
 * Local.
 *
 * @param[out] text  [length]
 */
TARTAN_API void tartan_operator_describe(const tartan_operator *op, char *text, size_t length);

/**
 * Y := op(A) X in f64. Collective; reads a streamed operator once.
 *
 * @param[in]  trans  TARTAN_NO_TRANS: X is [n, b], Y [m, b]; TARTAN_TRANS: X is [m, b], Y [n, b]
 * @param[out] Y      f64 or f32, any layout; must not overlap X
 *
 * A streamed operator holds all of its smaller-sided operand ([n, b]) on every rank.
 *
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_GRID  operands do not fit; Y is unchanged
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_operator_apply(const tartan_operator *op, tartan_op trans,
                                                               const tartan_matrix *X, tartan_matrix *Y);

/** Y := A'(A X) in one pass over A; X and Y are [n, b]. Otherwise as tartan_operator_apply(). Collective. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_operator_normal(const tartan_operator *op, const tartan_matrix *X,
                                                                tartan_matrix *Y);

/**
 * The Gram matrix of an operator's columns in one pass: G = A'A, or with the column means taken away from A first.
 * Collective.
 *
 * Only the triangle is computed and moved: n (n + 1) / 2 (1 - 1/P) words on 2^k ranks. The bits do not depend on the
 * number of ranks or threads.
 *
 * @param[in]  center  whether the means are taken away
 * @param[out] G       [n, n], f64, both triangles; NULL after a failure
 * @param[out] means   [n], on every rank; may be NULL; zeros without centering, NaN of no rows; not written after a
 *                     failure
 *
 * @retval TARTAN_ERR_INPUT  an element is NaN or Inf
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_gram(const tartan_operator *A, bool center, tartan_matrix **G,
                                                     double *means);

/** Squared Frobenius norm of A. Collective; reads a streamed operator once. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_operator_norm_fro2(const tartan_operator *op, double *norm2);

#ifdef __cplusplus
}
#endif
#endif
