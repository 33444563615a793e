/*
 * CholeskyQR (Fukaya, Nakatsukasa, Yanagisawa, Yamamoto 2014) and its shifted form (Fukaya, Kannan, Nakatsukasa,
 * Yamamoto, Yanagisawa 2020). Each pass forms the Gram matrix of the rows, factors it on rank 0 and divides the rows by
 * the factor; the next pass shows how far their columns are from orthonormal. Everything is reckoned in f64, so that
 * f32 data meets no limit of the method. Rows are taken in chunks that fit the cache: a pass divides a chunk and adds
 * its Gram matrix at once; without Q nothing is kept, each pass divides by all factors so far.
 *
 * Only packed triangles travel, one sum and one broadcast a pass. The Gram matrix is scaled by powers of two to a
 * diagonal near 1 before it is factored: columns of different sizes do not count as ill-conditioned.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "ext/lapack.h"
#include "factor/qr_impl.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/triangular.h"
#include "matrix/transfer.h"

#define PASSES 3
#define CHUNK_ROWS 512              /* at least: shorter products are slow */
#define CHUNK_ELEMENTS (1 << 17)    /* 1 MiB */
#define COLUMNS 256                 /* of a block in a product of triangles */
#define TRANSFER_BYTES (16LL << 20) /* where a chunk lies elsewhere */
#define CONDITION_MOST 3e7          /* for a pass without a shift: its square times u must stay well below 1 */
#define DEVIATION_MOST 0.5          /* |Q'Q - I|_F from which one pass more makes Q orthonormal */
#define ONE_PASS_MOST                                                                                                  \
  1e3               /* condition up to which one pass in f64 makes Q orthonormal to f32: its square times u is 1e-10 */
#define SHIFT 11    /* of Fukaya et al.; times n u, not (m + n) n u: chunks keep the sums' errors small */
#define UNEVEN 1.25 /* rows of the fullest rank over the mean: more than that, and A is cut anew */

/* What rank 0 finds out about a Gram matrix; broadcast as numbers. */
enum { GO, LAST, SHIFTED, CONDITION, DEVIATION, VERDICTS };

typedef struct ladder {
  tt_qr             *x;
  tartan_grid       *grid;
  int64_t            n, chunk, chunks; /* rows of a chunk, and how many the fullest rank has */
  tartan_matrix_opts rows;             /* layout of Q */
  tt_layout          to;
  tartan_matrix     *Q;     /* NULL: not wanted */
  tt_transfer        bring; /* of A, chunk by chunk */
  tt_step            step;
  double            *buf;       /* [chunk, n] */
  double            *gram;      /* [n, n] lower triangle */
  double            *packed;    /* [n (n + 1) / 2] */
  double            *r[PASSES]; /* [n, n] factors so far, on every rank; the last is divided by next */
  int                factors;
  double            *total; /* rank 0: [n, n] their product */
  double            *work;  /* rank 0: [n, n], at least 2 n */
  double            *size;  /* [n] powers of two */
  bool               shifted;
  double             verdict[VERDICTS];
} ladder;

/* ------------------------------------------------------------------------------------------------ making */

/* Rows in one column of ranks: as A has them, if each rank has its share, else one slab for each rank. */
static tartan_matrix_opts choose_rows(const tartan_matrix *A)
{
  const int64_t      even = tt_ceil_div(A->row.n, A->grid->size);
  tartan_matrix_opts o = tt_qr_rows(A, even);

  if (A->p == A->grid->size && A->q == 1 && !A->ranks && !A->row.starts && !A->col.starts && A->row.first == 0 &&
      (double)tt_axis_largest(&A->row) <= UNEVEN * (double)even + 1) {
    o.mb = A->row.nb;
    o.rsrc = A->row.src;
  }
  return o;
}

static void end(ladder *l)
{
  tt_free(l->size);
  tt_free(l->work);
  tt_free(l->total);
  for (int i = 0; i < PASSES; i++) tt_free(l->r[i]);
  tt_free(l->packed);
  tt_free(l->gram);
  tt_free(l->buf);
  tt_transfer_free(&l->bring);
  tartan_matrix_destroy(&l->Q);
}

/* Everything but Q and the factors. Local. */
static tartan_status make_room(ladder *l)
{
  const tartan_matrix *A = l->x->A;
  const tt_layout      from = tt_matrix_layout(A);
  const int64_t        n = l->n, triangle = n * (n + 1) / 2;
  tt_memory           *mem = &l->grid->memory;
  tartan_status        local = TARTAN_OK;

  l->step = tt_transfer_plan(&from, &l->to, tartan_dtype_size(A->dtype), (tt_step){l->chunk, n}, TRANSFER_BYTES);
  l->buf = tt_alloc(mem, l->chunk * n, sizeof *l->buf, "rows of a QR factorization", &local);
  l->gram = tt_alloc(mem, n * n, sizeof *l->gram, "a Gram matrix", &local);
  l->packed = tt_alloc(mem, triangle, sizeof *l->packed, "a packed Gram matrix", &local);
  l->size = tt_alloc(mem, n, sizeof *l->size, "the sizes of columns", &local);
  if (l->grid->rank == 0) {
    l->total = tt_alloc(mem, n * n, sizeof *l->total, "a triangular factor", &local);
    l->work = tt_alloc(mem, tt_max(2, n) * n, sizeof *l->work, "a triangular factor", &local);
  }
  if (local == TARTAN_OK) local = tt_transfer_make(TARTAN_NO_TRANS, A, &l->to, l->step, &l->bring);
  return local;
}

static tartan_status make(tt_qr *x, ladder *l)
{
  const tartan_matrix *A = x->A;
  int64_t              largest;
  tartan_status        st = TARTAN_OK;

  *l = (ladder){.x = x, .grid = A->grid, .n = A->col.n, .rows = choose_rows(A)};
  l->to = tt_qr_layout(A, &l->rows);
  largest = tt_axis_largest(&l->to.row);
  l->chunk = tt_min(largest, tt_max(CHUNK_ROWS, tt_min(CHUNK_ELEMENTS / l->n, largest / 16)));
  l->chunks = tt_ceil_div(largest, l->chunk);
  AGREE(l->grid, make_room(l));
  if (x->want_q) TRY(tt_matrix_create_raw(l->grid, A->dtype, A->row.n, l->n, &l->rows, &l->Q));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ a pass */

/* A chunk of rows of this rank, where it is changed. */
typedef struct chunk {
  double *at;
  int64_t ld, rows;
  char   *home; /* in Q, NULL without */
} chunk;

/* The k-th chunk of scale A, or of Q from the second pass on. Collective. */
static tartan_status take(ladder *l, int64_t k, bool first, chunk *c)
{
  const int64_t from = k * l->chunk, mine = tt_axis_count(&l->to.row, l->grid->rank);
  const size_t  w = tartan_dtype_size(l->x->A->dtype);
  tartan_status st = TARTAN_OK;

  *c = (chunk){.at = l->buf, .ld = l->chunk, .rows = tt_max(0, tt_min(l->chunk, mine - from))};
  if (l->Q && c->rows > 0) c->home = (char *)l->Q->data + (size_t)from * w;
  if (c->home && l->Q->dtype == TARTAN_F64) {
    c->at = (double *)(void *)c->home;
    c->ld = l->Q->ld;
  }
  if (first || !l->Q) {
    TRY(tt_transfer_range(&l->bring, l->step, from, from + l->chunk, 0, l->n, TARTAN_F64, 0, c->at, c->ld));
    if (l->x->scale != 1) tt_scale_local(TARTAN_F64, l->x->scale, c->at, c->ld, c->rows, l->n);
  } else if (c->home && l->Q->dtype == TARTAN_F32) {
    tt_copy_local(TARTAN_F32, c->home, l->Q->ld, TARTAN_F64, c->at, c->ld, c->rows, l->n);
  }
done:
  return st;
}

/* Rounds a chunk to where it belongs, and works on with what was kept. */
static void keep(ladder *l, const chunk *c)
{
  if (!c->home || l->Q->dtype == TARTAN_F64) return;
  tt_copy_local(TARTAN_F64, c->at, c->ld, TARTAN_F32, c->home, l->Q->ld, c->rows, l->n);
  tt_copy_local(TARTAN_F32, c->home, l->Q->ld, TARTAN_F64, c->at, c->ld, c->rows, l->n);
}

/* Divides all rows by the factors that they still hold; with `sum`, the Gram matrix of what is left. Collective. */
static tartan_status run_pass(ladder *l, bool sum)
{
  const double  n = (double)l->n;
  const int     from = l->Q && l->factors > 0 ? l->factors - 1 : 0; /* what is kept has been divided by the others */
  chunk         c;
  double        t;
  const int     threads = tt_blas_threads_begin(l->grid);
  tartan_status st = TARTAN_OK;

  memset(l->gram, 0, (size_t)(l->n * l->n) * sizeof *l->gram);
  for (int64_t k = 0; k < l->chunks; k++) {
    TRY(take(l, k, l->factors == 0, &c));
    t = tt_seconds();
    for (int i = from; i < l->factors; i++)
      tt_trsm_right_local(TARTAN_F64, TARTAN_NO_TRANS, c.rows, l->n, l->r[i], l->n, c.at, c.ld);
    keep(l, &c);
    if (sum && c.rows > 0) tt_syrk_turned_local(TARTAN_F64, l->n, c.rows, 1, c.at, c.ld, 1, l->gram, l->n);
    l->grid->counters.flops += (double)c.rows * n * ((l->factors - from) * n + (sum ? n + 1 : 0));
    tt_grid_phase(l->grid, TARTAN_PHASE_COMPUTE, &t);
  }
done:
  tt_blas_threads_end(threads);
  return st;
}

/* The Gram matrices of all ranks added up, as a packed lower triangle. Collective. */
static tartan_status sum_gram(ladder *l)
{
  double       *to = l->packed;
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < l->n; j++) {
    memcpy(to, l->gram + j + j * l->n, (size_t)(l->n - j) * sizeof *to);
    to += l->n - j;
  }
  TRY(tt_allreduce_f64(l->grid, l->packed, to - l->packed, TT_SUM));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ rank 0 */

/* |G - I|_F of the packed Gram matrix. */
static double deviation(const ladder *l)
{
  const double *g = l->packed;
  double        sum = 0;

  for (int64_t j = 0; j < l->n; j++) {
    sum += (*g - 1) * (*g - 1);
    for (int64_t i = j + 1; i < l->n; i++) sum += 2 * g[i - j] * g[i - j];
    g += l->n - j;
  }
  return sqrt(sum);
}

/* Powers of two near the roots of the diagonal; false if one is not a number to divide by. */
static bool find_sizes(ladder *l)
{
  const double *g = l->packed;

  for (int64_t j = 0; j < l->n; g += l->n - j, j++) {
    int e = 0;

    if (!(*g > 0x1p-900) || !isfinite(*g)) return false;
    (void)frexp(sqrt(*g), &e);
    l->size[j] = ldexp(1, e);
  }
  return true;
}

/* r := upper triangle of the scaled Gram matrix plus a shift. Returns its Frobenius norm. */
static double scaled_gram(const ladder *l, double shift, double *r)
{
  const double *g = l->packed;
  double        sum = 0;

  memset(r, 0, (size_t)(l->n * l->n) * sizeof *r);
  for (int64_t j = 0; j < l->n; j++) {
    for (int64_t i = j; i < l->n; i++) {
      const double v = g[i - j] / l->size[i] / l->size[j];

      r[j + i * l->n] = i == j ? v + shift : v;
      sum += i == j ? v * v : 2 * v * v;
    }
    g += l->n - j;
  }
  return sqrt(sum);
}

/* r := Cholesky factor of the Gram matrix, shifted if asked; its condition, or INFINITY if there is none. */
static double factor_gram(ladder *l, bool shift, double *r)
{
  const double norm = scaled_gram(l, 0, r);

  if (shift) (void)scaled_gram(l, SHIFT * (double)l->n * 0x1p-53 * norm, r);
  if (tt_potrf(TARTAN_F64, TARTAN_UPPER, l->n, r, l->n) != 0) return (double)INFINITY;
  return tt_qr_condition(TARTAN_F64, l->n, r, l->work);
}

/* total := r total, both upper triangular: of each block of columns only the rows that are not zero. */
static void multiply_total(ladder *l, const double *r)
{
  const int64_t n = l->n;

  memset(l->work, 0, (size_t)(n * n) * sizeof *r);
  for (int64_t j = 0; j < n; j += COLUMNS) {
    const int64_t width = tt_min(COLUMNS, n - j), rows = j + width;

    tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_NO_TRANS, rows, width, rows, 1, r, n, l->total + j * n, n, 0,
                  l->work + j * n, n);
    for (int64_t k = j; k < rows; k++) memset(l->work + k + 1 + k * n, 0, (size_t)(rows - k - 1) * sizeof *r);
  }
  memcpy(l->total, l->work, (size_t)(n * n) * sizeof *r);
}

/* The columns of the factor get their sizes back; it is multiplied into the total. */
static void accept(ladder *l, double *r)
{
  const int64_t n = l->n;

  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i <= j; i++) r[i + j * n] *= l->size[j];
  if (l->factors == 0)
    memcpy(l->total, r, (size_t)(n * n) * sizeof *r);
  else
    multiply_total(l, r);
}

/* The next factor from the Gram matrix, and what is to be done with it. On rank 0. */
static void judge(ladder *l, bool shift_asked, double *r)
{
  double *v = l->verdict;

  memset(v, 0, sizeof l->verdict);
  v[DEVIATION] = l->factors > 0 ? deviation(l) : (double)INFINITY;
  v[LAST] = v[DEVIATION] < DEVIATION_MOST && (l->factors == 2 || !l->shifted);
  v[CONDITION] = (double)INFINITY;
  if (!find_sizes(l)) return;
  if (!shift_asked) v[CONDITION] = factor_gram(l, false, r);
  if (l->factors == 0 && l->x->one_pass && v[CONDITION] <= ONE_PASS_MOST) v[LAST] = 1;
  if (l->factors == 0 && !(v[CONDITION] <= CONDITION_MOST)) {
    v[SHIFTED] = 1;
    v[GO] = isfinite(factor_gram(l, true, r));
  } else {
    v[GO] = v[CONDITION] <= CONDITION_MOST && (v[LAST] != 0 || l->factors + 1 < PASSES);
  }
  if (v[GO] != 0) accept(l, r);
}

/* ------------------------------------------------------------------------------------------------ all passes */

/* Gram matrix, its factor, and the verdict, on every rank. Collective. */
static tartan_status next_factor(ladder *l, bool shift_asked)
{
  double       *r;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(run_pass(l, true));
  TRY(sum_gram(l));
  r = l->r[l->factors] = tt_alloc(&l->grid->memory, l->n * l->n, sizeof *r, "a triangular factor", &local);
  AGREE(l->grid, local);
  if (l->total) { /* on rank 0 */
    const int threads = tt_blas_threads_begin(l->grid);

    judge(l, shift_asked, r);
    tt_blas_threads_end(threads);
    if (l->verdict[GO] != 0) {
      memcpy(l->gram, r, (size_t)(l->n * l->n) * sizeof *r);
      tt_qr_pack(TARTAN_F64, l->n, l->gram);
      memcpy(l->packed, l->gram, (size_t)(l->n * (l->n + 1) / 2) * sizeof *r);
    }
  }
  TRY(tt_bcast(l->grid, l->verdict, VERDICTS, sizeof *l->verdict, 0));
  if (l->verdict[GO] == 0) goto done;
  TRY(tt_bcast(l->grid, l->packed, l->n * (l->n + 1) / 2, sizeof *r, 0));
  memcpy(r, l->packed, (size_t)(l->n * (l->n + 1) / 2) * sizeof *r);
  tt_qr_unpack(TARTAN_F64, l->n, r);
  l->factors++;
done:
  return st;
}

/* Says why the ladder goes further down. Local. */
static void explain(const ladder *l, bool down)
{
  const double *v = l->verdict;
  char         *why = l->x->reason;
  const size_t  length = strlen(why);

  if (down)
    snprintf(why + length, TT_QR_REASON - length, "; CholeskyQR gave up in pass %d: condition %.1e, |Q'Q - I| %.1e",
             l->factors + 1, v[CONDITION], v[DEVIATION]);
  else if (l->factors == 1)
    snprintf(why + length, TT_QR_REASON - length, "; condition %.1e: one pass in f64 will do for f32", l->x->condition);
  else
    snprintf(why + length, TT_QR_REASON - length, "; condition %.1e, |Q'Q - I| %.1e before the last pass",
             l->x->condition, v[DEVIATION]);
}

/* Divides for the last time, and puts R where it belongs. Collective. */
static tartan_status finish(ladder *l)
{
  tt_qr        *x = l->x;
  const int64_t n = l->n;
  tartan_status st = TARTAN_OK;

  if (l->Q) TRY(run_pass(l, false));
  if (l->total) { /* on rank 0 */
    x->condition = tt_qr_condition(TARTAN_F64, n, l->total, l->work);
    if (x->A->dtype == TARTAN_F32) tt_copy_local(TARTAN_F64, l->total, n, TARTAN_F32, l->work, n, n, n);
  }
  TRY(tt_bcast(l->grid, &x->condition, 1, sizeof x->condition, 0));
  TRY(tt_qr_put_r(x, x->A->dtype == TARTAN_F32 ? l->work : l->total));
  x->Q = l->Q;
  l->Q = NULL;
  if (l->factors == 1)
    snprintf(x->method, sizeof x->method, "CholeskyQR in f64");
  else
    snprintf(x->method, sizeof x->method, "%s%d", l->shifted ? "shifted CholeskyQR" : "CholeskyQR", l->factors);
  explain(l, false);
done:
  return st;
}

tartan_status tt_qr_cholesky(tt_qr *x, bool shifted, bool *done)
{
  ladder        l = {0};
  tartan_status st = TARTAN_OK;

  *done = false;
  TRY(make(x, &l));
  do {
    TRY(next_factor(&l, shifted && l.factors == 0));
    if (l.verdict[SHIFTED] != 0) l.shifted = true;
  } while (l.verdict[GO] != 0 && l.verdict[LAST] == 0);
  if (l.verdict[GO] == 0) {
    explain(&l, true);
  } else {
    TRY(finish(&l));
    *done = true;
  }
done:
  end(&l);
  return st;
}
