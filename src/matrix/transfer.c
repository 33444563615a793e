/*
 * Both layouts are products of a row axis and a column axis, so what rank (fr, fc) sends to rank (tr, tc) is (rows that
 * both own) x (columns that both own). A message holds its part column by column of the new layout, rows ascending: the
 * receiver's order, so only a transposing sender reads with a stride. What stays on its rank is copied once, from memory
 * to memory.
 */
#include "matrix/transfer.h"

#include <string.h>

#include "base/util.h"
#include "kernel/combine.h"
#include "kernel/dense.h"

/* ------------------------------------------------------------------------------------------------ pieces */

/*
 * Visits local indices l0 .. l1 - 1 of process `proc` of the new axis in runs that have one owner in the old one. Pieces
 * of old process `mine` (-1: of every) are counted in their group, or stored there. The group is `proc` for a sender, who
 * looks at one new process after another, the old owner for a receiver.
 */
static void visit(const tt_axis *from, const tt_axis *to, int proc, int64_t l0, int64_t l1, int mine, bool store,
                  tt_pieces *list)
{
  tt_run run_to, run_from = {.first = 0, .length = 0};

  for (int64_t l = l0; l < l1;) {
    int64_t i = tt_axis_global(to, proc, l), end;

    tt_axis_run(to, i, &run_to);
    for (end = i + tt_min(run_to.length, l1 - l); i < end;) {
      int64_t length;

      if (i >= run_from.first + run_from.length || i < run_from.first) tt_axis_run(from, i, &run_from);
      length = tt_min(end, run_from.first + run_from.length) - i;
      if (mine < 0 || run_from.owner == mine) {
        const int      group = mine < 0 ? run_from.owner : proc;
        const tt_piece p = {run_from.local + i - run_from.first, l - l0, length};

        if (store) {
          list->at[list->group[group]++] = p;
          list->width[group] += length;
        } else {
          list->group[group + 1]++;
        }
      }
      i += length;
      l += length;
    }
  }
}

/* Lists local range r0 .. r1 of the new axis: as sender `mine` to all its processes, or as its process `proc`. */
static void pieces_fill(const tt_axis *from, const tt_axis *to, int64_t r0, int64_t r1, bool sender, int self,
                        tt_pieces *list)
{
  const int groups = sender ? to->procs : from->procs;

  if (list->from == r0 && list->to == r1) return;
  list->from = r0;
  list->to = r1;
  memset(list->group, 0, (size_t)(groups + 1) * sizeof *list->group);
  memset(list->width, 0, (size_t)groups * sizeof *list->width);
  for (int store = 0; store <= 1 && self >= 0; store++) {
    for (int p = sender ? 0 : self; p < (sender ? to->procs : self + 1); p++) {
      const int64_t count = tt_axis_count(to, p);

      visit(from, to, p, tt_min(r0, count), tt_min(r1, count), sender ? self : -1, store != 0, list);
    }
    if (store == 0)
      for (int g = 0; g < groups; g++) list->group[g + 1] += list->group[g];
  }
  for (int g = groups; g > 0; g--) list->group[g] = list->group[g - 1]; /* storing moved each start to its end */
  list->group[0] = 0;
}

/* An upper bound of the pieces of a step of so many local indices of each new process, for a sender or a receiver. */
static int64_t pieces_most(const tt_axis *from, const tt_axis *to, bool sender, int64_t step)
{
  const int64_t runs = tt_axis_runs(from) + tt_axis_runs(to) + to->procs;
  int64_t       wide = 0;

  if (!tt_mul(step, sender ? to->procs : 1, &wide)) wide = from->n;
  return tt_min(runs, tt_min(wide, sender ? tt_axis_largest(from) : tt_axis_largest(to)));
}

static tartan_status pieces_make(tt_memory *mem, const tt_axis *from, const tt_axis *to, bool sender, int64_t step,
                                 tt_pieces *list)
{
  const int     groups = sender ? to->procs : from->procs;
  tartan_status local = TARTAN_OK;

  list->from = list->to = -1;
  list->capacity = pieces_most(from, to, sender, step);
  list->at = tt_alloc(mem, list->capacity, sizeof *list->at, "the plan of a copy", &local);
  list->group = tt_alloc(mem, groups + 1, sizeof *list->group, "the plan of a copy", &local);
  list->width = tt_alloc(mem, groups, sizeof *list->width, "the plan of a copy", &local);
  return local;
}

static void pieces_free(tt_pieces *list)
{
  tt_free(list->width);
  tt_free(list->group);
  tt_free(list->at);
  memset(list, 0, sizeof *list);
}

/* ------------------------------------------------------------------------------------------------ plan */

/* Elements that a rank can send in one step, and receive; without those that stay, they are fewer. */
static void step_elements(const tt_layout *from, const tt_layout *to, tt_step step, int64_t *out, int64_t *in)
{
  int64_t rows = 0, cols = 0;

  tt_mul(step.rows, to->row.procs, &rows); /* INT64_MAX beyond 64 bits: then the other is the smaller */
  tt_mul(step.cols, to->col.procs, &cols);
  *out = tt_min(rows, tt_axis_largest(&from->row)) * tt_min(cols, tt_axis_largest(&from->col));
  *in = tt_min(step.rows, tt_axis_largest(&to->row)) * tt_min(step.cols, tt_axis_largest(&to->col));
}

int64_t tt_transfer_bytes_in(const tt_layout *from, const tt_layout *to, size_t size, tt_step step)
{
  const int64_t groups = 2 * (int64_t)(from->row.procs + from->col.procs + to->row.procs + to->col.procs) + 4;
  const int64_t messages = (int64_t)from->row.procs * from->col.procs + (int64_t)to->row.procs * to->col.procs;
  int64_t       out, in, pieces;

  step_elements(from, to, step, &out, &in);
  pieces = pieces_most(&from->row, &to->row, true, step.rows) + pieces_most(&from->col, &to->col, true, step.cols) +
           pieces_most(&from->row, &to->row, false, step.rows) + pieces_most(&from->col, &to->col, false, step.cols);
  return in * (int64_t)size + pieces * (int64_t)sizeof(tt_piece) + groups * 8 + messages * (int64_t)sizeof(MPI_Request);
}

int64_t tt_transfer_bytes(const tt_layout *from, const tt_layout *to, size_t size, tt_step step)
{
  int64_t out, in;

  step_elements(from, to, step, &out, &in);
  return tt_transfer_bytes_in(from, to, size, step) + out * (int64_t)size;
}

int64_t tt_transfer_messages(const tt_layout *to, tt_step step)
{
  const int64_t rows = tt_axis_largest(&to->row), cols = tt_axis_largest(&to->col);

  return tt_ceil_div(rows, step.rows) * tt_ceil_div(cols, step.cols) * to->row.procs * to->col.procs;
}

tt_step tt_transfer_plan(const tt_layout *from, const tt_layout *to, size_t size, tt_step most, int64_t bytes)
{
  tt_step step = {tt_max(1, tt_min(most.rows, tt_axis_largest(&to->row))),
                  tt_max(1, tt_min(most.cols, tt_axis_largest(&to->col)))};

  while (step.cols > 1 && tt_transfer_bytes(from, to, size, step) > bytes) step.cols = (step.cols + 1) / 2;
  while (step.rows > 1 && tt_transfer_bytes(from, to, size, step) > bytes) step.rows = (step.rows + 1) / 2;
  return step;
}

tartan_status tt_transfer_make(tartan_op op, const tartan_matrix *A, const tt_layout *to, tt_step step, tt_transfer *t)
{
  const tt_layout own = tt_matrix_layout(A);
  tt_memory      *mem = &A->grid->memory;
  const size_t    size = tartan_dtype_size(A->dtype);
  tartan_status   local;

  memset(t, 0, sizeof *t);
  t->grid = A->grid;
  t->transposed = op == TARTAN_TRANS;
  t->from = t->transposed ? tt_layout_turn(&own) : own;
  t->to = *to;
  t->dtype = A->dtype;
  t->data = A->data;
  t->ld = A->ld;
  tt_layout_place(&t->from, A->grid->rank, &t->fr, &t->fc);
  tt_layout_place(&t->to, A->grid->rank, &t->tr, &t->tc);
  step_elements(&t->from, to, step, &t->send_room, &t->recv_room);
  if (t->fr < 0) t->send_room = 0;
  if (t->tr < 0) t->recv_room = 0;
  local = pieces_make(mem, &t->from.row, &to->row, true, step.rows, &t->out_rows);
  if (local == TARTAN_OK) local = pieces_make(mem, &t->from.col, &to->col, true, step.cols, &t->out_cols);
  if (local == TARTAN_OK) local = pieces_make(mem, &t->from.row, &to->row, false, step.rows, &t->in_rows);
  if (local == TARTAN_OK) local = pieces_make(mem, &t->from.col, &to->col, false, step.cols, &t->in_cols);
  if (local == TARTAN_OK)
    local = tt_messages_make(A->grid, t->from.row.procs * t->from.col.procs + to->row.procs * to->col.procs,
                             TT_TAG_COPY, &t->messages);
  t->send = tt_alloc(mem, t->send_room, size, "the packed pieces of a copy", &local);
  t->recv = tt_alloc(mem, t->recv_room, size, "the packed pieces of a copy", &local);
  return local;
}

void tt_transfer_free(tt_transfer *t)
{
  tt_free(t->recv);
  tt_free(t->send);
  tt_messages_free(&t->messages);
  pieces_free(&t->in_cols);
  pieces_free(&t->in_rows);
  pieces_free(&t->out_cols);
  pieces_free(&t->out_rows);
}

/* ------------------------------------------------------------------------------------------------ moving */

/* One rectangle from the source to a place with leading dimension ld, in the new layout's order. */
static void pack(const tt_transfer *t, const tt_piece *r, const tt_piece *c, char *to, int64_t ld)
{
  const int64_t w = (int64_t)tartan_dtype_size(t->dtype);

  if (t->transposed)
    tt_transpose_local(t->dtype, t->data + (c->a + r->a * t->ld) * w, t->ld, to, ld, r->length, c->length);
  else
    tt_copy_local(t->dtype, t->data + (r->a + c->a * t->ld) * w, t->ld, t->dtype, to, ld, r->length, c->length);
}

/* What goes to one place of the new layout, packed. */
static void pack_group(const tt_transfer *t, int r, int c, char *message)
{
  const int64_t w = (int64_t)tartan_dtype_size(t->dtype), ld = t->out_rows.width[r];
  int64_t       y = 0;

  for (int64_t jc = t->out_cols.group[c]; jc < t->out_cols.group[c + 1]; jc++) {
    int64_t x = 0;

    for (int64_t ir = t->out_rows.group[r]; ir < t->out_rows.group[r + 1]; ir++) {
      pack(t, &t->out_rows.at[ir], &t->out_cols.at[jc], message + (x + y * ld) * w, ld);
      x += t->out_rows.at[ir].length;
    }
    y += t->out_cols.at[jc].length;
  }
}

/* Rounds or adds one rectangle into dst. */
static void put(tartan_dtype from, const char *src, int64_t lds, tartan_dtype dtype, double beta, char *dst, int64_t ld,
                int64_t m, int64_t n)
{
  if (beta == 0)
    tt_copy_local(from, src, lds, dtype, dst, ld, m, n);
  else
    tt_combine_local(dtype, src, lds, beta, dst, ld, m, n);
}

/* What came from one place of the old layout, into dst. */
static void unpack_group(const tt_transfer *t, int r, int c, const char *message, tartan_dtype dtype, double beta,
                         char *dst, int64_t ld)
{
  const int64_t from = (int64_t)tartan_dtype_size(t->dtype), w = (int64_t)tartan_dtype_size(dtype);
  const int64_t height = t->in_rows.width[r];
  int64_t       y = 0;

  for (int64_t jc = t->in_cols.group[c]; jc < t->in_cols.group[c + 1]; jc++) {
    const tt_piece *pc = &t->in_cols.at[jc];
    int64_t         x = 0;

    for (int64_t ir = t->in_rows.group[r]; ir < t->in_rows.group[r + 1]; ir++) {
      const tt_piece *pr = &t->in_rows.at[ir];

      put(t->dtype, message + (x + y * height) * from, height, dtype, beta, dst + (pr->b + pc->b * ld) * w, ld,
          pr->length, pc->length);
      x += pr->length;
    }
    y += pc->length;
  }
}

/* What stays on this rank: straight from memory to memory, unless it has to be turned and rounded or added too. */
static void keep(const tt_transfer *t, tartan_dtype dtype, double beta, char *dst, int64_t ld)
{
  const int64_t from = (int64_t)tartan_dtype_size(t->dtype), w = (int64_t)tartan_dtype_size(dtype);
  const bool    direct = !t->transposed || (dtype == t->dtype && beta == 0);

  if (t->fr < 0 || t->tr < 0) return;
  for (int64_t jc = t->in_cols.group[t->fc]; jc < t->in_cols.group[t->fc + 1]; jc++) {
    const tt_piece *pc = &t->in_cols.at[jc];

    for (int64_t ir = t->in_rows.group[t->fr]; ir < t->in_rows.group[t->fr + 1]; ir++) {
      const tt_piece *pr = &t->in_rows.at[ir];
      char           *to = dst + (pr->b + pc->b * ld) * w;

      if (!direct) {
        pack(t, pr, pc, t->recv, pr->length); /* the messages have been read by now */
        put(t->dtype, t->recv, pr->length, dtype, beta, to, ld, pr->length, pc->length);
      } else if (t->transposed) {
        pack(t, pr, pc, to, ld);
      } else {
        put(t->dtype, t->data + (pr->a + pc->a * t->ld) * from, t->ld, dtype, beta, to, ld, pr->length, pc->length);
      }
    }
  }
}

/* Visits the places that send to this rank (receives) or that it sends to, in turn from its own on. */
static tartan_status post(tt_transfer *t, bool receives)
{
  const tt_layout *other = receives ? &t->from : &t->to;
  const tt_pieces *rows = receives ? &t->in_rows : &t->out_rows, *cols = receives ? &t->in_cols : &t->out_cols;
  const int        p = other->row.procs, q = other->col.procs, me = t->grid->rank;
  const size_t     size = tartan_dtype_size(t->dtype);
  tt_counters     *counters = &t->grid->counters;
  int64_t          at = 0;
  tartan_status    st = TARTAN_OK;

  for (int k = 0; k < p * q; k++) {
    const int     place = (k + me + 1) % (p * q), r = place / q, c = place % q, rank = tt_layout_rank(other, r, c);
    const int64_t count = rows->width[r] * cols->width[c];
    char         *message = (receives ? t->recv : t->send) + at * (int64_t)size;

    if (rank == me || count == 0) continue;
    if (receives) {
      TRY(tt_messages_recv(&t->messages, message, count, size, rank));
      counters->layout_received += t->product ? 0 : count;
    } else {
      pack_group(t, r, c, message);
      TRY(tt_messages_send(&t->messages, message, count, size, rank));
      counters->layout_sent += t->product ? 0 : count;
    }
    at += count;
  }
done:
  return st;
}

tartan_status tt_transfer_start(tt_transfer *t, int64_t r0, int64_t r1, int64_t c0, int64_t c1)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_require_alive(t->grid));
  pieces_fill(&t->from.row, &t->to.row, r0, r1, true, t->fr, &t->out_rows);
  pieces_fill(&t->from.col, &t->to.col, c0, c1, true, t->fc, &t->out_cols);
  pieces_fill(&t->from.row, &t->to.row, r0, r1, false, t->tr, &t->in_rows);
  pieces_fill(&t->from.col, &t->to.col, c0, c1, false, t->tc, &t->in_cols);
  TRY(post(t, true));
  TRY(post(t, false));
done:
  return st;
}

tartan_status tt_transfer_finish(tt_transfer *t, tartan_dtype dtype, double beta, void *dst, int64_t ld)
{
  const int     p = t->from.row.procs, q = t->from.col.procs, me = t->grid->rank;
  const int64_t w = (int64_t)tartan_dtype_size(t->dtype);
  int64_t       at = 0;
  tartan_status st = TARTAN_OK;

  TRY(tt_messages_wait(&t->messages));
  for (int k = 0; k < p * q; k++) {
    const int     place = (k + me + 1) % (p * q), r = place / q, c = place % q;
    const int64_t count = t->in_rows.width[r] * t->in_cols.width[c];

    if (tt_layout_rank(&t->from, r, c) == me || count == 0) continue;
    unpack_group(t, r, c, t->recv + at * w, dtype, beta, dst, ld);
    at += count;
  }
  keep(t, dtype, beta, dst, ld);
done:
  return st;
}

tartan_status tt_transfer_range(tt_transfer *t, tt_step step, int64_t r0, int64_t r1, int64_t c0, int64_t c1,
                                tartan_dtype dtype, double beta, void *dst, int64_t ld)
{
  const int64_t w = (int64_t)tartan_dtype_size(dtype);
  tartan_status st = TARTAN_OK;

  for (int64_t c = c0; c < c1; c += step.cols) {
    for (int64_t r = r0; r < r1; r += step.rows) {
      TRY(tt_transfer_start(t, r, tt_min(r1, r + step.rows), c, tt_min(c1, c + step.cols)));
      TRY(tt_transfer_finish(t, dtype, beta, (char *)dst + (r - r0 + (c - c0) * ld) * w, ld));
    }
  }
done:
  return st;
}

tartan_status tt_transfer_all(tt_transfer *t, tt_step step, double beta, tartan_matrix *B)
{
  return tt_transfer_range(t, step, 0, tt_axis_largest(&t->to.row), 0, tt_axis_largest(&t->to.col), B->dtype, beta,
                           B->data, B->ld);
}
