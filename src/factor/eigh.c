/*
 * The front door of symmetric eigenproblems: options, the choice of a solver, scaling, signs. All solvers but p?syevr
 * divide and conquer (Cuppen 1981; Gu and Eisenstat 1995), which keeps vectors orthogonal in clusters too.
 */
#include <tartan/factor.h>

#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ext/elpa.h"
#include "ext/scalapack.h"
#include "factor/eigh_impl.h"
#include "factor/info.h"
#include "factor/signs.h"
#include "kernel/dense.h"

/* Beyond 2^490 or 2^52 in f32, and below their inverses, A is scaled: the squares would leave the range. */
#define EXTREME(dtype) ((dtype) == TARTAN_F32 ? 52 : 490)

double tt_eigh_flops(int64_t n, bool vectors, int64_t k)
{
  const double N = (double)n;

  return 4.0 / 3 * N * N * N + (vectors ? 4.0 / 3 * N * N * N + 2 * N * N * (double)k : 0);
}

void tt_eigh_unscale(const tt_eigh *e, int64_t n, double *w)
{
  for (int64_t i = 0; i < n; i++) w[i] = (0 - w[i]) / e->scale;
}

int64_t tt_eigh_select(const tt_eigh *e, const double *w, int64_t *first)
{
  int64_t count = 0;

  *first = 0;
  switch (e->opts.which) {
  case TARTAN_EIGH_LARGEST: return e->opts.count;
  case TARTAN_EIGH_SMALLEST: *first = e->n - e->opts.count; return e->opts.count;
  case TARTAN_EIGH_INTERVAL:
    while (*first < e->n && w[*first] > e->opts.to) ++*first;
    while (*first + count < e->n && w[*first + count] > e->opts.from) count++;
    return count;
  default: return e->n;
  }
}

/* Finds the largest |a| of the lower triangle; what stands above it is not read. NaN or Inf is bad input. Collective. */
static tartan_status largest_lower(const tartan_matrix *A, double *largest)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *largest = 0;
  for (int64_t jl = 0; jl < A->nloc && local == TARTAN_OK; jl++) {
    const int64_t j = tartan_matrix_global_col(A, jl);

    for (int64_t il = 0; il < A->mloc && local == TARTAN_OK; il++) {
      const double  v = tt_get_element(A->dtype, A->data, A->ld, il, jl);
      const int64_t i = tartan_matrix_global_row(A, il);

      if (i < j) continue;
      if (!(v - v == 0))
        local = tt_fail(TARTAN_ERR_INPUT, "the matrix of an eigenproblem has %s at (%lld, %lld)",
                        v == v ? "Inf" : "NaN", (long long)i, (long long)j);
      *largest = fmax(*largest, fabs(v));
    }
  }
  AGREE(A->grid, local);
  TRY(tt_allreduce_f64(A->grid, largest, 1, TT_MAX));
done:
  return st;
}

/* The power of two that brings a matrix with such a largest element into the safe range; 1 if it is there. */
static double safe_scale(tartan_dtype dtype, double largest)
{
  int exponent;

  if (largest == 0) return 1;
  frexp(largest, &exponent);
  if (exponent > EXTREME(dtype) || exponent < -EXTREME(dtype))
    return ldexp(1, -(int)tt_max(exponent, dtype == TARTAN_F32 ? -126 : -1000));
  return 1;
}

/* Options that can be met, whatever the matrix holds. */
static tartan_status check_options(const tartan_eigh_opts *o, int64_t n)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(o->size == sizeof *o, TARTAN_ERR_ARG, "options of an eigenproblem that TARTAN_EIGH_OPTS_INIT did not set");
  REQUIRE(o->method >= TARTAN_EIGH_PLANNED && o->method <= TARTAN_EIGH_ELPA2, TARTAN_ERR_ARG,
          "no such method of an eigenproblem: %d", (int)o->method);
  REQUIRE(o->which >= TARTAN_EIGH_ALL && o->which <= TARTAN_EIGH_INTERVAL, TARTAN_ERR_ARG,
          "no such part of a spectrum: %d", (int)o->which);
  if (o->which == TARTAN_EIGH_LARGEST || o->which == TARTAN_EIGH_SMALLEST)
    REQUIRE(o->count >= 0 && o->count <= n, TARTAN_ERR_ARG, "%lld eigenvalues of a matrix that has %lld",
            (long long)o->count, (long long)n);
  if (o->which == TARTAN_EIGH_INTERVAL)
    REQUIRE(o->from <= o->to, TARTAN_ERR_ARG, "eigenvalues from %g to %g: the interval ends before it begins", o->from,
            o->to);
done:
  return st;
}

/* Whether every rank can load ELPA. Collective. */
static tartan_status have_elpa(tartan_grid *grid, bool *there)
{
  int64_t       loaded = tt_elpa_there();
  tartan_status st = TARTAN_OK;

  TRY(tt_agree_least(grid, &loaded));
  *there = loaded != 0;
done:
  return st;
}

/* Whether p?syevr can do what is asked: values, or vectors of which it is known that they are enough for it. */
static bool mrrr_works(const tt_eigh *e)
{
  const tartan_grid *grid = e->A->grid;
  const int64_t      k = e->opts.which == TARTAN_EIGH_ALL ? e->n : e->opts.count;

  return !e->vectors ||
         (e->opts.which != TARTAN_EIGH_INTERVAL && tt_psyevr_vectors(e->n, k, TT_EIGH_BLOCK, grid->p, grid->q));
}

/* Settles the method, with its reason. Collective. */
static tartan_status choose(tt_eigh *e)
{
  tartan_grid       *grid = e->A->grid;
  tartan_eigh_method method = e->opts.method;
  const int64_t      least = (int64_t)TT_EIGH_BLOCK * tt_max(grid->p, grid->q);
  const bool         elpa = method == TARTAN_EIGH_ELPA1 || method == TARTAN_EIGH_ELPA2;
  bool               there = false;
  tartan_status      st = TARTAN_OK;

  if (elpa) TRY(tt_agree(grid, tt_elpa_require()));
  if (method != TARTAN_EIGH_PLANNED) {
    snprintf(e->reason, sizeof e->reason, "asked for");
  } else if (e->n <= TARTAN_EIGH_ONE_RANK) {
    method = TARTAN_EIGH_LAPACK;
    snprintf(e->reason, sizeof e->reason, "n is at most %d: the same bits on any number of ranks",
             TARTAN_EIGH_ONE_RANK);
  } else {
    if (e->A->dtype == TARTAN_F64) TRY(have_elpa(grid, &there));
    method = there ? TARTAN_EIGH_ELPA1 : e->vectors ? TARTAN_EIGH_PSYEVD : TARTAN_EIGH_PSYEVR;
    snprintf(e->reason, sizeof e->reason,
             there ? "the fastest that is accurate in clusters" : "no ELPA, or none for this type");
  }
  if (method != TARTAN_EIGH_LAPACK && e->n <= least) {
    method = TARTAN_EIGH_LAPACK;
    snprintf(e->reason, sizeof e->reason, "n is at most %lld: too small to be spread over the ranks", (long long)least);
  }
  e->opts.method = method;
  if (method == TARTAN_EIGH_PSYEVR && !mrrr_works(e)) {
    e->opts.method = TARTAN_EIGH_PSYEVD;
    snprintf(e->reason, sizeof e->reason,
             "p?syevr cannot be trusted with so few vectors, or an unknown number of them");
  }
done:
  return st;
}

/* Nothing is wanted, or there is nothing. Collective. */
static tartan_status solve_nothing(tt_eigh *e)
{
  tartan_status st = TARTAN_OK;

  e->method = "none";
  snprintf(e->reason, sizeof e->reason, "no eigenvalue is wanted");
  if (e->vectors) TRY(tartan_matrix_create(e->A->grid, e->A->dtype, e->n, 0, NULL, &e->V));
done:
  return st;
}

static tartan_status solve(tt_eigh *e)
{
  const tartan_eigh_opts *o = &e->opts;
  const bool              some = o->which == TARTAN_EIGH_LARGEST || o->which == TARTAN_EIGH_SMALLEST;

  if (e->n == 0 || (some && o->count == 0) || (o->which == TARTAN_EIGH_INTERVAL && o->from == o->to))
    return solve_nothing(e);
  if (o->method == TARTAN_EIGH_LAPACK) return tt_eigh_one_rank(e);
  return tt_eigh_spread(e);
}

/* The rule for signs, on all columns of V. Collective. */
static tartan_status fix_signs(tartan_matrix *V)
{
  double       *sign = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  sign = tt_alloc(&V->grid->memory, V->col.n, sizeof *sign, "signs", &local);
  AGREE(V->grid, local);
  TRY(tt_signs_of(V, false, sign));
  tt_signs_apply(V, false, sign);
done:
  tt_free(sign);
  return st;
}

tartan_status tartan_eigh(const tartan_matrix *A, const tartan_eigh_opts *opts, double *w, tartan_matrix **V,
                          tartan_factor_info *info)
{
  const double           start = tt_seconds();
  const tartan_eigh_opts all = TARTAN_EIGH_OPTS_INIT;
  tt_eigh                e = {.A = A, .n = A->row.n, .vectors = V != NULL, .opts = opts ? *opts : all, .w = w};
  double                 largest;
  tartan_status          st = TARTAN_OK;

  if (V) *V = NULL;
  REQUIRE(A->col.n == e.n, TARTAN_ERR_SHAPE, "an eigenproblem needs a square matrix, this is %lld x %lld",
          (long long)e.n, (long long)A->col.n);
  TRY(check_options(&e.opts, e.n));
  TRY(largest_lower(A, &largest));
  e.scale = safe_scale(A->dtype, largest);
  TRY(choose(&e));
  if (e.opts.which != TARTAN_EIGH_INTERVAL && e.opts.count == e.n) e.opts.which = TARTAN_EIGH_ALL;
  TRY(solve(&e));
  if (V) {
    TRY(fix_signs(e.V));
    *V = e.V;
    e.V = NULL;
  }
  tt_factor_tell(info, e.method, e.reason, e.found, tt_seconds() - start);
done:
  tartan_matrix_destroy(&e.V);
  return st;
}
