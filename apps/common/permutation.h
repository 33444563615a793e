/**
 * @file permutation.h
 * Permutations by a formula, so that no rank needs a list: i -> (a i + b) mod n with gcd(a, n) = 1.
 */
#ifndef APP_PERMUTATION_H
#define APP_PERMUTATION_H

#include <stdint.h>

typedef struct app_permutation {
  int64_t a, b, n;
} app_permutation;

/** One that depends on seed, stream and n alone. Local. @param[in] n  at least 1 */
app_permutation app_permutation_make(uint64_t seed, int64_t stream, int64_t n);

/** Where i goes. Local. */
int64_t app_permute(const app_permutation *p, int64_t i);

/** What goes to i. Local. */
int64_t app_permute_back(const app_permutation *p, int64_t i);

#endif
