/**
 * @file bench.h
 * What the benchmarks share: their options, and the table of commands.
 */
#ifndef BENCH_H
#define BENCH_H

#include "common/run.h"

/** Options that every benchmark has; bound to bench_options. */
typedef struct bench_settings {
  int64_t     reps;    /**< repetitions that count */
  int64_t     warmups; /**< repetitions before them */
  const char *json;    /**< "-", or a file that a line is appended to; NULL: a table for people */
} bench_settings;

extern bench_settings    bench_set;
extern const app_option  bench_options[];
extern const app_command bench_gemm, bench_syrk, bench_qr, bench_svd, bench_eigh, bench_solve, bench_topk, bench_pca,
    bench_nmf, bench_regress, bench_search, bench_topn, bench_als, bench_ials, bench_ease, bench_read, bench_redist,
    bench_words, bench_counts;

#endif
