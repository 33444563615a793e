/*
 * Rows that are cut between ranks. Only the first row of a rank can belong to another one, and only the last can go on on
 * higher ranks. A row's sums are formed for each segment of TARTAN_SPARSE_SEGMENT entries and added by its owner in the order
 * of segments, also where all of them are on one rank: so nothing depends on where it was cut.
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "model/recommend_impl.h"

int64_t tt_segments_of(int64_t entries)
{
  return tt_ceil_div(entries, TARTAN_SPARSE_SEGMENT);
}

/* What each rank tells the others. */
typedef struct told {
  int64_t row, lead;
} told;

static int owner_of(const tartan_sparse *R, int64_t row)
{
  int low = 0, high = R->grid->size - 1;

  while (low < high) {
    const int middle = (low + high + 1) / 2;

    if (R->owner[middle] <= row)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

/* Counts from what all told; those of higher ranks come in their order. */
static void count(const tartan_sparse *R, const told *all, tt_cut *cut)
{
  const int me = R->grid->rank, P = R->grid->size;

  for (int r = 0; r < P; r++) {
    if (all[r].lead == 0) continue;
    const int owner = owner_of(R, all[r].row);

    if (r == me) cut->send_count[owner] = all[r].lead;
    if (owner == me) {
      cut->recv_count[r] = all[r].lead;
      cut->recv_at[r] = cut->follow;
      cut->follow += all[r].lead;
    }
  }
}

tartan_status tt_cut_make(tt_side *side)
{
  tartan_grid              *grid = side->R->grid;
  const tartan_sparse_part *part = &side->part;
  const int64_t             P = grid->size;
  tt_cut                   *cut = &side->cut;
  told                     *all = NULL;
  tartan_status             st = TARTAN_OK, local = TARTAN_OK;

  cut->lead = part->before > 0 && part->rows > 0 ? tt_segments_of(part->ptr[1] - part->ptr[0]) : 0;
  all = tt_alloc(&grid->memory, P, sizeof *all, "a list of cut rows", &local);
  cut->send_count = tt_alloc_zero(&grid->memory, 8 * P, sizeof *cut->send_count, "a list of cut rows", &local);
  AGREE(grid, local);
  cut->send_at = cut->send_count + P;
  cut->recv_count = cut->send_count + 2 * P;
  cut->recv_at = cut->send_count + 3 * P;
  TRY(tt_allgather(grid, &(told){part->first, cut->lead}, 1, sizeof *all, all));
  count(side->R, all, cut);
done:
  tt_free(all);
  return st;
}

void tt_cut_end(tt_cut *cut)
{
  tt_free(cut->send_count);
  memset(cut, 0, sizeof *cut);
}

tartan_status tt_cut_exchange(tartan_grid *grid, tt_cut *cut, const void *mine, int64_t width, size_t size,
                              void *others)
{
  const int64_t  P = grid->size;
  int64_t *const scaled = cut->send_count + 4 * P;

  for (int64_t i = 0; i < 4 * P; i++) scaled[i] = cut->send_count[i] * width;
  return tt_alltoallv(grid, mine, scaled, scaled + P, others, scaled + 2 * P, scaled + 3 * P, size);
}
