/* Order of complex eigenvalues, and the vectors that ?geev packs in pairs of real columns. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "factor/eig_impl.h"
#include "kernel/dense.h"

/* As in signs.c: the largest component is the first that comes so near. */
#define NEAR (1 - 1e-6)

static int falling(double a, double b)
{
  return (a < b) - (a > b);
}

static int compare(const void *left, const void *right)
{
  const tt_eig_unit *a = left, *b = right;
  int                c = falling(a->size, b->size);

  if (c == 0) c = falling(a->re, b->re);
  if (c == 0) c = falling(a->im, b->im);
  return c != 0 ? c : (a->source > b->source) - (a->source < b->source);
}

tartan_status tt_eig_order(int64_t n, double *re, double *im, tt_eig_unit *unit)
{
  int64_t       units = 0, values = 0, at = n;
  tartan_status st = TARTAN_OK;

  for (int64_t i = 0; i < n; i++) {
    if (!(im[i] >= 0)) continue;
    unit[units++] = (tt_eig_unit){hypot(re[i], im[i]), re[i], im[i], i};
    values += im[i] > 0 ? 2 : 1;
  }
  REQUIRE(values == n, TARTAN_ERR_NUMERIC, "%lld eigenvalues were found instead of %lld: not all are in pairs",
          (long long)values, (long long)n);
  qsort(unit, (size_t)units, sizeof *unit, compare);
  while (units > 0) { /* from the end, so that pairs spread out in place */
    const tt_eig_unit u = unit[--units];

    if (u.im > 0) {
      unit[--at] = u;
      re[at] = u.re;
      im[at] = -u.im;
    }
    unit[--at] = u;
    re[at] = u.re;
    im[at] = u.im;
  }
done:
  return st;
}

/* One vector: columns x and y (y = -1: real) times a number that makes it what it should be, to column j. */
static void put_vector(tartan_dtype dtype, int64_t n, const void *v, int64_t x, int64_t y, int64_t j, double sign,
                       void *v_re, void *v_im)
{
  double  largest = 0, norm = 0, c = 1, s = 0;
  int64_t first = n;

  for (int64_t i = 0; i < n; i++) {
    const double a = tt_get_element(dtype, v, n, i, x), b = y < 0 ? 0 : tt_get_element(dtype, v, n, i, y);

    largest = fmax(largest, hypot(a, b));
    norm += a * a + b * b;
  }
  norm = sqrt(norm);
  for (int64_t i = 0; i < n && first == n; i++) {
    const double a = tt_get_element(dtype, v, n, i, x), b = y < 0 ? 0 : tt_get_element(dtype, v, n, i, y);

    if (hypot(a, b) < NEAR * largest) continue;
    first = i;
    c = a / hypot(a, b) / norm;
    s = -b / hypot(a, b) / norm;
  }
  for (int64_t i = 0; i < n; i++) {
    const double a = tt_get_element(dtype, v, n, i, x), b = y < 0 ? 0 : tt_get_element(dtype, v, n, i, y);

    tt_put_element(dtype, a * c - b * s, v_re, n, i, j);
    tt_put_element(dtype, i == first ? 0 : sign * (a * s + b * c), v_im, n, i, j);
  }
}

void tt_eig_vectors(tartan_dtype dtype, int64_t n, const tt_eig_unit *unit, const double *im, const void *v, void *v_re,
                    void *v_im)
{
  for (int64_t j = 0; j < n; j++) {
    const int64_t x = unit[j].source;

    put_vector(dtype, n, v, x, im[j] == 0 ? -1 : x + 1, j, im[j] < 0 ? -1 : 1, v_re, v_im);
  }
}
