/*
 * Non-negative matrix factorization by coordinate descent: the front door and the iteration. See nmf_pass.c for data that is read
 * by rows, nmf_side.c for the update of a factor, kernel/nmf.h for that of a row.
 *
 * With S = A'W and the new H, |A - W H|^2 = |A|^2 - 2 <S, H'> + <W'W, H H'> costs nothing more. It is exact to u |A|^2: where
 * the factorization is nearly exact, the loss at the end comes from the elements.
 */
#include <tartan/nmf.h>

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "model/nmf_impl.h"

#define CANCELS 1e-6 /* of |A|^2: a loss below this is computed from the elements */

/* ------------------------------------------------------------------------------------------------ memory */

void tt_nmf_end(tt_nmf *f)
{
  tt_nmf_pass_end(f);
  tt_free(f->history);
  tt_nmf_side_free(&f->H);
  tt_nmf_side_free(&f->W);
  tartan_matrix_destroy(&f->columns);
  tartan_matrix_destroy(&f->rows);
  tt_free(f->exchange);
  tt_free(f->value);
  tt_free(f->came);
  tt_free(f->sent);
  tt_free(f->whole);
  tt_free(f->part);
  tt_free(f->tile);
  tt_free(f->violation);
  tt_free(f->work);
  tt_free(f->G);
}

/* Local. */
static tartan_status allocate(tt_nmf *f)
{
  const int64_t k = f->k;
  tt_memory    *mem = &f->grid->memory;
  tartan_status local = TARTAN_OK;

  f->G = tt_alloc(mem, k * k, sizeof *f->G, "a small matrix", &local);
  f->work = tt_alloc(mem, f->grid->threads * tt_nmf_work(k), sizeof *f->work, "work of the threads", &local);
  f->violation = tt_alloc(mem, f->unit, sizeof *f->violation, "a tile of rows", &local);
  return local == TARTAN_OK && f->streamed ? tt_nmf_allocate_pass(f) : local;
}

tartan_status tt_nmf_allocate_pass(tt_nmf *f)
{
  const int64_t k = f->k, n = f->A->n;
  tt_memory    *mem = &f->grid->memory;
  tartan_status local = TARTAN_OK;

  f->tile = tt_alloc(mem, f->unit * n, sizeof *f->tile, "a tile of rows", &local);
  f->part = tt_alloc(mem, f->unit * k, sizeof *f->part, "a tile of rows", &local);
  f->whole = tt_alloc(mem, n * k, sizeof *f->whole, "H", &local);
  f->exchange = tt_alloc(mem, 4 * (int64_t)f->grid->size, sizeof *f->exchange, "an exchange", &local);
  return local;
}

/* Rows whole on a rank; columns. */
static tartan_matrix_opts by_rows(const tartan_grid *grid)
{
  return (tartan_matrix_opts){.size = sizeof(tartan_matrix_opts), .p = grid->size, .q = 1};
}

static tartan_matrix_opts by_columns(const tartan_grid *grid)
{
  return (tartan_matrix_opts){.size = sizeof(tartan_matrix_opts), .p = 1, .q = grid->size};
}

tartan_status tt_nmf_begin(const tartan_operator *A, int64_t k, bool both, tt_nmf *f)
{
  tartan_grid             *grid = A->grid;
  const tartan_matrix_opts slabs = by_rows(grid);
  tartan_status            st = TARTAN_OK, local = TARTAN_OK;

  f->A = A;
  f->grid = grid;
  f->k = k;
  f->streamed = !tt_nmf_is_held(A);
  f->unit = tt_nmf_unit(A);
  TRY(tt_isa_common(grid, &f->isa));
  local = tt_nmf_side_make(f, A->m, f->streamed && both ? k * A->n : 0, &f->W);
  if (local == TARTAN_OK) local = tt_nmf_side_make(f, A->n, 0, &f->H);
  if (local == TARTAN_OK) local = allocate(f);
  AGREE(grid, local);
  TRY(tt_matrix_create_ranges(grid, TARTAN_F64, k, A->m, f->W.starts, NULL, &f->W.X));
  TRY(tt_matrix_create_ranges(grid, TARTAN_F64, k, A->n, f->H.starts, NULL, &f->H.X));
  if (both) TRY(tt_matrix_create_ranges(grid, TARTAN_F64, k, A->n, f->H.starts, NULL, &f->H.P));
  if (f->streamed) goto done;
  TRY(tt_matrix_create_ranges(grid, TARTAN_F64, k, A->m, f->W.starts, NULL, &f->W.P));
  TRY(tt_matrix_create_raw(grid, TARTAN_F64, A->m, k, &slabs, &f->rows));
  TRY(tt_matrix_create_raw(grid, TARTAN_F64, A->n, k, &slabs, &f->columns));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ iteration */

tartan_status tt_nmf_fit_rows(tt_nmf *f)
{
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_copy(TARTAN_TRANS, f->H.X, f->columns));
  TRY(tartan_operator_apply(f->A, TARTAN_NO_TRANS, f->columns, f->rows));
  TRY(tartan_matrix_copy(TARTAN_TRANS, f->rows, f->W.P));
done:
  return st;
}

/* P := W'A. Collective. */
static tartan_status fit_columns(tt_nmf *f)
{
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_copy(TARTAN_TRANS, f->W.X, f->rows));
  TRY(tartan_operator_apply(f->A, TARTAN_TRANS, f->rows, f->columns));
  TRY(tartan_matrix_copy(TARTAN_TRANS, f->columns, f->H.P));
done:
  return st;
}

/* W, then H, each once. Collective. */
static tartan_status iterate(tt_nmf *f)
{
  tartan_status st = TARTAN_OK;

  if (f->streamed) {
    TRY(tt_nmf_pass_update(f));
    TRY(tt_nmf_update(f, &f->H, &f->W));
    TRY(tt_nmf_spread(f));
  } else {
    TRY(tt_nmf_fit_rows(f));
    TRY(tt_nmf_update(f, &f->W, &f->H));
    TRY(fit_columns(f));
    TRY(tt_nmf_update(f, &f->H, &f->W));
    f->passes += 2;
  }
done:
  return st;
}

/* Of W and the H that was just updated from it. */
static double loss_of(const tt_nmf *f)
{
  const int64_t k = f->k;
  double        product = 0;

  for (int64_t j = 0; j < k; j++) {
    product += f->W.sum[j + j * k] * f->H.sum[j + j * k];
    for (int64_t i = j + 1; i < k; i++) product += 2 * f->W.sum[i + j * k] * f->H.sum[i + j * k];
  }
  product = (f->norm2 - 2 * f->H.sum[k * k + TT_NMF_CROSS] + product) / 2;
  return product < 0 ? 0 : product;
}

/* One iteration more, or one of those of a state. Collective. @param[out] values  its loss and violation */
static tartan_status advance(tt_nmf *f, double values[2])
{
  const int64_t at = f->k * f->k + TT_NMF_VIOLATION;
  double        violation;
  tartan_status st = TARTAN_OK;

  if (f->iterations++ < f->taken) {
    memcpy(values, f->history + 2 * (f->iterations - 1), 2 * sizeof *values);
    goto done;
  }
  TRY(iterate(f));
  violation = f->W.sum[at] + f->H.sum[at];
  if (f->iterations == 1) f->first = violation;
  values[0] = loss_of(f);
  values[1] = f->first > 0 ? violation / f->first : 0;
  REQUIRE(isfinite(violation) && isfinite(values[0]), TARTAN_ERR_NUMERIC,
          "iteration %lld left the range of f64; scale the data or the start", (long long)f->iterations);
  if (f->history) memcpy(f->history + 2 * (f->iterations - 1), values, 2 * sizeof *values);
done:
  return st;
}

/* Until the violation is small, the iterations are used up, or the caller has had enough. Collective. */
static tartan_status run(tt_nmf *f, tartan_nmf_info *info)
{
  int           stop = 0;
  tartan_status st = TARTAN_OK;

  while (f->iterations < f->taken || (f->iterations < f->opts.iterations && !info->converged && !stop)) {
    const double begin = tt_seconds();
    double       values[2];

    TRY(advance(f, values));
    info->iterations = f->iterations;
    info->loss = values[0];
    info->violation = values[1];
    info->converged = info->violation <= f->opts.tolerance;
    if (f->opts.after) stop = f->opts.after(f->opts.context, info->iterations, info->loss);
    if (f->iterations <= f->taken) continue;
    tt_grid_progress(f->grid, "iterating", (double)info->iterations / (double)f->opts.iterations);
    if (f->iterations < f->opts.iterations && !info->converged && !stop)
      TRY(tt_nmf_state_look(f, tt_seconds() - begin));
  }
  if (info->loss <= CANCELS * f->norm2) TRY(tt_nmf_exact_loss(f, &info->loss));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ front door */

tartan_status tt_nmf_deliver(const tt_nmf *f, tartan_matrix **W, tartan_matrix **H)
{
  const tartan_matrix_opts rows = by_rows(f->grid), columns = by_columns(f->grid);
  tartan_matrix           *w = NULL;
  tartan_status            st = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_TRANS, f->W.X, TARTAN_F64, &rows, &w));
  if (H) TRY(tt_matrix_clone(TARTAN_NO_TRANS, f->H.X, TARTAN_F64, &columns, H));
  *W = w;
  w = NULL;
done:
  tartan_matrix_destroy(&w);
  return st;
}

/* The data is looked at before a start is made from it, whose passes need the memory of this one. Collective. */
static tartan_status begin_anew(tt_nmf *f)
{
  tartan_status st = TARTAN_OK;

  if (f->streamed) TRY(tt_nmf_pass_begin(f));
  TRY(tt_nmf_look(f, NULL));
  tt_nmf_pass_end(f);
  TRY(tt_nmf_start(f));
done:
  return st;
}

/* Collective. */
static tartan_status prepare(tt_nmf *f)
{
  bool          found;
  tartan_status st = TARTAN_OK;

  TRY(tt_nmf_state_take(f, &found));
  if (!found) TRY(begin_anew(f));
  TRY(tt_nmf_sum(f, &f->H));
  if (!f->streamed) goto done;
  TRY(tt_nmf_spread(f));
  TRY(tt_nmf_pass_begin(f));
done:
  return st;
}

tartan_status tt_nmf_factorize(const tartan_operator *A, int64_t k, const tartan_nmf_opts *opts, bool keeps,
                               tartan_matrix **W, tartan_matrix **H, tartan_nmf_info *info)
{
  const double    start = tt_seconds();
  tartan_nmf_info mine, *i = info ? info : &mine;
  tt_nmf          f = {0};
  tartan_status   st = TARTAN_OK;

  *W = *H = NULL;
  *i = (tartan_nmf_info){.converged = false};
  TRY(tt_nmf_check(A, k, opts, &f.opts));
  f.keeps = keeps && A->grid->checkpoint;
  TRY(tt_nmf_begin(A, k, true, &f));
  TRY(prepare(&f));
  TRY(run(&f, i));
  i->relative = f.norm2 > 0 ? sqrt(2 * i->loss / f.norm2) : 0;
  i->passes = f.passes;
  TRY(tt_nmf_deliver(&f, W, H));
  i->seconds = tt_seconds() - start;
done:
  tt_nmf_end(&f);
  return st;
}

tartan_status tartan_nmf(const tartan_operator *A, int64_t k, const tartan_nmf_opts *opts, tartan_matrix **W,
                         tartan_matrix **H, tartan_nmf_info *info)
{
  return tt_nmf_factorize(A, k, opts, true, W, H, info);
}
