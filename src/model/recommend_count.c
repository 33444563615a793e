/*
 * An epoch on ranks that need not be there: rows are cut as tt_sides_arrange() would cut them, and each part's columns are held
 * against the owners of the other side. Everything is on one rank, in memory that grows with the entries.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "kernel/dense.h"
#include "model/recommend_words.h"

/* One side, cut in parts. */
typedef struct cut_side {
  tt_pair       *pair; /* [entries] in order of rows */
  int64_t        rows;
  tt_cuts        cuts;
  int64_t       *starts; /* [P + 1] */
  int32_t       *owner;  /* [rows] */
  tt_side_moves *moves;  /* [P] */
} cut_side;

typedef struct counter {
  tartan_grid       *grid;
  tartan_recommender model; /* of which the work of a row asks */
  int64_t            entries;
  int                P;
  cut_side           side[2];
  int32_t           *seen; /* [most rows] the last part that has met each */
} counter;

static int64_t row_of(const tt_pair *pair)
{
  return (int64_t)(pair->key >> TT_COL_BITS);
}

static int64_t col_of(const tt_pair *pair)
{
  return (int64_t)(pair->key & ((UINT64_C(1) << TT_COL_BITS) - 1));
}

static double linear(int64_t entries, void *row_work)
{
  return (double)entries + *(const double *)row_work;
}

/* ------------------------------------------------------------------------------------------------ memory */

static void make(counter *c, const tartan_sparse *R, tartan_status *local)
{
  tt_memory    *mem = &c->grid->memory;
  const int64_t rows[2] = {R->m, R->n};

  for (int s = 0; s < 2; s++) {
    cut_side *side = &c->side[s];

    side->rows = rows[s];
    side->pair = tt_alloc(mem, 2 * c->entries, sizeof *side->pair, "entries to be counted", local);
    side->starts = tt_alloc(mem, c->P + 1, sizeof *side->starts, "ranges of ranks", local);
    side->owner = tt_alloc(mem, rows[s], sizeof *side->owner, "owners of rows", local);
    side->moves = tt_alloc_zero(mem, c->P, sizeof *side->moves, "counts of ranks", local);
    tt_cuts_make(c->P, &side->cuts, local);
  }
  c->seen = tt_alloc(mem, tt_max(R->m, R->n), sizeof *c->seen, "marks of rows", local);
}

static void end(counter *c)
{
  for (int s = 0; s < 2; s++) {
    tt_cuts_free(&c->side[s].cuts);
    tt_free(c->side[s].moves);
    tt_free(c->side[s].owner);
    tt_free(c->side[s].starts);
    tt_free(c->side[s].pair);
  }
  tt_free(c->seen);
}

static void fill(counter *c, const tartan_sparse *R)
{
  for (int64_t i = 0, e = 0; i < R->rows; i++)
    for (; e < R->ptr[i + 1]; e++) {
      c->side[TT_USERS].pair[e].key = (uint64_t)i << TT_COL_BITS | (uint64_t)R->col[e];
      c->side[TT_ITEMS].pair[e].key = (uint64_t)R->col[e] << TT_COL_BITS | (uint64_t)i;
    }
  tt_pairs_sort(c->side[TT_ITEMS].pair, c->side[TT_ITEMS].pair + c->entries, c->entries);
}

/* ------------------------------------------------------------------------------------------------ cuts */

/* Flops of all rows of a side. */
static double flops_of(const counter *c, const cut_side *side)
{
  double flops = 0;

  for (int64_t e = 0, to; e < c->entries; e = to) {
    for (to = e + 1; to < c->entries && row_of(side->pair + to) == row_of(side->pair + e);) to++;
    flops += tt_recommend_row_flops(&c->model, to - e);
  }
  return flops;
}

/* Work of each part, a row that is cut by its entries there: the most, and all together. */
static void weigh(counter *c, const cut_side *side, double *most, double *sum)
{
  double now = 0;
  int    part = 0;

  *most = *sum = 0;
  for (int64_t e = 0, to; e < c->entries; e = to) {
    for (to = e + 1; to < c->entries && row_of(side->pair + to) == row_of(side->pair + e);) to++;
    for (int64_t at = e; at < to;) {
      while (part < c->P - 1 && at >= side->cuts.position[part + 1]) *most = fmax(*most, now), now = 0, part++;
      const int64_t stop = part == c->P - 1 ? to : tt_min(to, side->cuts.position[part + 1]);

      now += tt_recommend_row_work(to - e, &c->model) * (double)(stop - at) / (double)(to - e);
      *sum += tt_recommend_row_work(to - e, &c->model) * (double)(stop - at) / (double)(to - e);
      at = stop;
    }
  }
  *most = fmax(*most, now);
}

static tartan_status cut(counter *c, cut_side *side, tt_work *work, void *context)
{
  const int64_t begin[2] = {0, c->entries};

  return tt_cuts_find(c->grid, side->pair, begin, side->rows, work, context, &side->cuts);
}

/* Users stay as they were made where that is balanced; both sides' owners. */
static tartan_status arrange(counter *c, double row_work, double *imbalance)
{
  double        most, sum;
  tartan_status st = TARTAN_OK;

  *imbalance = 1;
  TRY(cut(c, &c->side[TT_USERS], linear, &row_work));
  weigh(c, &c->side[TT_USERS], &most, &sum);
  if (most * c->P > TT_BALANCED * sum) TRY(cut(c, &c->side[TT_USERS], tt_recommend_row_work, &c->model));
  TRY(cut(c, &c->side[TT_ITEMS], tt_recommend_row_work, &c->model));
  for (int s = 0; s < 2; s++) {
    cut_side *side = &c->side[s];

    weigh(c, side, &most, &sum);
    if (sum > 0) *imbalance = fmax(*imbalance, most * c->P / sum);
    for (int r = 0; r <= c->P; r++) side->starts[r] = side->cuts.row[r] + (side->cuts.offset[r] > 0);
    for (int r = 0; r < c->P; r++)
      for (int64_t i = side->starts[r]; i < side->starts[r + 1]; i++) side->owner[i] = r;
  }
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ counts */

/* Distinct remote rows of each part, and who gives them. */
static void count_rows(counter *c, int which)
{
  cut_side       *side = &c->side[which];
  const cut_side *other = &c->side[!which];

  for (int64_t i = 0; i < other->rows; i++) c->seen[i] = -1;
  for (int r = 0; r < c->P; r++) {
    side->moves[r].starts = side->starts;
    for (int64_t e = side->cuts.position[r]; e < side->cuts.position[r + 1]; e++) {
      const int64_t col = col_of(side->pair + e);
      const int     owner = other->owner[col];

      if (c->seen[col] == r) continue;
      c->seen[col] = r;
      if (owner == r) continue;
      side->moves[r].rows_in++;
      side->moves[owner].rows_out++;
    }
  }
}

/* Parts of rows that lower ranks own. */
static void count_cuts(counter *c, int which)
{
  cut_side *side = &c->side[which];

  for (int r = 1; r < c->P; r++) {
    const int64_t from = side->cuts.position[r], to = side->cuts.position[r + 1];
    int64_t       here;

    if (side->cuts.offset[r] == 0 || from == to) continue;
    here = tt_min(to - from, side->cuts.length[r] - side->cuts.offset[r]);
    side->moves[r].cut_out += (double)tt_segments_of(here);
    side->moves[side->owner[side->cuts.row[r]]].cut_in += (double)tt_segments_of(here);
    side->moves[r].lead_in = 1;
    side->moves[side->owner[side->cuts.row[r]]].lead_out++;
  }
}

tartan_status tt_recommend_count(const tartan_sparse *R, const tartan_recommend_opts *opts, double row_work, int ranks,
                                 tt_epoch_counts *counts)
{
  const double  k = (double)opts->factors;
  counter       c = {.grid = R->grid, .entries = R->entries, .P = ranks};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *counts = (tt_epoch_counts){.imbalance = 1};
  REQUIRE(R->grid->size == 1, TARTAN_ERR_GRID, "ratings to be counted lie on one rank");
  tt_recommend_price(&c.model, opts);
  make(&c, R, &local);
  AGREE(R->grid, local);
  fill(&c, R);
  TRY(arrange(&c, row_work, &counts->imbalance));
  for (int s = 0; s < 2; s++) {
    counts->flops += flops_of(&c, &c.side[s]);
    count_rows(&c, s);
    count_cuts(&c, s);
  }
  for (int r = 0; r < ranks; r++) {
    const tt_side_moves side[2] = {c.side[0].moves[r], c.side[1].moves[r]};

    counts->words = fmax(counts->words, tt_epoch_words(opts, ranks, r, false, side));
    counts->needed = fmax(counts->needed,
                          k * fmax(side[0].rows_in + side[1].rows_in, side[0].rows_out + side[1].rows_out));
  }
done:
  end(&c);
  return st;
}
