/* What a factorization reads: the rows of a dataset, from their file, or a sparse matrix or ratings, which are held. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/contents.h"
#include "io/ratings.h"
#include "nmf.h"
#include "ratings_entries.h"
#include "recommend.h"

static bool has(const tt_contents *contents, const char *group, const char *name)
{
  char path[512];

  snprintf(path, sizeof path, "%s/%s", group, name);
  for (int64_t i = 0; i < contents->count; i++)
    if (strcmp(contents->item[i].path, path) == 0) return true;
  return false;
}

static bool holds_entries(const tt_contents *contents, const char *group)
{
  return (has(contents, group, "indptr") && has(contents, group, "indices")) ||
         (has(contents, group, "user") && has(contents, group, "item"));
}

/* Whether the source is a group with a sparse matrix or ratings; where none is named, the root group or /X. Collective. */
static tartan_status find_entries(app_run *run, const char *source, int64_t *found)
{
  const tartan_io_opts io = app_run_io(run);
  const size_t         length = tt_source_file_length(source);
  const char          *group = source[length] == ':' ? source + length + 1 : "";
  char                 file[TT_PATH_MAX];
  tt_contents          contents = {.count = 0};
  tartan_status        st = TARTAN_OK;

  *found = 0;
  REQUIRE(length < sizeof file, TARTAN_ERR_ARG, "the name of the input is too long");
  snprintf(file, sizeof file, "%.*s", (int)length, source);
  TRY(tt_list_datasets(run->grid, file, &io, &contents));
  *found = *group && strcmp(group, "/") != 0 ? holds_entries(&contents, group)
                                             : holds_entries(&contents, "") || holds_entries(&contents, "/X");
  TRY(tt_bcast(run->grid, found, 1, sizeof *found, 0));
done:
  tt_contents_free(&contents);
  return st;
}

/* Full name, size and time of the file. Local. */
static void describe_file(const tt_ratings *r, tt_dataset_info *info)
{
  struct stat s;

  snprintf(info->file, sizeof info->file, "%.*s", (int)sizeof info->file - 1, r->file);
  snprintf(info->path, sizeof info->path, "%.255s", *r->group ? r->group : "/");
  if (stat(r->file, &s) != 0) return;
  info->file_bytes = (int64_t)s.st_size;
  info->file_mtime = (int64_t)s.st_mtim.tv_sec;
  info->file_mtime_ns = (int64_t)s.st_mtim.tv_nsec;
}

/* Entries that stand twice are added up, as SciPy does. Collective. */
static tartan_status make_sparse(app_run *run, const tt_ratings *r, bool turn, tartan_sparse **A)
{
  const app_rating_rules rules = {.duplicates = TARTAN_DUPLICATES_SUM, .least = -INFINITY};
  const int64_t          users = r->users.total, items = r->items.total;
  app_entries            e = {NULL};
  tartan_status          st = TARTAN_OK;

  TRY(app_entries_make(run, r->file, r->count, &e));
  for (int64_t i = 0; i < r->count; i++)
    app_entries_put(&e, &rules, turn ? r->item[i] : r->user[i], turn ? r->user[i] : r->item[i], r->rating[i]);
  TRY(app_entries_sparse(run, &rules, turn ? items : users, turn ? users : items, 1, &e, A));
done:
  app_entries_end(&e);
  return st;
}

tartan_status app_nmf_input_open(app_run *run, const char *source, int samples, app_pca_input *input,
                                 tartan_sparse **sparse)
{
  const tartan_io_opts io = app_run_io(run);
  tt_ratings           r = {.total = 0};
  int64_t              found = 0;
  tartan_status        st = TARTAN_OK;

  TRY(find_entries(run, source, &found));
  if (!found) return app_pca_input_open(run, source, samples, input);
  input->source = source;
  TRY(tt_ratings_read(run->grid, source, &io, &r));
  describe_file(&r, &input->info);
  TRY(make_sparse(run, &r, samples == APP_SAMPLES_COLUMNS, sparse));
  TRY(tartan_operator_from_sparse(*sparse, &input->data));
  tartan_operator_shape(input->data, &input->m, &input->n);
  tartan_operator_describe(input->data, input->text, sizeof input->text);
  app_tell(run, "%s, from %s:%s\n", input->text, input->info.file, input->info.path);
done:
  tt_ratings_free(&r);
  return st;
}
