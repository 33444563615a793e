/*
 * Eigenvalues of a general matrix over the ranks: brought to upper Hessenberg form by all (p?gehrd, the part that is bound by
 * memory), whose values rank 0 finds by ?hseqr (Braman, Byers, Mathias 2002) with its own threads. Why not by p?hseqr:
 * see ext/scalapack_eig.c.
 */
#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "ext/lapack_eig.h"
#include "factor/eig_impl.h"
#include "kernel/dense.h"

/* That of eigh_spread.c; not measured here. */
#define BLOCK 32

/* H := its Hessenberg form; reflectors are left below. Collective. */
static tartan_status hessenberg(tartan_matrix *H)
{
  tartan_grid   *grid = H->grid;
  const tt_pcall call = tt_pcall_of(grid);
  tt_operand     h = {0};
  void          *tau = NULL;
  double         t = 0;
  int            threads;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_operand_make(H, H->p, H->q, &h));
  tau = tt_alloc_zero(&grid->memory, H->nloc + 1, tartan_dtype_size(H->dtype), "reflector factors", &local);
  AGREE(grid, local);
  t = tt_seconds();
  threads = tt_blas_threads_begin(grid);
  local = tt_pgehrd(&call, H->dtype, H->row.n, &h.p, tau);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  AGREE(grid, local);
done:
  tt_free(tau);
  tt_operand_end(&h);
  return st;
}

/* Values of what is in Hessenberg form, on rank 0. */
static tartan_status solve_here(tartan_grid *grid, tartan_dtype dtype, int64_t n, void *h, double *re, double *im)
{
  double        t = tt_seconds();
  const int     threads = tt_blas_threads_begin(grid);
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j + 2; i < n; i++) tt_put_element(dtype, 0, h, n, i, j);
  st = tt_hseqr(&grid->memory, dtype, n, h, re, im);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  return st;
}

tartan_status tt_eig_spread(const tartan_matrix *A, double scale, double *re, double *im)
{
  tartan_grid             *grid = A->grid;
  const int64_t            n = A->row.n;
  const tartan_matrix_opts layout = {.size = sizeof layout, .mb = BLOCK, .nb = BLOCK, .p = grid->p, .q = grid->q};
  tartan_matrix           *H = NULL;
  void                    *h = NULL;
  tartan_status            st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, &layout, &H));
  tt_scale_local(H->dtype, scale, H->data, H->ld, H->mloc, H->nloc);
  TRY(hessenberg(H));
  if (grid->rank == 0) h = tt_alloc(&grid->memory, n * n, tartan_dtype_size(H->dtype), "a Hessenberg form", &local);
  AGREE(grid, local);
  TRY(tartan_matrix_gather(H, 0, h));
  tartan_matrix_destroy(&H);
  if (grid->rank == 0) local = solve_here(grid, A->dtype, n, h, re, im);
  AGREE(grid, local);
  TRY(tt_bcast(grid, re, n, sizeof *re, 0));
  TRY(tt_bcast(grid, im, n, sizeof *im, 0));
  grid->counters.flops += 10 * (double)n * (double)n * (double)n / (grid->p * grid->q);
done:
  tt_free(h);
  tartan_matrix_destroy(&H);
  return st;
}
