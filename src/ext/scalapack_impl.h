/**
 * @file scalapack_impl.h
 * What the wrappers of ScaLAPACK's routines share: scalars and descriptors as Fortran wants them, workspaces that were
 * asked for, the meaning of `info`.
 */
#ifndef TT_EXT_SCALAPACK_IMPL_H
#define TT_EXT_SCALAPACK_IMPL_H

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/util.h"
#include "ext/scalapack.h"
#include "ext/table.h"

/* A scalar in the precision of the routine. */
typedef union scalar {
  float  f;
  double d;
} scalar;

static inline scalar to_scalar(tartan_dtype dtype, double value)
{
  scalar s;

  memset(&s, 0, sizeof s);
  if (dtype == TARTAN_F32)
    s.f = (float)value;
  else
    s.d = value;
  return s;
}

/* ScaLAPACK's array descriptor. */
static inline void describe(const tt_pmatrix *A, int desc[9])
{
  const int d[9] = {1,       A->context,           (int)A->m, (int)A->n, (int)A->mb, (int)A->nb, A->rsrc,
                    A->csrc, (int)tt_max(1, A->ld)};

  memcpy(desc, d, sizeof d);
}

static inline int one_based(int64_t i)
{
  return (int)i + 1;
}

static inline const tt_scalapack_typed *entry(tartan_dtype dtype)
{
  const tt_scalapack_table *table = NULL;

  /* cannot fail: a context exists, so the table is filled */
  return tt_scalapack_get(&table) == TARTAN_OK ? &table->typed[dtype] : NULL;
}

/* The workspace that a query answered, in elements: rounded up, at least the documented minimum. */
static inline tartan_status work_size(const char *routine, tartan_dtype dtype, const scalar *answer, int64_t least,
                                      int *size)
{
  const double  asked = dtype == TARTAN_F32 ? answer->f * (1 + 0x1p-20) : answer->d;
  tartan_status st = TARTAN_OK;

  REQUIRE(asked >= 0 && asked < INT32_MAX && least < INT32_MAX, TARTAN_ERR_OVERFLOW,
          "%s wants a workspace beyond its 32-bit integers; use more ranks", routine);
  *size = (int)tt_max((int64_t)ceil(asked), least);
done:
  return st;
}

/* A positive info means no convergence, a negative one an argument that we should not have passed. */
static inline tartan_status judge(const char *routine, int info)
{
  if (info < 0) return tt_fail(TARTAN_ERR_BUG, "%s refused its argument %d", routine, -info);
  if (info > 0) return tt_fail(TARTAN_ERR_NUMERIC, "%s did not converge (info %d)", routine, info);
  return TARTAN_OK;
}

/* Widens n values of dtype to f64. */
static inline void widen(tartan_dtype dtype, int64_t n, const void *from, double *to)
{
  for (int64_t i = 0; i < n; i++) to[i] = dtype == TARTAN_F32 ? ((const float *)from)[i] : ((const double *)from)[i];
}

/* A query: sets *lwork from what the routine answered, and takes the workspace. Local. */
static inline void *take_work(const tt_pcall *call, const char *routine, tartan_dtype dtype, const scalar *answer,
                              int64_t least, int info, int *lwork, tartan_status *local)
{
  if (*local == TARTAN_OK) *local = judge(routine, info);
  if (*local == TARTAN_OK) *local = work_size(routine, dtype, answer, least, lwork);
  return tt_alloc(call->mem, *lwork, tartan_dtype_size(dtype), "the workspace of ScaLAPACK", local);
}

#endif
