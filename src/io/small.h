/**
 * @file small.h
 * Reading back small things of result files: rank 0 reads, all ranks get them.
 */
#ifndef TT_IO_SMALL_H
#define TT_IO_SMALL_H

#include <tartan/io.h>

typedef struct tt_small tt_small;

/** Opens a result file for reading by rank 0. Collective. TARTAN_ERR_INPUT, TARTAN_ERR_FORMAT as tt_dataset_open(). */
tartan_status tt_small_open(tartan_grid *grid, const char *path, tt_small **file);

/** Ends the reading; NULL is accepted; sets the pointer to NULL. Collective. */
void tt_small_close(tt_small **file);

/** Whether an object of that name exists, the same on every rank. Collective. */
tartan_status tt_small_exists(tt_small *file, const char *name, bool *exists);

/** Whether a dataset of that name holds texts, the same on every rank; false if there is none. Collective. */
tartan_status tt_small_holds_texts(tt_small *file, const char *name, bool *texts);

/**
 * A numeric dataset of rank 0, 1 or 2 as f64, row-major, on every rank. Collective.
 *
 * @param[out] values      memory to be given to tt_free()
 * @param[out] rows, cols  a vector has cols = 1, a scalar 1 x 1
 * @retval TARTAN_ERR_INPUT   there is none of that name
 * @retval TARTAN_ERR_FORMAT  it is not numeric, or has more dimensions
 */
tartan_status tt_small_array(tt_small *file, const char *name, double **values, int64_t *rows, int64_t *cols);

/**
 * A text attribute, cut to the length of the buffer, on every rank. Collective.
 *
 * @param[out] value  [length]; "" if there is no such attribute
 */
tartan_status tt_small_text(tt_small *file, const char *object, const char *attribute, char *value, size_t length);

/** An attribute of one number, on every rank. Collective. @param[out] found  whether there is one; else value is as before */
tartan_status tt_small_number(tt_small *file, const char *object, const char *attribute, double *value, bool *found);

/**
 * A one-dimensional dataset of texts, feature names for example. Collective.
 *
 * @param[in]  everywhere  true: on every rank; false: on rank 0 only, the others get NULL
 * @param[out] texts       [count], one block to be given to tt_free(); NULL if count is 0
 * @param[out] count       on every rank; 0 if there is no dataset of that name
 * @retval TARTAN_ERR_FORMAT  it holds something else
 */
tartan_status tt_small_strings(tt_small *file, const char *name, bool everywhere, const char ***texts, int64_t *count);

/**
 * The texts that stand under a name in the group of a dataset. Collective.
 *
 * @param[in]  path        of the file
 * @param[in]  dataset     "/group/X"
 * @param[in]  name        "feature_names"
 * @param[in]  count       how many there must be: texts of another number belong to something else
 * @param[out] texts       as tt_small_strings(); NULL if there are none
 */
tartan_status tt_small_names(tartan_grid *grid, const char *path, const char *dataset, const char *name, int64_t count,
                             bool everywhere, const char ***texts);

#endif
