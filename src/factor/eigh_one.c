/*
 * A symmetric eigenproblem on rank 0, with one BLAS thread: the matrix is gathered, solved and its vectors scattered, so
 * the bits depend on no rank count. Solving on every rank would let ranks disagree on signs. A part of the spectrum takes
 * divide and conquer on the whole tridiagonal form and carries only the wanted vectors back.
 */
#include "base/util.h"
#include "comm/collective.h"
#include "ext/lapack.h"
#include "ext/lapack_eig.h"
#include "ext/vendor.h"
#include "factor/eigh_impl.h"
#include "kernel/dense.h"

/* What rank 0 holds; nothing elsewhere. */
typedef struct one_rank {
  void *a, *z, *tau;
  bool  part; /* vectors of a part */
} one_rank;

/* a := -scale a from the lower triangle; the upper one may hold anything. */
static void negate_symmetric(tartan_dtype dtype, int64_t n, double scale, void *a)
{
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = j; i < n; i++) {
      const double v = -scale * tt_get_element(dtype, a, n, i, j);

      tt_put_element(dtype, v, a, n, i, j);
      tt_put_element(dtype, v, a, n, j, i);
    }
  }
}

/* All values; all vectors in a, or those of the tridiagonal form in z. On rank 0. */
static tartan_status solve_here(tt_eigh *e, one_rank *o)
{
  tartan_grid  *grid = e->A->grid;
  double        t = tt_seconds();
  const int     threads = tt_blas_set_threads(1);
  tartan_status st = TARTAN_OK;

  negate_symmetric(e->A->dtype, e->n, e->scale, o->a);
  if (o->part)
    st = tt_sytrd_stedc(&grid->memory, e->A->dtype, e->n, o->a, e->w, o->z, o->tau);
  else
    st = tt_syevd(&grid->memory, e->A->dtype, e->n, o->a, e->w, e->vectors);
  if (threads > 0) tt_blas_set_threads(threads);
  if (st == TARTAN_OK) tt_eigh_unscale(e, e->n, e->w);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  return st;
}

/* The wanted vectors back from the tridiagonal form. On rank 0. */
static tartan_status carry_back(const tt_eigh *e, const one_rank *o, void *vectors)
{
  tartan_grid  *grid = e->A->grid;
  double        t = tt_seconds();
  const int     threads = tt_blas_set_threads(1);
  tartan_status st = tt_ormtr(&grid->memory, e->A->dtype, e->n, e->found, o->a, o->tau, vectors);

  if (threads > 0) tt_blas_set_threads(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  return st;
}

/* V := the wanted vectors, from column `first` on. Collective. */
static tartan_status hand_out(tt_eigh *e, const one_rank *o, int64_t first)
{
  tartan_grid  *grid = e->A->grid;
  const size_t  skip = (size_t)first * (size_t)e->n * tartan_dtype_size(e->A->dtype);
  char         *vectors = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0) vectors = (char *)(o->part ? o->z : o->a) + skip;
  if (o->part) {
    if (grid->rank == 0) local = carry_back(e, o, vectors);
    AGREE(grid, local);
  }
  TRY(tartan_matrix_create(grid, e->A->dtype, e->n, e->found, NULL, &e->V));
  TRY(tartan_matrix_scatter(vectors, 0, e->V));
done:
  return st;
}

tartan_status tt_eigh_one_rank(tt_eigh *e)
{
  tartan_grid  *grid = e->A->grid;
  const int64_t n = e->n;
  const size_t  size = tartan_dtype_size(e->A->dtype);
  one_rank      o = {.part = e->vectors && e->opts.which != TARTAN_EIGH_ALL};
  int64_t       first;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  e->method = o.part ? "?stedc on one rank" : "?syevd on one rank";
  if (grid->rank == 0) {
    o.a = tt_alloc(&grid->memory, n * n, size, "an eigenproblem", &local);
    if (o.part) o.z = tt_alloc(&grid->memory, n * n, size, "eigenvectors", &local);
    if (o.part) o.tau = tt_alloc(&grid->memory, n, size, "reflector factors", &local);
  }
  AGREE(grid, local);
  TRY(tartan_matrix_gather(e->A, 0, o.a));
  if (grid->rank == 0) local = solve_here(e, &o);
  AGREE(grid, local);
  TRY(tt_bcast(grid, e->w, n, sizeof *e->w, 0));
  e->found = tt_eigh_select(e, e->w, &first);
  if (e->vectors) TRY(hand_out(e, &o, first));
  for (int64_t i = 0; i < e->found; i++) e->w[i] = e->w[first + i];
  if (grid->rank == 0) grid->counters.flops += tt_eigh_flops(n, e->vectors, e->found);
done:
  tt_free(o.tau);
  tt_free(o.z);
  tt_free(o.a);
  return st;
}
