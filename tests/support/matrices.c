/* Nothing here uses the library's copies, products or norms: a reference must not share their mistakes. */
#include "matrices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "check.h"
#include "comm/grid.h"

static int64_t leading(int64_t m)
{
  return m > 1 ? m : 1;
}

dense dense_new(int64_t m, int64_t n)
{
  dense        A = {m, n, NULL};
  const size_t count = (size_t)(leading(m) * leading(n));

  A.a = calloc(count, sizeof *A.a);
  if (!A.a) {
    fprintf(stderr, "the test has no memory for a reference of %lld x %lld\n", (long long)m, (long long)n);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
  }
  return A;
}

dense dense_make(int64_t m, int64_t n, tartan_fill *fill, void *context)
{
  dense A = dense_new(m, n);

  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) AT(A, i, j) = fill(i, j, context);
  return A;
}

double matrix_local_get(const tartan_matrix *A, int64_t il, int64_t jl)
{
  int64_t     ld;
  const void *data = tartan_matrix_local(A, &ld, NULL, NULL);

  if (tartan_matrix_dtype(A) == TARTAN_F32) return ((const float *)data)[il + jl * ld];
  return ((const double *)data)[il + jl * ld];
}

static void local_set(tartan_matrix *A, int64_t il, int64_t jl, double value)
{
  int64_t ld;
  void   *data = tartan_matrix_local(A, &ld, NULL, NULL);

  if (tartan_matrix_dtype(A) == TARTAN_F32)
    ((float *)data)[il + jl * ld] = (float)value;
  else
    ((double *)data)[il + jl * ld] = value;
}

/* Two sums travel: the values (each from one rank), and how many ranks hold each element. */
dense dense_of(const tartan_matrix *A)
{
  const MPI_Comm comm = tartan_matrix_grid(A)->all;
  int64_t        m, n, mloc, nloc;
  dense          values, holders;

  tartan_matrix_shape(A, &m, &n);
  tartan_matrix_local(A, NULL, &mloc, &nloc);
  values = dense_new(m, n);
  holders = dense_new(m, n);
  for (int64_t j = 0; j < nloc; j++)
    for (int64_t i = 0; i < mloc; i++) {
      const int64_t gi = tartan_matrix_global_row(A, i), gj = tartan_matrix_global_col(A, j);

      AT(values, gi, gj) += matrix_local_get(A, i, j);
      AT(holders, gi, gj) += 1;
    }
  MPI_Allreduce(MPI_IN_PLACE, values.a, (int)(leading(m) * leading(n)), MPI_DOUBLE, MPI_SUM, comm);
  MPI_Allreduce(MPI_IN_PLACE, holders.a, (int)(leading(m) * leading(n)), MPI_DOUBLE, MPI_SUM, comm);
  for (int64_t e = 0; e < m * n; e++)
    if (holders.a[e] != 1) values.a[e] = NAN;
  dense_free(&holders);
  return values;
}

dense dense_transpose(const dense *A)
{
  dense T = dense_new(A->n, A->m);

  for (int64_t j = 0; j < A->n; j++)
    for (int64_t i = 0; i < A->m; i++) AT(T, j, i) = AT(*A, i, j);
  return T;
}

dense dense_product(tartan_op op_a, const dense *A, tartan_op op_b, const dense *B)
{
  const dense   left = op_a == TARTAN_TRANS ? (dense){A->m, A->n, A->a} : dense_transpose(A); /* op(A)', by columns */
  const int64_t m = op_a == TARTAN_TRANS ? A->n : A->m, k = op_a == TARTAN_TRANS ? A->m : A->n;
  const int64_t n = op_b == TARTAN_TRANS ? B->m : B->n;
  dense         C = dense_new(m, n), drop = left;

  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) {
      double sum = 0;

      for (int64_t l = 0; l < k; l++) sum += AT(left, l, i) * (op_b == TARTAN_TRANS ? AT(*B, j, l) : AT(*B, l, j));
      AT(C, i, j) = sum;
    }
  if (op_a != TARTAN_TRANS) dense_free(&drop);
  return C;
}

void dense_free(dense *A)
{
  free(A->a);
  A->a = NULL;
  A->m = A->n = 0;
}

double dense_norm(const dense *A)
{
  double sum = 0;

  for (int64_t e = 0; e < A->m * A->n; e++) sum += A->a[e] * A->a[e];
  return sqrt(sum);
}

bool dense_same_bits(const dense *A, const dense *B)
{
  return A->m == B->m && A->n == B->n && memcmp(A->a, B->a, (size_t)(A->m * A->n) * sizeof *A->a) == 0;
}

double dense_distance(const dense *A, const dense *B)
{
  double sum = 0;

  if (A->m != B->m || A->n != B->n) return NAN;
  for (int64_t e = 0; e < A->m * A->n; e++) sum += (A->a[e] - B->a[e]) * (A->a[e] - B->a[e]);
  return sqrt(sum);
}

double dense_orthogonality(const dense *A)
{
  dense  G = dense_product(TARTAN_TRANS, A, TARTAN_NO_TRANS, A);
  double norm;

  for (int64_t j = 0; j < G.n; j++) AT(G, j, j) -= 1;
  norm = dense_norm(&G);
  dense_free(&G);
  return norm;
}

void dense_orthonormalize(dense *Q)
{
  for (int64_t j = 0; j < Q->n; j++)
    for (int pass = 0; pass < 3; pass++) {
      long double square = 0;

      for (int64_t k = 0; k < j && pass < 2; k++) {
        long double dot = 0;

        for (int64_t i = 0; i < Q->m; i++) dot += (long double)AT(*Q, i, k) * AT(*Q, i, j);
        for (int64_t i = 0; i < Q->m; i++) AT(*Q, i, j) -= (double)dot * AT(*Q, i, k);
      }
      for (int64_t i = 0; i < Q->m; i++) square += (long double)AT(*Q, i, j) * AT(*Q, i, j);
      for (int64_t i = 0; i < Q->m; i++) AT(*Q, i, j) = (double)(AT(*Q, i, j) / sqrtl(square));
    }
}

/* Orthonormal columns from random ones. */
static dense orthonormal(int64_t m, int64_t r, uint64_t seed)
{
  dense Q = dense_make(m, r, fill_random, &seed);

  dense_orthonormalize(&Q);
  return Q;
}

dense dense_with_values(int64_t m, int64_t n, int64_t r, const double *sigma, uint64_t seed)
{
  dense U = orthonormal(m, r, 2 * seed), V = orthonormal(n, r, 2 * seed + 1), A = dense_new(m, n);

  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) {
      long double sum = 0;

      for (int64_t k = 0; k < r; k++) sum += (long double)AT(U, i, k) * sigma[k] * AT(V, j, k);
      AT(A, i, j) = (double)sum;
    }
  dense_free(&U);
  dense_free(&V);
  return A;
}

void dense_round(dense *A)
{
  for (int64_t e = 0; e < A->m * A->n; e++) A->a[e] = (float)A->a[e];
}

double fill_place(int64_t i, int64_t j, void *context)
{
  (void)context;
  return (double)(i + 4096 * j);
}

double fill_random(int64_t i, int64_t j, void *context)
{
  return (float)(2 * tt_uniform(*(const uint64_t *)context, i, j) - 1);
}

void matrix_fill(tartan_matrix *A, tartan_fill *fill, void *context)
{
  int64_t mloc, nloc;

  tartan_matrix_local(A, NULL, &mloc, &nloc);
  for (int64_t j = 0; j < nloc; j++)
    for (int64_t i = 0; i < mloc; i++)
      local_set(A, i, j, fill(tartan_matrix_global_row(A, i), tartan_matrix_global_col(A, j), context));
}

tartan_matrix *matrix_make(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, const tartan_matrix_opts *opts,
                           tartan_fill *fill, void *context)
{
  tartan_matrix *A = NULL;

  if (!CHECK_OK(tartan_matrix_create(grid, dtype, m, n, opts, &A))) return NULL;
  matrix_fill(A, fill, context);
  return A;
}

static double fill_dense(int64_t i, int64_t j, void *context)
{
  const dense *A = context;

  return AT(*A, i, j);
}

tartan_matrix *matrix_of(tartan_grid *grid, tartan_dtype dtype, const dense *A, const tartan_matrix_opts *opts)
{
  dense copy = *A;

  return matrix_make(grid, dtype, A->m, A->n, opts, fill_dense, &copy);
}

void matrix_put(tartan_matrix *A, const dense *values)
{
  int64_t mloc, nloc;

  tartan_matrix_local(A, NULL, &mloc, &nloc);
  for (int64_t j = 0; j < nloc; j++)
    for (int64_t i = 0; i < mloc; i++)
      local_set(A, i, j, AT(*values, tartan_matrix_global_row(A, i), tartan_matrix_global_col(A, j)));
}

int64_t matrix_count_wrong(const tartan_matrix *A, tartan_fill *fill, void *context)
{
  const bool single = tartan_matrix_dtype(A) == TARTAN_F32;
  int64_t    mloc, nloc, wrong = 0;

  tartan_matrix_local(A, NULL, &mloc, &nloc);
  for (int64_t j = 0; j < nloc; j++)
    for (int64_t i = 0; i < mloc; i++) {
      const double expected = fill(tartan_matrix_global_row(A, i), tartan_matrix_global_col(A, j), context);
      const double rounded = single ? (double)(float)expected : expected, found = matrix_local_get(A, i, j);

      wrong += memcmp(&rounded, &found, sizeof found) != 0;
    }
  return wrong;
}

double unit_roundoff(tartan_dtype dtype)
{
  return dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53;
}

int shape_list(int64_t block, int64_t list[8])
{
  const int64_t all[] = {0, 1, block - 1, block, block + 1, 2 * block + 3, 37};
  int           count = 0;

  for (size_t s = 0; s < sizeof all / sizeof *all; s++) {
    bool known = all[s] < 0;

    for (int t = 0; t < count && !known; t++) known = list[t] == all[s];
    if (!known) list[count++] = all[s];
  }
  return count;
}

int grid_list(const tartan_grid *grid, int list[8][2])
{
  const int P = tartan_grid_size(grid);
  int       p, q, count = 0;

  tartan_grid_shape(grid, &p, &q, NULL, NULL);
  const int all[][2] = {{1, P}, {P, 1}, {p, q}, {q, p}, {1, 1}};

  for (size_t s = 0; s < sizeof all / sizeof *all; s++) {
    bool known = false;

    for (int t = 0; t < count && !known; t++) known = list[t][0] == all[s][0] && list[t][1] == all[s][1];
    if (known) continue;
    list[count][0] = all[s][0];
    list[count++][1] = all[s][1];
  }
  return count;
}

tartan_matrix_opts layout_of(int64_t mb, int64_t nb, int p, int q, int rsrc, int csrc)
{
  tartan_matrix_opts opts = TARTAN_MATRIX_OPTS_INIT;

  opts.mb = mb;
  opts.nb = nb;
  opts.p = p;
  opts.q = q;
  opts.rsrc = rsrc;
  opts.csrc = csrc;
  return opts;
}

tartan_matrix_opts layout_random(const tartan_grid *grid)
{
  static const int64_t block[] = {1, 2, 3, 5, 8, 13, 64, 100};
  const int            P = tartan_grid_size(grid);
  const int            p = 1 + (int)check_pick(P), q = 1 + (int)check_pick(P / p);
  const int64_t        mb = block[check_pick(8)], nb = block[check_pick(8)];
  const int            rsrc = (int)check_pick(p), csrc = (int)check_pick(q);

  return layout_of(mb, nb, p, q, rsrc, csrc);
}

void layout_draw_ranks(const tartan_grid *grid, tartan_matrix_opts *opts, int *room)
{
  const int P = tartan_grid_size(grid);

  opts->ranks = NULL;
  if (P > LAYOUT_RANKS_MAX || check_pick(3) == 0) return;
  for (int r = 0; r < P; r++) room[r] = r;
  for (int r = P - 1; r > 0; r--) { /* the shuffle of Fisher and Yates; the first p q of it are used */
    const int other = (int)check_pick(r + 1), rank = room[r];

    room[r] = room[other];
    room[other] = rank;
  }
  opts->ranks = room;
}

static int64_t slab(int64_t n, int parts)
{
  return n > parts ? (n + parts - 1) / parts : 1;
}

tartan_matrix_opts layout_row_slabs(int64_t m, int64_t n, int parts)
{
  return layout_of(slab(m, parts), slab(n, 1), parts, 1, 0, 0);
}

tartan_matrix_opts layout_column_slabs(int64_t m, int64_t n, int parts)
{
  return layout_of(slab(m, 1), slab(n, parts), 1, parts, 0, 0);
}

const char *layout_text(const tartan_matrix_opts *opts, char text[96])
{
  int at = snprintf(text, 96, "blocks %lld x %lld on %d x %d ranks from (%d, %d)", (long long)opts->mb,
                    (long long)opts->nb, opts->p, opts->q, opts->rsrc, opts->csrc);

  for (int r = 0; opts->ranks && r < opts->p * opts->q && at < 90; r++)
    at += snprintf(text + at, (size_t)(96 - at), r == 0 ? ": %d" : " %d", opts->ranks[r]);
  return text;
}

int layout_owner(const tartan_matrix_opts *opts, int64_t i, int64_t j)
{
  const int prow = (int)((i / opts->mb + opts->rsrc) % opts->p), pcol = (int)((j / opts->nb + opts->csrc) % opts->q);
  const int place = prow * opts->q + pcol;

  return opts->ranks ? opts->ranks[place] : place;
}

tartan_matrix *matrix_window_of(tartan_grid *grid, tartan_dtype dtype, const dense *A, bool lower, tartan_matrix **view)
{
  const tartan_matrix_opts opts = layout_random(grid);
  const int64_t            i0 = check_pick(4), j0 = check_pick(4);
  dense                    whole = dense_new(A->m + i0 + 1, A->n + j0 + 2);
  tartan_matrix           *a;

  for (int64_t j = 0; j < A->n; j++)
    for (int64_t i = 0; i < A->m; i++) AT(whole, i0 + i, j0 + j) = lower && i < j ? (double)NAN : AT(*A, i, j);
  a = matrix_of(grid, dtype, &whole, &opts);
  CHECK_OK(tartan_matrix_view(a, i0, j0, A->m, A->n, view));
  dense_free(&whole);
  return a;
}
