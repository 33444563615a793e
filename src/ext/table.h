/**
 * @file table.h
 * The one table of ScaLAPACK's entry points, filled from the library's own handle at first use, so that a library that
 * exports the same names can never make us call ourselves.
 */
#ifndef TT_EXT_TABLE_H
#define TT_EXT_TABLE_H

#include <mpi.h>
#include <stddef.h>

#include <tartan/status.h>

/* The typed part: X(member, symbol stem after the type letter). All take pointers, as Fortran does. */
typedef struct tt_scalapack_typed {
  void (*gemm)(const char *, const char *, const int *, const int *, const int *, const void *, const void *,
               const int *, const int *, const int *, const void *, const int *, const int *, const int *, const void *,
               void *, const int *, const int *, const int *);
  void (*syrk)(const char *, const char *, const int *, const int *, const void *, const void *, const int *,
               const int *, const int *, const void *, void *, const int *, const int *, const int *);
  void (*trsm)(const char *, const char *, const char *, const char *, const int *, const int *, const void *,
               const void *, const int *, const int *, const int *, void *, const int *, const int *, const int *);
  void (*syevd)(const char *, const char *, const int *, void *, const int *, const int *, const int *, void *, void *,
                const int *, const int *, const int *, void *, const int *, int *, const int *, int *, size_t, size_t);
  void (*syevr)(const char *, const char *, const char *, const int *, void *, const int *, const int *, const int *,
                const void *, const void *, const int *, const int *, int *, int *, void *, void *, const int *,
                const int *, const int *, void *, const int *, int *, const int *, int *, size_t, size_t, size_t);
  void (*gehrd)(const int *, const int *, const int *, void *, const int *, const int *, const int *, void *, void *,
                const int *, int *);
  void (*gesvd)(const char *, const char *, const int *, const int *, void *, const int *, const int *, const int *,
                void *, void *, const int *, const int *, const int *, void *, const int *, const int *, const int *,
                void *, const int *, int *, size_t, size_t);
  void (*geqrf)(const int *, const int *, void *, const int *, const int *, const int *, void *, void *, const int *,
                int *);
  void (*orgqr)(const int *, const int *, const int *, void *, const int *, const int *, const int *, const void *,
                void *, const int *, int *);
  void (*geqpf)(const int *, const int *, void *, const int *, const int *, const int *, int *, void *, void *,
                const int *, int *);
  void (*potrf)(const char *, const int *, void *, const int *, const int *, const int *, int *, size_t);
  void (*potrs)(const char *, const int *, const int *, const void *, const int *, const int *, const int *, void *,
                const int *, const int *, const int *, int *, size_t);
  void (*potri)(const char *, const int *, void *, const int *, const int *, const int *, int *, size_t);
  void (*getrf)(const int *, const int *, void *, const int *, const int *, const int *, int *, int *);
  void (*getrs)(const char *, const int *, const int *, const void *, const int *, const int *, const int *,
                const int *, void *, const int *, const int *, const int *, int *, size_t);
  void (*getri)(const int *, void *, const int *, const int *, const int *, const int *, void *, const int *, int *,
                const int *, int *);
} tt_scalapack_typed;

typedef struct tt_scalapack_table {
  int (*sys2handle)(MPI_Comm);
  void (*free_handle)(int);
  void (*gridinit)(int *, const char *, int, int);
  void (*gridexit)(int);
  tt_scalapack_typed typed[2]; /* by tartan_dtype */
} tt_scalapack_table;

/**
 * The table. Local.
 *
 * @param[out] table  NULL after a failure
 * @retval TARTAN_ERR_BACKEND  the library or one of its symbols cannot be found
 */
tartan_status tt_scalapack_get(const tt_scalapack_table **table);

#endif
