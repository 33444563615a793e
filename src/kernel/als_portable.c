/* Vectors of 16 bytes, which every processor that we know has, and which the compiler takes apart where it has not. */
#define TABLE tt_als_portable
#define VECTOR 16
#define TILE_VECTORS 2
#define TILE_COLUMNS 4
#include "kernel/als_isa.inc"
