#include "common/operands.h"

#include "base/util.h"

tartan_matrix_opts bench_layout(const tartan_grid *grid, int kind, int64_t block, const int64_t arrangement[2],
                                int64_t m, int64_t n)
{
  const int          P = tartan_grid_size(grid);
  tartan_matrix_opts opts = TARTAN_MATRIX_OPTS_INIT;

  opts.mb = opts.nb = block;
  if (arrangement) {
    opts.p = (int)arrangement[0];
    opts.q = (int)arrangement[1];
  }
  if (kind == BENCH_ROWS) {
    opts.p = P;
    opts.q = 1;
    opts.mb = tt_max(1, tt_ceil_div(m, P));
    opts.nb = tt_max(1, n);
  } else if (kind == BENCH_COLUMNS) {
    opts.p = 1;
    opts.q = P;
    opts.mb = tt_max(1, m);
    opts.nb = tt_max(1, tt_ceil_div(n, P));
  }
  return opts;
}
