/*
 * HDF5's exit handler closes files that are still open, and crashes there on a full disk. It can only be switched off
 * before any other call.
 */
#include <tartan/io.h>

#include "io/h5.h"

void tartan_io_setup(void)
{
  H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}
