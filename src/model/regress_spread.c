/*
 * Ridge over the ranks, for matrices that are too large for one: M = G + alpha I in unit diagonal, as the Gram pass has
 * dealt it out, to tartan_solve(). Singular ones are left to the caller, who has the way through eigenvalues on one rank.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include <tartan/solve.h>

#include "base/util.h"
#include "comm/collective.h"
#include "model/regress_impl.h"

/* A local element's place, and what M takes it times. */
typedef struct scaling {
  const double *scale, *by; /* [n]; by = 1 / sqrt(M_jj) */
  double        alpha;
} scaling;

/* by := 1 / sqrt(G_jj / scale_j^2 + alpha), 0 for constant features; on every rank. Collective. */
static tartan_status diagonal(const tartan_matrix *G, int64_t n, const scaling *s, double *by)
{
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < n; j++) {
    const int64_t il = tartan_matrix_local_row(G, j), jl = tartan_matrix_local_col(G, j);

    by[j] = 0;
    if (il < 0 || jl < 0 || s->scale[j] == 0) continue;
    by[j] = 1 / sqrt(((double *)G->data)[il + jl * G->ld] / (s->scale[j] * s->scale[j]) + s->alpha);
  }
  TRY(tt_allreduce_f64(G->grid, by, n, TT_SUM)); /* of one rank each */
done:
  return st;
}

/* The lower triangle of a copy of G becomes M. Local. */
static void form(const scaling *s, tartan_matrix *M)
{
  for (int64_t jl = 0; jl < M->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(M, jl);

    for (int64_t il = 0; il < M->mloc; il++) {
      const int64_t i = tartan_matrix_global_row(M, il);
      double       *g = &((double *)M->data)[il + jl * M->ld];

      if (i == j)
        *g = 1;
      else
        *g = i > j && s->by[i] > 0 && s->by[j] > 0 ? *g / s->scale[i] / s->scale[j] * s->by[i] * s->by[j] : 0;
    }
  }
}

/* b'G b of scaled features from the lower triangle. Collective. */
static tartan_status quadratic(const tartan_matrix *G, int64_t n, const double *scale, const double *b, double *square)
{
  tartan_status st = TARTAN_OK;

  *square = 0;
  for (int64_t jl = 0; jl < G->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(G, jl);
    double        sum = 0;

    if (j >= n || scale[j] == 0) continue;
    for (int64_t il = 0; il < G->mloc; il++) {
      const int64_t i = tartan_matrix_global_row(G, il);

      if (i >= j && i < n && scale[i] > 0)
        sum += (i == j ? 1 : 2) * b[i] / scale[i] * ((double *)G->data)[il + jl * G->ld];
    }
    *square += sum * b[j] / scale[j];
  }
  TRY(tt_allreduce_f64(G->grid, square, 1, TT_SUM));
done:
  return st;
}

/* b := the solution of M x = q, scaled back; singular as on one rank. Collective. */
static tartan_status solve(const tartan_matrix *M, const double *q, const double *by, double *b, bool *singular,
                           double *condition)
{
  tartan_grid      *grid = M->grid;
  const int64_t     n = M->row.n;
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
  tartan_solve_info info;
  tartan_matrix    *B = NULL, *X = NULL;
  tartan_status     st = TARTAN_OK;

  opts.assume = TARTAN_ASSUME_POSITIVE;
  for (int64_t j = 0; j < n; j++) b[j] = q[j] * by[j];
  TRY(tartan_matrix_create(grid, TARTAN_F64, n, 1, NULL, &B));
  TRY(tartan_matrix_scatter(b, 0, B));
  st = tartan_solve(M, B, &opts, &X, &info);
  *singular = st == TARTAN_ERR_NUMERIC || (st == TARTAN_OK && !(info.condition < 1 / (10 * (double)n * DBL_EPSILON)));
  if (st == TARTAN_ERR_NUMERIC) st = TARTAN_OK;
  if (st != TARTAN_OK || *singular) goto done;
  *condition = info.condition;
  TRY(tartan_matrix_gather(X, 0, b));
  TRY(tt_bcast(grid, b, n, sizeof *b, 0));
  for (int64_t j = 0; j < n; j++) b[j] *= by[j];
done:
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&B);
  return st;
}

tartan_status tt_regress_ridge_spread(tartan_matrix *G, const double *q, const double *scale, double alpha, double *b,
                                      double *square, bool *singular, tt_regress_outcome *outcome)
{
  tartan_grid   *grid = G->grid;
  const int64_t  n = G->row.n - 1;
  tartan_matrix *view = NULL, *M = NULL;
  double        *by = NULL;
  scaling        s = {.scale = scale, .alpha = alpha};
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  by = tt_alloc(&grid->memory, n, sizeof *by, "scales of normal equations", &local);
  AGREE(grid, local);
  TRY(diagonal(G, n, &s, by));
  s.by = by;
  TRY(tartan_matrix_view(G, 0, 0, n, n, &view));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, view, TARTAN_F64, NULL, &M));
  form(&s, M);
  TRY(solve(M, q, by, b, singular, &outcome->condition));
  if (!*singular) TRY(quadratic(G, n, scale, b, square));
done:
  tartan_matrix_destroy(&M);
  tartan_matrix_destroy(&view);
  tt_free(by);
  return st;
}
