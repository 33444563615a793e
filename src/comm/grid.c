/*
 * Life of a process grid. The communicator is duplicated, so our messages never meet the caller's, and returns errors
 * instead of aborting, so a failed MPI call becomes a status.
 */
#include "comm/grid.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "comm/collective.h"
#include "ext/blacs.h"

/*
 * A product on p x q ranks moves (1/p + 1/q) of an operand to each rank and does 1/pq of the work: pq times the
 * quotient of the square grid's perimeter by this one's weighs the two. So 5 ranks become 2 x 2 and 7 become 2 x 3.
 */
void tt_grid_plan(int size, int *p, int *q)
{
  double best = 0;

  for (int r = 1; r * r <= size; r++) {
    for (int c = r; r * c <= size; c++) {
      const double ranks = (double)r * c, merit = ranks * 2 * sqrt(ranks) / (r + c);

      if (merit > best) {
        best = merit;
        *p = r;
        *q = c;
      }
    }
  }
}

/* Checks the options and fills in what was left to us. */
static tartan_status settle_options(const tartan_grid_opts *opts, int size, tartan_grid_opts *o)
{
  const tartan_grid_opts defaults = TARTAN_GRID_OPTS_INIT;
  tartan_status          st = TARTAN_OK;

  *o = defaults;
  if (opts) memcpy(o, opts, opts->size < sizeof *o ? opts->size : sizeof *o);
  if (o->p == 0 && o->q == 0) tt_grid_plan(size, &o->p, &o->q);
  if (o->threads == 0) o->threads = 1;
  REQUIRE(o->p > 0 && o->q > 0 && (int64_t)o->p * o->q <= size, TARTAN_ERR_ARG,
          "a grid of %d x %d does not fit %d ranks; give both sizes with a product of at most %d, or none", o->p, o->q,
          size, size);
  REQUIRE(o->threads > 0, TARTAN_ERR_ARG, "%d threads per rank: give a positive number", o->threads);
done:
  return st;
}

tt_rates tt_grid_rates(int nodes)
{
  static const tt_rates within = {3e10, 6e9, 1e-6, 4e9, 0}, between = {3e10, 1e9, 1e-5, 4e9, 0};

  return nodes > 1 ? between : within;
}

/* Number of hosts: the lowest ranks of those that can share memory, counted. */
static tartan_status find_nodes(tartan_grid *g)
{
  MPI_Comm      node = MPI_COMM_NULL;
  int           place = 0;
  tartan_status st = TARTAN_OK;

  TRY_MPI(g, MPI_Comm_split_type(g->all, MPI_COMM_TYPE_SHARED, g->rank, MPI_INFO_NULL, &node));
  TRY_MPI(g, MPI_Comm_rank(node, &place));
  g->nodes = place == 0;
  TRY_MPI(g, MPI_Allreduce(MPI_IN_PLACE, &g->nodes, 1, MPI_INT, MPI_SUM, g->all));
  g->rates = tt_grid_rates(g->nodes);
done:
  if (node != MPI_COMM_NULL) MPI_Comm_free(&node);
  return st;
}

tartan_status tartan_grid_create(MPI_Comm comm, const tartan_grid_opts *opts, tartan_grid **grid)
{
  tartan_status    st = TARTAN_OK, local = TARTAN_OK;
  tartan_grid_opts o;
  tartan_grid     *g = NULL;
  int              initialized = 0, size = 0, rank = 0;

  *grid = NULL;
  MPI_Initialized(&initialized);
  REQUIRE(initialized, TARTAN_ERR_MPI, "MPI is not initialised: call MPI_Init before tartan_grid_create");
  TRY_MPI(NULL, MPI_Comm_size(comm, &size));
  TRY_MPI(NULL, MPI_Comm_rank(comm, &rank));
  tt_error_set_self(rank, size);
  TRY(settle_options(opts, size, &o));

  if (o.memory_limit < 0) local = tt_fail(TARTAN_ERR_ARG, "a memory limit below zero"); /* may differ between ranks */
  g = tt_alloc_zero(NULL, 1, sizeof *g, "a process grid", &local);
  if (local == TARTAN_OK) {
    g->all = MPI_COMM_NULL;
    g->requests = tt_alloc(NULL, 2 * (int64_t)size, sizeof *g->requests, "the requests of a grid", &local);
  }
  TRY(tt_agree_comm(comm, local));
  TRY_MPI(NULL, MPI_Comm_dup(comm, &g->all));
  TRY_MPI(NULL, MPI_Comm_set_errhandler(g->all, MPI_ERRORS_RETURN));
  g->size = size;
  g->rank = rank;
  TRY(find_nodes(g));
  g->p = o.p;
  g->q = o.q;
  g->prow = rank < o.p * o.q ? rank / o.q : -1;
  g->pcol = rank < o.p * o.q ? rank % o.q : -1;
  g->threads = o.threads;
  g->memory.limit = o.memory_limit;
  g->counters.start = tt_seconds();
  *grid = g;
  g = NULL;

done:
  if (g && g->all != MPI_COMM_NULL) MPI_Comm_free(&g->all);
  if (g) tt_free(g->requests);
  tt_free(g);
  return st;
}

void tartan_grid_destroy(tartan_grid **grid)
{
  tartan_grid *g = grid ? *grid : NULL;

  if (!g) return;
  tt_blacs_destroy(&g->blacs, !g->dead);
  if (!g->dead) MPI_Comm_free(&g->all);
  tt_free(g->requests);
  tt_free(g);
  *grid = NULL;
}

int tartan_grid_size(const tartan_grid *grid)
{
  return grid->size;
}

int tartan_grid_rank(const tartan_grid *grid)
{
  return grid->rank;
}

int tartan_grid_threads(const tartan_grid *grid)
{
  return grid->threads;
}

void tartan_grid_shape(const tartan_grid *grid, int *p, int *q, int *prow, int *pcol)
{
  if (p) *p = grid->p;
  if (q) *q = grid->q;
  if (prow) *prow = grid->prow;
  if (pcol) *pcol = grid->pcol;
}

void tartan_grid_memory(const tartan_grid *grid, int64_t *used, int64_t *peak, int64_t *limit)
{
  if (used) *used = grid->memory.used;
  if (peak) *peak = grid->memory.peak;
  if (limit) *limit = grid->memory.limit;
}

tartan_status tt_cost_since(const tartan_grid *grid, const tt_counters *before, int64_t used, double start,
                            tartan_cost *cost)
{
  const tt_counters *c = &grid->counters;
  const int64_t      layout[2] = {c->layout_sent - before->layout_sent, c->layout_received - before->layout_received};
  const int64_t      words[2] = {c->words_sent - before->words_sent - layout[0],
                                 c->words_received - before->words_received - layout[1]};
  const int64_t      bytes[2] = {c->bytes_sent - before->bytes_sent, c->bytes_received - before->bytes_received};
  double             v[] = {c->flops - before->flops,
                            (double)tt_max(words[0], words[1]),
                            (double)tt_max(layout[0], layout[1]),
                            (double)(c->messages - before->messages),
                            (double)tt_max(bytes[0], bytes[1]),
                            (double)(c->bytes_read - before->bytes_read),
                            (double)(c->bytes_written - before->bytes_written),
                            (double)(grid->memory.peak - used),
                            tt_seconds() - start};
  tartan_status      st = TARTAN_OK;

  TRY(tt_require_alive(grid));
  TRY_MPI(NULL, MPI_Allreduce(MPI_IN_PLACE, v, (int)(sizeof v / sizeof *v), MPI_DOUBLE, MPI_MAX, grid->all));
  cost->flops = v[0];
  cost->words = v[1];
  cost->words_redistributed = v[2];
  cost->messages = v[3];
  cost->bytes_moved = v[4];
  cost->bytes_read = v[5];
  cost->bytes_written = v[6];
  cost->memory = v[7];
  cost->seconds = v[8];
done:
  return st;
}

tartan_status tartan_grid_cost(const tartan_grid *grid, tartan_cost *cost)
{
  static const tt_counters nothing;
  tartan_status            st = TARTAN_OK;

  memset(cost, 0, sizeof *cost);
  TRY(tt_cost_since(grid, &nothing, 0, grid->counters.start, cost));
  cost->grid[0] = grid->p;
  cost->grid[1] = grid->q;
  cost->grid[2] = 1;
done:
  return st;
}

void tartan_grid_cost_reset(tartan_grid *grid)
{
  memset(&grid->counters, 0, sizeof grid->counters);
  grid->counters.start = tt_seconds();
  grid->memory.peak = grid->memory.used;
}

void tartan_grid_phases(const tartan_grid *grid, double seconds[TARTAN_PHASES])
{
  memcpy(seconds, grid->counters.seconds, sizeof grid->counters.seconds);
}

void tartan_grid_set_progress(tartan_grid *grid, tartan_progress *report, void *context)
{
  grid->progress = report;
  grid->progress_context = context;
}

const char *tartan_grid_warning(const tartan_grid *grid, int i)
{
  return i >= 0 && i < grid->warnings ? grid->warning[i] : NULL;
}

void tt_grid_warn(tartan_grid *grid, const char *fmt, ...)
{
  va_list args;
  char    text[TT_WARNING_TEXT];

  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  for (int i = 0; i < grid->warnings; i++)
    if (strcmp(grid->warning[i], text) == 0) return;
  if (grid->warnings < TT_WARNING_MAX) memcpy(grid->warning[grid->warnings++], text, sizeof text);
}

void tt_grid_progress(const tartan_grid *grid, const char *phase, double fraction)
{
  if (fraction < 1)
    tt_activity_move(phase);
  else
    tt_activity_end(phase);
  if (grid->progress) grid->progress(grid->progress_context, phase, fraction);
}

void tt_grid_phase(tartan_grid *grid, int phase, double *since)
{
  const double now = tt_seconds();

  tt_activity_move(NULL);
  grid->counters.seconds[phase] += now - *since;
  *since = now;
}

const char *tt_mpi_name(void)
{
  static char name[MPI_MAX_LIBRARY_VERSION_STRING];
  int         length = 0;

  if (name[0] == '\0') {
    MPI_Get_library_version(name, &length);
    name[strcspn(name, ",\n")] = '\0';
  }
  return name;
}
