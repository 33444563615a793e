/*
 * A random orthogonal matrix: Q of the QR factorization of a Gaussian matrix with a positive diagonal of R (Stewart 1980;
 * Mezzadri 2007: without the signs it would not be uniform). Wide ones are transposed tall ones. TSQR gives the same bits
 * on any number of ranks, but one rank factors what has fewer than four rows for each column: beyond TARTAN_EIGH_ONE_RANK
 * columns the planned factorization takes over, in which all ranks work.
 */
#include <tartan/elementwise.h>
#include <tartan/sample.h>

#include "base/util.h"
#include "comm/agree.h"
#include "matrix/matrix.h"

/* Q of a Gaussian matrix [m, n], m >= n. Collective. */
static tartan_status tall(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, uint64_t seed, tartan_matrix **Q)
{
  tartan_qr_opts opts = TARTAN_QR_OPTS_INIT;
  tartan_matrix *G = NULL, *R = NULL;
  tartan_status  st = TARTAN_OK;

  if (n <= TARTAN_EIGH_ONE_RANK) opts.method = TARTAN_QR_TSQR;
  TRY(tt_matrix_create_raw(grid, dtype, m, n, NULL, &G));
  tartan_matrix_fill_normal(G, seed);
  TRY(tartan_qr(G, &opts, Q, &R, NULL));
done:
  tartan_matrix_destroy(&R);
  tartan_matrix_destroy(&G);
  return st;
}

tartan_status tartan_random_orthogonal(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, uint64_t seed,
                                       tartan_matrix **Q)
{
  tartan_matrix *Qt = NULL;
  tartan_status  st = TARTAN_OK;

  *Q = NULL;
  REQUIRE(m >= 0 && n >= 0, TARTAN_ERR_SHAPE, "an orthogonal matrix of %lld x %lld: no size may be negative",
          (long long)m, (long long)n);
  if (m >= n) {
    TRY(tall(grid, dtype, m, n, seed, Q));
  } else {
    TRY(tall(grid, dtype, n, m, seed, &Qt));
    TRY(tartan_transpose(Qt, NULL, Q));
  }
done:
  tartan_matrix_destroy(&Qt);
  return st;
}
