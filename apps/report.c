/*
 * The page of a PCA: one file without links to anything outside. Rank 0 writes it from the model, the figures of the run
 * and the score plot, which all ranks have collected.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/util.h"
#include "common/page.h"
#include "pca.h"
#include "report_components.h"
#include "report_scores.h"

/* ------------------------------------------------------------------------------------------------ head */

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');

  return slash ? slash + 1 : path;
}

static double cumulative(const tartan_pca_values *v, int64_t count)
{
  double sum = 0;

  for (int64_t i = 0; i < count && i < v->components; i++) sum += v->explained_variance_ratio_[i];
  return sum;
}

static void fact(FILE *out, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void fact(FILE *out, const char *name, const char *fmt, ...)
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

/* 60000 as "60 000", with a space that does not break. */
static const char *grouped(int64_t value, char text[48])
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

static void write_head(FILE *out, const app_run *run, const app_pca_result *r)
{
  const tartan_pca_values *v = &r->values;
  char                     m[48], n[48];

  fputs("<p class=\"kind\">Principal component analysis</p>\n<h1>", out);
  app_page_text(out, base_name(r->input->info.file));
  fputs("</h1>\n<p class=\"lead\">", out);
  app_page_text(out, r->input->text);
  fputs("</p>\n<dl class=\"facts\">\n", out);
  fact(out, "samples", "%s", grouped(v->samples, m));
  fact(out, "features", "%s", grouped(v->features, n));
  fact(out, "components", "%lld", (long long)v->components);
  fact(out, "variance explained", "%.2f %%", 100 * cumulative(v, v->components));
  fact(out, "solver", "%s", run->plan.algorithm);
  fact(out, "whole run", "%.*f s", run->figures.seconds < 10 ? 2 : 1, run->figures.seconds);
  fact(out, "ranks × threads", "%d × %d", run->size, run->threads);
  fputs("</dl>\n", out);
}

/* ------------------------------------------------------------------------------------------------ variance */

static void draw_variances(const app_plot *plot, const tartan_pca_values *v)
{
  const double each = plot->width / (double)v->components, gap = each > 3 ? 0.18 * each : 0;
  const double base = plot->top + plot->height;

  if (v->components <= 240) {
    for (int64_t i = 0; i < v->components; i++) {
      const double y = app_plot_y(plot, 100 * v->explained_variance_ratio_[i]);

      fprintf(plot->out, "<rect class=\"bar\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>\n",
              plot->left + each * (double)i + gap / 2, y, each - gap, base - y);
    }
    return;
  }
  fprintf(plot->out, "<path class=\"bar\" d=\"M%.1f %.1f", plot->left, base);
  for (int64_t s = 0; s <= 400; s++) {
    const int64_t i = s * (v->components - 1) / 400;

    fprintf(plot->out, "L%.1f %.1f", plot->left + each * ((double)i + 0.5),
            app_plot_y(plot, 100 * v->explained_variance_ratio_[i]));
  }
  fprintf(plot->out, "V%.1fz\"/>\n", base);
}

/* The sum so far, on the same axis; dots where it passes round figures. */
static void draw_cumulative(const app_plot *plot, const tartan_pca_values *v)
{
  static const double marks[] = {0.5, 0.8, 0.9, 0.95, 0.99};
  const double        each = plot->width / (double)v->components;
  const int64_t       stride = tt_max(1, v->components / 400);
  double              sum = 0;
  int                 next = 0;
  char                dots[1024];
  size_t              used = 0;

  dots[0] = 0;
  fputs("<path class=\"curve\" d=\"", plot->out);
  for (int64_t i = 0; i < v->components; i++) {
    const double x = plot->left + each * ((double)i + 0.5);

    sum += v->explained_variance_ratio_[i];
    if (i % stride == 0 || i == v->components - 1)
      fprintf(plot->out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', x, app_plot_y(plot, 100 * sum));
    for (; next < 5 && sum >= marks[next] && used + 200 < sizeof dots; next++) {
      used += (size_t)snprintf(dots + used, sizeof dots - used,
                               "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.2\"><title>%lld components explain "
                               "%.1f %%</title></circle>\n",
                               x, app_plot_y(plot, 100 * sum), (long long)i + 1, 100 * sum);
    }
  }
  fputs("\"/>\n", plot->out);
  fputs(dots, plot->out);
}

static void write_variances(FILE *out, const app_pca_result *r)
{
  static const double      marks[] = {0.5, 0.8, 0.9, 0.95, 0.99};
  const tartan_pca_values *v = &r->values;
  app_plot                 plot = {.x0 = 0.5, .x1 = (double)v->components + 0.5, .y0 = 0, .y1 = 100};
  double                   sum = 0;
  int                      next = 0;

  fputs("<section>\n<h2>Variance explained</h2>\n", out);
  app_plot_begin(&plot, out, "variance explained by each component, and their sum", "component", "% of the variance");
  draw_variances(&plot, v);
  draw_cumulative(&plot, v);
  app_plot_end(&plot);
  fprintf(out, "<p>Bars: each component; line: their sum. The first explains %.1f&nbsp;%%",
          100 * v->explained_variance_ratio_[0]);
  for (int64_t i = 0; i < v->components; i++) {
    sum += v->explained_variance_ratio_[i];
    for (; next < 5 && sum >= marks[next]; next++) {
      if (next > 0 || i > 0) fprintf(out, "; %lld for %.0f&nbsp;%%", (long long)i + 1, 100 * marks[next]);
    }
  }
  fprintf(out, ". Total variance %.6g.</p>\n</section>\n", v->total_variance_);
}

/* ------------------------------------------------------------------------------------------------ scores */

static tartan_status write_scores(FILE *out, const app_pca_result *r, const app_scores *scores)
{
  const double *ratio = r->values.explained_variance_ratio_;
  tartan_status st = TARTAN_OK;
  char          x[48], y[48], m[48];

  if (!scores->points && !scores->bins) return TARTAN_OK;
  snprintf(x, sizeof x, "PC 1 (%.1f %%)", 100 * ratio[0]);
  snprintf(y, sizeof y, "PC 2 (%.1f %%)", 100 * ratio[1]);
  fputs("<section>\n<h2>Scores</h2>\n", out);
  st = app_scores_draw(out, scores, x, y);
  fprintf(out, "<p>%s samples on the first two components", grouped(scores->samples, m));
  if (scores->bins) fputs(", counted in bins: the deeper, the more", out);
  if (r->labels) {
    fputs("; colours by ", out);
    app_page_text(out, r->labels_name);
  }
  fputs(".</p>\n</section>\n", out);
  return st;
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

static void write_time(FILE *out, const app_run *run)
{
  const app_figures *f = &run->figures;
  char               value[32], speed[160];
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
  fputs(".</p>\n</section>\n", out);
}

static void write_traffic(FILE *out, const app_run *run)
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

/* ------------------------------------------------------------------------------------------------ tables */

static void write_method(FILE *out, const app_run *run, const app_pca_result *r)
{
  const tartan_pca_values *v = &r->values;
  const tartan_cost       *p = &run->plan;
  char                     text[24];

  fputs("<section>\n<h2>How it was computed</h2>\n<table>\n", out);
  app_page_row(out, "solver", "%s: %s", p->algorithm, p->reason);
  app_page_row(out, "features", "%s, %s%s", v->center ? "means subtracted" : "not centered",
               v->scale ? "divided by standard deviations" : "not scaled", v->whiten ? ", scores whitened" : "");
  app_page_row(out, "passes", "%.0f for the fit%s", p->passes, r->scores ? ", 1 for the scores" : "");
  if (r->info->segments > 0) app_page_row(out, "segments", "%lld of fixed rows", (long long)r->info->segments);
  app_page_row(out, "same bits", "%s", r->info->reproducible ? "on any number of ranks and threads" : "not promised");
  if (r->info->floor > 0) app_page_row(out, "noise floor", "%.2g of the largest singular value", r->info->floor);
  if (r->info->nan_replaced > 0) app_page_row(out, "NaN", "%lld replaced by means", (long long)r->info->nan_replaced);
  if (r->inverse_error >= 0) app_page_row(out, "rebuilt", "mean squared error %.6g", r->inverse_error);
  app_page_row(out, "memory", "%s per rank predicted", tt_bytes_text(p->memory, text));
  app_page_row(out, "time", "%.2g s predicted, %.2g s for the fit", p->seconds, r->info->seconds);
  app_page_row(out, "result", "%s", r->output);
  fputs("</table>\n</section>\n", out);
}

static void write_environment(FILE *out, const app_run *run)
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

static void write_command(FILE *out, const app_run *run)
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

/* ------------------------------------------------------------------------------------------------ the page */

static tartan_status write_page(FILE *out, const app_run *run, const app_pca_result *r, const app_scores *scores)
{
  tartan_status st = TARTAN_OK;
  char          title[300];

  snprintf(title, sizeof title, "PCA of %.200s", base_name(r->input->info.file));
  app_page_begin(out, title);
  write_head(out, run, r);
  fputs("<div class=\"pair\">\n", out);
  write_variances(out, r);
  TRY(write_scores(out, r, scores));
  fputs("</div>\n", out);
  TRY(app_components_write(out, r));
  fputs("<div class=\"pair\">\n", out);
  write_time(out, run);
  write_traffic(out, run);
  fputs("</div>\n<div class=\"pair\">\n", out);
  write_method(out, run, r);
  write_environment(out, run);
  fputs("</div>\n", out);
  write_command(out, run);
  app_page_end(out);
done:
  return st;
}

tartan_status app_pca_report(app_run *run, const char *path, const app_pca_result *r)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  app_scores    scores = {.samples = 0};
  FILE         *out = NULL;

  if (r->scores && r->values.components >= 2) TRY(app_scores_collect(run, r->output, r->labels, &scores));
  if (run->rank == 0) {
    out = fopen(path, "w");
    if (out) local = write_page(out, run, r, &scores);
    if (!out || ferror(out) | fclose(out))
      local = tt_fail(TARTAN_ERR_IO, "cannot write the page %s: %s", path, strerror(errno));
  }
  AGREE(run->grid, local);

done:
  app_scores_free(&scores);
  return st;
}
