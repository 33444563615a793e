// TEST: np=1,3,4 labels=fault,matrix timeout=30
/* The k-th allocation fails on one rank: every function of tartan/matrix.h. Outputs are NULL or unchanged. */
#include <stdlib.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"

#define M 13
#define N 17

/* Blocks on all ranks in one row, the last rank first: a matrix with a map of its own. */
static tartan_matrix_opts backwards(tartan_grid *grid, int *ranks)
{
  const int          P = tartan_grid_size(grid);
  tartan_matrix_opts opts = layout_of(3, 2, 1, P, 0, 0);

  for (int r = 0; r < P; r++) ranks[r] = P - 1 - r;
  opts.ranks = ranks;
  return opts;
}

static tartan_status try_create(tartan_grid *grid, fault_run *run)
{
  int                      ranks[LAYOUT_RANKS_MAX];
  const tartan_matrix_opts opts = backwards(grid, ranks);
  tartan_matrix           *A = NULL;
  tartan_status            st;

  fault_begin(run);
  st = tartan_matrix_create(grid, TARTAN_F64, M, N, &opts, &A);
  fault_end(run);
  CHECK((A == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_wrap(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = NULL;
  double         data[M * N] = {0};
  tartan_status  st;

  fault_begin(run);
  st = tartan_matrix_wrap(grid, TARTAN_F64, M, N, NULL, data, M, &A);
  fault_end(run);
  CHECK((A == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_view(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, M, N, NULL, fill_place, NULL), *view = NULL;
  tartan_status  st;

  fault_begin(run);
  st = tartan_matrix_view(A, 1, 2, 5, 6, &view);
  fault_end(run);
  CHECK((view == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&view);
  return st;
}

static tartan_status try_copy(tartan_grid *grid, fault_run *run)
{
  const tartan_matrix_opts rows = layout_of(2, 3, tartan_grid_size(grid), 1, 0, 0);
  int                      ranks[LAYOUT_RANKS_MAX];
  const tartan_matrix_opts cols = backwards(grid, ranks);
  const tartan_op          op = run->k % 2 == 0 ? TARTAN_TRANS : TARTAN_NO_TRANS;
  tartan_matrix           *A = matrix_make(grid, TARTAN_F64, M, M, &rows, fill_place, NULL);
  tartan_matrix           *B = matrix_make(grid, TARTAN_F32, M, M, &cols, fill_place, NULL);
  tartan_status            st;

  tartan_matrix_set(B, 1, 2);
  fault_begin(run);
  st = tartan_matrix_copy(op, A, B);
  fault_end(run);
  if (st != TARTAN_OK) {
    dense b = dense_of(B);

    for (int64_t e = 0; e < M * M; e++) CHECK(b.a[e] == (e % M == e / M ? 2 : 1)); /* B is unchanged */
    dense_free(&b);
  }
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  return st;
}

static tartan_status try_gather(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, M, N, NULL, fill_place, NULL);
  double         data[M * N];
  tartan_status  st;

  fault_begin(run);
  st = tartan_matrix_gather(A, tartan_grid_size(grid) - 1, data);
  fault_end(run);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_scatter(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, M, N, NULL, fill_place, NULL);
  double         data[M * N] = {0};
  tartan_status  st;

  fault_begin(run);
  st = tartan_matrix_scatter(data, 0, A);
  fault_end(run);
  if (st != TARTAN_OK) CHECK_EQ(matrix_count_wrong(A, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  return st;
}

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    fault_try  *attempt;
  } table[] = {
      {"tartan_matrix_create", try_create}, {"tartan_matrix_wrap", try_wrap},
      {"tartan_matrix_view", try_view},     {"tartan_matrix_copy", try_copy},
      {"tartan_matrix_gather", try_gather}, {"tartan_matrix_scatter", try_scatter},
  };

  check_start(&argc, &argv);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    fault_sweep(TT_FAULT_ALLOC, table[i].name, table[i].attempt);
  return check_finish();
}
