/**
 * @file random.h
 * Counter-based random numbers: the value at a global index depends on seed and index alone, so it is the same on
 * any number of ranks.
 */
#ifndef TT_BASE_RANDOM_H
#define TT_BASE_RANDOM_H

#include <stdint.h>

/**
 * One block of Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers, as easy as 1, 2, 3, 2011). Local.
 *
 * @param[in]  key      2 words
 * @param[in]  counter  4 words
 * @param[out] out      4 words
 */
void tt_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

/** Uniform on the open interval (0, 1), of the global index (i, j), 52 bits. Local. */
double tt_uniform(uint64_t seed, int64_t i, int64_t j);

/** Standard normal, of the global index (i, j), by Box and Muller's transform. Local. */
double tt_normal(uint64_t seed, int64_t i, int64_t j);

#endif
