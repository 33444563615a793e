/*
 * Two small allreduces: the largest |v| of each vector, then the lowest index that comes within 1e-6 of it together with
 * the sign of the entry there.
 */
#include "factor/signs.h"

#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"

#define NEAR (1 - 1e-6)

/* Local entry e of local vector v, and its global place. */
static double entry_of(const tartan_matrix *V, bool rows, int64_t v, int64_t e)
{
  return rows ? tt_get_element(V->dtype, V->data, V->ld, v, e) : tt_get_element(V->dtype, V->data, V->ld, e, v);
}

static int64_t global_vector(const tartan_matrix *V, bool rows, int64_t v)
{
  return rows ? tartan_matrix_global_row(V, v) : tartan_matrix_global_col(V, v);
}

static int64_t global_entry(const tartan_matrix *V, bool rows, int64_t e)
{
  return rows ? tartan_matrix_global_col(V, e) : tartan_matrix_global_row(V, e);
}

tartan_status tt_signs_of(const tartan_matrix *V, bool rows, double *sign)
{
  const int64_t count = rows ? V->row.n : V->col.n;
  const int64_t vectors = rows ? V->mloc : V->nloc, entries = rows ? V->nloc : V->mloc;
  double       *largest = NULL;
  int64_t      *first = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  largest = tt_alloc_zero(&V->grid->memory, count, sizeof *largest, "signs", &local);
  first = tt_alloc(&V->grid->memory, count, sizeof *first, "signs", &local);
  AGREE(V->grid, local);
  for (int64_t v = 0; v < vectors; v++)
    for (int64_t e = 0; e < entries; e++)
      largest[global_vector(V, rows, v)] = fmax(largest[global_vector(V, rows, v)], fabs(entry_of(V, rows, v, e)));
  TRY(tt_allreduce_f64(V->grid, largest, count, TT_MAX));
  for (int64_t i = 0; i < count; i++) first[i] = INT64_MAX;
  for (int64_t v = 0; v < vectors; v++) {
    const int64_t g = global_vector(V, rows, v);

    for (int64_t e = 0; e < entries; e++)
      if (fabs(entry_of(V, rows, v, e)) >= NEAR * largest[g])
        first[g] = tt_min(first[g], 2 * global_entry(V, rows, e) + (entry_of(V, rows, v, e) < 0));
  }
  TRY(tt_allreduce_i64(V->grid, first, count, TT_MIN)); /* index and sign travel in one number */
  for (int64_t i = 0; i < count; i++) sign[i] = first[i] != INT64_MAX && first[i] % 2 == 1 ? -1 : 1;
done:
  tt_free(first);
  tt_free(largest);
  return st;
}

void tt_signs_apply(tartan_matrix *A, bool rows, const double *sign)
{
  for (int64_t jl = 0; jl < A->nloc; jl++) {
    for (int64_t il = 0; il < A->mloc; il++) {
      const int64_t v = rows ? tartan_matrix_global_row(A, il) : tartan_matrix_global_col(A, jl);

      if (sign[v] < 0)
        tt_put_element(A->dtype, -tt_get_element(A->dtype, A->data, A->ld, il, jl), A->data, A->ld, il, jl);
    }
  }
}
