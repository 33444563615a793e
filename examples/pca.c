// TEST: np=1,3 labels=example
/* PCA of a file that is never wholly in memory. Run: mpirun -n 4 ./pca [DATA.h5[:/path]] */
#include <tartan/tartan.h>

/* A file to work on where none was given: 5000 samples of 40 features around two directions. */
static tartan_status make_data(tartan_grid *grid, const char *path)
{
  tartan_io_opts opts = TARTAN_IO_OPTS_INIT;
  tartan_matrix *X = NULL, *S = NULL, *D = NULL;
  tartan_status  st = tartan_matrix_create(grid, TARTAN_F64, 5000, 40, NULL, &X);

  opts.force = true;
  if (!st) st = tartan_matrix_create(grid, TARTAN_F64, 5000, 2, NULL, &S);
  if (!st) st = tartan_matrix_create(grid, TARTAN_F64, 2, 40, NULL, &D);
  if (!st) {
    tartan_matrix_fill_normal(X, 1);
    tartan_matrix_fill_normal(S, 2);
    tartan_matrix_fill_normal(D, 3);
    st = tartan_gemm(3, TARTAN_NO_TRANS, S, TARTAN_NO_TRANS, D, 1, X, NULL);
  }
  if (!st) st = tartan_matrix_save(X, path, "/X", &opts); /* old file or new file, never half */
  tartan_matrix_destroy(&D);
  tartan_matrix_destroy(&S);
  tartan_matrix_destroy(&X);
  return st;
}

int main(int argc, char **argv)
{
  const char       *source = argc > 1 ? argv[1] : "example.h5";
  tartan_grid      *grid = NULL;
  tartan_operator  *A = NULL;
  tartan_pca       *model = NULL;
  tartan_pca_opts   opts = TARTAN_PCA_OPTS_INIT;
  tartan_pca_values v;
  tartan_status     st;

  MPI_Init(&argc, &argv);
  st = tartan_grid_create(MPI_COMM_WORLD, NULL, &grid);
  if (!st && argc < 2) st = make_data(grid, source);
  opts.components = 5;
  if (!st) st = tartan_operator_open(grid, source, NULL, &A);
  if (!st) st = tartan_pca_fit(A, &opts, &model, NULL);
  if (!st && tartan_grid_rank(grid) == 0) {
    tartan_pca_get_values(model, &v);
    for (int64_t i = 0; i < v.components; i++)
      printf("%10.3f %7.4f\n", v.explained_variance_[i], v.explained_variance_ratio_[i]);
  }
  if (st) tartan_error_print(stderr);
  tartan_pca_destroy(&model);
  tartan_operator_destroy(&A);
  tartan_grid_destroy(&grid);
  MPI_Finalize();
  return tartan_exit_code(st);
}
