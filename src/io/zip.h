/**
 * @file zip.h
 * Members of a zip archive, stored or deflated, as NumPy writes them. Local.
 */
#ifndef TT_IO_ZIP_H
#define TT_IO_ZIP_H

#include "base/memory.h"

/** A member. */
typedef struct tt_zip_member {
  char     name[64]; /**< cut to this length */
  int      method;   /**< 0: stored; 8: deflated */
  int64_t  packed, bytes, offset;
  uint32_t crc; /**< of the bytes */
} tt_zip_member;

/** An open archive. Zero-initialise. */
typedef struct tt_zip {
  const char    *path;
  int            fd;
  int64_t        bytes, count;
  tt_zip_member *member; /**< [count] */
} tt_zip;

/**
 * Reads the list of members.
 *
 * @param[out] zip  to be given to tt_zip_close(), after a failure too
 * @retval TARTAN_ERR_FORMAT, TARTAN_ERR_IO, TARTAN_ERR_NOMEM
 */
tartan_status tt_zip_open(tt_memory *memory, const char *path, tt_zip *zip);
void          tt_zip_close(tt_zip *zip);

/** The member of a name; NULL if there is none. */
const tt_zip_member *tt_zip_find(const tt_zip *zip, const char *name);

/** All of a member. @param[out] data  [member->bytes], to be given to tt_free() */
tartan_status tt_zip_read(tt_memory *memory, const tt_zip *zip, const tt_zip_member *member, char **data);

#endif
