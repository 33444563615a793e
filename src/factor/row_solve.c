/*
 * Triangular systems on one row of ranks, each of which has whole columns of the factors, for a few right-hand sides: one
 * message for each block column, the rest of a rank's work is done while others go on. By columns (L, U), the message is
 * what the ranks so far take from the next rows (Li and Coleman 1988: its window passes from rank to rank); by dot
 * products (L', U'), it is the latest parts of the solution.
 */
#include "base/util.h"
#include "comm/collective.h"
#include "comm/messages.h"
#include "ext/lapack_solve.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"
#include "kernel/gemv.h"
#include "kernel/triangular.h"

typedef struct sweep {
  const tartan_matrix *F;
  size_t               size;
  int64_t              n, nb, steps, count;
  tartan_uplo          uplo;
  bool                 unit, down; /* down: from the first block to the last */
  char                *x, *s;      /* [n, count] the vectors, and by columns what this rank takes from them */
  char                *out, *in;   /* [(P - 1) nb, count] windows */
  tt_messages          sent, expected;
} sweep;

/* Rows of the blocks that have their turn in steps from .. to - 1. */
typedef struct rows {
  int64_t from, count;
} rows;

static rows rows_of(const sweep *w, int64_t from, int64_t to)
{
  const int64_t a = tt_max(from, 0), b = tt_min(to, w->steps);
  const int64_t first = w->down ? a * w->nb : (w->steps - b) * w->nb;
  const int64_t end = tt_min(w->n, w->down ? b * w->nb : (w->steps - a) * w->nb);

  return (rows){first, a < b ? end - first : 0};
}

static int owner_of(const sweep *w, int64_t step)
{
  return (int)((w->down ? step : w->steps - 1 - step) % w->F->q);
}

/* Element (i, l) of vectors [n, count]; element i of this rank's column c of F. Local. */
static char *at(const sweep *w, char *x, int64_t i, int64_t l)
{
  return x + (size_t)(i + l * w->n) * w->size;
}

static const char *at_factor(const sweep *w, int64_t i, int64_t c)
{
  return (const char *)w->F->data + (size_t)(i + c * w->F->ld) * w->size;
}

/* Memory. Local: the caller agrees. */
static tartan_status make(const tt_factored *f, int64_t count, sweep *w)
{
  tartan_grid  *grid = f->F->grid;
  const int64_t window = (f->F->q - 1) * f->layout.nb * count;
  tartan_status local = TARTAN_OK;

  *w = (sweep){.F = f->F, .size = tartan_dtype_size(f->F->dtype), .n = f->n, .nb = f->layout.nb, .count = count};
  w->steps = (w->n + w->nb - 1) / w->nb;
  w->x = tt_alloc(&grid->memory, w->n * count, w->size, "vectors of a triangular system", &local);
  w->s = tt_alloc_zero(&grid->memory, w->n * count, w->size, "vectors of a triangular system", &local);
  w->out = tt_alloc(&grid->memory, window, w->size, "messages of a triangular system", &local);
  w->in = tt_alloc(&grid->memory, window, w->size, "messages of a triangular system", &local);
  if (local == TARTAN_OK) local = tt_messages_make(grid, 1, TT_TAG_PANEL, &w->sent);
  if (local == TARTAN_OK) local = tt_messages_make(grid, 1, TT_TAG_PANEL, &w->expected);
  return local;
}

static void end(sweep *w)
{
  tt_messages_free(&w->expected);
  tt_messages_free(&w->sent);
  tt_free(w->in);
  tt_free(w->out);
  tt_free(w->s);
  tt_free(w->x);
}

/* Sends such rows of x to the rank whose turn is next. */
static tartan_status send_window(sweep *w, int64_t step, char *x, rows r)
{
  const tartan_dtype t = w->F->dtype;
  tartan_status      st = TARTAN_OK;

  if (step + 1 == w->steps || w->F->q == 1) goto done;
  TRY(tt_messages_wait(&w->sent));
  tt_copy_local(t, at(w, x, r.from, 0), w->n, t, w->out, r.count, r.count, w->count);
  TRY(tt_messages_send(&w->sent, w->out, r.count * w->count, w->size, owner_of(w, step + 1)));
done:
  return st;
}

/* Waits for what the rank before sent, into `in`; *came: there is any. */
static tartan_status take_window(sweep *w, int64_t step, rows r, bool *came)
{
  tartan_status st = TARTAN_OK;

  *came = step > 0 && w->F->q > 1;
  if (!*came) goto done;
  TRY(tt_messages_recv(&w->expected, w->in, r.count * w->count, w->size, owner_of(w, step - 1)));
  TRY(tt_messages_wait(&w->expected));
done:
  return st;
}

/* x [rows] := x + in. Local. */
static void add_window(const sweep *w, char *x, rows r)
{
  for (int64_t l = 0; l < w->count; l++)
    for (int64_t i = 0; i < r.count; i++) {
      const double sum = tt_get_element(w->F->dtype, at(w, x, r.from, l), 1, i, 0) +
                         tt_get_element(w->F->dtype, w->in, r.count, i, l);

      tt_put_element(w->F->dtype, sum, at(w, x, r.from, l), 1, i, 0);
    }
}

/* One block of T x = b by columns: what is below it (or above) takes its part. On its owner. */
static tartan_status column_step(sweep *w, int64_t step)
{
  const tartan_dtype t = w->F->dtype;
  const int64_t      P = w->F->q;
  const rows         here = rows_of(w, step, step + 1), before = rows_of(w, step, step + P - 1),
             near = rows_of(w, step + 1, step + P), far = rows_of(w, step + P, w->steps);
  const int64_t c = tartan_matrix_local_col(w->F, here.from);
  char         *x = at(w, w->x, here.from, 0);
  bool          came;
  tartan_status st = TARTAN_OK;

  TRY(take_window(w, step, before, &came));
  if (came) add_window(w, w->s, before);
  for (int64_t l = 0; l < w->count; l++)
    for (int64_t i = 0; i < here.count; i++)
      tt_put_element(t, tt_get_element(t, x, w->n, i, l) + tt_get_element(t, at(w, w->s, here.from, 0), w->n, i, l), x,
                     w->n, i, l);
  tt_trsv_few_local(t, w->uplo, TARTAN_NO_TRANS, w->unit, here.count, at_factor(w, here.from, c), w->F->ld, x, w->n,
                    w->count);
  tt_gemv_few_local(t, TARTAN_NO_TRANS, near.count, here.count, -1, at_factor(w, near.from, c), w->F->ld, x, w->n,
                    at(w, w->s, near.from, 0), w->n, w->count);
  TRY(send_window(w, step, w->s, near));
  tt_set_local(t, 0, at(w, w->s, near.from, 0), w->n, near.count, w->count);
  tt_gemv_few_local(t, TARTAN_NO_TRANS, far.count, here.count, -1, at_factor(w, far.from, c), w->F->ld, x, w->n,
                    at(w, w->s, far.from, 0), w->n, w->count);
done:
  return st;
}

/* One block of T' x = b: it takes what the blocks before it are worth to it. On its owner. */
static tartan_status dot_step(sweep *w, int64_t step)
{
  const tartan_dtype t = w->F->dtype;
  const int64_t      P = w->F->q;
  const rows         here = rows_of(w, step, step + 1), near = rows_of(w, step - P + 1, step),
             far = rows_of(w, 0, step - P + 1), latest = rows_of(w, step - P + 2, step + 1);
  const int64_t c = tartan_matrix_local_col(w->F, here.from);
  char         *x = at(w, w->x, here.from, 0);
  bool          came;
  tartan_status st = TARTAN_OK;

  tt_gemv_few_local(t, TARTAN_TRANS, far.count, here.count, -1, at_factor(w, far.from, c), w->F->ld,
                    at(w, w->x, far.from, 0), w->n, x, w->n, w->count);
  TRY(take_window(w, step, near, &came));
  if (came) tt_copy_local(t, w->in, near.count, t, at(w, w->x, near.from, 0), w->n, near.count, w->count);
  tt_gemv_few_local(t, TARTAN_TRANS, near.count, here.count, -1, at_factor(w, near.from, c), w->F->ld,
                    at(w, w->x, near.from, 0), w->n, x, w->n, w->count);
  tt_trsv_few_local(t, w->uplo, TARTAN_TRANS, w->unit, here.count, at_factor(w, here.from, c), w->F->ld, x, w->n,
                    w->count);
  TRY(send_window(w, step, w->x, latest));
done:
  return st;
}

/* x := op(T)^-1 x with a triangle of the factors; each rank has the parts of its columns. Collective. */
static tartan_status run(sweep *w, tartan_uplo uplo, tartan_op op, bool unit)
{
  tartan_status st = TARTAN_OK;

  w->uplo = uplo;
  w->unit = unit;
  w->down = (uplo == TARTAN_LOWER) == (op == TARTAN_NO_TRANS);
  if (w->n > 0) tt_set_local(w->F->dtype, 0, w->s, w->n, w->n, w->count);
  for (int64_t step = 0; step < w->steps; step++)
    if (owner_of(w, step) == w->F->pcol) TRY(op == TARTAN_NO_TRANS ? column_step(w, step) : dot_step(w, step));
  TRY(tt_messages_wait(&w->sent));
done:
  return st;
}

/* all [n, count] := x, on every rank. Collective. */
static tartan_status share(sweep *w, double *all)
{
  for (int64_t i = 0; i < w->n * w->count; i++) all[i] = 0;
  for (int64_t step = 0; step < w->steps; step++) {
    const rows r = rows_of(w, step, step + 1);

    if (owner_of(w, step) == w->F->pcol)
      tt_copy_local(w->F->dtype, at(w, w->x, r.from, 0), w->n, TARTAN_F64, all + r.from, w->n, r.count, w->count);
  }
  return tt_allreduce_f64(w->F->grid, all, w->n * w->count, TT_SUM);
}

/* Exchanges rows of the vectors as LU did, or back. Local. */
static void exchange(const tt_factored *f, bool back, int64_t count, double *x)
{
  for (int64_t step = 0; step < f->n; step++) {
    const int64_t i = back ? f->n - 1 - step : step, with = f->pivot[i] - 1;

    for (int64_t l = 0; l < count && with != i; l++) {
      const double kept = x[i + l * f->n];

      x[i + l * f->n] = x[with + l * f->n];
      x[with + l * f->n] = kept;
    }
  }
}

tartan_status tt_row_solve(const tt_factored *f, tartan_op op, int64_t count, double *x)
{
  const bool    turned = !f->cholesky && op == TARTAN_TRANS, unit = !f->cholesky;
  const int     threads = tt_factored_threads(f);
  double        t = tt_seconds();
  sweep         w;
  tartan_status st = TARTAN_OK;

  AGREE(f->F->grid, make(f, count, &w));
  if (unit && !turned) exchange(f, false, count, x);
  tt_copy_local(TARTAN_F64, x, w.n, w.F->dtype, w.x, w.n, w.n, count);
  if (turned) {
    TRY(run(&w, TARTAN_UPPER, TARTAN_TRANS, false));
    TRY(run(&w, TARTAN_LOWER, TARTAN_TRANS, true));
  } else {
    TRY(run(&w, TARTAN_LOWER, TARTAN_NO_TRANS, unit));
    TRY(run(&w, f->cholesky ? TARTAN_LOWER : TARTAN_UPPER, f->cholesky ? TARTAN_TRANS : TARTAN_NO_TRANS, false));
  }
  TRY(share(&w, x));
  if (turned) exchange(f, true, count, x);
  f->F->grid->counters.flops += 2.0 * (double)f->n * (double)f->n * (double)count / f->F->q;
done:
  end(&w);
  tt_blas_threads_end(threads);
  tt_grid_phase(f->F->grid, TARTAN_PHASE_COMPUTE, &t);
  return st;
}
