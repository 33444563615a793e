// TEST: np=1,2,3,4,7 labels=unit,io timeout=60
/* Names of one list in another: in order or not, repeated, unknown, empty, of either kind; and lists as files hold them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tartan/io.h>

#include "base/memory.h"
#include "check.h"
#include "io/ids.h"
#include "world.h"

/* A stretch of numbers for each rank, the last of them longer. */
static tt_ids numbers(tartan_grid *grid, const int64_t *all, int64_t total, int64_t *room)
{
  const int64_t P = check_size(), me = check_rank();
  tt_ids        ids = {.grid = grid, .total = total};

  ids.first = total * me / (P + 1);
  ids.count = (me == P - 1 ? total : total * (me + 1) / (P + 1)) - ids.first;
  memcpy(room, all + ids.first, (size_t)ids.count * sizeof *room);
  ids.number = room;
  return ids;
}

/* The first place of a number, by looking at each. */
static int64_t place(const int64_t *all, int64_t total, int64_t number)
{
  for (int64_t i = 0; i < total; i++)
    if (all[i] == number) return i;
  return -1;
}

static void check_numbers(tartan_grid *grid, int64_t asked, int64_t known, int64_t step, bool sorted)
{
  int64_t from[400] = {0}, to[400] = {0}, room[2][400], *index = NULL, count = -1, expected = 0;
  tt_ids  a, b;

  for (int64_t i = 0; i < known; i++) to[i] = sorted ? step * i - 100 : (i * 7919) % 211 - 100;
  for (int64_t i = 0; i < asked; i++) from[i] = (i * 104729) % 307 - 150;
  a = numbers(grid, from, asked, room[0]);
  b = numbers(grid, to, known, room[1]);
  CHECK_OK(tt_ids_match(&a, &b, &index, &count));
  for (int64_t i = 0; i < asked && index; i++) {
    CHECK_EQ(index[i], place(to, known, from[i]));
    expected += index[i] >= 0;
  }
  CHECK_EQ(count, expected);
  tt_free(index);
}

static void check_texts(tartan_grid *grid, bool sorted)
{
  static const char *const in_order[] = {"", "a", "ab", "b", "\xc3\xa9"}, *const mixed[] = {"b", "a", "b", "", "ab"};
  static const char *const asked[] = {"ab", "zz", "b", "", "\xc3\xa9", "a"};
  const char             **to = (const char **)(uintptr_t)(sorted ? in_order : mixed);
  const tt_ids a = {.grid = grid, .text = true, .total = 6, .count = 6, .name = (const char **)(uintptr_t)asked};
  const tt_ids b = {.grid = grid, .text = true, .total = 5, .count = 5, .name = to};
  int64_t     *index = NULL, count = -1;

  CHECK_OK(tt_ids_match(&a, &b, &index, &count));
  for (int64_t i = 0; i < 6 && index; i++) {
    int64_t expected = -1;

    for (int64_t k = 4; k >= 0; k--)
      if (strcmp(to[k], asked[i]) == 0) expected = k;
    CHECK_EQ(index[i], expected);
  }
  CHECK_EQ(count, sorted ? 5 : 4);
  tt_free(index);
}

static void check_kinds(tartan_grid *grid)
{
  const tt_ids texts = {.grid = grid, .text = true}, none = {.grid = grid};
  int64_t     *index = &(int64_t){0}, count = -1;

  CHECK_EQ(tt_ids_match(&texts, &none, &index, &count), TARTAN_ERR_INPUT);
  CHECK(index == NULL && strstr(tartan_error_message(), "texts") != NULL);
  CHECK_OK(tt_ids_match(&none, &none, &index, &count));
  CHECK_EQ(count, 0);
  tt_free(index);
}

/* What was written comes back, in its order. */
static void check_file(tartan_grid *grid)
{
  static const char *const names[] = {"q", "b", "x"};
  const char              *file = "ids-match.h5";
  const int64_t            values[] = {7, -3, 7, 1 << 30, 0};
  const double             half = 0.5;
  int64_t                 *all = NULL;
  tt_output               *out = NULL;
  tt_ids                   ids;

  CHECK_OK(tt_output_create(grid, file, true, &out));
  tt_output_strings(out, "/names", 3, names);
  tt_output_counts(out, "/numbers", 5, values);
  tt_output_vector(out, "/halves", 1, &half);
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_output_commit(&out));
  CHECK_OK(tt_ids_read(grid, file, "/names", &ids));
  CHECK(ids.text && ids.total == 3 && ids.count == 3);
  for (int i = 0; i < 3 && ids.total == 3; i++) CHECK(strcmp(ids.name[i], names[i]) == 0);
  tt_ids_free(&ids);
  CHECK_OK(tt_ids_read(grid, file, "/numbers", &ids));
  CHECK(!ids.text && ids.total == 5);
  CHECK_OK(tt_ids_numbers(&ids, &all));
  for (int i = 0; i < 5 && all; i++) CHECK_EQ(all[i], values[i]);
  tt_free(all);
  tt_ids_free(&ids);
  CHECK_EQ(tt_ids_read(grid, file, "/halves", &ids), TARTAN_ERR_INPUT);
  tt_ids_free(&ids);
  CHECK_EQ(tt_ids_read(grid, file, "/nothing", &ids), TARTAN_ERR_INPUT);
  CHECK(strstr(tartan_error_message(), "/nothing") != NULL);
  tt_ids_free(&ids);
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) (void)unlink(file);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  tartan_io_setup();
  check_start(&argc, &argv);
  grid = grid_world();
  check_numbers(grid, 300, 200, 3, true);
  check_numbers(grid, 300, 400, 1, false);
  check_numbers(grid, 5, 1, 1, true);
  check_numbers(grid, 1, 300, 1, true);
  check_numbers(grid, 0, 10, 1, true);
  check_numbers(grid, 10, 0, 1, true);
  check_texts(grid, true);
  check_texts(grid, false);
  check_kinds(grid);
  check_file(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
