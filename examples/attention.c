// TEST: np=1,2,4 labels=example
/* Scaled dot-product attention, softmax(Q K' / sqrt(d)) V, on distributed matrices. Run: mpirun -n 4 ./attention */
#include <math.h>
#include <tartan/tartan.h>

enum { N = 300, D = 32 };

/* Each row of S := exp(S) / its sum. Rows are whole on their ranks. */
static void softmax(tartan_matrix *S)
{
  int64_t ld, rows, cols;
  double *s = tartan_matrix_local(S, &ld, &rows, &cols);

  for (int64_t i = 0; i < rows; i++) {
    double most = -INFINITY, sum = 0;
    for (int64_t j = 0; j < cols; j++) most = fmax(most, s[i + j * ld]);
    for (int64_t j = 0; j < cols; j++) sum += s[i + j * ld] = exp(s[i + j * ld] - most);
    for (int64_t j = 0; j < cols; j++) s[i + j * ld] /= sum;
  }
}

/* Row i of the result by the definition, less what was found; m: Q, K, V and the result, columns one after the other. */
static double difference(double m[4][N * D], int i)
{
  double sum = 0, row[D] = {0}, worst = 0;
  for (int j = 0; j < N; j++) {
    double dot = 0;
    for (int d = 0; d < D; d++) dot += m[0][i + d * N] * m[1][j + d * N];
    sum += dot = exp(dot / sqrt(D));
    for (int d = 0; d < D; d++) row[d] += dot * m[2][j + d * N];
  }
  for (int d = 0; d < D; d++) worst = fmax(worst, fabs(row[d] / sum - m[3][i + d * N]));
  return worst;
}

int main(int argc, char **argv)
{
  static double      m[4][N * D];
  tartan_matrix_opts slabs = TARTAN_MATRIX_OPTS_INIT;
  tartan_grid       *grid = NULL;
  tartan_matrix     *M[5] = {NULL}; /* Q, K, V, the result, the weights */
  tartan_status      st;

  MPI_Init(&argc, &argv);
  st = tartan_grid_create(MPI_COMM_WORLD, NULL, &grid);
  if (!st) slabs.p = tartan_grid_size(grid), slabs.q = 1, slabs.mb = (N + slabs.p - 1) / slabs.p, slabs.nb = N;
  for (int i = 0; i < 5 && !st; i++) st = tartan_matrix_create(grid, TARTAN_F64, N, i < 4 ? D : N, &slabs, &M[i]);
  for (int i = 0; i < 3 && !st; i++) tartan_matrix_fill_normal(M[i], (uint64_t)i);
  if (!st) st = tartan_gemm(1 / sqrt(D), TARTAN_NO_TRANS, M[0], TARTAN_TRANS, M[1], 0, M[4], NULL);
  if (!st) softmax(M[4]);
  if (!st) st = tartan_gemm(1, TARTAN_NO_TRANS, M[4], TARTAN_NO_TRANS, M[2], 0, M[3], NULL);
  for (int i = 0; i < 4 && !st; i++) st = tartan_matrix_gather(M[i], 0, m[i]);
  for (int i = 0; i < N && !st && tartan_grid_rank(grid) == 0; i++)
    if (!(difference(m, i) < 1e-13)) st = TARTAN_ERR_TOLERANCE;
  if (grid && tartan_grid_rank(grid) == 0) printf("%d queries of %d numbers: %s\n", N, D, tartan_status_text(st));
  for (int i = 0; i < 5; i++) tartan_matrix_destroy(&M[i]);
  tartan_grid_destroy(&grid);
  MPI_Finalize();
  return tartan_exit_code(st);
}
