/*
 * How well the components fit: |C v - lambda v| for each, from the delivered numbers and the matrix that the solver
 * kept, in panels of components. Every rank multiplies what it holds; one sum over the ranks for each panel. Nothing of
 * the result is changed.
 */
#include <math.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "kernel/gemm.h"
#include "model/pca_impl.h"

#define PANEL 64    /* components at once */
#define SAMPLES 512 /* samples at once */

/* Workspace: the panel's products, and two blocks for its local parts. */
typedef struct residual_work {
  double *y;            /* [n, PANEL] */
  double *left, *right; /* gram: [mloc, PANEL] and [nloc, PANEL]; others: [SAMPLES, PANEL] and nothing */
} residual_work;

/* The lower triangle with half its diagonal and zeros above: C = L + L'. Local. */
static void halve(tartan_matrix *C)
{
  int64_t top = 0; /* first local row that is not above the diagonal */

  for (int64_t jl = 0; jl < C->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(C, jl);
    double       *column = (double *)C->data + jl * C->ld;

    while (top < C->mloc && tartan_matrix_global_row(C, top) < j) top++;
    for (int64_t il = 0; il < top; il++) column[il] = 0;
    if (top < C->mloc && tartan_matrix_global_row(C, top) == j) column[top] /= 2;
  }
}

/* y [n, b] := this rank's part of C V from L V + L' V. Local. */
static void multiply_triangle(const tartan_matrix *L, const double *v, int64_t b, const residual_work *w)
{
  const int64_t n = L->row.n, mloc = L->mloc, nloc = L->nloc, ldm = tt_max(1, mloc), ldn = tt_max(1, nloc);

  for (int64_t i = 0; i < n * b; i++) w->y[i] = 0;
  if (mloc == 0 || nloc == 0) return;
  for (int64_t jl = 0; jl < nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(L, jl);

    for (int64_t c = 0; c < b; c++) w->right[jl + c * ldn] = v[j + c * n];
  }
  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_NO_TRANS, mloc, b, nloc, 1, L->data, L->ld, w->right, ldn, 0,
                w->left, ldm);
  for (int64_t il = 0; il < mloc; il++) {
    const int64_t i = tartan_matrix_global_row(L, il);

    for (int64_t c = 0; c < b; c++) {
      w->y[i + c * n] += w->left[il + c * ldm];
      w->left[il + c * ldm] = v[i + c * n];
    }
  }
  tt_gemm_local(TARTAN_F64, TARTAN_TRANS, TARTAN_NO_TRANS, nloc, b, mloc, 1, L->data, L->ld, w->left, ldm, 0, w->right,
                ldn);
  for (int64_t jl = 0; jl < nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(L, jl);

    for (int64_t c = 0; c < b; c++) w->y[j + c * n] += w->right[jl + c * ldn];
  }
}

/* y [n, b] := this rank's part of C V = T (T' V) / (m - 1), its rows being the columns of T. Local. */
static void multiply_samples(const tartan_matrix *T, int64_t m, const double *v, int64_t b, const residual_work *w)
{
  const int64_t n = T->row.n, ld = tt_max(1, n);
  const double  scale = 1 / (double)(m - 1);

  for (int64_t i = 0; i < n * b; i++) w->y[i] = 0;
  for (int64_t s = 0; s < T->nloc; s += SAMPLES) {
    const int64_t count = tt_min(SAMPLES, T->nloc - s);
    const double *x = (const double *)T->data + s * T->ld;

    tt_gemm_local(TARTAN_F64, TARTAN_TRANS, TARTAN_NO_TRANS, count, b, n, scale, x, T->ld, v, ld, 0, w->left, count);
    tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_NO_TRANS, n, b, count, 1, x, T->ld, w->left, count, 1, w->y, ld);
  }
}

/* The largest |y - lambda v| / first of a panel, divided before it is squared, against overflow. Local. */
static double largest(int64_t n, int64_t b, const double *y, const double *lambda, double first, const double *v)
{
  double worst = 0;

  for (int64_t c = 0; c < b; c++) {
    double sum = 0;

    for (int64_t i = 0; i < n; i++) {
      const double d = (y[i + c * n] - lambda[c] * v[i + c * n]) / first;

      sum += d * d;
    }
    if (!(sqrt(sum) <= worst)) worst = sqrt(sum);
  }
  return worst;
}

static tartan_status work_begin(const tt_pca_spectrum *s, int64_t n, int64_t b, residual_work *w)
{
  tt_memory    *mem = &s->C->grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  w->y = tt_alloc(mem, n * b, sizeof *w->y, "a check of components", &local);
  w->left = tt_alloc(mem, (s->rows ? SAMPLES : s->C->mloc) * b, sizeof *w->left, "a check of components", &local);
  w->right = tt_alloc(mem, (s->rows ? 0 : s->C->nloc) * b, sizeof *w->right, "a check of components", &local);
  AGREE(s->C->grid, local);
done:
  return st;
}

tartan_status tt_pca_residual(const tt_pca_spectrum *s, const tartan_pca *model, double *residual)
{
  const tartan_pca_values *v = &model->v;
  tartan_grid             *grid = s->C->grid;
  const int64_t            n = v->features, k = v->components, width = tt_min(k, PANEL);
  residual_work            w = {0};
  double                   worst = 0, t;
  int                      threads;
  tartan_status            st = TARTAN_OK;

  *residual = 0;
  if (v->explained_variance_[0] == 0) goto done;
  if (!isfinite(v->explained_variance_[0])) { /* beyond f64: nothing to compare with */
    *residual = -1;
    goto done;
  }
  TRY(work_begin(s, n, width, &w));
  if (!s->rows) halve(s->C);
  for (int64_t c = 0; c < k; c += width) {
    const int64_t b = tt_min(width, k - c);
    const double *panel = v->components_ + c * n;
    double        panel_worst;

    t = tt_seconds();
    threads = tt_blas_threads_begin(grid);
    if (s->rows)
      multiply_samples(s->C, v->samples, panel, b, &w);
    else
      multiply_triangle(s->C, panel, b, &w);
    tt_blas_threads_end(threads);
    grid->counters.flops += 4.0 * (double)s->C->mloc * (double)s->C->nloc * (double)b;
    tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
    TRY(tt_allreduce_f64(grid, w.y, n * b, TT_SUM));
    panel_worst = largest(n, b, w.y, v->explained_variance_ + c, v->explained_variance_[0], panel);
    if (!(panel_worst <= worst)) worst = panel_worst;
  }
  *residual = worst;
done:
  tt_free(w.right);
  tt_free(w.left);
  tt_free(w.y);
  return st;
}
