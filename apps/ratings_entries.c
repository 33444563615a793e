#include "ratings_entries.h"

#include <stdio.h>

#include "base/error.h"

tartan_status app_entries_make(app_run *run, const char *file, int64_t most, app_entries *e)
{
  tt_memory    *memory = &run->grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  e->file = file;
  e->user = tt_alloc(memory, most, sizeof *e->user, "entries", &local);
  e->item = tt_alloc(memory, most, sizeof *e->item, "entries", &local);
  e->value = tt_alloc(memory, most, sizeof *e->value, "entries", &local);
  AGREE(run->grid, local);
done:
  return st;
}

void app_entries_end(app_entries *e)
{
  tt_free(e->value);
  tt_free(e->item);
  tt_free(e->user);
}

void app_entries_put(app_entries *e, const app_rating_rules *rules, int64_t user, int64_t item, double rating)
{
  if (rating < rules->least) return;
  e->user[e->count] = user;
  e->item[e->count] = item;
  e->value[e->count++] = rules->binarize ? 1 : rating;
}

/* Adds to the refusal of ratings that stand twice the file, and what can be done. Local. */
static tartan_status explain(tartan_status st, const app_rating_rules *rules, const char *file)
{
  char message[TT_ERROR_MAX];

  if (st != TARTAN_ERR_INPUT || rules->duplicates != TARTAN_DUPLICATES_ERROR) return st;
  snprintf(message, sizeof message, "%s", tartan_error_message());
  return tt_fail(st,
                 "%.200s: %.300s: train with --duplicates sum, last or max, or leave one rating of a user for an item",
                 file, message);
}

tartan_status app_entries_sparse(app_run *run, const app_rating_rules *rules, int64_t users, int64_t items,
                                 double row_work, const app_entries *e, tartan_sparse **A)
{
  tartan_sparse_opts opts = TARTAN_SPARSE_OPTS_INIT;

  opts.duplicates = rules->duplicates;
  opts.row_work = row_work;
  return explain(tartan_sparse_create(run->grid, TARTAN_F64, users, items, e->count, e->user, e->item, e->value, &opts,
                                      A),
                 rules, e->file);
}
