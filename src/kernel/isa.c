/* The compiler's run-time support asks the processor, and whether the system saves its registers. */
#include "kernel/isa.h"

#include "comm/agree.h"
#include "comm/collective.h"

tt_isa tt_isa_host(void)
{
#if defined __x86_64__ && defined __GNUC__
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");

  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    return TT_ISA_AVX512;
  if (avx2) return TT_ISA_AVX2;
#endif
  return TT_ISA_PORTABLE;
}

tartan_status tt_isa_common(tartan_grid *grid, tt_isa *isa)
{
  double        lowest = (double)tt_isa_host();
  tartan_status st = TARTAN_OK;

  TRY(tt_allreduce_f64(grid, &lowest, 1, TT_MIN));
  *isa = (tt_isa)lowest;
done:
  return st;
}

const char *tt_isa_name(tt_isa isa)
{
  static const char *const names[] = {NULL, "portable", "avx2", "avx512"};

  return names[isa == TT_ISA_HOST ? tt_isa_host() : isa];
}
