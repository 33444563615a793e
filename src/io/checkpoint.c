/*
 * Sums: every element stands for 47 bits made of its value, its place and its dataset, so that a sum modulo 2^47 depends on
 * neither the order nor the number of ranks and is exact in the scalar dataset that holds it.
 */
#include "io/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/dataset.h"
#include "io/matrix_file.h"
#include "io/root.h"
#include "io/small.h"
#include "kernel/dense.h"
#include "matrix/matrix.h"

#define MASK ((INT64_C(1) << 47) - 1)
#define DATASETS 8       /* of one state */
#define NAMES 256        /* characters of their names */
#define TEXT 8192        /* of a configuration */
#define BUFFER (1 << 16) /* elements that are read at once to be compared */

struct tt_saving {
  tartan_grid *grid;
  char         path[TT_PATH_MAX];
  char         names[NAMES]; /* of the datasets, with spaces between */
  int64_t      cols[DATASETS];
  tartan_dtype dtype[DATASETS];
  int          count;
  int64_t      sum; /* of what this rank has written */
  tt_output   *out;
};

/* ------------------------------------------------------------------------------------------------ when */

tartan_status tt_checkpoint_look(tartan_grid *grid, double ahead, tt_verdict *verdict)
{
  tt_checkpoint *c = grid->checkpoint;
  int64_t        value = 3; /* a signal, the clock, due, nothing: the least of all ranks counts */
  tt_asked       asked;
  tartan_status  st = TARTAN_OK;

  *verdict = TT_GO;
  if (!c) goto done;
  asked = c->stop(c->context, ahead + c->cost);
  if (asked != TT_ASKED_NOTHING)
    value = asked == TT_ASKED_BY_SIGNAL ? 0 : 1;
  else if (grid->rank == 0 && tt_seconds() - c->saved >= c->every)
    value = 2;
  TRY(tt_agree_least(grid, &value));
  *verdict = value <= 1 ? TT_STOP : value == 2 ? TT_SAVE : TT_GO;
  c->reason = value == 0 ? "a signal" : "the time limit";
done:
  return st;
}

tartan_status tt_checkpoint_done(tartan_grid *grid, tt_verdict verdict, tartan_status written, const char *where)
{
  tt_checkpoint *c = grid->checkpoint;
  const double   now = tt_seconds();
  tartan_status  st = TARTAN_OK;

  c->saved = now;
  if (verdict != TT_STOP) {
    if (written != TARTAN_OK) tt_grid_warn(grid, "no checkpoint was written: %.200s", tartan_error_message());
    goto done;
  }
  TRY(written);
  st = tt_fail(TARTAN_ERR_INTERRUPTED, "stopped %s by %s: the state is in %s, the same command goes on", where,
               c->reason, c->path);
done:
  return st;
}

tartan_status tt_checkpoint_leave(tartan_grid *grid, double ahead, const char *where)
{
  tt_verdict    verdict;
  tartan_status st = TARTAN_OK;

  TRY(tt_checkpoint_look(grid, ahead, &verdict));
  REQUIRE(verdict != TT_STOP, TARTAN_ERR_INTERRUPTED,
          "stopped %s by %s: the same command goes on from the last checkpoint, if there is one", where,
          grid->checkpoint->reason);
done:
  return st;
}

/* The name of a file beside the newest generation; false: too long. */
static bool name_beside(const char *path, const char *suffix, char name[TT_STATE_PATH])
{
  return snprintf(name, TT_STATE_PATH, "%s%s", path, suffix) < TT_PATH_MAX;
}

void tt_checkpoint_remove(const char *path)
{
  static const char *const suffixes[] = {"", ".1", ".new"};
  char                     name[TT_STATE_PATH];
  tt_place                 place = {.made = false};

  for (int i = 0; i < 3; i++)
    if (name_beside(path, suffixes[i], name)) (void)unlink(name);
  if (name_beside(path, ".new", name))
    (void)tt_place_begin(&place, name, true); /* removes what killed runs have left */
  tt_place_discard(&place);
}

/* ------------------------------------------------------------------------------------------------ sums */

/* What one value at its place stands for. */
static int64_t hash(int64_t dataset, int64_t place, double value)
{
  uint64_t bits, h = (uint64_t)dataset * 0x9e3779b97f4a7c15u ^ (uint64_t)place * 0xc2b2ae3d27d4eb4fu;

  memcpy(&bits, &value, sizeof bits);
  h = (h ^ bits) * 0xff51afd7ed558ccdu;
  h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
  return (int64_t)(h >> 17);
}

static int64_t hash_elements(int64_t dataset, int64_t place, int64_t count, tartan_dtype dtype, const void *values)
{
  int64_t sum = 0;

  for (int64_t i = 0; i < count; i++)
    sum = (sum + hash(dataset, place + i, tt_get_element(dtype, values, 1, i, 0))) & MASK;
  return sum;
}

static int64_t hash_text(int64_t which, const char *text)
{
  int64_t sum = 0;

  for (int64_t i = 0; text[i]; i++) sum = (sum + hash(-which, i, (double)(unsigned char)text[i])) & MASK;
  return sum;
}

/* Of a matrix, as the rows of a file. Local. */
static int64_t hash_matrix(int64_t dataset, const tartan_matrix *A)
{
  int64_t sum = 0;

  for (int64_t j = 0; j < A->nloc; j++)
    for (int64_t i = 0; i < A->mloc; i++)
      sum = (sum + hash(dataset, tartan_matrix_global_row(A, i) * A->col.n + tartan_matrix_global_col(A, j),
                        tt_get_element(A->dtype, A->data, A->ld, i, j))) &
            MASK;
  return sum;
}

/* The sum over all ranks. Collective. */
static tartan_status add_up(tartan_grid *grid, int64_t *sum)
{
  const tartan_status st = tt_allreduce_i64(grid, sum, 1, TT_SUM);

  *sum &= MASK;
  return st;
}

/* ------------------------------------------------------------------------------------------------ writing */

tartan_status tt_saving_begin(tartan_grid *grid, const char *path, const char *kind, const char *configuration,
                              const char *state, tt_saving **saving)
{
  const double  none = 0;
  tt_saving    *s = NULL;
  char          name[TT_STATE_PATH];
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *saving = NULL;
  REQUIRE(strlen(path) + 8 < TT_PATH_MAX, TARTAN_ERR_ARG, "the name of the checkpoint is too long");
  s = tt_alloc_zero(&grid->memory, 1, sizeof *s, "a checkpoint", &local);
  AGREE(grid, local);
  s->grid = grid;
  snprintf(s->path, sizeof s->path, "%s", path);
  (void)name_beside(path, ".new", name);
  TRY(tt_output_create(grid, name, true, &s->out));
  tt_output_text(s->out, "/", "format", kind);
  tt_output_text(s->out, "/", "configuration", configuration);
  tt_output_strings(s->out, "/state", 1, &state);
  tt_output_array(s->out, "/checksum", 0, 0, &none);
  if (grid->rank == 0) s->sum = hash_text(1, configuration) + hash_text(2, state);
  *saving = s;
  s = NULL;
done:
  tt_saving_discard(&s);
  return st;
}

void tt_saving_declare(tt_saving *s, const char *name, tartan_dtype dtype, int64_t rows, int64_t cols)
{
  const size_t length = strlen(s->names);

  if (rows <= 0 || cols <= 0 || s->count == DATASETS) return;
  snprintf(s->names + length, sizeof s->names - length, "%s%s", s->count > 0 ? " " : "", name);
  s->dtype[s->count] = dtype;
  s->cols[s->count++] = cols;
  tt_output_declare(s->out, name, dtype, rows, cols);
}

tartan_status tt_saving_open(tt_saving *s)
{
  tt_output_text(s->out, "/", "datasets", s->names);
  return tt_output_open(s->out);
}

/* The place of a dataset in the list, from 1; 0: it is not there. */
static int place_of(const char *names, const char *name)
{
  const size_t length = strlen(name);
  int          place = 1;

  for (const char *at = names; at && *at; place++) {
    if (strncmp(at, name, length) == 0 && (at[length] == ' ' || at[length] == 0)) return place;
    at = strchr(at, ' ');
    if (at) at++;
  }
  return 0;
}

tartan_status tt_saving_rows(tt_saving *s, const char *name, int64_t row0, int64_t nrows, const void *buf)
{
  const int place = place_of(s->names, name), i = place - 1;

  if (place == 0) return TARTAN_OK; /* without elements */
  s->sum += hash_elements(place, row0 * s->cols[i], nrows * s->cols[i], s->dtype[i], buf);
  return tt_output_rows(s->out, name, row0, nrows, buf);
}

tartan_status tt_saving_matrix(tt_saving *s, const char *name, const tartan_matrix *A)
{
  const int place = place_of(s->names, name);

  if (place == 0) return TARTAN_OK;
  s->sum += hash_matrix(place, A);
  return tt_output_matrix(s->out, name, A, false);
}

/* The generations move on, on rank 0. */
static tartan_status rotate(const char *path)
{
  char          fresh[TT_STATE_PATH], older[TT_STATE_PATH];
  tartan_status st = TARTAN_OK;

  (void)name_beside(path, ".new", fresh);
  (void)name_beside(path, ".1", older);
  if (access(path, F_OK) == 0 && rename(path, older) != 0) st = tt_fail_errno("cannot rename", path);
  if (st == TARTAN_OK && (tt_file_fault() || rename(fresh, path) != 0)) st = tt_fail_errno("cannot rename", fresh);
  if (st == TARTAN_OK) tt_place_sync_folder(path);
  return st;
}

static tartan_status verify(tartan_grid *grid, const char *path);

tartan_status tt_saving_commit(tt_saving **saving)
{
  tt_saving    *s = *saving;
  tartan_grid  *grid = s->grid;
  char          fresh[TT_STATE_PATH];
  const double  begin = tt_seconds();
  tartan_status st = TARTAN_OK;

  (void)name_beside(s->path, ".new", fresh);
  s->sum &= MASK;
  TRY(add_up(grid, &s->sum));
  tt_output_amend(s->out, "/checksum", (double)s->sum);
  TRY(tt_output_commit(&s->out));
  TRY(verify(grid, fresh));
  TRY(tt_root_verdict(grid, grid->rank == 0 ? rotate(s->path) : TARTAN_OK));
  if (grid->checkpoint) grid->checkpoint->cost = tt_seconds() - begin;
done:
  if (st != TARTAN_OK && grid->rank == 0) (void)unlink(fresh);
  tt_saving_discard(saving);
  return st;
}

void tt_saving_discard(tt_saving **saving)
{
  if (!saving || !*saving) return;
  tt_output_discard(&(*saving)->out);
  tt_free(*saving);
  *saving = NULL;
}

/* ------------------------------------------------------------------------------------------------ reading */

/* What the elements of one dataset stand for, each rank its share of the rows. Collective. */
static tartan_status sum_dataset(tartan_grid *grid, const char *path, const char *name, int place, double *buffer,
                                 int64_t *sum)
{
  const tt_dataset_info *info;
  tt_dataset            *dataset = NULL;
  char                   source[2 * TT_PATH_MAX];
  int64_t                from, to, step;
  tartan_dtype           dtype;
  tartan_status          st = TARTAN_OK, local = TARTAN_OK;

  snprintf(source, sizeof source, "%s:%s", path, name);
  TRY(tt_dataset_open(grid, source, NULL, &dataset));
  info = tt_dataset_get_info(dataset);
  REQUIRE(info->element == TT_EL_F32 || info->element == TT_EL_F64, TARTAN_ERR_FORMAT, "%s holds no f32 or f64",
          source);
  REQUIRE(info->cols <= BUFFER, TARTAN_ERR_FORMAT, "%s has %lld columns", source, (long long)info->cols);
  dtype = info->element == TT_EL_F32 ? TARTAN_F32 : TARTAN_F64;
  step = BUFFER / info->cols;
  from = info->rows / grid->size * grid->rank + tt_min(grid->rank, info->rows % grid->size);
  to = from + info->rows / grid->size + (grid->rank < info->rows % grid->size);
  for (int64_t row = from; row < to && local == TARTAN_OK; row += step) {
    const int64_t rows = tt_min(step, to - row);

    local = tt_dataset_read_local(dataset, row, rows, 0, info->cols, buffer);
    if (local == TARTAN_OK)
      *sum = (*sum + hash_elements(place, row * info->cols, rows * info->cols, dtype, buffer)) & MASK;
  }
  AGREE(grid, local);
done:
  tt_dataset_close(&dataset);
  return st;
}

/* Configuration and state, the latter on every rank in a block to be given to tt_free(). Collective. */
static tartan_status read_texts(tt_small *file, const char *path, char configuration[TEXT], const char ***state)
{
  int64_t       count = 0;
  tartan_status st = TARTAN_OK;

  TRY(tt_small_text(file, "/", "configuration", configuration, TEXT));
  TRY(tt_small_strings(file, "/state", true, state, &count));
  REQUIRE(count == 1, TARTAN_ERR_FORMAT, "%s has no state", path);
done:
  return st;
}

/* Whether the file holds what was written to it. Collective. */
static tartan_status verify(tartan_grid *grid, const char *path)
{
  tt_small     *file = NULL;
  const char  **state = NULL;
  char          configuration[TEXT], names[NAMES], *rest = NULL;
  double       *stored = NULL, *buffer = NULL;
  int64_t       rows, cols, sum = 0;
  int           place = 1;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_small_open(grid, path, &file));
  TRY(read_texts(file, path, configuration, &state));
  TRY(tt_small_text(file, "/", "datasets", names, sizeof names));
  TRY(tt_small_array(file, "/checksum", &stored, &rows, &cols));
  buffer = tt_alloc(&grid->memory, BUFFER, sizeof *buffer, "a checkpoint", &local);
  AGREE(grid, local);
  if (grid->rank == 0) sum = (hash_text(1, configuration) + hash_text(2, state[0])) & MASK;
  for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
    TRY(sum_dataset(grid, path, name, place++, buffer, &sum));
  TRY(add_up(grid, &sum));
  REQUIRE(rows * cols == 1 && (double)sum == stored[0], TARTAN_ERR_CHECKPOINT,
          "%s is damaged: its contents are not those that were written", path);
done:
  tt_free(buffer);
  tt_free(stored);
  tt_free(state);
  tt_small_close(&file);
  return st;
}

/* The first item that differs between "a=1; b=2" and "a=1; b=3", as "b=2" and "b=3". Local. */
static void first_difference(const char *a, const char *b, char there[160], char here[160])
{
  size_t same = 0, from;

  while (a[same] && a[same] == b[same]) same++;
  for (from = same; from > 0 && a[from - 1] != ';'; from--) continue;
  while (a[from] == ' ' && from < same) from++;
  snprintf(there, 160, "%.*s", (int)tt_min((int64_t)strcspn(a + from, ";"), 150), a + from);
  snprintf(here, 160, "%.*s", (int)tt_min((int64_t)strcspn(b + from, ";"), 150), b + from);
}

/* Whether a file that is whole is a state of this run, and its text. Collective. */
static tartan_status take(tartan_grid *grid, const char *path, const char *kind, const char *configuration,
                          tt_saved *saved)
{
  tt_small     *file = NULL;
  const char  **state = NULL;
  char          text[TEXT], here[160] = "", there[160] = "";
  int64_t       same;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_small_open(grid, path, &file));
  TRY(tt_small_text(file, "/", "format", text, sizeof text));
  saved->kind = place_of(kind, text);
  REQUIRE(saved->kind > 0, TARTAN_ERR_CHECKPOINT, "%s is a %s, this run needs a %.*s: --resume never begins anew", path,
          *text ? text : "file of another kind", (int)strcspn(kind, " "), kind);
  TRY(read_texts(file, path, text, &state));
  same = strcmp(text, configuration) == 0;
  TRY(tt_bcast(grid, &same, 1, sizeof same, 0)); /* ranks may see another time of the input */
  if (!same) first_difference(text, configuration, there, here);
  REQUIRE(same, TARTAN_ERR_CHECKPOINT,
          "%s is a checkpoint of other options or data, with %s and not %s: --resume never begins anew", path, there,
          here);
  saved->text = tt_strdup(&grid->memory, state[0], &local);
  AGREE(grid, local);
done:
  tt_free(state);
  tt_small_close(&file);
  return st;
}

/* Whether the file is there, as rank 0 sees it. Collective. */
static tartan_status look_for(tartan_grid *grid, const char *path, bool *there)
{
  int64_t             missing = grid->rank != 0 || access(path, F_OK) != 0;
  const tartan_status st = tt_agree_least(grid, &missing); /* not counted as traffic */

  *there = missing == 0;
  return st;
}

/* What tells a file from another one of the same name; all 0: there is none. */
static void mark_file(const char *path, int64_t mark[TT_STATE_MARKS])
{
  struct stat s;

  memset(mark, 0, TT_STATE_MARKS * sizeof *mark);
  if (stat(path, &s) != 0) return;
  mark[0] = (int64_t)s.st_dev;
  mark[1] = (int64_t)s.st_ino;
  mark[2] = (int64_t)s.st_size;
  mark[3] = (int64_t)s.st_mtim.tv_sec;
  mark[4] = (int64_t)s.st_mtim.tv_nsec;
}

tartan_status tt_saved_check(tartan_grid *grid, const tt_saved *saved)
{
  int64_t       mark[TT_STATE_MARKS];
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0) {
    mark_file(saved->path, mark);
    if (memcmp(mark, saved->mark, sizeof mark) != 0)
      local = tt_fail(TARTAN_ERR_IO, "%s was replaced while it was read: wait for the other run that writes it",
                      saved->path);
  }
  AGREE(grid, local);
done:
  return st;
}

tartan_status tt_saved_find(tartan_grid *grid, const char *path, const char *kind, const char *configuration,
                            bool alone, tt_saved *saved, bool *found)
{
  char          name[2][TT_STATE_PATH];
  int           damaged = 0;
  bool          there = false;
  tartan_status st = TARTAN_OK, verified;

  memset(saved, 0, sizeof *saved);
  *found = false;
  REQUIRE(name_beside(path, "", name[0]) && name_beside(path, ".1", name[1]), TARTAN_ERR_ARG,
          "the name of the checkpoint is too long");
  for (int i = 0; i < (alone ? 1 : 2); i++) {
    TRY(look_for(grid, name[i], &there));
    if (!there) continue;
    memcpy(saved->path, name[i], sizeof saved->path);
    if (grid->rank == 0) mark_file(saved->path, saved->mark);
    st = verify(grid, name[i]);
    if (st == TARTAN_ERR_NOMEM || st == TARTAN_ERR_MPI) goto done; /* this says nothing of it */
    verified = st;
    TRY(tt_saved_check(grid, saved));
    st = verified;
    if (st == TARTAN_OK) {
      TRY(take(grid, name[i], kind, configuration, saved));
      TRY(tt_saved_check(grid, saved));
      *found = true;
      if (damaged > 0) tt_grid_warn(grid, "%s is damaged: going on from the state before it, %s", name[0], name[1]);
      goto done;
    }
    if (st == TARTAN_ERR_IO) goto done; /* nor does this */
    damaged++;
  }
  st = TARTAN_OK;
  REQUIRE(damaged == 0, TARTAN_ERR_CHECKPOINT, "%s%s damaged: put a copy there, or --resume never begins anew", path,
          damaged > 1 ? " and its older generation .1 are" : " is");
done:
  return st;
}

tartan_status tt_checkpoint_find(tartan_grid *grid, const char *kind, tt_saved *saved, bool *found)
{
  const tt_checkpoint *c = grid->checkpoint;
  tartan_status        st = TARTAN_OK;

  memset(saved, 0, sizeof *saved);
  *found = false;
  if (!c || !c->resume) goto done;
  TRY(tt_saved_find(grid, c->from ? c->from : c->path, kind, c->configuration, c->from != NULL, saved, found));
  REQUIRE(*found || !c->from, TARTAN_ERR_CHECKPOINT, "--resume %s: there is no such file", c->from);
done:
  return st;
}

const char *tt_saved_source(const tt_saved *saved, const char *name, char text[TT_STATE_SOURCE])
{
  snprintf(text, TT_STATE_SOURCE, "%s:%s", saved->path, name);
  return text;
}

void tt_saved_end(tt_saved *saved)
{
  tt_free(saved->text);
  saved->text = NULL;
}
