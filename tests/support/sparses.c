/* Sparse matrices of dense ones. */
#include "sparses.h"

#include <stdlib.h>

#include "check.h"

tartan_sparse *sparse_of(tartan_grid *grid, tartan_dtype dtype, const dense *A)
{
  const int      P = tartan_grid_size(grid), me = tartan_grid_rank(grid);
  const size_t   most = (size_t)(A->m * A->n + 1);
  int64_t       *row = malloc(most * sizeof *row), *col = malloc(most * sizeof *col), count = 0;
  double        *wide = malloc(most * sizeof *wide);
  float         *narrow = malloc(most * sizeof *narrow);
  tartan_sparse *S = NULL;

  for (int64_t i = me; i < A->m; i += P)
    for (int64_t j = 0; j < A->n; j++) {
      if (AT(*A, i, j) == 0) continue;
      row[count] = i;
      col[count] = j;
      wide[count] = AT(*A, i, j);
      narrow[count] = (float)wide[count];
      count++;
    }
  CHECK_OK(tartan_sparse_create(grid, dtype, A->m, A->n, count, row, col,
                                dtype == TARTAN_F32 ? (const void *)narrow : (const void *)wide, NULL, &S));
  free(narrow);
  free(wide);
  free(col);
  free(row);
  return S;
}

double fill_sparse(int64_t i, int64_t j, void *every)
{
  if (i == 2) return 0;
  if (i != 1 && (i * 31 + j * 17) % *(int64_t *)every != 0) return 0;
  return (double)(1 + (i * 3 + j * 7) % 9);
}
