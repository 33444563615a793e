/*
 * The Gram matrix of a side's factors, and the rotation that makes it diagonal. Rows are cut into segments of fixed length by
 * their global numbers; a segment is summed by the rank that owns its first row, which fetches the few rows that reach over
 * to others. Sums of segments are combined in the binary tree that the number of segments fixes: each rank sums the whole
 * subtrees that it has, rank 0 the rest. So the bits depend on no rank count.
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
#define LEVELS TT_GRAM_LEVELS

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

/* ------------------------------------------------------------------------------------------------ the tree */

/* Sums of whole subtrees in the order of their segments: a stack of which neighbours are merged when they are siblings. */
typedef struct stack {
  double *sum;           /* [LEVELS, size] */
  int64_t start[LEVELS]; /* first segment */
  int     level[LEVELS]; /* of 2^level segments */
  int     depth;
  int64_t size; /* of a sum */
} stack;

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

/* ------------------------------------------------------------------------------------------------ segments */

/* Segments of this rank, which the threads sum. */
typedef struct job {
  const tartan_matrix *F;
  const char          *rows;         /* [end - begin, k] */
  int64_t              begin, end;   /* rows at hand */
  int64_t              first;        /* segment of task 0 */
  char                *panel, *gram; /* per task: [SEGMENT, k] and [k, k] of the factors' type */
  double              *sum;          /* per task: [k, k] */
} job;

/* The lower triangle of a segment's Gram matrix: a product of one shape, filled up with rows of zeros. */
static void sum_segment(int64_t i, void *context)
{
  const job    *j = context;
  const int64_t k = j->F->row.n, row = (j->first + i) * SEGMENT, rows = tt_min(SEGMENT, j->end - row);
  const size_t  size = tartan_dtype_size(j->F->dtype);
  char         *panel = j->panel + (size_t)(i * SEGMENT * k) * size, *gram = j->gram + (size_t)(i * k * k) * size;

  memcpy(panel, j->rows + (size_t)((row - j->begin) * k) * size, (size_t)(rows * k) * size);
  memset(panel + (size_t)(rows * k) * size, 0, (size_t)((SEGMENT - rows) * k) * size);
  tt_syrk_local(j->F->dtype, k, SEGMENT, 1, panel, k, 0, gram, k);
  tt_copy_local(j->F->dtype, gram, k, TARTAN_F64, j->sum + i * k * k, k, k, k);
}

/* Sums this rank's segments into whole subtrees. */
static void sum_segments(job *j, int64_t first, int64_t last, int width, stack *s)
{
  for (int64_t g = first; g < last; g += width) {
    const int64_t count = tt_min(width, last - g);

    j->first = g;
    tt_parallel_for(j->F->grid->threads, count, sum_segment, j);
    for (int64_t i = 0; i < count; i++) {
      memcpy(top(s), j->sum + i * s->size, (size_t)s->size * sizeof *j->sum);
      push(s, g + i, 0);
    }
  }
}

/* Memory of both, and the rows of this rank's segments. Collective. */
static tartan_status make_job(const tartan_matrix *F, int64_t first, int64_t last, int width, job *j, stack *s)
{
  tartan_grid  *grid = F->grid;
  const int64_t k = F->row.n;
  const size_t  size = tartan_dtype_size(F->dtype);
  char         *rows;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  j->F = F;
  j->begin = tt_min(F->col.n, first * SEGMENT);
  j->end = tt_min(F->col.n, last * SEGMENT);
  j->rows = rows = tt_alloc(&grid->memory, (j->end - j->begin) * k, size, "factor rows", &local);
  j->panel = tt_alloc(&grid->memory, width * SEGMENT * k, size, "panels of factors", &local);
  j->gram = tt_alloc_zero(&grid->memory, width * k * k, size, "Gram matrices", &local);
  j->sum = tt_alloc(&grid->memory, width * k * k, sizeof *j->sum, "Gram matrices", &local);
  s->sum = tt_alloc(&grid->memory, (LEVELS + 1) * k * k, sizeof *s->sum, "sums of Gram matrices", &local);
  s->size = k * k;
  AGREE(grid, local);
  TRY(tt_factor_rows(F, j->begin, j->end - j->begin, rows));
done:
  return st;
}

static void end_job(job *j, stack *s)
{
  tt_free(s->sum);
  tt_free(j->sum);
  tt_free(j->gram);
  tt_free(j->panel);
  tt_free((void *)(uintptr_t)j->rows);
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

/* All subtrees to rank 0, which merges them and folds what is left from the end. Collective. */
static tartan_status merge(const tartan_matrix *F, stack *s, double *gram)
{
  tartan_grid  *grid = F->grid;
  const int64_t P = grid->size, k2 = s->size;
  int64_t      *counts = NULL, start[LEVELS], total = 0;
  int           level[LEVELS];
  double       *all = NULL;
  const double *next;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  counts = tt_alloc(&grid->memory, P, sizeof *counts, "counts of sums", &local);
  for (int64_t r = 0; r < P && counts; r++) {
    counts[r] = k2 * subtrees(first_segment(F->col.starts[r]), first_segment(F->col.starts[r + 1]), start, level);
    total += counts[r];
  }
  if (grid->rank == 0) all = tt_alloc(&grid->memory, total, sizeof *all, "sums of Gram matrices", &local);
  AGREE(grid, local);
  TRY(tt_gatherv(grid, s->sum, counts, sizeof *all, all, 0));
  s->depth = 0;
  next = all;
  for (int64_t r = 0; r < P && grid->rank == 0; r++) {
    const int n = subtrees(first_segment(F->col.starts[r]), first_segment(F->col.starts[r + 1]), start, level);

    for (int i = 0; i < n; i++, next += k2) {
      memcpy(top(s), next, (size_t)k2 * sizeof *next);
      push(s, start[i], level[i]);
    }
  }
  memset(gram, 0, (size_t)k2 * sizeof *gram);
  while (grid->rank == 0 && s->depth > 0) {
    s->depth--;
    tt_add_f64(k2, top(s), gram);
  }
  TRY(tt_bcast(grid, gram, k2, sizeof *gram, 0));
done:
  tt_free(all);
  tt_free(counts);
  return st;
}

static void mirror(int64_t k, double *a)
{
  for (int64_t j = 0; j < k; j++)
    for (int64_t i = j + 1; i < k; i++) a[j + i * k] = a[i + j * k];
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
  m->grid->counters.flops += (double)(last - first) * SEGMENT * (double)(s.size + F->row.n);
  tt_grid_phase(m->grid, TARTAN_PHASE_COMPUTE, &t);
  TRY(merge(F, &s, m->gram[which]));
  mirror(F->row.n, m->gram[which]);
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

  memcpy(x->from + mine, at, bytes);
  memset(x->from + mine + bytes, 0, all - bytes);
  tt_gemm_local(x->F->dtype, TARTAN_TRANS, TARTAN_NO_TRANS, k, ROTATED, k, 1, x->Q, k, x->from + mine, k, 0,
                x->to + mine, k);
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
  tt_parallel_for(grid->threads, groups, turn_rows, &x);
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
  memset(m->gram[which], 0, (size_t)(k * k) * sizeof *Q);
  for (int64_t i = 0; i < k; i++) m->gram[which][i * (k + 1)] = d[i];
  m->known[which] = false; /* turned rows are rounded: what needs their own matrix forms it again */
done:
  tt_free(Q);
  return st;
}
