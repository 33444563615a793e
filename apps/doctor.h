/**
 * @file doctor.h
 * What `tartan doctor` finds out of each rank and of what lies between them: measured in doctor_probe.c, told in cmd_doctor.c.
 */
#ifndef APP_DOCTOR_H
#define APP_DOCTOR_H

#include "common/run.h"

#define DOCTOR_NAME 64
#define DOCTOR_TEXT 256

/** One rank; exchanged as it is. */
typedef struct doctor_rank {
  app_machine machine;
  char        host[DOCTOR_NAME], processor[DOCTOR_TEXT];
  char        blas[DOCTOR_TEXT];     /**< flavour and detected core */
  char        conflict[DOCTOR_TEXT]; /**< two flavours of BLAS in this process, or "" */
  char        cpus[DOCTOR_NAME];     /**< where its threads may run, "0-3,8" */
  bool        bound;                 /**< to less than the node */
  double      alone;                 /**< flops per second of a product, f64, all its threads, every rank at once */
} doctor_rank;

/** Between two ranks: half a round trip. */
typedef struct doctor_link {
  int    a, b;
  bool   same_host;
  double latency;   /**< seconds of a message of 8 bytes, the median */
  double bandwidth; /**< bytes per second of messages of 4 MiB, the median */
} doctor_link;

/** The folder, as all ranks together find it. */
typedef struct doctor_files {
  double bytes;       /**< of each rank's file */
  double write, read; /**< bytes per second of all ranks together; read: perhaps from the cache of the node */
  bool   shared;      /**< every rank sees what rank 0 writes */
  bool   locks;       /**< of files can be had, as HDF5 wants them */
  char   type[DOCTOR_NAME];
} doctor_files;

/** This rank. Collective: the speed is measured on all at once. */
tartan_status app_doctor_look(app_run *run, doctor_rank *rank);

/** Measures between two ranks while the others wait. Collective. */
tartan_status app_doctor_link(app_run *run, doctor_link *link);

/** Tries a folder. Collective. @param[in] bytes  that each rank writes and reads */
tartan_status app_doctor_files(app_run *run, const char *folder, int64_t bytes, doctor_files *files);

#endif
