/*
 * A merge of divide and conquer (Gu and Eisenstat 1995; LAPACK's ?lasd1 to ?lasd3). The row between two solved parts
 * becomes a vector z in their right vectors, and the problem a diagonal matrix with one full row. Every rank of the
 * group deflates the same numbers, finds its share of the roots of the secular equation and its share of the z for which
 * the roots are exact; both are added up over the ranks. Each then multiplies its own rows of U and V, so that no vector
 * moves. A root is kept as the nearest pole and the distance from it, which give every difference to full accuracy.
 */
#include "factor/bidiagonal_merge.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ext/lapack_bidiagonal.h"
#include "kernel/gemm.h"

/* Vectors that are formed at a time. */
#define CHUNK 128

/* Where a column has entries. */
enum { LEFT, RIGHT, BOTH };

typedef struct value {
  double  d, z;
  int64_t id; /* column, from the first of the group */
  int     where;
} value;

typedef struct merge {
  tt_conquest *c;
  int          a, b, end;            /* ranks a .. b - 1 and b .. end - 1 */
  int64_t      off, n, left;         /* first column; values; values of the left part, whose next column is row z */
  bool         extra;                /* a null vector remains */
  int64_t      kept, gone;           /* values that the secular equation has, and those deflated */
  value       *in, *out;             /* [n] kept and deflated */
  double      *d, *z, *pole, *shift; /* [kept] */
  double      *delta, *work;         /* [n] scratch */
  double      *u, *v;                /* [n, CHUNK] vectors of the inner problem */
  int64_t     *pick[2], picked[2];   /* [n] kept values whose columns of U and of V this rank has entries in */
} merge;

static void merge_free(merge *g)
{
  tt_free(g->pick[0]);
  tt_free(g->u);
  tt_free(g->d);
  tt_free(g->in);
}

/* Local: TARTAN_ERR_NOMEM. */
static tartan_status merge_make(merge *g)
{
  tt_memory    *mem = &g->c->grid->memory;
  const int64_t n = g->n;
  tartan_status local = TARTAN_OK;

  g->in = tt_alloc(mem, 2 * n, sizeof *g->in, "values to merge", &local);
  g->d = tt_alloc(mem, 6 * n, sizeof *g->d, "a secular equation", &local);
  g->u = tt_alloc(mem, 2 * n * CHUNK, sizeof *g->u, "vectors of a merge", &local);
  g->pick[0] = tt_alloc(mem, 2 * n, sizeof *g->pick[0], "columns of a merge", &local);
  if (local != TARTAN_OK) return local;
  g->out = g->in + n;
  g->z = g->d + n;
  g->pole = g->z + n;
  g->shift = g->pole + n;
  g->delta = g->shift + n;
  g->work = g->delta + n;
  g->v = g->u + n * CHUNK;
  g->pick[1] = g->pick[0] + n;
  return local;
}

/* This rank's part in z: the last row of the left part and the first of the right one, times the row between. Local. */
static void put_row(const merge *g, double *z)
{
  const tt_conquest *c = g->c;
  const int64_t      row = c->start[g->b], rank = c->grid->rank;

  if (rank == g->b - 1)
    for (int64_t j = g->off; j < row; j++) z[j] = c->alpha[row - 1] * c->V[c->mine - 1 + j * c->mine];
  if (rank == g->b)
    for (int64_t j = row; j < c->start[g->end]; j++) z[j] = c->beta[row - 1] * c->V[j * c->mine];
}

static void rotate(int64_t length, double *x, double *y, double cosine, double sine)
{
  for (int64_t i = 0; i < length; i++) {
    const double t = cosine * x[i] + sine * y[i];

    y[i] = cosine * y[i] - sine * x[i];
    x[i] = t;
  }
}

static double *column_of(const merge *g, double *matrix, int64_t id)
{
  return matrix + (g->off + id) * g->c->mine;
}

static int by_size(const void *x, const void *y)
{
  const value *a = x, *b = y;

  if (a->d != b->d) return a->d < b->d ? -1 : 1;
  return a->id < b->id ? -1 : a->id > b->id;
}

/* The row z as the value zero; where two null vectors meet it, one of them is turned out of it. Local. */
static value first_value(const merge *g, const double *z, double tol)
{
  const double zl = z[g->off + g->left], zr = g->extra ? z[g->off + g->n] : 0, r = hypot(zl, zr);
  value        first = {.d = 0, .z = g->extra ? r : zl, .id = g->left, .where = zr != 0 ? BOTH : LEFT};

  if (g->extra && r > tol)
    rotate(g->c->mine, column_of(g, g->c->V, g->left), column_of(g, g->c->V, g->n), zl / r, zr / r);
  if (g->extra && r <= tol) first.where = LEFT;
  if (fabs(first.z) <= tol) first.z = tol;
  return first;
}

/* Values whose z is nothing, or that are equal to a neighbour, leave the problem. Local, the same on every rank. */
static void deflate(merge *g, const double *z)
{
  tt_conquest  *c = g->c;
  const int64_t row = c->start[g->b];
  double        tol = fmax(fabs(c->alpha[row - 1]), fabs(c->beta[row - 1]));
  value        *all = g->out, *prev = NULL; /* the deflated ones are fewer than those that were read */
  int64_t       count = 0;

  for (int64_t id = 0; id < g->n; id++) {
    if (id == g->left) continue;
    all[count++] = (value){.d = c->d[g->off + id], .z = z[g->off + id], .id = id, .where = id < g->left ? LEFT : RIGHT};
  }
  qsort(all, (size_t)count, sizeof *all, by_size);
  tol = 4 * DBL_EPSILON * fmax(tol, count > 0 ? all[count - 1].d : 0);
  g->in[0] = first_value(g, z, tol);
  g->kept = 1;
  g->gone = 0;
  for (int64_t i = 0; i < count; i++) {
    value now = all[i];

    if (fabs(now.z) <= tol) {
      all[g->gone++] = now;
      continue;
    }
    if (g->kept > 1 && now.d - prev->d <= tol) {
      const double r = hypot(now.z, prev->z), cosine = now.z / r, sine = -prev->z / r;

      rotate(c->mine, column_of(g, c->U, prev->id), column_of(g, c->U, now.id), cosine, sine);
      rotate(c->mine, column_of(g, c->V, prev->id), column_of(g, c->V, now.id), cosine, sine);
      now.z = r;
      if (now.where != prev->where) now.where = BOTH;
      all[g->gone++] = *prev;
      *prev = now;
    } else {
      prev = &g->in[g->kept++];
      *prev = now;
    }
  }
  for (int64_t k = 0; k < g->kept; k++) {
    g->d[k] = g->in[k].d;
    g->z[k] = g->in[k].z;
  }
  if (g->kept > 1) g->d[1] = fmax(g->d[1], tol / 2);
}

/* This rank's share of the kept values. */
static void share_of(const merge *g, int64_t *from, int64_t *to)
{
  const int64_t size = tt_ceil_div(g->kept, g->end - g->a);

  *from = tt_min(g->kept, size * (g->c->grid->rank - g->a));
  *to = tt_min(g->kept, *from + size);
}

/* Roots of this rank's share: nearest pole and distance, at their places in the sums. Local. TARTAN_ERR_NUMERIC. */
static tartan_status find_roots(merge *g, double *pole, double *shift)
{
  double        norm = 0, largest = 0;
  int64_t       from, to;
  tartan_status st = TARTAN_OK;

  share_of(g, &from, &to);
  for (int64_t k = 0; k < g->kept; k++) largest = fmax(largest, fabs(g->z[k]));
  for (int64_t k = 0; k < g->kept; k++) norm += g->z[k] / largest * (g->z[k] / largest);
  norm = largest * sqrt(norm);
  for (int64_t k = 0; k < g->kept; k++) g->shift[k] = g->z[k] / norm;
  for (int64_t k = from; k < to; k++) {
    int64_t near = k;

    if (g->kept == 1) {
      g->delta[0] = -norm;
    } else {
      TRY(tt_lasd4(g->kept, k, g->d, g->shift, g->delta, norm * norm, g->work));
      if (k + 1 < g->kept && fabs(g->delta[k + 1]) < fabs(g->delta[k])) near = k + 1;
    }
    pole[k] = (double)near;
    shift[k] = -g->delta[near];
  }
done:
  return st;
}

/* d[i] - root and d[i] + root, for i of a range. */
static inline double below(const merge *g, int64_t i, double pole, double shift)
{
  return ((g->d[i] - pole) - shift) * (g->d[i] + pole + shift);
}

/* The z of this rank's share for which the roots are exact, signs as before (Gu and Eisenstat). Local. */
static void exact_row(const merge *g, double *z)
{
  const int64_t k = g->kept;
  const double *d = g->d;
  int64_t       from, to;

  share_of(g, &from, &to);
  for (int64_t i = from; i < to; i++) z[i] = below(g, i, g->pole[k - 1], g->shift[k - 1]);
  for (int64_t j = 0; j + 1 < k; j++) {
    const double pole = g->pole[j], shift = g->shift[j];

    for (int64_t i = from; i < tt_min(to, j + 1); i++)
      z[i] *= below(g, i, pole, shift) / ((d[i] - d[j + 1]) * (d[i] + d[j + 1]));
    for (int64_t i = tt_max(from, j + 1); i < to; i++)
      z[i] *= below(g, i, pole, shift) / ((d[i] - d[j]) * (d[i] + d[j]));
  }
  for (int64_t i = from; i < to; i++) z[i] = copysign(sqrt(fabs(z[i])), g->z[i]);
}

/* Columns of U (0) or V (1) that are kept and in which this rank has entries; behind them the deflated ones. Local. */
static void gather(merge *g, int which, double *from, double *to)
{
  const tt_conquest *c = g->c;
  const size_t       bytes = (size_t)c->mine * sizeof *to;
  const int          side = c->grid->rank < g->b ? LEFT : RIGHT;
  int64_t            count = 0;

  for (int64_t k = 0; k < g->kept; k++) {
    const int  where = g->in[k].where;
    const bool here = k == 0 && which == 0 ? c->grid->rank == g->b - 1 : where == BOTH || where == side;

    if (!here) continue;
    memcpy(to + count * c->mine, column_of(g, from, g->in[k].id), bytes);
    g->pick[which][count++] = k;
  }
  for (int64_t k = 0; k < g->gone; k++) memcpy(to + (count + k) * c->mine, column_of(g, from, g->out[k].id), bytes);
  g->picked[which] = count;
}

/* Inner vectors j .. j + count - 1, normalized: v of z / ((d - s)(d + s)), u of -1 and d v. Local. */
static void inner_vectors(merge *g, int64_t j, int64_t count)
{
  for (int64_t l = 0; l < count; l++) {
    const double pole = g->pole[j + l], shift = g->shift[j + l];
    double      *u = g->u + l * g->kept, *v = g->v + l * g->kept, uu = 0, vv = 0;

    for (int64_t i = 0; i < g->kept; i++) v[i] = g->z[i] / below(g, i, pole, shift);
    for (int64_t i = 0; i < g->kept; i++) u[i] = g->d[i] * v[i];
    u[0] = -1;
    for (int64_t i = 0; i < g->kept; i++) uu += u[i] * u[i], vv += v[i] * v[i];
    uu = 1 / sqrt(uu);
    vv = 1 / sqrt(vv);
    for (int64_t i = 0; i < g->kept; i++) u[i] *= uu, v[i] *= vv;
  }
}

/* New columns j .. of this rank's rows of U (0) or V (1), from the old ones and the inner vectors x. Local. */
static void multiply(merge *g, int which, int64_t j, int64_t count, double *x, const double *old, double *new)
{
  const int64_t mine = g->c->mine, picked = g->picked[which];

  for (int64_t l = 0; l < count; l++) /* the rows that are picked, in place: each column closes up */
    for (int64_t i = 0; i < picked; i++) x[i + l * picked] = x[g->pick[which][i] + l * g->kept];
  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_NO_TRANS, mine, count, picked, 1, old, mine, x, tt_max(1, picked),
                0, column_of(g, new, j), mine);
  g->c->grid->counters.flops += 2.0 * (double)mine * (double)count * (double)picked;
}

/* Values and this rank's rows of the vectors of the merged problem. Local. */
static void form_vectors(merge *g)
{
  tt_conquest  *c = g->c;
  const int64_t mine = c->mine;
  const size_t  width = (size_t)mine * sizeof *c->U;

  if (c->grid->rank == g->b - 1) column_of(g, c->U, g->left)[mine - 1] = 1; /* the row between is this rank's last */
  gather(g, 0, c->U, c->P);
  gather(g, 1, c->V, c->Q);
  for (int64_t j = 0; j < g->kept; j += CHUNK) {
    const int64_t count = tt_min(CHUNK, g->kept - j);

    inner_vectors(g, j, count);
    multiply(g, 0, j, count, g->u, c->P, c->U);
    multiply(g, 1, j, count, g->v, c->Q, c->V);
  }
  memcpy(column_of(g, c->U, g->kept), c->P + g->picked[0] * mine, (size_t)g->gone * width);
  memcpy(column_of(g, c->V, g->kept), c->Q + g->picked[1] * mine, (size_t)g->gone * width);
  for (int64_t k = 0; k < g->kept; k++) c->d[g->off + k] = g->pole[k] + g->shift[k];
  for (int64_t k = 0; k < g->gone; k++) c->d[g->off + g->kept + k] = g->out[k].d;
  if (!g->extra) return;
  memset(column_of(g, c->U, g->n), 0, width); /* beside the null vector of V, which stays where it is */
  c->d[g->off + g->n] = 0;
}

/* This rank's group, if it is one of a pair. */
static bool pair_of(tt_conquest *c, int step, merge *g)
{
  *g = (merge){.c = c, .a = c->grid->rank / (2 * step) * (2 * step)};
  g->b = g->a + step;
  g->end = (int)tt_min(c->parts, g->a + 2 * (int64_t)step);
  if (c->grid->rank >= c->parts || g->b >= c->parts) return false;
  g->off = c->start[g->a];
  g->extra = g->end < c->parts;
  g->n = c->start[g->end] - g->off - g->extra;
  g->left = c->start[g->b] - g->off - 1;
  return true;
}

tartan_status tt_conquest_level(tt_conquest *c, int step)
{
  merge         g;
  const bool    busy = pair_of(c, step, &g);
  const int64_t n = c->n;
  double       *share = c->share;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (busy) local = merge_make(&g);
  AGREE(c->grid, local);
  memset(share, 0, 2 * (size_t)n * sizeof *share);
  if (busy) put_row(&g, share);
  if (c->grid->rank < c->parts && c->grid->rank % step == 0) /* the first of each group tells its values */
    for (int64_t i = c->start[c->grid->rank]; i < c->start[tt_min(c->parts, c->grid->rank + step)]; i++)
      share[n + i] = c->d[i];
  TRY(tt_allreduce_f64(c->grid, share, 2 * n, TT_SUM));
  memcpy(c->d, share + n, (size_t)n * sizeof *share);
  if (busy) deflate(&g, share);
  memset(share, 0, 2 * (size_t)n * sizeof *share);
  if (busy) local = find_roots(&g, share + g.off, share + n + g.off);
  AGREE(c->grid, local);
  TRY(tt_allreduce_f64(c->grid, share, 2 * n, TT_SUM));
  for (int64_t k = 0; busy && k < g.kept; k++) {
    g.pole[k] = g.d[(int64_t)share[g.off + k]];
    g.shift[k] = share[n + g.off + k];
  }
  memset(share, 0, (size_t)n * sizeof *share);
  if (busy) exact_row(&g, share + g.off);
  TRY(tt_allreduce_f64(c->grid, share, n, TT_SUM));
  if (busy) {
    memcpy(g.z, share + g.off, (size_t)g.kept * sizeof *share);
    form_vectors(&g);
  }
done:
  if (busy) merge_free(&g);
  return st;
}
