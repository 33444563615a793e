/**
 * @file import_ratings.h
 * Turning ratings and sparse matrices of other formats into HDF5: tables of user, item, rating and perhaps timestamp,
 * MatrixMarket, and the .npz of SciPy.
 */
#ifndef TT_IO_IMPORT_RATINGS_H
#define TT_IO_IMPORT_RATINGS_H

#include <tartan/io.h>

typedef enum tt_ratings_format {
  TT_RATINGS_NONE, /**< nothing of the kind */
  TT_RATINGS_CSV,  /**< any table */
  TT_RATINGS_MOVIELENS,
  TT_RATINGS_MATRIX_MARKET,
  TT_RATINGS_NPZ
} tt_ratings_format;

/** What came of it; the same on every rank. */
typedef struct tt_ratings_result {
  tt_ratings_format format;
  bool              matrix;            /**< a sparse matrix in the group /X; else columns */
  int64_t           rows, cols;        /**< of a matrix; of columns: distinct names, where they are texts */
  int64_t           count;             /**< observations */
  bool              text[2];           /**< names of users and items are texts, kept in /user_ids, /item_ids */
  bool              rating, timestamp; /**< there are such columns */
} tt_ratings_result;

/**
 * What a file is, where there can be no doubt: u.data and its kind of MovieLens by their names, lines with "::" between
 * numbers, a header with userId, movieId and rating, a coordinate file of MatrixMarket, a zip archive whose name ends
 * in .npz. Collective.
 *
 * @param[out] format  TT_RATINGS_NONE: something else
 * @retval TARTAN_ERR_INPUT, TARTAN_ERR_IO  as tt_file_recognise()
 */
tartan_status tt_ratings_recognise(tartan_grid *grid, const char *path, tt_ratings_format *format);

/**
 * Writes ratings to a new HDF5 file. Collective; rank 0 reads.
 *
 * Tables become the columns /user, /item, /rating and /timestamp. Names that are whole numbers stay numbers. Where one of a
 * column is none, or begins with a zero, all are texts: the column holds places in the dataset /user_ids or
 * /item_ids, which is in the order of bytes. Separator is "::", tab, semicolon, comma or blank. A first line of names
 * says which column is which; without, their order is user, item, rating, timestamp. There need be no rating.
 *
 * Matrices become the group /X as AnnData keeps a csr_matrix; entries for one place are added, as SciPy does.
 *
 * @param[in]  format  not TT_RATINGS_NONE
 * @param[in]  force   replace a file that exists
 * @param[out] result  not NULL
 *
 * @retval TARTAN_ERR_INPUT   no such source; it holds no ratings
 * @retval TARTAN_ERR_FORMAT  it is not of that format, is cut off, or a cell is no number (file, line and column named)
 * @retval TARTAN_ERR_EXISTS, TARTAN_ERR_IO, TARTAN_ERR_NOMEM
 */
tartan_status tt_import_ratings(tartan_grid *grid, const char *from, const char *to, tt_ratings_format format,
                                bool force, tt_ratings_result *result);

#endif
