// TEST: np=1,3,4 labels=fault,model timeout=180
/* The k-th allocation, then the k-th file operation, fails on one rank: factorizations of a matrix, of a file, of entries. */
#include <tartan/linear_models.h>

#include "check.h"
#include "faults.h"
#include "h5file.h"
#include "matrices.h"
#include "model/linear_impl.h"
#include "sparses.h"

#define ROWS 41
#define COLUMNS 9
#define PARTS 2

enum { DENSE, STREAMED, SPARSE };

static int  source;
static bool exact;

/* Of rank 1 where the loss is to come from the elements themselves. */
static double positive(int64_t i, int64_t j, void *context)
{
  (void)context;
  return (double)(1 + i % 5) * (double)(1 + j % 3) + (exact ? 0 : (double)((3 * i + 7 * j) % 11));
}

/* What the call works on; made before the fault is armed. */
typedef struct operands {
  tartan_matrix   *A, *W, *H;
  tartan_sparse   *few;
  tartan_operator *op;
  tartan_nmf_opts  opts;
} operands;

static operands make(tartan_grid *grid, bool given)
{
  operands x = {.A = matrix_make(grid, TARTAN_F64, ROWS, COLUMNS, NULL, positive, NULL),
                .W = matrix_make(grid, TARTAN_F64, ROWS, PARTS, NULL, positive, NULL),
                .H = matrix_make(grid, TARTAN_F64, PARTS, COLUMNS, NULL, positive, NULL),
                .opts = TARTAN_NMF_OPTS_INIT};

  if (source == STREAMED) {
    CHECK_OK(tartan_operator_open(grid, exact ? "exact.h5" : "data.h5", NULL, &x.op));
  } else if (source == SPARSE) {
    dense A = dense_make(ROWS, COLUMNS, positive, NULL);

    x.few = sparse_of(grid, TARTAN_F64, &A);
    dense_free(&A);
    CHECK_OK(tartan_operator_from_sparse(x.few, &x.op));
  } else {
    CHECK_OK(tartan_operator_from_matrix(x.A, &x.op));
  }
  x.opts.iterations = 2;
  x.opts.W = given ? x.W : NULL;
  x.opts.H = given ? x.H : NULL;
  return x;
}

static void end(operands *x)
{
  tartan_operator_destroy(&x->op);
  tartan_sparse_destroy(&x->few);
  tartan_matrix_destroy(&x->H);
  tartan_matrix_destroy(&x->W);
  tartan_matrix_destroy(&x->A);
}

static tartan_status try_plan(tartan_grid *grid, fault_run *run)
{
  operands      x = make(grid, false);
  tartan_cost   plan;
  tartan_status st;

  run->survivable = source == DENSE; /* the planner of products does without what it cannot have */
  fault_begin(run);
  st = tartan_nmf_plan(x.op, PARTS, &x.opts, &plan);
  fault_end(run);
  end(&x);
  return st;
}

static tartan_status factorize(tartan_grid *grid, fault_run *run, bool given)
{
  operands        x = make(grid, given);
  tartan_matrix  *W = NULL, *H = NULL;
  tartan_nmf_info info;
  tartan_status   st;

  fault_begin(run);
  st = tartan_nmf(x.op, PARTS, &x.opts, &W, &H, &info);
  fault_end(run);
  CHECK((W == NULL) == (st != TARTAN_OK) && (H == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&H);
  tartan_matrix_destroy(&W);
  end(&x);
  return st;
}

static tartan_status try_start(tartan_grid *grid, fault_run *run)
{
  return factorize(grid, run, false);
}

static tartan_status try_given(tartan_grid *grid, fault_run *run)
{
  return factorize(grid, run, true);
}

static tartan_status try_transform(tartan_grid *grid, fault_run *run)
{
  operands       x = make(grid, false);
  tartan_matrix *W = NULL;
  tartan_status  st;

  fault_begin(run);
  st = tartan_nmf_transform(x.op, x.H, &x.opts, &W);
  fault_end(run);
  CHECK((W == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&W);
  end(&x);
  return st;
}

static tartan_status try_recommend(tartan_grid *grid, fault_run *run)
{
  operands          x = make(grid, true);
  tartan_predictor *p = NULL;
  tartan_cost       plan;
  tartan_status     st;

  fault_begin(run);
  st = tt_recommend_nmf_plan(x.few, PARTS, &x.opts, TARTAN_F32, &plan);
  if (st == TARTAN_OK) st = tartan_recommend_nmf(x.few, PARTS, &x.opts, TARTAN_F32, &p, NULL);
  fault_end(run);
  CHECK((p == NULL) == (st != TARTAN_OK));
  tartan_predictor_destroy(&p);
  end(&x);
  return st;
}

int main(int argc, char **argv)
{
  static const h5_layout layout = {.type = "<f4"};

  check_start(&argc, &argv);
  h5_write("data.h5", "/X", &layout, ROWS, COLUMNS, positive, NULL);
  exact = true;
  h5_write("exact.h5", "/X", &layout, ROWS, COLUMNS, positive, NULL);
  for (source = DENSE; source <= SPARSE; source++) {
    exact = false;
    fault_sweep(TT_FAULT_ALLOC, "tartan_nmf_plan", try_plan);
    fault_sweep(TT_FAULT_ALLOC, "tartan_nmf", try_start);
    fault_sweep(TT_FAULT_ALLOC, "tartan_nmf_transform", try_transform);
    exact = true;
    fault_sweep(TT_FAULT_ALLOC, "tartan_nmf", try_given);
    if (source == SPARSE) fault_sweep(TT_FAULT_ALLOC, "tartan_recommend_nmf", try_recommend);
    if (source != STREAMED) continue;
    fault_sweep(TT_FAULT_FILE, "tartan_nmf", try_given);
    fault_sweep(TT_FAULT_FILE, "tartan_nmf_transform", try_transform);
  }
  return check_finish();
}
