/*
 * Limits are looked for where a job may have set them: the cgroup of the process and all groups above it, in either
 * version, then Slurm's variables, then the kernel's own estimate of what is free.
 */
#include "common/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "kernel/parallel.h"

#define PATH_LENGTH 1024

static uint64_t hash(const void *data, size_t length)
{
  const unsigned char *p = data;
  uint64_t             h = 14695981039346656037u; /* FNV-1a */

  for (size_t i = 0; i < length; i++) h = (h ^ p[i]) * 1099511628211u;
  return h;
}

/* The number behind a word at the start of a line: "VmRSS:    1234 kB". */
static int64_t number_in(const char *path, const char *name)
{
  FILE     *f = fopen(path, "r");
  char      line[256];
  long long value = 0;

  while (f && fgets(line, sizeof line, f)) {
    const size_t length = strlen(name);

    if (strncmp(line, name, length) == 0 && line[length] == ':') {
      value = strtoll(line + length + 1, NULL, 10);
      break;
    }
  }
  if (f) fclose(f);
  return value;
}

int64_t app_machine_status(const char *name)
{
  return number_in("/proc/self/status", name) * 1024;
}

void app_machine_names(char *host, size_t host_length, char *processor, size_t processor_length)
{
  FILE *f = fopen("/proc/cpuinfo", "r");
  char  line[256];

  if (gethostname(host, host_length) != 0) snprintf(host, host_length, "unknown");
  host[host_length - 1] = 0;
  snprintf(processor, processor_length, "unknown processor");
  while (f && fgets(line, sizeof line, f)) {
    const char *colon = strchr(line, ':');

    if (strncmp(line, "model name", 10) == 0 && colon) {
      line[strcspn(line, "\n")] = 0;
      snprintf(processor, processor_length, "%s", colon + 2);
      break;
    }
  }
  if (f) fclose(f);
}

/* The first processor of a core, by which its hyperthreads are told apart. */
static int first_sibling(int cpu)
{
  char  path[96];
  FILE *f;
  int   first = cpu;

  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
  f = fopen(path, "r");
  if (f) {
    if (fscanf(f, "%d", &first) != 1) first = cpu;
    fclose(f);
  }
  return first;
}

/* Where threads may run: the places that the OpenMP runtime binds them to, else the affinity mask. */
static void find_mask(cpu_set_t *mask)
{
  bool has[CPU_SETSIZE];

  CPU_ZERO(mask);
  if (tt_thread_processors(CPU_SETSIZE, has)) {
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
      if (has[cpu]) CPU_SET(cpu, mask);
  } else if (sched_getaffinity(0, sizeof *mask, mask) != 0) {
    CPU_SET(0, mask);
  }
}

static void look_at_mask(app_machine *machine)
{
  cpu_set_t mask, cores;

  find_mask(&mask);
  CPU_ZERO(&cores);
  machine->node_cpus = tt_max(1, sysconf(_SC_NPROCESSORS_ONLN));
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    const int core = CPU_ISSET(cpu, &mask) ? first_sibling(cpu) : -1;

    if (core >= 0 && core < CPU_SETSIZE) CPU_SET(core, &cores);
  }
  machine->mask = hash(&mask, sizeof mask);
  machine->cores = tt_max(1, CPU_COUNT(&cores));
}

bool app_machine_cpus(char *text, size_t length)
{
  cpu_set_t mask;
  size_t    n = 0;

  find_mask(&mask);
  text[0] = '\0';
  for (int cpu = 0; cpu < CPU_SETSIZE && n < length; cpu++) {
    int last = cpu;

    if (!CPU_ISSET(cpu, &mask)) continue;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &mask)) last++;
    n += (size_t)(last > cpu ? snprintf(text + n, length - n, "%s%d-%d", n ? "," : "", cpu, last)
                             : snprintf(text + n, length - n, "%s%d", n ? "," : "", cpu));
    cpu = last;
  }
  return CPU_COUNT(&mask) < sysconf(_SC_NPROCESSORS_ONLN);
}

/* The two numbers of a cgroup file; "max" and files that are not there give -1. */
static void read_limit(const char *path, long long limit[2])
{
  FILE *f = fopen(path, "r");

  limit[0] = limit[1] = -1;
  if (!f) return;
  if (fscanf(f, "%lld %lld", &limit[0], &limit[1]) < 1 && fscanf(f, "max %lld", &limit[1]) < 1) limit[1] = -1;
  fclose(f);
}

static void lower(int64_t *value, int64_t limit)
{
  if (limit > 0 && limit < *value) *value = limit;
}

/* What one group allows: memory in bytes, processors as quota / period. */
static void look_at_group(const char *root, const char *group, app_machine *machine)
{
  char      path[PATH_LENGTH + 128];
  long long memory[2], quota[2];

  snprintf(path, sizeof path, "%s%s/memory.max", root, group);
  read_limit(path, memory);
  lower(&machine->available, memory[0]);
  snprintf(path, sizeof path, "%s%s/memory.limit_in_bytes", root, group);
  read_limit(path, memory);
  lower(&machine->available, memory[0]);
  snprintf(path, sizeof path, "%s%s/cpu.max", root, group);
  read_limit(path, quota);
  if (quota[0] > 0 && quota[1] > 0) lower(&machine->cores, (quota[0] + quota[1] - 1) / quota[1]);
}

/* Every group from the process's own up to the root: the smallest limit holds. */
static void look_at_groups(const char *root, char *group, app_machine *machine)
{
  for (;;) {
    char *slash = strrchr(group, '/');

    look_at_group(root, group, machine);
    if (!slash || !*group) break;
    *slash = 0;
  }
}

static void look_at_cgroups(app_machine *machine)
{
  FILE *f = fopen("/proc/self/cgroup", "r");
  char  line[PATH_LENGTH];

  while (f && fgets(line, sizeof line, f)) {
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;

    if (!group) continue;
    *group++ = 0;
    group[strcspn(group, "\n")] = 0;
    if (strcmp(group, "/") == 0) *group = 0;
    if (controllers[1] == 0) look_at_groups("/sys/fs/cgroup", group, machine);
    if (strstr(controllers, "memory")) look_at_groups("/sys/fs/cgroup/memory", group, machine);
  }
  if (f) fclose(f);
}

/* Slurm gives MiB, per node or per processor; 0 means the whole node. */
static void look_at_slurm(app_machine *machine)
{
  const char *node = getenv("SLURM_MEM_PER_NODE"), *cpu = getenv("SLURM_MEM_PER_CPU");
  const char *cpus = getenv("SLURM_CPUS_ON_NODE");

  if (node) lower(&machine->available, strtoll(node, NULL, 10) << 20);
  if (cpu && cpus) lower(&machine->available, (strtoll(cpu, NULL, 10) << 20) * strtoll(cpus, NULL, 10));
}

void app_machine_look(app_machine *machine)
{
  char          host[256] = "";
  const int64_t free_now = number_in("/proc/meminfo", "MemAvailable") * 1024;

  memset(machine, 0, sizeof *machine);
  if (gethostname(host, sizeof host - 1) != 0) snprintf(host, sizeof host, "unknown");
  machine->host = hash(host, strlen(host));
  machine->available = free_now > 0 ? free_now : INT64_MAX;
  look_at_mask(machine);
  look_at_cgroups(machine);
  look_at_slurm(machine);
}
