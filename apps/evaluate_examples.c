/* Users that the page shows: what they had, which listed items are relevant, and the names of items. */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "evaluate.h"

void app_evaluate_choose(app_evaluation *e)
{
  e->examples = app_evaluate_set.report ? (int)tt_min(APP_EXAMPLES, e->users) : 0;
  for (int x = 0; x < e->examples; x++) e->example[x] = e->users * (2 * x + 1) / (2 * e->examples);
}

/* ------------------------------------------------------------------------------------------------ what they had */

/* Values of one user's entries for all items, -Inf where there is none. Collective. */
static tartan_status values_of(app_run *run, const app_evaluation *e, bool hidden, int64_t user, double *value)
{
  const app_matched *from = hidden ? &e->other : &e->test;
  const int64_t     *place = hidden ? e->other_place : e->place;

  for (int64_t i = 0; i < e->items; i++) value[i] = -HUGE_VAL;
  for (int64_t i = 0; i < from->ratings.count; i++) {
    const int64_t item = from->item[from->ratings.item[i]];

    if (place[from->ratings.user[i]] == user && item >= 0) value[item] = fmax(value[item], from->ratings.rating[i]);
  }
  return tt_allreduce_f64(run->grid, value, e->items, TT_MAX);
}

/* Takes the largest value out. Returns its item, -1 if there is none left. */
static int64_t take_largest(double *value, int64_t items)
{
  int64_t best = -1;

  for (int64_t i = 0; i < items; i++)
    if (value[i] > -HUGE_VAL && (best < 0 || value[i] > value[best])) best = i;
  if (best >= 0) value[best] = -HUGE_VAL;
  return best;
}

static void mark_hits(const app_evaluation *e, int x, const double *value, app_example *to)
{
  for (int64_t i = 0; i < e->items; i++) to->relevant += value[i] > -HUGE_VAL && value[i] >= app_evaluate_set.least;
  for (int m = 0; m < e->models; m++)
    for (int i = 0; i < APP_EXAMPLE_ITEMS && e->judged[m].listed; i++) {
      const int64_t item = e->judged[m].listed[x * APP_EXAMPLE_ITEMS + i];

      to->hit[m][i] = item >= 0 && value[item] > -HUGE_VAL && value[item] >= app_evaluate_set.least;
    }
}

tartan_status app_evaluate_examples(app_run *run, const app_evaluation *e, app_example *examples)
{
  double       *value = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  value = tt_alloc(&run->grid->memory, e->items, sizeof *value, "entries of an example", &local);
  AGREE(run->grid, local);
  for (int x = 0; x < e->examples; x++) {
    examples[x] = (app_example){.entries = 0};
    TRY(values_of(run, e, false, e->example[x], value));
    mark_hits(e, x, value, &examples[x]);
    for (int64_t i = 0; i < e->items; i++) value[i] = -HUGE_VAL;
    if (e->other.read) TRY(values_of(run, e, true, e->example[x], value));
    for (int64_t i = 0; i < e->items; i++) examples[x].entries += value[i] > -HUGE_VAL;
    for (int i = 0; i < APP_EXAMPLE_ITEMS; i++) examples[x].history[i] = take_largest(value, e->items);
  }
done:
  tt_free(value);
  return st;
}

/* ------------------------------------------------------------------------------------------------ names */

tartan_status app_labels_read(const app_evaluation *e, app_labels *labels)
{
  tartan_status st = TARTAN_OK;

  *labels = (app_labels){NULL};
  TRY(tt_ids_numbers(&e->test.ratings.users, &labels->user));
  TRY(tt_ids_numbers(&e->judged[0].model.items, &labels->item));
done:
  return st;
}

void app_labels_end(app_labels *labels)
{
  tt_free(labels->item);
  tt_free(labels->user);
}

const char *app_label_item(const app_evaluation *e, const app_labels *labels, int64_t item, char text[24])
{
  if (e->names.name && e->names.name[item]) return e->names.name[item];
  if (!labels->item) return e->judged[0].model.items.name[item];
  snprintf(text, 24, "%lld", (long long)labels->item[item]);
  return text;
}

const char *app_label_user(const app_evaluation *e, const app_labels *labels, int64_t user, char text[24])
{
  if (!labels->user) return e->test.ratings.users.name[e->id[user]];
  snprintf(text, 24, "%lld", (long long)labels->user[e->id[user]]);
  return text;
}
