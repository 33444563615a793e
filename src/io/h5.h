/**
 * @file h5.h
 * How every other file of io/ meets HDF5: silent, without plugins unless asked, with its innermost reason as text.
 */
#ifndef TT_IO_H5_H
#define TT_IO_H5_H

#define H5_USE_110_API 1
#include <hdf5.h>
#include <stdbool.h>

#include "base/error.h"

/** Longest reason kept, terminating zero included. */
#define TT_H5_REASON 160

/** What the process had set before we came. */
typedef struct tt_h5_guard {
  H5E_auto2_t report;
  void       *context;
  unsigned    plugins;
} tt_h5_guard;

/** Begins a stretch of HDF5 calls: nothing is printed, plugins are loaded only if asked. Local; may be nested. */
void tt_h5_enter(tt_h5_guard *guard, bool allow_plugins);

/** Ends a stretch begun by tt_h5_enter(): all is as it was. Local. */
void tt_h5_leave(const tt_h5_guard *guard);

/** What HDF5 says of its last failure, innermost; "no reason given" if there is none. Local. Returns text. */
const char *tt_h5_reason(char text[TT_H5_REASON]);

/** Records a failure: what, on which file, and HDF5's reason, with advice for the reasons we know. Local. Returns st. */
tartan_status tt_h5_fail(tartan_status st, const char *what, const char *file);

/** Gives back an identifier of any kind, files excepted; negative ones are accepted. Local. */
void tt_h5_release(hid_t id);

/** Closes a file opened with a serial driver: false if that failed, or a file operation was to fail. Local. */
bool tt_h5_close_file(hid_t file);

/** Access properties for the serial driver: locks where there are any, everything closed with the file. Local. */
hid_t tt_h5_serial(void);

/**
 * Opens an HDF5 file with the serial driver to be read. Local.
 *
 * @param[out] file  negative after a failure
 * @retval TARTAN_ERR_INPUT   no such file, or a folder
 * @retval TARTAN_ERR_FORMAT  not HDF5 (the message says what it seems to be), truncated, unfinished
 * @retval TARTAN_ERR_IO      may not be read, or is locked
 */
tartan_status tt_h5_open_file(const char *path, hid_t *file);

#endif
