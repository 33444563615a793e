/*
 * The page of an evaluation: metrics of the models side by side with their intervals, differences, lists of a few users, and the
 * parts that every page has. Rank 0 writes it.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "common/page_run.h"
#include "evaluate.h"

#define SET app_evaluate_set

/* What the page is made from. */
typedef struct page {
  const app_run        *run;
  const app_evaluation *e;
  app_labels            labels;
  app_example           example[APP_EXAMPLES];
} page;

static const char *const classes[] = {"bar", "bar2", "bar3", "neg"};

/* ------------------------------------------------------------------------------------------------ head */

static void write_head(FILE *out, const page *p)
{
  const app_evaluation *e = p->e;
  char                  text[3][48];

  fputs("<p class=\"kind\">Evaluation of recommenders</p>\n<h1>", out);
  app_page_text(out, app_base_name(e->test.ratings.file));
  fprintf(out,
          "</h1>\n<p class=\"lead\">%s: %s. Every item of the catalogue is ranked, none is sampled.</p>\n<dl "
          "class=\"facts\">\n",
          SET.fold_in ? "Strong generalization" : "Weak generalization",
          SET.fold_in ? "users the models were not trained with, folded in from their history"
                      : "users of the models, by ratings that were held out");
  app_page_fact(out, "users", "%s", app_page_grouped(e->users, text[0]));
  app_page_fact(out, "items", "%s", app_page_grouped(e->items, text[1]));
  app_page_fact(out, "test ratings", "%s", app_page_grouped(e->known, text[2]));
  app_page_fact(out, "models", "%d", e->models);
  app_page_fact(out, "whole run", "%.*f s", p->run->figures.seconds < 10 ? 2 : 1, p->run->figures.seconds);
  app_page_fact(out, "ranks × threads", "%d × %d", p->run->size, p->run->threads);
  fputs("</dl>\n", out);
}

/* Which colour is which model. */
static void write_legend(FILE *out, const app_evaluation *e)
{
  fputs("<p class=\"legend\">", out);
  for (int i = 0; i < e->models; i++) {
    fprintf(out,
            "<span><svg style=\"width:.8rem;height:.8rem\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect "
            "class=\"%s\" width=\"10\" height=\"10\"/></svg> %d: ",
            classes[i % 4], i + 1);
    app_page_text(out, e->judged[i].path);
    fprintf(out, " (%s)</span>\n", e->judged[i].model.name);
  }
  fputs("</p>\n", out);
}

/* ------------------------------------------------------------------------------------------------ metrics */

#define BAR 15.0
#define LEFT 112.0
#define WIDTH (APP_PLOT_WIDTH - LEFT - 62)

/* One metric: a bar for each model, its interval on it, over a scale of its own from zero. */
static void draw_metric(FILE *out, const app_evaluation *e, int m, double top)
{
  double most = 0;

  for (int i = 0; i < e->models; i++) {
    const tartan_ranking_value *v = &e->judged[i].value[m];

    most = fmax(most, isnan(v->high) ? v->value : v->high);
  }
  fprintf(out, "<text class=\"name\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8, top + 11,
          e->metrics.metric[m].name);
  for (int i = 0; i < e->models && most > 0; i++) {
    const tartan_ranking_value *v = &e->judged[i].value[m];
    const double                y = top + BAR * i, scale = WIDTH / most;

    fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"/>\n", classes[i % 4], LEFT, y,
            scale * v->value, BAR - 3);
    if (!isnan(v->low))
      fprintf(out, "<path class=\"whisker\" d=\"M%.2f %.1fH%.2fM%.2f %.1fv6M%.2f %.1fv6\"/>\n", LEFT + scale * v->low,
              y + 6, LEFT + scale * v->high, LEFT + scale * v->low, y + 3, LEFT + scale * v->high, y + 3);
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">%.4f</text>\n", LEFT + WIDTH + 6, y + 11, v->value);
  }
}

static void write_bars(FILE *out, const app_evaluation *e)
{
  const double row = BAR * e->models + 12;

  fputs("<section>\n<h2>Metrics</h2>\n", out);
  if (e->models > 1) write_legend(out, e);
  fprintf(out, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"metrics of the models, with intervals\">\n",
          APP_PLOT_WIDTH, row * e->metrics.count + 4);
  for (int m = 0; m < e->metrics.count; m++) draw_metric(out, e, m, 4 + row * m);
  fputs("</svg>\n<p>Each metric has a scale of its own, from zero", out);
  if (SET.resamples > 0)
    fprintf(out, "; lines are %g %% intervals of a bootstrap over users, %lld resamples", 100 * SET.confidence,
            (long long)SET.resamples);
  fputs(".</p>\n</section>\n", out);
}

static void write_cell(FILE *out, const tartan_ranking_value *v, bool sign)
{
  fprintf(out, sign ? "<td>%+.5f" : "<td>%.5f", v->value);
  if (!isnan(v->low)) fprintf(out, sign ? "<br>%+.5f to %+.5f" : "<br>%.5f to %.5f", v->low, v->high);
  fputs("</td>", out);
}

/* Values, or what models have more than the first. */
static void write_table(FILE *out, const app_evaluation *e, bool more)
{
  fprintf(out, "<section>\n<h2>%s</h2>\n<div class=\"wide\"><table>\n<tr><th></th>",
          more ? "Difference to model 1" : "Values");
  for (int i = more; i < e->models; i++) {
    fprintf(out, "<th>%d: ", i + 1);
    app_page_text(out, app_base_name(e->judged[i].path));
    fputs("</th>", out);
  }
  fputs(more ? "</tr>\n" : "<th>users</th></tr>\n", out);
  for (int m = 0; m < e->metrics.count; m++) {
    fprintf(out, "<tr><th>%s</th>", e->metrics.metric[m].name);
    for (int i = more; i < e->models; i++) write_cell(out, more ? &e->judged[i].more[m] : &e->judged[i].value[m], more);
    if (!more) fprintf(out, "<td>%lld</td>", (long long)e->judged[0].users[m]);
    fputs("</tr>\n", out);
  }
  fputs("</table></div>\n", out);
  if (more)
    fputs("<p>Intervals of the differences, by the same resamples of both: one that does not hold zero is a difference "
          "that other users would show too.</p>\n",
          out);
  fputs("</section>\n", out);
}

/* ------------------------------------------------------------------------------------------------ examples */

static void write_item(FILE *out, const page *p, int64_t item, bool hit)
{
  char text[24];

  fputs(hit ? "<li><strong>" : "<li>", out);
  app_page_text(out, app_label_item(p->e, &p->labels, item, text));
  fputs(hit ? "</strong> ✓</li>\n" : "</li>\n", out);
}

static void write_history(FILE *out, const page *p, const app_example *x)
{
  if (x->entries == 0) return;
  fprintf(out, "<td><p>had %lld, the highest:</p><ol>\n", (long long)x->entries);
  for (int i = 0; i < APP_EXAMPLE_ITEMS && x->history[i] >= 0; i++) write_item(out, p, x->history[i], false);
  fputs("</ol></td>", out);
}

static void write_example(FILE *out, const page *p, int number)
{
  const app_evaluation *e = p->e;
  const app_example    *x = &p->example[number];
  char                  text[24];

  fputs("<h3>User ", out);
  app_page_text(out, app_label_user(e, &p->labels, e->example[number], text));
  fprintf(out, "</h3>\n<div class=\"wide\"><table><tr style=\"vertical-align:top\">\n");
  write_history(out, p, x);
  for (int m = 0; m < e->models; m++) {
    fprintf(out, "<td><p>listed by model %d, of %lld relevant:</p><ol>\n", m + 1, (long long)x->relevant);
    for (int i = 0; i < APP_EXAMPLE_ITEMS; i++) {
      const int64_t item = e->judged[m].listed[number * APP_EXAMPLE_ITEMS + i];

      if (item >= 0) write_item(out, p, item, x->hit[m][i]);
    }
    fputs("</ol></td>", out);
  }
  fputs("\n</tr></table></div>\n", out);
}

static void write_examples(FILE *out, const page *p)
{
  if (p->e->metrics.ranked == 0) return;
  fputs(
      "<section>\n<h2>Examples</h2>\n<p>Users spread over all that were judged; ✓ is an item that the user did choose."
      "</p>\n",
      out);
  for (int x = 0; x < p->e->examples; x++) write_example(out, p, x);
  fputs("</section>\n", out);
}

static tartan_status write_page(FILE *out, const void *context)
{
  const page           *p = context;
  const app_evaluation *e = p->e;

  app_page_begin(out, "Evaluation of recommenders");
  write_head(out, p);
  write_bars(out, e);
  write_table(out, e, false);
  if (e->models > 1) write_table(out, e, true);
  write_examples(out, p);
  fputs("<div class=\"pair\">\n", out);
  app_page_time(out, p->run);
  app_page_traffic(out, p->run);
  fputs("</div>\n", out);
  app_page_environment(out, p->run);
  app_page_command(out, p->run);
  app_page_end(out);
  return TARTAN_OK;
}

tartan_status app_evaluate_report(app_run *run, const char *path, const app_evaluation *e)
{
  static page   p;
  tartan_status st = TARTAN_OK;

  p = (page){.run = run, .e = e};
  TRY(app_labels_read(e, &p.labels));
  TRY(app_evaluate_examples(run, e, p.example));
  TRY(app_page_write(run, path, write_page, &p));
done:
  app_labels_end(&p.labels);
  return st;
}
