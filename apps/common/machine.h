/**
 * @file machine.h
 * What this process may use of its node, as the operating system and the job's limits tell it. All calls are local.
 */
#ifndef APP_MACHINE_H
#define APP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What one rank sees; exchanged between ranks as it is. */
typedef struct app_machine {
  uint64_t host;      /**< hash of the node's name */
  uint64_t mask;      /**< hash of the affinity mask, or of the places that OpenMP threads are bound to */
  int64_t  cores;     /**< physical cores in the mask, at most the processor quota of the job */
  int64_t  node_cpus; /**< logical processors of the node */
  int64_t  available; /**< bytes that the processes of this job may take on the node */
} app_machine;

/** Fills a record from affinity mask, cgroup limits (v1 and v2), SLURM_MEM_PER_* and MemAvailable. */
void app_machine_look(app_machine *machine);

/**
 * The processors that the threads of this process may run on, "0-3,8". Returns whether they are fewer than the node has.
 */
bool app_machine_cpus(char *text, size_t length);

/** A figure of /proc/self/status in bytes: "VmRSS", "VmHWM". 0 if there is none. */
int64_t app_machine_status(const char *name);

/** The node's name and its processor: "node7", "AMD EPYC 7763". */
void app_machine_names(char *host, size_t host_length, char *processor, size_t processor_length);

#endif
