/* The page of a non-negative factorization: how the error fell, and the parts, as images where features are pixels. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/page_run.h"
#include "kernel/dense.h"
#include "matrix/matrix.h"
#include "nmf.h"
#include "report_components.h"

typedef struct page {
  const app_run        *run;
  const app_nmf_result *result;
  double               *parts; /* on rank 0 [k, n] row-major */
  double               *share; /* [k] of the sum of W H */
  const char          **names; /* [n], or NULL */
} page;

static void write_head(FILE *out, const app_run *run, const app_nmf_result *r)
{
  char m[48], n[48];

  fputs("<p class=\"kind\">Non-negative matrix factorization</p>\n<h1>", out);
  app_page_text(out, app_base_name(r->input->info.file));
  fputs("</h1>\n<p class=\"lead\">", out);
  app_page_text(out, r->input->text);
  fputs("</p>\n<dl class=\"facts\">\n", out);
  app_page_fact(out, "samples", "%s", app_page_grouped(r->input->m, m));
  app_page_fact(out, "features", "%s", app_page_grouped(r->input->n, n));
  app_page_fact(out, "parts", "%lld", (long long)r->k);
  app_page_fact(out, "relative error", "%.2f %%", 100 * r->info->relative);
  app_page_fact(out, "iterations", "%lld%s", (long long)r->info->iterations,
                r->info->converged ? "" : ", not converged");
  app_page_fact(out, "whole run", "%.*f s", run->figures.seconds < 10 ? 2 : 1, run->figures.seconds);
  app_page_fact(out, "ranks × threads", "%d × %d", run->size, run->threads);
  fputs("</dl>\n", out);
}

static tartan_status write_loss(FILE *out, const app_nmf_result *r)
{
  const int64_t count = r->info->iterations;
  const double  first = r->loss[0], last = r->loss[count - 1];
  const bool    steep = last > 0 && first > 30 * last;
  app_plot      plot = {.x0 = 0.5, .x1 = (double)count + 0.5, .y0 = INFINITY, .y1 = -INFINITY, .log_y = steep};
  double       *x, *y;
  tartan_status st = TARTAN_OK;

  if (!(first > 0)) return st;
  x = tt_alloc(NULL, 2 * count, sizeof *x, "a curve", &st);
  if (!x) return st;
  y = x + count;
  for (int64_t i = 0; i < count; i++) {
    x[i] = (double)i + 1;
    y[i] = steep ? log10(r->loss[i]) : r->loss[i];
    if (!isfinite(y[i])) continue;
    plot.y0 = fmin(plot.y0, y[i]);
    plot.y1 = fmax(plot.y1, y[i]);
  }
  plot.y1 += fmax(0.06 * (plot.y1 - plot.y0), 1e-9 * fabs(plot.y1));
  plot.y0 -= fmax(0.06 * (plot.y1 - plot.y0), 1e-9 * fabs(plot.y0));
  fputs("<section>\n<h2>Loss</h2>\n", out);
  app_plot_begin(&plot, out, "loss after each iteration", "iteration", "|A - W H|² / 2");
  app_plot_curve(&plot, "curve", count, x, y);
  app_plot_end(&plot);
  fprintf(out, "<p>From %.6g to %.6g in %lld iteration%s.</p>\n</section>\n", first, last, (long long)count,
          TT_S(count));
  tt_free(x);
  return st;
}

static void write_method(FILE *out, const app_run *run, const app_nmf_result *r)
{
  const tartan_cost *p = &run->plan;
  char               text[24];

  fputs("<section>\n<h2>How it was computed</h2>\n<table>\n", out);
  app_page_row(out, "method", "%s: %s", p->algorithm, p->reason);
  app_page_row(out, "start", "%s", r->start);
  app_page_row(out, "passes", "%lld over the file", (long long)r->info->passes);
  app_page_row(out, "violation", "%.3g of that of the first iteration", r->info->violation);
  app_page_row(out, "memory", "%s per rank predicted", tt_bytes_text(p->memory, text));
  app_page_row(out, "time", "%.2g s for the factorization", r->info->seconds);
  app_page_row(out, "result", "%s", r->output);
  fputs("</table>\n</section>\n", out);
}

static tartan_status write_page(FILE *out, const void *context)
{
  const page           *p = context;
  const app_nmf_result *r = p->result;
  const app_components  parts = {.count = r->k,
                                 .features = r->input->n,
                                 .values = p->parts,
                                 .share = p->share,
                                 .names = p->names,
                                 .image = {r->image[0], r->image[1]},
                                 .title = "Parts",
                                 .short_name = "part",
                                 .colours = "the deeper, the more. Beside it, its share of the sum of W H"};
  tartan_status         st = TARTAN_OK;
  char                  title[300];

  snprintf(title, sizeof title, "NMF of %.200s", app_base_name(r->input->info.file));
  app_page_begin(out, title);
  write_head(out, p->run, r);
  TRY(app_components_write(out, &parts));
  fputs("<div class=\"pair\">\n", out);
  TRY(write_loss(out, r));
  app_page_time(out, p->run);
  fputs("</div>\n<div class=\"pair\">\n", out);
  write_method(out, p->run, r);
  app_page_environment(out, p->run);
  fputs("</div>\n", out);
  app_page_traffic(out, p->run);
  app_page_command(out, p->run);
  app_page_end(out);
done:
  return st;
}

/* Sums of the columns of W, [k] on every rank. Collective. */
static tartan_status sum_columns(const tartan_matrix *W, double *sum)
{
  int64_t       ld, mloc, nloc;
  const double *w = tartan_matrix_local(W, &ld, &mloc, &nloc);

  for (int64_t j = 0; j < nloc; j++)
    for (int64_t i = 0; i < mloc; i++) sum[tartan_matrix_global_col(W, j)] += w[i + j * ld];
  return tt_allreduce_f64(W->grid, sum, W->col.n, TT_SUM);
}

/* The parts on rank 0, each with its share of the sum of W H. Collective. */
static tartan_status collect(app_run *run, const app_nmf_result *r, page *p)
{
  const int64_t k = r->k, n = r->input->n, here = run->rank == 0 ? k * n : 0;
  tt_memory    *mem = &run->grid->memory;
  double       *H = NULL, all = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  H = tt_alloc(mem, here, sizeof *H, "the parts", &local);
  p->parts = tt_alloc(mem, here, sizeof *p->parts, "the parts", &local);
  p->share = tt_alloc_zero(mem, k, sizeof *p->share, "shares of the parts", &local);
  p->names = tt_alloc(mem, n, sizeof *p->names, "names of the features", &local);
  AGREE(run->grid, local);
  for (int64_t j = 0; j < n; j++) p->names[j] = tartan_operator_feature_name(r->input->data, j);
  TRY(sum_columns(r->W, p->share));
  TRY(tartan_matrix_gather(r->H, 0, H));
  if (run->rank > 0) goto done;
  tt_transpose_local(TARTAN_F64, H, k, p->parts, n, n, k);
  for (int64_t t = 0; t < k; t++) {
    double sum = 0;

    for (int64_t j = 0; j < n; j++) sum += p->parts[t * n + j];
    all += p->share[t] *= sum;
  }
  for (int64_t t = 0; t < k; t++) p->share[t] = all > 0 ? p->share[t] / all : 0;
done:
  tt_free(H);
  return st;
}

tartan_status app_nmf_report(app_run *run, const char *path, const app_nmf_result *r)
{
  page          p = {.run = run, .result = r};
  tartan_status st = TARTAN_OK;

  TRY(collect(run, r, &p));
  if (!p.names[0]) {
    tt_free(p.names);
    p.names = NULL;
  }
  TRY(app_page_write(run, path, write_page, &p));
done:
  tt_free(p.names);
  tt_free(p.share);
  tt_free(p.parts);
  return st;
}
