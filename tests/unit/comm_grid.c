// TEST: np=1,2,3,4,6 labels=unit,comm
/* Life of a grid: options good and bad, several grids side by side, a grid over some of the ranks, a dead grid. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "comm/agree.h"
#include "comm/collective.h"
#include "world.h"

static void test_default(void)
{
  tartan_grid *grid = NULL;
  int          p, q, prow, pcol, planned_p, planned_q, flag = 0;
  int64_t      used, peak, limit;

  check_context("default grid");
  if (!CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, NULL, &grid))) return;
  CHECK_EQ(tartan_grid_size(grid), check_size());
  CHECK_EQ(tartan_grid_rank(grid), check_rank());
  CHECK_EQ(tartan_grid_threads(grid), 1);
  tt_grid_plan(check_size(), &planned_p, &planned_q);
  tartan_grid_shape(grid, &p, &q, &prow, &pcol);
  CHECK_EQ(p, planned_p);
  CHECK_EQ(q, planned_q);
  if (check_rank() < p * q)
    CHECK_EQ(prow * q + pcol, check_rank());
  else
    CHECK(prow == -1 && pcol == -1);
  tartan_grid_shape(grid, NULL, NULL, NULL, NULL);
  tartan_grid_memory(grid, &used, &peak, &limit);
  CHECK(used == 0 && peak == 0 && limit == 0);
  CHECK(tartan_grid_warning(grid, 0) == NULL);
  MPI_Comm_compare(grid->all, MPI_COMM_WORLD, &flag);
  CHECK_EQ(flag, MPI_CONGRUENT); /* a duplicate */
  tartan_grid_destroy(&grid);
  CHECK(grid == NULL);
  tartan_grid_destroy(&grid);
  tartan_grid_destroy(NULL);
}

static void test_shapes(void)
{
  const int P = check_size();

  for (int p = 1; p <= P; p++)
    for (int q = 1; p * q <= P; q++) {
      tartan_grid_opts opts = TARTAN_GRID_OPTS_INIT;
      tartan_grid     *grid = NULL;
      int              gp, gq, prow, pcol;

      check_context("%d x %d", p, q);
      opts.p = p;
      opts.q = q;
      opts.threads = 2;
      opts.memory_limit = 1000 + check_rank(); /* may differ between ranks */
      if (!CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, &opts, &grid))) continue;
      tartan_grid_shape(grid, &gp, &gq, &prow, &pcol);
      CHECK(gp == p && gq == q);
      CHECK_EQ(prow, check_rank() < p * q ? check_rank() / q : -1);
      CHECK_EQ(pcol, check_rank() < p * q ? check_rank() % q : -1);
      CHECK_EQ(tartan_grid_threads(grid), 2);
      CHECK_EQ(grid->memory.limit, 1000 + check_rank());
      tartan_grid_destroy(&grid);
    }
}

static void test_bad_options(void)
{
  const int P = check_size();
  const int bad[][2] = {{P + 1, 1}, {1, P + 1}, {P, 2}, {1, 0}, {0, 1}, {-1, 1}, {1, -1}, {-1, -1}, {65536, 65536}};
  tartan_grid_opts opts;
  tartan_grid     *grid;

  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    opts = (tartan_grid_opts)TARTAN_GRID_OPTS_INIT;
    opts.p = bad[i][0];
    opts.q = bad[i][1];
    grid = (tartan_grid *)&opts;
    check_context("%d x %d", opts.p, opts.q);
    CHECK_STATUS(tartan_grid_create(MPI_COMM_WORLD, &opts, &grid), TARTAN_ERR_ARG);
    CHECK(grid == NULL);
    CHECK(strlen(tartan_error_message()) > 0);
  }
  check_context("-1 threads");
  opts = (tartan_grid_opts)TARTAN_GRID_OPTS_INIT;
  opts.threads = -1;
  CHECK_STATUS(tartan_grid_create(MPI_COMM_WORLD, &opts, &grid), TARTAN_ERR_ARG);
}

/* Options of an older caller are shorter: what is missing has its default. */
static void test_older_options(void)
{
  tartan_grid_opts opts = TARTAN_GRID_OPTS_INIT;
  tartan_grid     *grid = NULL;

  check_context("shorter options");
  opts.size = offsetof(tartan_grid_opts, threads);
  opts.p = 1;
  opts.q = 1;
  opts.threads = 7;
  opts.memory_limit = 12345;
  if (!CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, &opts, &grid))) return;
  CHECK(grid->p == 1 && grid->q == 1);
  CHECK_EQ(grid->threads, 1);
  CHECK_EQ(grid->memory.limit, 0);
  tartan_grid_destroy(&grid);
}

/* How many ranks print the message of the last failure. */
static int printers(void)
{
  FILE *f = tmpfile();
  long  written = 0;
  int   count = 0;

  if (CHECK(f != NULL)) {
    tartan_error_print(f);
    written = ftell(f);
    fclose(f);
  }
  count = written > 0;
  MPI_Allreduce(MPI_IN_PLACE, &count, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  return count;
}

/* One grid over all ranks, one over each half: neither disturbs the other, and each failure is printed once. */
static void test_two_grids(void)
{
  const int    P = check_size(), me = check_rank();
  MPI_Comm     half;
  tartan_grid *world = grid_world(), *part = NULL;
  int64_t      sum[2] = {1, 1};

  check_context("two grids");
  MPI_Comm_split(MPI_COMM_WORLD, me % 2, -me, &half); /* ranks in reverse order */
  if (!CHECK_OK(tartan_grid_create(half, NULL, &part))) return;
  MPI_Comm_free(&half); /* the grid has its own */
  CHECK_OK(tt_allreduce_i64(part, &sum[0], 1, TT_SUM));
  CHECK_OK(tt_allreduce_i64(world, &sum[1], 1, TT_SUM));
  CHECK_EQ(sum[0], tartan_grid_size(part));
  CHECK_EQ(sum[1], P);
  CHECK_EQ(part->counters.messages, tartan_grid_size(part) > 1);

  for (int origin = 0; origin < P; origin++) {
    tartan_status local = TARTAN_OK;

    check_context("rank %d fails on the grid of all, after a smaller grid was made", origin);
    if (me == origin) local = tt_fail(TARTAN_ERR_NOMEM, "rank %d is full", me);
    CHECK_STATUS(tt_agree(world, local), TARTAN_ERR_NOMEM);
    CHECK_EQ(tartan_error_rank(), origin);
    CHECK_EQ(printers(), 1);
    check_context("rank %d fails on its half of the ranks", origin);
    tartan_error_clear();
    local = me == origin ? tt_fail(TARTAN_ERR_IO, "rank %d is off", me) : TARTAN_OK;
    CHECK_STATUS(tt_agree(part, local), me % 2 == origin % 2 ? TARTAN_ERR_IO : TARTAN_OK);
    CHECK_EQ(printers(), 1);
  }
  tartan_grid_destroy(&world);
  sum[0] = 1;
  CHECK_OK(tt_allreduce_i64(part, &sum[0], 1, TT_SUM)); /* the other lives on */
  CHECK_EQ(sum[0], tartan_grid_size(part));
  tartan_grid_destroy(&part);
}

/* The first rank alone, then the last alone. */
static void test_subset(void)
{
  const int    me = check_rank(), last = check_size() - 1;
  MPI_Comm     comm;
  tartan_grid *grid = NULL;

  for (int chosen = 0; chosen <= last; chosen += last > 0 ? last : 1) {
    check_context("rank %d alone", chosen);
    MPI_Comm_split(MPI_COMM_WORLD, me == chosen ? 0 : MPI_UNDEFINED, 0, &comm);
    if (comm == MPI_COMM_NULL) continue;
    CHECK_OK(tartan_grid_create(comm, NULL, &grid));
    CHECK_EQ(tartan_grid_size(grid), 1);
    CHECK_EQ(tartan_grid_rank(grid), 0);
    CHECK_OK(tt_barrier(grid));
    tartan_grid_destroy(&grid);
    MPI_Comm_free(&comm);
  }
}

static void test_warnings(void)
{
  tartan_grid *grid = grid_world();
  char         text[2 * TT_WARNING_TEXT];

  check_context("warnings");
  memset(text, 'w', sizeof text);
  text[sizeof text - 1] = '\0';
  tt_grid_warn(grid, "warning %d", 0);
  tt_grid_warn(grid, "warning %d", 0);
  CHECK(tartan_grid_warning(grid, 1) == NULL);
  tt_grid_warn(grid, "%s", text);
  CHECK_EQ(strlen(tartan_grid_warning(grid, 1)), TT_WARNING_TEXT - 1);
  for (int w = 0; w < 20; w++) tt_grid_warn(grid, "warning %d", w);
  CHECK(tartan_grid_warning(grid, TT_WARNING_MAX - 1) != NULL);
  CHECK(tartan_grid_warning(grid, TT_WARNING_MAX) == NULL);
  CHECK(tartan_grid_warning(grid, -1) == NULL);
  CHECK(strcmp(tartan_grid_warning(grid, 0), "warning 0") == 0);
  tartan_grid_destroy(&grid);
}

static void count_calls(void *context, const char *phase, double fraction)
{
  *(int *)context += strcmp(phase, "reading") == 0 && fraction >= 0 && fraction <= 1;
}

static void test_progress_and_phases(void)
{
  tartan_grid *grid = grid_world();
  double       seconds[TARTAN_PHASES], since = grid->counters.start;
  int          calls = 0;

  check_context("progress and phases");
  tt_grid_progress(grid, "reading", 0);
  tartan_grid_set_progress(grid, count_calls, &calls);
  tt_grid_progress(grid, "reading", 0.25);
  tt_grid_progress(grid, "reading", 1);
  tartan_grid_set_progress(grid, NULL, NULL);
  tt_grid_progress(grid, "reading", 1);
  CHECK_EQ(calls, 2);
  tt_grid_phase(grid, TARTAN_PHASE_READ, &since);
  CHECK(since > grid->counters.start);
  tartan_grid_phases(grid, seconds);
  CHECK(seconds[TARTAN_PHASE_READ] > 0 && seconds[TARTAN_PHASE_WRITE] == 0);
  tartan_grid_cost_reset(grid);
  tartan_grid_phases(grid, seconds);
  CHECK(seconds[TARTAN_PHASE_READ] == 0);
  tartan_grid_destroy(&grid);
}

/* A failed MPI call kills the grid: every later call returns at once, and the end of the grid does not wait. */
static void test_dead(void)
{
  tartan_grid *grid = grid_world();
  tartan_cost  cost;
  int64_t      word = 0, zero[64] = {0};
  double       real = 0;

  check_context("a dead grid");
  CHECK_STATUS(tt_bcast(grid, &word, 1, 8, 1000), TARTAN_ERR_MPI); /* no such root: MPI fails on every rank alike */
  CHECK(grid->dead);
  CHECK(strlen(tartan_error_message()) > 0);
  CHECK_STATUS(tt_agree(grid, TARTAN_OK), TARTAN_ERR_MPI);
  CHECK_STATUS(tt_barrier(grid), TARTAN_ERR_MPI);
  CHECK_STATUS(tt_bcast(grid, &word, 1, 8, 0), TARTAN_ERR_MPI);
  CHECK_STATUS(tt_allreduce_i64(grid, &word, 1, TT_SUM), TARTAN_ERR_MPI);
  CHECK_STATUS(tt_allreduce_f64(grid, &real, 1, TT_SUM), TARTAN_ERR_MPI);
  CHECK_STATUS(tt_allgather(grid, &word, 1, 8, zero), TARTAN_ERR_MPI);
  CHECK_STATUS(tt_alltoallv(grid, &word, zero, zero, &real, zero, zero, 8), TARTAN_ERR_MPI);
  CHECK_STATUS(tt_gatherv(grid, &word, zero, 8, zero, 0), TARTAN_ERR_MPI);
  CHECK_STATUS(tartan_grid_cost(grid, &cost), TARTAN_ERR_MPI);
  tartan_grid_destroy(&grid);
  CHECK(grid == NULL);
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  test_default();
  test_shapes();
  test_bad_options();
  test_older_options();
  test_two_grids();
  test_subset();
  test_warnings();
  test_progress_and_phases();
  test_dead();
  return check_finish();
}
