/*
 * Attributes come from strangers' files too: sizes are asked before anything is read, and HDF5 cuts what is longer
 * than the buffer. HDF5 does not convert between character sets, so the file's is asked for.
 */
#include "io/attribute.h"

#include <stdio.h>
#include <string.h>

#include "io/dataset_type.h"

/* Most elements of an attribute that are shown. */
#define SHOWN 8

bool tt_attribute_exists(hid_t object, const char *name)
{
  return H5Aexists(object, name) > 0;
}

bool tt_string_read(hid_t source, herr_t (*read)(hid_t, hid_t, void *), hid_t type, char *text, size_t length)
{
  const bool  variable = H5Tis_variable_str(type) > 0;
  const hid_t memory = H5Tcopy(H5T_C_S1);
  char       *loose = NULL;
  bool        ok;

  text[0] = '\0';
  H5Tset_size(memory, variable ? H5T_VARIABLE : length);
  H5Tset_cset(memory, H5Tget_cset(type));
  H5Tset_strpad(memory, H5T_STR_NULLTERM);
  ok = read(source, memory, variable ? (void *)&loose : (void *)text) >= 0;
  if (ok && variable) snprintf(text, length, "%s", loose ? loose : "");
  if (loose) H5free_memory(loose);
  text[length - 1] = '\0';
  if (!ok) text[0] = '\0';
  tt_h5_release(memory);
  return ok;
}

static hssize_t element_count(hid_t attribute)
{
  const hid_t    space = H5Aget_space(attribute);
  const hssize_t count = space >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL
                             ? H5Sget_simple_extent_npoints(space)
                             : 0;

  tt_h5_release(space);
  return count;
}

bool tt_attribute_text(hid_t object, const char *name, char *text, size_t length)
{
  const hid_t attribute = tt_attribute_exists(object, name) ? H5Aopen(object, name, H5P_DEFAULT) : H5I_INVALID_HID;
  const hid_t type = attribute >= 0 ? H5Aget_type(attribute) : H5I_INVALID_HID;
  bool        ok = false;

  text[0] = '\0';
  if (type >= 0 && H5Tget_class(type) == H5T_STRING && element_count(attribute) == 1)
    ok = tt_string_read(attribute, H5Aread, type, text, length);
  tt_h5_release(type);
  tt_h5_release(attribute);
  return ok;
}

int tt_attribute_numbers(hid_t object, const char *name, int max, double *values)
{
  const hid_t    attribute = tt_attribute_exists(object, name) ? H5Aopen(object, name, H5P_DEFAULT) : H5I_INVALID_HID;
  const hid_t    type = attribute >= 0 ? H5Aget_type(attribute) : H5I_INVALID_HID;
  const hssize_t count = attribute >= 0 ? element_count(attribute) : 0;
  tt_type        d = {0};
  int            got = 0;

  if (type >= 0) tt_type_describe(type, &d);
  if (d.numeric && count > 0 && count <= max && H5Aread(attribute, H5T_NATIVE_DOUBLE, values) >= 0) got = (int)count;
  tt_h5_release(type);
  tt_h5_release(attribute);
  return got;
}

typedef struct description {
  char  *text;
  size_t length, used;
} description;

static void append(description *d, const char *piece)
{
  if (d->used + 1 >= d->length) return;
  d->used += (size_t)snprintf(d->text + d->used, d->length - d->used, "%s", piece);
  if (d->used >= d->length) d->used = d->length - 1;
}

/* A text on one line: its lines are joined, blanks in a row are one, and what was cut says so. */
static void flatten(char *text, size_t room)
{
  const bool cut = strlen(text) + 1 >= room;
  char      *to = text;

  for (const char *at = text; *at; at++) {
    const bool blank = *at == ' ' || *at == '\n' || *at == '\t' || *at == '\r';

    if (*at == '\n' && at[1] && to > text) *to++ = ';';
    if (!blank) *to++ = *at;
    if (blank && to > text && to[-1] != ' ') *to++ = ' ';
  }
  while (to > text && to[-1] == ' ') to--;
  *to = '\0';
  if (cut && to - text > 4) memcpy(to - 4, " ...", 4);
}

static herr_t describe_one(hid_t object, const char *name, const H5A_info_t *info, void *context)
{
  description *d = context;
  double       values[SHOWN];
  char         text[1200];
  const int    count = tt_attribute_numbers(object, name, SHOWN, values);

  (void)info;
  if (d->used > 0) append(d, "\n");
  append(d, name);
  append(d, " = ");
  for (int i = 0; i < count; i++) {
    snprintf(text, sizeof text, "%s%.10g", i ? ", " : "", values[i]);
    append(d, text);
  }
  if (count > 0) return 0;
  if (tt_attribute_text(object, name, text, sizeof text))
    flatten(text, sizeof text);
  else
    snprintf(text, sizeof text, "...");
  append(d, text);
  return 0;
}

void tt_attributes_describe(hid_t object, char *text, size_t length)
{
  description d = {.text = text, .length = length, .used = 0};
  hsize_t     at = 0;

  text[0] = '\0';
  H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &at, describe_one, &d);
}
