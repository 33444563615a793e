// TEST: np=1,2,4 labels=example
/* The singular values of a random matrix, and what its factors lack of being exact. Run: mpirun -n 4 ./svd */
#include <tartan/tartan.h>

int main(int argc, char **argv)
{
  const int64_t  m = 1200, n = 300;
  tartan_grid   *grid = NULL;
  tartan_matrix *A = NULL, *U = NULL, *Vt = NULL;
  double         sigma[300], norm = 0, rest = 0;
  tartan_status  st;

  MPI_Init(&argc, &argv);
  st = tartan_grid_create(MPI_COMM_WORLD, NULL, &grid); /* near-square; the communicator is duplicated */
  if (!st) st = tartan_matrix_create(grid, TARTAN_F64, m, n, NULL, &A);
  if (!st) tartan_matrix_fill_normal(A, 42); /* the same numbers on any number of ranks */
  if (!st) st = tartan_norm_fro(A, &norm);
  if (!st) st = tartan_svd(A, NULL, &U, sigma, &Vt, NULL); /* no descriptor, no workspace */

  /* U := U diag(sigma), column by column of the local part; A := A - U Vt */
  if (!st) {
    int64_t ld, mloc, nloc;
    double *u = tartan_matrix_local(U, &ld, &mloc, &nloc);

    for (int64_t j = 0; j < nloc; j++)
      for (int64_t i = 0; i < mloc; i++) u[i + j * ld] *= sigma[tartan_matrix_global_col(U, j)];
    st = tartan_gemm(-1, TARTAN_NO_TRANS, U, TARTAN_NO_TRANS, Vt, 1, A, NULL);
  }
  if (!st) st = tartan_norm_fro(A, &rest);
  if (!st && tartan_grid_rank(grid) == 0)
    printf("sigma: %.6f ... %.6f\n|A - U S Vt| / |A| = %.1e\n", sigma[0], sigma[n - 1], rest / norm);
  if (!st && rest > 1e-13 * norm) st = TARTAN_ERR_TOLERANCE;
  if (st) tartan_error_print(stderr); /* on all ranks; the one where it began speaks */

  tartan_matrix_destroy(&Vt);
  tartan_matrix_destroy(&U);
  tartan_matrix_destroy(&A);
  tartan_grid_destroy(&grid);
  MPI_Finalize();
  return tartan_exit_code(st);
}
