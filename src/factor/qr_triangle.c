/*
 * What the rungs share about R: how it travels, where it is put, and its condition by power iteration on R'R and on its
 * inverse (two products or two triangular systems a step, so about 80 n^2 flops in all).
 */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/util.h"
#include "comm/agree.h"
#include "factor/qr_impl.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/reduce.h"
#include "kernel/triangular.h"

#define STEPS 10

tartan_matrix_opts tt_qr_rows(const tartan_matrix *A, int64_t block)
{
  tartan_matrix_opts o = TARTAN_MATRIX_OPTS_INIT;

  o.mb = tt_max(1, block);
  o.p = A->grid->size;
  o.q = 1;
  return o;
}

tt_layout tt_qr_layout(const tartan_matrix *A, const tartan_matrix_opts *opts)
{
  const tt_layout layout = {.row = {.n = A->row.n, .nb = opts->mb, .procs = opts->p, .src = opts->rsrc},
                            .col = {.n = A->col.n, .nb = tt_max(1, A->col.n), .procs = 1}};

  return layout;
}

tartan_status tt_qr_put_r(tt_qr *x, const void *r)
{
  const int64_t n = x->A->col.n;
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_create(x->A->grid, x->A->dtype, n, n, NULL, &x->R));
  TRY(tartan_matrix_scatter(r, 0, x->R));
done:
  return st;
}

void tt_qr_pack(tartan_dtype dtype, int64_t n, void *r)
{
  const int64_t w = (int64_t)tartan_dtype_size(dtype);
  char         *at = r;

  for (int64_t j = 0; j < n; j++) {
    memmove(at, (const char *)r + j * n * w, (size_t)((j + 1) * w));
    at += (j + 1) * w;
  }
}

void tt_qr_unpack(tartan_dtype dtype, int64_t n, void *r)
{
  const int64_t w = (int64_t)tartan_dtype_size(dtype);

  for (int64_t j = n - 1; j >= 0; j--) {
    char *column = (char *)r + j * n * w;

    memmove(column, (const char *)r + j * (j + 1) / 2 * w, (size_t)((j + 1) * w));
    memset(column + (j + 1) * w, 0, (size_t)((n - j - 1) * w));
  }
}

/* Norm of v, which becomes a unit vector. */
static double normalize(tartan_dtype dtype, int64_t n, void *v)
{
  double norm = 0;

  tt_measure_columns(TT_LENGTH, dtype, v, n, n, 1, &norm);
  if (norm > 0 && isfinite(norm)) tt_scale_local(dtype, 1 / norm, v, n, n, 1);
  return norm;
}

/* y' := x' op(R), or x' op(R)^-1. */
static void apply(tartan_dtype dtype, tartan_op op, bool inverse, int64_t n, const void *r, const void *x, void *y)
{
  if (inverse) {
    tt_copy_local(dtype, x, n, dtype, y, n, n, 1);
    tt_trsm_right_local(dtype, op, 1, n, r, n, y, 1);
  } else {
    tt_gemm_local(dtype, TARTAN_NO_TRANS, op, 1, n, n, 1, x, 1, r, n, 0, y, 1);
  }
}

/* Largest singular value of R or of its inverse, from below. */
static double largest(tartan_dtype dtype, bool inverse, int64_t n, const void *r, void *x, void *y)
{
  double most = 0;

  for (int64_t i = 0; i < n; i++) tt_put_element(dtype, 2 * tt_uniform(1, i, 0) - 1, x, n, i, 0);
  (void)normalize(dtype, n, x);
  for (int s = 0; s < STEPS; s++) {
    double norm;

    apply(dtype, inverse ? TARTAN_NO_TRANS : TARTAN_TRANS, inverse, n, r, x, y);
    norm = normalize(dtype, n, y);
    if (!isfinite(norm)) return (double)INFINITY;
    most = fmax(most, norm);
    apply(dtype, inverse ? TARTAN_TRANS : TARTAN_NO_TRANS, inverse, n, r, y, x);
    norm = normalize(dtype, n, x);
    if (!isfinite(norm)) return (double)INFINITY;
    most = fmax(most, norm);
  }
  return most;
}

double tt_qr_condition(tartan_dtype dtype, int64_t n, const void *r, void *work)
{
  void  *x = work, *y = (char *)work + (size_t)n * tartan_dtype_size(dtype);
  double top;

  for (int64_t i = 0; i < n; i++)
    if (tt_get_element(dtype, r, n, i, i) == 0) return (double)INFINITY;
  top = largest(dtype, false, n, r, x, y);
  return top * largest(dtype, true, n, r, x, y);
}
