/*
 * Triangles of symmetric products: by their inner dimension where that is the long one, else by the product's own
 * algorithm, which leaves out what lies beyond the triangle.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "blas/bound.h"
#include "blas/syrk_impl.h"
#include "comm/agree.h"
#include "kernel/dense.h"

/* What was chosen. */
typedef struct choice {
  bool         tall;
  tt_syrk_plan inner;
  tt_gemm_plan summa; /* its who is to be freed */
} choice;

static tartan_status shape_of(tartan_uplo uplo, tartan_op op, const tartan_matrix *A, const tartan_matrix *C,
                              tt_gemm_shape *shape)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_gemm_check_operand(A, C));
  *shape = (tt_gemm_shape){.grid = C->grid, .dtype = C->dtype, .placed = true, .triangle = true, .uplo = uplo};
  shape->turned[0] = shape->turned[1] = op == TARTAN_TRANS;
  shape->a = tt_gemm_layout_of(op, A);
  shape->b = tt_gemm_layout_of(op == TARTAN_TRANS ? TARTAN_NO_TRANS : TARTAN_TRANS, A);
  shape->c = tt_matrix_layout(C);
  shape->m = shape->n = C->row.n;
  shape->k = shape->a.col.n;
  REQUIRE(C->col.n == shape->n && shape->a.row.n == shape->n, TARTAN_ERR_SHAPE, "op(A) is %lld x %lld, C %lld x %lld",
          (long long)shape->a.row.n, (long long)shape->k, (long long)shape->n, (long long)C->col.n);
done:
  return st;
}

/* Weighs the two. Collective. */
static tartan_status choose(const tt_gemm_shape *shape, const tartan_gemm_opts *opts, choice *c)
{
  tartan_gemm_opts o = *opts;
  int64_t          cap = 0, *work = NULL;
  tartan_status    st = TARTAN_OK, local = TARTAN_OK, planned;

  memset(c, 0, sizeof *c);
  o.p1 = o.p2 = o.p3 = 0;
  TRY(tt_gemm_check_options(shape->grid, &o));
  TRY(tt_gemm_cap(shape, &o, &cap));
  work = tt_alloc(NULL, tt_gemm_grid_work(shape->grid->size), sizeof *work, "the plan of a triangle", &local);
  AGREE(shape->grid, local);
  planned = tt_gemm_plan_make(shape, &o, &c->summa);
  if (o.algorithm != TARTAN_GEMM_PBLAS)
    c->tall = tt_syrk_tall_plan(shape, cap, planned == TARTAN_OK ? c->summa.cost.seconds : (double)INFINITY, work,
                                &c->inner) &&
              (planned != TARTAN_OK || c->inner.cost.seconds < c->summa.cost.seconds);
  if (planned != TARTAN_OK && (planned != TARTAN_ERR_NOMEM || !c->tall)) st = planned;
  c->summa.cost.words_bound = tt_syrk_bound((double)shape->n, (double)shape->k, shape->grid->size);
done:
  tt_free(work);
  return st;
}

void tt_scale_triangle(tartan_uplo uplo, double beta, tartan_matrix *C)
{
  const int64_t w = (int64_t)tartan_dtype_size(C->dtype);

  for (int64_t jl = 0; jl < C->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(C, jl);
    const int64_t above = tt_axis_before(&C->row, C->prow, j + (uplo == TARTAN_UPPER));
    const int64_t from = uplo == TARTAN_UPPER ? 0 : above, to = uplo == TARTAN_UPPER ? above : C->mloc;
    char         *here = (char *)C->data + (from + jl * C->ld) * w;

    if (beta == 0)
      tt_set_local(C->dtype, 0, here, C->ld, to - from, 1);
    else
      tt_scale_local(C->dtype, beta, here, C->ld, to - from, 1);
  }
}

/* The product by what was chosen. Collective. */
static tartan_status run(const tt_syrk *x, const tt_gemm_shape *shape, const choice *c)
{
  const tartan_op  other = x->op == TARTAN_TRANS ? TARTAN_NO_TRANS : TARTAN_TRANS;
  const tt_product p = {x->alpha, x->beta, x->op, other, x->A, x->A, x->C};

  return c->tall ? tt_syrk_tall(x, shape, &c->inner) : tt_gemm_run(&p, shape, &c->summa);
}

tartan_status tartan_syrk(tartan_uplo uplo, tartan_op op, double alpha, const tartan_matrix *A, double beta,
                          tartan_matrix *C, const tartan_gemm_opts *opts)
{
  const tt_syrk    x = {uplo, op, alpha, beta, A, C};
  tartan_gemm_opts o;
  tt_gemm_shape    shape;
  choice           c = {.tall = false};
  tartan_status    st = TARTAN_OK;

  tt_gemm_settle(opts, &o);
  TRY(shape_of(uplo, op, A, C, &shape));
  TRY(tt_gemm_check_options(C->grid, &o));
  TRY(tt_require_alive(C->grid));
  if (shape.n == 0) goto done;
  if (o.algorithm == TARTAN_GEMM_PBLAS) {
    TRY(tt_syrk_pblas(uplo, op, alpha, A, beta, C));
  } else if (alpha == 0 || shape.k == 0) {
    tt_scale_triangle(uplo, beta, C);
  } else {
    TRY(choose(&shape, &o, &c));
    TRY(run(&x, &shape, &c));
  }
done:
  tt_free(c.summa.g.who);
  return st;
}

tartan_status tartan_syrk_plan(tartan_uplo uplo, tartan_op op, const tartan_matrix *A, const tartan_matrix *C,
                               const tartan_gemm_opts *opts, tartan_cost *plan)
{
  tartan_gemm_opts o;
  tt_gemm_shape    shape;
  choice           c = {.tall = false};
  tartan_status    st = TARTAN_OK;

  memset(plan, 0, sizeof *plan);
  tt_gemm_settle(opts, &o);
  TRY(shape_of(uplo, op, A, C, &shape));
  TRY(tt_require_alive(C->grid));
  TRY(choose(&shape, &o, &c));
  TRY(tt_gemm_measure(C->grid));
  *plan = c.tall ? c.inner.cost : c.summa.cost;
  plan->seconds = c.tall ? tt_syrk_tall_seconds(&shape, &c.inner, C->grid->rates.measured)
                         : tt_gemm_seconds(&shape, &c.summa, C->grid->rates.measured);
done:
  tt_free(c.summa.g.who);
  return st;
}
