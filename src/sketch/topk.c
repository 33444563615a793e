/*
 * The front door of the largest singular triplets: checks, the plan, and matrices of which most is wanted, which go to the
 * full decomposition.
 */
#include <tartan/sketch.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include <tartan/factor.h>

#include "base/util.h"
#include "comm/agree.h"
#include "matrix/lines.h"
#include "sketch/basis.h"
#include "sketch/krylov.h"

#define TOLERANCE 1e-8
#define STEPS 300
#define SMALL 200      /* sides up to this are decomposed whole */
#define MOST_BLOCKS 12 /* blocks of a basis beside the k columns that are wanted */

tartan_status tt_topk_options(const tartan_topk_opts *opts, tartan_topk_opts *o)
{
  tartan_status st = TARTAN_OK;

  *o = (tartan_topk_opts)TARTAN_TOPK_OPTS_INIT;
  if (opts) memcpy(o, opts, opts->size < sizeof *o ? opts->size : sizeof *o);
  REQUIRE(o->tolerance >= 0 && isfinite(o->tolerance), TARTAN_ERR_ARG, "tolerance %g: a number >= 0", o->tolerance);
  REQUIRE(o->block >= 0 && o->steps >= 0, TARTAN_ERR_ARG, "a block of %lld vectors, %lld steps: not below 0",
          (long long)o->block, (long long)o->steps);
  if (o->tolerance == 0) o->tolerance = TOLERANCE;
done:
  return st;
}

tartan_status tt_topk_plan(int64_t m, int64_t n, int64_t k, const tartan_topk_opts *opts, tt_krylov_plan *plan)
{
  const int64_t    r = tt_min(m, n);
  tartan_topk_opts o;
  tartan_status    st = TARTAN_OK;

  TRY(tt_topk_options(opts, &o));
  REQUIRE(k >= 1 && k <= r, TARTAN_ERR_ARG, "%lld singular triplets of %lld x %lld: 1 to %lld", (long long)k,
          (long long)m, (long long)n, (long long)r);
  plan->k = k;
  plan->tolerance = o.tolerance;
  plan->block = tt_min(r, o.block > 0 ? o.block : tt_max(8, tt_min(32, tt_round_up(3 * k / 4, 8))));
  plan->steps = o.steps > 0 ? o.steps : STEPS;
  plan->most = k + tt_max(k / 2, MOST_BLOCKS * plan->block);
  plan->seed = o.seed;
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the whole */

/* residuals[i] := max(residuals[i], |op(A) x_i - s_i y_i|). Collective. */
static tartan_status add_residuals(const tartan_operator *A, tartan_op op, const tartan_matrix *X, const double *s,
                                   const tartan_matrix *Y, double *residuals)
{
  const int64_t  k = X->col.n;
  tartan_matrix *D = NULL;
  double        *length = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  length = tt_alloc(&A->grid->memory, k, sizeof *length, "residuals", &local);
  AGREE(A->grid, local);
  TRY(tt_basis_create(A->grid, Y->row.n, k, &D));
  TRY(tartan_operator_apply(A, op, X, D));
  for (int64_t j = 0; j < k; j++)
    for (int64_t i = 0; i < D->mloc; i++)
      ((double *)D->data)[i + j * D->ld] -= s[j] * ((const double *)Y->data)[i + j * Y->ld];
  TRY(tt_basis_lengths(D, k, length, "a residual"));
  for (int64_t j = 0; j < k; j++) residuals[j] = fmax(residuals[j], length[j]);
done:
  tartan_matrix_destroy(&D);
  tt_free(length);
  return st;
}

/* Residuals as they are, by two more applications. Collective. */
static tartan_status measure(const tartan_operator *A, const tt_krylov_plan *plan, tt_krylov_result *r)
{
  double        worst = 0;
  tartan_status st = TARTAN_OK;

  memset(r->residuals, 0, (size_t)plan->k * sizeof *r->residuals);
  TRY(add_residuals(A, TARTAN_NO_TRANS, r->V, r->s, r->U, r->residuals));
  TRY(add_residuals(A, TARTAN_TRANS, r->U, r->s, r->V, r->residuals));
  for (int64_t i = 0; i < plan->k; i++) {
    r->residuals[i] = r->s[0] > 0 ? r->residuals[i] / r->s[0] : 0;
    worst = fmax(worst, r->residuals[i]);
  }
  r->converged = worst <= plan->tolerance;
  r->passes += 2;
done:
  return st;
}

/* All triplets, of which k are kept. Collective. */
static tartan_status decompose(const tartan_operator *A, const tt_krylov_plan *plan, tt_krylov_result *r)
{
  tartan_matrix *copy = NULL, *U = NULL, *Vt = NULL, part;
  double        *s = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  s = tt_alloc(&A->grid->memory, tt_min(A->m, A->n), sizeof *s, "singular values", &local);
  AGREE(A->grid, local);
  TRY(tt_krylov_result_begin(A->grid, plan->k, r));
  if (A->matrix->dtype != TARTAN_F64) TRY(tt_matrix_clone(TARTAN_NO_TRANS, A->matrix, TARTAN_F64, NULL, &copy));
  TRY(tartan_svd(copy ? copy : A->matrix, NULL, &U, s, &Vt, NULL));
  TRY(tt_basis_create(A->grid, A->m, plan->k, &r->U));
  TRY(tt_basis_create(A->grid, A->n, plan->k, &r->V));
  part = tt_matrix_window(U, 0, 0, A->m, plan->k);
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, &part, r->U));
  part = tt_matrix_window(Vt, 0, 0, plan->k, A->n);
  TRY(tartan_matrix_copy(TARTAN_TRANS, &part, r->V));
  memcpy(r->s, s, (size_t)plan->k * sizeof *s);
  TRY(measure(A, plan, r));
done:
  tartan_matrix_destroy(&Vt);
  tartan_matrix_destroy(&U);
  tartan_matrix_destroy(&copy);
  tt_free(s);
  return st;
}

/* By one pass a step, and where that does not reach the tolerance again by two. Collective. */
static tartan_status stream(const tartan_operator *A, const tt_krylov_plan *plan, tt_krylov_result *r)
{
  tt_krylov_plan  first = *plan, rest = *plan;
  tt_saved        saved = {.text = NULL};
  tt_krylov_state state;
  bool            found = false;
  tartan_status   st = TARTAN_OK;

  TRY(tt_krylov_find(A, &saved, &state, &found));
  if (found) first.from = rest.from = &saved;
  if (found) first.state = rest.state = &state;
  if (!found || state.squared) {
    TRY(tt_krylov_squared(A, &first, r));
    TRY(measure(A, plan, r));
    rest.from = NULL;
    rest.steps_before = r->steps;
    rest.passes_before = r->passes;
    if (r->converged || r->steps >= plan->steps) goto done;
    tt_krylov_result_end(r);
  } else {
    rest.steps_before = state.steps_before;
    rest.passes_before = state.passes_before;
  }
  rest.steps -= rest.steps_before;
  TRY(tt_krylov(A, &rest, r));
  r->steps += rest.steps_before;
  r->passes += rest.passes_before;
done:
  tt_saved_end(&saved);
  return st;
}

/* ------------------------------------------------------------------------------------------------ results */

static void tell(const tt_krylov_plan *plan, const tt_krylov_result *r, double start, tartan_topk_info *info)
{
  double *residuals = info ? info->residuals : NULL;

  if (!info) return;
  *info = (tartan_topk_info){.converged = r->converged,
                             .steps = r->steps,
                             .passes = r->passes,
                             .block = plan->block,
                             .residuals = residuals,
                             .seconds = tt_seconds() - start};
  for (int64_t i = 0; i < plan->k; i++) info->residual = fmax(info->residual, r->residuals[i]);
  if (residuals) memcpy(residuals, r->residuals, (size_t)plan->k * sizeof *residuals);
}

/* Gives the factors that are wanted, in the element type that is wanted. Collective. */
static tartan_status hand_over(const tt_krylov_result *r, tartan_dtype dtype, tartan_matrix **U, tartan_matrix **Vt)
{
  tartan_status st = TARTAN_OK;

  if (U) TRY(tt_matrix_clone(TARTAN_NO_TRANS, r->U, dtype, NULL, U));
  if (Vt) TRY(tt_matrix_clone(TARTAN_TRANS, r->V, dtype, NULL, Vt));
done:
  return st;
}

static tartan_status find(const tartan_operator *A, int64_t k, const tartan_topk_opts *opts, tartan_dtype dtype,
                          tartan_matrix **U, double *s, tartan_matrix **Vt, tartan_topk_info *info)
{
  const double     start = tt_seconds();
  const int64_t    r = tt_min(A->m, A->n);
  tt_krylov_plan   plan = {0};
  tt_krylov_result found = {0};
  tartan_status    st = TARTAN_OK;

  if (U) *U = NULL;
  if (Vt) *Vt = NULL;
  TRY(tt_topk_plan(A->m, A->n, k, opts, &plan));
  if (A->matrix && (r <= SMALL || 4 * (k + plan.block) > r))
    TRY(decompose(A, &plan, &found));
  else if (A->matrix && A->matrix->dtype == TARTAN_F64)
    TRY(tt_krylov(A, &plan, &found));
  else
    TRY(stream(A, &plan, &found));
  TRY(hand_over(&found, dtype, U, Vt));
  memcpy(s, found.s, (size_t)k * sizeof *s);
  tell(&plan, &found, start, info);
done:
  if (st != TARTAN_OK && U) tartan_matrix_destroy(U);
  if (st != TARTAN_OK && Vt) tartan_matrix_destroy(Vt);
  tt_krylov_result_end(&found);
  return st;
}

tartan_status tartan_operator_svd_topk(const tartan_operator *A, int64_t k, const tartan_topk_opts *opts,
                                       tartan_matrix **U, double *s, tartan_matrix **Vt, tartan_topk_info *info)
{
  return find(A, k, opts, TARTAN_F64, U, s, Vt, info);
}

tartan_status tartan_svd_topk(const tartan_matrix *A, int64_t k, const tartan_topk_opts *opts, tartan_matrix **U,
                              double *s, tartan_matrix **Vt, tartan_topk_info *info)
{
  tartan_matrix   *wide = NULL;
  tartan_operator *op = NULL;
  tartan_status    st = TARTAN_OK;

  if (U) *U = NULL;
  if (Vt) *Vt = NULL;
  if (A->dtype != TARTAN_F64) TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, TARTAN_F64, NULL, &wide));
  TRY(tartan_operator_from_matrix(wide ? wide : A, &op));
  TRY(find(op, k, opts, A->dtype, U, s, Vt, info));
done:
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&wide);
  return st;
}
