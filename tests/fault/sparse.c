// TEST: np=1,3,4 labels=fault,sparse timeout=60
/* The k-th allocation fails on one rank: every function of tartan/sparse.h, and the lists of needed rows. */
#include <string.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"
#include "sparse/sparse.h"

#define M 13
#define N 9000

/* A full row, which is cut between ranks, and one entry in each other row; rank 0 gives all. */
static tartan_status create(tartan_grid *grid, tartan_sparse **A)
{
  static int64_t row[N + M], col[N + M];

  for (int64_t e = 0; e < N + M; e++) {
    row[e] = e < N ? 4 : e - N;
    col[e] = e < N ? e : 3;
  }
  row[N + 4] = 5;
  col[N + 4] = 8;
  return tartan_sparse_create(grid, TARTAN_F32, M, N, tartan_grid_rank(grid) == 0 ? N + M : 0, row, col, NULL, NULL, A);
}

static tartan_status try_create(tartan_grid *grid, fault_run *run)
{
  tartan_sparse *A = NULL;
  tartan_status  st;

  fault_begin(run);
  st = create(grid, &A);
  fault_end(run);
  CHECK((A == NULL) == (st != TARTAN_OK));
  tartan_sparse_destroy(&A);
  return st;
}

static tartan_status try_transpose(tartan_grid *grid, fault_run *run)
{
  tartan_sparse *A = NULL, *At = NULL;
  tartan_status  st;

  if (!CHECK_OK(create(grid, &A))) return TARTAN_OK;
  fault_begin(run);
  st = tartan_sparse_transpose(A, 1, &At);
  fault_end(run);
  CHECK((At == NULL) == (st != TARTAN_OK));
  tartan_sparse_destroy(&At);
  tartan_sparse_destroy(&A);
  return st;
}

static tartan_status try_to_matrix(tartan_grid *grid, fault_run *run)
{
  tartan_sparse *A = NULL;
  tartan_matrix *B = matrix_make(grid, TARTAN_F32, M, N, NULL, fill_place, NULL);
  tartan_status  st;

  if (!CHECK_OK(create(grid, &A))) return TARTAN_OK;
  fault_begin(run);
  st = tartan_sparse_to_matrix(A, B);
  fault_end(run);
  if (st != TARTAN_OK) CHECK_EQ(matrix_count_wrong(B, fill_place, NULL), 0);
  tartan_matrix_destroy(&B);
  tartan_sparse_destroy(&A);
  return st;
}

static tartan_status try_multiply(tartan_grid *grid, fault_run *run)
{
  const tartan_op op = run->k % 2 == 0 ? TARTAN_TRANS : TARTAN_NO_TRANS;
  tartan_sparse  *A = NULL;
  tartan_matrix  *X = matrix_make(grid, TARTAN_F32, op == TARTAN_TRANS ? M : N, 2, NULL, fill_place, NULL);
  tartan_matrix  *Y = matrix_make(grid, TARTAN_F32, op == TARTAN_TRANS ? N : M, 2, NULL, fill_place, NULL);
  tartan_status   st;

  if (!CHECK_OK(create(grid, &A))) return TARTAN_OK;
  fault_begin(run);
  st = tartan_sparse_multiply(op, A, X, Y);
  fault_end(run);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&X);
  tartan_sparse_destroy(&A);
  return st;
}

static tartan_status try_needed(tartan_grid *grid, fault_run *run)
{
  const int      P = tartan_grid_size(grid);
  static float   own[N], rows[N];
  int64_t        starts[65] = {0};
  tt_needed      needed = {.grid = grid};
  tartan_sparse *A = NULL;
  tartan_status  st;

  for (int r = 0; r <= P; r++) starts[r] = N * (int64_t)r / P;
  if (!CHECK_OK(create(grid, &A))) return TARTAN_OK;
  fault_begin(run);
  st = tt_needed_make(A, starts, &needed);
  if (st == TARTAN_OK) st = tt_needed_exchange(&needed, own, 1, sizeof *own, rows);
  fault_end(run);
  tt_needed_end(&needed);
  tartan_sparse_destroy(&A);
  return st;
}

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    fault_try  *attempt;
  } table[] = {
      {"tartan_sparse_create", try_create},
      {"tartan_sparse_transpose", try_transpose},
      {"tartan_sparse_to_matrix", try_to_matrix},
      {"tartan_sparse_multiply", try_multiply},
      {"tt_needed_make", try_needed},
  };

  check_start(&argc, &argv);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    fault_sweep(TT_FAULT_ALLOC, table[i].name, table[i].attempt);
  return check_finish();
}
