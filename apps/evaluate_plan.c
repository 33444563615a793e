/* What an evaluation takes: as many users at a time as a part of the memory holds, so that lists of any number of users fit. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "common/plan.h"
#include "evaluate.h"
#include "model/predictor_impl.h"

#define LEAST_USERS 256 /* of a rank in a batch, where there are so many */
#define SHARE 4         /* lists and profiles may take a fourth of the room */
#define ENTRY_BYTES 80  /* of a hidden or test entry while matrices are made and rows travel */

/* Bytes of a user in a batch: profile, list, values, entries. */
static double user_bytes(const app_evaluation *e)
{
  const int64_t hidden = e->other.read ? e->other.ratings.total : 0;
  double        most = 0;

  for (int m = 0; m < e->models; m++) most = fmax(most, 24.0 * (double)e->judged[m].model.v.factors);
  return most + 32.0 * (double)e->metrics.longest + 16.0 * (e->metrics.ranked + 1) +
         (double)ENTRY_BYTES * (double)(e->known + hidden) / (double)e->users;
}

static tartan_status choose_batch(app_run *run, app_evaluation *e)
{
  int64_t       room = 0, here;
  tartan_status st = TARTAN_OK;

  TRY(app_plan_room(run, &room));
  here = tt_max(LEAST_USERS, (int64_t)((double)room / SHARE / user_bytes(e)));
  e->batch = tt_min(e->users, here * run->size);
  e->batches = tt_ceil_div(e->users, e->batch);
done:
  return st;
}

/* The lists of one model, of one batch. Collective. */
static tartan_status plan_model(app_run *run, const app_evaluation *e, const app_judged *j, tartan_cost *plan)
{
  const app_batch  who = {0, e->batch};
  tartan_topn_opts opts = TARTAN_TOPN_OPTS_INIT;
  app_served       served = {NULL};
  tartan_status    st = TARTAN_OK, planned;

  opts.count = e->metrics.longest;
  if (j->row)
    TRY(tt_profiles_make(j->model.p, who.users, &served.profiles));
  else
    TRY(app_evaluate_serve(run, e, j, who, &served));
  planned = tartan_predictor_topn_plan(j->model.p, served.profiles, &opts, plan);
  if (planned != TARTAN_ERR_NOMEM) TRY(planned);
done:
  app_evaluate_served_end(&served);
  return st;
}

/* Bytes of a rank beside lists: entries of a batch and the sums of the resamples. */
static double own_bytes(const app_run *run, const app_evaluation *e)
{
  const double sums = 16.0 * (double)(app_evaluate_set.resamples + 65) * (e->metrics.ranked + 1);

  return user_bytes(e) * (double)tt_ceil_div(e->batch, run->size) + sums * e->models + 8.0 * (double)e->items / 64;
}

tartan_status app_evaluate_plan(app_run *run, app_evaluation *e)
{
  tartan_cost   sum = {.flops = 0}, one;
  char          what[96];
  tartan_status st = TARTAN_OK;

  TRY(choose_batch(run, e));
  for (int m = 0; m < e->models && e->metrics.ranked > 0; m++) {
    TRY(plan_model(run, e, &e->judged[m], &one));
    sum.flops += one.flops * (double)e->batches;
    sum.words += one.words * (double)e->batches;
    sum.memory = fmax(sum.memory, one.memory);
  }
  snprintf(sum.algorithm, sizeof sum.algorithm, "full ranking");
  snprintf(sum.reason, sizeof sum.reason, "every item is a candidate; %lld user%s at a time", (long long)e->batch,
           TT_S(e->batch));
  sum.memory += own_bytes(run, e);
  sum.bytes_read = (double)run->grid->counters.bytes_read;
  run->plan = sum;
  snprintf(what, sizeof what, "the evaluation of %lld user%s", (long long)e->users, TT_S(e->users));
  if (!app_result_set.plan) TRY(app_plan_fits(run, what, run->plan.memory, ", or use more ranks"));
  TRY(app_plan_seconds(run));
done:
  return st;
}
