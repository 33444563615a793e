/*
 * Householder reduction to bidiagonal form in panels (Dongarra, Sorensen, Hammarling 1989): within a panel the matrix
 * is left alone and carried as A - V Y' - X U', where V and U hold the left and right reflectors. Every column lies
 * on one rank, so y = A'v is complete there, column by column, and the row that it changes, hence its product with A, too:
 * the two products that take half of all flops share one pass over the matrix (BLAS 2.5, Howell et al. 2008). A step
 * broadcasts a column and adds up one; the update at the end of a panel needs no message.
 *
 * V and X [m, width] stand on every rank, Y and U hold the rows of the local columns.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "factor/bidiagonal.h"
#include "kernel/gemm.h"
#include "kernel/gemv.h"
#include "kernel/parallel.h"

/* Columns of a block and of a panel. */
#define WIDTH 32

/* A column whose square sum below its first element is less than this is taken as zero there (the largest element
 * of the matrix is about 1): its square would be inexact, and the reflector not orthogonal. */
#define NOTHING 1e-280

typedef struct panel {
  tartan_grid   *grid;
  tartan_matrix *F;
  int64_t        m, nloc;
  double        *a; /* local part of F */
  int64_t        ld;
  double        *V, *X;    /* [m, WIDTH] each, side by side */
  double        *Y, *U;    /* [nloc, WIDTH] each, side by side */
  double        *message;  /* [m + 2] */
  double        *y, *row;  /* [nloc] */
  double        *w;        /* [m, threads] */
  double        *sums;     /* [2 + 4 WIDTH] */
  int64_t        start, i; /* first column of the panel, and the current one within it */
  int64_t        g, at;    /* the current column; local columns before the next one */
  double         tau;
} panel;

tartan_matrix_opts tt_bidiagonal_layout(const tartan_grid *grid)
{
  const tartan_matrix_opts opts = {.size = sizeof opts, .mb = WIDTH, .nb = WIDTH, .p = 1, .q = grid->size};

  return opts;
}

tartan_status tt_bidiagonal_make(tartan_grid *grid, int64_t n, tt_bidiagonal *b)
{
  tartan_status local = TARTAN_OK;

  b->n = n;
  b->d = tt_alloc_zero(&grid->memory, 4 * n, sizeof *b->d, "a bidiagonal matrix", &local);
  if (local != TARTAN_OK) return local;
  b->e = b->d + n;
  b->tauq = b->e + n;
  b->taup = b->tauq + n;
  return local;
}

void tt_bidiagonal_free(tt_bidiagonal *b)
{
  tt_free(b->d);
  b->d = NULL;
}

static void panel_free(panel *p)
{
  tt_free(p->sums);
  tt_free(p->w);
  tt_free(p->y);
  tt_free(p->message);
  tt_free(p->Y);
  tt_free(p->V);
}

/* Local: TARTAN_ERR_NOMEM. */
static tartan_status panel_make(tartan_matrix *F, panel *p)
{
  tt_memory    *mem = &F->grid->memory;
  const int64_t m = F->row.n, nloc = F->nloc;
  tartan_status local = TARTAN_OK;

  *p = (panel){.grid = F->grid, .F = F, .m = m, .nloc = nloc, .a = F->data, .ld = F->ld};
  p->V = tt_alloc_zero(mem, 2 * WIDTH * m, sizeof *p->V, "a panel of left reflectors", &local);
  p->Y = tt_alloc_zero(mem, 2 * WIDTH * nloc, sizeof *p->Y, "a panel of right reflectors", &local);
  p->message = tt_alloc(mem, m + 2, sizeof *p->message, "a reflector", &local);
  p->y = tt_alloc_zero(mem, 2 * nloc, sizeof *p->y, "a row", &local);
  p->w = tt_alloc(mem, m * F->grid->threads, sizeof *p->w, "a column", &local);
  p->sums = tt_alloc(mem, 2 + 4 * WIDTH, sizeof *p->sums, "sums over ranks", &local);
  if (local == TARTAN_OK) {
    p->X = p->V + WIDTH * m;
    p->U = p->Y + WIDTH * nloc;
    p->row = p->y + nloc;
  }
  return local;
}

/* The reflector that maps (alpha, x) with |x|^2 = tail to (beta, 0): x becomes scale x. */
static void reflector(double alpha, double tail, double *beta, double *tau, double *scale)
{
  *beta = alpha;
  *tau = *scale = 0;
  if (tail < NOTHING) return;
  *beta = -copysign(sqrt(alpha * alpha + tail), alpha);
  *tau = (*beta - alpha) / *beta;
  *scale = 1 / (alpha - *beta);
}

/* Column g brought up to date and its reflector, on its owner: message = (beta, tau, v below its leading 1). Local. */
static void make_left(panel *p)
{
  const int64_t g = p->g, length = p->m - g, jl = tartan_matrix_local_col(p->F, g);
  double       *column = p->a + g + jl * p->ld, tail = 0, scale;

  tt_gemv_local(TARTAN_NO_TRANS, length, p->i, -1, p->V + g, p->m, p->Y + jl, p->nloc, 1, column);
  tt_gemv_local(TARTAN_NO_TRANS, length, p->i, -1, p->X + g, p->m, p->U + jl, p->nloc, 1, column);
  for (int64_t i = 1; i < length; i++) tail += column[i] * column[i];
  reflector(column[0], tail, &p->message[0], &p->message[1], &scale);
  for (int64_t i = 1; i < length; i++) column[i] *= scale;
  memcpy(p->message + 2, column + 1, (size_t)(length - 1) * sizeof *column);
}

/* Takes the reflector into V. Local. */
static void take_left(panel *p, tt_bidiagonal *b)
{
  double *v = p->V + p->g + p->i * p->m;

  b->d[p->g] = p->message[0];
  b->tauq[p->g] = p->tau = p->message[1];
  v[0] = 1;
  memcpy(v + 1, p->message + 2, (size_t)(p->m - p->g - 1) * sizeof *v);
}

/* One thread's share of the local columns that are left. */
static void sweep(int64_t t, void *context)
{
  panel        *p = context;
  const int64_t count = p->nloc - p->at, share = tt_ceil_div(count, p->grid->threads);
  const int64_t from = tt_min(count, t * share), to = tt_min(count, from + share), length = p->m - p->g;
  double       *w = p->w + t * p->m;

  memset(w, 0, (size_t)length * sizeof *w);
  tt_gemv_twice(length, to - from, p->a + p->g + (p->at + from) * p->ld, p->ld, p->V + p->g + p->i * p->m, p->tau,
                p->y + from, p->row + from, w);
}

/*
 * Row g brought up to date, with y = tau (A'v - Y V'v - U X'v) of this step, and w = A row, of this rank's columns; w
 * begins at row g. Local.
 */
static void both_products(panel *p)
{
  const int64_t g = p->g, i = p->i, length = p->m - g, count = p->nloc - p->at;
  const double *v = p->V + g + i * p->m, *y = p->Y + p->at, *u = p->U + p->at;
  double       *q = p->sums;

  for (int64_t j = 0; j < count; j++) p->row[j] = p->a[g + (p->at + j) * p->ld];
  tt_gemv_local(TARTAN_NO_TRANS, count, i, -1, y, p->nloc, p->V + g, p->m, 1, p->row);
  tt_gemv_local(TARTAN_NO_TRANS, count, i, -1, u, p->nloc, p->X + g, p->m, 1, p->row);
  tt_gemv_local(TARTAN_TRANS, length, i, 1, p->V + g, p->m, v, 1, 0, q);
  tt_gemv_local(TARTAN_NO_TRANS, count, i, 1, y, p->nloc, q, 1, 0, p->y);
  tt_gemv_local(TARTAN_TRANS, length, i, 1, p->X + g, p->m, v, 1, 0, q);
  tt_gemv_local(TARTAN_NO_TRANS, count, i, 1, u, p->nloc, q, 1, 1, p->y);
  tt_parallel_for(p->grid->threads, p->grid->threads, sweep, p);
  for (int64_t t = 1; t < p->grid->threads; t++)
    for (int64_t l = 0; l < length; l++) p->w[l] += p->w[l + t * p->m];
  memcpy(p->Y + p->at + i * p->nloc, p->y, (size_t)count * sizeof *p->y);
}

/*
 * What the right reflector needs from all ranks: the first element of the row, the square sum of the others, Y' and U'
 * times those others, and the first columns of Y' and U'. Collective.
 */
static tartan_status sum_right(panel *p)
{
  const int64_t jl = tartan_matrix_local_col(p->F, p->g + 1), skip = jl >= 0, count = p->nloc - p->at - skip;
  const int64_t w = p->i + 1, i = p->i;
  double       *s = p->sums;
  tartan_status st = TARTAN_OK;

  memset(s, 0, (2 + 4 * WIDTH) * sizeof *s);
  for (int64_t j = skip; j < count + skip; j++) s[1] += p->row[j] * p->row[j];
  tt_gemv_local(TARTAN_TRANS, count, w, 1, p->Y + p->at + skip, p->nloc, p->row + skip, 1, 0, s + 2);
  tt_gemv_local(TARTAN_TRANS, count, i, 1, p->U + p->at + skip, p->nloc, p->row + skip, 1, 0, s + 2 + w);
  if (skip) {
    s[0] = p->row[0];
    for (int64_t l = 0; l < w; l++) s[2 + w + i + l] = p->Y[jl + l * p->nloc];
    for (int64_t l = 0; l < i; l++) s[2 + 2 * w + i + l] = p->U[jl + l * p->nloc];
  }
  TRY(tt_allreduce_f64(p->grid, s, 2 + 2 * (w + i), TT_SUM));
done:
  return st;
}

/* The right reflector u of row g, kept in U and F, and x = taup (A - V Y' - X U') u, kept in X. Collective. */
static tartan_status make_right(panel *p, tt_bidiagonal *b)
{
  const int64_t g = p->g, i = p->i, length = p->m - g - 1, jl = tartan_matrix_local_col(p->F, g + 1);
  const int64_t share = tt_ceil_div(length, p->grid->size), from = tt_min(length, p->grid->rank * share);
  const int64_t mine = tt_min(share, length - from), w = i + 1;
  double       *s = p->sums, *x = p->w + 1, *u = p->U + p->at + i * p->nloc, tau, scale;
  tartan_status st = TARTAN_OK;

  TRY(sum_right(p));
  reflector(s[0], s[1], &b->e[g], &tau, &scale);
  b->taup[g] = tau;
  for (int64_t j = 0; j < p->nloc - p->at; j++) u[j] = scale * p->row[j];
  if (jl >= 0) { /* its own factor is not that of the others */
    u[0] = 1;
    for (int64_t l = 0; l < length; l++) x[l] -= b->e[g] * p->a[g + 1 + l + jl * p->ld];
  }
  for (int64_t j = 0; j < p->nloc - p->at; j++) p->a[g + (p->at + j) * p->ld] = u[j];
  for (int64_t l = 0; l < w + i; l++) s[2 + l] = scale * s[2 + l] + s[2 + w + i + l];
  for (int64_t l = 0; l < length; l++) x[l] *= scale;
  tt_gemv_local(TARTAN_NO_TRANS, mine, w, -1, p->V + g + 1 + from, p->m, s + 2, 1, 1, x + from);
  tt_gemv_local(TARTAN_NO_TRANS, mine, i, -1, p->X + g + 1 + from, p->m, s + 2 + w, 1, 1, x + from);
  TRY(tt_allreduce_f64(p->grid, x, length, TT_SUM));
  for (int64_t l = 0; l < length; l++) p->X[g + 1 + l + i * p->m] = tau * x[l];
done:
  return st;
}

/* Step i of a panel. Collective. */
static tartan_status step(panel *p, tt_bidiagonal *b)
{
  const tt_axis *col = &p->F->col;
  const int      owner = (int)(p->g / WIDTH % p->grid->size);
  tartan_status  st = TARTAN_OK;

  p->at = tt_axis_below(col, p->F->pcol, p->g + 1);
  if (owner == p->grid->rank) make_left(p);
  TRY(tt_bcast(p->grid, p->message, p->m - p->g + 1, sizeof *p->message, owner));
  take_left(p, b);
  if (p->g + 1 == b->n) goto done;
  both_products(p);
  TRY(make_right(p, b));
done:
  return st;
}

/* A := A - V Y' - X U' beyond the panel. Local. */
static void update(panel *p)
{
  const int64_t next = p->start + WIDTH, at = tt_axis_below(&p->F->col, p->F->pcol, next);

  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_TRANS, p->m - next, p->nloc - at, 2 * WIDTH, -1, p->V + next, p->m,
                p->Y + at, tt_max(1, p->nloc), 1, p->a + next + at * p->ld, p->ld);
}

tartan_status tt_bidiagonal_reduce(tartan_matrix *F, tt_bidiagonal *b)
{
  panel         p;
  double        t = tt_seconds();
  int           threads;
  const double  m = (double)F->row.n, n = (double)F->col.n;
  tartan_status st = TARTAN_OK;

  st = panel_make(F, &p);
  AGREE(F->grid, st);
  threads = tt_blas_threads_begin(F->grid);
  for (; p.start < b->n && st == TARTAN_OK; p.start += WIDTH) {
    for (p.i = 0; p.i < WIDTH && p.start + p.i < b->n && st == TARTAN_OK; p.i++) {
      p.g = p.start + p.i;
      st = step(&p, b);
    }
    if (st == TARTAN_OK && p.start + WIDTH < b->n) update(&p);
  }
  tt_blas_threads_end(threads);
  tt_grid_phase(F->grid, TARTAN_PHASE_COMPUTE, &t);
  F->grid->counters.flops += 4 * n * n * (m - n / 3) / F->grid->size;
  if (st == TARTAN_OK) TRY(tt_bcast(F->grid, b->d, 4 * b->n, sizeof *b->d, 0)); /* the same bits everywhere */
done:
  panel_free(&p);
  return st;
}
