/*
 * A recommender: its options, its two sides, and the epochs in which they take turns (alternating least squares).
 */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "model/recommend_impl.h"

#define FACTORS_MAX 4096
#define STEPS 3  /* of conjugate gradients, where none are given */
#define BLOCK 32 /* coordinates of a block, likewise */

tartan_status tt_recommend_check(const tartan_recommend_opts *o)
{
  tartan_status st = TARTAN_OK;

  REQUIRE((int)o->model >= 0 && o->model <= TARTAN_RECOMMEND_NMF, TARTAN_ERR_ARG, "there is no model %d",
          (int)o->model);
  REQUIRE(o->model <= TARTAN_RECOMMEND_POPULARITY, TARTAN_ERR_ARG,
          "this model has no epochs: it is fitted by tartan_ease(), tartan_puresvd() or tartan_recommend_nmf()");
  REQUIRE((int)o->solver >= 0 && o->solver <= TARTAN_RECOMMEND_BLOCK, TARTAN_ERR_ARG, "there is no solver %d",
          (int)o->solver);
  REQUIRE((int)o->confidence >= 0 && o->confidence <= TARTAN_CONFIDENCE_LOG, TARTAN_ERR_ARG,
          "there is no confidence %d", (int)o->confidence);
  REQUIRE(o->dtype == TARTAN_F32 || o->dtype == TARTAN_F64, TARTAN_ERR_DTYPE, "factors are f32 or f64");
  REQUIRE(o->factors >= 1 && o->factors <= FACTORS_MAX, TARTAN_ERR_ARG, "%lld factors: give 1 to %d",
          (long long)o->factors, FACTORS_MAX);
  REQUIRE(o->regularization >= 0 && isfinite(o->regularization) && isfinite(o->exponent), TARTAN_ERR_ARG,
          "regularization %g with exponent %g: give finite numbers, the first not below 0", o->regularization,
          o->exponent);
  REQUIRE(o->unobserved >= 0 && isfinite(o->unobserved), TARTAN_ERR_ARG,
          "a weight of %g for what is not observed: give a number not below 0", o->unobserved);
  REQUIRE(isfinite(o->alpha) && o->damping >= 0 && o->init_stddev >= 0 && o->steps >= 0, TARTAN_ERR_ARG,
          "alpha %g, damping %g, init_stddev %g, steps %lld: one is out of range", o->alpha, o->damping, o->init_stddev,
          (long long)o->steps);
  REQUIRE(!o->nonnegative || o->solver == TARTAN_RECOMMEND_EXACT, TARTAN_ERR_ARG,
          "factors that are not negative take the exact solver, not cg or block");
done:
  return st;
}

int64_t tt_recommend_steps(const tartan_recommend_opts *o)
{
  return o->steps > 0 ? o->steps : o->solver == TARTAN_RECOMMEND_BLOCK ? BLOCK : STEPS;
}

/*
 * The first item factors: independent normal numbers of item and factor, their absolute values where factors are not
 * negative; zero without entries. Local.
 */
static void draw(tartan_recommender *m)
{
  const tartan_recommend_opts *o = &m->opts;
  const tt_side               *items = &m->side[TT_ITEMS];
  const double                 implicit = 0.1 / sqrt((double)o->factors);
  const double scale = o->init_stddev > 0 ? o->init_stddev : o->model == TARTAN_RECOMMEND_ALS ? 0.1 : implicit;

  for (int64_t i = 0; i < items->count; i++) {
    for (int64_t j = 0; j < o->factors && items->entries[i] > 0; j++) {
      const double x = scale * tt_normal(o->seed, items->first + i, j);

      tt_put_element(o->dtype, o->nonnegative ? fabs(x) : x, items->F->data, o->factors, j, i);
    }
  }
}

/* Memory of what both sides share. Collective. */
static tartan_status make_shared(tartan_recommender *m)
{
  const int64_t k = m->opts.factors;
  const int64_t most = tt_max(m->side[TT_USERS].needed.needed, m->side[TT_ITEMS].needed.needed);
  tt_memory    *memory = &m->grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  m->near = tt_alloc(memory, most * k, tartan_dtype_size(m->opts.dtype), "factor rows of the other side", &local);
  for (int s = 0; s < 2; s++) m->gram[s] = tt_alloc(memory, k * k, sizeof(double), "a Gram matrix", &local);
  AGREE(m->grid, local);
  TRY(tt_isa_common(m->grid, &m->isa));
done:
  return st;
}

tartan_status tartan_recommender_create(const tartan_sparse *R, const tartan_recommend_opts *opts,
                                        tartan_recommender **model)
{
  const tartan_recommend_opts defaults = TARTAN_RECOMMEND_OPTS_INIT;
  tartan_grid                *grid = R->grid;
  tartan_recommender         *m = NULL;
  tartan_status               st = TARTAN_OK, local = TARTAN_OK;

  *model = NULL;
  m = tt_alloc_zero(&grid->memory, 1, sizeof *m, "a recommender", &local);
  AGREE(grid, local);
  m->grid = grid;
  m->opts = defaults;
  if (opts) memcpy(&m->opts, opts, opts->size < sizeof m->opts ? opts->size : sizeof m->opts);
  TRY(tt_recommend_check(&m->opts));
  m->opts.steps = tt_recommend_steps(&m->opts);
  REQUIRE(R->entries > 0, TARTAN_ERR_SHAPE, "there is no rating: %lld users x %lld items without an entry",
          (long long)R->m, (long long)R->n);
  TRY(tt_sides_make(m, R));
  TRY(tt_fit_biases(m));
  TRY(tt_sides_weigh(m));
  if (tt_has_factors(m)) {
    TRY(make_shared(m));
    draw(m);
  }
  *model = m;
done:
  if (st != TARTAN_OK) tartan_recommender_destroy(&m);
  return st;
}

void tartan_recommender_destroy(tartan_recommender **model)
{
  tartan_recommender *m = model ? *model : NULL;

  if (!m) return;
  for (int s = 0; s < 2; s++) {
    tt_side_end(&m->side[s]);
    tt_free(m->gram[s]);
  }
  tt_free(m->near);
  tt_free(m);
  *model = NULL;
}

/* Largest over mean of what the ranks have to compute. Collective. */
static tartan_status balance(tartan_grid *grid, double flops, double *largest, double *imbalance)
{
  double        sum = flops;
  tartan_status st = TARTAN_OK;

  *largest = flops;
  TRY(tt_allreduce_f64(grid, largest, 1, TT_MAX));
  TRY(tt_allreduce_f64(grid, &sum, 1, TT_SUM));
  *imbalance = sum > 0 ? *largest * grid->size / sum : 1;
done:
  return st;
}

tartan_status tartan_recommender_epoch(tartan_recommender *m, tartan_recommend_epoch *epoch)
{
  tartan_grid           *grid = m->grid;
  const double           since = tt_seconds(), flops = grid->counters.flops;
  tartan_recommend_epoch e = {.epoch = m->epochs + 1, .imbalance = 1};
  tartan_status          st = TARTAN_OK;

  if (tt_has_factors(m)) {
    const int64_t sent = grid->counters.words_sent, received = grid->counters.words_received;

    TRY(tt_half_step(m, TT_USERS));
    TRY(tt_half_step(m, TT_ITEMS));
    TRY(balance(grid, grid->counters.flops - flops, &e.flops, &e.imbalance));
    TRY(tt_recommend_loss(m, &e.loss));
    e.words = (double)tt_max(grid->counters.words_sent - sent, grid->counters.words_received - received);
    TRY(tt_allreduce_f64(grid, &e.words, 1, TT_MAX));
  }
  m->epochs++;
  e.seconds = tt_seconds() - since;
  TRY(tt_allreduce_f64(grid, &e.seconds, 1, TT_MAX));
  if (epoch) *epoch = e;
done:
  return st;
}

void tartan_recommender_get_values(const tartan_recommender *m, tartan_recommend_values *values)
{
  const tt_side *users = &m->side[TT_USERS], *items = &m->side[TT_ITEMS];

  *values = (tartan_recommend_values){.users = users->R->m,
                                      .items = items->R->m,
                                      .factors = tt_has_factors(m) ? m->opts.factors : 0,
                                      .epochs = m->epochs,
                                      .mean = m->mean,
                                      .low = m->low,
                                      .high = m->high,
                                      .user_factors = users->F,
                                      .item_factors = items->F,
                                      .user_bias = users->bias,
                                      .item_bias = items->bias};
}

void tartan_recommender_range(const tartan_recommender *m, int side, int64_t *first, int64_t *count)
{
  *first = m->side[side != 0].first;
  *count = m->side[side != 0].count;
}

tartan_status tartan_recommender_keep(tartan_recommender *m)
{
  tartan_status st = TARTAN_OK;

  for (int s = 0; s < 2 && tt_has_factors(m); s++) {
    tt_side *side = &m->side[s];

    if (!side->kept)
      TRY(tt_matrix_create_ranges(m->grid, m->opts.dtype, m->opts.factors, side->R->m, side->R->owner, NULL,
                                  &side->kept));
    tt_copy_local(m->opts.dtype, side->F->data, side->F->ld, m->opts.dtype, side->kept->data, side->kept->ld,
                  side->F->mloc, side->F->nloc);
  }
  m->kept_epoch = m->epochs;
done:
  return st;
}

int64_t tartan_recommender_restore(tartan_recommender *m)
{
  if (m->kept_epoch == 0) return 0;
  for (int s = 0; s < 2 && tt_has_factors(m); s++) {
    tt_side *side = &m->side[s];

    tt_copy_local(m->opts.dtype, side->kept->data, side->kept->ld, m->opts.dtype, side->F->data, side->F->ld,
                  side->F->mloc, side->F->nloc);
    m->known[s] = false;
  }
  m->epochs = m->kept_epoch;
  return m->kept_epoch;
}
