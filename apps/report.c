/*
 * The page of a PCA: one file without links to anything outside. Rank 0 writes it from the model, the figures of the run
 * and the score plot, which all ranks have collected.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "common/page_run.h"
#include "pca.h"
#include "report_components.h"
#include "report_scores.h"

/* ------------------------------------------------------------------------------------------------ head */

static double cumulative(const tartan_pca_values *v, int64_t count)
{
  double sum = 0;

  for (int64_t i = 0; i < count && i < v->components; i++) sum += v->explained_variance_ratio_[i];
  return sum;
}

static void write_head(FILE *out, const app_run *run, const app_pca_result *r)
{
  const tartan_pca_values *v = &r->values;
  char                     m[48], n[48];

  fputs("<p class=\"kind\">Principal component analysis</p>\n<h1>", out);
  app_page_text(out, app_base_name(r->input->info.file));
  fputs("</h1>\n<p class=\"lead\">", out);
  app_page_text(out, r->input->text);
  fputs("</p>\n<dl class=\"facts\">\n", out);
  app_page_fact(out, "samples", "%s", app_page_grouped(v->samples, m));
  app_page_fact(out, "features", "%s", app_page_grouped(v->features, n));
  app_page_fact(out, "components", "%lld", (long long)v->components);
  app_page_fact(out, "variance explained", "%.2f %%", 100 * cumulative(v, v->components));
  app_page_fact(out, "solver", "%s", run->plan.algorithm);
  app_page_fact(out, "whole run", "%.*f s", run->figures.seconds < 10 ? 2 : 1, run->figures.seconds);
  app_page_fact(out, "ranks × threads", "%d × %d", run->size, run->threads);
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
  fprintf(out, "<p>%s samples on the first two components", app_page_grouped(scores->samples, m));
  if (scores->bins) fputs(", counted in bins: the deeper, the more", out);
  if (r->labels) {
    fputs("; colours by ", out);
    app_page_text(out, r->labels_name);
  }
  fputs(".</p>\n</section>\n", out);
  return st;
}

static tartan_status write_components(FILE *out, const app_pca_result *r)
{
  const tartan_pca_values *v = &r->values;
  const app_components     c = {.count = v->components,
                                .features = v->features,
                                .values = v->components_,
                                .mean = v->center ? v->mean_ : NULL,
                                .share = v->explained_variance_ratio_,
                                .names = v->feature_names_in_,
                                .image = {r->image[0], r->image[1]},
                                .title = "First components",
                                .short_name = "PC",
                                .colours = "red where it adds, blue where it takes away"};

  return app_components_write(out, &c);
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

/* ------------------------------------------------------------------------------------------------ the page */

typedef struct page {
  const app_run        *run;
  const app_pca_result *result;
  app_scores            scores;
} page;

static tartan_status write_page(FILE *out, const void *context)
{
  const page           *p = context;
  const app_run        *run = p->run;
  const app_pca_result *r = p->result;
  tartan_status         st = TARTAN_OK;
  char                  title[300];

  snprintf(title, sizeof title, "PCA of %.200s", app_base_name(r->input->info.file));
  app_page_begin(out, title);
  write_head(out, run, r);
  fputs("<div class=\"pair\">\n", out);
  write_variances(out, r);
  TRY(write_scores(out, r, &p->scores));
  fputs("</div>\n", out);
  TRY(write_components(out, r));
  fputs("<div class=\"pair\">\n", out);
  app_page_time(out, run);
  app_page_traffic(out, run);
  fputs("</div>\n<div class=\"pair\">\n", out);
  write_method(out, run, r);
  app_page_environment(out, run);
  fputs("</div>\n", out);
  app_page_command(out, run);
  app_page_end(out);
done:
  return st;
}

tartan_status app_pca_report(app_run *run, const char *path, const app_pca_result *r)
{
  page          p = {.run = run, .result = r};
  tartan_status st = TARTAN_OK;

  if (r->scores && r->values.components >= 2) TRY(app_scores_collect(run, r->output, r->labels, &p.scores));
  TRY(app_page_write(run, path, write_page, &p));
done:
  app_scores_free(&p.scores);
  return st;
}
