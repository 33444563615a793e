/**
 * @file output_impl.h
 * What an output is made of; for output.c and output_small.c.
 */
#ifndef TT_IO_OUTPUT_IMPL_H
#define TT_IO_OUTPUT_IMPL_H

#include "comm/grid.h"
#include "io/h5.h"
#include "io/output.h"
#include "io/place.h"

typedef enum tt_item_kind { TT_ITEM_TEXT, TT_ITEM_INTEGER, TT_ITEM_REAL, TT_ITEM_COMPLEX } tt_item_kind;

/** Something small that waits to be written: an attribute, or a dataset if it has no attribute's name. */
typedef struct tt_item {
  struct tt_item *next;
  tt_item_kind    kind;
  char           *object, *attribute; /* attribute: NULL for a dataset */
  int             ndims;
  int64_t         extent[2], count;
  void           *values; /* int64_t, double (complex: pairs) or const char * [count]; the texts stand behind those */
  int64_t         bytes;
} tt_item;

/** A large dataset that was declared. */
typedef struct tt_large {
  struct tt_large *next;
  char            *name;
  tt_element       element;
  bool             complex; /* each element is a pair */
  bool             line;    /* one-dimensional: cols is 1 */
  int64_t          rows, cols;
  hid_t            dataset;
} tt_large;

struct tt_output {
  tartan_grid  *grid;
  tt_place      place; /* rank 0 makes, renames and removes; the others know the names */
  tt_item      *first_item, *last_item;
  tt_large     *first_large, *last_large;
  char         *hint;
  tartan_status local; /* first failure of what was given so far */
  char          message[TT_ERROR_MAX];
  bool          parallel; /* the ranks went to open it with MPI-IO: the same on all of them */
  hid_t         file;     /* opened with MPI-IO */
  bool          warned;
  int           fd;    /* for fsync */
  const char   *amend; /* a scalar that gets its value at the end, or NULL */
  double        amended;
};

/** Writes a small thing into the new file. Local. */
bool tt_item_write(hid_t file, const tt_item *item);

/** Bytes that the small things will take at most, with what HDF5 keeps about them. Local. */
int64_t tt_items_bytes(const tt_output *out);

/** Gives back what was to be written. Local. */
void tt_items_free(tt_output *out);

/** Keeps the first failure, and its message, for tt_output_open(). Local. */
void tt_output_keep(tt_output *out, tartan_status st);

/** Makes an integer attribute of one element, or sets one that exists, in place. Local. */
bool tt_attribute_set(hid_t object, const char *name, int64_t value);

#endif
