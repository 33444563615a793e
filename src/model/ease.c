/* Item weights in closed form: R'R + lambda I, its Cholesky factor and its inverse in one place, then a scaled copy. */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "factor/solve_impl.h"
#include "factor/symmetric.h"
#include "kernel/dense.h"
#include "model/ease_impl.h"
#include "model/linear_impl.h"
#include "oper/segments.h"

/* G := G + lambda I. Local. */
static void add_diagonal(double lambda, tartan_matrix *G)
{
  for (int64_t jl = 0; jl < G->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(G, jl), il = tartan_matrix_local_row(G, j);

    if (il >= 0) ((double *)G->data)[il + jl * G->ld] += lambda;
  }
}

/* f := the inverse of R'R + lambda I, both triangles. Collective. */
static tartan_status invert(const tartan_sparse *R, double lambda, int64_t room, tt_factored *f)
{
  const tartan_matrix_opts layout = tt_factored_layout(R->grid, R->n, R->n);
  tartan_matrix           *G = NULL;
  double                   largest, t;
  tartan_status            st = TARTAN_OK;

  TRY(tartan_matrix_create(R->grid, TARTAN_F64, R->n, R->n, &layout, &G));
  TRY(tt_ease_gram(R, room, G));
  add_diagonal(lambda, G);
  TRY(tt_symmetric_norm(G, &largest));
  REQUIRE(isfinite(largest), TARTAN_ERR_NUMERIC, "R'R + %g I is beyond the range of f64: divide the entries by %g",
          lambda, 1e100);
  TRY(tt_factored_take(&G, largest, f));
  REQUIRE(!f->failed, TARTAN_ERR_NUMERIC,
          "R'R + %g I is not positive definite in f64: its leading minor of order %lld is not; use a larger lambda",
          lambda, (long long)f->failed);
  TRY(tt_factored_invert(f));
  t = tt_seconds();
  TRY(tt_matrix_require_range(f->F, "the inverse of R'R + lambda I"));
  tt_grid_phase(R->grid, TARTAN_PHASE_COMPUTE, &t);
done:
  tartan_matrix_destroy(&G);
  return st;
}

/* P := I - P diag(1 / diag P), whose diagonal is zero. Collective. */
static tartan_status scale_columns(tt_factored *f)
{
  tartan_matrix *P = f->F;
  double        *diagonal = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  diagonal = tt_alloc(&P->grid->memory, f->n, sizeof *diagonal, "a diagonal", &local);
  AGREE(P->grid, local);
  TRY(tt_factored_diagonal(f, diagonal));
  for (int64_t jl = 0; jl < P->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(P, jl), il = tartan_matrix_local_row(P, j);
    double       *column = (double *)P->data + jl * P->ld;

    tt_scale_local(TARTAN_F64, -1 / diagonal[j], column, P->ld, P->mloc, 1);
    if (il >= 0) column[il] = 0;
  }
done:
  tt_free(diagonal);
  return st;
}

/* *B := what stands in f, in column ranges. Collective. */
static tartan_status take_ranges(const tt_factored *f, tartan_dtype dtype, tartan_matrix **B)
{
  tartan_grid  *grid = f->F->grid;
  int64_t      *starts = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *starts, "the ranges of items", &local);
  AGREE(grid, local);
  tt_rows_partition(f->n, 1, grid->size, starts);
  TRY(tt_matrix_create_ranges(grid, dtype, f->n, f->n, starts, NULL, B));
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, f->F, *B));
done:
  tt_free(starts);
  return st;
}

/* The weights. Collective. */
static tartan_status fit(const tartan_sparse *R, double lambda, tartan_dtype dtype, int64_t room,
                         tartan_predictor_values *v)
{
  tt_factored   f = {0};
  tartan_status st = TARTAN_OK;

  TRY(tt_linear_values(R, TARTAN_RECOMMEND_EASE, 0, dtype, v));
  v->users = 0; /* they are their entries */
  v->opts.regularization = lambda;
  TRY(invert(R, lambda, room, &f));
  TRY(scale_columns(&f));
  TRY(take_ranges(&f, dtype, &v->weights));
done:
  tt_factored_end(&f);
  return st;
}

tartan_status tartan_ease(const tartan_sparse *R, double lambda, tartan_dtype dtype, tartan_predictor **p,
                          tartan_cost *cost)
{
  tartan_grid            *grid = R->grid;
  const tt_counters       before = grid->counters;
  const int64_t           used = grid->memory.used, peak = grid->memory.peak;
  const double            start = tt_seconds();
  tartan_predictor_values v = {.size = sizeof v}, made;
  tartan_cost             plan;
  int64_t                 room;
  tartan_status           st = TARTAN_OK;

  *p = NULL;
  REQUIRE(lambda > 0 && isfinite(lambda), TARTAN_ERR_ARG, "lambda = %g: give a positive number", lambda);
  TRY(tt_ease_prepare(R, dtype, &plan, &room));
  grid->memory.peak = used;
  TRY(fit(R, lambda, dtype, room, &v));
  made = v;
  v.weights = NULL; /* the predictor's, also after a failure */
  TRY(tartan_predictor_create(grid, &made, true, p));
  if (cost) {
    *cost = plan;
    TRY(tt_cost_since(grid, &before, used, start, cost));
  }
done:
  grid->memory.peak = tt_max(peak, grid->memory.peak);
  tartan_matrix_destroy(&v.weights);
  if (st != TARTAN_OK) tartan_predictor_destroy(p);
  return st;
}
