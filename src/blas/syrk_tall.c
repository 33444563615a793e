/*
 * The triangle over a long inner dimension: n (n + 1) / 2 (1 - 1/P) words for the sum, half of what the product moves, and
 * within (n + 1) / (n - 1) of what any algorithm must (Al Daas, Ballard, Grigori, Kumar, Rouse 2023). Slices are added in
 * the order of ranks, so the bits depend on nothing that varies from run to run.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "blas/bound.h"
#include "blas/pblas.h"
#include "blas/syrk_impl.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"

#define MOVE_COPIES 2 /* of a word that changes its layout: panels of A once, the triangle more often */
#define EVEN 1.2      /* columns of the fullest rank over the mean: more than that, and A is cut anew */

/* The packed triangle as rank l has it, whole. */
static tt_layout whole_triangle(const tt_axis *slices, const int *rank)
{
  const tt_layout layout = {.row = {.n = 1, .nb = 1, .procs = 1},
                            .col = {.n = slices->n, .nb = tt_max(1, slices->n), .procs = 1},
                            .ranks = rank};

  return layout;
}

/* The packed triangle in slices. */
static tt_layout sliced_triangle(const tt_axis *slices)
{
  const tt_layout layout = {.row = {.n = 1, .nb = 1, .procs = 1}, .col = *slices};

  return layout;
}

static tt_step sum_step(const tt_syrk_plan *plan, size_t size, int P)
{
  const tt_layout from = whole_triangle(&plan->slices, NULL), to = sliced_triangle(&plan->slices);
  tt_step         step = {1, tt_max(1, tt_axis_largest(&plan->slices))};

  while (step.cols > 1 &&
         tt_transfer_bytes(&from, &to, size, step) + (P - 1) * tt_transfer_bytes_in(&from, &to, size, step) >
             plan->bytes)
    step.cols = (step.cols + 1) / 2;
  return step;
}

/* Bytes per rank beside the operands. */
static int64_t price_memory(const tt_gemm_shape *shape, const tt_syrk_plan *plan)
{
  const int       P = shape->grid->size;
  const size_t    size = tartan_dtype_size(shape->dtype);
  const int64_t   n = shape->m;
  const tt_layout from = whole_triangle(&plan->slices, NULL), to = sliced_triangle(&plan->slices);
  const tt_step   step = sum_step(plan, size, P), bring = {INT64_MAX, plan->panel};
  int64_t         bytes = (int64_t)size * (n * n + plan->slices.n + tt_axis_largest(&plan->slices));

  bytes += tt_transfer_bytes(&from, &to, size, step) + (P - 1) * tt_transfer_bytes_in(&from, &to, size, step);
  bytes += tt_spread_bytes(&shape->c, &plan->slices, size, P) + P * (int64_t)(sizeof(tt_transfer) + sizeof(int));
  if (!plan->a_stays)
    bytes += (int64_t)size * n * plan->panel +
             tt_transfer_bytes(&shape->a, &plan->a, size,
                               tt_transfer_plan(&shape->a, &plan->a, size, bring, plan->bytes));
  return bytes;
}

/* Words that bring A, and C's part of the triangle: the largest over ranks of sent and received. */
static double words_moved(const tt_gemm_shape *shape, const tt_syrk_plan *plan, int64_t *work)
{
  const int       P = shape->grid->size;
  const tt_layout c = shape->uplo == TARTAN_UPPER ? tt_layout_turn(&shape->c) : shape->c;
  int64_t        *sent = work, *came = work + P, *rows = work + 2 * P, *cols = rows + (int64_t)P * P, most = 0;

  memset(work, 0, 2 * (size_t)P * sizeof *work);
  tt_spread_add_words(&c, &plan->slices, P, sent, came);
  if (!plan->a_stays) {
    tt_axis_overlap(&shape->a.row, &plan->a.row, rows);
    tt_axis_overlap(&shape->a.col, &plan->a.col, cols);
    tt_layout_add_words(&shape->a, &plan->a, rows, cols, P, sent, came);
  }
  for (int r = 0; r < 2 * P; r++) most = tt_max(most, work[r]);
  return (double)most;
}

/* Messages of the busiest sender, at most. */
static int64_t messages(const tt_gemm_shape *shape, const tt_syrk_plan *plan)
{
  const int     P = shape->grid->size;
  const size_t  size = tartan_dtype_size(shape->dtype);
  const int64_t sums = tt_ceil_div(tt_axis_largest(&plan->slices), sum_step(plan, size, P).cols);
  const tt_step bring = tt_transfer_plan(&shape->a, &plan->a, size, (tt_step){INT64_MAX, plan->panel}, plan->bytes);

  return (sums + 1) * (P - 1) + (plan->a_stays ? 0 : tt_transfer_messages(&plan->a, bring));
}

double tt_syrk_tall_seconds(const tt_gemm_shape *shape, const tt_syrk_plan *plan, double speed)
{
  const tt_rates    *rates = &shape->grid->rates;
  const tartan_cost *c = &plan->cost;
  const double       size = (double)tartan_dtype_size(shape->dtype);

  return c->flops / (speed * (size == 4 ? 2 : 1)) + c->words * size / rates->bandwidth + c->messages * rates->latency +
         c->words_redistributed * size * (1 / rates->bandwidth + MOVE_COPIES / rates->copies);
}

bool tt_syrk_tall_plan(const tt_gemm_shape *shape, int64_t cap, double beat, int64_t *work, tt_syrk_plan *plan)
{
  const int     P = shape->grid->size;
  const int64_t n = shape->m, k = shape->k, size = (int64_t)tartan_dtype_size(shape->dtype);
  tartan_cost  *c = &plan->cost;
  int64_t       most;

  memset(plan, 0, sizeof *plan);
  plan->a_stays = shape->a.row.procs == 1 &&
                  (double)tt_axis_largest(&shape->a.col) <= EVEN * (double)tt_ceil_div(k, P) + 64;
  plan->a = shape->a;
  if (!plan->a_stays) plan->a = (tt_layout){.row = {.n = n, .nb = tt_max(1, n), .procs = 1}, .col = tt_axis_even(k, P)};
  plan->slices = tt_axis_even(n * (n + 1) / 2, P);
  most = tt_axis_largest(&plan->a.col);
  plan->panel = tt_max(1, tt_min(most, tt_max(TT_GEMM_PANEL_LEAST, TT_GEMM_STREAM_BYTES / size / tt_max(1, n))));
  for (plan->bytes = TT_GEMM_MOVE_BYTES; plan->bytes > 4096 && cap > 0 && price_memory(shape, plan) > cap;)
    plan->bytes /= 2;
  c->memory = (double)price_memory(shape, plan);
  c->flops = (double)n * (double)(n + 1) * (double)most;
  c->words = (double)(plan->slices.n - tt_axis_largest(&plan->slices));
  c->words = fmax(c->words, (double)tt_axis_largest(&plan->slices) * (P - 1));
  if (P == 1) c->words = 0;
  if (tt_syrk_tall_seconds(shape, plan, shape->grid->rates.flops * shape->grid->threads) >= beat) return false;
  c->words_redistributed = words_moved(shape, plan, work);
  c->words_bound = tt_syrk_bound((double)n, (double)k, P);
  c->messages = (double)messages(shape, plan);
  c->bytes_moved = (c->words + c->words_redistributed) * (double)size;
  c->passes = 1;
  c->seconds = tt_syrk_tall_seconds(shape, plan, shape->grid->rates.flops * shape->grid->threads);
  c->grid[0] = c->grid[1] = 1;
  c->grid[2] = P;
  snprintf(c->algorithm, sizeof c->algorithm, "inner triangle");
  snprintf(c->reason, sizeof c->reason, "the inner dimension is long: each rank its own part of it%s",
           plan->a_stays ? ", A in place" : "");
  return cap <= 0 || (int64_t)c->memory <= cap;
}

/* ------------------------------------------------------------------------------------------------ run */

typedef struct run {
  const tt_syrk      *x;
  const tt_syrk_plan *plan;
  tartan_grid        *grid;
  int64_t             n, size;
  bool                turned; /* A's memory is [k, n] */
  tt_transfer         bring;
  tt_step             step;
  char               *panel, *square, *packed, *slice;
  int                *ids;
  tt_transfer        *sums; /* [P] */
  tt_step             sum;
  tt_spread           spread;
} run;

static void end_run(run *r)
{
  tt_spread_end(&r->spread);
  for (int l = 0; l < r->grid->size && r->sums; l++) tt_transfer_free(&r->sums[l]);
  tt_free(r->sums);
  tt_free(r->ids);
  tt_free(r->slice);
  tt_free(r->packed);
  tt_free(r->square);
  tt_free(r->panel);
  tt_transfer_free(&r->bring);
}

/* How A's columns come, where they have to. Local. */
static tartan_status make_bring(run *r, const tt_gemm_shape *shape)
{
  const tt_syrk_plan *plan = r->plan;
  const tt_layout     turned = tt_layout_turn(&plan->a);
  const tt_step       step = tt_transfer_plan(&shape->a, &plan->a, (size_t)r->size, (tt_step){INT64_MAX, plan->panel},
                                              plan->bytes);
  tartan_status       local = TARTAN_OK;

  if (plan->a_stays) return local;
  r->step = r->turned ? (tt_step){step.cols, step.rows} : step;
  r->panel = tt_alloc(&r->grid->memory, r->n * plan->panel, (size_t)r->size, "a panel of A", &local);
  if (local != TARTAN_OK) return local;
  return tt_transfer_make(TARTAN_NO_TRANS, r->x->A, r->turned ? &turned : &plan->a, r->step, &r->bring);
}

/* All memory. Local. */
static tartan_status make_run(run *r, const tt_gemm_shape *shape)
{
  const tt_syrk_plan *plan = r->plan;
  const tt_layout     to = sliced_triangle(&plan->slices);
  const int           P = r->grid->size;
  tt_memory          *mem = &r->grid->memory;
  tartan_status       local;

  local = make_bring(r, shape);
  r->square = tt_alloc(mem, r->n * r->n, (size_t)r->size, "a partial triangle", &local);
  r->packed = tt_alloc(mem, plan->slices.n, (size_t)r->size, "a packed triangle", &local);
  r->slice = tt_alloc(mem, tt_axis_largest(&plan->slices), (size_t)r->size, "a slice of a triangle", &local);
  r->ids = tt_alloc(mem, P, sizeof *r->ids, "the sums of a triangle", &local);
  r->sums = tt_alloc_zero(mem, P, sizeof *r->sums, "the sums of a triangle", &local);
  r->sum = sum_step(plan, (size_t)r->size, P);
  for (int l = 0; l < P && local == TARTAN_OK; l++) {
    const tt_layout from = whole_triangle(&plan->slices, &r->ids[l]);
    tartan_matrix   frame;

    r->ids[l] = l;
    tt_matrix_frame(r->grid, r->x->C->dtype, &from, r->packed, 1, &frame);
    local = tt_transfer_make(TARTAN_NO_TRANS, &frame, &to, r->sum, &r->sums[l]);
    r->sums[l].product = true;
  }
  if (local == TARTAN_OK) local = tt_spread_make(r->x, &plan->slices, &r->spread);
  return local;
}

/* Lower triangle of square += alpha A A' of so many columns of op(A) that begin at `a`. */
static void multiply(run *r, const char *a, int64_t ld, int64_t width, double beta)
{
  double t = tt_seconds();

  if (width == 0) { /* perhaps a rank without a place, whose A is nothing */
    a = r->square;
    ld = r->n;
  }
  if (r->turned)
    tt_syrk_turned_local(r->x->C->dtype, r->n, width, r->x->alpha, a, ld, beta, r->square, r->n);
  else
    tt_syrk_local(r->x->C->dtype, r->n, width, r->x->alpha, a, ld, beta, r->square, r->n);
  r->grid->counters.flops += (double)r->n * (double)(r->n + 1) * (double)width;
  tt_grid_phase(r->grid, TARTAN_PHASE_COMPUTE, &t);
}

/* The product of this rank's columns, brought in panels where they lie elsewhere. Collective. */
static tartan_status multiply_all(run *r)
{
  const tartan_matrix *A = r->x->A;
  const int64_t        n = r->n, k = tt_axis_largest(&r->plan->a.col), w = r->plan->panel;
  const int64_t        mine = r->turned ? A->mloc : A->nloc, ld = r->turned ? tt_max(1, w) : tt_max(1, n);
  tartan_status        st = TARTAN_OK;

  if (r->plan->a_stays) {
    multiply(r, A->data, A->ld, A->prow < 0 ? 0 : mine, 0);
    goto done;
  }
  for (int64_t l = 0; l < tt_max(1, k); l += w) {
    const int64_t width = tt_max(0, tt_min(w, tt_axis_count(&r->plan->a.col, r->grid->rank) - l));

    TRY(tt_transfer_range(&r->bring, r->step, r->turned ? l : 0, r->turned ? l + w : n, r->turned ? 0 : l,
                          r->turned ? n : l + w, A->dtype, 0, r->panel, ld));
    multiply(r, r->panel, ld, width, l == 0 ? 0 : 1);
  }
done:
  return st;
}

/* The lower triangle without its gaps. */
static void pack(run *r)
{
  char *to = r->packed;

  for (int64_t j = 0; j < r->n; j++) {
    const size_t bytes = (size_t)((r->n - j) * r->size);

    memcpy(to, r->square + (j + j * r->n) * r->size, bytes);
    to += bytes;
  }
}

/* Slices of the sum of all triangles. Collective. */
static tartan_status sum_slices(run *r)
{
  const int64_t largest = tt_axis_largest(&r->plan->slices);
  tartan_status st = TARTAN_OK;

  for (int64_t c = 0; c < largest; c += r->sum.cols) {
    for (int l = 0; l < r->grid->size; l++)
      TRY(tt_transfer_start(&r->sums[l], 0, 1, c, tt_min(largest, c + r->sum.cols)));
    for (int l = 0; l < r->grid->size; l++)
      TRY(tt_transfer_finish(&r->sums[l], r->x->C->dtype, l == 0 ? 0 : 1, r->slice + c * r->size, 1));
  }
done:
  return st;
}

tartan_status tt_syrk_tall(const tt_syrk *x, const tt_gemm_shape *shape, const tt_syrk_plan *plan)
{
  run           r;
  int           threads;
  tartan_status st = TARTAN_OK;

  memset(&r, 0, sizeof r);
  r.x = x;
  r.plan = plan;
  r.grid = shape->grid;
  r.n = shape->m;
  r.size = (int64_t)tartan_dtype_size(shape->dtype);
  r.turned = x->op == TARTAN_TRANS;
  AGREE(r.grid, make_run(&r, shape)); /* all memory is taken here: a failure leaves C as it was */
  threads = tt_blas_threads_begin(r.grid);
  st = multiply_all(&r);
  tt_blas_threads_end(threads);
  if (st != TARTAN_OK) goto done;
  pack(&r);
  TRY(sum_slices(&r));
  TRY(tt_spread_run(&r.spread, r.slice));
done:
  end_run(&r);
  return st;
}
