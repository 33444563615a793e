/*
 * tartan eigh, eigvalsh: eigenvalues and vectors of a symmetric matrix, all or a part of the spectrum.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "commands.h"
#include "factor.h"

#define NONE INT64_MIN

static struct {
  int64_t     largest, smallest;
  const char *interval;
  int         method;
} set = {.largest = NONE, .smallest = NONE};

static const char *const methods[] = {"planned", "lapack", "psyevd", "psyevr", "elpa1", "elpa2"};

#define PART_OPTIONS                                                                                                   \
  {"largest", 0, APP_OPTION_COUNT, &set.largest, "K", "all", "the K algebraically largest"},                           \
      {"smallest", 0, APP_OPTION_COUNT, &set.smallest, "K", "all", "the K algebraically smallest"},                    \
      {"interval", 0, APP_OPTION_TEXT, &set.interval, "A,B", "all", "those above A, up to B"},                         \
  {                                                                                                                    \
    "method", 0, APP_OPTION_CHOICE, &set.method, "planned|lapack|psyevd|psyevr|elpa1|elpa2", "planned",                \
        "lapack: on one rank; psyevd, psyevr: ScaLAPACK; elpa1, elpa2: ELPA, where Tartan was built with it"           \
  }

static const app_option eigh_options[] = {
    PART_OPTIONS,
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("INPUT.eigh.h5 beside the input"),
    {.name = NULL},
};

static const app_option eigvalsh_options[] = {
    PART_OPTIONS,
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("INPUT.eigvalsh.h5 beside the input"),
    {.name = NULL},
};

static tartan_eigh_opts opts = TARTAN_EIGH_OPTS_INIT;

/* Two numbers with a comma between them. */
static bool parse_interval(const char *text, double *from, double *to)
{
  const char *comma = strchr(text, ',');
  char        first[64];

  if (!comma || (size_t)(comma - text) >= sizeof first) return false;
  snprintf(first, sizeof first, "%.*s", (int)(comma - text), text);
  return app_parse_real(first, from) && app_parse_real(comma + 1, to) && *from < *to;
}

static tartan_status check(app_factor *f)
{
  const int     parts = (set.largest != NONE) + (set.smallest != NONE) + (set.interval != NULL);
  tartan_status st = TARTAN_OK;

  REQUIRE(parts <= 1, TARTAN_ERR_ARG, "--largest, --smallest and --interval do not go together");
  opts.method = (tartan_eigh_method)set.method;
  if (set.interval) {
    REQUIRE(parse_interval(set.interval, &opts.from, &opts.to), TARTAN_ERR_ARG,
            "--interval takes two numbers, the smaller first, for example 0,1.5, not \"%s\"", set.interval);
    opts.which = TARTAN_EIGH_INTERVAL;
  } else if (parts == 1) {
    opts.which = set.largest != NONE ? TARTAN_EIGH_LARGEST : TARTAN_EIGH_SMALLEST;
    opts.count = set.largest != NONE ? set.largest : set.smallest;
    REQUIRE(opts.count >= 1 && opts.count <= f->A.n, TARTAN_ERR_ARG,
            "--%s %lld: a matrix of %lld x %lld has %lld eigenvalue%s", set.largest != NONE ? "largest" : "smallest",
            (long long)opts.count, (long long)f->A.n, (long long)f->A.n, (long long)f->A.n, TT_S(f->A.n));
  }
done:
  return st;
}

static void note(const app_factor *f, app_notes *notes)
{
  static const char *const which[] = {"all", "largest", "smallest", "interval"};

  (void)f;
  app_note(notes, "part", "%s", which[opts.which]);
  app_note_count(notes, "count", opts.count);
  app_note(notes, "interval", "%.17g,%.17g", opts.from, opts.to);
  app_note(notes, "method", "%s", methods[set.method]);
}

static bool on_one_rank(const app_factor *f)
{
  return set.method == TARTAN_EIGH_LAPACK || (set.method == TARTAN_EIGH_PLANNED && f->A.n <= TARTAN_EIGH_ONE_RANK);
}

/* To tridiagonal form 4/3 n^3; vectors: at most 4/3 n^3, and back 2 n^2 of each. */
static void plan_part(const app_factor *f, bool vectors, tartan_cost *p)
{
  const double n = (double)f->A.n, ranks = f->run->size;
  const double k = opts.which == TARTAN_EIGH_ALL || opts.which == TARTAN_EIGH_INTERVAL ? n : (double)opts.count;
  const bool   one = on_one_rank(f);

  snprintf(p->algorithm, sizeof p->algorithm, "%s",
           one          ? "LAPACK on one rank"
           : set.method ? methods[set.method]
                        : "ELPA or ScaLAPACK");
  snprintf(p->reason, sizeof p->reason, "%s",
           set.method ? "asked for"
           : one      ? "small enough: the same bits on any number of ranks"
                      : "too large for one rank");
  p->flops = (4 * n * n * n / 3 + (vectors ? 4 * n * n * n / 3 + 2 * n * n * k : 0)) / (one ? 1 : ranks);
  p->words = one ? n * n : 4 * n * n / sqrt(ranks);
  p->memory = (double)tartan_dtype_size(f->dtype) *
              ((vectors ? n * k / ranks : 0) + (one ? (vectors ? 2.5 : 2) * n * n : (vectors ? 4 : 2) * n * n / ranks));
}

static void plan_eigh(const app_factor *f, tartan_cost *p)
{
  plan_part(f, true, p);
}

static void plan_eigvalsh(const app_factor *f, tartan_cost *p)
{
  plan_part(f, false, p);
}

static tartan_status eigen(app_factor *f, tartan_matrix **V)
{
  tartan_status st = TARTAN_OK;

  f->same_bits = on_one_rank(f);
  TRY(app_factor_values(f, "w", "eigenvalues", f->A.n, false));
  TRY(tartan_eigh(f->a, &opts, f->values, V, &f->info));
  if (f->info.found >= 0) f->count = f->info.found;
done:
  return st;
}

static tartan_status compute_eigh(app_factor *f)
{
  f->part[0].name = "V";
  return eigen(f, &f->part[0].X);
}

static tartan_status compute_eigvalsh(app_factor *f)
{
  return eigen(f, NULL);
}

static tartan_status eigh(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind = {.name = "eigh",
                                       .square = true,
                                       .lower = true,
                                       .check = check,
                                       .note = note,
                                       .plan = plan_eigh,
                                       .compute = compute_eigh};
  static app_factor            f = {.kind = &kind};

  (void)count;
  return app_factor_run(run, operands[0], &f);
}

static tartan_status eigvalsh(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind = {.name = "eigvalsh",
                                       .square = true,
                                       .lower = true,
                                       .check = check,
                                       .note = note,
                                       .plan = plan_eigvalsh,
                                       .compute = compute_eigvalsh};
  static app_factor            f = {.kind = &kind};

  (void)count;
  return app_factor_run(run, operands[0], &f);
}

const app_command app_cmd_eigh = {
    .name = "eigh",
    .group = "Linear algebra",
    .summary = "eigenvalues and eigenvectors of a symmetric matrix",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {eigh_options, app_run_options},
    .notes = "Only the lower triangle is read. Eigenvalues come in descending order.\n\n"
             "Examples:\n"
             "  mpirun -n 4 tartan eigh A.h5 -o eigh.h5\n"
             "  mpirun -n 4 tartan eigh A.h5:/X --largest 20\n"
             "  tartan eigh A.h5 --interval -1,1\n",
    .run = eigh,
    .plans = true,
};

const app_command app_cmd_eigvalsh = {
    .name = "eigvalsh",
    .group = "Linear algebra",
    .summary = "the eigenvalues of a symmetric matrix",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {eigvalsh_options, app_run_options},
    .notes = "Only the lower triangle is read. Eigenvalues come in descending order.\n\n"
             "Examples:\n"
             "  mpirun -n 4 tartan eigvalsh A.h5\n"
             "  tartan eigvalsh A.h5:/X --smallest 3\n",
    .run = eigvalsh,
    .plans = true,
};
