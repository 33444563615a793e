/*
 * Element types are read as they lie in the file: HDF5's own conversion would go through a small buffer, and breaks
 * collective transfers. Plain integers and IEEE floats of either byte order are delivered as they are; all else goes
 * through H5Tconvert in memory.
 */
#include "io/dataset_type.h"

#include <stdio.h>
#include <string.h>

static const char *class_name(H5T_class_t class)
{
  switch (class) {
  case H5T_STRING: return "string";
  case H5T_COMPOUND: return "compound";
  case H5T_BITFIELD: return "bitfield";
  case H5T_OPAQUE: return "opaque";
  case H5T_REFERENCE: return "reference";
  case H5T_VLEN: return "variable-length";
  case H5T_ARRAY: return "array";
  case H5T_TIME: return "time";
  default: return "unknown";
  }
}

static void describe_integer(hid_t type, bool big, tt_type *d)
{
  static const tt_element elements[2][9] = {{0, TT_EL_U8, TT_EL_U16, 0, TT_EL_U32, 0, 0, 0, TT_EL_U64},
                                            {0, TT_EL_I8, TT_EL_I16, 0, TT_EL_I32, 0, 0, 0, TT_EL_I64}};
  const size_t            size = H5Tget_size(type), bits = H5Tget_precision(type);
  const bool              is_signed = H5Tget_sign(type) != H5T_SGN_NONE;

  d->convert = bits != 8 * size || H5Tget_offset(type) != 0 || (size != 1 && size != 2 && size != 4 && size != 8);
  if (!d->convert) d->element = elements[is_signed][size];
  if (d->convert || !big || size == 1)
    snprintf(d->name, sizeof d->name, "%sint%zu", is_signed ? "" : "u", bits);
  else
    snprintf(d->name, sizeof d->name, ">%c%zu", is_signed ? 'i' : 'u', size);
}

static void describe_float(hid_t type, bool big, tt_type *d)
{
  const size_t size = H5Tget_size(type), bits = H5Tget_precision(type);
  size_t       sign = 0, exponent_at = 0, exponent = 0, mantissa_at = 0, mantissa = 0;

  H5Tget_fields(type, &sign, &exponent_at, &exponent, &mantissa_at, &mantissa);
  if (H5Tequal(type, H5T_IEEE_F32LE) > 0 || H5Tequal(type, H5T_IEEE_F32BE) > 0)
    d->element = TT_EL_F32;
  else
    d->convert = !(H5Tequal(type, H5T_IEEE_F64LE) > 0 || H5Tequal(type, H5T_IEEE_F64BE) > 0);
  if (bits == 16 && exponent == 8)
    snprintf(d->name, sizeof d->name, "bfloat16");
  else if (big)
    snprintf(d->name, sizeof d->name, ">f%zu", size);
  else
    snprintf(d->name, sizeof d->name, "float%zu", bits);
}

void tt_type_describe(hid_t type, tt_type *d)
{
  const H5T_class_t class = H5Tget_class(type);
  const H5T_order_t order = H5Tget_order(H5T_NATIVE_INT);
  bool              big;

  memset(d, 0, sizeof *d);
  d->element = TT_EL_F64;
  if (class == H5T_ENUM) {
    const hid_t base = H5Tget_super(type);

    tt_type_describe(base, d);
    tt_h5_release(base);
    return;
  }
  snprintf(d->name, sizeof d->name, "%s", class_name(class));
  if (class != H5T_INTEGER && class != H5T_FLOAT) return;
  d->numeric = true;
  d->bytes = (int64_t)H5Tget_size(type);
  big = H5Tget_order(type) == H5T_ORDER_BE;
  if (class == H5T_INTEGER)
    describe_integer(type, big, d);
  else
    describe_float(type, big, d);
  d->swap = !d->convert && d->bytes > 1 && H5Tget_order(type) != order;
}

hid_t tt_type_native(tt_element element)
{
  switch (element) {
  case TT_EL_I8: return H5T_NATIVE_INT8;
  case TT_EL_U8: return H5T_NATIVE_UINT8;
  case TT_EL_I16: return H5T_NATIVE_INT16;
  case TT_EL_U16: return H5T_NATIVE_UINT16;
  case TT_EL_I32: return H5T_NATIVE_INT32;
  case TT_EL_U32: return H5T_NATIVE_UINT32;
  case TT_EL_I64: return H5T_NATIVE_INT64;
  case TT_EL_U64: return H5T_NATIVE_UINT64;
  case TT_EL_F32: return H5T_NATIVE_FLOAT;
  default: return H5T_NATIVE_DOUBLE;
  }
}

hid_t tt_type_complex(tt_element element)
{
  const size_t part = tt_element_size(element);
  const hid_t  type = H5Tcreate(H5T_COMPOUND, 2 * part);

  if (type < 0) return type;
  H5Tinsert(type, "r", 0, tt_type_native(element));
  H5Tinsert(type, "i", part, tt_type_native(element));
  return type;
}

/* Names of filters that are registered with The HDF Group; the file may carry a name of its own. */
static const char *filter_name(H5Z_filter_t id, const char *own)
{
  static const struct {
    H5Z_filter_t id;
    const char  *name;
  } known[] = {{H5Z_FILTER_DEFLATE, "deflate"},
               {H5Z_FILTER_SHUFFLE, "shuffle"},
               {H5Z_FILTER_FLETCHER32, "fletcher32"},
               {H5Z_FILTER_SZIP, "szip"},
               {H5Z_FILTER_NBIT, "nbit"},
               {H5Z_FILTER_SCALEOFFSET, "scaleoffset"},
               {307, "bzip2"},
               {32000, "lzf"},
               {32001, "blosc"},
               {32004, "lz4"},
               {32008, "bitshuffle"},
               {32013, "zfp"},
               {32015, "zstd"},
               {32026, "blosc2"}};

  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (known[i].id == id) return known[i].name;
  }
  return own[0] ? own : "filter";
}

/* Whether what the filter did can be undone in this process. */
static bool can_undo(H5Z_filter_t id)
{
  unsigned flags = 0;

  if (H5Zfilter_avail(id) <= 0) return false;
  return H5Zget_filter_info(id, &flags) >= 0 && (flags & H5Z_FILTER_CONFIG_DECODE_ENABLED);
}

void tt_filters_describe(hid_t plist, char *text, char *missing, size_t length)
{
  const int count = H5Pget_layout(plist) == H5D_CHUNKED ? H5Pget_nfilters(plist) : 0;

  text[0] = missing[0] = '\0';
  for (int i = 0; i < count; i++) {
    unsigned     flags, values[32], config;
    size_t       n = sizeof values / sizeof values[0], used = strlen(text);
    char         own[32] = "";
    H5Z_filter_t id = H5Pget_filter2(plist, (unsigned)i, &flags, &n, values, sizeof own, own, &config);

    if (id < 0) continue;
    snprintf(text + used, length - used, "%s%s", i ? "+" : "", filter_name(id, own));
    if (missing[0] == '\0' && !can_undo(id)) snprintf(missing, length, "%s (%d)", filter_name(id, own), (int)id);
  }
}
