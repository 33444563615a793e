/*
 * A result file, safe on a full disk. MPI-IO answers a full disk with a crash, a hang, or a wrong file that looks
 * whole, depending on component and transfer mode (docs/cluster.md). So rank 0 makes the complete skeleton with HDF5's
 * serial driver, space allocated early and never filled, closes it and reserves its length with posix_fallocate; only
 * then do all ranks reopen it with MPI-IO and write, collectively, into blocks that exist. Metadata do not change any
 * more; the attribute `complete` is set by rank 0 with the serial driver at the end.
 *
 * A rank that failed in a collective call still takes part in those that follow, until the ranks have agreed.
 */
#include "io/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/dataset_type.h"
#include "io/output_impl.h"
#include "io/root.h"

#define CALL_MAX (INT64_C(1) << 30)    /* bytes of one H5Dwrite */
#define ALIGN_FROM (INT64_C(16) << 20) /* datasets of this size begin at a multiple of ALIGN */
#define ALIGN (INT64_C(1) << 20)
#define FILE_OVERHEAD 16384 /* of HDF5, in any file */
#define LARGE_OVERHEAD 4096 /* and for each large dataset, beside its contents */

static tartan_status begin_place(tt_output *out, const char *path, bool force)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (out->grid->rank == 0) local = tt_place_begin(&out->place, path, force);
  TRY(tt_root_verdict(out->grid, local));
  TRY(tt_bcast(out->grid, &out->place, (int64_t)sizeof out->place, 1, 0));
done:
  return st;
}

tartan_status tt_output_create(tartan_grid *grid, const char *path, bool force, tt_output **out)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  tt_output    *o = NULL;

  *out = NULL;
  o = tt_alloc_zero(&grid->memory, 1, sizeof *o, "an output", &local);
  AGREE(grid, local);
  o->grid = grid;
  o->file = H5I_INVALID_HID;
  o->fd = -1;
  TRY(begin_place(o, path, force));
  *out = o;
  o = NULL;
done:
  tt_free(o);
  return st;
}

const char *tt_output_path(const tt_output *out)
{
  return out->place.path;
}

void tt_output_hint(tt_output *out, const char *hint)
{
  tartan_status local = out->local;

  tt_free(out->hint);
  out->hint = hint ? tt_strdup(&out->grid->memory, hint, &local) : NULL;
  tt_output_keep(out, local);
}

/* Bytes of an element as it is written. */
static int64_t element_bytes(const tt_large *large)
{
  return (int64_t)tt_element_size(large->element) * (large->complex ? 2 : 1);
}

/* The type of an element; to be released. */
static hid_t element_type(const tt_large *large)
{
  return large->complex ? tt_type_complex(large->element) : H5Tcopy(tt_type_native(large->element));
}

static tt_large *declare(tt_output *out, const char *name, tt_element element, bool complex, int64_t rows, int64_t cols)
{
  tartan_status local = out->local;
  tt_large     *large = tt_alloc_zero(&out->grid->memory, 1, sizeof *large, "an output", &local);
  char         *copy = tt_strdup(&out->grid->memory, name, &local);
  int64_t       bytes;

  if (local == TARTAN_OK && (!tt_mul(rows, cols, &bytes) || !tt_mul(bytes, 16, &bytes)))
    local = tt_fail(TARTAN_ERR_OVERFLOW, "%s of %lld x %lld elements is too large for a file", name, (long long)rows,
                    (long long)cols);
  if (local != TARTAN_OK) {
    tt_output_keep(out, local);
    tt_free(copy);
    tt_free(large);
    return NULL;
  }
  *large = (tt_large){.name = copy,
                      .element = element,
                      .complex = complex,
                      .rows = rows,
                      .cols = cols,
                      .dataset = H5I_INVALID_HID};
  if (out->last_large)
    out->last_large->next = large;
  else
    out->first_large = large;
  out->last_large = large;
  return large;
}

void tt_output_declare_element(tt_output *out, const char *name, tt_element element, int64_t rows, int64_t cols)
{
  (void)declare(out, name, element, false, rows, cols);
}

void tt_output_declare_line(tt_output *out, const char *name, tt_element element, int64_t count)
{
  tt_large *large = declare(out, name, element, false, count, 1);

  if (large) large->line = true;
}

void tt_output_declare_complex(tt_output *out, const char *name, tartan_dtype dtype, int64_t rows, int64_t cols)
{
  (void)declare(out, name, tt_element_of(dtype), true, rows, cols);
}

void tt_output_declare(tt_output *out, const char *name, tartan_dtype dtype, int64_t rows, int64_t cols)
{
  tt_output_declare_element(out, name, dtype == TARTAN_F32 ? TT_EL_F32 : TT_EL_F64, rows, cols);
}

/* The dataset with its space taken at once and nothing written into it. */
static bool make_large(hid_t file, const tt_large *large)
{
  const hsize_t extent[2] = {(hsize_t)large->rows, (hsize_t)large->cols};
  const hid_t   space = H5Screate_simple(large->line ? 1 : 2, extent, NULL), link = H5Pcreate(H5P_LINK_CREATE);
  const hid_t   plist = H5Pcreate(H5P_DATASET_CREATE), type = element_type(large);
  const bool    fault = tt_file_fault();
  hid_t         dataset;

  H5Pset_create_intermediate_group(link, 1);
  H5Pset_layout(plist, H5D_CONTIGUOUS);
  H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(plist, H5D_FILL_TIME_NEVER);
  dataset = H5Dcreate2(file, large->name, type, space, link, plist, H5P_DEFAULT);
  tt_h5_release(dataset);
  tt_h5_release(type);
  tt_h5_release(plist);
  tt_h5_release(link);
  tt_h5_release(space);
  return dataset >= 0 && !fault;
}

static hid_t create_file(const char *path)
{
  const hid_t fapl = tt_h5_serial();
  hid_t       file;

  H5Pset_alignment(fapl, ALIGN_FROM, ALIGN);
  file = tt_file_fault() ? H5I_INVALID_HID : H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, fapl);
  tt_h5_release(fapl);
  return file;
}

/* The whole file but for the contents of its large datasets. */
static tartan_status make_skeleton(const tt_output *out)
{
  tartan_status st = TARTAN_OK;
  hid_t         file = create_file(out->place.temp);
  bool          ok = file >= 0;

  for (const tt_large *large = out->first_large; ok && large; large = large->next) ok = make_large(file, large);
  for (const tt_item *item = out->first_item; ok && item; item = item->next) ok = tt_item_write(file, item);
  if (ok) ok = tt_attribute_set(file, "complete", 0);
  if (!ok) st = tt_h5_fail(TARTAN_ERR_IO, "cannot write", out->place.path);
  if (!tt_h5_close_file(file) && st == TARTAN_OK) st = tt_h5_fail(TARTAN_ERR_IO, "cannot write", out->place.path);
  return st;
}

/*
 * On rank 0: room for what HDF5 itself will write first, since it is not to meet a full disk; then the skeleton, in
 * which the large datasets are holes; then room for its whole length.
 */
static tartan_status make_file(tt_output *out)
{
  tartan_status st = TARTAN_OK;
  int64_t       bytes = FILE_OVERHEAD + tt_items_bytes(out);
  tt_h5_guard   guard;
  struct stat   s;

  for (const tt_large *large = out->first_large; large; large = large->next) bytes += LARGE_OVERHEAD;
  st = tt_place_reserve(&out->place, bytes, true);
  if (st != TARTAN_OK) return st;
  tt_h5_enter(&guard, false);
  st = make_skeleton(out);
  tt_h5_leave(&guard);
  if (st == TARTAN_OK && stat(out->place.temp, &s) != 0) st = tt_fail_errno("cannot find", out->place.temp);
  if (st == TARTAN_OK) st = tt_place_reserve(&out->place, (int64_t)s.st_size, false);
  return st;
}

/* "key=value,key=value" */
static tartan_status make_info(const char *hint, MPI_Info *info)
{
  char text[512];

  *info = MPI_INFO_NULL;
  if (!hint || hint[0] == '\0') return TARTAN_OK;
  if (strlen(hint) >= sizeof text) return tt_fail(TARTAN_ERR_ARG, "the MPI-IO hints are too long");
  snprintf(text, sizeof text, "%s", hint);
  if (MPI_Info_create(info) != MPI_SUCCESS) return tt_fail(TARTAN_ERR_MPI, "MPI_Info_create failed");
  for (char *at = text, *end; at; at = end) {
    char *value;

    end = strchr(at, ',');
    if (end) *end++ = '\0';
    value = strchr(at, '=');
    if (!value || value == at)
      return tt_fail(TARTAN_ERR_ARG, "\"%.60s\" is no MPI-IO hint; give key=value,key=value", at);
    *value++ = '\0';
    MPI_Info_set(*info, at, value);
  }
  return TARTAN_OK;
}

/* Collective: all ranks open the file and its large datasets with MPI-IO. */
static tartan_status open_parallel(tt_output *out, MPI_Info info)
{
  const bool    fault = tt_file_fault();
  const hid_t   fapl = H5Pcreate(H5P_FILE_ACCESS);
  tartan_status st = TARTAN_OK;

  H5Pset_fapl_mpio(fapl, out->grid->all, info);
  H5Pset_all_coll_metadata_ops(fapl, true);
  H5Pset_coll_metadata_write(fapl, true);
  out->file = H5Fopen(out->place.temp, H5F_ACC_RDWR, fapl);
  tt_h5_release(fapl);
  if (out->file < 0) st = tt_h5_fail(TARTAN_ERR_IO, "cannot open with MPI-IO", out->place.path);
  if (st == TARTAN_OK && fault) st = tt_fail_errno("cannot open with MPI-IO", out->place.path);
  return st;
}

static tartan_status open_large(tt_output *out)
{
  const bool    fault = tt_file_fault();
  tartan_status st = TARTAN_OK;

  for (tt_large *large = out->first_large; large; large = large->next) {
    large->dataset = H5Dopen2(out->file, large->name, H5P_DEFAULT);
    if (large->dataset < 0) st = tt_h5_fail(TARTAN_ERR_IO, "cannot open a dataset of", out->place.path);
  }
  out->fd = open(out->place.temp, O_RDWR | O_CLOEXEC);
  if (fault || out->fd < 0) st = tt_fail_errno("cannot open", out->place.path);
  return st;
}

/*
 * Closing is collective. Where MPI-IO gave the file to some ranks only, which it should not, it stays open: better
 * than to wait for ever.
 */
static tartan_status close_parallel(tt_output *out)
{
  int64_t       has = out->file >= 0;
  const bool    fault = out->file >= 0 && tt_file_fault();
  tt_h5_guard   guard;
  tartan_status st = TARTAN_OK;

  if (!out->parallel || tt_allreduce_i64(out->grid, &has, 1, TT_MIN) != TARTAN_OK || !has) return TARTAN_OK;
  tt_h5_enter(&guard, false);
  for (tt_large *large = out->first_large; large; large = large->next) {
    tt_h5_release(large->dataset);
    large->dataset = H5I_INVALID_HID;
  }
  if (H5Fclose(out->file) < 0) st = tt_h5_fail(TARTAN_ERR_IO, "cannot close", out->place.path);
  if (fault) st = tt_fail_errno("cannot close", out->place.path);
  out->file = H5I_INVALID_HID;
  out->parallel = false;
  tt_h5_leave(&guard);
  return st;
}

static tartan_status reopen(tt_output *out)
{
  tartan_status st = TARTAN_OK, local;
  MPI_Info      info = MPI_INFO_NULL;
  tt_h5_guard   guard;

  tt_h5_enter(&guard, false);
  local = make_info(out->hint, &info);
  AGREE(out->grid, local);
  local = open_parallel(out, info);
  AGREE(out->grid, local);
  local = open_large(out);
  AGREE(out->grid, local);
done:
  if (info != MPI_INFO_NULL) MPI_Info_free(&info);
  tt_h5_leave(&guard);
  return st;
}

tartan_status tt_output_open(tt_output *out)
{
  tartan_status st = TARTAN_OK, local = out->local;
  double        since = tt_seconds();

  if (local != TARTAN_OK) local = tt_fail(local, "%s", out->message);
  AGREE(out->grid, local);
  if (out->grid->rank == 0) local = make_file(out);
  TRY(tt_root_verdict(out->grid, local));
  out->parallel = out->first_large != NULL;
  if (out->parallel) TRY(reopen(out));
done:
  tt_grid_phase(out->grid, TARTAN_PHASE_WRITE, &since);
  return st;
}

/* Warns when HDF5 made a collective transfer independent behind our back. */
static void check_collective(tt_output *out, hid_t transfer)
{
  uint32_t here = 0, anywhere = 0;

  if (out->warned || H5Pget_mpio_no_collective_cause(transfer, &here, &anywhere) < 0 || anywhere == 0) return;
  out->warned = true;
  tt_grid_warn(out->grid, "HDF5 wrote %s independently instead of collectively (cause %u)", out->place.path,
               (unsigned)anywhere);
}

/* One collective H5Dwrite, with nothing on ranks that have no rows left. */
static tartan_status write_piece(tt_output *out, const tt_large *large, int64_t row0, int64_t nrows, const void *buf,
                                 hid_t transfer)
{
  const hsize_t start[2] = {(hsize_t)row0, 0}, one[2] = {1, 1};
  const hsize_t block[2] = {(hsize_t)tt_max(1, nrows), (hsize_t)tt_max(1, large->cols)};
  const bool    fault = tt_file_fault();
  const hid_t   memory = H5Screate_simple(large->line ? 1 : 2, block, NULL), space = H5Dget_space(large->dataset);
  const hid_t   type = element_type(large);
  tartan_status st = TARTAN_OK;
  const char    nothing = 0;

  if (nrows > 0 && large->cols > 0) {
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, one, block);
  } else {
    H5Sselect_none(space);
    H5Sselect_none(memory);
  }
  if (H5Dwrite(large->dataset, type, memory, space, transfer, buf ? buf : &nothing) < 0)
    st = tt_h5_fail(TARTAN_ERR_IO, "cannot write", out->place.path);
  if (fault) st = tt_fail_errno("cannot write", out->place.path);
  tt_h5_release(type);
  tt_h5_release(space);
  tt_h5_release(memory);
  return st;
}

/* All pieces of a call, as many as the rank has that has most. */
static tartan_status write_pieces(tt_output *out, const tt_large *large, int64_t row0, int64_t nrows, const void *buf)
{
  const int64_t row_bytes = tt_max(1, large->cols) * element_bytes(large);
  const int64_t step = tt_max(1, CALL_MAX / row_bytes);
  int64_t       most = large->rows > 0 && large->cols > 0 ? tt_ceil_div(nrows, step) : 0;
  hid_t         transfer;
  tartan_status local = TARTAN_OK, st = tt_allreduce_i64(out->grid, &most, 1, TT_MAX);

  if (st != TARTAN_OK) return st;
  transfer = H5Pcreate(H5P_DATASET_XFER);
  H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
  for (int64_t i = 0; i < most; i++) {
    const int64_t done = tt_min(nrows, i * step), k = tt_min(step, nrows - done);
    const void   *from = k > 0 ? (const char *)buf + done * row_bytes : NULL;

    st = write_piece(out, large, row0 + done, k, from, transfer);
    if (st != TARTAN_OK) local = st;
  }
  check_collective(out, transfer);
  tt_h5_release(transfer);
  return local;
}

tartan_status tt_output_rows(tt_output *out, const char *name, int64_t row0, int64_t nrows, const void *buf)
{
  const tt_large *large = out->first_large;
  double          since = tt_seconds();
  tt_h5_guard     guard;
  tartan_status   st = TARTAN_OK, local = TARTAN_OK;

  while (large && strcmp(large->name, name) != 0) large = large->next;
  REQUIRE(large && out->file >= 0, TARTAN_ERR_BUG, "%s was not declared in %s", name, out->place.path);
  if (row0 < 0 || nrows < 0 || nrows > large->rows - row0)
    local = tt_fail(TARTAN_ERR_BUG, "rows %lld + %lld lie outside of %s", (long long)row0, (long long)nrows, name);
  AGREE(out->grid, local);

  tt_h5_enter(&guard, false);
  local = write_pieces(out, large, row0, nrows, buf);
  tt_h5_leave(&guard);
  if (local == TARTAN_OK) out->grid->counters.bytes_written += nrows * large->cols * element_bytes(large);
  AGREE(out->grid, local);
done:
  tt_grid_phase(out->grid, TARTAN_PHASE_WRITE, &since);
  return st;
}

/* What this rank's node still keeps of the file goes to the disk; a failure of delayed writing shows here. */
static tartan_status sync_here(tt_output *out)
{
  tartan_status st = TARTAN_OK;

  if (out->fd < 0) return TARTAN_OK;
  if (tt_file_fault() || fsync(out->fd) != 0) st = tt_fail_errno("cannot sync", out->place.path);
  close(out->fd);
  out->fd = -1;
  return st;
}

void tt_output_amend(tt_output *out, const char *name, double value)
{
  out->amend = name;
  out->amended = value;
}

static bool amend(hid_t file, const tt_output *out)
{
  const hid_t dataset = out->amend ? H5Dopen2(file, out->amend, H5P_DEFAULT) : H5I_INVALID_HID;
  bool        ok = !out->amend;

  if (dataset >= 0) ok = H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &out->amended) >= 0;
  tt_h5_release(dataset);
  return ok;
}

/* On rank 0: the file can be opened again, has its full length, and is marked. */
static tartan_status mark_complete(const tt_output *out)
{
  tt_h5_guard   guard;
  hid_t         file = H5I_INVALID_HID, fapl;
  tartan_status st = TARTAN_OK;
  bool          ok;

  tt_h5_enter(&guard, false);
  fapl = tt_h5_serial();
  if (!tt_file_fault()) file = H5Fopen(out->place.temp, H5F_ACC_RDWR, fapl);
  tt_h5_release(fapl);
  ok = file >= 0 && amend(file, out) && tt_attribute_set(file, "complete", 1);
  if (!ok) st = tt_h5_fail(TARTAN_ERR_IO, "cannot complete", out->place.path);
  if (!tt_h5_close_file(file) && ok) st = tt_h5_fail(TARTAN_ERR_IO, "cannot complete", out->place.path);
  tt_h5_leave(&guard);
  return st;
}

static void output_free(tt_output **out)
{
  tt_output *o = *out;

  tt_items_free(o);
  for (tt_large *large = o->first_large, *next; large; large = next) {
    next = large->next;
    tt_free(large->name);
    tt_free(large);
  }
  tt_free(o->hint);
  if (o->fd >= 0) close(o->fd);
  if (o->grid->rank == 0) tt_place_discard(&o->place);
  tt_free(o);
  *out = NULL;
}

tartan_status tt_output_commit(tt_output **out)
{
  tt_output    *o = *out;
  tartan_status st = TARTAN_OK, local;
  double        since = tt_seconds();

  local = close_parallel(o);
  AGREE(o->grid, local);
  local = sync_here(o);
  AGREE(o->grid, local);
  if (o->grid->rank == 0) {
    local = mark_complete(o);
    if (local == TARTAN_OK) local = tt_place_finish(&o->place);
  }
  TRY(tt_root_verdict(o->grid, local));
done:
  tt_grid_phase(o->grid, TARTAN_PHASE_WRITE, &since);
  output_free(out);
  return st;
}

void tt_output_discard(tt_output **out)
{
  if (!out || !*out) return;
  (void)close_parallel(*out);
  output_free(out);
}
