#include "common/filecache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/agree.h"
#include "comm/collective.h"

#define AHEAD ((int64_t)64 << 20) /* asked of the kernel beforehand, as our own reader does */

tartan_status bench_range_read(const bench_range *range)
{
  const int     fd = open(range->path, O_RDONLY | O_CLOEXEC);
  int64_t       asked = range->from, at = range->from;
  tartan_status st = TARTAN_OK;

  if (fd < 0) return tt_fail(TARTAN_ERR_IO, "cannot open %s: %s", range->path, strerror(errno));
  while (at < range->to && st == TARTAN_OK) {
    const size_t  want = (size_t)tt_min((int64_t)range->size, range->to - at);
    const int64_t until = tt_min(range->to, at + AHEAD);
    ssize_t       got;

    if (until - asked >= (int64_t)range->size || (until == range->to && asked < until)) {
      posix_fadvise(fd, asked, until - asked, POSIX_FADV_WILLNEED);
      asked = until;
    }
    got = pread(fd, range->buffer, want, at);
    if (got > 0)
      at += got;
    else if (got == 0 || errno != EINTR)
      st = tt_fail(TARTAN_ERR_IO, "cannot read %s: %s", range->path, got == 0 ? "it became shorter" : strerror(errno));
  }
  close(fd);
  return st;
}

/* Fraction of a file's pages that the cache holds; 0 where that cannot be found out. */
static double fraction_cached(int fd)
{
  const int64_t  page = sysconf(_SC_PAGESIZE);
  struct stat    s;
  void          *map = MAP_FAILED;
  unsigned char *in = NULL;
  int64_t        pages = 0, cached = 0;
  tartan_status  local = TARTAN_OK;

  if (fstat(fd, &s) == 0 && s.st_size > 0) map = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) return 0;
  pages = tt_ceil_div(s.st_size, page);
  in = tt_alloc(NULL, pages, 1, "a map of pages", &local);
  if (in && mincore(map, (size_t)s.st_size, in) == 0)
    for (int64_t i = 0; i < pages; i++) cached += in[i] & 1;
  munmap(map, (size_t)s.st_size);
  tt_free(in);
  return (double)cached / (double)pages;
}

/* Every rank does it in turn of its arrival: dropping twice costs little, and each node has a rank. */
static void drop(int fd)
{
  const int all = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

  fdatasync(fd);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  if (all < 0) return;
  if (write(all, "3", 1) != 1) posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  close(all);
}

tartan_status bench_cache_drop(tartan_grid *grid, const char *path, double *left)
{
  const int     fd = open(path, O_RDONLY | O_CLOEXEC);
  tartan_status st = TARTAN_OK;

  if (fd < 0) st = tt_fail(TARTAN_ERR_IO, "cannot open %s: %s", path, strerror(errno));
  AGREE(grid, st);
  TRY(tt_barrier(grid));
  drop(fd);
  TRY(tt_barrier(grid));
  *left = fraction_cached(fd);
  TRY(tt_allreduce_f64(grid, left, 1, TT_MAX));
done:
  if (fd >= 0) close(fd);
  return st;
}
