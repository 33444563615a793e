/**
 * @file nmf.h
 * Non-negative matrix factorization: A ~ W H with W, H >= 0, of what an operator can hold: dense, sparse, or in its file.
 */
#ifndef TARTAN_NMF_H
#define TARTAN_NMF_H

#include <tartan/operator.h>

#ifdef __cplusplus
extern "C" {
#endif

/** From where the iteration starts. */
typedef enum tartan_nmf_init {
  TARTAN_NMF_NNDSVDA, /**< from the k largest singular triplets, zeros filled with the mean (Boutsidis, Gallopoulos 2008) */
  TARTAN_NMF_NNDSVD, /**< the same, zeros stay */
  TARTAN_NMF_RANDOM /**< |N(0, 1)| sqrt(mean / k): the numbers of tartan_matrix_fill_normal() for [W; H'] as one matrix */
} tartan_nmf_init;

typedef struct tartan_nmf_opts {
  size_t          size;       /**< of this struct */
  int64_t         iterations; /**< at most; 200 */
  double          tolerance;  /**< ends when the violation is below it times the first one; 1e-4 */
  double          l1, l2;     /**< penalties l1 (sum W + sum H) + l2 / 2 (|W|_F^2 + |H|_F^2) beside |A - W H|_F^2 / 2 */
  tartan_nmf_init init;
  uint64_t        seed;
  const tartan_matrix *W, *H; /**< [m, k], [k, n] >= 0: start from these; both or neither */
  /**
   * Told after each iteration, on every rank, with `info` up to date; not 0 on every rank: stop here. NULL: nobody. The loss is
   * exact to u |A|_F^2. Where an interrupted run goes on, the iterations before are told again first.
   */
  int (*after)(void *context, int64_t iteration, double loss);
  void *context;
} tartan_nmf_opts;

#define TARTAN_NMF_OPTS_INIT                                                                                           \
  {                                                                                                                    \
    .size = sizeof(tartan_nmf_opts), .iterations = 200, .tolerance = 1e-4, .init = TARTAN_NMF_NNDSVDA                  \
  }

/** What it came to. Not converging is no error. */
typedef struct tartan_nmf_info {
  bool    converged;
  int64_t iterations;
  int64_t passes;    /**< over the operator */
  double  loss;      /**< |A - W H|_F^2 / 2, without penalties; from the elements where it is below 1e-6 |A|_F^2 */
  double  relative;  /**< |A - W H|_F / |A|_F; 0 of a zero matrix */
  double  violation; /**< sum of |projected gradient| steps, relative to the first iteration's */
  double  seconds;
} tartan_nmf_info;

/** Memory, words, passes, if all iterations are needed. Collective; nothing is read. Errors as tartan_nmf(). */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_nmf_plan(const tartan_operator *A, int64_t k,
                                                         const tartan_nmf_opts *opts, tartan_cost *plan);

/**
 * W, H of the least |A - W H|_F^2 / 2 that coordinate descent comes to (HALS): the columns of W in turn, then the rows of H,
 * each exactly for the others. The loss never rises. Elements that come below 2^-1000 are zero.
 *
 * Collective. An f64 matrix in memory and a sparse one are applied twice an iteration; of all others one pass over the rows updates
 * W and makes W'A. From the same start the iterates are those of scikit-learn's coordinate descent without shuffling, to
 * rounding. The bits do not depend on the number of ranks or threads where A is streamed, sparse or f32, and the start
 * is given or random; products of an f64 matrix and singular vectors depend on the grid by rounding.
 *
 * @param[in]  A     [m, n] >= 0
 * @param[in]  k     1 to min(m, n)
 * @param[out] W     [m, k] f64, by rows over the ranks; NULL after a failure
 * @param[out] H     [k, n] f64, by columns
 * @param[out] info  may be NULL
 *
 * Source: Cichocki, Phan 2009 (HALS); Hsieh, Dhillon 2011; stopping as scikit-learn's coordinate descent.
 *
 * @retval TARTAN_ERR_INPUT    an element is negative, NaN or Inf (the first in row order is named), or |A|_F^2 overflows
 * @retval TARTAN_ERR_NUMERIC  an iteration left the range of f64
 * @retval TARTAN_ERR_ARG      k or an option out of range; a start that has negative elements
 * @retval TARTAN_ERR_SHAPE    a start that does not fit
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_nmf(const tartan_operator *A, int64_t k, const tartan_nmf_opts *opts,
                                                    tartan_matrix **W, tartan_matrix **H, tartan_nmf_info *info);

/**
 * W for given H, row by row: the least |a_i - w_i H|^2 / 2 + penalties over w_i >= 0, from zeros until the violation of the row is
 * `tolerance` times its first one, or for `iterations` sweeps. Collective; one pass. opts->W, H, init are not used.
 *
 * @param[in]  H  [k, n], k of any size
 * @param[out] W  [m, k] f64, by rows over the ranks; NULL after a failure
 *
 * Errors as tartan_nmf().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_nmf_transform(const tartan_operator *A, const tartan_matrix *H,
                                                              const tartan_nmf_opts *opts, tartan_matrix **W);

#ifdef __cplusplus
}
#endif
#endif
