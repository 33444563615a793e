/* The list of metrics: "recall@20,ndcg@100,rmse". */
#include "evaluate_metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/util.h"
#include "common/options.h"

#define WORD 40

/* In the order of tartan_ranking_kind, then the errors. */
static const char *const names[] = {"recall", "recall_capped", "precision", "hit",  "ndcg",
                                    "map",    "mrr",           "coverage",  "rmse", "mae"};

#define NAMES ((int)(sizeof names / sizeof *names))
#define ERRORS 8 /* the first of them that is an error of predictions */

static int nearest(const char *word, int *distance)
{
  int best = 0;

  *distance = INT_MAX;
  for (int i = 0; i < NAMES; i++) {
    const int d = app_edit_distance(word, names[i]);

    if (d >= *distance) continue;
    *distance = d;
    best = i;
  }
  return best;
}

static tartan_status unknown(const char *option, const char *word)
{
  int       distance;
  const int i = nearest(word, &distance);

  if (distance <= 3 && distance <= (int)strlen(word) / 2)
    return tt_fail(TARTAN_ERR_ARG, "%s: there is no metric %s: the nearest is %s%s", option, word, names[i],
                   i < ERRORS ? "@K" : "");
  return tt_fail(TARTAN_ERR_ARG,
                 "%s: there is no metric %s; there are recall@K, recall_capped@K, precision@K, hit@K, ndcg@K, "
                 "map@K, mrr@K, coverage@K, rmse and mae",
                 option, word);
}

/* One word of the list. */
static tartan_status read_metric(const char *option, const char *text, app_metric *m)
{
  char          word[WORD];
  const char   *at = strchr(text, '@');
  int           kind = 0;
  tartan_status st = TARTAN_OK;

  *m = (app_metric){.error = APP_ERROR_NONE};
  snprintf(word, sizeof word, "%.*s", (int)(at ? at - text : (ptrdiff_t)strlen(text)), text);
  for (char *c = word; *c; c++)
    if (*c == '-') *c = '_';
  while (kind < NAMES && strcmp(word, names[kind]) != 0) kind++;
  if (kind == NAMES) TRY(unknown(option, word));
  REQUIRE(kind < ERRORS || !at, TARTAN_ERR_ARG, "%s: %s has no cut-off: give %s", option, text, names[kind]);
  REQUIRE(kind >= ERRORS || at, TARTAN_ERR_ARG, "%s: %s needs a cut-off: %s@20", option, names[kind], names[kind]);
  if (at)
    REQUIRE(app_parse_count(at + 1, &m->ranking.cutoff) && m->ranking.cutoff >= 1, TARTAN_ERR_ARG,
            "%s: %s: the cut-off is a count of 1 or more", option, text);
  if (at)
    m->ranking.kind = (tartan_ranking_kind)kind;
  else
    m->error = kind == ERRORS ? APP_ERROR_RMSE : APP_ERROR_MAE;
  if (at)
    snprintf(m->name, sizeof m->name, "%s@%lld", names[kind], (long long)m->ranking.cutoff);
  else
    snprintf(m->name, sizeof m->name, "%s", names[kind]);
done:
  return st;
}

/* Takes one in, and refuses it where it stands there already. */
static tartan_status add(const char *option, app_metrics *list, const app_metric *m)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(list->count < APP_METRICS_MAX, TARTAN_ERR_ARG, "%s: give at most %d", option, APP_METRICS_MAX);
  for (int i = 0; i < list->count; i++)
    REQUIRE(strcmp(list->metric[i].name, m->name) != 0, TARTAN_ERR_ARG, "%s: %s stands there twice", option, m->name);
  list->metric[list->count] = *m;
  if (m->error == APP_ERROR_NONE) {
    list->metric[list->count].place = list->ranked;
    list->ranking[list->ranked++] = m->ranking;
    list->longest = tt_max(list->longest, m->ranking.cutoff);
  } else {
    list->errors = true;
  }
  list->count++;
done:
  return st;
}

tartan_status app_metrics_read(const char *option, const char *text, app_metrics *list)
{
  char          word[WORD];
  app_metric    m;
  tartan_status st = TARTAN_OK;

  *list = (app_metrics){.count = 0};
  for (const char *at = text; *at;) {
    const size_t length = strcspn(at, ", ");

    if (length > 0) {
      REQUIRE(length < sizeof word, TARTAN_ERR_ARG, "%s: there is no metric %.*s", option, (int)tt_min(length, 200),
              at);
      snprintf(word, sizeof word, "%.*s", (int)length, at);
      TRY(read_metric(option, word, &m));
      TRY(add(option, list, &m));
    }
    at += length + (at[length] != 0);
  }
  REQUIRE(list->count > 0, TARTAN_ERR_ARG, "%s names none: give recall@20,ndcg@100 for example", option);
done:
  return st;
}
