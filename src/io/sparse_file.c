/* Each rank writes its entries, and the pointers of the rows that it owns; the last one ends the list. */
#include "io/sparse_file.h"

#include <stdio.h>

#include "comm/collective.h"
#include "sparse/sparse.h"

void tt_sparse_declare(const tartan_sparse *A, tt_output *out, const char *group)
{
  const int64_t shape[2] = {A->m, A->n};
  char          name[300];

  snprintf(name, sizeof name, "%s/data", group);
  tt_output_declare_line(out, name, tt_element_of(A->dtype), A->entries);
  snprintf(name, sizeof name, "%s/indices", group);
  tt_output_declare_line(out, name, TT_EL_I32, A->entries);
  snprintf(name, sizeof name, "%s/indptr", group);
  tt_output_declare_line(out, name, TT_EL_I64, A->m + 1);
  tt_output_text(out, group, "encoding-type", "csr_matrix");
  tt_output_text(out, group, "encoding-version", "0.1.0");
  tt_output_integers(out, group, "shape", 2, shape);
}

/* Where this rank's entries begin in the file. */
static tartan_status find_begin(const tartan_sparse *A, int64_t *begin)
{
  int64_t       mine = A->ptr[A->rows], *all;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  all = tt_alloc(NULL, A->grid->size, sizeof *all, "entries of each rank", &local);
  AGREE(A->grid, local);
  TRY(tt_allgather(A->grid, &mine, 1, sizeof mine, all));
  *begin = 0;
  for (int r = 0; r < A->grid->rank; r++) *begin += all[r];
done:
  tt_free(all);
  return st;
}

tartan_status tt_sparse_write(const tartan_sparse *A, tt_output *out, const char *group)
{
  tartan_grid  *grid = A->grid;
  const int     me = grid->rank;
  const bool    last = me == grid->size - 1;
  const int64_t owned = A->owner[me + 1] - A->owner[me], led = A->rows - owned, count = A->ptr[A->rows];
  int64_t       begin = 0, *ptr;
  char          name[300];
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  ptr = tt_alloc(&grid->memory, owned + 1, sizeof *ptr, "pointers of rows", &local);
  AGREE(grid, local);
  TRY(find_begin(A, &begin));
  for (int64_t i = 0; i < owned; i++) ptr[i] = begin + A->ptr[led + i];
  ptr[owned] = A->entries;
  snprintf(name, sizeof name, "%s/data", group);
  TRY(tt_output_rows(out, name, begin, count, A->value));
  snprintf(name, sizeof name, "%s/indices", group);
  TRY(tt_output_rows(out, name, begin, count, A->col));
  snprintf(name, sizeof name, "%s/indptr", group);
  TRY(tt_output_rows(out, name, A->owner[me], owned + last, ptr));
done:
  tt_free(ptr);
  return st;
}
