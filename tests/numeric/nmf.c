// TEST: np=1,2,3,4,7 labels=numeric,model timeout=240
/*
 * tartan_nmf against coordinate descent in simple loops, from the same start: factors to 1e-10 after 1, 2 and 5 iterations,
 * the loss after every one, which never rises; data of exact rank; rows and columns of zeros; k = min(m, n); penalties; f32;
 * files and sparse matrices, whose results have the same bits on any number of ranks; and what is refused.
 */
#include <math.h>
#include <string.h>

#include <tartan/nmf.h>

#include "check.h"
#include "comm/grid.h"
#include "h5file.h"
#include "matrices.h"
#include "sparses.h"

#define LOSSES 1000

typedef struct history {
  int64_t count, stop_at;
  double  loss[LOSSES];
} history;

static int note(void *context, int64_t iteration, double loss)
{
  history *h = context;

  CHECK_EQ(iteration, h->count + 1);
  if (h->count < LOSSES) h->loss[h->count++] = loss;
  return h->stop_at > 0 && iteration == h->stop_at;
}

/* ------------------------------------------------------------------------------------------------ reference */

/* One sweep over W, in scikit-learn's order, with the gradient made anew for every step. Returns the violation. */
static double sweep(const dense *A, dense *W, const dense *H, double l1, double l2)
{
  const int64_t k = W->n;
  dense         G = dense_product(TARTAN_NO_TRANS, H, TARTAN_TRANS, H);
  dense         P = dense_product(TARTAN_NO_TRANS, A, TARTAN_TRANS, H);
  double        violation = 0;

  for (int64_t t = 0; t < k; t++) AT(G, t, t) += l2;
  for (int64_t t = 0; t < k; t++)
    for (int64_t i = 0; i < A->m; i++) {
      double g = l1 - AT(P, i, t), *w = &AT(*W, i, t);

      for (int64_t r = 0; r < k; r++) g += AT(G, r, t) * AT(*W, i, r);
      violation += fabs(*w == 0 ? fmin(0, g) : g);
      if (AT(G, t, t) != 0) *w = fmax(*w - g / AT(G, t, t), 0);
    }
  dense_free(&P);
  dense_free(&G);
  return violation;
}

/* W and H after so many iterations; returns the last violation over the first. */
static double reference(const dense *A, dense *W, dense *H, int64_t iterations, double l1, double l2)
{
  dense  At = dense_transpose(A);
  double first = 0, violation = 0;

  for (int64_t it = 0; it < iterations; it++) {
    dense Ht = dense_transpose(H), Wt, next;

    violation = sweep(A, W, H, l1, l2);
    Wt = dense_transpose(W);
    violation += sweep(&At, &Ht, &Wt, l1, l2);
    next = dense_transpose(&Ht);
    dense_free(H);
    *H = next;
    dense_free(&Wt);
    dense_free(&Ht);
    if (it == 0) first = violation;
  }
  dense_free(&At);
  return first > 0 ? violation / first : 0;
}

static double loss_of(const dense *A, const dense *W, const dense *H)
{
  dense  B = dense_product(TARTAN_NO_TRANS, W, TARTAN_NO_TRANS, H);
  double d = dense_distance(A, &B);

  dense_free(&B);
  return d * d / 2;
}

/* ------------------------------------------------------------------------------------------------ data */

static double magnitude(int64_t i, int64_t j, void *seed)
{
  return fabs(fill_random(i, j, seed));
}

/* Many zeros, some whole rows and columns. */
static double holey(int64_t i, int64_t j, void *seed)
{
  const double x = fill_random(i, j, seed);

  return x < 0 || i % 7 == 3 || j % 5 == 2 ? 0 : x;
}

static dense product_of_rank(int64_t m, int64_t n, int64_t k, uint64_t seed)
{
  uint64_t other = seed + 1;
  dense    W = dense_make(m, k, holey, &seed), H = dense_make(k, n, holey, &other);
  dense    A = dense_product(TARTAN_NO_TRANS, &W, TARTAN_NO_TRANS, &H);

  dense_free(&H);
  dense_free(&W);
  return A;
}

static double value_of(int64_t i, int64_t j, void *A)
{
  return AT(*(const dense *)A, i, j);
}

static int64_t count_negative(const dense *X)
{
  int64_t count = 0;

  for (int64_t i = 0; i < X->m * X->n; i++) count += !(X->a[i] >= 0);
  return count;
}

/* ------------------------------------------------------------------------------------------------ against loops */

static void check_history(const dense *A, const history *h)
{
  const double noise = 1e-13 * dense_norm(A) * dense_norm(A);

  for (int64_t i = 1; i < h->count; i++) CHECK_LE(h->loss[i], h->loss[i - 1] + noise);
}

static void compare(const tartan_operator *op, const dense *A, const dense *W0, const dense *H0, int64_t iterations,
                    double l1, double l2)
{
  tartan_grid   *grid = tartan_operator_grid(op);
  const double   norm2 = dense_norm(A) * dense_norm(A);
  tartan_matrix *w0 = matrix_of(grid, TARTAN_F64, W0, NULL), *h0 = matrix_of(grid, TARTAN_F64, H0, NULL), *w, *h;
  dense          W = dense_make(W0->m, W0->n, value_of, (void *)W0), H = dense_make(H0->m, H0->n, value_of, (void *)H0);
  const double   violation = reference(A, &W, &H, iterations, l1, l2);
  history        seen = {.count = 0};
  tartan_nmf_opts opts = TARTAN_NMF_OPTS_INIT;
  tartan_nmf_info info;

  opts.iterations = iterations;
  opts.tolerance = 0;
  opts.l1 = l1;
  opts.l2 = l2;
  opts.W = w0;
  opts.H = h0;
  opts.after = note;
  opts.context = &seen;
  if (CHECK_OK(tartan_nmf(op, W0->n, &opts, &w, &h, &info))) {
    dense U = dense_of(w), V = dense_of(h);

    CHECK_LE(dense_distance(&U, &W), 1e-10 * dense_norm(&W));
    CHECK_LE(dense_distance(&V, &H), 1e-10 * dense_norm(&H));
    CHECK_EQ(count_negative(&U) + count_negative(&V), 0);
    CHECK_EQ(info.iterations, iterations);
    CHECK_EQ(seen.count, iterations);
    CHECK_LE(fabs(info.violation - violation), 1e-5); /* it jumps where rounding decides what is zero */
    CHECK_LE(fabs(info.loss - loss_of(A, &U, &V)), 1e-13 * norm2);
    CHECK_LE(fabs(info.relative - sqrt(2 * info.loss / norm2)), 1e-12);
    if (l1 == 0 && l2 == 0) check_history(A, &seen);
    dense_free(&V);
    dense_free(&U);
  }
  tartan_matrix_destroy(&h);
  tartan_matrix_destroy(&w);
  dense_free(&H);
  dense_free(&W);
  tartan_matrix_destroy(&h0);
  tartan_matrix_destroy(&w0);
}

static void test_loops(tartan_grid *grid)
{
  static const struct {
    int64_t m, n, k, iterations;
    double  l1, l2;
    bool    holes;
  } cases[] = {{37, 23, 4, 1, 0, 0, false}, {37, 23, 4, 5, 0, 0, true},     {5, 61, 3, 5, 0, 0, false},
               {600, 7, 7, 2, 0, 0, true},  {300, 290, 70, 2, 0, 0, false}, {1, 1, 1, 2, 0, 0, false},
               {2, 9, 1, 5, 0, 0, false},   {90, 40, 6, 5, 0.3, 0, false},  {90, 40, 6, 5, 0, 2, true},
               {90, 40, 6, 5, 0.1, 1, true}};
  static const h5_layout layouts[] = {{.type = "<f8", .chunk_rows = 7, .chunk_cols = 5},
                                      {.type = "<f4"},
                                      {.type = "<f8"}};

  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    const tartan_matrix_opts layout = layout_random(grid);
    uint64_t                 seed = c + 10, other = c + 90, third = c + 170;
    dense                    A = dense_make(cases[c].m, cases[c].n, cases[c].holes ? holey : magnitude, &seed);
    dense                    W = dense_make(cases[c].m, cases[c].k, magnitude, &other),
          H = dense_make(cases[c].k, cases[c].n, holey, &third);
    tartan_matrix   *a = matrix_of(grid, TARTAN_F64, &A, &layout), *single = matrix_of(grid, TARTAN_F32, &A, &layout);
    tartan_sparse   *few = sparse_of(grid, c % 2 ? TARTAN_F32 : TARTAN_F64, &A);
    tartan_operator *op = NULL;

    for (int s = 0; s < 5; s++) {
      check_context("case %d, source %d", (int)c, s);
      if (s < 2) {
        CHECK_OK(tartan_operator_from_matrix(s ? single : a, &op));
      } else if (s == 4) {
        CHECK_OK(tartan_operator_from_sparse(few, &op));
      } else {
        h5_write("nmf.h5", "/X",
                 &layouts[s == 3               ? 1
                          : A.m < 7 || A.n < 5 ? 2
                                               : 0],
                 A.m, A.n, value_of, &A); /* values are exact in f32 */
        CHECK_OK(tartan_operator_open(grid, "nmf.h5", NULL, &op));
      }
      compare(op, &A, &W, &H, cases[c].iterations, cases[c].l1, cases[c].l2);
      tartan_operator_destroy(&op);
    }
    tartan_sparse_destroy(&few);
    tartan_matrix_destroy(&single);
    tartan_matrix_destroy(&a);
    dense_free(&H);
    dense_free(&W);
    dense_free(&A);
  }
}

/* ------------------------------------------------------------------------------------------------ starts */

static void run(tartan_grid *grid, const dense *A, bool sparse, int64_t k, tartan_nmf_opts *opts, tartan_nmf_info *info)
{
  tartan_matrix   *a = matrix_of(grid, TARTAN_F64, A, NULL), *w, *h;
  tartan_sparse   *few = sparse ? sparse_of(grid, TARTAN_F64, A) : NULL;
  tartan_operator *op = NULL;
  history          seen = {.count = 0};

  opts->after = note;
  opts->context = &seen;
  CHECK_OK(sparse ? tartan_operator_from_sparse(few, &op) : tartan_operator_from_matrix(a, &op));
  if (CHECK_OK(tartan_nmf(op, k, opts, &w, &h, info))) {
    dense        U = dense_of(w), V = dense_of(h);
    const double norm2 = dense_norm(A) * dense_norm(A), loss = loss_of(A, &U, &V);

    CHECK_EQ(count_negative(&U) + count_negative(&V), 0);
    CHECK_LE(fabs(info->loss - loss), 1e-9 * loss + 1e-28 * norm2);
    check_history(A, &seen);
    dense_free(&V);
    dense_free(&U);
  }
  tartan_matrix_destroy(&h);
  tartan_matrix_destroy(&w);
  tartan_operator_destroy(&op);
  tartan_sparse_destroy(&few);
  tartan_matrix_destroy(&a);
}

static void test_starts(tartan_grid *grid)
{
  dense one = product_of_rank(50, 33, 1, 5), exact = product_of_rank(60, 45, 4, 7),
        sparse = product_of_rank(60, 45, 3, 17), zero = dense_new(12, 9);
  uint64_t        seed = 3;
  dense           square = dense_make(9, 9, magnitude, &seed);
  tartan_nmf_opts opts = TARTAN_NMF_OPTS_INIT;
  tartan_nmf_info info;

  for (int init = TARTAN_NMF_NNDSVDA; init <= TARTAN_NMF_RANDOM; init++) {
    check_context("start %d", init);
    opts = (tartan_nmf_opts)TARTAN_NMF_OPTS_INIT;
    opts.init = (tartan_nmf_init)init;
    opts.seed = 11;
    opts.tolerance = 1e-12;
    opts.iterations = 60;
    run(grid, &one, init == TARTAN_NMF_NNDSVD, 1, &opts, &info);
    CHECK_LE(info.relative, 1e-14);
    run(grid, &exact, init == TARTAN_NMF_RANDOM, 4, &opts, &info);
    CHECK_LE(info.relative, 0.1);
    run(grid, &square, false, 9, &opts, &info);
    CHECK_LE(info.relative, 0.3);
    run(grid, &zero, init == TARTAN_NMF_NNDSVDA, 3, &opts, &info);
    CHECK(info.loss == 0 && info.relative == 0 && info.converged);
  }
  check_context("factors of rank 3 found again");
  opts.init = TARTAN_NMF_NNDSVDA;
  opts.iterations = 400;
  run(grid, &sparse, false, 3, &opts, &info);
  CHECK_LE(info.relative, 1e-10);
  check_context("tolerance");
  opts.tolerance = 0.02;
  opts.iterations = 200;
  run(grid, &square, false, 3, &opts, &info);
  CHECK(info.converged && info.iterations < 200 && info.violation <= 0.02);
  dense_free(&square);
  dense_free(&zero);
  dense_free(&sparse);
  dense_free(&exact);
  dense_free(&one);
}

/* ------------------------------------------------------------------------------------------------ bits, stop, transform */

/* Of a file or of entries, on the first ranks of all: the same bits as on fewer. */
static void test_bits(bool sparse)
{
  static const h5_layout layout = {.type = "<f4"};
  uint64_t               seed = 77;
  dense                  A = dense_make(1201, 83, holey, &seed), first[3];
  bool                   known = false; /* on each rank from the first grid that it is in */

  h5_write("bits.h5", "/X", &layout, A.m, A.n, value_of, &A);
  for (int size = 1; size <= check_size(); size++) {
    tartan_grid     *grid = grid_of_first(size, 1 + size % 2);
    tartan_sparse   *few = grid && sparse ? sparse_of(grid, TARTAN_F64, &A) : NULL;
    tartan_operator *op = NULL;
    tartan_nmf_opts  opts = TARTAN_NMF_OPTS_INIT;
    tartan_nmf_info  info;
    tartan_matrix   *w, *h, *again;

    check_context("bits of %s on %d ranks", sparse ? "entries" : "a file", size);
    if (!grid) continue;
    opts.init = TARTAN_NMF_RANDOM;
    opts.iterations = 12;
    opts.tolerance = 0;
    CHECK_OK(sparse ? tartan_operator_from_sparse(few, &op) : tartan_operator_open(grid, "bits.h5", NULL, &op));
    if (CHECK_OK(tartan_nmf(op, 5, &opts, &w, &h, &info)) && CHECK_OK(tartan_nmf_transform(op, h, &opts, &again))) {
      dense now[3] = {dense_of(w), dense_of(h), dense_of(again)};

      CHECK_EQ(info.passes, sparse ? 25 : 13);
      for (int i = 0; i < 3; i++) {
        if (known) CHECK(dense_same_bits(&now[i], &first[i]));
        if (known) dense_free(&now[i]);
        if (!known) first[i] = now[i];
      }
      known = true;
      tartan_matrix_destroy(&again);
    }
    tartan_matrix_destroy(&h);
    tartan_matrix_destroy(&w);
    tartan_operator_destroy(&op);
    tartan_sparse_destroy(&few);
    tartan_grid_destroy(&grid);
  }
  if (CHECK(known))
    for (int i = 0; i < 3; i++) dense_free(&first[i]);
  dense_free(&A);
}

/* W of the least |a - w H|: at it no gradient points below, and none is left where w > 0. */
static void test_transform(tartan_grid *grid)
{
  static const h5_layout layout = {.type = "<f8"};
  uint64_t               seed = 21, other = 22;
  dense                  A = dense_make(70, 31, magnitude, &seed), H = dense_make(6, 31, holey, &other);
  tartan_matrix   *a = matrix_of(grid, TARTAN_F64, &A, NULL), *h = matrix_of(grid, TARTAN_F32, &H, NULL), *w = NULL;
  tartan_operator *op = NULL;
  tartan_nmf_opts  opts = TARTAN_NMF_OPTS_INIT;
  tartan_sparse   *few = sparse_of(grid, TARTAN_F64, &A);

  opts.tolerance = 1e-13;
  opts.iterations = 5000;
  opts.l1 = 0.05;
  h5_write("transform.h5", "/X", &layout, A.m, A.n, value_of, &A);
  for (int s = 0; s < 3; s++) {
    check_context("transform, source %d", s);
    CHECK_OK(s == 2 ? tartan_operator_from_sparse(few, &op)
             : s    ? tartan_operator_open(grid, "transform.h5", NULL, &op)
                    : tartan_operator_from_matrix(a, &op));
    if (CHECK_OK(tartan_nmf_transform(op, h, &opts, &w))) {
      dense  W = dense_of(w), B = dense_product(TARTAN_NO_TRANS, &W, TARTAN_NO_TRANS, &H), G;
      double worst = 0;

      for (int64_t i = 0; i < A.m * A.n; i++) B.a[i] -= A.a[i];
      G = dense_product(TARTAN_NO_TRANS, &B, TARTAN_TRANS, &H);
      for (int64_t i = 0; i < W.m * W.n; i++) {
        const double g = G.a[i] + opts.l1;

        worst = fmax(worst, W.a[i] > 0 ? fabs(g) : fmax(0, -g));
      }
      CHECK_LE(worst, 1e-9);
      CHECK_EQ(count_negative(&W), 0);
      dense_free(&G);
      dense_free(&B);
      dense_free(&W);
    }
    tartan_matrix_destroy(&w);
    tartan_operator_destroy(&op);
  }
  tartan_sparse_destroy(&few);
  tartan_matrix_destroy(&h);
  tartan_matrix_destroy(&a);
  dense_free(&H);
  dense_free(&A);
}

static void test_stop(tartan_grid *grid)
{
  uint64_t         seed = 4;
  tartan_matrix   *a = matrix_make(grid, TARTAN_F64, 30, 20, NULL, magnitude, &seed), *w, *h;
  tartan_operator *op = NULL;
  history          seen = {.stop_at = 3};
  tartan_nmf_opts  opts = TARTAN_NMF_OPTS_INIT;
  tartan_nmf_info  info;

  check_context("stop");
  opts.after = note;
  opts.context = &seen;
  opts.tolerance = 0;
  CHECK_OK(tartan_operator_from_matrix(a, &op));
  CHECK_OK(tartan_nmf(op, 3, &opts, &w, &h, &info));
  CHECK_EQ(info.iterations, 3);
  CHECK(!info.converged);
  tartan_matrix_destroy(&h);
  tartan_matrix_destroy(&w);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&a);
}

/* ------------------------------------------------------------------------------------------------ refused */

typedef struct place {
  int64_t i, j;
  double  value;
} place;

static double one_bad(int64_t i, int64_t j, void *context)
{
  const place *p = context;

  return i == p->i && j == p->j ? p->value : i > p->i && j == 1 ? -5 : 1;
}

static void refuse(const tartan_operator *op, int64_t k, const tartan_nmf_opts *opts, tartan_status expected,
                   const char *word)
{
  tartan_matrix *w, *h;

  CHECK_STATUS(tartan_nmf(op, k, opts, &w, &h, NULL), expected);
  CHECK(w == NULL && h == NULL);
  if (word) CHECK(strstr(tartan_error_message(), word) != NULL);
}

static void test_data(tartan_grid *grid)
{
  static const h5_layout layout = {.type = "<f8"};
  static const place     places[] = {{17, 4, -1}, {0, 0, NAN}, {40, 8, INFINITY}, {33, 0, -1e-300}};

  for (int p = 0; p < 4; p++) {
    tartan_matrix   *a = matrix_make(grid, TARTAN_F64, 41, 9, NULL, one_bad, (void *)&places[p]);
    tartan_operator *op = NULL;
    tartan_sparse   *few = NULL;
    dense            A;
    char             word[64];

    check_context("bad element %d", p);
    snprintf(word, sizeof word, "row %lld, column %lld ", (long long)places[p].i, (long long)places[p].j);
    CHECK_OK(tartan_operator_from_matrix(a, &op));
    refuse(op, 2, NULL, TARTAN_ERR_INPUT, word);
    tartan_operator_destroy(&op);
    h5_write("bad.h5", "/X", &layout, 41, 9, one_bad, (void *)&places[p]);
    CHECK_OK(tartan_operator_open(grid, "bad.h5", NULL, &op));
    refuse(op, 2, NULL, TARTAN_ERR_INPUT, word);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&a);
    if (!isfinite(places[p].value)) continue; /* a sparse matrix is not made of these */
    A = dense_make(41, 9, one_bad, (void *)&places[p]);
    few = sparse_of(grid, TARTAN_F64, &A);
    CHECK_OK(tartan_operator_from_sparse(few, &op));
    refuse(op, 2, NULL, TARTAN_ERR_INPUT, word);
    tartan_operator_destroy(&op);
    tartan_sparse_destroy(&few);
    dense_free(&A);
  }
}

static void test_options(tartan_grid *grid)
{
  const place           none = {99, 99, 1}, negative = {2, 1, -1};
  tartan_matrix        *a = matrix_make(grid, TARTAN_F64, 12, 7, NULL, one_bad, (void *)&none);
  tartan_matrix        *w = matrix_make(grid, TARTAN_F64, 12, 2, NULL, one_bad, (void *)&none);
  tartan_matrix        *h = matrix_make(grid, TARTAN_F64, 2, 7, NULL, one_bad, (void *)&none);
  tartan_matrix        *bad = matrix_make(grid, TARTAN_F64, 12, 2, NULL, one_bad, (void *)&negative), *again;
  tartan_operator      *op = NULL;
  tartan_nmf_opts       o = TARTAN_NMF_OPTS_INIT;
  const tartan_nmf_opts fresh = TARTAN_NMF_OPTS_INIT;

  check_context("options");
  CHECK_OK(tartan_operator_from_matrix(a, &op));
  refuse(op, 0, NULL, TARTAN_ERR_ARG, NULL);
  refuse(op, 8, NULL, TARTAN_ERR_ARG, "1 to 7");
  o.iterations = 0;
  refuse(op, 2, &o, TARTAN_ERR_ARG, "iterations");
  o = fresh;
  o.tolerance = -1;
  refuse(op, 2, &o, TARTAN_ERR_ARG, "tolerance");
  o = fresh;
  o.l1 = NAN;
  refuse(op, 2, &o, TARTAN_ERR_ARG, "l1");
  o = fresh;
  o.init = (tartan_nmf_init)7;
  refuse(op, 2, &o, TARTAN_ERR_ARG, "start 7");
  o = fresh;
  o.W = w;
  refuse(op, 2, &o, TARTAN_ERR_ARG, "both");
  o.H = h;
  refuse(op, 3, &o, TARTAN_ERR_SHAPE, "k = 3");
  o.W = bad;
  refuse(op, 2, &o, TARTAN_ERR_ARG, "row 2, column 1 ");
  CHECK_STATUS(tartan_nmf_transform(op, w, NULL, &again), TARTAN_ERR_SHAPE);
  CHECK(again == NULL);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&bad);
  tartan_matrix_destroy(&h);
  tartan_matrix_destroy(&w);
  tartan_matrix_destroy(&a);
}

/* What is planned: passes and memory, which a run does not pass. */
static void test_plan(void)
{
  static const h5_layout layout = {.type = "<f8"};
  uint64_t               seed = 6;
  dense                  A = dense_make(3000, 60, holey, &seed);

  h5_write("plan.h5", "/X", &layout, A.m, A.n, value_of, &A);
  for (int s = 0; s < 3; s++) {
    tartan_grid     *grid = grid_world();
    tartan_matrix   *a = matrix_of(grid, TARTAN_F64, &A, NULL), *w, *h;
    tartan_sparse   *few = s == 2 ? sparse_of(grid, TARTAN_F64, &A) : NULL;
    tartan_operator *op = NULL;
    tartan_nmf_opts  opts = TARTAN_NMF_OPTS_INIT;
    tartan_cost      plan;
    tartan_nmf_info  info;
    int64_t          before, peak;

    check_context("plan, source %d", s);
    opts.init = TARTAN_NMF_RANDOM;
    opts.iterations = 4;
    CHECK_OK(s == 2 ? tartan_operator_from_sparse(few, &op)
             : s    ? tartan_operator_open(grid, "plan.h5", NULL, &op)
                    : tartan_operator_from_matrix(a, &op));
    before = grid->memory.peak = grid->memory.used; /* what making the operands took does not count */
    CHECK_OK(tartan_nmf_plan(op, 6, &opts, &plan));
    CHECK_OK(tartan_nmf(op, 6, &opts, &w, &h, &info));
    tartan_grid_memory(grid, NULL, &peak, NULL);
    CHECK_LE((double)info.passes, plan.passes);
    CHECK_LE((double)(peak - before), plan.memory);
    CHECK_STATUS(tartan_nmf_plan(op, 61, &opts, &plan), TARTAN_ERR_ARG);
    tartan_matrix_destroy(&h);
    tartan_matrix_destroy(&w);
    tartan_operator_destroy(&op);
    tartan_sparse_destroy(&few);
    tartan_matrix_destroy(&a);
    tartan_grid_destroy(&grid);
  }
  dense_free(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_loops(grid);
  test_starts(grid);
  test_transform(grid);
  test_stop(grid);
  test_data(grid);
  test_options(grid);
  tartan_grid_destroy(&grid);
  test_bits(false);
  test_bits(true);
  test_plan();
  return check_finish();
}
