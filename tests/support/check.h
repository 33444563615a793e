/**
 * @file check.h
 * The check library of the tests: count, print the first failures with seed and context, and give one verdict that
 * all ranks share.
 *
 *   int main(int argc, char **argv)
 *   {
 *     check_start(&argc, &argv);
 *     CHECK(2 + 2 == 4);
 *     return check_finish();
 *   }
 */
#ifndef TARTAN_TESTS_CHECK_H
#define TARTAN_TESTS_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include <mpi.h>

#include <tartan/types.h>

/** Exit code of a test that cannot run here. */
#define CHECK_SKIPPED 77

/** Starts MPI (funneled) and reads `--seed N`. Collective over MPI_COMM_WORLD. */
void check_start(int *argc, char ***argv);

/** As check_start() for a program that does without MPI (np=0). */
void check_start_plain(int argc, char **argv);

/**
 * Ends the test: checks that the library holds no memory, adds up the failures of all ranks, prints one line, ends MPI.
 * Returns the exit code, the same on every rank.
 */
int check_finish(void);

/** Ends the test as skipped, with the reason on stdout. Returns CHECK_SKIPPED. */
int check_skip(const char *reason);

/** Rank and number of ranks of MPI_COMM_WORLD; 0 and 1 without MPI. */
int check_rank(void);
int check_size(void);

/** Failures of this rank so far. */
int64_t check_failures(void);

/** What the next checks are about; printed with a failure. */
void check_context(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** What check_context() was given last. */
const char *check_context_text(void);

/** The seed of the run: 1, or what --seed says. */
uint64_t check_seed(void);

/** The next number in 0 .. n - 1 of the run's stream: the same on every rank, as long as all ask alike. */
int64_t check_pick(int64_t n);

/** The next uniform number in (0, 1) of the same stream. */
double check_uniform(void);

/* What stands behind the macros. Each returns whether the check held. */
bool check_true(bool ok, const char *file, int line, const char *text);
bool check_le(double value, double limit, const char *file, int line, const char *text);
bool check_i64(int64_t value, int64_t expected, const char *file, int line, const char *text);
bool check_status(tartan_status st, tartan_status expected, const char *file, int line, const char *text);

/** The condition holds. */
#define CHECK(condition) check_true((condition), __FILE__, __LINE__, #condition)

/** value <= limit; NaN fails. */
#define CHECK_LE(value, limit) check_le((value), (limit), __FILE__, __LINE__, #value " <= " #limit)

/** Two integers are equal. */
#define CHECK_EQ(value, expected) check_i64((int64_t)(value), (int64_t)(expected), __FILE__, __LINE__, #value)

/** A call returns exactly this status. */
#define CHECK_STATUS(call, expected) check_status((call), (expected), __FILE__, __LINE__, #call)

/** A call returns TARTAN_OK. */
#define CHECK_OK(call) CHECK_STATUS(call, TARTAN_OK)

#endif
