// TEST: np=1,2,3,4 labels=numeric,blas,comm
/*
 * Traffic as the library counts it. Alone: over all ranks as much is received as is sent, in words and bytes. With
 * `--case NAME --repeat N` the case runs N times and every rank prints what it counted, for tests/apps/traffic.py to hold
 * against what the MPI library saw.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/blas.h>

#include "check.h"
#include "comm/grid.h"
#include "matrices.h"

#define SIZE 360

/* Three square matrices: two-dimensional blocks, slabs of rows, blocks with a map that runs backwards. */
typedef struct operands {
  tartan_matrix *A, *B, *C;
} operands;

typedef tartan_status traffic_case(tartan_grid *grid, operands *x);

static tartan_status copy_slabs(tartan_grid *grid, operands *x)
{
  (void)grid;
  return tartan_matrix_copy(TARTAN_NO_TRANS, x->B, x->C);
}

static tartan_status copy_transposed(tartan_grid *grid, operands *x)
{
  (void)grid;
  return tartan_matrix_copy(TARTAN_TRANS, x->A, x->C);
}

static tartan_status product(operands *x, int p1, int p2, int p3, tartan_choice overlap)
{
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;

  opts.p1 = p1;
  opts.p2 = p2;
  opts.p3 = p3;
  opts.overlap = overlap;
  opts.panel = overlap == TARTAN_ON ? 16 : 0;
  return tartan_gemm(1, TARTAN_NO_TRANS, x->A, TARTAN_TRANS, x->B, 0.5, x->C, &opts);
}

static tartan_status gemm_planned(tartan_grid *grid, operands *x)
{
  (void)grid;
  return product(x, 0, 0, 0, TARTAN_PLANNED);
}

static tartan_status gemm_rows(tartan_grid *grid, operands *x)
{
  return product(x, tartan_grid_size(grid), 1, 1, TARTAN_OFF);
}

static tartan_status gemm_columns(tartan_grid *grid, operands *x)
{
  return product(x, 1, tartan_grid_size(grid), 1, TARTAN_ON);
}

static tartan_status gemm_deep(tartan_grid *grid, operands *x)
{
  return product(x, 1, 1, tartan_grid_size(grid), TARTAN_OFF);
}

static tartan_status gemm_square(tartan_grid *grid, operands *x)
{
  const int P = tartan_grid_size(grid);

  return P == 4 ? product(x, 2, 2, 1, TARTAN_ON) : product(x, 1, 1, P, TARTAN_ON);
}

static tartan_status gemm_half_deep(tartan_grid *grid, operands *x)
{
  const int P = tartan_grid_size(grid);

  return P == 4 ? product(x, 2, 1, 2, TARTAN_OFF) : product(x, P, 1, 1, TARTAN_OFF);
}

static tartan_status syrk_slabs(tartan_grid *grid, operands *x)
{
  (void)grid;
  return tartan_syrk(TARTAN_LOWER, TARTAN_TRANS, 1, x->B, 0, x->C, NULL);
}

static tartan_status syrk_blocks(tartan_grid *grid, operands *x)
{
  (void)grid;
  return tartan_syrk(TARTAN_UPPER, TARTAN_NO_TRANS, 1, x->A, 1, x->C, NULL);
}

static const struct {
  const char   *name;
  traffic_case *run;
} cases[] = {{"copy-slabs", copy_slabs},   {"copy-transposed", copy_transposed}, {"gemm-planned", gemm_planned},
             {"gemm-rows", gemm_rows},     {"gemm-columns", gemm_columns},       {"gemm-deep", gemm_deep},
             {"gemm-square", gemm_square}, {"gemm-half-deep", gemm_half_deep},   {"syrk-slabs", syrk_slabs},
             {"syrk-blocks", syrk_blocks}};

static operands make(tartan_grid *grid, int *ranks)
{
  const int                P = tartan_grid_size(grid);
  tartan_matrix_opts       back = layout_of(24, 40, 1, P, 0, 0);
  const tartan_matrix_opts rows = layout_row_slabs(SIZE, SIZE, P), blocks = layout_of(16, 16, 0, 0, 0, 0);
  uint64_t                 seed = check_seed();
  operands                 x;

  for (int r = 0; r < P; r++) ranks[r] = P - 1 - r;
  back.ranks = ranks;
  x.A = matrix_make(grid, TARTAN_F64, SIZE, SIZE, &blocks, fill_random, &seed);
  x.B = matrix_make(grid, TARTAN_F64, SIZE, SIZE, &rows, fill_random, &seed);
  x.C = matrix_make(grid, TARTAN_F64, SIZE, SIZE, &back, fill_random, &seed);
  return x;
}

/* What is sent is received. */
static void check_balance(const tartan_grid *grid)
{
  const tt_counters *c = &grid->counters;
  int64_t            sum[3] = {c->words_sent - c->words_received, c->bytes_sent - c->bytes_received,
                               c->layout_sent - c->layout_received};

  MPI_Allreduce(MPI_IN_PLACE, sum, 3, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  CHECK_EQ(sum[0], 0);
  CHECK_EQ(sum[1], 0);
  CHECK_EQ(sum[2], 0);
  CHECK_LE((double)c->layout_sent, (double)c->words_sent);
  CHECK_LE((double)c->layout_received, (double)c->words_received);
}

/* One case, so many times; prints the counters if asked to. */
static void run_case(tartan_grid *grid, size_t which, int repeat, bool print)
{
  int      ranks[LAYOUT_RANKS_MAX];
  operands x = make(grid, ranks);

  check_context("%s", cases[which].name);
  tartan_grid_cost_reset(grid);
  for (int i = 0; i < repeat; i++) CHECK_OK(cases[which].run(grid, &x));
  check_balance(grid);
  if (check_size() > 1) CHECK(grid->counters.bytes_sent + grid->counters.bytes_received > 0);
  if (print)
    printf("rank %d sent %lld bytes in %lld messages\n", check_rank(), (long long)grid->counters.bytes_sent,
           (long long)grid->counters.messages);
  tartan_matrix_destroy(&x.A);
  tartan_matrix_destroy(&x.B);
  tartan_matrix_destroy(&x.C);
}

static const char *option(int argc, char **argv, const char *name)
{
  for (int i = 1; i + 1 < argc; i++)
    if (strcmp(argv[i], name) == 0) return argv[i + 1];
  return NULL;
}

int main(int argc, char **argv)
{
  const char  *name = option(argc, argv, "--case"), *repeat = option(argc, argv, "--repeat");
  tartan_grid *grid;
  int          ran = 0;

  check_start(&argc, &argv);
  grid = grid_world();
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
    if (!name || strcmp(name, cases[c].name) == 0) {
      run_case(grid, c, repeat ? atoi(repeat) : 1, name != NULL);
      ran++;
    }
  CHECK(ran > 0);
  tartan_grid_destroy(&grid);
  return check_finish();
}
