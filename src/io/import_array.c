/*
 * Binary arrays: IDX (big-endian, after the MNIST data) and NumPy's .npy, versions 1 to 3. Elements are copied as they
 * are and turned to this machine's byte order; half and long floats become f32 and f64.
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "io/import_impl.h"

#define HEADER_MAX 65536

static bool little_endian(void)
{
  const uint16_t one = 1;
  unsigned char  first;

  memcpy(&first, &one, 1);
  return first == 1;
}

/* Rows and columns out of a list of dimensions. */
static tartan_status set_shape(tt_import_job *job, int ndims, const int64_t *extent)
{
  tt_import_result *r = &job->result;
  int64_t           bytes;
  bool              ok = true;

  r->rows = ndims > 0 ? extent[0] : 1;
  r->cols = 1;
  for (int i = 1; i < ndims; i++) ok &= tt_mul(r->cols, extent[i], &r->cols);
  if (ndims == 3) {
    r->image_height = extent[1];
    r->image_width = extent[2];
  }
  ok = ok && tt_mul(r->rows, r->cols, &bytes) && tt_mul(bytes, 16, &bytes);
  if (!ok) return tt_fail(TARTAN_ERR_FORMAT, "%s declares more elements than can be counted", job->stream.path);
  if (r->rows == 0 || r->cols == 0) return tt_fail(TARTAN_ERR_INPUT, "%s holds no element", job->stream.path);
  return TARTAN_OK;
}

tartan_status tt_idx_begin(tt_import_job *job)
{
  static const tt_element types[] = {TT_EL_U8, TT_EL_I8, TT_EL_COUNT, TT_EL_I16, TT_EL_I32, TT_EL_F32, TT_EL_F64};
  unsigned char           head[4], size[4];
  int64_t                 extent[4];
  tartan_status           st = tt_stream_read(&job->stream, 4, head);

  if (st != TARTAN_OK) return st;
  if (head[0] || head[1] || head[2] < 8 || head[2] > 14 || types[head[2] - 8] == TT_EL_COUNT || head[3] < 1 ||
      head[3] > 4)
    return tt_fail(TARTAN_ERR_FORMAT, "%s is not an IDX file of 1 to 4 dimensions", job->stream.path);
  for (int i = 0; i < head[3]; i++) {
    st = tt_stream_read(&job->stream, 4, size);
    if (st != TARTAN_OK) return st;
    extent[i] = (int64_t)size[0] << 24 | size[1] << 16 | size[2] << 8 | size[3];
  }
  job->result.element = types[head[2] - 8];
  job->wide = (int64_t)tt_element_size(job->result.element);
  job->swap = little_endian() && job->wide > 1;
  return set_shape(job, head[3], extent);
}

/* A type like "<f4" of the header. */
static tartan_status set_type(tt_import_job *job, const char *descr)
{
  static const tt_element integers[2][9] = {{0, TT_EL_I8, TT_EL_I16, 0, TT_EL_I32, 0, 0, 0, TT_EL_I64},
                                            {0, TT_EL_U8, TT_EL_U16, 0, TT_EL_U32, 0, 0, 0, TT_EL_U64}};
  const char              kind = descr[0] ? descr[1] : '\0';
  const long              size = kind ? strtol(descr + 2, NULL, 10) : 0;
  const bool              integer = (kind == 'i' || kind == 'u') && (size == 1 || size == 2 || size == 4 || size == 8);

  job->wide = size;
  job->swap = size > 1 && ((descr[0] == '>' && little_endian()) || (descr[0] == '<' && !little_endian()));
  if (integer)
    job->result.element = integers[kind == 'u'][size];
  else if (kind == 'b' && size == 1)
    job->result.element = TT_EL_U8;
  else if (kind == 'f' && (size == 2 || size == 4))
    job->result.element = TT_EL_F32;
  else if (kind == 'f' && (size == 8 || (size == (long)sizeof(long double) && !job->swap)))
    job->result.element = TT_EL_F64;
  else
    return tt_fail(TARTAN_ERR_FORMAT, "%s holds elements of NumPy's type \"%.20s\"; integers and floats can be read",
                   job->stream.path, descr);
  return TARTAN_OK;
}

/* Copies the value of a key of the header, up to the comma behind it that stands outside of parentheses. */
static bool header_value(const char *header, const char *key, char *value, size_t length)
{
  const char *at = strstr(header, key);
  size_t      used = 0;
  int         depth = 0;

  if (!at || !(at = strchr(at, ':'))) return false;
  for (at++; *at && (depth > 0 || (*at != ',' && *at != '}')) && used + 1 < length; at++) {
    depth += (*at == '(' || *at == '[') - (*at == ')' || *at == ']');
    if (*at != ' ' && *at != '\'') value[used++] = *at;
  }
  value[used] = '\0';
  return used > 0;
}

static tartan_status parse_header(tt_import_job *job, const char *header)
{
  char          descr[64], order[16], shape[256];
  int64_t       extent[8];
  int           ndims = 0;
  tartan_status st;

  if (!header_value(header, "'descr'", descr, sizeof descr) ||
      !header_value(header, "'fortran_order'", order, sizeof order) ||
      !header_value(header, "'shape'", shape, sizeof shape) || shape[0] != '(')
    return tt_fail(TARTAN_ERR_FORMAT, "%s has a header that NumPy did not write", job->stream.path);
  st = set_type(job, descr);
  if (st != TARTAN_OK) return st;
  for (char *at = shape + 1, *end; *at && *at != ')'; at = *end == ',' ? end + 1 : end) {
    if (ndims == 8) return tt_fail(TARTAN_ERR_FORMAT, "%s has more than 8 dimensions", job->stream.path);
    extent[ndims] = strtoll(at, &end, 10);
    if (end == at || extent[ndims] < 0)
      return tt_fail(TARTAN_ERR_FORMAT, "%s has the shape %.60s, which cannot be", job->stream.path, shape);
    ndims++;
  }
  job->fortran = strcmp(order, "True") == 0 && ndims > 1;
  if (job->fortran && ndims > 2)
    return tt_fail(TARTAN_ERR_FORMAT,
                   "%s has %d dimensions in Fortran order; save it in C order (numpy.ascontiguousarray)",
                   job->stream.path, ndims);
  return set_shape(job, ndims, extent);
}

/* In fortran order the columns are taken out of the file piece by piece, which a compressed one does not allow. */
static tartan_status prepare_fortran(tt_import_job *job)
{
  if (job->result.gzip)
    return tt_fail(TARTAN_ERR_FORMAT, "%s is in Fortran order and compressed; decompress it first: gunzip -k %s",
                   job->stream.path, job->stream.path);
  job->fd = tt_file_fault() ? -1 : open(job->stream.path, O_RDONLY | O_CLOEXEC);
  return job->fd < 0 ? tt_fail_errno("cannot open", job->stream.path) : TARTAN_OK;
}

tartan_status tt_npy_begin(tt_import_job *job)
{
  unsigned char head[12];
  int64_t       length, prefix;
  char         *header;
  tartan_status st = tt_stream_read(&job->stream, 8, head);

  if (st != TARTAN_OK) return st;
  if (memcmp(head, "\223NUMPY", 6) != 0 || head[6] < 1 || head[6] > 3)
    return tt_fail(TARTAN_ERR_FORMAT, "%s is not a NumPy .npy file of version 1 to 3", job->stream.path);
  prefix = head[6] == 1 ? 2 : 4;
  st = tt_stream_read(&job->stream, prefix, head + 8);
  if (st != TARTAN_OK) return st;
  length = head[8] | (int64_t)head[9] << 8;
  if (prefix == 4) length |= (int64_t)head[10] << 16 | (int64_t)head[11] << 24;
  if (length > HEADER_MAX) return tt_fail(TARTAN_ERR_FORMAT, "%s has a header that is too long", job->stream.path);
  header = tt_alloc_zero(job->memory, length + 1, 1, "a header", &st);
  if (!header) return st;
  st = tt_stream_read(&job->stream, length, header);
  if (st == TARTAN_OK) st = parse_header(job, header);
  tt_free(header);
  job->data_at = 8 + prefix + length;
  if (st == TARTAN_OK && job->fortran) st = prepare_fortran(job);
  return st;
}

/* IEEE binary16 to binary32. */
static float half_value(uint16_t h)
{
  const int   exponent = h >> 10 & 31, fraction = h & 1023;
  const float size = exponent == 0    ? ldexpf((float)fraction, -24)
                     : exponent == 31 ? (fraction ? NAN : INFINITY)
                                      : ldexpf((float)(1024 + fraction), exponent - 25);

  return h & 0x8000 ? -size : size;
}

/* Elements as they came, in the place of the result: turned round, made f32 or f64. Half floats are widened from behind. */
static void finish_elements(const tt_import_job *job, int64_t count, char *buf)
{
  if (job->swap) tt_swap_bytes((size_t)job->wide, count, buf);
  if (job->wide == 2 && job->result.element == TT_EL_F32) {
    for (int64_t i = count; i-- > 0;) {
      uint16_t h;
      float    f;

      memcpy(&h, buf + 2 * i, 2);
      f = half_value(h);
      memcpy(buf + 4 * i, &f, 4);
    }
  }
  if (job->wide > 8) {
    for (int64_t i = 0; i < count; i++) {
      long double l;
      double      d;

      memcpy(&l, buf + job->wide * i, sizeof l);
      d = (double)l;
      memcpy(buf + 8 * i, &d, 8);
    }
  }
}

/* A piece of every column, laid out as rows. */
static tartan_status fortran_rows(tt_import_job *job, int64_t row0, int64_t nrows, char *buf)
{
  const int64_t rows = job->result.rows, cols = job->result.cols, wide = job->wide;
  tartan_status st = TARTAN_OK;
  char         *column = tt_alloc(job->memory, nrows, (size_t)wide, "a piece of a column", &st);

  for (int64_t j = 0; j < cols && st == TARTAN_OK; j++) {
    st = tt_read_at(job->fd, job->stream.path, job->data_at + (j * rows + row0) * wide, nrows * wide, column);
    for (int64_t i = 0; i < nrows && st == TARTAN_OK; i++)
      memcpy(buf + (i * cols + j) * wide, column + i * wide, (size_t)wide);
  }
  tt_free(column);
  return st;
}

tartan_status tt_array_rows(tt_import_job *job, int64_t row0, int64_t nrows, void *buf)
{
  const int64_t count = nrows * job->result.cols;
  tartan_status st = job->fortran ? fortran_rows(job, row0, nrows, buf)
                                  : tt_stream_read(&job->stream, count * job->wide, buf);

  if (st == TARTAN_OK) finish_elements(job, count, buf);
  return st;
}
