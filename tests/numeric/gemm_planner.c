// TEST: np=1,2,4,8,16 labels=numeric,blas timeout=300
/*
 * The planner of products alone, with large shapes, from half as many ranks as there are to all of them: words
 * as few as on any grid that uses all ranks, and close to the proven bound; a cap on memory is kept.
 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include <tartan/blas.h>

#include "check.h"
#include "world.h"

typedef struct shape {
  int64_t m, n, k;
} shape;

/* What a plan says of a grid, by the formula in blas.h. */
static double words_of(const shape *s, int p1, int p2, int p3)
{
  const double m = (double)s->m, n = (double)s->n, k = (double)s->k, a = p1, b = p2, c = p3;

  return m * k / (a * c) * (1 - 1 / b) + k * n / (b * c) * (1 - 1 / a) + m * n / (a * b) * (1 - 1 / c);
}

static double elements(const shape *s)
{
  return (double)s->m * (double)s->n + (double)s->m * (double)s->k + (double)s->n * (double)s->k;
}

/* The bound of Al Daas, Ballard, Grigori, Kumar and Rouse (2022). */
static double bound_of(const shape *s, double P)
{
  double d[3] = {(double)s->m, (double)s->n, (double)s->k}, D;

  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < 2; i++)
      if (d[i] < d[i + 1]) {
        const double swap = d[i];

        d[i] = d[i + 1];
        d[i + 1] = swap;
      }
  if (P <= d[0] / d[1])
    D = (d[0] * d[1] + d[0] * d[2]) / P + d[1] * d[2];
  else if (P <= d[0] * d[1] / (d[2] * d[2]))
    D = 2 * sqrt(d[0] * d[1] * d[2] * d[2] / P) + d[0] * d[1] / P;
  else
    D = 3 * pow(d[0] * d[1] * d[2] / P, 2.0 / 3.0);
  return D - elements(s) / P;
}

static tartan_gemm_opts options(int p1, int p2, int p3)
{
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;

  opts.p1 = p1;
  opts.p2 = p2;
  opts.p3 = p3;
  return opts;
}

/* How many numbers stand in a text. */
static int numbers_in(const char *text)
{
  int count = 0;

  for (const char *c = text; *c; c++)
    count += isdigit((unsigned char)*c) && !(c > text && isalnum((unsigned char)c[-1]));
  return count;
}

/* The fewest words of the grids that use all ranks, each forced. */
static double fewest_words(tartan_grid *grid, const shape *s)
{
  const int P = tartan_grid_size(grid);
  double    fewest = INFINITY;

  for (int p1 = 1; p1 <= P; p1++)
    for (int p2 = 1; p1 * p2 <= P; p2++) {
      const int        p3 = P / (p1 * p2);
      tartan_gemm_opts opts = options(p1, p2, p3);
      tartan_cost      plan;

      if (p1 * p2 * p3 != P) continue;
      if (!CHECK_OK(tartan_gemm_predict(grid, TARTAN_F64, s->m, s->n, s->k, &opts, &plan))) continue;
      CHECK(plan.grid[0] == p1 && plan.grid[1] == p2 && plan.grid[2] == p3);
      CHECK_LE(fabs(plan.words - words_of(s, p1, p2, p3)), 0.06 * words_of(s, p1, p2, p3));
      CHECK_LE(fabs(plan.flops * P - 2.0 * (double)s->m * (double)s->n * (double)s->k), 0.1 * plan.flops * P);
      fewest = fmin(fewest, plan.words);
    }
  return fewest;
}

/* The planner on one shape, with a cap on memory or without. */
static void test_choice(tartan_grid *grid, const shape *s, int64_t cap, double fewest)
{
  const int        P = tartan_grid_size(grid);
  tartan_gemm_opts opts = options(0, 0, 0);
  const double     bound = bound_of(s, P), square = s->m == s->n && s->n == s->k;
  tartan_cost      plan;
  int              used;

  check_context("%lld x %lld x %lld on %d ranks, memory %lld", (long long)s->m, (long long)s->n, (long long)s->k, P,
                (long long)cap);
  opts.memory = cap;
  if (!CHECK_OK(tartan_gemm_predict(grid, TARTAN_F64, s->m, s->n, s->k, &opts, &plan))) return;
  used = plan.grid[0] * plan.grid[1] * plan.grid[2];
  check_context("%lld x %lld x %lld on %d ranks, memory %lld: %d x %d x %d, %.6g words, bound %.6g, \"%s\"",
                (long long)s->m, (long long)s->n, (long long)s->k, P, (long long)cap, plan.grid[0], plan.grid[1],
                plan.grid[2], plan.words, plan.words_bound, plan.reason);
  CHECK(used >= 1 && used <= P);
  CHECK_LE(plan.words, 1.01 * fewest);
  CHECK_LE(fabs(plan.words_bound - bound), 1e-6 * bound);
  CHECK_EQ(plan.words_redistributed, 0);
  if (P == 4 || P == 8 || P == 16) CHECK_LE(plan.words, (P == 4 && square != 0 ? 1.14 : 1.10) * bound);
  if (used < P) CHECK(numbers_in(plan.reason) >= 2); /* what it costs, and what all ranks would */
  if (cap > 0) CHECK_LE(plan.memory, (double)cap);
  CHECK(plan.seconds > 0);
  CHECK(strlen(plan.reason) > 0);
  CHECK(strlen(plan.algorithm) > 0);
}

/* The regimes: square, tall, tall inner product, flat, and a Gram matrix's. */
static void test_planner(int P)
{
  static const shape shapes[] = {{4096, 4096, 4096},
                                 {1200000, 6000, 6000},
                                 {6000, 6000, 1200000},
                                 {100000, 100000, 5000},
                                 {256, 256, 1000000}};
  tartan_grid       *grid = grid_of_first(P, 1);

  for (size_t s = 0; grid && s < sizeof shapes / sizeof *shapes; s++) {
    const double fewest = fewest_words(grid, &shapes[s]);

    test_choice(grid, &shapes[s], 0, fewest);
    test_choice(grid, &shapes[s], (int64_t)(3 * 8 * elements(&shapes[s]) / P), P < 8 ? INFINITY : fewest);
  }
  tartan_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  for (int P = check_size() / 2 + 1; P <= check_size(); P++) test_planner(P);
  return check_finish();
}
