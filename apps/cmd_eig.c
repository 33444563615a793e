/*
 * tartan eig: eigenvalues and vectors of a general matrix, which may be complex; or the dominant pair by power iteration.
 */
#include <math.h>

#include "base/util.h"
#include "commands.h"
#include "factor.h"

static struct {
  bool values, dominant;
} set;

static const app_option options[] = {
    {"values", 0, APP_OPTION_FLAG, &set.values, NULL, NULL, "eigenvalues only"},
    {"dominant", 0, APP_OPTION_FLAG, &set.dominant, NULL, NULL,
     "the eigenvalue of largest absolute value and its vector, by power iteration over the file"},
    APP_FACTOR_ITERATION,
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("INPUT.eig.h5 beside the input"),
    {.name = NULL},
};

static tartan_topk_opts topk;

static tartan_status check(app_factor *f)
{
  tartan_status st = TARTAN_OK;

  f->streamed = set.dominant;
  if (set.dominant) {
    REQUIRE(!set.values, TARTAN_ERR_ARG, "--values and --dominant do not go together");
    TRY(app_factor_iteration(f, &topk));
    goto done;
  }
  TRY(app_factor_no_iteration("--dominant"));
  REQUIRE(
      set.values || f->A.n <= TARTAN_EIG_ONE_RANK, TARTAN_ERR_ARG,
      "eigenvectors are found up to %d x %d, this matrix is %lld x %lld: give --values, or --dominant for one of them",
      TARTAN_EIG_ONE_RANK, TARTAN_EIG_ONE_RANK, (long long)f->A.n, (long long)f->A.n);
done:
  return st;
}

static void note(const app_factor *f, app_notes *notes)
{
  app_note(notes, "values", "%s", set.values ? "yes" : "no");
  app_note(notes, "dominant", "%s", set.dominant ? "yes" : "no");
  if (set.dominant) app_factor_note_iteration(f, notes);
}

/* To Hessenberg form 10/3 n^3, values about 10 n^3 in all, vectors about 25 n^3. */
static void plan(const app_factor *f, tartan_cost *p)
{
  const double n = (double)f->A.n, ranks = f->run->size;
  const bool   one = !set.values || f->A.n <= TARTAN_EIGH_ONE_RANK;

  if (set.dominant) {
    app_factor_plan_topk(f, 1, p);
    snprintf(p->algorithm, sizeof p->algorithm, "power iteration");
    snprintf(p->reason, sizeof p->reason, "passes as many as the quotient of the two largest needs, here 100 assumed");
    p->passes = 100;
    p->flops = 2 * n * n * p->passes / ranks;
    p->words = n * p->passes;
    return;
  }
  snprintf(p->algorithm, sizeof p->algorithm, "%s", one ? "?geev on one rank" : "p?gehrd and p?hseqr");
  snprintf(p->reason, sizeof p->reason, "%s",
           !set.values ? "vectors are wanted"
           : one       ? "small enough"
                       : "too large for one rank");
  p->flops = one ? (set.values ? 10 : 25) * n * n * n : 10 * n * n * n / ranks;
  p->words = one ? n * n : 8 * n * n / sqrt(ranks);
  p->memory = (double)tartan_dtype_size(f->dtype) *
              ((set.values ? 0 : 2 * n * n / ranks) + (one ? (set.values ? 1 : 3) * n * n : n * n / ranks));
}

static tartan_status dominant(app_factor *f)
{
  tartan_status st = TARTAN_OK;

  TRY(app_factor_values(f, "w", "eigenvalue of largest absolute value", 1, false));
  f->part[0].name = "V";
  TRY(tartan_eig_dominant(f->op, &topk, f->values, &f->part[0].X, &f->topk));
  f->residuals[0] = f->topk.residual;
  snprintf(f->info.reason, sizeof f->info.reason, "%lld step%s", (long long)f->topk.steps, TT_S(f->topk.steps));
  app_factor_iterated(f);
done:
  return st;
}

static tartan_status compute(app_factor *f)
{
  app_factor_part *V = &f->part[0];
  tartan_status    st = TARTAN_OK;

  if (set.dominant) return dominant(f);
  V->name = "V";
  TRY(app_factor_values(f, "w", "eigenvalues", f->A.n, true));
  TRY(tartan_eig(f->a, f->values, f->imag, set.values ? NULL : &V->X, set.values ? NULL : &V->imag, &f->info));
done:
  return st;
}

static tartan_status eig(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind =
      {.name = "eig", .square = true, .check = check, .note = note, .plan = plan, .compute = compute};
  static app_factor f = {.kind = &kind};

  (void)count;
  return app_factor_run(run, operands[0], &f);
}

const app_command app_cmd_eig = {
    .name = "eig",
    .group = "Linear algebra",
    .summary = "eigenvalues and right eigenvectors of a square matrix",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "Eigenvalues come by descending absolute value, of a conjugate pair the one above the real axis first.\n\n"
             "Examples:\n"
             "  mpirun -n 2 tartan eig A.h5 -o eig.h5\n"
             "  mpirun -n 4 tartan eig A.h5:/X --values\n"
             "  mpirun -n 4 tartan eig A.h5 --dominant --tol 1e-10\n",
    .run = eig,
    .plans = true,
};
