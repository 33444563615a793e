// TEST: np=1,2,3,4,6 labels=numeric,factor timeout=120
/*
 * What a course on linear algebra says of systems, inverses, determinants and pseudo-inverses, on random shapes, layouts and
 * both types. Matrices have known singular values from 1 to 1 / C, so with n the larger size the limits are 10 n u C^p for
 * p factors that are inverted, scaled by the norms beside them:
 *
 *   det AB = det A det B, det A' = det A, triangular, orthogonal; det = product and trace = sum of eigenvalues
 *   inv(AB) = inv B inv A, solve(A, I) = inv A, lstsq = solve (square), A^2 A^3 = A^5, A^-2 = inv(A^2)
 *   A A+ A = A, A+ A A+ = A+, (A')+ = (A+)', A A+ and A+ A symmetric; trace AB = trace BA
 *   |A|_F^2 = sum s^2, nuclear norm = sum s, cond A = cond inv A, rank A = rank A'A, chol(A'A)' = R of QR
 *   a chain of products = the products from left to right
 *
 * Singular, indefinite, zero, one by one and empty ones have their values or their statuses.
 */
#include <math.h>
#include <stdlib.h>

#include <tartan/tartan.h>

#include "check.h"
#include "matrices.h"

#define MOST 64

static tartan_grid *grid;
static tartan_dtype dtype;
static uint64_t     seed;
static double       C; /* condition */

static double limit(int64_t m, int64_t n)
{
  return 10 * unit_roundoff(dtype) * fmax(1, fmax((double)m, (double)n));
}

static dense rounded(dense A)
{
  if (dtype == TARTAN_F32) dense_round(&A);
  return A;
}

/* [m, n] of rank r with singular values from 1 to 1 / C. */
static dense draw(int64_t m, int64_t n, int64_t r)
{
  double sigma[MOST];

  for (int64_t i = 0; i < r; i++) sigma[i] = pow(C, r > 1 ? -(double)i / (double)(r - 1) : 0);
  if (r == 0) return dense_new(m, n);
  return rounded(dense_with_values(m, n, r, sigma, ++seed));
}

static dense eye(int64_t n)
{
  dense I = dense_new(n, n);

  for (int64_t i = 0; i < n; i++) AT(I, i, i) = 1;
  return I;
}

static dense copy_of(const dense *A)
{
  dense At = dense_transpose(A), B = dense_transpose(&At);

  dense_free(&At);
  return B;
}

static dense times(tartan_op op_a, const dense *A, tartan_op op_b, const dense *B)
{
  return rounded(dense_product(op_a, A, op_b, B));
}

static tartan_matrix *spread(const dense *A)
{
  const tartan_matrix_opts opts = layout_random(grid);

  return matrix_of(grid, dtype, A, &opts);
}

/* What a call made; nothing, which equals nothing, after a failure. */
static dense taken(tartan_status st, tartan_matrix **X)
{
  dense x = {-1, -1, NULL};

  if (CHECK_OK(st) && CHECK(*X != NULL)) x = dense_of(*X);
  tartan_matrix_destroy(X);
  return x;
}

static void equal(dense A, dense B, double most)
{
  CHECK_LE(dense_distance(&A, &B), most);
  dense_free(&A);
  dense_free(&B);
}

/* ------------------------------------------------------------------------------------- the library on dense matrices */

static dense inv_of(const dense *A)
{
  tartan_matrix *a = spread(A), *x = NULL;
  const dense    X = taken(tartan_inv(a, NULL, &x, NULL), &x);

  tartan_matrix_destroy(&a);
  return X;
}

static dense pinv_of(const dense *A)
{
  tartan_matrix *a = spread(A), *x = NULL;
  const dense    X = taken(tartan_pinv(a, -1, &x, NULL), &x);

  tartan_matrix_destroy(&a);
  return X;
}

static dense power_of(const dense *A, int64_t k)
{
  tartan_matrix *a = spread(A), *x = NULL;
  const dense    X = taken(tartan_matrix_power(a, k, &x), &x);

  tartan_matrix_destroy(&a);
  return X;
}

static dense solved(const dense *A, const dense *B, tartan_op op)
{
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
  tartan_matrix    *a = spread(A), *b = spread(B), *x = NULL;
  dense             X;

  opts.op = op;
  X = taken(tartan_solve(a, b, &opts, &x, NULL), &x);
  tartan_matrix_destroy(&b);
  tartan_matrix_destroy(&a);
  return X;
}

static dense lstsq_of(const dense *A, const dense *B)
{
  tartan_matrix *a = spread(A), *b = spread(B), *x = NULL;
  const dense    X = taken(tartan_lstsq(a, b, NULL, &x, NULL), &x);

  tartan_matrix_destroy(&b);
  tartan_matrix_destroy(&a);
  return X;
}

static double slogdet_of(const dense *A, double *sign)
{
  tartan_matrix *a = spread(A);
  double         logabs = (double)NAN;

  CHECK_OK(tartan_slogdet(a, NULL, sign, &logabs, NULL));
  tartan_matrix_destroy(&a);
  return logabs;
}

static double det_of(const dense *A)
{
  tartan_matrix *a = spread(A);
  double         value = (double)NAN;

  CHECK_OK(tartan_det(a, NULL, &value, NULL));
  tartan_matrix_destroy(&a);
  return value;
}

static double cond_of(tartan_cond_norm kind, const dense *A)
{
  tartan_matrix *a = spread(A);
  double         value = (double)NAN;

  CHECK_OK(tartan_cond(kind, a, &value));
  tartan_matrix_destroy(&a);
  return value;
}

static int64_t rank_of(const dense *A)
{
  tartan_matrix *a = spread(A);
  int64_t        rank = -1;

  CHECK_OK(tartan_matrix_rank(a, -1, &rank));
  tartan_matrix_destroy(&a);
  return rank;
}

static double schatten_of(tartan_schatten kind, const dense *A)
{
  tartan_matrix *a = spread(A);
  double         value = (double)NAN;

  CHECK_OK(tartan_norm_schatten(kind, a, &value));
  tartan_matrix_destroy(&a);
  return value;
}

static double trace_of(const dense *A)
{
  tartan_matrix *a = spread(A);
  double         value = (double)NAN;

  CHECK_OK(tartan_trace(a, &value));
  tartan_matrix_destroy(&a);
  return value;
}

/* ------------------------------------------------------------------------------------------------ determinants */

static void same_slogdet(double sign_a, double a, double sign_b, double b, double most)
{
  CHECK(sign_a == sign_b);
  CHECK_LE(fabs(a - b), most);
}

static void test_determinants(int64_t n)
{
  const double most = limit(n, n) * fmax(1, (double)n) * C * C;
  dense        A = draw(n, n, n), B = draw(n, n, n), AB = times(TARTAN_NO_TRANS, &A, TARTAN_NO_TRANS, &B),
        At = dense_transpose(&A);
  double sa, sb, sc, st, a = slogdet_of(&A, &sa), b = slogdet_of(&B, &sb), c = slogdet_of(&AB, &sc),
                         t = slogdet_of(&At, &st), d = det_of(&A);

  check_context("determinants, n = %lld, %s", (long long)n, tartan_dtype_name(dtype));
  CHECK(fabs(sa) == 1 && fabs(sb) == 1);
  same_slogdet(sc, c, sa * sb, a + b, most);
  same_slogdet(st, t, sa, a, most);
  CHECK_LE(fabs(d - sa * exp(a)), 1e-12 * exp(a));
  dense_free(&At);
  dense_free(&AB);
  dense_free(&B);
  dense_free(&A);
}

/* Triangular, orthogonal, singular. */
static void test_special_determinants(int64_t n)
{
  const double most = limit(n, n) * fmax(1, (double)n) * C;
  double       ones[MOST], sign = 0, expected = 1, logabs = 0;
  dense        T = dense_new(n, n), Q, S = draw(n, n, n);

  check_context("special determinants, n = %lld, %s", (long long)n, tartan_dtype_name(dtype));
  for (int64_t j = 0; j < n; j++) {
    ones[j] = 1;
    for (int64_t i = 0; i < j; i++) AT(T, i, j) = (check_uniform() - 0.5) / (double)n;
    AT(T, j, j) = (check_pick(2) ? 1 : -1) * (1 + check_uniform());
  }
  T = rounded(T);
  for (int64_t j = 0; j < n; j++) {
    expected *= AT(T, j, j) < 0 ? -1 : 1;
    logabs += log(fabs(AT(T, j, j)));
  }
  CHECK_LE(fabs(slogdet_of(&T, &sign) - logabs), most);
  CHECK(sign == expected);
  Q = rounded(dense_with_values(n, n, n, ones, ++seed));
  CHECK_LE(fabs(slogdet_of(&Q, &sign)), most);
  CHECK(fabs(sign) == 1);
  for (int64_t j = 0; j < n; j++) AT(S, n / 2, j) = 0; /* a row of zeros: exactly singular */
  CHECK(slogdet_of(&S, &sign) == -(double)INFINITY && sign == 0 && det_of(&S) == 0);
  dense_free(&S);
  dense_free(&Q);
  dense_free(&T);
}

static void test_eigenvalues(int64_t n)
{
  dense          A = draw(n, n, n), S = dense_product(TARTAN_TRANS, &A, TARTAN_NO_TRANS, &A);
  tartan_matrix *s;
  double         w[MOST] = {0}, sum = 0, logs = 0, signs = 1, sign = 0, found;

  check_context("eigenvalues, n = %lld, %s", (long long)n, tartan_dtype_name(dtype));
  for (int64_t i = 0; i < n; i++) AT(S, i, i) -= 0.3; /* indefinite */
  S = rounded(S);
  s = spread(&S);
  CHECK_OK(tartan_eigh(s, NULL, w, NULL, NULL));
  tartan_matrix_destroy(&s);
  for (int64_t i = 0; i < n; i++) {
    sum += w[i];
    logs += log(fabs(w[i]));
    signs *= w[i] < 0 ? -1 : 1;
  }
  CHECK_LE(fabs(trace_of(&S) - sum), limit(n, n) * dense_norm(&S) * sqrt((double)n));
  found = slogdet_of(&S, &sign);
  {
    double least = (double)INFINITY;

    for (int64_t i = 0; i < n; i++) least = fmin(least, fabs(w[i]));
    same_slogdet(sign, found, signs, logs, limit(n, n) * (double)n * dense_norm(&S) / least);
  }
  dense_free(&S);
  dense_free(&A);
}

/* ------------------------------------------------------------------------------------------------ square */

static void test_inverses(int64_t n)
{
  const double most = limit(n, n) * C * C * C, size = C * C * fmax(1, (double)n);
  dense        A = draw(n, n, n), B = draw(n, n, n), AB = times(TARTAN_NO_TRANS, &A, TARTAN_NO_TRANS, &B), I = eye(n),
        rhs = draw(n, 3, n < 3 ? n : 3), At = dense_transpose(&A), ia = inv_of(&A), ib = inv_of(&B);

  check_context("inverses, n = %lld, %s", (long long)n, tartan_dtype_name(dtype));
  if (ia.a && ib.a) {
    equal(inv_of(&AB), dense_product(TARTAN_NO_TRANS, &ib, TARTAN_NO_TRANS, &ia), most * size);
    equal(dense_product(TARTAN_NO_TRANS, &A, TARTAN_NO_TRANS, &ia), eye(n), limit(n, n) * C * sqrt((double)n));
    equal(solved(&A, &I, TARTAN_NO_TRANS), inv_of(&A), limit(n, n) * C * C * C * sqrt((double)n));
  }
  equal(solved(&A, &rhs, TARTAN_NO_TRANS), lstsq_of(&A, &rhs), most * dense_norm(&rhs));
  equal(solved(&A, &rhs, TARTAN_NO_TRANS), solved(&At, &rhs, TARTAN_TRANS), most * dense_norm(&rhs));
  dense_free(&ib);
  dense_free(&ia);
  dense_free(&At);
  dense_free(&rhs);
  dense_free(&I);
  dense_free(&AB);
  dense_free(&B);
  dense_free(&A);
}

static void test_powers(int64_t n)
{
  dense A = draw(n, n, n), A2 = power_of(&A, 2), A3 = power_of(&A, 3);

  check_context("powers, n = %lld, %s", (long long)n, tartan_dtype_name(dtype));
  if (A2.a && A3.a) {
    equal(dense_product(TARTAN_NO_TRANS, &A2, TARTAN_NO_TRANS, &A3), power_of(&A, 5),
          5 * limit(n, n) * sqrt((double)n));
    equal(inv_of(&A2), power_of(&A, -2), limit(n, n) * C * C * C * C * C * sqrt((double)n));
  }
  equal(power_of(&A, 0), eye(n), 0);
  equal(power_of(&A, 1), copy_of(&A), 0);
  dense_free(&A3);
  dense_free(&A2);
  dense_free(&A);
}

static void test_conditions(int64_t n)
{
  static const tartan_cond_norm kinds[] = {TARTAN_COND_TWO, TARTAN_COND_ONE, TARTAN_COND_INF, TARTAN_COND_FRO};
  dense                         A = draw(n, n, n), X = inv_of(&A);

  check_context("conditions, n = %lld, %s", (long long)n, tartan_dtype_name(dtype));
  if (X.a) X = rounded(X);
  for (int k = 0; k < 4 && X.a; k++) {
    const double a = cond_of(kinds[k], &A), x = cond_of(kinds[k], &X);

    CHECK_LE(fabs(a - x), limit(n, n) * C * C * a * sqrt((double)n));
    CHECK_LE(1, a * (1 + limit(n, n)));
  }
  CHECK_LE(fabs(cond_of(TARTAN_COND_TWO, &A) - (n > 1 ? C : 1)), limit(n, n) * C * C);
  CHECK_LE(fabs(cond_of(TARTAN_COND_MINUS_TWO, &A) - (n > 1 ? 1 / C : 1)), limit(n, n) * C);
  for (int64_t j = 0; j < n; j++) AT(A, n - 1, j) = 0;
  for (int k = 0; k < 4; k++) CHECK_LE(0.01 / unit_roundoff(dtype), cond_of(kinds[k], &A));
  dense_free(&X);
  dense_free(&A);
}

static void refused_inverse(const dense *A)
{
  tartan_matrix *a = spread(A), *x = a;

  CHECK_STATUS(tartan_inv(a, NULL, &x, NULL), TARTAN_ERR_NUMERIC);
  CHECK(x == NULL);
  x = a;
  CHECK_STATUS(tartan_solve(a, a, NULL, &x, NULL), TARTAN_ERR_NUMERIC);
  CHECK(x == NULL);
  x = a;
  CHECK_STATUS(tartan_matrix_power(a, -1, &x), TARTAN_ERR_NUMERIC);
  CHECK(x == NULL);
  x = a;
  CHECK_STATUS(tartan_cholesky(a, &x, NULL), TARTAN_ERR_NUMERIC);
  CHECK(x == NULL);
  tartan_matrix_destroy(&a);
}

/* Zero, and with a zero row and column. */
static void test_singular(int64_t n)
{
  dense Z = dense_new(n, n), S = draw(n, n, n);

  check_context("singular, n = %lld, %s", (long long)n, tartan_dtype_name(dtype));
  refused_inverse(&Z);
  CHECK_EQ(rank_of(&Z), 0);
  for (int64_t j = 0; j < n; j++) AT(S, n / 2, j) = AT(S, j, n / 2) = 0;
  refused_inverse(&S);
  CHECK_EQ(rank_of(&S), n - 1);
  dense_free(&S);
  dense_free(&Z);
}

/* ------------------------------------------------------------------------------------------------ any shape */

static void test_pinv(int64_t m, int64_t n, int64_t r)
{
  const double most = limit(m, n) * C * C * sqrt((double)r);
  dense        A = draw(m, n, r), At = dense_transpose(&A), P = pinv_of(&A), AP, PA;

  check_context("pseudo-inverse, %lld x %lld of rank %lld, %s", (long long)m, (long long)n, (long long)r,
                tartan_dtype_name(dtype));
  if (P.a) {
    CHECK(P.m == n && P.n == m);
    AP = dense_product(TARTAN_NO_TRANS, &A, TARTAN_NO_TRANS, &P);
    PA = dense_product(TARTAN_NO_TRANS, &P, TARTAN_NO_TRANS, &A);
    equal(dense_product(TARTAN_NO_TRANS, &AP, TARTAN_NO_TRANS, &A), dense_transpose(&At), most);
    equal(dense_product(TARTAN_NO_TRANS, &PA, TARTAN_NO_TRANS, &P), pinv_of(&A), most * C);
    equal(dense_transpose(&AP), copy_of(&AP), most);
    equal(dense_transpose(&PA), copy_of(&PA), most);
    equal(pinv_of(&At), dense_transpose(&P), most * C);
    dense_free(&PA);
    dense_free(&AP);
  }
  dense_free(&P);
  dense_free(&At);
  dense_free(&A);
}

static void test_norms(int64_t m, int64_t n, int64_t r)
{
  const double most = limit(m, n) * fmax(1, (double)r);
  dense        A = draw(m, n, r), G = times(TARTAN_TRANS, &A, TARTAN_NO_TRANS, &A);
  const double norm = dense_norm(&A);
  double       nuclear = 0, squares = 0;

  check_context("norms, %lld x %lld of rank %lld, %s", (long long)m, (long long)n, (long long)r,
                tartan_dtype_name(dtype));
  for (int64_t i = 0; i < r; i++) {
    const double s = pow(C, r > 1 ? -(double)i / (double)(r - 1) : 0);

    nuclear += s;
    squares += s * s;
  }
  CHECK_LE(fabs(norm * norm - squares), 2 * most);
  CHECK_LE(fabs(schatten_of(TARTAN_SCHATTEN_NUCLEAR, &A) - nuclear), most + limit(m, n) * fmin((double)m, (double)n));
  CHECK_LE(fabs(schatten_of(TARTAN_SCHATTEN_LARGEST, &A) - (r > 0)), limit(m, n));
  CHECK_LE(fabs(schatten_of(TARTAN_SCHATTEN_SMALLEST, &A) - (r == 0 || (r < m && r < n) ? 0
                                                             : r > 1                    ? 1 / C
                                                                                        : 1)),
           limit(m, n));
  CHECK_EQ(rank_of(&A), r);
  CHECK_EQ(rank_of(&G), r);
  dense_free(&G);
  dense_free(&A);
}

/* trace AB = trace BA, and the sum of a .* b'. */
static void test_traces(int64_t m, int64_t n)
{
  const int64_t r = m < n ? m : n;
  dense         A = draw(m, n, r), B = draw(n, m, r), AB = times(TARTAN_NO_TRANS, &A, TARTAN_NO_TRANS, &B),
        BA = times(TARTAN_NO_TRANS, &B, TARTAN_NO_TRANS, &A);

  check_context("traces, %lld x %lld, %s", (long long)m, (long long)n, tartan_dtype_name(dtype));
  CHECK_LE(fabs(trace_of(&AB) - trace_of(&BA)), limit(m, n) * (dense_norm(&A) * dense_norm(&B)));
  dense_free(&BA);
  dense_free(&AB);
  dense_free(&B);
  dense_free(&A);
}

/* The Cholesky factor of A'A is R of QR: both have positive diagonals. */
static void test_gram(int64_t m, int64_t n)
{
  dense          A = draw(m, n, n), G = times(TARTAN_TRANS, &A, TARTAN_NO_TRANS, &A), L, R;
  tartan_matrix *a = spread(&A), *g = spread(&G), *l = NULL, *r = NULL;

  check_context("Cholesky of A'A, %lld x %lld, %s", (long long)m, (long long)n, tartan_dtype_name(dtype));
  L = taken(tartan_cholesky(g, &l, NULL), &l);
  R = taken(tartan_qr(a, NULL, NULL, &r, NULL), &r);
  if (L.a && R.a) equal(dense_transpose(&L), copy_of(&R), limit(m, n) * C * C);
  dense_free(&R);
  dense_free(&L);
  tartan_matrix_destroy(&g);
  tartan_matrix_destroy(&a);
  dense_free(&G);
  dense_free(&A);
}

static void test_chain(int count)
{
  int64_t              size[6];
  dense                A[5], B = {0, 0, NULL};
  tartan_matrix       *a[5], *c = NULL;
  const tartan_matrix *chain[5];
  double               scale = 1;

  check_context("a chain of %d, %s", count, tartan_dtype_name(dtype));
  for (int i = 0; i <= count; i++) size[i] = 1 + check_pick(30);
  for (int i = 0; i < count; i++) {
    A[i] = draw(size[i], size[i + 1], size[i] < size[i + 1] ? size[i] : size[i + 1]);
    scale *= dense_norm(&A[i]);
    chain[i] = a[i] = spread(&A[i]);
    if (i == 0) {
      B = copy_of(&A[0]);
    } else {
      dense next = dense_product(TARTAN_NO_TRANS, &B, TARTAN_NO_TRANS, &A[i]);

      dense_free(&B);
      B = next;
    }
  }
  equal(taken(tartan_multi_dot(count, chain, &c, NULL), &c), B, 5 * limit(30, 30) * scale);
  for (int i = 0; i < count; i++) {
    tartan_matrix_destroy(&a[i]);
    dense_free(&A[i]);
  }
}

/* Nothing has an inverse of its shape, determinant 1, rank 0, norms 0 and no condition. */
static void test_empty(void)
{
  dense          N = dense_new(0, 0), W = dense_new(0, 4), T = dense_new(4, 0);
  double         sign = 0, value;
  tartan_matrix *n = spread(&N);

  check_context("empty, %s", tartan_dtype_name(dtype));
  CHECK(slogdet_of(&N, &sign) == 0 && sign == 1 && det_of(&N) == 1);
  equal(inv_of(&N), dense_new(0, 0), 0);
  equal(power_of(&N, 3), dense_new(0, 0), 0);
  equal(power_of(&N, -3), dense_new(0, 0), 0);
  equal(solved(&N, &W, TARTAN_NO_TRANS), dense_new(0, 4), 0);
  equal(pinv_of(&W), dense_new(4, 0), 0);
  equal(pinv_of(&T), dense_new(0, 4), 0);
  equal(lstsq_of(&W, &W), dense_new(4, 4), 0);
  equal(lstsq_of(&T, &T), dense_new(0, 0), 0);
  CHECK(rank_of(&W) == 0 && rank_of(&T) == 0 && schatten_of(TARTAN_SCHATTEN_NUCLEAR, &W) == 0);
  CHECK_STATUS(tartan_cond(TARTAN_COND_TWO, n, &value), TARTAN_ERR_SHAPE);
  tartan_matrix_destroy(&n);
  dense_free(&T);
  dense_free(&W);
  dense_free(&N);
}

static void test_type(void)
{
  static const int64_t sizes[] = {1, 2, 5, 13, 40};
  static const int64_t shapes[][3] = {{1, 1, 1}, {1, 1, 0}, {5, 3, 3},   {3, 5, 3},   {9, 7, 0},
                                      {1, 9, 1}, {9, 1, 1}, {40, 11, 6}, {11, 60, 4}, {33, 33, 20}};

  for (int s = 0; s < 5; s++) {
    test_determinants(sizes[s]);
    test_special_determinants(sizes[s]);
    test_eigenvalues(sizes[s]);
    test_inverses(sizes[s]);
    test_powers(sizes[s]);
    test_conditions(sizes[s]);
    test_singular(sizes[s]);
    test_gram(sizes[s] + check_pick(30), sizes[s]);
    test_traces(sizes[s], 1 + check_pick(40));
  }
  for (int s = 0; s < 10; s++) {
    test_pinv(shapes[s][0], shapes[s][1], shapes[s][2]);
    test_norms(shapes[s][0], shapes[s][1], shapes[s][2]);
  }
  for (int count = 1; count <= 5; count++) test_chain(count);
  test_empty();
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  grid = grid_world();
  seed = 1000 * check_seed();
  for (int t = 0; t < 3; t++) {
    dtype = t ? TARTAN_F64 : TARTAN_F32;
    C = t < 2 ? 10 : 1000;
    test_type();
  }
  tartan_grid_destroy(&grid);
  return check_finish();
}
