/**
 * @file gemr2d.h
 * ScaLAPACK's change of layout, which the library itself does not use: looked up in the library that it has loaded.
 */
#ifndef BENCH_GEMR2D_H
#define BENCH_GEMR2D_H

#include "blas/pblas.h"

/** Two matrices prepared for p?gemr2d. */
typedef struct bench_gemr2d {
  tt_operand from, to;
  int        m, n, context; /**< of all ranks */
  void (*call)(const int *m, const int *n, const void *a, const int *ia, const int *ja, const int *desc_a, void *b,
               const int *ib, const int *jb, const int *desc_b, const int *context);
} bench_gemr2d;

/** Prepares B := A; give it to bench_gemr2d_end(). Collective. TARTAN_ERR_BACKEND, TARTAN_ERR_OVERFLOW. */
tartan_status bench_gemr2d_make(const tartan_matrix *A, tartan_matrix *B, bench_gemr2d *x);

/** B := A. Collective. */
void bench_gemr2d_run(const bench_gemr2d *x);

void bench_gemr2d_end(bench_gemr2d *x);

#endif
