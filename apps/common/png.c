/*
 * A PNG with a palette: header, colours, transparency, one deflated block of rows without filter, end; in base 64.
 */
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "common/page.h"

#define CHUNK_EXTRA 12 /* length, name, checksum */

static void put32(unsigned char *to, uint32_t v)
{
  to[0] = (unsigned char)(v >> 24);
  to[1] = (unsigned char)(v >> 16);
  to[2] = (unsigned char)(v >> 8);
  to[3] = (unsigned char)v;
}

/* Appends a chunk whose data already stand 8 bytes behind *at. */
static void close_chunk(unsigned char **at, const char *name, size_t length)
{
  put32(*at, (uint32_t)length);
  memcpy(*at + 4, name, 4);
  put32(*at + 8 + length, (uint32_t)crc32(0, *at + 4, (uInt)(length + 4)));
  *at += length + CHUNK_EXTRA;
}

static void put_header(unsigned char **at, int width, int height, const app_rgba *palette, int colors)
{
  static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

  memcpy(*at, signature, sizeof signature);
  *at += sizeof signature;
  put32(*at + 8, (uint32_t)width);
  put32(*at + 12, (uint32_t)height);
  memcpy(*at + 16, "\x08\x03\x00\x00\x00", 5); /* 8 bits, palette, deflate, filters by row, not interlaced */
  close_chunk(at, "IHDR", 13);
  for (int i = 0; i < colors; i++) memcpy(*at + 8 + 3 * i, &palette[i], 3);
  close_chunk(at, "PLTE", 3 * (size_t)colors);
  for (int i = 0; i < colors; i++) (*at)[8 + i] = palette[i].a;
  close_chunk(at, "tRNS", (size_t)colors);
}

static void put_base64(FILE *out, const unsigned char *data, size_t length)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  for (size_t i = 0; i < length; i += 3) {
    const unsigned b1 = i + 1 < length ? data[i + 1] : 0, b2 = i + 2 < length ? data[i + 2] : 0;
    const unsigned v = (unsigned)data[i] << 16 | b1 << 8 | b2;

    fputc(digits[v >> 18], out);
    fputc(digits[v >> 12 & 63], out);
    fputc(i + 1 < length ? digits[v >> 6 & 63] : '=', out);
    fputc(i + 2 < length ? digits[v & 63] : '=', out);
  }
}

tartan_status app_page_png(FILE *out, int width, int height, const unsigned char *pixels, const app_rgba *palette,
                           int colors)
{
  const size_t   raw = (size_t)height * ((size_t)width + 1);
  tartan_status  st = TARTAN_OK;
  uLongf         packed = compressBound(raw);
  unsigned char *rows, *png, *at;

  rows = tt_alloc(NULL, (int64_t)raw, 1, "an image", &st);
  png = tt_alloc(NULL, (int64_t)packed + 2048, 1, "an image", &st);
  if (st != TARTAN_OK) goto done;
  for (int i = 0; i < height; i++) {
    rows[(size_t)i * ((size_t)width + 1)] = 0; /* no filter */
    memcpy(rows + (size_t)i * ((size_t)width + 1) + 1, pixels + (size_t)i * (size_t)width, (size_t)width);
  }
  at = png;
  put_header(&at, width, height, palette, colors);
  REQUIRE(compress2(at + 8, &packed, rows, raw, 9) == Z_OK, TARTAN_ERR_BUG, "an image could not be compressed");
  close_chunk(&at, "IDAT", packed);
  close_chunk(&at, "IEND", 0);
  fputs("data:image/png;base64,", out);
  put_base64(out, png, (size_t)(at - png));

done:
  tt_free(png);
  tt_free(rows);
  return st;
}
