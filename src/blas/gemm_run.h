/**
 * @file gemm_run.h
 * A product under way: gemm_run.c takes the memory and ends with the result, gemm_panel.c brings what is multiplied,
 * gemm_summa.c multiplies.
 */
#ifndef TT_BLAS_GEMM_RUN_H
#define TT_BLAS_GEMM_RUN_H

#include "blas/gemm_impl.h"

/** One operand on this rank. Its memory is [outer, inner], or turned [inner, outer]. */
typedef struct tt_gemm_operand {
  tt_gemm_side side;
  bool         turned;
  int          me; /* place in its ring */
  int          layer, layers;
  int64_t      outer; /* outer indices here */
  const char  *data;
  int64_t      ld;
  tt_transfer  move;
  tt_step      step;
} tt_gemm_operand;

/** Inner indices of one ring member that are neighbours in the other operand's memory and in the panel. */
typedef struct tt_gemm_stretch {
  int     member;                     /* of the ring */
  int     owner;                      /* place in the ring of the other operand */
  int64_t local, panel, length, part; /* among the owner's; in the panel; how many; in the owner's part */
} tt_gemm_stretch;

/** The panel of the other operand for one step, and the ring operand's own part; two of them with overlap. */
typedef struct tt_gemm_panel {
  tt_ring          ring;
  char           **part;  /* [ring of the other operand] */
  int64_t         *count; /* [same] elements of each */
  int64_t         *group; /* [same + 1] 0, 1, 2, ... */
  tt_gemm_stretch *list;
  int64_t          stretches;
  char            *copy; /* own part of the ring operand */
  char            *data;
} tt_gemm_panel;

/** The parts of one step and slab that go round; two of them with overlap. */
typedef struct tt_gemm_parts {
  tt_ring  ring;
  char    *data;  /* all parts, one after the other or put together */
  char   **part;  /* [ring], or the pieces of an assembled slab */
  int64_t *count; /* elements of each */
  int64_t *group; /* [ring + 1] the pieces of each member */
} tt_gemm_parts;

/** All that a run has on this rank. */
typedef struct tt_gemm_state {
  const tt_product    *x;
  const tt_gemm_shape *shape;
  const tt_gemm_plan  *plan;
  tt_gemm_moves        moves;
  tartan_grid         *grid;
  tartan_dtype         dtype;
  int64_t              size; /* bytes of an element */
  bool                 here; /* this rank has a place */
  int                  i, j, l;
  tt_gemm_operand      ring, other;
  int                 *ring_ranks, *other_ranks;
  tt_gemm_room         room;
  tt_gemm_panel        panels[2];
  tt_gemm_parts        rounds[2];
  char                *buffers[2];
  char                *other_copy, *partial, *result;
  char                *c; /* where products are added up */
  int64_t              ldc;
  double               beta; /* of the first product into c */
  int                 *layer_ranks;
  tt_transfer         *layers; /* [p3] */
  tt_transfer          back;
  tartan_matrix        sum, own; /* frames of the partial product and of the result */
} tt_gemm_state;

/** Address of the element (outer, inner) of memory in an operand's orientation. Local. */
char *tt_gemm_at(const tt_gemm_state *r, bool turned, const char *data, int64_t ld, int64_t outer, int64_t inner);

/** Leading dimension of a dense rectangle in an operand's orientation. Local. */
int64_t tt_gemm_dense_ld(bool turned, int64_t outer, int64_t inner);

/** Inner indices that ring member p gives to step t, from its local index *from on. Local. */
int64_t tt_gemm_given(const tt_gemm_operand *o, const tt_gemm_plan *plan, int p, int64_t t, int64_t *from);

/** Outer indices of slab u, and its first. Local. */
int64_t tt_gemm_slab_of(const tt_gemm_state *r, int64_t u, int64_t *first);

/** The whole part of the other operand, where it has to come. Collective over all ranks of the grid. */
tartan_status tt_gemm_bring_other(tt_gemm_state *r);

/** Starts step t: what has to come from other layouts comes now. Collective over all ranks of the grid. */
tartan_status tt_gemm_start_step(tt_gemm_state *r, int64_t t, tt_gemm_panel *p);

/** Ends a step's gathering. */
tartan_status tt_gemm_finish_step(tt_gemm_state *r, tt_gemm_panel *p);

/** Starts the round of step t, slab u. */
tartan_status tt_gemm_start_round(tt_gemm_state *r, int64_t t, int64_t u, const tt_gemm_panel *p, tt_gemm_parts *x);

/** Where the other operand has the rows of a ring member's part. Local. */
const char *tt_gemm_other_rows(const tt_gemm_state *r, const tt_gemm_panel *p, int member, int64_t t, int64_t *ld);

/** This rank's own part of the ring operand: where it lies before it is packed. Local. */
const char *tt_gemm_own_part(const tt_gemm_state *r, const tt_gemm_panel *p, int64_t t, int64_t first, int64_t *ld);

/** All steps: r->c := alpha products + r->beta r->c. Collective over all ranks of the grid. */
tartan_status tt_gemm_multiply_all(tt_gemm_state *r);

#endif
