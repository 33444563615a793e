// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * TSQR gives the same bits on any number of ranks, with any number of threads, from any layout: those of rank 0 alone are
 * compared with those of the first 1, 2, ... ranks. So does R without Q.
 */
#include <string.h>

#include <tartan/factor.h>

#include "check.h"
#include "qr_gates.h"

/* The factors from the first `size` ranks, one after the other: Q, R, R alone. */
static dense bits_of(int size, int threads, tartan_dtype dtype, const dense *A)
{
  tartan_grid       *grid = grid_of_first(size, threads);
  tartan_qr_opts     opts = TARTAN_QR_OPTS_INIT;
  tartan_matrix_opts layout;
  tartan_matrix     *a, *Q = NULL, *R = NULL, *only = NULL;
  dense              all = {0, 0, NULL};

  if (!grid) return all;
  layout = layout_of(1 + 7 * size, 5, size % 2 ? size : 1, size % 2 ? 1 : size, 0, 0);
  a = matrix_of(grid, dtype, A, &layout);
  opts.method = TARTAN_QR_TSQR;
  if (CHECK_OK(tartan_qr(a, &opts, &Q, &R, NULL)) && CHECK_OK(tartan_qr(a, &opts, NULL, &only, NULL))) {
    const dense part[3] = {dense_of(Q), dense_of(R), dense_of(only)};
    int64_t     at = 0;

    all = dense_new(A->m * A->n + 2 * A->n * A->n, 1);
    for (int k = 0; k < 3; k++) {
      dense p = part[k];

      memcpy(all.a + at, p.a, (size_t)(p.m * p.n) * sizeof *p.a);
      at += p.m * p.n;
      dense_free(&p);
    }
    CHECK(memcmp(all.a + A->m * A->n, all.a + A->m * A->n + A->n * A->n, (size_t)(A->n * A->n) * sizeof *all.a) == 0);
    qr_judge_matrices(A, NULL, Q, R);
  }
  tartan_matrix_destroy(&only);
  tartan_matrix_destroy(&R);
  tartan_matrix_destroy(&Q);
  tartan_matrix_destroy(&a);
  tartan_grid_destroy(&grid);
  return all;
}

static void test_shape(int64_t m, int64_t n, tartan_dtype dtype)
{
  uint64_t seed = check_seed();
  dense    A = dense_make(m, n, fill_random, &seed), first = bits_of(1, 1, dtype, &A), other;

  for (int size = 1; size <= check_size(); size++)
    for (int threads = 1; threads <= 2; threads++) {
      check_context("%lld x %lld, %s, on %d ranks with %d threads", (long long)m, (long long)n,
                    tartan_dtype_name(dtype), size, threads);
      other = bits_of(size, threads, dtype, &A);
      if (check_rank() == 0) CHECK(dense_same_bits(&first, &other));
      if (check_rank() < size) dense_free(&other);
    }
  dense_free(&first);
  dense_free(&A);
}

int main(int argc, char **argv)
{
  static const int64_t shapes[][2] = {{1, 1},   {7, 3},    {64, 16},   {257, 16}, {513, 20},
                                      {999, 7}, {1000, 1}, {2050, 33}, {5003, 3}};

  check_start(&argc, &argv);
  for (int s = 0; s < 9; s++)
    for (int t = 0; t < 2; t++) test_shape(shapes[s][0], shapes[s][1], (tartan_dtype)t);
  return check_finish();
}
