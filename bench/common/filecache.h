/**
 * @file filecache.h
 * Files read plainly, from a warm or a cold page cache.
 */
#ifndef BENCH_FILECACHE_H
#define BENCH_FILECACHE_H

#include <stddef.h>
#include <stdint.h>

#include "comm/grid.h"

/** A range of a file that one rank reads. */
typedef struct bench_range {
  const char *path;
  int64_t     from, to; /**< bytes */
  void       *buffer;
  size_t      size; /**< of the buffer, and of one call */
} bench_range;

/** Opens the file, reads the range into the buffer again and again, closes it. Local. TARTAN_ERR_IO. */
tartan_status bench_range_read(const bench_range *range);

/**
 * Takes a file out of the page cache of every node: all caches by the kernel's drop_caches where that may be written
 * (root), and this file by posix_fadvise anyway. Collective.
 *
 * @param[out] left  fraction of the file's pages that are cached all the same, the largest over ranks
 */
tartan_status bench_cache_drop(tartan_grid *grid, const char *path, double *left);

#endif
