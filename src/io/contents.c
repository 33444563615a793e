/*
 * One walk over a file's hard links, which soft and external links cannot lead astray. Only rank 0 walks.
 */
#include "io/contents.h"

#include <stdio.h>
#include <string.h>

#include "io/attribute.h"
#include "io/dataset_type.h"
#include "io/root.h"

#define ITEMS_MAX 10000

typedef struct walk {
  tt_contents  *contents;
  int64_t       room;
  bool          matlab;
  tartan_status local;
} walk;

static void describe_shape(hid_t dataset, tt_content *item)
{
  const hid_t space = H5Dget_space(dataset);
  const int   ndims = space >= 0 ? H5Sget_simple_extent_ndims(space) : 0;
  hsize_t     extent[H5S_MAX_RANK];

  item->empty = space < 0 || H5Sget_simple_extent_npoints(space) <= 0;
  if (ndims > 0 && H5Sget_simple_extent_dims(space, extent, NULL) > 0) {
    item->ndims = ndims;
    for (int i = 0; i < ndims && i < TT_CONTENT_DIMS; i++) item->extent[i] = (int64_t)extent[i];
  }
  tt_h5_release(space);
}

static void describe_storage(hid_t dataset, tt_content *item)
{
  const hid_t plist = H5Dget_create_plist(dataset);
  hsize_t     chunk[H5S_MAX_RANK] = {0};

  if (plist < 0) return;
  if (H5Pget_layout(plist) == H5D_CHUNKED && H5Pget_chunk(plist, H5S_MAX_RANK, chunk) > 0) {
    for (int i = 0; i < item->ndims && i < TT_CONTENT_DIMS; i++) item->chunk[i] = (int64_t)chunk[i];
  }
  tt_filters_describe(plist, item->filters, item->missing, sizeof item->filters);
  item->stored_bytes = (int64_t)H5Dget_storage_size(dataset);
  tt_h5_release(plist);
}

static void describe_dataset(hid_t dataset, const char *name, tt_content *item)
{
  const hid_t type = H5Dget_type(dataset);
  tt_type     d = {0};

  memset(item, 0, sizeof *item);
  snprintf(item->path, sizeof item->path, "/%s", name);
  if (type >= 0) tt_type_describe(type, &d);
  item->numeric = d.numeric;
  memcpy(item->type_name, d.name, sizeof item->type_name);
  describe_shape(dataset, item);
  describe_storage(dataset, item);
  tt_attributes_describe(dataset, item->attributes, sizeof item->attributes);
  tt_h5_release(type);
}

/* Room for one more; doubles what there is. */
static bool make_room(walk *w)
{
  tt_contents  *c = w->contents;
  const int64_t room = w->room ? 2 * w->room : 16;
  tt_content   *more;

  if (c->count < w->room) return true;
  more = tt_alloc(NULL, room, sizeof *more, "the list of datasets", &w->local);
  if (!more) return false;
  if (c->item) memcpy(more, c->item, (size_t)c->count * sizeof *more);
  tt_free(c->item);
  c->item = more;
  w->room = room;
  return true;
}

static herr_t visit(hid_t root, const char *name, const H5O_info_t *info, void *context)
{
  walk *w = context;
  hid_t dataset;

  if (info->type != H5O_TYPE_DATASET || strlen(name) + 2 > sizeof w->contents->item->path) return 0;
  if (w->contents->count == ITEMS_MAX || !make_room(w)) return 1;
  dataset = H5Dopen2(root, name, H5P_DEFAULT);
  if (dataset < 0) return 0;
  w->matlab |= tt_attribute_exists(dataset, "MATLAB_class");
  describe_dataset(dataset, name, &w->contents->item[w->contents->count++]);
  tt_h5_release(dataset);
  return 0;
}

static bool has(hid_t file, const char *name)
{
  return H5Lexists(file, name, H5P_DEFAULT) > 0;
}

/* Files of other programs, whose meaning is in more than one dataset. */
static const char *dialect_of(hid_t file, bool matlab)
{
  const hid_t root = H5Gopen2(file, "/", H5P_DEFAULT);
  char        text[32];
  const char *dialect = "";

  tt_attribute_text(root, "encoding-type", text, sizeof text);
  if (matlab) dialect = "MATLAB v7.3";
  if (tt_attribute_exists(root, "_NCProperties")) dialect = "netCDF-4";
  if (has(file, "matrix") && has(file, "matrix/barcodes") && has(file, "matrix/indptr")) dialect = "10x";
  if (strcmp(text, "anndata") == 0 || (has(file, "X") && has(file, "obs") && has(file, "var"))) dialect = "AnnData";
  tt_h5_release(root);
  return dialect;
}

tartan_status tt_contents_read(int64_t file, const char *path, tt_contents *contents)
{
  walk    w = {.contents = contents, .room = 0, .matlab = false, .local = TARTAN_OK};
  hsize_t bytes = 0;

  memset(contents, 0, sizeof *contents);
  snprintf(contents->file, sizeof contents->file, "%s", path);
  if (H5Fget_filesize(file, &bytes) >= 0) contents->file_bytes = (int64_t)bytes;
  if (H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, visit, &w) < 0)
    w.local = tt_h5_fail(TARTAN_ERR_FORMAT, "cannot list the datasets of", path);
  if (tt_file_fault()) w.local = tt_fail_errno("cannot list the datasets of", path);
  tt_attributes_describe(file, contents->attributes, sizeof contents->attributes);
  snprintf(contents->dialect, sizeof contents->dialect, "%s", dialect_of(file, w.matlab));
  if (w.local != TARTAN_OK) tt_contents_free(contents);
  return w.local;
}

void tt_contents_free(tt_contents *contents)
{
  tt_free(contents->item);
  contents->item = NULL;
  contents->count = 0;
}

char *tt_content_text(const tt_content *item, char *text, size_t length)
{
  size_t used = 0;

  text[0] = '\0';
  if (item->ndims == 0) snprintf(text, length, item->empty ? "empty, %s" : "scalar, %s", item->type_name);
  for (int i = 0; i < item->ndims && i < TT_CONTENT_DIMS && used < length; i++)
    used += (size_t)snprintf(text + used, length - used, "%s%lld", i ? " x " : "", (long long)item->extent[i]);
  if (item->ndims > 0 && used < length) snprintf(text + used, length - used, ", %s", item->type_name);
  return text;
}

static tartan_status list_on_root(const char *path, const tartan_io_opts *opts, tt_contents *contents)
{
  tt_h5_guard   guard;
  hid_t         file;
  tartan_status st;

  tt_h5_enter(&guard, opts && opts->allow_plugins);
  st = tt_h5_open_file(path, &file);
  if (st == TARTAN_OK) st = tt_contents_read(file, path, contents);
  if (!tt_h5_close_file(file) && st == TARTAN_OK) st = tt_h5_fail(TARTAN_ERR_IO, "cannot close", path);
  tt_h5_leave(&guard);
  return st;
}

tartan_status tt_list_datasets(tartan_grid *grid, const char *path, const tartan_io_opts *opts, tt_contents *contents)
{
  tartan_status st = TARTAN_OK;

  memset(contents, 0, sizeof *contents);
  if (grid->rank == 0) st = list_on_root(path, opts, contents);
  st = tt_root_verdict(grid, st);
  if (st != TARTAN_OK) tt_contents_free(contents);
  return st;
}
