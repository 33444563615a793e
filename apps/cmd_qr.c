/*
 * tartan qr: Q and R of a matrix in a file, with column pivoting on demand.
 */
#include <math.h>

#include "base/util.h"
#include "commands.h"
#include "factor.h"

static struct {
  bool r_only, pivot;
  int  method;
} set;

#define METHODS "planned|cholesky2|cholesky3|tsqr|householder"

static const char *const methods[] = {"planned", "cholesky2", "cholesky3", "tsqr", "householder"};

static const app_option options[] = {
    {"r-only", 0, APP_OPTION_FLAG, &set.r_only, NULL, NULL, "R alone, at half the cost or less"},
    {"pivot", 0, APP_OPTION_FLAG, &set.pivot, NULL, NULL,
     "exchange columns so that the diagonal of R falls: A P = Q R, which shows the rank; /perm says which columns"},
    {"method", 0, APP_OPTION_CHOICE, &set.method, METHODS, "planned",
     "planned: by shape and condition; a rung of the ladder that cannot work on this matrix falls to the next one"},
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("INPUT.qr.h5 beside the input"),
    {.name = NULL},
};

static tartan_status check(app_factor *f)
{
  (void)f;
  if (set.pivot && set.method != TARTAN_QR_PLANNED)
    return tt_fail(TARTAN_ERR_ARG, "--pivot and --method %s do not go together", methods[set.method]);
  return TARTAN_OK;
}

static void note(const app_factor *f, app_notes *notes)
{
  (void)f;
  app_note(notes, "r-only", "%s", set.r_only ? "yes" : "no");
  app_note(notes, "pivot", "%s", set.pivot ? "yes" : "no");
  app_note(notes, "method", "%s", methods[set.method]);
}

/* Householder's flops, which the other methods have or double; a copy of A, Q and R beside it. */
static void plan(const app_factor *f, tartan_cost *p)
{
  const double m = (double)f->A.m, n = (double)f->A.n, r = fmin(m, n), ranks = f->run->size;
  const bool   tall = m >= 4 * n,
             ladder = set.method == TARTAN_QR_PLANNED ? tall && !set.pivot : set.method != TARTAN_QR_HOUSEHOLDER;

  snprintf(p->algorithm, sizeof p->algorithm, "%s",
           set.pivot                           ? "p?geqpf"
           : !ladder                           ? "Householder"
           : set.method == TARTAN_QR_PLANNED   ? "CholeskyQR"
           : set.method == TARTAN_QR_CHOLESKY2 ? "CholeskyQR2"
           : set.method == TARTAN_QR_CHOLESKY3 ? "shifted CholeskyQR3"
                                               : "TSQR");
  snprintf(p->reason, sizeof p->reason, "%s",
           set.pivot                         ? "columns are to be exchanged"
           : set.method != TARTAN_QR_PLANNED ? "asked for"
           : ladder ? "at least four rows for each column; TSQR where the condition is found too large"
                    : "fewer than four rows for each column");
  p->flops = (set.r_only ? 1 : 2) * (2 * m * n * r - (m + n) * r * r + 2 * r * r * r / 3) * (ladder ? 1.5 : 1) / ranks;
  p->words = ladder ? n * n * log2(fmax(1, ranks)) : (m + n) * r / sqrt(ranks);
  p->memory = (double)tartan_dtype_size(f->dtype) *
              (m * n + (set.r_only ? 0 : m * r) + r * n + (ladder ? 2 * n * n * ranks : 0)) / ranks;
}

static tartan_status factor(app_factor *f)
{
  tartan_qr_opts  opts = TARTAN_QR_OPTS_INIT;
  app_factor_part q = {.name = "Q"}, r = {.name = "R"};
  tartan_matrix **Q = set.r_only ? NULL : &q.X;
  tartan_status   st = TARTAN_OK, local = TARTAN_OK;

  opts.method = (tartan_qr_method)set.method;
  if (set.pivot) f->perm = tt_alloc_zero(&f->run->grid->memory, f->A.n, sizeof *f->perm, "a permutation", &local);
  f->perm_count = f->A.n;
  AGREE(f->run->grid, local);
  TRY(set.pivot ? tartan_qr_pivoted(f->a, Q, &r.X, f->perm, &f->info) : tartan_qr(f->a, &opts, Q, &r.X, &f->info));
  f->part[0] = set.r_only ? r : q;
  if (!set.r_only) f->part[1] = r;
done:
  return st;
}

static tartan_status qr(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind = {.name = "qr", .check = check, .note = note, .plan = plan, .compute = factor};
  static app_factor            f = {.kind = &kind};

  (void)count;
  return app_factor_run(run, operands[0], &f);
}

const app_command app_cmd_qr = {
    .name = "qr",
    .group = "Linear algebra",
    .summary = "the QR factorization of a matrix: Q with orthonormal columns, R upper triangular",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "Examples:\n"
             "  mpirun -n 4 tartan qr A.h5 -o qr.h5\n"
             "  mpirun -n 4 tartan qr A.h5:/X --r-only --method tsqr\n"
             "  mpirun -n 2 tartan qr A.h5 --pivot\n",
    .run = qr,
    .plans = true,
};
