/* A sparse matrix as a dense one: each entry goes to the rank that owns its place, in one exchange. */
#include <tartan/sparse.h>

#include "kernel/dense.h"
#include "matrix/matrix.h"
#include "sparse/sparse.h"

/* An entry on its way. */
typedef struct place {
  int64_t i, j;
  double  value;
} place;

static int owner_of(const tt_layout *layout, int64_t i, int64_t j)
{
  return tt_layout_rank(layout, tt_axis_owner(&layout->row, i), tt_axis_owner(&layout->col, j));
}

/* Entries for each rank: counted, or put where they are sent from. */
static void route(const tartan_sparse *A, const tt_layout *layout, int64_t *count, const int64_t *at, place *send)
{
  for (int64_t i = 0; i < A->rows; i++)
    for (int64_t e = A->ptr[i]; e < A->ptr[i + 1]; e++) {
      const int r = owner_of(layout, A->first + i, A->col[e]);

      if (send) send[at[r] + count[r]] = (place){A->first + i, A->col[e], tt_get_element(A->dtype, A->value, 1, e, 0)};
      count[r]++;
    }
}

tartan_status tartan_sparse_to_matrix(const tartan_sparse *A, tartan_matrix *B)
{
  const tt_layout layout = tt_matrix_layout(B);
  tartan_grid    *grid = A->grid;
  tt_routes       routes = {.grid = grid};
  place          *send = NULL, *came = NULL;
  tartan_status   st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(B->grid == grid, TARTAN_ERR_GRID, "the dense matrix lies on another grid than the sparse one");
  REQUIRE(B->row.n == A->m && B->col.n == A->n, TARTAN_ERR_SHAPE, "a sparse matrix of %lld x %lld as %lld x %lld",
          (long long)A->m, (long long)A->n, (long long)B->row.n, (long long)B->col.n);
  tt_routes_make(grid, &routes, &local);
  AGREE(grid, local);
  route(A, &layout, routes.send_count, NULL, NULL);
  TRY(tt_routes_tell(&routes));
  send = tt_alloc(&grid->memory, routes.sent, sizeof *send, "entries of a sparse matrix", &local);
  came = tt_alloc(&grid->memory, routes.received, sizeof *came, "entries of a sparse matrix", &local);
  AGREE(grid, local);
  for (int r = 0; r < grid->size; r++) routes.send_count[r] = 0;
  route(A, &layout, routes.send_count, routes.send_at, send);
  TRY(tt_routes_go(&routes, send, sizeof *send, came));
  tartan_matrix_set(B, 0, 0);
  for (int64_t e = 0; e < routes.received; e++)
    tt_put_element(B->dtype, came[e].value, B->data, B->ld, tartan_matrix_local_row(B, came[e].i),
                   tartan_matrix_local_col(B, came[e].j));
done:
  tt_free(came);
  tt_free(send);
  tt_routes_free(&routes);
  return st;
}
