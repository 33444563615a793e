/*
 * Every rank streams its part of the rows, two columns wide; the counts are added up over the ranks. Labels with up to
 * twelve different values are classes; other numbers are cut into ten equal ranges and drawn as a ramp of colours.
 */
#include "report_scores.h"

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"

#define SLAB_ROWS 65536
#define RAMP 10
#define SHADES 20 /* of each class, by how many samples a bin holds */

/* A pass over this rank's rows. */
typedef struct reader {
  app_run    *run;
  tt_dataset *scores, *labels;
  void       *raw;
  double     *xy, *label; /* [SLAB_ROWS, 2], [SLAB_ROWS] */
} reader;

typedef void slab_task(app_scores *scores, const reader *r, int64_t rows);

/* ------------------------------------------------------------------------------------------------ passes */

static tartan_status read_slab(reader *r, int64_t row0, int64_t rows)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_dataset_read(r->scores, row0, rows, 0, 2, r->raw));
  tt_convert(tt_dataset_get_info(r->scores)->element, r->raw, 2 * rows, TARTAN_F64, r->xy);
  if (r->labels) {
    TRY(tt_dataset_read(r->labels, row0, rows, 0, 1, r->raw));
    tt_convert(tt_dataset_get_info(r->labels)->element, r->raw, rows, TARTAN_F64, r->label);
  }
done:
  return st;
}

/* Gives each slab of this rank's rows to a task; all ranks make the same number of reads. */
static tartan_status over_rows(reader *r, app_scores *scores, slab_task *task)
{
  const int64_t each = tt_ceil_div(scores->samples, r->run->size);
  const int64_t first = tt_min(scores->samples, each * r->run->rank), last = tt_min(scores->samples, first + each);
  tartan_status st = TARTAN_OK;

  for (int64_t step = 0; step < each; step += SLAB_ROWS) {
    const int64_t row0 = tt_min(last, first + step), rows = tt_min(SLAB_ROWS, last - row0);

    TRY(read_slab(r, row0, rows));
    task(scores, r, rows);
  }
done:
  return st;
}

/* Sorted insertion of a value that is not there yet; one class too many says that the labels are no classes. */
static void add_label(app_scores *s, double value)
{
  int at = 0;

  if (s->classes > APP_CLASSES_MAX || !isfinite(value)) return;
  while (at < s->classes && s->label[at] < value) at++;
  if (at < s->classes && s->label[at] == value) return;
  memmove(&s->label[at + 1], &s->label[at], (size_t)(s->classes - at) * sizeof *s->label);
  s->label[at] = value;
  s->classes++;
}

static void find_range(app_scores *s, const reader *r, int64_t rows)
{
  for (int64_t i = 0; i < rows; i++) {
    s->x0 = fmin(s->x0, r->xy[2 * i]);
    s->x1 = fmax(s->x1, r->xy[2 * i]);
    s->y0 = fmin(s->y0, r->xy[2 * i + 1]);
    s->y1 = fmax(s->y1, r->xy[2 * i + 1]);
    if (!r->labels) continue;
    add_label(s, r->label[i]);
    if (s->classes > APP_CLASSES_MAX && isfinite(r->label[i])) {
      s->label[0] = fmin(s->label[0], r->label[i]);
      s->label[APP_CLASSES_MAX] = fmax(s->label[APP_CLASSES_MAX], r->label[i]);
    }
  }
}

static int class_of(const app_scores *s, double label)
{
  int c = 0;

  if (s->ramp) return (int)fmax(0, fmin(RAMP - 1, (label - s->label[0]) / (s->label[RAMP] - s->label[0]) * RAMP));
  while (c < s->classes - 1 && s->label[c] != label) c++;
  return c;
}

static int bin_of(double v, double v0, double v1, int bins)
{
  const int b = v1 > v0 ? (int)((v - v0) / (v1 - v0) * bins) : 0;

  return b < 0 ? 0 : b >= bins ? bins - 1 : b;
}

static void count_bins(app_scores *s, const reader *r, int64_t rows)
{
  for (int64_t i = 0; i < rows; i++) {
    const int x = bin_of(r->xy[2 * i], s->x0, s->x1, APP_BINS_X),
              y = bin_of(r->xy[2 * i + 1], s->y0, s->y1, APP_BINS_Y);

    s->bins[((int64_t)y * APP_BINS_X + x) * s->classes + (r->labels ? class_of(s, r->label[i]) : 0)]++;
  }
}

/* ------------------------------------------------------------------------------------------------ ranks together */

/* Range and labels of all ranks; a little air around the points. */
static tartan_status agree_on_range(app_run *run, app_scores *s, bool labels)
{
  double        low[2] = {s->x0, s->y0}, high[2] = {s->x1, s->y1}, own[APP_CLASSES_MAX + 2], *all = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  all = tt_alloc(NULL, (int64_t)run->size * (APP_CLASSES_MAX + 2), sizeof *all, "labels", &local);
  AGREE(run->grid, local);
  TRY(tt_allreduce_f64(run->grid, low, 2, TT_MIN));
  TRY(tt_allreduce_f64(run->grid, high, 2, TT_MAX));
  s->x0 = low[0] - 0.03 * (high[0] - low[0]);
  s->x1 = high[0] + 0.03 * (high[0] - low[0]);
  s->y0 = low[1] - 0.03 * (high[1] - low[1]);
  s->y1 = high[1] + 0.03 * (high[1] - low[1]);
  own[0] = s->classes;
  memcpy(own + 1, s->label, sizeof s->label);
  TRY(tt_allgather(run->grid, own, APP_CLASSES_MAX + 2, sizeof *own, all));
  for (int64_t r = 0; r < run->size; r++) {
    for (int i = 0; i < (int)all[r * (APP_CLASSES_MAX + 2)]; i++) add_label(s, all[r * (APP_CLASSES_MAX + 2) + 1 + i]);
  }
  if (s->classes > APP_CLASSES_MAX) {
    low[0] = s->label[0];
    high[0] = s->label[APP_CLASSES_MAX];
    for (int64_t r = 0; r < run->size; r++) {
      for (int i = 0; i < (int)all[r * (APP_CLASSES_MAX + 2)]; i++) {
        low[0] = fmin(low[0], all[r * (APP_CLASSES_MAX + 2) + 1 + i]);
        high[0] = fmax(high[0], all[r * (APP_CLASSES_MAX + 2) + 1 + i]);
      }
    }
    s->ramp = true;
    s->classes = RAMP;
    for (int c = 0; c <= RAMP; c++) s->label[c] = low[0] + (high[0] - low[0]) * c / RAMP;
  }
  if (!labels || s->classes == 0) s->classes = 1;

done:
  tt_free(all);
  return st;
}

/* Few samples: rank 0 reads them all. */
static tartan_status collect_points(reader *r, app_scores *s)
{
  const int64_t rows = r->run->rank == 0 ? s->samples : 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  s->points = tt_alloc(NULL, 3 * s->samples, sizeof *s->points, "points", &local);
  AGREE(r->run->grid, local);
  TRY(read_slab(r, 0, rows));
  for (int64_t i = 0; i < rows; i++) {
    s->points[3 * i] = r->xy[2 * i];
    s->points[3 * i + 1] = r->xy[2 * i + 1];
    s->points[3 * i + 2] = r->labels ? class_of(s, r->label[i]) : 0;
  }
done:
  return st;
}

static tartan_status collect_bins(reader *r, app_scores *s)
{
  const int64_t bins = (int64_t)APP_BINS_X * APP_BINS_Y * s->classes;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  s->bins = tt_alloc_zero(NULL, bins, sizeof *s->bins, "bins", &local);
  AGREE(r->run->grid, local);
  TRY(over_rows(r, s, count_bins));
  TRY(tt_allreduce_f64(r->run->grid, s->bins, bins, TT_SUM));
done:
  return st;
}

tartan_status app_scores_collect(app_run *run, const char *output, tt_dataset *labels, app_scores *s)
{
  char          source[TT_PATH_MAX + 16];
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  reader        r = {.run = run, .labels = labels};

  memset(s, 0, sizeof *s);
  s->x0 = s->y0 = INFINITY;
  s->x1 = s->y1 = -INFINITY;
  snprintf(source, sizeof source, "%s:/X_pca", output);
  TRY(tt_dataset_open(run->grid, source, NULL, &r.scores));
  s->samples = tt_dataset_get_info(r.scores)->rows;
  r.raw = tt_alloc(NULL, 2 * SLAB_ROWS, sizeof(double), "scores to draw", &local);
  r.xy = tt_alloc(NULL, 2 * SLAB_ROWS, sizeof(double), "scores to draw", &local);
  r.label = tt_alloc(NULL, SLAB_ROWS, sizeof(double), "labels to draw", &local);
  AGREE(run->grid, local);
  TRY(over_rows(&r, s, find_range));
  TRY(agree_on_range(run, s, labels != NULL));
  st = s->samples <= APP_POINTS_MAX ? collect_points(&r, s) : collect_bins(&r, s);

done:
  tt_free(r.label);
  tt_free(r.xy);
  tt_free(r.raw);
  tt_dataset_close(&r.scores);
  return st;
}

void app_scores_free(app_scores *s)
{
  tt_free(s->points);
  tt_free(s->bins);
  s->points = s->bins = NULL;
}

/* ------------------------------------------------------------------------------------------------ drawing */

static app_rgba class_color(const app_scores *s, int c)
{
  return s->ramp ? app_ramp_colors[c] : app_class_colors[c];
}

static void draw_points(const app_plot *plot, const app_scores *s)
{
  const double radius = s->samples <= 500 ? 3.2 : s->samples <= 2000 ? 2.3 : 1.7;

  for (int64_t i = 0; i < s->samples; i++) {
    const app_rgba c = class_color(s, (int)s->points[3 * i + 2]);

    fprintf(plot->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"#%02x%02x%02x\" fill-opacity=\".65\"/>\n",
            app_plot_x(plot, s->points[3 * i]), app_plot_y(plot, s->points[3 * i + 1]), radius, c.r, c.g, c.b);
  }
}

/* Most samples in one bin, of all classes together. */
static double fullest_bin(const app_scores *s)
{
  double most = 1;

  for (int64_t b = 0; b < APP_BINS_X * APP_BINS_Y; b++) {
    double sum = 0;

    for (int c = 0; c < s->classes; c++) sum += s->bins[b * s->classes + c];
    most = fmax(most, sum);
  }
  return most;
}

/* The class that most samples of a bin belong to, and a shade for how many they all are; 0 is an empty bin. */
static unsigned char bin_color(const app_scores *s, int64_t b, double most)
{
  double sum = 0;
  int    best = 0;

  for (int c = 0; c < s->classes; c++) {
    sum += s->bins[b * s->classes + c];
    if (s->bins[b * s->classes + c] > s->bins[b * s->classes + best]) best = c;
  }
  if (sum == 0) return 0;
  return (unsigned char)(1 + best * SHADES + (int)((SHADES - 1) * log(sum) / log(fmax(2, most)) + 0.5));
}

static tartan_status draw_bins(const app_plot *plot, const app_scores *s)
{
  app_rgba       palette[1 + APP_CLASSES_MAX * SHADES] = {{0, 0, 0, 0}};
  tartan_status  st = TARTAN_OK;
  const double   most = fullest_bin(s);
  unsigned char *pixels = tt_alloc(NULL, APP_BINS_X * APP_BINS_Y, 1, "the score plot", &st);

  if (st != TARTAN_OK) return st;
  for (int c = 0; c < s->classes; c++) {
    for (int shade = 0; shade < SHADES; shade++) {
      palette[1 + c * SHADES + shade] = class_color(s, c);
      palette[1 + c * SHADES + shade].a = (unsigned char)(115 + 140 * shade / (SHADES - 1));
    }
  }
  for (int y = 0; y < APP_BINS_Y; y++) {
    for (int x = 0; x < APP_BINS_X; x++)
      pixels[(APP_BINS_Y - 1 - y) * APP_BINS_X + x] = bin_color(s, (int64_t)y * APP_BINS_X + x, most);
  }
  fprintf(plot->out, "<image x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" preserveAspectRatio=\"none\" href=\"",
          plot->left, plot->top, plot->width, plot->height);
  st = app_page_png(plot->out, APP_BINS_X, APP_BINS_Y, pixels, palette, 1 + s->classes * SHADES);
  fputs("\"/>\n", plot->out);
  tt_free(pixels);
  return st;
}

static void draw_legend(FILE *out, const app_scores *s)
{
  if (s->classes == 1) return;
  fputs("<div class=\"legend\">", out);
  for (int c = 0; c < s->classes; c++) {
    const app_rgba color = class_color(s, c);

    fprintf(out, "<span><i style=\"background:#%02x%02x%02x\"></i>", color.r, color.g, color.b);
    if (s->ramp)
      fprintf(out, "%.3g to %.3g</span>", s->label[c], s->label[c + 1]);
    else
      fprintf(out, "%.6g</span>", s->label[c]);
  }
  fputs("</div>\n", out);
}

tartan_status app_scores_draw(FILE *out, const app_scores *s, const char *x_name, const char *y_name)
{
  app_plot      plot = {.x0 = s->x0, .x1 = s->x1, .y0 = s->y0, .y1 = s->y1};
  tartan_status st = TARTAN_OK;

  if (!(plot.x1 > plot.x0)) plot.x1 = plot.x0 + 1;
  if (!(plot.y1 > plot.y0)) plot.y1 = plot.y0 + 1;
  app_plot_begin(&plot, out, "scores of the samples", x_name, y_name);
  if (s->points)
    draw_points(&plot, s);
  else
    st = draw_bins(&plot, s);
  app_plot_end(&plot);
  draw_legend(out, s);
  return st;
}
