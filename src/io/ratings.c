/*
 * Rank 0 looks which objects the group has; then each rank reads an equal part of every column, or, of a sparse matrix,
 * the rows of an equal part of indptr. Names become dense indices (ids.c). Nothing is gathered but texts of names.
 */
#include "io/ratings.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/attribute.h"
#include "io/column.h"
#include "io/root.h"
#include "io/small.h"
#include "io/text_column.h"

/* What a column of a group is. */
typedef enum presence { ABSENT, NUMBERS, TEXTS } presence;

enum { USER, ITEM, RATING, TIMESTAMP, DATA, INDICES, INDPTR, SHAPE, COLUMNS };

static const char *const lists[2] = {"user_ids", "item_ids"};
static const char *const names[COLUMNS] = {"user", "item", "rating", "timestamp", "data", "indices", "indptr", "shape"};

/* What rank 0 finds; plain bytes, to be broadcast. */
typedef struct layout {
  presence has[COLUMNS];
  int64_t  text_count[2]; /* of user and item, where they are texts */
  bool     listed[2];     /* user and item are places in lists of names */
  int64_t  shape[2];
  bool     csc;
} layout;

/* ------------------------------------------------------------------------------------------------ rank 0 looks */

/* Whether the group has a dataset of that name, and of what. */
static presence look_at(hid_t group, const char *name, int64_t *count)
{
  hid_t    dataset, type, space;
  presence found = ABSENT;

  if (H5Lexists(group, name, H5P_DEFAULT) <= 0) return ABSENT;
  dataset = H5Dopen2(group, name, H5P_DEFAULT);
  if (dataset < 0) return ABSENT;
  type = H5Dget_type(dataset);
  space = H5Dget_space(dataset);
  found = H5Tget_class(type) == H5T_STRING ? TEXTS : NUMBERS;
  *count = H5Sget_simple_extent_ndims(space) == 1 ? (int64_t)H5Sget_simple_extent_npoints(space) : -1;
  tt_h5_release(space);
  tt_h5_release(type);
  tt_h5_release(dataset);
  return found;
}

/* The shape of a sparse matrix: an attribute, or a dataset of two. */
static bool read_shape(hid_t group, int64_t shape[2])
{
  double      values[2];
  bool        found = tt_attribute_numbers(group, "shape", 2, values) == 2;
  const hid_t dataset = found || H5Lexists(group, "shape", H5P_DEFAULT) <= 0 ? H5I_INVALID_HID
                                                                             : H5Dopen2(group, "shape", H5P_DEFAULT);
  const hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);

  if (space >= 0 && H5Sget_simple_extent_npoints(space) == 2)
    found = H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
  for (int i = 0; i < 2 && found; i++) {
    found = values[i] >= 0 && values[i] < 0x1p53;
    shape[i] = found ? (int64_t)values[i] : 0;
  }
  tt_h5_release(space);
  tt_h5_release(dataset);
  return found;
}

static tartan_status check_columns(const tt_ratings *r, const layout *l)
{
  char missing[64] = "";

  for (int c = USER; c <= ITEM; c++) {
    const size_t n = strlen(missing);

    if (l->has[c] == ABSENT) snprintf(missing + n, sizeof missing - n, "%s%s", n ? " and " : "", names[c]);
    if (l->has[c] == TEXTS && l->text_count[c] < 0)
      return tt_fail(TARTAN_ERR_INPUT, "%s:%s/%s holds texts in other than one dimension", r->file, r->group, names[c]);
  }
  if (missing[0] == '\0') return TARTAN_OK;
  return tt_fail(
      TARTAN_ERR_INPUT,
      "%s:%s has no %s: ratings are columns user, item, rating and perhaps timestamp of a group, or a sparse "
      "matrix as data, indices, indptr and shape; name the group, FILE.h5:/group",
      r->file, r->group[0] ? r->group : "/", missing);
}

/* Where no group is named and the root group has no ratings: a matrix in /X, as AnnData and tartan convert write it. */
static void choose_group(hid_t file, tt_ratings *r)
{
  if (r->group[0] || H5Lexists(file, "user", H5P_DEFAULT) > 0 || H5Lexists(file, "data", H5P_DEFAULT) > 0) return;
  if (H5Lexists(file, "X", H5P_DEFAULT) > 0 && H5Lexists(file, "X/data", H5P_DEFAULT) > 0)
    snprintf(r->group, sizeof r->group, "/X");
}

static tartan_status look_in(hid_t file, tt_ratings *r, layout *l)
{
  const hid_t group = H5Gopen2(file, r->group[0] ? r->group : "/", H5P_DEFAULT);
  char        kind[32] = "";
  int64_t     unused;

  if (group < 0)
    return tt_fail(TARTAN_ERR_INPUT, "%s has no group %s; ratings are named by their group, or by the file alone",
                   r->file, r->group);
  for (int c = 0; c < COLUMNS; c++) l->has[c] = look_at(group, names[c], c <= ITEM ? &l->text_count[c] : &unused);
  for (int c = USER; c <= ITEM; c++) l->listed[c] = l->has[c] == NUMBERS && look_at(group, lists[c], &unused) == TEXTS;
  tt_attribute_text(group, "encoding-type", kind, sizeof kind);
  l->csc = strcmp(kind, "csc_matrix") == 0;
  r->matrix = l->has[USER] == ABSENT && l->has[DATA] != ABSENT && l->has[INDICES] != ABSENT && l->has[INDPTR] != ABSENT;
  if (r->matrix && !read_shape(group, l->shape)) {
    tt_h5_release(group);
    return tt_fail(TARTAN_ERR_INPUT, "%s:%s has data, indices and indptr, but no shape of two numbers", r->file,
                   r->group[0] ? r->group : "/");
  }
  tt_h5_release(group);
  return r->matrix ? TARTAN_OK : check_columns(r, l);
}

static tartan_status look(tt_ratings *r, layout *l)
{
  hid_t         file = H5I_INVALID_HID;
  tt_h5_guard   guard;
  tartan_status st;

  tt_h5_enter(&guard, false);
  st = tt_h5_open_file(r->file, &file);
  if (st == TARTAN_OK && tt_file_fault()) st = tt_fail_errno("cannot read", r->file);
  if (st == TARTAN_OK) choose_group(file, r);
  if (st == TARTAN_OK) st = look_in(file, r, l);
  if (file >= 0) H5Fclose(file);
  tt_h5_leave(&guard);
  return st;
}

static tartan_status split_source(const char *source, tt_ratings *r)
{
  const size_t  length = tt_source_file_length(source);
  const char   *group = source[length] == ':' ? source + length + 1 : "";
  size_t        n;
  tartan_status st = TARTAN_OK;

  REQUIRE(length > 0, TARTAN_ERR_INPUT, "the name of the ratings is empty; give FILE.h5 or FILE.h5:/group");
  REQUIRE(length < sizeof r->file && strlen(group) + 2 < sizeof r->group, TARTAN_ERR_INPUT,
          "the name %.80s... is too long", source);
  snprintf(r->file, sizeof r->file, "%.*s", (int)length, source);
  if (group[0]) snprintf(r->group, sizeof r->group, "%s%s", group[0] == '/' ? "" : "/", group);
  for (n = strlen(r->group); n > 0 && r->group[n - 1] == '/'; n--) r->group[n - 1] = '\0';
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ columns */

/* This rank's part of so many. */
static void take_part(const tartan_grid *grid, int64_t total, int64_t *first, int64_t *count)
{
  const int64_t P = grid->size, me = grid->rank;

  *first = total / P * me + tt_min(me, total % P);
  *count = total / P + (me < total % P);
}

/* Columns that are open; dataset NULL where there is none, or it holds texts. */
typedef struct open_columns {
  tt_column_file column[COLUMNS];
} open_columns;

static tartan_status fail_length(const tt_ratings *r, int c, int64_t length)
{
  return tt_fail(TARTAN_ERR_INPUT, "%s: columns of different length: %s/user has %lld, %s/%s has %lld", r->file,
                 r->group, (long long)r->total, r->group, names[c], (long long)length);
}

/* Opens columns from .. to that are numbers. */
static tartan_status open_columns_of(tt_ratings *r, const layout *l, const tartan_io_opts *opts, int from, int to,
                                     open_columns *o)
{
  tartan_status st = TARTAN_OK;

  for (int c = from; c <= to; c++) {
    if (l->has[c] == ABSENT || (c <= ITEM && l->has[c] == TEXTS)) continue;
    TRY(tt_column_open(r->grid, r->file, r->group, names[c], opts, &o->column[c]));
  }
done:
  return st;
}

static void close_columns(open_columns *o)
{
  for (int c = 0; c < COLUMNS; c++) tt_column_close(&o->column[c]);
}

static tartan_status check_lengths(tt_ratings *r, const layout *l, const open_columns *o)
{
  tartan_status st = TARTAN_OK;

  for (int c = USER; c <= TIMESTAMP; c++) {
    const int64_t length = l->has[c] == TEXTS ? l->text_count[c <= ITEM ? c : 0] : o->column[c].length;

    if (l->has[c] == ABSENT) continue;
    if (c == USER) r->total = length;
    if (length != r->total) return fail_length(r, c, length);
  }
  REQUIRE(r->total > 0, TARTAN_ERR_INPUT, "%s:%s/user is empty: there are no ratings", r->file, r->group);
done:
  return st;
}

/* Room for this rank's observations. */
static void allocate(tt_ratings *r, bool timestamps, tartan_status *local)
{
  tt_memory *mem = &r->grid->memory;

  r->user = tt_alloc(mem, r->count, sizeof *r->user, "users of ratings", local);
  r->item = tt_alloc(mem, r->count, sizeof *r->item, "items of ratings", local);
  r->rating = tt_alloc(mem, r->count, sizeof *r->rating, "ratings", local);
  if (timestamps) r->timestamp = tt_alloc(mem, r->count, sizeof *r->timestamp, "timestamps of ratings", local);
}

/* Names that stand in a list, of which the column holds places. */
static tartan_status read_list(tt_ratings *r, int c, const int64_t *index, tt_ids *ids)
{
  char          name[sizeof r->group + 16];
  tt_small     *file = NULL;
  int64_t       wrong = -1;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *ids = (tt_ids){.grid = r->grid, .text = true};
  snprintf(name, sizeof name, "%s/%s", r->group, lists[c]);
  TRY(tt_small_open(r->grid, r->file, &file));
  TRY(tt_small_strings(file, name, true, &ids->name, &ids->total));
  ids->count = ids->total;
  for (int64_t e = r->count - 1; e >= 0; e--)
    if (index[e] < 0 || index[e] >= ids->total) wrong = e;
  if (wrong >= 0)
    local = tt_fail(TARTAN_ERR_INPUT, "%s:%s/%s: element %lld is %lld, and %s has %lld names", r->file, r->group,
                    names[c], (long long)r->first + wrong, (long long)index[wrong], name, (long long)ids->total);
  AGREE(r->grid, local);
done:
  tt_small_close(&file);
  return st;
}

/* Names of users or items. */
static tartan_status read_ids(tt_ratings *r, const layout *l, open_columns *o, int c, int64_t *index, tt_ids *ids)
{
  char           name[sizeof r->group + 8];
  tt_text_column texts = {0};
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  if (l->has[c] == NUMBERS) {
    TRY(tt_column_integers(&o->column[c], r->first, r->count, index));
    if (l->listed[c])
      TRY(read_list(r, c, index, ids));
    else
      TRY(tt_ids_of_numbers(r->grid, r->count, index, ids));
  } else {
    snprintf(name, sizeof name, "%s/%s", r->group, names[c]);
    local = tt_text_column_read(&r->grid->memory, r->file, name, r->first, r->count, &texts);
    AGREE(r->grid, local);
    TRY(tt_ids_of_texts(r->grid, r->count, texts.text, index, ids));
  }
done:
  tt_text_column_free(&texts);
  return st;
}

static tartan_status read_columns(tt_ratings *r, const layout *l, const tartan_io_opts *opts)
{
  open_columns  o = {0};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(open_columns_of(r, l, opts, USER, TIMESTAMP, &o));
  TRY(check_lengths(r, l, &o));
  take_part(r->grid, r->total, &r->first, &r->count);
  allocate(r, l->has[TIMESTAMP] != ABSENT, &local);
  AGREE(r->grid, local);
  if (l->has[RATING] != ABSENT) TRY(tt_column_reals(&o.column[RATING], r->first, r->count, r->rating));
  for (int64_t e = 0; e < r->count && l->has[RATING] == ABSENT; e++) r->rating[e] = 1;
  if (r->timestamp) TRY(tt_column_reals(&o.column[TIMESTAMP], r->first, r->count, r->timestamp));
  TRY(read_ids(r, l, &o, USER, r->user, &r->users));
  TRY(read_ids(r, l, &o, ITEM, r->item, &r->items));
done:
  close_columns(&o);
  return st;
}

/* ------------------------------------------------------------------------------------------------ a sparse matrix */

/* A sparse matrix in a file, and this rank's rows of it. */
typedef struct compressed {
  int64_t  rows, cols, first_row, row_count;
  int64_t *ptr; /* [row_count + 1] */
} compressed;

/* Where this rank's rows begin: never falling, within what there is. */
static tartan_status check_ptr(const tt_ratings *r, const compressed *c)
{
  for (int64_t i = 0; i <= c->row_count; i++) {
    const int64_t low = i == 0 ? 0 : c->ptr[i - 1];
    const bool    last = c->first_row + i == c->rows, begin = c->first_row + i == 0;

    if (c->ptr[i] < low || c->ptr[i] > r->total || (begin && c->ptr[i] != 0) || (last && c->ptr[i] != r->total))
      return tt_fail(TARTAN_ERR_INPUT,
                     "%s:%s/indptr: element %lld is %lld; it must rise from 0 to the length of data, %lld", r->file,
                     r->group, (long long)c->first_row + i, (long long)c->ptr[i], (long long)r->total);
  }
  return TARTAN_OK;
}

static tartan_status read_ptr(tt_ratings *r, open_columns *o, compressed *c)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(o->column[INDPTR].length == c->rows + 1, TARTAN_ERR_INPUT,
          "%s:%s/indptr has %lld elements; a matrix of %lld rows needs one more than that", r->file, r->group,
          (long long)o->column[INDPTR].length, (long long)c->rows);
  REQUIRE(o->column[INDICES].length == r->total, TARTAN_ERR_INPUT,
          "%s: columns of different length: %s/data has %lld, %s/indices has %lld", r->file, r->group,
          (long long)r->total, r->group, (long long)o->column[INDICES].length);
  take_part(r->grid, c->rows, &c->first_row, &c->row_count);
  c->ptr = tt_alloc(&r->grid->memory, c->row_count + 1, sizeof *c->ptr, "rows of a sparse matrix", &local);
  AGREE(r->grid, local);
  TRY(tt_column_integers(&o->column[INDPTR], c->first_row, c->row_count + 1, c->ptr));
  local = check_ptr(r, c);
  AGREE(r->grid, local);
  r->first = c->ptr[0];
  r->count = c->ptr[c->row_count] - c->ptr[0];
done:
  return st;
}

/* Rows from ptr; columns must lie in the matrix. */
static tartan_status fill_rows(const tt_ratings *r, const compressed *c, int64_t *row, const int64_t *col)
{
  for (int64_t i = 0; i < c->row_count; i++)
    for (int64_t e = c->ptr[i]; e < c->ptr[i + 1]; e++) row[e - r->first] = c->first_row + i;
  for (int64_t e = 0; e < r->count; e++)
    if (col[e] < 0 || col[e] >= c->cols)
      return tt_fail(TARTAN_ERR_INPUT, "%s:%s/indices: element %lld is %lld, outside of the shape, %lld x %lld",
                     r->file, r->group, (long long)r->first + e, (long long)col[e], (long long)c->rows,
                     (long long)c->cols);
  return TARTAN_OK;
}

static tartan_status read_matrix(tt_ratings *r, const layout *l, const tartan_io_opts *opts)
{
  open_columns  o = {0};
  compressed    c = {.rows = l->shape[l->csc], .cols = l->shape[!l->csc]};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(open_columns_of(r, l, opts, DATA, INDPTR, &o));
  r->total = o.column[DATA].length;
  TRY(read_ptr(r, &o, &c));
  allocate(r, false, &local);
  AGREE(r->grid, local);
  TRY(tt_column_reals(&o.column[DATA], r->first, r->count, r->rating));
  TRY(tt_column_integers(&o.column[INDICES], r->first, r->count, l->csc ? r->user : r->item));
  local = fill_rows(r, &c, l->csc ? r->item : r->user, l->csc ? r->user : r->item);
  AGREE(r->grid, local);
  TRY(tt_ids_of_range(r->grid, l->shape[0], &r->users));
  TRY(tt_ids_of_range(r->grid, l->shape[1], &r->items));
done:
  tt_free(c.ptr);
  close_columns(&o);
  return st;
}

/* ------------------------------------------------------------------------------------------------ both */

tartan_status tt_ratings_read(tartan_grid *grid, const char *source, const tartan_io_opts *opts, tt_ratings *r)
{
  layout        l = {.csc = false};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *r = (tt_ratings){.grid = grid, .users = {.grid = grid}, .items = {.grid = grid}};
  TRY(split_source(source, r));
  if (grid->rank == 0) local = look(r, &l);
  TRY(tt_root_verdict(grid, local));
  TRY(tt_bcast(grid, &l, (int64_t)sizeof l, 1, 0));
  TRY(tt_bcast(grid, &r->matrix, (int64_t)sizeof r->matrix, 1, 0));
  TRY(tt_bcast(grid, r->group, (int64_t)sizeof r->group, 1, 0));
  if (r->matrix)
    TRY(read_matrix(r, &l, opts));
  else
    TRY(read_columns(r, &l, opts));
done:
  return st;
}

void tt_ratings_free(tt_ratings *r)
{
  tt_ids_free(&r->items);
  tt_ids_free(&r->users);
  tt_free(r->timestamp);
  tt_free(r->rating);
  tt_free(r->item);
  tt_free(r->user);
  r->timestamp = r->rating = NULL;
  r->item = r->user = NULL;
}
