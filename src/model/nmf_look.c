/*
 * What a factorization has to know of its data: that all of it is non-negative and finite, its norm and mean; and the loss from
 * the elements themselves.
 */
#include <math.h>
#include <string.h>

#include <tartan/blas.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "matrix/lines.h"
#include "model/nmf_impl.h"
#include "oper/gram_impl.h"

#define PANEL 256 /* columns for each rank of what is compared at once */

/* Sums of all data, and what is wrong with it. */
typedef struct looked {
  tt_nmf_tree   *tree;
  tt_nmf_finding bad;
  tt_nmf_tile   *also;
} looked;

/* The same finding on every rank. Collective. */
static tartan_status agree_finding(tartan_grid *grid, tt_nmf_finding *bad)
{
  int64_t       first = bad->at, owner;
  tartan_status st = TARTAN_OK;

  TRY(tt_allreduce_i64(grid, &first, 1, TT_MIN));
  owner = first < INT64_MAX && bad->at == first ? grid->rank : -1;
  TRY(tt_allreduce_i64(grid, &owner, 1, TT_MAX));
  bad->at = first;
  if (owner >= 0) TRY(tt_bcast(grid, &bad->value, 1, sizeof bad->value, (int)owner));
done:
  return st;
}

tartan_status tt_nmf_require(tartan_grid *grid, int64_t n, tt_nmf_finding *bad)
{
  tartan_status st = TARTAN_OK;

  TRY(agree_finding(grid, bad));
  REQUIRE(
      bad->at == INT64_MAX, TARTAN_ERR_INPUT,
      "the element in row %lld, column %lld (from zero) is %g: a non-negative factorization needs values of at least 0",
      (long long)(bad->at / n), (long long)(bad->at % n), bad->value);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ by rows */

static void look_at_tile(tt_nmf *f, int64_t row, int64_t rows, void *context)
{
  looked       *l = context;
  const int64_t n = f->A->n, first = l->bad.at < INT64_MAX ? rows * n : tt_nmf_first_bad(f->tile, rows * n);

  if (first < rows * n) l->bad = (tt_nmf_finding){.at = row * n + first, .value = f->tile[first]};
  tt_nmf_add_sums(f->tile, rows * n, tt_nmf_tree_node(l->tree, row));
  tt_nmf_tree_close(l->tree, row + rows);
  if (l->also) l->also(f, row, rows, NULL);
}

/* A tree of two sums takes the place of the factor's, whose nodes have room. Collective. */
static tartan_status look_at_rows(tt_nmf *f, tt_nmf_tile *also, double sums[2])
{
  tt_nmf_tree   tree = f->W.tree;
  looked        l = {.tree = &tree, .bad = {.at = INT64_MAX}, .also = also};
  tartan_status st = TARTAN_OK;

  tree.size = 2;
  tt_nmf_tree_begin(f->grid, &tree);
  TRY(tt_nmf_walk(f, look_at_tile, &l));
  TRY(tt_nmf_require(f->grid, f->A->n, &l.bad));
  TRY(tt_segments_sum(f->grid, &tree.segments, 2, tree.nodes, 2, sums));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ in memory */

/* The first bad element of a matrix's local part. Local. */
static tt_nmf_finding look_at_part(const tartan_matrix *A, bool turned)
{
  tt_nmf_finding bad = {.at = INT64_MAX};

  for (int64_t jl = 0; jl < A->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(A, jl);
    const double *x = (const double *)A->data + jl * A->ld;

    for (int64_t il = tt_nmf_first_bad(x, A->mloc); il < A->mloc; il++) {
      const int64_t i = tartan_matrix_global_row(A, il), at = turned ? j * A->row.n + i : i * A->col.n + j;

      if (tt_nmf_first_bad(x + il, 1) == 1 || at > bad.at) continue;
      bad = (tt_nmf_finding){.at = at, .value = x[il]};
    }
  }
  return bad;
}

static tartan_status look_at_matrix(tt_nmf *f, double sums[2])
{
  const tartan_matrix *A = f->A->matrix;
  tt_nmf_finding       bad = look_at_part(A, false);
  tartan_status        st = TARTAN_OK;

  TRY(tt_nmf_require(f->grid, f->A->n, &bad));
  sums[0] = sums[1] = 0;
  for (int64_t jl = 0; jl < A->nloc; jl++) tt_nmf_add_sums((const double *)A->data + jl * A->ld, A->mloc, sums);
  TRY(tt_allreduce_f64(f->grid, sums, 2, TT_SUM));
  f->passes++;
done:
  return st;
}

tartan_status tt_nmf_look(tt_nmf *f, tt_nmf_tile *also)
{
  double        sums[2] = {0, 0};
  tartan_status st = TARTAN_OK;

  TRY(f->streamed    ? look_at_rows(f, also, sums)
      : f->A->sparse ? tt_nmf_look_at_sparse(f, sums)
                     : look_at_matrix(f, sums));
  f->mean = sums[0] / (double)f->A->m / (double)f->A->n;
  f->norm2 = sums[1];
  REQUIRE(isfinite(f->norm2), TARTAN_ERR_INPUT,
          "the values are so large that the sum of their squares overflows; scale the data");
done:
  return st;
}

tartan_status tt_nmf_look_at_start(const tartan_matrix *X, bool turned, const char *name)
{
  const int64_t  n = turned ? X->row.n : X->col.n;
  tt_nmf_finding bad = look_at_part(X, turned);
  tartan_status  st = TARTAN_OK;

  TRY(agree_finding(X->grid, &bad));
  REQUIRE(bad.at == INT64_MAX, TARTAN_ERR_ARG, "%s has %g in row %lld, column %lld (from zero): a factor must be >= 0",
          name, bad.value, (long long)(bad.at / n), (long long)(bad.at % n));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ exact loss */

/* tile := tile - H'w of each row, and the sum of squares of that. */
static void compare_tile(tt_nmf *f, int64_t row, int64_t rows, void *context)
{
  tt_nmf_tree  *tree = context;
  const int64_t n = f->A->n;

  tt_gemm_local(TARTAN_F64, TARTAN_TRANS, TARTAN_NO_TRANS, n, rows, f->k, -1, f->whole, f->k,
                (const double *)f->W.X->data + (row - f->W.begin) * f->k, f->k, 1, f->tile, n);
  f->grid->counters.flops += 2 * (double)rows * (double)n * (double)f->k;
  tt_nmf_add_sums(f->tile, rows * n, tt_nmf_tree_node(tree, row));
  tt_nmf_tree_close(tree, row + rows);
}

tartan_status tt_nmf_exact_by_rows(tt_nmf *f, double *loss)
{
  tt_nmf_tree   tree = f->W.tree;
  double        sums[2] = {0, 0};
  tartan_status st = TARTAN_OK;

  tree.size = 2;
  tt_nmf_tree_begin(f->grid, &tree);
  TRY(tt_nmf_walk(f, compare_tile, &tree));
  TRY(tt_segments_sum(f->grid, &tree.segments, 2, tree.nodes, 2, sums));
  *loss = sums[1] / 2;
done:
  return st;
}

/* Some columns of A - W H, [m, columns]; the sum of their squares is added on this rank. Collective. */
static tartan_status compare_columns(tt_nmf *f, int64_t j, int64_t columns, double sums[2])
{
  const tartan_matrix part = tt_matrix_window(f->A->matrix, 0, j, f->A->m, columns);
  const tartan_matrix h = tt_matrix_window(f->H.X, 0, j, f->k, columns);
  tartan_matrix      *R = NULL, *right = NULL;
  tartan_status       st = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_NO_TRANS, &part, TARTAN_F64, NULL, &R));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, &h, TARTAN_F64, NULL, &right));
  TRY(tartan_gemm(-1, TARTAN_NO_TRANS, f->rows, TARTAN_NO_TRANS, right, 1, R, NULL));
  for (int64_t jl = 0; jl < R->nloc; jl++) tt_nmf_add_sums((const double *)R->data + jl * R->ld, R->mloc, sums);
done:
  tartan_matrix_destroy(&right);
  tartan_matrix_destroy(&R);
  return st;
}

static tartan_status exact_in_memory(tt_nmf *f, double *loss)
{
  const int64_t panel = (int64_t)PANEL * f->grid->size;
  double        sums[2] = {0, 0};
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_copy(TARTAN_TRANS, f->W.X, f->rows));
  for (int64_t j = 0; j < f->A->n; j += panel) TRY(compare_columns(f, j, tt_min(panel, f->A->n - j), sums));
  TRY(tt_allreduce_f64(f->grid, sums, 2, TT_SUM));
  *loss = sums[1] / 2;
  f->passes++;
done:
  return st;
}

tartan_status tt_nmf_exact_loss(tt_nmf *f, double *loss)
{
  if (f->A->sparse && !f->streamed) return tt_nmf_exact_sparse(f, loss);
  return f->streamed ? tt_nmf_exact_by_rows(f, loss) : exact_in_memory(f, loss);
}
