/* Values by global index, so that no layout can be told from the result. */
#include "base/random.h"
#include "kernel/dense.h"
#include "matrix/matrix.h"

void tartan_matrix_fill(tartan_matrix *A, tartan_fill *fill, void *context)
{
  for (int64_t jl = 0; jl < A->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(A, jl);

    for (int64_t il = 0; il < A->mloc; il++)
      tt_put_element(A->dtype, fill(tartan_matrix_global_row(A, il), j, context), A->data, A->ld, il, jl);
  }
}

void tartan_matrix_set(tartan_matrix *A, double value, double diagonal)
{
  tt_set_local(A->dtype, value, A->data, A->ld, A->mloc, A->nloc);
  for (int64_t jl = 0; jl < A->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(A, jl);
    const int64_t il = j < A->row.n ? tartan_matrix_local_row(A, j) : -1;

    if (il >= 0) tt_put_element(A->dtype, diagonal, A->data, A->ld, il, jl);
  }
}

static double uniform_of_index(int64_t i, int64_t j, void *seed)
{
  return tt_uniform(*(uint64_t *)seed, i, j);
}

static double normal_of_index(int64_t i, int64_t j, void *seed)
{
  return tt_normal(*(uint64_t *)seed, i, j);
}

void tartan_matrix_fill_uniform(tartan_matrix *A, uint64_t seed)
{
  tartan_matrix_fill(A, uniform_of_index, &seed);
}

void tartan_matrix_fill_normal(tartan_matrix *A, uint64_t seed)
{
  tartan_matrix_fill(A, normal_of_index, &seed);
}
