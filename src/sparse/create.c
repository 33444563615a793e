/*
 * A matrix from entries that any rank gives. Entries become pairs (row and column in one key, value in f64). One exchange
 * puts them in the order of rows and columns over the ranks (pairs.c), where all entries of one place meet on one rank
 * in the order of ranks and lists; duplicates are settled there. Then the cuts are known exactly (cuts.c), and a second
 * exchange moves what the sample had put on a neighbour.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "kernel/convert.h"
#include "kernel/dense.h"
#include "sparse/build.h"
#include "sparse/cuts.h"

static int64_t col_of(const tt_pair *pair)
{
  return (int64_t)(pair->key & ((UINT64_C(1) << TT_COL_BITS) - 1));
}

static int64_t row_of(const tt_pair *pair)
{
  return (int64_t)(pair->key >> TT_COL_BITS);
}

/* ------------------------------------------------------------------------------------------------ duplicates */

/* Settles entries of one place, which stand behind each other; returns how many places there are. */
static int64_t settle(tartan_duplicates what, tt_pair *pair, int64_t count)
{
  int64_t kept = 0;

  for (int64_t e = 0; e < count; e++) {
    tt_pair *last = pair + kept - 1;

    if (kept == 0 || last->key != pair[e].key) {
      pair[kept++] = pair[e];
      continue;
    }
    if (what == TARTAN_DUPLICATES_SUM) last->value += pair[e].value;
    if (what == TARTAN_DUPLICATES_LAST) last->value = pair[e].value;
    if (what == TARTAN_DUPLICATES_MAX && pair[e].value > last->value) last->value = pair[e].value;
  }
  return kept;
}

/* Refuses duplicates: the first place is that of the lowest rank that has one. */
static tartan_status refuse(tartan_grid *grid, const tt_pair *pair, int64_t count)
{
  int64_t       twice = 0, first = -1;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  for (int64_t e = 1; e < count; e++) {
    if (pair[e].key != pair[e - 1].key) continue;
    if (first < 0) first = e;
    twice++;
  }
  TRY(tt_allreduce_i64(grid, &twice, 1, TT_SUM));
  if (first >= 0)
    local = tt_fail(TARTAN_ERR_INPUT,
                    "%lld entr%s for a place that has one already; the first is row %lld, column %lld (from zero); "
                    "choose sum, last or max",
                    (long long)twice, twice == 1 ? "y" : "ies", (long long)row_of(pair + first),
                    (long long)col_of(pair + first));
  AGREE(grid, local);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ parts */

/* Which rank every entry goes to, of those at positions `from` and on. */
static void route(const tt_cuts *cuts, int P, int64_t from, int64_t count, int64_t *send_count)
{
  for (int r = 0; r < P; r++) {
    const int64_t low = tt_max(cuts->position[r], from), high = tt_min(cuts->position[r + 1], from + count);

    send_count[r] = tt_max(0, high - low);
  }
}

/* Which rows a rank has. */
static void set_rows(const tt_cuts *cuts, int P, int me, tartan_sparse *A)
{
  const int64_t from = cuts->row[me], to = cuts->row[me + 1] + (cuts->offset[me + 1] > 0);

  for (int r = 0; r <= P; r++) A->owner[r] = cuts->row[r] + (cuts->offset[r] > 0);
  A->first = A->owner[me];
  if (from == cuts->row[me + 1] && cuts->offset[me] == cuts->offset[me + 1]) return;
  A->first = from;
  A->rows = to - from;
  A->before = cuts->offset[me];
  if (cuts->offset[me + 1] > 0) A->after = cuts->length[me + 1] - cuts->offset[me + 1];
}

static void fill_part(const tt_pair *pair, int64_t count, tartan_sparse *A)
{
  for (int64_t e = 0; e < count; e++) {
    A->ptr[row_of(pair + e) - A->first + 1]++;
    A->col[e] = (int32_t)col_of(pair + e);
    tt_put_element(A->dtype, pair[e].value, A->value, 1, e, 0);
  }
  for (int64_t i = 0; i < A->rows; i++) A->ptr[i + 1] += A->ptr[i];
}

/* Room for this rank's part. */
static void allocate_part(tartan_sparse *A, int64_t count, tartan_status *local)
{
  tt_memory *mem = &A->grid->memory;

  A->ptr = tt_alloc_zero(mem, A->rows + 1, sizeof *A->ptr, "rows of a sparse matrix", local);
  A->col = tt_alloc(mem, count, sizeof *A->col, "columns of a sparse matrix", local);
  A->value = tt_alloc(mem, count, tartan_dtype_size(A->dtype), "values of a sparse matrix", local);
}

static tartan_sparse *make_frame(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, tartan_status *local)
{
  tartan_sparse *A = tt_alloc_zero(&grid->memory, 1, sizeof *A, "a sparse matrix", local);

  if (!A) return NULL;
  A->grid = grid;
  A->dtype = dtype;
  A->m = m;
  A->n = n;
  A->owner = tt_alloc(&grid->memory, grid->size + (int64_t)1, sizeof *A->owner, "rows of each rank", local);
  return A;
}

/* The work of a row without a function of its own. */
static double linear(int64_t entries, void *row_work)
{
  return (double)entries + *(const double *)row_work;
}

/* Gives each rank its rows, from pairs in one order over the ranks. */
static tartan_status deal(tartan_sparse *A, const tt_build_opts *opts, const tt_pair *pair, int64_t count)
{
  tartan_grid  *grid = A->grid;
  const int     P = grid->size, me = grid->rank;
  tt_cuts       cuts = {.row = NULL};
  tt_routes     routes = {.grid = grid};
  tt_pair      *came = NULL;
  int64_t      *begin;
  double        row_work = opts->row_work;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  begin = tt_alloc_zero(NULL, P + (int64_t)1, sizeof *begin, "positions of entries", &local);
  tt_cuts_make(P, &cuts, &local);
  tt_routes_make(grid, &routes, &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, &count, 1, sizeof count, begin + 1));
  for (int r = 0; r < P; r++) begin[r + 1] += begin[r];
  A->entries = begin[P];
  TRY(tt_cuts_find(grid, pair, begin, A->m, opts->work ? opts->work : linear, opts->work ? opts->context : &row_work,
                   &cuts));
  route(&cuts, P, begin[me], count, routes.send_count);
  TRY(tt_routes_tell(&routes));
  set_rows(&cuts, P, me, A);
  came = tt_alloc(&grid->memory, routes.received, sizeof *came, "entries of this rank's rows", &local);
  allocate_part(A, routes.received, &local);
  AGREE(grid, local);
  TRY(tt_routes_go(&routes, pair, sizeof *pair, came));
  fill_part(came, routes.received, A);
done:
  tt_free(came);
  tt_routes_free(&routes);
  tt_cuts_free(&cuts);
  tt_free(begin);
  return st;
}

tartan_status tt_sparse_build(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, const tt_build_opts *opts,
                              tt_pair *pair, int64_t count, tartan_sparse **A)
{
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;
  tartan_sparse *made = NULL;

  *A = NULL;
  TRY(tt_pairs_spread(grid, opts->row_work, m, &pair, &count));
  if (opts->duplicates == TARTAN_DUPLICATES_ERROR)
    TRY(refuse(grid, pair, count));
  else
    count = settle(opts->duplicates, pair, count);
  made = make_frame(grid, dtype, m, n, &local);
  AGREE(grid, local);
  TRY(deal(made, opts, pair, count));
  *A = made;
  made = NULL;
done:
  tartan_sparse_destroy(&made);
  tt_free(pair);
  return st;
}

/* ------------------------------------------------------------------------------------------------ entries */

/* The entries that a rank gives. */
typedef struct given {
  tartan_dtype   dtype;
  int64_t        m, n, count;
  const int64_t *row, *col;
  const void    *value;
} given;

static bool outside(const given *g, int64_t e)
{
  return g->row[e] < 0 || g->row[e] >= g->m || g->col[e] < 0 || g->col[e] >= g->n;
}

/* Refuses indices out of range: how many there are on all ranks, and the first of the lowest rank. */
static tartan_status check_range(tartan_grid *grid, const given *g)
{
  int64_t       wrong = 0, first = -1;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  for (int64_t e = g->count - 1; e >= 0; e--) {
    if (!outside(g, e)) continue;
    first = e;
    wrong++;
  }
  TRY(tt_allreduce_i64(grid, &wrong, 1, TT_SUM));
  if (first >= 0)
    local = tt_fail(TARTAN_ERR_INPUT,
                    "%lld entr%s outside of %lld x %lld; the first is entry %lld: row %lld, column %lld (from zero)",
                    (long long)wrong, wrong == 1 ? "y lies" : "ies lie", (long long)g->m, (long long)g->n,
                    (long long)first, (long long)g->row[first], (long long)g->col[first]);
  AGREE(grid, local);
done:
  return st;
}

static tartan_status check_finite(tartan_grid *grid, const given *g)
{
  const tt_element element = tt_element_of(g->dtype);
  int64_t          wrong = g->value ? tt_count_nonfinite(element, g->value, g->count) : 0;
  const bool       mine = wrong > 0;
  bool             is_nan = false;
  tartan_status    st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_allreduce_i64(grid, &wrong, 1, TT_SUM));
  if (mine) {
    const int64_t e = tt_find_nonfinite(element, g->value, g->count, &is_nan);

    local = tt_fail(TARTAN_ERR_INPUT, "%lld value%s NaN or Inf; the first is entry %lld, %s at row %lld, column %lld",
                    (long long)wrong, wrong == 1 ? " is" : "s are", (long long)e, is_nan ? "NaN" : "Inf",
                    (long long)g->row[e], (long long)g->col[e]);
  }
  AGREE(grid, local);
done:
  return st;
}

static tartan_status check_shape(int64_t m, int64_t n)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(m >= 0 && n >= 0, TARTAN_ERR_SHAPE, "a sparse matrix of %lld x %lld cannot be", (long long)m, (long long)n);
  REQUIRE(m <= TT_ROWS_MAX && n < INT32_MAX + INT64_C(1), TARTAN_ERR_SHAPE,
          "a sparse matrix of %lld x %lld is too large: rows up to 2^33, columns below 2^31", (long long)m,
          (long long)n);
done:
  return st;
}

static tartan_status check_opts(const tartan_sparse_opts *o)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(o->duplicates >= TARTAN_DUPLICATES_ERROR && o->duplicates <= TARTAN_DUPLICATES_MAX, TARTAN_ERR_ARG,
          "%d is no way to treat duplicates", (int)o->duplicates);
  REQUIRE(o->row_work >= 0 && isfinite(o->row_work), TARTAN_ERR_ARG, "the work of a row, %g, must be 0 or more",
          o->row_work);
done:
  return st;
}

static tt_pair *make_pairs(tartan_grid *grid, const given *g, tartan_status *local)
{
  tt_pair *pair = tt_alloc(&grid->memory, g->count, sizeof *pair, "entries of a sparse matrix", local);

  for (int64_t e = 0; pair && e < g->count; e++) {
    pair[e].key = (uint64_t)g->row[e] << TT_COL_BITS | (uint64_t)g->col[e];
    pair[e].value = g->value ? tt_get_element(g->dtype, g->value, 1, e, 0) : 1;
  }
  return pair;
}

tartan_status tartan_sparse_create(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, int64_t count,
                                   const int64_t *row, const int64_t *col, const void *value,
                                   const tartan_sparse_opts *opts, tartan_sparse **A)
{
  tartan_sparse_opts o = TARTAN_SPARSE_OPTS_INIT;
  const given        g = {dtype, m, n, count, row, col, value};
  tt_build_opts      build = {.work = NULL};
  tt_pair           *pair = NULL;
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  *A = NULL;
  if (opts) memcpy(&o, opts, opts->size < sizeof o ? opts->size : sizeof o);
  TRY(check_shape(m, n));
  TRY(check_opts(&o));
  REQUIRE(dtype == TARTAN_F32 || dtype == TARTAN_F64, TARTAN_ERR_ARG, "%d is no element type", (int)dtype);
  if (count < 0 || (count > 0 && (!row || !col)))
    local = tt_fail(TARTAN_ERR_ARG, "%lld entries without rows and columns", (long long)count);
  AGREE(grid, local);
  TRY(check_range(grid, &g));
  TRY(check_finite(grid, &g));
  pair = make_pairs(grid, &g, &local);
  AGREE(grid, local);
  build.duplicates = o.duplicates;
  build.row_work = o.row_work;
  st = tt_sparse_build(grid, dtype, m, n, &build, pair, count, A);
  pair = NULL;
done:
  tt_free(pair);
  return st;
}
