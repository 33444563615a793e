/**
 * @file chain.h
 * The cheapest order of a chain of products, from the shapes alone.
 */
#ifndef TT_BLAS_CHAIN_H
#define TT_BLAS_CHAIN_H

#include "base/memory.h"

/**
 * Plans A_0 A_1 ... A_(count - 1) with A_i of shape[i] x shape[i + 1]. Local; the same on every rank.
 *
 * @param[in]  shape   [count + 1]
 * @param[out] split   [count, count]: the product of A_i ... A_j is that up to A_split[i, j] times that from there on
 * @param[out] flops   of all products
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_chain_plan(tt_memory *memory, int count, const int64_t *shape, int *split, double *flops);

/** The order as text, "((A0 A1) A2)", cut short where it is long. Local. */
void tt_chain_text(int count, const int *split, char *text, size_t size);

#endif
