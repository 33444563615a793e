/**
 * @file als_problem.h
 * Problems for the kernels of alternating least squares: eight rows, in f32 or f64, and their dense equations.
 */
#ifndef TARTAN_TESTS_ALS_PROBLEM_H
#define TARTAN_TESTS_ALS_PROBLEM_H

#include "kernel/als.h"

#define ALS_ITEMS 400
#define ALS_ROWS 8
#define ALS_SHARED_NONE 0
#define ALS_SHARED_DENSE 1
#define ALS_SHARED_DIAGONAL 2

enum { ALS_W_NULL, ALS_W_POSITIVE, ALS_W_TINY, ALS_W_ZERO, ALS_W_NEGATIVE, ALS_W_KINDS };

/* One problem in both precisions; f32 values are exact in f64. */
typedef struct als_problem {
  tartan_dtype dtype;
  int64_t      k, ptr[ALS_ROWS + 1], observations;
  int          shared_kind, weight_kind;
  double      *Y, *G, *d, *weight, *target, lambda[ALS_ROWS];
  int32_t     *col;
  void        *typed[7]; /* Y G d weight target lambda X */
} als_problem;

/** Zero memory; ends the program without. */
void  *als_need(size_t bytes);
double als_rounded(const als_problem *p, double x);
double als_get(tartan_dtype dtype, const void *a, int64_t i);

/** The numbers in the precision of the problem. */
void *als_typed_copy(const als_problem *p, const double *from, int64_t count);

/** Rows of 0, 1, 5, k - 1, k, k + 1, 17 and 300 or 900 observations. */
als_problem als_problem_make(tartan_dtype dtype, int64_t k, int shared_kind, int weight_kind);
void        als_problem_free(als_problem *p);

tt_als_shared als_shared_of(const als_problem *p, tt_isa isa, tt_als_form form);
tt_als_rows   als_rows_of(const als_problem *p);

/** Lower triangle of A [k, k] row-major, and b, of row u. */
void als_dense(const als_problem *p, int u, long double *A, long double *b);

/** A = L L' in place, row-major; then x := A^(-1) x. */
void als_cholesky(int64_t k, long double *A);
void als_solve(int64_t k, const long double *L, long double *x);

/** trace(A) / smallest eigenvalue, by some inverse iterations. */
double als_condition(int64_t k, const long double *L, double trace);

/** X [ALS_ROWS, k], exact, and the limit of the error of each row: max(gate, 4 u cond(A)). */
void als_reference(const als_problem *p, double *X, double *limit);

double als_norm(int64_t k, const long double *x);

/** Relative to the reference, or to elements of this size. */
double als_error_of(const als_problem *p, int u, const void *X, const double *ref, double scale);

#endif
