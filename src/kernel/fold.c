/*
 * Householder QR of a triangle on top of rows, in blocks of columns. A reflector is a unit vector in the triangle and a
 * full one in the rows below, so products of reflectors need the rows only. A block is factored by halves (Elmroth,
 * Gustavson 2000) down to a few columns, in the compact form I - V T V' (Schreiber, Van Loan 1989); the columns after it are
 * updated in tiles of fixed width, independent tasks whose arithmetic is the same on any thread.
 */
#include "kernel/fold.h"

#include <math.h>
#include <string.h>

#include <cblas.h>

#include "base/util.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"

#define BLOCK 64
#define BASE 8
#define TILE 128

/* A problem or a part of it: the triangle, the rows below it, and the factor T [BLOCK, BLOCK] of its reflectors. */
typedef struct fold {
  double *r;
  int64_t ldr;
  int64_t h;
  double *b;
  int64_t ldb;
  double *t; /* leading dimension BLOCK */
} fold;

int64_t tt_fold_work(int64_t n)
{
  return BLOCK * (BLOCK + n);
}

/* The part that begins at column j, with its own corner of T. */
static fold from_column(const fold *f, int64_t j)
{
  const fold part = {f->r + j + j * f->ldr, f->ldr, f->h, f->b + j * f->ldb, f->ldb, f->t + j + j * BLOCK};

  return part;
}

/* Reflector of the first column: x := v, *alpha := the new diagonal. Returns tau; 0 where there is nothing to remove. */
static double reflector(int64_t h, double *alpha, double *x)
{
  const double norm = cblas_dnrm2((int)h, x, 1);
  const double beta = -copysign(hypot(*alpha, norm), *alpha), pivot = *alpha - beta;
  double       tau;

  if (norm == 0) return 0;
  for (int64_t i = 0; i < h; i++) x[i] /= pivot;
  tau = -pivot / beta;
  *alpha = beta;
  return tau;
}

/* A few columns, one by one. */
static void factor_base(const fold *f, int64_t w)
{
  const int h = (int)f->h, ldb = (int)f->ldb;

  for (int64_t i = 0; i < w; i++) {
    double      *x = f->b + i * f->ldb, *t = f->t + i * BLOCK, y[BASE];
    const int    left = (int)i, right = (int)(w - i - 1);
    const double tau = reflector(f->h, &f->r[i + i * f->ldr], x);

    if (right > 0) {
      for (int64_t j = 0; j < right; j++) y[j] = f->r[i + (i + 1 + j) * f->ldr];
      cblas_dgemv(CblasColMajor, CblasTrans, h, right, tau, x + f->ldb, ldb, x, 1, tau, y, 1);
      for (int64_t j = 0; j < right; j++) f->r[i + (i + 1 + j) * f->ldr] -= y[j];
      cblas_dger(CblasColMajor, h, right, -1, x, 1, y, 1, x + f->ldb, ldb);
    }
    if (left > 0) {
      cblas_dgemv(CblasColMajor, CblasTrans, h, left, -tau, f->b, ldb, x, 1, 0, t, 1);
      cblas_dtrmv(CblasColMajor, CblasUpper, CblasNoTrans, CblasNonUnit, left, f->t, BLOCK, t, 1);
    }
    t[i] = tau;
  }
}

/* Columns j .. j + w - 1 of triangle and rows, by the reflectors of the first k columns. y [k, w], leading dimension ldy. */
static void apply(const fold *f, int64_t k, int64_t j, int64_t w, double *y, int64_t ldy)
{
  double *r = f->r + j * f->ldr, *b = f->b + j * f->ldb;

  for (int64_t c = 0; c < w; c++) memcpy(y + c * ldy, r + c * f->ldr, (size_t)k * sizeof *y);
  tt_gemm_local(TARTAN_F64, TARTAN_TRANS, TARTAN_NO_TRANS, k, w, f->h, 1, f->b, f->ldb, b, f->ldb, 1, y, ldy);
  cblas_dtrmm(CblasColMajor, CblasLeft, CblasUpper, CblasTrans, CblasNonUnit, (int)k, (int)w, 1, f->t, BLOCK, y,
              (int)ldy);
  for (int64_t c = 0; c < w; c++)
    for (int64_t i = 0; i < k; i++) r[i + c * f->ldr] -= y[i + c * ldy];
  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_NO_TRANS, f->h, w, k, -1, f->b, f->ldb, y, ldy, 1, b, f->ldb);
}

/* w columns by halves; the factors of the halves and what couples them make T. */
static void factor_block(const fold *f, int64_t w)
{
  const int64_t k = w / 2;
  double       *corner = f->t + k * BLOCK; /* T(0 .. k - 1, k .. w - 1) */
  fold          right;

  if (w <= BASE) {
    factor_base(f, w);
    return;
  }
  right = from_column(f, k);
  factor_block(f, k);
  apply(f, k, k, w - k, corner, BLOCK);
  factor_block(&right, w - k);
  tt_gemm_local(TARTAN_F64, TARTAN_TRANS, TARTAN_NO_TRANS, k, w - k, f->h, -1, f->b, f->ldb, right.b, f->ldb, 0, corner,
                BLOCK);
  cblas_dtrmm(CblasColMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, (int)k, (int)(w - k), 1, f->t, BLOCK,
              corner, BLOCK);
  cblas_dtrmm(CblasColMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, (int)k, (int)(w - k), 1, right.t,
              BLOCK, corner, BLOCK);
}

/* A factored block of columns and those that it is to be applied to. */
typedef struct update {
  fold    f;
  int64_t width, rest; /* columns of the block, and after it */
  double *y;           /* [BLOCK, rest] */
} update;

static void update_tile(int64_t i, void *context)
{
  const update *u = context;
  const int64_t from = i * TILE;

  apply(&u->f, u->width, u->width + from, tt_min(TILE, u->rest - from), u->y + from * BLOCK, BLOCK);
}

void tt_fold(int threads, int64_t n, double *r, int64_t ldr, int64_t h, int64_t head, double *b, int64_t ldb,
             double *work)
{
  const fold whole = {r, ldr, h, b, ldb, work};

  for (int64_t j = 0; j < n; j += BLOCK) {
    update u = {.f = from_column(&whole, j), .width = tt_min(BLOCK, n - j), .y = work + BLOCK * BLOCK};

    u.rest = n - j - u.width;
    u.f.t = work;
    u.f.h = tt_min(h, head + j + u.width); /* rows below have only zeros in these columns */
    if (u.f.h == 0) continue;
    factor_block(&u.f, u.width);
    tt_parallel_for(threads, tt_ceil_div(u.rest, TILE), update_tile, &u);
  }
}

/* Columns that lose their means. */
typedef struct centering {
  int64_t       h, n, ldb;
  double       *b;
  const double *ones;
  double       *mean;
} centering;

/* The second time takes away the rounding of the first. */
static void center_tile(int64_t i, void *context)
{
  const centering *c = context;
  const int64_t    from = i * TILE, width = tt_min(TILE, c->n - from);
  double           part[TILE];

  for (int64_t j = 0; j < width; j++) c->mean[from + j] = 0;
  for (int round = 0; round < 2; round++) {
    cblas_dgemv(CblasColMajor, CblasTrans, (int)c->h, (int)width, 1 / (double)c->h, c->b + from * c->ldb, (int)c->ldb,
                c->ones, 1, 0, part, 1);
    for (int64_t j = 0; j < width; j++) {
      double *x = c->b + (from + j) * c->ldb;

      for (int64_t l = 0; l < c->h; l++) x[l] -= part[j];
      c->mean[from + j] += part[j];
    }
  }
}

void tt_center_columns(int threads, int64_t h, int64_t n, double *b, int64_t ldb, const double *ones, double *mean)
{
  centering c = {h, n, ldb, b, ones, mean};

  tt_parallel_for(threads, tt_ceil_div(n, TILE), center_tile, &c);
}
