/**
 * @file import_ratings_impl.h
 * What the readers of ratings and sparse matrices share. Local, on rank 0.
 */
#ifndef TT_IO_IMPORT_RATINGS_IMPL_H
#define TT_IO_IMPORT_RATINGS_IMPL_H

#include "io/import_impl.h"
#include "io/import_ratings.h"
#include "io/text_set.h"

enum { TT_TABLE_USER, TT_TABLE_ITEM, TT_TABLE_RATING, TT_TABLE_TIMESTAMP, TT_TABLE_COLUMNS };

/** A table of ratings that is read. */
typedef struct tt_ratings_table {
  tt_memory        *memory;
  tt_stream         stream;
  tt_ratings_format format;
  char              separator[3];
  bool              header;
  int               column[TT_TABLE_COLUMNS]; /**< which cell of a line is which; -1: none */
  int64_t           count;                    /**< observations */
  bool              text[2];                  /**< names are texts */
  tt_text_set       names[2];
  bool              narrow; /**< ratings are exact in f32 */
  bool              whole;  /**< timestamps are whole numbers */
  locale_t          locale;
} tt_ratings_table;

/** Opens a table and reads it once, and once more where names are texts: all that is wrong with it is found here. */
tartan_status tt_table_begin(tt_memory *memory, const char *path, tt_ratings_format format, tt_ratings_table *table);
void          tt_table_end(tt_ratings_table *table);

/** The next `count` observations, for which the table was rewound. @param[out] rating, timestamp  [count] */
tartan_status tt_table_rows(tt_ratings_table *table, int64_t count, int64_t *user, int64_t *item, double *rating,
                            double *timestamp);

/** Entries of a matrix. Zero-initialise. */
typedef struct tt_entry_list {
  int64_t  m, n, count;
  bool     narrow; /**< values are f32 */
  int64_t *row, *col;
  double  *value;
} tt_entry_list;

/** Reads all of a file. @param[out] list  to be given to tt_entry_list_free(), after a failure too */
tartan_status tt_market_read(tt_memory *memory, const char *path, tt_entry_list *list);
tartan_status tt_npz_read(tt_memory *memory, const char *path, tt_entry_list *list);
tartan_status tt_entry_list_alloc(tt_memory *memory, int64_t count, tt_entry_list *list);
void          tt_entry_list_free(tt_entry_list *list);

#endif
