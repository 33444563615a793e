/*
 * Rank 0's examination of a source: file, dataset, type, shape, filters, storage. It uses the serial driver, and asks
 * for nothing that another rank would have to take part in.
 */
#include "io/dataset_probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/util.h"
#include "io/attribute.h"
#include "io/contents.h"
#include "io/dataset_type.h"
#include "io/place.h"

#define SPARSE_ADVICE "write it as a dense one with Python: x.toarray() and h5py"

/* A text that is put together piece by piece and cut at its end. */
typedef struct list_text {
  char   text[420];
  size_t used;
} list_text;

static void append(list_text *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void append(list_text *list, const char *fmt, ...)
{
  va_list args;
  int     length;

  if (list->used >= sizeof list->text) return;
  va_start(args, fmt);
  length = vsnprintf(list->text + list->used, sizeof list->text - list->used, fmt, args);
  va_end(args);
  if (length > 0) list->used += (size_t)length;
}

size_t tt_source_file_length(const char *source)
{
  const size_t whole = strlen(source);
  size_t       guess = whole;
  char         name[TT_PATH_MAX];

  if (access(source, F_OK) == 0) return whole;
  for (size_t at = whole; at-- > 1;) {
    if (source[at] != ':' || at >= sizeof name) continue;
    snprintf(name, sizeof name, "%.*s", (int)at, source);
    if (access(name, F_OK) == 0) return at;
    if (guess == whole && source[at + 1] == '/') guess = at;
  }
  return guess;
}

static tartan_status split_source(const char *source, tt_dataset_info *info)
{
  const size_t length = tt_source_file_length(source);
  const char  *path = source[length] == ':' ? source + length + 1 : "";

  if (length == 0) return tt_fail(TARTAN_ERR_INPUT, "the name of the input is empty; give FILE.h5 or FILE.h5:/path");
  if (length >= sizeof info->file || strlen(path) + 2 > sizeof info->path)
    return tt_fail(TARTAN_ERR_INPUT, "the name %.80s... is too long", source);
  snprintf(info->file, sizeof info->file, "%.*s", (int)length, source);
  if (path[0] != '\0') snprintf(info->path, sizeof info->path, "%s%s", path[0] == '/' ? "" : "/", path);
  return TARTAN_OK;
}

static bool is_candidate(const tt_content *item)
{
  return item->numeric && item->ndims == 2 && !item->empty;
}

/* The datasets of a file in one line, as many as fit; only those that could be meant, or all. */
static void list_items(const tt_contents *contents, bool candidates, list_text *list)
{
  int64_t more = 0;

  list->text[0] = '\0';
  list->used = 0;
  for (int64_t i = 0; i < contents->count; i++) {
    const tt_content *item = &contents->item[i];
    char              text[160];

    if (candidates && !is_candidate(item)) continue;
    tt_content_text(item, text, sizeof text);
    if (list->used + strlen(item->path) + strlen(text) + 24 > sizeof list->text)
      more++;
    else
      append(list, "%s%s (%s)", list->used ? ", " : "", item->path, text);
  }
  if (more) append(list, " and %lld more", (long long)more);
}

/* A file of another program: names what in it can be read, AnnData's X before all else. */
static tartan_status fail_dialect(const tt_contents *contents, const tt_dataset_info *info)
{
  const tt_content *best = NULL;
  list_text         list;

  for (int64_t i = 0; i < contents->count; i++) {
    const tt_content *item = &contents->item[i];

    if (is_candidate(item) && (!best || strcmp(item->path, "/X") == 0)) best = item;
  }
  if (!best)
    return tt_fail(TARTAN_ERR_INPUT,
                   "%s is laid out as %s files are and has no dense 2-D dataset; sparse matrices are not read yet: %s",
                   info->file, contents->dialect, SPARSE_ADVICE);
  list_items(contents, true, &list);
  return tt_fail(TARTAN_ERR_INPUT,
                 "%s is laid out as %s files are, which is not understood yet; name a dense dataset of it, for example "
                 "%s:%s; it has %s",
                 info->file, contents->dialect, info->file, best->path, list.text);
}

/* The dataset that is meant when none is named. */
static tartan_status choose_dataset(const tt_contents *contents, tt_dataset_info *info)
{
  int64_t   count = 0;
  list_text list;

  if (contents->dialect[0]) return fail_dialect(contents, info);
  for (int64_t i = 0; i < contents->count; i++) {
    if (!is_candidate(&contents->item[i])) continue;
    count++;
    snprintf(info->path, sizeof info->path, "%s", contents->item[i].path);
  }
  if (count == 1) return TARTAN_OK;
  if (contents->count == 1) {
    snprintf(info->path, sizeof info->path, "%s", contents->item[0].path);
    return TARTAN_OK;
  }
  list_items(contents, count > 1, &list);
  if (count > 1)
    return tt_fail(TARTAN_ERR_INPUT, "%s has several numeric 2-D datasets: %s; name one: %s:%s", info->file, list.text,
                   info->file, info->path);
  if (contents->count == 0) return tt_fail(TARTAN_ERR_INPUT, "%s holds no dataset", info->file);
  return tt_fail(TARTAN_ERR_INPUT, "%s has no numeric 2-D dataset; it has %s", info->file, list.text);
}

static tartan_status choose_in_file(hid_t file, tt_dataset_info *info)
{
  tt_contents   contents;
  tartan_status st = tt_contents_read(file, info->file, &contents);

  if (st != TARTAN_OK) return st;
  st = choose_dataset(&contents, info);
  tt_contents_free(&contents);
  return st;
}

static herr_t refuse_external_link(const char *parent_file, const char *parent, const char *file, const char *object,
                                   unsigned *flags, hid_t access, void *context)
{
  (void)parent_file, (void)parent, (void)file, (void)object, (void)flags, (void)access;
  *(bool *)context = true;
  return -1;
}

hid_t tt_probe_open(hid_t file, const char *path, bool allow_external, hid_t access, bool *refused)
{
  *refused = false;
  if (tt_file_fault()) return H5I_INVALID_HID;
  if (!allow_external) H5Pset_elink_cb(access, refuse_external_link, refused);
  return H5Dopen2(file, path, access);
}

/* A group, or nothing of that name: tell what there is. */
static tartan_status fail_listing(hid_t file, const tt_dataset_info *info, bool group, const char *kind)
{
  tt_contents   contents;
  list_text     list;
  tartan_status st = tt_contents_read(file, info->file, &contents);

  if (st != TARTAN_OK) return st;
  list_items(&contents, false, &list);
  tt_contents_free(&contents);
  if (kind[0])
    return tt_fail(TARTAN_ERR_INPUT, "%s:%s is a group (AnnData %s), not a dense dataset; it is not read yet: %s",
                   info->file, info->path, kind, SPARSE_ADVICE);
  return tt_fail(TARTAN_ERR_INPUT,
                 group ? "%s: %s is a group, not a dataset; the file has %s" : "%s has no dataset %s; it has %s",
                 info->file, info->path, list.used ? list.text : "none");
}

/* Why a path could not be opened as a dataset. */
static tartan_status fail_open(hid_t file, const tt_dataset_info *info)
{
  char        reason[TT_H5_REASON], kind[32] = "";
  const hid_t object = (tt_h5_reason(reason), H5Oopen(file, info->path, H5P_DEFAULT));
  const bool  group = object >= 0 && H5Iget_type(object) == H5I_GROUP;
  const bool  broken = !group && H5Lexists(file, info->path, H5P_DEFAULT) > 0;

  if (group) tt_attribute_text(object, "encoding-type", kind, sizeof kind);
  tt_h5_release(object);
  if (broken)
    return tt_fail(object >= 0 ? TARTAN_ERR_IO : TARTAN_ERR_FORMAT, "cannot open %s:%s: HDF5 says: %s", info->file,
                   info->path, reason);
  return fail_listing(file, info, group, kind);
}

static tartan_status check_type(hid_t dataset, tt_probe *p)
{
  tt_dataset_info *info = &p->info;
  hid_t            type = H5Dget_type(dataset), base;
  tt_type          d = {0};
  size_t           size = sizeof p->code;
  tartan_status    st = TARTAN_OK;

  if (type < 0) return tt_h5_fail(TARTAN_ERR_FORMAT, "cannot read the element type of", info->file);
  tt_type_describe(type, &d);
  base = H5Tget_class(type) == H5T_ENUM ? H5Tget_super(type) : H5Tcopy(type);
  info->element = d.element;
  memcpy(info->type_name, d.name, sizeof info->type_name);
  p->type_bytes = d.bytes;
  p->swap = d.swap;
  p->convert = d.convert;
  if (!d.numeric)
    st = tt_fail(TARTAN_ERR_FORMAT, "%s:%s holds %s elements, not numbers; name a dataset of integers or floats",
                 info->file, info->path, d.name);
  else if (H5Tencode(base, p->code, &size) < 0)
    st = tt_h5_fail(TARTAN_ERR_FORMAT, "cannot read the element type of", info->file);
  p->code_bytes = (int64_t)size;
  if (st == TARTAN_OK && size > sizeof p->code)
    st = tt_fail(TARTAN_ERR_FORMAT, "%s:%s has an element type that is too complicated (%s)", info->file, info->path,
                 d.name);
  tt_h5_release(base);
  tt_h5_release(type);
  return st;
}

static tartan_status check_shape(hid_t dataset, bool vectors, tt_probe *p)
{
  tt_dataset_info *info = &p->info;
  const hid_t      space = H5Dget_space(dataset);
  const int        ndims = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;
  const bool       null = space >= 0 && H5Sget_simple_extent_type(space) == H5S_NULL;
  hsize_t          extent[H5S_MAX_RANK] = {0};
  int64_t          count, bytes;

  if (ndims > 0) H5Sget_simple_extent_dims(space, extent, NULL);
  tt_h5_release(space);
  if (ndims < 0) return tt_h5_fail(TARTAN_ERR_FORMAT, "cannot read the shape of a dataset of", info->file);
  info->vector = ndims == 1 && vectors;
  if (!null && ndims != 2 && !info->vector)
    return tt_fail(TARTAN_ERR_FORMAT,
                   "%s:%s has %d dimension%s; samples x features, so 2, are needed: reshape it, or name "
                   "another dataset",
                   info->file, info->path, ndims, ndims == 1 ? "" : "s");
  if (extent[0] > INT64_MAX || extent[1] > INT64_MAX)
    return tt_fail(TARTAN_ERR_FORMAT, "%s:%s has a shape that cannot be", info->file, info->path);
  info->rows = (int64_t)extent[0];
  info->cols = info->vector ? 1 : (int64_t)extent[1];
  if (info->rows == 0 || info->cols == 0)
    return tt_fail(TARTAN_ERR_INPUT, "%s:%s is empty: its shape is %lld x %lld", info->file, info->path,
                   (long long)info->rows, (long long)info->cols);
  if (!tt_mul(info->rows, info->cols, &count) || !tt_mul(count, tt_max(8, p->type_bytes), &bytes))
    return tt_fail(TARTAN_ERR_FORMAT, "%s:%s declares %lld x %lld elements, more than can be counted", info->file,
                   info->path, (long long)info->rows, (long long)info->cols);
  return TARTAN_OK;
}

static tartan_status check_filters(hid_t plist, const tartan_io_opts *opts, tt_dataset_info *info)
{
  char missing[64];

  tt_filters_describe(plist, info->filters, missing, sizeof missing);
  if (missing[0] == '\0') return TARTAN_OK;
  return tt_fail(TARTAN_ERR_FORMAT,
                 "%s:%s is compressed by the filter %s, which is not available here%s; where it is, "
                 "h5repack -f GZIP=1 %s out.h5 makes a file that can be read",
                 info->file, info->path, missing,
                 opts->allow_plugins ? "" : " (plugins are loaded only with --allow-plugins)", info->file);
}

/* Data in other files, which a file from a stranger could use to reach what is not his. */
static tartan_status check_external(hid_t plist, const tartan_io_opts *opts, const tt_dataset_info *info)
{
  const char *kind = NULL;

  if (H5Pget_layout(plist) == H5D_VIRTUAL) kind = "is virtual: its data lie in other datasets";
  if (H5Pget_layout(plist) == H5D_CONTIGUOUS && H5Pget_external_count(plist) > 0)
    kind = "keeps its data in other files";
  if (!kind || opts->allow_external) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_INPUT, "%s:%s %s; if you trust it, allow that (--allow-external)", info->file, info->path,
                 kind);
}

/* Where the bytes are, and whether there can be so many. */
static tartan_status check_storage(hid_t dataset, hid_t plist, tt_probe *p)
{
  tt_dataset_info   *info = &p->info;
  const H5D_layout_t layout = H5Pget_layout(plist);
  const bool         external = layout == H5D_CONTIGUOUS && H5Pget_external_count(plist) > 0;
  const int64_t      bytes = info->rows * info->cols * p->type_bytes;
  haddr_t            offset = HADDR_UNDEF;
  char               declared[24], stored[24];

  info->stored_bytes = (int64_t)H5Dget_storage_size(dataset);
  if (layout == H5D_CONTIGUOUS && !external) offset = H5Dget_offset(dataset);
  p->offset = offset == HADDR_UNDEF || offset > INT64_MAX ? -1 : (int64_t)offset;
  if (p->offset >= 0 && (p->offset > info->file_bytes || bytes > info->file_bytes - p->offset))
    return tt_fail(TARTAN_ERR_FORMAT, "%s is truncated: %s ends at byte %lld, the file at %lld; copy or make it again",
                   info->file, info->path, (long long)p->offset + (long long)bytes, (long long)info->file_bytes);
  if (layout != H5D_VIRTUAL && bytes > INT64_C(4) << 30 && bytes / 1000 > info->stored_bytes)
    return tt_fail(TARTAN_ERR_FORMAT, "%s:%s declares %s but only %s are stored: the file is not to be trusted",
                   info->file, info->path, tt_bytes_text((double)bytes, declared),
                   tt_bytes_text((double)info->stored_bytes, stored));
  return TARTAN_OK;
}

static tartan_status check_layout(hid_t dataset, const tartan_io_opts *opts, tt_probe *p)
{
  const hid_t   plist = H5Dget_create_plist(dataset);
  hsize_t       chunk[H5S_MAX_RANK] = {0};
  tartan_status st;

  if (plist < 0) return tt_h5_fail(TARTAN_ERR_FORMAT, "cannot read how a dataset is stored in", p->info.file);
  if (H5Pget_layout(plist) == H5D_CHUNKED && H5Pget_chunk(plist, H5S_MAX_RANK, chunk) > 0) {
    p->info.chunk_rows = (int64_t)chunk[0];
    p->info.chunk_cols = p->info.vector ? 1 : (int64_t)chunk[1];
  }
  st = check_external(plist, opts, &p->info);
  if (st == TARTAN_OK) st = check_filters(plist, opts, &p->info);
  if (st == TARTAN_OK) st = check_storage(dataset, plist, p);
  tt_h5_release(plist);
  return st;
}

static void read_attributes(hid_t dataset, tt_dataset_info *info)
{
  double shape[2];

  info->column_major_writer = tt_attribute_exists(dataset, "MATLAB_class");
  if (tt_attribute_numbers(dataset, "image_shape", 2, shape) != 2) return;
  if (!(shape[0] >= 1 && shape[1] >= 1 && shape[0] * shape[1] == (double)info->cols)) return;
  info->image_height = (int64_t)shape[0];
  info->image_width = (int64_t)shape[1];
}

/* Whether an external link led to another file, whose name and offsets we do not have. */
static bool lies_elsewhere(hid_t file, hid_t dataset)
{
  H5O_info_t here, there;

  return H5Oget_info(file, &here) < 0 || H5Oget_info(dataset, &there) < 0 || here.fileno != there.fileno;
}

static tartan_status probe_dataset(hid_t file, const tartan_io_opts *opts, bool vectors, tt_probe *p)
{
  const hid_t   access = H5Pcreate(H5P_DATASET_ACCESS);
  bool          refused;
  const hid_t   dataset = tt_probe_open(file, p->info.path, opts->allow_external, access, &refused);
  tartan_status st = TARTAN_OK;

  if (refused)
    st = tt_fail(TARTAN_ERR_INPUT, "%s:%s is a link into another file; if you trust it, allow that (--allow-external)",
                 p->info.file, p->info.path);
  else if (dataset < 0)
    st = fail_open(file, &p->info);
  if (st == TARTAN_OK) st = check_type(dataset, p);
  if (st == TARTAN_OK) st = check_shape(dataset, vectors, p);
  if (st == TARTAN_OK) st = check_layout(dataset, opts, p);
  if (st == TARTAN_OK) read_attributes(dataset, &p->info);
  if (st == TARTAN_OK && lies_elsewhere(file, dataset)) {
    p->elsewhere = true;
    p->offset = -1;
  }
  tt_h5_release(dataset);
  tt_h5_release(access);
  return st;
}

static void read_file_facts(tt_dataset_info *info)
{
  struct stat s;

  if (stat(info->file, &s) != 0) return;
  info->file_bytes = (int64_t)s.st_size;
  info->file_mtime = (int64_t)s.st_mtim.tv_sec;
  info->file_mtime_ns = (int64_t)s.st_mtim.tv_nsec;
}

tartan_status tt_probe_source(const char *source, const tartan_io_opts *opts, bool vectors, tt_probe *p)
{
  tt_h5_guard   guard;
  hid_t         file = H5I_INVALID_HID;
  tartan_status st;

  memset(p, 0, sizeof *p);
  p->offset = -1;
  st = split_source(source, &p->info);
  if (st != TARTAN_OK) return st;

  tt_h5_enter(&guard, opts->allow_plugins);
  st = tt_h5_open_file(p->info.file, &file);
  read_file_facts(&p->info);
  if (st == TARTAN_OK && p->info.path[0] == '\0') st = choose_in_file(file, &p->info);
  if (st == TARTAN_OK) st = probe_dataset(file, opts, vectors, p);
  if (!tt_h5_close_file(file) && st == TARTAN_OK) st = tt_h5_fail(TARTAN_ERR_IO, "cannot close", p->info.file);
  tt_h5_leave(&guard);
  return st;
}
