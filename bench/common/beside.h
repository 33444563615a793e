/**
 * @file beside.h
 * What runs beside a product or a triangle of ours, and what is said of it: local products without messages, the peak,
 * the whole by one process on all cores, ScaLAPACK's; plan and counters; the record.
 */
#ifndef BENCH_BESIDE_H
#define BENCH_BESIDE_H

#include "common/local.h"
#include "common/peers.h"
#include "common/planned.h"
#include "common/product.h"

/** Must be the first member of the context of the cases. */
typedef struct bench_beside {
  app_run      *run;
  double        flops;
  bench_local   local, peak, whole; /**< whole: on rank 0, and only if it was asked for */
  bench_planned planned;
  double        scalapack_bytes;
  bench_cases   cases;
  const char   *layout, *compare;
  int64_t       workspace;
} bench_beside;

/** Cases: the local products, the peak, the whole on one process. */
tartan_status bench_beside_local(void *context);
tartan_status bench_beside_peak(void *context);
tartan_status bench_beside_whole(void *context);

/** Adds ours, "local", "peak" and the peers that were asked for. Local. Errors as bench_peers_add(). */
tartan_status bench_beside_begin(bench_beside *b, tartan_status (*ours)(void *context), const bench_offer *offers);

/** Takes the memory; `local` and `whole` say what is to be computed. Collective. TARTAN_ERR_NOMEM. */
tartan_status bench_beside_make(bench_beside *b, const bench_local *local, const bench_local *whole);

void bench_beside_free(bench_beside *b);

/**
 * Runs ours once more, counted, and tests the result; counts ScaLAPACK's traffic. Collective.
 *
 * @param[in]     b      the context of the cases
 * @param[in,out] C      the result, set to NaN before
 * @param[out]    r      bytes and residual; its algorithm says whose bytes count
 */
tartan_status bench_beside_verify(bench_beside *b, const bench_offer *offers, const bench_product *product,
                                  tartan_matrix *C, bench_record *r);

/** Fills times, speed, peers and the further fields; op, sizes and dtype are the caller's. Local. */
void bench_beside_record(const bench_beside *b, const bench_offer *offers, bench_record *r);

#endif
