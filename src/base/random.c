/*
 * Philox 4x32-10: ten rounds of two 32 x 32 -> 64 bit products mix a counter under a key. The counter is the global
 * index (i, j), two words each; the key is the seed.
 */
#include "base/random.h"

#include <math.h>

void tt_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4])
{
  uint32_t k0 = key[0], k1 = key[1];
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];

  for (int round = 0; round < 10; round++) {
    const uint64_t a = 0xD2511F53ull * c0, b = 0xCD9E8D57ull * c2;

    c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)b;
    c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/* Two uniform numbers of (0, 1), 52 bits each, that belong to the index (i, j). */
static void uniform_pair(uint64_t seed, int64_t i, int64_t j, double u[2])
{
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  const uint32_t counter[4] = {(uint32_t)i, (uint32_t)((uint64_t)i >> 32), (uint32_t)j, (uint32_t)((uint64_t)j >> 32)};
  uint32_t       word[4];

  tt_philox(key, counter, word);
  for (int h = 0; h < 2; h++) {
    const uint64_t bits = ((uint64_t)word[2 * h] << 32 | word[2 * h + 1]) >> 12;

    u[h] = ((double)bits + 0.5) * 0x1p-52;
  }
}

double tt_uniform(uint64_t seed, int64_t i, int64_t j)
{
  double u[2];

  uniform_pair(seed, i, j, u);
  return u[0];
}

double tt_normal(uint64_t seed, int64_t i, int64_t j)
{
  double u[2];

  uniform_pair(seed, i, j, u);
  return sqrt(-2 * log(u[0])) * cos(6.283185307179586477 * u[1]);
}
