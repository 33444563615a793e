// TEST: np=1,3,4 labels=fault,model timeout=240
/*
 * The k-th allocation, then the k-th file operation, fails on one rank: plans, fits of a file and of a matrix, of full rank
 * and singular, paths, and predictions.
 */
#include <tartan/regress.h>

#include "check.h"
#include "faults.h"
#include "h5file.h"
#include "matrices.h"

#define M 23
#define N 5

static tartan_operator *open_file(tartan_grid *grid, const char *name)
{
  tartan_operator *op = NULL;

  CHECK_OK(tartan_operator_open(grid, name, NULL, &op));
  return op;
}

static tartan_matrix *target(tartan_grid *grid)
{
  uint64_t seed = 2;

  return matrix_make(grid, TARTAN_F64, M, 1, NULL, fill_random, &seed);
}

static tartan_status try_plan(tartan_grid *grid, fault_run *run)
{
  tartan_operator *op = open_file(grid, "regress.h5:/X");
  tartan_cost      plan;
  tartan_status    st;

  fault_begin(run);
  st = tartan_regress_plan(op, NULL, &plan);
  fault_end(run);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_fit_of(tartan_operator *op, fault_run *run, const tartan_regress_opts *opts)
{
  tartan_matrix      *y = target(tartan_operator_grid(op));
  tartan_regression  *model = NULL;
  tartan_regress_info info;
  tartan_status       st;

  fault_begin(run);
  st = tartan_regress_fit(op, y, opts, &model, &info);
  fault_end(run);
  CHECK((model == NULL) == (st != TARTAN_OK));
  tartan_regress_destroy(&model);
  tartan_matrix_destroy(&y);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_ridge(tartan_grid *grid, fault_run *run)
{
  return try_fit_of(open_file(grid, "regress.h5:/X"), run, NULL);
}

static tartan_status try_bytes(tartan_grid *grid, fault_run *run)
{
  return try_fit_of(open_file(grid, "regress.h5:/bytes"), run, NULL);
}

static double twice(int64_t i, int64_t j, void *seed)
{
  return fill_random(i, j / 2, seed);
}

/* Each feature twice, in memory: eigenvalues, and a projection. */
static tartan_status try_singular(tartan_grid *grid, fault_run *run)
{
  const double        zero = 0;
  uint64_t            seed = 1;
  tartan_matrix      *A = matrix_make(grid, TARTAN_F32, M, 2 * N, NULL, twice, &seed);
  tartan_operator    *op = NULL;
  tartan_regress_opts opts = TARTAN_REGRESS_OPTS_INIT;
  tartan_status       st;

  opts.penalty = &zero;
  opts.penalties = 1;
  CHECK_OK(tartan_operator_from_matrix(A, &op));
  st = try_fit_of(op, run, &opts);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_path(tartan_grid *grid, fault_run *run)
{
  tartan_regress_opts opts = TARTAN_REGRESS_OPTS_INIT;

  opts.model = TARTAN_REGRESS_ELASTIC_NET;
  opts.penalties = 3;
  return try_fit_of(open_file(grid, "regress.h5:/X"), run, &opts);
}

static tartan_status try_predict(tartan_grid *grid, fault_run *run)
{
  tartan_operator   *op = open_file(grid, "regress.h5:/X");
  tartan_matrix     *y = target(grid);
  tartan_matrix     *Y = matrix_make(grid, TARTAN_F32, M, 1, NULL, fill_place, NULL);
  tartan_regression *model = NULL;
  tartan_status      st;

  CHECK_OK(tartan_regress_fit(op, y, NULL, &model, NULL));
  fault_begin(run);
  st = tartan_regress_predict(model, 0, op, Y);
  fault_end(run);
  tartan_regress_destroy(&model);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&y);
  tartan_operator_destroy(&op);
  return st;
}

static double byte_value(int64_t i, int64_t j, void *seed)
{
  return (double)(int64_t)(127.9 * (1 + fill_random(i, j, seed)));
}

int main(int argc, char **argv)
{
  static const h5_layout layout = {.type = "<f4"}, bytes = {.type = "u1", .append = true};
  uint64_t               seed = 1;

  check_start(&argc, &argv);
  h5_write("regress.h5", "/X", &layout, M, N, fill_random, &seed);
  h5_write("regress.h5", "/bytes", &bytes, M, N, byte_value, &seed);
  fault_sweep(TT_FAULT_ALLOC, "tartan_regress_plan", try_plan);
  fault_sweep(TT_FAULT_ALLOC, "tartan_regress_fit", try_ridge);
  fault_sweep(TT_FAULT_FILE, "tartan_regress_fit", try_ridge);
  fault_sweep(TT_FAULT_ALLOC, "tartan_regress_fit, 8-bit", try_bytes);
  fault_sweep(TT_FAULT_ALLOC, "tartan_regress_fit, singular", try_singular);
  fault_sweep(TT_FAULT_ALLOC, "tartan_regress_fit, path", try_path);
  fault_sweep(TT_FAULT_ALLOC, "tartan_regress_predict", try_predict);
  fault_sweep(TT_FAULT_FILE, "tartan_regress_predict", try_predict);
  return check_finish();
}
