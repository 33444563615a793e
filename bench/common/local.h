/**
 * @file local.h
 * Products of the local BLAS, without communication: what ours are measured against.
 */
#ifndef BENCH_LOCAL_H
#define BENCH_LOCAL_H

#include "comm/grid.h"

/** Operands [m, k], [k, n] and result [m, n] of one product, column-major, without gaps. */
typedef struct bench_local {
  tartan_dtype dtype;
  int64_t      m, n, k;
  void        *a, *b, *c;
} bench_local;

/** Takes and fills the memory; give it to bench_local_free() after a failure too. Local. TARTAN_ERR_NOMEM. */
tartan_status bench_local_make(tt_memory *memory, tartan_dtype dtype, int64_t m, int64_t n, int64_t k, bench_local *x);

void bench_local_free(bench_local *x);

/** C := A B, or C + A B with beta = 1, of the first k columns of A, on so many threads. Local. */
void bench_local_multiply(const bench_local *x, int64_t k, double beta, int threads);

/** Edge of the cube by which the peak is measured: about this work, between 256 and the usual 4000. Local. */
int64_t bench_peak_size(double flops);

#endif
