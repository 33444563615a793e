/*
 * Small things of an output: they are copied when given, so that nothing touches the disk before all is known, and
 * written by rank 0 in the order in which they came. Texts are of variable length and UTF-8, which h5py gives as str.
 */
#include "io/output_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "io/dataset_type.h"

/* What HDF5 keeps beside the values: object header, attribute message, heap and index entries. */
#define ITEM_OVERHEAD 4096

void tt_output_keep(tt_output *out, tartan_status st)
{
  if (st == TARTAN_OK || out->local != TARTAN_OK) return;
  out->local = st;
  snprintf(out->message, sizeof out->message, "%s", tartan_error_message());
}

static void item_free(tt_item *item)
{
  if (!item) return;
  tt_free(item->object);
  tt_free(item->attribute);
  tt_free(item->values);
  tt_free(item);
}

void tt_items_free(tt_output *out)
{
  for (tt_item *item = out->first_item, *next; item; item = next) {
    next = item->next;
    item_free(item);
  }
  out->first_item = out->last_item = NULL;
}

/* Copies what was given to the end of the list; on rank 0 only. The new item for the caller to complete, or NULL. */
static tt_item *item_add(tt_output *out, tt_item_kind kind, const char *object, const char *attribute, int64_t count,
                         const void *values, int64_t bytes)
{
  tt_memory    *memory = &out->grid->memory;
  tartan_status local = out->local;
  tt_item      *item;

  if (out->grid->rank != 0) return NULL;
  item = tt_alloc_zero(memory, 1, sizeof *item, "an output", &local);
  if (item) {
    item->object = tt_strdup(memory, object, &local);
    item->attribute = attribute ? tt_strdup(memory, attribute, &local) : NULL;
    item->values = tt_alloc(memory, bytes, 1, "an output", &local);
  }
  if (!item || local != TARTAN_OK) {
    tt_output_keep(out, local);
    item_free(item);
    return NULL;
  }
  item->kind = kind;
  item->count = count;
  item->bytes = bytes;
  if (values && bytes > 0) memcpy(item->values, values, (size_t)bytes);
  if (out->last_item)
    out->last_item->next = item;
  else
    out->first_item = item;
  out->last_item = item;
  return item;
}

/* Texts are kept as HDF5 wants them: addresses, and behind these what they point to. */
static tt_item *text_add(tt_output *out, const char *object, const char *attribute, int64_t count,
                         const char *const *values)
{
  int64_t  bytes = count * (int64_t)sizeof(char *);
  char   **at, *to;
  tt_item *item;

  if (out->grid->rank != 0) return NULL;
  for (int64_t i = 0; i < count; i++) bytes += (int64_t)strlen(values[i]) + 1;
  item = item_add(out, TT_ITEM_TEXT, object, attribute, count, NULL, bytes);
  if (!item) return NULL;
  at = item->values;
  to = (char *)(at + count);
  for (int64_t i = 0; i < count; i++) {
    const size_t length = strlen(values[i]) + 1;

    at[i] = memcpy(to, values[i], length);
    to += length;
  }
  return item;
}

void tt_output_text(tt_output *out, const char *object, const char *attribute, const char *value)
{
  (void)text_add(out, object, attribute, 1, &value);
}

void tt_output_integer(tt_output *out, const char *object, const char *attribute, int64_t value)
{
  (void)item_add(out, TT_ITEM_INTEGER, object, attribute, 1, &value, (int64_t)sizeof value);
}

/* A dataset or attribute of one dimension; `bytes` of each element. */
static void vector_add(tt_output *out, tt_item_kind kind, const char *object, const char *attribute, int64_t count,
                       const void *values, int64_t bytes)
{
  tt_item *item = item_add(out, kind, object, attribute, count, values, count * bytes);

  if (!item) return;
  item->ndims = 1;
  item->extent[0] = count;
}

void tt_output_integers(tt_output *out, const char *object, const char *attribute, int64_t count, const int64_t *values)
{
  vector_add(out, TT_ITEM_INTEGER, object, attribute, count, values, (int64_t)sizeof *values);
}

void tt_output_real(tt_output *out, const char *object, const char *attribute, double value)
{
  (void)item_add(out, TT_ITEM_REAL, object, attribute, 1, &value, (int64_t)sizeof value);
}

void tt_output_array(tt_output *out, const char *name, int64_t rows, int64_t cols, const double *values)
{
  const int     ndims = cols > 0 ? 2 : rows > 0 ? 1 : 0;
  const int64_t count = ndims == 2 ? rows * cols : ndims == 1 ? rows : 1;
  tt_item      *item = item_add(out, TT_ITEM_REAL, name, NULL, count, values, count * (int64_t)sizeof *values);

  if (!item) return;
  item->ndims = ndims;
  item->extent[0] = rows;
  item->extent[1] = cols;
}

void tt_output_count(tt_output *out, const char *name, int64_t value)
{
  (void)item_add(out, TT_ITEM_INTEGER, name, NULL, 1, &value, (int64_t)sizeof value);
}

void tt_output_vector(tt_output *out, const char *name, int64_t count, const double *values)
{
  vector_add(out, TT_ITEM_REAL, name, NULL, count, values, (int64_t)sizeof *values);
}

void tt_output_counts(tt_output *out, const char *name, int64_t count, const int64_t *values)
{
  vector_add(out, TT_ITEM_INTEGER, name, NULL, count, values, (int64_t)sizeof *values);
}

void tt_output_pairs(tt_output *out, const char *name, int64_t count, const double *values)
{
  vector_add(out, TT_ITEM_COMPLEX, name, NULL, count, values, 2 * (int64_t)sizeof *values);
}

void tt_output_string(tt_output *out, const char *name, const char *value)
{
  (void)text_add(out, name, NULL, 1, &value);
}

void tt_output_strings(tt_output *out, const char *name, int64_t count, const char *const *values)
{
  tt_item *item = text_add(out, name, NULL, count, values);

  if (!item) return;
  item->ndims = 1;
  item->extent[0] = count;
}

void tt_output_string_table(tt_output *out, const char *name, int64_t rows, int64_t cols, const char *const *values)
{
  tt_item *item = text_add(out, name, NULL, rows * cols, values);

  if (!item) return;
  item->ndims = 2;
  item->extent[0] = rows;
  item->extent[1] = cols;
}

int64_t tt_items_bytes(const tt_output *out)
{
  int64_t bytes = 0;

  for (const tt_item *item = out->first_item; item; item = item->next)
    bytes += item->bytes + 16 * item->count + ITEM_OVERHEAD;
  return bytes;
}

static hid_t item_type(const tt_item *item)
{
  hid_t type;

  if (item->kind == TT_ITEM_COMPLEX) return tt_type_complex(TT_EL_F64);
  if (item->kind != TT_ITEM_TEXT) return H5Tcopy(item->kind == TT_ITEM_INTEGER ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE);
  type = H5Tcopy(H5T_C_S1);
  if (type >= 0) H5Tset_size(type, H5T_VARIABLE);
  if (type >= 0) H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

static hid_t item_space(const tt_item *item)
{
  const hsize_t extent[2] = {(hsize_t)item->extent[0], (hsize_t)item->extent[1]};

  return item->ndims == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(item->ndims, extent, NULL);
}

/* A dataset of that name, in groups that are made where they are missing. */
static bool write_dataset(hid_t file, const tt_item *item, hid_t type, hid_t space)
{
  const hid_t link = H5Pcreate(H5P_LINK_CREATE);
  hid_t       dataset = H5I_INVALID_HID;
  bool        ok;

  H5Pset_create_intermediate_group(link, 1);
  dataset = H5Dcreate2(file, item->object, type, space, link, H5P_DEFAULT, H5P_DEFAULT);
  ok = dataset >= 0 && (item->count == 0 || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, item->values) >= 0);
  tt_h5_release(dataset);
  tt_h5_release(link);
  return ok;
}

/* An object to hang an attribute on: "/", a dataset, or a group that is made if there is nothing of that name. */
static hid_t open_object(hid_t file, const char *name)
{
  const hid_t link = H5Pcreate(H5P_LINK_CREATE);
  hid_t       object;

  H5Pset_create_intermediate_group(link, 1);
  object = H5Oopen(file, name, H5P_DEFAULT);
  if (object < 0) object = H5Gcreate2(file, name, link, H5P_DEFAULT, H5P_DEFAULT);
  tt_h5_release(link);
  return object;
}

static bool write_attribute(hid_t file, const tt_item *item, hid_t type, hid_t space)
{
  const hid_t object = open_object(file, item->object);
  hid_t       attribute = H5I_INVALID_HID;
  bool        ok;

  if (object >= 0 && H5Aexists(object, item->attribute) > 0) H5Adelete(object, item->attribute);
  if (object >= 0) attribute = H5Acreate2(object, item->attribute, type, space, H5P_DEFAULT, H5P_DEFAULT);
  ok = attribute >= 0 && H5Awrite(attribute, type, item->values) >= 0;
  tt_h5_release(attribute);
  tt_h5_release(object);
  return ok;
}

bool tt_item_write(hid_t file, const tt_item *item)
{
  const bool  fault = tt_file_fault();
  const hid_t type = item_type(item), space = item_space(item);
  bool        ok = type >= 0 && space >= 0;

  if (ok && item->attribute)
    ok = write_attribute(file, item, type, space);
  else if (ok)
    ok = write_dataset(file, item, type, space);
  tt_h5_release(space);
  tt_h5_release(type);
  return ok && !fault;
}

bool tt_attribute_set(hid_t object, const char *name, int64_t value)
{
  const bool  fault = tt_file_fault(), exists = H5Aexists(object, name) > 0;
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t attribute = exists ? H5Aopen(object, name, H5P_DEFAULT)
                                 : H5Acreate2(object, name, H5T_NATIVE_INT64, space, H5P_DEFAULT, H5P_DEFAULT);
  const bool  ok = attribute >= 0 && H5Awrite(attribute, H5T_NATIVE_INT64, &value) >= 0;

  tt_h5_release(attribute);
  tt_h5_release(space);
  return ok && !fault;
}
