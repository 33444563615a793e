/**
 * @file tartan.h
 * All of Tartan: distributed-memory linear algebra for machine learning.
 *
 * The life of a program: a tartan_grid from a communicator; matrices on it, loaded, filled or wrapped; operations on
 * them; results saved. See examples/.
 */
#ifndef TARTAN_TARTAN_H
#define TARTAN_TARTAN_H

#include <tartan/blas.h>
#include <tartan/elementwise.h>
#include <tartan/factor.h>
#include <tartan/grid.h>
#include <tartan/io.h>
#include <tartan/linear_models.h>
#include <tartan/lstsq.h>
#include <tartan/matrix.h>
#include <tartan/nmf.h>
#include <tartan/norms.h>
#include <tartan/operator.h>
#include <tartan/pca.h>
#include <tartan/predictor.h>
#include <tartan/ranking.h>
#include <tartan/recommend.h>
#include <tartan/regress.h>
#include <tartan/sample.h>
#include <tartan/search.h>
#include <tartan/sketch.h>
#include <tartan/solve.h>
#include <tartan/sparse.h>
#include <tartan/status.h>
#include <tartan/types.h>
#include <tartan/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that is running, "0.1.0". Local. */
TARTAN_API const char *tartan_version(void);

/**
 * What the library was built from and runs on, one fact a line: source revision, MPI, ScaLAPACK, BLAS (vendor, flavour,
 * detected core), HDF5 with its filters. Local; needs no MPI_Init.
 *
 * @param[out] text  [length]
 */
TARTAN_API void tartan_describe(char *text, size_t length);

#ifdef __cplusplus
}
#endif
#endif
