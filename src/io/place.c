/*
 * Complete reads and writes, and atomic replacement: temporary name, fsync, rename, fsync of the folder. Blocks are
 * reserved before anything that could not report a full disk in an orderly way is let near the file.
 */
#include "io/place.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/util.h"

/* Bytes that one system call is asked for. */
#define CALL_MAX (INT64_C(1) << 30)

/* Temporary files that are known to the handler of a signal; one more than that is left to the next run. */
#define OPEN_MAX_KNOWN 4

static struct {
  volatile sig_atomic_t there;
  char                  temp[TT_PATH_MAX + 64];
} known[OPEN_MAX_KNOWN];

tartan_status tt_fail_errno(const char *what, const char *path)
{
  const int   code = errno;
  const char *advice = "";

  if (code == ENOSPC) advice = "; make room there or choose another folder";
  if (code == EDQUOT) advice = "; the quota is used up: make room or choose another folder";
  if (code == EACCES || code == EPERM || code == EROFS) advice = "; check the permissions or choose another folder";
  if (code == ENOENT) advice = "; make the folder first";
  return tt_fail(TARTAN_ERR_IO, "%s %s: %s%s", what, path, strerror(code), advice);
}

tartan_status tt_read_at(int fd, const char *path, int64_t offset, int64_t bytes, void *buf)
{
  char *to = buf;

  while (bytes > 0) {
    const ssize_t got = tt_file_fault() ? -1 : pread(fd, to, (size_t)tt_min(bytes, CALL_MAX), offset);

    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tt_fail_errno("cannot read", path);
    if (got == 0)
      return tt_fail(TARTAN_ERR_IO, "%s ends at byte %lld, %lld bytes too early: it was cut off while being read", path,
                     (long long)offset, (long long)bytes);
    to += got;
    offset += got;
    bytes -= got;
  }
  return TARTAN_OK;
}

tartan_status tt_write_at(int fd, const char *path, int64_t offset, int64_t bytes, const void *buf)
{
  const char *from = buf;

  while (bytes > 0) {
    const ssize_t put = tt_file_fault() ? -1 : pwrite(fd, from, (size_t)tt_min(bytes, CALL_MAX), offset);

    if (put < 0 && errno == EINTR) continue;
    if (put == 0) errno = EIO;
    if (put <= 0) return tt_fail_errno("cannot write", path);
    from += put;
    offset += put;
    bytes -= put;
  }
  return TARTAN_OK;
}

/* The folder that a path lies in. */
static void folder_of(const char *path, char folder[TT_PATH_MAX])
{
  const char *slash = strrchr(path, '/');

  if (!slash)
    snprintf(folder, TT_PATH_MAX, ".");
  else if (slash == path)
    snprintf(folder, TT_PATH_MAX, "/");
  else
    snprintf(folder, TT_PATH_MAX, "%.*s", (int)(slash - path), path);
}

/* Whether the final name may be taken now. */
static tartan_status check_final(const tt_place *place)
{
  struct stat s;

  if (stat(place->path, &s) != 0) return TARTAN_OK;
  if (S_ISDIR(s.st_mode))
    return tt_fail(TARTAN_ERR_IO, "cannot write %s: it is a folder; name a file in it", place->path);
  if (!S_ISREG(s.st_mode))
    return tt_fail(TARTAN_ERR_IO, "cannot write %s: it is a device, pipe or socket; name a file", place->path);
  if (!place->force)
    return tt_fail(TARTAN_ERR_EXISTS, "%s exists; choose another name or ask for it to be replaced (--force)",
                   place->path);
  return TARTAN_OK;
}

/* "FILE.part-HOST-", what temporary names of this host begin with, in whatever folder. */
static void temp_prefix(const char *file, char prefix[TT_PATH_MAX + 48])
{
  char host[32] = "";

  if (gethostname(host, sizeof host - 1) != 0 && errno != ENAMETOOLONG) snprintf(host, sizeof host, "unknown");
  snprintf(prefix, TT_PATH_MAX + 48, "%s.part-%s-", file, host);
}

/*
 * Files whose process is gone: it was killed before it could remove them. Whatever cannot be removed stays; those of
 * other hosts do too, since nothing is known of their processes.
 */
static void remove_stale(const char *path)
{
  const char    *slash = strrchr(path, '/');
  char           folder[TT_PATH_MAX], prefix[TT_PATH_MAX + 48];
  DIR           *entries;
  struct dirent *entry;

  folder_of(path, folder);
  temp_prefix(slash ? slash + 1 : path, prefix);
  entries = opendir(folder);
  while (entries && (entry = readdir(entries))) {
    const size_t length = strlen(prefix);
    char        *end = entry->d_name;
    const long   pid = strncmp(entry->d_name, prefix, length) == 0 ? strtol(entry->d_name + length, &end, 10) : 0;

    if (pid > 0 && *end == '\0' && getpgid((pid_t)pid) < 0 && errno == ESRCH)
      unlinkat(dirfd(entries), entry->d_name, 0);
  }
  if (entries) closedir(entries);
}

/* A name counts from when it is complete. */
static void remember(const char *temp)
{
  int i = 0;

  while (i < OPEN_MAX_KNOWN && known[i].there) i++;
  if (i == OPEN_MAX_KNOWN) return;
  memcpy(known[i].temp, temp, strlen(temp) + 1);
  known[i].there = 1;
}

static void forget(const char *temp)
{
  for (int i = 0; i < OPEN_MAX_KNOWN; i++)
    if (known[i].there && strcmp(known[i].temp, temp) == 0) known[i].there = 0;
}

tartan_status tt_place_begin(tt_place *place, const char *path, bool force)
{
  char          prefix[TT_PATH_MAX + 48];
  tartan_status st = TARTAN_OK;
  int           fd;

  memset(place, 0, sizeof *place);
  place->force = force;
  REQUIRE(path[0] != '\0' && strlen(path) < sizeof place->path, TARTAN_ERR_IO,
          "cannot write \"%.100s\": the name is empty or too long", path);
  snprintf(place->path, sizeof place->path, "%s", path);
  temp_prefix(path, prefix);
  snprintf(place->temp, sizeof place->temp, "%s%ld", prefix, (long)getpid());
  TRY(check_final(place));
  remove_stale(path);

  remember(place->temp);
  fd = tt_file_fault() ? -1 : open(place->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    forget(place->temp);
    st = tt_fail_errno("cannot write", path);
    goto done;
  }
  close(fd);
  unlink(place->temp);
  forget(place->temp);
done:
  return st;
}

/* "needs 3.0 GiB, 1.2 GiB are free in FOLDER". */
static tartan_status fail_full(const tt_place *place, int64_t bytes)
{
  struct statvfs v;
  char           folder[TT_PATH_MAX], need[24], have[24];

  folder_of(place->path, folder);
  if (errno != ENOSPC || statvfs(folder, &v) != 0) return tt_fail_errno("cannot reserve room for", place->path);
  return tt_fail(TARTAN_ERR_IO,
                 "no space left for %s: it needs %s, %s are free in %s; make room or choose another folder",
                 place->path, tt_bytes_text((double)bytes, need),
                 tt_bytes_text((double)v.f_bavail * (double)v.f_frsize, have), folder);
}

void tt_place_abandon(void)
{
  for (int i = 0; i < OPEN_MAX_KNOWN; i++)
    if (known[i].there) unlink(known[i].temp);
}

tartan_status tt_place_reserve(tt_place *place, int64_t bytes, bool shrink)
{
  tartan_status st = TARTAN_OK;
  int           code = 0, fd;

  if (!place->made) remember(place->temp);
  fd = tt_file_fault() ? -1 : open(place->temp, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0 && !place->made) forget(place->temp);
  if (fd < 0) return tt_fail_errno("cannot write", place->path);
  place->made = true;
  if (bytes > 0) {
    do code = tt_file_fault() ? EIO : posix_fallocate(fd, 0, bytes);
    while (code == EINTR);
  }
  if (shrink && ftruncate(fd, 0) != 0 && code == 0) code = errno;
  errno = code;
  if (code != 0) st = fail_full(place, bytes);
  close(fd);
  return st;
}

/* What has come to this file is on the disk when this returns. */
static tartan_status sync_path(const char *path, bool folder)
{
  tartan_status st = TARTAN_OK;
  const int     fd = open(path, (folder ? O_RDONLY | O_DIRECTORY : O_RDWR) | O_CLOEXEC);

  if ((!folder && tt_file_fault()) || fd < 0) {
    st = tt_fail_errno("cannot sync", path);
  } else if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP) {
    st = tt_fail_errno("cannot sync", path);
  }
  if (fd >= 0) close(fd);
  return st;
}

/*
 * The folder is synced last. When that fails the file stands complete under its name all the same, and only a loss of
 * power in this moment could undo it: it is tried, and its failure is not one of the call.
 */
tartan_status tt_place_finish(tt_place *place)
{
  tartan_status st = TARTAN_OK;

  TRY(sync_path(place->temp, false));
  TRY(check_final(place));
  if (tt_file_fault() || rename(place->temp, place->path) != 0) {
    st = tt_fail_errno("cannot rename the complete result to", place->path);
    goto done;
  }
  forget(place->temp);
  place->made = false;
  tt_place_sync_folder(place->path);
done:
  return st;
}

void tt_place_sync_folder(const char *path)
{
  char folder[TT_PATH_MAX];

  folder_of(path, folder);
  (void)sync_path(folder, true);
}

void tt_place_discard(tt_place *place)
{
  if (place->made) unlink(place->temp);
  if (place->made) forget(place->temp);
  place->made = false;
}
