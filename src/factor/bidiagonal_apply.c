/*
 * Products of reflectors in panels of 128: H_0 ... H_(w-1) = I - V S^(-1) V' with S = the upper triangle of V'V, 1 / tau
 * on its diagonal (Joffrain, Low, Quintana-Orti, van de Geijn, Van Zee 2006). Panels are broadcast; the columns of C
 * that a rank has are its own business, so all else is local products. ScaLAPACK's p?ormbr works in panels of one
 * block and takes twice the time.
 */
#include <string.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "factor/bidiagonal.h"
#include "kernel/gemm.h"

#define PANEL 128

typedef struct apply {
  const tartan_matrix *F;
  tartan_matrix       *C;
  int64_t              first, rows, width, from; /* of the panel: its rows from row `from` on, its columns */
  const double        *tau;
  double              *v;        /* [rows, PANEL] */
  double              *t;        /* [PANEL, PANEL] */
  double              *vc, *tvc; /* [PANEL, nloc of C] */
} apply;

static void apply_free(apply *p)
{
  tt_free(p->tvc);
  tt_free(p->vc);
  tt_free(p->t);
  tt_free(p->v);
}

/* Local: TARTAN_ERR_NOMEM. */
static tartan_status apply_make(tt_memory *mem, apply *p)
{
  const int64_t nloc = p->C->nloc;
  tartan_status local = TARTAN_OK;

  p->v = tt_alloc(mem, p->F->row.n * PANEL, sizeof *p->v, "a panel of reflectors", &local);
  p->t = tt_alloc(mem, PANEL * PANEL, sizeof *p->t, "factors of reflectors", &local);
  p->vc = tt_alloc(mem, PANEL * nloc, sizeof *p->vc, "products of reflectors", &local);
  p->tvc = tt_alloc(mem, PANEL * nloc, sizeof *p->tvc, "products of reflectors", &local);
  return local;
}

/* Columns j .. j + count - 1 of F, one block of its owner, as columns of the panel from c on. Local. */
static void fill(apply *p, int64_t j, int64_t count, int64_t c)
{
  const int64_t jl = tartan_matrix_local_col(p->F, j);
  const double *a = p->F->data;

  for (int64_t l = 0; l < count; l++) {
    const int64_t top = j + l + p->first - p->from; /* where the 1 stands */
    double       *v = p->v + (c + l) * p->rows;

    memset(v, 0, (size_t)p->rows * sizeof *v);
    if (p->tau[j + l] == 0) continue; /* no reflection: a zero column, for which any factor will do */
    v[top] = 1;
    memcpy(v + top + 1, a + p->from + top + 1 + (jl + l) * p->F->ld, (size_t)(p->rows - top - 1) * sizeof *v);
  }
}

/* The panel that begins with reflector j, on every rank. Collective. */
static tartan_status collect(apply *p, int64_t j)
{
  const tt_axis *col = &p->F->col;
  tartan_grid   *grid = p->F->grid;
  tartan_status  st = TARTAN_OK;

  for (int64_t c = 0; c < p->width; c += col->nb) {
    const int64_t count = tt_min(col->nb, p->width - c);
    const int     owner = (int)((j + c) / col->nb % grid->size);

    if (owner == grid->rank) fill(p, j + c, count, c);
    TRY(tt_bcast(grid, p->v + c * p->rows, count * p->rows, sizeof *p->v, owner));
  }
done:
  return st;
}

/* t := inverse of S, upper triangular, column by column. Local. */
static void invert(apply *p, const double *tau)
{
  const int64_t w = p->width;
  double       *t = p->t;

  tt_gemm_local(TARTAN_F64, TARTAN_TRANS, TARTAN_NO_TRANS, w, w, p->rows, 1, p->v, p->rows, p->v, p->rows, 0, t, w);
  for (int64_t j = 0; j < w; j++) {
    double      *column = t + j * w;
    const double f = tau[j] == 0 ? 1 : tau[j];
    double       s[PANEL];

    memcpy(s, column, (size_t)j * sizeof *s);
    memset(column, 0, (size_t)w * sizeof *column);
    for (int64_t l = 0; l < j; l++)
      for (int64_t i = 0; i <= l; i++) column[i] -= f * s[l] * t[i + l * w];
    column[j] = f;
  }
}

/* C := (I - V T V') C in the rows of the panel. Local. */
static void multiply(apply *p)
{
  const int64_t w = p->width, nloc = p->C->nloc;
  double       *c = (double *)p->C->data + p->from;

  tt_gemm_local(TARTAN_F64, TARTAN_TRANS, TARTAN_NO_TRANS, w, nloc, p->rows, 1, p->v, p->rows, c, p->C->ld, 0, p->vc,
                w);
  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_NO_TRANS, w, nloc, w, 1, p->t, w, p->vc, w, 0, p->tvc, w);
  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_NO_TRANS, p->rows, nloc, w, -1, p->v, p->rows, p->tvc, w, 1, c,
                p->C->ld);
}

tartan_status tt_bidiagonal_apply(const tartan_matrix *F, int64_t first, int64_t count, const double *tau,
                                  tartan_matrix *C)
{
  tartan_grid  *grid = F->grid;
  apply         p = {.F = F, .C = C, .first = first, .tau = tau};
  double        t = 0;
  int           threads = 0;
  tartan_status st = TARTAN_OK;

  st = apply_make(&grid->memory, &p);
  AGREE(grid, st);
  threads = tt_blas_threads_begin(grid);
  for (int64_t j = (count - 1) / PANEL * PANEL; j >= 0 && count > 0; j -= PANEL) {
    p.width = tt_min(PANEL, count - j);
    p.from = j + first;
    p.rows = F->row.n - p.from;
    st = collect(&p, j);
    if (st != TARTAN_OK) break;
    t = tt_seconds();
    invert(&p, tau + j);
    multiply(&p);
    tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
    grid->counters.flops += 4.0 * (double)p.rows * (double)p.width * (double)C->nloc;
  }
  tt_blas_threads_end(threads);
done:
  apply_free(&p);
  return st;
}
