/*
 * The objective, exactly. What all pairs contribute to the loss of implicit data is the trace of a product of two k x k Gram
 * matrices; what is left is a sum over entries, taken on the item side right after its half-step, when the user rows that it
 * needs are there.
 */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/parallel.h"
#include "model/recommend_impl.h"

#define GROUP 64 /* rows of a task */

/* Sums over groups of one side's rows, which threads take. */
typedef struct job {
  const tartan_recommender *m;
  const tt_side            *side;
  const char               *lead; /* factor row of the row that is led in */
  double                   *row;  /* [threads, k] */
  double (*sum)[2];               /* per group */
} job;

/* |x|^2 in several chains, which are as many as the length has. */
static double square(const double *x, int64_t k)
{
  double  sum[8] = {0};
  int64_t i = 0;

  for (; i + 8 <= k; i += 8)
    for (int c = 0; c < 8; c++) sum[c] += x[i + c] * x[i + c];
  for (; i < k; i++) sum[0] += x[i] * x[i];
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

double tt_misfit_more(const tartan_recommender *m)
{
  return m->opts.model == TARTAN_RECOMMEND_IALS && m->opts.replaced ? m->opts.unobserved : 0;
}

/*
 * What the entries of a local row add beside what all pairs do: known since the half-step, or, of long rows, a segment at a
 * time, as they may lie on several ranks.
 */
static void add_entries(const job *j, int64_t il, const double *x, double sum[2])
{
  const tartan_recommender *m = j->m;
  const tt_side            *side = j->side;
  const tt_als_shared       shared = {.dtype = m->opts.dtype, .isa = m->isa, .k = m->opts.factors, .Y = m->near};
  const size_t              size = tartan_dtype_size(m->opts.dtype);
  const int64_t             i = il - side->shift;
  const int64_t             end = side->part.ptr[il + 1];

  if (i >= 0 && side->entries[i] <= TARTAN_SPARSE_SEGMENT) {
    tt_add_twofold(sum, side->misfit[i]);
    return;
  }
  for (int64_t e = side->part.ptr[il]; e < end; e += TARTAN_SPARSE_SEGMENT) {
    const void *weight = side->weight ? (const char *)side->weight + (size_t)e * size : NULL;

    tt_add_twofold(sum, tt_als_misfit(&shared, tt_min(TARTAN_SPARSE_SEGMENT, end - e), side->needed.local + e, weight,
                                      (const char *)side->target + (size_t)e * size, tt_misfit_more(m), x));
  }
}

/* Penalties of owned rows; of items also the entries. */
static void sum_group(int64_t g, void *context)
{
  const job     *j = context;
  const tt_side *side = j->side;
  const int64_t  k = j->m->opts.factors, shift = side->shift, rows = side->part.rows;
  const size_t   bytes = (size_t)k * tartan_dtype_size(j->m->opts.dtype);
  double        *x = j->row + tt_thread_index() * k;

  j->sum[g][0] = j->sum[g][1] = 0;
  for (int64_t il = g * GROUP; il < tt_min(shift + side->count, (g + 1) * GROUP); il++) {
    const char *row = il < shift ? j->lead : (const char *)side->F->data + (size_t)(il - shift) * bytes;

    tt_copy_local(j->m->opts.dtype, row, k, TARTAN_F64, x, k, k, 1);
    if (il >= shift)
      tt_add_twofold(j->sum[g], tt_get_element(j->m->opts.dtype, side->lambda, 1, il - shift, 0) * square(x, k));
    if (side == &j->m->side[TT_ITEMS] && il < rows) add_entries(j, il, x, j->sum[g]);
  }
}

/* Adds what this rank has of one side. Local. */
static void add_side(job *j, int which, double sum[2])
{
  const tt_side *side = j->side = &j->m->side[which];
  const int64_t  groups = tt_ceil_div(side->shift + side->count, GROUP);

  tt_parallel_flushed(j->m->grid->threads, groups, sum_group, j);
  for (int64_t g = 0; g < groups; g++) {
    tt_add_twofold(sum, j->sum[g][0]);
    sum[1] += j->sum[g][1];
  }
}

/* alpha0 times the sum over all pairs of squared scores: trace of the product of the Gram matrices. Collective. */
static tartan_status all_pairs(tartan_recommender *m, double *value)
{
  const int64_t k = m->opts.factors;
  tartan_status st = TARTAN_OK;

  *value = 0;
  if (m->opts.model != TARTAN_RECOMMEND_IALS) goto done;
  TRY(tt_factor_gram(m, TT_USERS));
  TRY(tt_factor_gram(m, TT_ITEMS));
  for (int64_t i = 0; i < k * k; i++) *value += m->gram[TT_USERS][i] * m->gram[TT_ITEMS][i];
  *value *= m->opts.unobserved;
done:
  return st;
}

tartan_status tt_recommend_loss(tartan_recommender *m, double *loss)
{
  tartan_grid   *grid = m->grid;
  const tt_side *users = &m->side[TT_USERS], *items = &m->side[TT_ITEMS];
  const int64_t  k = m->opts.factors, most = 1 + tt_max(users->count, items->count);
  double         sum[2] = {0, 0}, entries = 0, pairs = 0, t;
  char          *lead = NULL;
  job            j = {.m = m};
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  j.lead = lead = tt_alloc(&grid->memory, k, tartan_dtype_size(m->opts.dtype), "a factor row", &local);
  j.row = tt_alloc(&grid->memory, grid->threads * k, sizeof *j.row, "factor rows", &local);
  j.sum = tt_alloc(&grid->memory, tt_ceil_div(most, GROUP), sizeof *j.sum, "sums of the loss", &local);
  AGREE(grid, local);
  TRY(tt_factor_rows(items->F, items->part.first, items->shift, lead));
  t = tt_seconds();
  add_side(&j, TT_USERS, sum);
  add_side(&j, TT_ITEMS, sum);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  TRY(tt_sum_twofold(grid, sum, &entries));
  TRY(all_pairs(m, &pairs));
  *loss = entries + pairs;
done:
  tt_free(j.sum);
  tt_free(j.row);
  tt_free(lead);
  return st;
}
