/*
 * Copying between any two layouts.
 *
 * Both layouts are products of a row axis and a column axis, so what rank (pa, qa) of A sends to rank (pb, qb) of B is
 * (rows that pa and pb share) x (columns that qa and qb share). Those row runs are listed once; columns are walked in
 * steps that bound the workspace. A message holds its part of B column by column, rows ascending, in the element type
 * of A: the receiver's order, so only a transposing sender reads with a stride. Each element is sent at most once, and
 * not at all where its owner stays.
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/convert.h"
#include "kernel/dense.h"
#include "matrix/matrix.h"

#define STEP_BYTES ((int64_t)64 << 20)

/* A stretch of indices that is contiguous in both local memories. */
typedef struct piece {
  int64_t a, b, length; /* local index in A, in B, and how many */
} piece;

/* The pieces along one axis that a process shares with each process of the other layout, grouped by it. */
typedef struct piece_list {
  piece   *at;
  int64_t *group; /* [procs + 1]: pieces of process p are group[p] .. group[p + 1] - 1 */
  int64_t *width; /* [procs]: indices of group p together */
} piece_list;

static void piece_list_free(piece_list *list)
{
  tt_free(list->width);
  tt_free(list->group);
  tt_free(list->at);
  memset(list, 0, sizeof *list);
}

/* What a walk is for: the number of pieces, the number in each group, or the pieces themselves. */
typedef enum walk_for { COUNT_ALL, COUNT_GROUPS, STORE } walk_for;

/*
 * Walks window indices from .. to of two axes in common runs, and returns how many belong to process `mine` of one axis;
 * the list is not touched to count all.
 */
static int64_t walk(const tt_axis *a, const tt_axis *b, int64_t from, int64_t to, bool mine_is_a, int mine,
                    piece_list *list, walk_for what)
{
  tt_run  ra = {.first = from}, rb = {.first = from};
  int64_t end, count = 0;

  for (int64_t i = from; i < to && mine >= 0; i = end) {
    if (i >= ra.first + ra.length) tt_axis_run(a, i, &ra);
    if (i >= rb.first + rb.length) tt_axis_run(b, i, &rb);
    end = tt_min(to, tt_min(ra.first + ra.length, rb.first + rb.length));
    if ((mine_is_a ? ra.owner : rb.owner) == mine) {
      const int other = mine_is_a ? rb.owner : ra.owner;

      count++;
      if (what == COUNT_GROUPS) list->group[other + 1]++;
      if (what == STORE) {
        const piece p = {ra.local + i - ra.first, rb.local + i - rb.first, end - i};

        list->at[list->group[other]++] = p;
        list->width[other] += end - i;
      }
    }
  }
  return count;
}

/* Room for lists of at most `most` pieces. Local. */
static tartan_status piece_list_make(tt_memory *mem, int procs, int64_t most, piece_list *list)
{
  tartan_status local = TARTAN_OK;

  list->group = tt_alloc_zero(mem, procs + 1, sizeof *list->group, "the plan of a copy", &local);
  list->width = tt_alloc_zero(mem, procs, sizeof *list->width, "the plan of a copy", &local);
  list->at = tt_alloc(mem, most, sizeof *list->at, "the plan of a copy", &local);
  return local;
}

/* Lists the pieces of indices from .. to that process `mine` of one axis shares with each of the other. Local. */
static void piece_list_fill(const tt_axis *a, const tt_axis *b, int64_t from, int64_t to, bool mine_is_a, int mine,
                            piece_list *list)
{
  const int procs = mine_is_a ? b->procs : a->procs;

  memset(list->group, 0, (size_t)(procs + 1) * sizeof *list->group);
  memset(list->width, 0, (size_t)procs * sizeof *list->width);
  walk(a, b, from, to, mine_is_a, mine, list, COUNT_GROUPS);
  for (int p = 0; p < procs; p++) list->group[p + 1] += list->group[p];
  walk(a, b, from, to, mine_is_a, mine, list, STORE);
  for (int p = procs; p > 0; p--) list->group[p] = list->group[p - 1]; /* storing moved each start to its end */
  list->group[0] = 0;
}

/* One side of a copy: this rank as sender (A) or as receiver (B), against the arrangement of the other side. */
typedef struct side {
  piece_list rows, cols;
  int        p, q;          /* arrangement of the other side */
  bool       swap;          /* the other side's ranks are those of a transposed matrix: rows run along its pcol */
  int64_t   *count, *start; /* [P] elements per rank, and where they begin in the buffer */
  char      *buffer;
} side;

static void side_free(side *s)
{
  tt_free(s->buffer);
  tt_free(s->start);
  tt_free(s->count);
  piece_list_free(&s->cols);
  piece_list_free(&s->rows);
}

/* The rank of the other side that row group r and column group c belong to. */
static int side_rank(const side *s, int r, int c)
{
  return s->swap ? c * s->q + r : r * s->q + c;
}

/* Fills count and start for the columns that are listed; returns the number of elements. */
static int64_t side_counts(side *s, int size)
{
  const int rows = s->swap ? s->q : s->p, cols = s->swap ? s->p : s->q;
  int64_t   total = 0;

  memset(s->count, 0, (size_t)size * sizeof *s->count);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < cols; c++) s->count[side_rank(s, r, c)] = s->rows.width[r] * s->cols.width[c];
  for (int k = 0; k < size; k++) {
    s->start[k] = total;
    total += s->count[k];
  }
  return total;
}

/* Copies one rectangle between A's memory and a message: message is column-major with leading dimension ld. */
static void pack_piece(tartan_op op, const tartan_matrix *A, const piece *r, const piece *c, char *message, int64_t ld)
{
  const int64_t w = (int64_t)tartan_dtype_size(A->dtype);

  if (op == TARTAN_NO_TRANS)
    tt_copy_local(A->dtype, (char *)A->data + (r->a + c->a * A->ld) * w, A->ld, A->dtype, message, ld, r->length,
                  c->length);
  else
    tt_transpose_local(A->dtype, (char *)A->data + (c->a + r->a * A->ld) * w, A->ld, message, ld, r->length, c->length);
}

static void unpack_piece(tartan_dtype from, tartan_matrix *B, const piece *r, const piece *c, const char *message,
                         int64_t ld)
{
  const int64_t w = (int64_t)tartan_dtype_size(B->dtype);

  tt_copy_local(from, message, ld, B->dtype, (char *)B->data + (r->b + c->b * B->ld) * w, B->ld, r->length, c->length);
}

/* Moves every listed rectangle of one side between memory and buffer; A == NULL: unpacks into B. */
static void side_move(side *s, tartan_op op, const tartan_matrix *A, tartan_dtype type, tartan_matrix *B)
{
  const int     rows = s->swap ? s->q : s->p, cols = s->swap ? s->p : s->q;
  const int64_t w = (int64_t)tartan_dtype_size(type);

  for (int r = 0; r < rows; r++) {
    for (int c = 0; c < cols; c++) {
      char   *message = s->buffer + s->start[side_rank(s, r, c)] * w;
      int64_t y = 0;

      for (int64_t jc = s->cols.group[c]; jc < s->cols.group[c + 1]; jc++) {
        int64_t x = 0;

        for (int64_t ir = s->rows.group[r]; ir < s->rows.group[r + 1]; ir++) {
          char *here = message + (x + y * s->rows.width[r]) * w;

          if (A)
            pack_piece(op, A, &s->rows.at[ir], &s->cols.at[jc], here, s->rows.width[r]);
          else
            unpack_piece(type, B, &s->rows.at[ir], &s->cols.at[jc], here, s->rows.width[r]);
          x += s->rows.at[ir].length;
        }
        y += s->cols.at[jc].length;
      }
    }
  }
}

/* The whole plan of a copy. */
typedef struct copy_plan {
  tt_axis arow, acol; /* axes of op(A) */
  int     pa, qa;     /* this rank's place along them, -1 outside */
  int64_t step;       /* columns of B at a time */
  side    send, recv;
} copy_plan;

/* Everything that can fail, with packed pieces of about so many bytes in a step. Local. */
static tartan_status plan_make(tartan_op op, const tartan_matrix *A, const tartan_matrix *B, int64_t bytes,
                               copy_plan *plan)
{
  const bool    swap = op == TARTAN_TRANS;
  tt_memory    *mem = &B->grid->memory;
  const int     P = B->grid->size;
  const int64_t width = (int64_t)tartan_dtype_size(A->dtype);
  int64_t       tallest, most;
  tartan_status local = TARTAN_OK;

  memset(plan, 0, sizeof *plan);
  plan->arow = swap ? A->col : A->row;
  plan->acol = swap ? A->row : A->col;
  plan->pa = swap ? A->pcol : A->prow;
  plan->qa = swap ? A->prow : A->pcol;
  plan->send.p = B->p;
  plan->send.q = B->q;
  plan->recv.p = A->p;
  plan->recv.q = A->q;
  plan->recv.swap = swap;
  tallest = tt_max(tt_axis_largest(&plan->arow), tt_axis_largest(&B->row));
  plan->step = tt_max(1, bytes / (2 * width * tt_max(1, tallest)));

  most = tt_min(plan->step, B->col.n);
  local = piece_list_make(mem, B->p, walk(&plan->arow, &B->row, 0, B->row.n, true, plan->pa, NULL, COUNT_ALL),
                          &plan->send.rows);
  if (local == TARTAN_OK)
    local = piece_list_make(mem, plan->arow.procs,
                            walk(&plan->arow, &B->row, 0, B->row.n, false, B->prow, NULL, COUNT_ALL), &plan->recv.rows);
  if (local == TARTAN_OK) local = piece_list_make(mem, B->q, most, &plan->send.cols);
  if (local == TARTAN_OK) local = piece_list_make(mem, plan->acol.procs, most, &plan->recv.cols);
  plan->send.count = tt_alloc(mem, P, sizeof(int64_t), "the plan of a copy", &local);
  plan->send.start = tt_alloc(mem, P, sizeof(int64_t), "the plan of a copy", &local);
  plan->recv.count = tt_alloc(mem, P, sizeof(int64_t), "the plan of a copy", &local);
  plan->recv.start = tt_alloc(mem, P, sizeof(int64_t), "the plan of a copy", &local);
  plan->send.buffer = tt_alloc(mem, most * tt_axis_largest(&plan->arow), (size_t)width, "the packed pieces of a copy",
                               &local);
  plan->recv.buffer = tt_alloc(mem, most * tt_axis_largest(&B->row), (size_t)width, "the packed pieces of a copy",
                               &local);
  if (local == TARTAN_OK) {
    piece_list_fill(&plan->arow, &B->row, 0, B->row.n, true, plan->pa, &plan->send.rows);
    piece_list_fill(&plan->arow, &B->row, 0, B->row.n, false, B->prow, &plan->recv.rows);
  }
  return local;
}

/* Columns from .. to of B. Collective. Nothing but MPI can fail any more. */
static tartan_status copy_step(tartan_op op, const tartan_matrix *A, tartan_matrix *B, copy_plan *plan, int64_t from,
                               int64_t to)
{
  tartan_grid  *grid = B->grid;
  int64_t       sent, received;
  tartan_status st = TARTAN_OK;

  piece_list_fill(&plan->acol, &B->col, from, to, true, plan->qa, &plan->send.cols);
  piece_list_fill(&plan->acol, &B->col, from, to, false, B->pcol, &plan->recv.cols);
  sent = side_counts(&plan->send, grid->size) - plan->send.count[grid->rank];
  received = side_counts(&plan->recv, grid->size) - plan->recv.count[grid->rank];
  side_move(&plan->send, op, A, A->dtype, NULL);
  TRY(tt_alltoallv(grid, plan->send.buffer, plan->send.count, plan->send.start, plan->recv.buffer, plan->recv.count,
                   plan->recv.start, tartan_dtype_size(A->dtype)));
  grid->counters.layout_sent += sent;
  grid->counters.layout_received += received;
  side_move(&plan->recv, op, NULL, A->dtype, B);
done:
  return st;
}

/* Bytes for packed pieces: no more than half of what the tightest budget leaves. Collective. */
static tartan_status step_bytes(tartan_grid *grid, int64_t *bytes)
{
  const tt_memory *mem = &grid->memory;
  tartan_status    st = TARTAN_OK;

  *bytes = mem->limit > 0 ? tt_min(STEP_BYTES, (mem->limit - mem->used) / 2) : STEP_BYTES;
  TRY(tt_agree_least(grid, bytes));
done:
  return st;
}

tartan_status tartan_matrix_copy(tartan_op op, const tartan_matrix *A, tartan_matrix *B)
{
  const int64_t m = op == TARTAN_TRANS ? A->col.n : A->row.n, n = op == TARTAN_TRANS ? A->row.n : A->col.n;
  copy_plan     plan;
  int64_t       bytes = 0;
  tartan_status st = TARTAN_OK;

  memset(&plan, 0, sizeof plan);
  REQUIRE(A->grid == B->grid, TARTAN_ERR_GRID, "a copy between matrices of two grids");
  REQUIRE(m == B->row.n && n == B->col.n, TARTAN_ERR_SHAPE, "a copy of %lld x %lld into %lld x %lld", (long long)m,
          (long long)n, (long long)B->row.n, (long long)B->col.n);
  TRY(step_bytes(B->grid, &bytes));
  AGREE(B->grid,
        plan_make(op, A, B, bytes, &plan)); /* all memory is taken here, so B is changed wholly or not at all */
  for (int64_t j = 0; j < n; j += plan.step) TRY(copy_step(op, A, B, &plan, j, tt_min(n, j + plan.step)));
done:
  side_free(&plan.recv);
  side_free(&plan.send);
  return st;
}

tartan_status tt_matrix_clone(tartan_op op, const tartan_matrix *A, tartan_dtype dtype, const tartan_matrix_opts *opts,
                              tartan_matrix **B)
{
  const bool    swap = op == TARTAN_TRANS;
  tartan_status st = TARTAN_OK;

  TRY(tt_matrix_create_raw(A->grid, dtype, swap ? A->col.n : A->row.n, swap ? A->row.n : A->col.n, opts, B));
  st = tartan_matrix_copy(op, A, *B);
  if (st != TARTAN_OK) tartan_matrix_destroy(B);
done:
  return st;
}
