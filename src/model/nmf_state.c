/*
 * The state of a factorization between two iterations: both factors and a few numbers with all their bits, and the losses so far.
 * Sums over the rows of a factor have one order, so that they are made again from it, whoever has which rows. A start from
 * singular vectors of a dataset keeps the state of its own iteration under the same name.
 */
#include <stdio.h>

#include "base/util.h"
#include "comm/agree.h"
#include "io/checkpoint.h"
#include "model/nmf_impl.h"

#define KIND "tartan-nmf-checkpoint"
#define KINDS KIND " tartan-krylov-checkpoint"

/* ------------------------------------------------------------------------------------------------ writing */

static tartan_status write_side(tt_saving *saving, const char *name, const tt_nmf_side *side)
{
  return tt_saving_rows(saving, name, side->begin, side->end - side->begin, side->X->data);
}

/* Collective. */
static tartan_status save(const tt_nmf *f)
{
  const tt_checkpoint *c = f->grid->checkpoint;
  tt_saving           *saving = NULL;
  char                 text[160];
  tartan_status        st = TARTAN_OK;

  snprintf(text, sizeof text, "%lld %lld %a %a", (long long)f->iterations, (long long)f->passes, f->norm2, f->first);
  TRY(tt_saving_begin(f->grid, c->path, KIND, c->configuration, text, &saving));
  tt_saving_declare(saving, "/W", TARTAN_F64, f->W.n, f->k);
  tt_saving_declare(saving, "/H", TARTAN_F64, f->H.n, f->k);
  tt_saving_declare(saving, "/history", TARTAN_F64, f->iterations, 2);
  TRY(tt_saving_open(saving));
  TRY(write_side(saving, "/W", &f->W));
  TRY(write_side(saving, "/H", &f->H));
  TRY(tt_saving_rows(saving, "/history", 0, f->grid->rank == 0 ? f->iterations : 0, f->history));
  TRY(tt_saving_commit(&saving));
done:
  tt_saving_discard(&saving);
  return st;
}

tartan_status tt_nmf_state_look(tt_nmf *f, double seconds)
{
  tt_verdict    verdict;
  char          where[64];
  tartan_status st = TARTAN_OK;

  snprintf(where, sizeof where, "after iteration %lld", (long long)f->iterations);
  if (!f->keeps) return tt_checkpoint_leave(f->grid, seconds, where);
  TRY(tt_checkpoint_look(f->grid, seconds, &verdict));
  if (verdict != TT_GO) TRY(tt_checkpoint_done(f->grid, verdict, save(f), where));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ taking up */

/* Rows of a dataset of the state, of which it must have [rows, cols]. Collective. */
static tartan_status load(const tt_nmf *f, const tt_saved *saved, const char *name, int64_t rows, int64_t cols,
                          int64_t row0, int64_t count, double *to)
{
  const tt_dataset_info *info;
  tt_dataset            *dataset = NULL;
  char                   source[TT_STATE_SOURCE];
  tartan_status          st = TARTAN_OK;

  TRY(tt_dataset_open(f->grid, tt_saved_source(saved, name, source), NULL, &dataset));
  info = tt_dataset_get_info(dataset);
  REQUIRE(info->rows == rows && info->cols == cols && info->element == TT_EL_F64, TARTAN_ERR_CHECKPOINT,
          "%s is not of this factorization: --resume never begins anew", source);
  TRY(tt_dataset_read(dataset, row0, count, 0, cols, to));
done:
  tt_dataset_close(&dataset);
  return st;
}

static tartan_status load_side(const tt_nmf *f, const tt_saved *saved, const char *name, const tt_nmf_side *side)
{
  return load(f, saved, name, side->n, f->k, side->begin, side->end - side->begin, side->X->data);
}

tartan_status tt_nmf_state_take(tt_nmf *f, bool *found)
{
  tartan_grid  *grid = f->grid;
  tt_saved      saved = {.text = NULL};
  long long     iterations = 0, passes = 0;
  char          text[64];
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *found = false;
  if (!f->keeps) goto done;
  f->history = tt_alloc(&grid->memory, 2 * f->opts.iterations, sizeof *f->history, "a history", &local);
  AGREE(grid, local);
  TRY(tt_checkpoint_find(grid, KINDS, &saved, found));
  *found = *found && saved.kind == 1;
  if (!*found) goto done;
  REQUIRE(sscanf(saved.text, "%lld %lld %la %la", &iterations, &passes, &f->norm2, &f->first) == 4 && iterations >= 1 &&
              iterations <= f->opts.iterations,
          TARTAN_ERR_CHECKPOINT, "%s holds no state of a factorization: --resume never begins anew", saved.path);
  TRY(load_side(f, &saved, "/W", &f->W));
  TRY(load_side(f, &saved, "/H", &f->H));
  TRY(load(f, &saved, "/history", iterations, 2, 0, iterations, f->history));
  TRY(tt_saved_check(grid, &saved));
  f->taken = iterations;
  f->passes = passes;
  snprintf(text, sizeof text, "after iteration %lld", iterations);
  grid->checkpoint->tell(grid->checkpoint->context, text);
done:
  tt_saved_end(&saved);
  return st;
}
