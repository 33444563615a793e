/* Affine maps modulo n; the inverse of a by the extended Euclidean algorithm. */
#include "common/permutation.h"

#include "base/random.h"

static int64_t gcd(int64_t a, int64_t b)
{
  while (b) {
    const int64_t t = a % b;

    a = b;
    b = t;
  }
  return a;
}

app_permutation app_permutation_make(uint64_t seed, int64_t stream, int64_t n)
{
  app_permutation p = {1 + (int64_t)(tt_uniform(seed, -1, stream) * (double)n), 0, n};

  while (gcd(p.a, n) != 1) p.a++;
  p.a %= n;
  p.b = (int64_t)(tt_uniform(seed, -2, stream) * (double)n) % n;
  return p;
}

int64_t app_permute(const app_permutation *p, int64_t i)
{
  return (int64_t)(((unsigned __int128)p->a * (uint64_t)i + (uint64_t)p->b) % (uint64_t)p->n);
}

int64_t app_permute_back(const app_permutation *p, int64_t i)
{
  int64_t r0 = p->n, r1 = p->a, t0 = 0, t1 = 1, d = i - p->b;

  while (r1 > 0) {
    const int64_t q = r0 / r1, r2 = r0 - q * r1, t2 = t0 - q * t1;

    r0 = r1, r1 = r2;
    t0 = t1, t1 = t2;
  }
  if (t0 < 0) t0 += p->n;
  if (d < 0) d += p->n;
  return p->n == 1 ? 0 : (int64_t)((unsigned __int128)t0 * (uint64_t)d % (uint64_t)p->n);
}
