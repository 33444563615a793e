/* For AVX-512. Empty where the compiler was not told so (CMakeLists.txt). */
#if defined __AVX512F__ && defined __AVX512DQ__
#define KERNEL tt_nmf_avx512
#define VECTOR 64
#include "kernel/nmf_isa.inc"
#else
#include "kernel/nmf_impl.h"

tt_nmf_kernel *const tt_nmf_avx512 = NULL;
#endif
