/**
 * @file place.h
 * Files below HDF5: whole reads and writes that survive interruption, and a file's place, which is filled under a
 * temporary name and takes its final one when complete. Everything here is local.
 */
#ifndef TT_IO_PLACE_H
#define TT_IO_PLACE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/fault.h"

#define TT_PATH_MAX 1024

/** Asked at every file operation: true, with errno = EIO, if it is the one that a test wants to fail. */
static inline bool tt_file_fault(void)
{
  if (!tt_fault_hit(TT_FAULT_FILE)) return false;
  errno = EIO;
  return true;
}

/** Records "what path: <errno's text>", with advice for the reasons we know. Returns TARTAN_ERR_IO. */
tartan_status tt_fail_errno(const char *what, const char *path);

/** Reads exactly so many bytes at an offset. TARTAN_ERR_IO, also when the file ends before. */
tartan_status tt_read_at(int fd, const char *path, int64_t offset, int64_t bytes, void *buf);

/** Writes all bytes at an offset. */
tartan_status tt_write_at(int fd, const char *path, int64_t offset, int64_t bytes, const void *buf);

/** Where a file will stand, and its temporary name beside that. */
typedef struct tt_place {
  char path[TT_PATH_MAX], temp[TT_PATH_MAX + 64]; /* PATH.part-HOST-PID */
  bool force;                                     /* an existing file may be replaced */
  bool made;                                      /* the temporary file may exist */
} tt_place;

/**
 * Chooses the temporary name, removes what processes of this host that are gone have left of the same file, and tries
 * the folder.
 *
 * @retval TARTAN_ERR_EXISTS  the file exists and force is not set
 * @retval TARTAN_ERR_IO      the folder does not exist or is not writable; the path is too long, or a folder
 */
tartan_status tt_place_begin(tt_place *place, const char *path, bool force);

/**
 * Makes the temporary file if there is none, and takes disk blocks for its first `bytes` bytes.
 *
 * @param[in] shrink  give them back at once: only ask whether they can be had
 * @retval TARTAN_ERR_IO  the file system is full: the message says what is needed and what is free
 */
tartan_status tt_place_reserve(tt_place *place, int64_t bytes, bool shrink);

/** Makes the temporary file durable and gives it its final name. */
tartan_status tt_place_finish(tt_place *place);

/** Makes what was renamed in the folder of a file durable, as far as the file system does that. */
void tt_place_sync_folder(const char *path);

/** Removes the temporary file, if any. */
void tt_place_discard(tt_place *place);

/** Removes the temporary files of this process, which is about to end: may be called by the handler of a signal. */
void tt_place_abandon(void);

#endif
