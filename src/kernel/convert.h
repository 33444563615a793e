/**
 * @file convert.h
 * Elements as they lie in files, and their conversion to f32 and f64.
 */
#ifndef TT_KERNEL_CONVERT_H
#define TT_KERNEL_CONVERT_H

#include <tartan/types.h>

/** Element types that files are read in without conversion; everything else is turned into TT_EL_F64 by io/. */
typedef enum tt_element {
  TT_EL_I8,
  TT_EL_U8,
  TT_EL_I16,
  TT_EL_U16,
  TT_EL_I32,
  TT_EL_U32,
  TT_EL_I64,
  TT_EL_U64,
  TT_EL_F32,
  TT_EL_F64,
  TT_EL_COUNT
} tt_element;

/** Bytes of one element. Local. */
size_t tt_element_size(tt_element element);

/** "uint8", "float32", ... as NumPy names them. Local. */
const char *tt_element_name(tt_element element);

/** Whether the element type is an integer. Local. */
bool tt_element_is_integer(tt_element element);

/** The element type of a matrix's dtype. Local. */
tt_element tt_element_of(tartan_dtype dtype);

/** Reverses the bytes of each of count elements, in place. Local. */
void tt_swap_bytes(size_t size, int64_t count, void *data);

/** dst[i] := src[i], rounded to dtype, for i < count. Local. src and dst do not overlap. */
void tt_convert(tt_element element, const void *src, int64_t count, tartan_dtype dtype, void *dst);

/** A row-major rectangle to be shifted: dst := src - shift, sum += dst, column by column. */
typedef struct tt_shift_job {
  int64_t       rows, cols;
  const void   *src; /* elements, row stride src_ld */
  int64_t       src_ld;
  void         *dst; /* of dtype, row stride dst_ld */
  int64_t       dst_ld;
  const double *shift; /* [cols] */
  double       *sum;   /* [cols], added to in the order of rows */
} tt_shift_job;

/** Runs a job; the difference is formed in f64 and rounded to dtype, the sum is of the f64 difference. Local. */
void tt_convert_shifted(tt_element element, tartan_dtype dtype, const tt_shift_job *job);

/** Number of NaN and Inf among count elements; 0 for integers. Local. */
int64_t tt_count_nonfinite(tt_element element, const void *src, int64_t count);

/** Index of the first NaN or Inf, or -1; *is_nan says which. Local. */
int64_t tt_find_nonfinite(tt_element element, const void *src, int64_t count, bool *is_nan);

#endif
