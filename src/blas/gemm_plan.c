/*
 * Weighing. Every grid p1 x p2 x p3 is estimated by its flops and words; the best of them, and those that fit the
 * operands' arrangements, are laid out and priced exactly: words, changes of layout, messages, memory. What counts in the
 * end is the time that the grid's rates give them, or, for operands still to be made, the fewest words of all ranks.
 */
#include "blas/gemm_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "blas/bound.h"
#include "comm/agree.h"

#define FINALISTS 16
#define SMALL                                                                                                          \
  4e6 /* products a rank below which only the operands' own arrangements are looked at: planning takes time */
#define SAME_WORDS 0.002 /* words that differ by less are as good */
#define MANY 64          /* ranks beyond which near-square layers are looked at as well, whatever their words */
#define LAYERS 8         /* most of those */

/* ------------------------------------------------------------------------------------------------ prices */

/*
 * How often a word that changes its layout is read and written in memory beside its message: once where it is used from
 * the cache right after, more often where whole operands or the result are written and read again.
 */
static double move_copies(const tt_gemm_plan *plan)
{
  const bool streams = tt_gemm_side_of(&plan->g, !plan->ring_b).stays || tt_gemm_streams_other(plan);

  return streams && plan->g.c_stays ? 1 : 5;
}

/* Words that a rank copies beside: packed parts, gathered panels, partial products that are added up. */
static double copied_words(const tt_gemm_shape *shape, const tt_gemm_plan *plan)
{
  const tt_gemm_grid *g = &plan->g;
  const tt_gemm_side  ring = tt_gemm_side_of(g, plan->ring_b), other = tt_gemm_side_of(g, !plan->ring_b);
  const double        k = (double)shape->k / g->p3;
  double              words = 0;

  if (ring.ring > 1) words += (double)tt_axis_largest(&ring.outer) * k / ring.ring;
  if (!tt_gemm_reads_other(plan) && other.stays)
    words += (double)tt_axis_largest(&other.outer) * k * (other.ring > 1 ? 2 : 1);
  if (g->p3 > 1) words += 3 * (double)tt_axis_largest(&g->m) * (double)tt_axis_largest(&g->n);
  return words;
}

double tt_gemm_seconds(const tt_gemm_shape *shape, const tt_gemm_plan *plan, double speed)
{
  const tt_rates *rates = &shape->grid->rates;
  const double    size = (double)tartan_dtype_size(shape->dtype);
  const double    compute = plan->cost.flops / (speed * (shape->dtype == TARTAN_F32 ? 2 : 1));
  const double    words = plan->cost.words * size / rates->bandwidth + plan->cost.messages * rates->latency;
  const double    moved = plan->cost.words_redistributed * size *
                       (1 / rates->bandwidth + move_copies(plan) / rates->copies);
  const double copied = copied_words(shape, plan) * size / rates->copies;

  return (plan->overlap ? fmax(compute, words) : compute + words) + moved + copied;
}

/* Elements of C that the tiles of a triangle cover, the most of any rank; and those of a tile across the diagonal. */
static double covered(const tt_gemm_grid *g, tartan_uplo uplo, int64_t *across)
{
  double most = 0;

  *across = 0;
  for (int j = 0; j < g->p2; j++) {
    const int64_t cols = tt_axis_count(&g->n, j);

    for (int i = 0; i < g->p1; i++) {
      const int64_t rows = tt_axis_count(&g->m, i);
      double        all = 0;

      for (int64_t y = 0; y < cols; y += TT_GEMM_TRIANGLE) {
        const int64_t n = tt_min(TT_GEMM_TRIANGLE, cols - y);
        const int64_t edge = tt_axis_global(&g->n, j, uplo == TARTAN_LOWER ? y : y + n - 1) + (uplo == TARTAN_UPPER);
        const int64_t above = tt_axis_before(&g->m, i, edge);

        all += (double)n * (double)(uplo == TARTAN_LOWER ? rows - above : above);
        *across = tt_max(*across, n * (tt_axis_before(&g->m, i, tt_axis_global(&g->n, j, y + n - 1) + 1) -
                                       tt_axis_before(&g->m, i, tt_axis_global(&g->n, j, y))));
      }
      most = fmax(most, all);
    }
  }
  return most;
}

static void price(const tt_gemm_shape *shape, const tartan_gemm_opts *opts, int64_t *work, tt_gemm_plan *plan)
{
  const tt_gemm_grid *g = &plan->g;
  const int64_t       inner = tt_axis_largest(&g->a.col) * g->p2;

  plan->triangle = shape->triangle;
  plan->overlap = opts->overlap == TARTAN_ON || (opts->overlap == TARTAN_PLANNED && shape->grid->nodes > 1);
  if (g->p1 * g->p2 == 1) plan->overlap = false;
  plan->cost.flops = 2.0 * (double)tt_axis_largest(&g->m) * (double)tt_axis_largest(&g->n) *
                     (double)tt_min(inner, shape->k);
  if (shape->triangle) plan->cost.flops = 2 * covered(g, shape->uplo, &plan->across) * (double)shape->k;
  plan->cost.words = (double)tt_gemm_words(g);
  plan->cost.words_redistributed = shape->placed ? (double)tt_gemm_words_moved(shape, g, work) : 0;
}

/* ------------------------------------------------------------------------------------------------ search */

/* A grid that may be worth a closer look. */
typedef struct candidate {
  int    p[3];
  bool   invited; /* as an operand lies: only the layout that adopts its axes makes sense */
  double merit;   /* seconds without changes of layout, about */
} candidate;

/* What the search has found so far. */
typedef struct search {
  const tt_gemm_shape    *shape;
  const tartan_gemm_opts *opts;
  int64_t                 cap;
  int64_t                *work;
  int                    *who; /* of the grid that is looked at; plan has its own */
  candidate               finalist[FINALISTS + 6 + 4];
  int                     finalists, tried;
  bool                    found;
  double                  fewest;    /* words of a grid of all ranks that fits */
  double                  all_words; /* fewest words of a grid that uses all ranks; < 0: none */
  int64_t                 least;     /* bytes that would do */
  tt_gemm_plan            best;
} search;

static double estimate(const tt_gemm_shape *shape, const int p[3])
{
  const tt_rates *rates = &shape->grid->rates;
  const double    m = (double)shape->m, n = (double)shape->n, k = (double)shape->k, p1 = p[0], p2 = p[1], p3 = p[2];
  const double    words = m * k / (p1 * p3) * (1 - 1 / p2) + k * n / (p2 * p3) * (1 - 1 / p1) +
                       m * n / (p1 * p2) * (1 - 1 / p3);
  const double flops = 2 * ceil(m / p1) * ceil(n / p2) * ceil(k / p3);

  return flops / (rates->flops * shape->grid->threads) + words * 8 / rates->bandwidth;
}

/* Keeps a grid if it is among the best so far. */
static void consider(search *s, int p1, int p2, int p3)
{
  candidate c = {.p = {p1, p2, p3}};
  int       at;

  c.merit = estimate(s->shape, c.p);
  s->tried++;
  for (at = s->finalists; at > 0 && s->finalist[at - 1].merit > c.merit; at--)
    if (at < FINALISTS) s->finalist[at] = s->finalist[at - 1];
  if (at < FINALISTS) s->finalist[at] = c;
  if (s->finalists < FINALISTS) s->finalists++;
}

/* Adds a grid whatever its merit, unless it is there already. */
static void add_once(search *s, int p1, int p2, int p3, bool invited)
{
  for (int i = 0; i < s->finalists; i++)
    if (s->finalist[i].p[0] == p1 && s->finalist[i].p[1] == p2 && s->finalist[i].p[2] == p3) return;
  s->finalist[s->finalists++] = (candidate){.p = {p1, p2, p3}, .invited = invited};
}

/* Adds a grid that the operands' arrangements suggest. */
static void invite(search *s, int p1, int p2, int p3)
{
  if (p1 * p2 * p3 <= s->shape->grid->size) add_once(s, p1, p2, p3, true);
}

static void list_candidates(search *s)
{
  const tt_gemm_shape *x = s->shape;
  const int            P = x->grid->size;

  const bool small = x->placed && (double)x->m * (double)x->n * (double)x->k < SMALL * P;

  for (int p1 = 1; p1 <= P && !small; p1++)
    for (int p2 = 1; p1 * p2 <= P; p2++)
      for (int p3 = 1; p1 * p2 * p3 <= P; p3++) consider(s, p1, p2, p3);
  if (x->placed) {
    invite(s, x->c.row.procs, x->c.col.procs, 1);
    invite(s, x->a.row.procs, 1, x->a.col.procs);
    invite(s, 1, x->b.col.procs, x->b.row.procs);
  }
  if (x->placed && !small) {
    invite(s, P, 1, 1);
    invite(s, 1, P, 1);
    invite(s, 1, 1, P);
  }
  for (int p3 = 1; p3 <= LAYERS && P > MANY && !small; p3 *= 2) {
    int p1 = 1, p2 = 1;

    tt_grid_plan(P / p3, &p1, &p2);
    add_once(s, p1, p2, p3, false);
  }
  if (small) s->tried = s->finalists;
}

/* Whether starting messages takes longer than their words: parts of a few inner indices, where the memory allows no more. */
static bool chatters(const tt_gemm_shape *shape, const tt_gemm_plan *plan)
{
  const tt_rates *rates = &shape->grid->rates;

  return plan->cost.messages * rates->latency >
         plan->cost.words * (double)tartan_dtype_size(shape->dtype) / rates->bandwidth;
}

/*
 * Whether a plan may be chosen. For operands that are still to be made only the fewest words of all grids that use every
 * rank will do: there the flops are the same, and a word is what a slower network makes dear. Fewer ranks may be faster.
 */
static bool may_win(const search *s, const tt_gemm_plan *plan, bool uses_all)
{
  return s->shape->placed || !uses_all || plan->cost.words <= (1 + SAME_WORDS) * s->fewest;
}

/* The least time, then the least memory. */
static bool is_better(const search *s, const tt_gemm_plan *plan)
{
  const tartan_cost *new = &plan->cost, *old = &s->best.cost;

  return new->seconds < old->seconds || (new->seconds == old->seconds && plan->memory < s->best.memory);
}

/* Lays a grid out; false if it does not fit. */
static bool lay_out(search *s, const int p[3], bool adopt, tt_gemm_plan *plan)
{
  const bool uses_all = p[0] * p[1] * p[2] == s->shape->grid->size;

  memset(plan, 0, sizeof *plan);
  plan->panel = 1;
  tt_gemm_grid_make(s->shape, p[0], p[1], p[2], adopt, s->who, s->work, &plan->g);
  price(s->shape, s->opts, s->work, plan);
  if (uses_all && (s->all_words < 0 || plan->cost.words < s->all_words)) s->all_words = plan->cost.words;
  if (tt_gemm_fit(s->shape, s->opts, s->cap, plan)) {
    plan->cost.seconds = tt_gemm_seconds(s->shape, plan, s->shape->grid->rates.flops * s->shape->grid->threads);
    if (uses_all && (s->shape->grid->size <= MANY || !chatters(s->shape, plan)))
      s->fewest = fmin(s->fewest, plan->cost.words);
    return true;
  }
  if (s->least == 0 || plan->memory < s->least) s->least = plan->memory;
  return false;
}

/* Lays a grid out and keeps it if it is the best that fits. */
static void look_at(search *s, const int p[3], bool adopt)
{
  const int    Q = p[0] * p[1] * p[2];
  tt_gemm_plan plan;

  if (!lay_out(s, p, adopt, &plan) || !may_win(s, &plan, Q == s->shape->grid->size)) return;
  if (s->found && !is_better(s, &plan)) return;
  s->found = true;
  memcpy(s->best.g.who, s->who, 3 * (size_t)Q * sizeof *s->who);
  plan.g.who = s->best.g.who;
  plan.g.a.ranks = plan.g.who;
  plan.g.b.ranks = plan.g.who + Q;
  plan.g.c.ranks = plan.g.who + 2 * Q;
  s->best = plan;
}

static void run_search(search *s)
{
  const int          forced[] = {s->opts->p1, s->opts->p2, s->opts->p3};
  const tartan_grid *grid = s->shape->grid;

  if (s->shape->triangle) { /* in place: partial sums of a triangle are the tall algorithm's */
    s->tried = 1;
    look_at(s, (int[]){s->shape->c.row.procs, s->shape->c.col.procs, 1}, true);
  } else if (s->opts->algorithm == TARTAN_GEMM_PBLAS) { /* it works where C is */
    s->finalist[0] = (candidate){.p = {s->shape->placed ? s->shape->c.row.procs : grid->p,
                                       s->shape->placed ? s->shape->c.col.procs : grid->q, 1}};
    s->finalists = s->tried = 1;
  } else if (forced[0] > 0) {
    s->finalist[0] = (candidate){.p = {forced[0], forced[1], forced[2]}};
    s->finalists = s->tried = 1;
  } else {
    list_candidates(s);
  }
  for (int i = 0; i < s->finalists && !s->shape->placed; i++) {
    tt_gemm_plan plan;

    (void)lay_out(s, s->finalist[i].p, false, &plan);
  }
  for (int i = 0; i < s->finalists; i++) {
    if (!s->finalist[i].invited) look_at(s, s->finalist[i].p, false);
    if (s->shape->placed) look_at(s, s->finalist[i].p, true);
  }
}

/* ------------------------------------------------------------------------------------------------ result */

/* Names the algorithm and says why: what stays, what the fewest words of all ranks would be if some are idle. */
static void explain(const search *s, tartan_cost *cost)
{
  const tt_gemm_plan *plan = &s->best;
  const tt_gemm_grid *g = &plan->g;
  const int           used = g->p1 * g->p2 * g->p3, all = s->shape->grid->size;
  size_t              at;

  if (s->opts->algorithm == TARTAN_GEMM_PBLAS) {
    snprintf(cost->algorithm, sizeof cost->algorithm, "%s", s->shape->triangle ? "p?syrk" : "p?gemm");
    snprintf(cost->reason, sizeof cost->reason, "asked for; words and seconds as if it were our own on C's ranks");
    return;
  }
  snprintf(cost->algorithm, sizeof cost->algorithm, "%s",
           g->p3 == 1           ? "SUMMA"
           : g->p1 * g->p2 == 1 ? "inner product"
                                : "3D SUMMA");
  snprintf(cost->reason, sizeof cost->reason, "%s of %d grid%s",
           s->opts->p1 > 0                    ? "asked for"
           : !s->shape->placed && used == all ? "fewest words"
                                              : "least time",
           s->tried, TT_S(s->tried));
  at = strlen(cost->reason);
  if (s->shape->placed) {
    snprintf(cost->reason + at, sizeof cost->reason - at, "; %s%s%s%s%s", g->a_stays ? "A " : "",
             g->b_stays ? "B " : "", g->c_stays ? "C " : "",
             g->a_stays || g->b_stays || g->c_stays ? "in place" : "all operands move",
             plan->overlap ? ", exchange beside the product" : "");
    at = strlen(cost->reason);
  }
  if (used < all && s->all_words >= 0)
    snprintf(cost->reason + at, sizeof cost->reason - at, "; %d of %d ranks, %.0f words each; all of them: %.0f", used,
             all, cost->words, s->all_words);
}

static void fill_cost(const search *s, tt_gemm_plan *plan)
{
  const tt_gemm_shape *x = s->shape;
  const tt_gemm_grid  *g = &plan->g;
  tartan_cost         *cost = &plan->cost;

  cost->words_bound = tt_product_bound((double)x->m, (double)x->n, (double)x->k, g->p1 * g->p2 * g->p3);
  cost->bytes_moved = (cost->words + cost->words_redistributed) * (double)tartan_dtype_size(x->dtype);
  cost->passes = 1;
  cost->grid[0] = g->p1;
  cost->grid[1] = g->p2;
  cost->grid[2] = g->p3;
  explain(s, cost);
}

tartan_status tt_gemm_check_options(const tartan_grid *grid, const tartan_gemm_opts *o)
{
  tartan_status st = TARTAN_OK;

  REQUIRE((o->p1 == 0 && o->p2 == 0 && o->p3 == 0) ||
              (o->p1 > 0 && o->p2 > 0 && o->p3 > 0 && (int64_t)o->p1 * o->p2 <= grid->size / o->p3),
          TARTAN_ERR_ARG,
          "a product on %d x %d x %d of %d ranks: give three sizes whose product is at most that, or none", o->p1,
          o->p2, o->p3, grid->size);
  REQUIRE(o->panel >= 0 && o->memory >= 0, TARTAN_ERR_ARG,
          "a panel of %lld, %lld bytes of memory: none may be negative", (long long)o->panel, (long long)o->memory);
  REQUIRE((unsigned)o->overlap <= TARTAN_ON && (unsigned)o->algorithm <= TARTAN_GEMM_PBLAS, TARTAN_ERR_ARG,
          "overlap %d, algorithm %d: no such choice", (int)o->overlap, (int)o->algorithm);
done:
  return st;
}

/* Bytes of the three operands on a rank, about: in f64, for sizes of which nobody knows whether they can be. */
static double operand_bytes(const tt_gemm_shape *shape)
{
  const double m = (double)shape->m, n = (double)shape->n, k = (double)shape->k;

  return (m * k + k * n + m * n) * (double)tartan_dtype_size(shape->dtype) / shape->grid->size;
}

tartan_status tt_gemm_cap(const tt_gemm_shape *shape, const tartan_gemm_opts *opts, int64_t *cap)
{
  const tt_memory *mem = &shape->grid->memory;
  const int64_t    none = INT64_MAX;
  int64_t          left = mem->limit > 0 ? tt_max(1, mem->limit - mem->used) : none;
  tartan_status    st = TARTAN_OK;

  TRY(tt_agree_least(shape->grid, &left));
  if (left != none && !shape->placed) /* the operands are still to be made */
    left = (int64_t)fmax(1, (double)left - operand_bytes(shape));
  if (opts->memory > 0) left = tt_min(left, opts->memory);
  if (left != none && opts->check) left = tt_max(1, left - tt_gemm_check_bytes(shape));
  *cap = left == none ? 0 : left;
done:
  return st;
}

tartan_status tt_gemm_plan_make(const tt_gemm_shape *shape, const tartan_gemm_opts *opts, tt_gemm_plan *plan)
{
  const int     P = shape->grid->size;
  search        s = {.shape = shape, .opts = opts, .all_words = -1, .fewest = INFINITY};
  char          need[24], has[24];
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(plan, 0, sizeof *plan);
  TRY(tt_gemm_check_options(shape->grid, opts));
  TRY(tt_gemm_cap(shape, opts, &s.cap));
  s.best.g.who = tt_alloc(NULL, 6 * (int64_t)P, sizeof(int), "the plan of a product", &local);
  s.work = tt_alloc(NULL, tt_gemm_grid_work(P), sizeof(int64_t), "the plan of a product", &local);
  AGREE(shape->grid, local);
  s.who = s.best.g.who + 3 * P;
  run_search(&s);
  REQUIRE(s.found, TARTAN_ERR_NOMEM,
          "a product of %lld x %lld x %lld needs %s per rank beside its operands, %s are left; give it more memory or "
          "more ranks",
          (long long)shape->m, (long long)shape->n, (long long)shape->k,
          tt_bytes_text(1.05 * (double)s.least, need), /* the text is rounded */
          tt_bytes_text((double)s.cap, has));
  *plan = s.best;
  fill_cost(&s, plan);
  s.best.g.who = NULL;
done:
  tt_free(s.work);
  tt_free(s.best.g.who);
  return st;
}
