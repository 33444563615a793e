/**
 * @file measure.h
 * Alternating measurements: in each repetition every case runs once, so that whatever disturbs the machine disturbs all
 * of them, and what is compared are the quotients within a repetition.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "comm/grid.h"

/** One thing to be timed; both functions are collective and get the context of bench_alternate(). */
typedef struct bench_case {
  const char *name;
  tartan_status (*prepare)(void *context); /**< before each run, not timed; may be NULL */
  tartan_status (*run)(void *context);
  double *seconds; /**< [reps] maximum over ranks; the caller's */
} bench_case;

/**
 * Runs the cases in turn, warm-ups first: barrier, run, maximum over ranks. Collective.
 *
 * @param[in,out] cases  [count]; their seconds are filled, the same on every rank
 */
tartan_status bench_alternate(tartan_grid *grid, bench_case *cases, int count, void *context, int64_t warmups,
                              int64_t reps);

/** Smallest, median and largest of count > 0 values. Local. */
double bench_min(const double *values, int64_t count);
double bench_median(const double *values, int64_t count);
double bench_max(const double *values, int64_t count);

/** Median of the pairwise quotients above[i] / below[i]. Local. */
double bench_ratio(const double *above, const double *below, int64_t count);

#endif
