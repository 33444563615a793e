#include "common/page.h"

#include <math.h>
#include <stdarg.h>

#include <tartan/tartan.h>

const app_rgba app_class_colors[12] = {
    {0x3b, 0x74, 0xb4, 255}, {0xee, 0x85, 0x34, 255}, {0xd6, 0x45, 0x50, 255}, {0x4f, 0xb0, 0xa5, 255},
    {0x4a, 0x9a, 0x4d, 255}, {0xe0, 0xb4, 0x2d, 255}, {0x9b, 0x6b, 0xb3, 255}, {0xf0, 0x8c, 0xa4, 255},
    {0x95, 0x6b, 0x4f, 255}, {0x8d, 0x93, 0x9b, 255}, {0x27, 0x4b, 0x7d, 255}, {0x8f, 0xb3, 0x3a, 255},
};

const app_rgba app_ramp_colors[10] = {
    {0x44, 0x01, 0x54, 255}, {0x48, 0x28, 0x78, 255}, {0x3e, 0x49, 0x89, 255}, {0x31, 0x68, 0x8e, 255},
    {0x26, 0x82, 0x8e, 255}, {0x1f, 0x9e, 0x89, 255}, {0x35, 0xb7, 0x79, 255}, {0x6e, 0xce, 0x58, 255},
    {0xb5, 0xde, 0x2b, 255}, {0xfd, 0xd7, 0x25, 255},
};

/* ------------------------------------------------------------------------------------------------ frame */

static const char style[] =
    ":root{--paper:#fbfaf6;--card:#fff;--ink:#20262c;--soft:#5d6670;--line:#e3dfd4;--green:#1f6f54;--red:#b3372f;"
    "--blue:#2f5f9c;--gold:#d9a521;--weave:.9}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#14181b;--card:#1b2125;--ink:#e9e6de;--soft:#9aa4ad;"
    "--line:#2e363c;--green:#4fb08c;--red:#e2706a;--blue:#7fa9dc;--gold:#e3bd55;--weave:.75}}\n"
    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Noto Sans',sans-serif;font-variant-numeric:tabular-nums}\n"
    ".weave{height:22px;opacity:var(--weave);background:"
    "repeating-linear-gradient(0deg,#0000 0 6px,#c9a22755 6px 7px,#0000 7px 11px),"
    "repeating-linear-gradient(90deg,#1d3b2f 0 26px,#7d2320 26px 34px,#1d3b2f 34px 40px,#d9b13c 40px 42px,"
    "#1d3b2f 42px 48px,#7d2320 48px 56px,#1d3b2f 56px 82px,#23456b 82px 108px),#1d3b2f}\n"
    "main{max-width:66rem;margin:0 auto;padding:1.6rem 1.1rem 3rem}\n"
    ".kind{margin:0;color:var(--green);font-weight:600;letter-spacing:.02em}\n"
    "h1{margin:.1rem 0 .3rem;font:600 clamp(1.7rem,5vw,2.6rem)/1.15 'Iowan Old Style','Palatino Linotype',Palatino,"
    "'Source Serif Pro',Georgia,serif;overflow-wrap:anywhere}\n"
    "h2{margin:0 0 .5rem;font:600 1.2rem/1.3 'Iowan Old Style','Palatino Linotype',Palatino,'Source Serif Pro',Georgia,"
    "serif}\n"
    ".lead{margin:0 0 1.4rem;color:var(--soft);max-width:52rem;overflow-wrap:anywhere}\n"
    ".facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(7rem,1fr));gap:.7rem 1.2rem;margin:0 0 1.6rem;"
    "padding:.9rem 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}\n"
    ".facts div{min-width:0}\n.facts dt{color:var(--soft);font-size:.82rem}\n"
    ".facts dd{margin:0;font-size:1.28rem;font-weight:600;line-height:1.3;overflow-wrap:anywhere}\n"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));gap:1.2rem}\n"
    "section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.1rem;"
    "margin:0 0 1.2rem;min-width:0}\n.pair section{margin:0}\n.pair{margin:0 0 1.2rem}\n"
    "section p{margin:.4rem 0 0;color:var(--soft);font-size:.92rem}\n"
    "svg{display:block;width:100%;height:auto;overflow:visible}\n"
    "svg text{fill:var(--soft);font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}\n"
    "svg .name{font-weight:600}\nsvg .mark{fill:var(--ink)}\n"
    ".grid{stroke:var(--line);stroke-width:1}\n.axis{stroke:var(--soft);stroke-width:1;fill:none}\n"
    ".bar{fill:var(--green)}\n.bar2{fill:var(--blue)}\n.bar3{fill:var(--gold)}\n.neg{fill:var(--red)}\n"
    ".curve,.curve2{fill:none;stroke:var(--red);stroke-width:2;stroke-linejoin:round}\n.dot{fill:var(--red)}\n"
    ".curve2{stroke:var(--blue)}\n.wide{overflow-x:auto}\n.wide td,.wide th{width:auto}\n"
    ".whisker{stroke:var(--ink);stroke-width:1.4}\n.track{fill:var(--line)}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(6.4rem,1fr));gap:.9rem}\n"
    "figure{margin:0}\nfigure img{width:100%;display:block;image-rendering:pixelated;border:1px solid var(--line);"
    "border-radius:4px;background:var(--paper)}\n"
    "figcaption{font-size:.82rem;color:var(--soft);text-align:center;margin-top:.2rem}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:.2rem .9rem;margin-top:.5rem;font-size:.85rem;color:var(--soft)}\n"
    ".legend i{display:inline-block;width:.75em;height:.75em;border-radius:2px;margin-right:.35em}\n"
    "table{border-collapse:collapse;width:100%;font-size:.92rem}\n"
    "td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line);"
    "overflow-wrap:anywhere}\n"
    "th{font-weight:500;color:var(--soft);white-space:nowrap;width:1%}\ntr:last-child>*{border-bottom:0}\n"
    "pre{margin:.6rem 0 0;padding:.7rem .8rem;background:var(--paper);border:1px solid var(--line);border-radius:6px;"
    "overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;font:.85rem/1.5 ui-monospace,'DejaVu Sans Mono',Menlo,"
    "Consolas,monospace}\n"
    ".warn{border-left:4px solid var(--gold)}\nfooter{color:var(--soft);font-size:.85rem}\n"
    "@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc}body{font-size:11pt}"
    "main{padding:0}section{break-inside:avoid;border:0;border-top:1px solid #ccc;border-radius:0;padding:.8rem 0}"
    ".weave{-webkit-print-color-adjust:exact;print-color-adjust:exact}}\n";

void app_page_begin(FILE *out, const char *title)
{
  fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
        out);
  app_page_text(out, title);
  fputs("</title>\n<style>\n", out);
  fputs(style, out);
  fputs("</style>\n</head>\n<body>\n<div class=\"weave\" role=\"presentation\"></div>\n<main>\n", out);
}

void app_page_end(FILE *out)
{
  fprintf(out, "<footer>Tartan %s</footer>\n</main>\n</body>\n</html>\n", tartan_version());
}

void app_page_text(FILE *out, const char *text)
{
  for (; *text; text++) {
    switch (*text) {
    case '&': fputs("&amp;", out); break;
    case '<': fputs("&lt;", out); break;
    case '>': fputs("&gt;", out); break;
    case '"': fputs("&quot;", out); break;
    default: fputc(*text, out);
    }
  }
}

void app_page_row(FILE *out, const char *name, const char *fmt, ...)
{
  char    value[4096];
  va_list args;

  va_start(args, fmt);
  vsnprintf(value, sizeof value, fmt, args);
  va_end(args);
  fputs("<tr><th>", out);
  app_page_text(out, name);
  fputs("</th><td>", out);
  app_page_text(out, value);
  fputs("</td></tr>\n", out);
}

/* ------------------------------------------------------------------------------------------------ plots */

double app_nice_step(double length, int least)
{
  static const double steps[] = {5, 2, 1};
  const double        most = length / least;
  const double        power = pow(10, floor(log10(most)));

  for (int i = 0; i < 3; i++) {
    if (steps[i] * power <= most * (1 + 1e-9)) return steps[i] * power;
  }
  return power;
}

double app_plot_x(const app_plot *p, double x)
{
  return p->left + p->width * (x - p->x0) / (p->x1 - p->x0);
}

double app_plot_y(const app_plot *p, double y)
{
  return p->top + p->height * (1 - (y - p->y0) / (p->y1 - p->y0));
}

/* 2000 as "2k". */
static void short_text(double value, char text[32])
{
  static const char units[] = " kMGT";
  int               unit = 0;

  while (fabs(value) >= 1000 && unit < 4) {
    value /= 1000;
    unit++;
  }
  snprintf(text, 32, unit ? "%.5g%c" : "%g", value, units[unit]);
}

static void tick_text(double value, double step, char text[32])
{
  const int digits = (int)fmax(0, ceil(-log10(step) - 1e-9));

  if (fabs(value) < step * 1e-6) value = 0;
  if (fabs(value) >= 1e5)
    short_text(value, text);
  else if (digits > 4)
    snprintf(text, 32, "%.3g", value);
  else
    snprintf(text, 32, "%.*f", digits, value);
}

#define TICKS_MAX 64

/* Where ticks stand, and their texts: multiples of a step, or 1, 2, 5 times powers of ten. */
static int place_ticks(double from, double to, int least, bool logarithm, double at[TICKS_MAX],
                       char text[TICKS_MAX][32])
{
  static const double parts[] = {1, 2, 5};
  const double        step = app_nice_step(to - from, least);
  int                 n = 0;

  if (!logarithm) {
    const double first = ceil(from / step - 1e-9), last = floor(to / step + 1e-9);

    while (n < TICKS_MAX && first + n <= last) {
      at[n] = (first + n) * step;
      tick_text(at[n], step, text[n]);
      n++;
    }
    return n;
  }
  for (int decade = (int)floor(from); decade <= to; decade++) {
    for (int i = 0; i < (to - from < 2.5 ? 3 : 1); i++) {
      const double x = decade + log10(parts[i]);

      if (x < from - 1e-9 || x > to + 1e-9 || n == TICKS_MAX) continue;
      at[n] = x;
      short_text(parts[i] * pow(10, decade), text[n++]);
    }
  }
  return n;
}

static void draw_x_ticks(const app_plot *p)
{
  double    at[TICKS_MAX];
  char      text[TICKS_MAX][32];
  const int n = place_ticks(p->x0, p->x1, 5, p->log_x, at, text);

  for (int i = 0; i < n; i++)
    fprintf(p->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", app_plot_x(p, at[i]),
            p->top + p->height + 16, text[i]);
}

static void draw_y_ticks(const app_plot *p)
{
  double    at[TICKS_MAX];
  char      text[TICKS_MAX][32];
  const int n = place_ticks(p->y0, p->y1, 4, p->log_y, at, text);

  for (int i = 0; i < n; i++) {
    const double y = app_plot_y(p, at[i]);

    fprintf(p->out,
            "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
            p->left, p->left + p->width, y, y, p->left - 6, y + 4, text[i]);
  }
}

void app_plot_begin(app_plot *p, FILE *out, const char *title, const char *x_name, const char *y_name)
{
  p->out = out;
  p->left = 50;
  p->top = 22;
  p->width = APP_PLOT_WIDTH - 58;
  p->height = APP_PLOT_HEIGHT - 66;
  fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", APP_PLOT_WIDTH, APP_PLOT_HEIGHT);
  app_page_text(out, title);
  fputs("\">\n", out);
  draw_y_ticks(p);
  draw_x_ticks(p);
  fprintf(out, "<text class=\"name\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", p->left + p->width / 2,
          APP_PLOT_HEIGHT - 8);
  app_page_text(out, x_name);
  fprintf(out, "</text><text class=\"name\" x=\"0\" y=\"10\">");
  app_page_text(out, y_name);
  fputs("</text>\n", out);
}

void app_plot_end(app_plot *p)
{
  fprintf(p->out, "<path class=\"axis\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n</svg>\n", p->left, p->top, p->top + p->height,
          p->left + p->width);
}

void app_plot_curve(const app_plot *p, const char *class, int64_t count, const double *x, const double *y)
{
  char begin = 'M';

  fprintf(p->out, "<path class=\"%s\" d=\"", class);
  for (int64_t i = 0; i < count; i++) {
    if (!isfinite(y[i])) continue;
    fprintf(p->out, "%c%.1f %.1f", begin, app_plot_x(p, x[i]), app_plot_y(p, y[i]));
    begin = 'L';
  }
  fputs("\"/>\n", p->out);
}

void app_plot_bar(const app_plot *p, const char *class, double from, double to, double y)
{
  const double left = app_plot_x(p, from), width = app_plot_x(p, to) - left, top = app_plot_y(p, fmin(p->y1, y));
  const double gap = width > 4 ? 0.12 * width : 0;

  if (y <= p->y0) return;
  fprintf(p->out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>\n", class, left + gap / 2,
          top, width - gap, p->top + p->height - top);
}
