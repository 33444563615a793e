/**
 * @file gemm_impl.h
 * The contract between the parts of a product: gemm.c checks, gemm_grid.c lays out, gemm_room.c finds the
 * sizes, gemm_plan.c weighs and chooses, gemm_run.c runs, gemm_pblas.c is the reference, gemm_check.c tests the result.
 *
 * A product of m x k by k x n on p1 x p2 x p3 ranks: rank (i, j, l) holds the partial product of rows i and columns j
 * over the inner indices of layer l. op(A) lies on p1 x (p2 p3) places, rank (i, j, l) at (i, j p3 + l); op(B) on
 * (p1 p3) x p2, at (i p3 + l, j); C on p1 x (p3 p2), at (i, l p2 + j), or, scattered by rows, on (p3 p1) x p2, at
 * (l p1 + i, j).
 */
#ifndef TT_BLAS_GEMM_IMPL_H
#define TT_BLAS_GEMM_IMPL_H

#include <tartan/blas.h>

#include "matrix/transfer.h"

/** What is to be planned: sizes, and where the operands lie. */
typedef struct tt_gemm_shape {
  tartan_grid *grid;
  tartan_dtype dtype;
  int64_t      m, n, k;
  tt_layout    a, b, c;   /**< of op(A), op(B), C */
  bool         turned[2]; /**< A's and B's memory has inner indices along its columns */
  bool         placed;    /**< false: the operands lie wherever the plan wants them */
  bool         triangle;  /**< only the triangle uplo of C is wanted: C = A A' */
  tartan_uplo  uplo;
} tt_gemm_shape;

/** Where a product's parts lie. */
typedef struct tt_gemm_grid {
  int       p1, p2, p3;
  tt_layout a, b, c; /**< op(A), op(B) and C as the product wants them; their places point to the caller's array */
  tt_axis   m, n;    /**< of the partial products: rows over p1, columns over p2 */
  int      *who;     /**< [3 p1 p2 p3]: rank (i, j, l) at (i p2 + j) p3 + l, then the places of b, then of c */
  bool      a_stays, b_stays, c_stays; /**< the operand lies there already */
} tt_gemm_grid;

/** How one product runs. `ring` is the operand whose parts travel as they are; `other` the one gathered to fit them. */
typedef struct tt_gemm_plan {
  tt_gemm_grid g;
  bool         ring_b;    /**< B's parts travel; else A's */
  bool         overlap;   /**< the next exchange runs beside the multiplication */
  bool         assembled; /**< the parts of a slab are put together in the order of the other operand, which stays */
  bool         triangle;
  int64_t      across; /**< elements of the largest tile across the diagonal of a triangle */
  int64_t      panel;  /**< inner indices of one part in a step */
  int64_t      steps;
  int64_t      slab;   /**< outer indices of the ring operand in one round */
  int64_t      bytes;  /**< for each change of layout */
  int64_t      memory; /**< bytes per rank, the largest over ranks */
  tartan_cost  cost;
} tt_gemm_plan;

/** The operand of a product seen along its inner dimension. */
typedef struct tt_gemm_side {
  tt_axis outer; /**< rows of op(A) over p1, or columns of op(B) over p2 */
  tt_axis inner; /**< inner indices over its ring times p3 */
  int     ring;  /**< ranks that share the outer indices in a layer: p2 for A, p1 for B */
  bool    stays;
} tt_gemm_side;

/** The two sides of a plan. Local. */
tt_gemm_side tt_gemm_side_of(const tt_gemm_grid *g, bool b);

/** Rank of the product's place (i, j, l). Local. */
int tt_gemm_rank(const tt_gemm_grid *g, int i, int j, int l);

/** Place of a rank of the grid; false if it has none. Local. */
bool tt_gemm_place(const tt_gemm_grid *g, int rank, int *i, int *j, int *l);

/**
 * Chooses which operand travels, panels and slabs, so that a laid out plan takes no more than so many bytes beside the
 * operands (0: no limit), and fills in memory and messages. Local.
 *
 * @return false if it cannot; plan->memory then says what would do
 */
bool tt_gemm_fit(const tt_gemm_shape *shape, const tartan_gemm_opts *opts, int64_t cap, tt_gemm_plan *plan);

/** Elements of each buffer of a run, the largest over ranks; 0: not needed. */
typedef struct tt_gemm_room {
  int64_t parts;       /**< of the ring: [2 if overlap][ring][slab * panel] */
  int64_t ring_copy;   /**< own part of the ring operand in one step, brought from its layout */
  int64_t panel;       /**< of the other operand: [2 if overlap][panel * ring * outer] */
  int64_t other_parts; /**< of the other operand's ring, of the same size */
  int64_t other_copy;  /**< own part of the other operand, whole */
  int64_t partial;     /**< partial product */
  int64_t result;      /**< own part of C in the product's layout */
} tt_gemm_room;

void tt_gemm_room_of(const tt_gemm_plan *plan, tt_gemm_room *room);

/** Whether the other operand is brought step by step instead of whole: nobody shares its inner indices. Local. */
bool tt_gemm_streams_other(const tt_gemm_plan *plan);

/**
 * Whether the other operand is multiplied where it lies: nobody else holds its inner indices, and those of each part
 * are neighbours there. Local.
 */
bool tt_gemm_reads_other(const tt_gemm_plan *plan);

/** The most pieces that a panel of the other operand is put together from. Local. */
int64_t tt_gemm_list_most(const tt_gemm_plan *plan);

#define TT_GEMM_PANEL_LEAST 256                 /* inner indices below which a local product loses speed */
#define TT_GEMM_STREAM_BYTES ((int64_t)4 << 20) /* of a panel that is brought from another layout: stays in the cache */
#define TT_GEMM_MOVE_BYTES ((int64_t)32 << 20)  /* for a change of layout */
#define TT_GEMM_TRIANGLE 256 /* local columns of C whose rows beyond the triangle are left out together */
#define TT_GEMM_PIECE 96     /* bytes of such a piece */
#define TT_GEMM_LISTS 1024   /* at least the bytes of lists for each rank of the grid */

/** The layout of the partial products of layer l. Local. @param[out] ranks [p1 p2] */
tt_layout tt_gemm_layer(const tt_gemm_grid *g, int l, int *ranks);

/** Steps of the changes of layout: ring operand, other operand, result, and the sum over layers. Local. */
typedef struct tt_gemm_moves {
  tt_step ring, other, result, layers;
} tt_gemm_moves;

void tt_gemm_moves_of(const tt_gemm_shape *shape, const tt_gemm_plan *plan, tt_gemm_moves *moves);

/**
 * Lays the product out on p1 x p2 x p3 ranks; the ranks are assigned so that most elements stay. Local, the same on
 * every rank.
 *
 * @param[in]  adopt  axes are taken from operands that lie on as many ranks already; else all are cut anew, evenly
 * @param[out] who   [3 p1 p2 p3], stays with g
 * @param[in]  work  [tt_gemm_grid_work(P)]
 */
void tt_gemm_grid_make(const tt_gemm_shape *shape, int p1, int p2, int p3, bool adopt, int *who, int64_t *work,
                       tt_gemm_grid *g);

int64_t tt_gemm_grid_work(int P);

/** Words of a layout's changes: operands to the product's layouts, C to its own. Local. */
int64_t tt_gemm_words_moved(const tt_gemm_shape *shape, const tt_gemm_grid *g, int64_t *work);

/** Words of the product itself, the largest over ranks of sent and received. Local. */
int64_t tt_gemm_words(const tt_gemm_grid *g);

/**
 * Chooses. Collective (the tightest budget counts).
 *
 * @param[out] plan  plan->g.who is the caller's: tt_free()
 * @retval TARTAN_ERR_ARG    options that cannot be
 * @retval TARTAN_ERR_NOMEM  no grid fits the budget; the message says what would
 */
tartan_status tt_gemm_plan_make(const tt_gemm_shape *shape, const tartan_gemm_opts *opts, tt_gemm_plan *plan);

/** A checked product. */
typedef struct tt_product {
  double               alpha, beta;
  tartan_op            op_a, op_b;
  const tartan_matrix *A, *B;
  tartan_matrix       *C;
} tt_product;

/** C := alpha op(A) op(B) + beta C by a plan. Collective. TARTAN_ERR_NOMEM leaves C unchanged. */
tartan_status tt_gemm_run(const tt_product *x, const tt_gemm_shape *shape, const tt_gemm_plan *plan);

/** The same by ScaLAPACK's p?gemm. Collective. */
tartan_status tt_gemm_pblas(const tt_product *x);

/** A triangle of a symmetric product by p?syrk. Collective. */
tartan_status tt_syrk_pblas(tartan_uplo uplo, tartan_op op, double alpha, const tartan_matrix *A, double beta,
                            tartan_matrix *C);

/** Triangle of C := beta C; zeros if beta == 0, whatever was there. Local. */
void tt_scale_triangle(tartan_uplo uplo, double beta, tartan_matrix *C);

/** Options as given, or the defaults. Local. */
void tt_gemm_settle(const tartan_gemm_opts *opts, tartan_gemm_opts *o);

/** TARTAN_ERR_ARG for options that cannot be. Local. */
tartan_status tt_gemm_check_options(const tartan_grid *grid, const tartan_gemm_opts *o);

/** Sets grid->rates.measured: the speed that local products have on the slowest rank; once for each grid. Collective. */
tartan_status tt_gemm_measure(tartan_grid *grid);

/** Seconds of a plan whose local products run at so many flops per second (f64). Local. */
double tt_gemm_seconds(const tt_gemm_shape *shape, const tt_gemm_plan *plan, double speed);

/** Bytes that a product may take on every rank: 0 for no limit. Collective. */
tartan_status tt_gemm_cap(const tt_gemm_shape *shape, const tartan_gemm_opts *opts, int64_t *cap);

/** Bytes that the check of a product takes on every rank. Local. */
int64_t tt_gemm_check_bytes(const tt_gemm_shape *shape);

/** The checks that two operands share: one grid, one type. Local. */
tartan_status tt_gemm_check_operand(const tartan_matrix *A, const tartan_matrix *C);

/** The layout of op(A). Local. */
tt_layout tt_gemm_layout_of(tartan_op op, const tartan_matrix *A);

#endif
