/*
 * Progress on stderr by rank 0: on a terminal one line that is drawn over, in a log a line every tenth of the way and
 * at least every minute.
 */
#include <string.h>

#include "base/util.h"
#include "comm/grid.h"
#include "common/run.h"

#define BAR 24
#define REDRAW 0.1 /* seconds */
#define MINUTE 60.0

static void clock_text(double seconds, char text[32])
{
  const long s = seconds < 359999 ? (long)(seconds + 0.5) : 359999;

  if (s >= 3600)
    snprintf(text, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  else
    snprintf(text, 32, "%ld:%02ld", s / 60, s % 60);
}

/* Bytes per second that all ranks together have read in this phase, if they read at all. */
static void rate_text(const app_run *run, double elapsed, char text[40])
{
  const double bytes = (double)run->grid->counters.bytes_read - run->phase_from;
  char         size[24];

  text[0] = 0;
  if (bytes > 0 && elapsed > 0.05) snprintf(text, 40, "  %s/s", tt_bytes_text(bytes * run->size / elapsed, size));
}

static void draw(app_run *run, const char *phase, double fraction, double elapsed)
{
  const double left = fraction > 0 ? elapsed * (1 - fraction) / fraction : 0;
  char         rate[40], remaining[32], bar[BAR + 1];

  rate_text(run, elapsed, rate);
  clock_text(left, remaining);
  if (!run->terminal) {
    fprintf(stderr, "tartan: %s %3.0f %%%s, %s left\n", phase, 100 * fraction, rate, remaining);
    return;
  }
  for (int i = 0; i < BAR; i++) bar[i] = i < (int)(fraction * BAR + 0.5) ? '#' : '.';
  bar[BAR] = 0;
  fprintf(stderr, "\r\033[K%-12s [%s] %3.0f %%%s  %s left", phase, bar, 100 * fraction, rate, remaining);
  fflush(stderr);
}

void app_run_progress(void *context, const char *phase, double fraction)
{
  app_run     *run = context;
  const double now = tt_seconds();

  if (run->rank != 0 || app_set.quiet) return;
  if (strncmp(phase, run->phase, sizeof run->phase - 1) != 0 || fraction < run->shown_fraction) {
    app_run_progress_end(run);
    snprintf(run->phase, sizeof run->phase, "%s", phase);
    run->phase_start = run->shown = now;
    run->phase_from = (double)run->grid->counters.bytes_read;
    run->shown_fraction = 0;
  }
  if (run->terminal) {
    if (now - run->shown < REDRAW) return;
  } else {
    /* A log says nothing of what is over in a few seconds. */
    if (now - run->phase_start < 2) return;
    if (fraction - run->shown_fraction < 0.1 && now - run->shown < MINUTE) return;
  }
  draw(run, phase, fraction, now - run->phase_start);
  run->shown = now;
  run->shown_fraction = fraction;
}

void app_run_progress_end(app_run *run)
{
  if (run->rank == 0 && run->terminal && !app_set.quiet && run->phase[0] && run->shown > run->phase_start)
    fputs("\r\033[K", stderr);
  run->phase[0] = 0;
}
