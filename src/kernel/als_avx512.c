/* For AVX-512: 32 registers of 64 bytes. Empty where the compiler was not told so (CMakeLists.txt). */
#if defined __AVX512F__ && defined __AVX512VL__ && defined __AVX512DQ__ && defined __AVX512BW__
#define TABLE tt_als_avx512
#define VECTOR 64
#define TILE_VECTORS 3
#define TILE_COLUMNS 8
#include "kernel/als_isa.inc"
#else
#include "kernel/als_impl.h"

const tt_als_kernels tt_als_avx512[2] = {{.heavy = NULL}, {.heavy = NULL}};
#endif
