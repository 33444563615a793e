/*
 * The Gram matrix of a side's factors, and the rotation that makes it diagonal. Rows are cut into segments of fixed length by
 * their global numbers; a segment is summed by the rank that owns its first row, which fetches the few rows that reach over
 * to others. Sums of segments are combined in the binary tree that the number of segments fixes: each rank sums the whole
 * subtrees that it has, and the rest is shared out by elements. So the bits depend on no rank count.
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ext/lapack.h"
#include "ext/vendor.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"
#include "model/recommend_impl.h"

#define SEGMENT 512 /* rows */
#define ROTATED 256 /* rows of one product: the bits of a row depend on how many stand in the call */
#define LEVELS 96   /* subtrees of a rank's segments at most */

/* ------------------------------------------------------------------------------------------------ rows of others */

/* Elements that two ranges of rows share, and where they begin in the second; rows have k elements. */
static void overlap(const int64_t want[2], const int64_t have[2], const int64_t in[2], int64_t k, int64_t *count,
                    int64_t *at)
{
  const int64_t from = tt_max(want[0], have[0]), to = tt_min(want[1], have[1]);

  *count = to > from ? (to - from) * k : 0;
  *at = to > from ? (from - in[0]) * k : 0;
}

tartan_status tt_factor_rows(const tartan_matrix *F, int64_t first, int64_t count, void *rows)
{
  tartan_grid   *grid = F->grid;
  const int64_t  P = grid->size, k = F->row.n, *starts = F->col.starts;
  const int64_t *have = starts + grid->rank, mine[2] = {first, first + count};
  int64_t       *all = NULL, *n;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  all = tt_alloc(&grid->memory, 6 * P, sizeof *all, "lists of rows", &local);
  AGREE(grid, local);
  n = all + 2 * P;
  TRY(tt_allgather(grid, mine, 2, sizeof *mine, all));
  for (int64_t r = 0; r < P; r++) {
    overlap(all + 2 * r, have, have, k, &n[r], &n[P + r]);
    overlap(mine, starts + r, mine, k, &n[2 * P + r], &n[3 * P + r]);
  }
  TRY(tt_alltoallv(grid, F->data, n, n + P, rows, n + 2 * P, n + 3 * P, tartan_dtype_size(F->dtype)));
done:
  tt_free(all);
  return st;
}

tartan_status tt_value_rows(tartan_grid *grid, const int64_t *starts, const double *mine, int64_t first, int64_t count,
                            double *values)
{
  tartan_matrix *B = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_matrix_create_ranges(grid, TARTAN_F64, 1, starts[grid->size], starts, (void *)(uintptr_t)mine, &B));
  TRY(tt_factor_rows(B, first, count, values));
done:
  tartan_matrix_destroy(&B);
  return st;
}

/* ------------------------------------------------------------------------------------------------ the tree */

/* Sums of whole subtrees in the order of their segments: a stack of which neighbours are merged when they are siblings. */
typedef struct stack {
  double *sum;           /* [stack_room(), size] */
  int64_t start[LEVELS]; /* first segment of each */
  int     level[LEVELS]; /* of 2^level segments */
  int     depth;
  int64_t size; /* of a sum */
} stack;

/* Sums that a stack of so many segments holds at most, and one more: subtrees grow, and then shrink. */
static int64_t stack_room(int64_t segments)
{
  int64_t room = 3;

  for (; segments > 0; segments /= 2) room += 2;
  return room;
}

static double *top(const stack *s)
{
  return s->sum + (int64_t)s->depth * s->size;
}

/* The sum at top() stands for 2^level segments from start. */
static void push(stack *s, int64_t start, int level)
{
  s->start[s->depth] = start;
  s->level[s->depth++] = level;
  while (s->depth > 1 && s->level[s->depth - 2] == s->level[s->depth - 1] &&
         s->start[s->depth - 2] % ((int64_t)2 << s->level[s->depth - 1]) == 0) {
    s->depth--;
    tt_add_f64(s->size, top(s), top(s) - s->size);
    s->level[s->depth - 1]++;
  }
}

/* Segments of the rank that owns rows from .. to - 1: those whose first row is its own. */
static int64_t first_segment(int64_t row)
{
  return tt_ceil_div(row, SEGMENT);
}

int64_t tt_factor_segments_end(const int64_t *starts, int P, int rank)
{
  const int64_t first = first_segment(starts[rank]), last = first_segment(starts[rank + 1]);

  return last > first ? tt_min(starts[P], last * SEGMENT) : starts[rank + 1];
}

/* ------------------------------------------------------------------------------------------------ segments */

/* Segments of this rank, which the threads sum. */
typedef struct job {
  const tartan_matrix *F;
  char                *rest;     /* [SEGMENT, k] of the last segment: rows of higher ranks, then all of it */
  int64_t              own, end; /* rows before which the ranks' own ones, and those of its segments, end */
  int64_t              first;    /* segment of task 0 */
  char                *gram;     /* per task: [k, k] of the factors' type */
  double              *sum;      /* per task: lower triangle by columns */
} job;

/* The rows of a segment from `row` on; the last segment is moved together and filled up with zeros. */
static const char *segment_rows(const job *j, int64_t row)
{
  const int64_t k = j->F->row.n, here = j->own - row, all = j->end - row;
  const size_t  bytes = (size_t)k * tartan_dtype_size(j->F->dtype);
  const char   *from = (const char *)j->F->data + (size_t)(row - j->F->col.starts[j->F->grid->rank]) * bytes;

  if (here >= SEGMENT) return from;
  memmove(j->rest + (size_t)here * bytes, j->rest, (size_t)(tt_min(SEGMENT, all) - here) * bytes);
  memcpy(j->rest, from, (size_t)here * bytes);
  if (all < SEGMENT) memset(j->rest + (size_t)all * bytes, 0, (size_t)(SEGMENT - all) * bytes);
  return j->rest;
}

/* The lower triangle of a segment's Gram matrix: a product of one shape. */
static void sum_segment(int64_t i, void *context)
{
  const job    *j = context;
  const int64_t k = j->F->row.n;
  const size_t  size = tartan_dtype_size(j->F->dtype);
  char         *gram = j->gram + (size_t)(i * k * k) * size;
  double       *sum = j->sum + i * (k * (k + 1) / 2);

  tt_syrk_local(j->F->dtype, k, SEGMENT, 1, segment_rows(j, (j->first + i) * SEGMENT), k, 0, gram, k);
  for (int64_t c = 0; c < k; sum += k - c, c++)
    tt_copy_local(j->F->dtype, gram + (size_t)(c * (k + 1)) * size, k, TARTAN_F64, sum, k, k - c, 1);
}

/* Sums this rank's segments into whole subtrees. */
static void sum_segments(job *j, int64_t first, int64_t last, int width, stack *s)
{
  for (int64_t g = first; g < last; g += width) {
    const int64_t count = tt_min(width, last - g);

    j->first = g;
    tt_parallel_flushed(j->F->grid->threads, count, sum_segment, j);
    for (int64_t i = 0; i < count; i++) {
      memcpy(top(s), j->sum + i * s->size, (size_t)s->size * sizeof *j->sum);
      push(s, g + i, 0);
    }
  }
}

/* Memory of both, and the rows of this rank's segments that others own. Collective. */
static tartan_status make_job(const tartan_matrix *F, int64_t first, int64_t last, int width, job *j, stack *s)
{
  tartan_grid  *grid = F->grid;
  const int64_t k = F->row.n;
  const size_t  size = tartan_dtype_size(F->dtype);
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  j->F = F;
  j->own = F->col.starts[grid->rank + 1];
  j->end = tt_factor_segments_end(F->col.starts, grid->size, grid->rank);
  s->size = k * (k + 1) / 2;
  j->rest = tt_alloc(&grid->memory, SEGMENT * k, size, "factor rows", &local);
  j->gram = tt_alloc_zero(&grid->memory, width * k * k, size, "Gram matrices", &local);
  j->sum = tt_alloc(&grid->memory, width * s->size, sizeof *j->sum, "Gram matrices", &local);
  s->sum = tt_alloc(&grid->memory, stack_room(last - first) * s->size, sizeof *s->sum, "sums of Gram matrices", &local);
  AGREE(grid, local);
  TRY(tt_factor_rows(F, j->own, tt_max(0, j->end - j->own), j->rest));
done:
  return st;
}

static void end_job(job *j, stack *s)
{
  tt_free(s->sum);
  tt_free(j->sum);
  tt_free(j->gram);
  tt_free(j->rest);
}

/* What a rank's subtrees are, from its segments alone. */
static int subtrees(int64_t first, int64_t last, int64_t *start, int *level)
{
  int n = 0;

  for (int64_t g = first; g < last; g += (int64_t)1 << level[n - 1]) {
    int l = 0;

    while (g % ((int64_t)2 << l) == 0 && g + ((int64_t)2 << l) <= last) l++;
    start[n] = g;
    level[n++] = l;
  }
  return n;
}

int tt_factor_subtrees(const int64_t *starts, int rank)
{
  int64_t start[LEVELS];
  int     level[LEVELS];

  return subtrees(first_segment(starts[rank]), first_segment(starts[rank + 1]), start, level);
}

/* Where the elements of a sum begin that rank r merges. */
static int64_t slice(const stack *s, int64_t P, int64_t r)
{
  return s->size / P * r + tt_min(s->size % P, r);
}

int64_t tt_factor_slice(int64_t size, int64_t P, int64_t rank)
{
  const stack s = {.size = size};

  return slice(&s, P, rank + 1) - slice(&s, P, rank);
}

/* Counts and places of an exchange, [P] each in one block. */
typedef struct lists {
  int64_t *send, *send_at, *recv, *recv_at;
} lists;

/* What becomes of each rank's subtrees. */
typedef struct merger {
  lists   to;
  double *packed; /* my subtrees, by the ranks that merge them */
  double *all;    /* [subtrees of all ranks, mine] elements that I merge */
  double *sum;    /* what they come to */
  stack   mine;
} merger;

static int subtrees_of(const tartan_matrix *F, int64_t r, int64_t *start, int *level)
{
  return subtrees(first_segment(F->col.starts[r]), first_segment(F->col.starts[r + 1]), start, level);
}

static tartan_status make_merger(const tartan_matrix *F, const stack *s, merger *g)
{
  tartan_grid  *grid = F->grid;
  const int64_t P = grid->size, me = grid->rank, mine = slice(s, P, me + 1) - slice(s, P, me);
  int64_t       start[LEVELS], total = 0;
  int           level[LEVELS];
  tartan_status local = TARTAN_OK;

  g->to.send = tt_alloc(&grid->memory, 4 * P, sizeof *g->to.send, "counts of sums", &local);
  if (!g->to.send) return local;
  g->to = (lists){g->to.send, g->to.send + P, g->to.send + 2 * P, g->to.send + 3 * P};
  for (int64_t r = 0; r < P; r++) {
    g->to.recv[r] = mine * subtrees_of(F, r, start, level);
    g->to.recv_at[r] = total;
    g->to.send[r] = s->depth * (slice(s, P, r + 1) - slice(s, P, r));
    g->to.send_at[r] = s->depth * slice(s, P, r);
    total += g->to.recv[r];
  }
  g->mine.size = mine;
  g->packed = tt_alloc(&grid->memory, s->depth * s->size, sizeof *g->packed, "sums of Gram matrices", &local);
  g->all = tt_alloc(&grid->memory, total, sizeof *g->all, "sums of Gram matrices", &local);
  g->sum = tt_alloc(&grid->memory, mine, sizeof *g->sum, "a Gram matrix", &local);
  g->mine.sum = tt_alloc(&grid->memory, stack_room(first_segment(F->col.n)) * mine, sizeof *g->sum,
                         "sums of Gram matrices", &local);
  return local;
}

static void end_merger(merger *g)
{
  tt_free(g->mine.sum);
  tt_free(g->sum);
  tt_free(g->all);
  tt_free(g->packed);
  tt_free(g->to.send);
}

/* My elements of all subtrees: siblings are merged, and what is left is folded from the end. */
static void merge_mine(const tartan_matrix *F, merger *g, double *sum)
{
  const size_t  bytes = (size_t)g->mine.size * sizeof *sum;
  const double *next = g->all;

  for (int64_t r = 0; r < F->grid->size; r++) {
    int64_t   start[LEVELS];
    int       level[LEVELS];
    const int n = subtrees_of(F, r, start, level);

    for (int i = 0; i < n; i++, next += g->mine.size) {
      memcpy(top(&g->mine), next, bytes);
      push(&g->mine, start[i], level[i]);
    }
  }
  memset(sum, 0, bytes);
  while (g->mine.depth > 0) {
    g->mine.depth--;
    tt_add_f64(g->mine.size, top(&g->mine), sum);
  }
}

/* Each rank merges some elements of all ranks' subtrees. Collective. @param[out] sum  [s->size] */
static tartan_status merge(const tartan_matrix *F, const stack *s, double *sum)
{
  tartan_grid  *grid = F->grid;
  const int64_t P = grid->size;
  merger        g = {.packed = NULL};
  tartan_status st = TARTAN_OK, local;

  local = make_merger(F, s, &g);
  AGREE(grid, local);
  for (int64_t r = 0; r < P; r++) {
    const int64_t from = slice(s, P, r), length = slice(s, P, r + 1) - from;

    for (int i = 0; i < s->depth; i++)
      memcpy(g.packed + g.to.send_at[r] + i * length, s->sum + i * s->size + from, (size_t)length * sizeof *sum);
  }
  TRY(tt_alltoallv(grid, g.packed, g.to.send, g.to.send_at, g.all, g.to.recv, g.to.recv_at, sizeof *sum));
  merge_mine(F, &g, g.sum);
  for (int64_t r = 0; r < P; r++) {
    g.to.send[r] = g.mine.size;
    g.to.send_at[r] = 0;
    g.to.recv[r] = slice(s, P, r + 1) - slice(s, P, r);
    g.to.recv_at[r] = slice(s, P, r);
  }
  TRY(tt_alltoallv(grid, g.sum, g.to.send, g.to.send_at, sum, g.to.recv, g.to.recv_at, sizeof *sum));
done:
  end_merger(&g);
  return st;
}

/* The whole matrix from its lower triangle by columns. */
static void unpack(int64_t k, const double *sum, double *gram)
{
  for (int64_t j = 0; j < k; j++)
    for (int64_t i = j; i < k; i++) gram[j + i * k] = gram[i + j * k] = *sum++;
}

tartan_status tt_factor_gram(tartan_recommender *m, int which)
{
  const tartan_matrix *F = m->side[which].F;
  const int64_t       *starts = F->col.starts;
  const int            me = m->grid->rank, width = 4 * m->grid->threads;
  const int64_t        first = first_segment(starts[me]), last = first_segment(starts[me + 1]);
  double               t = tt_seconds();
  job                  j = {NULL};
  stack                s = {NULL};
  tartan_status        st = TARTAN_OK;

  if (m->known[which]) goto done;
  TRY(make_job(F, first, last, width, &j, &s));
  t = tt_seconds();
  sum_segments(&j, first, last, width, &s);
  m->grid->counters.flops += (double)(last - first) * SEGMENT * 2 * (double)s.size;
  tt_grid_phase(m->grid, TARTAN_PHASE_COMPUTE, &t);
  TRY(merge(F, &s, j.sum));
  unpack(F->row.n, j.sum, m->gram[which]);
  m->known[which] = true;
done:
  end_job(&j, &s);
  return st;
}

/* ------------------------------------------------------------------------------------------------ rotation */

/* Rows to be turned, in groups of a fixed number: a task of a thread. */
typedef struct turn {
  tartan_matrix *F;
  const void    *Q;    /* [k, k] of the factors' type */
  char          *from; /* per thread: [ROTATED, k] */
  char          *to;
} turn;

static void turn_rows(int64_t i, void *context)
{
  const turn   *x = context;
  const int64_t k = x->F->row.n, rows = tt_min(ROTATED, x->F->nloc - i * ROTATED);
  const size_t  size = tartan_dtype_size(x->F->dtype), bytes = (size_t)(rows * k) * size;
  const size_t  all = (size_t)(ROTATED * k) * size, mine = (size_t)tt_thread_index() * all;
  char         *at = (char *)x->F->data + (size_t)(i * ROTATED * k) * size;

  if (rows < ROTATED) {
    memcpy(x->from + mine, at, bytes);
    memset(x->from + mine + bytes, 0, all - bytes);
  }
  tt_gemm_local(x->F->dtype, TARTAN_TRANS, TARTAN_NO_TRANS, k, ROTATED, k, 1, x->Q, k,
                rows < ROTATED ? x->from + mine : at, k, 0, x->to + mine, k);
  memcpy(at, x->to + mine, bytes);
}

/* F := Q' F, column by column of [k, rows]. Collective. */
static tartan_status apply(tartan_matrix *F, const double *Q)
{
  tartan_grid  *grid = F->grid;
  const int64_t k = F->row.n, groups = tt_ceil_div(F->nloc, ROTATED);
  const size_t  size = tartan_dtype_size(F->dtype);
  double        t = tt_seconds();
  void         *q;
  turn          x = {.F = F};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  x.Q = q = tt_alloc(&grid->memory, k * k, size, "a rotation", &local);
  x.from = tt_alloc(&grid->memory, grid->threads * ROTATED * k, size, "rows to rotate", &local);
  x.to = tt_alloc(&grid->memory, grid->threads * ROTATED * k, size, "rotated rows", &local);
  AGREE(grid, local);
  tt_copy_local(TARTAN_F64, Q, k, F->dtype, q, k, k, k);
  tt_parallel_flushed(grid->threads, groups, turn_rows, &x);
  grid->counters.flops += 2.0 * (double)(groups * ROTATED) * (double)(k * k);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
done:
  tt_free(x.to);
  tt_free(x.from);
  tt_free(q);
  return st;
}

tartan_status tt_factor_rotate(tartan_recommender *m, int which, double *d)
{
  tartan_grid  *grid = m->grid;
  const int64_t k = m->opts.factors;
  double       *Q = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_factor_gram(m, which));
  Q = tt_alloc(&grid->memory, k * k, sizeof *Q, "a rotation", &local);
  AGREE(grid, local);
  memcpy(Q, m->gram[which], (size_t)(k * k) * sizeof *Q);
  if (grid->rank == 0) {
    const int threads = tt_blas_set_threads(1);

    local = tt_syevd(&grid->memory, TARTAN_F64, k, Q, d, true);
    if (threads > 0) tt_blas_set_threads(threads);
  }
  AGREE(grid, local);
  TRY(tt_bcast(grid, Q, k * k, sizeof *Q, 0));
  TRY(tt_bcast(grid, d, k, sizeof *d, 0));
  TRY(apply(m->side[which].F, Q));
  m->known[which] = false; /* turned rows are rounded: what needs their own matrix forms it again */
done:
  tt_free(Q);
  return st;
}
