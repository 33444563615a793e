// TEST: np=1,2,3,4,6,7 labels=numeric,model threads=2 timeout=180
/* Item weights against a dense inverse and against what defines them; the Gram matrix bit by bit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/linear_models.h>

#include "check.h"
#include "io_files.h"
#include "matrices.h"
#include "matrix/matrix.h"
#include "model/ease_impl.h"
#include "ratings.h"

/* R'R + lambda I, row by row. */
static dense gram_of(const ratings *x, double lambda)
{
  dense G = dense_new(x->items, x->items);

  for (int64_t u = 0; u < x->users; u++) {
    const double *r = x->value + u * x->items;

    for (int64_t j = 0; j < x->items; j++)
      for (int64_t i = 0; i < x->items && !isnan(r[j]); i++)
        if (!isnan(r[i])) AT(G, i, j) += r[i] * r[j];
  }
  for (int64_t i = 0; i < x->items; i++) AT(G, i, i) += lambda;
  return G;
}

/* The inverse of a positive definite matrix by Gauss and Jordan's elimination in long double, which needs no pivots. */
static dense inverse_of(const dense *A)
{
  const int64_t n = A->n;
  long double  *a = malloc((size_t)(n * n + 1) * sizeof *a);
  dense         X = dense_new(n, n);

  for (int64_t i = 0; i < n * n; i++) a[i] = A->a[i];
  for (int64_t k = 0; k < n; k++) {
    const long double pivot = 1 / a[k + k * n];

    for (int64_t j = 0; j < n; j++) {
      const long double factor = a[k + j * n] * pivot;

      if (j == k) continue;
      for (int64_t i = 0; i < n; i++)
        if (i != k) a[i + j * n] -= a[i + k * n] * factor;
      a[k + j * n] = factor;
    }
    for (int64_t i = 0; i < n; i++)
      if (i != k) a[i + k * n] *= -pivot;
    a[k + k * n] = pivot;
  }
  for (int64_t i = 0; i < n * n; i++) X.a[i] = (double)a[i];
  free(a);
  return X;
}

/* The largest |B - (I - P diag(1 / diag P))|. */
static double error_of(const dense *B, const dense *P)
{
  double largest = 0;

  for (int64_t j = 0; j < B->n; j++)
    for (int64_t i = 0; i < B->m; i++)
      largest = fmax(largest, fabs(AT(*B, i, j) - (i == j ? 0 : -AT(*P, i, j) / AT(*P, j, j))));
  return largest;
}

/* The elements of (R'R + lambda I) (I - B) off the diagonal: column i of B is the ridge regression of i on the others. */
static double normal_equations(const dense *B, const dense *G)
{
  dense  X = dense_new(B->m, B->n), Y;
  double largest = 0, scale = 0;

  for (int64_t i = 0; i < B->m * B->n; i++) X.a[i] = -B->a[i];
  for (int64_t i = 0; i < B->n; i++) AT(X, i, i) += 1;
  Y = dense_product(TARTAN_NO_TRANS, G, TARTAN_NO_TRANS, &X);
  for (int64_t j = 0; j < B->n; j++)
    for (int64_t i = 0; i < B->n; i++) {
      scale = fmax(scale, fabs(AT(*G, i, j)));
      if (i != j) largest = fmax(largest, fabs(AT(Y, i, j)));
    }
  dense_free(&Y);
  dense_free(&X);
  return scale > 0 ? largest / scale : largest;
}

static void test_weights(tartan_grid *grid, int64_t users, int64_t items, double density, double lambda,
                         tartan_dtype values, tartan_dtype dtype)
{
  ratings                 x = ratings_make(users, items, density, true, 7);
  tartan_sparse          *R = ratings_sparse(grid, &x, values);
  const double            gate = dtype == TARTAN_F32 ? 1e-6 : 1e-10;
  dense                   G = gram_of(&x, lambda), P = inverse_of(&G), B;
  tartan_predictor       *p = NULL;
  tartan_predictor_values v;
  tartan_cost             plan, cost;
  int64_t                 odd = 0;

  check_context("%lld users, %lld items, lambda %g, %s", (long long)users, (long long)items, lambda,
                tartan_dtype_name(dtype));
  CHECK_OK(tartan_ease_plan(R, dtype, &plan));
  if (!CHECK_OK(tartan_ease(R, lambda, dtype, &p, &cost))) return;
  tartan_predictor_get(p, &v);
  CHECK(v.users == 0 && v.items == items && v.factors == 0 && v.opts.model == TARTAN_RECOMMEND_EASE);
  CHECK(v.opts.regularization == lambda && tartan_matrix_dtype(v.weights) == dtype);
  CHECK(v.weights->p == 1 && v.weights->mloc == items);
  B = dense_of(v.weights);
  CHECK_LE(error_of(&B, &P), gate);
  CHECK_LE(normal_equations(&B, &G), gate * (double)(items + 1));
  for (int64_t i = 0; i < items; i++) odd += AT(B, i, i) != 0;
  CHECK_EQ(odd, 0);
  CHECK_LE(cost.memory, 1.02 * plan.memory + 4096);
  CHECK_LE(cost.words, 1.1 * plan.words + 8 * (double)items + 1000);
  CHECK_LE(cost.flops, 3 * plan.flops + 1e4); /* of small ones one rank does all */
  tartan_predictor_destroy(&p);
  dense_free(&B);
  dense_free(&P);
  dense_free(&G);
  tartan_sparse_destroy(&R);
  ratings_free(&x);
}

/* ------------------------------------------------------------------------------------------------ R'R */

/* The local elements on and below the diagonal that differ from a dense matrix; those above that are not zero. */
static int64_t count_wrong(const tartan_matrix *A, const dense *G)
{
  int64_t wrong = 0;

  for (int64_t jl = 0; jl < A->nloc; jl++)
    for (int64_t il = 0; il < A->mloc; il++) {
      const int64_t i = tartan_matrix_global_row(A, il), j = tartan_matrix_global_col(A, jl);

      wrong += matrix_local_get(A, il, jl) != (i >= j ? AT(*G, i, j) : 0);
    }
  return wrong;
}

/* In every layout, in one go and in batches: the same bits; of halves, whose sums are exact, those of the dense loop. */
static void test_gram(tartan_grid *grid, int64_t users, int64_t items, tartan_dtype dtype, bool exact)
{
  static const int64_t rooms[] = {INT64_MAX, 1};
  static const int64_t blocks[] = {1, 3, 64};
  ratings              x = ratings_make(users, items, 0.3, true, 11);
  int                  shapes[8][2], count = grid_list(grid, shapes);
  dense                G;
  tartan_sparse       *R;

  for (int64_t i = 0; i < users * items && !exact; i++) x.value[i] = (double)(float)(x.value[i] / 3);
  R = ratings_sparse(grid, &x, dtype);
  G = exact ? gram_of(&x, 0) : dense_new(0, 0);
  for (int s = 0; s < count * 3; s++) {
    tartan_matrix_opts o = layout_of(blocks[s % 3], blocks[s % 3], shapes[s / 3][0], shapes[s / 3][1], 0, 0);

    for (int r = 0; r < 2; r++) {
      tartan_matrix *A = NULL;

      check_context("Gram matrix of %lld users, %lld items, %d x %d, block %lld, room %d", (long long)users,
                    (long long)items, o.p, o.q, (long long)o.nb, r);
      CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, items, items, &o, &A));
      CHECK_OK(tt_ease_gram(R, rooms[r], A));
      if (G.n < items) {
        dense_free(&G);
        G = dense_of(A);
      }
      CHECK_EQ(count_wrong(A, &G), 0);
      tartan_matrix_destroy(&A);
    }
  }
  dense_free(&G);
  tartan_sparse_destroy(&R);
  ratings_free(&x);
}

/* ------------------------------------------------------------------------------------------------ refusals */

static void refuse(tartan_grid *grid, const ratings *x, double lambda, tartan_dtype dtype, tartan_status expected,
                   const char *part)
{
  tartan_sparse    *R = ratings_sparse(grid, x, TARTAN_F64);
  tartan_predictor *p = NULL;

  CHECK_STATUS(tartan_ease(R, lambda, dtype, &p, NULL), expected);
  CHECK(io_message_has(part));
  CHECK(p == NULL);
  tartan_sparse_destroy(&R);
}

static void test_refused(tartan_grid *grid)
{
  ratings x = ratings_make(9, 8, 0.5, false, 3);

  check_context("arguments");
  refuse(grid, &x, 0, TARTAN_F64, TARTAN_ERR_ARG, "lambda = 0");
  refuse(grid, &x, -1, TARTAN_F64, TARTAN_ERR_ARG, "lambda = -1");
  refuse(grid, &x, (double)NAN, TARTAN_F64, TARTAN_ERR_ARG, "lambda");
  refuse(grid, &x, (double)INFINITY, TARTAN_F64, TARTAN_ERR_ARG, "lambda");
  refuse(grid, &x, 1, (tartan_dtype)7, TARTAN_ERR_DTYPE, "type 7");
  check_context("two items that only one user has: singular");
  for (int64_t i = 0; i < 72; i++) x.value[i] = i < 2 ? 1 : (double)NAN;
  x.entries = 2;
  refuse(grid, &x, 1e-30, TARTAN_F64, TARTAN_ERR_NUMERIC, "leading minor of order 2");
  check_context("products beyond f64");
  x.value[1] = 1e200;
  refuse(grid, &x, 1, TARTAN_F64, TARTAN_ERR_NUMERIC, "beyond the range of f64");
  ratings_free(&x);
}

/* A budget that is just enough, and one that is not: the ranks and the items that it names would do. */
static void test_budget(tartan_grid *grid)
{
  ratings           x = ratings_make(30, 700, 0.1, false, 5), few;
  tartan_sparse    *R = ratings_sparse(grid, &x, TARTAN_F64), *S;
  tartan_predictor *p = NULL;
  tt_memory        *memory = &grid->memory;
  tartan_cost       plan;
  const char       *text;
  long long         items = 0;

  check_context("budget");
  CHECK_OK(tartan_ease_plan(R, TARTAN_F64, &plan));
  memory->limit = memory->used + (INT64_C(17) << 20) + 8 * 700 * 704; /* what R'R may take is reckoned with 16 MiB */
  CHECK_OK(tartan_ease(R, 2, TARTAN_F64, &p, NULL));
  tartan_predictor_destroy(&p);
  memory->limit = memory->used + (INT64_C(18) << 20);
  if (check_size() == 1) {
    CHECK_STATUS(tartan_ease(R, 2, TARTAN_F64, &p, NULL), TARTAN_ERR_NOMEM);
    CHECK(p == NULL && io_message_has("700 items need") && io_message_has("ranks with as much memory each"));
    text = strstr(tartan_error_message(), "or the ");
    items = text ? atoll(text + 7) : 0;
    CHECK(items > 300 && items < 700);
    memory->limit = 0;
    few = ratings_make(30, items, 0.1, false, 5);
    S = ratings_sparse(grid, &few, TARTAN_F64);
    memory->limit = memory->used + (INT64_C(18) << 20);
    CHECK_OK(tartan_ease(S, 2, TARTAN_F64, &p, NULL));
    tartan_predictor_destroy(&p);
    memory->limit = 0;
    tartan_sparse_destroy(&S);
    ratings_free(&few);
  }
  memory->limit = memory->used + 1000;
  CHECK_STATUS(tartan_ease_plan(R, TARTAN_F64, &plan), TARTAN_ERR_NOMEM);
  CHECK(io_message_has("more memory per rank"));
  memory->limit = 0;
  tartan_sparse_destroy(&R);
  ratings_free(&x);
}

int main(int argc, char **argv)
{
  static const double lambdas[] = {1e-3, 1, 500, 1e9};
  tartan_grid        *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int i = 0; i < 4; i++) test_weights(grid, 120, 40, 0.4, lambdas[i], TARTAN_F64, TARTAN_F64);
  test_weights(grid, 120, 40, 0.4, 10, TARTAN_F32, TARTAN_F32);
  test_weights(grid, 90, 65, 0.2, 10, TARTAN_F32, TARTAN_F64);
  test_weights(grid, 2, 5, 0.9, 1, TARTAN_F64, TARTAN_F64);
  test_weights(grid, 0, 5, 0.9, 1, TARTAN_F64, TARTAN_F64);
  test_weights(grid, 6, 1, 0.9, 1, TARTAN_F64, TARTAN_F64);
  test_weights(grid, 6, 0, 0.9, 1, TARTAN_F64, TARTAN_F64);
  test_weights(grid, 700, 577, 0.1, 20, TARTAN_F64, TARTAN_F64); /* over the ranks, the last block short */
  for (int d = 0; d < 2; d++) {
    test_gram(grid, 60, 31, (tartan_dtype)d, true);
    test_gram(grid, 60, 31, (tartan_dtype)d, false);
  }
  test_gram(grid, 1, 7, TARTAN_F64, true);
  test_gram(grid, 500, 130, TARTAN_F64, true);
  test_refused(grid);
  test_budget(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
