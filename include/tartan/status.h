/**
 * @file status.h
 * What a call came to, and the trace of the error that is being reported.
 *
 * Every function that can fail returns a tartan_status. A *collective* function returns the same status on every
 * rank of its grid, and no rank leaves it while others wait. What went wrong, where, and what would help is kept as
 * one line of text per thread until the next failure; tartan_error_print() shows it once, from the rank where it
 * began.
 */
#ifndef TARTAN_STATUS_H
#define TARTAN_STATUS_H

#include <stdio.h>

#if defined(__GNUC__)
#define TARTAN_API __attribute__((visibility("default")))
#define TARTAN_MUST_USE __attribute__((warn_unused_result))
#else
#define TARTAN_API
#define TARTAN_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The one list of outcomes: X(name, exit code of the program, text).
 *
 * The exit codes are those of the program `tartan`; see docs/errors.md.
 */
#define TARTAN_STATUS_LIST(X)                                                                                          \
  X(OK, 0, "done")                                                                                                     \
  X(ERR_ARG, 2, "bad argument")                                                                                        \
  X(ERR_SHAPE, 2, "shapes do not fit")                                                                                 \
  X(ERR_DTYPE, 2, "element types do not fit")                                                                          \
  X(ERR_GRID, 2, "process grids do not fit")                                                                           \
  X(ERR_INPUT, 3, "unusable input")                                                                                    \
  X(ERR_EXISTS, 3, "output exists")                                                                                    \
  X(ERR_FORMAT, 3, "unknown or damaged format")                                                                        \
  X(ERR_TOLERANCE, 4, "result short of the requested tolerance")                                                       \
  X(ERR_NOMEM, 5, "not enough memory")                                                                                 \
  X(ERR_OVERFLOW, 5, "size beyond what a component can count")                                                         \
  X(ERR_IO, 6, "file system failure")                                                                                  \
  X(ERR_NUMERIC, 7, "numerical failure")                                                                               \
  X(ERR_CHECKPOINT, 8, "unusable checkpoint")                                                                          \
  X(ERR_STALLED, 9, "no progress")                                                                                     \
  X(ERR_BACKEND, 70, "failure in an underlying library")                                                               \
  X(ERR_MPI, 70, "MPI failure")                                                                                        \
  X(ERR_BUG, 70, "internal error")                                                                                     \
  X(ERR_INTERRUPTED, 75, "interrupted; run the same command again to go on")

typedef enum tartan_status {
#define X(name, code, text) TARTAN_##name,
  TARTAN_STATUS_LIST(X)
#undef X
      TARTAN_STATUS_COUNT /**< number of outcomes; never returned */
} tartan_status;

/** The general text of a status, for example "not enough memory". Local. Never NULL. */
TARTAN_API const char *tartan_status_text(tartan_status st);

/** The exit code of the program for a status: 0 for TARTAN_OK, 70 for a value that is no status. Local. */
TARTAN_API int tartan_exit_code(tartan_status st);

/**
 * The message of the calling thread's last failure: what was wrong, where, and what to do. Local.
 *
 * Empty, never NULL, before the first failure.
 */
TARTAN_API const char *tartan_error_message(void);

/** The rank (in the grid's communicator) where the last failure began, or -1 when every rank found it alike. Local. */
TARTAN_API int tartan_error_rank(void);

/**
 * Prints the message of the last failure as one line, "tartan: rank 3: out of memory ...". Local; call it on all ranks.
 *
 * Only the rank where the failure began prints; a failure that all ranks found alike is printed by rank 0 of the
 * grid's communicator.
 *
 * @param[in] stream  not NULL
 */
TARTAN_API void tartan_error_print(FILE *stream);

/** Forgets the calling thread's last failure. Local. */
TARTAN_API void tartan_error_clear(void);

#ifdef __cplusplus
}
#endif
#endif
