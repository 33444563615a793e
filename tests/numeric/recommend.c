// TEST: np=1,2,3,4,7 labels=numeric,model timeout=120
/*
 * Training of recommenders against dense loops: biases, each half of an epoch, the loss, scores and errors; the loss never rises;
 * a state from a file goes on with the same bits.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/recommend.h>

#include "check.h"
#include "ratings.h"
#include "world.h"

#define K_MAX 24

/* Factors of one side, [rows, k] row-major in f64, on every rank. */
static double *all_factors(const tartan_matrix *F)
{
  int64_t        k, rows;
  tartan_matrix *D = NULL;
  double        *all;

  tartan_matrix_shape(F, &k, &rows);
  all = calloc((size_t)(k * rows + 1), sizeof *all);
  CHECK_OK(tartan_matrix_create(tartan_matrix_grid(F), TARTAN_F64, k, rows, NULL, &D));
  CHECK_OK(tartan_matrix_copy(TARTAN_NO_TRANS, F, D));
  CHECK_OK(tartan_matrix_gather(D, 0, all));
  MPI_Bcast(all, (int)(k * rows), MPI_DOUBLE, 0, MPI_COMM_WORLD);
  tartan_matrix_destroy(&D);
  return all;
}

/* Biases of one side on every rank, from this rank's range. */
static double *all_biases(const tartan_matrix *F, const double *mine, int64_t rows)
{
  double *all = calloc((size_t)rows + 1, sizeof *all);
  int64_t mloc, nloc;

  tartan_matrix_local(F, NULL, &mloc, &nloc);
  for (int64_t j = 0; j < nloc; j++) all[tartan_matrix_global_col(F, j)] = mine[j];
  MPI_Allreduce(MPI_IN_PLACE, all, (int)rows, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return all;
}

/* The rating of row r and column c of a side. */
static double rating(const ratings *x, bool turned, int64_t r, int64_t c)
{
  return turned ? x->value[c * x->items + r] : x->value[r * x->items + c];
}

static double confidence(const tartan_recommend_opts *o, double r)
{
  return o->confidence == TARTAN_CONFIDENCE_CONSTANT ? 1
         : o->confidence == TARTAN_CONFIDENCE_LINEAR ? o->alpha * fabs(r)
                                                     : o->alpha * log(1 + fabs(r));
}

/* What the model knows beside factors. */
typedef struct known {
  const tartan_recommend_opts *o;
  const ratings               *x;
  double                       mean;
  const double                *user_bias, *item_bias;
} known;

static double target(const known *w, bool turned, int64_t r, int64_t c)
{
  return rating(w->x, turned, r, c) - w->mean - w->user_bias[turned ? c : r] - w->item_bias[turned ? r : c];
}

/* Solves A x = b in place by Cholesky. */
static void solve_dense(int64_t k, double *A, double *b)
{
  for (int64_t j = 0; j < k; j++) {
    for (int64_t p = 0; p < j; p++)
      for (int64_t i = j; i < k; i++) A[i + j * k] -= A[i + p * k] * A[j + p * k];
    for (int64_t i = k - 1; i >= j; i--) A[i + j * k] /= sqrt(A[j + j * k]);
  }
  for (int64_t j = 0; j < k; j++) {
    b[j] /= A[j + j * k];
    for (int64_t i = j + 1; i < k; i++) b[i] -= A[i + j * k] * b[j];
  }
  for (int64_t j = k - 1; j >= 0; j--) {
    for (int64_t i = j + 1; i < k; i++) b[j] -= A[i + j * k] * b[i];
    b[j] /= A[j + j * k];
  }
}

/* The equations of row r, lower triangle of A, from the objective as the header states it. Returns its number of entries. */
static double equations(const known *w, bool turned, int64_t r, int64_t columns, const double *Y, double *A,
                        double *out)
{
  const tartan_recommend_opts *o = w->o;
  const int64_t                k = o->factors;
  double                       lambda, n = 0;

  memset(A, 0, (size_t)(k * k) * sizeof *A);
  memset(out, 0, (size_t)k * sizeof *out);
  for (int64_t c = 0; c < columns; c++) n += !isnan(rating(w->x, turned, r, c));
  lambda = o->regularization *
           pow(n + (o->model == TARTAN_RECOMMEND_IALS ? o->unobserved * (double)columns : 0), o->exponent);
  for (int64_t c = 0; c < columns; c++) {
    const double v = rating(w->x, turned, r, c);
    const double p = v > 0, conf = isnan(v) ? 0 : confidence(o, v);
    double       weight, t;

    if (o->model == TARTAN_RECOMMEND_ALS) {
      weight = !isnan(v);
      t = isnan(v) ? 0 : target(w, turned, r, c);
    } else if (o->replaced) {
      weight = o->unobserved + conf;
      t = isnan(v) ? 0 : weight * p;
    } else {
      weight = o->unobserved + conf;
      t = isnan(v) ? 0 : conf * p;
    }
    for (int64_t i = 0; i < k; i++) {
      out[i] += t * Y[c * k + i];
      for (int64_t j = 0; j <= i; j++) A[i + j * k] += weight * Y[c * k + i] * Y[c * k + j];
    }
  }
  for (int64_t i = 0; i < k; i++) A[i + i * k] += lambda;
  return n;
}

static void exact_row(const known *w, bool turned, int64_t r, int64_t columns, const double *Y, double *out)
{
  double A[K_MAX * K_MAX];

  if (equations(w, turned, r, columns, Y, A, out) > 0) solve_dense(w->o->factors, A, out);
}

static double dot(int64_t k, const double *x, const double *y)
{
  double s = 0;

  for (int64_t j = 0; j < k; j++) s += x[j] * y[j];
  return s;
}

static double penalty(const known *w, bool turned, int64_t rows, int64_t columns, const double *X)
{
  const tartan_recommend_opts *o = w->o;
  double                       sum = 0;

  for (int64_t r = 0; r < rows; r++) {
    double n = o->model == TARTAN_RECOMMEND_IALS ? o->unobserved * (double)columns : 0;

    for (int64_t c = 0; c < columns; c++) n += !isnan(rating(w->x, turned, r, c));
    sum += o->regularization * pow(n, o->exponent) * dot(o->factors, X + r * o->factors, X + r * o->factors);
  }
  return sum;
}

/* The objective by brute force. */
static double loss_dense(const known *w, const double *X, const double *Y)
{
  const tartan_recommend_opts *o = w->o;
  double sum = penalty(w, false, w->x->users, w->x->items, X) + penalty(w, true, w->x->items, w->x->users, Y);

  for (int64_t u = 0; u < w->x->users; u++) {
    for (int64_t i = 0; i < w->x->items; i++) {
      const double v = rating(w->x, false, u, i), s = dot(o->factors, X + u * o->factors, Y + i * o->factors);
      const double p = v > 0, conf = isnan(v) ? 0 : confidence(o, v);

      if (o->model == TARTAN_RECOMMEND_ALS)
        sum += isnan(v) ? 0 : pow(target(w, false, u, i) - s, 2);
      else if (o->replaced)
        sum += (o->unobserved + conf) * pow((isnan(v) ? 0 : p) - s, 2);
      else
        sum += o->unobserved * s * s + conf * pow(p - s, 2);
    }
  }
  return sum;
}

/* Largest error of rows of a side against the exact ones, relative to the largest factor. */
static double error_of_side(const known *w, bool turned, const double *X, const double *Y)
{
  const int64_t k = w->o->factors, rows = turned ? w->x->items : w->x->users;
  const int64_t columns = turned ? w->x->users : w->x->items;
  double        error = 0, largest = 0, row[K_MAX];

  for (int64_t r = 0; r < rows; r++) {
    exact_row(w, turned, r, columns, Y, row);
    for (int64_t j = 0; j < k; j++) {
      error = fmax(error, fabs(row[j] - X[r * k + j]));
      largest = fmax(largest, fabs(row[j]));
    }
  }
  return largest > 0 ? error / largest : error;
}

/* Rows of a side are least over x >= 0: no gradient where x > 0, none below zero elsewhere, relative to its terms. */
static void check_nonnegative(const known *w, bool turned, const double *X, const double *Y, double gate)
{
  const int64_t k = w->o->factors, rows = turned ? w->x->items : w->x->users;
  const int64_t columns = turned ? w->x->users : w->x->items;
  double        A[K_MAX * K_MAX], b[K_MAX], worst = 0;

  for (int64_t r = 0; r < rows; r++) {
    const double *x = X + r * k, n = equations(w, turned, r, columns, Y, A, b);
    double        size = 0, below = 0;

    for (int64_t i = 0; i < k; i++) {
      double g = -b[i], terms = fabs(b[i]);

      for (int64_t j = 0; j < k; j++) {
        g += A[i > j ? i + j * k : j + i * k] * x[j];
        terms += fabs(A[i > j ? i + j * k : j + i * k]) * x[j];
      }
      below = fmax(below, x[i] > 0 ? fabs(g) : -g);
      size = fmax(size, terms);
      CHECK(x[i] >= 0 && (n > 0 || x[i] == 0));
    }
    if (n > 0 && size > 0) worst = fmax(worst, below / size);
  }
  CHECK_LE(worst, gate);
}

/* Biases by loops. */
static void biases_dense(const ratings *x, double mean, double damping, double *user, double *item)
{
  for (int sweep = 0; sweep < 50; sweep++) {
    for (int64_t i = 0; i < x->items; i++) {
      double sum = 0, n = 0;

      for (int64_t u = 0; u < x->users; u++) {
        if (isnan(x->value[u * x->items + i])) continue;
        sum += x->value[u * x->items + i] - mean - user[u];
        n++;
      }
      item[i] = n > 0 ? sum / (n + damping) : 0;
    }
    for (int64_t u = 0; u < x->users; u++) {
      double sum = 0, n = 0;

      for (int64_t i = 0; i < x->items; i++) {
        if (isnan(x->value[u * x->items + i])) continue;
        sum += x->value[u * x->items + i] - mean - item[i];
        n++;
      }
      user[u] = n > 0 ? sum / (n + damping) : 0;
    }
  }
}

static void check_biases(const known *w)
{
  double *user = calloc((size_t)w->x->users, sizeof *user), *item = calloc((size_t)w->x->items, sizeof *item);
  double  sum = 0, error = 0;

  for (int64_t e = 0; e < w->x->users * w->x->items; e++) sum += isnan(w->x->value[e]) ? 0 : w->x->value[e];
  CHECK_LE(fabs(w->mean - sum / (double)w->x->entries), 1e-13 * fabs(w->mean));
  biases_dense(w->x, sum / (double)w->x->entries, w->o->damping, user, item);
  for (int64_t u = 0; u < w->x->users; u++) error = fmax(error, fabs(user[u] - w->user_bias[u]));
  for (int64_t i = 0; i < w->x->items; i++) error = fmax(error, fabs(item[i] - w->item_bias[i]));
  CHECK_LE(error, 1e-11);
  free(item);
  free(user);
}

/* Root of the mean squared error of clipped scores. */
static double rmse_dense(const known *w, const double *X, const double *Y)
{
  double sum = 0, low = INFINITY, high = -INFINITY;

  for (int64_t e = 0; e < w->x->users * w->x->items; e++) {
    low = isnan(w->x->value[e]) ? low : fmin(low, w->x->value[e]);
    high = isnan(w->x->value[e]) ? high : fmax(high, w->x->value[e]);
  }
  for (int64_t u = 0; u < w->x->users; u++) {
    for (int64_t i = 0; i < w->x->items; i++) {
      const double v = w->x->value[u * w->x->items + i];
      double       s = w->mean + w->user_bias[u] + w->item_bias[i];

      if (isnan(v)) continue;
      if (X) s += dot(w->o->factors, X + u * w->o->factors, Y + i * w->o->factors);
      sum += pow(fmin(high, fmax(low, s)) - v, 2);
    }
  }
  return sqrt(sum / (double)w->x->entries);
}

/* Three epochs: the item factors are exact for the user factors, the loss is that of brute force and never rises. */
static void check_model(tartan_grid *grid, const ratings *x, const tartan_recommend_opts *o)
{
  /* users of six items are nearly alike: equations of a condition of about 1e4 */
  const double gate = o->dtype == TARTAN_F64 ? 1e-11
                      : x->items == 6        ? 1e-3
                                             : 1e-4,
               slack = o->dtype == TARTAN_F64 ? 1e-12 : 1e-5;
  tartan_sparse          *R = ratings_sparse(grid, x, o->dtype);
  tartan_recommender     *model = NULL;
  tartan_recommend_values v;
  tartan_recommend_epoch  e;
  double                  last = INFINITY;

  if (!CHECK_OK(tartan_recommender_create(R, o, &model))) goto done;
  for (int epoch = 1; epoch <= 3; epoch++) {
    if (!CHECK_OK(tartan_recommender_epoch(model, &e))) break;
    tartan_recommender_get_values(model, &v);
    CHECK_EQ(e.epoch, epoch);

    double *X = all_factors(v.user_factors), *Y = all_factors(v.item_factors);
    double *bu = all_biases(v.user_factors, v.user_bias, x->users);
    double *bi = all_biases(v.item_factors, v.item_bias, x->items);
    known   w = {o, x, v.mean, bu, bi};
    double  loss = loss_dense(&w, X, Y), rmse = 0;

    if (epoch == 1 && o->model == TARTAN_RECOMMEND_ALS && o->bias) check_biases(&w);
    if (o->nonnegative)
      check_nonnegative(&w, true, Y, X, gate);
    else if (o->solver == TARTAN_RECOMMEND_EXACT ||
             (o->solver == TARTAN_RECOMMEND_BLOCK && (o->steps == 0 || o->steps >= o->factors)))
      CHECK_LE(error_of_side(&w, true, Y, X), gate);
    CHECK_LE(fabs(e.loss - loss), 10 * slack * fabs(loss));
    if (o->solver != TARTAN_RECOMMEND_CG) CHECK_LE(e.loss, last * (1 + slack));
    last = e.loss;
    if (o->model == TARTAN_RECOMMEND_ALS) {
      CHECK_OK(tartan_recommender_errors(model, R, &rmse, NULL));
      CHECK_LE(fabs(rmse - rmse_dense(&w, X, Y)), 10 * slack * rmse);
    }
    free(bi);
    free(bu);
    free(Y);
    free(X);
  }
done:
  tartan_recommender_destroy(&model);
  tartan_sparse_destroy(&R);
}

static void try_models(tartan_grid *grid)
{
  static const struct {
    int64_t users, items;
    double  density;
    bool    negative;
  } shapes[] = {{60, 45, 0.3, false}, {23, 170, 0.2, true}, {1, 1, 1, false}, {9000, 6, 0.99, false}};

  for (int s = 0; s < 4; s++) {
    ratings x = ratings_make(shapes[s].users, shapes[s].items, shapes[s].density, shapes[s].negative, check_seed());

    for (int kind = 0; kind < 12; kind++) { /* 7 to 9: blocks, 10 and 11: nonnegative */
      tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;

      if (x.entries == 0 || (s == 3 && kind < 7 && kind % 3 != 0)) continue;
      o.model = kind < 3 || kind == 7 || kind == 11 ? TARTAN_RECOMMEND_ALS : TARTAN_RECOMMEND_IALS;
      o.dtype = kind % 2 ? TARTAN_F32 : TARTAN_F64;
      o.factors = s == 3 ? 5 : kind == 5 ? 20 : 7;
      o.exponent = kind == 1 ? 0 : 1;
      o.bias = kind != 2;
      o.regularization = 0.05;
      o.confidence = kind == 4   ? TARTAN_CONFIDENCE_LINEAR
                     : kind == 5 ? TARTAN_CONFIDENCE_LOG
                                 : TARTAN_CONFIDENCE_CONSTANT;
      o.alpha = 0.7;
      o.replaced = kind == 4 || kind == 6;
      o.solver = kind == 6               ? TARTAN_RECOMMEND_CG
                 : kind > 6 && kind < 10 ? TARTAN_RECOMMEND_BLOCK
                                         : TARTAN_RECOMMEND_EXACT;
      o.steps = kind == 7 ? 3 : kind == 8 ? 2 : 0;
      o.nonnegative = kind > 9;
      o.seed = check_seed();
      check_context("%lld x %lld, kind %d", (long long)x.users, (long long)x.items, kind);
      check_model(grid, &x, &o);
    }
    ratings_free(&x);
  }
}

/* Epochs 1 to 4 at once, and with a file between 2 and 3: the same bits. */
static void check_resume(tartan_grid *grid)
{
  ratings                 x = ratings_make(50, 40, 0.3, false, check_seed());
  tartan_sparse          *R = ratings_sparse(grid, &x, TARTAN_F32);
  tartan_recommend_opts   o = TARTAN_RECOMMEND_OPTS_INIT, other = TARTAN_RECOMMEND_OPTS_INIT;
  tartan_recommender     *a = NULL, *b = NULL, *c = NULL;
  tartan_recommend_values v, w;
  int64_t                 ld, mloc, nloc;
  const char             *file = "recommend-checkpoint.h5";
  char                   *note = NULL;

  o.factors = 8;
  other.factors = 8;
  other.alpha = 2;
  CHECK_OK(tartan_recommender_create(R, &o, &a));
  CHECK_OK(tartan_recommender_create(R, &o, &b));
  CHECK_OK(tartan_recommender_create(R, &other, &c));
  CHECK_OK(tartan_recommender_epoch(a, NULL));
  CHECK_OK(tartan_recommender_keep(a));
  CHECK_OK(tartan_recommender_epoch(a, NULL));
  CHECK_OK(tartan_recommender_checkpoint(a, file, "two epochs"));
  CHECK_OK(tartan_recommender_resume(b, file, &note));
  CHECK(note && strcmp(note, "two epochs") == 0);
  tartan_recommender_note_free(&note);
  CHECK_STATUS(tartan_recommender_resume(c, file, NULL), TARTAN_ERR_CHECKPOINT);
  for (int i = 0; i < 2; i++) CHECK_OK(tartan_recommender_epoch(a, NULL));
  for (int i = 0; i < 2; i++) CHECK_OK(tartan_recommender_epoch(b, NULL));
  tartan_recommender_get_values(a, &v);
  tartan_recommender_get_values(b, &w);
  CHECK_EQ(w.epochs, 4);
  const float *p = tartan_matrix_local(v.item_factors, &ld, &mloc, &nloc);
  const float *q = tartan_matrix_local(w.item_factors, NULL, NULL, NULL);
  CHECK(memcmp(p, q, (size_t)(mloc * nloc) * sizeof *p) == 0);
  CHECK_EQ(tartan_recommender_restore(b), 1);
  tartan_recommender_get_values(b, &w);
  CHECK_EQ(w.epochs, 1);
  CHECK_EQ(tartan_recommender_restore(c), 0);
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) CHECK(remove(file) == 0);
  tartan_recommender_destroy(&c);
  tartan_recommender_destroy(&b);
  tartan_recommender_destroy(&a);
  tartan_sparse_destroy(&R);
  ratings_free(&x);
}

/* Options and data that cannot be. */
static void check_refusals(tartan_grid *grid)
{
  ratings               x = ratings_make(10, 8, 0.5, false, 1), none = ratings_make(4, 4, 0, false, 1);
  tartan_sparse        *R = ratings_sparse(grid, &x, TARTAN_F64), *empty = ratings_sparse(grid, &none, TARTAN_F64);
  tartan_recommender   *model = NULL;
  tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;

  CHECK_STATUS(tartan_recommender_create(empty, NULL, &model), TARTAN_ERR_SHAPE);
  o.factors = 0;
  CHECK_STATUS(tartan_recommender_create(R, &o, &model), TARTAN_ERR_ARG);
  o.factors = 4;
  o.regularization = -1;
  CHECK_STATUS(tartan_recommender_create(R, &o, &model), TARTAN_ERR_ARG);
  o.regularization = (double)NAN;
  CHECK_STATUS(tartan_recommender_create(R, &o, &model), TARTAN_ERR_ARG);
  o.regularization = 1;
  o.steps = -1;
  CHECK_STATUS(tartan_recommender_create(R, &o, &model), TARTAN_ERR_ARG);
  o.steps = 0;
  o.nonnegative = true;
  o.solver = TARTAN_RECOMMEND_BLOCK;
  CHECK_STATUS(tartan_recommender_create(R, &o, &model), TARTAN_ERR_ARG);
  CHECK(!model);
  tartan_sparse_destroy(&empty);
  tartan_sparse_destroy(&R);
  ratings_free(&none);
  ratings_free(&x);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  try_models(grid);
  check_resume(grid);
  check_refusals(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
