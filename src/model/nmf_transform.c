/* W for a given H: every row of it has a small problem of its own, with the matrix H H' that all of them share. */
#include <tartan/nmf.h>

#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "kernel/parallel.h"
#include "model/nmf_impl.h"

/* Rows that threads share. */
typedef struct job {
  const tt_nmf *f;
  int64_t       rows;
  const double *P;
  double       *X;
} job;

static void solve_lanes(int64_t i, void *context)
{
  const job        *j = context;
  const tt_nmf     *f = j->f;
  const int64_t     first = i * TT_NMF_LANES;
  const tt_nmf_rows rows = {.isa = f->isa,
                            .k = f->k,
                            .count = tt_min(TT_NMF_LANES, j->rows - first),
                            .G = f->G,
                            .P = j->P + first * f->k,
                            .l1 = f->opts.l1,
                            .X = j->X + first * f->k};

  tt_nmf_solve(&rows, f->opts.tolerance, f->opts.iterations, f->work + tt_thread_index() * tt_nmf_work(f->k));
}

static void solve_rows(const tt_nmf *f, int64_t row, int64_t rows, const double *P)
{
  job j = {.f = f, .rows = rows, .P = P, .X = (double *)f->W.X->data + (row - f->W.begin) * f->k};

  tt_parallel_for(f->grid->threads, tt_ceil_div(rows, TT_NMF_LANES), solve_lanes, &j);
}

static void solve_tile(tt_nmf *f, int64_t row, int64_t rows, void *context)
{
  (void)context;
  tt_nmf_fit_tile(f, rows);
  solve_rows(f, row, rows, f->part);
}

/* H as it is needed, and from it G. Collective. */
static tartan_status take_factor(tt_nmf *f, const tartan_matrix *H)
{
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, H, f->H.X));
  TRY(tt_nmf_look_at_start(f->H.X, false, "H"));
  TRY(tt_nmf_sum(f, &f->H));
  tt_nmf_take_gram(f, &f->H);
  memset(f->W.X->data, 0, (size_t)((f->W.end - f->W.begin) * f->k) * sizeof(double));
done:
  return st;
}

tartan_status tartan_nmf_transform(const tartan_operator *A, const tartan_matrix *H, const tartan_nmf_opts *opts,
                                   tartan_matrix **W)
{
  const int64_t k = H->row.n;
  tt_nmf        f = {0};
  tartan_status st = TARTAN_OK;

  *W = NULL;
  TRY(tt_nmf_check_options(opts, &f.opts));
  REQUIRE(H->grid == A->grid, TARTAN_ERR_GRID, "H lies on another grid than the data");
  REQUIRE(k >= 1 && H->col.n == A->n, TARTAN_ERR_SHAPE, "H is %lld x %lld, the data has %lld columns", (long long)k,
          (long long)H->col.n, (long long)A->n);
  TRY(tt_nmf_begin(A, k, false, &f));
  TRY(take_factor(&f, H));
  if (f.streamed) {
    TRY(tt_nmf_spread(&f));
    TRY(tt_nmf_pass_begin(&f));
    TRY(tt_nmf_look(&f, solve_tile));
  } else {
    TRY(tt_nmf_look(&f, NULL));
    TRY(tt_nmf_fit_rows(&f));
    solve_rows(&f, f.W.begin, f.W.end - f.W.begin, f.W.P->data);
  }
  TRY(tt_nmf_deliver(&f, W, NULL));
done:
  tt_nmf_end(&f);
  return st;
}
