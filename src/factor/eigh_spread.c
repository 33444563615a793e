/*
 * A symmetric eigenproblem over the ranks of the grid: ScaLAPACK's p?syevd and p?syevr, and ELPA. A is copied into square
 * blocks anyway, so the block is the best of 16, 32 and 64 with n = 3000 on 2 ranks. p?syevd finds all vectors, of which a
 * part is then kept; ELPA carries back what is wanted.
 */
#include <math.h>

#include <tartan/blas.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "comm/subset.h"
#include "ext/elpa.h"
#include "factor/eigh_impl.h"
#include "kernel/dense.h"
#include "matrix/triangle.h"

/* A on its way: copies in the solver's layout, and what is in them afterwards. */
typedef struct spread {
  tt_eigh       *e;
  tartan_dtype   dtype;    /* that the solver works in */
  tartan_matrix *copy, *Z; /* Z: NULL for values only */
  bool           rising;   /* +A is solved, and the values come in ascending order */
  int64_t        first;    /* the wanted columns of Z begin here */
} spread;

static tartan_matrix_opts solver_layout(const tartan_grid *grid)
{
  const tartan_matrix_opts opts = {.size = sizeof opts,
                                   .mb = TT_EIGH_BLOCK,
                                   .nb = TT_EIGH_BLOCK,
                                   .p = grid->p,
                                   .q = grid->q};

  return opts;
}

/* Copies of +-scale A, full if ELPA is to have it, and room for vectors if there shall be some. Collective. */
static tartan_status make_copies(spread *s, bool full, bool room)
{
  const tartan_matrix     *A = s->e->A;
  const tartan_matrix_opts layout = solver_layout(A->grid);
  tartan_status            st = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, s->dtype, &layout, &s->copy));
  if (full) TRY(tt_matrix_mirror(TARTAN_LOWER, s->copy));
  tt_scale_local(s->dtype, s->rising ? s->e->scale : -s->e->scale, s->copy->data, s->copy->ld, s->copy->mloc,
                 s->copy->nloc);
  if (room) TRY(tt_matrix_create_raw(A->grid, s->dtype, s->e->n, s->e->n, &layout, &s->Z));
done:
  return st;
}

/* Columns of a matrix that lies in whole rows, in reverse order. Local. */
static void reverse_columns(tartan_matrix *V)
{
  for (int64_t a = 0, b = V->nloc - 1; a < b; a++, b--)
    for (int64_t i = 0; i < V->mloc; i++) {
      const double x = tt_get_element(V->dtype, V->data, V->ld, i, a);

      tt_put_element(V->dtype, tt_get_element(V->dtype, V->data, V->ld, i, b), V->data, V->ld, i, a);
      tt_put_element(V->dtype, x, V->data, V->ld, i, b);
    }
}

/*
 * V := V (3 I - V'V) / 2, a step of Newton and Schulz,: MRRR loses orthogonality
 * between vectors of close values (15 n u on an even spectrum of 131, 437 n u on glued Wilkinson matrices), which the step
 * squares; and it mixes only such vectors, so the residual stays. Collective.
 */
static tartan_status orthonormalize(tartan_matrix **V)
{
  tartan_matrix *v = *V, *G = NULL, *better = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_matrix_create(v->grid, v->dtype, v->col.n, v->col.n, NULL, &G));
  tartan_matrix_set(G, 0, 1.5);
  TRY(tartan_gemm(-0.5, TARTAN_TRANS, v, TARTAN_NO_TRANS, v, 1, G, NULL));
  TRY(tartan_matrix_create(v->grid, v->dtype, v->row.n, v->col.n, NULL, &better));
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, v, TARTAN_NO_TRANS, G, 0, better, NULL));
  tartan_matrix_destroy(V);
  *V = better;
  better = NULL;
done:
  tartan_matrix_destroy(&better);
  tartan_matrix_destroy(&G);
  return st;
}

/* V := the wanted columns of Z, in descending order of their values. Collective. */
static tartan_status take_vectors(spread *s)
{
  tt_eigh                 *e = s->e;
  const tartan_matrix_opts whole_rows = {.size = sizeof whole_rows, .p = e->A->grid->size, .q = 1};
  tartan_matrix           *view = NULL;
  tartan_status            st = TARTAN_OK;

  if (!s->rising && e->found == e->n && s->dtype == e->A->dtype) {
    e->V = s->Z;
    s->Z = NULL;
    goto done;
  }
  TRY(tartan_matrix_view(s->Z, 0, s->first, e->n, e->found, &view));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, view, e->A->dtype, s->rising ? &whole_rows : NULL, &e->V));
  if (s->rising) reverse_columns(e->V);
done:
  tartan_matrix_destroy(&view);
  return st;
}

/* w: count values as the solver gave them, on rank 0 at least; on every rank the wanted ones of A follow. Collective. */
static tartan_status take_values(spread *s, int64_t count, bool all)
{
  tt_eigh      *e = s->e;
  tartan_status st = TARTAN_OK;

  TRY(tt_bcast(e->A->grid, e->w, count, sizeof *e->w, 0)); /* ranks outside the arrangement have none */
  if (s->rising) {
    for (int64_t i = 0; i < count; i++) e->w[i] = -e->w[i];
    for (int64_t a = 0, b = count - 1; a < b; a++, b--) {
      const double x = e->w[a];

      e->w[a] = e->w[b];
      e->w[b] = x;
    }
  }
  tt_eigh_unscale(e, count, e->w);
  e->found = count;
  if (!all) goto done;
  e->found = tt_eigh_select(e, e->w, &s->first);
  for (int64_t i = 0; i < e->found; i++) e->w[i] = e->w[s->first + i];
done:
  return st;
}

/* The largest number of the type below x; no further than what any eigenvalue reaches. */
static double below(tartan_dtype dtype, double x)
{
  const double far = dtype == TARTAN_F32 ? 0x1p120 : 0x1p1000;
  float        f;

  x = fmin(fmax(x, -far), far);
  if (dtype == TARTAN_F64) return nextafter(x, -INFINITY);
  f = (float)x;
  return (double)f < x ? f : nextafterf(f, -INFINITY);
}

/* What p?syevr is to look for in -scale A: from < w <= to means -to <= -w < -from. */
static tt_spectrum spectrum_of(const tt_eigh *e)
{
  const tartan_eigh_opts *o = &e->opts;
  const tartan_dtype      t = e->A->dtype;

  switch (o->which) {
  case TARTAN_EIGH_LARGEST: return (tt_spectrum){.range = 'I', .first = 1, .last = o->count};
  case TARTAN_EIGH_SMALLEST: return (tt_spectrum){.range = 'I', .first = e->n - o->count + 1, .last = e->n};
  case TARTAN_EIGH_INTERVAL:
    return (tt_spectrum){.range = 'V', .from = below(t, -o->to * e->scale), .to = below(t, -o->from * e->scale)};
  default: return (tt_spectrum){.range = 'A'};
  }
}

/* The solver itself, on this rank: *count values are asked for, and so many found. */
static tartan_status call_solver(spread *s, const tt_subset *subset, tt_pmatrix *a, tt_pmatrix *z, int64_t *count)
{
  tt_eigh             *e = s->e;
  const tartan_matrix *c = s->copy;
  const tt_pcall       call = tt_pcall_of(c->grid);
  const tt_spectrum    part = spectrum_of(e);
  const tt_elpa_place  place = {.prow = c->prow,
                                .pcol = c->pcol,
                                .mloc = c->mloc,
                                .nloc = c->nloc,
                                .comm = subset->fortran};

  switch (e->opts.method) {
  case TARTAN_EIGH_PSYEVD: return tt_psyevd(&call, s->dtype, e->n, a, e->w, z);
  case TARTAN_EIGH_PSYEVR: return tt_psyevr(&call, s->dtype, e->n, &part, a, e->w, s->Z ? z : NULL, count);
  case TARTAN_EIGH_ELPA1: return tt_elpa_eigh(&call, &place, 1, e->n, *count, a, e->w, s->Z ? z : NULL);
  default: return tt_elpa_eigh(&call, &place, 2, e->n, *count, a, e->w, s->Z ? z : NULL);
  }
}

/* Operands made, the solver called; *count values are in w, on rank 0 at least. Collective. */
static tartan_status run(spread *s, const tt_subset *subset, int64_t *count)
{
  tartan_grid  *grid = s->copy->grid;
  tt_operand    a = {0}, z = {0};
  double        t = 0;
  int           threads;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_operand_make(s->copy, grid->p, grid->q, &a));
  if (s->Z) TRY(tt_operand_make(s->Z, grid->p, grid->q, &z));
  t = tt_seconds();
  threads = tt_blas_threads_begin(grid);
  local = call_solver(s, subset, &a.p, &z.p, count);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  AGREE(grid, local);
  TRY(tt_bcast(grid, count, 1, sizeof *count, 0));
done:
  tt_operand_end(&z);
  tt_operand_end(&a);
  return st;
}

static tartan_status by_scalapack(spread *s)
{
  const bool      mrrr = s->e->opts.method == TARTAN_EIGH_PSYEVR;
  const tt_subset none = {.comm = MPI_COMM_NULL};
  int64_t         count = s->e->n;
  tartan_status   st = TARTAN_OK;

  s->e->method = mrrr ? "p?syevr" : "p?syevd";
  TRY(make_copies(s, false, s->e->vectors || !mrrr)); /* p?syevd has no values without vectors */
  TRY(run(s, &none, &count));
  TRY(take_values(s, count, !mrrr));
done:
  return st;
}

static tartan_status by_elpa(spread *s)
{
  tt_eigh      *e = s->e;
  tartan_grid  *grid = e->A->grid;
  const bool    some = e->vectors && e->opts.which != TARTAN_EIGH_ALL && e->opts.which != TARTAN_EIGH_INTERVAL;
  int64_t       count = some ? e->opts.count : e->n;
  tt_subset     subset = {.comm = MPI_COMM_NULL};
  tartan_status st = TARTAN_OK;

  e->method = e->opts.method == TARTAN_EIGH_ELPA1 ? "ELPA 1-stage" : "ELPA 2-stage";
  s->dtype = TARTAN_F64;
  s->rising = some && e->opts.which == TARTAN_EIGH_SMALLEST;
  TRY(make_copies(s, true, e->vectors));
  TRY(tt_subset_make(grid, grid->p * grid->q, &subset));
  TRY(run(s, &subset, &count));
  TRY(take_values(s, count, !some));
done:
  tt_subset_end(grid, &subset);
  return st;
}

tartan_status tt_eigh_spread(tt_eigh *e)
{
  tartan_grid  *grid = e->A->grid;
  spread        s = {.e = e, .dtype = e->A->dtype};
  tartan_status st = TARTAN_OK;

  if (e->opts.method == TARTAN_EIGH_ELPA1 || e->opts.method == TARTAN_EIGH_ELPA2)
    TRY(by_elpa(&s));
  else
    TRY(by_scalapack(&s));
  tartan_matrix_destroy(&s.copy);
  if (e->vectors) TRY(take_vectors(&s));
  if (e->vectors && e->opts.method == TARTAN_EIGH_PSYEVR) TRY(orthonormalize(&e->V));
  grid->counters.flops += tt_eigh_flops(e->n, e->vectors, e->found) / (grid->p * grid->q);
done:
  tartan_matrix_destroy(&s.Z);
  tartan_matrix_destroy(&s.copy);
  return st;
}
