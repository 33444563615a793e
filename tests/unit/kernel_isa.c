// TEST: np=1,2,3 labels=unit,kernel
/* The instruction set that all ranks have; on one machine it is that of each. */
#include <string.h>

#include "check.h"
#include "kernel/isa.h"
#include "world.h"

int main(int argc, char **argv)
{
  tartan_grid *grid;
  tt_isa       isa = TT_ISA_HOST;

  check_start(&argc, &argv);
  grid = grid_world();
  CHECK_OK(tt_isa_common(grid, &isa));
  CHECK_EQ(isa, tt_isa_host());
  CHECK(isa >= TT_ISA_PORTABLE && isa <= TT_ISA_AVX512);
  CHECK(strcmp(tt_isa_name(TT_ISA_HOST), tt_isa_name(isa)) == 0);
  CHECK(strcmp(tt_isa_name(TT_ISA_PORTABLE), "portable") == 0);
  tartan_grid_destroy(&grid);
  return check_finish();
}
