/*
 * How long a Gram pass will take, from a taste of it: all threads convert and multiply tiles of the shapes that the pass has, in
 * its precision, and the first rows of each rank are read. The fastest of a few repetitions counts: what disturbs is not the
 * pass's.
 */
#include <math.h>

#include "base/util.h"
#include "comm/agree.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"
#include "oper/gram_impl.h"

#define REPEATED 4
#define ENOUGH 0.03                     /* seconds of one kind of work */
#define TASTE_BYTES ((int64_t)16 << 20) /* of rows that are read */

typedef struct taste {
  const tt_gram_plan *plan;
  tt_element          element;
  int64_t             tile;
  char               *raw, *panel; /* [threads] panels of one tile, as stored and converted */
  double             *c, *sums;    /* [threads][tile * tile], [threads][2 tile]: sums and shifts */
  float              *exact;       /* [threads][tile * tile] */
  int                 kind;
} taste;

enum { CONVERT, DIAGONAL, OFF, KINDS };

static tartan_dtype dtype_of(const taste *x)
{
  return x->plan->exact ? TARTAN_F32 : TARTAN_F64;
}

/* The product of two panels of a tile, or the triangle of one, as the pass adds them up. */
static void multiply(const taste *x, const void *panel, double *c, float *f)
{
  const int64_t n = x->tile, h = x->plan->segments.panel;
  const bool    exact = x->plan->exact, diagonal = x->kind == DIAGONAL;
  void         *to = exact ? (void *)f : (void *)c;

  if (diagonal)
    tt_syrk_local(dtype_of(x), n, h, 1, panel, n, exact ? 0 : 1, to, n);
  else
    tt_gemm_local(dtype_of(x), TARTAN_NO_TRANS, TARTAN_TRANS, n, n, h, 1, panel, n, panel, n, exact ? 0 : 1, to, n);
  for (int64_t j = 0; exact && j < n; j++) {
    const int64_t from = diagonal ? j : 0;

    tt_add_widened(n - from, f + from + j * n, c + from + j * n);
  }
}

/* tt_task: one piece of work of a thread. */
static void work(int64_t i, void *context)
{
  const taste  *x = context;
  const int64_t n = x->tile, h = x->plan->segments.panel;
  const size_t  width = tartan_dtype_size(dtype_of(x));
  char         *raw = x->raw + (size_t)(i * n * h) * tt_element_size(x->element);
  char         *panel = x->panel + (size_t)(i * n * h) * width;

  if (x->kind == CONVERT) {
    const tt_shift_job job = {.rows = h,
                              .cols = n,
                              .src = raw,
                              .src_ld = n,
                              .dst = panel,
                              .dst_ld = n,
                              .shift = x->sums + (2 * i + 1) * n,
                              .sum = x->sums + 2 * i * n};

    tt_convert_shifted(x->element, dtype_of(x), &job);
  } else {
    multiply(x, panel, x->c + i * n * n, x->exact ? x->exact + i * n * n : NULL);
  }
}

/* Seconds in which every thread does one piece. */
static double time_of(taste *x, int kind, int threads)
{
  const double begin = tt_seconds();
  double       best = INFINITY;

  x->kind = kind;
  for (int rep = 0; rep < REPEATED && (rep < 2 || tt_seconds() - begin < ENOUGH); rep++) {
    const double t = tt_seconds();

    tt_parallel_for(threads, threads, work, x);
    if (rep > 0) best = fmin(best, tt_seconds() - t);
  }
  return best;
}

/* Seconds that all threads take for one panel of n columns. */
static tartan_status taste_panel(const tartan_operator *op, const tt_gram_plan *plan, double *seconds)
{
  const int64_t tile = plan->tile, panel = tile * plan->segments.panel, threads = op->grid->threads;
  const double  T = fmax(1, (double)op->n / (double)tile);
  taste         x = {.plan = plan, .element = op->element, .tile = tile};
  tartan_status local = TARTAN_OK;

  x.raw = tt_alloc_zero(NULL, threads * panel, tt_element_size(op->element), "a taste of a pass", &local);
  x.panel = tt_alloc_zero(NULL, threads * panel, tartan_dtype_size(dtype_of(&x)), "a taste of a pass", &local);
  x.c = tt_alloc_zero(NULL, threads * tile * tile, sizeof *x.c, "a taste of a pass", &local);
  x.sums = tt_alloc_zero(NULL, threads * 2 * tile, sizeof *x.sums, "a taste of a pass", &local);
  if (plan->exact) x.exact = tt_alloc_zero(NULL, threads * tile * tile, sizeof *x.exact, "a taste of a pass", &local);
  if (local == TARTAN_OK) {
    *seconds = T * time_of(&x, CONVERT, (int)threads) + T * time_of(&x, DIAGONAL, (int)threads);
    if (T > 1) *seconds += T * (T - 1) / 2 * time_of(&x, OFF, (int)threads);
    *seconds /= (double)threads;
  }
  tt_free(x.exact);
  tt_free(x.sums);
  tt_free(x.c);
  tt_free(x.panel);
  tt_free(x.raw);
  return local;
}

/* Seconds of reading a row, or of copying it from a matrix: the fastest of a few slabs. Collective. */
static tartan_status taste_rows(const tartan_operator *op, const tt_gram_plan *plan, double *seconds)
{
  const tt_counters before = op->grid->counters;
  const int64_t     slab = tt_min(plan->slab, tt_pass_slab_rows(op, TASTE_BYTES, false)); /* is planned for */
  int64_t          *starts = NULL;
  tt_pass           pass = {NULL};
  double            best = INFINITY;
  tartan_status     st = TARTAN_OK, local = TARTAN_OK;

  *seconds = 0;
  if (!op->dataset) goto done;
  starts = tt_alloc(&op->grid->memory, op->grid->size + 1, sizeof *starts, "the ranges of a pass", &local);
  AGREE(op->grid, local);
  tt_segments_partition(&plan->segments, op->grid->size, starts);
  TRY(tt_pass_begin(op, starts, slab, NULL, &pass));
  for (int64_t step = 0; step < tt_min(pass.steps, REPEATED) && local == TARTAN_OK; step++) {
    const double t = tt_seconds();
    int64_t      row0, rows;

    tt_pass_slab(&pass, step, &row0, &rows);
    if (rows > 0) local = tt_pass_read(&pass, step);
    if (rows > 0) best = fmin(best, (tt_seconds() - t) / (double)rows);
  }
  AGREE(op->grid, local);
  if (isfinite(best)) *seconds = best;
done:
  tt_pass_end(&pass);
  tt_free(starts);
  op->grid->counters = before;
  return st;
}

tartan_status tt_gram_predict(const tartan_operator *op, const tt_gram_plan *plan, double *seconds)
{
  tartan_grid  *grid = op->grid;
  const double  rows = (double)tt_segments_most_rows(&plan->segments, grid->size);
  double        row = 0, panel = 0;
  tartan_status st = TARTAN_OK, local;

  *seconds = 0;
  TRY(taste_rows(op, plan, &row));
  local = taste_panel(op, plan, &panel);
  AGREE(grid, local);
  *seconds = rows * row + rows / (double)plan->segments.panel * panel + 8 * plan->words / grid->rates.bandwidth;
  TRY(tt_allreduce_f64(grid, seconds, 1, TT_MAX));
done:
  return st;
}
