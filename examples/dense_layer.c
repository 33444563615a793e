// TEST: np=1,2,4 labels=example
/* A dense layer, forward and backward, with its gradients checked by differences. Run: mpirun -n 4 ./dense_layer */
#include <math.h>
#include <tartan/tartan.h>

enum { M = 600, N = 40, K = 25 }; /* samples, inputs, outputs */

/* E := X W + 1 b' - T, the error of the layer; loss = |E|^2 / 2. */
static tartan_status forward(const tartan_matrix *X, const tartan_matrix *W, const tartan_matrix *b,
                             const tartan_matrix *T, tartan_matrix *E, double *loss)
{
  tartan_status st = tartan_matrix_copy(TARTAN_NO_TRANS, T, E);

  if (!st) st = tartan_gemm(1, TARTAN_NO_TRANS, X, TARTAN_NO_TRANS, W, -1, E, NULL);
  if (!st) st = tartan_geadd(1, TARTAN_NO_TRANS, b, 1, E); /* one row, added to all */
  if (!st) st = tartan_norm_fro(E, loss);
  *loss *= *loss / 2;
  return st;
}

int main(int argc, char **argv)
{
  /* X, W and b with the gradients dX, dW and db, then targets T and errors E; directions D to try them in */
  static const int64_t shape[8][2] = {{M, N}, {N, K}, {1, K}, {M, N}, {N, K}, {1, K}, {M, K}, {M, K}};
  static const char   *name[3] = {"dX", "dW", "db"};
  tartan_grid         *grid = NULL;
  tartan_matrix       *all[8] = {NULL}, **P = all, **dP = all + 3, *D = NULL;
  double               loss = 0, up = 0, down = 0, slope = 0, h = 1e-3;
  tartan_status        st;

  MPI_Init(&argc, &argv);
  st = tartan_grid_create(MPI_COMM_WORLD, NULL, &grid);
  for (int i = 0; i < 8 && !st; i++) {
    st = tartan_matrix_create(grid, TARTAN_F64, shape[i][0], shape[i][1], NULL, &all[i]);
    if (!st) tartan_matrix_fill_normal(all[i], (uint64_t)i);
  }
  if (!st) st = forward(P[0], P[1], P[2], all[6], all[7], &loss);
  if (!st) st = tartan_gemm(1, TARTAN_NO_TRANS, all[7], TARTAN_TRANS, P[1], 0, dP[0], NULL); /* dX = dY W' */
  if (!st) st = tartan_gemm(1, TARTAN_TRANS, P[0], TARTAN_NO_TRANS, all[7], 0, dP[1], NULL); /* dW = X' dY */
  if (!st) st = tartan_sums(TARTAN_COLUMNS, all[7], dP[2]);                                  /* db = sums of dY */
  for (int i = 0; i < 3 && !st; i++) { /* the loss is quadratic: a central difference is exact but for rounding */
    st = tartan_matrix_create(grid, TARTAN_F64, shape[i][0], shape[i][1], NULL, &D);
    if (!st) tartan_matrix_fill_normal(D, (uint64_t)(10 + i));
    if (!st) st = tartan_geadd(h, TARTAN_NO_TRANS, D, 1, P[i]);
    if (!st) st = forward(P[0], P[1], P[2], all[6], all[7], &up);
    if (!st) st = tartan_geadd(-2 * h, TARTAN_NO_TRANS, D, 1, P[i]);
    if (!st) st = forward(P[0], P[1], P[2], all[6], all[7], &down);
    if (!st) st = tartan_geadd(h, TARTAN_NO_TRANS, D, 1, P[i]);
    if (!st) st = tartan_dot(dP[i], D, &slope);
    const double wrong = fabs((up - down) / (2 * h) - slope) / loss;
    if (!st && tartan_grid_rank(grid) == 0) printf("%s: slope %.6f, error / loss %.1e\n", name[i], slope, wrong);
    if (!st && !(wrong < 1e-9)) st = TARTAN_ERR_TOLERANCE;
    tartan_matrix_destroy(&D);
  }
  if (st) tartan_error_print(stderr);
  for (int i = 0; i < 8; i++) tartan_matrix_destroy(&all[i]);
  tartan_grid_destroy(&grid);
  MPI_Finalize();
  return tartan_exit_code(st);
}
