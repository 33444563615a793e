/*
 * Block Krylov iteration, two-sided: V and U are orthonormal bases on the shorter and on the longer side of A (or of A', if
 * that is the taller one) with A V = U B, where B = U'A V is computed, not assumed. Of the block U_j added last, the part
 * of A'U_j outside of V is the next block V_(j+1), with coefficients C. With B = P S Z' the triplets U P, S, V Z fulfil
 * A v = s u, and A'u - s v = V_(j+1) C p, whose length is known without looking at A. When the bases are full the
 * leading Ritz vectors stay, and B becomes diagonal (thick restart).
 *
 * One-sided: only V, with T = V'A'A V in the place of B; its eigenvalues are squares, so residuals come down to u s_1^2 / s
 * only. At the end A V is formed for the Ritz vectors that count, and its decomposition gives values accurate to u s_1 again.
 *
 * Source: Golub, Luk, Overton 1981; Baglama, Reichel 2006 (restarted block Lanczos bidiagonalization).
 */
#include "sketch/krylov.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <tartan/factor.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/matrix_file.h"
#include "kernel/dense.h"
#include "matrix/lines.h"
#include "sketch/basis.h"

#define PRODUCT "a product with the matrix"
#define KIND "tartan-krylov-checkpoint"

typedef struct iteration {
  const tartan_operator *op;
  const tt_krylov_plan  *plan;
  bool                   squared;            /* one-sided */
  bool                   turned;             /* A' is iterated upon */
  int64_t                rows, cols;         /* of what is: rows >= cols */
  int64_t                most;               /* columns of the bases */
  int64_t                d;                  /* columns of U and V for which B is complete */
  int64_t                last, next;         /* columns of the last block of U, and of the block of V that follows it */
  tartan_matrix         *U, *V, *W, *Y;      /* bases; products of one block, on the side of U and on that of V */
  double                *B, *P, *Zt, *s, *C; /* [most, most], its decomposition, [block, block] */
  double                 coupling;           /* |C|_F */
  int64_t                looked;             /* columns when the Ritz values were looked at last */
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
  memset(it, 0, sizeof *it);
}

static tartan_status iteration_begin(const tartan_operator *op, const tt_krylov_plan *plan, bool squared, iteration *it)
{
  tartan_grid  *grid = op->grid;
  tt_memory    *mem = &grid->memory;
  int64_t       most;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(it, 0, sizeof *it);
  it->op = op;
  it->plan = plan;
  it->squared = squared;
  it->turned = !squared && op->m < op->n;
  it->rows = it->turned ? op->n : op->m;
  it->cols = it->turned ? op->m : op->n;
  most = it->most = tt_min(plan->most, it->cols);
  it->B = tt_alloc_zero(mem, most * most, sizeof *it->B, "a projected matrix", &local);
  it->P = tt_alloc(mem, most * most, sizeof *it->P, "its singular vectors", &local);
  it->Zt = tt_alloc(mem, most * most, sizeof *it->Zt, "its singular vectors", &local);
  it->s = tt_alloc(mem, most, sizeof *it->s, "its singular values", &local);
  it->C = tt_alloc(mem, plan->block * plan->block, sizeof *it->C, "coefficients", &local);
  AGREE(grid, local);
  TRY(tt_basis_create(grid, it->cols, most + plan->block, &it->V));
  TRY(tt_basis_create(grid, it->cols, plan->block, &it->Y));
  if (squared) goto done;
  TRY(tt_basis_create(grid, it->rows, most, &it->U));
  TRY(tt_basis_create(grid, it->rows, plan->block, &it->W));
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

/* The last w columns of B := U'A V_j, and A'U_j, by one application of A and one of A'. Collective. */
static tartan_status expand(iteration *it, int64_t w)
{
  const int64_t d = it->d;
  tartan_status st = TARTAN_OK;

  TRY(apply(it, false, it->V, d, w, it->W));
  TRY(tt_basis_extend(it->U, d, it->W, w, noise_seed(it, 0), PRODUCT));
  TRY(tt_basis_project(it->U, d + w, it->W, w, it->B + d * it->most, it->most));
  TRY(apply(it, true, it->U, d, w, it->Y));
done:
  return st;
}

/* A'A V_j, and what it adds to T = V'A'A V, by one pass. Collective. */
static tartan_status expand_squared(iteration *it, int64_t w)
{
  const int64_t       d = it->d, ld = it->most;
  const tartan_matrix x = tt_matrix_window(it->V, 0, d, it->cols, w);
  tartan_matrix       y = tt_matrix_window(it->Y, 0, 0, it->cols, w);
  tartan_status       st = TARTAN_OK;

  TRY(tartan_operator_normal(it->op, &x, &y));
  TRY(tt_basis_lengths(it->Y, w, it->s, PRODUCT)); /* they are not needed, but that they are finite */
  TRY(tt_basis_project(it->V, d + w, it->Y, w, it->B + d * ld, ld));
  for (int64_t j = d; j < d + w; j++)
    for (int64_t i = 0; i < j; i++) it->B[j + i * ld] = it->B[i + j * ld];
done:
  return st;
}

/* One block more. Collective. */
static tartan_status step(iteration *it)
{
  const int64_t w = it->next;
  tartan_status st = TARTAN_OK;

  TRY(it->squared ? expand_squared(it, w) : expand(it, w));
  it->steps++;
  it->d += w;
  it->last = w;
  TRY(find_next(it));
done:
  return st;
}

/* |A'u - s v| of the i-th triplet, relative to s_1. */
static double residual_of(const iteration *it, int64_t i)
{
  const double *p = it->P + i * it->d + it->d - it->last, first = it->s[0];
  double        length = 0;

  for (int64_t r = 0; r < it->next; r++) {
    double sum = 0;

    for (int64_t j = 0; j < it->last; j++) sum += it->C[r + j * it->next] * p[j];
    length = hypot(length, sum);
  }
  if (first == 0) return 0;
  return length / first / (it->squared ? sqrt(fmax(it->s[i] / first, DBL_EPSILON)) : 1); /* |A'A v - s^2 v| / s */
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
    residuals[i] = residual_of(it, i);
    worst = fmax(worst, residuals[i]);
  }
  if (it->d == it->cols) return true;
  it->exhausted = it->coupling <= nothing ? it->exhausted + 1 : 0;
  return worst <= it->plan->tolerance && it->exhausted != 1;
}

/* Keeps l Ritz vectors. Collective (memory). */
static tartan_status keep(iteration *it, int64_t l)
{
  const int64_t d = it->d, most = it->most;
  double       *Z = it->B; /* no longer needed */
  tartan_status st = TARTAN_OK;

  tt_transpose_local(TARTAN_F64, it->Zt, d, Z, d, d, d);
  if (!it->squared) TRY(tt_basis_rotate(it->U, d, it->P, d, l));
  TRY(tt_basis_rotate(it->V, d, Z, d, l));
  tt_basis_move(it->V, d, l, it->next);
  memset(it->B, 0, (size_t)(most * most) * sizeof *it->B);
  for (int64_t i = 0; i < l; i++) it->B[i + i * most] = it->s[i];
  it->d = l;
done:
  return st;
}

/* Whether it is time to look at the Ritz values: the cost of that grows with the basis. */
static bool is_due(const iteration *it)
{
  const bool ends = it->steps >= it->plan->steps || it->d == it->cols || it->d + it->next > it->most;

  return it->d >= it->plan->k && (ends || it->d - it->looked >= it->d / 8);
}

/* ------------------------------------------------------------------------------------------------ states */

/*
 * Between two steps all that counts is the bases, B and a few numbers. They are kept with all their bits, so on the same
 * ranks a run that goes on comes to the bits of one that was not interrupted.
 */
static tartan_status save(const iteration *it)
{
  tartan_grid         *grid = it->op->grid;
  const tt_checkpoint *c = grid->checkpoint;
  const int64_t        d = it->d, w = d + it->next;
  const tartan_matrix  V = tt_matrix_window(it->V, 0, 0, it->cols, w);
  tartan_matrix        U;
  tt_saving           *saving = NULL;
  char                 text[256];
  tartan_status        st = TARTAN_OK;

  snprintf(text, sizeof text, "%d %lld %lld %lld %lld %d %lld %lld %lld", it->squared, (long long)d,
           (long long)it->last, (long long)it->next, (long long)it->looked, it->exhausted, (long long)it->steps,
           (long long)it->plan->steps_before, (long long)it->plan->passes_before);
  TRY(tt_saving_begin(grid, c->path, KIND, c->configuration, text, &saving));
  tt_saving_declare(saving, "/V", TARTAN_F64, it->cols, w);
  tt_saving_declare(saving, "/B", TARTAN_F64, it->most, it->most);
  if (!it->squared) tt_saving_declare(saving, "/U", TARTAN_F64, it->rows, d);
  TRY(tt_saving_open(saving));
  TRY(tt_saving_matrix(saving, "/V", &V));
  TRY(tt_saving_rows(saving, "/B", 0, grid->rank == 0 ? it->most : 0, it->B));
  if (!it->squared && d > 0) {
    U = tt_matrix_window(it->U, 0, 0, it->rows, d);
    TRY(tt_saving_matrix(saving, "/U", &U));
  }
  TRY(tt_saving_commit(&saving));
done:
  tt_saving_discard(&saving);
  return st;
}

tartan_status tt_krylov_find(const tartan_operator *op, tt_saved *saved, tt_krylov_state *s, bool *found)
{
  long long     v[9];
  char          text[96];
  tartan_status st = TARTAN_OK;

  memset(saved, 0, sizeof *saved);
  *found = false;
  if (!op->dataset) goto done; /* an iteration in memory keeps none */
  TRY(tt_checkpoint_find(op->grid, KIND, saved, found));
  if (!*found) goto done;
  REQUIRE(sscanf(saved->text, "%lld %lld %lld %lld %lld %lld %lld %lld %lld", v, v + 1, v + 2, v + 3, v + 4, v + 5,
                 v + 6, v + 7, v + 8) == 9,
          TARTAN_ERR_CHECKPOINT, "%s holds no state of an iteration: --resume never begins anew", saved->path);
  *s = (tt_krylov_state){.squared = v[0] != 0,
                         .d = v[1],
                         .last = v[2],
                         .next = v[3],
                         .looked = v[4],
                         .exhausted = v[5],
                         .steps = v[6],
                         .steps_before = v[7],
                         .passes_before = v[8]};
  snprintf(text, sizeof text, "after step %lld of the iteration", (long long)(s->steps + s->steps_before));
  op->grid->checkpoint->tell(op->grid->checkpoint->context, text);
done:
  return st;
}

/* Columns of a basis from a state. Collective. */
static tartan_status load_basis(const iteration *it, const char *name, tartan_matrix *Q, int64_t cols)
{
  tt_dataset   *dataset = NULL;
  char          source[TT_STATE_SOURCE];
  tartan_matrix window = tt_matrix_window(Q, 0, 0, Q->row.n, cols);
  tartan_status st = TARTAN_OK;

  if (cols == 0) goto done;
  TRY(tt_dataset_open(it->op->grid, tt_saved_source(it->plan->from, name, source), NULL, &dataset));
  TRY(tt_matrix_load_into(dataset, false, &window));
done:
  tt_dataset_close(&dataset);
  return st;
}

/* B from a state, every rank by itself. Collective. */
static tartan_status load_projected(const iteration *it)
{
  tt_dataset   *dataset = NULL;
  char          source[TT_STATE_SOURCE];
  tartan_status st = TARTAN_OK;

  TRY(tt_dataset_open(it->op->grid, tt_saved_source(it->plan->from, "/B", source), NULL, &dataset));
  REQUIRE(tt_dataset_get_info(dataset)->rows == it->most && tt_dataset_get_info(dataset)->cols == it->most,
          TARTAN_ERR_CHECKPOINT, "%s is not of this iteration: --resume never begins anew", source);
  TRY(tt_dataset_read(dataset, 0, it->most, 0, it->most, it->B));
done:
  tt_dataset_close(&dataset);
  return st;
}

/* Goes on from a state of the same iteration. Collective. */
static tartan_status load(iteration *it)
{
  const tt_krylov_state *s = it->plan->state;
  tartan_status          st = TARTAN_OK;

  REQUIRE(s->d >= 0 && s->next >= 0 && s->d <= it->most && s->d + s->next <= it->V->col.n, TARTAN_ERR_CHECKPOINT,
          "%s is not of this iteration: --resume never begins anew", it->plan->from->path);
  it->d = s->d;
  it->last = s->last;
  it->next = s->next;
  it->looked = s->looked;
  it->exhausted = (int)s->exhausted;
  it->steps = s->steps;
  TRY(load_basis(it, "/V", it->V, s->d + s->next));
  if (!it->squared) TRY(load_basis(it, "/U", it->U, s->d));
  TRY(load_projected(it));
  TRY(tt_saved_check(it->op->grid, it->plan->from));
done:
  return st;
}

/* Between two steps, of which the last took so many seconds: on, or stop, or write the state. Collective. */
static tartan_status look(const iteration *it, double seconds)
{
  tartan_grid  *grid = it->op->grid;
  tt_verdict    verdict;
  char          where[64];
  tartan_status st = TARTAN_OK;

  snprintf(where, sizeof where, "after step %lld of the iteration", (long long)(it->steps + it->plan->steps_before));
  if (!it->op->dataset) return tt_checkpoint_leave(grid, seconds, where);
  TRY(tt_checkpoint_look(grid, seconds, &verdict));
  if (verdict != TT_GO) TRY(tt_checkpoint_done(grid, verdict, save(it), where));
done:
  return st;
}

static tartan_status iterate(iteration *it, tt_krylov_result *r)
{
  tartan_status st = TARTAN_OK;

  TRY(it->plan->from ? load(it) : start(it));
  for (;;) {
    const double begin = tt_seconds();

    TRY(step(it));
    if (is_due(it)) {
      TRY(tt_small_svd(it->op->grid, it->d, it->B, it->most, it->P, it->s, it->Zt));
      it->looked = it->d;
      r->converged = is_converged(it, r->residuals);
      if (r->converged || it->steps >= it->plan->steps) break;
      if (it->d + it->next > it->most) TRY(keep(it, tt_min(it->d, it->most - 2 * it->plan->block)));
      it->looked = tt_min(it->looked, it->d);
    }
    TRY(look(it, tt_seconds() - begin));
  }
  r->steps = it->steps;
  r->passes = (it->squared ? 1 : 2) * it->steps;
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
  TRY(iteration_begin(op, plan, false, &it));
  TRY(iterate(&it, r));
  TRY(keep(&it, plan->k));
  memcpy(r->s, it.s, (size_t)plan->k * sizeof *r->s);
  TRY(tt_basis_take(it.turned ? it.V : it.U, 0, plan->k, &r->U));
  TRY(tt_basis_take(it.turned ? it.U : it.V, 0, plan->k, &r->V));
  TRY(tt_basis_fix_signs(r->U, r->V));
done:
  iteration_end(&it);
  return st;
}

/* The triplets in the span of Q: A Q = U S Z', V = Q Z. Collective. */
static tartan_status extract(const tartan_operator *op, tartan_matrix *Q, int64_t k, tt_krylov_result *r)
{
  tartan_matrix *AQ = NULL, *U = NULL, *Zt = NULL, part;
  double        *s = NULL, *zt = NULL, *z = NULL;
  const int64_t  l = Q->col.n, rank = tt_min(l, op->m);
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  s = tt_alloc(&op->grid->memory, l, sizeof *s, "singular values", &local);
  zt = tt_alloc(&op->grid->memory, l * l, sizeof *zt, "a rotation", &local);
  z = tt_alloc(&op->grid->memory, l * l, sizeof *z, "a rotation", &local);
  AGREE(op->grid, local);
  TRY(tt_basis_create(op->grid, op->m, l, &AQ));
  TRY(tartan_operator_apply(op, TARTAN_NO_TRANS, Q, AQ));
  TRY(tartan_svd(AQ, NULL, &U, s, &Zt, NULL));
  TRY(tartan_matrix_gather(Zt, 0, zt));
  TRY(tt_bcast(op->grid, zt, rank * l, sizeof *zt, 0));
  tt_transpose_local(TARTAN_F64, zt, rank, z, l, l, rank);
  TRY(tt_basis_rotate(Q, l, z, l, k));
  TRY(tt_basis_take(Q, 0, k, &r->V));
  TRY(tt_basis_create(op->grid, op->m, k, &r->U));
  part = tt_matrix_window(U, 0, 0, op->m, k);
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, &part, r->U));
  memcpy(r->s, s, (size_t)k * sizeof *s);
  r->passes++;
done:
  tartan_matrix_destroy(&Zt);
  tartan_matrix_destroy(&U);
  tartan_matrix_destroy(&AQ);
  tt_free(z);
  tt_free(zt);
  tt_free(s);
  return st;
}

tartan_status tt_krylov_squared(const tartan_operator *op, const tt_krylov_plan *plan, tt_krylov_result *r)
{
  iteration      it = {0};
  tartan_matrix *Q = NULL;
  int64_t        l;
  tartan_status  st = TARTAN_OK;

  TRY(tt_krylov_result_begin(op->grid, plan->k, r));
  TRY(iteration_begin(op, plan, true, &it));
  TRY(iterate(&it, r));
  l = tt_min(it.d, plan->k + plan->block); /* some more than are wanted: the last ones gain by it */
  TRY(keep(&it, l));
  TRY(tt_basis_take(it.V, 0, l, &Q));
  iteration_end(&it);
  TRY(extract(op, Q, plan->k, r));
  TRY(tt_basis_fix_signs(r->U, r->V));
done:
  tartan_matrix_destroy(&Q);
  iteration_end(&it);
  return st;
}

void tt_krylov_result_end(tt_krylov_result *r)
{
  tartan_matrix_destroy(&r->V);
  tartan_matrix_destroy(&r->U);
  tt_free(r->residuals);
  tt_free(r->s);
  memset(r, 0, sizeof *r);
}
