/**
 * @file page.h
 * Pieces of a self-contained HTML page: its frame and style, text, small images, and plots as SVG. All calls are local.
 */
#ifndef APP_PAGE_H
#define APP_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <tartan/status.h>

/** Begins a page: everything up to the first section; the style is inside. */
void app_page_begin(FILE *out, const char *title);

void app_page_end(FILE *out);

/** Text with what HTML reserves escaped. */
void app_page_text(FILE *out, const char *text);

/** A table row of a name and a formatted value; the value is escaped. */
void app_page_row(FILE *out, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** One colour of a palette. */
typedef struct app_rgba {
  unsigned char r, g, b, a;
} app_rgba;

/**
 * Writes pixels as the data URI of a PNG with a palette.
 *
 * @param[in] pixels   [height, width], indices of the palette
 * @param[in] palette  [colors], at most 256
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_BUG
 */
tartan_status app_page_png(FILE *out, int width, int height, const unsigned char *pixels, const app_rgba *palette,
                           int colors);

/** Colours of up to 12 classes, and a ramp of 10 for numbers. */
extern const app_rgba app_class_colors[12], app_ramp_colors[10];

/** The frame of a plot: where it stands in the drawing, and which numbers it spans. */
typedef struct app_plot {
  FILE  *out;
  double left, top, width, height; /**< of the frame, in units of the drawing */
  double x0, x1, y0, y1;           /**< numbers at its edges */
  bool   log_x, log_y;             /**< these are logarithms to base 10, as are positions; ticks at round numbers */
} app_plot;

#define APP_PLOT_WIDTH 440
#define APP_PLOT_HEIGHT 300

/** Opens an SVG and draws frame, grid lines, ticks and axis names. */
void app_plot_begin(app_plot *plot, FILE *out, const char *title, const char *x_name, const char *y_name);
void app_plot_end(app_plot *plot);

/** Position of a number in the drawing. */
double app_plot_x(const app_plot *plot, double x);
double app_plot_y(const app_plot *plot, double y);

/** A line through points; those that are not finite are left out. */
void app_plot_curve(const app_plot *plot, const char *class, int64_t count, const double *x, const double *y);

/** A bar from the axis up to y; none where y is below the frame. */
void app_plot_bar(const app_plot *plot, const char *class, double from, double to, double y);

/** The largest of 1, 2, 5 times a power of ten that makes at least `least` steps of a length. */
double app_nice_step(double length, int least);

#endif
