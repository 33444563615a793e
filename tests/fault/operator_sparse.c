// TEST: np=1,3,4 labels=fault,oper timeout=120
/*
 * The k-th allocation fails on one rank: operators of a sparse matrix, plain and centered. What a failed product had made is
 * given back, and the same operator works afterwards.
 */
#include <tartan/sketch.h>

#include "check.h"
#include "faults.h"
#include "oper/norm.h"
#include "sparses.h"

#define M 40
#define N 6

typedef enum action { APPLY, ADJOINT, NORMAL, NORM, GRAM, TRACE, TOPK, ACTIONS } action;

static action what;
static bool   centered;

/* What the call works on; made before the fault is armed. */
typedef struct operands {
  tartan_sparse   *A;
  tartan_matrix   *narrow, *wide, *other;
  tartan_operator *op, *middle;
} operands;

static tartan_sparse *make_sparse(tartan_grid *grid)
{
  int64_t        every = 3;
  dense          A = dense_make(M, N, fill_sparse, &every);
  tartan_sparse *S = sparse_of(grid, TARTAN_F32, &A);

  dense_free(&A);
  return S;
}

static operands make(tartan_grid *grid)
{
  const double mean[N] = {1, 2, 3, 4, 5, 6};
  operands     x = {.A = make_sparse(grid),
                    .narrow = matrix_make(grid, TARTAN_F32, N, 2, NULL, fill_place, NULL),
                    .wide = matrix_make(grid, TARTAN_F64, M, 2, NULL, fill_place, NULL),
                    .other = matrix_make(grid, TARTAN_F64, N, 2, NULL, fill_place, NULL)};

  CHECK_OK(tartan_operator_from_sparse(x.A, &x.op));
  if (centered) CHECK_OK(tartan_operator_center(x.op, mean, NULL, &x.middle));
  return x;
}

static void end(operands *x)
{
  tartan_operator_destroy(&x->middle);
  tartan_operator_destroy(&x->op);
  tartan_matrix_destroy(&x->narrow);
  tartan_matrix_destroy(&x->wide);
  tartan_matrix_destroy(&x->other);
  tartan_sparse_destroy(&x->A);
}

static tartan_status try_from_sparse(tartan_grid *grid, fault_run *run)
{
  tartan_sparse   *A = make_sparse(grid);
  tartan_operator *op = NULL;
  tartan_status    st;

  fault_begin(run);
  st = tartan_operator_from_sparse(A, &op);
  fault_end(run);
  CHECK((op == NULL) == (st != TARTAN_OK));
  tartan_operator_destroy(&op);
  tartan_sparse_destroy(&A);
  return st;
}

static tartan_status act(operands *x)
{
  const tartan_operator *op = centered ? x->middle : x->op;
  tartan_matrix         *G = NULL;
  double                 number, s[2];
  tartan_status          st = TARTAN_OK;

  switch (what) {
  case APPLY: st = tartan_operator_apply(op, TARTAN_NO_TRANS, x->narrow, x->wide); break;
  case ADJOINT: st = tartan_operator_apply(op, TARTAN_TRANS, x->wide, x->narrow); break;
  case NORMAL: st = tartan_operator_normal(op, x->narrow, x->other); break;
  case NORM: st = tartan_operator_norm_fro2(op, &number); break;
  case GRAM: st = tartan_gram(op, true, &G, NULL); break;
  case TRACE: st = tt_operator_trace(op, &number); break;
  case TOPK: st = tartan_operator_svd_topk(op, 2, NULL, NULL, s, NULL, NULL); break;
  case ACTIONS: break;
  }
  CHECK(st == TARTAN_OK || G == NULL);
  tartan_matrix_destroy(&G);
  return st;
}

static tartan_status try_action(tartan_grid *grid, fault_run *run)
{
  operands      x = make(grid);
  tartan_status st;

  fault_begin(run);
  st = act(&x);
  fault_end(run);
  if (st != TARTAN_OK) CHECK_OK(act(&x));
  end(&x);
  return st;
}

int main(int argc, char **argv)
{
  static const char *const names[] = {"tartan_operator_apply",
                                      "tartan_operator_apply, transposed",
                                      "tartan_operator_normal",
                                      "tartan_operator_norm_fro2",
                                      "tartan_gram",
                                      "tt_operator_trace",
                                      "tartan_operator_svd_topk"};

  check_start(&argc, &argv);
  fault_sweep(TT_FAULT_ALLOC, "tartan_operator_from_sparse", try_from_sparse);
  for (int c = 0; c < 2; c++)
    for (int i = 0; i < ACTIONS; i++) {
      centered = c == 1;
      what = (action)i;
      if (!(centered && what == TRACE)) fault_sweep(TT_FAULT_ALLOC, names[i], try_action);
    }
  return check_finish();
}
