/*
 * A zip archive ends with a directory of its members, found from its last bytes; sizes beyond 32 bits stand in an extra
 * field, and where the directory itself lies beyond, in a second record before the last (PKWARE's APPNOTE 6.3).
 */
#include "io/zip.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/util.h"
#include "io/place.h"

#define END_BYTES 22
#define END_SEARCH 65557 /* with the longest comment */
#define MEMBERS_MAX 4096
#define PIECE (INT64_C(1) << 20)
#define CALL_MAX (INT64_C(1) << 30)

/* Little-endian numbers. */
static uint64_t number(const unsigned char *at, int bytes)
{
  uint64_t value = 0;

  for (int b = bytes - 1; b >= 0; b--) value = value << 8 | at[b];
  return value;
}

static tartan_status fail_damaged(const tt_zip *zip, const char *what)
{
  return tt_fail(TARTAN_ERR_FORMAT, "%s is a damaged zip archive (%s); copy or make it again", zip->path, what);
}

/* Sizes and place of a member that do not fit 32 bits. */
static void read_extra(const unsigned char *extra, int64_t length, bool big[3], tt_zip_member *m)
{
  for (int64_t at = 0; at + 4 <= length;) {
    const int64_t size = (int64_t)number(extra + at + 2, 2);
    int64_t      *value[3] = {&m->bytes, &m->packed, &m->offset}, from = at + 4;

    for (int v = 0; v < 3 && number(extra + at, 2) == 1; v++)
      if (big[v] && from + 8 <= at + 4 + size && from + 8 <= length) {
        *value[v] = (int64_t)number(extra + from, 8);
        from += 8;
      }
    at += 4 + size;
  }
}

/* One record of the directory; returns its length, or -1 if it is damaged. */
static int64_t read_record(const tt_zip *zip, const unsigned char *at, int64_t left, tt_zip_member *m)
{
  const int64_t name = left >= 46 ? (int64_t)number(at + 28, 2) : 0,
                extra = left >= 46 ? (int64_t)number(at + 30, 2) : 0;
  const int64_t length = left >= 46 ? 46 + name + extra + (int64_t)number(at + 32, 2) : 0;
  bool          big[3];

  if (left < 46 || number(at, 4) != 0x02014b50 || length > left) return -1;
  m->method = (int)number(at + 10, 2);
  m->crc = (uint32_t)number(at + 16, 4);
  m->packed = (int64_t)number(at + 20, 4);
  m->bytes = (int64_t)number(at + 24, 4);
  m->offset = (int64_t)number(at + 42, 4);
  big[0] = m->bytes == UINT32_MAX;
  big[1] = m->packed == UINT32_MAX;
  big[2] = m->offset == UINT32_MAX;
  snprintf(m->name, sizeof m->name, "%.*s", (int)tt_min(name, (int64_t)sizeof m->name - 1), (const char *)at + 46);
  read_extra(at + 46 + name, extra, big, m);
  if (m->packed < 0 || m->bytes < 0 || m->offset < 0 || m->packed > zip->bytes || m->offset > zip->bytes) return -1;
  return length;
}

static tartan_status read_directory(tt_memory *memory, tt_zip *zip, int64_t count, int64_t offset, int64_t bytes)
{
  tartan_status  st = TARTAN_OK;
  unsigned char *directory;
  int64_t        at = 0, length;

  if (count > MEMBERS_MAX || offset < 0 || bytes < 0 || offset > zip->bytes || bytes > zip->bytes - offset)
    return fail_damaged(zip, "its directory");
  directory = tt_alloc(memory, bytes, 1, "the directory of an archive", &st);
  zip->member = tt_alloc_zero(memory, count, sizeof *zip->member, "the directory of an archive", &st);
  if (st == TARTAN_OK) st = tt_read_at(zip->fd, zip->path, offset, bytes, directory);
  for (int64_t i = 0; i < count && st == TARTAN_OK; i++, at += length) {
    length = read_record(zip, directory + at, bytes - at, &zip->member[i]);
    if (length < 0) st = fail_damaged(zip, "its directory");
    zip->count = i + 1;
  }
  tt_free(directory);
  return st;
}

/* The directory of an archive beyond 32 bits. @param[in] at  of the record that says where it is */
static tartan_status read_wide_end(const tt_zip *zip, int64_t at, int64_t found[3])
{
  unsigned char record[56];
  tartan_status st = TARTAN_OK;

  if (at < 0) return fail_damaged(zip, "its end");
  st = tt_read_at(zip->fd, zip->path, at, 20, record);
  if (st == TARTAN_OK && number(record, 4) != 0x07064b50) return fail_damaged(zip, "its end");
  if (st != TARTAN_OK) return st;
  at = (int64_t)number(record + 8, 8);
  if (at < 0 || at > zip->bytes - 56) return fail_damaged(zip, "its end");
  st = tt_read_at(zip->fd, zip->path, at, 56, record);
  if (st == TARTAN_OK && number(record, 4) != 0x06064b50) return fail_damaged(zip, "its end");
  found[0] = (int64_t)number(record + 32, 8);
  found[1] = (int64_t)number(record + 48, 8);
  found[2] = (int64_t)number(record + 40, 8);
  return st;
}

/* Where the directory lies: members, offset, bytes. */
static tartan_status find_directory(tt_memory *memory, const tt_zip *zip, int64_t found[3])
{
  const int64_t  length = tt_min(zip->bytes, END_SEARCH), from = zip->bytes - length;
  tartan_status  st = TARTAN_OK;
  unsigned char *tail = tt_alloc(memory, length, 1, "the end of an archive", &st);
  int64_t        at = length - END_BYTES;

  if (st == TARTAN_OK) st = tt_read_at(zip->fd, zip->path, from, length, tail);
  if (st == TARTAN_OK) {
    while (at >= 0 && number(tail + at, 4) != 0x06054b50) at--;
    if (at < 0) st = fail_damaged(zip, "no directory: it is cut off");
  }
  if (st == TARTAN_OK) {
    found[0] = (int64_t)number(tail + at + 10, 2);
    found[1] = (int64_t)number(tail + at + 16, 4);
    found[2] = (int64_t)number(tail + at + 12, 4);
    if (found[0] == UINT16_MAX || found[1] == UINT32_MAX || found[2] == UINT32_MAX)
      st = read_wide_end(zip, from + at - 20, found);
  }
  tt_free(tail);
  return st;
}

tartan_status tt_zip_open(tt_memory *memory, const char *path, tt_zip *zip)
{
  int64_t       found[3] = {0, 0, 0};
  struct stat   s;
  tartan_status st;

  *zip = (tt_zip){.path = path};
  zip->fd = tt_file_fault() ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (zip->fd < 0 || fstat(zip->fd, &s) != 0) return tt_fail_errno("cannot open", path);
  zip->bytes = (int64_t)s.st_size;
  st = find_directory(memory, zip, found);
  return st == TARTAN_OK ? read_directory(memory, zip, found[0], found[1], found[2]) : st;
}

void tt_zip_close(tt_zip *zip)
{
  if (zip->path && zip->fd >= 0) close(zip->fd);
  tt_free(zip->member);
  *zip = (tt_zip){.path = NULL};
}

const tt_zip_member *tt_zip_find(const tt_zip *zip, const char *name)
{
  for (int64_t i = 0; i < zip->count; i++)
    if (strcmp(zip->member[i].name, name) == 0) return &zip->member[i];
  return NULL;
}

/* Undoes the compression, a piece at a time. */
static tartan_status inflate_member(tt_memory *memory, const tt_zip *zip, const tt_zip_member *m, int64_t at,
                                    char *data)
{
  z_stream       z = {.next_in = NULL};
  tartan_status  st = TARTAN_OK;
  unsigned char *piece = tt_alloc(memory, PIECE, 1, "a piece of an archive", &st);
  int64_t        taken = 0, done = 0;
  int            code = Z_OK;

  if (!piece) return st;
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) st = tt_fail(TARTAN_ERR_NOMEM, "out of memory for decompression");
  while (st == TARTAN_OK && code == Z_OK) {
    if (z.avail_in == 0 && taken < m->packed) {
      const int64_t k = tt_min(PIECE, m->packed - taken);

      st = tt_read_at(zip->fd, zip->path, at + taken, k, piece);
      taken += k;
      z.next_in = piece;
      z.avail_in = (unsigned)k;
    }
    if (st != TARTAN_OK) break;
    z.next_out = (unsigned char *)data + done;
    z.avail_out = (unsigned)tt_min(CALL_MAX, m->bytes - done);
    code = inflate(&z, Z_NO_FLUSH);
    done = (int64_t)((char *)z.next_out - data);
  }
  if (st == TARTAN_OK && (code != Z_STREAM_END || done != m->bytes)) st = fail_damaged(zip, m->name);
  inflateEnd(&z);
  tt_free(piece);
  return st;
}

/* The sum of so many bytes, which NumPy writes and we compare: a stored member has no other test. */
static uint32_t sum_of(const char *data, int64_t bytes)
{
  uLong sum = crc32(0, NULL, 0);

  for (int64_t at = 0; at < bytes; at += CALL_MAX)
    sum = crc32(sum, (const unsigned char *)data + at, (unsigned)tt_min(CALL_MAX, bytes - at));
  return (uint32_t)sum;
}

tartan_status tt_zip_read(tt_memory *memory, const tt_zip *zip, const tt_zip_member *m, char **data)
{
  unsigned char head[30];
  tartan_status st = tt_read_at(zip->fd, zip->path, m->offset, 30, head);
  int64_t       at;

  *data = NULL;
  if (st != TARTAN_OK) return st;
  at = m->offset + 30 + (int64_t)number(head + 26, 2) + (int64_t)number(head + 28, 2);
  if (number(head, 4) != 0x04034b50 || at > zip->bytes || m->packed > zip->bytes - at)
    return fail_damaged(zip, m->name);
  if (m->method != 0 && m->method != 8)
    return tt_fail(TARTAN_ERR_FORMAT, "%s: %s is compressed by method %d; stored and deflated members can be read",
                   zip->path, m->name, m->method);
  if (m->method == 0 && m->packed != m->bytes) return fail_damaged(zip, m->name);
  *data = tt_alloc(memory, m->bytes + 1, 1, "a member of an archive", &st);
  if (!*data) return st;
  st = m->method == 8 ? inflate_member(memory, zip, m, at, *data) : tt_read_at(zip->fd, zip->path, at, m->bytes, *data);
  return st == TARTAN_OK && sum_of(*data, m->bytes) != m->crc ? fail_damaged(zip, m->name) : st;
}
