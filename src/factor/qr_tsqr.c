/*
 * TSQR (Demmel, Grigori, Hoemmen, Langou 2012): a Householder QR of each segment of rows, then of two triangles on top of
 * each other, up a binary tree; Q comes down the same tree and is multiplied out in the segments. Segments, tree and the
 * shapes of all LAPACK and BLAS calls depend on m and n alone, and these run on one thread: the same bits on any number
 * of ranks.
 *
 * A rank has neighbouring segments. Every rank walks the tree in the same order and takes part in its own nodes: a
 * triangle goes to the rank of the left child's first segment, an orthogonal block comes back. Nobody waits to send,
 * and all of a rank's segments are done before its first triangle from elsewhere is awaited. A zero row stays zero in
 * every reflection, so triangles of fewer than n rows are filled up with zeros.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ext/lapack.h"
#include "ext/vendor.h"
#include "factor/qr_impl.h"
#include "factor/qr_tree.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "matrix/transfer.h"

#define TRANSFER_BYTES (16LL << 20)

typedef struct climb {
  tt_qr         *x;
  tartan_grid   *grid;
  tartan_dtype   dtype;
  int64_t        m, n, w; /* w: bytes of an element */
  tt_qr_tree     tree;
  int64_t        begin, end; /* this rank's segments */
  tt_layout      to;
  tt_transfer    bring;
  tt_step        step;
  tartan_matrix *Q;
  char          *segment;   /* [rows, n] */
  char          *stack;     /* of [n, n]: triangles on the way up, blocks of Q on the way down */
  int64_t        top, room; /* of the stack */
  int64_t        sent;      /* blocks that wait at its end until they have gone */
  char          *leaf_tau;  /* [segments of this rank * n]; one without Q */
  char          *pair;      /* [2n, n] one merge after the other; one without Q */
  char          *pair_tau;  /* [n] each */
  char          *two;       /* [2n, n] */
  int64_t        merges;    /* done and kept */
  tt_messages    out, in;
  tartan_status  local; /* what failed on this rank; it goes on, for the others */
} climb;

/* ------------------------------------------------------------------------------------------------ making */

static void end_climb(climb *c)
{
  tt_messages_free(&c->in);
  tt_messages_free(&c->out);
  tt_free(c->two);
  tt_free(c->pair_tau);
  tt_free(c->pair);
  tt_free(c->leaf_tau);
  tt_free(c->stack);
  tt_free(c->segment);
  tt_transfer_free(&c->bring);
  tartan_matrix_destroy(&c->Q);
}

/* All memory but Q. Local. */
static tartan_status make_room(climb *c)
{
  const bool      want_q = c->x->want_q;
  const tt_layout from = tt_matrix_layout(c->x->A);
  const int64_t   n = c->n, mine = c->end - c->begin, kept = want_q ? mine + c->tree.levels : 1;
  const size_t    w = (size_t)c->w;
  tt_memory      *mem = &c->grid->memory;
  int             depth = 0;
  tartan_status   local = TARTAN_OK;

  while ((int64_t)1 << depth < mine + 1) depth++;
  c->room = 2 + 2 * (int64_t)depth + (mine > 0 ? 2 * c->tree.levels : 0);
  c->step = tt_transfer_plan(&from, &c->to, w, (tt_step){c->tree.rows, n}, TRANSFER_BYTES);
  c->segment = tt_alloc(mem, c->tree.rows * n, w, "a segment of rows", &local);
  c->stack = tt_alloc(mem, c->room * n * n, w, "the triangles of a QR tree", &local);
  c->leaf_tau = tt_alloc(mem, (want_q ? mine : 1) * n, w, "reflector factors", &local);
  c->pair = tt_alloc(mem, kept * 2 * n * n, w, "the merges of a QR tree", &local);
  c->pair_tau = tt_alloc(mem, kept * n, w, "reflector factors", &local);
  if (want_q) c->two = tt_alloc(mem, 2 * n * n, w, "a block of a QR tree", &local);
  if (local == TARTAN_OK) local = tt_messages_make(c->grid, 2 * c->tree.levels + 2, TT_TAG_RING, &c->out);
  if (local == TARTAN_OK) local = tt_messages_make(c->grid, 1, TT_TAG_RING, &c->in);
  if (local == TARTAN_OK) local = tt_transfer_make(TARTAN_NO_TRANS, c->x->A, &c->to, c->step, &c->bring);
  return local;
}

static tartan_status make(tt_qr *x, climb *c)
{
  const tartan_matrix *A = x->A;
  const int            P = A->grid->size;
  tartan_matrix_opts   opts;
  tartan_status        st = TARTAN_OK;

  *c = (climb){.x = x, .grid = A->grid, .dtype = A->dtype, .m = A->row.n, .n = A->col.n};
  c->w = (int64_t)tartan_dtype_size(A->dtype);
  c->tree = tt_qr_tree_plan(c->m, c->n, P);
  c->begin = tt_min(c->tree.count, A->grid->rank * c->tree.each);
  c->end = tt_min(c->tree.count, c->begin + c->tree.each);
  opts = tt_qr_rows(A, c->tree.each * c->tree.rows);
  c->to = tt_qr_layout(A, &opts);
  REQUIRE(c->n * c->n <= TT_MESSAGE_MAX / c->w, TARTAN_ERR_OVERFLOW,
          "a triangle of %lld columns is too large for a message of TSQR", (long long)c->n);
  AGREE(c->grid, make_room(c));
  if (x->want_q) TRY(tt_matrix_create_raw(c->grid, c->dtype, c->m, c->n, &opts, &c->Q));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ small things */

static void note(climb *c, tartan_status st)
{
  if (c->local == TARTAN_OK) c->local = st;
}

/* The k-th square of the stack. */
static char *square(const climb *c, int64_t k)
{
  return c->stack + k * c->n * c->n * c->w;
}

/* Upper triangle of a factored block [rows, n], with zeros below and beneath. */
static void take_triangle(const climb *c, const char *block, int64_t ld, int64_t rows, char *r)
{
  for (int64_t j = 0; j < c->n; j++) {
    const size_t used = (size_t)(tt_min(rows, j + 1) * c->w), all = (size_t)(c->n * c->w);

    memcpy(r + j * c->n * c->w, block + j * ld * c->w, used);
    memset(r + j * c->n * c->w + used, 0, all - used);
  }
}

static int64_t rows_of(const climb *c, int64_t segment)
{
  return tt_min(c->tree.rows, c->m - segment * c->tree.rows);
}

/* Where a segment lies in Q. */
static char *home(const climb *c, int64_t segment)
{
  return (char *)c->Q->data + (segment - c->begin) * c->tree.rows * c->w;
}

/* Starts or awaits a message of one square. */
static void send(climb *c, const char *buf, int64_t count, int to)
{
  note(c, tt_messages_send(&c->out, buf, count, (size_t)c->w, to));
}

static void receive(climb *c, char *buf, int64_t count, int from)
{
  note(c, tt_messages_recv(&c->in, buf, count, (size_t)c->w, from));
  note(c, tt_messages_wait(&c->in));
}

/* ------------------------------------------------------------------------------------------------ up */

/* The next segment of every rank arrives; those that have no more take part. Collective. */
static void bring(climb *c, int64_t k)
{
  const int64_t from = k * c->tree.rows;

  note(c, tt_transfer_range(&c->bring, c->step, from, from + c->tree.rows, 0, c->n, c->dtype, 0, c->segment,
                            c->tree.rows));
}

static void factor_segment(climb *c, int64_t segment)
{
  const int64_t k = segment - c->begin, rows = rows_of(c, segment), ld = c->tree.rows;
  char         *tau = c->leaf_tau + (c->Q ? k * c->n * c->w : 0);
  double        t;

  bring(c, k);
  t = tt_seconds();
  if (c->x->scale != 1) tt_scale_local(c->dtype, c->x->scale, c->segment, ld, rows, c->n);
  note(c, tt_geqrf(&c->grid->memory, c->dtype, rows, c->n, c->segment, ld, tau));
  take_triangle(c, c->segment, ld, rows, square(c, c->top++));
  if (c->Q) tt_copy_local(c->dtype, c->segment, ld, c->dtype, home(c, segment), c->Q->ld, rows, c->n);
  tt_grid_phase(c->grid, TARTAN_PHASE_COMPUTE, &t);
}

/* The two triangles on top of the stack become one. */
static void merge(climb *c)
{
  const int64_t n = c->n, k = c->Q ? c->merges++ : 0;
  char         *pair = c->pair + k * 2 * n * n * c->w;
  double        t = tt_seconds();

  tt_copy_local(c->dtype, square(c, c->top - 2), n, c->dtype, pair, 2 * n, n, n);
  tt_copy_local(c->dtype, square(c, c->top - 1), n, c->dtype, pair + n * c->w, 2 * n, n, n);
  note(c, tt_geqrf(&c->grid->memory, c->dtype, 2 * n, n, pair, 2 * n, c->pair_tau + k * n * c->w));
  c->top--;
  take_triangle(c, pair, 2 * n, n, square(c, c->top - 1));
  tt_grid_phase(c->grid, TARTAN_PHASE_COMPUTE, &t);
}

/* Leaves the triangle of a node on the stack of the rank of its first segment. */
static void go_up(climb *c, int level, int64_t index)
{
  const tt_qr_node node = tt_qr_tree_node(&c->tree, level, index);
  const int64_t    packed = c->n * (c->n + 1) / 2;
  const int        me = c->grid->rank;

  if (node.end <= c->begin || node.first >= c->end) return;
  if (level == 0) {
    factor_segment(c, node.first);
    return;
  }
  go_up(c, level - 1, 2 * index);
  go_up(c, level - 1, 2 * index + 1);
  if (node.second == node.end) return;
  if (me == node.left) {
    if (node.right != me) {
      receive(c, square(c, c->top), packed, node.right);
      tt_qr_unpack(c->dtype, c->n, square(c, c->top++));
    }
    merge(c);
  } else if (me == node.right) { /* it stays on the stack until it has gone */
    tt_qr_pack(c->dtype, c->n, square(c, c->top - 1));
    send(c, square(c, c->top - 1), packed, node.left);
  }
}

/* All triangles up to the root, which rank 0 has at the bottom of its stack. Collective. */
static tartan_status climb_up(climb *c)
{
  tartan_status st = TARTAN_OK;

  go_up(c, c->tree.levels, 0);
  for (int64_t k = c->end - c->begin; k < c->tree.each; k++) bring(c, k);
  note(c, tt_messages_wait(&c->out));
  AGREE(c->grid, c->local);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ down */

/* Q of a segment times the block on top of the stack, which goes. */
static void multiply_segment(climb *c, int64_t segment)
{
  const int64_t rows = rows_of(c, segment), r = tt_min(rows, c->n), ld = c->tree.rows;
  char         *q = home(c, segment);
  double        t = tt_seconds();

  tt_copy_local(c->dtype, q, c->Q->ld, c->dtype, c->segment, ld, rows, r);
  note(c, tt_orgqr(&c->grid->memory, c->dtype, rows, r, r, c->segment, ld,
                   c->leaf_tau + (segment - c->begin) * c->n * c->w));
  tt_gemm_local(c->dtype, TARTAN_NO_TRANS, TARTAN_NO_TRANS, rows, c->n, r, 1, c->segment, ld, square(c, c->top - 1),
                c->n, 0, q, c->Q->ld);
  c->top--;
  tt_grid_phase(c->grid, TARTAN_PHASE_COMPUTE, &t);
}

/* The block on top of the stack becomes the left child's, with the right child's above it or on its way. */
static void split(climb *c, const tt_qr_node *node)
{
  const int64_t n = c->n, k = --c->merges;
  const bool    away = node->right != c->grid->rank;
  char         *pair = c->pair + k * 2 * n * n * c->w, *left = square(c, c->top - 1);
  char         *right = away ? square(c, c->room - ++c->sent) : square(c, c->top++);
  double        t = tt_seconds();

  note(c, tt_orgqr(&c->grid->memory, c->dtype, 2 * n, n, n, pair, 2 * n, c->pair_tau + k * n * c->w));
  tt_gemm_local(c->dtype, TARTAN_NO_TRANS, TARTAN_NO_TRANS, 2 * n, n, n, 1, pair, 2 * n, left, n, 0, c->two, 2 * n);
  tt_copy_local(c->dtype, c->two, 2 * n, c->dtype, left, n, n, n);
  tt_copy_local(c->dtype, c->two + n * c->w, 2 * n, c->dtype, right, n, n, n);
  tt_grid_phase(c->grid, TARTAN_PHASE_COMPUTE, &t);
  if (away) send(c, right, n * n, node->right);
}

/* Takes the block of a node from the stack of the rank of its first segment, in the opposite order of go_up(). */
static void go_down(climb *c, int level, int64_t index)
{
  const tt_qr_node node = tt_qr_tree_node(&c->tree, level, index);
  const int        me = c->grid->rank;

  if (node.end <= c->begin || node.first >= c->end) return;
  if (level == 0) {
    multiply_segment(c, node.first);
    return;
  }
  if (node.second < node.end) {
    if (me == node.left)
      split(c, &node);
    else if (me == node.right)
      receive(c, square(c, c->top++), c->n * c->n, node.left);
  }
  go_down(c, level - 1, 2 * index + 1);
  go_down(c, level - 1, 2 * index);
}

/* Q from the signs of R's diagonal at the root. Collective. */
static tartan_status climb_down(climb *c, const double *sign)
{
  tartan_status st = TARTAN_OK;

  c->top = 0;
  if (c->grid->rank == 0) {
    char *root = square(c, c->top++);

    tt_set_local(c->dtype, 0, root, c->n, c->n, c->n);
    for (int64_t i = 0; i < c->n; i++) tt_put_element(c->dtype, sign[i], root, c->n, i, i);
  }
  go_down(c, c->tree.levels, 0);
  note(c, tt_messages_wait(&c->out));
  AGREE(c->grid, c->local);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ all */

/* Gives the root's triangle a diagonal that is not negative. On rank 0. */
static void fix_signs(climb *c, double *sign)
{
  char *r = square(c, 0);

  for (int64_t i = 0; i < c->n; i++) {
    sign[i] = tt_get_element(c->dtype, r, c->n, i, i) < 0 ? -1 : 1;
    if (sign[i] < 0) tt_scale_local(c->dtype, -1, r + (i + i * c->n) * c->w, c->n, 1, c->n - i);
  }
}

static tartan_status run(climb *c)
{
  const double  n = (double)c->n, rows = (double)((c->end - c->begin) * c->tree.rows);
  tt_qr        *x = c->x;
  double       *sign = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  sign = tt_alloc(&c->grid->memory, c->n, sizeof *sign, "signs", &local);
  AGREE(c->grid, local);
  TRY(climb_up(c));
  if (c->grid->rank == 0) {
    fix_signs(c, sign);
    x->condition = tt_qr_condition(c->dtype, c->n, square(c, 0),
                                   c->pair + (c->Q ? c->merges * 2 * c->n * c->n * c->w : 0));
  }
  TRY(tt_bcast(c->grid, &x->condition, 1, sizeof x->condition, 0));
  TRY(tt_qr_put_r(x, square(c, 0)));
  if (c->Q) TRY(climb_down(c, sign));
  c->grid->counters.flops += (c->Q ? 6 : 2) * rows * n * n;
done:
  tt_free(sign);
  return st;
}

tartan_status tt_qr_tsqr(tt_qr *x)
{
  climb         c = {0};
  int           threads;
  tartan_status st = TARTAN_OK;

  snprintf(x->method, sizeof x->method, "TSQR");
  TRY(make(x, &c));
  threads = tt_blas_set_threads(1);
  st = run(&c);
  if (threads > 0) tt_blas_set_threads(threads);
  if (st != TARTAN_OK) goto done;
  x->Q = c.Q;
  c.Q = NULL;
done:
  end_climb(&c);
  return st;
}
