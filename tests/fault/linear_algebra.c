// TEST: np=1,3,4 labels=fault,oper,model timeout=120
/*
 * The k-th allocation, then the k-th file operation, fails on one rank: streamed norms and trace, covariance, reading into
 * a matrix, and transposes from file to file, which leave nothing behind.
 */
#include <string.h>
#include <unistd.h>

#include <tartan/operator.h>

#include "check.h"
#include "faults.h"
#include "h5file.h"
#include "io/matrix_file.h"
#include "matrices.h"
#include "model/covariance.h"
#include "oper/norm.h"

#define M 40
#define N 6

static const char      *source;
static tartan_norm_kind kind;
static bool             whole; /* a transpose in one round */

static tartan_status try_norm(tartan_grid *grid, fault_run *run)
{
  tartan_operator *op = NULL;
  double           value;
  tartan_status    st;

  CHECK_OK(tartan_operator_open(grid, source, NULL, &op));
  fault_begin(run);
  st = tt_operator_norm(op, kind, &value);
  fault_end(run);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_trace(tartan_grid *grid, fault_run *run)
{
  tartan_operator *op = NULL;
  double           value, sum = 0;
  tartan_status    st;

  CHECK_OK(tartan_operator_open(grid, source, NULL, &op));
  fault_begin(run);
  st = tt_operator_trace(op, &value);
  fault_end(run);
  for (int i = 0; i < N; i++) sum += fill_place(i, i, NULL);
  CHECK(st != TARTAN_OK || value == sum);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_covariance(tartan_grid *grid, fault_run *run)
{
  const tt_covariance_opts opts = {.ddof = 1, .correlation = whole, .fill = true};
  tartan_operator         *op = NULL;
  tt_covariance_result     result = {0};
  tt_gram_plan             gram;
  tartan_cost              cost;
  tartan_status            st;

  CHECK_OK(tartan_operator_open(grid, source, NULL, &op));
  CHECK_OK(tt_covariance_plan(op, &opts, 0, &gram, &cost));
  fault_begin(run);
  st = tt_covariance(op, &opts, &gram, &result);
  fault_end(run);
  CHECK((result.C == NULL) == (st != TARTAN_OK) && (result.mean == NULL) == (st != TARTAN_OK));
  tt_covariance_free(&result);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_load(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = matrix_make(grid, TARTAN_F32, N, M, NULL, fill_place, NULL);
  tt_dataset    *dataset = NULL;
  tartan_status  st;

  CHECK_OK(tt_dataset_open(grid, source, NULL, &dataset));
  fault_begin(run);
  st = tt_matrix_load_into(dataset, true, A);
  fault_end(run);
  tt_dataset_close(&dataset);
  tartan_matrix_destroy(&A);
  return st;
}

/* The transpose of an open dataset to a new file. */
static tartan_status turn(tartan_grid *grid, tt_dataset *dataset)
{
  tt_output    *out = NULL;
  tt_turn_plan  plan;
  tartan_status st = TARTAN_OK;

  TRY(tt_turn_plan_make(dataset, grid, TT_EL_F64, 0, &plan));
  if (!whole) plan.columns = grid->size;
  TRY(tt_output_create(grid, "turned.h5", true, &out));
  tt_output_declare_element(out, "/X", TT_EL_F64, N, M);
  TRY(tt_output_open(out));
  TRY(tt_turn(dataset, grid, &plan, out, "/X", TT_EL_F64));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}

static tartan_status try_turn(tartan_grid *grid, fault_run *run)
{
  tt_dataset   *dataset = NULL;
  double        values[M * N];
  int           before;
  tartan_status st;

  if (check_rank() == 0) unlink("turned.h5");
  before = fault_files_here();
  CHECK_OK(tt_dataset_open(grid, source, NULL, &dataset));
  fault_begin(run);
  st = turn(grid, dataset);
  fault_end(run);
  CHECK_EQ(fault_files_here(), before + (st == TARTAN_OK));
  if (st == TARTAN_OK && check_rank() == 0) {
    CHECK(h5_read("turned.h5", "/X", N, M, values));
    for (int i = 0; i < M * N; i++) CHECK(values[i] == fill_place(i % M, i / M, NULL));
  }
  tt_dataset_close(&dataset);
  return st;
}

int main(int argc, char **argv)
{
  static const h5_layout plain = {.type = "<f4"};
  static const h5_layout packed = {.type = ">i2", .chunk_rows = 7, .chunk_cols = 4, .deflate = true};

  check_start(&argc, &argv);
  h5_write("plain.h5", "/X", &plain, M, N, fill_place, NULL);
  h5_write("packed.h5", "/X", &packed, M, N, fill_place, NULL);
  for (int s = 0; s < 2; s++) {
    source = s == 0 ? "plain.h5" : "packed.h5";
    for (int f = 0; f < TT_FAULT_COUNT; f++) {
      for (int k = TARTAN_NORM_FRO; k <= TARTAN_NORM_COUNT; k++) {
        kind = (tartan_norm_kind)k;
        fault_sweep((tt_fault)f, "tt_operator_norm", try_norm);
      }
      fault_sweep((tt_fault)f, "tt_operator_trace", try_trace);
      fault_sweep((tt_fault)f, "tt_matrix_load_into", try_load);
      for (int i = 0; i < 2; i++) {
        whole = i == 1;
        fault_sweep((tt_fault)f, "tt_covariance", try_covariance);
        fault_sweep((tt_fault)f, "tt_turn", try_turn);
      }
    }
  }
  return check_finish();
}
