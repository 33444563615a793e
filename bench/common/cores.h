/**
 * @file cores.h
 * For a peer that runs in one process on all cores of a node: it gets them, while the other ranks sleep instead of
 * waiting busily.
 */
#ifndef BENCH_CORES_H
#define BENCH_CORES_H

#include "comm/grid.h"

/**
 * Lets all threads of this process run on all cores of the node that the job may use, or on the rank's own again.
 * Local; where the system forbids it, nothing happens.
 */
void bench_cores_take_all(void);
void bench_cores_give_back(void);

/** Waits until every rank has come, asleep for a tenth of a millisecond at a time. Collective. */
tartan_status bench_sleep_until_all(tartan_grid *grid);

#endif
