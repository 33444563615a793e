/*
 * The line is written by the program's own JSON writer into memory and laid flat from there: inside texts it escapes
 * line ends, so every one that is left, with the spaces behind it, is its indentation.
 */
#include "common/record.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/measure.h"
#include "tt_config.h"

/* Median of the quotients where the caller has them, as of all that is compared. */
static double peak_fraction(const bench_record *r)
{
  return r->peak_fraction > 0 ? r->peak_fraction : r->flops / bench_median(r->seconds, r->reps) / r->peak;
}

static void put_speed(app_json *json, const app_run *run, const bench_record *r)
{
  const double median = bench_median(r->seconds, r->reps), rate = r->flops / median;

  (void)run;
  app_json_numbers(json, "seconds", r->seconds, r->reps);
  app_json_number(json, "seconds_min", bench_min(r->seconds, r->reps));
  app_json_number(json, "seconds_median", median);
  app_json_number(json, "seconds_max", bench_max(r->seconds, r->reps));
  app_json_number(json, "gflops", rate * 1e-9);
  app_json_number(json, "peak_gflops", r->peak * 1e-9);
  app_json_number(json, "peak_fraction", peak_fraction(r));
  app_json_number(json, "local_fraction", r->local_fraction);
}

static void put_phases(app_json *json, const bench_record *r)
{
  if (!r->phases) return;
  app_json_object(json, "phases");
  for (int i = 0; i <= TARTAN_PHASES; i++) app_json_number(json, app_phase_name(i), r->phases[i]);
  app_json_end_object(json);
}

static void put_peers(app_json *json, const bench_record *r)
{
  app_json_array(json, "peers");
  for (int i = 0; i < r->peers; i++) {
    app_json_object(json, NULL);
    app_json_text(json, "name", r->peer[i].name);
    app_json_number(json, "seconds_median", r->peer[i].seconds_median);
    app_json_number(json, "ratio", r->peer[i].ratio);
    app_json_number(json, "bytes_max", r->peer[i].bytes_max);
    app_json_end_object(json);
  }
  app_json_end_array(json);
}

/* A record and the run that it is of. */
typedef struct whole_record {
  const app_run      *run;
  const bench_record *r;
} whole_record;

static void put_record(app_json *json, const void *context)
{
  const app_run      *run = ((const whole_record *)context)->run;
  const bench_record *r = ((const whole_record *)context)->r;
  char                host[256], processor[256], grid[48];
  int                 p, q;

  app_machine_names(host, sizeof host, processor, sizeof processor);
  tartan_grid_shape(run->grid, &p, &q, NULL, NULL);
  snprintf(grid, sizeof grid, "%dx%d", p, q);
  app_json_text(json, "op", r->op);
  app_json_count(json, "m", r->m);
  app_json_count(json, "n", r->n);
  app_json_count(json, "k", r->k);
  app_json_text(json, "dtype", r->dtype);
  app_json_count(json, "ranks", run->size);
  app_json_count(json, "threads", run->threads);
  app_json_count(json, "nodes", run->grid->nodes);
  app_json_text(json, "grid", grid);
  app_json_count(json, "block", r->block);
  app_json_text(json, "algorithm", r->algorithm);
  app_json_count(json, "reps", r->reps);
  put_speed(json, run, r);
  put_phases(json, r);
  app_json_number(json, "bytes_max", r->bytes_max);
  app_json_number(json, "bytes_redistributed_max", r->bytes_redistributed_max);
  app_json_number(json, "bytes_bound", r->bytes_bound);
  app_json_number(json, "bytes_ratio", r->bytes_max / r->bytes_bound);
  app_json_number(json, "residual", r->residual);
  app_json_number(json, "residual_limit", r->residual_limit);
  put_peers(json, r);
  app_json_text(json, "revision", TT_REVISION);
  app_json_text(json, "host", host);
  app_json_text(json, "compiler", TT_COMPILER);
  if (r->json) r->json(json, r->context);
}

/* The text without its indentation, on one line. */
static void put_flat(FILE *out, const char *text)
{
  for (const char *c = text; *c; c++) {
    if (*c != '\n') {
      fputc(*c, out);
      continue;
    }
    if (c > text && c[-1] == ',') fputc(' ', out);
    c += strspn(c + 1, " ");
  }
  fputc('\n', out);
}

static tartan_status write_line(void (*put)(app_json *json, const void *context), const void *context)
{
  const bool    standard = strcmp(bench_set.json, "-") == 0;
  char         *text = NULL;
  size_t        length = 0;
  FILE         *memory = open_memstream(&text, &length), *out = NULL;
  app_json      json;
  tartan_status st = TARTAN_OK;

  if (!memory) return tt_fail(TARTAN_ERR_NOMEM, "out of memory for a result line");
  app_json_begin(&json, memory);
  app_json_object(&json, NULL);
  put(&json, context);
  app_json_end_object(&json);
  if (fclose(memory) != 0) st = tt_fail(TARTAN_ERR_NOMEM, "out of memory for a result line");
  if (st == TARTAN_OK) out = standard ? stdout : fopen(bench_set.json, "a");
  if (out) put_flat(out, text);
  if (st == TARTAN_OK && (!out || fflush(out) != 0))
    st = tt_fail(TARTAN_ERR_IO, "cannot write %s: %s", bench_set.json, strerror(errno));
  if (out && !standard) fclose(out);
  free(text);
  return st;
}

tartan_status bench_record_line(const app_run *run, void (*put)(app_json *json, const void *context),
                                const void    *context)
{
  return tt_agree(run->grid, run->rank == 0 ? write_line(put, context) : TARTAN_OK);
}

static void print_table(const app_run *run, const bench_record *r)
{
  const double median = bench_median(r->seconds, r->reps);
  char         inner[24] = "";

  if (r->k > 0) snprintf(inner, sizeof inner, " x %lld", (long long)r->k);
  app_say(run, "%s %lld x %lld%s %s, %s, %d rank%s x %d thread%s, %lld repetitions\n", r->op, (long long)r->m,
          (long long)r->n, inner, r->dtype, r->algorithm, run->size, run->size == 1 ? "" : "s", run->threads,
          run->threads == 1 ? "" : "s", (long long)r->reps);
  app_say(run, "seconds  min %.4f  median %.4f  max %.4f\n", bench_min(r->seconds, r->reps), median,
          bench_max(r->seconds, r->reps));
  if (r->flops > 0 && isnan(r->peak)) app_say(run, "speed    %.1f GFLOP/s\n", r->flops / median * 1e-9);
  if (r->flops > 0 && !isnan(r->peak)) {
    app_say(run, "speed    %.1f GFLOP/s, %.3f of the local peak of %.1f", r->flops / median * 1e-9, peak_fraction(r),
            r->peak * 1e-9);
    if (!isnan(r->local_fraction)) app_say(run, ", %.3f of the same products without moving", r->local_fraction);
    app_say(run, "\n");
  }
  if (!isnan(r->bytes_max)) {
    app_say(run, "moved    %.4g bytes, %.4g to change layouts, bound %.4g\n", r->bytes_max, r->bytes_redistributed_max,
            r->bytes_bound);
  }
  app_say(run, "checked  residual %.3g, limit %.3g\n", r->residual, r->residual_limit);
  for (int i = 0; i < r->peers; i++) {
    app_say(run, "peer     %s: median %.4f s, ours is %.3f times as fast\n", r->peer[i].name, r->peer[i].seconds_median,
            r->peer[i].ratio);
  }
  if (r->table) r->table(run, r->context);
}

tartan_status bench_record_write(const app_run *run, const bench_record *record)
{
  const whole_record whole = {run, record};
  tartan_status      st = TARTAN_OK;

  if (bench_set.json)
    TRY(bench_record_line(run, put_record, &whole));
  else
    print_table(run, record);
  REQUIRE(record->residual <= record->residual_limit, TARTAN_ERR_TOLERANCE,
          "the result of %s is wrong: residual %.3g, limit %.3g", record->op, record->residual, record->residual_limit);
done:
  return st;
}
