/* Reading in order through zlib, which passes through what is not compressed. */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "io/import_impl.h"

#define ROOM (INT64_C(1) << 20)
#define LINE_MAX_BYTES (INT64_C(1) << 30)
#define CALL_MAX (INT64_C(1) << 28) /* bytes of one gzread */

tartan_status tt_stream_open(tt_memory *memory, const char *path, tt_stream *s)
{
  tartan_status st = TARTAN_OK;

  memset(s, 0, sizeof *s);
  REQUIRE(strlen(path) < sizeof s->path, TARTAN_ERR_INPUT, "the name %.80s... is too long", path);
  snprintf(s->path, sizeof s->path, "%s", path);
  s->buf = tt_alloc(memory, ROOM, 1, "text of a file", &st);
  if (!s->buf) goto done;
  s->room = ROOM;
  s->file = tt_file_fault() ? NULL : gzopen(path, "rb");
  if (!s->file) {
    st = tt_fail_errno("cannot open", path);
    goto done;
  }
  gzbuffer(s->file, 1 << 18);
done:
  if (st != TARTAN_OK) tt_stream_close(s);
  return st;
}

void tt_stream_close(tt_stream *s)
{
  if (s->file) gzclose_r(s->file);
  tt_free(s->buf);
  s->file = NULL;
  s->buf = NULL;
}

tartan_status tt_stream_rewind(tt_stream *s)
{
  s->at = s->have = s->line = 0;
  if (tt_file_fault() || gzrewind(s->file) != 0) return tt_fail_errno("cannot read again", s->path);
  return TARTAN_OK;
}

/* At most so many bytes; *got = 0 at the end of the file. */
static tartan_status fetch(tt_stream *s, int64_t bytes, char *to, int64_t *got)
{
  int         code = Z_OK;
  const int   n = tt_file_fault() ? -1 : gzread(s->file, to, (unsigned)tt_min(bytes, CALL_MAX));
  const char *text;

  *got = n > 0 ? n : 0;
  if (n > 0) return TARTAN_OK;
  text = gzerror(s->file, &code);
  if (code == Z_DATA_ERROR || code == Z_BUF_ERROR) {
    (void)tt_fail(TARTAN_ERR_FORMAT, "%s is a damaged or cut off gzip file (%s); copy or make it again", s->path, text);
    return TARTAN_ERR_FORMAT;
  }
  if (n == 0) return TARTAN_OK;
  (void)tt_fail_errno("cannot read", s->path);
  return TARTAN_ERR_IO;
}

tartan_status tt_stream_read(tt_stream *s, int64_t bytes, void *to)
{
  char         *out = to;
  int64_t       got = tt_min(bytes, s->have - s->at);
  tartan_status st = TARTAN_OK;

  if (!s->buf) return tt_fail(TARTAN_ERR_BUG, "a source that is not open");
  memcpy(out, s->buf + s->at, (size_t)got);
  s->at += got;
  while (st == TARTAN_OK && (out += got, bytes -= got) > 0) {
    st = fetch(s, bytes, out, &got);
    if (st == TARTAN_OK && got == 0)
      return tt_fail(TARTAN_ERR_FORMAT, "%s is cut off: %lld bytes are missing; copy or make it again", s->path,
                     (long long)bytes);
  }
  return st;
}

/* Twice the memory, with what is left at its front. */
static tartan_status grow(tt_memory *memory, tt_stream *s, int64_t left)
{
  tartan_status st = TARTAN_OK;
  char         *more;

  if (left >= LINE_MAX_BYTES)
    return tt_fail(TARTAN_ERR_FORMAT, "%s: line %lld is longer than 1 GiB; this is no table", s->path,
                   (long long)s->line);
  more = tt_alloc(memory, 2 * s->room, 1, "a line of text", &st);
  if (!more) return TARTAN_ERR_NOMEM;
  memcpy(more, s->buf + s->at, (size_t)left);
  tt_free(s->buf);
  s->buf = more;
  s->room *= 2;
  return TARTAN_OK;
}

/* Moves what is left to the front and adds to it. */
static tartan_status refill(tt_memory *memory, tt_stream *s, int64_t *got)
{
  const int64_t left = s->have - s->at;
  tartan_status st = TARTAN_OK;

  *got = 0;
  if (!s->buf) return tt_fail(TARTAN_ERR_BUG, "a source that is not open");
  if (left + 1 >= s->room)
    st = grow(memory, s, left);
  else
    memmove(s->buf, s->buf + s->at, (size_t)left);
  if (st != TARTAN_OK) return st;
  s->at = 0;
  s->have = left;
  st = fetch(s, s->room - left - 1, s->buf + left, got);
  s->have += *got;
  return st;
}

tartan_status tt_stream_line(tt_memory *memory, tt_stream *s, char **line)
{
  tartan_status st = TARTAN_OK;
  int64_t       seen = 0, got;
  char         *end = NULL;

  *line = NULL;
  s->line++;
  while (!end) {
    if (s->buf && s->have > s->at + seen) end = memchr(s->buf + s->at + seen, '\n', (size_t)(s->have - s->at - seen));
    if (end) break;
    seen = s->have - s->at;
    st = refill(memory, s, &got);
    if (st != TARTAN_OK) return st;
    if (got == 0 && seen == 0) return TARTAN_OK;
    if (got == 0) end = s->buf + s->have++; /* the last line has no end; there is room for a zero */
  }
  *line = s->buf + s->at;
  s->at = end + 1 - s->buf;
  *end = '\0';
  if (end > *line && end[-1] == '\r') end[-1] = '\0';
  return st;
}
