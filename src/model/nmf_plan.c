/* Options of a factorization against its data, how the data is cut, and what it takes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <tartan/blas.h>

#include "base/util.h"
#include "comm/agree.h"
#include "model/nmf_impl.h"

#define UNIT 256       /* rows of a tile at most */
#define UNIT_LEAST 16  /* and at least */
#define SEGMENT 256    /* rows of a segment at least, where there are enough */
#define SEGMENTS 1024  /* at most */
#define START_STEPS 10 /* of the iteration that a start from singular triplets takes, assumed */

bool tt_nmf_is_held(const tartan_operator *A)
{
  return !A->centered && (A->sparse || (A->matrix && A->matrix->dtype == TARTAN_F64));
}

int64_t tt_nmf_unit(const tartan_operator *A)
{
  const int64_t rows = ((int64_t)4 << 20) / (8 * tt_max(1, A->n)) / TT_NMF_LANES * TT_NMF_LANES;

  return tt_max(UNIT_LEAST, tt_min(UNIT, rows));
}

tt_segments tt_nmf_segments(int64_t n)
{
  tt_segments   s = {.m = n, .count = 1, .panel = UNIT_LEAST};
  const int64_t wanted = tt_min(SEGMENTS, tt_max(n / SEGMENT, tt_min(8, n / UNIT_LEAST)));

  while (2 * s.count <= wanted) s.count *= 2;
  return s;
}

static tartan_status check_start(const tartan_operator *A, int64_t k, const tartan_nmf_opts *o)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(!o->W == !o->H, TARTAN_ERR_ARG, "a start needs both W and H");
  if (!o->W) goto done;
  REQUIRE(o->W->grid == A->grid && o->H->grid == A->grid, TARTAN_ERR_GRID, "the start lies on another grid");
  REQUIRE(o->W->row.n == A->m && o->W->col.n == k && o->H->row.n == k && o->H->col.n == A->n, TARTAN_ERR_SHAPE,
          "a start of W %lld x %lld and H %lld x %lld for %lld x %lld with k = %lld", (long long)o->W->row.n,
          (long long)o->W->col.n, (long long)o->H->row.n, (long long)o->H->col.n, (long long)A->m, (long long)A->n,
          (long long)k);
done:
  return st;
}

tartan_status tt_nmf_check_options(const tartan_nmf_opts *opts, tartan_nmf_opts *o)
{
  const tartan_nmf_opts defaults = TARTAN_NMF_OPTS_INIT;
  tartan_status         st = TARTAN_OK;

  *o = defaults;
  if (opts) memcpy(o, opts, opts->size < sizeof *o ? opts->size : sizeof *o);
  REQUIRE(o->iterations >= 1, TARTAN_ERR_ARG, "%lld iterations: at least 1", (long long)o->iterations);
  REQUIRE(o->tolerance >= 0 && isfinite(o->tolerance), TARTAN_ERR_ARG, "a tolerance of %g: a number >= 0",
          o->tolerance);
  REQUIRE(o->l1 >= 0 && isfinite(o->l1) && o->l2 >= 0 && isfinite(o->l2), TARTAN_ERR_ARG,
          "penalties l1 = %g, l2 = %g: numbers >= 0", o->l1, o->l2);
  REQUIRE((int)o->init >= 0 && o->init <= TARTAN_NMF_RANDOM, TARTAN_ERR_ARG, "there is no start %d", (int)o->init);
done:
  return st;
}

tartan_status tt_nmf_check(const tartan_operator *A, int64_t k, const tartan_nmf_opts *opts, tartan_nmf_opts *o)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_nmf_check_options(opts, o));
  REQUIRE(k >= 1 && k <= tt_min(A->m, A->n), TARTAN_ERR_ARG, "%lld parts of %lld x %lld: 1 to %lld", (long long)k,
          (long long)A->m, (long long)A->n, (long long)tt_min(A->m, A->n));
  TRY(check_start(A, k, o));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ plan */

/* Values that the block Krylov iteration of a start takes, and what its steps cost. Local. */
static void plan_start(const tartan_operator *A, double k, double entries, tartan_cost *plan)
{
  const double m = (double)A->m, n = (double)A->n, P = A->grid->size, least = fmin(m, n);
  const double block = fmin(least, fmax(8, fmin(32, k))), basis = fmin(least, k + 12 * block);

  plan->passes += START_STEPS;
  plan->flops += (4 * entries * block + 4 * n * basis * block) * START_STEPS / P;
  plan->words += P > 1 ? n * block * START_STEPS : 0;
  plan->memory = fmax(plan->memory, 8 * ((n * (basis + 2 * block + k) + 3 * m * k) / P + n * block + (m + n) * k / P));
}

/* Nodes that the rank with most of them holds at once, and those that all ranks end with. Local. */
static void count_nodes(const tartan_operator *A, int64_t n, double *slots, double *total)
{
  const tt_segments s = tt_nmf_segments(n);
  tt_node_stack     stack;
  int               most = 0;

  *slots = *total = 0;
  for (int r = 0; r < A->grid->size; r++) {
    tt_segments_frontier(&s, A->grid->size, r, &stack, &most);
    *slots = fmax(*slots, most);
    *total += stack.count;
  }
}

/* What both ways take: small matrices, nodes, factors with a result and what travels while they are copied. Local. */
static double common_values(const tartan_operator *A, double k, double *rows, double *columns, double *slots,
                            double *total)
{
  const int    P = A->grid->size;
  const double node = k * k + TT_NMF_SCALARS;
  tt_segments  s = tt_nmf_segments(A->m);
  double       other, unused;

  *rows = (double)tt_segments_most_rows(&s, P);
  s = tt_nmf_segments(A->n);
  *columns = (double)tt_segments_most_rows(&s, P);
  count_nodes(A, A->n, &other, &unused);
  count_nodes(A, A->m, slots, total);
  return (double)A->grid->threads * (double)tt_nmf_work((int64_t)k) + (double)tt_nmf_unit(A) +
         node * (*slots + other + 4 + *total) + k * k + 6 * k * (*rows + *columns) + 4096;
}

/* Passes that update W and make A'W. Local. */
static void plan_passes(const tartan_operator *A, double k, double iterations, tartan_cost *plan)
{
  const double n = (double)A->n, P = A->grid->size;
  double       rows, columns, slots, total, values = common_values(A, k, &rows, &columns, &slots, &total);

  values += k * n * (2 * slots + 1) + total * (k * columns + 1) + (double)tt_nmf_unit(A) * (n + k) + 4 * P;
  plan->memory = 8 * values + (double)tt_pass_copy_bytes(A, (int64_t)rows) +
                 (double)tt_pass_row_bytes(A, false) * (double)tt_pass_slab_rows(A, INT64_MAX, false);
  plan->passes = 1 + iterations;
  plan->words = 2 * k * n * (1 - 1 / P) * iterations;
}

/* Two products with A in memory. Collective. */
static tartan_status plan_products(const tartan_operator *A, double k, double iterations, tartan_cost *plan)
{
  tt_axis       rows = {.n = A->m, .nb = TT_BLOCK, .procs = A->grid->size}, columns = rows;
  const tt_axis parts = {.n = (int64_t)k, .nb = TT_BLOCK, .procs = 1};
  tt_layout     tall = {.row = rows, .col = parts}, wide = tall;
  tartan_matrix W, H;
  tartan_cost   first, second;
  double        mine, its, slots, total;
  tartan_status st = TARTAN_OK;

  columns.n = A->n;
  wide.row = columns;
  tt_matrix_frame(A->grid, TARTAN_F64, &tall, NULL, 0, &W);
  tt_matrix_frame(A->grid, TARTAN_F64, &wide, NULL, 0, &H);
  TRY(tartan_gemm_plan(TARTAN_NO_TRANS, A->matrix, TARTAN_NO_TRANS, &H, &W, NULL, &first));
  TRY(tartan_gemm_plan(TARTAN_TRANS, A->matrix, TARTAN_NO_TRANS, &W, &H, NULL, &second));
  plan->memory = 8 * common_values(A, k, &mine, &its, &slots, &total) + fmax(first.memory, second.memory);
  plan->passes = 1 + 2 * iterations;
  plan->words = iterations * (first.words + second.words);
  plan->words_redistributed = iterations * (first.words_redistributed + second.words_redistributed);
done:
  return st;
}

tartan_status tartan_nmf_plan(const tartan_operator *A, int64_t k, const tartan_nmf_opts *opts, tartan_cost *plan)
{
  const double    m = (double)A->m, n = (double)A->n, P = A->grid->size, parts = (double)k;
  const bool      held = tt_nmf_is_held(A);
  tartan_nmf_opts o;
  double          iterations, mine[4], entries = A->sparse ? (double)A->sparse->entries : m * n;
  tartan_status   st = TARTAN_OK;

  memset(plan, 0, sizeof *plan);
  TRY(tt_nmf_check(A, k, opts, &o));
  iterations = (double)o.iterations;
  if (held && A->sparse)
    tt_nmf_plan_sparse(A, parts, iterations, 8 * common_values(A, parts, &mine[0], &mine[1], &mine[2], &mine[3]), plan);
  else if (held)
    TRY(plan_products(A, parts, iterations, plan));
  else
    plan_passes(A, parts, iterations, plan);
  plan->flops = iterations * (4 * entries * parts + 3 * (m + n) * parts * parts) / P;
  if (!o.W && o.init != TARTAN_NMF_RANDOM) plan_start(A, parts, entries, plan);
  plan->bytes_read = A->dataset ? plan->passes * m * n * (double)tt_element_size(A->stored) / P : 0;
  plan->grid[0] = held ? A->grid->p : A->grid->size;
  plan->grid[1] = held ? A->grid->q : 1;
  plan->grid[2] = 1;
  snprintf(plan->algorithm, sizeof plan->algorithm, "hals");
  snprintf(plan->reason, sizeof plan->reason, "%s; at most %lld iteration%s",
           held && A->sparse ? "two products with the entries an iteration"
           : held            ? "two products an iteration, the matrix in memory"
                             : "one pass an iteration updates W and makes A'W",
           (long long)o.iterations, TT_S(o.iterations));
done:
  return st;
}
