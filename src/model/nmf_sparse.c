/* Sparse data of a factorization: looked at by whole rows, in the ranges of W, so that sums have one order. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "model/nmf_impl.h"
#include "oper/gram_impl.h"

/* Bytes for each entry while A' is made and lists are sorted: pairs, twice, on their way. */
#define SORTED 80.0
#define SORTED_LEAST 524288.0

/* Rows of this rank into the nodes of a tree of two sums; the first bad element in row order. Local. */
static void add_rows(tt_nmf *f, const tt_sparse_rows *rows, tt_nmf_tree *tree, tt_nmf_finding *bad)
{
  for (int64_t i = 0; i < rows->count; i++) {
    const int64_t row = rows->first + i, count = rows->ptr[i + 1] - rows->ptr[i];
    const double *value = rows->value + rows->ptr[i];
    const int64_t first = bad->at < INT64_MAX ? count : tt_nmf_first_bad(value, count);

    if (first < count)
      *bad = (tt_nmf_finding){.at = row * f->A->n + rows->col[rows->ptr[i] + first], .value = value[first]};
    tt_nmf_add_sums(value, count, tt_nmf_tree_node(tree, row));
    tt_nmf_tree_close(tree, row + 1);
  }
}

tartan_status tt_nmf_look_at_sparse(tt_nmf *f, double sums[2])
{
  tt_nmf_tree    tree = f->W.tree;
  tt_nmf_finding bad = {.at = INT64_MAX};
  tt_sparse_rows rows = {.count = 0};
  tartan_status  st = TARTAN_OK;

  tree.size = 2;
  tt_nmf_tree_begin(f->grid, &tree);
  TRY(tt_sparse_rows_gather(f->A->sparse, f->W.starts, &rows));
  add_rows(f, &rows, &tree, &bad);
  TRY(tt_nmf_require(f->grid, f->A->n, &bad));
  TRY(tt_segments_sum(f->grid, &tree.segments, 2, tree.nodes, 2, sums));
  f->passes++;
done:
  tt_sparse_rows_free(&rows);
  return st;
}

tartan_status tt_nmf_exact_sparse(tt_nmf *f, double *loss)
{
  tartan_status st = TARTAN_OK;

  AGREE(f->grid, tt_nmf_allocate_pass(f));
  TRY(tt_nmf_spread(f));
  TRY(tt_nmf_pass_begin(f));
  TRY(tt_nmf_exact_by_rows(f, loss));
done:
  tt_nmf_pass_end(f);
  return st;
}

/* Distinct rows of `rows` that so many entries, spread evenly, touch. */
static double distinct(double rows, double entries)
{
  return rows > 0 ? rows * -expm1(-entries / rows) : 0;
}

void tt_nmf_plan_sparse(const tartan_operator *A, double k, double iterations, double common, tartan_cost *plan)
{
  const double P = A->grid->size, m = (double)A->m, n = (double)A->n, e = (double)A->sparse->entries / P;
  const double needed[2] = {distinct(m, e), distinct(n, e)}, away = 1 - 1 / P;
  const double kept = e * (4 + 8 + 2 * 4 + (A->stored == TT_EL_F64 ? 0 : 16)) +
                      16 * (needed[0] + needed[1] + (m + n) / P);

  plan->memory = common + kept +
                 fmax(SORTED * e + SORTED_LEAST, 8 * k * (m / P + 2 * n / P + 2 * fmax(needed[0], needed[1])));
  plan->passes = 1 + 2 * iterations;
  plan->words = iterations * k * away * (needed[0] + needed[1]);
  plan->words_redistributed = iterations * k * away * 2 * (m + n) / P;
}
