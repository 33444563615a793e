/*
 * Counts for the page: values of ratings in bins, and how many ratings users and items have. The latter are counted for a window
 * of ids at a time, so that no rank ever holds a number for each user.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "recommend_report.h"

#define WINDOW ((int64_t)1 << 20)
#define EVEN_BINS 40
#define LOG_FROM 1000.0 /* ratio of the largest to the least, from which bins are even on a logarithmic scale */
#define UNIT_SLACK 1e-6

static bool kept(const tt_ratings *r, int64_t e)
{
  return r->rating[e] >= app_recommend_set.least;
}

/* ------------------------------------------------------------------------------------------------ values */

static const double units[] = {1, 0.5, 0.25, 0.1};

#define UNITS ((int)(sizeof units / sizeof *units))

/* Least and largest, and of which units all are multiples. Collective. */
static tartan_status survey(app_run *run, const tt_ratings *r, app_values *v, int64_t broken[UNITS])
{
  double        ends[2] = {-INFINITY, -INFINITY};
  tartan_status st = TARTAN_OK;

  for (int u = 0; u < UNITS; u++) broken[u] = 0;
  for (int64_t e = 0; e < r->count; e++) {
    if (!kept(r, e)) continue;
    ends[0] = fmax(ends[0], r->rating[e]);
    ends[1] = fmax(ends[1], -r->rating[e]);
    for (int u = 0; u < UNITS; u++) {
      const double x = r->rating[e] / units[u];

      broken[u] |= fabs(x - round(x)) > UNIT_SLACK;
    }
  }
  TRY(tt_allreduce_f64(run->grid, ends, 2, TT_MAX));
  TRY(tt_allreduce_i64(run->grid, broken, UNITS, TT_MAX));
  v->high = ends[0];
  v->low = -ends[1];
done:
  return st;
}

static void choose_bins(app_values *v, const int64_t broken[UNITS])
{
  const double range = v->high - v->low;

  for (int u = 0; u < UNITS; u++) {
    if (broken[u] || range / units[u] + 1 > APP_PROFILE_BINS) continue;
    v->single = true;
    v->step = units[u];
    v->from = v->low - units[u] / 2;
    v->bins = (int)lround(range / units[u]) + 1;
    return;
  }
  v->bins = EVEN_BINS;
  v->log = v->low > 0 && v->high >= LOG_FROM * v->low;
  v->from = v->log ? log10(v->low) : v->low;
  v->step = ((v->log ? log10(v->high) : v->high) - v->from) / EVEN_BINS;
}

static tartan_status count_values(app_run *run, const tt_ratings *r, app_values *v)
{
  int64_t       broken[UNITS];
  tartan_status st = TARTAN_OK;

  TRY(survey(run, r, v, broken));
  choose_bins(v, broken);
  for (int64_t e = 0; e < r->count; e++) {
    if (!kept(r, e)) continue;
    const double x = v->log ? log10(r->rating[e]) : r->rating[e];

    v->count[tt_max(0, tt_min(v->bins - 1, (int64_t)((x - v->from) / v->step)))]++;
  }
  TRY(tt_allreduce_f64(run->grid, v->count, v->bins, TT_SUM));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ activity */

/* Bins of the rows of one window, by what each came to. Local. */
static void add_rows(const int64_t *n, int64_t rows, app_activity *a)
{
  for (int64_t i = 0; i < rows; i++) {
    int bin = 0;

    a->most = tt_max(a->most, n[i]);
    a->none += n[i] == 0;
    if (n[i] == 0) continue;
    while (n[i] >> (bin + 1) > 0) bin++;
    a->count[bin]++;
    a->bins = bin + 1 > a->bins ? bin + 1 : a->bins;
  }
}

static tartan_status count_activity(app_run *run, const tt_ratings *r, const int64_t *of, int64_t total,
                                    app_activity *a)
{
  int64_t      *n, all = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *a = (app_activity){.total = total};
  n = tt_alloc(&run->grid->memory, tt_min(total, WINDOW), sizeof *n, "counts of ratings", &local);
  AGREE(run->grid, local);
  for (int64_t first = 0; first < total; first += WINDOW) {
    const int64_t rows = tt_min(WINDOW, total - first);

    memset(n, 0, (size_t)rows * sizeof *n);
    for (int64_t e = 0; e < r->count; e++)
      if (of[e] >= first && of[e] < first + rows && kept(r, e)) n[of[e] - first]++;
    TRY(tt_allreduce_i64(run->grid, n, rows, TT_SUM));
    add_rows(n, rows, a);
    for (int64_t i = 0; i < rows; i++) all += n[i];
  }
  a->mean = (double)all / (double)tt_max(1, total - a->none);
done:
  tt_free(n);
  return st;
}

tartan_status app_profile_make(app_run *run, const app_recommend_data *data, app_profile *profile)
{
  const tt_ratings *r = &data->ratings;
  tartan_status     st = TARTAN_OK;

  memset(profile, 0, sizeof *profile);
  TRY(count_values(run, r, &profile->values));
  TRY(count_activity(run, r, r->user, r->users.total, &profile->users));
  TRY(count_activity(run, r, r->item, r->items.total, &profile->items));
done:
  return st;
}
