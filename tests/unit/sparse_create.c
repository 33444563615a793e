// TEST: np=1,2,3,4,6,7 labels=unit,sparse timeout=120
/*
 * Sparse matrices against dense brute force: creation from entries scattered over ranks, duplicates of each kind in their
 * order, empty rows, ranks and matrices, a row with more entries than all others, the transpose there and back, and bad
 * input. Entries are integers, so sums are exact.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "sparse/sparse.h"
#include "world.h"

#define ENTRIES_MAX 60000

/* Entries that all ranks know; rank r gives those from at[r] to at[r + 1]. */
typedef struct entries {
  int64_t m, n, count;
  int64_t row[ENTRIES_MAX], col[ENTRIES_MAX];
  double  value[ENTRIES_MAX];
  int64_t at[65];
} entries;

static entries in;

static void deal(int P, bool uneven)
{
  in.at[0] = 0;
  for (int r = 1; r <= P; r++) in.at[r] = in.count * r / P;
  for (int r = 1; uneven && r < P; r++) in.at[r] = r % 2 ? 0 : in.count; /* one or two ranks give all */
  for (int r = 1; r <= P; r++)
    if (in.at[r] < in.at[r - 1]) in.at[r] = in.at[r - 1];
}

static void draw(int64_t m, int64_t n, int64_t count)
{
  in.m = m;
  in.n = n;
  in.count = count;
  for (int64_t e = 0; e < count; e++) {
    in.row[e] = check_pick(m);
    in.col[e] = check_pick(n);
    in.value[e] = (double)(check_pick(2001) - 1000);
  }
}

/* Leaves the first entry of each place alone. */
static void unique(void)
{
  bool   *seen = calloc((size_t)(in.m * in.n + 1), sizeof *seen);
  int64_t kept = 0;

  for (int64_t e = 0; e < in.count; e++) {
    const int64_t place = in.row[e] * in.n + in.col[e];

    if (seen[place]) continue;
    seen[place] = true;
    in.row[kept] = in.row[e];
    in.col[kept] = in.col[e];
    in.value[kept++] = in.value[e];
  }
  in.count = kept;
  free(seen);
}

/* The dense matrix that the entries make, NaN where there is none. */
static double *brute_force(tartan_duplicates what)
{
  double *d = malloc((size_t)(in.m * in.n + 1) * sizeof *d);

  for (int64_t i = 0; i < in.m * in.n; i++) d[i] = NAN;
  for (int64_t e = 0; e < in.count; e++) {
    double *at = &d[in.row[e] * in.n + in.col[e]];

    if (isnan(*at) || what == TARTAN_DUPLICATES_LAST)
      *at = in.value[e];
    else if (what == TARTAN_DUPLICATES_SUM)
      *at += in.value[e];
    else if (what == TARTAN_DUPLICATES_MAX)
      *at = fmax(*at, in.value[e]);
  }
  return d;
}

static tartan_status create(tartan_grid *grid, tartan_dtype dtype, tartan_duplicates what, tartan_sparse **A)
{
  const int64_t      from = in.at[check_rank()], count = in.at[check_rank() + 1] - from;
  tartan_sparse_opts opts = TARTAN_SPARSE_OPTS_INIT;
  float             *narrow = malloc((size_t)(count + 1) * sizeof *narrow);
  tartan_status      st;

  opts.duplicates = what;
  for (int64_t e = 0; e < count; e++) narrow[e] = (float)in.value[from + e];
  st = tartan_sparse_create(grid, dtype, in.m, in.n, count, in.row + from, in.col + from,
                            dtype == TARTAN_F32 ? (void *)narrow : (void *)(in.value + from), &opts, A);
  free(narrow);
  return st;
}

static double value_of(const tartan_sparse *A, int64_t e)
{
  return A->dtype == TARTAN_F32 ? (double)((float *)A->value)[e] : ((double *)A->value)[e];
}

/* Rows lie on ranks in order, and those that are cut are cut at segments. */
static void check_parts(const tartan_sparse *A, const int64_t *length)
{
  const int          P = check_size(), me = check_rank();
  tartan_sparse_part part;
  int64_t            mine[3], all[3 * 64];

  tartan_sparse_local(A, &part);
  CHECK_EQ(A->owner[0], 0);
  CHECK_EQ(A->owner[P], A->m);
  for (int r = 0; r < P; r++) CHECK(A->owner[r] <= A->owner[r + 1]);
  CHECK_EQ(part.rows - (part.before > 0), A->owner[me + 1] - A->owner[me]);
  CHECK_EQ(part.first + (part.before > 0), A->owner[me]);
  CHECK_EQ(part.before % TARTAN_SPARSE_SEGMENT, 0);
  CHECK_EQ(part.ptr[0], 0);
  mine[0] = part.ptr[part.rows];
  for (int64_t i = 0; i < part.rows; i++) {
    const int64_t here = part.ptr[i + 1] - part.ptr[i];

    CHECK_EQ(here + (i == 0 ? part.before : 0) + (i == part.rows - 1 ? part.after : 0), length[part.first + i]);
    if (i == part.rows - 1 && part.after > 0) CHECK_EQ((here + (i == 0 ? part.before : 0)) % TARTAN_SPARSE_SEGMENT, 0);
    CHECK_EQ(tt_sparse_owner(A, part.first + i) == me, i > 0 || part.before == 0);
    for (int64_t e = part.ptr[i] + 1; e < part.ptr[i + 1]; e++) CHECK(part.col[e] > part.col[e - 1]);
  }
  mine[1] = part.before;
  mine[2] = part.after;
  MPI_Allgather(mine, 3, MPI_INT64_T, all, 3, MPI_INT64_T, MPI_COMM_WORLD);
  for (int r = 1; r < P; r++) all[0] += all[3 * r];
  CHECK_EQ(all[0], A->entries);
  CHECK_EQ(all[1], 0);
  CHECK_EQ(all[3 * P - 1], 0);
}

/* Every entry where it belongs, none too many. */
static void check_values(const tartan_sparse *A, const double *d)
{
  int64_t *length = calloc((size_t)A->m + 1, sizeof *length), total = 0, wrong = 0;

  for (int64_t i = 0; i < A->m; i++)
    for (int64_t j = 0; j < A->n; j++) length[i] += !isnan(d[i * A->n + j]);
  for (int64_t i = 0; i < A->m; i++) total += length[i];
  CHECK_EQ(A->entries, total);
  check_parts(A, length);
  for (int64_t i = 0; i < A->rows; i++)
    for (int64_t e = A->ptr[i]; e < A->ptr[i + 1]; e++)
      wrong += !(value_of(A, e) == d[(A->first + i) * A->n + A->col[e]]);
  CHECK_EQ(wrong, 0);
  free(length);
}

static void check_transpose(const tartan_sparse *A, const double *d)
{
  double        *t = malloc((size_t)(A->m * A->n + 1) * sizeof *t);
  tartan_sparse *At = NULL, *back = NULL;

  for (int64_t i = 0; i < A->m; i++)
    for (int64_t j = 0; j < A->n; j++) t[j * A->m + i] = d[i * A->n + j];
  if (CHECK_OK(tartan_sparse_transpose(A, 2.5, &At))) check_values(At, t);
  if (At && CHECK_OK(tartan_sparse_transpose(At, 1, &back))) {
    const int64_t count = A->ptr[A->rows];

    CHECK_EQ(back->first, A->first);
    CHECK_EQ(back->rows, A->rows);
    CHECK(memcmp(back->ptr, A->ptr, (size_t)(A->rows + 1) * sizeof *A->ptr) == 0);
    CHECK(memcmp(back->col, A->col, (size_t)count * sizeof *A->col) == 0);
    CHECK(memcmp(back->value, A->value, (size_t)count * tartan_dtype_size(A->dtype)) == 0);
  }
  tartan_sparse_destroy(&At);
  tartan_sparse_destroy(&back);
  CHECK(At == NULL);
  free(t);
}

static void test_kind(tartan_grid *grid, const char *name, tartan_duplicates what)
{
  for (int dtype = 0; dtype < 2; dtype++)
    for (int uneven = 0; uneven < 2; uneven++) {
      double        *d = brute_force(what);
      tartan_sparse *A = NULL;
      int64_t        m = -1, n = -1, total = -1;

      check_context("%s, %lld x %lld, %lld entries, duplicates %d, %s, %s", name, (long long)in.m, (long long)in.n,
                    (long long)in.count, (int)what, dtype ? "f64" : "f32", uneven ? "uneven" : "even");
      deal(check_size(), uneven);
      if (CHECK_OK(create(grid, (tartan_dtype)dtype, what, &A))) {
        tartan_sparse_shape(A, &m, &n, &total);
        CHECK_EQ(m, in.m);
        CHECK_EQ(n, in.n);
        CHECK_EQ(total, A->entries);
        CHECK(tartan_sparse_dtype(A) == (tartan_dtype)dtype && tartan_sparse_grid(A) == grid);
        check_values(A, d);
        check_transpose(A, d);
      }
      tartan_sparse_destroy(&A);
      free(d);
    }
}

static void test_shapes(tartan_grid *grid)
{
  static const int64_t shapes[][3] = {{0, 0, 0}, {0, 5, 0},    {5, 0, 0},     {1, 1, 0},     {1, 1, 1},
                                      {7, 9, 3}, {2, 3, 6},    {1, 100, 40},  {100, 1, 40},  {37, 53, 500},
                                      {3, 7, 2}, {500, 3, 20}, {64, 64, 900}, {5, 400, 1000}};

  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    draw(shapes[s][0], shapes[s][1], shapes[s][2]);
    unique();
    test_kind(grid, "shape", TARTAN_DUPLICATES_ERROR);
  }
}

static void test_duplicates(tartan_grid *grid)
{
  for (int what = TARTAN_DUPLICATES_SUM; what <= TARTAN_DUPLICATES_MAX; what++) {
    draw(9, 7, 400);
    test_kind(grid, "duplicates", (tartan_duplicates)what);
    draw(1, 1, 100);
    test_kind(grid, "one place", (tartan_duplicates)what);
  }
}

/* Half of the entries in one row, all others thinly spread, and rows without any before, between and behind. */
static void test_heavy(tartan_grid *grid)
{
  for (int at = 0; at < 3; at++) {
    draw(40, 40000, 3000);
    for (int64_t e = 0; e < 3000; e++) in.row[e] = 5 + 3 * (in.row[e] / 4);
    for (int64_t j = 0; j < 40000; j++, in.count++) {
      in.row[in.count] = at == 0 ? 0 : at == 1 ? 20 : 39;
      in.col[in.count] = (j * 7919) % 40000;
      in.value[in.count] = (double)(j % 1000);
    }
    unique();
    test_kind(grid, "heavy row", TARTAN_DUPLICATES_ERROR);
  }
}

/* A sum in f64 in the order of ranks and lists, whoever gives which: 2^53 + 1 + 1 loses both ones, 1 + 1 + 2^53 none. */
static void test_order(tartan_grid *grid)
{
  for (int turned = 0; turned < 2; turned++) {
    tartan_sparse *A = NULL;

    check_context("order of a sum, turned %d", turned);
    draw(1, 1, 3);
    for (int e = 0; e < 3; e++) in.value[e] = e == (turned ? 2 : 0) ? 0x1p53 : 1;
    deal(check_size(), false);
    if (CHECK_OK(create(grid, TARTAN_F64, TARTAN_DUPLICATES_SUM, &A)) && A->ptr[A->rows] > 0)
      CHECK(value_of(A, 0) == 0x1p53 + (turned ? 2 : 0));
    tartan_sparse_destroy(&A);
  }
}

static void test_bad(tartan_grid *grid)
{
  const int          last = check_size() - 1, me = check_rank();
  const int64_t      row[3] = {0, 1, 2}, bad_row[3] = {0, 3, 3}, col[3] = {0, 1, 0}, bad_col[3] = {0, -1, 1};
  const double       good[3] = {1, 2, 3}, bad[3] = {1, NAN, 3}, infinite[3] = {1, 2, INFINITY};
  tartan_sparse_opts opts = TARTAN_SPARSE_OPTS_INIT;
  tartan_sparse     *A = NULL;

  check_context("bad input");
  opts.duplicates = TARTAN_DUPLICATES_SUM;
  CHECK_STATUS(tartan_sparse_create(grid, TARTAN_F64, 3, 2, 3, me == last ? bad_row : row, col, good, &opts, &A),
               TARTAN_ERR_INPUT);
  CHECK(A == NULL && strstr(tartan_error_message(), "2 entries lie outside of 3 x 2; the first is entry 1: row 3"));
  CHECK_STATUS(tartan_sparse_create(grid, TARTAN_F64, 3, 2, 3, row, me == 0 ? bad_col : col, good, &opts, &A),
               TARTAN_ERR_INPUT);
  CHECK_STATUS(tartan_sparse_create(grid, TARTAN_F64, 3, 2, 3, row, col, me == last ? bad : good, &opts, &A),
               TARTAN_ERR_INPUT);
  CHECK(strstr(tartan_error_message(), "1 value is NaN or Inf; the first is entry 1, NaN at row 1") != NULL);
  CHECK_STATUS(tartan_sparse_create(grid, TARTAN_F64, 3, 2, 3, row, col, me == last ? infinite : good, &opts, &A),
               TARTAN_ERR_INPUT);
  CHECK_STATUS(tartan_sparse_create(grid, TARTAN_F64, -1, 2, 0, NULL, NULL, NULL, NULL, &A), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_sparse_create(grid, TARTAN_F64, 3, INT64_C(1) << 31, 0, NULL, NULL, NULL, NULL, &A),
               TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_sparse_create(grid, TARTAN_F64, 3, 2, me == last ? 3 : 0, NULL, col, good, NULL, &A),
               TARTAN_ERR_ARG);
  opts.row_work = -1;
  CHECK_STATUS(tartan_sparse_create(grid, TARTAN_F64, 3, 2, 0, NULL, NULL, NULL, &opts, &A), TARTAN_ERR_ARG);
  draw(6, 4, 2);
  in.count = 4;
  for (int e = 0; e < 4; e++) in.row[e] = 5, in.col[e] = 3;
  deal(check_size(), false);
  CHECK_STATUS(create(grid, TARTAN_F64, TARTAN_DUPLICATES_ERROR, &A), TARTAN_ERR_INPUT);
  CHECK(strstr(tartan_error_message(), "3 entries for a place that has one already; the first is row 5, column 3"));
}

/* NULL values are ones; the largest indices fit; no work of rows at all. */
static void test_edges(tartan_grid *grid)
{
  const int64_t      col = INT64_C(0x7ffffffe);
  tartan_sparse_opts opts = TARTAN_SPARSE_OPTS_INIT;
  tartan_sparse     *A = NULL;

  check_context("edges");
  opts.duplicates = TARTAN_DUPLICATES_SUM;
  draw(50, 20, 0);
  for (int e = 0; e < 2; e++) {
    opts.row_work = 0;
    CHECK_OK(tartan_sparse_create(grid, TARTAN_F32, 50, 20, e, in.row, in.col, NULL, &opts, &A));
    if (A) CHECK_EQ(A->entries, e);
    if (A && A->ptr[A->rows] > 0) CHECK(value_of(A, 0) == check_size());
    tartan_sparse_destroy(&A);
  }
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F32, 50, col + 1, 1, in.row, &col, NULL, &opts, &A));
  if (A && A->ptr[A->rows] > 0) CHECK_EQ(A->col[0], col);
  tartan_sparse_destroy(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_duplicates(grid);
  test_heavy(grid);
  test_order(grid);
  test_bad(grid);
  test_edges(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
