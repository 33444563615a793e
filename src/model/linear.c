/* Where predictors of recommenders without epochs begin and end. */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "model/linear_impl.h"
#include "oper/segments.h"

tartan_status tt_linear_values(const tartan_sparse *R, tartan_recommend_model model, int64_t k, tartan_dtype dtype,
                               tartan_predictor_values *v)
{
  const tartan_recommend_opts defaults = TARTAN_RECOMMEND_OPTS_INIT;
  double                      range[2] = {-INFINITY, -INFINITY};
  tartan_status               st = TARTAN_OK;

  *v = (tartan_predictor_values){.size = sizeof *v, .opts = defaults, .users = R->m, .items = R->n, .factors = k};
  v->opts.model = model;
  v->opts.dtype = dtype;
  v->opts.factors = k;
  v->opts.regularization = 0;
  v->opts.bias = false;
  for (int64_t e = 0; e < R->ptr[R->rows]; e++) {
    const double value = tt_get_element(R->dtype, R->value, 1, e, 0);

    range[0] = fmax(range[0], -value);
    range[1] = fmax(range[1], value);
  }
  TRY(tt_allreduce_f64(R->grid, range, 2, TT_MAX));
  v->low = R->entries > 0 ? -range[0] : 0;
  v->high = R->entries > 0 ? range[1] : 0;
done:
  return st;
}

tartan_status tt_linear_factors(tartan_op op, const tartan_matrix *X, tartan_dtype dtype, tartan_matrix **F)
{
  const int64_t rows = op == TARTAN_TRANS ? X->row.n : X->col.n, k = op == TARTAN_TRANS ? X->col.n : X->row.n;
  tartan_grid  *grid = X->grid;
  int64_t      *starts = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *F = NULL;
  starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *starts, "ranges of factors", &local);
  AGREE(grid, local);
  tt_rows_partition(rows, 1, grid->size, starts);
  TRY(tt_matrix_create_ranges(grid, dtype, k, rows, starts, NULL, F));
  TRY(tartan_matrix_copy(op, X, *F));
done:
  tt_free(starts);
  if (st != TARTAN_OK) tartan_matrix_destroy(F);
  return st;
}
