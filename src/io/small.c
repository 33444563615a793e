/* Small things of result files: rank 0 reads with HDF5's serial driver, converting to f64, and broadcasts. */
#include "io/small.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/attribute.h"
#include "io/dataset_type.h"
#include "io/place.h"
#include "io/root.h"

struct tt_small {
  tartan_grid *grid;
  hid_t        file; /* on rank 0 */
  char         path[TT_PATH_MAX];
};

tartan_status tt_small_open(tartan_grid *grid, const char *path, tt_small **file)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  tt_small     *f = NULL;
  tt_h5_guard   guard;

  *file = NULL;
  REQUIRE(strlen(path) < sizeof f->path, TARTAN_ERR_INPUT, "the name %.80s... is too long", path);
  f = tt_alloc_zero(&grid->memory, 1, sizeof *f, "an open file", &local);
  AGREE(grid, local);
  f->grid = grid;
  f->file = H5I_INVALID_HID;
  snprintf(f->path, sizeof f->path, "%s", path);
  if (grid->rank == 0) {
    tt_h5_enter(&guard, false);
    local = tt_h5_open_file(path, &f->file);
    tt_h5_leave(&guard);
  }
  TRY(tt_root_verdict(grid, local));
  *file = f;
  f = NULL;
done:
  tt_small_close(&f);
  return st;
}

void tt_small_close(tt_small **file)
{
  tt_small   *f = file ? *file : NULL;
  tt_h5_guard guard;

  if (!f) return;
  tt_h5_enter(&guard, false);
  if (f->file >= 0) H5Fclose(f->file);
  tt_h5_leave(&guard);
  tt_free(f);
  *file = NULL;
}

/* An object by its path, links to other files excepted; negative if there is none. */
static hid_t open_object(const tt_small *f, const char *name)
{
  hid_t  object = H5I_INVALID_HID;
  char   part[TT_PATH_MAX];
  size_t length = 0;

  if (strlen(name) >= sizeof part) return object;
  do {
    H5L_info_t info;

    length += strspn(name + length, "/");
    length += strcspn(name + length, "/");
    snprintf(part, sizeof part, "%.*s", (int)length, name);
    if (strspn(part, "/") == length) break;
    if (H5Lexists(f->file, part, H5P_DEFAULT) <= 0 || H5Lget_info(f->file, part, &info, H5P_DEFAULT) < 0 ||
        info.type == H5L_TYPE_EXTERNAL)
      return object;
  } while (name[length] != '\0');
  return H5Oopen(f->file, name, H5P_DEFAULT);
}

tartan_status tt_small_exists(tt_small *f, const char *name, bool *exists)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  int64_t       found = 0;
  tt_h5_guard   guard;

  *exists = false;
  if (f->grid->rank == 0) {
    tt_h5_enter(&guard, false);
    if (tt_file_fault()) {
      local = tt_fail_errno("cannot read", f->path);
    } else {
      const hid_t object = open_object(f, name);

      found = object >= 0;
      tt_h5_release(object);
    }
    tt_h5_leave(&guard);
  }
  TRY(tt_root_verdict(f->grid, local));
  TRY(tt_bcast(f->grid, &found, 1, sizeof found, 0));
  *exists = found != 0;
done:
  return st;
}

tartan_status tt_small_holds_texts(tt_small *f, const char *name, bool *texts)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  int64_t       found = 0;
  tt_h5_guard   guard;

  *texts = false;
  if (f->grid->rank == 0) {
    tt_h5_enter(&guard, false);
    if (tt_file_fault()) {
      local = tt_fail_errno("cannot read", f->path);
    } else {
      const hid_t object = open_object(f, name);
      const hid_t type = object >= 0 && H5Iget_type(object) == H5I_DATASET ? H5Dget_type(object) : H5I_INVALID_HID;

      found = type >= 0 && H5Tget_class(type) == H5T_STRING;
      tt_h5_release(type);
      tt_h5_release(object);
    }
    tt_h5_leave(&guard);
  }
  TRY(tt_root_verdict(f->grid, local));
  TRY(tt_bcast(f->grid, &found, 1, sizeof found, 0));
  *texts = found != 0;
done:
  return st;
}

/* On rank 0: what a dataset is, [rows, cols]. */
static tartan_status describe(const tt_small *f, const char *name, hid_t *dataset, int64_t shape[2])
{
  hsize_t extent[2] = {1, 1};
  tt_type d = {0};
  hid_t   type, space;
  int     ndims;

  *dataset = open_object(f, name);
  if (*dataset < 0)
    return tt_fail(TARTAN_ERR_INPUT, "%s has no %s; it is not the kind of file that is needed", f->path, name);
  if (H5Iget_type(*dataset) != H5I_DATASET) return tt_fail(TARTAN_ERR_FORMAT, "%s: %s is not a dataset", f->path, name);
  type = H5Dget_type(*dataset);
  space = H5Dget_space(*dataset);
  if (type >= 0) tt_type_describe(type, &d);
  ndims = space >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL ? H5Sget_simple_extent_ndims(space) : -1;
  if (ndims > 0 && ndims <= 2) H5Sget_simple_extent_dims(space, extent, NULL);
  tt_h5_release(space);
  tt_h5_release(type);
  if (!d.numeric || ndims < 0 || ndims > 2)
    return tt_fail(TARTAN_ERR_FORMAT, "%s: %s holds %s elements in %d dimensions; numbers in at most 2 are needed",
                   f->path, name, d.name, ndims);
  shape[0] = (int64_t)extent[0];
  shape[1] = (int64_t)extent[1];
  return TARTAN_OK;
}

static tartan_status read_values(const tt_small *f, hid_t dataset, double *values)
{
  const bool fault = tt_file_fault();

  if (H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
    return tt_h5_fail(TARTAN_ERR_IO, "cannot read", f->path);
  return fault ? tt_fail_errno("cannot read", f->path) : TARTAN_OK;
}

tartan_status tt_small_array(tt_small *f, const char *name, double **values, int64_t *rows, int64_t *cols)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  int64_t       shape[2] = {0, 0}, count = 0;
  hid_t         dataset = H5I_INVALID_HID;
  double       *v = NULL;
  tt_h5_guard   guard;

  *values = NULL;
  tt_h5_enter(&guard, false);
  if (f->grid->rank == 0) local = describe(f, name, &dataset, shape);
  TRY(tt_root_verdict(f->grid, local));
  TRY(tt_bcast(f->grid, shape, 2, sizeof *shape, 0));
  if (!tt_mul(shape[0], shape[1], &count)) local = tt_fail(TARTAN_ERR_OVERFLOW, "%s is too large", name);
  v = tt_alloc(&f->grid->memory, count, sizeof *v, name, &local);
  AGREE(f->grid, local);
  if (f->grid->rank == 0 && count > 0) local = read_values(f, dataset, v);
  TRY(tt_root_verdict(f->grid, local));
  TRY(tt_bcast(f->grid, v, count, sizeof *v, 0));
  if (f->grid->rank == 0) f->grid->counters.bytes_read += count * (int64_t)sizeof *v;
  *values = v;
  *rows = shape[0];
  *cols = shape[1];
  v = NULL;
done:
  tt_free(v);
  tt_h5_release(dataset);
  tt_h5_leave(&guard);
  return st;
}

tartan_status tt_small_text(tt_small *f, const char *object, const char *attribute, char *value, size_t length)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  tt_h5_guard   guard;

  memset(value, 0, length);
  if (f->grid->rank == 0) {
    tt_h5_enter(&guard, false);
    if (tt_file_fault()) {
      local = tt_fail_errno("cannot read", f->path);
    } else {
      const hid_t id = open_object(f, object);

      if (id >= 0) tt_attribute_text(id, attribute, value, length);
      tt_h5_release(id);
    }
    tt_h5_leave(&guard);
  }
  TRY(tt_root_verdict(f->grid, local));
  TRY(tt_bcast(f->grid, value, (int64_t)length, 1, 0));
done:
  return st;
}

tartan_status tt_small_number(tt_small *f, const char *object, const char *attribute, double *value, bool *found)
{
  double        got[2] = {0, 0}; /* how many, and the number */
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  tt_h5_guard   guard;

  *found = false;
  if (f->grid->rank == 0) {
    tt_h5_enter(&guard, false);
    if (tt_file_fault()) {
      local = tt_fail_errno("cannot read", f->path);
    } else {
      const hid_t id = open_object(f, object);

      if (id >= 0) got[0] = tt_attribute_numbers(id, attribute, 1, &got[1]);
      tt_h5_release(id);
    }
    tt_h5_leave(&guard);
  }
  TRY(tt_root_verdict(f->grid, local));
  TRY(tt_bcast(f->grid, got, 2, sizeof *got, 0));
  *found = got[0] == 1;
  if (*found) *value = got[1];
done:
  return st;
}

/* On rank 0: how many texts a dataset holds; 0 if there is none of that name. */
static tartan_status count_strings(const tt_small *f, const char *name, hid_t *dataset, int64_t *count)
{
  hid_t type, space;
  bool  text, line;

  *dataset = open_object(f, name);
  if (*dataset < 0) return TARTAN_OK;
  type = H5Dget_type(*dataset);
  space = H5Dget_space(*dataset);
  text = type >= 0 && H5Tget_class(type) == H5T_STRING;
  line = space >= 0 && H5Sget_simple_extent_ndims(space) == 1;
  if (text && line) *count = (int64_t)H5Sget_simple_extent_npoints(space);
  tt_h5_release(space);
  tt_h5_release(type);
  return text && line ? TARTAN_OK : tt_fail(TARTAN_ERR_FORMAT, "%s: %s is not a list of texts", f->path, name);
}

/* Texts as HDF5 delivers them: addresses of its own memory, or places of equal width. On rank 0. */
typedef struct raw_texts {
  hid_t   memory, space;
  bool    variable; /* of length */
  char  **loose;
  char   *fixed;
  int64_t count, width, bytes; /* bytes of all texts with their terminating zeros */
} raw_texts;

static const char *raw_text(const raw_texts *raw, int64_t i)
{
  if (!raw->variable) return raw->fixed + i * raw->width;
  return raw->loose[i] ? raw->loose[i] : "";
}

static void raw_end(raw_texts *raw)
{
  if (raw->loose) H5Dvlen_reclaim(raw->memory, raw->space, H5P_DEFAULT, raw->loose);
  tt_free(raw->fixed);
  tt_free(raw->loose);
  tt_h5_release(raw->space);
  tt_h5_release(raw->memory);
}

static tartan_status raw_read(const tt_small *f, hid_t dataset, raw_texts *raw)
{
  const hid_t   type = H5Dget_type(dataset);
  const bool    fault = tt_file_fault();
  tt_memory    *mem = &f->grid->memory;
  tartan_status st = TARTAN_OK;
  herr_t        code = -1;

  raw->variable = H5Tis_variable_str(type) > 0;
  raw->space = H5Dget_space(dataset);
  raw->memory = H5Tcopy(H5T_C_S1);
  raw->width = raw->variable ? 0 : (int64_t)H5Tget_size(type) + 1;
  H5Tset_size(raw->memory, raw->variable ? H5T_VARIABLE : (size_t)raw->width);
  H5Tset_cset(raw->memory, H5Tget_cset(type));
  if (raw->variable)
    raw->loose = tt_alloc_zero(mem, raw->count, sizeof *raw->loose, "texts", &st);
  else
    raw->fixed = tt_alloc_zero(mem, raw->count, (size_t)raw->width, "texts", &st);
  if (st == TARTAN_OK)
    code = H5Dread(dataset, raw->memory, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                   raw->variable ? (void *)raw->loose : (void *)raw->fixed);
  if (st == TARTAN_OK && code < 0) st = tt_h5_fail(TARTAN_ERR_IO, "cannot read", f->path);
  if (st == TARTAN_OK && fault) st = tt_fail_errno("cannot read", f->path);
  for (int64_t i = 0; i < raw->count && st == TARTAN_OK; i++) raw->bytes += (int64_t)strlen(raw_text(raw, i)) + 1;
  tt_h5_release(type);
  return st;
}

static void raw_pack(const raw_texts *raw, char *to)
{
  for (int64_t i = 0; i < raw->count; i++) {
    const size_t length = strlen(raw_text(raw, i)) + 1;

    memcpy(to, raw_text(raw, i), length);
    to += length;
  }
}

tartan_status tt_small_strings(tt_small *f, const char *name, bool everywhere, const char ***texts, int64_t *count)
{
  const bool    root = f->grid->rank == 0;
  raw_texts     raw = {.memory = H5I_INVALID_HID, .space = H5I_INVALID_HID};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  hid_t         dataset = H5I_INVALID_HID;
  const char  **t = NULL;
  char         *characters = NULL;
  tt_h5_guard   guard;

  *texts = NULL;
  *count = 0;
  tt_h5_enter(&guard, false);
  if (root) local = count_strings(f, name, &dataset, &raw.count);
  if (root && local == TARTAN_OK && raw.count > 0) local = raw_read(f, dataset, &raw);
  TRY(tt_root_verdict(f->grid, local));
  TRY(tt_bcast(f->grid, &raw.count, 1, sizeof raw.count, 0));
  TRY(tt_bcast(f->grid, &raw.bytes, 1, sizeof raw.bytes, 0));
  if (raw.count > 0 && (root || everywhere))
    t = tt_texts_alloc(&f->grid->memory, raw.count, raw.bytes, name, &characters, &local);
  AGREE(f->grid, local);
  if (root && t) raw_pack(&raw, characters);
  if (everywhere && t) TRY(tt_bcast(f->grid, characters, raw.bytes, 1, 0));
  if (t) tt_texts_find(t, raw.count);
  *texts = t;
  *count = raw.count;
  t = NULL;
done:
  tt_free(t);
  raw_end(&raw);
  tt_h5_release(dataset);
  tt_h5_leave(&guard);
  return st;
}

tartan_status tt_small_names(tartan_grid *grid, const char *path, const char *dataset, const char *name, int64_t count,
                             bool everywhere, const char ***texts)
{
  const char   *slash = strrchr(dataset, '/');
  tt_small     *file = NULL;
  int64_t       found = 0;
  char          whole[TT_PATH_MAX];
  tartan_status st = TARTAN_OK;

  *texts = NULL;
  snprintf(whole, sizeof whole, "%.*s/%s", slash ? (int)(slash - dataset) : 0, dataset, name);
  TRY(tt_small_open(grid, path, &file));
  st = tt_small_strings(file, whole, everywhere, texts, &found);
  if (st == TARTAN_ERR_FORMAT) st = TARTAN_OK; /* something else of that name */
  if (found != count) {
    tt_free(*texts);
    *texts = NULL;
  }
done:
  tt_small_close(&file);
  return st;
}
