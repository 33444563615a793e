/*
 * tartan-bench topn: the best items of every user, without those that he has, in turn with the same local products in the
 * same tiles, each overwritten by the next: no messages, nothing that is kept. Who has what is as in `tartan generate ratings`.
 */
#include <tartan/blas.h>

#include <math.h>

#include "base/util.h"
#include "comm/agree.h"
#include "common/lists.h"
#include "common/peers.h"
#include "common/planned.h"
#include "common/planted.h"
#include "kernel/dense.h"
#include "model/topn_impl.h"
#include "oper/segments.h"

#define SAMPLE 8 /* users whose results are compared with a product */

static app_planted set =
    {.users = 30000, .items = 40000, .ratings = 1500000, .rank = 8, .exponent = 0.62, .noise = 0.5, .implicit = true};

static struct {
  int64_t d, k;
  int     dtype, data; /* indices of their words */
} more = {.d = 64, .k = 100};

static const app_option options[] = {
    {"users", 'm', APP_OPTION_COUNT, &set.users, "M", "30000", "users"},
    {"items", 'n', APP_OPTION_COUNT, &set.items, "N", "40000", "items"},
    {"ratings", 0, APP_OPTION_COUNT, &set.ratings, "R", "1500000", "what users have, in all"},
    {"factors", 'd', APP_OPTION_COUNT, &more.d, "D", "64", "length of a factor row"},
    {"results", 'k', APP_OPTION_COUNT, &more.k, "K", "100", "items of each list"},
    {"data", 0, APP_OPTION_CHOICE, &more.data, "random|uneven", "random",
     "factors: normal, or of lengths that fall as place^-0.62, around one direction"},
    {"dtype", 0, APP_OPTION_CHOICE, &more.dtype, "f32|f64", "f32", "element type"},
    {.name = NULL},
};

typedef struct job {
  app_run          *run;
  bench_cases       cases;
  bench_planned     planned;
  tartan_dtype      dtype;
  tartan_topn_opts  opts;
  tt_topn_plan      plan;
  tartan_sparse    *seen;
  tartan_matrix    *U, *I; /* factors */
  tartan_predictor *p;
  tartan_profiles  *profiles, *few;
  bench_tiles       tiles;
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_ours(void *context)
{
  job              *j = context;
  tartan_neighbors *result = NULL;
  tartan_status     st = tartan_predictor_topn(j->p, j->profiles, &j->opts, &result, NULL);

  tartan_neighbors_destroy(&result);
  return st;
}

static tartan_status run_product(void *context)
{
  bench_tiles_run(&((job *)context)->tiles);
  return TARTAN_OK;
}

static const bench_offer offers[] = {{"product", run_product}, {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ operands */

/* What this rank's users have. Local. */
static tartan_status draw_entries(const app_planted *p, int64_t first, int64_t end, int64_t *row, int64_t *col,
                                  app_observation *out, int64_t *count)
{
  app_planted_work work;
  tartan_status    local = app_planted_work_make(NULL, p, &work);

  for (int64_t user = first; user < end && local == TARTAN_OK; user++) {
    app_planted_user(p, user, &work, out);
    for (int64_t e = 0; e < app_planted_count(p, user); e++) {
      row[*count] = user;
      col[(*count)++] = out[e].item;
    }
  }
  app_planted_work_free(&work);
  return local;
}

static tartan_status make_seen(job *j)
{
  tartan_grid     *grid = j->run->grid;
  const int64_t    first = set.users * grid->rank / grid->size, end = set.users * (grid->rank + 1) / grid->size;
  app_observation *out = NULL;
  int64_t         *row = NULL, *col = NULL, count = 0;
  tartan_status    st = TARTAN_OK, local;

  local = app_planted_begin(NULL, &set);
  AGREE(grid, local);
  for (int64_t user = first; user < end; user++) count += app_planted_count(&set, user);
  row = tt_alloc(NULL, count, sizeof *row, "users", &local);
  col = tt_alloc(NULL, count, sizeof *col, "items", &local);
  out = tt_alloc(NULL, app_planted_most(&set), sizeof *out, "observations", &local);
  AGREE(grid, local);
  count = 0;
  AGREE(grid, draw_entries(&set, first, end, row, col, out, &count));
  TRY(tartan_sparse_create(grid, TARTAN_F32, set.users, set.items, count, row, col, NULL, NULL, &j->seen));
done:
  tt_free(out);
  tt_free(col);
  tt_free(row);
  app_planted_end(&set);
  return st;
}

/* Lengths as those of popular and of rare items, whose numbers tell nothing. Local. */
static void make_uneven(tartan_matrix *A)
{
  const int64_t first = A->col.starts[A->grid->rank], own = A->nloc;

  for (int64_t i = 0; i < own; i++) {
    const int64_t place = (first + i) * 7919 % tt_max(1, A->col.n);
    const double  length = pow((double)(place + 1), -0.62) * 100;

    for (int64_t k = 0; k < more.d; k++) {
      const double v = tt_get_element(A->dtype, A->data, A->ld, k, i) + (k == 0 ? 2 : 0);

      tt_put_element(A->dtype, length * v, A->data, A->ld, k, i);
    }
  }
}

static tartan_status make_factors(job *j)
{
  tartan_grid            *grid = j->run->grid;
  tartan_predictor_values v = {.size = sizeof v, .users = 0, .items = set.items, .factors = more.d};
  int64_t                *starts = NULL;
  tartan_status           st = TARTAN_OK, local = TARTAN_OK;

  v.opts = (tartan_recommend_opts)TARTAN_RECOMMEND_OPTS_INIT;
  starts = tt_alloc(NULL, grid->size + 1, sizeof *starts, "ranges", &local);
  AGREE(grid, local);
  tt_rows_partition(set.items, 1, grid->size, starts);
  TRY(tt_matrix_create_ranges(grid, j->dtype, more.d, set.items, starts, NULL, &j->I));
  tt_rows_partition(0, 1, grid->size, starts);
  TRY(tt_matrix_create_ranges(grid, j->dtype, more.d, 0, starts, NULL, &j->U));
  tartan_matrix_fill_normal(j->I, 1);
  if (more.data == 1) make_uneven(j->I);
  v.item_factors = j->I;
  v.user_factors = j->U;
  TRY(tartan_predictor_create(grid, &v, false, &j->p));
  TRY(tt_profiles_make(j->p, set.users, &j->profiles));
  TRY(tt_profiles_make(j->p, tt_min(SAMPLE, set.users), &j->few));
  tartan_matrix_fill_normal(j->profiles->X, 2);
  tartan_matrix_fill_normal(j->few->X, 2);
done:
  tt_free(starts);
  return st;
}

static tartan_status make(job *j)
{
  tartan_status st = TARTAN_OK;

  j->dtype = more.dtype == 0 ? TARTAN_F32 : TARTAN_F64;
  REQUIRE(set.users > 0 && set.items > 0 && more.d > 0 && more.k > 0, TARTAN_ERR_ARG, "-m, -n, -d and -k: at least 1");
  TRY(make_seen(j));
  TRY(make_factors(j));
  j->opts = (tartan_topn_opts)TARTAN_TOPN_OPTS_INIT;
  j->opts.count = more.k;
  j->opts.seen = j->seen;
  TRY(tt_topn_plan_make(j->p, j->profiles, &j->opts, &j->plan));
  TRY(tartan_predictor_topn_plan(j->p, j->profiles, &j->opts, &j->planned.plan));
  j->tiles = (bench_tiles){.grid = j->run->grid,
                           .dtype = j->dtype,
                           .n = set.items,
                           .d = more.d,
                           .mine = j->plan.search.most,
                           .block = j->plan.search.block,
                           .tile = tt_ceil_div(j->plan.items->nloc, tt_max(1, j->plan.steps))};
  TRY(tt_agree_least(j->run->grid, &j->tiles.tile));
  TRY(bench_tiles_make(&j->tiles));
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  bench_tiles_free(&j->tiles);
  tartan_profiles_destroy(&j->few);
  tartan_profiles_destroy(&j->profiles);
  tartan_predictor_destroy(&j->p);
  tartan_matrix_destroy(&j->U);
  tartan_matrix_destroy(&j->I);
  tartan_sparse_destroy(&j->seen);
}

/* ------------------------------------------------------------------------------------------------ the run */

/* Some users, with all items, against one product. */
static tartan_status verify(job *j, bench_record *r)
{
  tartan_topn_opts  opts = j->opts;
  tartan_matrix    *C = NULL;
  tartan_neighbors *result = NULL;
  tartan_status     st = TARTAN_OK;

  opts.seen = NULL;
  TRY(tartan_predictor_topn(j->p, j->few, &opts, &result, NULL));
  TRY(tartan_matrix_create(j->run->grid, j->dtype, set.items, j->few->count, NULL, &C));
  TRY(tartan_gemm(1, TARTAN_TRANS, j->I, TARTAN_NO_TRANS, j->few->X, 0, C, NULL));
  TRY(bench_lists_compare(result, C, more.d, &r->residual));
  r->residual_limit = more.data == 0 ? 1 : 300; /* lengths of items are up to 250 times those of normal numbers */
done:
  tartan_matrix_destroy(&C);
  tartan_neighbors_destroy(&result);
  return st;
}

static void put_fields(app_json *json, const void *context)
{
  bench_planned_json(json, &((const job *)context)->planned);
}

static void put_lines(const app_run *run, const void *context)
{
  bench_planned_lines(run, &((const job *)context)->planned);
}

static tartan_status topn(app_run *run, const char *const *operand, int count)
{
  static const char *const kinds[] = {"random", "uneven"};
  job                      j = {.run = run};
  bench_record  r = {.op = "topn", .algorithm = kinds[more.data], .m = set.users, .n = set.items, .k = more.k};
  tartan_status st = TARTAN_OK;

  (void)operand, (void)count;
  bench_cases_add(&j.cases, "ours", run_ours);
  bench_cases_add(&j.cases, "product", run_product);
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  TRY(verify(&j, &r));
  TRY(bench_planned_count(run->grid, run_ours, &j, &j.planned));
  r.dtype = tartan_dtype_name(j.dtype);
  r.seconds = bench_cases_of(&j.cases, "ours");
  r.reps = j.cases.reps;
  r.flops = 2.0 * (double)set.users * (double)set.items * (double)more.d;
  r.peak = r.bytes_bound = NAN;
  r.local_fraction = bench_ratio(bench_cases_of(&j.cases, "product"), r.seconds, r.reps);
  r.bytes_max = j.planned.measured.bytes_moved;
  r.bytes_redistributed_max = j.planned.measured.words_redistributed * (double)tartan_dtype_size(j.dtype);
  bench_peers_record(offers, &j.cases, r.seconds, &r);
  r.json = put_fields;
  r.table = put_lines;
  r.context = &j;
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_topn = {
    .name = "topn",
    .group = "Benchmarks",
    .summary = "the best items of each user, against the same products in tiles that are discarded",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench topn -m 30000 -n 40000 -d 64 -k 100 --threads 1 --json -\n",
    .run = topn,
};
