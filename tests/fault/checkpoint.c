// TEST: np=1,3 labels=fault,oper timeout=300
/* The k-th allocation, then the k-th file operation, fails on one rank: states of a Gram pass, of an iteration and of a factorization,
   written and taken up. */
#include <string.h>

#include <tartan/nmf.h>
#include <tartan/sketch.h>

#include "check.h"
#include "comm/grid.h"
#include "faults.h"
#include "h5file.h"
#include "io/checkpoint.h"
#include "oper/gram.h"

#define M 4096
#define N 3
#define STATE "fault-state"

/* What runs: a Gram pass, the largest triplet, non-negative parts. */
static enum { GRAM, TOPK, NMF, KINDS } what;

static double value(int64_t i, int64_t j, void *context)
{
  (void)context;
  return (double)((i * 7 + j * 3) % 11) - (what == NMF ? 0 : 5) + (i % (j + 2) == 0);
}

static tt_asked asks(void *context, double ahead)
{
  (void)ahead;
  return *(const bool *)context ? TT_ASKED_BY_SIGNAL : TT_ASKED_NOTHING;
}

static void hears(void *context, const char *text)
{
  (void)context;
  CHECK(strlen(text) > 0);
}

/* Two iterations. Collective. */
static tartan_status factorize(const tartan_operator *op)
{
  tartan_nmf_opts o = TARTAN_NMF_OPTS_INIT;
  tartan_matrix  *W, *H;
  tartan_status   st;

  o.init = TARTAN_NMF_RANDOM;
  o.iterations = 2;
  o.tolerance = 0;
  st = tartan_nmf(op, 1, &o, &W, &H, NULL);
  CHECK((W == NULL) == (st != TARTAN_OK) && (H == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&H);
  tartan_matrix_destroy(&W);
  return st;
}

/* One pass, to its end or to its first look. Collective. */
static tartan_status pass(const tartan_operator *op)
{
  const tt_gram_opts opts = {.center = true};
  tt_gram_plan       plan;
  tt_gram_result     r = {0};
  double             s[1];
  tartan_topk_opts   o = TARTAN_TOPK_OPTS_INIT;
  tartan_status      st;

  o.block = 1;
  if (what == NMF) return factorize(op);
  if (what == TOPK) return tartan_operator_svd_topk(op, 1, &o, NULL, s, NULL, NULL);
  CHECK_OK(tt_gram_plan_make(op, &opts, op->grid->size, op->grid->threads, 0, &plan));
  plan.slab = 256; /* so that there are looks on the way */
  plan.panels = 4;
  st = tt_gram(op, &opts, &plan, &r);
  CHECK((r.G == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&r.G);
  tt_free(r.mean);
  return st;
}

static void clean(void)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) tt_checkpoint_remove(STATE);
  MPI_Barrier(MPI_COMM_WORLD);
}

/* A pass that is stopped, or that goes on from a state and writes some. */
static tartan_status attempt(tartan_grid *grid, fault_run *run, bool stops)
{
  bool             stop = true;
  tt_checkpoint    keep = {.path = STATE,
                           .configuration = "a=1",
                           .resume = true,
                           .every = stops ? 1e9 : 0,
                           .stop = asks,
                           .tell = hears,
                           .context = &stop};
  tartan_operator *op = NULL;
  const int        before = fault_files_here();
  tartan_status    st;

  CHECK_OK(tartan_operator_open(grid, what == NMF ? "positive.h5:/X" : "checkpoint.h5:/X", NULL, &op));
  grid->checkpoint = &keep;
  keep.saved = 0;
  if (!stops) CHECK_STATUS(pass(op), TARTAN_ERR_INTERRUPTED);
  stop = stops;
  run->survivable = !stops; /* a state that cannot be written is a warning */
  fault_begin(run);
  st = pass(op);
  fault_end(run);
  grid->checkpoint = NULL;
  if (stops && st == TARTAN_ERR_INTERRUPTED) st = TARTAN_OK;
  tartan_operator_destroy(&op);
  clean();
  CHECK_EQ(fault_files_here(), before);
  return st;
}

static tartan_status try_stop(tartan_grid *grid, fault_run *run)
{
  return attempt(grid, run, true);
}

static tartan_status try_go_on(tartan_grid *grid, fault_run *run)
{
  return attempt(grid, run, false);
}

int main(int argc, char **argv)
{
  static const char *const stopped[] = {"tt_gram, stopped", "tartan_operator_svd_topk, stopped", "tartan_nmf, stopped"};
  static const char *const going[] = {"tt_gram, going on", "tartan_operator_svd_topk, going on",
                                      "tartan_nmf, going on"};

  tartan_io_setup();
  check_start(&argc, &argv);
  h5_write("checkpoint.h5", "X", &(h5_layout){0}, M, N, value, NULL);
  what = NMF;
  h5_write("positive.h5", "X", &(h5_layout){0}, M, N, value, NULL);
  for (what = GRAM; what < KINDS; what++) {
    fault_sweep(TT_FAULT_ALLOC, stopped[what], try_stop);
    fault_sweep(TT_FAULT_ALLOC, going[what], try_go_on);
    fault_sweep(TT_FAULT_FILE, stopped[what], try_stop);
    fault_sweep(TT_FAULT_FILE, going[what], try_go_on);
  }
  return check_finish();
}
