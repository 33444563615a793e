/*
 * Shares of the work are even but where heavy rows, which all ranks know, forbid it (shares.c). Each rank proposes, for
 * the end of each share, the nearest cuts that it can see: the ends of the row in which it falls, the empty rows behind,
 * and the nearest multiples of the segment inside. The best proposal wins, by reductions of P - 1 numbers; what a row is
 * in all follows from the first and last rows of all ranks. No rank ever holds anything with as many elements as there
 * are rows.
 */
#include "sparse/cuts.h"

#include <math.h>

#include <tartan/sparse.h>

#include "base/util.h"
#include "sparse/shares.h"

#define INSIDE_COST 0.02 /* of a share: how much better a cut inside a row must be */
#define HEAVY 0.01       /* of a share: rows with more are known to all ranks */

/* What each rank tells of its entries. */
typedef struct edge {
  int64_t count, first_row, last_row, first_length, last_length;
} edge;

/* A row as a whole: where it begins and how long it is; the work before it and its own. */
typedef struct whole {
  int64_t row, start, length;
  double  before, work;
} whole;

/* All that a rank needs to propose. */
typedef struct view {
  const tt_pair *pair;
  const int64_t *begin;
  const edge    *edges; /* [P] */
  int            P, me, parts;
  int64_t        m, count, next_row; /* the next row with entries on a higher rank; m */
  tt_work       *work;
  void          *context;
  double         empty, share; /* work of an empty row, and of a rank */
  double        *target;       /* [parts - 1] shares' ends */
  int64_t        rows;
  whole         *row; /* [rows] those that have entries here */
} view;

/* The best of this rank's proposals for one share. */
typedef struct proposal {
  double  cost;
  int64_t row, offset, length, position;
} proposal;

void tt_cuts_make(int parts, tt_cuts *cuts, tartan_status *local)
{
  const int64_t P = parts;
  int64_t      *block = tt_alloc_zero(NULL, 4 * (P + 1), sizeof *block, "where rows are cut", local);

  *cuts = (tt_cuts){.parts = parts, .row = block};
  cuts->cost = tt_alloc_zero(NULL, P, sizeof *cuts->cost, "where rows are cut", local);
  if (!block) return;
  cuts->offset = block + P + 1;
  cuts->length = block + 2 * (P + 1);
  cuts->position = block + 3 * (P + 1);
}

void tt_cuts_free(tt_cuts *cuts)
{
  tt_free(cuts->cost);
  tt_free(cuts->row);
}

static int64_t row_of(const tt_pair *pair)
{
  return (int64_t)(pair->key >> TT_COL_BITS);
}

static edge edge_of(const tt_pair *pair, int64_t count)
{
  edge e = {.count = count};

  if (count == 0) return e;
  e.first_row = row_of(pair);
  e.last_row = row_of(pair + count - 1);
  e.first_length = tt_pairs_below(pair, count, (uint64_t)(e.first_row + 1) << TT_COL_BITS);
  e.last_length = count - tt_pairs_below(pair, count, (uint64_t)e.last_row << TT_COL_BITS);
  return e;
}

/* Adds what lower and higher ranks hold of a row of which this rank has the entries from .. to - 1. */
static whole whole_of(const view *v, int64_t from, int64_t to)
{
  const int64_t row = row_of(v->pair + from);
  whole         w = {row, v->begin[v->me] + from, to - from, 0, 0};

  for (int r = v->me - 1; r >= 0 && from == 0; r--) {
    if (v->edges[r].count == 0) continue;
    if (v->edges[r].last_row != row) break;
    w.start -= v->edges[r].last_length;
    w.length += v->edges[r].last_length;
    if (v->edges[r].first_row != row) break;
  }
  for (int r = v->me + 1; r < v->P && to == v->count; r++) {
    if (v->edges[r].count == 0) continue;
    if (v->edges[r].first_row != row) break;
    w.length += v->edges[r].first_length;
    if (v->edges[r].last_row != row) break;
  }
  w.work = v->work(w.length, v->context);
  return w;
}

static int64_t count_rows(const view *v)
{
  int64_t rows = 0;

  for (int64_t e = 0; e < v->count; e++) rows += e == 0 || row_of(v->pair + e) != row_of(v->pair + e - 1);
  return rows;
}

/* Fills v->row; returns by how much the rows that begin here cost more than empty ones. */
static double list_rows(const view *v)
{
  double  more = 0;
  int64_t n = 0;

  for (int64_t e = 0, to; e < v->count; e = to) {
    for (to = e + 1; to < v->count && row_of(v->pair + to) == row_of(v->pair + e);) to++;
    v->row[n] = whole_of(v, e, to);
    if (v->row[n].start == v->begin[v->me] + e) more += v->row[n].work - v->empty;
    n++;
  }
  return more;
}

/* The work before each row of this rank, from that of the rows that begin on lower ranks; of all rows through *total. */
static void add_up(view *v, const double *more, double *total)
{
  double before = 0, all = v->empty * (double)v->m;

  for (int r = 0; r < v->P; r++) {
    if (r < v->me) before += more[r];
    all += more[r];
  }
  for (int64_t i = 0; i < v->rows; i++) {
    whole       *w = &v->row[i];
    const double mine = w->work - v->empty;
    const bool   led = w->start < v->begin[v->me]; /* counted by a lower rank */

    w->before = v->empty * (double)w->row + before - (led ? mine : 0);
    if (!led) before += mine;
  }
  *total = all;
}

static void consider(const view *v, double target, double work, const proposal *at, proposal *best)
{
  const double cost = fabs(work - target) + (at->offset > 0 ? INSIDE_COST * v->share : 0);

  if (cost >= best->cost) return;
  *best = *at;
  best->cost = cost;
}

/* Cuts before the rows from .. to, between which there is no entry. @param[in] work  before the first */
static void consider_gap(const view *v, double target, int64_t from, int64_t to, double work, int64_t position,
                         proposal *best)
{
  proposal at = {.row = from, .position = position};

  if (v->empty > 0) {
    const double exact = (double)from + (target - work) / v->empty;

    at.row = exact <= (double)from ? from : exact >= (double)to ? to : (int64_t)(exact + 0.5);
  }
  at.row = tt_max(from, tt_min(to, at.row));
  consider(v, target, work + v->empty * (double)(at.row - from), &at, best);
}

/* Cuts inside a row, on both sides of the target. */
static void consider_inside(const view *v, double target, const whole *w, proposal *best)
{
  const int64_t segment = TARTAN_SPARSE_SEGMENT, last = (w->length - 1) / segment;
  const double  each = w->work * (double)segment / (double)w->length; /* work of a segment */
  const double  exact = each > 0 ? (target - w->before) / each : 0;
  const int64_t s = exact <= 0 ? 0 : exact >= (double)last ? last : (int64_t)exact;

  for (int64_t t = tt_max(1, s); t <= tt_min(last, s + 1); t++) {
    const proposal at = {0, w->row, t * segment, w->length, w->start + t * segment};

    consider(v, target, w->before + each * (double)t, &at, best);
  }
}

/* The last row of this rank before which there is no more work than the target; -1: none. */
static int64_t find_row(const view *v, double target)
{
  int64_t low = 0, high = v->rows;

  while (low < high) {
    const int64_t middle = low + (high - low) / 2;

    if (v->row[middle].before <= target)
      low = middle + 1;
    else
      high = middle;
  }
  return low - 1;
}

static proposal propose(const view *v, double target)
{
  proposal      best = {.cost = INFINITY, .row = INT64_MAX, .offset = INT64_MAX}, at = {.cost = 0};
  const int64_t i = find_row(v, target);
  const whole  *w;
  int64_t       next;

  if (v->begin[v->me] == 0 && (v->count > 0 || v->begin[v->P] == 0))
    consider_gap(v, target, 0, v->count > 0 ? v->row[0].row : v->m, 0, 0, &best);
  if (i < 0) return best;
  w = &v->row[i];
  at.row = w->row;
  at.position = w->start;
  consider(v, target, w->before, &at, &best);
  consider_inside(v, target, w, &best);
  next = i + 1 < v->rows ? v->row[i + 1].row : v->next_row;
  if (next <= w->row) next = w->row + 1; /* a higher rank holds more of the row */
  consider_gap(v, target, w->row + 1, next, w->before + w->work, w->start + w->length, &best);
  return best;
}

/* The best proposal of all ranks; of equal ones the lowest place. */
static tartan_status choose(tartan_grid *grid, const proposal *mine, tt_cuts *cuts)
{
  const int64_t n = cuts->parts - 1;
  tartan_status st = TARTAN_OK;

  for (int64_t r = 0; r < n; r++) cuts->cost[r] = mine[r].cost;
  TRY(tt_allreduce_f64(grid, cuts->cost, n, TT_MIN));
  for (int64_t r = 0; r < n; r++) cuts->row[r + 1] = mine[r].cost > cuts->cost[r] ? INT64_MAX : mine[r].row;
  TRY(tt_allreduce_i64(grid, cuts->row + 1, n, TT_MIN));
  for (int64_t r = 0; r < n; r++)
    cuts->offset[r + 1] = mine[r].cost > cuts->cost[r] || mine[r].row != cuts->row[r + 1] ? INT64_MAX : mine[r].offset;
  TRY(tt_allreduce_i64(grid, cuts->offset + 1, n, TT_MIN));
  for (int64_t r = 0; r < n; r++) {
    const bool chosen = mine[r].row == cuts->row[r + 1] && mine[r].offset == cuts->offset[r + 1];

    cuts->length[r + 1] = chosen ? mine[r].length : INT64_MAX;
    cuts->position[r + 1] = chosen ? mine[r].position : INT64_MAX;
  }
  TRY(tt_allreduce_i64(grid, cuts->length + 1, n, TT_MIN));
  TRY(tt_allreduce_i64(grid, cuts->position + 1, n, TT_MIN));
done:
  return st;
}

/* Cuts never go back, where two shares have one best place by rounding. */
static void order(tt_cuts *cuts)
{
  for (int r = 1; r < cuts->parts; r++) {
    const bool back = cuts->row[r] < cuts->row[r - 1] ||
                      (cuts->row[r] == cuts->row[r - 1] && cuts->offset[r] < cuts->offset[r - 1]);

    if (!back) continue;
    cuts->row[r] = cuts->row[r - 1];
    cuts->offset[r] = cuts->offset[r - 1];
    cuts->length[r] = cuts->length[r - 1];
    cuts->position[r] = cuts->position[r - 1];
  }
}

/* The first row with entries on a higher rank; m if there is none. */
static int64_t find_next_row(const view *v)
{
  for (int r = v->me + 1; r < v->P; r++)
    if (v->edges[r].count > 0) return v->edges[r].first_row;
  return v->m;
}

/* Rows that cost nothing at all are dealt out in even numbers. */
static double one(int64_t entries, void *context)
{
  (void)entries, (void)context;
  return 1;
}

/* Lists this rank's rows with the work before them. Collective. */
static tartan_status measure(tartan_grid *grid, view *v)
{
  double       *more, mine, total = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  more = tt_alloc(NULL, grid->size, sizeof *more, "work of each rank", &local);
  AGREE(grid, local);
  for (int attempt = 0; attempt < 2 && total <= 0; attempt++) {
    if (attempt > 0) v->work = one;
    v->empty = v->work(0, v->context);
    mine = list_rows(v);
    TRY(tt_allgather(grid, &mine, 1, sizeof mine, more));
    add_up(v, more, &total);
  }
  v->share = total / v->parts;
done:
  tt_free(more);
  return st;
}

/* This rank's heavy rows, of those that begin here. @param[out] list  NULL: count only */
static int64_t list_heavy(const view *v, tt_heavy *list)
{
  int64_t n = 0;

  for (int64_t i = 0; i < v->rows; i++) {
    const whole *w = &v->row[i];

    if (w->work <= HEAVY * v->share || w->start < v->begin[v->me]) continue;
    if (list) list[n] = (tt_heavy){w->before, w->work, w->work * TARTAN_SPARSE_SEGMENT / (double)w->length};
    n++;
  }
  return n;
}

/* Moves the lists of all ranks, which have room for `each`, up to one another; returns how many rows there are. */
static int64_t close_ranks(tt_heavy *all, const int64_t *counts, int P, int64_t each)
{
  int64_t n = 0;

  for (int r = 0; r < P; r++)
    for (int64_t i = 0; i < counts[r]; i++) all[n++] = all[r * each + i];
  return n;
}

/* Shares that heavy rows allow; there are fewer than parts / HEAVY of them. Collective. */
static tartan_status find_shares(tartan_grid *grid, view *v)
{
  const int     P = grid->size;
  int64_t       mine = list_heavy(v, NULL), each = 0, *counts;
  tt_heavy     *list = NULL, *all = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  counts = tt_alloc(NULL, P, sizeof *counts, "heavy rows of each rank", &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, &mine, 1, sizeof mine, counts));
  for (int r = 0; r < P; r++) each = tt_max(each, counts[r]);
  list = tt_alloc_zero(&grid->memory, each, sizeof *list, "heavy rows", &local);
  all = tt_alloc(&grid->memory, P * each, sizeof *all, "heavy rows of all ranks", &local);
  AGREE(grid, local);
  (void)list_heavy(v, list);
  TRY(tt_allgather(grid, list, each, sizeof *list, all));
  tt_shares_find(v->share * v->parts, v->parts, all, close_ranks(all, counts, P, each), v->target);
done:
  tt_free(all);
  tt_free(list);
  tt_free(counts);
  return st;
}

tartan_status tt_cuts_find(tartan_grid *grid, const tt_pair *pair, const int64_t *begin, int64_t m, tt_work *work,
                           void *context, tt_cuts *cuts)
{
  const int     P = grid->size, parts = cuts->parts;
  const int64_t count = begin[grid->rank + 1] - begin[grid->rank];
  view          v =
      {.pair = pair, .begin = begin, .P = P, .me = grid->rank, .parts = parts, .m = m, .count = count, .work = work};
  edge          mine = edge_of(pair, v.count), *edges;
  proposal     *proposals;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  v.context = context;
  v.rows = count_rows(&v);
  v.row = tt_alloc(&grid->memory, v.rows, sizeof *v.row, "rows to be cut", &local);
  v.target = tt_alloc(NULL, parts, sizeof *v.target, "shares of work", &local);
  edges = tt_alloc(NULL, P, sizeof *edges, "first and last rows", &local);
  proposals = tt_alloc(NULL, parts, sizeof *proposals, "where rows may be cut", &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, &mine, 1, sizeof mine, edges));
  v.edges = edges;
  v.next_row = find_next_row(&v);
  TRY(measure(grid, &v));
  TRY(find_shares(grid, &v));
  for (int r = 1; r < parts; r++) proposals[r - 1] = propose(&v, v.target[r - 1]);
  TRY(choose(grid, proposals, cuts));
  cuts->row[parts] = m;
  cuts->position[parts] = begin[P];
  order(cuts);
done:
  tt_free(proposals);
  tt_free(edges);
  tt_free(v.target);
  tt_free(v.row);
  return st;
}
