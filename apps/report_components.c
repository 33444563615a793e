/*
 * Images: sign by colour, size by opacity, so that they stand on any background; large ones are averaged down. Bars: the
 * features with the largest loadings of each of the first components.
 */
#include "report_components.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/util.h"
#include "common/page.h"

#define IMAGES 23
#define SIDE_MAX 96
#define LOADED_COMPONENTS 6
#define LOADED_FEATURES 8
#define MIDDLE 158 /* where the bars begin */
#define NAME_SHOWN 15

/* Index 0 is the most negative, 254 the most positive, 127 nothing. */
static void signed_palette(app_rgba palette[255], bool grey)
{
  for (int i = 0; i < 255; i++) {
    const double   size = abs(i - 127) / 127.0;
    const app_rgba negative = {0x1f, 0x5f, 0xae, 0}, positive = {0xc2, 0x3b, 0x22, 0}, neutral = {0x6b, 0x74, 0x7c, 0};

    palette[i] = grey ? neutral : i < 127 ? negative : positive;
    palette[i].a = (unsigned char)(255 * pow(size, 0.8) + 0.5);
  }
}

/* Mean over the box of original pixels that a pixel of the small image stands for. */
static double box_mean(const double *v, const int64_t image[2], const int64_t small[2], int64_t y, int64_t x)
{
  const int64_t y0 = y * image[0] / small[0], y1 = tt_max(y0 + 1, (y + 1) * image[0] / small[0]);
  const int64_t x0 = x * image[1] / small[1], x1 = tt_max(x0 + 1, (x + 1) * image[1] / small[1]);
  double        sum = 0;

  for (int64_t i = y0; i < y1; i++) {
    for (int64_t j = x0; j < x1; j++) sum += v[i * image[1] + j];
  }
  return sum / (double)((y1 - y0) * (x1 - x0));
}

static tartan_status write_image(FILE *out, const double *v, const int64_t image[2], bool mean_image,
                                 const char *caption)
{
  const double   shrink = fmin(1, (double)SIDE_MAX / (double)tt_max(image[0], image[1]));
  const int64_t  small[2] = {tt_max(1, (int64_t)((double)image[0] * shrink)),
                             tt_max(1, (int64_t)((double)image[1] * shrink))};
  tartan_status  st = TARTAN_OK;
  double        *mean = tt_alloc(NULL, small[0] * small[1], sizeof *mean, "an image", &st);
  unsigned char *pixels = tt_alloc(NULL, small[0] * small[1], 1, "an image", &st);
  app_rgba       palette[255];
  double         most = 1e-300;

  if (st != TARTAN_OK) goto done;
  for (int64_t y = 0; y < small[0]; y++) {
    for (int64_t x = 0; x < small[1]; x++) {
      mean[y * small[1] + x] = box_mean(v, image, small, y, x);
      most = fmax(most, fabs(mean[y * small[1] + x]));
    }
  }
  for (int64_t i = 0; i < small[0] * small[1]; i++) pixels[i] = (unsigned char)(127.5 + 127 * mean[i] / most);
  signed_palette(palette, mean_image);
  fputs("<figure><img alt=\"", out);
  app_page_text(out, caption);
  fputs("\" src=\"", out);
  st = app_page_png(out, (int)small[1], (int)small[0], pixels, palette, 255);
  fputs("\"><figcaption>", out);
  app_page_text(out, caption);
  fputs("</figcaption></figure>\n", out);

done:
  tt_free(pixels);
  tt_free(mean);
  return st;
}

static tartan_status write_images(FILE *out, const app_components *c)
{
  tartan_status st = TARTAN_OK;
  char          caption[64];

  fprintf(out, "<section>\n<h2>%s</h2>\n<div class=\"tiles\">\n", c->title);
  if (c->mean) TRY(write_image(out, c->mean, c->image, true, "mean"));
  for (int64_t i = 0; i < c->count && i < IMAGES; i++) {
    snprintf(caption, sizeof caption, "%s %lld · %.1f %%", c->short_name, (long long)i + 1, 100 * c->share[i]);
    TRY(write_image(out, c->values + i * c->features, c->image, false, caption));
  }
  fprintf(out, "</div>\n<p>Each as an image of %lld × %lld pixels: %s.</p>\n</section>\n", (long long)c->image[0],
          (long long)c->image[1], c->colours);
done:
  return st;
}

/* Indices of the largest loadings in size, in descending order. */
static int largest(const double *v, int64_t n, int64_t index[LOADED_FEATURES])
{
  int count = 0;

  for (int64_t j = 0; j < n; j++) {
    int at = count;

    while (at > 0 && fabs(v[index[at - 1]]) < fabs(v[j])) at--;
    if (at == LOADED_FEATURES) continue;
    if (count < LOADED_FEATURES) count++;
    for (int k = count - 1; k > at; k--) index[k] = index[k - 1];
    index[at] = j;
  }
  return count;
}

/* As much of a name as fits before the bars; bytes of a character stay together. */
static void short_name(FILE *out, const char *name)
{
  char   text[64];
  size_t n = strnlen(name, sizeof text - 1), cut = n;

  if (n > NAME_SHOWN) {
    for (cut = NAME_SHOWN - 1; cut > 0 && ((unsigned char)name[cut] & 0xc0) == 0x80;) cut--;
  }
  snprintf(text, sizeof text, "%.*s%s", (int)cut, name, cut < n ? "\xe2\x80\xa6" : "");
  app_page_text(out, text);
}

static void write_loadings_of(FILE *out, const app_components *c, int64_t i)
{
  const double *v = c->values + i * c->features;
  int64_t       index[LOADED_FEATURES] = {0};
  const int     count = largest(v, c->features, index);
  const double  most = count ? fmax(1e-300, fabs(v[index[0]])) : 1;

  fprintf(out, "<figure><svg viewBox=\"0 0 260 %d\" role=\"img\" aria-label=\"loadings of component %lld\">\n",
          count * 20 + 4, (long long)i + 1);
  for (int f = 0; f < count; f++) {
    const double x = v[index[f]], length = 50 * fabs(x) / most;

    fprintf(out, "<text x=\"0\" y=\"%d\">", f * 20 + 14);
    if (c->names)
      short_name(out, c->names[index[f]]);
    else
      fprintf(out, "%lld", (long long)index[f]);
    fprintf(out,
            "</text><rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"12\"/>"
            "<text x=\"259\" y=\"%d\" text-anchor=\"end\">%.3f</text>\n",
            x < 0 ? "neg" : "bar2", x < 0 ? MIDDLE - length : MIDDLE, f * 20 + 4, length, f * 20 + 14, x);
  }
  fprintf(out, "<path class=\"axis\" d=\"M%d 0V%d\"/></svg><figcaption>%s %lld · %.1f %%</figcaption></figure>\n",
          MIDDLE, count * 20 + 4, c->short_name, (long long)i + 1, 100 * c->share[i]);
}

static void write_loadings(FILE *out, const app_components *c)
{
  fprintf(
      out,
      "<section>\n<h2>%s</h2>\n"
      "<div class=\"tiles\" style=\"grid-template-columns:repeat(auto-fill,minmax(min(100%%,16rem),1fr));gap:1.2rem "
      "2rem\">\n",
      c->title);
  for (int64_t i = 0; i < c->count && i < LOADED_COMPONENTS; i++) write_loadings_of(out, c, i);
  fprintf(out, "</div>\n<p>The largest loadings of each%s.</p>\n</section>\n",
          c->names ? "" : ", by index of the feature, counted from 0");
}

tartan_status app_components_write(FILE *out, const app_components *c)
{
  if (c->count == 0) return TARTAN_OK;
  if (c->image[0] > 0 && c->image[0] * c->image[1] == c->features) return write_images(out, c);
  write_loadings(out, c);
  return TARTAN_OK;
}
