/* Plain serial HDF5. */
#include "h5file.h"

#include <hdf5.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static hid_t type_of(const char *type)
{
  static const struct {
    const char *name;
    hid_t      *id;
  } known[] = {{"i1", &H5T_STD_I8LE_g},    {"u1", &H5T_STD_U8LE_g},    {"<i2", &H5T_STD_I16LE_g},
               {">i2", &H5T_STD_I16BE_g},  {"<u2", &H5T_STD_U16LE_g},  {">u2", &H5T_STD_U16BE_g},
               {"<i4", &H5T_STD_I32LE_g},  {">i4", &H5T_STD_I32BE_g},  {"<u4", &H5T_STD_U32LE_g},
               {">u4", &H5T_STD_U32BE_g},  {"<i8", &H5T_STD_I64LE_g},  {">i8", &H5T_STD_I64BE_g},
               {"<u8", &H5T_STD_U64LE_g},  {">u8", &H5T_STD_U64BE_g},  {"<f4", &H5T_IEEE_F32LE_g},
               {">f4", &H5T_IEEE_F32BE_g}, {"<f8", &H5T_IEEE_F64LE_g}, {">f8", &H5T_IEEE_F64BE_g}};

  H5open();
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, type ? type : "<f8") == 0) return *known[i].id;
  return H5I_INVALID_HID;
}

static hid_t open_for_writing(const char *file, bool append)
{
  return append ? H5Fopen(file, H5F_ACC_RDWR, H5P_DEFAULT) : H5Fcreate(file, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
}

static bool write_here(const char *file, const char *name, const h5_layout *layout, int64_t rows, int64_t cols,
                       const double *values)
{
  const hsize_t dims[2] = {(hsize_t)rows, (hsize_t)cols};
  const hsize_t chunk[2] = {(hsize_t)layout->chunk_rows, (hsize_t)layout->chunk_cols};
  hid_t         f = open_for_writing(file, layout->append), space = H5Screate_simple(2, dims, NULL);
  hid_t         plist = H5Pcreate(H5P_DATASET_CREATE), d;
  bool          ok = f >= 0 && space >= 0 && plist >= 0;

  if (layout->chunk_rows > 0) ok = ok && H5Pset_chunk(plist, 2, chunk) >= 0;
  if (layout->shuffle) ok = ok && H5Pset_shuffle(plist) >= 0;
  if (layout->deflate) ok = ok && H5Pset_deflate(plist, 4) >= 0;
  d = H5Dcreate2(f, name, type_of(layout->type), space, H5P_DEFAULT, plist, H5P_DEFAULT);
  ok = ok && d >= 0;
  if (ok && rows * cols > 0) ok = H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
  if (d >= 0) H5Dclose(d);
  H5Pclose(plist);
  H5Sclose(space);
  return f >= 0 && H5Fclose(f) >= 0 && ok;
}

void h5_write(const char *file, const char *name, const h5_layout *layout, int64_t rows, int64_t cols,
              double (*value)(int64_t i, int64_t j, void *context), void *context)
{
  double *values = NULL;

  MPI_Barrier(MPI_COMM_WORLD); /* nobody reads the old file any more */
  if (check_rank() == 0) {
    values = malloc((size_t)(rows * cols + 1) * sizeof *values);
    for (int64_t i = 0; i < rows && values; i++)
      for (int64_t j = 0; j < cols; j++) values[i * cols + j] = value(i, j, context);
    CHECK(values && write_here(file, name, layout, rows, cols, values));
    free(values);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

/* A dataset of any shape on the calling rank. */
static bool write_shape_here(const char *file, const char *name, const char *type, int ndims, const int64_t *dims,
                             bool append)
{
  const bool text = strcmp(type, "string") == 0;
  hsize_t    h[8];
  int64_t    count = 1;
  hid_t      f = open_for_writing(file, append), space, t = text ? H5Tcopy(H5T_C_S1) : H5Tcopy(type_of(type)), d;
  bool       ok;

  for (int k = 0; k < ndims; k++) {
    h[k] = (hsize_t)dims[k];
    count *= dims[k];
  }
  space = H5Screate_simple(ndims, h, NULL);
  if (text) H5Tset_size(t, 8);
  d = H5Dcreate2(f, name, t, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  ok = f >= 0 && space >= 0 && d >= 0;
  if (ok && !text && count > 0) {
    double *values = malloc((size_t)count * sizeof *values);

    for (int64_t e = 0; e < count && values; e++) values[e] = (double)e;
    ok = values && H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    free(values);
  }
  if (d >= 0) H5Dclose(d);
  H5Tclose(t);
  H5Sclose(space);
  return f >= 0 && H5Fclose(f) >= 0 && ok;
}

void h5_write_shape(const char *file, const char *name, const char *type, int ndims, const int64_t *dims, bool append)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) CHECK(write_shape_here(file, name, type, ndims, dims, append));
  MPI_Barrier(MPI_COMM_WORLD);
}

bool h5_read(const char *file, const char *name, int64_t rows, int64_t cols, double *values)
{
  hid_t   f, d = -1, space = -1;
  hsize_t dims[2] = {0, 0};
  bool    ok;

  f = H5Fopen(file, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (f >= 0) d = H5Dopen2(f, name, H5P_DEFAULT);
  if (d >= 0) space = H5Dget_space(d);
  ok = space >= 0 && H5Sget_simple_extent_ndims(space) == 2 && H5Sget_simple_extent_dims(space, dims, NULL) == 2 &&
       dims[0] == (hsize_t)rows && dims[1] == (hsize_t)cols;
  if (ok && rows * cols > 0) ok = H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
  if (space >= 0) H5Sclose(space);
  if (d >= 0) H5Dclose(d);
  if (f >= 0) H5Fclose(f);
  return ok;
}
