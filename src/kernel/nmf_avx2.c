/* For AVX2 with FMA. Empty where the compiler was not told so (CMakeLists.txt). */
#if defined __AVX2__ && defined __FMA__
#define KERNEL tt_nmf_avx2
#define VECTOR 32
#include "kernel/nmf_isa.inc"
#else
#include "kernel/nmf_impl.h"

tt_nmf_kernel *const tt_nmf_avx2 = NULL;
#endif
