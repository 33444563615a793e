/**
 * @file faults.h
 * The fault loop: the k-th allocation or file operation of one rank fails, k = 0, 1, 2, ... until a run in which
 * nothing failed. Every time all ranks must return the same status, of the expected class, and hold no more memory
 * than before.
 */
#ifndef TARTAN_TESTS_FAULTS_H
#define TARTAN_TESTS_FAULTS_H

#include <tartan/grid.h>

#include "base/fault.h"

/** One run with a fault that waits. */
typedef struct fault_run {
  tt_fault kind;
  int      rank;       /**< where the operation fails */
  int64_t  k;          /**< which one fails */
  bool     fired;      /**< whether it did, on this rank */
  bool     survivable; /**< set by the attempt: TARTAN_OK on all ranks is an answer too */
} fault_run;

/**
 * One try of a function: makes what the call needs, calls fault_begin(), the function, fault_end(), checks that a
 * failed call left its outputs NULL, destroys everything, and returns the call's status. Collective over the grid,
 * which is new for every try.
 */
typedef tartan_status fault_try(tartan_grid *grid, fault_run *run);

void fault_begin(fault_run *run);
void fault_end(fault_run *run);

/** The loop, with the fault on the first and then on the last rank of MPI_COMM_WORLD. Collective. */
void fault_sweep(tt_fault kind, const char *name, fault_try *attempt);

/** The same for the creation of a grid itself: the attempt gets NULL instead of a grid. */
void fault_sweep_without_grid(tt_fault kind, const char *name, fault_try *attempt);

/** Files of the working folder; the same on every rank when nobody is writing. Collective. */
int fault_files_here(void);

#endif
