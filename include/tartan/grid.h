/**
 * @file grid.h
 * The process grid: the ranks that work on matrices together, their memory budget and their counters.
 */
#ifndef TARTAN_GRID_H
#define TARTAN_GRID_H

#include <mpi.h>

#include <tartan/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** p x q ranks of a communicator that the grid duplicated for itself. */
typedef struct tartan_grid tartan_grid;

/** Options of tartan_grid_create(). Start from TARTAN_GRID_OPTS_INIT. */
typedef struct tartan_grid_opts {
  size_t  size;         /**< sizeof this struct, set by the initializer */
  int     p, q;         /**< rows and columns of ranks; 0 x 0: planned, near-square, may leave ranks idle */
  int     threads;      /**< threads per rank for computing; 0: 1 */
  int64_t memory_limit; /**< bytes that this rank's matrices and workspaces may take; 0: no limit */
} tartan_grid_opts;

#define TARTAN_GRID_OPTS_INIT                                                                                          \
  {                                                                                                                    \
    .size = sizeof(tartan_grid_opts), .p = 0, .q = 0, .threads = 0, .memory_limit = 0                                  \
  }

/**
 * Makes a process grid from the ranks of a communicator.
 *
 * Collective over @p comm, which is duplicated; the caller's stays as it was. Ranks beyond p * q hold no part of a
 * default layout but take part in every collective call. The MPI library must have been initialised with at least
 * MPI_THREAD_FUNNELED, and only one thread may use a grid.
 *
 * @param[in]  comm  an intra-communicator
 * @param[in]  opts  NULL for defaults; options must be the same on every rank, except memory_limit
 * @param[out] grid  the new grid, to be given to tartan_grid_destroy(); NULL after a failure
 *
 * @retval TARTAN_ERR_ARG    p * q is negative, larger than the communicator, or only one of p and q was given
 * @retval TARTAN_ERR_NOMEM  out of memory on some rank
 * @retval TARTAN_ERR_MPI    MPI is not initialised, or the communicator cannot be duplicated
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_grid_create(MPI_Comm comm, const tartan_grid_opts *opts,
                                                            tartan_grid **grid);

/** Ends a grid and sets the pointer to NULL; NULL is accepted. Collective. Matrices must be destroyed before. */
TARTAN_API void tartan_grid_destroy(tartan_grid **grid);

/** Number of ranks in the grid's communicator. Local. */
TARTAN_API int tartan_grid_size(const tartan_grid *grid);

/** The calling process's rank in the grid's communicator. Local. */
TARTAN_API int tartan_grid_rank(const tartan_grid *grid);

/** Threads per rank that the grid computes with. Local. */
TARTAN_API int tartan_grid_threads(const tartan_grid *grid);

/**
 * The default arrangement of ranks. Local.
 *
 * @param[out] p, q        rows and columns; may be NULL
 * @param[out] prow, pcol  position of the calling rank, -1 if it lies outside; may be NULL
 */
TARTAN_API void tartan_grid_shape(const tartan_grid *grid, int *p, int *q, int *prow, int *pcol);

/**
 * What the grid has moved, read, written and allocated since the last tartan_grid_cost_reset().
 *
 * Collective. Every figure is the largest over the ranks. `words` counts elements, `memory` the peak of tracked bytes.
 *
 * @param[out] cost  not NULL; fields that counters cannot know (bound, reason) are left empty
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_grid_cost(const tartan_grid *grid, tartan_cost *cost);

/** Sets the counters of the calling rank to zero. Local. */
TARTAN_API void tartan_grid_cost_reset(tartan_grid *grid);

/** Parts of a run, for the table of where the time went. */
enum { TARTAN_PHASE_READ, TARTAN_PHASE_COMPUTE, TARTAN_PHASE_COMMUNICATE, TARTAN_PHASE_WRITE, TARTAN_PHASES };

/**
 * Seconds that the calling rank spent in each part since the last reset. Local.
 *
 * @param[out] seconds  [TARTAN_PHASES]
 */
TARTAN_API void tartan_grid_phases(const tartan_grid *grid, double seconds[TARTAN_PHASES]);

/**
 * Called by long computations on every rank: how far a phase is.
 *
 * @param[in] context   as given to tartan_grid_set_progress()
 * @param[in] phase     a word for people: "reading"
 * @param[in] fraction  from 0 to 1
 */
typedef void tartan_progress(void *context, const char *phase, double fraction);

/** Asks to be told of progress; NULL to be left alone. Local. */
TARTAN_API void tartan_grid_set_progress(tartan_grid *grid, tartan_progress *report, void *context);

/** The i-th warning that this rank's computations left, or NULL when there are no more. Local. */
TARTAN_API const char *tartan_grid_warning(const tartan_grid *grid, int i);

/** Bytes that the grid's matrices and workspaces take on this rank now, and at most so far. Local. */
TARTAN_API void tartan_grid_memory(const tartan_grid *grid, int64_t *used, int64_t *peak, int64_t *limit);

#ifdef __cplusplus
}
#endif
#endif
