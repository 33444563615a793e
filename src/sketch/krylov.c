/*
 * Two-sided block Krylov iteration. V and U are orthonormal bases on the shorter and on the longer side of A (or of A', if
 * that is the taller one) with A V = U B, where B = U'A V is computed, not assumed. Of the block U_j added last, the part
 * of A'U_j outside of V is the next block V_(j+1), with coefficients C. With B = P S Z' the triplets U P, S, V Z fulfil
 * A v = s u, and A'u - s v = V_(j+1) C p, whose length is known without looking at A. When the bases are full the
 * leading Ritz vectors stay, and B becomes diagonal (thick restart).
 *
 * Source: Golub, Luk, Overton 1981; Baglama, Reichel 2006 (restarted block Lanczos bidiagonalization).
 */
#include "sketch/krylov.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "matrix/lines.h"
#include "sketch/basis.h"

#define PRODUCT "a product with the matrix"

typedef struct iteration {
  const tartan_operator *op;
  const tt_krylov_plan  *plan;
  bool                   turned;             /* A' is iterated upon */
  int64_t                rows, cols;         /* of what is: rows >= cols */
  int64_t                d;                  /* columns of U and V for which B is complete */
  int64_t                last, next;         /* columns of the last block of U, and of the block of V that follows it */
  tartan_matrix         *U, *V, *W, *Y;      /* bases; products of one block, on the side of U and on that of V */
  double                *B, *P, *Zt, *s, *C; /* [most, most], its decomposition, [block, block] */
  double                 coupling;           /* |C|_F */
  int                    exhausted;          /* steps in a row that led nowhere */
  int64_t                steps;
} iteration;

static void iteration_end(iteration *it)
{
  tt_free(it->C);
  tt_free(it->s);
  tt_free(it->Zt);
  tt_free(it->P);
  tt_free(it->B);
  tartan_matrix_destroy(&it->Y);
  tartan_matrix_destroy(&it->W);
  tartan_matrix_destroy(&it->V);
  tartan_matrix_destroy(&it->U);
}

static tartan_status iteration_begin(const tartan_operator *op, const tt_krylov_plan *plan, iteration *it)
{
  tartan_grid  *grid = op->grid;
  tt_memory    *mem = &grid->memory;
  const int64_t most = plan->most;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(it, 0, sizeof *it);
  it->op = op;
  it->plan = plan;
  it->turned = op->m < op->n;
  it->rows = tt_max(op->m, op->n);
  it->cols = tt_min(op->m, op->n);
  it->B = tt_alloc_zero(mem, most * most, sizeof *it->B, "a projected matrix", &local);
  it->P = tt_alloc(mem, most * most, sizeof *it->P, "its singular vectors", &local);
  it->Zt = tt_alloc(mem, most * most, sizeof *it->Zt, "its singular vectors", &local);
  it->s = tt_alloc(mem, most, sizeof *it->s, "its singular values", &local);
  it->C = tt_alloc(mem, plan->block * plan->block, sizeof *it->C, "coefficients", &local);
  AGREE(grid, local);
  TRY(tt_basis_create(grid, it->rows, most, &it->U));
  TRY(tt_basis_create(grid, it->cols, most + plan->block, &it->V));
  TRY(tt_basis_create(grid, it->rows, plan->block, &it->W));
  TRY(tt_basis_create(grid, it->cols, plan->block, &it->Y));
done:
  return st;
}

/* The seed of the noise in a basis: each block has its own. */
static uint64_t noise_seed(const iteration *it, int side)
{
  return it->plan->seed * 2654435761u + (uint64_t)(2 * it->steps + side + 1);
}

/* to(:, 0 .. w - 1) := A or A' times columns `from` on of X. Collective. */
static tartan_status apply(const iteration *it, bool adjoint, const tartan_matrix *X, int64_t from, int64_t w,
                           const tartan_matrix *to)
{
  const tartan_matrix x = tt_matrix_window(X, 0, from, X->row.n, w);
  tartan_matrix       y = tt_matrix_window(to, 0, 0, to->row.n, w);

  return tartan_operator_apply(it->op, adjoint != it->turned ? TARTAN_TRANS : TARTAN_NO_TRANS, &x, &y);
}

/* The first block of V. Collective. */
static tartan_status start(iteration *it)
{
  tartan_status st = TARTAN_OK;

  it->next = tt_min(it->plan->block, it->cols);
  tartan_matrix_fill_normal(it->Y, it->plan->seed);
  TRY(tt_basis_extend(it->V, 0, it->Y, it->next, noise_seed(it, 1), "the first block"));
done:
  return st;
}

/* The block of V behind the last one. Collective. */
static tartan_status extend(iteration *it)
{
  tartan_matrix *any = NULL;
  tartan_status  st = TARTAN_OK;

  it->next = tt_min(it->last, it->cols - it->d);
  if (it->next == it->last) return tt_basis_extend(it->V, it->d, it->Y, it->next, noise_seed(it, 1), PRODUCT);
  TRY(tt_basis_create(it->op->grid, it->cols, it->next, &any)); /* V is all but complete: any columns will do */
  tartan_matrix_fill_normal(any, noise_seed(it, 2));
  TRY(tt_basis_extend(it->V, it->d, any, it->next, noise_seed(it, 1), PRODUCT));
done:
  tartan_matrix_destroy(&any);
  return st;
}

/* The next block, and how it couples to the last of U. Collective. */
static tartan_status find_next(iteration *it)
{
  tartan_matrix block;
  tartan_status st = TARTAN_OK;

  it->coupling = 0;
  TRY(extend(it));
  if (it->next == 0) goto done;
  block = tt_matrix_window(it->V, 0, it->d, it->cols, it->next);
  TRY(tt_basis_project(&block, it->next, it->Y, it->last, it->C, it->next));
  for (int64_t e = 0; e < it->next * it->last; e++) it->coupling = hypot(it->coupling, it->C[e]);
done:
  return st;
}

/* One application of A and one of A'. Collective. */
static tartan_status step(iteration *it)
{
  const int64_t w = it->next, d = it->d;
  tartan_status st = TARTAN_OK;

  TRY(apply(it, false, it->V, d, w, it->W));
  TRY(tt_basis_extend(it->U, d, it->W, w, noise_seed(it, 0), PRODUCT));
  TRY(tt_basis_project(it->U, d + w, it->W, w, it->B + d * it->plan->most, it->plan->most));
  TRY(apply(it, true, it->U, d, w, it->Y));
  it->steps++;
  it->d = d + w;
  it->last = w;
  TRY(find_next(it));
done:
  return st;
}

/* |A'u - s v| of the i-th triplet. */
static double residual_of(const iteration *it, int64_t i)
{
  const double *p = it->P + i * it->d + it->d - it->last;
  double        length = 0;

  for (int64_t r = 0; r < it->next; r++) {
    double sum = 0;

    for (int64_t j = 0; j < it->last; j++) sum += it->C[r + j * it->next] * p[j];
    length = hypot(length, sum);
  }
  return length;
}

/*
 * Whether the first k triplets are found. Where the last block led nowhere the space is invariant, and of values that
 * are equal some may be missing: a random block follows, and only when that leads nowhere too all is known.
 */
static bool is_converged(iteration *it, double *residuals)
{
  const double first = it->s[0], nothing = 16 * DBL_EPSILON * sqrt((double)(it->rows + it->cols)) * first;
  double       worst = 0;

  for (int64_t i = 0; i < it->plan->k; i++) {
    residuals[i] = first > 0 ? residual_of(it, i) / first : 0;
    worst = fmax(worst, residuals[i]);
  }
  if (it->d == it->cols) return true;
  it->exhausted = it->coupling <= nothing ? it->exhausted + 1 : 0;
  return worst <= it->plan->tolerance && it->exhausted != 1;
}

/* Keeps l Ritz vectors of either side. Collective (memory). */
static tartan_status keep(iteration *it, int64_t l)
{
  const int64_t d = it->d, most = it->plan->most;
  double       *Z = it->B; /* no longer needed */
  tartan_status st = TARTAN_OK;

  tt_transpose_local(TARTAN_F64, it->Zt, d, Z, d, d, d);
  TRY(tt_basis_rotate(it->U, d, it->P, d, l));
  TRY(tt_basis_rotate(it->V, d, Z, d, l));
  tt_basis_move(it->V, d, l, it->next);
  memset(it->B, 0, (size_t)(most * most) * sizeof *it->B);
  for (int64_t i = 0; i < l; i++) it->B[i + i * most] = it->s[i];
  it->d = l;
done:
  return st;
}

static tartan_status iterate(iteration *it, tt_krylov_result *r)
{
  const tt_krylov_plan *plan = it->plan;
  tartan_status         st = TARTAN_OK;

  TRY(start(it));
  for (;;) {
    TRY(step(it));
    if (it->d >= plan->k) {
      TRY(tt_small_svd(it->op->grid, it->d, it->B, plan->most, it->P, it->s, it->Zt));
      r->converged = is_converged(it, r->residuals);
      if (r->converged || it->steps >= plan->steps) break;
    }
    if (it->d + it->next > plan->most) TRY(keep(it, tt_min(it->d, plan->most - 2 * plan->block)));
  }
  TRY(keep(it, plan->k));
  r->steps = it->steps;
  r->passes = 2 * it->steps;
  memcpy(r->s, it->s, (size_t)plan->k * sizeof *r->s);
done:
  return st;
}

tartan_status tt_krylov_result_begin(tartan_grid *grid, int64_t k, tt_krylov_result *r)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(r, 0, sizeof *r);
  r->s = tt_alloc(&grid->memory, k, sizeof *r->s, "singular values", &local);
  r->residuals = tt_alloc_zero(&grid->memory, k, sizeof *r->residuals, "residuals", &local);
  AGREE(grid, local);
done:
  return st;
}

tartan_status tt_krylov(const tartan_operator *op, const tt_krylov_plan *plan, tt_krylov_result *r)
{
  iteration     it = {0};
  tartan_status st = TARTAN_OK;

  TRY(tt_krylov_result_begin(op->grid, plan->k, r));
  TRY(iteration_begin(op, plan, &it));
  TRY(iterate(&it, r));
  TRY(tt_basis_take(it.turned ? it.V : it.U, 0, plan->k, &r->U));
  TRY(tt_basis_take(it.turned ? it.U : it.V, 0, plan->k, &r->V));
  TRY(tt_basis_fix_signs(r->U, r->V));
done:
  iteration_end(&it);
  return st;
}

void tt_krylov_result_end(tt_krylov_result *r)
{
  tartan_matrix_destroy(&r->V);
  tartan_matrix_destroy(&r->U);
  tt_free(r->residuals);
  tt_free(r->s);
}
