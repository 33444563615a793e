// TEST: np=1,2,3,4,7 labels=numeric,model timeout=180
/*
 * The best items of each user against all items scored one by one: the same indices and the same bits of scores for every
 * model and type, on any number of ranks and threads, with tiles of any size, items in ranges of any size, items that were
 * seen or are not allowed, ties, and what is empty.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "check.h"
#include "comm/grid.h"
#include "io_files.h"
#include "matrices.h"
#include "model/predictor_impl.h"

/*
 * Values: any, whole numbers that tie often with every third item like the one before it, or of very different sizes; and
 * items that differ by less than a product in their precision can tell, which only an honest bound keeps apart.
 */
enum { RANDOM, TIES, MIXED, KINDS, CLOSE };

/* What is masked. */
enum { NOTHING, SEEN, ALLOWED, BOTH, MASKS };

/* One case. */
static struct {
  tartan_recommend_model model;
  tartan_dtype           dtype;
  int                    kind, masks;
  bool                   biased;
  int64_t                users, items, k, count;
} now;

/* ------------------------------------------------------------------------------------------------ values */

static double rounded(double v)
{
  return now.dtype == TARTAN_F32 ? (double)(float)v : v;
}

static double value(int64_t row, int64_t j, uint64_t stream)
{
  uint64_t     seed = check_seed() + stream;
  const double r = fill_random(row, j, &seed), ulp = now.dtype == TARTAN_F32 ? 0x1p-23 : 0x1p-52;

  if (now.kind == CLOSE && stream != 2) return rounded(fill_random(0, j, &seed) * (1 + 2 * ulp * r));
  if (now.kind == TIES) return rint(2 * r);
  if (now.kind == MIXED) return rounded(row % 5 == 0 ? 0 : r * pow(10, (double)(row % 13 - 6)));
  return rounded(r);
}

static double item_factor(int64_t item, int64_t j)
{
  return value(now.kind == TIES ? item - item % 3 : item, j, 1);
}

static double user_factor(int64_t user, int64_t j)
{
  return value(user, j, 2);
}

static double item_bias(int64_t item)
{
  return now.model == TARTAN_RECOMMEND_POPULARITY ? (double)(item * 7919 % 23)
                                                  : value(now.kind == TIES ? item - item % 3 : item, 0, 3) / 3;
}

static double user_bias(int64_t user)
{
  return now.model == TARTAN_RECOMMEND_POPULARITY ? 0 : value(user, 0, 4) / 7;
}

static double weight(int64_t j, int64_t item)
{
  return j == item ? 0 : value(now.kind == TIES ? item - item % 3 : item, j, 5);
}

/* Entries: users whose number is 4 more than a multiple of 11 have all items, those one behind them none. */
static bool has(int64_t user, int64_t item, uint64_t stream)
{
  uint64_t seed = check_seed() + stream;

  if (user % 11 == 4) return true;
  return user % 11 != 5 && fill_random(user, item, &seed) > 0.7;
}

static double entry_value(int64_t user, int64_t item)
{
  return 1 + (double)((user + 2 * item) % 5) / 3;
}

static bool is_allowed(int64_t item)
{
  return item % 3 == 1 || item % 10 == 0;
}

/* ------------------------------------------------------------------------------------------------ what is right */

/* The part of a score that depends on the item, in the order that the library promises. */
static double key_of(int64_t user, int64_t item)
{
  double lane[8] = {0}, sum = 0;

  if (now.model == TARTAN_RECOMMEND_EASE) {
    for (int64_t j = 0; j < now.items; j++)
      if (has(user, j, 6)) sum += rounded(entry_value(user, j)) * weight(j, item);
    return sum;
  }
  for (int64_t j = 0; j < now.k; j++) lane[j % 8] += user_factor(user, j) * item_factor(item, j);
  for (int l = 0; l < 8; l++) sum += lane[l];
  return now.biased ? item_bias(item) + sum : sum;
}

typedef struct entry {
  double  key;
  int64_t index;
} entry;

static int better(const void *a, const void *b)
{
  const entry *x = a, *y = b;

  if (x->key != y->key) return x->key > y->key ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

static double mean(void)
{
  return now.model == TARTAN_RECOMMEND_ALS || now.model == TARTAN_RECOMMEND_BIAS ? 3.25 : 0;
}

static void check_list(int64_t user, const int64_t *index, const double *score)
{
  const bool   seen = now.masks == SEEN || now.masks == BOTH, allowed = now.masks == ALLOWED || now.masks == BOTH;
  const double base = now.model == TARTAN_RECOMMEND_EASE ? 0 : mean() + (now.biased ? user_bias(user) : 0);
  entry       *all = malloc((size_t)(now.items + 1) * sizeof *all);
  int64_t      count = 0, wrong = 0;

  for (int64_t i = 0; i < now.items; i++)
    if (!(seen && has(user, i, 6)) && !(allowed && !is_allowed(i))) all[count++] = (entry){key_of(user, i), i};
  qsort(all, (size_t)count, sizeof *all, better);
  for (int64_t r = 0; r < now.count; r++) {
    wrong += index[r] != (r < count ? all[r].index : -1);
    wrong += r < count ? score[r] != base + all[r].key : !isnan(score[r]);
  }
  CHECK_EQ(wrong, 0);
  free(all);
}

/* ------------------------------------------------------------------------------------------------ what is given */

/* Ranges that are far from even: some ranks have no item. */
static void uneven(int P, int64_t *starts)
{
  for (int r = 0; r <= P; r++) starts[r] = now.items * r * r / (P * P);
  if (P > 2) starts[1] = starts[2];
}

static double fill_items(int64_t j, int64_t item, void *unused)
{
  (void)unused;
  return item_factor(item, j);
}

static double fill_bias(int64_t row, int64_t item, void *unused)
{
  (void)row, (void)unused;
  return item_bias(item);
}

static double fill_weights(int64_t j, int64_t item, void *unused)
{
  (void)unused;
  return weight(j, item);
}

/* A matrix [m, items] in uneven ranges. */
static tartan_matrix *make_ranges(tartan_grid *grid, tartan_dtype dtype, int64_t m, tartan_fill *fill)
{
  int64_t       *starts = malloc((size_t)(grid->size + 1) * sizeof *starts);
  tartan_matrix *A = NULL;

  uneven(grid->size, starts);
  if (CHECK_OK(tt_matrix_create_ranges(grid, dtype, m, now.items, starts, NULL, &A))) matrix_fill(A, fill, NULL);
  free(starts);
  return A;
}

static tartan_sparse *make_entries(tartan_grid *grid)
{
  int64_t       *row = malloc((size_t)(now.users * now.items + 1) * sizeof *row);
  int64_t       *col = malloc((size_t)(now.users * now.items + 1) * sizeof *col), n = 0;
  double        *v = malloc((size_t)(now.users * now.items + 1) * sizeof *v);
  float         *narrow = malloc((size_t)(now.users * now.items + 1) * sizeof *narrow);
  tartan_sparse *A = NULL;

  for (int64_t i = 0; i < now.users; i++)
    for (int64_t j = 0; j < now.items; j++) {
      if (!has(i, j, 6) || (i + j) % grid->size != grid->rank) continue;
      row[n] = i;
      col[n] = j;
      narrow[n] = (float)entry_value(i, j);
      v[n++] = entry_value(i, j);
    }
  CHECK_OK(tartan_sparse_create(grid, now.dtype, now.users, now.items, n, row, col,
                                now.dtype == TARTAN_F32 ? (void *)narrow : (void *)v, NULL, &A));
  free(narrow);
  free(v);
  free(col);
  free(row);
  return A;
}

/* A predictor, its users, and their entries. */
typedef struct made {
  tartan_predictor *p;
  tartan_profiles  *profiles;
  tartan_sparse    *entries;
  unsigned char    *allowed;
} made;

static made make(tartan_grid *grid)
{
  const bool              ease = now.model == TARTAN_RECOMMEND_EASE;
  tartan_predictor_values v = {.size = sizeof v,
                               .items = now.items,
                               .mean = mean(),
                               .opts = TARTAN_RECOMMEND_OPTS_INIT};
  made                    m = {.entries = make_entries(grid), .allowed = malloc((size_t)now.items + 1)};

  v.opts.model = now.model;
  v.opts.dtype = now.dtype;
  v.factors = now.k;
  if (now.k > 0) v.item_factors = make_ranges(grid, now.dtype, now.k, fill_items);
  if (now.k > 0) CHECK_OK(tartan_matrix_create(grid, now.dtype, now.k, 0, NULL, &v.user_factors));
  if (now.biased) v.item_bias = make_ranges(grid, TARTAN_F64, 1, fill_bias);
  if (ease) v.weights = make_ranges(grid, now.dtype, now.items, fill_weights);
  for (int64_t i = 0; i < now.items; i++) m.allowed[i] = is_allowed(i) ? 7 : 0;
  CHECK_OK(tartan_predictor_create(grid, &v, true, &m.p));
  CHECK_OK(tt_profiles_make(m.p, now.users, &m.profiles));
  for (int64_t i = 0; i < m.profiles->own; i++) {
    if (now.biased) m.profiles->bias[i] = user_bias(m.profiles->first + i);
    for (int64_t j = 0; j < now.k; j++) {
      const double x = user_factor(m.profiles->first + i, j);

      if (now.dtype == TARTAN_F32)
        ((float *)m.profiles->X->data)[i * now.k + j] = (float)x;
      else
        ((double *)m.profiles->X->data)[i * now.k + j] = x;
    }
  }
  if (ease) m.profiles->history = m.entries;
  return m;
}

static void end(made *m)
{
  tartan_profiles_destroy(&m->profiles);
  tartan_predictor_destroy(&m->p);
  tartan_sparse_destroy(&m->entries);
  free(m->allowed);
}

/* ------------------------------------------------------------------------------------------------ cases */

static void check_result(const tartan_neighbors *result)
{
  const int64_t *index = NULL;
  const double  *score = NULL;
  int64_t        first = 0, count = 0, k = 0;

  tartan_neighbors_local(result, &first, &count, &k, &index, &score);
  CHECK_EQ(k, now.count);
  for (int64_t i = 0; i < count; i++) check_list(first + i, index + i * k, score + i * k);
}

/* With `least`, in the least memory that the plan asks for. */
static void try(tartan_grid *grid, bool least)
{
  made              m = make(grid);
  tartan_topn_opts  o = TARTAN_TOPN_OPTS_INIT;
  tartan_neighbors *result = NULL;
  tartan_cost       plan, cost;

  o.count = now.count;
  if (now.masks == SEEN || now.masks == BOTH) o.seen = m.entries;
  if (now.masks == ALLOWED || now.masks == BOTH) o.allowed = m.allowed;
  if (least) {
    grid->memory.limit = grid->memory.used + 200; /* room for the counts of entries that a plan makes */
    CHECK_STATUS(tartan_predictor_topn(m.p, m.profiles, &o, &result, NULL), TARTAN_ERR_NOMEM);
    CHECK(result == NULL);
    CHECK_STATUS(tartan_predictor_topn_plan(m.p, m.profiles, &o, &plan), TARTAN_ERR_NOMEM);
    CHECK(plan.memory > 0);
    grid->memory.limit = grid->memory.used + (int64_t)plan.memory;
  }
  CHECK_OK(tartan_predictor_topn_plan(m.p, m.profiles, &o, &plan));
  if (CHECK_OK(tartan_predictor_topn(m.p, m.profiles, &o, &result, &cost))) {
    check_result(result);
    CHECK_LE(cost.memory, plan.memory);
    if (grid->size == 1) CHECK(cost.words == 0);
  }
  tartan_neighbors_destroy(&result);
  end(&m);
}

static void test_case(tartan_recommend_model model, int64_t users, int64_t items, int64_t k, int64_t count, bool biased)
{
  now.model = model;
  now.users = users;
  now.items = items;
  now.k = k;
  now.count = count;
  now.biased = biased;
  for (int size = 1; size <= check_size(); size += check_size() > 1 ? check_size() - 1 : 1)
    for (int least = 0; least < 2; least++) {
      tartan_grid *grid = grid_of_first(size, least ? 1 : 2);

      check_context("%d ranks, model %d %s, kind %d, masks %d, %lld users %lld items k %lld count %lld, least %d", size,
                    (int)model, tartan_dtype_name(now.dtype), now.kind, now.masks, (long long)users, (long long)items,
                    (long long)k, (long long)count, least);
      if (grid) try(grid, least == 1);
      tartan_grid_destroy(&grid);
    }
}

static void test_kinds(void)
{
  for (now.kind = 0; now.kind < KINDS; now.kind++)
    for (now.masks = 0; now.masks < MASKS; now.masks++) {
      test_case(TARTAN_RECOMMEND_ALS, 23, 151, 9, 10, true);
      test_case(TARTAN_RECOMMEND_EASE, 17, 83, 0, 5, false);
      if (now.masks == BOTH) continue;
      test_case(TARTAN_RECOMMEND_IALS, 13, 97, 24, 7, false);
      if (now.kind == RANDOM) test_case(TARTAN_RECOMMEND_POPULARITY, 13, 97, 0, 7, true);
      if (now.kind == TIES) test_case(TARTAN_RECOMMEND_BIAS, 13, 97, 0, 7, true);
    }
}

/* No users, fewer than ranks, no items, one, a list longer than the catalogue. */
static void test_shapes(void)
{
  static const int64_t shapes[][3] = {{0, 9, 2}, {1, 9, 3}, {2, 40, 50}, {5, 0, 3}, {5, 1, 1}, {30, 33, 100}};

  now.kind = RANDOM;
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const int64_t *s = shapes[i];

    now.masks = i % 2 ? SEEN : NOTHING;
    test_case(TARTAN_RECOMMEND_ALS, s[0], s[1], 5, s[2], true);
    test_case(TARTAN_RECOMMEND_EASE, s[0], s[1], 0, s[2], false);
    test_case(TARTAN_RECOMMEND_BIAS, s[0], s[1], 0, s[2], true);
  }
}

/* Several blocks of items and users, pools that overflow. */
static void test_many(void)
{
  now.kind = RANDOM;
  now.masks = BOTH;
  test_case(TARTAN_RECOMMEND_ALS, 40, 1700, 6, 33, true);
  now.masks = SEEN;
  now.kind = TIES;
  test_case(TARTAN_RECOMMEND_IALS, 40, 1700, 3, 90, false);
}

/* What the first products, what was put aside, and an earlier tile say of the best may be wrong by roundoff. */
static void test_close(void)
{
  now.kind = CLOSE;
  now.masks = NOTHING;
  test_case(TARTAN_RECOMMEND_IALS, 30, 530, 24, 10, false);
  test_case(TARTAN_RECOMMEND_ALS, 30, 1100, 24, 10, true);
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  for (int t = 0; t < 2; t++) {
    now.dtype = t ? TARTAN_F64 : TARTAN_F32;
    test_kinds();
    test_shapes();
    test_many();
    test_close();
  }
  return check_finish();
}
