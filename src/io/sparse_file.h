/**
 * @file sparse_file.h
 * Sparse matrices in result files, as AnnData keeps a csr_matrix: `data`, `indices`, `indptr` in a group, its shape an
 * attribute.
 */
#ifndef TT_IO_SPARSE_FILE_H
#define TT_IO_SPARSE_FILE_H

#include <tartan/sparse.h>

#include "io/output.h"

/** Lets an output have a matrix as a group, before tt_output_open(). Local, same on all ranks. */
void tt_sparse_declare(const tartan_sparse *A, tt_output *out, const char *group);

/** Writes what was declared, after tt_output_open(). Collective. */
tartan_status tt_sparse_write(const tartan_sparse *A, tt_output *out, const char *group);

#endif
