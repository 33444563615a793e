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

/* All texts of a dataset, each cut to the length of its place. */
static tartan_status read_strings(const tt_small *f, hid_t dataset, int64_t count, int64_t length, char *texts)
{
  const hid_t   type = H5Dget_type(dataset), memory = H5Tcopy(H5T_C_S1), space = H5Dget_space(dataset);
  const bool    variable = H5Tis_variable_str(type) > 0, fault = tt_file_fault();
  tartan_status st = TARTAN_OK;
  char        **loose = variable ? tt_alloc_zero(&f->grid->memory, count, sizeof *loose, "texts", &st) : NULL;
  herr_t        code = -1;

  H5Tset_size(memory, variable ? H5T_VARIABLE : (size_t)length);
  H5Tset_cset(memory, H5Tget_cset(type));
  if (st == TARTAN_OK)
    code = H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, variable ? (void *)loose : (void *)texts);
  for (int64_t i = 0; i < count && code >= 0; i++) {
    if (variable) snprintf(texts + i * length, (size_t)length, "%s", loose[i] ? loose[i] : "");
    texts[(i + 1) * length - 1] = '\0';
  }
  if (variable && code >= 0) H5Dvlen_reclaim(memory, space, H5P_DEFAULT, loose);
  if (st == TARTAN_OK && code < 0) st = tt_h5_fail(TARTAN_ERR_IO, "cannot read", f->path);
  if (st == TARTAN_OK && fault) st = tt_fail_errno("cannot read", f->path);
  tt_free(loose);
  tt_h5_release(space);
  tt_h5_release(memory);
  tt_h5_release(type);
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

tartan_status tt_small_strings(tt_small *f, const char *name, int64_t length, char **texts, int64_t *count)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  int64_t       n = 0, bytes = 0;
  hid_t         dataset = H5I_INVALID_HID;
  char         *t = NULL;
  tt_h5_guard   guard;

  *texts = NULL;
  *count = 0;
  tt_h5_enter(&guard, false);
  if (f->grid->rank == 0) local = count_strings(f, name, &dataset, &n);
  TRY(tt_root_verdict(f->grid, local));
  TRY(tt_bcast(f->grid, &n, 1, sizeof n, 0));
  if (!tt_mul(n, length, &bytes)) local = tt_fail(TARTAN_ERR_OVERFLOW, "%s is too large", name);
  t = tt_alloc_zero(&f->grid->memory, bytes, 1, name, &local);
  AGREE(f->grid, local);
  if (f->grid->rank == 0 && n > 0) local = read_strings(f, dataset, n, length, t);
  TRY(tt_root_verdict(f->grid, local));
  TRY(tt_bcast(f->grid, t, bytes, 1, 0));
  *texts = t;
  *count = n;
  t = NULL;
done:
  tt_free(t);
  tt_h5_release(dataset);
  tt_h5_leave(&guard);
  return st;
}
