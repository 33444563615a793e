// TEST: np=1,2,4 labels=example
/* One system of equations by LU, by QR and as least squares, side by side. Run: mpirun -n 4 ./solvers */
#include <tartan/tartan.h>

/* Prints |A X - B| / (|A| |X|) and ends with TARTAN_ERR_TOLERANCE if that is too much. */
static tartan_status judge(const char *name, const tartan_matrix *A, const tartan_matrix *X, const tartan_matrix *B)
{
  tartan_matrix *R = NULL;
  double         a = 0, x = 0, r = 0;
  int64_t        m, n;
  tartan_status  st;

  tartan_matrix_shape(B, &m, &n);
  st = tartan_matrix_create(tartan_matrix_grid(A), TARTAN_F64, m, n, NULL, &R);
  if (!st) st = tartan_matrix_copy(TARTAN_NO_TRANS, B, R);
  if (!st) st = tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, X, -1, R, NULL);
  if (!st) st = tartan_norm_fro(R, &r);
  if (!st) st = tartan_norm_fro(A, &a);
  if (!st) st = tartan_norm_fro(X, &x);
  if (!st && tartan_grid_rank(tartan_matrix_grid(A)) == 0) printf("%-14s residual %.1e\n", name, r / (a * x));
  if (!st && !(r <= 1e-14 * a * x)) st = TARTAN_ERR_TOLERANCE;
  tartan_matrix_destroy(&R);
  return st;
}

int main(int argc, char **argv)
{
  const int64_t     n = 400, k = 3;
  tartan_grid      *grid = NULL;
  tartan_matrix    *A = NULL, *B = NULL, *LU = NULL, *Q = NULL, *R = NULL, *Y = NULL, *LS = NULL;
  tartan_solve_info info = {.condition = 0};
  tartan_status     st;

  MPI_Init(&argc, &argv);
  st = tartan_grid_create(MPI_COMM_WORLD, NULL, &grid);
  if (!st) st = tartan_matrix_create(grid, TARTAN_F64, n, n, NULL, &A);
  if (!st) st = tartan_matrix_create(grid, TARTAN_F64, n, k, NULL, &B);
  if (!st) st = tartan_matrix_create(grid, TARTAN_F64, n, k, NULL, &Y);
  if (!st) tartan_matrix_fill_normal(A, 1);
  if (!st) tartan_matrix_fill_normal(B, 2);

  if (!st) st = tartan_solve(A, B, NULL, &LU, &info);
  if (!st) st = judge("LU", A, LU, B);
  if (!st) st = tartan_qr(A, NULL, &Q, &R, NULL); /* R X = Q'B */
  if (!st) st = tartan_gemm(1, TARTAN_TRANS, Q, TARTAN_NO_TRANS, B, 0, Y, NULL);
  if (!st) st = tartan_trsm(TARTAN_LEFT, TARTAN_UPPER, TARTAN_NO_TRANS, TARTAN_NON_UNIT, 1, R, Y);
  if (!st) st = judge("QR", A, Y, B);
  if (!st) st = tartan_lstsq(A, B, NULL, &LS, NULL);
  if (!st) st = judge("least squares", A, LS, B);
  if (!st && tartan_grid_rank(grid) == 0) printf("condition of A about %.0f\n", info.condition);
  if (st) tartan_error_print(stderr);

  tartan_matrix *all[] = {A, B, LU, Q, R, Y, LS};
  for (int i = 0; i < 7; i++) tartan_matrix_destroy(&all[i]);
  tartan_grid_destroy(&grid);
  MPI_Finalize();
  return tartan_exit_code(st);
}
