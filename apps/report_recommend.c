/*
 * The page of a recommender: curves of the training, what the ratings are like, the leaderboard of a sweep, and the parts that
 * every page has. Rank 0 writes it.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "common/page_run.h"
#include "model/recommend_impl.h"
#include "recommend_ranking.h"
#include "recommend_report.h"

#define LEADERS 100 /* rows of the leaderboard */

static const app_epoch *last_epoch(const app_training *t)
{
  return &t->history[t->best > 0 ? t->best - 1 : t->epochs - 1];
}

/* ------------------------------------------------------------------------------------------------ head */

static void write_head(FILE *out, const app_recommend_page *p)
{
  const app_run          *run = p->run;
  const app_epoch        *e = last_epoch(p->training);
  int64_t                 k = 0, epochs = 0;
  tartan_recommend_values v;
  char                    text[3][48], from[5000];

  if (p->training->model) {
    tartan_recommender_get_values(p->training->model, &v);
    k = v.factors;
    epochs = v.epochs;
  } else if (app_recommend_set.model != TARTAN_RECOMMEND_EASE) {
    k = app_recommend_set.factors;
  }
  fputs("<p class=\"kind\">Recommender</p>\n<h1>", out);
  app_page_text(out, app_base_name(p->data->ratings.file));
  fputs("</h1>\n<p class=\"lead\">", out);
  app_page_text(out, app_ratings_text(&p->data->ratings, from, sizeof from));
  fputs("</p>\n<dl class=\"facts\">\n", out);
  app_page_fact(out, "ratings", "%s", app_page_grouped(p->data->ratings.total, text[0]));
  app_page_fact(out, "users", "%s", app_page_grouped(p->data->ratings.users.total, text[1]));
  app_page_fact(out, "items", "%s", app_page_grouped(p->data->ratings.items.total, text[2]));
  app_page_fact(out, "model", "%s", app_recommend_model_name());
  if (k > 0) app_page_fact(out, "factors", "%lld", (long long)k);
  if (k > 0 && epochs > 0) app_page_fact(out, "epochs", "%lld", (long long)epochs);
  if (p->data->validation && isfinite(e->rmse)) app_page_fact(out, "validation RMSE", "%.4f", e->rmse);
  if (!p->data->validation && k > 0 && isfinite(e->loss)) app_page_fact(out, "loss", "%.6g", e->loss);
  app_page_fact(out, "whole run", "%.*f s", run->figures.seconds < 10 ? 2 : 1, run->figures.seconds);
  app_page_fact(out, "ranks × threads", "%d × %d", run->size, run->threads);
  fputs("</dl>\n", out);
}

/* ------------------------------------------------------------------------------------------------ curves */

/* Values of all epochs, and the frame that holds them. */
typedef struct curve {
  int64_t count;
  double  x[4096], y[4096];
} curve;

static void take(const app_training *t, size_t member, bool logarithm, curve *c)
{
  c->count = tt_min(t->epochs, 4096);
  for (int64_t i = 0; i < c->count; i++) {
    double value;

    memcpy(&value, (const char *)&t->history[i] + member, sizeof value);
    c->x[i] = t->history[i].epoch;
    c->y[i] = logarithm ? log10(value) : value;
  }
}

static void widen(app_plot *plot, const curve *c)
{
  for (int64_t i = 0; i < c->count; i++) {
    if (!isfinite(c->y[i])) continue;
    plot->y0 = fmin(plot->y0, c->y[i]);
    plot->y1 = fmax(plot->y1, c->y[i]);
  }
}

/* Room around the curves; false where there is nothing to show. */
static bool settle(app_plot *plot)
{
  const double range = plot->y1 - plot->y0, room = range > 0 ? 0.06 * range : 0.01 * fmax(fabs(plot->y0), 1e-6);

  if (!(plot->y0 <= plot->y1)) return false;
  plot->y0 -= room;
  plot->y1 += room;
  return true;
}

static void draw(const app_plot *plot, const char *class, const curve *c)
{
  app_plot_curve(plot, class, c->count, c->x, c->y);
  if (c->count > 60) return;
  for (int64_t i = 0; i < c->count; i++)
    if (isfinite(c->y[i]))
      fprintf(plot->out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.4\"/>\n", class[5] == '2' ? "bar2" : "dot",
              app_plot_x(plot, c->x[i]), app_plot_y(plot, c->y[i]));
}

static void write_loss(FILE *out, const app_training *t)
{
  static curve     c;
  const app_epoch *first = &t->history[0], *last = &t->history[t->epochs - 1];
  const bool       steep = last->loss > 0 && first->loss > 30 * last->loss;
  app_plot         plot = {.x0 = 0.5, .x1 = (double)t->epochs + 0.5, .y0 = INFINITY, .y1 = -INFINITY, .log_y = steep};

  take(t, offsetof(app_epoch, loss), steep, &c);
  widen(&plot, &c);
  if (!settle(&plot)) return;
  fputs("<section>\n<h2>Loss</h2>\n", out);
  app_plot_begin(&plot, out, "loss after each epoch", "epoch", "loss");
  draw(&plot, "curve", &c);
  app_plot_end(&plot);
  fprintf(out, "<p>The objective with its penalty: from %.6g to %.6g in %lld epoch%s.</p>\n</section>\n", first->loss,
          last->loss, (long long)t->epochs, TT_S(t->epochs));
}

static void mark_best(const app_plot *plot, const app_training *t)
{
  const double x = app_plot_x(plot, (double)t->best);

  if (t->best > 0)
    fprintf(plot->out, "<path class=\"whisker\" stroke-dasharray=\"3 3\" d=\"M%.1f %.1fV%.1f\"/>\n", x, plot->top,
            plot->top + plot->height);
}

static void write_error(FILE *out, const app_training *t, const char *name, size_t member)
{
  static curve     c;
  const app_epoch *e = last_epoch(t);
  app_plot         plot = {.x0 = 0.5, .x1 = (double)t->epochs + 0.5, .y0 = INFINITY, .y1 = -INFINITY};
  double           value;

  take(t, member, false, &c);
  widen(&plot, &c);
  if (!settle(&plot)) return;
  memcpy(&value, (const char *)e + member, sizeof value);
  fprintf(out, "<section>\n<h2>%s on what was held out</h2>\n", name);
  app_plot_begin(&plot, out, name, "epoch", name);
  mark_best(&plot, t);
  draw(&plot, "curve2", &c);
  app_plot_end(&plot);
  fprintf(out, "<p>%s epoch %.0f: %.6f%s.</p>\n</section>\n", t->best > 0 ? "The model is that of" : "After", e->epoch,
          value, t->stopped ? "; stopped early" : "");
}

/* ------------------------------------------------------------------------------------------------ ratings */

static double largest(const double *count, int bins)
{
  double most = 0;

  for (int i = 0; i < bins; i++) most = fmax(most, count[i]);
  return most;
}

static void write_values(FILE *out, const app_values *v)
{
  const double most = largest(v->count, v->bins);
  app_plot     plot = {.x0 = v->from,
                       .x1 = v->from + v->step * v->bins,
                       .y0 = 0,
                       .y1 = 1.05 * fmax(1, most),
                       .log_x = v->log};

  if (!(v->step > 0)) return;
  fputs("<section>\n<h2>Ratings</h2>\n", out);
  app_plot_begin(&plot, out, "ratings of each value", "rating", "ratings");
  for (int i = 0; i < v->bins; i++)
    app_plot_bar(&plot, "bar", v->from + v->step * i, v->from + v->step * (i + 1), v->count[i]);
  app_plot_end(&plot);
  fprintf(out, "<p>From %g to %g, as they stand in the file%s.</p>\n</section>\n", v->low, v->high,
          app_recommend_set.binarize ? "; the model sees ones" : "");
}

static void write_activity(FILE *out, const app_activity *a, const char *title, const char *rows, const char *class)
{
  const double most = largest(a->count, a->bins), bin = log10(2);
  app_plot     plot = {.x0 = 0,
                       .x1 = bin * fmax(1, a->bins),
                       .y0 = log10(0.5),
                       .y1 = log10(fmax(2, most)) + 0.1,
                       .log_x = true,
                       .log_y = true};
  char         text[48];

  fprintf(out, "<section>\n<h2>%s</h2>\n", title);
  app_plot_begin(&plot, out, title, "ratings of one", rows);
  for (int i = 0; i < a->bins; i++)
    app_plot_bar(&plot, class, bin * i, bin * (i + 1), a->count[i] > 0 ? log10(a->count[i]) : -INFINITY);
  app_plot_end(&plot);
  fprintf(out, "<p>%.3g ratings on average, %s at most", a->mean, app_page_grouped(a->most, text));
  if (a->none > 0) fprintf(out, "; %s without any", app_page_grouped(a->none, text));
  fputs(". Both scales are logarithmic.</p>\n</section>\n", out);
}

/* ------------------------------------------------------------------------------------------------ leaderboard */

static void write_leader(FILE *out, const app_sweep *s, int64_t rank, bool errors)
{
  const app_outcome *o = &s->outcome[rank];
  char               text[APP_SETTING_TEXT];

  fprintf(out, "<tr><td>%lld</td><td>", (long long)rank + 1);
  app_page_text(out, app_sweep_text(s, o->setting, text));
  fputs("</td>", out);
  if (o->failed) {
    fprintf(out, "<td colspan=\"%d\">could not be trained</td></tr>\n", errors ? 5 : 3);
    return;
  }
  if (errors) fprintf(out, "<td>%.6f</td><td>%.6f</td>", o->rmse, o->mae);
  if (isnan(o->loss))
    fputs("<td>–</td>", out);
  else
    fprintf(out, "<td>%.8g</td>", o->loss);
  fprintf(out, "<td>%lld</td><td>%.2f</td></tr>\n", (long long)o->epochs, o->seconds);
}

static void write_leaderboard(FILE *out, const app_recommend_page *p)
{
  const app_sweep *s = p->sweep;
  const bool       errors = p->data->validation != NULL;

  fputs("<section>\n<h2>Leaderboard</h2>\n<div class=\"wide\"><table>\n<tr><th></th><th>setting</th>", out);
  if (errors) fputs("<th>RMSE</th><th>MAE</th>", out);
  fputs("<th>loss</th><th>epochs</th><th>seconds</th></tr>\n", out);
  for (int64_t i = 0; i < s->count && i < LEADERS; i++) write_leader(out, s, i, errors);
  fprintf(out,
          "</table></div>\n<p>%lld settings, all combinations, by the %s %s%s. The first is the model that was "
          "saved.</p>\n</section>\n",
          (long long)s->count, app_stop_metric() ? "largest" : "least", s->metric,
          s->count > LEADERS ? "; the best 100 are shown" : "");
}

/* ------------------------------------------------------------------------------------------------ the model */

/* What is fitted, by the options. */
static void write_objective(FILE *out)
{
  static const char *const      models[] = {"als: squared errors of the entries",
                                            "ials: weighted squared errors of entries and all that is not observed",
                                            "bias: mean and biases alone",
                                            "popularity: the number of entries of an item",
                                            "ease: weights between items, in closed form",
                                            "puresvd: the largest singular triplets, missing ratings being zeros",
                                            "nmf: parts without negative numbers, missing ratings being zeros"};
  static const char *const      confidences[] = {"1", "alpha |r|", "alpha log(1 + |r|)"};
  const tartan_recommend_opts   opts = app_recommend_opts();
  const app_recommend_settings *o = &app_recommend_set;
  const bool explicit = o->model == TARTAN_RECOMMEND_ALS, implicit = o->model == TARTAN_RECOMMEND_IALS;

  app_page_row(out, "model", "%s", models[o->model]);
  if (explicit || implicit) {
    app_page_row(out, "factors", "%lld, %s", (long long)o->factors, o->dtype == 0 ? "f32" : "f64");
    app_page_row(out, "regularization", "%g, times n^%g for a row of n entries", o->regularization, o->exponent);
    if (o->solver == TARTAN_RECOMMEND_EXACT)
      app_page_row(out, "solver", "exact%s", o->nonnegative ? ", no factor below zero" : "");
    if (o->solver == TARTAN_RECOMMEND_CG)
      app_page_row(out, "solver", "cg, %lld steps", (long long)tt_recommend_steps(&opts));
    if (o->solver == TARTAN_RECOMMEND_BLOCK)
      app_page_row(out, "solver", "block, of %lld coordinates", (long long)tt_recommend_steps(&opts));
  }
  if (o->model == TARTAN_RECOMMEND_EASE)
    app_page_row(out, "regularization", "%g; weights in %s", o->regularization, o->dtype == 0 ? "f32" : "f64");
  if (o->model > TARTAN_RECOMMEND_EASE)
    app_page_row(out, "factors", "%lld, %s; to a tolerance of %g", (long long)o->factors, o->dtype == 0 ? "f32" : "f64",
                 o->tolerance);
  if (implicit)
    app_page_row(out, "weights", "%g where nothing is observed; of an entry r %s, alpha %g, %s", o->unobserved,
                 confidences[o->confidence], o->alpha, o->form ? "in its place" : "added");
  if (explicit && o->no_bias) app_page_row(out, "biases", "none");
  if ((explicit && !o->no_bias) || o->model == TARTAN_RECOMMEND_BIAS)
    app_page_row(out, "biases", "mean, users and items, damping %g", o->damping);
}

/* How the fit of a model without epochs went. */
static void write_fit(FILE *out, const app_training *t)
{
  const app_epoch *e = &t->history[0];
  const bool       svd = app_recommend_set.model == TARTAN_RECOMMEND_PURESVD;

  if (app_recommend_set.model != TARTAN_RECOMMEND_EASE) {
    app_page_row(out, "steps", "%lld, %s", (long long)(svd ? t->topk.steps : t->nmf.iterations),
                 (svd ? t->topk.converged : t->nmf.converged) ? "converged" : "<b>not converged</b>");
    app_page_row(out, "left of the sum of squares", "%.6g", e->loss);
  }
  if (isfinite(e->mae)) app_page_row(out, "errors on what was held out", "RMSE %.6f, MAE %.6f", e->rmse, e->mae);
  app_page_row(out, "seconds", "%.2f", e->seconds);
}

/* What is held out, and when the training ends. */
static void write_validation(FILE *out)
{
  const app_recommend_settings *o = &app_recommend_set;

  if (o->validation) app_page_row(out, "validation", "%s", o->validation);
  if (o->split == TT_SPLIT_RANDOM) app_page_row(out, "held out", "%g of the ratings, at random", o->fraction);
  if (o->split == TT_SPLIT_TIME) app_page_row(out, "held out", "the latest %g of the ratings", o->fraction);
  if (o->split == TT_SPLIT_LEAVE) app_page_row(out, "held out", "%lld of each user", (long long)o->leave);
  if (o->model >= TARTAN_RECOMMEND_EASE) return;
  if (o->early_stop == APP_STOP_NEVER)
    app_page_row(out, "epochs", "%lld", (long long)o->iterations);
  else
    app_page_row(out, "epochs", "%lld at most; ended after %lld without a better %s", (long long)o->iterations,
                 (long long)o->patience, app_stop_name());
}

static void write_model(FILE *out, const app_recommend_page *p)
{
  const app_training *t = p->training;
  char                text[24];

  fputs("<section>\n<h2>The model</h2>\n<table>\n", out);
  write_objective(out);
  write_validation(out);
  if (t->linear) write_fit(out, t);
  app_page_row(out, "seed", "%lld", (long long)app_recommend_set.seed);
  if (t->last.epoch > 0 && t->last.flops > 0)
    app_page_row(out, "an epoch", "%.4g words over MPI (%.4g predicted), work of the busiest rank %.2f of the mean",
                 t->last.words, t->planned[t->predicted != t->planned[0]], t->last.imbalance);
  if (t->model) app_page_row(out, "same bits", "on any number of ranks and threads");
  app_page_row(out, "memory", "%s per rank predicted", tt_bytes_text(p->run->plan.memory, text));
  app_page_row(out, "result", "%s", p->output);
  fputs("</table>\n</section>\n", out);
}

/* ------------------------------------------------------------------------------------------------ the page */

static void write_plots(FILE *out, const app_recommend_page *p)
{
  const app_training *t = p->training;

  fputs("<div class=\"pair\">\n", out);
  if (t->model && (t->epochs > 1 || t->history[0].loss > 0)) write_loss(out, t);
  if (t->model && p->data->validation) write_error(out, t, "RMSE", offsetof(app_epoch, rmse));
  if (t->model && p->data->validation) write_error(out, t, "MAE", offsetof(app_epoch, mae));
  if (t->model && app_stop_metric()) write_error(out, t, app_stop_name(), offsetof(app_epoch, ranking));
  write_values(out, &p->profile.values);
  write_activity(out, &p->profile.users, "Activity of users", "users", "bar2");
  write_activity(out, &p->profile.items, "Popularity of items", "items", "bar3");
  fputs("</div>\n", out);
}

static tartan_status write_page(FILE *out, const void *context)
{
  const app_recommend_page *p = context;
  char                      title[300];

  snprintf(title, sizeof title, "Recommender of %.200s", app_base_name(p->data->ratings.file));
  app_page_begin(out, title);
  write_head(out, p);
  if (p->sweep) write_leaderboard(out, p);
  write_plots(out, p);
  fputs("<div class=\"pair\">\n", out);
  app_page_time(out, p->run);
  app_page_traffic(out, p->run);
  fputs("</div>\n<div class=\"pair\">\n", out);
  write_model(out, p);
  app_page_environment(out, p->run);
  fputs("</div>\n", out);
  app_page_command(out, p->run);
  app_page_end(out);
  return TARTAN_OK;
}

tartan_status app_recommend_report(app_run *run, const char *path, app_recommend_page *page)
{
  tartan_status st = TARTAN_OK;

  TRY(app_profile_make(run, page->data, &page->profile));
  TRY(app_page_write(run, path, write_page, page));
done:
  return st;
}
