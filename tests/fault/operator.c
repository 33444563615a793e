// TEST: np=1,3,4 labels=fault,oper timeout=60
/* The k-th allocation, then the k-th file operation, fails on one rank: operators of a matrix and of a file. */
#include <tartan/operator.h>

#include "check.h"
#include "faults.h"
#include "h5file.h"
#include "matrices.h"

#define M 40
#define N 6

static const char *source; /* NULL: of a matrix */

/* What the call works on; made before the fault is armed. */
typedef struct operands {
  tartan_matrix   *A, *narrow, *wide, *other;
  tartan_operator *op;
} operands;

static operands make(tartan_grid *grid)
{
  operands x = {.A = matrix_make(grid, TARTAN_F64, M, N, NULL, fill_place, NULL),
                .narrow = matrix_make(grid, TARTAN_F32, N, 2, NULL, fill_place, NULL),
                .wide = matrix_make(grid, TARTAN_F64, M, 2, NULL, fill_place, NULL),
                .other = matrix_make(grid, TARTAN_F32, N, 2, NULL, fill_place, NULL)};

  if (source)
    CHECK_OK(tartan_operator_open(grid, source, NULL, &x.op));
  else
    CHECK_OK(tartan_operator_from_matrix(x.A, &x.op));
  return x;
}

static void end(operands *x)
{
  tartan_operator_destroy(&x->op);
  tartan_matrix_destroy(&x->A);
  tartan_matrix_destroy(&x->narrow);
  tartan_matrix_destroy(&x->wide);
  tartan_matrix_destroy(&x->other);
}

static tartan_status try_from_matrix(tartan_grid *grid, fault_run *run)
{
  tartan_matrix   *A = matrix_make(grid, TARTAN_F64, M, N, NULL, fill_place, NULL);
  tartan_operator *op = NULL;
  tartan_status    st;

  fault_begin(run);
  st = tartan_operator_from_matrix(A, &op);
  fault_end(run);
  CHECK((op == NULL) == (st != TARTAN_OK));
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_open(tartan_grid *grid, fault_run *run)
{
  tartan_operator *op = NULL;
  tartan_status    st;

  fault_begin(run);
  st = tartan_operator_open(grid, "data.h5:/X", NULL, &op);
  fault_end(run);
  CHECK((op == NULL) == (st != TARTAN_OK));
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_apply(tartan_grid *grid, fault_run *run)
{
  operands      x = make(grid);
  tartan_status st;

  fault_begin(run);
  st = tartan_operator_apply(x.op, TARTAN_NO_TRANS, x.narrow, x.wide);
  fault_end(run);
  end(&x);
  return st;
}

static tartan_status try_adjoint(tartan_grid *grid, fault_run *run)
{
  operands      x = make(grid);
  tartan_status st;

  fault_begin(run);
  st = tartan_operator_apply(x.op, TARTAN_TRANS, x.wide, x.narrow);
  fault_end(run);
  end(&x);
  return st;
}

static tartan_status try_normal(tartan_grid *grid, fault_run *run)
{
  operands      x = make(grid);
  tartan_status st;

  fault_begin(run);
  st = tartan_operator_normal(x.op, x.narrow, x.other);
  fault_end(run);
  end(&x);
  return st;
}

static tartan_status try_norm(tartan_grid *grid, fault_run *run)
{
  operands      x = make(grid);
  double        norm2;
  tartan_status st;

  fault_begin(run);
  st = tartan_operator_norm_fro2(x.op, &norm2);
  fault_end(run);
  end(&x);
  return st;
}

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    fault_try  *attempt;
  } table[] = {{"tartan_operator_apply", try_apply},
               {"tartan_operator_apply, transposed", try_adjoint},
               {"tartan_operator_normal", try_normal},
               {"tartan_operator_norm_fro2", try_norm}};
  static const h5_layout layout = {.type = "<f4"};

  check_start(&argc, &argv);
  h5_write("data.h5", "/X", &layout, M, N, fill_place, NULL);
  fault_sweep(TT_FAULT_ALLOC, "tartan_operator_from_matrix", try_from_matrix);
  fault_sweep(TT_FAULT_ALLOC, "tartan_operator_open", try_open);
  fault_sweep(TT_FAULT_FILE, "tartan_operator_open", try_open);
  for (int s = 0; s < 2; s++) {
    source = s == 0 ? NULL : "data.h5";
    for (int i = 0; i < 4; i++) {
      fault_sweep(TT_FAULT_ALLOC, table[i].name, table[i].attempt);
      fault_sweep(TT_FAULT_FILE, table[i].name, table[i].attempt);
    }
  }
  return check_finish();
}
