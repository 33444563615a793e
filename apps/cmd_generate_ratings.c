/*
 * tartan generate ratings: ratings of any number of users and items, the same bytes on any number of ranks. Each rank
 * makes the users of its range, a batch at a time; threads take users.
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "commands.h"
#include "common/files.h"
#include "common/planted.h"
#include "io/output.h"
#include "kernel/parallel.h"

#define BATCH (INT64_C(1) << 20) /* observations of a batch, or one user's */
#define FACTOR_ROWS 4096

static app_planted set = {.rank = 8, .exponent = 0.62, .noise = 0.5};

static struct {
  const char *output;
  int64_t     seed;
  bool        factors, timestamps, force;
} more;

static const app_option options[] = {
    {"users", 'm', APP_OPTION_COUNT, &set.users, "M", NULL, "required: number of users"},
    {"items", 'n', APP_OPTION_COUNT, &set.items, "N", NULL, "required: number of items"},
    {"ratings", 0, APP_OPTION_COUNT, &set.ratings, "R", NULL,
     "required: number of ratings, at most half of all pairs; no pair twice"},
    {"output", 'o', APP_OPTION_TEXT, &more.output, "FILE.h5", NULL,
     "required: file to write, with the columns /user, /item, /rating"},
    {"rank", 0, APP_OPTION_COUNT, &set.rank, "K", "8", "number of planted factors"},
    {"exponent", 0, APP_OPTION_REAL, &set.exponent, "S", "0.62",
     "activity of users and popularity of items fall as place^-S, 0 to 0.95"},
    {"noise", 0, APP_OPTION_REAL, &set.noise, "S", "0.5", "standard deviation of normal noise added to ratings"},
    {"implicit", 0, APP_OPTION_FLAG, &set.implicit, NULL, NULL,
     "counts 1, 2, ... of items that fit the user's taste, instead of ratings around 3.5"},
    {"timestamps", 0, APP_OPTION_FLAG, &more.timestamps, NULL, NULL, "also /timestamp: seconds, over five years"},
    {"with-factors", 0, APP_OPTION_FLAG, &more.factors, NULL, NULL,
     "also the planted factors, /planted/user_factors and /planted/item_factors"},
    {"seed", 0, APP_OPTION_COUNT, &more.seed, "N", "0", "of all random numbers"},
    {"force", 'f', APP_OPTION_FLAG, &more.force, NULL, NULL, "replace an output that exists"},
    {.name = NULL},
};

/* The columns of a batch, and the scratch memory of each thread. */
typedef struct batch {
  app_planted_work *work; /* [threads] */
  app_observation  *seen; /* [room] */
  int64_t           room, first_user, users;
  int64_t          *at; /* [room + 1] where each user of the batch begins */
  int64_t          *user, *item, *timestamp;
  float            *rating;
} batch;

static void make_user(int64_t i, void *context)
{
  batch *b = context;

  app_planted_user(&set, b->first_user + i, &b->work[tt_thread_index()], b->seen + b->at[i]);
}

/* As many users as fit, at least one; returns how many observations they have. */
static int64_t plan_batch(batch *b, int64_t first, int64_t last)
{
  int64_t count = 0;

  b->first_user = first;
  b->users = 0;
  b->at[0] = 0;
  while (first + b->users < last && b->users < BATCH) {
    const int64_t more_count = app_planted_count(&set, first + b->users);

    if (count + more_count > b->room) break;
    count += more_count;
    b->at[++b->users] = count;
  }
  return count;
}

static void fill_columns(batch *b)
{
  for (int64_t i = 0; i < b->users; i++)
    for (int64_t e = b->at[i]; e < b->at[i + 1]; e++) {
      b->user[e] = b->first_user + i;
      b->item[e] = b->seen[e].item;
      b->rating[e] = b->seen[e].value;
      b->timestamp[e] = b->seen[e].timestamp;
    }
}

static void batch_free(batch *b, int threads)
{
  for (int t = 0; b->work && t < threads; t++) app_planted_work_free(&b->work[t]);
  tt_free(b->work);
  tt_free(b->seen);
  tt_free(b->at);
  tt_free(b->user);
  tt_free(b->item);
  tt_free(b->timestamp);
  tt_free(b->rating);
}

static tartan_status batch_make(app_run *run, batch *b)
{
  tt_memory    *mem = &run->grid->memory;
  tartan_status local = TARTAN_OK;

  b->room = tt_max(tt_min(BATCH, set.ratings), app_planted_most(&set));
  b->work = tt_alloc_zero(mem, run->threads, sizeof *b->work, "work of threads", &local);
  for (int t = 0; t < run->threads && local == TARTAN_OK; t++) local = app_planted_work_make(mem, &set, &b->work[t]);
  b->seen = tt_alloc(mem, b->room, sizeof *b->seen, "a batch of ratings", &local);
  b->at = tt_alloc(mem, BATCH + 1, sizeof *b->at, "a batch of users", &local);
  b->user = tt_alloc(mem, b->room, sizeof *b->user, "a column", &local);
  b->item = tt_alloc(mem, b->room, sizeof *b->item, "a column", &local);
  b->timestamp = tt_alloc(mem, b->room, sizeof *b->timestamp, "a column", &local);
  b->rating = tt_alloc(mem, b->room, sizeof *b->rating, "a column", &local);
  return local;
}

static tartan_status write_batch(tt_output *out, const batch *b, int64_t at, int64_t count)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_output_rows(out, "/user", at, count, b->user));
  TRY(tt_output_rows(out, "/item", at, count, b->item));
  TRY(tt_output_rows(out, "/rating", at, count, b->rating));
  if (more.timestamps) TRY(tt_output_rows(out, "/timestamp", at, count, b->timestamp));
done:
  return st;
}

/* This rank's users, and where their observations begin in the file. */
static tartan_status find_range(app_run *run, int64_t *first, int64_t *last, int64_t *at)
{
  const int64_t P = run->size, me = run->rank;
  int64_t       mine = 0, *all;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  all = tt_alloc(NULL, P, sizeof *all, "ratings of each rank", &local);
  AGREE(run->grid, local);
  *first = set.users / P * me + tt_min(me, set.users % P);
  *last = *first + set.users / P + (me < set.users % P);
  for (int64_t u = *first; u < *last; u++) mine += app_planted_count(&set, u);
  TRY(tt_allgather(run->grid, &mine, 1, sizeof mine, all));
  for (int64_t r = 0; r < me; r++) *at += all[r];
done:
  tt_free(all);
  return st;
}

/* All batches; a rank that is done keeps coming to the collective writes. */
static tartan_status write_ratings(app_run *run, tt_output *out)
{
  int64_t       first = 0, last = 0, at = 0, left = 1, from;
  batch         b = {.room = 0};
  tartan_status st = TARTAN_OK, local;

  local = batch_make(run, &b);
  AGREE(run->grid, local);
  TRY(find_range(run, &first, &last, &at));
  from = first;
  while (left > 0) {
    const int64_t count = plan_batch(&b, first, last);
    double        since = tt_seconds();

    tt_parallel_for(run->threads, b.users, make_user, &b);
    fill_columns(&b);
    tt_grid_phase(run->grid, TARTAN_PHASE_COMPUTE, &since);
    TRY(write_batch(out, &b, at, count));
    first += b.users;
    at += count;
    left = last - first;
    TRY(tt_allreduce_i64(run->grid, &left, 1, TT_MAX));
    if (last > from) tt_grid_progress(run->grid, "generating", (double)(first - from) / (double)(last - from));
  }
done:
  batch_free(&b, run->threads);
  return st;
}

/* Factors of users or items, equal ranges on the ranks. */
static tartan_status write_factors(app_run *run, tt_output *out, const char *name, int64_t rows,
                                   void (*make)(const app_planted *p, int64_t i, double *x))
{
  const int64_t each = tt_ceil_div(rows, run->size), first = tt_min(rows, each * run->rank);
  const int64_t last = tt_min(rows, first + each);
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  double       *x = tt_alloc(&run->grid->memory, FACTOR_ROWS * set.rank, sizeof *x, "planted factors", &local);

  AGREE(run->grid, local);
  for (int64_t step = 0; step < each; step += FACTOR_ROWS) {
    const int64_t row = tt_min(last, first + step), count = tt_min(FACTOR_ROWS, last - row);

    for (int64_t i = 0; i < count; i++) make(&set, row + i, x + i * set.rank);
    TRY(tt_output_rows(out, name, row, count, x));
  }
done:
  tt_free(x);
  return st;
}

static void declare(tt_output *out)
{
  tt_output_declare_line(out, "/user", TT_EL_I64, set.ratings);
  tt_output_declare_line(out, "/item", TT_EL_I64, set.ratings);
  tt_output_declare_line(out, "/rating", TT_EL_F32, set.ratings);
  if (more.timestamps) tt_output_declare_line(out, "/timestamp", TT_EL_I64, set.ratings);
  if (!more.factors) return;
  tt_output_declare(out, "/planted/user_factors", TARTAN_F64, set.users, set.rank);
  tt_output_declare(out, "/planted/item_factors", TARTAN_F64, set.items, set.rank);
}

static void annotate(const app_run *run, tt_output *out)
{
  app_notes notes = {.count = 0};

  app_note(&notes, "format", "tartan-ratings");
  app_note_origin(&notes, run);
  app_note_count(&notes, "seed", more.seed);
  app_note_count(&notes, "reproducible", 1);
  app_note_count(&notes, "users", set.users);
  app_note_count(&notes, "items", set.items);
  app_note_count(&notes, "implicit", set.implicit);
  app_note(&notes, "exponent", "%.17g", set.exponent);
  app_note(&notes, "noise", "%.17g", set.noise);
  app_notes_write(&notes, out);
}

static tartan_status check_settings(void)
{
  char          missing[96] = "";
  tartan_status st = TARTAN_OK;

  if (set.users < 1) strcat(missing, " --users M");
  if (set.items < 1) strcat(missing, " --items N");
  if (set.ratings < 1) strcat(missing, " --ratings R");
  if (!more.output) strcat(missing, " -o FILE.h5");
  REQUIRE(missing[0] == '\0', TARTAN_ERR_ARG, "generate ratings needs%s (tartan generate ratings --help)", missing);
  REQUIRE(set.users < INT64_MAX / 16 && set.items < INT64_MAX / 16 && set.ratings < INT64_MAX / 64 && set.noise >= 0,
          TARTAN_ERR_ARG, "generate ratings: sizes beyond what can be counted, or negative noise");
  REQUIRE(!more.factors || set.rank > 0, TARTAN_ERR_ARG, "--with-factors needs --rank of 1 or more");
done:
  return st;
}

static tartan_status generate(app_run *run, const char *const *operands, int count)
{
  tartan_status st = TARTAN_OK, local;
  tt_output    *out = NULL;

  (void)operands, (void)count;
  TRY(check_settings());
  set.seed = (uint64_t)more.seed;
  local = app_planted_begin(&run->grid->memory, &set);
  AGREE(run->grid, local);
  TRY(tt_output_create(run->grid, more.output, more.force, &out));
  annotate(run, out);
  declare(out);
  TRY(tt_output_open(out));
  TRY(write_ratings(run, out));
  if (more.factors) TRY(write_factors(run, out, "/planted/user_factors", set.users, app_planted_user_factors));
  if (more.factors) TRY(write_factors(run, out, "/planted/item_factors", set.items, app_planted_item_factors));
  TRY(tt_output_commit(&out));
  app_tell(run, "%lld rating%s of %lld item%s by %lld user%s, %s\n", (long long)set.ratings, TT_S(set.ratings),
           (long long)set.items, TT_S(set.items), (long long)set.users, TT_S(set.users),
           set.implicit ? "counts" : "around 3.5");
  app_say_written(run, more.output, "/user, /item, /rating");

done:
  tt_output_discard(&out);
  app_planted_end(&set);
  return st;
}

const app_command app_cmd_generate_ratings = {
    .name = "generate ratings",
    .group = "Data",
    .summary = "ratings by power-law users of power-law items around planted factors; the same for every rank count",
    .operands = "--users M --items N --ratings R -o FILE.h5",
    .options = {options, app_run_options},
    .notes = "Examples:\n  tartan generate ratings --users 30000 --items 40000 --ratings 720000 -o ratings.h5\n"
             "  mpirun -n 4 tartan generate ratings --users 1000000 --items 200000 --ratings 100000000 --implicit "
             "-o plays.h5\n",
    .run = generate,
};
