/*
 * Accumulating on a rank. A slab of rows is converted into panels (rows minus the shift, f64, or f32 where that is
 * exact); then every tile of the triangle, an independent task, takes the panels in order: product into the open node
 * of the summation tree, and where a segment ends, the merges of the tree. Meanwhile the main thread reads the next slab.
 * No task waits for another, and each one's arithmetic is the same on any thread.
 */
#include "oper/gram.h"

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"
#include "oper/gram_impl.h"

#define TILE 384        /* columns of a tile, about */
#define PANEL 512       /* rows of a product */
#define PANEL_EXACT 256 /* 256 * 255^2 < 2^24: exact in f32 */

#define PACE 2.0    /* seconds from one meeting of the ranks to the next, where states are written */
#define LONG 20.0   /* of a pass after which its end is written too */
#define WRITTEN 1e8 /* bytes of a state that a rank writes in a second, for the first time */

/* Some rows of one segment, converted. */
typedef struct panel {
  void   *data; /* [height, ld] row-major, f64 or f32 */
  double *sum;  /* [n] of its columns */
  int64_t rows;
  int     slot;   /* node of the tree that it is added to */
  bool    opens;  /* first of its segment */
  int     merges; /* merges that follow, if it ends its segment */
} panel;

/* A stretch of slab rows that goes to one panel. */
typedef struct stretch {
  panel  *to;
  int64_t from, rows, at; /* first slab row, how many, first panel row */
} stretch;

typedef struct gram_run {
  const tartan_operator *op;
  const tt_gram_plan    *plan;
  tt_gram_result        *result;
  int64_t                n, ld; /* columns, with the target */
  tt_pass                pass;
  tt_gram_work           work;
  tartan_matrix         *target; /* [1, rows] in the ranges of the pass, or NULL */
  int64_t                row0;   /* first row of the slab */
  double                *shift;  /* [n] */
  double                *nodes;  /* [slots][plan->node] */
  void                  *panel_data;
  double                *panel_sums;
  float                 *scratch; /* [threads][tile * tile], exact products */
  panel                 *panels;  /* [panels] */
  stretch               *stretches;
  int64_t                ready, count; /* complete panels; stretches of this slab */
  int64_t                row;          /* next row to convert */
  tt_node_stack          stack;
  int64_t                step, steps;
  int64_t                meeting; /* the step after which all ranks meet; -1: never */
  double                 met;     /* clock of the last time, at step `met_step` */
  int64_t                met_step;
  tartan_status          read_status;
  int64_t                merge_slot; /* of a node of a state, and how many merges follow it */
  int                    merges;
} gram_run;

static size_t panel_width(const tt_gram_plan *plan)
{
  return plan->exact ? sizeof(float) : sizeof(double);
}

/* Bytes that a rank takes, without the result. */
static int64_t bytes_needed(const tartan_operator *op, const tt_gram_opts *opts, int threads, const tt_gram_plan *plan)
{
  const int64_t n = op->n + opts->joined, ld = tt_round_up(n, 8);

  return plan->rows_copied + plan->slots * plan->node * 8 + plan->slab * tt_pass_row_bytes(op, opts->fill != NULL) +
         plan->panels * (plan->segments.panel * ld * (int64_t)panel_width(plan) + n * 8 + 128) + n * 24 +
         (plan->exact ? threads * plan->tile * plan->tile * 4 : 0);
}

/* Panels that a slab can touch: whole ones, and one at each end. */
static int64_t panels_of_slab(const tt_gram_plan *plan)
{
  return plan->slab / plan->segments.panel + 3;
}

/* Nodes that a rank holds, flops of the busiest rank, words of the one that moves most. */
static void count_costs(const tartan_operator *op, const tt_gram_opts *opts, int P, int64_t n, tt_gram_plan *plan)
{
  tt_gram_ranks ranks = {P, op->grid->p, op->grid->q};
  tt_node_stack stack;

  for (int r = 0; r < P; r++) {
    int largest;

    tt_segments_frontier(&plan->segments, P, r, &stack, &largest);
    plan->slots = (int)tt_max(plan->slots, largest);
  }
  plan->flops = (double)tt_segments_most_rows(&plan->segments, P) * (double)n * (double)(n + 1);
  if (P != op->grid->size) tt_grid_plan(P, &ranks.p, &ranks.q);
  plan->words = tt_gram_words(plan, opts, n, &ranks);
}

tartan_status tt_gram_plan_make(const tartan_operator *op, const tt_gram_opts *opts, int P, int threads, int64_t bytes,
                                tt_gram_plan *plan)
{
  const int64_t n = op->n + opts->joined, T = tt_max(1, tt_ceil_div(n, TILE));
  int64_t       room = INT64_MAX, least;
  double        result;

  memset(plan, 0, sizeof *plan);
  plan->exact = (op->element == TT_EL_U8 || op->element == TT_EL_I8) && (!opts->joined || opts->target_exact);
  plan->segments = tt_segments_plan(op->m, n, plan->exact ? PANEL_EXACT : PANEL);
  plan->tile = tt_round_up(tt_ceil_div(n, T), 8);
  plan->tiles = tt_ceil_div(n, plan->tile) * (tt_ceil_div(n, plan->tile) + 1) / 2;
  plan->node = plan->tiles * plan->tile * plan->tile + tt_round_up(n, 8);
  count_costs(op, opts, P, n, plan);
  plan->rows_copied = tt_segments_most_rows(&plan->segments, P) * opts->joined * 8 +
                      tt_pass_copy_bytes(op, tt_segments_most_rows(&plan->segments, P));
  result = 8 * (double)n * (double)n / P + tt_gram_reduce_bytes(plan, n, P);

  /* the least that works is a slab of one row, or of one chunk; what is left over makes it larger */
  plan->slab = tt_pass_slab_rows(op, 1, opts->fill != NULL);
  plan->panels = panels_of_slab(plan);
  least = bytes_needed(op, opts, threads, plan);
  if (bytes > 0) room = bytes - least - (int64_t)result;
  plan->memory = least + (int64_t)result;
  if (room < 0) return TARTAN_ERR_NOMEM;
  for (int64_t share = tt_min(room, INT64_MAX / 4); share > 0; share /= 2) {
    tt_gram_plan larger = *plan;

    larger.slab = tt_pass_slab_rows(op, share, opts->fill != NULL);
    larger.panels = panels_of_slab(&larger);
    if (bytes_needed(op, opts, threads, &larger) - least > room) continue;
    *plan = larger;
    break;
  }
  plan->memory = bytes_needed(op, opts, threads, plan) + (int64_t)result;
  return TARTAN_OK;
}

/* Everything that a run holds. Local. */
static tartan_status run_allocate(gram_run *g, int threads)
{
  const tt_gram_plan *plan = g->plan;
  tt_memory          *mem = &g->op->grid->memory;
  const int64_t       height = plan->segments.panel, slots = tt_max(plan->slots, g->work.slots);
  tartan_status       local = TARTAN_OK;

  g->shift = tt_alloc_zero(mem, g->n, sizeof *g->shift, "the shift of a Gram matrix", &local);
  g->nodes = tt_alloc_zero(mem, slots * plan->node, sizeof *g->nodes, "the triangles of a Gram matrix", &local);
  g->panel_data = tt_alloc_zero(mem, plan->panels * height * g->ld, panel_width(plan), "panels of rows", &local);
  g->panel_sums = tt_alloc_zero(mem, plan->panels * g->n, sizeof *g->panel_sums, "sums of panels", &local);
  g->panels = tt_alloc_zero(mem, plan->panels, sizeof *g->panels, "panels of rows", &local);
  g->stretches = tt_alloc(mem, plan->panels + 1, sizeof *g->stretches, "panels of rows", &local);
  if (plan->exact)
    g->scratch = tt_alloc_zero(mem, threads * plan->tile * plan->tile, sizeof *g->scratch, "exact products", &local);
  for (int64_t i = 0; i < plan->panels && local == TARTAN_OK; i++) {
    g->panels[i].data = (char *)g->panel_data + (size_t)(i * height * g->ld) * panel_width(plan);
    g->panels[i].sum = g->panel_sums + i * g->n;
  }
  return local;
}

static void run_free(gram_run *g)
{
  tt_free(g->scratch);
  tt_free(g->stretches);
  tt_free(g->panels);
  tt_free(g->panel_sums);
  tt_free(g->panel_data);
  tt_free(g->nodes);
  tt_free(g->shift);
  tartan_matrix_destroy(&g->target);
  tt_pass_end(&g->pass);
  tt_gram_work_end(&g->work);
}

/* Opens the next panel at row g->row: its slot and whether it begins a segment. */
static panel *open_panel(gram_run *g)
{
  panel *p = &g->panels[g->ready];

  p->rows = 0;
  p->merges = 0;
  p->opens = g->row == tt_segment_start(&g->plan->segments, tt_segment_of(&g->plan->segments, g->row));
  p->slot = g->stack.count;
  memset(p->sum, 0, (size_t)g->n * sizeof *p->sum);
  return p;
}

/* Rows that the open panel still takes. */
static int64_t panel_room(const gram_run *g, const panel *p)
{
  const tt_segments *s = &g->plan->segments;

  return tt_min(s->panel - p->rows, s->m - g->row);
}

/* Lists which rows of the slab at g->step go to which panels, and closes those that become full. */
static void cut_slab(gram_run *g, int64_t rows)
{
  const tt_segments *s = &g->plan->segments;
  int64_t            from = 0, segment;

  g->count = 0;
  while (from < rows) {
    panel        *p = g->panels[g->ready].rows > 0 ? &g->panels[g->ready] : open_panel(g);
    const int64_t take = tt_min(rows - from, panel_room(g, p));
    const stretch x = {.to = p, .from = from, .rows = take, .at = p->rows};

    g->stretches[g->count++] = x;
    p->rows += take;
    g->row += take;
    from += take;
    if (p->rows < s->panel && g->row < s->m) continue; /* the slab ends inside the panel */
    segment = tt_segment_of(s, g->row - 1);
    if (g->row == tt_segment_start(s, segment + 1)) {
      const tt_node leaf = {.level = 0, .index = segment};

      p->merges = tt_node_push(&g->stack, leaf);
    }
    g->ready++;
  }
}

/* The stretch's part of the target, to the last column. */
static void convert_target(const gram_run *g, const stretch *x)
{
  const int64_t      j = g->op->n;
  const tt_shift_job job = {.rows = x->rows,
                            .cols = 1,
                            .src = (const double *)g->target->data + (g->row0 - g->pass.begin + x->from),
                            .src_ld = 1,
                            .dst = (char *)x->to->data + (size_t)(x->at * g->ld + j) * panel_width(g->plan),
                            .dst_ld = g->ld,
                            .shift = g->shift + j,
                            .sum = x->to->sum + j};

  tt_convert_shifted(TT_EL_F64, g->plan->exact ? TARTAN_F32 : TARTAN_F64, &job);
}

/* Task: converts the columns of one tile, all stretches of the slab. */
static void convert_columns(int64_t I, void *context)
{
  gram_run     *g = context;
  const int64_t j = I * g->plan->tile, n = g->op->n;
  const size_t  width = tt_element_size(g->pass.element);

  for (int64_t i = 0; i < g->count; i++) {
    const stretch     *x = &g->stretches[i];
    const tt_shift_job job = {.rows = x->rows,
                              .cols = tt_min(g->plan->tile, n - j),
                              .src = (const char *)g->pass.buffer + (size_t)(x->from * n + j) * width,
                              .src_ld = n,
                              .dst = (char *)x->to->data + (size_t)(x->at * g->ld + j) * panel_width(g->plan),
                              .dst_ld = g->ld,
                              .shift = g->shift + j,
                              .sum = x->to->sum + j};

    if (job.cols > 0) tt_convert_shifted(g->pass.element, g->plan->exact ? TARTAN_F32 : TARTAN_F64, &job);
    if (g->target && j + g->plan->tile > n) convert_target(g, x);
  }
}

/* C (+)= the product of a panel's columns, in f64. */
static void add_product(const gram_run *g, const panel *p, int64_t I, int64_t J, double *c)
{
  const int64_t tile = g->plan->tile, mi = tt_tile_rows(g->plan, g->n, I), mj = tt_tile_rows(g->plan, g->n, J);
  const double *x = p->data;

  if (I == J)
    tt_syrk_local(TARTAN_F64, mi, p->rows, 1, x + I * tile, g->ld, p->opens ? 0 : 1, c, tile);
  else
    tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_TRANS, mi, mj, p->rows, 1, x + I * tile, g->ld, x + J * tile,
                  g->ld, p->opens ? 0 : 1, c, tile);
}

/* The same through an exact product in f32. */
static void add_exact_product(const gram_run *g, const panel *p, int64_t I, int64_t J, double *c)
{
  const int64_t tile = g->plan->tile, mi = tt_tile_rows(g->plan, g->n, I), mj = tt_tile_rows(g->plan, g->n, J);
  const float  *x = p->data;
  float        *f = g->scratch + tt_thread_index() * tile * tile;

  if (I == J)
    tt_syrk_local(TARTAN_F32, mi, p->rows, 1, x + I * tile, g->ld, 0, f, tile);
  else
    tt_gemm_local(TARTAN_F32, TARTAN_NO_TRANS, TARTAN_TRANS, mi, mj, p->rows, 1, x + I * tile, g->ld, x + J * tile,
                  g->ld, 0, f, tile);
  for (int64_t j = 0; j < mj; j++) {
    const int64_t from = I == J ? j : 0;

    if (p->opens) memset(c + from + j * tile, 0, (size_t)(mi - from) * sizeof *c);
    tt_add_widened(mi - from, f + from + j * tile, c + from + j * tile);
  }
}

/* Task: one tile takes all ready panels in order; the last task does the same for the column sums. */
static void update_tile(int64_t t, void *context)
{
  gram_run     *g = context;
  const bool    sums = t == g->plan->tiles;
  const int64_t size = sums ? g->n : g->plan->tile * g->plan->tile, at = t * g->plan->tile * g->plan->tile;
  int64_t       I = 0, J = 0;

  if (!sums) tt_tile_place(g->plan, g->n, t, &I, &J);
  for (int64_t i = 0; i < g->ready; i++) {
    const panel *p = &g->panels[i];
    double      *c = g->nodes + p->slot * g->plan->node + at;

    if (sums) {
      if (p->opens) memset(c, 0, (size_t)size * sizeof *c);
      tt_add_f64(size, p->sum, c);
    } else if (g->plan->exact) {
      add_exact_product(g, p, I, J, c);
    } else {
      add_product(g, p, I, J, c);
    }
    for (int k = 0; k < p->merges; k++) tt_add_f64(size, c - k * g->plan->node, c - (k + 1) * g->plan->node);
  }
}

/* Main task beside the tiles: the next slab. */
static void read_next(int64_t i, void *context)
{
  gram_run *g = context;
  int64_t   row0, rows, begins;

  (void)i;
  if (g->step + 1 >= g->steps) return;
  tt_gram_work_slab(&g->work, g->plan->slab, g->step + 1, &row0, &rows, &begins);
  g->read_status = tt_pass_read_rows(&g->pass, row0, rows);
}

/* A sum that is not finite tells that the slab holds NaN or Inf: only then is it searched. */
static void note_nonfinite(const gram_run *g, int64_t row0, int64_t rows)
{
  double total = 0;

  for (int64_t i = 0; i < g->count; i++)
    for (int64_t j = 0; j < g->n; j++) total += g->stretches[i].to->sum[j] * 0;
  if (!(total == 0)) tt_nonfinite_note(g->pass.element, g->pass.buffer, row0, rows, g->op->n, &g->result->bad);
}

/* After the tiles have used the ready panels: the open one moves to the front. */
static void recycle_panels(gram_run *g)
{
  const panel first = g->panels[0];

  if (g->ready == 0) return;
  if (g->ready < g->plan->panels) {
    g->panels[0] = g->panels[g->ready];
    g->panels[g->ready] = first;
  } else {
    g->panels[0].rows = 0;
  }
  for (int64_t i = 1; i < g->plan->panels; i++) g->panels[i].rows = 0;
  g->ready = 0;
}

/* Task: the merges that follow a node of the state, for one tile; the last one does the column sums. */
static void merge_tile(int64_t t, void *context)
{
  gram_run     *g = context;
  const int64_t square = g->plan->tile * g->plan->tile, size = t == g->plan->tiles ? g->n : square;
  double       *c = g->nodes + g->merge_slot * g->plan->node + t * square;

  for (int k = 0; k < g->merges; k++) tt_add_f64(size, c - k * g->plan->node, c - (k + 1) * g->plan->node);
}

/* Takes the items of the state up to one. Local. */
static tartan_status take_items(gram_run *g, int64_t until)
{
  tt_gram_work *w = &g->work;
  tartan_status st = TARTAN_OK;

  for (; w->next < until; w->next++) {
    g->merge_slot = g->stack.count;
    TRY(tt_gram_work_read(w, g->nodes + g->merge_slot * g->plan->node));
    if (w->item[w->next].rows > 0) continue; /* its segment goes on */
    g->merges = tt_node_push(&g->stack, w->item[w->next].node);
    if (g->merges > 0) tt_parallel_for(g->op->grid->threads, g->plan->tiles + 1, merge_tile, g);
  }
done:
  return st;
}

/* Writes the state. Collective. */
static tartan_status save(gram_run *g)
{
  double        t = tt_seconds();
  tartan_status st = TARTAN_OK;

  TRY(tt_gram_work_save(&g->work, &g->stack, g->row - g->panels[0].rows, g->nodes));
done:
  tt_grid_phase(g->op->grid, TARTAN_PHASE_WRITE, &t);
  return st;
}

/*
 * All ranks meet after as many steps as the slowest does in about PACE seconds: whether to write the state, or to stop. A pass with
 * NaN writes none any more: its result will be refused, and rows of an open panel would be counted again. Collective.
 */
static tartan_status meet(gram_run *g)
{
  tartan_grid  *grid = g->op->grid;
  const double  pace = fmin(PACE, fmax(grid->checkpoint->every / 4, 0.05));
  const double  now = tt_seconds(), each = (now - g->met) / (double)(g->step + 1 - g->met_step);
  const double  bytes = 8 * (double)g->plan->node * (double)(g->stack.count + 1);
  int64_t       steps = g->result->bad.count > 0 ? 0 : tt_max(1, (int64_t)fmin(pace / fmax(each, 1e-6), 1e6));
  tt_verdict    verdict;
  tartan_status st = TARTAN_OK;

  AGREE(grid, g->read_status);
  TRY(tt_checkpoint_look(grid, PACE + bytes / WRITTEN, &verdict));
  TRY(tt_agree_least(grid, &steps));
  if (steps == 0)
    TRY(tt_checkpoint_leave(grid, PACE, "in the pass over the data"));
  else if (verdict != TT_GO)
    TRY(tt_checkpoint_done(grid, verdict, save(g), "in the pass over the data"));
  g->meeting = g->step + tt_max(1, steps);
  g->met = tt_seconds();
  g->met_step = g->step + 1;
done:
  return st;
}

/* The end of a pass that took some time is worth a state, so that what follows can be interrupted. Collective. */
static tartan_status meet_at_end(gram_run *g)
{
  tartan_grid         *grid = g->op->grid;
  const tt_checkpoint *c = grid->checkpoint;
  const double         since = tt_seconds() - c->saved;
  tt_verdict           verdict;
  int64_t              go = grid->rank == 0 && since >= fmin(c->every, LONG) ? 0 : 1;
  tartan_status        st = TARTAN_OK;

  TRY(tt_checkpoint_look(grid, PACE, &verdict));
  TRY(tt_agree_least(grid, &go));
  if (verdict == TT_STOP || go == 0) TRY(tt_checkpoint_done(grid, verdict, save(g), "after the pass over the data"));
done:
  return st;
}

/* The step-th slab: items of the state before it, panels, tiles, and meanwhile the next slab is read. Local. */
static void do_slab(gram_run *g)
{
  tartan_grid *grid = g->op->grid;
  const int    threads = grid->threads;
  double       t = tt_seconds(), read_before;
  int64_t      row0, rows, begins;

  tt_gram_work_slab(&g->work, g->plan->slab, g->step, &row0, &rows, &begins);
  if (begins >= 0) {
    g->read_status = take_items(g, g->work.piece[begins].items);
    if (g->read_status != TARTAN_OK) return;
    g->row = row0;
  }
  g->row0 = row0;
  cut_slab(g, rows);
  tt_parallel_for(threads, tt_ceil_div(g->n, g->plan->tile), convert_columns, g);
  note_nonfinite(g, row0, rows);
  read_before = grid->counters.seconds[TARTAN_PHASE_READ];
  tt_parallel_beside(threads, read_next, g, g->plan->tiles + 1, update_tile, g);
  recycle_panels(g);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  grid->counters.seconds[TARTAN_PHASE_COMPUTE] -= grid->counters.seconds[TARTAN_PHASE_READ] - read_before;
}

/* All slabs of this rank, at its own pace unless states are written. Collective. */
static tartan_status accumulate(gram_run *g)
{
  tartan_grid  *grid = g->op->grid;
  const bool    meets = grid->checkpoint && g->op->dataset;
  int64_t       row0, rows, begins;
  tartan_status st = TARTAN_OK;

  g->row = g->pass.begin;
  g->meeting = meets ? 1 + g->plan->segments.panel / g->plan->slab : -1; /* a panel is complete: runs get on */
  g->met = tt_seconds();
  g->steps = tt_gram_work_steps(&g->work, g->plan->slab);
  tt_gram_work_slab(&g->work, g->plan->slab, 0, &row0, &rows, &begins);
  g->read_status = tt_pass_read_rows(&g->pass, row0, rows);
  for (g->step = 0; g->step < g->steps && g->read_status == TARTAN_OK; g->step++) {
    do_slab(g);
    tt_grid_progress(grid, "reading", (double)(g->step + 1) / (double)g->steps);
    if (g->step == g->meeting && g->step + 1 < g->steps) TRY(meet(g));
  }
  if (g->read_status == TARTAN_OK) g->read_status = take_items(g, g->work.end);
  AGREE(grid, g->read_status); /* only now: on the way no rank waits for another */
  grid->counters.flops += (double)g->work.left * (double)g->n * (double)(g->n + 1);
  if (meets) TRY(meet_at_end(g));
done:
  return st;
}

/* Means from sums about the shift, and the rank-one correction of the lower triangle. */
static void correct(const gram_run *g, bool center, double *sums)
{
  const tartan_matrix *G = g->result->G;
  const double         m = (double)g->op->m;

  for (int64_t j = 0; j < g->n; j++) {
    sums[j] /= m; /* mean - shift */
    g->result->mean[j] = center ? g->shift[j] + sums[j] : 0;
    g->result->last = g->shift[j] + sums[j];
  }
  for (int64_t jl = 0; jl < G->nloc && center; jl++) {
    const double d = m * sums[tartan_matrix_global_col(G, jl)];

    for (int64_t il = 0; il < G->mloc; il++)
      ((double *)G->data)[il + jl * G->ld] -= d * sums[tartan_matrix_global_row(G, il)];
  }
}

/* This rank's part of the target, and a shift near its mean as tt_pass_shift() makes it. Collective. */
static tartan_status take_target(gram_run *g, const tt_gram_opts *opts, const int64_t *starts)
{
  tartan_grid  *grid = g->op->grid;
  const int64_t count = tt_min(g->plan->segments.panel, g->op->m);
  double        sum = 0;
  tartan_status st = TARTAN_OK;

  TRY(tt_matrix_create_ranges(grid, TARTAN_F64, 1, g->op->m, starts, NULL, &g->target));
  TRY(tartan_matrix_copy(TARTAN_TRANS, opts->target, g->target));
  if (!opts->center) goto done;
  for (int64_t i = 0; i < count && g->pass.begin == 0 && g->pass.end > 0; i++) sum += ((double *)g->target->data)[i];
  TRY(tt_allreduce_f64(grid, &sum, 1, TT_SUM)); /* of one rank, the holder of the first segment */
  sum /= (double)count;
  g->shift[g->op->n] = !isfinite(sum) ? 0 : opts->target_exact ? rint(sum) : sum;
done:
  return st;
}

tartan_status tt_gram(const tartan_operator *op, const tt_gram_opts *opts, const tt_gram_plan *plan,
                      tt_gram_result *result)
{
  const int64_t            n = op->n + opts->joined;
  tartan_grid             *grid = op->grid;
  const tartan_matrix_opts layout = {.size = sizeof layout, .mb = plan->tile, .nb = plan->tile};
  gram_run                *g = NULL;
  tt_frontier              f = {0};
  double                  *sums = NULL;
  tartan_status            st = TARTAN_OK, local = TARTAN_OK;

  memset(result, 0, sizeof *result);
  g = tt_alloc_zero(&grid->memory, 1, sizeof *g, "a Gram pass", &local);
  sums = tt_alloc_zero(&grid->memory, n, sizeof *sums, "column sums", &local);
  result->mean = tt_alloc_zero(&grid->memory, n, sizeof *result->mean, "column means", &local);
  AGREE(grid, local);
  g->op = op;
  g->plan = plan;
  g->result = result;
  g->n = n;
  g->ld = tt_round_up(n, 8);
  TRY(tt_gram_work_begin(op, plan, &g->work));
  AGREE(grid, run_allocate(g, grid->threads));
  TRY(tt_pass_begin(op, g->work.rows, plan->slab, opts->fill, &g->pass));
  if (opts->joined) TRY(take_target(g, opts, g->work.rows));
  if (opts->center) TRY(tt_pass_shift(&g->pass, g->work.rows, plan->segments.panel, g->panel_sums, g->shift));
  TRY(accumulate(g));
  TRY(tt_nonfinite_agree(grid, op->n, &result->bad));
  if (result->bad.count > 0) goto done;
  tt_pass_end(&g->pass);
  TRY(tartan_matrix_create(grid, TARTAN_F64, n, n, &layout, &result->G));
  AGREE(grid, tt_gram_work_frontier(&g->work, &f));
  TRY(tt_gram_reduce(grid, plan, n, &f, g->nodes, result->G, sums));
  correct(g, opts->center, sums);
done:
  if (st != TARTAN_OK) {
    tartan_matrix_destroy(&result->G);
    tt_free(result->mean);
    result->mean = NULL;
  }
  if (g) run_free(g);
  tt_frontier_free(&f);
  tt_free(sums);
  tt_free(g);
  return st;
}
