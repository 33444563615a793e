/*
 * Sorting by 11 bits at a time from the lowest (passes in which all keys agree are left out), and the order over ranks by
 * regular sampling: each rank sorts what it has, samples at equal distances stand for their share of its pairs, all ranks
 * cut the sorted sample alike (Shi, Schaeffer 1992), and one exchange brings each pair to its rank, where what came,
 * merged in the order of ranks, is the order of all.
 */
#include "sparse/pairs.h"

#include <string.h>

#include "base/util.h"

#define DIGIT_BITS 11
#define DIGITS (1 << DIGIT_BITS)
#define PASSES 6
#define SAMPLES_ALL 65536 /* of all ranks together, as far as SAMPLES_MIN lets */
#define SAMPLES_MIN 32
#define SAMPLES_MAX 2048
#define RUNS_MAX 8 /* that are merged instead of sorted */

static void sort_pass(const tt_pair *from, tt_pair *to, int64_t count, int shift, int64_t *at)
{
  for (int64_t e = 0; e < count; e++) to[at[from[e].key >> shift & (DIGITS - 1)]++] = from[e];
}

void tt_pairs_sort(tt_pair *pair, tt_pair *work, int64_t count)
{
  tt_pair *from = pair, *to = work;
  uint64_t differ = 0;
  bool     sorted = true;

  for (int64_t e = 1; e < count; e++) {
    differ |= pair[e].key ^ pair[0].key;
    sorted &= pair[e].key >= pair[e - 1].key;
  }
  if (sorted) return;
  for (int pass = 0; pass < PASSES; pass++) {
    const int shift = pass * DIGIT_BITS;
    int64_t   at[DIGITS] = {0}, sum = 0;
    tt_pair  *swap = from;

    if ((differ >> shift & (DIGITS - 1)) == 0) continue;
    for (int64_t e = 0; e < count; e++) at[from[e].key >> shift & (DIGITS - 1)]++;
    for (int d = 0; d < DIGITS; d++) {
      const int64_t here = at[d];

      at[d] = sum;
      sum += here;
    }
    sort_pass(from, to, count, shift, at);
    from = to;
    to = swap;
  }
  if (from != pair) memcpy(pair, from, (size_t)count * sizeof *pair);
}

int64_t tt_pairs_below(const tt_pair *pair, int64_t count, uint64_t key)
{
  int64_t low = 0, high = count;

  while (low < high) {
    const int64_t middle = low + (high - low) / 2;

    if (pair[middle].key < key)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Where the sorted sample passes each rank's share of the work. */
static void cut_sample(const tt_pair *sample, int64_t samples, double row_work, int64_t rows, int P, uint64_t *split)
{
  double  total = row_work * (double)rows, before = 0;
  int64_t s = 0;

  for (int64_t e = 0; e < samples; e++) total += sample[e].value;
  for (int r = 1; r < P; r++) {
    const double target = total * r / P;

    while (s < samples && before + sample[s].value / 2 + row_work * (double)(sample[s].key >> TT_COL_BITS) < target)
      before += sample[s++].value;
    split[r - 1] = s < samples ? sample[s].key : UINT64_MAX;
  }
}

tartan_status tt_pairs_split(tartan_grid *grid, const tt_pair *pair, int64_t count, double row_work, int64_t rows,
                             uint64_t *split)
{
  const int     P = grid->size;
  const int64_t each = tt_min(SAMPLES_MAX, tt_max(SAMPLES_MIN, SAMPLES_ALL / P));
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  tt_pair      *mine, *all;

  mine = tt_alloc_zero(&grid->memory, each, sizeof *mine, "a sample of entries", &local);
  all = tt_alloc(&grid->memory, 2 * P * each, sizeof *all, "the sample of all ranks", &local);
  AGREE(grid, local);
  for (int64_t s = 0; s < each && count > 0; s++) {
    mine[s].key = pair[(int64_t)(((double)s + 0.5) / (double)each * (double)count)].key;
    mine[s].value = (double)count / (double)each;
  }
  TRY(tt_allgather(grid, mine, each, sizeof *mine, all));
  tt_pairs_sort(all, all + P * each, P * each);
  cut_sample(all, P * each, row_work, rows, P, split);
done:
  tt_free(all);
  tt_free(mine);
  return st;
}

/* Two sorted runs as one; of equal keys those of the first come first. */
static void merge_two(const tt_pair *a, int64_t na, const tt_pair *b, int64_t nb, tt_pair *to)
{
  int64_t i = 0, j = 0;

  while (i < na && j < nb) *to++ = b[j].key < a[i].key ? b[j++] : a[i++];
  memcpy(to, a + i, (size_t)(na - i) * sizeof *to);
  memcpy(to + na - i, b + j, (size_t)(nb - j) * sizeof *to);
}

/* Merges neighbours until one run is left: fewer passes than a sort has, up to RUNS_MAX. @param[in,out] at  [runs + 1] */
static void merge_runs(tt_pair *pair, tt_pair *work, int64_t runs, int64_t *at)
{
  tt_pair *from = pair, *to = work;

  while (runs > 1) {
    tt_pair *swap = from;
    int64_t  n = 0;

    for (int64_t r = 0; r < runs; r += 2) {
      const int64_t low = at[r], middle = at[r + 1], high = r + 2 <= runs ? at[r + 2] : middle;

      merge_two(from + low, middle - low, from + middle, high - middle, to + low);
      at[n++] = low;
    }
    at[n] = at[runs];
    runs = n;
    from = to;
    to = swap;
  }
  if (from != pair) memcpy(pair, from, (size_t)at[1] * sizeof *pair);
}

/* The runs of all ranks, which lie behind each other, in one order; the caller agrees. */
static void join_runs(tartan_grid *grid, tt_pair *pair, const tt_routes *routes, tartan_status *local)
{
  const int P = grid->size;
  tt_pair  *work = tt_alloc(&grid->memory, routes->received, sizeof *work, "entries to be sorted", local);
  int64_t  *at = tt_alloc(NULL, P + (int64_t)1, sizeof *at, "runs of entries", local);

  if (*local == TARTAN_OK && P > RUNS_MAX) tt_pairs_sort(pair, work, routes->received);
  if (*local == TARTAN_OK && P <= RUNS_MAX) {
    memcpy(at, routes->recv_at, (size_t)P * sizeof *at);
    at[P] = routes->received;
    merge_runs(pair, work, P, at);
  }
  tt_free(at);
  tt_free(work);
}

/* Sorts in memory that is taken for as long; the caller agrees. */
static void sort_here(tartan_grid *grid, tt_pair *pair, int64_t count, tartan_status *local)
{
  tt_pair *work = tt_alloc(&grid->memory, count, sizeof *work, "entries to be sorted", local);

  if (work) tt_pairs_sort(pair, work, count);
  tt_free(work);
}

tartan_status tt_pairs_spread(tartan_grid *grid, double row_work, int64_t rows, tt_pair **pair, int64_t *count)
{
  const int     P = grid->size;
  tt_pair      *mine = *pair, *came = NULL;
  tt_routes     routes = {.grid = grid};
  uint64_t     *split = NULL;
  int64_t       at = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *pair = NULL;
  sort_here(grid, mine, *count, &local);
  split = tt_alloc(NULL, P, sizeof *split, "where entries are cut", &local);
  tt_routes_make(grid, &routes, &local);
  AGREE(grid, local);
  TRY(tt_pairs_split(grid, mine, *count, row_work, rows, split));
  for (int r = 0; r < P; r++) {
    const int64_t to = r == P - 1 ? *count : tt_pairs_below(mine, *count, split[r]);

    routes.send_count[r] = to - at;
    at = to;
  }
  TRY(tt_routes_tell(&routes));
  came = tt_alloc(&grid->memory, routes.received, sizeof *came, "entries of other ranks", &local);
  AGREE(grid, local);
  TRY(tt_routes_go(&routes, mine, sizeof *mine, came));
  tt_free(mine);
  mine = NULL;
  join_runs(grid, came, &routes, &local);
  AGREE(grid, local);
  *count = routes.received;
  *pair = came;
  came = NULL;
done:
  tt_free(came);
  tt_free(mine);
  tt_free(split);
  tt_routes_free(&routes);
  return st;
}
