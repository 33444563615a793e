// TEST: np=1,2,3,4,6 labels=unit,io,sparse timeout=60
/*
 * Ratings read from HDF5 against what was written: names as numbers and as texts, dense indices in their order, columns in
 * groups, sparse matrices by rows and by columns, and every kind of bad input with file and column named.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "check.h"
#include "io/ratings.h"
#include "io/sparse_file.h"
#include "io_files.h"
#include "world.h"

#define COUNT 211

/* Columns of a test file; NULL: there is none. */
typedef struct columns {
  int64_t            count;
  const int64_t     *user, *item;
  const double      *user_real;
  const char *const *user_text, *const *item_text;
  const double      *rating, *timestamp;
  const char *const *rating_text;
  int64_t            rating_count; /* of another length; 0: as count */
} columns;

static void write_file(tartan_grid *grid, const char *path, const char *group, const columns *c)
{
  const int64_t ratings = c->rating_count ? c->rating_count : c->count;
  tt_output    *out = NULL;
  char          name[64];

#define NAME(x) (snprintf(name, sizeof name, "%s/%s", group, x), name)
  if (!CHECK_OK(tt_output_create(grid, path, true, &out))) return;
  if (c->user) tt_output_counts(out, NAME("user"), c->count, c->user);
  if (c->user_real) tt_output_vector(out, NAME("user"), c->count, c->user_real);
  if (c->user_text) tt_output_strings(out, NAME("user"), c->count, c->user_text);
  if (c->item) tt_output_counts(out, NAME("item"), c->count, c->item);
  if (c->item_text) tt_output_strings(out, NAME("item"), c->count, c->item_text);
  if (c->rating) tt_output_vector(out, NAME("rating"), ratings, c->rating);
  if (c->rating_text) tt_output_strings(out, NAME("rating"), c->count, c->rating_text);
  if (c->timestamp) tt_output_vector(out, NAME("timestamp"), c->count, c->timestamp);
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_output_commit(&out));
#undef NAME
}

static int64_t numbers[2][COUNT];
static char    letters[2][COUNT][24];
static double  rating[COUNT], timestamp[COUNT];

/* Few names, far apart, some negative, in no order. */
static void draw(void)
{
  for (int c = 0; c < 2; c++)
    for (int e = 0; e < COUNT; e++) {
      const int64_t which = check_pick(c ? 12 : 60);

      numbers[c][e] = which % 3 == 0 ? -which * 1000003 : which * INT64_C(4000000007);
      if (which == 1) numbers[c][e] = INT64_MIN;
      snprintf(letters[c][e], sizeof letters[c][e], "%s%lld", which % 2 ? "Ä" : "u", (long long)which);
    }
  for (int e = 0; e < COUNT; e++) {
    rating[e] = (double)(check_pick(11) - 5) / 2;
    timestamp[e] = 1e9 + (double)check_pick(1000000);
  }
}

static int by_number(const void *a, const void *b)
{
  const int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;

  return (i > j) - (i < j);
}

static int by_text(const void *a, const void *b)
{
  return strcmp(a, b);
}

/* The index of each name among the distinct ones in order. */
static int64_t index_numbers(const int64_t *name, int64_t *index, int64_t *sorted)
{
  int64_t n = 0;

  memcpy(sorted, name, COUNT * sizeof *sorted);
  qsort(sorted, COUNT, sizeof *sorted, by_number);
  for (int e = 0; e < COUNT; e++)
    if (e == 0 || sorted[e] != sorted[n - 1]) sorted[n++] = sorted[e];
  for (int e = 0; e < COUNT; e++)
    index[e] = (const int64_t *)bsearch(&name[e], sorted, (size_t)n, sizeof *sorted, by_number) - sorted;
  return n;
}

static int64_t index_texts(char name[COUNT][24], int64_t *index, char sorted[COUNT][24])
{
  int64_t n = 0;

  memcpy(sorted, name, sizeof(char[COUNT][24]));
  qsort(sorted, COUNT, 24, by_text);
  for (int e = 0; e < COUNT; e++)
    if (e == 0 || strcmp(sorted[e], sorted[n - 1]) != 0) memmove(sorted[n++], sorted[e], 24);
  for (int e = 0; e < COUNT; e++)
    for (int64_t i = 0; i < n; i++)
      if (strcmp(name[e], sorted[i]) == 0) index[e] = i;
  return n;
}

static void check_part(const tt_ratings *r, int64_t total)
{
  const int64_t P = check_size(), me = check_rank();

  CHECK_EQ(r->total, total);
  CHECK_EQ(r->first, total / P * me + tt_min(me, total % P));
  CHECK_EQ(r->count, total / P + (me < total % P));
}

static void check_ids_numbers(const tt_ids *ids, const int64_t *sorted, int64_t n)
{
  CHECK(!ids->text);
  CHECK_EQ(ids->total, n);
  for (int64_t i = 0; i < ids->count; i++) CHECK_EQ(ids->number[i], sorted[ids->first + i]);
}

static void test_numbers(tartan_grid *grid)
{
  columns        c = {COUNT, numbers[0], numbers[1], NULL, NULL, NULL, rating, timestamp, NULL, 0};
  static int64_t index[2][COUNT], sorted[2][COUNT];
  tt_ratings     r;
  int64_t        n[2];

  check_context("names as numbers");
  draw();
  for (int s = 0; s < 2; s++) n[s] = index_numbers(numbers[s], index[s], sorted[s]);
  write_file(grid, "numbers.h5", "/a/b", &c);
  if (CHECK_OK(tt_ratings_read(grid, "numbers.h5:a/b/", NULL, &r))) {
    check_part(&r, COUNT);
    CHECK(!r.matrix && r.timestamp);
    check_ids_numbers(&r.users, sorted[0], n[0]);
    check_ids_numbers(&r.items, sorted[1], n[1]);
    for (int64_t e = 0; e < r.count; e++) {
      CHECK_EQ(r.user[e], index[0][r.first + e]);
      CHECK_EQ(r.item[e], index[1][r.first + e]);
      CHECK(r.rating[e] == rating[r.first + e] && r.timestamp[e] == timestamp[r.first + e]);
    }
  }
  tt_ratings_free(&r);
}

static void test_texts(tartan_grid *grid)
{
  static const char *text[2][COUNT];
  static char        sorted[2][COUNT][24];
  static int64_t     index[2][COUNT];
  columns            c = {COUNT, NULL, NULL, NULL, text[0], text[1], NULL, NULL, NULL, 0};
  tt_output         *out = NULL;
  tt_ratings         r;
  int64_t            n[2];

  check_context("names as texts");
  draw();
  for (int s = 0; s < 2; s++) {
    n[s] = index_texts(letters[s], index[s], sorted[s]);
    for (int e = 0; e < COUNT; e++) text[s][e] = letters[s][e];
  }
  write_file(grid, "texts.h5", "", &c);
  if (CHECK_OK(tt_ratings_read(grid, "texts.h5", NULL, &r))) {
    check_part(&r, COUNT);
    CHECK(!r.timestamp && r.users.text && r.items.text);
    CHECK_EQ(r.users.total, n[0]);
    CHECK_EQ(r.items.total, n[1]);
    for (int64_t i = 0; i < r.users.count; i++) CHECK(strcmp(r.users.name[i], sorted[0][i]) == 0);
    for (int64_t e = 0; e < r.count; e++) {
      CHECK_EQ(r.user[e], index[0][r.first + e]);
      CHECK_EQ(r.item[e], index[1][r.first + e]);
      CHECK(r.rating[e] == 1); /* there is no such column */
    }
    CHECK_OK(tt_output_create(grid, "ids.h5", true, &out));
    tt_ids_declare(&r.users, out, "/user");
    CHECK_OK(tt_output_open(out));
    CHECK_OK(tt_ids_write(&r.users, out, "/user"));
    CHECK_OK(tt_output_commit(&out));
  }
  tt_ratings_free(&r);
}

/* Names are written in their order, and read again each is its own index. */
static void test_ids_written(tartan_grid *grid)
{
  columns    c = {COUNT, numbers[0], numbers[1], NULL, NULL, NULL, NULL, NULL, NULL, 0};
  tt_output *out = NULL;
  tt_ratings r, again;

  check_context("names written");
  draw();
  write_file(grid, "numbers.h5", "", &c);
  if (!CHECK_OK(tt_ratings_read(grid, "numbers.h5", NULL, &r))) return;
  CHECK_OK(tt_output_create(grid, "ids.h5", true, &out));
  tt_ids_declare(&r.users, out, "/user");
  tt_ids_declare(&r.users, out, "/item");
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_ids_write(&r.users, out, "/user"));
  CHECK_OK(tt_ids_write(&r.users, out, "/item"));
  CHECK_OK(tt_output_commit(&out));
  if (CHECK_OK(tt_ratings_read(grid, "ids.h5", NULL, &again))) {
    CHECK_EQ(again.total, r.users.total);
    for (int64_t e = 0; e < again.count; e++) CHECK_EQ(again.user[e], again.first + e);
  }
  tt_ratings_free(&again);
  tt_ratings_free(&r);
}

/* A 5 x 4 matrix: rows 1 and 3 are empty, one entry is an explicit zero. */
static const double  values[6] = {1.5, 0, -2, 4, 5, 6};
static const int64_t indices[6] = {0, 3, 1, 0, 2, 3}, indptr[6] = {0, 2, 2, 3, 3, 6}, shape[2] = {5, 4};

static void write_matrix(tartan_grid *grid, bool csc, const int64_t *ptr, const int64_t *ind, const int64_t *extent)
{
  const int64_t turned[2] = {extent[1], extent[0]};
  tt_output    *out = NULL;

  CHECK_OK(tt_output_create(grid, "matrix.h5", true, &out));
  tt_output_vector(out, "/X/data", 6, values);
  tt_output_counts(out, "/X/indices", 6, ind);
  tt_output_counts(out, "/X/indptr", 6, ptr);
  if (csc) {
    tt_output_text(out, "/X", "encoding-type", "csc_matrix");
    tt_output_integers(out, "/X", "shape", 2, turned);
  } else {
    tt_output_counts(out, "/X/shape", 2, extent);
  }
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_output_commit(&out));
}

static void test_matrix(tartan_grid *grid)
{
  static const int64_t row[6] = {0, 0, 2, 4, 4, 4};

  for (int csc = 0; csc < 2; csc++) {
    tt_ratings r;
    int64_t    count;

    check_context("sparse matrix, %s", csc ? "by columns" : "by rows");
    write_matrix(grid, csc != 0, indptr, indices, shape);
    if (CHECK_OK(tt_ratings_read(grid, "matrix.h5:/X", NULL, &r))) {
      CHECK(r.matrix);
      CHECK_EQ(r.total, 6);
      CHECK_EQ(r.users.total, csc ? 4 : 5);
      CHECK_EQ(r.items.total, csc ? 5 : 4);
      for (int64_t i = 0; i < r.users.count; i++) CHECK_EQ(r.users.number[i], r.users.first + i);
      for (int64_t e = 0; e < r.count; e++) {
        CHECK_EQ((csc ? r.item : r.user)[e], row[r.first + e]);
        CHECK_EQ((csc ? r.user : r.item)[e], indices[r.first + e]);
        CHECK(r.rating[e] == values[r.first + e]);
      }
      count = r.count;
      MPI_Allreduce(MPI_IN_PLACE, &count, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
      CHECK_EQ(count, 6);
    }
    tt_ratings_free(&r);
  }
}

/* Places in lists of names: the dense indices are those places, whether all names occur or not. */
static void test_lists(tartan_grid *grid)
{
  static const int64_t     user[4] = {2, 0, 2, 0}, item[4] = {1, 0, 0, 2}, far[4] = {1, 0, 0, 3};
  static const char *const users[4] = {"z", "y", "x", "w"}, *const items[3] = {"a", "b", "c"};

  for (int bad = 0; bad < 2; bad++) {
    tt_output *out = NULL;
    tt_ratings r;

    check_context("lists of names, %s", bad ? "with a place outside" : "good");
    CHECK_OK(tt_output_create(grid, "lists.h5", true, &out));
    tt_output_counts(out, "/user", 4, user);
    tt_output_counts(out, "/item", 4, bad ? far : item);
    tt_output_strings(out, "/user_ids", 4, users);
    tt_output_strings(out, "/item_ids", 3, items);
    CHECK_OK(tt_output_open(out));
    CHECK_OK(tt_output_commit(&out));
    CHECK_STATUS(tt_ratings_read(grid, "lists.h5", NULL, &r), bad ? TARTAN_ERR_INPUT : TARTAN_OK);
    if (bad) CHECK(io_message_has("lists.h5:/item: element 3 is 3, and /item_ids has 3 names"));
    for (int64_t e = 0; !bad && e < r.count; e++) {
      CHECK_EQ(r.user[e], user[r.first + e]);
      CHECK_EQ(r.item[e], item[r.first + e]);
    }
    if (!bad) CHECK_EQ(r.users.total, 4);
    if (!bad) CHECK(strcmp(r.users.name[0], "z") == 0 && strcmp(r.items.name[2], "c") == 0);
    tt_ratings_free(&r);
  }
}

/* A matrix with a row that is cut between ranks and empty rows, written by all ranks and read again without its group. */
static void test_sparse_file(tartan_grid *grid)
{
  enum { N = 30000 };
  static int64_t row[N + 3], col[N + 3];
  static double  value[N + 3];
  const bool     root = check_rank() == 0;
  tartan_sparse *A = NULL;
  tt_output     *out = NULL;
  tt_ratings     r;
  int64_t        wrong = 0;

  check_context("a sparse matrix written and read");
  for (int64_t e = 0; e < N + 3; e++) {
    row[e] = e < N ? 4 : e - N;
    col[e] = e < N ? e : 7;
    value[e] = (double)(3 * row[e] + col[e]);
  }
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F64, 9, N, root ? N + 3 : 0, row, col, value, NULL, &A));
  if (!A) return;
  CHECK_OK(tt_output_create(grid, "sparse.h5", true, &out));
  tt_sparse_declare(A, out, "/X");
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_sparse_write(A, out, "/X"));
  CHECK_OK(tt_output_commit(&out));
  if (CHECK_OK(tt_ratings_read(grid, "sparse.h5", NULL, &r))) {
    CHECK(r.matrix && strcmp(r.group, "/X") == 0);
    CHECK_EQ(r.total, N + 3);
    CHECK_EQ(r.users.total, 9);
    CHECK_EQ(r.items.total, N);
    for (int64_t e = 0; e < r.count; e++) {
      const int64_t at = r.first + e;

      wrong += r.user[e] != (at < 3 ? at : 4) || r.item[e] != (at < 3 ? 7 : at - 3);
      wrong += r.rating[e] != (double)(3 * r.user[e] + r.item[e]);
    }
    CHECK_EQ(wrong, 0);
  }
  tt_ratings_free(&r);
  tartan_sparse_destroy(&A);
}

static void refuse(tartan_grid *grid, const char *source, tartan_status expected, const char *part)
{
  tt_ratings r;

  check_context("%s: \"%s\" is expected", source, part);
  CHECK_STATUS(tt_ratings_read(grid, source, NULL, &r), expected);
  if (!CHECK(io_message_has(part))) printf("message: %s\n", tartan_error_message());
  tt_ratings_free(&r);
}

static void refuse_file(tartan_grid *grid, const columns *c, tartan_status expected, const char *part)
{
  write_file(grid, "bad.h5", "", c);
  refuse(grid, "bad.h5", expected, part);
}

static void test_bad_columns(tartan_grid *grid)
{
  static const int64_t     id[4] = {5, 6, 7, 5};
  static const double      good[5] = {1, 2, 3, 4, 5}, nan[4] = {1, 2, NAN, 4}, inf[4] = {1, 2, 3, INFINITY};
  static const double      half[4] = {1, 2.5, 3, 4};
  static const char *const words[4] = {"1", "two", "3", "4"};

  refuse_file(grid, &(columns){4, id, id, NULL, NULL, NULL, good, NULL, NULL, 5}, TARTAN_ERR_INPUT,
              "bad.h5: columns of different length: /user has 4, /rating has 5");
  refuse_file(grid, &(columns){4, id, id, NULL, NULL, NULL, nan, NULL, NULL, 0}, TARTAN_ERR_INPUT,
              "bad.h5:/rating holds NaN at element 2");
  refuse_file(grid, &(columns){4, id, id, NULL, NULL, NULL, good, inf, NULL, 0}, TARTAN_ERR_INPUT,
              "bad.h5:/timestamp holds Inf at element 3");
  refuse_file(grid, &(columns){4, id, NULL, NULL, NULL, NULL, good, NULL, NULL, 0}, TARTAN_ERR_INPUT,
              "bad.h5:/ has no item");
  refuse_file(grid, &(columns){4, NULL, NULL, NULL, NULL, NULL, good, NULL, NULL, 0}, TARTAN_ERR_INPUT,
              "has no user and item");
  refuse_file(grid, &(columns){4, id, id, NULL, NULL, NULL, NULL, NULL, words, 0}, TARTAN_ERR_FORMAT,
              "bad.h5:/rating holds string elements");
  refuse_file(grid, &(columns){4, NULL, id, half, NULL, NULL, good, NULL, NULL, 0}, TARTAN_ERR_INPUT,
              "something else than a whole number of 64 bits at element 1");
  refuse_file(grid, &(columns){0, id, id, NULL, NULL, NULL, good, NULL, NULL, 0}, TARTAN_ERR_INPUT, "is empty");
  refuse(grid, "bad.h5:/nowhere", TARTAN_ERR_INPUT, "bad.h5 has no group /nowhere");
  refuse(grid, "missing.h5", TARTAN_ERR_INPUT, "missing.h5");
  io_bytes_file("text.h5", "user,item\n", 10, false);
  refuse(grid, "text.h5", TARTAN_ERR_FORMAT, "text.h5");
}

static void test_bad_matrix(tartan_grid *grid)
{
  static const int64_t falls[6] = {0, 3, 2, 3, 3, 6}, longer[6] = {0, 2, 2, 3, 3, 7}, far[6] = {0, 3, 1, 0, 4, 3};
  static const int64_t other[2] = {6, 4};

  write_matrix(grid, false, falls, indices, shape);
  refuse(grid, "matrix.h5:/X", TARTAN_ERR_INPUT, "matrix.h5:/X/indptr: element 2 is 2");
  write_matrix(grid, false, longer, indices, shape);
  refuse(grid, "matrix.h5:/X", TARTAN_ERR_INPUT, "matrix.h5:/X/indptr: element 5 is 7");
  write_matrix(grid, false, indptr, far, shape);
  refuse(grid, "matrix.h5:/X", TARTAN_ERR_INPUT, "matrix.h5:/X/indices: element 4 is 4, outside of the shape, 5 x 4");
  write_matrix(grid, false, indptr, indices, other);
  refuse(grid, "matrix.h5:/X", TARTAN_ERR_INPUT, "matrix.h5:/X/indptr has 6 elements; a matrix of 6 rows");
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_numbers(grid);
  test_texts(grid);
  test_ids_written(grid);
  test_matrix(grid);
  test_lists(grid);
  test_sparse_file(grid);
  test_bad_columns(grid);
  test_bad_matrix(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
