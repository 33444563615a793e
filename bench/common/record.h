/**
 * @file record.h
 * The result of a benchmark: one JSON object on one line, or a table for people.
 */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include "common/bench.h"

#define BENCH_PEERS_MAX 8

/** Something that was run alternately with ours; a ratio above 1 means that ours is faster. */
typedef struct bench_peer {
  const char *name;
  double      seconds_median, ratio;
  double      bytes_max; /**< that it moved; NaN: not counted */
} bench_peer;

/** All that a line says; what is not known or has no meaning is NaN and becomes null. */
typedef struct bench_record {
  const char   *op, *dtype, *algorithm;
  int64_t       m, n, k, block;
  const double *seconds; /**< [reps] */
  int64_t       reps;
  const double *phases;        /**< [TARTAN_PHASES + 1] seconds of all repetitions; NULL: not known */
  double        flops;         /**< of one repetition, all ranks */
  double        peak;          /**< flops per second of the local BLAS on all cores in use */
  double        peak_fraction; /**< 0: the rate of the median run over the peak */
  double        local_fraction;
  double        bytes_max, bytes_redistributed_max, bytes_bound;
  double        residual, residual_limit;
  bench_peer    peer[BENCH_PEERS_MAX];
  int           peers;
  void (*json)(app_json *json, const void *context);      /**< further fields; may be NULL */
  void (*table)(const app_run *run, const void *context); /**< the table's further lines; may be NULL */
  const void *context;
} bench_record;

/** One line of --json with the fields that a function puts. Collective. TARTAN_ERR_IO. */
tartan_status bench_record_line(const app_run *run, void (*put)(app_json *json, const void *context),
                                const void    *context);

/**
 * Writes a record as --json asks: to stdout, appended to a file, or as a table. Collective.
 *
 * @retval TARTAN_ERR_IO         the file cannot be written
 * @retval TARTAN_ERR_TOLERANCE  written, and the residual is beyond its limit
 */
tartan_status bench_record_write(const app_run *run, const bench_record *record);

#endif
