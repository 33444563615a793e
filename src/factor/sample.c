/*
 * Normal samples: each row of X is mean + z L', z from the counter-based generator. Up to n = TARTAN_EIGH_ONE_RANK the
 * root L is found on one rank and sent to all, and each rank multiplies its own rows, in tiles of fixed shape: no bit
 * depends on the number of ranks. Beyond, factorization and products are those of all ranks together.
 */
#include <float.h>
#include <math.h>

#include "base/util.h"
#include "comm/agree.h"
#include "factor/info.h"
#include "factor/sample_impl.h"
#include "factor/solve_impl.h"

/* What every rank sees alike, then the elements of Sigma. Collective. */
static tartan_status check(const tt_sample *s)
{
  const tartan_matrix *Sigma = s->Sigma;
  const double         most = Sigma->dtype == TARTAN_F32 ? FLT_MAX : DBL_MAX;
  double               largest;
  tartan_status        st = TARTAN_OK;

  REQUIRE(Sigma->row.n == Sigma->col.n, TARTAN_ERR_SHAPE, "a covariance matrix is square, this is %lld x %lld",
          (long long)Sigma->row.n, (long long)Sigma->col.n);
  REQUIRE(s->count >= 0, TARTAN_ERR_SHAPE, "%lld samples: the number may not be negative", (long long)s->count);
  for (int64_t j = 0; j < s->n && s->mean; j++)
    REQUIRE(fabs(s->mean[j]) <= most, TARTAN_ERR_INPUT, "the mean of variable %lld (from zero) is %s", (long long)j,
            isnan(s->mean[j])   ? "NaN"
            : isinf(s->mean[j]) ? "Inf"
                                : "beyond the range of f32");
  TRY(tt_solve_largest(Sigma, true, &largest));
done:
  return st;
}

/* All on each rank, from a root that every rank has. Collective. */
static tartan_status sample_one(tt_sample *s, tartan_matrix **X)
{
  tartan_grid  *grid = s->Sigma->grid;
  void         *root = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  root = tt_alloc(&grid->memory, s->n * s->n, tartan_dtype_size(s->Sigma->dtype), "the root of a covariance", &local);
  AGREE(grid, local);
  TRY(tt_sample_root_one(s, root));
  TRY(tt_sample_tiles(s, root, X));
done:
  tt_free(root);
  return st;
}

static tartan_status sample_all(tt_sample *s, tartan_matrix **X)
{
  tartan_matrix *root = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_sample_root_spread(s, &root));
  TRY(tt_sample_spread(s, root, X));
done:
  tartan_matrix_destroy(&root);
  return st;
}

tartan_status tartan_sample_normal(const tartan_matrix *Sigma, const double *mean, int64_t count, uint64_t seed,
                                   tartan_matrix **X, tartan_factor_info *info)
{
  const double  since = tt_seconds();
  tt_sample     s = {.Sigma = Sigma, .mean = mean, .n = Sigma->row.n, .count = count, .seed = seed};
  const bool    one = s.n <= TARTAN_EIGH_ONE_RANK;
  tartan_status st = TARTAN_OK;

  *X = NULL;
  s.condition = (double)NAN;
  TRY(check(&s));
  if (one)
    TRY(sample_one(&s, X));
  else
    TRY(sample_all(&s, X));
  tt_factor_tell(info, s.triangular ? "Cholesky" : "eigenvalues",
                 s.triangular ? "the covariance is positive definite" : "the covariance is singular", s.n,
                 tt_seconds() - since);
  if (info) info->condition = s.condition;
done:
  return st;
}
