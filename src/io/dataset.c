/*
 * Reading, and why not through MPI-IO. Measured on Debian 12 (HDF5 1.10.8, Open MPI 4.1.4, 2 ranks, page cache):
 *   contiguous f32, 1.6 GB in slabs of 32 MB: pread 0.082 s, MPI-IO collective 0.084, independent 0.085, romio the same;
 *   shuffle and deflate, 0.4 GB: serial driver on each rank 0.55 s, MPI-IO independent 0.5 to 0.6, collective 0.83;
 *   chunks without a filter, 3 ranks: independent 0.08 s, collective 0.25.
 * So nothing is lost where each rank asks for whole rows, and much is gained: independent MPI-IO fails beyond 2 GiB,
 * a rank that fails in a collective transfer (a damaged chunk) leaves the others waiting, the answer depends on which
 * MPI-IO component was loaded, and virtual datasets and external files are beyond it. Therefore
 *   - contiguous data are read with pread at the offset that rank 0 found: the other ranks need not open the file with
 *     HDF5 at all, so there is no storm on its metadata;
 *   - everything else goes through HDF5's serial driver on each rank, rows by rows in calls of at most 1 GiB, with a
 *     cache that holds one row of chunks.
 * In both cases the bytes come as they lie in the file and are turned round, or converted, in memory.
 */
#include "io/dataset.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/dataset_probe.h"
#include "io/root.h"

#define CALL_MAX (INT64_C(1) << 30)    /* bytes of one H5Dread */
#define EXOTIC_MAX (INT64_C(16) << 20) /* bytes of a piece that is converted beside the caller's buffer */
#define SIEVE_MAX (INT64_C(4) << 20)   /* bytes read at once to pick narrow rectangles from */
#define CACHE_MIN (INT64_C(1) << 20)
#define CACHE_MAX (INT64_C(64) << 20)
#define TABLE_MAX 1024 /* chunks whose addresses are looked up: HDF5 walks its index for each */

struct tt_dataset {
  tartan_grid *grid;
  tt_probe     probe;
  bool         plugins;
  int          fd;
  hid_t        file, dataset, space, type;
  int64_t     *chunks; /* address and size of each chunk, row by row; NULL where there are too many */
  bool         looked; /* these have been looked up, when first asked for */
};

/* One row of chunks stays in the cache: a slab that begins or ends inside chunks decompresses them once. */
static hid_t make_access(const tt_probe *p)
{
  const hid_t   access = H5Pcreate(H5P_DATASET_ACCESS);
  const int64_t across = p->info.chunk_cols ? tt_ceil_div(p->info.cols, p->info.chunk_cols) : 0;
  int64_t       bytes = 0;

  if (access < 0 || across == 0) return access;
  if (!tt_mul(across * p->info.chunk_rows, p->info.chunk_cols * p->type_bytes, &bytes) || bytes > CACHE_MAX)
    bytes = tt_max(CACHE_MAX, p->info.chunk_rows * p->info.chunk_cols * p->type_bytes);
  H5Pset_chunk_cache(access, 12421, (size_t)tt_max(bytes, CACHE_MIN), 1.0);
  return access;
}

static tartan_status open_through_hdf5(tt_dataset *d, const tartan_io_opts *opts)
{
  const tt_dataset_info *info = &d->probe.info;
  tt_h5_guard            guard;
  hid_t                  access;
  bool                   refused;
  tartan_status          st;

  tt_h5_enter(&guard, d->plugins);
  access = make_access(&d->probe);
  st = tt_h5_open_file(info->file, &d->file);
  if (st == TARTAN_OK) {
    d->dataset = tt_probe_open(d->file, info->path, opts->allow_external, access, &refused);
    d->space = d->dataset < 0 ? H5I_INVALID_HID : H5Dget_space(d->dataset);
    if (d->space < 0) st = tt_h5_fail(TARTAN_ERR_IO, "cannot open a dataset of", info->file);
  }
  tt_h5_release(access);
  tt_h5_leave(&guard);
  return st;
}

/* Memory for the addresses of chunks, if they are few; taken here, where a failure can be agreed upon. */
static tartan_status make_table(tt_dataset *d)
{
  const tt_dataset_info *info = &d->probe.info;
  tartan_status          st = TARTAN_OK;
  int64_t                count;

  if (info->chunk_rows == 0 || d->probe.elsewhere) return TARTAN_OK;
  if (!tt_mul(tt_ceil_div(info->rows, info->chunk_rows), tt_ceil_div(info->cols, info->chunk_cols), &count))
    return TARTAN_OK;
  if (count > TABLE_MAX) return TARTAN_OK;
  d->chunks = tt_alloc_zero(&d->grid->memory, 2 * count, sizeof *d->chunks, "addresses of chunks", &st);
  return st;
}

/* Every rank must see the file that rank 0 saw. */
static tartan_status open_here(tt_dataset *d, const tartan_io_opts *opts)
{
  const tt_dataset_info *info = &d->probe.info;
  tt_h5_guard            guard;
  struct stat            s;

  d->fd = tt_file_fault() ? -1 : open(info->file, O_RDONLY | O_CLOEXEC);
  if (d->fd < 0 || fstat(d->fd, &s) != 0) return tt_fail_errno("cannot open", info->file);
  if ((int64_t)s.st_size != info->file_bytes)
    return tt_fail(TARTAN_ERR_IO, "%s has %lld bytes here and %lld on rank 0: it is being written, or not shared",
                   info->file, (long long)s.st_size, (long long)info->file_bytes);
  tt_h5_enter(&guard, d->plugins);
  d->type = H5Tdecode(d->probe.code);
  tt_h5_leave(&guard);
  if (d->type < 0) return tt_fail(TARTAN_ERR_FORMAT, "the element type of %s cannot be decoded", info->file);
  if (d->probe.offset >= 0) return TARTAN_OK;
  return make_table(d) != TARTAN_OK ? TARTAN_ERR_NOMEM : open_through_hdf5(d, opts);
}

static tartan_status open_dataset(tartan_grid *grid, const char *source, const tartan_io_opts *opts, bool vectors,
                                  tt_dataset **dataset)
{
  tartan_io_opts o = TARTAN_IO_OPTS_INIT;
  tt_dataset    *d = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;
  double         since = tt_seconds();

  *dataset = NULL;
  if (opts) memcpy(&o, opts, opts->size < sizeof o ? opts->size : sizeof o);
  d = tt_alloc_zero(&grid->memory, 1, sizeof *d, "an open dataset", &local);
  AGREE(grid, local);
  d->grid = grid;
  d->plugins = o.allow_plugins;
  d->fd = -1;
  d->file = d->dataset = d->space = d->type = H5I_INVALID_HID;

  if (grid->rank == 0) local = tt_probe_source(source, &o, vectors, &d->probe);
  TRY(tt_root_verdict(grid, local));
  TRY(tt_bcast(grid, &d->probe, (int64_t)sizeof d->probe, 1, 0));
  local = open_here(d, &o);
  AGREE(grid, local);
  *dataset = d;
  d = NULL;
done:
  tt_grid_phase(grid, TARTAN_PHASE_READ, &since);
  tt_dataset_close(&d);
  return st;
}

tartan_status tt_dataset_open(tartan_grid *grid, const char *source, const tartan_io_opts *opts, tt_dataset **dataset)
{
  return open_dataset(grid, source, opts, false, dataset);
}

tartan_status tt_dataset_open_vector(tartan_grid *grid, const char *source, const tartan_io_opts *opts,
                                     tt_dataset **dataset)
{
  return open_dataset(grid, source, opts, true, dataset);
}

void tt_dataset_close(tt_dataset **dataset)
{
  tt_dataset *d = dataset ? *dataset : NULL;
  tt_h5_guard guard;

  if (!d) return;
  tt_h5_enter(&guard, d->plugins);
  tt_h5_release(d->type);
  tt_h5_release(d->space);
  tt_h5_release(d->dataset);
  if (d->file >= 0) H5Fclose(d->file);
  tt_h5_leave(&guard);
  if (d->fd >= 0) close(d->fd);
  tt_free(d->chunks);
  tt_free(d);
  *dataset = NULL;
}

const tt_dataset_info *tt_dataset_get_info(const tt_dataset *dataset)
{
  return &dataset->probe.info;
}

/* Bytes of contiguous storage; all that is read counts, wanted or not. */
static tartan_status read_bytes(tt_dataset *d, int64_t at, int64_t bytes, void *buf)
{
  const tartan_status st = tt_read_at(d->fd, d->probe.info.file, at, bytes, buf);

  if (st == TARTAN_OK) d->grid->counters.bytes_read += bytes;
  return st;
}

/* A rectangle narrower than the dataset, contiguous storage: long pieces one by one, short ones out of whole rows. */
static tartan_status read_narrow(tt_dataset *d, int64_t row0, int64_t nrows, int64_t col0, int64_t ncols, char *buf)
{
  const tt_probe *p = &d->probe;
  const int64_t   row_bytes = p->info.cols * p->type_bytes, want = ncols * p->type_bytes, skip = col0 * p->type_bytes;
  const bool      whole = nrows > 1 && want < 65536 && row_bytes <= SIEVE_MAX / 4;
  const int64_t   step = whole ? tt_min(nrows, SIEVE_MAX / row_bytes) : 1;
  tartan_status   st = TARTAN_OK;
  char           *sieve = whole ? tt_alloc(&d->grid->memory, step, (size_t)row_bytes, "a sieve of rows", &st) : NULL;

  for (int64_t i = 0; i < nrows && st == TARTAN_OK; i += step) {
    const int64_t k = tt_min(step, nrows - i), at = p->offset + (row0 + i) * row_bytes;

    if (!whole) {
      st = read_bytes(d, at + skip, want, buf + i * want);
      continue;
    }
    st = read_bytes(d, at, k * row_bytes, sieve);
    for (int64_t r = 0; r < k && st == TARTAN_OK; r++)
      memcpy(buf + (i + r) * want, sieve + r * row_bytes + skip, (size_t)want);
  }
  tt_free(sieve);
  return st;
}

/* What the system could not read is the file system's failure; what HDF5 could not make sense of is a damaged file. */
static tartan_status fail_read(const char *file, bool fault)
{
  char text[TT_H5_REASON];

  if (fault || strstr(tt_h5_reason(text), "errno")) return tt_h5_fail(TARTAN_ERR_IO, "cannot read", file);
  return tt_fail(TARTAN_ERR_FORMAT, "%s is damaged: HDF5 says: %s; copy or make it again", file, text);
}

static tartan_status read_hdf5(tt_dataset *d, int64_t row0, int64_t nrows, int64_t col0, int64_t ncols, void *buf)
{
  const hsize_t start[2] = {(hsize_t)row0, (hsize_t)col0}, one[2] = {1, 1};
  const hsize_t block[2] = {(hsize_t)nrows, (hsize_t)ncols};
  const int     ndims = d->probe.info.vector ? 1 : 2;
  const bool    fault = tt_file_fault();
  tt_h5_guard   guard;
  hid_t         memory, type;
  herr_t        code = -1;
  tartan_status st = TARTAN_OK;

  tt_h5_enter(&guard, d->plugins);
  memory = H5Screate_simple(ndims, block, NULL);
  type = H5Dget_type(d->dataset);
  if (memory >= 0 && type >= 0 && H5Sselect_hyperslab(d->space, H5S_SELECT_SET, start, NULL, one, block) >= 0)
    code = H5Dread(d->dataset, type, memory, d->space, H5P_DEFAULT, buf);
  if (code < 0 || fault)
    st = fail_read(d->probe.info.file, fault);
  else
    d->grid->counters.bytes_read += nrows * ncols * d->probe.type_bytes;
  tt_h5_release(type);
  tt_h5_release(memory);
  tt_h5_leave(&guard);
  return st;
}

/* The bytes of a rectangle as they lie in the file. */
static tartan_status read_raw(tt_dataset *d, int64_t row0, int64_t nrows, int64_t col0, int64_t ncols, void *buf)
{
  const tt_probe *p = &d->probe;
  const int64_t   row_bytes = ncols * p->type_bytes, step = tt_max(1, CALL_MAX / row_bytes);
  tartan_status   st = TARTAN_OK;

  if (p->offset >= 0 && ncols == p->info.cols)
    return read_bytes(d, p->offset + row0 * row_bytes, nrows * row_bytes, buf);
  if (p->offset >= 0) return read_narrow(d, row0, nrows, col0, ncols, buf);
  for (int64_t i = 0; i < nrows && st == TARTAN_OK; i += step)
    st = read_hdf5(d, row0 + i, tt_min(step, nrows - i), col0, ncols, (char *)buf + i * row_bytes);
  return st;
}

static tartan_status convert_in_place(tt_dataset *d, int64_t count, void *buf)
{
  tt_h5_guard   guard;
  tartan_status st = TARTAN_OK;

  tt_h5_enter(&guard, d->plugins);
  if (H5Tconvert(d->type, H5T_NATIVE_DOUBLE, (size_t)count, buf, NULL, H5P_DEFAULT) < 0)
    st = tt_h5_fail(TARTAN_ERR_FORMAT, "cannot convert the elements of", d->probe.info.file);
  tt_h5_leave(&guard);
  return st;
}

/* Elements larger than a double are converted beside the caller's buffer, which is too small for them. */
static tartan_status read_exotic(tt_dataset *d, int64_t row0, int64_t nrows, int64_t col0, int64_t ncols, char *buf)
{
  const int64_t row_bytes = ncols * tt_max(8, d->probe.type_bytes), step = tt_max(1, EXOTIC_MAX / row_bytes);
  tartan_status st = TARTAN_OK;
  char *wide = tt_alloc(&d->grid->memory, tt_min(step, nrows), (size_t)row_bytes, "elements to be converted", &st);

  for (int64_t i = 0; i < nrows && st == TARTAN_OK; i += step) {
    const int64_t k = tt_min(step, nrows - i);

    st = read_raw(d, row0 + i, k, col0, ncols, wide);
    if (st == TARTAN_OK) st = convert_in_place(d, k * ncols, wide);
    if (st == TARTAN_OK) memcpy(buf + i * ncols * 8, wide, (size_t)(k * ncols) * 8);
  }
  tt_free(wide);
  return st;
}

static tartan_status read_here(tt_dataset *d, int64_t row0, int64_t nrows, int64_t col0, int64_t ncols, void *buf)
{
  const tt_probe *p = &d->probe;
  tartan_status   st;

  if (row0 < 0 || nrows < 0 || col0 < 0 || ncols < 0 || nrows > p->info.rows - row0 || ncols > p->info.cols - col0)
    return tt_fail(TARTAN_ERR_BUG, "rows %lld + %lld, columns %lld + %lld lie outside of %s:%s", (long long)row0,
                   (long long)nrows, (long long)col0, (long long)ncols, p->info.file, p->info.path);
  if (nrows == 0 || ncols == 0) return TARTAN_OK;
  if (p->convert && p->type_bytes > 8) return read_exotic(d, row0, nrows, col0, ncols, buf);
  st = read_raw(d, row0, nrows, col0, ncols, buf);
  if (st == TARTAN_OK && p->convert) st = convert_in_place(d, nrows * ncols, buf);
  if (st == TARTAN_OK && p->swap) tt_swap_bytes((size_t)p->type_bytes, nrows * ncols, buf);
  return st;
}

tartan_status tt_dataset_read_local(tt_dataset *d, int64_t row0, int64_t nrows, int64_t col0, int64_t ncols, void *buf)
{
  double              since = tt_seconds();
  const tartan_status local = read_here(d, row0, nrows, col0, ncols, buf);

  tt_grid_phase(d->grid, TARTAN_PHASE_READ, &since);
  return local;
}

tartan_status tt_dataset_read(tt_dataset *d, int64_t row0, int64_t nrows, int64_t col0, int64_t ncols, void *buf)
{
  return tt_agree(d->grid, tt_dataset_read_local(d, row0, nrows, col0, ncols, buf));
}

static void find_chunks(tt_dataset *d)
{
  const tt_dataset_info *info = &d->probe.info;
  const int64_t down = tt_ceil_div(info->rows, info->chunk_rows), across = tt_ceil_div(info->cols, info->chunk_cols);
  tt_h5_guard   guard;

  if (!d->chunks || d->looked) return;
  d->looked = true;
  tt_h5_enter(&guard, d->plugins);
  for (int64_t i = 0; i < down * across; i++) {
    const hsize_t at[2] = {(hsize_t)(i / across * info->chunk_rows), (hsize_t)(i % across * info->chunk_cols)};
    unsigned      mask;
    haddr_t       address = HADDR_UNDEF;
    hsize_t       bytes = 0;

    if (H5Dget_chunk_info_by_coord(d->dataset, at, &mask, &address, &bytes) < 0 || address == HADDR_UNDEF) continue;
    d->chunks[2 * i] = (int64_t)address;
    d->chunks[2 * i + 1] = (int64_t)bytes;
  }
  tt_h5_leave(&guard);
}

/*
 * Chunks lie where their writer left them. A small file is asked chunk by chunk; of a large one that holds little else
 * we suppose that they were written in order.
 */
static void prefetch_chunks(tt_dataset *d, int64_t row0, int64_t nrows)
{
  const tt_dataset_info *info = &d->probe.info;
  const int64_t          across = tt_ceil_div(info->cols, info->chunk_cols);
  const int64_t          first = row0 / info->chunk_rows * across,
                last = (row0 + nrows - 1) / info->chunk_rows * across + across;
  const double scale = (double)info->file_bytes / (double)info->rows;

  find_chunks(d);
  for (int64_t i = first; d->chunks && i < last; i++) {
    if (d->chunks[2 * i + 1] > 0) posix_fadvise(d->fd, d->chunks[2 * i], d->chunks[2 * i + 1], POSIX_FADV_WILLNEED);
  }
  if (!d->chunks && info->stored_bytes > info->file_bytes / 10 * 8)
    posix_fadvise(d->fd, (off_t)(scale * (double)row0), (off_t)(scale * (double)nrows), POSIX_FADV_WILLNEED);
}

void tt_dataset_prefetch(tt_dataset *d, int64_t row0, int64_t nrows)
{
  const tt_probe *p = &d->probe;
  const int64_t   row_bytes = p->info.cols * p->type_bytes;

  if (row0 < 0 || row0 >= p->info.rows) return;
  nrows = tt_min(nrows, p->info.rows - row0);
  if (nrows <= 0) return;
  if (p->offset >= 0)
    posix_fadvise(d->fd, p->offset + row0 * row_bytes, nrows * row_bytes, POSIX_FADV_WILLNEED);
  else if (p->info.chunk_rows > 0 && !p->elsewhere)
    prefetch_chunks(d, row0, nrows);
}
