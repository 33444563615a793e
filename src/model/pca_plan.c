/*
 * Choosing a solver and predicting its cost. The Gram solver reads the file once and needs n^2 memory, whatever m; the
 * full one needs the matrix in memory three times over, but resolves small components. The TSQR solver does so in one pass
 * and n^2 memory, at two to four times the cost of Gram. Without a wish Gram is taken where it fits, unless there are
 * fewer samples than features; its eigen-decomposition gives way to a Krylov iteration where few components of many are
 * wanted.
 */
#include <tartan/factor.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/gemm.h"
#include "model/pca_impl.h"

#define FEW 20          /* a Krylov iteration pays from this many features for each component on */
#define KRYLOV_STEPS 15 /* of it, assumed */

#define READ_RATE 1.5e9 /* bytes per second of a node, assumed: page cache or a good file system */
#define LINK_RATE 1.0e9 /* bytes per second between ranks, assumed */

/* Options against each other and the data. */
static tartan_status check_options(const tartan_operator *A, const tartan_pca_opts *opts, tartan_pca_opts *o)
{
  const tartan_pca_opts defaults = TARTAN_PCA_OPTS_INIT;
  const int64_t         most = tt_min(A->m, A->n);
  tartan_status         st = TARTAN_OK;

  *o = defaults;
  if (opts) memcpy(o, opts, opts->size < sizeof *o ? opts->size : sizeof *o);
  REQUIRE(A->m >= 2, TARTAN_ERR_ARG, "PCA needs at least 2 samples, the data has %lld", (long long)A->m);
  REQUIRE(A->n >= 1, TARTAN_ERR_ARG, "PCA needs at least 1 feature");
  REQUIRE(o->components >= 0 && o->components <= most, TARTAN_ERR_ARG,
          "%lld components of %lld samples x %lld features: at most %lld", (long long)o->components, (long long)A->m,
          (long long)A->n, (long long)most);
  REQUIRE(o->variance >= 0 && o->variance < 1, TARTAN_ERR_ARG, "a fraction of variance of %g: give one in (0, 1)",
          o->variance);
  REQUIRE(!o->mle || A->m >= A->n, TARTAN_ERR_ARG,
          "the maximum likelihood estimate of k needs at least as many samples (%lld) as features (%lld)",
          (long long)A->m, (long long)A->n);
  REQUIRE((o->components > 0) + (o->variance > 0) + o->mle <= 1, TARTAN_ERR_ARG,
          "give one of a count, a fraction of variance, and mle");
  REQUIRE(o->solver >= TARTAN_PCA_AUTO && o->solver <= TARTAN_PCA_TSQR, TARTAN_ERR_ARG, "no such solver");
  REQUIRE(o->solver != TARTAN_PCA_KRYLOV || o->components > 0, TARTAN_ERR_ARG,
          "the krylov solver finds the first components only: give their number");
done:
  return st;
}

/* Bytes of eigh or svd of an n x n problem on the busiest rank. */
static double eigen_bytes(const tartan_grid *grid, int64_t n)
{
  const double square = 8 * (double)n * (double)n;

  return n <= TARTAN_EIGH_ONE_RANK ? 6 * square : 8 * square / (grid->p * grid->q);
}

/* Options of a pass, as far as its plan goes. */
static tt_gram_opts pass_opts(const tartan_operator *A, const tt_pca_setup *setup)
{
  static const double fill = 0;
  const bool          fills = setup->opts.nan == TARTAN_PCA_NAN_MEAN && !tt_element_is_integer(A->element);

  return (tt_gram_opts){.center = setup->opts.center, .fill = fills ? &fill : NULL};
}

/* The memory of a pass and of the n x n problem after it; 0 if they do not fit so many bytes. */
static int64_t memory_with_eigen(const tartan_operator *A, bool fits, int64_t bytes, int64_t *memory)
{
  const double need = fmax((double)*memory, eigen_bytes(A->grid, A->n));

  *memory = need < 9e18 ? (int64_t)need : INT64_MAX;
  return fits && (bytes == 0 || *memory <= bytes) ? *memory : 0;
}

/* Memory of the Gram solver within so many bytes; 0 if it does not fit. */
static int64_t gram_memory(const tartan_operator *A, const tt_pca_setup *setup, int64_t bytes, tt_gram_plan *gram)
{
  const tt_gram_opts opts = pass_opts(A, setup);
  const bool         fits = tt_gram_plan_make(A, &opts, A->grid->size, A->grid->threads, bytes, gram) == TARTAN_OK;

  return memory_with_eigen(A, fits, bytes, &gram->memory);
}

/* The same of the TSQR solver. */
static int64_t tsqr_memory(const tartan_operator *A, const tt_pca_setup *setup, int64_t bytes, tt_tsqr_plan *tsqr)
{
  const tt_gram_opts opts = pass_opts(A, setup);
  const bool         fits = tt_tsqr_plan_make(A, &opts, A->grid->size, A->grid->threads, bytes, tsqr) == TARTAN_OK;

  return memory_with_eigen(A, fits, bytes, &tsqr->memory);
}

/*
 * Memory of the full solver. Tall: the rows, block-cyclic, and the copy that is factored; wide: also its transpose, the
 * reflectors multiplied out, and their workspace. Blocks of 64 are dealt whole. The numbers of the model are on every rank.
 */
static double full_memory(const tartan_operator *A)
{
  const int64_t longer = tt_max(A->m, A->n), shorter = tt_min(A->m, A->n);
  const double  mine = (double)(tt_ceil_div(longer, 64 * A->grid->size) * 64);
  const double  copy = 8 * (double)shorter * mine;

  return (A->m >= A->n ? 3 : 5) * copy + 8 * 64 * (mine + (double)shorter) + eigen_bytes(A->grid, shorter) +
         8 * (double)shorter * (double)A->n + (double)((int64_t)64 << 20);
}

/* Flops of the eigenvalue problem behind the Gram or QR factor. */
static double eigen_flops(const tartan_operator *A, const tt_pca_setup *setup)
{
  const double n = (double)tt_min(A->m, A->n);

  if (setup->solver != TARTAN_PCA_KRYLOV) return 10 * n * n * n;
  return 4 * (double)A->n * (double)A->n * KRYLOV_STEPS * (double)tt_max(8, tt_min(32, setup->opts.components));
}

tartan_status tt_pca_predict_seconds(const tartan_operator *A, tt_pca_setup *setup)
{
  const double  n = (double)tt_min(A->m, A->n);
  double        rate = tt_gemm_rate(A->grid->threads);
  tartan_cost  *c = &setup->plan;
  tartan_status st = TARTAN_OK;

  TRY(tt_allreduce_f64(A->grid, &rate, 1, TT_MIN));
  if (rate <= 0) rate = 1e9;
  if (setup->solver == TARTAN_PCA_GRAM || setup->solver == TARTAN_PCA_KRYLOV)
    TRY(tt_gram_predict(A, &setup->gram, &c->seconds));
  else
    c->seconds = c->flops / rate + c->bytes_read / READ_RATE + 8 * c->words / LINK_RATE;
  c->seconds += eigen_flops(A, setup) / (rate * (n <= TARTAN_EIGH_ONE_RANK ? 1 : A->grid->p * A->grid->q));
done:
  return st;
}

/* Says what the least budget is that would do on the rank where most is in use. Collective. */
static tartan_status refuse(tartan_grid *grid, const char *solver, double need, const char *hint)
{
  const tt_memory *mem = &grid->memory;
  const double     mib = 1048576;
  int64_t          used = mem->used;
  char             a[24], b[24], c[24];
  tartan_status    st = TARTAN_OK;

  TRY(tt_allreduce_i64(grid, &used, 1, TT_MAX));
  st = tt_fail(TARTAN_ERR_NOMEM,
               "PCA by %s needs %s per rank beside %s in use, the budget is %s; give --memory %.0fM or more%s", solver,
               tt_bytes_text(need, a), tt_bytes_text((double)used, b),
               tt_bytes_text((double)(mem->asked ? mem->asked : mem->limit), c), ceil((need + (double)used) / mib + 1),
               hint);
done:
  return st;
}

static void describe_gram(tt_pca_setup *setup, bool chosen)
{
  tartan_cost *c = &setup->plan;

  snprintf(c->algorithm, sizeof c->algorithm, "gram");
  snprintf(c->reason, sizeof c->reason,
           chosen ? "asked for; %lld segment%s of about %lld rows"
                  : "one pass, memory of n^2 whatever the number of samples; %lld segment%s of about %lld rows",
           (long long)setup->gram.segments.count, setup->gram.segments.count == 1 ? "" : "s",
           (long long)(setup->gram.segments.m / setup->gram.segments.count));
  c->flops = setup->gram.flops;
  c->words = setup->gram.words;
  c->memory = (double)setup->gram.memory;
}

/* The same pass, with the other way to eigenvectors. */
static void describe_krylov(tt_pca_setup *setup, bool chosen)
{
  tartan_cost *c = &setup->plan;

  describe_gram(setup, chosen);
  snprintf(c->algorithm, sizeof c->algorithm, "krylov");
  snprintf(c->reason, sizeof c->reason, "%s; one pass for the Gram matrix, %lld segment%s of about %lld rows",
           chosen ? "asked for" : "few components of many: they are found by iteration",
           (long long)setup->gram.segments.count, setup->gram.segments.count == 1 ? "" : "s",
           (long long)(setup->gram.segments.m / setup->gram.segments.count));
}

static void describe_full(const tartan_operator *A, tt_pca_setup *setup, bool chosen)
{
  const double m = (double)A->m, n = (double)A->n, P = A->grid->size;
  tartan_cost *c = &setup->plan;

  snprintf(c->algorithm, sizeof c->algorithm, "full");
  snprintf(c->reason, sizeof c->reason, "%s",
           chosen        ? "asked for; in memory, QR then SVD"
           : A->m < A->n ? "fewer samples than features, and the data fits the memory"
                         : "the Gram matrix does not fit the memory budget, the data does");
  c->flops = (m >= n ? 2 * n * n * (m - n / 3) : 4 * m * m * (n - m / 3)) / P;
  c->words_redistributed = m * n / P;
  c->words = (m / A->grid->p + n / A->grid->q) * fmin(m, n);
  c->memory = full_memory(A);
}

static void describe_tsqr(tt_pca_setup *setup)
{
  tartan_cost *c = &setup->plan;

  snprintf(c->algorithm, sizeof c->algorithm, "tsqr");
  snprintf(c->reason, sizeof c->reason,
           "asked for; one pass, exact to the smallest component; %lld segment%s of about %lld rows",
           (long long)setup->tsqr.segments.count, setup->tsqr.segments.count == 1 ? "" : "s",
           (long long)(setup->tsqr.segments.m / setup->tsqr.segments.count));
  c->flops = setup->tsqr.flops;
  c->words = setup->tsqr.words;
  c->memory = (double)setup->tsqr.memory;
}

/* Fewer samples than features: an n x n problem would be the larger one. Up to TARTAN_EIGH_ONE_RANK bits are promised. */
static tartan_pca_solver choose(const tartan_operator *A, int64_t k, bool gram_fits, bool full_fits)
{
  const bool wide = A->m<A->n, few = A->n> TARTAN_EIGH_ONE_RANK && k > 0 && k <= A->n / FEW;

  if (full_fits && (wide || !gram_fits)) return TARTAN_PCA_FULL;
  return few ? TARTAN_PCA_KRYLOV : TARTAN_PCA_GRAM;
}

tartan_status tt_pca_prepare(const tartan_operator *A, const tartan_pca_opts *opts, tt_pca_setup *setup)
{
  tartan_grid  *grid = A->grid;
  int64_t       room = grid->memory.limit > 0 ? tt_max(1, grid->memory.limit - grid->memory.used) : INT64_MAX, need;
  bool          asked;
  tartan_status st = TARTAN_OK;

  memset(setup, 0, sizeof *setup);
  TRY(check_options(A, opts, &setup->opts));
  TRY(tt_agree_least(grid, &room)); /* the cuts must be the same on every rank */
  if (room == INT64_MAX) room = 0;
  asked = setup->opts.solver != TARTAN_PCA_AUTO;
  setup->solver = setup->opts.solver;
  need = gram_memory(A, setup, room, &setup->gram);
  if (!asked) setup->solver = choose(A, setup->opts.components, need > 0, room == 0 || full_memory(A) <= (double)room);
  if (setup->solver == TARTAN_PCA_GRAM || setup->solver == TARTAN_PCA_KRYLOV) {
    if (need == 0) TRY(refuse(grid, "gram", (double)setup->gram.memory, ", or more ranks on more nodes"));
    if (setup->solver == TARTAN_PCA_KRYLOV)
      describe_krylov(setup, asked);
    else
      describe_gram(setup, asked);
  } else if (setup->solver == TARTAN_PCA_TSQR) {
    if (tsqr_memory(A, setup, room, &setup->tsqr) == 0)
      TRY(refuse(grid, "tsqr", (double)setup->tsqr.memory, A->m < A->n ? ", or --solver full" : ", or --solver gram"));
    describe_tsqr(setup);
  } else {
    if (room > 0 && full_memory(A) > (double)room)
      TRY(refuse(grid, "full", full_memory(A), ", use more ranks, or --solver gram"));
    describe_full(A, setup, asked);
  }
  setup->plan.passes = 1 + (setup->opts.nan == TARTAN_PCA_NAN_MEAN && !tt_element_is_integer(A->element));
  setup->plan.bytes_read = setup->plan.passes * (double)A->m * (double)A->n * (double)tt_element_size(A->element) /
                           grid->size;
  setup->plan.grid[0] = grid->p;
  setup->plan.grid[1] = grid->q;
  setup->plan.grid[2] = 1;
done:
  return st;
}
