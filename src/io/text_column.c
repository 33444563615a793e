/*
 * HDF5 delivers texts of variable length as addresses of its own memory, those of fixed length side by side. Pieces of at
 * most 64k texts are read and packed.
 */
#include "io/text_column.h"

#include <string.h>

#include "base/util.h"
#include "io/h5.h"
#include "io/place.h"

#define PIECE 65536

/* A dataset of texts that is open. */
typedef struct source {
  hid_t       file, dataset, space, type; /* type: in memory */
  bool        variable;
  int64_t     width; /* bytes of a fixed text with its zero */
  int64_t     cols;  /* of a table, which is read by whole rows; of a line 1 */
  const char *path, *name;
} source;

static void close_source(source *s)
{
  tt_h5_release(s->type);
  tt_h5_release(s->space);
  tt_h5_release(s->dataset);
  if (s->file >= 0) H5Fclose(s->file);
}

static tartan_status open_source(source *s)
{
  tartan_status st = tt_h5_open_file(s->path, &s->file);
  hsize_t       extent[H5S_MAX_RANK];
  hid_t         type;

  if (st != TARTAN_OK) return st;
  s->dataset = tt_file_fault() ? H5I_INVALID_HID : H5Dopen2(s->file, s->name, H5P_DEFAULT);
  if (s->dataset < 0) return tt_h5_fail(TARTAN_ERR_IO, "cannot open a dataset of", s->path);
  s->space = H5Dget_space(s->dataset);
  type = H5Dget_type(s->dataset);
  s->variable = H5Tis_variable_str(type) > 0;
  H5Sget_simple_extent_dims(s->space, extent, NULL);
  s->cols = H5Sget_simple_extent_ndims(s->space) == 2 ? (int64_t)extent[1] : 1;
  s->width = s->variable ? (int64_t)sizeof(char *) : (int64_t)H5Tget_size(type) + 1;
  s->type = H5Tcopy(H5T_C_S1);
  H5Tset_size(s->type, s->variable ? H5T_VARIABLE : (size_t)s->width);
  H5Tset_cset(s->type, H5Tget_cset(type));
  tt_h5_release(type);
  return TARTAN_OK;
}

/* Adds a text; memory doubles. */
static tartan_status append(tt_memory *mem, tt_text_column *c, const char *text)
{
  const int64_t bytes = (int64_t)strlen(text) + 1;
  tartan_status st = TARTAN_OK;

  if (c->used + bytes > c->room) {
    const int64_t room = tt_max(2 * c->room, c->used + bytes + 4096);
    char         *more = tt_alloc(mem, room, 1, "texts of a column", &st);

    if (!more) return st;
    if (c->used > 0) memcpy(more, c->characters, (size_t)c->used);
    tt_free(c->characters);
    c->characters = more;
    c->room = room;
  }
  memcpy(c->characters + c->used, text, (size_t)bytes);
  c->used += bytes;
  c->count++;
  return st;
}

static tartan_status read_piece(tt_memory *mem, const source *s, int64_t first, int64_t count, char *raw,
                                tt_text_column *column)
{
  const hsize_t start[2] = {(hsize_t)(first / s->cols), 0}, block[2] = {(hsize_t)(count / s->cols), (hsize_t)s->cols};
  const hsize_t all = (hsize_t)count;
  const hid_t   memory = H5Screate_simple(1, &all, NULL);
  const bool    fault = tt_file_fault();
  tartan_status st = TARTAN_OK;
  herr_t        code = -1;

  memset(raw, 0, (size_t)(count * s->width));
  if (memory >= 0 && H5Sselect_hyperslab(s->space, H5S_SELECT_SET, start, NULL, block, NULL) >= 0)
    code = H5Dread(s->dataset, s->type, memory, s->space, H5P_DEFAULT, raw);
  if (code < 0 || fault) st = tt_h5_fail(TARTAN_ERR_IO, "cannot read texts of", s->path);
  for (int64_t i = 0; i < count && st == TARTAN_OK; i++) {
    const char *text = s->variable ? ((char **)(void *)raw)[i] : raw + i * s->width;

    st = append(mem, column, text ? text : "");
  }
  if (s->variable && code >= 0) H5Dvlen_reclaim(s->type, memory, H5P_DEFAULT, raw);
  tt_h5_release(memory);
  return st;
}

static void find_texts(tt_text_column *column)
{
  const char *at = column->characters;

  for (int64_t i = 0; i < column->count; i++) {
    column->text[i] = at;
    at += strlen(at) + 1;
  }
}

tartan_status tt_text_column_read(tt_memory *mem, const char *path, const char *name, int64_t first, int64_t count,
                                  tt_text_column *column)
{
  source        s = {H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID, false, 0, 1, path, name};
  int64_t       piece = PIECE;
  char         *raw = NULL;
  tt_h5_guard   guard;
  tartan_status st;

  memset(column, 0, sizeof *column);
  tt_h5_enter(&guard, false);
  st = open_source(&s);
  if (st == TARTAN_OK) piece = s.cols * tt_max(1, PIECE / s.cols);
  if (st == TARTAN_OK) raw = tt_alloc(mem, tt_min(count, piece), (size_t)s.width, "texts of a column", &st);
  for (int64_t i = 0; i < count && st == TARTAN_OK; i += piece)
    st = read_piece(mem, &s, first + i, tt_min(piece, count - i), raw, column);
  tt_free(raw);
  close_source(&s);
  tt_h5_leave(&guard);
  if (st != TARTAN_OK) return st;
  column->text = tt_alloc(mem, count, sizeof *column->text, "addresses of texts", &st);
  if (column->text) find_texts(column);
  return st;
}

void tt_text_column_free(tt_text_column *column)
{
  tt_free(column->text);
  tt_free(column->characters);
  memset(column, 0, sizeof *column);
}
