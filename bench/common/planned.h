/**
 * @file planned.h
 * What a plan promised beside what the counters say.
 */
#ifndef BENCH_PLANNED_H
#define BENCH_PLANNED_H

#include "common/record.h"

/** One computation: its plan, and one run of it that was counted. */
typedef struct bench_planned {
  tartan_cost plan, measured;
  double      memory;  /**< peak bytes beside the operands, the largest over ranks */
  double      traffic; /**< bytes that passed MPI's functions, whoever called them */
} bench_planned;

/** Runs it once and counts. Collective. @param[in,out] planned  its plan is the caller's */
tartan_status bench_planned_count(tartan_grid *grid, tartan_status (*run)(void *context), void *context,
                                  bench_planned *planned);

/** Bytes that one run of a peer moves, the largest over ranks of sent and received. Collective. */
tartan_status bench_planned_traffic(tartan_grid *grid, tartan_status (*run)(void *context), void *context,
                                    double *bytes);

/** The fields and lines of the record. Local. */
void bench_planned_json(app_json *json, const bench_planned *planned);
void bench_planned_lines(const app_run *run, const bench_planned *planned);

#endif
