/**
 * @file traffic.h
 * Bytes that this process moved over MPI, whoever called it: ScaLAPACK's own messages pass our counters by, so the
 * program puts itself before MPI's functions by MPI's profiling interface.
 *
 * Counted are the calls that ScaLAPACK makes, and those of the same kind that we make, agreements among them, which the
 * grid's counters leave out. Broadcasts count once at either end, as in comm/collective.c.
 */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include <stdint.h>

/** Sets both counts to zero. Local. */
void bench_traffic_reset(void);

/** The larger of bytes sent and bytes received since then. Local. */
int64_t bench_traffic_bytes(void);

#endif
