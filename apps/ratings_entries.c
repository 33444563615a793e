#include "ratings_entries.h"

tartan_status app_entries_make(app_run *run, int64_t most, app_entries *e)
{
  tt_memory    *memory = &run->grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

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

tartan_status app_entries_sparse(app_run *run, const app_rating_rules *rules, int64_t users, int64_t items,
                                 double row_work, const app_entries *e, tartan_sparse **A)
{
  tartan_sparse_opts opts = TARTAN_SPARSE_OPTS_INIT;

  opts.duplicates = rules->duplicates;
  opts.row_work = row_work;
  return tartan_sparse_create(run->grid, TARTAN_F64, users, items, e->count, e->user, e->item, e->value, &opts, A);
}
