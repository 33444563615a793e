/* SciPy's sparse matrices: a zip archive with the arrays data, indices, indptr (csr, csc) or row, col (coo), shape, format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "io/column.h"
#include "io/import_ratings_impl.h"
#include "io/zip.h"

/* An array of one dimension out of a .npy member. */
typedef struct array {
  char      *block; /* as read */
  char      *data;
  int64_t    count;
  bool       text; /* of bytes: the format */
  tt_element element;
} array;

static tartan_status fail_member(const tt_zip *zip, const char *name, const char *what)
{
  return tt_fail(TARTAN_ERR_FORMAT, "%s: %s.npy %s; a file of scipy.sparse.save_npz() is needed", zip->path, name,
                 what);
}

/* The element type by NumPy's code: "<i4", "|b1", ">f8". */
static bool parse_type(const char *code, array *a, bool *swap)
{
  static const struct {
    const char *code;
    tt_element  element;
  } known[] = {{"i1", TT_EL_I8},  {"u1", TT_EL_U8},  {"b1", TT_EL_U8},  {"i2", TT_EL_I16},
               {"u2", TT_EL_U16}, {"i4", TT_EL_I32}, {"u4", TT_EL_U32}, {"i8", TT_EL_I64},
               {"u8", TT_EL_U64}, {"f4", TT_EL_F32}, {"f8", TT_EL_F64}};
  const uint16_t probe = 1;
  const bool     little = *(const unsigned char *)&probe == 1;

  *swap = *code == (little ? '>' : '<');
  a->text = code[1] == 'S';
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strncmp(code + 1, known[i].code, 2) == 0 && code[3] == '\'') {
      a->element = known[i].element;
      return true;
    }
  return a->text;
}

/* Elements of a shape "(3,)"; "()" has one. */
static int64_t parse_count(const char *shape)
{
  int64_t count = 1;

  for (const char *at = shape; *at && *at != ')';) {
    char *end;

    if (*at < '0' || *at > '9') {
      at++;
      continue;
    }
    if (!tt_mul(count, strtoll(at, &end, 10), &count)) return -1;
    at = end;
  }
  return count;
}

/* Header and elements of a .npy file that is in memory. */
static tartan_status parse_npy(const tt_zip *zip, const char *name, int64_t bytes, array *a)
{
  const unsigned char *b = (unsigned char *)a->block;
  int64_t              begin = 10, length = 0, size;
  const char          *type, *shape;
  bool                 swap = false;

  if (bytes < 12 || memcmp(b, "\223NUMPY", 6) != 0) return fail_member(zip, name, "is no .npy file");
  length = b[8] | b[9] << 8;
  if (b[6] >= 2) {
    begin = 12;
    length |= (int64_t)b[10] << 16 | (int64_t)b[11] << 24;
  }
  if (begin + length > bytes || length == 0) return fail_member(zip, name, "is cut off");
  a->block[begin + length - 1] = '\0';
  type = strstr(a->block + begin, "'descr': '");
  shape = strstr(a->block + begin, "'shape': (");
  if (!type || !shape || !parse_type(type + 10, a, &swap)) return fail_member(zip, name, "has an unusual element type");
  a->count = parse_count(shape + 10);
  a->data = a->block + begin + length;
  size = a->text ? strtoll(type + 12, NULL, 10) : (int64_t)tt_element_size(a->element);
  if (a->count < 0 || size < 1 || a->count > (bytes - begin - length) / size)
    return fail_member(zip, name, "is cut off");
  if (a->text) a->count *= size;
  if (swap && !a->text) tt_swap_bytes(tt_element_size(a->element), a->count, a->data);
  return TARTAN_OK;
}

static tartan_status read_array(tt_memory *memory, const tt_zip *zip, const char *name, array *a)
{
  char                 whole[64];
  const tt_zip_member *m;
  tartan_status        st;

  snprintf(whole, sizeof whole, "%s.npy", name);
  m = tt_zip_find(zip, whole);
  if (!m) return fail_member(zip, name, "is missing");
  st = tt_zip_read(memory, zip, m, &a->block);
  return st == TARTAN_OK ? parse_npy(zip, name, m->bytes, a) : st;
}

/* The same as whole numbers, each from 0 to below a limit. */
static tartan_status read_integers(tt_memory *memory, const tt_zip *zip, const char *name, int64_t count, int64_t limit,
                                   int64_t *values)
{
  array         a = {.block = NULL};
  tartan_status st = read_array(memory, zip, name, &a);

  if (st == TARTAN_OK && (a.text || a.count != count))
    st = tt_fail(TARTAN_ERR_FORMAT, "%s: %s.npy has %lld elements; %lld numbers are needed", zip->path, name,
                 (long long)a.count, (long long)count);
  if (st == TARTAN_OK && tt_whole_numbers(a.element, a.data, count, values) >= 0)
    st = fail_member(zip, name, "holds something else than whole numbers");
  for (int64_t e = 0; e < count && st == TARTAN_OK; e++)
    if (values[e] < 0 || values[e] >= limit)
      st = tt_fail(TARTAN_ERR_FORMAT, "%s: %s.npy: element %lld is %lld; it must lie in 0 .. %lld", zip->path, name,
                   (long long)e, (long long)values[e], (long long)limit - 1);
  tt_free(a.block);
  return st;
}

/* "csr", "csc" or "coo". */
static tartan_status read_format(tt_memory *memory, const tt_zip *zip, char format[8])
{
  array         a = {.block = NULL};
  tartan_status st = read_array(memory, zip, "format", &a);

  memset(format, 0, 8);
  if (st == TARTAN_OK) memcpy(format, a.data, (size_t)tt_min(7, a.count));
  tt_free(a.block);
  if (st != TARTAN_OK || strcmp(format, "csr") == 0 || strcmp(format, "csc") == 0 || strcmp(format, "coo") == 0)
    return st;
  return tt_fail(TARTAN_ERR_FORMAT, "%s holds a sparse matrix of the format \"%s\"; csr, csc and coo can be converted",
                 zip->path, format);
}

static tartan_status read_data(tt_memory *memory, const tt_zip *zip, tt_entry_list *list)
{
  array         a = {.block = NULL};
  bool          is_nan;
  tartan_status st = read_array(memory, zip, "data", &a);

  if (st == TARTAN_OK && a.text) st = fail_member(zip, "data", "holds texts");
  if (st == TARTAN_OK) st = tt_entry_list_alloc(memory, a.count, list);
  if (st == TARTAN_OK) {
    int64_t wrong;

    list->count = a.count;
    list->narrow = a.element == TT_EL_F32 || a.element <= TT_EL_U16;
    tt_convert(a.element, a.data, a.count, TARTAN_F64, list->value);
    wrong = tt_find_nonfinite(TT_EL_F64, list->value, a.count, &is_nan);
    if (wrong >= 0)
      st = tt_fail(TARTAN_ERR_INPUT, "%s: data.npy holds %s at element %lld", zip->path, is_nan ? "NaN" : "Inf",
                   (long long)wrong);
  }
  tt_free(a.block);
  return st;
}

/* The index that is compressed, from pointers. */
static tartan_status expand(tt_memory *memory, const tt_zip *zip, int64_t rows, int64_t count, int64_t *row)
{
  tartan_status st = TARTAN_OK;
  int64_t      *ptr = tt_alloc(memory, rows + 1, sizeof *ptr, "pointers of rows", &st);

  if (!ptr) return st;
  st = read_integers(memory, zip, "indptr", rows + 1, count + 1, ptr);
  for (int64_t i = 0; i < rows && st == TARTAN_OK; i++) {
    if (ptr[i + 1] < ptr[i] || ptr[0] != 0 || ptr[rows] != count)
      st = fail_member(zip, "indptr", "does not rise from 0 to the length of data");
    for (int64_t e = ptr[i]; e < ptr[i + 1] && st == TARTAN_OK; e++) row[e] = i;
  }
  if (st == TARTAN_OK && rows == 0 && count > 0) st = fail_member(zip, "indptr", "is too short");
  tt_free(ptr);
  return st;
}

static tartan_status read_matrix(tt_memory *memory, const tt_zip *zip, tt_entry_list *list)
{
  char          format[8];
  int64_t       shape[2] = {0, 0};
  tartan_status st = read_format(memory, zip, format);
  const bool    csc = strcmp(format, "csc") == 0;

  if (st == TARTAN_OK) st = read_integers(memory, zip, "shape", 2, INT64_MAX, shape);
  list->m = shape[0];
  list->n = shape[1];
  if (st == TARTAN_OK) st = read_data(memory, zip, list);
  if (st != TARTAN_OK) return st;
  if (strcmp(format, "coo") == 0) {
    st = read_integers(memory, zip, "row", list->count, list->m, list->row);
    return st == TARTAN_OK ? read_integers(memory, zip, "col", list->count, list->n, list->col) : st;
  }
  st = read_integers(memory, zip, "indices", list->count, csc ? list->m : list->n, csc ? list->row : list->col);
  if (st != TARTAN_OK) return st;
  return expand(memory, zip, csc ? list->n : list->m, list->count, csc ? list->col : list->row);
}

tartan_status tt_npz_read(tt_memory *memory, const char *path, tt_entry_list *list)
{
  tt_zip        zip;
  tartan_status st;

  *list = (tt_entry_list){.m = 0};
  st = tt_zip_open(memory, path, &zip);
  if (st == TARTAN_OK) st = read_matrix(memory, &zip, list);
  tt_zip_close(&zip);
  return st;
}
