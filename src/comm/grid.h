/**
 * @file grid.h
 * What a process grid is made of. Every layer above reads it; only comm/ writes communicator and counters.
 */
#ifndef TT_COMM_GRID_H
#define TT_COMM_GRID_H

#include <tartan/grid.h>

#include "base/memory.h"

struct tt_checkpoint; /* io/checkpoint.h: where the state of a long run goes, and when */
struct tt_blacs;      /* ext/blacs.h: BLACS contexts, made when ScaLAPACK is first called */

/** What one rank moved: words are matrix elements; bytes and messages of every kind. */
typedef struct tt_counters {
  int64_t words_sent, words_received;
  int64_t layout_sent, layout_received; /* those of them that only changed a layout */
  int64_t bytes_sent, bytes_received, messages;
  int64_t bytes_read, bytes_written;
  double  flops;
  double  seconds[TARTAN_PHASES];
  double  start; /* clock at the last reset */
} tt_counters;

/** What planners reckon with; only their quotients matter for a choice. */
typedef struct tt_rates {
  double flops;     /* per second, f64, one thread */
  double bandwidth; /* bytes per second of one rank */
  double latency;   /* seconds of a message */
  double copies;    /* bytes per second that a rank copies from place to place */
  double measured;  /* flops per second of the slowest rank's local products; 0: nobody has asked yet */
} tt_rates;

#define TT_WARNING_MAX 8
#define TT_WARNING_TEXT 256

struct tartan_grid {
  MPI_Comm         all; /* the duplicate */
  int              size, rank;
  int              p, q, prow, pcol; /* default arrangement, row-major; prow = pcol = -1 outside */
  int              threads;
  int              nodes; /* hosts that the ranks run on */
  tt_rates         rates;
  bool             dead; /* an MPI call failed: nothing is promised any more */
  tt_memory        memory;
  tt_counters      counters;
  struct tt_blacs *blacs;
  MPI_Request     *requests; /* [2 size] for exchanges of messages below 1 GiB */
  int              warnings;
  char             warning[TT_WARNING_MAX][TT_WARNING_TEXT];
  tartan_progress *progress;
  void            *progress_context;

  struct tt_checkpoint *checkpoint; /* of a long run, or NULL */
};

/** p x q of at most size ranks: near-square, leaving ranks idle where that gives the better product grid. Local. */
void tt_grid_plan(int size, int *p, int *q);

/** Of a common node, or of a network of 10 Gbit/s: constants, so that the same plan is made in every run. Local. */
tt_rates tt_grid_rates(int nodes);

/** Name and version of the MPI library, without line breaks. Local; needs no MPI_Init. */
const char *tt_mpi_name(void);

/** Keeps a warning for the program to show; the ninth and later are dropped, equal ones kept once. Local. */
void tt_grid_warn(tartan_grid *grid, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Tells the program how far a phase is, on every rank. Local. @param[in] phase  a literal: a watchdog looks at it later */
void tt_grid_progress(const tartan_grid *grid, const char *phase, double fraction);

/**
 * Adds the time since *since to a phase and sets *since to now. Local.
 *
 * @param[in]     phase  TARTAN_PHASE_...
 * @param[in,out] since  from tt_seconds()
 */
void tt_grid_phase(tartan_grid *grid, int phase, double *since);

/**
 * What was counted since `before`, the largest over the ranks: everything but the grid, the names and the passes. Collective; what
 * this takes itself is not counted.
 *
 * @param[in] used   bytes that were in use then: the peak is above them
 * @param[in] start  the clock then
 */
tartan_status tt_cost_since(const tartan_grid *grid, const tt_counters *before, int64_t used, double start,
                            tartan_cost *cost);

#endif
