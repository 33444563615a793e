/*
 * Rows of alternating least squares: chooses the form of each row, gives batches of rows to the threads, scratch
 * memory to each thread. The arithmetic is in als_tile.inc, als_solve.inc, als_rows.inc, als_block.inc,
 * als_nonnegative.inc and als_cut.inc, compiled for each
 * instruction set.
 */
#include "kernel/als.h"

#include <math.h>

#include "base/util.h"
#include "kernel/als_impl.h"
#include "kernel/dense.h"
#include "kernel/parallel.h"

#define BATCH 16 /* rows that a thread takes at a time, where there are many */

static const tt_als_kernels *kernels_of(const tt_als_shared *shared)
{
  const tt_als_kernels *const tables[] = {NULL, tt_als_portable, tt_als_avx2, tt_als_avx512};
  const int                   type = shared->dtype == TARTAN_F32 ? 0 : 1;
  int                         isa = (int)(shared->isa == TT_ISA_HOST ? tt_isa_host() : shared->isa);

  while (!tables[isa][type].heavy) isa--;
  return &tables[isa][type];
}

/* ------------------------------------------------------------------------------------------------ which form */

double tt_als_flops(int64_t k, int64_t observations, bool short_form)
{
  const double f = (double)k, n = (double)observations;

  if (observations == 0) return 0;
  if (short_form) return n * (n + 1) * f + n * n * n / 3 + 2 * n * n + 3 * n * f;
  return n * f * (f + 1) + f * f * f / 3 + 2 * f * f;
}

int64_t tt_als_heavy_from(int64_t k)
{
  int64_t n = 1;

  while (n <= k && tt_als_flops(k, n, true) < tt_als_flops(k, n, false)) n++;
  return n;
}

double tt_als_block_flops(int64_t k, int64_t observations, int64_t block)
{
  const double f = (double)k, n = (double)observations, b = (double)tt_min(block, k);

  if (observations == 0) return 0;
  return 2 * n * f + 2 * f * f + f * (n * (b + 1) + 4 * n + b * b / 3 + 2 * b);
}

/* ------------------------------------------------------------------------------------------------ one call */

typedef enum method { METHOD_EXACT, METHOD_CG, METHOD_BLOCK, METHOD_NONNEGATIVE } method;

typedef struct job {
  const tt_als_shared  *shared;
  const tt_als_rows    *rows;
  const tt_als_kernels *kernels;
  method                method;
  int64_t               light;       /* most observations of a light row; 0: none is light */
  double                least, most; /* of d */
  int64_t               steps;       /* of cg; of block: coordinates */
  int64_t               batch;
  tt_als_work          *work; /* [threads] */
  char                 *memory;
  int64_t               failed;
} job;

static int64_t observations_of(const tt_als_rows *rows, int64_t u)
{
  return rows->ptr[u + 1] - rows->ptr[u];
}

/* The most observations that a light row of these may have. */
static void find_light(job *j)
{
  const tt_als_shared *s = j->shared;
  int64_t              limit = tt_als_heavy_from(s->k) - 1;

  if (s->form == TT_ALS_HEAVY || (s->G && !s->d)) return;
  if (s->form == TT_ALS_LIGHT) limit = s->k; /* beyond, K = W^(-1) + Z Z' is worse conditioned than A */
  for (int64_t u = 0; u < j->rows->count; u++) {
    const int64_t n = observations_of(j->rows, u);

    if (n <= limit) j->light = tt_max(j->light, n);
  }
  if (!s->d) return;
  j->least = INFINITY;
  j->most = -INFINITY;
  for (int64_t i = 0; i < s->k; i++) {
    const double d = tt_get_element(s->dtype, s->d, s->k, i, 0);

    j->least = fmin(j->least, d);
    j->most = fmax(j->most, d);
  }
}

/* Cuts the next piece of scratch memory off; without memory it only counts. */
static void *cut(char **at, int64_t *bytes, int64_t rows, int64_t length, size_t size)
{
  void *piece = *at;

  *bytes += tt_round_up(rows * length * (int64_t)size, 64);
  if (*at) *at += tt_round_up(rows * length * (int64_t)size, 64);
  return piece;
}

static int64_t most_observations(const tt_als_rows *rows)
{
  int64_t most = 0;

  for (int64_t u = 0; u < rows->count; u++) most = tt_max(most, observations_of(rows, u));
  return most;
}

/* What exact and nonnegative solutions take beside vectors: whole matrices, and panels of a chunk. */
static void lay_matrices_out(const job *j, char **at, int64_t *bytes, tt_als_work *work)
{
  const int64_t k = j->shared->k, edge = tt_max(k, j->light);
  const size_t  size = tartan_dtype_size(j->shared->dtype);

  work->lda = tt_als_padded(edge);
  work->panel = cut(at, bytes, tt_max(TT_ALS_CHUNK, j->light) + TT_ALS_TILE, work->ld, size);
  work->b = cut(at, bytes, 1, work->lda, size);
  work->A = cut(at, bytes, edge + TT_ALS_TILE, work->lda, size);
  work->scaled = cut(at, bytes, TT_ALS_CHUNK, work->ld, size);
  work->inverse = cut(at, bytes, 1, work->lda, size);
  work->scale = cut(at, bytes, 1, work->ld + TT_ALS_PAD, size);
  if (j->method != METHOD_NONNEGATIVE) return;
  work->K = cut(at, bytes, k + TT_ALS_TILE, work->lda, size);
  work->index = cut(at, bytes, 1, k, sizeof *work->index);
}

/* What cg and block take: factor rows that are kept. */
static void lay_rows_out(const job *j, char **at, int64_t *bytes, tt_als_work *work)
{
  const int64_t k = j->shared->k, block = j->method == METHOD_BLOCK ? tt_min(j->steps, k) : k;
  const size_t  size = tartan_dtype_size(j->shared->dtype);

  work->lda = tt_als_padded(block);
  work->panel = cut(at, bytes, tt_als_kept(work->ld, size), work->ld, size);
  work->b = cut(at, bytes, 1, tt_max(work->ld, tt_als_piece(work->ld, block, size)), size);
  if (j->shared->G && !j->shared->d) work->G = cut(at, bytes, k, work->ld, size);
  if (j->method != METHOD_BLOCK) return;
  work->A = cut(at, bytes, block + TT_ALS_TILE, work->lda, size);
  work->scaled = cut(at, bytes, TT_ALS_CHUNK, work->ld, size);
  work->inverse = cut(at, bytes, 1, work->lda, size);
  work->score = cut(at, bytes, 1, most_observations(j->rows) + TT_ALS_PAD, size);
}

/* Lays the scratch memory of a thread out. Returns its bytes. */
static int64_t lay_out(const job *j, char *at, tt_als_work *work)
{
  const size_t size = tartan_dtype_size(j->shared->dtype);
  int64_t      bytes = 0;

  *work = (tt_als_work){.end = j->rows->ptr[j->rows->count], .ld = tt_als_padded(j->shared->k)};
  for (int i = 0; i < 4; i++) work->v[i] = cut(&at, &bytes, 1, work->ld, size);
  if (j->rows->misfit) work->wide = cut(&at, &bytes, 1, j->shared->k, sizeof(double));
  if (j->method == METHOD_EXACT || j->method == METHOD_NONNEGATIVE)
    lay_matrices_out(j, &at, &bytes, work);
  else
    lay_rows_out(j, &at, &bytes, work);
  return bytes;
}

static void make_work(job *j, int threads, tt_memory *mem, tartan_status *local)
{
  const tt_als_shared *s = j->shared;
  tt_als_work          none;
  const int64_t        bytes = lay_out(j, NULL, &none);

  j->work = tt_alloc(mem, threads, sizeof *j->work, "the threads of least squares rows", local);
  j->memory = tt_alloc_zero(mem, threads, (size_t)bytes, "panels of least squares rows", local);
  for (int t = 0; *local == TARTAN_OK && t < threads; t++) {
    lay_out(j, j->memory + t * bytes, &j->work[t]);
    if (j->work[t].G) tt_copy_local(s->dtype, s->G, s->k, s->dtype, j->work[t].G, j->work[t].ld, s->k, s->k);
  }
}

static bool clear_row(job *j, int64_t u)
{
  const tt_als_shared *s = j->shared;

  tt_set_local(s->dtype, 0, (char *)j->rows->X + u * s->k * (int64_t)tartan_dtype_size(s->dtype), s->k, s->k, 1);
  return true;
}

/* What the short form cannot represent, the long one may. */
static bool solve_exact(job *j, int64_t u, const tt_als_work *work)
{
  if (observations_of(j->rows, u) <= j->light && j->kernels->may_be_light(j->shared, j->rows, u, j->least, j->most) &&
      j->kernels->light(j->shared, j->rows, u, work))
    return true;
  return j->kernels->heavy(j->shared, j->rows, u, work);
}

static bool solve_row(job *j, int64_t u)
{
  const tt_als_work *work = &j->work[tt_thread_index()];

  if (j->method == METHOD_CG) {
    j->kernels->cg(j->shared, j->rows, u, j->steps, work);
    return true;
  }
  if (observations_of(j->rows, u) == 0) return clear_row(j, u);
  switch (j->method) {
  case METHOD_BLOCK: return j->kernels->block(j->shared, j->rows, u, j->steps, work);
  case METHOD_NONNEGATIVE: return j->kernels->nonnegative(j->shared, j->rows, u, work);
  default: return solve_exact(j, u, work);
  }
}

static void measure_row(const job *j, int64_t u)
{
  const tt_als_rows *rows = j->rows;
  const int64_t      k = j->shared->k, from = rows->ptr[u], size = (int64_t)tartan_dtype_size(j->shared->dtype);
  double            *x = j->work[tt_thread_index()].wide;

  tt_copy_local(j->shared->dtype, (const char *)rows->X + u * k * size, k, TARTAN_F64, x, k, k, 1);
  rows->misfit[u] = j->kernels->misfit(j->shared, observations_of(rows, u), rows->col + from,
                                       rows->weight ? (const char *)rows->weight + from * size : NULL,
                                       (const char *)rows->target + from * size, rows->more, x);
}

static void solve_batch(int64_t i, void *context)
{
  job    *j = context;
  int64_t failed = 0;

  for (int64_t u = i * j->batch; u < tt_min(j->rows->count, (i + 1) * j->batch); u++) {
    failed += !solve_row(j, u);
    if (j->rows->misfit) measure_row(j, u);
  }
  if (failed > 0) {
#pragma omp atomic
    j->failed += failed;
  }
}

static void run(job *j, int threads, tt_memory *mem, tartan_status *local)
{
  j->kernels = kernels_of(j->shared);
  if (j->rows->count == 0 || j->shared->k == 0) return;
  if (j->method == METHOD_EXACT) find_light(j);
  make_work(j, threads, mem, local);
  j->batch = tt_min(BATCH, tt_ceil_div(j->rows->count, 4 * (int64_t)threads));
  if (*local == TARTAN_OK) tt_parallel_flushed(threads, tt_ceil_div(j->rows->count, j->batch), solve_batch, j);
  tt_free(j->memory);
  tt_free(j->work);
}

int64_t tt_als_exact(const tt_als_shared *shared, const tt_als_rows *rows, int threads, tt_memory *mem,
                     tartan_status *local)
{
  job j = {.shared = shared, .rows = rows, .method = METHOD_EXACT};

  run(&j, threads, mem, local);
  return j.failed;
}

void tt_als_cg(const tt_als_shared *shared, const tt_als_rows *rows, int64_t steps, int threads, tt_memory *mem,
               tartan_status *local)
{
  job j = {.shared = shared, .rows = rows, .method = METHOD_CG, .steps = steps};

  run(&j, threads, mem, local);
}

int64_t tt_als_block(const tt_als_shared *shared, const tt_als_rows *rows, int64_t block, int threads, tt_memory *mem,
                     tartan_status *local)
{
  job j = {.shared = shared, .rows = rows, .method = METHOD_BLOCK, .steps = tt_min(block, shared->k)};

  run(&j, threads, mem, local);
  return j.failed;
}

int64_t tt_als_nonnegative(const tt_als_shared *shared, const tt_als_rows *rows, int threads, tt_memory *mem,
                           tartan_status *local)
{
  job j = {.shared = shared, .rows = rows, .method = METHOD_NONNEGATIVE};

  run(&j, threads, mem, local);
  return j.failed;
}

/* ------------------------------------------------------------------------------------------------ rows that are cut */

void tt_als_accumulate(const tt_als_shared *shared, int64_t observations, const int32_t *col, const void *weight,
                       const void *target, void *A, void *b)
{
  kernels_of(shared)->accumulate(shared, observations, col, weight, target, A, b);
}

bool tt_als_finish(const tt_als_shared *shared, double lambda, void *A, void *b, void *x)
{
  return kernels_of(shared)->finish(shared, lambda, A, b, x);
}

bool tt_als_finish_nonnegative(const tt_als_shared *shared, double lambda, const void *A, const void *b, void *x,
                               tt_memory *mem, tartan_status *local)
{
  const int64_t     none = 0;
  const tt_als_rows rows = {.ptr = &none};
  job               j = {.shared = shared, .rows = &rows, .method = METHOD_NONNEGATIVE};
  bool              sound = true;

  make_work(&j, 1, mem, local);
  if (*local == TARTAN_OK) sound = kernels_of(shared)->finish_nonnegative(shared, lambda, A, b, x, j.work);
  tt_free(j.memory);
  tt_free(j.work);
  return sound;
}

double tt_als_misfit(const tt_als_shared *shared, int64_t observations, const int32_t *col, const void *weight,
                     const void *target, double more, const double *x)
{
  return kernels_of(shared)->misfit(shared, observations, col, weight, target, more, x);
}
