/**
 * @file solve_system.h
 * A system op(A) X = B on its way: solve.c decides, solve_refine.c has its residuals and refinement, solve_mixed.c the
 * factorization in f32.
 *
 * What is worked on is scale A, and B with its column j multiplied by shift[j]; all are powers of two.
 */
#ifndef TT_FACTOR_SOLVE_SYSTEM_H
#define TT_FACTOR_SOLVE_SYSTEM_H

#include "factor/solve_impl.h"

typedef struct tt_system {
  const tartan_matrix *A; /**< of the caller */
  tartan_solve_opts    opts;
  double               scale;
  double              *shift;     /**< [k] */
  double              *r, *x;     /**< [k] norms of columns: residual, solution */
  double              *b;         /**< [k] of the right-hand sides */
  double              *factor;    /**< [k] of a step */
  double               largest;   /**< |a| of A */
  tartan_matrix       *whole;     /**< scale A in the layout of the factors, both triangles; NULL until it is needed */
  tartan_matrix       *B, *X, *R; /**< in the layout of the factors */
  double               norm;      /**< |scale op(A)|_inf */
  tt_factored          f;
  int64_t              minor;
  bool                 in_f32;
  double               condition, residual;
  int64_t              steps;
  char                 reason[160];
} tt_system;

/** Scales, copies of A and B, norms. Collective. */
tartan_status tt_system_make(const tartan_matrix *B, tt_system *s);

void tt_system_end(tt_system *s);

/** Forgets the factors and X, for another try. Local. */
void tt_system_restart(tt_system *s);

/** R := B - op(A) X, and s->residual. Collective. */
tartan_status tt_system_residual(tt_system *s);

/** The residual below which nothing is refined. */
double tt_system_gate(const tt_system *s);

/** Residuals, and at most so many steps of refinement while they help; X is the best seen. Collective. */
tartan_status tt_system_refine(tt_system *s, int64_t most);

/** Column j of X := common factor[j] times it, in the type of X. Local. */
void tt_system_scale_columns(tartan_matrix *X, const double *factor, double common);

/** X by factors in f32. Collective. @param[out] solved  false: they do not do, s->reason says why */
tartan_status tt_system_mixed(tt_system *s, bool *solved);

/** X of what the caller gave: scales undone, range checked, a warning where no digit may be right. Collective. */
tartan_status tt_system_finish(tt_system *s);

#endif
