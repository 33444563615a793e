// TEST: np=1,3 labels=fault,io,sparse timeout=90
/* The k-th allocation, then the k-th file operation, fails on one rank while ratings are read, or made from other formats. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "check.h"
#include "faults.h"
#include "io/import_ratings.h"
#include "io/ratings.h"
#include "io_files.h"
#include "world.h"

#define COUNT 9

static void write_files(tartan_grid *grid)
{
  static const int64_t     user[COUNT] = {5, 3, 5, 9, -1, 3, 2, 2, 7}, ptr[4] = {0, 4, 4, 9}, shape[2] = {3, 10};
  static const int64_t     col[COUNT] = {0, 1, 2, 9, 4, 5, 6, 7, 8};
  static const double      rating[COUNT] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  static const char *const text[COUNT] = {"b", "a", "c", "b", "d", "a", "a", "x", "y"};
  tt_output               *out = NULL;

  CHECK_OK(tt_output_create(grid, "ratings.h5", true, &out));
  tt_output_counts(out, "/user", COUNT, user);
  tt_output_strings(out, "/item", COUNT, text);
  tt_output_vector(out, "/rating", COUNT, rating);
  tt_output_vector(out, "/timestamp", COUNT, rating);
  tt_output_vector(out, "/X/data", COUNT, rating);
  tt_output_counts(out, "/X/indices", COUNT, col);
  tt_output_counts(out, "/X/indptr", 4, ptr);
  tt_output_counts(out, "/X/shape", 2, shape);
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_output_commit(&out));
}

static tartan_status try_read(tartan_grid *grid, fault_run *run, const char *source)
{
  tt_ratings    r;
  tartan_status st;

  fault_begin(run);
  st = tt_ratings_read(grid, source, NULL, &r);
  fault_end(run);
  tt_ratings_free(&r);
  return st;
}

static tartan_status try_columns(tartan_grid *grid, fault_run *run)
{
  return try_read(grid, run, "ratings.h5");
}

static tartan_status try_matrix(tartan_grid *grid, fault_run *run)
{
  return try_read(grid, run, "ratings.h5:/X");
}

static tartan_status try_import(tartan_grid *grid, fault_run *run, const char *from, tt_ratings_format format)
{
  const int         files = fault_files_here();
  tt_ratings_result result;
  tartan_status     st;

  fault_begin(run);
  st = tt_import_ratings(grid, from, "made.h5", format, true, &result);
  fault_end(run);
  if (st == TARTAN_OK) CHECK_EQ(result.count, 4);
  if (st == TARTAN_OK && check_rank() == 0) CHECK_EQ(remove("made.h5"), 0);
  CHECK_EQ(fault_files_here(), files);
  return st;
}

static tartan_status try_table(tartan_grid *grid, fault_run *run)
{
  return try_import(grid, run, "table.csv", TT_RATINGS_CSV);
}

static tartan_status try_market(tartan_grid *grid, fault_run *run)
{
  return try_import(grid, run, "matrix.mtx", TT_RATINGS_MATRIX_MARKET);
}

static tartan_status try_archive(tartan_grid *grid, fault_run *run)
{
  return try_import(grid, run, "matrix.npz", TT_RATINGS_NPZ);
}

/* A zip archive that is being made: members as they are, then their directory. */
typedef struct archive {
  unsigned char file[4096], directory[2048];
  size_t        used, listed, count;
} archive;

static void put(unsigned char *to, uint64_t value, int bytes)
{
  for (int b = 0; b < bytes; b++) to[b] = (unsigned char)(value >> 8 * b);
}

/* Adds NAME.npy: a header of 128 bytes and `bytes` bytes of elements. */
static void add_member(archive *z, const char *name, const char *type, const char *shape, const void *data,
                       size_t bytes)
{
  unsigned char *local = z->file + z->used, *central = z->directory + z->listed, *npy;
  char           header[128];
  const size_t   length = strlen(name), size = 128 + bytes;

  npy = local + 30 + length;
  memcpy(npy, "\223NUMPY\1\0\166\0", 10);
  snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
  memset(npy + 10, ' ', 117);
  memcpy(npy + 10, header, strlen(header));
  npy[127] = '\n';
  memcpy(npy + 128, data, bytes);
  memset(local, 0, 30);
  memset(central, 0, 46);
  put(local, 0x04034b50, 4);
  put(local + 26, length, 2);
  put(central, 0x02014b50, 4);
  put(central + 16, crc32(0, npy, (unsigned)size), 4);
  put(central + 20, size, 4);
  put(central + 24, size, 4);
  put(central + 28, length, 2);
  put(central + 42, z->used, 4);
  memcpy(local + 30, name, length);
  memcpy(central + 46, name, length);
  z->used += 30 + length + size;
  z->listed += 46 + length;
  z->count++;
}

/* 3 x 3 with 4 entries, by rows, as little-endian machines write it. */
static void write_archive(void)
{
  static const double  data[4] = {1, 2, 3, 4};
  static const int32_t indices[4] = {0, 2, 1, 1}, indptr[4] = {0, 2, 3, 4};
  static const int64_t shape[2] = {3, 3};
  static archive       z;
  unsigned char       *end;

  add_member(&z, "indices.npy", "<i4", "(4,)", indices, sizeof indices);
  add_member(&z, "indptr.npy", "<i4", "(4,)", indptr, sizeof indptr);
  add_member(&z, "format.npy", "|S3", "()", "csr", 3);
  add_member(&z, "shape.npy", "<i8", "(2,)", shape, sizeof shape);
  add_member(&z, "data.npy", "<f8", "(4,)", data, sizeof data);
  memcpy(z.file + z.used, z.directory, z.listed);
  end = z.file + z.used + z.listed;
  put(end, 0x06054b50, 4);
  put(end + 10, z.count, 2);
  put(end + 12, z.listed, 4);
  put(end + 16, z.used, 4);
  io_bytes_file("matrix.npz", z.file, z.used + z.listed + 22, false);
}

int main(int argc, char **argv)
{
  static const char table[] = "user,item,rating,timestamp\na,5,1,2\nb,5,2,3\na,6,4,5\nc,07,4,5\n";
  static const char market[] = "%%MatrixMarket matrix coordinate real symmetric\n3 3 3\n1 1 5\n2 1 6\n3 3 7\n";
  tartan_grid      *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  write_files(grid);
  io_bytes_file("table.csv", table, sizeof table - 1, false);
  write_archive();
  io_bytes_file("matrix.mtx", market, sizeof market - 1, false);
  tartan_grid_destroy(&grid);
  for (int kind = TT_FAULT_ALLOC; kind <= TT_FAULT_FILE; kind++) {
    fault_sweep((tt_fault)kind, "tt_ratings_read", try_columns);
    fault_sweep((tt_fault)kind, "tt_ratings_read", try_matrix);
    fault_sweep((tt_fault)kind, "tt_import_ratings", try_table);
    fault_sweep((tt_fault)kind, "tt_import_ratings", try_market);
    fault_sweep((tt_fault)kind, "tt_import_ratings", try_archive);
  }
  return check_finish();
}
