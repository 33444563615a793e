/*
 * The parts of a page that do not depend on the command: figures at the top, time and traffic as bars, the environment.
 */
#include "common/page_run.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/util.h"

const char *app_base_name(const char *path)
{
  const char *slash = strrchr(path, '/');

  return slash ? slash + 1 : path;
}

void app_page_fact(FILE *out, const char *name, const char *fmt, ...)
{
  char    value[128];
  va_list args;

  va_start(args, fmt);
  vsnprintf(value, sizeof value, fmt, args);
  va_end(args);
  fprintf(out, "<div><dt>%s</dt><dd>", name);
  app_page_text(out, value);
  fputs("</dd></div>\n", out);
}

const char *app_page_grouped(int64_t value, char text[48])
{
  char digits[24];
  int  n = snprintf(digits, sizeof digits, "%lld", (long long)value), k = 0;

  for (int i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0 && n > 4) {
      memcpy(text + k, "\xe2\x80\xaf", 3);
      k += 3;
    }
    text[k++] = digits[i];
  }
  text[k] = 0;
  return text;
}

/* ------------------------------------------------------------------------------------------------ time and traffic */

#define ROW 30.0
#define BARS_LEFT 96.0
#define BARS_WIDTH (APP_PLOT_WIDTH - BARS_LEFT - 66)

static void bars_begin(FILE *out, int rows, const char *title)
{
  fprintf(out, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"%s\">\n", APP_PLOT_WIDTH, rows * ROW + 4, title);
}

static void bar(FILE *out, int row, const char *name, double part, const char *class, const char *value)
{
  const double y = row * ROW + 4;

  fprintf(out,
          "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>"
          "<rect class=\"track\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"16\" rx=\"2\"/>"
          "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"16\" rx=\"2\"/>"
          "<text class=\"mark\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
          BARS_LEFT - 8, y + 13, name, BARS_LEFT, y, BARS_WIDTH, class, BARS_LEFT, y,
          BARS_WIDTH * fmax(0, fmin(1, part)), BARS_LEFT + BARS_WIDTH + 7, y + 13, value);
}

void app_page_time(FILE *out, const app_run *run)
{
  const app_figures *f = &run->figures;
  char               value[32], speed[160], planned[160];
  double             longest = 1e-9;

  for (int i = 0; i < APP_RUN_PHASES; i++) longest = fmax(longest, f->phase[i][2]);
  fputs("<section>\n<h2>Where the time went</h2>\n", out);
  bars_begin(out, APP_RUN_PHASES, "seconds in each phase");
  for (int i = 0; i < APP_RUN_PHASES; i++) {
    const double y = i * ROW + 12, scale = BARS_WIDTH / longest;

    snprintf(value, sizeof value, "%.*f s", f->phase[i][1] < 10 ? 2 : 1, f->phase[i][1]);
    bar(out, i, app_phase_name(i), f->phase[i][1] / longest, i == TARTAN_PHASE_COMPUTE ? "bar" : "bar2", value);
    if (run->size > 1) {
      fprintf(out, "<path class=\"whisker\" d=\"M%.1f %.1fH%.1fM%.1f %.1fv6M%.1f %.1fv6\"/>\n",
              BARS_LEFT + f->phase[i][0] * scale, y, BARS_LEFT + f->phase[i][2] * scale,
              BARS_LEFT + f->phase[i][0] * scale, y - 3, BARS_LEFT + f->phase[i][2] * scale, y - 3);
    }
  }
  fputs("</svg>\n<p>Seconds", out);
  if (run->size > 1) fputs(": median over the ranks, whiskers from the fastest to the slowest", out);
  if (*app_speed_text(run, speed, sizeof speed)) fprintf(out, ". %s", speed);
  if (*app_run_against_plan(run, planned, sizeof planned)) fprintf(out, ". The plan: %s", planned);
  fputs(".</p>\n</section>\n", out);
}

void app_page_traffic(FILE *out, const app_run *run)
{
  const app_figures *f = &run->figures;
  const double       bound = 8 * run->plan.words_bound, moved = f->cost.bytes_moved;
  const double       most = fmax(1, fmax(fmax(bound, moved), fmax(f->cost.bytes_read, f->cost.bytes_written)));
  char               text[24];

  fputs("<section>\n<h2>Traffic and memory, per rank</h2>\n", out);
  bars_begin(out, bound > 0 ? 5 : 4, "bytes moved, read and written, and memory");
  bar(out, 0, "read", f->cost.bytes_read / most, "bar2", tt_bytes_text(f->cost.bytes_read, text));
  bar(out, 1, "written", f->cost.bytes_written / most, "bar2", tt_bytes_text(f->cost.bytes_written, text));
  bar(out, 2, "over MPI", moved / most, "bar", tt_bytes_text(moved, text));
  bar(out, 3, "memory", (double)f->resident / (double)run->resident_budget, "bar",
      tt_bytes_text((double)f->resident, text));
  if (bound > 0) bar(out, 4, "MPI, bound", bound / most, "bar3", tt_bytes_text(bound, text));
  fprintf(out,
          "</svg>\n<p>The largest over the ranks. Memory: peak resident size, of a budget of %s.</p>\n</section>\n",
          tt_bytes_text((double)run->resident_budget, text));
}

void app_page_environment(FILE *out, const app_run *run)
{
  char         host[256], processor[256], text[4096], when[40], *rest = NULL;
  const char  *job = getenv("SLURM_JOB_ID");
  const time_t now = time(NULL);
  struct tm    utc;

  gmtime_r(&now, &utc);
  strftime(when, sizeof when, "%Y-%m-%d %H:%M UTC", &utc);
  app_machine_names(host, sizeof host, processor, sizeof processor);
  fputs("<section>\n<h2>Environment</h2>\n<table>\n", out);
  app_page_row(out, "when", "%s", when);
  app_page_row(out, "where", "%s, %s%s", host, processor, run->grid->nodes > 1 ? " and others" : "");
  app_page_row(out, "ranks", "%d on %d node%s, %d thread%s each", run->size, run->grid->nodes,
               run->grid->nodes == 1 ? "" : "s", run->threads, run->threads == 1 ? "" : "s");
  if (job) app_page_row(out, "job", "%s", job);
  tartan_describe(text, sizeof text);
  for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    char *value = strchr(line, ' ');

    if (value) *value++ = 0;
    if (value) value += strspn(value, " ");
    app_page_row(out, line, "%s", value ? value : "");
  }
  fputs("</table>\n</section>\n", out);
}

void app_page_command(FILE *out, const app_run *run)
{
  char        line[4096];
  const char *warning;

  if (tartan_grid_warning(run->grid, 0)) {
    fputs("<section class=\"warn\">\n<h2>Warnings</h2>\n", out);
    for (int i = 0; (warning = tartan_grid_warning(run->grid, i)); i++) {
      fputs("<p>", out);
      app_page_text(out, warning);
      fputs("</p>\n", out);
    }
    fputs("</section>\n", out);
  }
  fputs("<section>\n<h2>Command</h2>\n<pre>", out);
  if (run->size > 1) fprintf(out, "mpirun -n %d ", run->size);
  app_page_text(out, app_command_line(run, line, sizeof line));
  fputs("</pre>\n</section>\n", out);
}

/* ------------------------------------------------------------------------------------------------ the file */

tartan_status app_page_write(app_run *run, const char *path, tartan_status (*write)(FILE *out, const void *context),
                             const void *context)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  FILE         *out = NULL;

  if (run->rank == 0) {
    out = fopen(path, "w");
    if (out) local = write(out, context);
    if (!out || ferror(out) | fclose(out))
      local = tt_fail(TARTAN_ERR_IO, "cannot write the page %s: %s", path, strerror(errno));
  }
  AGREE(run->grid, local);
done:
  return st;
}
