/**
 * @file error.h
 * Recording a failure, and the macros that carry it to the one `done:` label of a function.
 *
 * A function body that can fail has a local `tartan_status st` and a label `done:`. Failures that every rank sees
 * alike use REQUIRE and TRY at once; failures of one rank are collected in a variable `local` and agreed upon (AGREE in
 * comm/agree.h) before anyone leaves. TRY_MPI (same header) is the fourth and last macro.
 */
#ifndef TT_BASE_ERROR_H
#define TT_BASE_ERROR_H

#include <tartan/status.h>

/** Longest message kept, terminating zero included. */
#define TT_ERROR_MAX 768

/**
 * Records a failure of the calling thread, found here. Local.
 *
 * @param[in] fmt  one line without newline: what was wrong, where, and what to do
 * @return    st
 */
tartan_status tt_fail(tartan_status st, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * Records a failure that began on a rank of a communicator, with its finished message. Local. Returns st.
 *
 * @param[in] rank  where it began; -1: everywhere alike
 * @param[in] me    the caller's rank in the same communicator
 */
tartan_status tt_fail_at(tartan_status st, int rank, int me, const char *message);

/**
 * Tells the error trace which rank of how many the caller is: rank 0 of the largest communicator that was seen prints what
 * every rank finds alike. Local.
 */
void tt_error_set_self(int rank, int size);

/** Goes to `done` with the status of a call that failed. */
#define TRY(call)                                                                                                      \
  do {                                                                                                                 \
    st = (call);                                                                                                       \
    if (st != TARTAN_OK) goto done;                                                                                    \
  } while (0)

/** Goes to `done` with a recorded failure when a condition that every rank sees alike does not hold. */
#define REQUIRE(condition, status, ...)                                                                                \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      st = (status);                                                                                                   \
      (void)tt_fail(st, __VA_ARGS__);                                                                                  \
      goto done;                                                                                                       \
    }                                                                                                                  \
  } while (0)

#endif
