/*
 * Signatures of formats that people try to open. zlib's reader passes through what is not compressed, so one path
 * looks at both. HDF5's own signature may stand at 0, 512, 1024, 2048, ... behind a user block.
 */
#include "io/file_kind.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "io/place.h"

#define HEAD 1024

static const struct {
  tt_file_kind kind;
  int          length;
  const char  *bytes;
} signatures[] = {
    {TT_KIND_HDF5, 8, "\211HDF\r\n\032\n"},
    {TT_KIND_NPY, 6, "\223NUMPY"},
    {TT_KIND_ZIP, 4, "PK\003\004"},
    {TT_KIND_NETCDF3, 4, "CDF\001"},
    {TT_KIND_NETCDF3, 4, "CDF\002"},
    {TT_KIND_NETCDF3, 4, "CDF\005"},
    {TT_KIND_PARQUET, 4, "PAR1"},
    {TT_KIND_ARROW, 6, "ARROW1"},
    {TT_KIND_MATLAB5, 10, "MATLAB 5.0"},
    {TT_KIND_FITS, 9, "SIMPLE  ="},
    {TT_KIND_MATRIX_MARKET, 14, "%%MatrixMarket"},
    {TT_KIND_LFS_POINTER, 22, "version https://git-lf"},
    {TT_KIND_HTML, 9, "<!DOCTYPE"},
    {TT_KIND_HTML, 5, "<html"},
    {TT_KIND_COMPRESSED, 6, "\3757zXZ"},
    {TT_KIND_COMPRESSED, 3, "BZh"},
    {TT_KIND_COMPRESSED, 4, "(\265/\375"},
};

/* What a kind is called, and what to do with it; %s stands for the file, at most three times. */
static const struct {
  const char *name, *advice;
} answers[TT_KIND_COUNT] = {
    [TT_KIND_UNKNOWN] = {"of a kind that is not known here",
                         "give an HDF5 file, or CSV, TSV, .npy or IDX to tartan convert"},
    [TT_KIND_EMPTY] = {"empty", "copy or make it again"},
    [TT_KIND_IDX] = {"an IDX file", "convert it: tartan convert %s"},
    [TT_KIND_NPY] = {"a NumPy .npy file", "convert it: tartan convert %s"},
    [TT_KIND_CSV] = {"text with commas or semicolons (CSV)", "convert it: tartan convert %s"},
    [TT_KIND_TSV] = {"text with tabs (TSV)", "convert it: tartan convert %s"},
    [TT_KIND_TEXT] = {"text", "if it is a table: tartan convert %s --format csv"},
    [TT_KIND_ZIP] = {"a zip archive (NumPy .npz, or another)",
                     "if it is a sparse matrix of SciPy: tartan convert %s --format npz; else save its array as .npy"},
    [TT_KIND_NETCDF3] = {"a netCDF-3 file", "turn it into netCDF-4: nccopy -k nc4 %s %s.nc4"},
    [TT_KIND_PARQUET] = {"a Parquet file", "write it as CSV with pandas or DuckDB, then use tartan convert"},
    [TT_KIND_ARROW] = {"an Arrow or Feather file", "write it as CSV with pandas, then use tartan convert"},
    [TT_KIND_MATLAB5] = {"a MATLAB file of version 5", "save it in MATLAB with the option -v7.3"},
    [TT_KIND_FITS] = {"a FITS file", "save its image as .npy with astropy, then use tartan convert"},
    [TT_KIND_MATRIX_MARKET] = {"a MatrixMarket file", "convert it: tartan convert %s"},
    [TT_KIND_LFS_POINTER] = {"a Git LFS pointer, not the data", "fetch the data: git lfs pull"},
    [TT_KIND_HTML] = {"an HTML page, perhaps of a failed download", "download the data again"},
    [TT_KIND_COMPRESSED] = {"compressed by xz, bzip2 or zstd", "decompress it first"},
};

/* An IDX header: two zeros, a type, 1 to 4 dimensions. */
static bool is_idx(const unsigned char *head, int length)
{
  return length >= 8 && head[0] == 0 && head[1] == 0 && head[3] >= 1 && head[3] <= 4 &&
         (head[2] == 8 || head[2] == 9 || (head[2] >= 0x0b && head[2] <= 0x0e));
}

/* Text of UTF-8 or Latin 1: no control characters but blanks. The separator of its first lines says which kind. */
static tt_file_kind text_kind(const unsigned char *head, int length)
{
  int tabs = 0, commas = 0;

  for (int i = 0; i < length; i++) {
    if (head[i] < 32 && !isspace(head[i])) return TT_KIND_UNKNOWN;
    if (head[i] == 127) return TT_KIND_UNKNOWN;
    tabs += head[i] == '\t';
    commas += head[i] == ',' || head[i] == ';';
  }
  if (tabs == 0 && commas == 0) return TT_KIND_TEXT;
  return tabs > commas ? TT_KIND_TSV : TT_KIND_CSV;
}

static tt_file_kind kind_of(const unsigned char *head, int length)
{
  if (length == 0) return TT_KIND_EMPTY;
  if (length >= 4 && length < 8 && memcmp(head, signatures[0].bytes, (size_t)length) == 0) return TT_KIND_HDF5;
  for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
    if (length >= signatures[i].length && memcmp(head, signatures[i].bytes, (size_t)signatures[i].length) == 0)
      return signatures[i].kind;
  }
  return is_idx(head, length) ? TT_KIND_IDX : text_kind(head, length);
}

/* HDF5 behind a user block of 512, 1024, ... bytes. */
static bool has_late_signature(int fd, int64_t size)
{
  char bytes[8];

  for (int64_t at = 512; at + 8 <= size && at <= (INT64_C(1) << 30); at *= 2) {
    if (pread(fd, bytes, 8, at) != 8) return false;
    if (memcmp(bytes, signatures[0].bytes, 8) == 0) return true;
  }
  return false;
}

static tt_file_kind folder_kind(const char *path)
{
  static const char *const marks[] = {".zgroup", ".zarray", ".zattrs", "zarr.json"};
  char                     name[TT_PATH_MAX + 16];

  for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
    snprintf(name, sizeof name, "%s/%s", path, marks[i]);
    if (access(name, F_OK) == 0) return TT_KIND_ZARR;
  }
  return TT_KIND_FOLDER;
}

/* Takes the descriptor over: zlib closes it. */
static tt_file_kind peek(int fd, int *gzip)
{
  unsigned char head[HEAD];
  gzFile        z = gzdopen(fd, "rb");
  int           length;

  if (!z) {
    close(fd);
    return TT_KIND_UNKNOWN;
  }
  length = gzread(z, head, HEAD);
  if (gzip) *gzip = !gzdirect(z);
  gzclose(z);
  return length < 0 ? TT_KIND_UNKNOWN : kind_of(head, length);
}

tartan_status tt_file_recognise(const char *path, tt_file_kind *kind, int *gzip)
{
  struct stat s;
  int         fd;

  *kind = TT_KIND_UNKNOWN;
  if (gzip) *gzip = 0;
  fd = tt_file_fault() ? -1 : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    return tt_fail(TARTAN_ERR_INPUT, "there is no file %s; check the name and the current folder", path);
  if (fd < 0) return tt_fail_errno("cannot open", path);
  if (fstat(fd, &s) == 0 && S_ISDIR(s.st_mode)) {
    close(fd);
    *kind = folder_kind(path);
    return TARTAN_OK;
  }
  if (!S_ISREG(s.st_mode)) {
    close(fd);
    return tt_fail(TARTAN_ERR_INPUT, "%s is not a regular file; copy its contents into one", path);
  }
  if (has_late_signature(fd, (int64_t)s.st_size))
    *kind = TT_KIND_HDF5;
  else
    *kind = peek(dup(fd), gzip);
  close(fd);
  return TARTAN_OK;
}

const char *tt_file_kind_name(tt_file_kind kind)
{
  return answers[kind].name ? answers[kind].name : "a folder";
}

/* The advice with the file's name wherever it asks for it. */
static tartan_status answer(const char *path, tt_file_kind kind, int gzip)
{
  char        text[600];
  size_t      length = 0;
  const char *from = answers[kind].advice;

  if (gzip && (kind < TT_KIND_IDX || kind > TT_KIND_TSV)) from = "decompress it first: gunzip -k %s";
  while (*from && length + 1 < sizeof text) {
    if (strncmp(from, "%s", 2) == 0) {
      length += (size_t)snprintf(text + length, sizeof text - length, "%s", path);
      from += 2;
    } else {
      text[length++] = *from++;
    }
    if (length >= sizeof text) length = sizeof text - 1;
  }
  text[length] = '\0';
  return tt_fail(TARTAN_ERR_FORMAT, "%s is not an HDF5 file: it is %s%s; %s", path, answers[kind].name,
                 gzip ? ", compressed by gzip" : "", text);
}

tartan_status tt_file_examine(const char *path)
{
  tt_file_kind  kind;
  int           gzip;
  tartan_status st = tt_file_recognise(path, &kind, &gzip);

  if (st != TARTAN_OK) return st;
  if (kind == TT_KIND_HDF5 && !gzip) return TARTAN_OK;
  if (kind == TT_KIND_FOLDER) return tt_fail(TARTAN_ERR_INPUT, "%s is a folder; name a file in it", path);
  if (kind == TT_KIND_ZARR)
    return tt_fail(TARTAN_ERR_FORMAT,
                   "%s is a Zarr folder, not an HDF5 file; write its array to HDF5 with Python: zarr and h5py", path);
  if (kind == TT_KIND_HDF5)
    return tt_fail(TARTAN_ERR_FORMAT, "%s is an HDF5 file compressed by gzip; decompress it first: gunzip -k %s", path,
                   path);
  return answer(path, kind, gzip);
}
