#include "recommend_lists.h"

#include <string.h>

#include "base/util.h"
#include "comm/collective.h"

#define SHOWN_ROWS 5
#define SHOWN_ITEMS 5

/* Indices of all ranks at rank 0, and the texts they stand for. Collective. */
static tartan_status make_texts(app_run *run, app_lists *l, const int64_t *index, int64_t own)
{
  const int64_t all = run->rank == 0 ? l->rows->total * l->k : 0, mine = own * l->k;
  int64_t      *counts = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  counts = tt_alloc(&run->grid->memory, run->size, sizeof *counts, "counts of results", &local);
  l->places = tt_alloc(&run->grid->memory, all, sizeof *l->places, "all results", &local);
  l->texts = tt_alloc(&run->grid->memory, all, sizeof *l->texts, "all results", &local);
  AGREE(run->grid, local);
  TRY(tt_allgather(run->grid, &mine, 1, sizeof mine, counts));
  TRY(tt_gatherv(run->grid, index, counts, sizeof *index, l->places, 0));
  for (int64_t i = 0; i < all; i++) l->texts[i] = l->places[i] >= 0 ? l->items->name[l->places[i]] : "";
done:
  tt_free(counts);
  return st;
}

tartan_status app_lists_make(app_run *run, app_lists *l)
{
  const int64_t *index = NULL;
  int64_t        own = 0;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  tartan_neighbors_local(l->found, NULL, &own, &l->k, &index, NULL);
  if (l->items->text) {
    TRY(make_texts(run, l, index, own));
    goto done;
  }
  TRY(tt_ids_numbers(l->items, &l->number));
  l->places = tt_alloc(&run->grid->memory, own * l->k, sizeof *l->places, "ids of results", &local);
  AGREE(run->grid, local);
  for (int64_t i = 0; i < own * l->k; i++) l->places[i] = index[i] >= 0 ? l->number[index[i]] : -1;
done:
  return st;
}

void app_lists_end(app_lists *l)
{
  tt_free(l->texts);
  tt_free(l->places);
  tt_free(l->number);
}

tartan_status app_lists_save(app_run *run, const app_lists *l, tt_output **out)
{
  const int64_t *index = NULL, rows = l->rows->total;
  const double  *score = NULL;
  int64_t        first = 0, own = 0;
  tartan_status  st = TARTAN_OK;

  (void)run;
  tt_ids_declare(l->rows, *out, l->rows_name);
  if (l->items->text)
    tt_output_string_table(*out, "/items", rows, l->k, l->texts);
  else
    tt_output_declare_element(*out, "/items", TT_EL_I64, rows, l->k);
  tt_output_declare_element(*out, "/item_index", TT_EL_I64, rows, l->k);
  tt_output_declare(*out, "/scores", TARTAN_F64, rows, l->k);
  TRY(tt_output_open(*out));
  tartan_neighbors_local(l->found, &first, &own, NULL, &index, &score);
  TRY(tt_ids_write(l->rows, *out, l->rows_name));
  if (!l->items->text) TRY(tt_output_rows(*out, "/items", first, own, l->places));
  TRY(tt_output_rows(*out, "/item_index", first, own, index));
  TRY(tt_output_rows(*out, "/scores", first, own, score));
  TRY(tt_output_commit(out));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ for people */

/* The first lists, on rank 0. */
typedef struct head {
  int64_t rows, *index, *id; /* [rows, k], [rows, k], [rows] of numbers */
  double *score;
} head;

/* What the first ranks have of the first rows, at rank 0. Collective. */
static tartan_status gather_head(app_run *run, const app_lists *l, head *h)
{
  const int64_t *index = NULL;
  const double  *score = NULL;
  int64_t        first = 0, own = 0, mine, ids, *counts = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  h->rows = tt_min(SHOWN_ROWS, l->rows->total);
  counts = tt_alloc(&run->grid->memory, run->size, sizeof *counts, "counts of results", &local);
  h->index = tt_alloc(&run->grid->memory, h->rows * l->k, sizeof *h->index, "the first results", &local);
  h->id = tt_alloc_zero(&run->grid->memory, h->rows, sizeof *h->id, "the first ids", &local);
  h->score = tt_alloc(&run->grid->memory, h->rows * l->k, sizeof *h->score, "the first results", &local);
  AGREE(run->grid, local);
  tartan_neighbors_local(l->found, &first, &own, NULL, &index, &score);
  mine = l->k * tt_max(0, tt_min(own, h->rows - first));
  ids = tt_max(0, tt_min(l->rows->count, h->rows - l->rows->first));
  TRY(tt_allgather(run->grid, &mine, 1, sizeof mine, counts));
  TRY(tt_gatherv(run->grid, index, counts, sizeof *index, h->index, 0));
  TRY(tt_gatherv(run->grid, score, counts, sizeof *score, h->score, 0));
  if (l->rows->text) goto done;
  TRY(tt_allgather(run->grid, &ids, 1, sizeof ids, counts));
  TRY(tt_gatherv(run->grid, l->rows->number, counts, sizeof *h->id, h->id, 0));
done:
  tt_free(counts);
  return st;
}

/* The name of an item for people, else its id. Local. */
static const char *item_text(const app_lists *l, int64_t item, char text[32])
{
  if (l->names && l->names->name && l->names->name[item]) return l->names->name[item];
  if (l->items->text) return l->items->name[item];
  snprintf(text, 32, "%lld", (long long)l->number[item]);
  return text;
}

static void print_row(const app_run *run, const app_lists *l, const head *h, int64_t i)
{
  const int64_t at = l->row_index ? l->row_index[i] : i;
  const char   *name = l->row_names && l->row_names->name ? l->row_names->name[at] : NULL;
  char          text[32];

  snprintf(text, sizeof text, "%lld", (long long)h->id[i]);
  app_say(run, "%-16.40s", name ? name : l->rows->text ? l->rows->name[i] : text);
  for (int64_t r = 0; r < tt_min(l->k, SHOWN_ITEMS) && h->index[i * l->k + r] >= 0; r++)
    app_say(run, "%s %.40s (%.4g)", r ? "," : "", item_text(l, h->index[i * l->k + r], text), h->score[i * l->k + r]);
  app_say(run, "%s\n", h->index[i * l->k] < 0 ? " nothing" : "");
}

tartan_status app_lists_print(app_run *run, const app_lists *l)
{
  head          h = {0};
  tartan_status st = TARTAN_OK;

  TRY(gather_head(run, l, &h));
  for (int64_t i = 0; i < h.rows && run->rank == 0; i++) print_row(run, l, &h, i);
  if (l->rows->total > h.rows) app_say(run, "...\n");
done:
  tt_free(h.score);
  tt_free(h.id);
  tt_free(h.index);
  return st;
}
