/**
 * @file isa.h
 * Instruction sets for which our own kernels are compiled. Which of them is used changes bits (fused multiply-add,
 * number of partial sums), so all ranks of a grid use the lowest one that all of them have.
 */
#ifndef TT_KERNEL_ISA_H
#define TT_KERNEL_ISA_H

#include "comm/grid.h"

/** In ascending order; each has all that those before it have. */
typedef enum tt_isa {
  TT_ISA_HOST = 0, /**< what the processor of this process has: for one process alone */
  TT_ISA_PORTABLE, /**< whatever the compiler was told to build for */
  TT_ISA_AVX2,     /**< with FMA */
  TT_ISA_AVX512    /**< F, VL, DQ, BW */
} tt_isa;

/** The best one of this processor for which kernels were compiled. Local. */
tt_isa tt_isa_host(void);

/** The best one that all ranks have. Collective. TARTAN_ERR_MPI. */
tartan_status tt_isa_common(tartan_grid *grid, tt_isa *isa);

/** "portable", "avx2", "avx512"; of TT_ISA_HOST, what it stands for. Local. */
const char *tt_isa_name(tt_isa isa);

#endif
