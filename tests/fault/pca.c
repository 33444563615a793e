// TEST: np=1,3 labels=fault,model timeout=180
/* The k-th allocation, then the k-th file operation, fails on one rank: fitting, saving, loading, transforming. */
#include <unistd.h>

#include <tartan/pca.h>

#include "check.h"
#include "faults.h"
#include "h5file.h"
#include "matrices.h"

#define M 50
#define N 6

static tartan_pca_solver solver;
static tartan_pca_nan    missing;
static uint64_t          seed = 4;

static tartan_pca_opts options(void)
{
  tartan_pca_opts opts = TARTAN_PCA_OPTS_INIT;

  opts.solver = solver;
  opts.nan = missing;
  opts.components = 3;
  return opts;
}

static tartan_status try_plan(tartan_grid *grid, fault_run *run)
{
  const tartan_pca_opts opts = options();
  tartan_operator      *op = NULL;
  tartan_cost           plan;
  tartan_status         st;

  CHECK_OK(tartan_operator_open(grid, "data.h5", NULL, &op));
  run->survivable = true; /* the measurement of this machine's speed may fail: a rate is then assumed */
  fault_begin(run);
  st = tartan_pca_plan(op, &opts, &plan);
  fault_end(run);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_fit(tartan_grid *grid, fault_run *run)
{
  const tartan_pca_opts opts = options();
  tartan_operator      *op = NULL;
  tartan_pca           *model = NULL;
  tartan_pca_info       info;
  tartan_status         st;

  CHECK_OK(tartan_operator_open(grid, "data.h5", NULL, &op));
  fault_begin(run);
  st = tartan_pca_fit(op, &opts, &model, &info);
  fault_end(run);
  run->survivable = run->k == 0 || tartan_grid_warning(grid, 0); /* the same measurement, or a residual left out */
  CHECK((model == NULL) == (st != TARTAN_OK));
  tartan_pca_destroy(&model);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_save(tartan_grid *grid, fault_run *run)
{
  tartan_pca_save_opts save = TARTAN_PCA_SAVE_OPTS_INIT;
  tartan_operator     *op = NULL;
  tartan_pca          *model = NULL;
  double               error;
  int                  before;
  tartan_status        st;

  CHECK_OK(tartan_pca_load(grid, "model.h5", &model));
  CHECK_OK(tartan_operator_open(grid, "data.h5", NULL, &op));
  if (check_rank() == 0) unlink("saved.h5");
  before = fault_files_here();
  save.scores = op;
  save.inverse_error = true;
  run->survivable = run->kind == TT_FAULT_ALLOC; /* names of samples that do not fit are left out */
  fault_begin(run);
  st = tartan_pca_save(model, "saved.h5", &save, &error);
  fault_end(run);
  CHECK_EQ(fault_files_here(), before + (st == TARTAN_OK));
  tartan_pca_destroy(&model);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_load(tartan_grid *grid, fault_run *run)
{
  tartan_pca   *model = (tartan_pca *)grid;
  tartan_status st;

  fault_begin(run);
  st = tartan_pca_load(grid, "model.h5", &model);
  fault_end(run);
  CHECK((model == NULL) == (st != TARTAN_OK));
  tartan_pca_destroy(&model);
  return st;
}

static tartan_status try_transform(tartan_grid *grid, fault_run *run)
{
  tartan_operator *op = NULL;
  tartan_pca      *model = NULL;
  tartan_matrix   *Y = matrix_make(grid, TARTAN_F32, M, 3, NULL, fill_place, NULL);
  tartan_status    st;

  CHECK_OK(tartan_pca_load(grid, "model.h5", &model));
  CHECK_OK(tartan_operator_open(grid, "data.h5", NULL, &op));
  fault_begin(run);
  st = tartan_pca_transform(model, op, Y);
  fault_end(run);
  tartan_matrix_destroy(&Y);
  tartan_pca_destroy(&model);
  tartan_operator_destroy(&op);
  return st;
}

/* The model that is saved and loaded. */
static void make_model(void)
{
  tartan_grid     *grid = grid_world();
  tartan_operator *op = NULL;
  tartan_pca      *model = NULL;
  tartan_pca_opts  opts = options();

  if (check_rank() == 0) unlink("model.h5");
  MPI_Barrier(MPI_COMM_WORLD);
  CHECK_OK(tartan_operator_open(grid, "data.h5", NULL, &op));
  CHECK_OK(tartan_pca_fit(op, &opts, &model, NULL));
  CHECK_OK(tartan_pca_save(model, "model.h5", NULL, NULL));
  tartan_pca_destroy(&model);
  tartan_operator_destroy(&op);
  tartan_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
  static const h5_layout layout = {.type = "<f8"};

  check_start(&argc, &argv);
  h5_write("data.h5", "/X", &layout, M, N, fill_random, &seed);
  h5_write_shape("data.h5", "/feature_names", "string", 1, (const int64_t[]){N}, true);
  h5_write_shape("data.h5", "/sample_names", "string", 1, (const int64_t[]){M}, true);
  make_model();
  for (int kind = 0; kind < TT_FAULT_COUNT; kind++) {
    fault_sweep((tt_fault)kind, "tartan_pca_load", try_load);
    fault_sweep((tt_fault)kind, "tartan_pca_save", try_save);
    fault_sweep((tt_fault)kind, "tartan_pca_transform", try_transform);
    solver = TARTAN_PCA_GRAM;
    missing = TARTAN_PCA_NAN_ERROR;
    fault_sweep((tt_fault)kind, "tartan_pca_plan", try_plan);
    fault_sweep((tt_fault)kind, "tartan_pca_fit, gram", try_fit);
    missing = TARTAN_PCA_NAN_MEAN;
    fault_sweep((tt_fault)kind, "tartan_pca_fit, gram with means for NaN", try_fit);
    missing = TARTAN_PCA_NAN_ERROR;
    solver = TARTAN_PCA_FULL;
    fault_sweep((tt_fault)kind, "tartan_pca_fit, full", try_fit);
  }
  return check_finish();
}
