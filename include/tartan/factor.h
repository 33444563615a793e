/**
 * @file factor.h
 * Factorizations of distributed matrices: QR, singular values, symmetric and general eigenvalues.
 *
 * Inputs are not changed; results are created in a layout of the call's choice. Arguments come in one order: the matrix,
 * options (NULL: defaults), results from left to right as the factorization is written, and what was done (NULL: do not
 * tell). All functions are collective and return the same status on every rank.
 */
#ifndef TARTAN_FACTOR_H
#define TARTAN_FACTOR_H

#include <tartan/matrix.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Largest symmetric problem that is solved on one rank: for it the bits do not depend on the rank count. */
#define TARTAN_EIGH_ONE_RANK 2000

/**
 * Largest min(m, n) of a singular value problem that is solved on one rank, after the QR of a tall or wide matrix; beyond
 * it all ranks work, and the last bits depend on their number.
 */
#define TARTAN_SVD_ONE_RANK_MAX 400

/** Largest general eigenproblem whose vectors are found (on one rank). */
#define TARTAN_EIG_ONE_RANK 4000

/** What a factorization did. */
typedef struct tartan_factor_info {
  char    method[32];  /**< "CholeskyQR2", "TSQR", "?gesdd on one rank", "p?syevd", "ELPA 2-stage", ... */
  char    reason[160]; /**< why this one */
  double  condition;   /**< estimate of the 2-norm condition number where one was found, else NaN */
  int64_t rank;        /**< numerical rank where one was found, else -1 */
  int64_t found;       /**< eigenvalues, singular values or columns of Q found */
  double  seconds;
} tartan_factor_info;

/* ------------------------------------------------------------------------------------------------------------ QR */

/** Rungs of the ladder for tall matrices, and the method for all others. */
typedef enum tartan_qr_method {
  TARTAN_QR_PLANNED,    /**< by shape and estimated condition */
  TARTAN_QR_CHOLESKY2,  /**< CholeskyQR2: condition below about 1e8 in f64 */
  TARTAN_QR_CHOLESKY3,  /**< shifted CholeskyQR3: condition below about 1 / u */
  TARTAN_QR_TSQR,       /**< binary tree of Householder QR: always accurate, same bits on any number of ranks */
  TARTAN_QR_HOUSEHOLDER /**< ScaLAPACK's p?geqrf and p?orgqr */
} tartan_qr_method;

typedef struct tartan_qr_opts {
  size_t           size;   /**< of this struct */
  tartan_qr_method method; /**< a rung that cannot work on this matrix falls to the next one, and info says so */
} tartan_qr_opts;

#define TARTAN_QR_OPTS_INIT                                                                                            \
  {                                                                                                                    \
    sizeof(tartan_qr_opts), TARTAN_QR_PLANNED                                                                          \
  }

/**
 * A = Q R with r = min(m, n): Q [m, r] has orthonormal columns, R [r, n] is upper triangular with a diagonal >= 0.
 *
 * Collective. Matrices with at least four rows for each column climb down a ladder: CholeskyQR2 while the estimated
 * condition is below about 1e8, shifted CholeskyQR3 to about 1 / u, TSQR beyond; others by ScaLAPACK. Whatever the rung,
 * |I - Q'Q|_F <= 10 n u and |A - Q R|_F <= 10 u sqrt(m n) |A|_F.
 *
 * @param[in]  A     [m, n]
 * @param[out] Q     [m, r]; NULL: R only
 * @param[out] R     [r, n], zero below the diagonal
 * @param[out] info  method, reason, condition (of a rung that estimates it); may be NULL
 *
 * Source: Fukaya, Kannan, Nakatsukasa, Yamamoto, Yanagisawa 2020; Demmel, Grigori, Hoemmen, Langou 2012.
 *
 * @retval TARTAN_ERR_ARG       no such method
 * @retval TARTAN_ERR_INPUT     A has Inf or NaN
 * @retval TARTAN_ERR_NOMEM     workspace beyond the budget
 * @retval TARTAN_ERR_OVERFLOW  a size beyond ScaLAPACK's 32 bits; the message says how many ranks would do
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_qr(const tartan_matrix *A, const tartan_qr_opts *opts,
                                                   tartan_matrix **Q, tartan_matrix **R, tartan_factor_info *info);

/**
 * A P = Q R with column pivoting: |R(0,0)| >= |R(1,1)| >= ..., which shows the numerical rank.
 *
 * Collective. ScaLAPACK's p?geqpf. The rank is the number of |R(i,i)| > max(m, n) u |R(0,0)|.
 *
 * @param[in]  A     [m, n]
 * @param[out] Q     [m, r]; NULL: R only
 * @param[out] R     [r, n], diagonal >= 0
 * @param[out] perm  [n] on every rank: column j of A P is column perm[j] of A, from zero
 * @param[out] info  rank beside the rest; may be NULL
 *
 * Errors as tartan_qr().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_qr_pivoted(const tartan_matrix *A, tartan_matrix **Q, tartan_matrix **R,
                                                           int64_t *perm, tartan_factor_info *info);

/* -------------------------------------------------------------------------------------------------- singular values */

typedef enum tartan_svd_method {
  TARTAN_SVD_PLANNED,     /**< by shape: tall and wide through QR, small on one rank, large by bidiagonal form */
  TARTAN_SVD_ONE_RANK,    /**< LAPACK's ?gesdd on one rank */
  TARTAN_SVD_BIDIAGONAL,  /**< to bidiagonal form, divide and conquer, and back, each over all ranks; always in f64 */
  TARTAN_SVD_QR_ITERATION /**< ScaLAPACK's p?gesvd, the slow reference; not for full factors */
} tartan_svd_method;

typedef struct tartan_svd_opts {
  size_t            size;   /**< of this struct */
  tartan_svd_method method; /**< for what is left after the QR of a tall or wide matrix */
  bool              full;   /**< U [m, m] and Vt [n, n], completed to orthogonal matrices; then without QR first */
} tartan_svd_opts;

#define TARTAN_SVD_OPTS_INIT                                                                                           \
  {                                                                                                                    \
    sizeof(tartan_svd_opts), TARTAN_SVD_PLANNED, false                                                                 \
  }

/**
 * A = U diag(s) Vt with r = min(m, n): s in descending order, U [m, r], Vt [r, n].
 *
 * Collective. Without U and Vt only the singular values are computed, at a fraction of the cost. Signs: in each right
 * vector the entry of lowest index with |v| >= (1 - 1e-6) max|v| is positive.
 *
 * @param[in]  A      [m, n]
 * @param[out] U      [m, r], or [m, m] if full; may be NULL
 * @param[out] s      [min(m, n)], on every rank
 * @param[out] Vt     [r, n], or [n, n] if full; may be NULL
 * @param[out] info   method, reason, condition s_1 / s_r, rank as the number of s_i > max(m, n) u s_1; may be NULL
 *
 * Per rank, beside A and results, (4 n + m) n / P + 3 (n / P)^2 f64 numbers for a large matrix; for a tall one what its QR
 * takes: Q becomes U in place.
 *
 * Source: Gu, Eisenstat 1995 (divide and conquer); Howell, Demmel, Fulton, Hammarling, Marques 2008 (bidiagonal form).
 *
 * @retval TARTAN_ERR_ARG      no such method, or full factors from p?gesvd
 * @retval TARTAN_ERR_NUMERIC  no convergence
 * and those of tartan_qr().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_svd(const tartan_matrix *A, const tartan_svd_opts *opts,
                                                    tartan_matrix **U, double *s, tartan_matrix **Vt,
                                                    tartan_factor_info *info);

/* ------------------------------------------------------------------------------------------------------ eigenvalues */

typedef enum tartan_eigh_which {
  TARTAN_EIGH_ALL,
  TARTAN_EIGH_LARGEST,  /**< the count algebraically largest */
  TARTAN_EIGH_SMALLEST, /**< the count algebraically smallest */
  TARTAN_EIGH_INTERVAL  /**< those in (from, to] */
} tartan_eigh_which;

typedef enum tartan_eigh_method {
  TARTAN_EIGH_PLANNED,
  TARTAN_EIGH_LAPACK, /**< on one rank */
  TARTAN_EIGH_PSYEVD, /**< ScaLAPACK's divide and conquer */
  TARTAN_EIGH_PSYEVR, /**< ScaLAPACK's p?syevr, for a part of the spectrum */
  TARTAN_EIGH_ELPA1,  /**< ELPA, one stage; TARTAN_ERR_BACKEND if Tartan was built without it */
  TARTAN_EIGH_ELPA2   /**< ELPA, two stages */
} tartan_eigh_method;

typedef struct tartan_eigh_opts {
  size_t             size; /**< of this struct */
  tartan_eigh_which  which;
  int64_t            count; /**< of LARGEST and SMALLEST, 0 to n */
  double             from, to;
  tartan_eigh_method method;
} tartan_eigh_opts;

#define TARTAN_EIGH_OPTS_INIT                                                                                          \
  {                                                                                                                    \
    sizeof(tartan_eigh_opts), TARTAN_EIGH_ALL, 0, 0, 0, TARTAN_EIGH_PLANNED                                            \
  }

/**
 * A V = V diag(w): eigenvalues in descending order and orthonormal eigenvectors of a symmetric matrix.
 *
 * Collective. Up to n = TARTAN_EIGH_ONE_RANK by LAPACK on one rank with one thread, so with the same bits on any
 * number of ranks; beyond by ELPA where it was found at build time, else by ScaLAPACK. Signs as tartan_svd().
 *
 * @param[in]  A     [n, n]; only the lower triangle is read
 * @param[in]  opts  which part of the spectrum; NULL: all
 * @param[out] w     [n] on every rank, of which the first info->found are set: with LARGEST the largest, with SMALLEST the
 *                   smallest, always in descending order
 * @param[out] V     [n, found]; NULL: values only
 * @param[out] info  found beside the rest; may be NULL
 *
 * Source: Cuppen 1981 (divide and conquer); Dhillon, Parlett 2004 (p?syevr); Marek et al. 2014 (ELPA).
 *
 * @retval TARTAN_ERR_SHAPE    A is not square
 * @retval TARTAN_ERR_ARG      no such method or part of the spectrum
 * @retval TARTAN_ERR_BACKEND  ELPA was asked for and is not there
 * @retval TARTAN_ERR_NUMERIC  no convergence
 * and those of tartan_qr().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_eigh(const tartan_matrix *A, const tartan_eigh_opts *opts, double *w,
                                                     tartan_matrix **V, tartan_factor_info *info);

/**
 * Eigenvalues of a general square matrix and, up to n = TARTAN_EIG_ONE_RANK, its right eigenvectors.
 *
 * Collective. Small matrices, and all of which vectors are wanted, by LAPACK's ?geev on one rank; the values of larger
 * ones by ScaLAPACK's p?gehrd over the ranks and ?hseqr on one of them, which has to hold the matrix. Order: descending
 * absolute value, then real part; of a conjugate pair the positive imaginary part first.
 *
 * @param[in]  A           [n, n]
 * @param[out] w_re, w_im  [n] on every rank
 * @param[out] V_re, V_im  [n, n] of dtype: column j is the vector of the j-th value, of 2-norm 1, its largest component
 *                         real and positive; both or neither
 * @param[out] info        may be NULL
 *
 * @retval TARTAN_ERR_SHAPE    A is not square
 * @retval TARTAN_ERR_ARG      only one of V_re and V_im; or vectors wanted of more than TARTAN_EIG_ONE_RANK
 * @retval TARTAN_ERR_NUMERIC  no convergence
 * and those of tartan_qr().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_eig(const tartan_matrix *A, double *w_re, double *w_im,
                                                    tartan_matrix **V_re, tartan_matrix **V_im,
                                                    tartan_factor_info *info);

#ifdef __cplusplus
}
#endif
#endif
