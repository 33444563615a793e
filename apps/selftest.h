/**
 * @file selftest.h
 * The cases of `tartan selftest`: one or more for each command, with what must come out.
 */
#ifndef APP_SELFTEST_H
#define APP_SELFTEST_H

#include <stdint.h>

/** What of a case is compared with its value. */
typedef enum app_case_kind {
  APP_CASE_DATASET, /**< sum of x(i, j) / (1 + i + 2 j) over a dataset, rows i and columns j from zero */
  APP_CASE_NUMBER,  /**< the first number that the command prints */
  APP_CASE_BYTES,   /**< the size of a file */
  APP_CASE_TEXT     /**< 1 if `where` stands in what the command prints */
} app_case_kind;

typedef struct app_case {
  const char   *command;
  const char   *words; /**< operands and options; files are names in the folder of the test */
  app_case_kind kind;
  const char   *where; /**< "qr.h5:/R", a file, or "" */
  double        value; /**< what must come out, found by NumPy and SciPy from the same input (tests/apps/selftest.py) */
  double        tolerance; /**< largest |x - value| / max(1, |value|) */
} app_case;

/** In the order in which they run: later ones read what earlier ones wrote. Ended by one without a command. */
extern const app_case app_cases[];

#endif
