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
  double *seconds;                   /**< [reps] maximum over ranks; the caller's */
  double  phases[TARTAN_PHASES + 1]; /**< seconds of all repetitions in each phase, and in none: mean over ranks */
} bench_case;

/**
 * Runs the cases in turn, warm-ups first: barrier, run, maximum over ranks. Collective.
 *
 * @param[in,out] cases  [count]; their seconds are filled, the same on every rank
 */
tartan_status bench_alternate(tartan_grid *grid, bench_case *cases, int count, void *context, int64_t warmups,
                              int64_t reps);

#define BENCH_CASES_MAX 10

/** Cases that are chosen at run time, in the order in which they run. Starts as {0}. */
typedef struct bench_cases {
  bench_case list[BENCH_CASES_MAX];
  int        count;
  int64_t    reps;
  double    *seconds; /**< [count][reps] */
} bench_cases;

/** Adds a case. Local. */
void bench_cases_add(bench_cases *cases, const char *name, tartan_status (*run)(void *context));

/** bench_alternate() of all of them; give the cases to bench_cases_free() after a failure too. Collective. */
tartan_status bench_cases_run(tartan_grid *grid, bench_cases *cases, void *context, int64_t warmups, int64_t reps);

void bench_cases_free(bench_cases *cases);

/** Whether there is a case of this name. Local. */
bool bench_cases_has(const bench_cases *cases, const char *name);

/** The [reps] seconds of a case; NULL if it was not run. Local. */
const double *bench_cases_of(const bench_cases *cases, const char *name);

/** Its [TARTAN_PHASES + 1] phases, or NULL. Local. */
const double *bench_cases_phases(const bench_cases *cases, const char *name);

/** Smallest, median and largest of count > 0 values. Local. */
double bench_min(const double *values, int64_t count);
double bench_median(const double *values, int64_t count);
double bench_max(const double *values, int64_t count);

/** Median of the pairwise quotients above[i] / below[i]. Local. */
double bench_ratio(const double *above, const double *below, int64_t count);

#endif
