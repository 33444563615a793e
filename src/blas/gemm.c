/* Products: checks of the operands, the choice of an algorithm, and what can be asked about it beforehand. */
#include <string.h>

#include "base/util.h"
#include "blas/gemm_check.h"
#include "blas/gemm_impl.h"
#include "comm/agree.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"

void tt_gemm_settle(const tartan_gemm_opts *opts, tartan_gemm_opts *o)
{
  const tartan_gemm_opts defaults = TARTAN_GEMM_OPTS_INIT;

  *o = defaults;
  if (opts) memcpy(o, opts, opts->size < sizeof *o ? opts->size : sizeof *o);
}

tartan_status tt_gemm_check_operand(const tartan_matrix *A, const tartan_matrix *C)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(A->grid == C->grid, TARTAN_ERR_GRID, "the operands of a product lie on two grids");
  REQUIRE(A->dtype == C->dtype, TARTAN_ERR_DTYPE, "a product of %s and %s operands", tartan_dtype_name(A->dtype),
          tartan_dtype_name(C->dtype));
done:
  return st;
}

tt_layout tt_gemm_layout_of(tartan_op op, const tartan_matrix *A)
{
  const tt_layout layout = tt_matrix_layout(A);

  return op == TARTAN_TRANS ? tt_layout_turn(&layout) : layout;
}

/* Checks a product and says what is to be planned. */
static tartan_status shape_of(tartan_op op_a, const tartan_matrix *A, tartan_op op_b, const tartan_matrix *B,
                              const tartan_matrix *C, tt_gemm_shape *shape)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_gemm_check_operand(A, C));
  TRY(tt_gemm_check_operand(B, C));
  *shape = (tt_gemm_shape){.grid = C->grid, .dtype = C->dtype, .placed = true};
  shape->turned[0] = op_a == TARTAN_TRANS;
  shape->turned[1] = op_b == TARTAN_NO_TRANS;
  shape->a = tt_gemm_layout_of(op_a, A);
  shape->b = tt_gemm_layout_of(op_b, B);
  shape->c = tt_matrix_layout(C);
  shape->m = C->row.n;
  shape->n = C->col.n;
  shape->k = shape->a.col.n;
  REQUIRE(shape->a.row.n == shape->m && shape->b.row.n == shape->k && shape->b.col.n == shape->n, TARTAN_ERR_SHAPE,
          "op(A) is %lld x %lld, op(B) %lld x %lld, C %lld x %lld", (long long)shape->a.row.n, (long long)shape->k,
          (long long)shape->b.row.n, (long long)shape->b.col.n, (long long)shape->m, (long long)shape->n);
done:
  return st;
}

/* The product itself, by the algorithm that was asked for, and its check: all memory is planned before any is taken. */
static tartan_status multiply(const tt_product *x, const tt_gemm_shape *shape, const tartan_gemm_opts *opts)
{
  tt_gemm_plan  plan = {.g.who = NULL};
  tt_check      check = {.before = NULL};
  tartan_status st = TARTAN_OK;

  if (opts->algorithm == TARTAN_GEMM_PLANNED) TRY(tt_gemm_plan_make(shape, opts, &plan));
  if (opts->check) TRY(tt_check_begin(x, &check));
  if (opts->algorithm == TARTAN_GEMM_PLANNED)
    TRY(tt_gemm_run(x, shape, &plan));
  else
    TRY(tt_gemm_pblas(x));
  if (opts->check) TRY(tt_check_finish(x, &check));
done:
  tt_check_end(&check);
  tt_free(plan.g.who);
  return st;
}

tartan_status tartan_gemm(double alpha, tartan_op op_a, const tartan_matrix *A, tartan_op op_b, const tartan_matrix *B,
                          double beta, tartan_matrix *C, const tartan_gemm_opts *opts)
{
  const tt_product x = {alpha, beta, op_a, op_b, A, B, C};
  tartan_gemm_opts o;
  tt_gemm_shape    shape;
  tartan_status    st = TARTAN_OK;

  tt_gemm_settle(opts, &o);
  TRY(shape_of(op_a, A, op_b, B, C, &shape));
  TRY(tt_gemm_check_options(C->grid, &o));
  TRY(tt_require_alive(C->grid));
  if (shape.m == 0 || shape.n == 0) goto done;
  if (alpha == 0 || shape.k == 0) {
    if (beta == 0)
      tt_set_local(C->dtype, 0, C->data, C->ld, C->mloc, C->nloc);
    else
      tt_scale_local(C->dtype, beta, C->data, C->ld, C->mloc, C->nloc);
    goto done;
  }
  TRY(multiply(&x, &shape, &o));
done:
  return st;
}

tartan_status tt_gemm_measure(tartan_grid *grid)
{
  int64_t       rate;
  tartan_status st = TARTAN_OK;

  if (grid->rates.measured > 0) goto done;
  rate = (int64_t)tt_gemm_rate(grid->threads);
  TRY(tt_agree_least(grid, &rate));
  grid->rates.measured = rate > 0 ? (double)rate : grid->rates.flops * grid->threads; /* 0: no memory to measure with */
done:
  return st;
}

/* The cost record of a plan, without its layouts. */
static tartan_status tell(const tt_gemm_shape *shape, const tartan_gemm_opts *o, tartan_cost *cost)
{
  tt_gemm_plan  plan = {.g.who = NULL};
  tartan_status st = TARTAN_OK;

  TRY(tt_gemm_plan_make(shape, o, &plan));
  *cost = plan.cost;
  if (o->check) cost->memory += (double)tt_gemm_check_bytes(shape);
  TRY(tt_gemm_measure(shape->grid));
  cost->seconds = tt_gemm_seconds(shape, &plan, shape->grid->rates.measured);
done:
  tt_free(plan.g.who);
  return st;
}

tartan_status tartan_gemm_plan(tartan_op op_a, const tartan_matrix *A, tartan_op op_b, const tartan_matrix *B,
                               const tartan_matrix *C, const tartan_gemm_opts *opts, tartan_cost *plan)
{
  tartan_gemm_opts o;
  tt_gemm_shape    shape;
  tartan_status    st = TARTAN_OK;

  memset(plan, 0, sizeof *plan);
  tt_gemm_settle(opts, &o);
  TRY(shape_of(op_a, A, op_b, B, C, &shape));
  TRY(tell(&shape, &o, plan));
done:
  return st;
}

/* What is to be planned for operands that do not exist. */
static tartan_status shape_free(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, int64_t k,
                                tt_gemm_shape *shape)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(m >= 0 && n >= 0 && k >= 0, TARTAN_ERR_SHAPE, "a product of %lld x %lld x %lld: no size may be negative",
          (long long)m, (long long)n, (long long)k);
  REQUIRE(dtype == TARTAN_F32 || dtype == TARTAN_F64, TARTAN_ERR_DTYPE, "element type %d is neither f32 nor f64",
          (int)dtype);
  *shape = (tt_gemm_shape){.grid = grid, .dtype = dtype, .m = m, .n = n, .k = k, .turned = {false, true}};
  TRY(tt_require_alive(grid));
done:
  return st;
}

tartan_status tartan_gemm_predict(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, int64_t k,
                                  const tartan_gemm_opts *opts, tartan_cost *plan)
{
  tartan_gemm_opts o;
  tt_gemm_shape    shape;
  tartan_status    st = TARTAN_OK;

  memset(plan, 0, sizeof *plan);
  tt_gemm_settle(opts, &o);
  TRY(shape_free(grid, dtype, m, n, k, &shape));
  TRY(tell(&shape, &o, plan));
done:
  return st;
}

tartan_status tartan_gemm_operands(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, int64_t k,
                                   const tartan_gemm_opts *opts, tartan_matrix **A, tartan_matrix **B,
                                   tartan_matrix **C)
{
  tartan_matrix  **made[] = {A, B, C};
  tartan_gemm_opts o;
  tt_gemm_shape    shape;
  tt_gemm_plan     plan = {.g.who = NULL};
  tartan_status    st = TARTAN_OK;

  *A = *B = *C = NULL;
  tt_gemm_settle(opts, &o);
  TRY(shape_free(grid, dtype, m, n, k, &shape));
  TRY(tt_gemm_plan_make(&shape, &o, &plan));
  {
    const tt_layout *layout[] = {&plan.g.a, &plan.g.b, &plan.g.c};

    for (int i = 0; i < 3; i++) {
      TRY(tt_matrix_create_layout(grid, dtype, layout[i], NULL, 0, made[i]));
      tartan_matrix_set(*made[i], 0, 0);
    }
  }
done:
  tt_free(plan.g.who);
  for (int i = 0; i < 3 && st != TARTAN_OK; i++) tartan_matrix_destroy(made[i]);
  return st;
}
