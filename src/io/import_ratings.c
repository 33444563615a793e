/*
 * Import of ratings: rank 0 reads. Tables are written slab by slab, as other tables are (text_import.c). Matrices are put
 * in order by tartan_sparse_create(), where rank 0 gives all entries, and written by all ranks.
 */
#include "io/import_ratings.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/file_kind.h"
#include "io/import_ratings_impl.h"
#include "io/output.h"
#include "io/root.h"
#include "io/sparse_file.h"

#define SLAB (INT64_C(1) << 19)

static const char *const format_names[] = {"", "ratings-csv", "movielens", "matrixmarket", "npz"};

/* ------------------------------------------------------------------------------------------------ what it is */

/* u.data, u1.base, ua.test of MovieLens 100k. */
static bool is_movielens_name(const char *path)
{
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strchr(name, '.');

  if (name[0] != 'u' || !dot || dot - name > 2) return false;
  if (strncmp(dot, ".data", 5) == 0) return dot - name == 1;
  return dot - name == 2 && strchr("12345ab", name[1]) &&
         (strncmp(dot, ".base", 5) == 0 || strncmp(dot, ".test", 5) == 0);
}

/* How many cells of a line are numbers between separators; 0 if one is none. */
static int numbers_in(const char *line, const char *separator)
{
  const size_t width = strlen(separator);
  int          count = 0;

  for (const char *at = line;; at += width) {
    const size_t digits = strspn(at, "0123456789.-");

    if (digits == 0) return 0;
    count++;
    at += digits;
    if (*at == '\0') return count;
    if (strncmp(at, separator, width) != 0) return 0;
  }
}

/* Whether a first line names the columns of MovieLens, as they are or as R's write.csv quotes them, with row names or without. */
static bool is_movielens_header(const char *line)
{
  static const char names[] = "userid,movieid,rating";
  const char       *name = names;

  if (strncmp(line, "\"\",", 3) == 0) line += 3;
  for (; *name; line++) {
    if (*line == '"') continue;
    if (tolower((unsigned char)*line) != *name++) return false;
  }
  return true;
}

/* By the first line of a text. */
static tt_ratings_format text_format(const char *path, const char *line)
{
  if (is_movielens_header(line)) return TT_RATINGS_MOVIELENS;
  if (numbers_in(line, "::") >= 3) return TT_RATINGS_MOVIELENS;
  if (is_movielens_name(path) && numbers_in(line, "\t") == 4) return TT_RATINGS_MOVIELENS;
  return TT_RATINGS_NONE;
}

static tartan_status recognise(tt_memory *memory, const char *path, tt_ratings_format *format)
{
  const size_t  length = strlen(path);
  tt_file_kind  kind;
  tt_stream     stream;
  char         *line = NULL;
  int           gzip;
  tartan_status st = tt_file_recognise(path, &kind, &gzip);

  *format = TT_RATINGS_NONE;
  if (st != TARTAN_OK) return st;
  if (kind == TT_KIND_MATRIX_MARKET) *format = TT_RATINGS_MATRIX_MARKET;
  if (kind == TT_KIND_ZIP && !gzip && length > 4 && strcmp(path + length - 4, ".npz") == 0) *format = TT_RATINGS_NPZ;
  if (kind != TT_KIND_CSV && kind != TT_KIND_TSV && kind != TT_KIND_TEXT) return TARTAN_OK;
  st = tt_stream_open(memory, path, &stream);
  if (st != TARTAN_OK) return st;
  st = tt_stream_line(memory, &stream, &line);
  if (st == TARTAN_OK && line) *format = text_format(path, line);
  tt_stream_close(&stream);
  return st;
}

tartan_status tt_ratings_recognise(tartan_grid *grid, const char *path, tt_ratings_format *format)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0) local = recognise(&grid->memory, path, format);
  TRY(tt_root_verdict(grid, local));
  TRY(tt_bcast(grid, format, (int64_t)sizeof *format, 1, 0));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ tables */

/* What a slab holds. */
typedef struct slab {
  int64_t *user, *item, *whole;
  double  *rating, *timestamp;
  float   *narrow;
} slab;

static void slab_free(slab *s)
{
  tt_free(s->user);
  tt_free(s->item);
  tt_free(s->whole);
  tt_free(s->rating);
  tt_free(s->timestamp);
  tt_free(s->narrow);
}

static tartan_status slab_make(tt_memory *memory, int64_t count, slab *s)
{
  tartan_status st = TARTAN_OK;

  s->user = tt_alloc(memory, count, sizeof *s->user, "ratings to import", &st);
  s->item = tt_alloc(memory, count, sizeof *s->item, "ratings to import", &st);
  s->whole = tt_alloc(memory, count, sizeof *s->whole, "ratings to import", &st);
  s->rating = tt_alloc(memory, count, sizeof *s->rating, "ratings to import", &st);
  s->timestamp = tt_alloc(memory, count, sizeof *s->timestamp, "ratings to import", &st);
  s->narrow = tt_alloc(memory, count, sizeof *s->narrow, "ratings to import", &st);
  return st;
}

/* What all ranks must know of the table that rank 0 reads; plain bytes. */
typedef struct facts {
  tt_ratings_result result;
  bool              narrow, whole;
} facts;

static facts facts_of(const tt_ratings_table *t)
{
  facts f = {.narrow = t->narrow, .whole = t->whole};

  f.result.format = t->format;
  f.result.count = t->count;
  f.result.rating = t->column[TT_TABLE_RATING] >= 0;
  f.result.timestamp = t->column[TT_TABLE_TIMESTAMP] >= 0;
  for (int m = 0; m < 2; m++) f.result.text[m] = t->text[m];
  f.result.rows = t->names[0].count;
  f.result.cols = t->names[1].count;
  return f;
}

static void describe(tt_output *out, const tt_ratings_table *t, const facts *f, const char *from)
{
  const tt_ratings_result *r = &f->result;

  tt_output_declare_line(out, "/user", TT_EL_I64, r->count);
  tt_output_declare_line(out, "/item", TT_EL_I64, r->count);
  if (r->rating) tt_output_declare_line(out, "/rating", f->narrow ? TT_EL_F32 : TT_EL_F64, r->count);
  if (r->timestamp) tt_output_declare_line(out, "/timestamp", f->whole ? TT_EL_I64 : TT_EL_F64, r->count);
  if (r->text[0]) tt_output_strings(out, "/user_ids", r->rows, t->names[0].sorted);
  if (r->text[1]) tt_output_strings(out, "/item_ids", r->cols, t->names[1].sorted);
  tt_output_text(out, "/", "format", "tartan-ratings");
  tt_output_text(out, "/", "source", from);
  tt_output_text(out, "/", "source_format", format_names[r->format]);
}

/* One slab that rank 0 has, by all ranks. */
static tartan_status write_slab(tartan_grid *grid, tt_output *out, const facts *f, int64_t at, int64_t count,
                                const slab *s)
{
  const bool    root = grid->rank == 0;
  const int64_t row = root ? at : 0, n = root ? count : 0;
  tartan_status st = TARTAN_OK;

  for (int64_t e = 0; e < n && f->result.rating; e++) s->narrow[e] = (float)s->rating[e];
  for (int64_t e = 0; e < n && f->result.timestamp && f->whole; e++) s->whole[e] = (int64_t)s->timestamp[e];
  TRY(tt_output_rows(out, "/user", row, n, s->user));
  TRY(tt_output_rows(out, "/item", row, n, s->item));
  if (f->result.rating) TRY(tt_output_rows(out, "/rating", row, n, f->narrow ? (const void *)s->narrow : s->rating));
  if (f->result.timestamp)
    TRY(tt_output_rows(out, "/timestamp", row, n, f->whole ? (const void *)s->whole : s->timestamp));
done:
  return st;
}

static tartan_status copy_slabs(tartan_grid *grid, tt_ratings_table *t, const facts *f, tt_output *out)
{
  const int64_t total = f->result.count;
  slab          s = {.user = NULL};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0) local = slab_make(&grid->memory, tt_min(total, SLAB), &s);
  TRY(tt_root_verdict(grid, local));
  for (int64_t at = 0; at < total; at += SLAB) {
    const int64_t count = tt_min(SLAB, total - at);

    if (grid->rank == 0) local = tt_table_rows(t, count, s.user, s.item, s.rating, s.timestamp);
    TRY(tt_root_verdict(grid, local));
    TRY(write_slab(grid, out, f, at, count, &s));
    tt_grid_progress(grid, "converting", (double)(at + count) / (double)total);
  }
done:
  slab_free(&s);
  return st;
}

static tartan_status import_table(tartan_grid *grid, const char *from, tt_ratings_format format, tt_output **out,
                                  tt_ratings_result *result)
{
  tt_ratings_table t = {.memory = &grid->memory};
  facts            f = {.narrow = false};
  tartan_status    st = TARTAN_OK, local = TARTAN_OK;

  t.names[0].memory = t.names[1].memory = &grid->memory;
  if (grid->rank == 0) local = tt_table_begin(&grid->memory, from, format, &t);
  TRY(tt_root_verdict(grid, local));
  if (grid->rank == 0) f = facts_of(&t);
  TRY(tt_bcast(grid, &f, (int64_t)sizeof f, 1, 0));
  describe(*out, &t, &f, from);
  TRY(tt_output_open(*out));
  TRY(copy_slabs(grid, &t, &f, *out));
  TRY(tt_output_commit(out));
  *result = f.result;
done:
  tt_table_end(&t);
  return st;
}

/* ------------------------------------------------------------------------------------------------ matrices */

/* All entries from rank 0; values of f32 are narrowed where they are. */
static tartan_status make_matrix(tartan_grid *grid, tt_entry_list *list, tartan_sparse **A)
{
  const bool         root = grid->rank == 0;
  int64_t            shape[3] = {list->m, list->n, list->narrow};
  tartan_sparse_opts opts = TARTAN_SPARSE_OPTS_INIT;
  float             *narrow = NULL;
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  opts.duplicates = TARTAN_DUPLICATES_SUM;
  TRY(tt_bcast(grid, shape, 3, sizeof *shape, 0));
  if (root && list->narrow) narrow = tt_alloc(&grid->memory, list->count, sizeof *narrow, "values", &local);
  AGREE(grid, local);
  if (narrow) tt_convert(TT_EL_F64, list->value, list->count, TARTAN_F32, narrow);
  TRY(tartan_sparse_create(grid, shape[2] ? TARTAN_F32 : TARTAN_F64, shape[0], shape[1], root ? list->count : 0,
                           list->row, list->col, narrow ? (void *)narrow : (void *)list->value, &opts, A));
done:
  tt_free(narrow);
  return st;
}

static tartan_status import_matrix(tartan_grid *grid, const char *from, tt_ratings_format format, tt_output **out,
                                   tt_ratings_result *result)
{
  tt_entry_list  list = {.m = 0};
  tartan_sparse *A = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0)
    local = format == TT_RATINGS_NPZ ? tt_npz_read(&grid->memory, from, &list)
                                     : tt_market_read(&grid->memory, from, &list);
  TRY(tt_root_verdict(grid, local));
  TRY(make_matrix(grid, &list, &A));
  tt_entry_list_free(&list);
  *result = (tt_ratings_result){.format = format, .matrix = true};
  tartan_sparse_shape(A, &result->rows, &result->cols, &result->count);
  REQUIRE(result->count > 0, TARTAN_ERR_INPUT, "%s holds no entry", from);
  tt_sparse_declare(A, *out, "/X");
  tt_output_text(*out, "/", "format", "tartan-ratings");
  tt_output_text(*out, "/", "source", from);
  tt_output_text(*out, "/", "source_format", format_names[format]);
  TRY(tt_output_open(*out));
  TRY(tt_sparse_write(A, *out, "/X"));
  TRY(tt_output_commit(out));
done:
  tartan_sparse_destroy(&A);
  tt_entry_list_free(&list);
  return st;
}

tartan_status tt_import_ratings(tartan_grid *grid, const char *from, const char *to, tt_ratings_format format,
                                bool force, tt_ratings_result *result)
{
  tt_output    *out = NULL;
  tartan_status st = TARTAN_OK;

  *result = (tt_ratings_result){.format = format};
  REQUIRE(format > TT_RATINGS_NONE && format <= TT_RATINGS_NPZ, TARTAN_ERR_ARG, "%d is no format of ratings",
          (int)format);
  TRY(tt_output_create(grid, to, force, &out));
  if (format == TT_RATINGS_CSV || format == TT_RATINGS_MOVIELENS)
    TRY(import_table(grid, from, format, &out, result));
  else
    TRY(import_matrix(grid, from, format, &out, result));
done:
  tt_output_discard(&out);
  return st;
}
