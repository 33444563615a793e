// TEST: np=1,3 labels=fault,model timeout=120
/* The k-th allocation or file operation fails on one rank: making a recommender, epochs, scores, its state in a file. */
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include <tartan/io.h>
#include <tartan/recommend.h>

#include "check.h"
#include "faults.h"
#include "ratings.h"

static tartan_recommend_opts opts = TARTAN_RECOMMEND_OPTS_INIT;

/* A small model that is ready; `armed` calls run under the fault. */
typedef struct fixture {
  ratings             x;
  tartan_sparse      *R;
  tartan_recommender *model;
} fixture;

static fixture begin(tartan_grid *grid, bool model)
{
  fixture f = {ratings_make(20, 12, 0.4, false, 3), NULL, NULL};

  f.R = ratings_sparse(grid, &f.x, TARTAN_F64);
  if (model) CHECK_OK(tartan_recommender_create(f.R, &opts, &f.model));
  return f;
}

static void end(fixture *f)
{
  tartan_recommender_destroy(&f->model);
  tartan_sparse_destroy(&f->R);
  ratings_free(&f->x);
}

static tartan_status try_create(tartan_grid *grid, fault_run *run)
{
  fixture       f = begin(grid, false);
  tartan_cost   plan;
  tartan_status st;

  fault_begin(run);
  st = tartan_recommend_plan(f.R, &opts, &plan);
  if (st == TARTAN_OK) st = tartan_recommender_create(f.R, &opts, &f.model);
  fault_end(run);
  CHECK((f.model == NULL) == (st != TARTAN_OK));
  end(&f);
  return st;
}

static tartan_status try_epoch(tartan_grid *grid, fault_run *run)
{
  fixture                f = begin(grid, true);
  tartan_recommend_epoch e;
  tartan_status          st;

  fault_begin(run);
  st = tartan_recommender_epoch(f.model, &e);
  fault_end(run);
  end(&f);
  return st;
}

static tartan_status try_scores(tartan_grid *grid, fault_run *run)
{
  fixture       f = begin(grid, true);
  double        scores[240], rmse;
  tartan_status st;

  CHECK_OK(tartan_recommender_epoch(f.model, NULL));
  fault_begin(run);
  st = tartan_recommender_predict(f.model, f.R, scores);
  if (st == TARTAN_OK) st = tartan_recommender_errors(f.model, f.R, &rmse, NULL);
  if (st == TARTAN_OK) st = tartan_recommender_keep(f.model);
  fault_end(run);
  end(&f);
  return st;
}

static tartan_status try_file(tartan_grid *grid, fault_run *run)
{
  fixture             f = begin(grid, true);
  tartan_recommender *other = NULL;
  char               *note = NULL;
  const char         *file = "fault-recommend.h5";
  const int           before = fault_files_here();
  tartan_status       st;

  CHECK_OK(tartan_recommender_keep(f.model));
  CHECK_OK(tartan_recommender_create(f.R, &opts, &other));
  fault_begin(run);
  st = tartan_recommender_checkpoint(f.model, file, "note");
  if (st == TARTAN_OK) st = tartan_recommender_resume(other, file, &note);
  fault_end(run);
  tartan_recommender_note_free(&note);
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) (void)unlink(file); /* it is there unless writing failed */
  MPI_Barrier(MPI_COMM_WORLD);
  CHECK_EQ(fault_files_here(), before);
  tartan_recommender_destroy(&other);
  end(&f);
  return st;
}

int main(int argc, char **argv)
{
  tartan_io_setup();
  check_start(&argc, &argv);
  opts.factors = 3;
  for (int model = 0; model < 2; model++) {
    opts.model = model == 0 ? TARTAN_RECOMMEND_ALS : TARTAN_RECOMMEND_IALS;
    fault_sweep(TT_FAULT_ALLOC,
                "tartan_recommend_plan, "
                "tartan_recommender_create",
                try_create);
    fault_sweep(TT_FAULT_ALLOC, "tartan_recommender_epoch", try_epoch);
    fault_sweep(TT_FAULT_ALLOC,
                "tartan_recommender_predict, "
                "tartan_recommender_errors, "
                "tartan_recommender_keep",
                try_scores);
  }
  opts.solver = TARTAN_RECOMMEND_BLOCK;
  fault_sweep(TT_FAULT_ALLOC, "tartan_recommender_epoch by blocks", try_epoch);
  opts.solver = TARTAN_RECOMMEND_EXACT;
  opts.nonnegative = true;
  fault_sweep(TT_FAULT_ALLOC, "tartan_recommender_epoch, nonnegative", try_epoch);
  opts.nonnegative = false;
  fault_sweep(TT_FAULT_ALLOC, "tartan_recommender_resume", try_file);
  fault_sweep(TT_FAULT_FILE, "tartan_recommender_checkpoint", try_file);
  return check_finish();
}
