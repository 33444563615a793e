/* The Gram matrix as a result of its own: one pass, then the triangle that was not computed. */
#include "comm/agree.h"
#include "oper/gram.h"

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "matrix/triangle.h"

/* The cuts that fit what the tightest budget leaves; the transpose comes when the pass has given its memory back. Collective. */
static tartan_status plan_within_budget(const tartan_operator *A, const tt_gram_opts *opts, tt_gram_plan *plan)
{
  tt_memory    *mem = &A->grid->memory;
  int64_t       room = mem->limit > 0 ? tt_max(1, mem->limit - mem->used) : INT64_MAX;
  double        need;
  char          a[24], b[24];
  tartan_status st = TARTAN_OK;

  TRY(tt_agree_least(A->grid, &room)); /* the cuts must be the same on every rank */
  if (room == INT64_MAX) room = 0;
  st = tt_gram_plan_make(A, opts, A->grid->size, A->grid->threads, room, plan);
  need = fmax((double)plan->memory, tt_matrix_mirror_bytes(A->grid, A->n, plan->tile));
  REQUIRE(st == TARTAN_OK && (room == 0 || need <= (double)room), TARTAN_ERR_NOMEM,
          "a Gram matrix of %lld columns needs %s per rank, the budget leaves %s", (long long)A->n,
          tt_bytes_text(need, a), tt_bytes_text((double)room, b));
done:
  return st;
}

/* The Gram matrix of no rows: nothing to average, a sum of nothing. Collective. */
static tartan_status gram_of_nothing(const tartan_operator *A, bool center, tartan_matrix **G, double *means)
{
  for (int64_t j = 0; j < A->n && means; j++) means[j] = center ? (double)NAN : 0;
  return tartan_matrix_create(A->grid, TARTAN_F64, A->n, A->n, NULL, G);
}

tartan_status tartan_gram(const tartan_operator *A, bool center, tartan_matrix **G, double *means)
{
  const tt_gram_opts opts = {.center = center};
  tt_gram_plan       plan;
  tt_gram_result     r = {0};
  tartan_status      st = TARTAN_OK;

  *G = NULL;
  if (A->m == 0 || A->n == 0) return gram_of_nothing(A, center, G, means);
  TRY(plan_within_budget(A, &opts, &plan));
  TRY(tt_gram(A, &opts, &plan, &r));
  REQUIRE(r.bad.count == 0, TARTAN_ERR_INPUT, "%lld element%s of the data NaN or Inf; the first is %s at (%lld, %lld)",
          (long long)r.bad.count, r.bad.count == 1 ? " is" : "s are", r.bad.is_nan ? "NaN" : "Inf",
          (long long)r.bad.row, (long long)r.bad.col);
  TRY(tt_matrix_mirror(TARTAN_LOWER, r.G));
  if (means) memcpy(means, r.mean, (size_t)A->n * sizeof *means);
  *G = r.G;
  r.G = NULL;
done:
  tt_free(r.mean);
  tartan_matrix_destroy(&r.G);
  return st;
}
