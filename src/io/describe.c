/* What this library is and runs on, for --version and for bug reports. */
#include <hdf5.h>
#include <stdio.h>
#include <string.h>

#include <tartan/tartan.h>

#include "comm/grid.h"
#include "ext/scalapack.h"
#include "ext/vendor.h"
#include "tt_config.h"

const char *tartan_version(void)
{
  return TARTAN_VERSION_STRING;
}

/* The filters that this HDF5 can read. */
static void list_filters(char *text, size_t length)
{
  static const struct {
    H5Z_filter_t id;
    const char  *name;
  } filters[] = {{H5Z_FILTER_DEFLATE, "deflate"},
                 {H5Z_FILTER_SZIP, "szip"},
                 {H5Z_FILTER_SHUFFLE, "shuffle"},
                 {H5Z_FILTER_FLETCHER32, "fletcher32"}};
  size_t at = 0;

  text[0] = '\0';
  for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
    if (H5Zfilter_avail(filters[i].id) <= 0) continue;
    snprintf(text + at, length - at, "%s%s", at > 0 ? ", " : "", filters[i].name);
    at = strlen(text);
  }
}

void tartan_describe(char *text, size_t length)
{
  char     blas[128], filters[96];
  unsigned major = 0, minor = 0, release = 0;

  tt_blas_describe(blas, sizeof blas);
  list_filters(filters, sizeof filters);
  H5get_libversion(&major, &minor, &release);
  snprintf(text, length,
           "revision   %s (%s, %s)\n"
           "MPI        %s\n"
           "ScaLAPACK  %s\n"
           "BLAS       %s\n"
           "HDF5       %u.%u.%u, filters %s\n",
           TT_REVISION, TT_COMPILER, TT_BUILD_TYPE, tt_mpi_name(), tt_scalapack_name(), blas, major, minor, release,
           filters);
}
