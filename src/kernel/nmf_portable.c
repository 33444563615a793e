/* Vectors of 16 bytes, which every processor that we know has, and which the compiler takes apart where it has not. */
#define KERNEL tt_nmf_portable
#define VECTOR 16
#include "kernel/nmf_isa.inc"
