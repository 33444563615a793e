/*
 * Fitting: one Gram pass over the features with the target as last column, the result gathered on rank 0, all penalties
 * solved there with one thread, the numbers handed to every rank. Errors of the fit follow from the Gram matrix too:
 * |y - X b|^2 = y'y - b'(2 q - G b), whose rounding is about n u y'y; it is cut at 0.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ext/vendor.h"
#include <tartan/factor.h>

#include "kernel/gemv.h"
#include "model/pca_impl.h"
#include "model/regress_impl.h"

/* A standard deviation of so many roundings of the mean is none. */
#define CONSTANT (16 * DBL_EPSILON)

/* A fit on its way. */
typedef struct fit {
  tt_regress_setup   setup;
  tt_gram_result     gram;
  tt_regress_problem problem; /* on rank 0 */
  tt_regress_outcome outcome;
  double             center, spread; /* of the target: mean, and sum of squares about it */
  tartan_regression *model;
  double            *vectors; /* [2 N] on every rank, of a spread solution: diagonal and last row of G */
} fit;

/* Whether the target holds integers that are at most 255 apart, so that 8-bit rows stay exact with it. Collective. */
static tartan_status is_exact(const tartan_matrix *y, bool *exact)
{
  double        range[3] = {-INFINITY, -INFINITY, 0}; /* largest of -y and of y; whether there is a fraction */
  tartan_status st = TARTAN_OK;

  for (int64_t il = 0; il < y->mloc && y->nloc > 0; il++) {
    const double v = y->dtype == TARTAN_F32 ? (double)((float *)y->data)[il] : ((double *)y->data)[il];

    range[0] = fmax(range[0], -v);
    range[1] = fmax(range[1], v);
    if (v != rint(v)) range[2] = 1;
  }
  TRY(tt_allreduce_f64(y->grid, range, 3, TT_MAX));
  *exact = range[2] == 0 && range[0] + range[1] <= 255;
done:
  return st;
}

/* The Gram matrix of features and target. Collective. */
static tartan_status read_all(const tartan_operator *A, fit *f)
{
  tartan_grid    *grid = A->grid;
  const int64_t   N = A->n + 1;
  tt_gram_result *r = &f->gram;
  tartan_status   st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_gram(A, &f->setup.pass, &f->setup.gram, r));
  REQUIRE(r->bad.count == 0, TARTAN_ERR_INPUT,
          "the data has %lld value%s that %s NaN or Inf; the first is %s at sample %lld, feature %lld (from zero)",
          (long long)r->bad.count, TT_S(r->bad.count), r->bad.count == 1 ? "is" : "are", r->bad.is_nan ? "NaN" : "Inf",
          (long long)r->bad.row, (long long)r->bad.col);
  f->problem = (tt_regress_problem){.memory = &grid->memory, .m = A->m, .n = N - 1, .ld = N};
  if (grid->rank == 0 || f->setup.spread)
    f->problem.scale = tt_alloc(&grid->memory, N, sizeof(double), "feature scales", &local);
  if (f->setup.spread) f->vectors = tt_alloc_zero(&grid->memory, 2 * N, sizeof(double), "normal equations", &local);
  AGREE(grid, local);
done:
  return st;
}

/* The Gram matrix on rank 0 in problem.G, its lower triangle. Collective. */
static tartan_status gather_all(tartan_grid *grid, fit *f)
{
  tt_regress_problem *p = &f->problem;
  tartan_status       st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0) p->G = tt_alloc(&grid->memory, p->ld * p->ld, sizeof(double), "a whole Gram matrix", &local);
  AGREE(grid, local);
  TRY(tartan_matrix_gather(f->gram.G, 0, p->G));
  tartan_matrix_destroy(&f->gram.G);
done:
  return st;
}

/* What the j-th feature, of so large a sum of squares, is divided by; 0 where it does not vary. */
static double scale_of(const fit *f, int64_t j, double square)
{
  const double noise = CONSTANT * f->gram.mean[j], variance = square / (double)f->problem.m;

  if (!(variance > noise * noise)) return 0;
  return f->setup.opts.scale ? sqrt(variance) : 1;
}

/* What is known of the target, from y'y. */
static void set_up_target(fit *f, double yy)
{
  const double m = (double)f->problem.m, noise = CONSTANT * f->gram.last;

  f->problem.yy = yy;
  f->center = f->gram.last;
  f->spread = f->setup.opts.intercept ? yy : yy - m * f->center * f->center;
  if (!(f->spread / m > noise * noise)) f->spread = 0;
}

/*
 * Refuses a column, n for the target, whose sum of squares underflows: it would count as constant. That it is not all zero
 * is told by its mean or its product with the target. Local.
 */
static tartan_status check_column(const fit *f, int64_t j, double square, double product)
{
  const bool   target = j == f->problem.n;
  const double mean = target ? f->gram.last : f->gram.mean[j];

  if (!(square < 0x1p-960) || fabs(mean) >= 0x1p-470 || !(square > 0 || mean != 0 || product != 0)) return TARTAN_OK;
  if (target)
    return tt_fail(TARTAN_ERR_NUMERIC, "the values of the target are so small that their squares underflow: scale it");
  return tt_fail(TARTAN_ERR_NUMERIC,
                 "the values of feature %lld (from zero) are so small that their squares underflow: scale the data",
                 (long long)j);
}

/* A target that does not vary about its mean leaves nothing to explain. */
static bool is_flat(const fit *f)
{
  return f->setup.opts.intercept && f->spread == 0;
}

/* The problem from the lower triangle: both triangles, scaled, constant features and targets cleared. On rank 0. */
static tartan_status set_up(fit *f)
{
  tt_regress_problem *p = &f->problem;
  const int64_t       n = p->n, ld = p->ld;
  tartan_status       st = TARTAN_OK;

  for (int64_t j = 0; j <= n; j++) TRY(check_column(f, j, p->G[j + j * ld], p->G[n + j * ld]));
  p->q = p->G + n * ld;
  set_up_target(f, p->G[n + n * ld]);
  for (int64_t j = 0; j < n; j++) p->scale[j] = scale_of(f, j, p->G[j + j * ld]);
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = j; i <= n; i++) {
      const double by = p->scale[j] * (i < n ? p->scale[i] : 1);
      const double g = by > 0 ? p->G[i + j * ld] / by : 0;

      REQUIRE(isfinite(p->G[i + j * ld]), TARTAN_ERR_NUMERIC,
              "the values are so large that their squares overflow: scale the data");
      p->G[i + j * ld] = p->G[j + i * ld] = g;
    }
  }
  REQUIRE(isfinite(p->yy), TARTAN_ERR_NUMERIC,
          "the values of the target are so large that their squares overflow: scale it");
  if (is_flat(f)) {
    for (int64_t j = 0; j < n; j++) p->G[j + n * ld] = p->G[n + j * ld] = 0;
    p->yy = 0;
  }
done:
  return st;
}

static int descending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x < y) - (x > y);
}

/* The penalties, given or a path, descending. On rank 0. */
static void set_penalties(const fit *f, double *penalty)
{
  const tartan_regress_opts *o = &f->setup.opts;
  const tt_regress_problem  *p = &f->problem;
  double                     largest = 0;

  if (o->penalty) {
    memcpy(penalty, o->penalty, (size_t)o->penalties * sizeof *penalty);
    qsort(penalty, (size_t)o->penalties, sizeof *penalty, descending);
    return;
  }
  for (int64_t j = 0; j < p->n; j++) largest = fmax(largest, fabs(p->q[j]));
  largest *= (1 + 4 * DBL_EPSILON) / (double)p->m; /* else rounding could leave one coefficient */
  if (o->model == TARTAN_REGRESS_ELASTIC_NET) largest /= o->l1_ratio;
  for (int64_t i = 0; i < o->penalties; i++)
    penalty[i] = o->penalties == 1 ? largest : largest * pow(o->ratio, (double)i / (double)(o->penalties - 1));
  if (o->model == TARTAN_REGRESS_RIDGE) penalty[0] = 1;
}

/* What follows from the coefficients of one penalty, which are turned into the data's units, and from b'G b. Local. */
static void finish_one(fit *f, int64_t i, double *b, double square)
{
  const tt_regress_problem *p = &f->problem;
  tartan_regression        *model = f->model;
  const int64_t             n = p->n, count = model->v.penalties;
  double                   *at = model->numbers + count * n + i, rest = 0, intercept = f->center;

  for (int64_t j = 0; j < n; j++) rest += b[j] * p->q[j];
  rest = fmax(0, p->yy - 2 * rest + square);
  model->nonzero[i] = 0;
  for (int64_t j = 0; j < n; j++) {
    b[j] = p->scale[j] > 0 ? b[j] / p->scale[j] : 0;
    intercept -= f->gram.mean[j] * b[j];
    if (b[j] != 0) model->nonzero[i]++;
  }
  at[0] = f->setup.opts.intercept ? intercept : 0;
  at[2 * count] = rest / (double)p->m;
  at[3 * count] = f->spread > 0 ? 1 - rest / f->spread : (double)NAN;
}

/* b'G b. On rank 0. @param[out] work  [n] */
static double quadratic(const tt_regress_problem *p, const double *b, double *work)
{
  double sum = 0;

  tt_regress_product(p, b, work);
  for (int64_t j = 0; j < p->n; j++) sum += b[j] * work[j];
  return sum;
}

/* All penalties, largest first. On rank 0. */
static tartan_status solve_all(fit *f)
{
  const tartan_regress_opts *o = &f->setup.opts;
  const tt_regress_problem  *p = &f->problem;
  const int64_t              n = p->n, count = o->penalties;
  double                    *penalty = f->model->numbers + count * (n + 1), *work = NULL;
  tartan_status              st = TARTAN_OK;

  work = tt_alloc_zero(p->memory, 3 * n, sizeof *work, "coordinate descent", &st);
  if (st != TARTAN_OK) goto done;
  TRY(set_up(f));
  set_penalties(f, penalty);
  f->outcome = (tt_regress_outcome){.converged = 1, .condition = NAN};
  for (int64_t i = 0; i < count; i++) {
    double *b = f->model->numbers + i * n;

    if (o->model == TARTAN_REGRESS_RIDGE || penalty[i] == 0) {
      TRY(tt_regress_ridge(p, penalty[i], i + 1 == count && o->model == TARTAN_REGRESS_RIDGE, b, &f->outcome));
    } else {
      memcpy(b, work + 2 * n, (size_t)n * sizeof *b);
      tt_regress_descend(p, o, penalty[i], b, work, &f->outcome);
      memcpy(work + 2 * n, b, (size_t)n * sizeof *b);
    }
    finish_one(f, i, b, quadratic(p, b, work));
    tt_grid_progress(f->model->grid, "fitting", (double)(i + 1) / (double)count);
  }
done:
  tt_free(work);
  return st;
}

/* The problem on every rank, without G, which stays where it is. Collective. */
static tartan_status set_up_spread(fit *f)
{
  tt_regress_problem  *p = &f->problem;
  const tartan_matrix *G = f->gram.G;
  const int64_t        n = p->n;
  double              *diagonal = f->vectors, *q = f->vectors + p->ld, broken = 0;
  tartan_status        st = TARTAN_OK;

  for (int64_t jl = 0; jl < G->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(G, jl);

    for (int64_t il = 0; il < G->mloc; il++) {
      const int64_t i = tartan_matrix_global_row(G, il);
      const double  g = ((double *)G->data)[il + jl * G->ld];

      if (i < j) continue;
      if (!isfinite(g)) broken = 1;
      if (i == j) diagonal[j] = g;
      if (i == n) q[j] = g;
    }
  }
  TRY(tt_allreduce_f64(G->grid, &broken, 1, TT_MAX));
  REQUIRE(broken == 0, TARTAN_ERR_NUMERIC, "the values are so large that their squares overflow: scale the data");
  TRY(tt_allreduce_f64(G->grid, f->vectors, 2 * p->ld, TT_SUM)); /* of one rank each */
  for (int64_t j = 0; j <= n; j++) TRY(check_column(f, j, diagonal[j], q[j]));
  set_up_target(f, q[n]);
  if (is_flat(f)) p->yy = 0;
  p->q = q;
  for (int64_t j = 0; j < n; j++) {
    p->scale[j] = scale_of(f, j, diagonal[j]);
    q[j] = p->scale[j] > 0 && !is_flat(f) ? q[j] / p->scale[j] : 0;
  }
done:
  return st;
}

/* All penalties over the ranks, until a matrix is singular. Collective. */
static tartan_status solve_spread(fit *f, bool *singular)
{
  const int64_t n = f->problem.n, count = f->setup.opts.penalties;
  double       *penalty = f->model->numbers + count * (n + 1), square = 0;
  tartan_status st = TARTAN_OK;

  TRY(set_up_spread(f));
  set_penalties(f, penalty);
  f->outcome = (tt_regress_outcome){.converged = 1, .condition = NAN};
  for (int64_t i = 0; i < count && !*singular; i++) {
    double *b = f->model->numbers + i * n;

    TRY(tt_regress_ridge_spread(f->gram.G, f->problem.q, f->problem.scale, penalty[i], b, &square, singular,
                                &f->outcome));
    if (!*singular) finish_one(f, i, b, square);
    tt_grid_progress(f->model->grid, "fitting", (double)(i + 1) / (double)count);
  }
done:
  return st;
}

/* Solves on rank 0 with one BLAS thread, and hands the numbers to all; or over the ranks. Collective. */
static tartan_status solve(const tartan_operator *A, fit *f)
{
  tartan_grid  *grid = A->grid;
  const int64_t count = f->setup.opts.penalties;
  double        t;
  bool          singular = false;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  AGREE(grid, tt_regress_allocate(grid, A->m, A->n, count, &f->model));
  if (f->setup.spread) TRY(solve_spread(f, &singular));
  if (f->setup.spread && !singular) goto done;
  TRY(gather_all(grid, f));
  t = tt_seconds();
  if (grid->rank == 0) {
    const int threads = tt_blas_set_threads(1);

    local = solve_all(f);
    if (threads > 0) tt_blas_set_threads(threads);
    tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  }
  AGREE(grid, local);
  TRY(tt_bcast(grid, f->model->numbers, count * (A->n + 4), sizeof(double), 0));
  TRY(tt_bcast(grid, f->model->nonzero, count, sizeof(int64_t), 0));
  TRY(tt_bcast(grid, &f->outcome, (int64_t)(sizeof f->outcome / 8), 8, 0));
done:
  return st;
}

/* What is told about a fit. Collective. */
static tartan_status fill_info(const fit *f, double begin, tartan_regress_info *info)
{
  const tt_regress_outcome *o = &f->outcome;
  tartan_status             st = TARTAN_OK;

  memset(info, 0, sizeof *info);
  info->plan = f->setup.plan;
  info->converged = o->converged != 0;
  info->sweeps = o->sweeps;
  info->gap = o->gap;
  info->condition = o->condition;
  TRY(tt_pca_same_blas(f->model->grid, &info->reproducible));
  info->reproducible &= f->setup.opts.model != TARTAN_REGRESS_RIDGE || f->problem.n <= TARTAN_EIGH_ONE_RANK;
  info->seconds = tt_seconds() - begin;
  TRY(tt_allreduce_f64(f->model->grid, &info->seconds, 1, TT_MAX));
done:
  return st;
}

/* The names of the features go with the models. Local; the status is this rank's own. */
static tartan_status set_names(const tartan_operator *A, tartan_regression *model)
{
  tartan_status local = TARTAN_OK;

  if (A->names) model->names = tt_texts_copy(&A->grid->memory, A->n, A->names, "feature names", &local);
  model->v.feature_names_in_ = (const char *const *)model->names;
  return local;
}

tartan_status tartan_regress_fit(const tartan_operator *A, const tartan_matrix *y, const tartan_regress_opts *opts,
                                 tartan_regression **model, tartan_regress_info *info)
{
  const double  begin = tt_seconds();
  tartan_grid  *grid = A->grid;
  fit           f = {.gram = {0}};
  bool          exact = false;
  tartan_status st = TARTAN_OK;

  *model = NULL;
  REQUIRE(y->grid == grid, TARTAN_ERR_GRID, "data and target lie on two grids");
  REQUIRE(y->row.n == A->m && y->col.n == 1, TARTAN_ERR_SHAPE, "a target of %lld x %lld for %lld sample%s",
          (long long)y->row.n, (long long)y->col.n, (long long)A->m, TT_S(A->m));
  TRY(tt_regress_prepare(A, opts, false, &f.setup)); /* options first */
  TRY(tt_matrix_require_finite(y, "the target"));
  TRY(is_exact(y, &exact));
  if (exact) TRY(tt_regress_prepare(A, opts, true, &f.setup));
  f.setup.pass.target = y;
  TRY(read_all(A, &f));
  TRY(solve(A, &f));
  AGREE(grid, set_names(A, f.model));
  if (f.outcome.singular > 0)
    snprintf(f.setup.plan.reason, sizeof f.setup.plan.reason,
             "singular: the solution of minimum norm, through eigenvalues, rank %lld of %lld",
             (long long)f.outcome.rank, (long long)A->n);
  if (info) TRY(fill_info(&f, begin, info));
  *model = f.model;
  f.model = NULL;
done:
  tartan_regress_destroy(&f.model);
  tt_free(f.vectors);
  tt_free(f.problem.scale);
  tt_free(f.problem.G);
  tt_free(f.gram.mean);
  tartan_matrix_destroy(&f.gram.G);
  return st;
}
