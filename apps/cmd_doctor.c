/*
 * tartan doctor: the machine as a job finds it, before the job is blamed for it: where the ranks run and what they are bound to,
 * how fast each host computes, how fast messages and files are, and in words what is wrong with it.
 */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "commands.h"
#include "comm/collective.h"
#include "doctor.h"

#define SLOW 0.8                  /* of the median speed: below, a host is slow */
#define UNEVEN 0.5                /* of the fastest link between hosts */
#define LINKS_MAX 32              /* links that are measured: rank 0 to one rank of each of so many hosts */
#define LITTLE ((int64_t)1 << 30) /* bytes of memory for a rank */

static struct {
  const char *dir;
  int64_t     bytes;
} set = {.dir = ".", .bytes = (int64_t)64 << 20};

static const app_option options[] = {
    {"dir", 0, APP_OPTION_TEXT, &set.dir, "DIR", "the current folder", "where files are tried: take that of your data"},
    {"file-size", 0, APP_OPTION_SIZE, &set.bytes, "SIZE", "64M", "that each rank writes and reads there"},
    {.name = NULL},
};

/* One host, of the ranks that run on it. */
typedef struct host {
  int    first, ranks; /* the lowest rank there, and how many */
  double slowest, fastest;
} host;

typedef struct job {
  doctor_rank *rank; /* [P] */
  host        *host; /* [hosts] in the order of their lowest ranks */
  int          hosts, links;
  doctor_link  link[LINKS_MAX + 1];
  doctor_files files;
  int          complaints;
} job;

static void release(void *context)
{
  job *j = context;

  tt_free(j->host);
  tt_free(j->rank);
}

/* ------------------------------------------------------------------------------------------------ looking */

/* Which ranks share a host. */
static void find_hosts(const app_run *run, job *j)
{
  for (int r = 0; r < run->size; r++) {
    host *h = NULL;

    for (int i = 0; i < j->hosts && !h; i++)
      if (j->rank[j->host[i].first].machine.host == j->rank[r].machine.host) h = &j->host[i];
    if (!h) {
      h = &j->host[j->hosts++];
      *h = (host){.first = r, .slowest = INFINITY};
    }
    h->ranks++;
    h->slowest = fmin(h->slowest, j->rank[r].alone);
    h->fastest = fmax(h->fastest, j->rank[r].alone);
  }
}

static tartan_status look(app_run *run, job *j)
{
  doctor_rank   mine;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(app_doctor_look(run, &mine));
  j->rank = tt_alloc(NULL, run->size, sizeof *j->rank, "a list of ranks", &local);
  j->host = tt_alloc(NULL, run->size, sizeof *j->host, "a list of hosts", &local);
  AGREE(run->grid, local);
  TRY(tt_allgather(run->grid, &mine, 1, sizeof mine, j->rank));
  find_hosts(run, j);
done:
  return st;
}

/* Rank 0 with its neighbour on the same host, and with the first rank of every other host. Collective. */
static tartan_status measure_links(app_run *run, job *j)
{
  int           near = -1;
  tartan_status st = TARTAN_OK;

  for (int r = 1; r < run->size && near < 0; r++)
    if (j->rank[r].machine.host == j->rank[0].machine.host) near = r;
  if (near > 0) j->link[j->links++] = (doctor_link){.a = 0, .b = near, .same_host = true};
  for (int i = 1; i < j->hosts && i <= LINKS_MAX; i++)
    j->link[j->links++] = (doctor_link){.a = 0, .b = j->host[i].first};
  for (int i = 0; i < j->links; i++) TRY(app_doctor_link(run, &j->link[i]));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ telling */

static void print_hosts(const app_run *run, const job *j)
{
  app_say(run, "\n%-20s %5s %7s  %-12s %14s  %s\n", "host", "ranks", "threads", "each bound to", "GFLOP/s a rank",
          "processor, BLAS");
  for (int i = 0; i < j->hosts; i++) {
    const host        *h = &j->host[i];
    const doctor_rank *r = &j->rank[h->first];
    char               speed[40], bound[24] = "nothing";

    if (r->bound) snprintf(bound, sizeof bound, "%lld core%s", (long long)r->machine.cores, TT_S(r->machine.cores));
    if (h->fastest > 1.05 * h->slowest)
      snprintf(speed, sizeof speed, "%.1f to %.1f", h->slowest * 1e-9, h->fastest * 1e-9);
    else
      snprintf(speed, sizeof speed, "%.1f", h->slowest * 1e-9);
    app_say(run, "%-20s %5d %7d  %-13s %13s  %s, %s\n", r->host, h->ranks, run->threads, bound, speed, r->processor,
            r->blas);
  }
}

static void print_ranks(const app_run *run, const job *j)
{
  if (!app_set.verbose) return;
  app_say(run, "\n rank  %-20s %-16s %10s  memory\n", "host", "bound to", "GFLOP/s");
  for (int r = 0; r < run->size; r++) {
    char bytes[24];

    app_say(run, "%5d  %-20s %-16s %10.1f  %s\n", r, j->rank[r].host, j->rank[r].bound ? j->rank[r].cpus : "nothing",
            j->rank[r].alone * 1e-9, tt_bytes_text((double)j->rank[r].machine.available, bytes));
  }
}

static void print_links(const app_run *run, const job *j)
{
  if (j->links == 0) return;
  app_say(run, "\nmessages                              8 bytes        4 MiB\n");
  for (int i = 0; i < j->links; i++) {
    const doctor_link *l = &j->link[i];
    char               names[2 * DOCTOR_NAME + 40];

    if (l->same_host)
      snprintf(names, sizeof names, "ranks %d and %d, both on %s", l->a, l->b, j->rank[l->a].host);
    else
      snprintf(names, sizeof names, "%s (rank %d) and %s (rank %d)", j->rank[l->a].host, l->a, j->rank[l->b].host,
               l->b);
    app_say(run, "  %-32s %8.2f us %8.2f GB/s\n", names, l->latency * 1e6, l->bandwidth * 1e-9);
  }
}

static void print_files(const app_run *run, const job *j)
{
  char bytes[24];

  app_say(run, "\nfiles in %s (%s), %s a rank: written %.2f GB/s, read %.2f GB/s by all ranks together%s\n", set.dir,
          j->files.type, tt_bytes_text(j->files.bytes, bytes), j->files.write * 1e-9, j->files.read * 1e-9,
          " (what was just written may be read from memory)");
}

/* ------------------------------------------------------------------------------------------------ complaints */

static void complain(const app_run *run, job *j, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void complain(const app_run *run, job *j, const char *fmt, ...)
{
  char    text[1024];
  va_list args;

  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  app_say(run, "%s  - %s\n", j->complaints++ == 0 ? "\nwhat to look at:\n" : "", text);
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* The middle of the hosts' slowest ranks. */
static double median_speed(const job *j, double *work)
{
  for (int i = 0; i < j->hosts; i++) work[i] = j->host[i].slowest;
  qsort(work, (size_t)j->hosts, sizeof *work, ascending);
  return work[j->hosts / 2];
}

/* Where ranks and threads run. */
static void judge_binding(app_run *run, job *j)
{
  for (int i = 0; i < j->hosts; i++) {
    const host        *h = &j->host[i];
    const doctor_rank *r = &j->rank[h->first];
    const long long    cores = r->machine.cores, wanted = (long long)h->ranks * run->threads;

    if (!r->bound && wanted > cores)
      complain(run, j,
               "%s is oversubscribed: %d rank%s x %d thread%s on %lld core%s; use fewer, or set OMP_NUM_THREADS",
               r->host, h->ranks, TT_S(h->ranks), run->threads, TT_S(run->threads), cores, TT_S(cores));
    else if (r->bound && run->threads > cores)
      complain(run, j,
               "rank %d on %s is bound to %lld core%s (%s) but has %d threads: mpirun --map-by ppr:%d:node:pe=%d",
               h->first, r->host, cores, TT_S(cores), r->cpus, run->threads, h->ranks, run->threads);
    else if (!r->bound && h->ranks > 1 && run->threads > 1)
      complain(
          run, j,
          "ranks on %s are not bound, so their threads wander: mpirun --map-by ppr:%d:node:pe=%d --bind-to core, and "
          "OMP_PLACES=cores OMP_PROC_BIND=close",
          r->host, h->ranks, run->threads);
    if (r->machine.available / h->ranks < LITTLE)
      complain(run, j, "%s has %.0f MiB of memory for each of its ranks (cgroup, SLURM_MEM_PER_*, or what is free)",
               r->host, (double)(r->machine.available / h->ranks) / 1048576);
  }
}

static void judge_blas(app_run *run, job *j)
{
  for (int r = 0; r < run->size; r++)
    if (j->rank[r].conflict[0]) {
      complain(run, j, "two flavours of BLAS are loaded on %s (rank %d): %s; threads and bits cannot be relied on",
               j->rank[r].host, r, j->rank[r].conflict);
      break;
    }
  for (int r = 1; r < run->size; r++)
    if (strcmp(j->rank[r].blas, j->rank[0].blas) != 0) {
      complain(run, j,
               "BLAS is \"%s\" on %s but \"%s\" on %s: results may differ in their last bits with the hosts of a job "
               "(OPENBLAS_CORETYPE sets one kind for all)",
               j->rank[0].blas, j->rank[0].host, j->rank[r].blas, j->rank[r].host);
      break;
    }
}

static void judge_speed(app_run *run, job *j, double *work)
{
  const double typical = median_speed(j, work);
  double       best = 0, worst = INFINITY;
  int          at = -1;

  for (int i = 0; i < j->hosts; i++)
    if (j->hosts > 1 && j->host[i].slowest < SLOW * typical)
      complain(run, j,
               "%s is slow: %.1f GFLOP/s a rank where the others have %.1f; every step waits for it: other work, "
               "heat, or a smaller processor",
               j->rank[j->host[i].first].host, j->host[i].slowest * 1e-9, typical * 1e-9);
  for (int i = 0; i < j->hosts; i++)
    if (j->host[i].slowest < SLOW * j->host[i].fastest)
      complain(run, j, "ranks on %s differ in speed, %.1f to %.1f GFLOP/s: they share cores, or other work runs there",
               j->rank[j->host[i].first].host, j->host[i].slowest * 1e-9, j->host[i].fastest * 1e-9);
  for (int i = 0; i < j->links; i++) {
    if (j->link[i].same_host) continue;
    best = fmax(best, j->link[i].bandwidth);
    if (j->link[i].bandwidth < worst) at = i;
    worst = fmin(worst, j->link[i].bandwidth);
  }
  if (at >= 0 && worst < UNEVEN * best)
    complain(run, j, "the way to %s has %.2f GB/s where the best has %.2f", j->rank[j->link[at].b].host, worst * 1e-9,
             best * 1e-9);
}

static void judge_files(app_run *run, job *j)
{
  if (!j->files.shared)
    complain(run, j,
             "%s is not shared: some ranks do not see what rank 0 writes there; data and results must lie where all do",
             set.dir);
  if (!j->files.locks) complain(run, j, "files in %s cannot be locked: export HDF5_USE_FILE_LOCKING=FALSE", set.dir);
}

static tartan_status judge(app_run *run, job *j)
{
  double       *work;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  work = tt_alloc(NULL, j->hosts, sizeof *work, "speeds of hosts", &local);
  AGREE(run->grid, local);
  judge_binding(run, j);
  judge_blas(run, j);
  judge_speed(run, j, work);
  judge_files(run, j);
  if (j->complaints == 0) app_say(run, "\nnothing to complain of\n");
done:
  tt_free(work);
  return st;
}

/* ------------------------------------------------------------------------------------------------ the command */

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_object(json, "result");
  app_json_array(json, "hosts");
  for (int i = 0; i < j->hosts; i++) {
    const doctor_rank *r = &j->rank[j->host[i].first];

    app_json_object(json, NULL);
    app_json_text(json, "host", r->host);
    app_json_text(json, "processor", r->processor);
    app_json_text(json, "blas", r->blas);
    app_json_count(json, "ranks", j->host[i].ranks);
    app_json_count(json, "cores", r->machine.cores);
    app_json_flag(json, "bound", r->bound);
    app_json_text(json, "cpus", r->cpus);
    app_json_count(json, "memory", r->machine.available);
    app_json_number(json, "flops_slowest_rank", j->host[i].slowest);
    app_json_number(json, "flops_fastest_rank", j->host[i].fastest);
    app_json_end_object(json);
  }
  app_json_end_array(json);
  app_json_array(json, "links");
  for (int i = 0; i < j->links; i++) {
    app_json_object(json, NULL);
    app_json_count(json, "a", j->link[i].a);
    app_json_count(json, "b", j->link[i].b);
    app_json_flag(json, "same_host", j->link[i].same_host);
    app_json_number(json, "latency", j->link[i].latency);
    app_json_number(json, "bandwidth", j->link[i].bandwidth);
    app_json_end_object(json);
  }
  app_json_end_array(json);
  app_json_object(json, "files");
  app_json_text(json, "type", j->files.type);
  app_json_number(json, "write_bandwidth", j->files.write);
  app_json_number(json, "read_bandwidth", j->files.read);
  app_json_flag(json, "shared", j->files.shared);
  app_json_flag(json, "locks", j->files.locks);
  app_json_end_object(json);
  app_json_count(json, "complaints", j->complaints);
  app_json_end_object(json);
}

static tartan_status doctor(app_run *run, const char *const *operands, int count)
{
  static job    j;
  char          text[4096];
  tartan_status st = TARTAN_OK;

  (void)operands, (void)count;
  j = (job){.hosts = 0};
  run->job = &j;
  run->json = json_result;
  run->release = release;
  REQUIRE(set.bytes > 0, TARTAN_ERR_ARG, "--file-size: give 1 or more bytes");
  tartan_describe(text, sizeof text);
  app_tell(run, "tartan %s on %d rank%s x %d thread%s\n%s", tartan_version(), run->size, TT_S(run->size), run->threads,
           TT_S(run->threads), text);
  TRY(look(run, &j));
  print_hosts(run, &j);
  print_ranks(run, &j);
  TRY(measure_links(run, &j));
  print_links(run, &j);
  TRY(app_doctor_files(run, set.dir, set.bytes, &j.files));
  print_files(run, &j);
  TRY(judge(run, &j));
done:
  return st;
}

const app_command app_cmd_doctor = {
    .name = "doctor",
    .group = "Machine",
    .summary = "the machine as a job finds it: binding, speed of hosts, messages and files, and what is wrong with it",
    .operands = "",
    .options = {options, app_run_options},
    .notes = "What it finds wrong is told in words and is no failure: the exit code is 0.\n\n"
             "Examples:\n"
             "  mpirun -n 8 tartan doctor --dir /scratch/me\n"
             "  srun --mpi=pmix tartan doctor --json doctor.json\n",
    .run = doctor,
};
