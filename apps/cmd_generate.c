/*
 * tartan generate matrix: test data of any size, the same bytes on any number of ranks.
 *
 * With a spectrum, X = U diag(s) V' where U and V have exactly orthonormal columns given by a formula of the global
 * index: columns 1, 2, ... of the cosine transform (DCT-II), whose sums are zero, with the rows of each permuted by an
 * affine map and those of V with random signs. So the singular values of X are s, and centering changes nothing.
 * Angles are reduced exactly, in integers. Panels of rows have a fixed size, so the shape of every local product depends
 * on global indices alone. Without a spectrum the elements are independent random numbers.
 */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/util.h"
#include "commands.h"
#include "common/files.h"
#include "common/permutation.h"
#include "io/output.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"

#define PANEL_ROWS 256
#define PANEL_ELEMENTS ((int64_t)1 << 22)
#define BATCH_BYTES ((int64_t)32 << 20)
#define HALF_PI 1.57079632679489661923

enum { DTYPE_F32, DTYPE_F64, DTYPE_U8 };
enum { NORMAL, UNIFORM };

static struct {
  int64_t     samples, features, rank, seed;
  const char *output, *spectrum;
  int         dtype, distribution;
  double      noise;
  bool        force;
} set = {.dtype = DTYPE_F64};

static const app_option options[] = {
    {"samples", 'm', APP_OPTION_COUNT, &set.samples, "M", NULL, "required: rows"},
    {"features", 'n', APP_OPTION_COUNT, &set.features, "N", NULL, "required: columns"},
    {"output", 'o', APP_OPTION_TEXT, &set.output, "FILE.h5", NULL, "required: file to write; the dataset is /X"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64|u8", "f64",
     "element type; u8: uniform integers from 0 to 255"},
    {"spectrum", 0, APP_OPTION_TEXT, &set.spectrum, "LIST", "none: independent random numbers",
     "exact singular values: 3.142,2.718,1 or power:A (i^-A) or exp:A (exp(-A i)), i = 1, 2, ..."},
    {"rank", 0, APP_OPTION_COUNT, &set.rank, "R", "as many as fit, min(M, N) - 1", "number of singular values"},
    {"distribution", 0, APP_OPTION_CHOICE, &set.distribution, "normal|uniform", "normal",
     "of the random numbers: standard normal, or uniform on (0, 1)"},
    {"noise", 0, APP_OPTION_REAL, &set.noise, "S", "0", "standard deviation of normal noise added to a spectrum"},
    {"seed", 0, APP_OPTION_COUNT, &set.seed, "N", "0", "of all random numbers"},
    {"force", 'f', APP_OPTION_FLAG, &set.force, NULL, NULL, "replace an output that exists"},
    {"chunk", 0, APP_OPTION_LATER, NULL, NULL, NULL, NULL},
    {.name = NULL},
};

/* ------------------------------------------------------------------------------------------------ spectrum */

/* All that the panels are made from; the same on every rank. */
typedef struct recipe {
  int64_t         m, n, r, rows; /* rows of a panel */
  double         *v;             /* [n, r] column-major: V diag(s) */
  double         *s;             /* [r] */
  app_permutation order_u;
  uint64_t        seed;
  tt_element      element;
} recipe;

/* A batch of panels that the threads fill. */
typedef struct batch {
  const recipe *recipe;
  int64_t       first; /* global index of its first panel */
  double       *u, *x; /* scratch per panel: [r, rows], [n, rows] column-major */
  char         *out;   /* [panels * rows, n] row-major, of the dtype */
} batch;

/* cos(pi t / 2n) for 0 <= t < 4n, by the symmetries of the circle: the argument never passes pi / 4. */
static double cosine(int64_t t, int64_t n)
{
  double sign = 1;

  if (t > 2 * n) t = 4 * n - t;
  if (t > n) {
    t = 2 * n - t;
    sign = -1;
  }
  return sign * (2 * t > n ? sin(HALF_PI * ((double)(n - t) / (double)n)) : cos(HALF_PI * ((double)t / (double)n)));
}

/* Row p of the r columns of an orthonormal cosine basis of n rows, every `stride`-th place of out. */
static void basis_row(int64_t p, int64_t n, int64_t r, double factor, double *out, int64_t stride)
{
  const double  scale = factor * sqrt(2.0 / (double)n);
  const int64_t step = (2 * p + 1) % (4 * n);
  int64_t       t = 0;

  for (int64_t j = 0; j < r; j++) {
    t += step;
    if (t >= 4 * n) t -= 4 * n;
    out[j * stride] = scale * cosine(t, n);
  }
}

/* The j-th singular value by name, from 0; false at the end of a list or where it cannot be understood. */
static bool spectrum_value(const char *text, int64_t j, double *value)
{
  double a;

  if (!text) {
    *value = 1;
    return true;
  }
  if (strncmp(text, "power:", 6) == 0 && app_parse_real(text + 6, &a)) {
    *value = pow((double)(j + 1), -a);
    return true;
  }
  if (strncmp(text, "exp:", 4) == 0 && app_parse_real(text + 4, &a)) {
    *value = exp(-a * (double)(j + 1));
    return true;
  }
  for (; j > 0 && text; j--) {
    text = strchr(text, ',');
    if (text) text++;
  }
  char number[64];
  if (!text || (size_t)snprintf(number, sizeof number, "%.*s", (int)strcspn(text, ","), text) >= sizeof number)
    return false;
  return app_parse_real(number, value) && *value >= 0;
}

/* How many singular values there are to be: as asked, else as many as are listed, else as many as fit. */
static tartan_status spectrum_length(int64_t *r)
{
  const int64_t most = tt_min(set.samples, set.features) - 1;
  const bool    list = set.spectrum && !strchr(set.spectrum, ':');
  int64_t       listed = list ? 1 : INT64_MAX;
  tartan_status st = TARTAN_OK;
  double        value;

  for (const char *c = set.spectrum; list && *c; c++) listed += *c == ',';
  *r = set.rank ? set.rank : list ? listed : most;
  REQUIRE(*r <= listed, TARTAN_ERR_ARG, "--rank %lld, but --spectrum lists %lld values", (long long)*r,
          (long long)listed);
  REQUIRE(*r >= 1 && *r <= most, TARTAN_ERR_ARG,
          "%lld singular values do not fit %lld x %lld: at most min(M, N) - 1 = %lld", (long long)*r,
          (long long)set.samples, (long long)set.features, (long long)most);
  REQUIRE(spectrum_value(set.spectrum, *r - 1, &value), TARTAN_ERR_ARG,
          "--spectrum takes values like 3.142,2.718,1 or power:A or exp:A, not \"%s\"", set.spectrum);
done:
  return st;
}

static void fill_right_vectors(int64_t i, void *context)
{
  const recipe         *rec = context;
  const app_permutation order = app_permutation_make(rec->seed, 2, rec->n);
  const double          sign = tt_uniform(rec->seed, -3, i) < 0.5 ? -1 : 1;

  basis_row(app_permute(&order, i), rec->n, rec->r, sign, rec->v + i, rec->n);
  for (int64_t j = 0; j < rec->r; j++) rec->v[i + j * rec->n] *= rec->s[j];
}

/* ------------------------------------------------------------------------------------------------ panels */

static void fill_random(const recipe *rec, int64_t row0, int64_t rows, double *x)
{
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < rec->n; j++) {
      x[i * rec->n + j] = set.distribution == UNIFORM ? tt_uniform(rec->seed, row0 + i, j)
                                                      : tt_normal(rec->seed, row0 + i, j);
    }
  }
}

static void fill_spectrum(const recipe *rec, int64_t row0, int64_t rows, double *u, double *x)
{
  for (int64_t i = 0; i < rows; i++)
    basis_row(app_permute(&rec->order_u, row0 + i), rec->m, rec->r, 1, u + i * rec->r, 1);
  memset(u + rows * rec->r, 0, (size_t)((rec->rows - rows) * rec->r) * sizeof *u);
  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_NO_TRANS, rec->n, rec->rows, rec->r, 1, rec->v, rec->n, u, rec->r,
                0, x, rec->n);
  for (int64_t i = 0; i < rows && set.noise > 0; i++) {
    for (int64_t j = 0; j < rec->n; j++) x[i * rec->n + j] += set.noise * tt_normal(rec->seed + 1, row0 + i, j);
  }
}

static void put_panel(tt_element element, const double *x, int64_t count, char *out)
{
  float         *f32 = (float *)(void *)out;
  unsigned char *u8 = (unsigned char *)out;

  if (element == TT_EL_F64) memcpy(out, x, (size_t)count * sizeof *x);
  for (int64_t e = 0; element == TT_EL_F32 && e < count; e++) f32[e] = (float)x[e];
  for (int64_t e = 0; element == TT_EL_U8 && e < count; e++) u8[e] = (unsigned char)(256 * x[e]);
}

/* One panel of fixed global rows: a task of a thread. */
static void fill_panel(int64_t i, void *context)
{
  const batch  *b = context;
  const recipe *rec = b->recipe;
  const int64_t row0 = (b->first + i) * rec->rows, rows = tt_min(rec->rows, rec->m - row0), size = rec->rows * rec->n;
  double       *x = b->x + i * size;

  if (rec->r > 0)
    fill_spectrum(rec, row0, rows, b->u + i * rec->r * rec->rows, x);
  else
    fill_random(rec, row0, rows, x);
  put_panel(rec->element, x, rows * rec->n, b->out + (size_t)(i * size) * tt_element_size(rec->element));
}

/* All panels of this rank, a batch at a time; every rank comes to every collective write. */
static tartan_status write_panels(app_run *run, const recipe *rec, tt_output *out)
{
  const int64_t panels = tt_ceil_div(rec->m, rec->rows), each = tt_ceil_div(panels, run->size);
  const int64_t first = tt_min(panels, each * run->rank), last = tt_min(panels, first + each);
  const int64_t panel_bytes = rec->rows * rec->n * 8;
  const int64_t width = tt_max(1, tt_min(BATCH_BYTES / panel_bytes, 4 * run->threads));
  const size_t  element = tt_element_size(rec->element);
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  tt_memory    *memory = &run->grid->memory;
  batch         b = {.recipe = rec};

  b.u = tt_alloc(memory, width * rec->r * rec->rows, sizeof *b.u, "left vectors", &local);
  b.x = tt_alloc(memory, width * rec->rows * rec->n, sizeof *b.x, "a batch of rows", &local);
  b.out = tt_alloc(memory, width * rec->rows * rec->n, element, "a batch of rows to write", &local);
  AGREE(run->grid, local);
  for (int64_t step = 0; step < each; step += width) {
    const int64_t count = tt_max(0, tt_min(width, last - first - step));
    const int64_t row0 = tt_min(rec->m, (first + step) * rec->rows);
    const int64_t rows = count ? tt_min(rec->m - row0, count * rec->rows) : 0;
    double        since = tt_seconds();

    b.first = first + step;
    tt_parallel_for(run->threads, count, fill_panel, &b);
    tt_grid_phase(run->grid, TARTAN_PHASE_COMPUTE, &since);
    TRY(tt_output_rows(out, "/X", count ? row0 : 0, rows, b.out));
    tt_grid_progress(run->grid, "generating", (double)tt_min(each, step + width) / (double)each);
  }

done:
  tt_free(b.out);
  tt_free(b.x);
  tt_free(b.u);
  return st;
}

/* ------------------------------------------------------------------------------------------------ the command */

static tartan_status prepare(app_run *run, recipe *rec)
{
  static const tt_element elements[] = {TT_EL_F32, TT_EL_F64, TT_EL_U8};
  tartan_status           st = TARTAN_OK, local = TARTAN_OK;

  rec->m = set.samples;
  rec->n = set.features;
  rec->seed = (uint64_t)set.seed;
  rec->element = elements[set.dtype];
  rec->rows = tt_max(1, tt_min(PANEL_ROWS, PANEL_ELEMENTS / rec->n));
  if (set.dtype == DTYPE_U8) {
    REQUIRE(!set.spectrum && !set.rank, TARTAN_ERR_ARG,
            "--dtype u8 has no exact spectrum: it goes without --spectrum, --rank");
    set.distribution = UNIFORM;
  }
  if (!set.spectrum && !set.rank) return TARTAN_OK;
  TRY(spectrum_length(&rec->r));
  rec->order_u = app_permutation_make(rec->seed, 1, rec->m);
  rec->s = tt_alloc(&run->grid->memory, rec->r, sizeof *rec->s, "the spectrum", &local);
  rec->v = tt_alloc(&run->grid->memory, rec->n * rec->r, sizeof *rec->v, "right vectors", &local);
  AGREE(run->grid, local);
  for (int64_t j = 0; j < rec->r; j++) spectrum_value(set.spectrum, j, &rec->s[j]);
  tt_parallel_for(run->threads, rec->n, fill_right_vectors, rec);
done:
  return st;
}

static void annotate(const app_run *run, tt_output *out, const recipe *rec)
{
  app_notes notes = {.count = 0};

  app_note(&notes, "format", "tartan-matrix");
  app_note_origin(&notes, run);
  app_note_count(&notes, "seed", set.seed);
  app_note_count(&notes, "reproducible", 1);
  if (set.spectrum) app_note(&notes, "spectrum", "%s", set.spectrum);
  app_notes_write(&notes, out);
  if (rec->r > 0) tt_output_array(out, "/singular_values", rec->r, 0, rec->s);
}

static tartan_status check_required(void)
{
  const bool samples = set.samples < 1, features = set.features < 1, output = !set.output;

  if (!samples && !features && !output) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_ARG, "generate matrix needs%s%s%s%s%s (tartan generate matrix --help)",
                 samples ? " --samples M" : "", samples && features ? "," : "", features ? " --features N" : "",
                 (samples || features) && output ? "," : "", output ? " -o FILE.h5" : "");
}

static void describe(const app_run *run, const recipe *rec)
{
  app_tell(run, "%lld sample%s x %lld feature%s, %s, ", (long long)rec->m, TT_S(rec->m), (long long)rec->n,
           TT_S(rec->n), tt_element_name(rec->element));
  if (rec->r > 0)
    app_tell(run, "%lld singular value%s from %.6g to %.6g\n", (long long)rec->r, TT_S(rec->r), rec->s[0],
             rec->s[rec->r - 1]);
  else
    app_tell(run, "%s random numbers\n", set.distribution == UNIFORM ? "uniform" : "normal");
}

static tartan_status generate(app_run *run, const char *const *operands, int count)
{
  recipe        rec = {.m = 0};
  tartan_status st = TARTAN_OK;
  tt_output    *out = NULL;

  (void)operands, (void)count;
  TRY(check_required());
  REQUIRE(set.samples < INT64_MAX / 16 && set.features < INT64_MAX / 16 && set.noise >= 0, TARTAN_ERR_ARG,
          "generate matrix: sizes beyond what can be counted, or negative noise");
  TRY(prepare(run, &rec));
  TRY(tt_output_create(run->grid, set.output, set.force, &out));
  annotate(run, out, &rec);
  tt_output_declare_element(out, "/X", rec.element, rec.m, rec.n);
  TRY(tt_output_open(out));
  TRY(write_panels(run, &rec, out));
  TRY(tt_output_commit(&out));
  describe(run, &rec);
  app_say_written(run, set.output, "/X");

done:
  tt_output_discard(&out);
  tt_free(rec.v);
  tt_free(rec.s);
  return st;
}

const app_command app_cmd_generate_matrix = {
    .name = "generate matrix",
    .group = "Data",
    .summary = "a matrix of any size, with given singular values or of random numbers; the same for every rank count",
    .operands = "--samples M --features N -o FILE.h5",
    .options = {options, app_run_options},
    .notes = "Example:\n  mpirun -n 4 tartan generate matrix --samples 400000 --features 1000 --dtype f32 \\\n"
             "      --spectrum power:1 --rank 100 -o big.h5\n",
    .run = generate,
};
