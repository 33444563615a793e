/* Rank 0 makes the files, the others wait; plain serial HDF5. */
#include "io_files.h"

#include <dirent.h>
#include <hdf5.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "check.h"

#define ROWS 6
#define COLS 5

static const hsize_t extent[2] = {ROWS, COLS}, chunk[2] = {4, 2};

/* How one oddity is stored; -1: not set. */
typedef struct recipe {
  hid_t file, type, space, plist;
  bool  write;
} recipe;

static hid_t float_type(size_t size, size_t exponent, size_t mantissa, size_t bias)
{
  const hid_t t = H5Tcopy(H5T_IEEE_F32LE);

  H5Tset_fields(t, exponent + mantissa, mantissa, exponent, 0, mantissa);
  H5Tset_size(t, size);
  H5Tset_ebias(t, bias);
  return t;
}

static hid_t enum_type(void)
{
  const hid_t   t = H5Tenum_create(H5T_STD_I16BE);
  const int16_t one = 1;

  H5Tenum_insert(t, "one", &one);
  return t;
}

static hid_t odd_type(io_oddity oddity)
{
  hid_t t;

  switch (oddity) {
  case IO_FLOAT16: return float_type(2, 5, 10, 15);
  case IO_BFLOAT16: return float_type(2, 8, 7, 127);
  case IO_LONG_DOUBLE: return H5Tcopy(H5T_NATIVE_LDOUBLE);
  case IO_INT12:
    t = H5Tcopy(H5T_STD_I32LE);
    H5Tset_precision(t, 12);
    return t;
  case IO_ENUM: return enum_type();
  case IO_COMPOUND:
    t = H5Tcreate(H5T_COMPOUND, 16);
    H5Tinsert(t, "r", 0, H5T_IEEE_F64LE);
    H5Tinsert(t, "i", 8, H5T_IEEE_F64LE);
    return t;
  default: return H5Tcopy(H5T_IEEE_F64LE);
  }
}

static hid_t odd_space(io_oddity oddity)
{
  const hsize_t none[2] = {0, COLS}, huge[2] = {(hsize_t)1 << 40, 100000};

  if (oddity == IO_SCALAR) return H5Screate(H5S_SCALAR);
  if (oddity == IO_NULL) return H5Screate(H5S_NULL);
  if (oddity == IO_EMPTY) return H5Screate_simple(2, none, NULL);
  if (oddity == IO_DECLARED_HUGE) return H5Screate_simple(2, huge, NULL);
  return H5Screate_simple(2, extent, NULL);
}

static void set_virtual(hid_t plist)
{
  const hid_t space = H5Screate_simple(2, extent, NULL);

  H5Pset_virtual(plist, space, "plain.h5", "/X", space);
  H5Sclose(space);
}

static hid_t odd_plist(io_oddity oddity, const char *file)
{
  const hid_t   plist = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t wide[2] = {1000, 1000};
  char          raw[256];

  snprintf(raw, sizeof raw, "%s.raw", file);
  if (oddity == IO_COMPACT) H5Pset_layout(plist, H5D_COMPACT);
  if (oddity == IO_DECLARED_HUGE) H5Pset_chunk(plist, 2, wide);
  if (oddity == IO_FLETCHER || oddity == IO_SZIP || oddity == IO_UNKNOWN_FILTER) H5Pset_chunk(plist, 2, chunk);
  if (oddity == IO_FLETCHER) H5Pset_fletcher32(plist);
  if (oddity == IO_SZIP && H5Pset_szip(plist, H5_SZIP_NN_OPTION_MASK, 4) < 0) {
    H5Pclose(plist);
    return H5I_INVALID_HID;
  }
  if (oddity == IO_UNKNOWN_FILTER) H5Pset_filter(plist, 32015, H5Z_FLAG_OPTIONAL, 0, NULL);
  if (oddity == IO_EXTERNAL_DATA) H5Pset_external(plist, raw, 0, ROWS * COLS * 8);
  if (oddity == IO_VIRTUAL) set_virtual(plist);
  return plist;
}

static hid_t odd_create(const char *file, io_oddity oddity)
{
  const hid_t fcpl = H5Pcreate(H5P_FILE_CREATE);
  hid_t       f;

  if (oddity == IO_USER_BLOCK) H5Pset_userblock(fcpl, 1024);
  f = H5Fcreate(file, H5F_ACC_TRUNC, fcpl, H5P_DEFAULT);
  H5Pclose(fcpl);
  return f;
}

static void put_group(hid_t file, const char *name)
{
  H5Gclose(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}

static void put_vector(hid_t file, const char *name)
{
  const hsize_t two = 2;
  const hid_t   space = H5Screate_simple(1, &two, NULL);

  H5Dclose(H5Dcreate2(file, name, H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Sclose(space);
}

static void put_mark(hid_t file, const char *object, const char *attribute, const char *text)
{
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), o = H5Oopen(file, object, H5P_DEFAULT);
  hid_t       a;

  H5Tset_size(type, strlen(text));
  a = H5Acreate2(o, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(a, type, text);
  H5Aclose(a);
  H5Oclose(o);
  H5Sclose(space);
  H5Tclose(type);
}

/* What stands beside the dataset. */
static void put_company(hid_t file, io_oddity oddity)
{
  static const char *const tenx[] = {"matrix/barcodes", "matrix/data", "matrix/indices", "matrix/indptr"};

  if (oddity == IO_SOFT_LINK) H5Lcreate_soft("/X", file, "link", H5P_DEFAULT, H5P_DEFAULT);
  if (oddity == IO_EXTERNAL_LINK) H5Lcreate_external("plain.h5", "/X", file, "link", H5P_DEFAULT, H5P_DEFAULT);
  if (oddity == IO_ANNDATA) {
    put_group(file, "obs");
    put_group(file, "var");
    put_group(file, "sparse");
    put_mark(file, "/", "encoding-type", "anndata");
    put_mark(file, "/sparse", "encoding-type", "csr_matrix");
  }
  if (oddity == IO_TENX) {
    put_group(file, "matrix");
    for (int i = 0; i < 4; i++) put_vector(file, tenx[i]);
  }
  if (oddity == IO_NETCDF4) put_mark(file, "/", "_NCProperties", "version=2");
  if (oddity == IO_MATLAB73) put_mark(file, "/X", "MATLAB_class", "double");
}

static bool put_dataset(hid_t file, const char *name, io_oddity oddity)
{
  const hid_t type = odd_type(oddity), space = odd_space(oddity), plist = odd_plist(oddity, name);
  const bool  write = oddity < IO_COMPOUND || oddity >= IO_ANNDATA || oddity == IO_EXTERNAL_DATA ||
                     oddity == IO_EXTERNAL_LINK;
  double values[ROWS * COLS];
  hid_t  d = H5I_INVALID_HID;
  bool   ok;

  for (int i = 0; i < ROWS * COLS; i++) values[i] = i;
  if (plist >= 0) d = H5Dcreate2(file, "X", type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
  ok = d >= 0;
  if (ok && oddity == IO_ENUM) {
    int16_t small[ROWS * COLS];

    for (int i = 0; i < ROWS * COLS; i++) small[i] = (int16_t)((i & 255) << 8 | i >> 8);
    ok = H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, small) >= 0;
  } else if (ok && write && oddity != IO_NEVER_WRITTEN) {
    ok = H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
  }
  if (d >= 0) H5Dclose(d);
  if (plist >= 0) H5Pclose(plist);
  H5Sclose(space);
  H5Tclose(type);
  return ok;
}

bool io_odd_file(const char *file, io_oddity oddity)
{
  int ok = 1;

  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) {
    H5E_auto2_t report;
    void       *context;
    hid_t       f;

    H5Eget_auto2(H5E_DEFAULT, &report, &context);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    f = odd_create(file, oddity);
    ok = f >= 0 && put_dataset(f, file, oddity);
    put_company(f, oddity);
    ok = H5Fclose(f) >= 0 && ok;
    H5Eset_auto2(H5E_DEFAULT, report, context);
  }
  MPI_Bcast(&ok, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return ok != 0;
}

void io_plain_file(const char *file)
{
  CHECK(io_odd_file(file, IO_SOFT_LINK));
}

void io_bytes_file(const char *file, const void *bytes, size_t length, bool gzip)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) {
    gzFile z = gzopen(file, gzip ? "wb" : "wbT");

    CHECK(z != NULL);
    if (z) CHECK(length == 0 || gzwrite(z, bytes, (unsigned)length) == (int)length);
    if (z) gzclose(z);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

void io_cut_file(const char *file, long length)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) {
    FILE *f = fopen(file, "rb");
    long  size = 0;

    if (CHECK(f != NULL)) {
      fseek(f, 0, SEEK_END);
      size = ftell(f);
      fclose(f);
      CHECK(truncate(file, length < 0 ? size + length : length) == 0);
    }
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

int io_count_files(const char *part)
{
  int count = 0;

  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) {
    DIR *folder = opendir(".");

    for (struct dirent *e; folder && (e = readdir(folder));) count += strstr(e->d_name, part) != NULL;
    if (folder) closedir(folder);
  }
  MPI_Bcast(&count, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return count;
}

bool io_message_has(const char *part)
{
  if (strstr(tartan_error_message(), part)) return true;
  if (check_rank() == 0) printf("no \"%s\" in: %s\n", part, tartan_error_message());
  return false;
}
