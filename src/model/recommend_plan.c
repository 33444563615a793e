/*
 * What an epoch takes: memory by the shape of R alone, flops by the lengths of its rows and columns, seconds from a taste.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "model/recommend_impl.h"

#define UNEVEN 1.25   /* a rank's rows and entries over the mean: it is work that is balanced */
#define SORTED 32     /* bytes of an entry while rows are exchanged and columns are numbered */
#define SAMPLES 3.0e6 /* of keys, for the cuts */

/* Distinct of `rows` that so many draws would meet: an upper bound of what a rank needs. */
static double distinct(double rows, double draws)
{
  return rows > 0 ? rows * -expm1(-draws / rows) : 0;
}

/* What a rank has, on the average and no less. */
typedef struct share {
  double P, threads, k, size, value; /* bytes of a factor's element, and of an entry's value */
  double entries, rows[2];
  double needed[2]; /* rows of the other side */
} share;

static share share_of(const tartan_sparse *R, const tartan_recommend_opts *o)
{
  share        s = {.P = R->grid->size, .threads = R->grid->threads, .k = (double)o->factors};
  const double more = s.P > 1 ? UNEVEN : 1;

  s.size = (double)tartan_dtype_size(o->dtype);
  s.value = (double)tartan_dtype_size(R->dtype);
  s.entries = more * (double)R->entries / s.P;
  s.rows[TT_USERS] = more * (double)R->m / s.P;
  s.rows[TT_ITEMS] = more * (double)R->n / s.P;
  s.needed[TT_USERS] = distinct((double)R->n, s.entries);
  s.needed[TT_ITEMS] = distinct((double)R->m, s.entries);
  return s;
}

/* What lasts: ratings (of users too, where they are cut anew), lists, targets and weights, factors. */
static double lasting(const share *s, const tartan_recommend_opts *o)
{
  const bool   factors = o->model == TARTAN_RECOMMEND_ALS || o->model == TARTAN_RECOMMEND_IALS;
  const double weights = o->model == TARTAN_RECOMMEND_IALS ? 2 : 1, sides = s->P > 1 ? 2 : 1;
  double       bytes = s->entries * (sides * (4 + s->value) + 2 * (4 + weights * s->size));

  for (int i = 0; i < 2; i++)
    bytes += s->rows[i] * (8 + 24 + s->size + (factors ? s->k * s->size : 0)) + 16 * s->needed[i];
  return bytes + (factors ? 16 * s->k * s->k : 0);
}

/* What an epoch takes beside: rows of the other side, here and on their way; sums of Gram matrices, or their vectors; the threads'
   panels. */
static double passing(const share *s, const tartan_recommend_opts *o, double segments)
{
  const double k = s->k, most = fmax(s->needed[0], s->needed[1]), sums = 8 * k * (k + 1) / 2;
  const double gram = 512 * k * s->size + 4 * s->threads * (k * k * s->size + sums) +
                      sums * (2 * log2(1 + segments / s->P) + 2 * log2(1 + segments) + 30);
  const double vectors = 32 * k * k + 3 * k * k * s->size + s->threads * 512 * k * s->size;
  const double rows = (3 + 2 * s->threads) * (k * k + 3 * k) * s->size +
                      s->threads * s->size * (k + 40) * (k + (double)tt_als_heavy_from(o->factors) + 300);

  return most * k * s->size + fmax(fmax(gram, vectors), fmax(rows, most * (1 - 1 / s->P) * k * s->size));
}

double tt_recommend_memory(const tartan_sparse *R, const tartan_recommend_opts *o, tt_recommend_parts *parts)
{
  const bool  factors = o->model == TARTAN_RECOMMEND_ALS || o->model == TARTAN_RECOMMEND_IALS;
  const share s = share_of(R, o);

  parts->lasting = lasting(&s, o);
  parts->sorted = SORTED * s.entries + SAMPLES;
  parts->epoch = factors ? passing(&s, o, fmax((double)R->m, (double)R->n) / 512) : 0;
  return parts->lasting + fmax(parts->sorted, parts->epoch);
}

tartan_status tartan_recommend_plan(const tartan_sparse *R, const tartan_recommend_opts *opts, tartan_cost *plan)
{
  tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;
  const double          P = R->grid->size, m = (double)R->m, n = (double)R->n, entries = (double)R->entries;
  double                k;
  tt_recommend_parts    parts;
  tt_epoch_work         work;
  tartan_status         st = TARTAN_OK;

  if (opts) memcpy(&o, opts, opts->size < sizeof o ? opts->size : sizeof o);
  k = (double)o.factors;
  *plan = (tartan_cost){.grid = {R->grid->size, 1, 1}, .passes = 1};
  snprintf(plan->algorithm, sizeof plan->algorithm, "%s",
           o.model == TARTAN_RECOMMEND_ALS    ? "als"
           : o.model == TARTAN_RECOMMEND_IALS ? "ials"
           : o.model == TARTAN_RECOMMEND_BIAS ? "bias"
                                              : "popularity");
  plan->memory = tt_recommend_memory(R, &o, &parts);
  if (o.model != TARTAN_RECOMMEND_ALS && o.model != TARTAN_RECOMMEND_IALS) {
    snprintf(plan->reason, sizeof plan->reason, "no factors");
    goto done;
  }
  snprintf(plan->reason, sizeof plan->reason, "%lld factors, %s; figures of one epoch", (long long)o.factors,
           o.solver == TARTAN_RECOMMEND_CG      ? "a few steps of conjugate gradients a row"
           : o.solver == TARTAN_RECOMMEND_BLOCK ? "each row by blocks of coordinates"
           : o.nonnegative                      ? "each row solved exactly over factors that are not negative"
                                                : "each row solved exactly");
  TRY(tt_recommend_tally(R, &o, &work));
  for (int i = 0; i < 2 * TT_ROW_KINDS; i++) plan->flops += work.side[i / TT_ROW_KINDS][i % TT_ROW_KINDS].flops / P;
  if (o.model == TARTAN_RECOMMEND_IALS && tt_recommend_turns(&o)) plan->flops += 3 * (m + n) * k * k / P;
  plan->words = P > 1 ? (distinct(m, entries / P) + distinct(n, entries / P)) * (1 - 1 / P) * k : 0;
  TRY(tt_recommend_taste(R, &o, &work, &plan->seconds));
  plan->seconds += plan->words * (double)tartan_dtype_size(o.dtype) / R->grid->rates.bandwidth;
done:
  return st;
}
