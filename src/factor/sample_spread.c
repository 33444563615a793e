/*
 * Large covariances: X by strips of columns, each the product of Z's leading columns with a strip of L's rows as far as the
 * diagonal, which saves three eighths of the flops of one product; the symmetric root takes one.
 */
#include <tartan/blas.h>

#include "base/util.h"
#include "comm/agree.h"
#include "factor/sample_impl.h"
#include "kernel/dense.h"

#define STRIPS 4

/* Columns j .. j + columns - 1 of X := those of Z root'. Collective. */
static tartan_status strip(const tt_sample *s, tartan_matrix *Z, tartan_matrix *root, int64_t j, int64_t columns,
                           tartan_matrix *X)
{
  const int64_t  inner = s->triangular ? j + columns : s->n;
  tartan_matrix *z = NULL, *r = NULL, *x = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_matrix_view(Z, 0, 0, s->count, inner, &z));
  TRY(tartan_matrix_view(root, j, 0, columns, inner, &r));
  TRY(tartan_matrix_view(X, 0, j, s->count, columns, &x));
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, z, TARTAN_TRANS, r, 0, x, NULL));
done:
  tartan_matrix_destroy(&x);
  tartan_matrix_destroy(&r);
  tartan_matrix_destroy(&z);
  return st;
}

/* X := X + 1 mean'. Local. */
static void add_mean(const tt_sample *s, tartan_matrix *X)
{
  for (int64_t jl = 0; jl < X->nloc && s->mean; jl++)
    for (int64_t il = 0; il < X->mloc; il++)
      tt_put_element(X->dtype,
                     tt_get_element(X->dtype, X->data, X->ld, il, jl) + s->mean[tartan_matrix_global_col(X, jl)],
                     X->data, X->ld, il, jl);
}

tartan_status tt_sample_spread(const tt_sample *s, tartan_matrix *root, tartan_matrix **X)
{
  const int64_t  width = s->triangular ? tt_round_up(tt_ceil_div(s->n, STRIPS), TT_BLOCK) : s->n;
  tartan_matrix *Z = NULL, *x = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_matrix_create_raw(root->grid, root->dtype, s->count, s->n, NULL, &Z));
  TRY(tt_matrix_create_raw(root->grid, root->dtype, s->count, s->n, NULL, &x));
  tartan_matrix_fill_normal(Z, s->seed);
  for (int64_t j = 0; j < s->n; j += width) TRY(strip(s, Z, root, j, tt_min(width, s->n - j), x));
  add_mean(s, x);
  *X = x;
  x = NULL;
done:
  tartan_matrix_destroy(&x);
  tartan_matrix_destroy(&Z);
  return st;
}
