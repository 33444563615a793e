#include "common/measure.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/util.h"
#include "comm/collective.h"

/* Adds what the phases have grown by; a case may have set them to zero on its way. Local. */
static void add_phases(const tartan_grid *grid, const double before[TARTAN_PHASES], double seconds, double *phases)
{
  double now[TARTAN_PHASES];

  tartan_grid_phases(grid, now);
  phases[TARTAN_PHASES] += seconds;
  for (int i = 0; i < TARTAN_PHASES; i++) {
    const double spent = now[i] >= before[i] ? now[i] - before[i] : now[i];

    phases[i] += spent;
    phases[TARTAN_PHASES] -= spent;
  }
}

/* @param[in,out] phases  NULL: a warm-up, which does not count */
static tartan_status run_case(tartan_grid *grid, const bench_case *c, void *context, double *seconds, double *phases)
{
  double        before[TARTAN_PHASES];
  tartan_status st = TARTAN_OK;

  if (c->prepare) TRY(c->prepare(context));
  TRY(tt_barrier(grid));
  tartan_grid_phases(grid, before);
  *seconds = tt_seconds();
  TRY(c->run(context));
  *seconds = tt_seconds() - *seconds;
  if (phases) add_phases(grid, before, *seconds, phases);
  TRY(tt_allreduce_f64(grid, seconds, 1, TT_MAX));
done:
  return st;
}

tartan_status bench_alternate(tartan_grid *grid, bench_case *cases, int count, void *context, int64_t warmups,
                              int64_t reps)
{
  tartan_status st = TARTAN_OK;

  for (int i = 0; i < count; i++) memset(cases[i].phases, 0, sizeof cases[i].phases);
  for (int64_t rep = -warmups; rep < reps; rep++) {
    for (int i = 0; i < count; i++) {
      double seconds = 0;

      TRY(run_case(grid, &cases[i], context, &seconds, rep >= 0 ? cases[i].phases : NULL));
      if (rep >= 0) cases[i].seconds[rep] = seconds;
    }
  }
  for (int i = 0; i < count; i++) {
    TRY(tt_allreduce_f64(grid, cases[i].phases, TARTAN_PHASES + 1, TT_SUM));
    for (int p = 0; p <= TARTAN_PHASES; p++) cases[i].phases[p] /= grid->size;
  }
done:
  return st;
}

void bench_cases_add(bench_cases *cases, const char *name, tartan_status (*run)(void *context))
{
  if (cases->count < BENCH_CASES_MAX) cases->list[cases->count++] = (bench_case){.name = name, .run = run};
}

tartan_status bench_cases_run(tartan_grid *grid, bench_cases *cases, void *context, int64_t warmups, int64_t reps)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  cases->reps = reps;
  cases->seconds = tt_alloc(NULL, cases->count * reps, sizeof *cases->seconds, "repetitions", &local);
  AGREE(grid, local);
  for (int i = 0; i < cases->count; i++) cases->list[i].seconds = cases->seconds + i * reps;
  TRY(bench_alternate(grid, cases->list, cases->count, context, warmups, reps));
done:
  return st;
}

void bench_cases_free(bench_cases *cases)
{
  tt_free(cases->seconds);
  cases->seconds = NULL;
}

bool bench_cases_has(const bench_cases *cases, const char *name)
{
  for (int i = 0; i < cases->count; i++)
    if (strcmp(cases->list[i].name, name) == 0) return true;
  return false;
}

const double *bench_cases_of(const bench_cases *cases, const char *name)
{
  for (int i = 0; i < cases->count; i++)
    if (strcmp(cases->list[i].name, name) == 0) return cases->list[i].seconds;
  return NULL;
}

const double *bench_cases_phases(const bench_cases *cases, const char *name)
{
  for (int i = 0; i < cases->count; i++)
    if (strcmp(cases->list[i].name, name) == 0) return cases->list[i].phases;
  return NULL;
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

double bench_min(const double *values, int64_t count)
{
  double least = values[0];

  for (int64_t i = 1; i < count; i++) least = values[i] < least ? values[i] : least;
  return least;
}

double bench_max(const double *values, int64_t count)
{
  double most = values[0];

  for (int64_t i = 1; i < count; i++) most = values[i] > most ? values[i] : most;
  return most;
}

double bench_median(const double *values, int64_t count)
{
  tartan_status local = TARTAN_OK;
  double       *sorted = tt_alloc(NULL, count, sizeof *sorted, "repetitions", &local), median;

  if (!sorted) return 0;
  memcpy(sorted, values, (size_t)count * sizeof *sorted);
  qsort(sorted, (size_t)count, sizeof *sorted, ascending);
  median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
  tt_free(sorted);
  return median;
}

double bench_ratio(const double *above, const double *below, int64_t count)
{
  tartan_status local = TARTAN_OK;
  double       *ratio = tt_alloc(NULL, count, sizeof *ratio, "repetitions", &local), median;

  if (!ratio) return 0;
  for (int64_t i = 0; i < count; i++) ratio[i] = above[i] / below[i];
  median = bench_median(ratio, count);
  tt_free(ratio);
  return median;
}
