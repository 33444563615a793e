/* Measurements of `tartan doctor`: short ones, each repeated, of which the median counts. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "comm/messages.h"
#include "common/files.h"
#include "doctor.h"
#include "ext/vendor.h"
#include "kernel/gemm.h"

#define ROUNDS 200    /* of short messages */
#define LONG_ROUNDS 9 /* of long ones */
#define LONG (INT64_C(4) << 20)
#define PIECE (INT64_C(1) << 20) /* bytes of one write */

/* ------------------------------------------------------------------------------------------------ a rank */

tartan_status app_doctor_look(app_run *run, doctor_rank *rank)
{
  const char   *conflict;
  tartan_status st = TARTAN_OK;

  memset(rank, 0, sizeof *rank);
  rank->machine = run->machine;
  app_machine_names(rank->host, sizeof rank->host, rank->processor, sizeof rank->processor);
  tt_blas_describe(rank->blas, sizeof rank->blas);
  conflict = tt_blas_conflict(rank->conflict, sizeof rank->conflict);
  if (!conflict) rank->conflict[0] = '\0';
  rank->bound = app_machine_cpus(rank->cpus, sizeof rank->cpus);
  TRY(tt_barrier(run->grid));
  rank->alone = tt_gemm_rate(run->threads);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ messages */

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

static double median(double *value, int count)
{
  qsort(value, (size_t)count, sizeof *value, ascending);
  return value[count / 2];
}

/* There and back, so many times; half the time of one round. Ranks a and b only. */
static tartan_status ping_pong(app_run *run, const doctor_link *link, char *buf, int64_t bytes, int rounds,
                               double *half)
{
  const bool    first = run->rank == link->a;
  const int     other = first ? link->b : link->a;
  double        times[ROUNDS];
  tt_messages   m;
  tartan_status st = TARTAN_OK;

  TRY(tt_messages_make(run->grid, 2, TT_TAG_EXCHANGE, &m));
  for (int i = -2; i < rounds; i++) {
    const double start = tt_seconds();

    for (int way = 0; way < 2; way++) {
      TRY((way == 0) == first ? tt_messages_send(&m, buf, bytes, 1, other)
                              : tt_messages_recv(&m, buf, bytes, 1, other));
      TRY(tt_messages_wait(&m));
    }
    if (i >= 0) times[i] = (tt_seconds() - start) / 2;
  }
  *half = median(times, rounds);
done:
  tt_messages_free(&m);
  return st;
}

tartan_status app_doctor_link(app_run *run, doctor_link *link)
{
  const bool    here = run->rank == link->a || run->rank == link->b;
  double        half[2] = {0, 0};
  char         *buf = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  buf = tt_alloc_zero(&run->grid->memory, here ? LONG : 1, 1, "a message", &local);
  AGREE(run->grid, local);
  if (here) local = ping_pong(run, link, buf, 8, ROUNDS, &half[0]);
  if (here && local == TARTAN_OK) local = ping_pong(run, link, buf, LONG, LONG_ROUNDS, &half[1]);
  AGREE(run->grid, local);
  TRY(tt_bcast(run->grid, half, 2, sizeof *half, link->a));
  link->latency = half[0];
  link->bandwidth = half[1] > 0 ? (double)LONG / half[1] : 0;
done:
  tt_free(buf);
  return st;
}

/* ------------------------------------------------------------------------------------------------ files */

static void type_of(const char *folder, char type[DOCTOR_NAME])
{
  static const struct {
    long        magic;
    const char *name;
  } known[] = {{0x0BD00BD0, "Lustre"}, {0x47504653, "GPFS"},  {0x19830326, "BeeGFS"},  {0x6969, "NFS"},
               {0x00C36400, "Ceph"},   {0x65735546, "FUSE"},  {0xEF53, "ext4"},        {0x58465342, "XFS"},
               {0x9123683E, "Btrfs"},  {0x01021994, "tmpfs"}, {0x794C7630, "overlay"}, {0x2FC12FC1, "ZFS"},
               {0xFF534D42, "CIFS"},   {0xAAD7AAEA, "PanFS"}, {0x5346414F, "AFS"},     {0x01021997, "9p"}};
  struct statfs s;

  snprintf(type, DOCTOR_NAME, "unknown");
  if (statfs(folder, &s) != 0) return;
  snprintf(type, DOCTOR_NAME, "type %lx", (unsigned long)s.f_type & 0xffffffffu);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (((unsigned long)s.f_type & 0xffffffffu) == (unsigned long)known[i].magic)
      snprintf(type, DOCTOR_NAME, "%s", known[i].name);
}

/* One file from its start to its end, in pieces; written ones reach the disk. Local. Returns an error number, or 0. */
static int transfer(const char *path, bool writes, char *piece, int64_t bytes)
{
  const int fd = open(path, writes ? O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0666);
  int       code = fd < 0 ? errno : 0;

  for (int64_t at = 0; at < bytes && code == 0; at += PIECE) {
    const size_t  want = (size_t)tt_min(PIECE, bytes - at);
    const ssize_t got = writes ? write(fd, piece, want) : read(fd, piece, want);

    if (got != (ssize_t)want) code = got < 0 ? errno : EIO;
  }
  if (writes && code == 0 && fsync(fd) != 0) code = errno;
  if (fd >= 0 && close(fd) != 0 && code == 0) code = errno;
  return code;
}

/* A lock as HDF5 takes it. */
static bool try_lock(const char *path)
{
  const int  fd = open(path, O_RDWR | O_CLOEXEC);
  const bool got = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;

  if (fd >= 0) close(fd);
  return got;
}

/* All ranks write, or read, at once. Collective. @param[out] rate  bytes per second of all together */
static tartan_status transfer_all(app_run *run, const char *path, bool writes, char *piece, int64_t bytes, double *rate)
{
  double        seconds;
  int           code;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_barrier(run->grid));
  seconds = tt_seconds();
  code = transfer(path, writes, piece, bytes);
  if (code != 0)
    local = tt_fail(TARTAN_ERR_IO, "%s cannot be %s: %s; --dir names another folder", path, writes ? "written" : "read",
                    strerror(code));
  AGREE(run->grid, local);
  seconds = tt_seconds() - seconds;
  TRY(tt_allreduce_f64(run->grid, &seconds, 1, TT_MAX));
  *rate = (double)bytes * run->size / (seconds > 1e-6 ? seconds : 1e-6);
done:
  return st;
}

/* Whether a file that rank 0 has written is there for all. Collective. */
static tartan_status look_for(app_run *run, const char *path, bool *seen)
{
  struct stat   s;
  int64_t       all = 0;
  tartan_status st = TARTAN_OK;

  /* an NFS client may hold what the folder had some seconds ago */
  for (int i = 0; i < 30 && !all; i++) {
    all = stat(path, &s) == 0;
    if (!all) usleep(100000);
  }
  TRY(tt_allreduce_i64(run->grid, &all, 1, TT_MIN));
  *seen = all != 0;
done:
  return st;
}

tartan_status app_doctor_files(app_run *run, const char *folder, int64_t bytes, doctor_files *files)
{
  char          path[TT_PATH_MAX], first[TT_PATH_MAX], *piece = NULL;
  int64_t       pid = getpid(), locks;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(files, 0, sizeof *files);
  files->bytes = (double)bytes;
  type_of(folder, files->type);
  TRY(tt_bcast(run->grid, &pid, 1, sizeof pid, 0));
  snprintf(first, sizeof first, "%s/.tartan-doctor.%lld.0", folder, (long long)pid);
  if (snprintf(path, sizeof path, "%s/.tartan-doctor.%lld.%d", folder, (long long)pid, run->rank) >= (int)sizeof path)
    local = tt_fail(TARTAN_ERR_ARG, "--dir: the name is too long");
  piece = tt_alloc_zero(&run->grid->memory, PIECE, 1, "a piece of a file", &local);
  AGREE(run->grid, local);
  TRY(transfer_all(run, path, true, piece, bytes, &files->write));
  TRY(transfer_all(run, path, false, piece, bytes, &files->read));
  TRY(look_for(run, first, &files->shared));
  locks = try_lock(path);
  TRY(tt_allreduce_i64(run->grid, &locks, 1, TT_MIN));
  files->locks = locks != 0;
  TRY(tt_barrier(run->grid)); /* nobody removes what others still look for */
done:
  if (piece) (void)unlink(path);
  tt_free(piece);
  return st;
}
