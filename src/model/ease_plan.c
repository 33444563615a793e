/* What item weights take, and how many ranks or items would fit where it is too much. */
#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "comm/agree.h"
#include "factor/solve_impl.h"
#include "model/ease_impl.h"

#define COPY_BYTES ((double)(64 << 20)) /* that a copy packs at once, at most */
#define GRAM_BYTES ((double)(16 << 20)) /* that R'R may take, however few items there are */
#define PANELS 256                      /* columns of the panels of a factorization and an inverse */
#define MOST_RANKS (1 << 20)

/* The layout of R'R on so many ranks. */
static tt_layout layout_of(int64_t n, int P, int p, int q)
{
  const tartan_grid        grid = {.size = P, .p = p, .q = q};
  const tartan_matrix_opts o = tt_factored_layout(&grid, n, n);

  return (tt_layout){.row = {.n = n, .nb = o.mb, .procs = o.p}, .col = {.n = n, .nb = o.nb, .procs = o.q}};
}

/* Bytes of a rank's part of R'R, and those that stand beside it later: the weights on their way, a transpose, panels. */
static double part_bytes(const tt_layout *layout)
{
  return 8 * (double)tt_layout_largest(layout);
}

static double beside_bytes(const tt_layout *layout, tartan_dtype dtype, int P)
{
  const double  n = (double)layout->row.n, part = part_bytes(layout), copy = fmin(COPY_BYTES, 2 * part);
  const double  weights = (double)tartan_dtype_size(dtype) * n * (double)tt_ceil_div(layout->row.n, P);
  const int64_t cols = tt_axis_largest(&layout->col);
  const double  panels = layout->row.procs == 1 ? 8 * PANELS * (n + (double)cols + 128) : part + copy;

  return fmax(weights + copy, panels) + 32 * n;
}

/* Whether a rank can hold it: 0 if so, else whether memory or 32-bit indices are in the way. */
static tartan_status fits(int64_t n, tartan_dtype dtype, int P, int p, int q, int64_t room)
{
  const tt_layout layout = layout_of(n, P, p, q);
  const double    bytes = part_bytes(&layout) + fmax(beside_bytes(&layout, dtype, P), GRAM_BYTES);

  if (n > INT32_MAX || tt_layout_largest(&layout) > INT32_MAX) return TARTAN_ERR_OVERFLOW;
  return bytes <= (double)room ? TARTAN_OK : TARTAN_ERR_NOMEM;
}

static bool fits_ranks(int64_t n, tartan_dtype dtype, int P, int64_t room)
{
  int p, q;

  tt_grid_plan(P, &p, &q);
  return fits(n, dtype, P, p, q, room) == TARTAN_OK;
}

/* The number of ranks from which on there is room; 0: there is none. */
static int ranks_that_fit(int64_t n, tartan_dtype dtype, int from, int64_t room)
{
  int low = from, high = from;

  while (high <= MOST_RANKS && !fits_ranks(n, dtype, high, room)) {
    low = high;
    high *= 2;
  }
  if (high > MOST_RANKS) return 0;
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;

    if (fits_ranks(n, dtype, middle, room))
      high = middle;
    else
      low = middle;
  }
  return high;
}

/* The most items, below n, that these ranks have room for. */
static int64_t items_that_fit(int64_t n, tartan_dtype dtype, const tartan_grid *grid, int64_t room)
{
  int64_t low = 0, high = n;

  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;

    if (fits(middle, dtype, grid->size, grid->p, grid->q, room) == TARTAN_OK)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* The refusal, with what would do. */
static tartan_status refuse(const tartan_sparse *R, tartan_dtype dtype, double memory, int64_t room, tartan_status why)
{
  const int     ranks = ranks_that_fit(R->n, dtype, R->grid->size, room);
  const int64_t items = items_that_fit(R->n, dtype, R->grid, room);
  char          what[100], more[100] = "more memory per rank", need[24], have[24];

  snprintf(what, sizeof what, "%s per rank, the budget leaves %s", tt_bytes_text(memory, need),
           tt_bytes_text((double)room, have));
  if (why == TARTAN_ERR_OVERFLOW) snprintf(what, sizeof what, "more elements per rank than 32-bit indices reach");
  if (ranks > 0) snprintf(more, sizeof more, "%d ranks with as much memory each", ranks);
  return tt_fail(why, "item weights of %lld items need %s: use %s, or the %lld items that matter most", (long long)R->n,
                 what, more, (long long)items);
}

/*
 * Words of the factorization and its inverse: panels of half a matrix three times, and the other triangle. On a row of ranks a
 * panel begins where its group does, and the first rank sends those of the factor, which are the longest, to each of the others.
 */
static double solve_words(const tt_layout *layout)
{
  const double n = (double)layout->row.n, nb = (double)layout->row.nb;
  const double p = layout->row.procs, q = layout->col.procs, half = n * n / 2;
  double       sent = 0;

  if (p * q == 1) return 0;
  if (p > 1) return 3 * half * (1 / p + 1 / q) + n * n / (p * q);
  for (double row = 0; row < n; row += nb * q) sent += (q - 1) * fmin(nb, n - row) * (n - row + nb);
  sent += 2 * (half + 1.5 * nb * n) / q + half / q * (1 - 1 / q);
  return fmax(sent, (3 * half + 4 * nb * n + half / q) * (1 - 1 / q));
}

static void describe(const tartan_sparse *R, const tt_layout *layout, const tt_ease_gram_figures *gram,
                     tartan_cost *plan)
{
  const double n = (double)R->n, P = R->grid->size, places = layout->row.procs * layout->col.procs;

  *plan = (tartan_cost){.grid = {layout->row.procs, layout->col.procs, 1}, .passes = 1};
  snprintf(plan->algorithm, sizeof plan->algorithm, "ease");
  snprintf(plan->reason, sizeof plan->reason,
           "R'R of %lld items from the sparse rows in blocks on %d x %d ranks, Cholesky and inverse in its place",
           (long long)R->n, layout->row.procs, layout->col.procs);
  plan->flops = gram->flops + n * n * n / places;
  plan->words = gram->words * (1 - 1 / P) + solve_words(layout);
  plan->words_redistributed = n * n / P * (1 - 1 / P);
  plan->bytes_moved = 8 * (plan->words + plan->words_redistributed);
}

tartan_status tt_ease_prepare(const tartan_sparse *R, tartan_dtype dtype, tartan_cost *plan, int64_t *room)
{
  tartan_grid         *grid = R->grid;
  const tt_layout      layout = layout_of(R->n, grid->size, grid->p, grid->q);
  const double         part = part_bytes(&layout), beside = beside_bytes(&layout, dtype, grid->size);
  tt_ease_gram_figures gram;
  tartan_status        st = TARTAN_OK, why;

  *plan = (tartan_cost){.passes = 1};
  REQUIRE(dtype == TARTAN_F32 || dtype == TARTAN_F64, TARTAN_ERR_DTYPE, "element type %d is neither f32 nor f64",
          (int)dtype);
  *room = grid->memory.limit > 0 ? tt_max(0, grid->memory.limit - grid->memory.used) : INT64_MAX;
  TRY(tt_agree_least(grid, room));
  plan->memory = part + fmax(beside, GRAM_BYTES);
  why = fits(R->n, dtype, grid->size, grid->p, grid->q, *room);
  if (why != TARTAN_OK) TRY(refuse(R, dtype, plan->memory, *room, why));
  TRY(tt_ease_gram_count(R, &layout, &gram));
  describe(R, &layout, &gram, plan);
  *room = (int64_t)fmin((double)*room - part, fmax(beside, GRAM_BYTES));
  plan->memory = part + fmax(beside, fmin(gram.bytes, (double)*room));
done:
  return st;
}

tartan_status tartan_ease_plan(const tartan_sparse *R, tartan_dtype dtype, tartan_cost *plan)
{
  int64_t room;

  return tt_ease_prepare(R, dtype, plan, &room);
}
