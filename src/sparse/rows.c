/* Rows travel as pairs of key and value. Ranks hold ascending rows, and of a row that is cut ascending columns, so what
 * arrives in the order of ranks is in order. */
#include "sparse/rows.h"

#include "kernel/dense.h"

/* The entries of this rank as pairs, and how many go to each rank. Local. */
static void pack(const tartan_sparse *A, const int64_t *starts, tt_pair *pair, int64_t *count)
{
  int to = 0;

  for (int64_t i = 0; i < A->rows; i++) {
    while (A->first + i >= starts[to + 1]) to++;
    count[to] += A->ptr[i + 1] - A->ptr[i];
    for (int64_t e = A->ptr[i]; e < A->ptr[i + 1]; e++) {
      pair[e].key = (uint64_t)(A->first + i) << TT_COL_BITS | (uint64_t)A->col[e];
      pair[e].value = tt_get_element(A->dtype, A->value, 1, e, 0);
    }
  }
}

static void unpack(const tt_pair *pair, int64_t count, tt_sparse_rows *rows)
{
  for (int64_t e = 0; e < count; e++) {
    rows->ptr[(int64_t)(pair[e].key >> TT_COL_BITS) - rows->first + 1]++;
    rows->col[e] = (int32_t)(pair[e].key & ((UINT64_C(1) << TT_COL_BITS) - 1));
    rows->value[e] = pair[e].value;
  }
  for (int64_t i = 0; i < rows->count; i++) rows->ptr[i + 1] += rows->ptr[i];
}

tartan_status tt_sparse_rows_gather(const tartan_sparse *A, const int64_t *starts, tt_sparse_rows *rows)
{
  tt_memory    *memory = &A->grid->memory;
  const int     me = A->grid->rank;
  tt_routes     routes = {.grid = A->grid};
  tt_pair      *sent = NULL, *received = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *rows = (tt_sparse_rows){.first = starts[me], .count = starts[me + 1] - starts[me]};
  sent = tt_alloc(memory, A->ptr[A->rows], sizeof *sent, "rows to be sent", &local);
  tt_routes_make(A->grid, &routes, &local);
  AGREE(A->grid, local);
  pack(A, starts, sent, routes.send_count);
  TRY(tt_routes_tell(&routes));
  received = tt_alloc(memory, routes.received, sizeof *received, "rows to be received", &local);
  rows->ptr = tt_alloc_zero(memory, rows->count + 1, sizeof *rows->ptr, "rows", &local);
  rows->col = tt_alloc(memory, routes.received, sizeof *rows->col, "columns of rows", &local);
  rows->value = tt_alloc(memory, routes.received, sizeof *rows->value, "values of rows", &local);
  AGREE(A->grid, local);
  TRY(tt_routes_go(&routes, sent, sizeof *sent, received));
  unpack(received, routes.received, rows);
done:
  tt_routes_free(&routes);
  tt_free(received);
  tt_free(sent);
  return st;
}

void tt_sparse_rows_free(tt_sparse_rows *rows)
{
  tt_free(rows->value);
  tt_free(rows->col);
  tt_free(rows->ptr);
  *rows = (tt_sparse_rows){.count = 0};
}
