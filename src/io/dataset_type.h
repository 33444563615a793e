/**
 * @file dataset_type.h
 * What HDF5's element types and filters mean to us.
 */
#ifndef TT_IO_DATASET_TYPE_H
#define TT_IO_DATASET_TYPE_H

#include "io/h5.h"
#include "kernel/convert.h"

/** An element type of a file. */
typedef struct tt_type {
  bool       numeric;  /**< integer or float; an enumeration counts as the integers behind it */
  bool       swap;     /**< the element's bytes stand in the other order */
  bool       convert;  /**< exotic: HDF5 turns it into f64 in memory */
  tt_element element;  /**< what is delivered */
  int64_t    bytes;    /**< of one element in the file */
  char       name[24]; /**< "uint8", ">i4", "float16"; "string", "compound" ... if not numeric */
} tt_type;

/** Describes an element type. Local. */
void tt_type_describe(hid_t type, tt_type *description);

/** HDF5's native type of an element of ours; not to be released. Local. */
hid_t tt_type_native(tt_element element);

/** A complex number as a compound of its parts r and i, which h5py reads as complex; to be released. Local. */
hid_t tt_type_complex(tt_element element);

/**
 * Names the filters of a dataset in the order of writing, "shuffle+deflate". Local.
 *
 * @param[in]  plist    the dataset's creation properties
 * @param[out] text     [length]
 * @param[out] missing  [length] the first that cannot be undone here, as "lzf (32000)"; "" if there is none
 */
void tt_filters_describe(hid_t plist, char *text, char *missing, size_t length);

#endif
