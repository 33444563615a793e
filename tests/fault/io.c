// TEST: np=1,3 labels=fault,io timeout=120
/*
 * The k-th allocation, then the k-th file operation, fails on one rank: every function that reads or writes files.
 * The same status everywhere, nothing hangs, no memory, no HDF5 identifier and no file is left.
 */
#include <hdf5.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tartan/io.h>

#include "base/memory.h"
#include "check.h"
#include "comm/grid.h"
#include "faults.h"
#include "h5file.h"
#include "io/contents.h"
#include "io/dataset.h"
#include "io/output.h"
#include "io/small.h"
#include "io/text_export.h"
#include "io/text_import.h"
#include "io_files.h"

static const char *source;    /* of the reading tries */
static const char *id_column; /* of the import tries */
static const char *format;    /* of the import and export tries */

static double value(int64_t i, int64_t j, void *context)
{
  (void)context;
  return (double)(i * 100 + j);
}

/* HDF5 has nothing open, and the folder holds no temporary file. */
static void check_nothing_left(void)
{
  CHECK_EQ(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
  CHECK_EQ(io_count_files(".part"), 0);
}

static tartan_status try_read(tartan_grid *grid, fault_run *run)
{
  tt_dataset   *d = NULL;
  double        x[30];
  tartan_status st;

  fault_begin(run);
  st = tt_dataset_open(grid, source, NULL, &d);
  CHECK((d == NULL) == (st != TARTAN_OK));
  if (st == TARTAN_OK) {
    tt_dataset_prefetch(d, 0, 6);
    st = tt_dataset_read(d, 0, 6, 0, 5, x);
  }
  if (st == TARTAN_OK) st = tt_dataset_read(d, 1, grid->rank == 0 ? 0 : 3, 1, 2, x);
  fault_end(run);
  tt_dataset_close(&d);
  check_nothing_left();
  return st;
}

static tartan_status try_list(tartan_grid *grid, fault_run *run)
{
  tt_contents   c;
  tartan_status st;

  fault_begin(run);
  st = tt_list_datasets(grid, source, NULL, &c);
  fault_end(run);
  CHECK(st == TARTAN_OK || c.item == NULL);
  tt_contents_free(&c);
  check_nothing_left();
  return st;
}

/* Small and large things; the failure may come at any call. */
static tartan_status write_output(tartan_grid *grid, tt_output **out)
{
  static const char *const names[] = {"a", "b"};
  const double             v[4] = {1, 2, 3, 4};
  tartan_status            st = tt_output_create(grid, "out.h5", true, out);

  if (st != TARTAN_OK) return st;
  tt_output_hint(*out, "key=value");
  tt_output_text(*out, "/", "command", "test");
  tt_output_array(*out, "g/v", 2, 2, v);
  tt_output_strings(*out, "names", 2, names);
  tt_output_integer(*out, "g/v", "i", 1);
  tt_output_declare(*out, "X", TARTAN_F64, 4, 1);
  tt_output_declare(*out, "Y", TARTAN_F32, 2, 2);
  st = tt_output_open(*out);
  if (st == TARTAN_OK) st = tt_output_rows(*out, "X", 0, grid->rank == 0 ? 4 : 0, v);
  if (st == TARTAN_OK) st = tt_output_commit(out);
  return st;
}

static tartan_status try_output(tartan_grid *grid, fault_run *run)
{
  tt_output    *out = NULL;
  tartan_status st;

  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) unlink("out.h5");
  MPI_Barrier(MPI_COMM_WORLD);
  fault_begin(run);
  st = write_output(grid, &out);
  fault_end(run);
  tt_output_discard(&out);
  check_nothing_left();
  CHECK_EQ(io_count_files("out.h5"), st == TARTAN_OK);
  return st;
}

static tartan_status read_small(tt_small *file)
{
  double       *v = NULL;
  const char  **texts = NULL;
  char          text[16];
  int64_t       m, n;
  bool          exists;
  tartan_status st = tt_small_exists(file, "/g/v", &exists);

  if (st == TARTAN_OK) st = tt_small_array(file, "/g/v", &v, &m, &n);
  if (st == TARTAN_OK) st = tt_small_text(file, "/", "command", text, sizeof text);
  if (st == TARTAN_OK) st = tt_small_strings(file, "names", true, &texts, &m);
  tt_free(texts);
  tt_free(v);
  return st;
}

static tartan_status try_small(tartan_grid *grid, fault_run *run)
{
  tt_small     *file = NULL;
  tartan_status st;

  fault_begin(run);
  st = tt_small_open(grid, "kept.h5", &file);
  if (st == TARTAN_OK) st = read_small(file);
  fault_end(run);
  tt_small_close(&file);
  check_nothing_left();
  return st;
}

static tartan_status try_import(tartan_grid *grid, fault_run *run)
{
  tt_import_result r;
  tartan_status    st;

  fault_begin(run);
  st = tt_import(grid, source, "imported.h5", &(tt_import_opts){.force = true, .id_column = id_column}, &r);
  fault_end(run);
  check_nothing_left();
  return st;
}

static tartan_status try_export(tartan_grid *grid, fault_run *run)
{
  tt_export_result r;
  tartan_io_opts   o = TARTAN_IO_OPTS_INIT;
  tartan_status    st;

  o.force = true;
  fault_begin(run);
  st = tt_export(grid, source, format, "exported.txt", &o, &r);
  fault_end(run);
  check_nothing_left();
  return st;
}

static tartan_status try_load(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = NULL;
  tartan_status  st;

  fault_begin(run);
  st = tartan_matrix_load(grid, source, TARTAN_F64, NULL, &A);
  fault_end(run);
  CHECK((A == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&A);
  check_nothing_left();
  return st;
}

static tartan_status try_save(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = NULL;
  tartan_io_opts o = TARTAN_IO_OPTS_INIT;
  tartan_status  st;

  o.force = true;
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 20, 7, NULL, &A));
  fault_begin(run);
  st = tartan_matrix_save(A, "saved.h5", "A", &o);
  fault_end(run);
  tartan_matrix_destroy(&A);
  check_nothing_left();
  return st;
}

static void sweep(const char *name, fault_try *attempt)
{
  fault_sweep(TT_FAULT_ALLOC, name, attempt);
  fault_sweep(TT_FAULT_FILE, name, attempt);
}

static void sweep_sources(void)
{
  const h5_layout contiguous = {.type = ">f4"},
                  chunked = {.type = "<i2", .chunk_rows = 2, .chunk_cols = 3, .deflate = true};

  h5_write("contiguous.h5", "X", &contiguous, 6, 5, value, NULL);
  h5_write("chunked.h5", "X", &chunked, 6, 5, value, NULL);
  CHECK(io_odd_file("wide.h5", IO_LONG_DOUBLE));
  source = "contiguous.h5";
  sweep("reading contiguous data", try_read);
  sweep("listing", try_list);
  sweep("loading a matrix", try_load);
  source = "chunked.h5";
  sweep("reading chunks", try_read);
  sweep("loading a matrix in chunks", try_load);
  source = "wide.h5:/X";
  sweep("reading long doubles", try_read);
}

static void sweep_conversions(void)
{
  static const char csv[] = "a,b\n1,2\n3,4\n", idx[] = "\0\0\010\002\0\0\0\001\0\0\0\002ab";
  static const char npy[] = "\223NUMPY\1\0\074\0{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2)}    \n12345678";

  source = "s.csv";
  io_bytes_file(source, csv, sizeof csv - 1, false);
  sweep("importing CSV", try_import);
  id_column = "1";
  sweep("importing CSV with names of samples", try_import);
  id_column = NULL;
  source = "s.idx.gz";
  io_bytes_file(source, idx, sizeof idx - 1, true);
  sweep("importing IDX", try_import);
  source = "s.npy";
  io_bytes_file(source, npy, sizeof npy - 1, false);
  sweep("importing .npy", try_import);
  source = "chunked.h5";
  format = "csv";
  sweep("exporting CSV", try_export);
  format = "npy";
  sweep("exporting .npy", try_export);
}

/* The file that small things are read from. */
static void keep_output(void)
{
  tartan_grid *grid = NULL;
  tt_output   *out = NULL;

  CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, NULL, &grid));
  CHECK_OK(write_output(grid, &out));
  tartan_grid_destroy(&grid);
  if (check_rank() == 0) CHECK(rename("out.h5", "kept.h5") == 0);
  MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
  tartan_io_setup();
  check_start(&argc, &argv);
  keep_output();
  sweep("reading small things", try_small);
  sweep("an output", try_output);
  sweep_sources();
  sweep_conversions();
  sweep("saving a matrix", try_save);
  return check_finish();
}
