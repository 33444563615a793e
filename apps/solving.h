/**
 * @file solving.h
 * What commands that solve with a matrix share: the assumption about it, and what eliminations and singular values take.
 */
#ifndef APP_SOLVING_H
#define APP_SOLVING_H

#include <tartan/solve.h>

#include "common/operand.h"

/** `--assume` and its row in an option table. */
extern int app_solving_assume;

#define APP_SOLVING_ASSUME                                                                                             \
  {                                                                                                                    \
    "assume", 0, APP_OPTION_CHOICE, &app_solving_assume, "general|positive", "general",                                \
        "positive: symmetric and probably positive definite, given by its lower triangle: Cholesky, half the work, "   \
        "and LU where it fails"                                                                                        \
  }

/** "general" or "positive", as it was chosen. Local. */
const char *app_solving_assumed(void);

/** The options of the library with that assumption. Local. */
tartan_solve_opts app_solving_opts(void);

/** Whether a matrix is factored on one rank: the bits then depend on no number of ranks. Local. */
bool app_solving_one_rank(int64_t m, int64_t n);

/**
 * What LU or Cholesky of a matrix takes, into run->plan. Local.
 *
 * @param[in] what   "LU", "Cholesky": the algorithm
 * @param[in] flops  over all ranks
 * @param[in] words  elements of the matrices beside those in run->plan already, over all ranks
 */
void app_plan_elimination(app_run *run, const char *what, int64_t m, int64_t n, tartan_dtype dtype, double flops,
                          double words);

/** What singular values take, with vectors or without, into run->plan. Local. */
void app_plan_singular(app_run *run, int64_t m, int64_t n, tartan_dtype dtype, bool vectors);

/** A warning where a condition number leaves no correct digit. Local, the same on every rank. */
void app_warn_condition(app_run *run, tartan_dtype dtype, double condition);

#endif
