// TEST: np=1,2,3,4,6 labels=numeric,blas timeout=120
/*
 * tartan_gemm: for every element |C - C_ref| <= min(k + 2, 4 sqrt(k) + 10) u (|alpha| |op A||op B| + |beta C|), the
 * reference in long double. All transpositions, blocks, arrangements, maps of ranks, types, views at odd offsets with NaN
 * and Inf around the operands, NaN in C with beta = 0; what lies outside of the window of C stays. By plan, on every grid
 * p1 x p2 x p3 that fits, with small panels, with and without overlap and check, and through the PBLAS.
 */
#include <math.h>
#include <string.h>

#include <tartan/blas.h>

#include "check.h"
#include "matrices.h"
#include "matrix/matrix.h"

/* One product: C := alpha op(A) op(B) + beta C, C [m, n], inner dimension k. */
typedef struct product {
  tartan_dtype       dtype;
  tartan_op          op_a, op_b;
  int64_t            m, n, k;
  double             alpha, beta;
  tartan_matrix_opts layout[3]; /* of A, B, C */
  tartan_gemm_opts   opts;
  int                ranks[3][LAYOUT_RANKS_MAX]; /* room for the maps */
} product;

/* A window at an odd offset of a larger matrix; values is the window, replicated. */
typedef struct operand {
  tartan_matrix *whole, *window;
  dense          values;
  int64_t        i0, j0;
} operand;

/* What is around an operand that is only read. */
typedef enum margin { VALUES, POISON } margin;

typedef struct source {
  uint64_t seed;
  bool     nan;
  int64_t  i0, j0, m, n; /* the window */
  margin   around;
} source;

static double source_value(int64_t i, int64_t j, void *context)
{
  source    *s = context;
  const bool inside = i >= s->i0 && i < s->i0 + s->m && j >= s->j0 && j < s->j0 + s->n;

  if (!inside && s->around == POISON) return (i + j) % 2 ? NAN : INFINITY;
  return s->nan ? NAN : fill_random(i, j, &s->seed);
}

static operand make(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, const tartan_matrix_opts *opts,
                    uint64_t seed, bool nan, margin around)
{
  operand       x = {.i0 = check_pick(3) * 5, .j0 = check_pick(3) * 3};
  const int64_t M = x.i0 + m + check_pick(4), N = x.j0 + n + check_pick(4);
  source        s = {seed, nan, x.i0, x.j0, m, n, around};

  x.whole = matrix_make(grid, dtype, M, N, opts, source_value, &s);
  x.values = dense_new(m, n);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) AT(x.values, i, j) = source_value(x.i0 + i, x.j0 + j, &s);
  if (x.whole) CHECK_OK(tartan_matrix_view(x.whole, x.i0, x.j0, m, n, &x.window));
  return x;
}

static void end(operand *x)
{
  tartan_matrix_destroy(&x->whole); /* the parent first: the view holds the memory */
  tartan_matrix_destroy(&x->window);
  dense_free(&x->values);
}

static double gate(tartan_dtype dtype, int64_t k)
{
  return fmin((double)k + 2, 4 * sqrt((double)k) + 10) * unit_roundoff(dtype);
}

/* The scaled residual of C(i, j). */
static double residual(const product *p, double found, const dense *A, const dense *B, double old, int64_t i, int64_t j)
{
  const int64_t k = p->op_a == TARTAN_TRANS ? A->m : A->n;
  long double   sum = 0, size = 0;

  for (int64_t l = 0; l < k; l++) {
    const double a = p->op_a == TARTAN_TRANS ? AT(*A, l, i) : AT(*A, i, l);
    const double b = p->op_b == TARTAN_TRANS ? AT(*B, j, l) : AT(*B, l, j);

    sum += (long double)a * b;
    size += fabsl((long double)a * b);
  }
  sum *= p->alpha;
  size *= fabs(p->alpha);
  if (p->beta != 0) {
    sum += (long double)p->beta * old;
    size += fabsl((long double)p->beta * old);
  }
  if (size == 0) return found == 0 ? 0 : INFINITY;
  return (double)(fabsl(found - sum) / size);
}

static bool same_value(double a, double b)
{
  return a == b || (isnan(a) && isnan(b));
}

/* The window of C by the gate, the rest unchanged; each rank looks at every P-th column. */
static void compare(const product *p, const dense *A, const dense *B, const operand *C, const dense *before,
                    const dense *after)
{
  double  worst = 0;
  int64_t changed = 0;

  for (int64_t j = check_rank(); j < after->n; j += check_size())
    for (int64_t i = 0; i < after->m; i++) {
      const int64_t wi = i - C->i0, wj = j - C->j0;

      if (wi >= 0 && wi < p->m && wj >= 0 && wj < p->n) {
        const double r = residual(p, AT(*after, i, j), A, B, AT(C->values, wi, wj), wi, wj);

        worst = r > worst || isnan(r) ? r : worst;
      } else {
        changed += !same_value(AT(*after, i, j), AT(*before, i, j));
      }
    }
  CHECK_LE(worst, gate(p->dtype, p->k));
  CHECK_EQ(changed, 0);
}

static void say(const product *p)
{
  const tartan_gemm_opts *o = &p->opts;
  char                    text[3][96];

  check_context("%s %lld x %lld x %lld, ops %d %d, alpha %g, beta %g; algorithm %d, grid %d x %d x %d, panel %lld, "
                "overlap %d, check %d; A %s; B %s; C %s",
                tartan_dtype_name(p->dtype), (long long)p->m, (long long)p->n, (long long)p->k, p->op_a, p->op_b,
                p->alpha, p->beta, (int)o->algorithm, o->p1, o->p2, o->p3, (long long)o->panel, (int)o->overlap,
                o->check, layout_text(&p->layout[0], text[0]), layout_text(&p->layout[1], text[1]),
                layout_text(&p->layout[2], text[2]));
}

static void test_product(tartan_grid *grid, const product *p)
{
  const bool ta = p->op_a == TARTAN_TRANS, tb = p->op_b == TARTAN_TRANS;
  operand    A, B, C;
  dense      before, after;

  say(p);
  A = make(grid, p->dtype, ta ? p->k : p->m, ta ? p->m : p->k, &p->layout[0], 11, false, POISON);
  B = make(grid, p->dtype, tb ? p->n : p->k, tb ? p->k : p->n, &p->layout[1], 12, false, POISON);
  C = make(grid, p->dtype, p->m, p->n, &p->layout[2], 13, p->beta == 0, VALUES);
  before = dense_of(C.whole);
  CHECK_OK(tartan_gemm(p->alpha, p->op_a, A.window, p->op_b, B.window, p->beta, C.window, &p->opts));
  after = dense_of(C.whole);
  compare(p, &A.values, &B.values, &C, &before, &after);
  dense_free(&before);
  dense_free(&after);
  end(&A);
  end(&B);
  end(&C);
}

/* Type, transpositions and scalars drawn; options as they come by default. */
static product draw(int64_t m, int64_t n, int64_t k)
{
  static const double    scalars[][2] = {{1, 0}, {-0.5, 1}, {2, -0.25}, {0, 0.5}, {0, 0}, {1, 1}};
  const tartan_gemm_opts defaults = TARTAN_GEMM_OPTS_INIT;
  const int              s = (int)check_pick(6);
  product                p = {.m = m, .n = n, .k = k, .alpha = scalars[s][0], .beta = scalars[s][1], .opts = defaults};

  p.dtype = (tartan_dtype)check_pick(2);
  p.op_a = (tartan_op)check_pick(2);
  p.op_b = (tartan_op)check_pick(2);
  return p;
}

/* Three different layouts, with maps. */
static void draw_layouts(const tartan_grid *grid, product *p)
{
  for (int x = 0; x < 3; x++) {
    p->layout[x] = layout_random(grid);
    layout_draw_ranks(grid, &p->layout[x], p->ranks[x]);
  }
}

static int64_t draw_size(void)
{
  static const int64_t sizes[] = {0, 1, 2, 7, 13, 37, 64, 65};

  return sizes[check_pick(8)];
}

/* Every block size, arrangement and transposition, with shapes around the block. */
static void test_systematic(tartan_grid *grid)
{
  static const int64_t blocks[] = {1, 3, 8, 64};
  int                  arrangement[8][2];
  const int            grids = grid_list(grid, arrangement);
  int64_t              shape[8];

  for (int b = 0; b < 4; b++) {
    const int shapes = shape_list(blocks[b], shape) - (b == 3 ? 2 : 0);

    for (int g = 0; g < grids; g++)
      for (int ops = 0; ops < 4; ops++) {
        product p = draw(shape[check_pick(shapes)], shape[check_pick(shapes)], shape[check_pick(shapes)]);

        p.op_a = (tartan_op)(ops & 1);
        p.op_b = (tartan_op)(ops >> 1);
        for (int x = 0; x < 3; x++)
          p.layout[x] = layout_of(blocks[b], blocks[b], arrangement[g][0], arrangement[g][1], 0, 0);
        if (ops == 3) p.opts.algorithm = TARTAN_GEMM_PBLAS;
        test_product(grid, &p);
      }
  }
}

/* Whatever can be combined, planned and through the PBLAS. */
static void test_random(tartan_grid *grid, int rounds)
{
  static const int64_t panels[] = {0, 1, 3, 16};

  for (int round = 0; round < rounds; round++) {
    product p = draw(draw_size(), draw_size(), draw_size());

    draw_layouts(grid, &p);
    p.opts.algorithm = check_pick(4) == 0 ? TARTAN_GEMM_PBLAS : TARTAN_GEMM_PLANNED;
    p.opts.panel = panels[check_pick(4)];
    p.opts.overlap = (tartan_choice)check_pick(3);
    p.opts.check = check_pick(2);
    test_product(grid, &p);
  }
}

/* Every grid of at most P ranks, from two-dimensional layouts: with default panels, and with small ones. */
static void test_forced(tartan_grid *grid)
{
  static const int64_t panels[] = {0, 1, 3, 16};
  const int            P = tartan_grid_size(grid);

  for (int p1 = 1; p1 <= P; p1++)
    for (int p2 = 1; p1 * p2 <= P; p2++)
      for (int p3 = 1; p1 * p2 * p3 <= P; p3++)
        for (int v = 0; v < 4; v++) {
          product p = draw(1 + check_pick(70), 1 + check_pick(70), v == 3 ? check_pick(4) : 1 + check_pick(90));

          draw_layouts(grid, &p);
          p.opts.p1 = p1;
          p.opts.p2 = p2;
          p.opts.p3 = p3;
          p.opts.panel = panels[v];
          p.opts.overlap = (tartan_choice)check_pick(3);
          p.opts.check = check_pick(2);
          if (v < 2) { /* where the operands of most programs lie */
            int rows, cols;

            tartan_grid_shape(grid, &rows, &cols, NULL, NULL);
            for (int x = 0; x < 3; x++) p.layout[x] = layout_of(8, 8, rows, cols, 0, 0);
          }
          test_product(grid, &p);
        }
}

/* A wide inner dimension: many panels, and more of them on one grid than on the other; default panels of at least 256. */
static void test_long(tartan_grid *grid)
{
  for (int v = 0; v < 6; v++) {
    product p = draw(9, 12, 2111);

    p.alpha = 1;
    draw_layouts(grid, &p);
    p.opts.overlap = (tartan_choice)(v % 3);
    p.opts.p1 = p.opts.p2 = p.opts.p3 = v < 3 ? 0 : 1;
    if (v == 4) p.opts.p3 = tartan_grid_size(grid);
    if (v == 5) p.opts.p2 = tartan_grid_size(grid);
    test_product(grid, &p);
  }
}

/*
 * Blocks of columns that are worth a message each, dealt in turn to one row or one column of ranks: slabs of A are put
 * together from them in the order of B's rows, and the other way round.
 */
static void test_blocks(tartan_grid *grid, int rounds)
{
  static const int64_t blocks[] = {16, 32, 64}, panels[] = {0, 64, 128};
  const int            P = tartan_grid_size(grid);

  for (int round = 0; round < rounds; round++) {
    const int64_t nb = blocks[check_pick(3)];
    const bool    row = check_pick(2);
    product       p = draw(130 + check_pick(90), 130 + check_pick(60), 300 + check_pick(400));

    p.alpha = 1;
    for (int x = 0; x < 3; x++)
      p.layout[x] = layout_of(nb, nb, row ? 1 : P, row ? P : 1, row ? 0 : (int)check_pick(P),
                              row ? (int)check_pick(P) : 0);
    p.opts.panel = panels[check_pick(3)];
    p.opts.overlap = (tartan_choice)check_pick(3);
    p.opts.p1 = row ? 1 : P;
    p.opts.p2 = row ? P : 1;
    p.opts.p3 = 1;
    if (round % 4 == 3) {
      p.opts.p1 = p.opts.p2 = p.opts.p3 = 0;
      p.opts.panel = 0;
      p.opts.memory = 300000;
    }
    test_product(grid, &p);
  }
}

/* A square matrix times itself, or times its own transpose, as one object or as two views that overlap. */
static void test_same_matrix(tartan_grid *grid)
{
  enum { SIZE = 53, SHIFT = 7 };
  const int64_t n = SIZE - SHIFT;
  uint64_t      seed = 21;
  dense         values = dense_make(SIZE, SIZE, fill_random, &seed);

  for (int v = 0; v < 16; v++) {
    product        p = draw(n, n, n);
    const bool     apart = v & 1;
    tartan_matrix *whole, *A = NULL, *B = NULL, *C;
    dense          a = dense_new(n, n), b = dense_new(n, n), after;
    operand        c = {.values = dense_new(n, n)};

    p.beta = 0;
    p.op_b = (tartan_op)(v >> 1 & 1);
    draw_layouts(grid, &p);
    p.opts.algorithm = v >> 2 & 1 ? TARTAN_GEMM_PBLAS : TARTAN_GEMM_PLANNED;
    say(&p);
    whole = matrix_of(grid, p.dtype, &values, &p.layout[0]);
    CHECK_OK(tartan_matrix_view(whole, 0, 0, n, n, &A));
    if (apart) CHECK_OK(tartan_matrix_view(whole, SHIFT, 2, n, n, &B));
    C = matrix_make(grid, p.dtype, n, n, &p.layout[2], fill_place, NULL);
    CHECK_OK(tartan_gemm(p.alpha, p.op_a, A, p.op_b, apart ? B : A, 0, C, &p.opts));
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < n; i++) {
        AT(a, i, j) = AT(values, i, j);
        AT(b, i, j) = apart ? AT(values, SHIFT + i, 2 + j) : AT(values, i, j);
      }
    after = dense_of(C);
    compare(&p, &a, &b, &c, &after, &after);
    CHECK_EQ(matrix_count_wrong(whole, fill_random, &seed), 0);
    tartan_matrix_destroy(&A);
    tartan_matrix_destroy(&B);
    tartan_matrix_destroy(&C);
    tartan_matrix_destroy(&whole);
    dense_free(&after);
    dense_free(&a);
    dense_free(&b);
    dense_free(&c.values);
  }
  dense_free(&values);
}

/* Operands whose columns are cut in ranges, as a file's slabs are. */
static void test_ranges(tartan_grid *grid)
{
  const int P = tartan_grid_size(grid);

  for (int v = 0; v < 4; v++) {
    product        p = draw(19, 14, 31);
    const bool     ta = v & 1, tb = v >> 1;
    const int64_t  am = ta ? 31 : 19, an = ta ? 19 : 31, bm = tb ? 14 : 31, bn = tb ? 31 : 14;
    int64_t        starts[2][LAYOUT_RANKS_MAX + 1] = {{0}};
    tartan_matrix *A = NULL, *B = NULL, *C;
    uint64_t       seed = 31;
    dense          a = dense_make(am, an, fill_random, &seed), b = dense_make(bm, bn, fill_random, &seed), after;
    operand        c = {.values = dense_new(19, 14)};

    p.op_a = (tartan_op)ta;
    p.op_b = (tartan_op)tb;
    p.beta = 0;
    draw_layouts(grid, &p);
    say(&p);
    for (int r = 1; r <= P; r++) { /* the first rank has one column of A, the last all of B */
      starts[0][r] = 1 + (an - 1) * (r - 1) / (P > 1 ? P - 1 : 1);
      starts[1][r] = r == P ? bn : 0;
    }
    starts[0][P] = an;
    CHECK_OK(tt_matrix_create_ranges(grid, p.dtype, am, an, starts[0], NULL, &A));
    CHECK_OK(tt_matrix_create_ranges(grid, p.dtype, bm, bn, starts[1], NULL, &B));
    matrix_fill(A, fill_random, &seed);
    matrix_fill(B, fill_random, &seed);
    C = matrix_make(grid, p.dtype, 19, 14, &p.layout[2], fill_place, NULL);
    CHECK_OK(tartan_gemm(p.alpha, p.op_a, A, p.op_b, B, 0, C, &p.opts));
    after = dense_of(C);
    compare(&p, &a, &b, &c, &after, &after);
    tartan_matrix_destroy(&A);
    tartan_matrix_destroy(&B);
    tartan_matrix_destroy(&C);
    dense_free(&after);
    dense_free(&a);
    dense_free(&b);
    dense_free(&c.values);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_systematic(grid);
  test_random(grid, 300);
  test_forced(grid);
  test_long(grid);
  test_blocks(grid, 16);
  test_same_matrix(grid);
  test_ranges(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
