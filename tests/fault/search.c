// TEST: np=1,3,4 labels=fault,model timeout=60
/* The k-th allocation, then the k-th file operation, fails on one rank: searches in a matrix and in a file. */
#include <tartan/search.h>

#include "check.h"
#include "faults.h"
#include "h5file.h"
#include "matrices.h"

#define ITEMS 41
#define QUERIES 7
#define D 5

static bool from_file;

/* What the call works on; made before the fault is armed. */
typedef struct operands {
  tartan_matrix   *X, *Y;
  tartan_operator *items, *queries;
} operands;

static operands make(tartan_grid *grid)
{
  operands x = {.X = matrix_make(grid, TARTAN_F64, ITEMS, D, NULL, fill_place, NULL),
                .Y = matrix_make(grid, TARTAN_F64, QUERIES, D, NULL, fill_place, NULL)};

  if (from_file) {
    CHECK_OK(tartan_operator_open(grid, "items.h5", NULL, &x.items));
    CHECK_OK(tartan_operator_open(grid, "queries.h5", NULL, &x.queries));
  } else {
    CHECK_OK(tartan_operator_from_matrix(x.X, &x.items));
    CHECK_OK(tartan_operator_from_matrix(x.Y, &x.queries));
  }
  return x;
}

static void end(operands *x)
{
  tartan_operator_destroy(&x->queries);
  tartan_operator_destroy(&x->items);
  tartan_matrix_destroy(&x->Y);
  tartan_matrix_destroy(&x->X);
}

static tartan_status try_plan(tartan_grid *grid, fault_run *run)
{
  operands      x = make(grid);
  tartan_cost   plan;
  tartan_status st;

  fault_begin(run);
  st = tartan_search_plan(x.items, x.queries, 3, NULL, &plan);
  fault_end(run);
  end(&x);
  return st;
}

static tartan_status try_search(tartan_grid *grid, fault_run *run)
{
  operands          x = make(grid);
  tartan_neighbors *result = NULL;
  tartan_cost       cost;
  tartan_status     st;

  fault_begin(run);
  st = tartan_search(x.items, x.queries, 3, NULL, &result, &cost);
  fault_end(run);
  CHECK((result == NULL) == (st != TARTAN_OK));
  tartan_neighbors_destroy(&result);
  end(&x);
  return st;
}

int main(int argc, char **argv)
{
  static const h5_layout layout = {.type = "<f4"};

  check_start(&argc, &argv);
  h5_write("items.h5", "/X", &layout, ITEMS, D, fill_place, NULL);
  h5_write("queries.h5", "/X", &layout, QUERIES, D, fill_place, NULL);
  for (int f = 0; f < 2; f++) {
    from_file = f == 1;
    fault_sweep(TT_FAULT_ALLOC, "tartan_search_plan", try_plan);
    fault_sweep(TT_FAULT_ALLOC, "tartan_search", try_search);
    fault_sweep(TT_FAULT_FILE, "tartan_search", try_search);
  }
  return check_finish();
}
