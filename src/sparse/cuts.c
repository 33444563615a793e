/*
 * Each rank proposes, for each share of the work, the nearest cuts that it can see: the ends of the row in which the
 * share falls, the empty rows behind it, and the nearest multiples of the segment inside it. The best proposal wins, by
 * reductions of P - 1 numbers; what a row is in all follows from the first and last rows of all ranks. No rank ever
 * holds anything with as many elements as there are rows.
 */
#include "sparse/cuts.h"

#include <math.h>
#include <string.h>

#include <tartan/sparse.h>

#include "base/util.h"

#define INSIDE_COST 0.02 /* of a share: how much better a cut inside a row must be */

/* What each rank tells of its entries. */
typedef struct edge {
  int64_t count, first_row, last_row, first_length, last_length;
} edge;

/* All that a rank needs to propose. */
typedef struct view {
  const tt_pair *pair;
  const int64_t *begin;
  const edge    *edges; /* [P] */
  int            P, me;
  int64_t        m, count, next_row; /* the next row with entries on a higher rank; m */
  double         row_work, share;
} view;

/* The best of this rank's proposals for one share. */
typedef struct proposal {
  double  cost;
  int64_t row, offset, length, position;
} proposal;

/* A row as a whole: where it begins and how long it is. */
typedef struct whole {
  int64_t row, start, length;
} whole;

void tt_cuts_make(tartan_grid *grid, tt_cuts *cuts, tartan_status *local)
{
  const int64_t P = grid->size;
  int64_t      *block = tt_alloc_zero(NULL, 4 * (P + 1), sizeof *block, "where rows are cut", local);

  *cuts = (tt_cuts){.row = block};
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

/* The row of a local entry, with what lower and higher ranks hold of it. */
static whole whole_of(const view *v, int64_t entry)
{
  const int64_t row = row_of(v->pair + entry);
  const int64_t from = tt_pairs_below(v->pair, v->count, (uint64_t)row << TT_COL_BITS);
  const int64_t to = tt_pairs_below(v->pair, v->count, (uint64_t)(row + 1) << TT_COL_BITS);
  whole         w = {row, v->begin[v->me] + from, to - from};

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
  return w;
}

static void consider(const view *v, double target, int64_t row, int64_t offset, const whole *w, int64_t position,
                     proposal *best)
{
  const double work = (double)position + v->row_work * (double)(row + (offset > 0));
  const double cost = fabs(work - target) + (offset > 0 ? INSIDE_COST * v->share : 0);

  if (cost < best->cost) *best = (proposal){cost, row, offset, offset > 0 ? w->length : 0, position};
}

/* Cuts before the rows from .. to, between which there is no entry. */
static void consider_gap(const view *v, double target, int64_t from, int64_t to, int64_t position, proposal *best)
{
  int64_t row = from;

  if (v->row_work > 0) {
    const double exact = (target - (double)position) / v->row_work;

    row = exact <= (double)from ? from : exact >= (double)to ? to : (int64_t)(exact + 0.5);
  }
  consider(v, target, tt_max(from, tt_min(to, row)), 0, NULL, position, best);
}

/* Cuts inside a row, on both sides of the target. */
static void consider_inside(const view *v, double target, const whole *w, proposal *best)
{
  const int64_t segment = TARTAN_SPARSE_SEGMENT, last = (w->length - 1) / segment;
  const double  exact = (target - (double)w->start - v->row_work * (double)(w->row + 1)) / (double)segment;
  const int64_t s = exact <= 0 ? 0 : exact >= (double)last ? last : (int64_t)exact;

  for (int64_t t = tt_max(1, s); t <= tt_min(last, s + 1); t++)
    consider(v, target, w->row, t * segment, w, w->start + t * segment, best);
}

/* Work before a local entry; the work of its row stands before the second one. */
static double work_before(const view *v, int64_t entry)
{
  const int64_t row = row_of(v->pair + entry);
  const bool    first = entry > 0 ? row_of(v->pair + entry - 1) != row : whole_of(v, 0).start == v->begin[v->me];

  return (double)(v->begin[v->me] + entry) + v->row_work * (double)(row + !first);
}

static proposal propose(const view *v, double target)
{
  proposal best = {.cost = INFINITY, .row = INT64_MAX, .offset = INT64_MAX};
  int64_t  low = 0, high = v->count, next;
  whole    w;

  if (v->begin[v->me] == 0 && (v->count > 0 || v->begin[v->P] == 0))
    consider_gap(v, target, 0, v->count > 0 ? row_of(v->pair) : v->m, 0, &best);
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;

    if (work_before(v, middle) <= target)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == 0) return best;
  w = whole_of(v, low - 1);
  consider(v, target, w.row, 0, &w, w.start, &best);
  consider_inside(v, target, &w, &best);
  next = tt_pairs_below(v->pair, v->count, (uint64_t)(w.row + 1) << TT_COL_BITS);
  next = next < v->count ? row_of(v->pair + next) : v->next_row;
  if (next <= w.row) next = w.row + 1; /* a higher rank holds more of the row */
  consider_gap(v, target, w.row + 1, next, w.start + w.length, &best);
  return best;
}

/* The best proposal of all ranks; of equal ones the lowest place. */
static tartan_status choose(tartan_grid *grid, const proposal *mine, tt_cuts *cuts)
{
  const int64_t n = grid->size - 1;
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
static void order(tt_cuts *cuts, int P)
{
  for (int r = 1; r < P; r++) {
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

tartan_status tt_cuts_find(tartan_grid *grid, const tt_pair *pair, const int64_t *begin, int64_t m, double row_work,
                           tt_cuts *cuts)
{
  const int     P = grid->size;
  const int64_t all = begin[P];
  view          v = {pair, begin, NULL, P, grid->rank, m, begin[grid->rank + 1] - begin[grid->rank], m, row_work, 0};
  edge          mine = edge_of(pair, v.count), *edges;
  proposal     *proposals;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  edges = tt_alloc(NULL, P, sizeof *edges, "first and last rows", &local);
  proposals = tt_alloc(NULL, P, sizeof *proposals, "where rows may be cut", &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, &mine, 1, sizeof mine, edges));
  if (all == 0 && row_work <= 0) v.row_work = 1; /* rows of no work at all, in even numbers */
  v.edges = edges;
  v.share = ((double)all + v.row_work * (double)m) / P;
  v.next_row = find_next_row(&v);
  for (int r = 1; r < P; r++) proposals[r - 1] = propose(&v, v.share * r);
  TRY(choose(grid, proposals, cuts));
  cuts->row[P] = m;
  cuts->position[P] = all;
  order(cuts, P);
done:
  tt_free(proposals);
  tt_free(edges);
  return st;
}
