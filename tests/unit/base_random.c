// TEST: np=0 labels=unit,base
/* The generator: published answers of Philox 4x32-10, range, moments, independence of neighbours. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "check.h"

/* Known answers of Random123 (kat_vectors, philox4x32 10). */
static const struct {
  uint32_t counter[4], key[2], out[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static void test_known_answers(void)
{
  for (int v = 0; v < 3; v++) {
    uint32_t out[4] = {0};

    check_context("known answer %d", v);
    tt_philox(known[v].key, known[v].counter, out);
    for (int w = 0; w < 4; w++) CHECK_EQ(out[w], known[v].out[w]);
  }
}

/* Mean, variance, skewness and kurtosis of n x n draws, against n^2-sized standard errors (5 of them). */
static void test_moments(bool normal, double mean, double variance, double kurtosis)
{
  const int64_t n = 500;
  const double  count = (double)(n * n), error = 5 / sqrt(count);
  double        moment[5] = {0}, low = INFINITY, high = -INFINITY;

  check_context("moments of %s numbers", normal ? "normal" : "uniform");
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < n; i++) {
      const double x = normal ? tt_normal(check_seed(), i, j) : tt_uniform(check_seed(), i, j);
      const double z = (x - mean) / sqrt(variance);

      for (int p = 1; p <= 4; p++) moment[p] += pow(z, p) / count;
      low = fmin(low, x);
      high = fmax(high, x);
    }
  CHECK_LE(fabs(moment[1]), error);
  CHECK_LE(fabs(moment[2] - 1), error * sqrt(kurtosis - 1));
  CHECK_LE(fabs(moment[3]), error * (normal ? sqrt(15) : sqrt(27.0 / 7)));
  CHECK_LE(fabs(moment[4] - kurtosis), error * (normal ? sqrt(96) : sqrt(9 - kurtosis * kurtosis)));
  if (!normal) {
    CHECK(low > 0 && high < 1);
    CHECK_LE(low, 1e-4);
    CHECK_LE(1 - 1e-4, high);
  } else {
    CHECK_LE(3.5, high);
    CHECK_LE(high, 7);
  }
}

/* Neighbours along rows, columns, across seeds and across the high words of the index do not follow each other. */
static void test_correlation(void)
{
  static const struct {
    int64_t  di, dj;
    uint64_t dseed;
  } step[] = {{1, 0, 0},         {0, 1, 0}, {1, 1, 0}, {0, 0, 1}, {(int64_t)1 << 32, 0, 0}, {0, (int64_t)1 << 32, 0},
              {0, 0, 1ull << 32}};
  const int64_t n = 200;

  for (int s = 0; s < 7; s++) {
    double product = 0;

    check_context("correlation at step %d", s);
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < n; i++)
        product += (tt_uniform(check_seed(), i, j) - 0.5) *
                   (tt_uniform(check_seed() + step[s].dseed, i + step[s].di, j + step[s].dj) - 0.5) * 12;
    CHECK_LE(fabs(product) / (double)(n * n), 5.0 / (double)n);
  }
}

/* The transposed index is another number, and the same call gives the same bits. */
static void test_identity(void)
{
  int same = 0;

  check_context("identity");
  for (int64_t i = 0; i < 100; i++) {
    CHECK(tt_uniform(7, i, 3) == tt_uniform(7, i, 3));
    CHECK(tt_normal(7, i, 3) == tt_normal(7, i, 3));
    for (int64_t j = 0; j < i; j++) same += tt_uniform(7, i, j) == tt_uniform(7, j, i);
  }
  CHECK_EQ(same, 0);
  CHECK(isfinite(tt_normal(7, INT64_MAX, INT64_MAX)));
}

int main(int argc, char **argv)
{
  check_start_plain(argc, argv);
  test_known_answers();
  test_moments(false, 0.5, 1.0 / 12, 1.8);
  test_moments(true, 0, 1, 3);
  test_correlation();
  test_identity();
  return check_finish();
}
