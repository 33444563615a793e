/* Lower bounds on words, less what a rank holds at the start and at the end. */
#include "blas/bound.h"

#include <math.h>

double tt_product_bound(double m, double n, double k, double P)
{
  const double large = fmax(m, fmax(n, k)), small = fmin(m, fmin(n, k)), middle = m + n + k - large - small;
  const double own = (large * middle + large * small + middle * small) / P;
  double       D;

  if (P <= large / middle)
    D = (large * middle + large * small) / P + middle * small;
  else if (P <= large * middle / (small * small))
    D = 2 * sqrt(large * middle * small * small / P) + large * middle / P;
  else
    D = 3 * pow(large * middle * small / P, 2.0 / 3);
  return fmax(0, D - own);
}

double tt_syrk_bound(double n, double k, double P)
{
  const double triangle = n * (n - 1) / 2, own = (n * k + triangle) / P;
  double       D;

  if (P <= k / sqrt(2 * triangle))
    D = triangle + n * k / P;
  else if (P <= 2 * triangle / (k * k))
    D = sqrt(2 * triangle / P) * k + triangle / P;
  else
    D = 1.5 * pow(2 * triangle * k / P, 2.0 / 3);
  return fmax(0, D - own);
}
