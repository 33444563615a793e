/*
 * The state of training in a file: factors of both sides, how many epochs made them, and of which options and data. What an
 * epoch starts from is the item factors alone, in f32 or f64 as they are, so a run that goes on from the file comes to the
 * bits of one that was never interrupted, on any number of ranks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/checkpoint.h"
#include "kernel/dense.h"
#include "model/recommend_impl.h"

#define FORMAT "tartan-recommend-checkpoint"
#define LINE 1024

/* 24 bits that an element at its place stands for, so that sums of them do not depend on the order and cannot overflow. */
static int64_t hash(int64_t i, int64_t j, double value)
{
  uint64_t bits, h = (uint64_t)i * 0x9e3779b97f4a7c15u ^ (uint64_t)j * 0xc2b2ae3d27d4eb4fu;

  memcpy(&bits, &value, sizeof bits);
  h = (h ^ bits) * 0xff51afd7ed558ccdu;
  h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
  return (int64_t)(h >> 40);
}

/* Of the entries of R. Local. */
static int64_t hash_entries(const tartan_sparse *R)
{
  int64_t sum = 0;

  for (int64_t i = 0; i < R->rows; i++)
    for (int64_t e = R->ptr[i]; e < R->ptr[i + 1]; e++)
      sum += hash(R->first + i, R->col[e], tt_get_element(R->dtype, R->value, 1, e, 0));
  return sum;
}

tartan_status tt_recommend_configuration(const tartan_recommender *m, char *text, size_t length)
{
  const tartan_recommend_opts *o = &m->opts;
  const tartan_sparse         *R = m->side[TT_USERS].R;
  int64_t                      sum = hash_entries(R);
  tartan_status                st = TARTAN_OK;

  TRY(tt_allreduce_i64(m->grid, &sum, 1, TT_SUM));
  snprintf(text, length,
           "model=%d; solver=%d; dtype=%s; factors=%lld; regularization=%.17g; exponent=%.17g; unobserved=%.17g; "
           "confidence=%d; alpha=%.17g; replaced=%d; nonnegative=%d; bias=%d; damping=%.17g; steps=%lld; "
           "init_stddev=%.17g; seed=%llu; "
           "users=%lld; items=%lld; entries=%lld; data=%llx",
           (int)o->model, (int)o->solver, tartan_dtype_name(o->dtype), (long long)o->factors, o->regularization,
           o->exponent, o->unobserved, (int)o->confidence, o->alpha, o->replaced, o->nonnegative, o->bias, o->damping,
           (long long)o->steps, o->init_stddev, (unsigned long long)o->seed, (long long)R->m, (long long)R->n,
           (long long)R->entries, (unsigned long long)sum);
done:
  return st;
}

/* The factors of a state: of users and items, of now and, if any, those that are remembered. */
#define PARTS 4

static const char *const names[PARTS] = {"/user_factors", "/item_factors", "/kept_user_factors", "/kept_item_factors"};

static tartan_matrix *part_of(const tartan_recommender *m, int part)
{
  const tt_side *side = &m->side[part % 2];

  return part < 2 ? side->F : side->kept;
}

static int parts_of(const tartan_recommender *m)
{
  return !tt_has_factors(m) ? 0 : m->kept_epoch > 0 ? PARTS : 2;
}

tartan_status tartan_recommender_checkpoint(const tartan_recommender *m, const char *path, const char *note)
{
  tt_saving    *saving = NULL;
  char          text[LINE], *state = NULL;
  const size_t  size = (note ? strlen(note) : 0) + 64;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_recommend_configuration(m, text, sizeof text));
  state = tt_alloc(&m->grid->memory, (int64_t)size, 1, "a checkpoint", &local);
  AGREE(m->grid, local);
  snprintf(state, size, "%lld %lld\n%s", (long long)m->epochs, (long long)m->kept_epoch, note ? note : "");
  TRY(tt_saving_begin(m->grid, path, FORMAT, text, state, &saving));
  for (int i = 0; i < parts_of(m); i++)
    tt_saving_declare(saving, names[i], m->opts.dtype, m->side[i % 2].R->m, m->opts.factors);
  TRY(tt_saving_open(saving));
  for (int i = 0; i < parts_of(m); i++)
    TRY(tt_saving_rows(saving, names[i], m->side[i % 2].first, m->side[i % 2].count, part_of(m, i)->data));
  TRY(tt_saving_commit(&saving));
done:
  tt_saving_discard(&saving);
  tt_free(state);
  return st;
}

/* Factors from the file. Collective. */
static tartan_status load(tartan_recommender *m, int part, const tt_saved *saved)
{
  char           source[TT_STATE_SOURCE];
  tt_side       *side = &m->side[part % 2];
  tartan_matrix *A = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_matrix_load(m->grid, tt_saved_source(saved, names[part], source), m->opts.dtype, NULL, &A));
  REQUIRE(A->row.n == side->R->m && A->col.n == m->opts.factors, TARTAN_ERR_CHECKPOINT,
          "%s is %lld x %lld, not %lld x %lld", source, (long long)A->row.n, (long long)A->col.n, (long long)side->R->m,
          (long long)m->opts.factors);
  TRY(tartan_matrix_copy(TARTAN_TRANS, A, part_of(m, part)));
  m->known[part % 2] = false;
done:
  tartan_matrix_destroy(&A);
  return st;
}

tartan_status tartan_recommender_resume(tartan_recommender *m, const char *path, char **note)
{
  tt_saved      saved = {.text = NULL};
  char          own[LINE], *rest;
  long long     epochs = 0, kept = 0;
  bool          found = false;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (note) *note = NULL;
  TRY(tt_recommend_configuration(m, own, sizeof own));
  TRY(tt_saved_find(m->grid, path, FORMAT, own, false, &saved, &found));
  REQUIRE(found, TARTAN_ERR_INPUT, "there is no checkpoint %s", path);
  rest = strchr(saved.text, '\n');
  REQUIRE(rest && sscanf(saved.text, "%lld %lld", &epochs, &kept) == 2, TARTAN_ERR_CHECKPOINT,
          "%s has no state of a training", saved.path);
  if (kept > 0) TRY(tartan_recommender_keep(m));
  m->kept_epoch = kept;
  for (int i = 0; i < parts_of(m); i++) TRY(load(m, i, &saved));
  TRY(tt_saved_check(m->grid, &saved));
  m->epochs = epochs;
  if (note) *note = tt_strdup(&m->grid->memory, rest + 1, &local);
  AGREE(m->grid, local);
done:
  tt_saved_end(&saved);
  return st;
}

void tartan_recommender_note_free(char **note)
{
  if (!note) return;
  tt_free(*note);
  *note = NULL;
}
