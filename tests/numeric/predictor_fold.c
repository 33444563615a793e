// TEST: np=1,2,3,4,7 labels=numeric,model timeout=180
/*
 * Users folded in against dense equations: als, ials, nonnegative ones and nmf by the conditions of the least value, puresvd,
 * bias; the next half-step of training comes to the same; bits that do not depend on the number of ranks.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "model/predictor_impl.h"
#include "ratings.h"
#include "world.h"

/* A matrix [k, n] on every rank, column by column in f64. */
static double *everywhere(const tartan_matrix *F)
{
  int64_t        k, n;
  tartan_matrix *D = NULL;
  double        *all;

  tartan_matrix_shape(F, &k, &n);
  all = calloc((size_t)(k * n + 1), sizeof *all);
  CHECK_OK(tartan_matrix_create(tartan_matrix_grid(F), TARTAN_F64, k, n, NULL, &D));
  CHECK_OK(tartan_matrix_copy(TARTAN_NO_TRANS, F, D));
  CHECK_OK(tartan_matrix_gather(D, 0, all));
  MPI_Bcast(all, (int)(k * n), MPI_DOUBLE, 0, F->grid->all);
  tartan_matrix_destroy(&D);
  return all;
}

/* Biases of profiles, as a matrix. */
static double *biases(const tartan_profiles *x)
{
  double        *all;
  tartan_matrix *B = NULL;

  CHECK_OK(tt_matrix_create_ranges(x->p->grid, TARTAN_F64, 1, x->count, x->starts, x->bias, &B));
  all = everywhere(B);
  tartan_matrix_destroy(&B);
  return all;
}

/* A model of random factors on a grid, the same on any number of ranks. */
static tartan_predictor *make_model(tartan_grid *grid, const tartan_recommend_opts *o, int64_t users, int64_t items)
{
  const bool              biased = o->model == TARTAN_RECOMMEND_ALS || o->model == TARTAN_RECOMMEND_BIAS;
  const bool              plain = o->model == TARTAN_RECOMMEND_BIAS;
  int64_t                *starts[2] = {calloc((size_t)grid->size + 1, sizeof(int64_t)),
                                       calloc((size_t)grid->size + 1, sizeof(int64_t))};
  tartan_predictor_values v = {.size = sizeof v, .opts = *o, .users = users, .items = items, .low = 1, .high = 5};
  tartan_predictor       *p = NULL;

  v.factors = plain ? 0 : o->factors;
  v.mean = biased ? 3.25 : 0;
  for (int r = 0; r <= grid->size; r++) {
    starts[0][r] = users * r / grid->size;
    starts[1][r] = r == 0 ? 0 : r == grid->size ? items : items * (2 * r - 1) / (2 * grid->size); /* not even */
  }
  for (int s = 0; s < 2; s++) {
    tartan_matrix **F = s ? &v.item_factors : &v.user_factors, **b = s ? &v.item_bias : &v.user_bias;
    const int64_t   n = s ? items : users;

    if (!plain) {
      CHECK_OK(tt_matrix_create_ranges(grid, o->dtype, o->factors, n, starts[s], NULL, F));
      tartan_matrix_fill_normal(*F, 7 + (uint64_t)s);
    }
    if (o->nonnegative || o->model == TARTAN_RECOMMEND_NMF)
      for (int64_t e = 0; e < (*F)->mloc * (*F)->nloc; e++) ((double *)(*F)->data)[e] = fabs(((double *)(*F)->data)[e]);
    if (biased) {
      CHECK_OK(tt_matrix_create_ranges(grid, TARTAN_F64, 1, n, starts[s], NULL, b));
      tartan_matrix_fill_normal(*b, 9 + (uint64_t)s);
    }
    free(starts[s]);
  }
  CHECK_OK(tartan_predictor_create(grid, &v, true, &p));
  return p;
}

/* ------------------------------------------------------------------------------------------------ dense equations */

/* A [k, k] and b [k] of user u, as recommend.h states the objective. */
static void equations(const tartan_predictor *p, const ratings *r, const double *Y, const double *item_bias,
                      double bias, int64_t u, double *A, double *b)
{
  const tartan_recommend_opts *o = &p->v.opts;
  const int64_t                k = p->v.factors;
  const bool                   als = o->model == TARTAN_RECOMMEND_ALS, nmf = o->model == TARTAN_RECOMMEND_NMF;
  const double                 alpha0 = als ? 0 : nmf ? 1 : o->unobserved;
  double                       n = 0;

  memset(A, 0, (size_t)(k * k) * sizeof *A);
  memset(b, 0, (size_t)k * sizeof *b);
  for (int64_t i = 0; i < r->items; i++) {
    const double  value = r->value[u * r->items + i];
    const bool    there = !isnan(value);
    const double  conf = o->confidence == TARTAN_CONFIDENCE_LINEAR ? o->alpha * fabs(value)
                         : o->confidence == TARTAN_CONFIDENCE_LOG  ? o->alpha * log1p(fabs(value))
                                                                   : 1;
    const double  w = !there || nmf ? alpha0 : als ? 1 : alpha0 + conf;
    const double  t = !there ? 0
                      : nmf  ? value
                      : als  ? value - p->v.mean - bias - item_bias[i]
                             : (value > 0) * (conf + (o->replaced ? alpha0 : 0));
    const double *y = Y + i * k;

    n += there;
    for (int64_t c = 0; c < k; c++) {
      b[c] += t * y[c];
      for (int64_t d = 0; d < k; d++) A[c + d * k] += w * y[c] * y[d];
    }
  }
  for (int64_t c = 0; c < k && !nmf; c++)
    A[c + c * k] += o->regularization * pow(n + (als ? 0 : alpha0 * (double)r->items), o->exponent);
}

/* How far x is from solving A x = b, or from the least value over x >= 0, relative to what rounding moves. */
static double distance(int64_t k, bool nonnegative, const double *A, const double *b, const double *x)
{
  double worst = 0, scale = 0;

  for (int64_t c = 0; c < k; c++) {
    double gradient = -b[c], size = fabs(b[c]);

    for (int64_t d = 0; d < k; d++) {
      gradient += A[c + d * k] * x[d];
      size += fabs(A[c + d * k] * x[d]);
    }
    scale = fmax(scale, size);
    if (nonnegative && x[c] == 0) gradient = fmin(0, gradient);
    if (nonnegative && x[c] < 0) gradient = HUGE_VAL;
    worst = fmax(worst, fabs(gradient));
  }
  return scale > 0 ? worst / scale : worst;
}

/* The damped mean of what mean and item biases leave. */
static double user_bias(const tartan_predictor *p, const ratings *r, const double *item_bias, int64_t u)
{
  double sum = 0, n = 0;

  for (int64_t i = 0; i < r->items; i++) {
    const double value = r->value[u * r->items + i];

    if (isnan(value)) continue;
    sum += value - p->v.mean - item_bias[i];
    n++;
  }
  return n > 0 ? sum / (n + p->v.opts.damping) : 0;
}

static bool has_entries(const ratings *r, int64_t u)
{
  for (int64_t i = 0; i < r->items; i++)
    if (!isnan(r->value[u * r->items + i])) return true;
  return false;
}

/* Every user of r against the equations. */
static void check_users(const tartan_predictor *p, const tartan_profiles *x, const ratings *r)
{
  const int64_t k = p->v.factors;
  const bool    nonnegative = p->v.opts.nonnegative || p->v.opts.model == TARTAN_RECOMMEND_NMF;
  double *Y = k > 0 ? everywhere(p->v.item_factors) : NULL, *X = k > 0 ? everywhere(x->X) : NULL, *bias = biases(x);
  double *item_bias = p->v.item_bias ? everywhere(p->v.item_bias) : calloc((size_t)r->items + 1, sizeof(double));
  double *A = calloc((size_t)(k * k + k + 1), sizeof *A), *b = A + k * k;

  for (int64_t u = 0; u < r->users; u++) {
    const bool solved = p->v.opts.model != TARTAN_RECOMMEND_PURESVD;

    if (p->v.item_bias) CHECK_LE(fabs(bias[u] - user_bias(p, r, item_bias, u)), 1e-13);
    if (!p->v.item_bias) CHECK(bias[u] == 0);
    for (int64_t c = 0; c < k && !has_entries(r, u); c++) CHECK(X[u * k + c] == 0);
    if (k > 0 && solved && has_entries(r, u)) {
      equations(p, r, Y, item_bias, bias[u], u, A, b);
      CHECK_LE(distance(k, nonnegative, A, b, X + u * k), 1e-13);
    }
    for (int64_t c = 0; c < k && !solved; c++) {
      double sum = 0;

      for (int64_t i = 0; i < r->items; i++)
        if (!isnan(r->value[u * r->items + i])) sum += r->value[u * r->items + i] * Y[i * k + c];
      CHECK_LE(fabs(sum - X[u * k + c]), 1e-12);
    }
  }
  free(A);
  free(item_bias);
  free(bias);
  free(X);
  free(Y);
}

/* The kinds of models that are folded in. */
static tartan_recommend_opts kind_of(int kind, tartan_dtype dtype)
{
  static const tartan_recommend_model models[] = {TARTAN_RECOMMEND_ALS,     TARTAN_RECOMMEND_ALS,
                                                  TARTAN_RECOMMEND_IALS,    TARTAN_RECOMMEND_IALS,
                                                  TARTAN_RECOMMEND_IALS,    TARTAN_RECOMMEND_NMF,
                                                  TARTAN_RECOMMEND_PURESVD, TARTAN_RECOMMEND_BIAS};
  tartan_recommend_opts               o = TARTAN_RECOMMEND_OPTS_INIT;

  o.model = models[kind];
  o.dtype = dtype;
  o.factors = 7;
  o.regularization = 0.05;
  o.exponent = kind == 1 ? 0 : 1;
  o.confidence = (tartan_confidence)(kind % 3);
  o.alpha = 1.5;
  o.replaced = kind == 3;
  o.nonnegative = kind == 1 || kind == 4;
  o.solver = kind == 2 ? TARTAN_RECOMMEND_CG : TARTAN_RECOMMEND_EXACT; /* fold-in is exact all the same */
  return o;
}

#define KINDS 8

static void check_dense(tartan_grid *grid, const ratings *r)
{
  tartan_sparse *history = ratings_sparse(grid, r, TARTAN_F64);

  for (int kind = 0; kind < KINDS; kind++) {
    const tartan_recommend_opts o = kind_of(kind, TARTAN_F64);
    tartan_predictor           *p = make_model(grid, &o, 4, r->items);
    tartan_profiles            *x = NULL;

    check_context("%lld x %lld, kind %d", (long long)r->users, (long long)r->items, kind);
    CHECK_OK(tartan_profiles_fold_in(p, history, &x));
    if (x) CHECK_EQ(tartan_profiles_count(x), r->users);
    if (x) check_users(p, x, r);
    tartan_profiles_destroy(&x);
    tartan_predictor_destroy(&p);
  }
  tartan_sparse_destroy(&history);
}

/* ------------------------------------------------------------------------------------------------ the next half-step */

/* Folding in the ratings of the training comes to what the next epoch gives its users: lengths, which no rotation changes. */
static void check_next(tartan_grid *grid, const ratings *r, tartan_recommend_model kind)
{
  tartan_recommend_opts   o = TARTAN_RECOMMEND_OPTS_INIT;
  tartan_sparse          *R = ratings_sparse(grid, r, TARTAN_F64);
  tartan_recommender     *model = NULL;
  tartan_predictor       *p = NULL;
  tartan_profiles        *x = NULL;
  tartan_recommend_values v;
  double                 *folded, *next;

  o.model = kind;
  o.dtype = TARTAN_F64;
  o.factors = 6;
  check_context("the next half-step of model %d", (int)kind);
  CHECK_OK(tartan_recommender_create(R, &o, &model));
  for (int i = 0; i < 3; i++) CHECK_OK(tartan_recommender_epoch(model, NULL));
  CHECK_OK(tartan_predictor_from_recommender(model, &p));
  CHECK_OK(tartan_profiles_fold_in(p, R, &x));
  folded = everywhere(x->X);
  CHECK_OK(tartan_recommender_epoch(model, NULL));
  tartan_recommender_get_values(model, &v);
  next = everywhere(v.user_factors);
  for (int64_t u = 0; u < r->users; u++) {
    double a = 0, b = 0;

    for (int64_t c = 0; c < o.factors; c++) {
      a += folded[u * o.factors + c] * folded[u * o.factors + c];
      b += next[u * o.factors + c] * next[u * o.factors + c];
      if (kind == TARTAN_RECOMMEND_ALS) CHECK_LE(fabs(folded[u * o.factors + c] - next[u * o.factors + c]), 1e-10);
    }
    CHECK_LE(fabs(sqrt(a) - sqrt(b)), 1e-10 * (1 + sqrt(b)));
  }
  free(next);
  free(folded);
  tartan_profiles_destroy(&x);
  tartan_predictor_destroy(&p);
  tartan_recommender_destroy(&model);
  tartan_sparse_destroy(&R);
}

/* ------------------------------------------------------------------------------------------------ bits, refusals */

static void check_bits(const ratings *r, int kind, tartan_dtype dtype)
{
  const tartan_recommend_opts o = kind_of(kind, dtype);
  const size_t                bytes = (size_t)(r->users * (kind == 7 ? 1 : o.factors)) * sizeof(double);
  double                     *first = NULL;

  for (int size = 1; size <= check_size(); size = size < check_size() ? check_size() : size + 1) {
    tartan_grid      *grid = grid_of_first(size, 1);
    tartan_predictor *p;
    tartan_sparse    *history;
    tartan_profiles  *x = NULL;
    double           *here;

    if (!grid) continue;
    check_context("bits of kind %d on %d ranks", kind, size);
    p = make_model(grid, &o, 4, r->items);
    history = ratings_sparse(grid, r, TARTAN_F64);
    CHECK_OK(tartan_profiles_fold_in(p, history, &x));
    here = x->X ? everywhere(x->X) : biases(x);
    if (first) CHECK(memcmp(first, here, bytes) == 0);
    if (first) free(here);
    if (!first) first = here;
    tartan_profiles_destroy(&x);
    tartan_sparse_destroy(&history);
    tartan_predictor_destroy(&p);
    tartan_grid_destroy(&grid);
  }
  free(first);
}

static void check_refused(tartan_grid *grid, const ratings *r)
{
  const tartan_recommend_opts o = kind_of(2, TARTAN_F64);
  tartan_predictor           *p = make_model(grid, &o, 4, r->items + 1);
  tartan_sparse              *history = ratings_sparse(grid, r, TARTAN_F64);
  tartan_profiles            *x = NULL;

  CHECK_STATUS(tartan_profiles_fold_in(p, history, &x), TARTAN_ERR_SHAPE);
  CHECK(x == NULL);
  tartan_sparse_destroy(&history);
  tartan_predictor_destroy(&p);
}

int main(int argc, char **argv)
{
  static const int64_t shapes[][2] = {{60, 40}, {3, 11}, {1, 5}, {20, 200}};
  ratings              r;
  tartan_grid         *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int s = 0; s < 4; s++) {
    r = ratings_make(shapes[s][0], shapes[s][1], 0.3, false, check_seed());
    if (r.entries > 0) check_dense(grid, &r);
    if (s == 0) {
      check_next(grid, &r, TARTAN_RECOMMEND_ALS);
      check_next(grid, &r, TARTAN_RECOMMEND_IALS);
      check_refused(grid, &r);
    }
    ratings_free(&r);
  }
  tartan_grid_destroy(&grid);
  r = ratings_make(5, 9500, 0.95, false, check_seed()); /* rows longer than a segment */
  for (int kind = 0; kind < KINDS; kind++) check_bits(&r, kind, TARTAN_F64);
  ratings_free(&r);
  r = ratings_make(300, 90, 0.2, false, check_seed());
  for (int kind = 0; kind < KINDS; kind++) check_bits(&r, kind, TARTAN_F64);
  check_bits(&r, 2, TARTAN_F32);
  ratings_free(&r);
  return check_finish();
}
