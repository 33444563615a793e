/* For AVX2 with FMA: 16 registers of 32 bytes. Empty where the compiler was not told so (CMakeLists.txt). */
#if defined __AVX2__ && defined __FMA__
#define TABLE tt_als_avx2
#define VECTOR 32
#define TILE_VECTORS 3
#define TILE_COLUMNS 4
#include "kernel/als_isa.inc"
#else
#include "kernel/als_impl.h"

const tt_als_kernels tt_als_avx2[2] = {{.heavy = NULL}, {.heavy = NULL}};
#endif
