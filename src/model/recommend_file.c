/*
 * The state of training in a file: factors of both sides, how many epochs made them, and of which options and data. What an
 * epoch starts from is the item factors alone, in f32 or f64 as they are, so a run that goes on from the file comes to the
 * bits of one that was never interrupted, on any number of ranks. A sum over all elements tells a damaged file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/output.h"
#include "io/small.h"
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

/* Of factors whose first here is row `first`. Local. */
static int64_t hash_factors(const tartan_matrix *F, int64_t first)
{
  int64_t sum = 0;

  for (int64_t j = 0; F && j < F->nloc; j++)
    for (int64_t i = 0; i < F->mloc; i++) sum += hash(i, first + j, tt_get_element(F->dtype, F->data, F->ld, i, j));
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

/* What the factors add up to. Collective. */
static tartan_status checksum(const tartan_recommender *m, int64_t *sum)
{
  *sum = 0;
  for (int i = 0; i < parts_of(m); i++) *sum += (i + 1) * hash_factors(part_of(m, i), m->side[i % 2].first);
  return tt_allreduce_i64(m->grid, sum, 1, TT_SUM);
}

/* What is small: origin, epochs, the sum, the caller's note. */
static void annotate(const tartan_recommender *m, tt_output *out, const char *configuration, int64_t sum,
                     const char *note)
{
  char text[LINE];

  tt_output_text(out, "/", "format", FORMAT);
  tt_output_text(out, "/", "configuration", configuration);
  snprintf(text, sizeof text, "%lld %lld %lld", (long long)m->epochs, (long long)m->kept_epoch, (long long)sum);
  tt_output_text(out, "/", "state", text);
  if (note) tt_output_strings(out, "/note", 1, &note);
}

tartan_status tartan_recommender_checkpoint(const tartan_recommender *m, const char *path, const char *note)
{
  tt_output    *out = NULL;
  int64_t       sum = 0;
  char          text[LINE];
  tartan_status st = TARTAN_OK;

  TRY(tt_recommend_configuration(m, text, sizeof text));
  TRY(checksum(m, &sum));
  TRY(tt_output_create(m->grid, path, true, &out));
  annotate(m, out, text, sum, note);
  for (int i = 0; i < parts_of(m); i++)
    tt_output_declare(out, names[i], m->opts.dtype, m->side[i % 2].R->m, m->opts.factors);
  TRY(tt_output_open(out));
  for (int i = 0; i < parts_of(m); i++)
    TRY(tt_output_rows(out, names[i], m->side[i % 2].first, m->side[i % 2].count, part_of(m, i)->data));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}

/* Factors from the file. Collective. */
static tartan_status load(tartan_recommender *m, int part, const char *path)
{
  char           source[1200];
  tt_side       *side = &m->side[part % 2];
  tartan_matrix *A = NULL;
  tartan_status  st = TARTAN_OK;

  REQUIRE((size_t)snprintf(source, sizeof source, "%s:%s", path, names[part]) < sizeof source, TARTAN_ERR_ARG,
          "the name of the checkpoint is too long");
  TRY(tartan_matrix_load(m->grid, source, m->opts.dtype, NULL, &A));
  REQUIRE(A->row.n == side->R->m && A->col.n == m->opts.factors, TARTAN_ERR_CHECKPOINT,
          "%s is %lld x %lld, not %lld x %lld", source, (long long)A->row.n, (long long)A->col.n, (long long)side->R->m,
          (long long)m->opts.factors);
  TRY(tartan_matrix_copy(TARTAN_TRANS, A, part_of(m, part)));
  m->known[part % 2] = false;
done:
  tartan_matrix_destroy(&A);
  return st;
}

/* Whether the file is a state of these options and data. Collective. */
static tartan_status compare(const tartan_recommender *m, const char *path, tt_small *file)
{
  char          text[LINE], own[LINE];
  tartan_status st = TARTAN_OK;

  TRY(tt_small_text(file, "/", "format", text, sizeof text));
  REQUIRE(strcmp(text, FORMAT) == 0, TARTAN_ERR_CHECKPOINT, "%s is no checkpoint of a recommender", path);
  TRY(tt_small_text(file, "/", "configuration", text, sizeof text));
  TRY(tt_recommend_configuration(m, own, sizeof own));
  REQUIRE(strcmp(text, own) == 0, TARTAN_ERR_CHECKPOINT,
          "%s is a checkpoint of other options or data: %s; this run: %s", path, text, own);
done:
  return st;
}

/* The caller's text. Collective. */
static tartan_status read_note(tartan_grid *grid, tt_small *file, char **note)
{
  const char  **texts = NULL;
  int64_t       count = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_small_strings(file, "/note", true, &texts, &count));
  *note = tt_strdup(&grid->memory, count > 0 ? texts[0] : "", &local);
  AGREE(grid, local);
done:
  tt_free(texts);
  return st;
}

tartan_status tartan_recommender_resume(tartan_recommender *m, const char *path, char **note)
{
  tt_small     *file = NULL;
  char          text[LINE];
  long long     epochs = 0, kept = 0, stored = 0;
  int64_t       sum = 0;
  tartan_status st = TARTAN_OK;

  if (note) *note = NULL;
  TRY(tt_small_open(m->grid, path, &file));
  TRY(compare(m, path, file));
  TRY(tt_small_text(file, "/", "state", text, sizeof text));
  REQUIRE(sscanf(text, "%lld %lld %lld", &epochs, &kept, &stored) == 3, TARTAN_ERR_CHECKPOINT,
          "%s is damaged: no state", path);
  if (kept > 0) TRY(tartan_recommender_keep(m));
  m->kept_epoch = kept;
  for (int i = 0; i < parts_of(m); i++) TRY(load(m, i, path));
  TRY(checksum(m, &sum));
  REQUIRE(sum == stored, TARTAN_ERR_CHECKPOINT, "%s is damaged: its factors are not those that were written", path);
  m->epochs = epochs;
  if (note) TRY(read_note(m->grid, file, note));
done:
  tt_small_close(&file);
  return st;
}

void tartan_recommender_note_free(char **note)
{
  if (!note) return;
  tt_free(*note);
  *note = NULL;
}
