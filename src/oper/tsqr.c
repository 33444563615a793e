/*
 * The pass. Rows are converted (minus a common shift near the mean, so that large means cost no digits), turned into
 * columns and gathered in a panel; a full panel is centered about its own mean and folded into the factor of its
 * segment; a full segment is a node of the tree, whose siblings are folded into one another. What the ranks are left
 * with travels along the tree as packed triangles, always from the right sibling to the left one. All threads work on
 * one fold.
 */
#include "oper/tsqr.h"

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "comm/messages.h"
#include "ext/vendor.h"
#include "kernel/dense.h"
#include "kernel/fold.h"
#include "kernel/parallel.h"
#include "oper/gram_impl.h"

#define PANEL 512      /* rows of a fold */
#define LD (PANEL + 8) /* of a panel and the row of its mean; no power of two, for the caches */
#define TILE 64        /* columns converted by one task */

typedef struct tsqr_run {
  const tartan_operator *op;
  const tt_tsqr_plan    *plan;
  tt_nonfinite          *bad;
  int64_t                n;
  int                    threads;
  bool                   center;
  tt_pass                pass;
  double                *nodes;  /* [slots][node_size] */
  double                *panel;  /* [LD, n] column-major */
  double                *turn;   /* [threads][PANEL, TILE] row-major */
  double                *work;   /* of folds */
  double                *packed; /* a factor that travels, and its means */
  double                *shift, *sum, *mean, *ones;
  int64_t                rows, row;       /* in the panel; the next one */
  int64_t                at, take;        /* rows of the slab that are converted next */
  int64_t                segment, before; /* the open segment, and its rows that are folded */
  tt_node_stack          stack;
} tsqr_run;

/*
 * A node: a column-major [n + 1, n] of one spare row on top of the factor, and the means of its rows. The spare row takes
 * the difference of means when the node is folded into its sibling.
 */
static int64_t node_size(int64_t n)
{
  return tt_round_up((n + 2) * n, 8);
}

static double *node_of(const tsqr_run *g, int slot)
{
  return g->nodes + slot * node_size(g->n);
}

/* ------------------------------------------------------------------------------------------------ the plan */

/* Segments as for a sum, but of at least two rows a column: then the tree costs a sixth of the folds at most. */
static tt_segments cut(int64_t m, int64_t n)
{
  tt_segments s = tt_segments_plan(m, n, PANEL);

  while (s.count > 1 && m / s.count < 2 * n) s.count /= 2;
  return s;
}

/* Words of a factor that travels. */
static int64_t packed_words(int64_t n)
{
  return n * (n + 1) / 2 + n;
}

/* Bytes that a rank takes, without the result. */
static int64_t bytes_needed(const tartan_operator *op, const tt_gram_opts *opts, int P, int threads,
                            const tt_tsqr_plan *plan)
{
  const int64_t n = op->n;
  const int64_t copied = tt_pass_copy_bytes(op, tt_segments_most_rows(&plan->segments, P));

  return copied + plan->slab * tt_pass_row_bytes(op, opts->fill != NULL) +
         8 * (plan->slots * node_size(n) + LD * n + threads * PANEL * TILE + tt_fold_work(n) +
              (P > 1 ? packed_words(n) : 0) + 8 * n + PANEL);
}

/* Factors that a rank sends, or receives if that is more: a subtree belongs to the rank that has its first segment. */
static int64_t messages_of(const tt_segments *s, int P, int r)
{
  const int64_t from = s->count * r / P, to = s->count * (r + 1) / P;
  int64_t       sent = 0, received = 0;

  for (int64_t half = 1; half < s->count; half *= 2)
    for (int64_t left = from / (2 * half) * (2 * half); left < to; left += 2 * half) {
      const bool own_left = left >= from && left < to, own_right = left + half >= from && left + half < to;

      sent += own_right && !own_left;
      received += own_left && !own_right;
    }
  return tt_max(sent, received);
}

/* What the busiest rank computes, and what it sends or receives. */
static void count_costs(int P, int64_t n, tt_tsqr_plan *plan)
{
  const tt_segments *s = &plan->segments;
  const double       merge = 2.0 / 3 * (double)n * (double)n * (double)n;
  tt_node_stack      stack;
  int64_t            most = 0;

  for (int r = 0; r < P; r++) {
    int largest;

    tt_segments_frontier(s, P, r, &stack, &largest);
    plan->slots = (int)tt_max(plan->slots, largest + (P > 1));
    most = tt_max(most, messages_of(s, P, r));
  }
  plan->words = (double)most * (double)packed_words(n) + (P > 1 ? 2 * (double)n : 0);
  plan->flops = 2 * (double)tt_segments_most_rows(s, P) * (double)n * (double)n +
                merge * (double)(tt_ceil_div(s->count, P) - 1 + most);
}

tartan_status tt_tsqr_plan_make(const tartan_operator *op, const tt_gram_opts *opts, int P, int threads, int64_t bytes,
                                tt_tsqr_plan *plan)
{
  const int64_t n = op->n, result = 8 * (n * n + 2 * (n * n / P)) + 65536; /* R as it is packed, taken and kept */
  const bool    fill = opts->fill != NULL;
  int64_t       least, share;

  memset(plan, 0, sizeof *plan);
  plan->segments = cut(op->m, n);
  count_costs(P, n, plan);
  plan->slab = tt_pass_slab_rows(op, 1, fill);
  least = bytes_needed(op, opts, P, threads, plan);
  share = bytes > 0 ? bytes - least - result : INT64_MAX / 4;
  plan->memory = least + result;
  if (share < 0) return TARTAN_ERR_NOMEM;
  plan->slab = tt_max(plan->slab,
                      tt_pass_slab_rows(op, share, fill)); /* the least is one row or chunk beside the share */
  plan->memory = bytes_needed(op, opts, P, threads, plan) + result;
  return TARTAN_OK;
}

/* ------------------------------------------------------------------------------------------------ rows of a rank */

/* Task: the columns of one tile of the rows that are next, from the slab into the panel. */
static void convert_tile(int64_t i, void *context)
{
  tsqr_run          *g = context;
  const int64_t      j = i * TILE, width = tt_min(TILE, g->n - j);
  double            *turn = g->turn + tt_thread_index() * PANEL * TILE;
  const tt_shift_job job = {.rows = g->take,
                            .cols = width,
                            .src = (const char *)g->pass.buffer +
                                   (size_t)(g->at * g->n + j) * tt_element_size(g->pass.element),
                            .src_ld = g->n,
                            .dst = turn,
                            .dst_ld = TILE,
                            .shift = g->shift + j,
                            .sum = g->sum + j};

  tt_convert_shifted(g->pass.element, TARTAN_F64, &job);
  tt_transpose_local(TARTAN_F64, turn, TILE, g->panel + g->rows + j * LD, LD, g->take, width);
}

/*
 * row := sqrt(c1 c2 / (c1 + c2)) (mean2 - mean1), the elements of row `stride` apart, and mean1 := the mean of all. The
 * means are all zero without centering.
 */
static void join_means(int64_t n, double c1, const double *mean2, double c2, double *mean1, double *row, int64_t stride)
{
  const double weight = c1 > 0 ? sqrt(c1) * sqrt(c2 / (c1 + c2)) : 0, part = c2 / (c1 + c2);

  for (int64_t j = 0; j < n; j++) {
    const double d = mean2[j] - mean1[j];

    row[j * stride] = weight * d;
    mean1[j] += part * d;
  }
}

/* The rows of a node. */
static double rows_of(const tt_segments *s, tt_node node)
{
  return (double)(tt_segment_start(s, (node.index + 1) << node.level) - tt_segment_start(s, node.index << node.level));
}

/* Folds the node in one slot into its left sibling. */
static void merge(tsqr_run *g, tt_node left, int to, tt_node right, int from)
{
  const int64_t n = g->n, ld = n + 1;
  double       *a = node_of(g, to), *b = node_of(g, from);

  join_means(n, rows_of(&g->plan->segments, left), b + n * ld, rows_of(&g->plan->segments, right), a + n * ld, b, ld);
  tt_fold(g->threads, n, a + 1, ld, n + 1, 1, b, ld, g->work);
  g->op->grid->counters.flops += 2.0 / 3 * (double)n * (double)n * (double)n;
}

/* A full panel into the factor of its segment, and what follows where the segment is complete. */
static void close_panel(tsqr_run *g)
{
  const tt_segments *s = &g->plan->segments;
  const int64_t      n = g->n, ld = n + 1, h = g->rows;
  double            *node = node_of(g, g->stack.count);
  int                merges;

  if (g->before == 0) memset(node, 0, (size_t)node_size(n) * sizeof *node);
  if (g->center) tt_center_columns(g->threads, h, n, g->panel, LD, g->ones, g->mean);
  join_means(n, (double)g->before, g->mean, (double)h, node + n * ld, g->panel + h, LD);
  tt_fold(g->threads, n, node + 1, ld, h + 1, h + 1, g->panel, LD, g->work);
  g->op->grid->counters.flops += 2.0 * (double)n * (double)n * (double)h;
  g->before += h;
  g->rows = 0;
  if (g->row < tt_segment_start(s, g->segment + 1)) return;
  merges = tt_node_push(&g->stack, (tt_node){.level = 0, .index = g->segment});
  for (int k = 0; k < merges; k++) {
    const int     to = g->stack.count - 1 + merges - 1 - k;
    const tt_node left = {.level = k, .index = (g->segment >> k) - 1}, right = {.level = k, .index = g->segment >> k};

    merge(g, left, to, right, to + 1);
  }
  g->segment++;
  g->before = 0;
}

/* The rows of a slab, panel by panel. */
static void take_slab(tsqr_run *g, int64_t row0, int64_t rows)
{
  double total = 0;

  memset(g->sum, 0, (size_t)g->n * sizeof *g->sum);
  for (g->at = 0; g->at < rows; g->at += g->take) {
    g->take = tt_min(rows - g->at, PANEL - g->rows);
    tt_parallel_for(g->threads, tt_ceil_div(g->n, TILE), convert_tile, g);
    g->rows += g->take;
    g->row += g->take;
    if ((g->rows == PANEL || g->row == g->op->m) && g->bad->count == 0) close_panel(g);
    if (g->rows == PANEL) g->rows = 0; /* beside bad values: the rest is only searched */
  }
  for (int64_t j = 0; j < g->n; j++) total += g->sum[j] * 0;
  if (!(total == 0)) tt_nonfinite_note(g->pass.element, g->pass.buffer, row0, rows, g->n, g->bad);
}

/* All slabs of this rank, at its own pace. Collective. */
static tartan_status accumulate(tsqr_run *g)
{
  tartan_grid  *grid = g->op->grid;
  double        t;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  g->row = g->pass.begin;
  g->segment = tt_segment_of(&g->plan->segments, g->row);
  for (int64_t step = 0; step < g->pass.steps && local == TARTAN_OK; step++) {
    int64_t row0, rows;

    local = tt_pass_read(&g->pass, step);
    if (local != TARTAN_OK) break;
    t = tt_seconds();
    tt_pass_slab(&g->pass, step, &row0, &rows);
    take_slab(g, row0, rows);
    tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
    tt_grid_progress(grid, "reading", (double)(step + 1) / (double)g->pass.steps);
  }
  AGREE(grid, local); /* only now: on the way no rank waits for another */
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ over the ranks */

/* A factor and its means to or from another rank. */
static tartan_status send_factor(tsqr_run *g, int slot, int to, tt_messages *m)
{
  const int64_t n = g->n, words = packed_words(n), piece = TT_MESSAGE_MAX / (int64_t)sizeof(double);
  const double *node = node_of(g, slot);
  double       *p = g->packed;
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < n; p += ++j) memcpy(p, node + 1 + j * (n + 1), (size_t)(j + 1) * sizeof *p);
  memcpy(p, node + n * (n + 1), (size_t)n * sizeof *p);
  for (int64_t i = 0; i < words; i += piece)
    TRY(tt_messages_send(m, g->packed + i, tt_min(piece, words - i), sizeof *p, to));
  TRY(tt_messages_wait(m));
done:
  return st;
}

static tartan_status receive_factor(tsqr_run *g, int slot, int from, tt_messages *m)
{
  const int64_t n = g->n, words = packed_words(n), piece = TT_MESSAGE_MAX / (int64_t)sizeof(double);
  double       *node = node_of(g, slot), *p = g->packed;
  tartan_status st = TARTAN_OK;

  for (int64_t i = 0; i < words; i += piece)
    TRY(tt_messages_recv(m, g->packed + i, tt_min(piece, words - i), sizeof *p, from));
  TRY(tt_messages_wait(m));
  memset(node, 0, (size_t)node_size(n) * sizeof *node);
  for (int64_t j = 0; j < n; p += ++j) memcpy(node + 1 + j * (n + 1), p, (size_t)(j + 1) * sizeof *p);
  memcpy(node + n * (n + 1), p, (size_t)n * sizeof *p);
done:
  return st;
}

/* A node of the frontier: who holds it, and in which slot. */
typedef struct holder {
  tt_node node;
  int     rank, slot;
} holder;

/* Two siblings become one, on the rank that holds the left one. Ranks beside the two return at once. */
static tartan_status join(tsqr_run *g, holder *left, const holder *right, tt_messages *m)
{
  const int     me = g->op->grid->rank;
  const bool    here = left->rank == right->rank;
  const int     slot = here ? right->slot : g->plan->slots - 1;
  double        t;
  tartan_status st = TARTAN_OK;

  if (me == right->rank && !here) TRY(send_factor(g, right->slot, left->rank, m));
  if (me == left->rank) {
    if (!here) TRY(receive_factor(g, slot, right->rank, m));
    t = tt_seconds();
    merge(g, left->node, left->slot, right->node, slot);
    tt_grid_phase(g->op->grid, TARTAN_PHASE_COMPUTE, &t);
  }
  left->node.level++;
  left->node.index /= 2;
done:
  return st;
}

/* Level by level, siblings from left to right, until the root is left, with its holder in *root. Collective. */
static tartan_status combine(tsqr_run *g, const tt_frontier *f, holder *held, tt_messages *m, holder *root)
{
  int           count = 0;
  tartan_status st = TARTAN_OK;

  for (int r = 0; r < g->op->grid->size; r++)
    for (int k = 0; k < f->own[r]; k++, count++) held[count] = (holder){f->node[count], r, k};
  for (int level = 0; count > 1; level++) {
    int kept = 0;

    for (int i = 0; i < count; i++) {
      const bool pair = i + 1 < count && held[i].node.level == level && held[i].node.index % 2 == 0;

      if (pair) TRY(join(g, &held[i], &held[i + 1], m)); /* its neighbour is its sibling: lower ones are joined */
      held[kept++] = held[i];
      i += pair;
    }
    count = kept;
  }
  *root = held[0];
done:
  return st;
}

/* R and the norms of its columns from the root; means and norms to all. Collective. */
static tartan_status deliver(tsqr_run *g, const holder *root, tt_tsqr_result *result)
{
  const int64_t n = g->n, ld = n + 1;
  tartan_grid  *grid = g->op->grid;
  double       *node = grid->rank == root->rank ? node_of(g, root->slot) : NULL;
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < n && node; j++) {
    double scale = 0, ssq = 1;

    tt_sum_squares(TARTAN_F64, node + 1 + j * ld, ld, j + 1, 1, &scale, &ssq);
    result->norm[j] = scale * sqrt(ssq);
    result->mean[j] = g->shift[j] + node[n * ld + j];
    memmove(node + j * n, node + 1 + j * ld, (size_t)n * sizeof *node);
  }
  TRY(tt_bcast(grid, result->mean, 2 * n, sizeof *result->mean, root->rank));
  TRY(tartan_matrix_create(grid, TARTAN_F64, n, n, NULL, &result->R));
  TRY(tartan_matrix_scatter(node, root->rank, result->R));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the whole */

/* Everything that a run holds. Local. */
static tartan_status run_allocate(tsqr_run *g)
{
  tt_memory    *mem = &g->op->grid->memory;
  const int64_t n = g->n;
  tartan_status local = TARTAN_OK;

  g->nodes = tt_alloc(mem, g->plan->slots * node_size(n), sizeof *g->nodes, "triangular factors", &local);
  g->panel = tt_alloc_zero(mem, LD * n, sizeof *g->panel, "a panel of rows", &local);
  g->turn = tt_alloc(mem, g->threads * PANEL * TILE, sizeof *g->turn, "a panel of rows", &local);
  g->work = tt_alloc(mem, tt_fold_work(n), sizeof *g->work, "the workspace of a QR", &local);
  g->shift = tt_alloc_zero(mem, 3 * n + PANEL, sizeof *g->shift, "column means", &local);
  if (g->op->grid->size > 1) g->packed = tt_alloc(mem, packed_words(n), sizeof *g->packed, "a packed factor", &local);
  if (local != TARTAN_OK) return local;
  g->sum = g->shift + n;
  g->mean = g->sum + n;
  g->ones = g->mean + n;
  for (int64_t i = 0; i < PANEL; i++) g->ones[i] = 1;
  return local;
}

static void run_free(tsqr_run *g)
{
  tt_free(g->packed);
  tt_free(g->shift);
  tt_free(g->work);
  tt_free(g->turn);
  tt_free(g->panel);
  tt_free(g->nodes);
  tt_pass_end(&g->pass);
}

/* What the ranks hold to one factor, and that to the result. Collective. */
static tartan_status finish(tsqr_run *g, tt_tsqr_result *result)
{
  tartan_grid  *grid = g->op->grid;
  tt_frontier   f = {0};
  tt_messages   m = {0};
  holder       *held = NULL, root = {.rank = 0};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  local = tt_frontier_make(grid, &g->plan->segments, &f);
  held = tt_alloc(&grid->memory, f.total, sizeof *held, "the frontier of a tree", &local);
  if (local == TARTAN_OK)
    local = tt_messages_make(grid, 1 + (int)(packed_words(g->n) * (int64_t)sizeof(double) / TT_MESSAGE_MAX),
                             TT_TAG_EXCHANGE, &m);
  AGREE(grid, local);
  TRY(combine(g, &f, held, &m, &root));
  TRY(deliver(g, &root, result));
done:
  tt_messages_free(&m);
  tt_free(held);
  tt_frontier_free(&f);
  return st;
}

tartan_status tt_tsqr(const tartan_operator *op, const tt_gram_opts *opts, const tt_tsqr_plan *plan,
                      tt_tsqr_result *result)
{
  tartan_grid  *grid = op->grid;
  tsqr_run     *g = NULL;
  int64_t      *starts = NULL;
  const int     blas_threads = tt_blas_set_threads(1); /* the bits depend on them */
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(result, 0, sizeof *result);
  g = tt_alloc_zero(&grid->memory, 1, sizeof *g, "a QR of streamed rows", &local);
  starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *starts, "the ranges of a pass", &local);
  result->mean = tt_alloc_zero(&grid->memory, 2 * op->n, sizeof *result->mean, "column means", &local);
  if (local == TARTAN_OK) {
    result->norm = result->mean + op->n;
    *g = (tsqr_run){.op = op,
                    .plan = plan,
                    .bad = &result->bad,
                    .n = op->n,
                    .threads = grid->threads,
                    .center = opts->center};
    local = run_allocate(g);
  }
  AGREE(grid, local);
  tt_segments_partition(&plan->segments, grid->size, starts);
  TRY(tt_pass_begin(op, starts, plan->slab, opts->fill, &g->pass));
  if (opts->center) TRY(tt_pass_shift(&g->pass, starts, PANEL, g->work, g->shift));
  TRY(accumulate(g));
  TRY(tt_nonfinite_agree(grid, op->n, &result->bad));
  if (result->bad.count > 0) goto done;
  tt_pass_end(&g->pass);
  TRY(finish(g, result));
done:
  if (st != TARTAN_OK) {
    tartan_matrix_destroy(&result->R);
    tt_free(result->mean);
    result->mean = NULL;
  }
  if (blas_threads > 1) tt_blas_set_threads(blas_threads);
  if (g) run_free(g);
  tt_free(starts);
  tt_free(g);
  return st;
}
