/**
 * @file operator.h
 * What an operator is made of, and passes over its rows.
 *
 * However an operator is stored, its rows can be read in slabs: row-major, in the element type of its storage. A pass
 * gives every rank one contiguous range of rows.
 */
#ifndef TT_OPER_OPERATOR_H
#define TT_OPER_OPERATOR_H

#include <tartan/operator.h>

#include "blas/sparse_product.h"
#include "io/dataset.h"
#include "matrix/matrix.h"
#include "sparse/rows.h"

/** Products with a sparse matrix and with its transpose; each is made at its first use, all zero before. */
typedef struct tt_operator_products {
  tartan_sparse    *At;
  tt_sparse_product of[2]; /* with A, with A' */
} tt_operator_products;

struct tartan_operator {
  tartan_grid          *grid;
  int64_t               m, n;
  tt_element            element;   /* of rows as a pass gives them */
  tt_element            stored;    /* the same, but of the data behind a centered operator, whose rows are f64 */
  const tartan_matrix  *matrix;    /* of a dense operator, else NULL */
  tt_dataset           *dataset;   /* of a streamed operator, else NULL */
  const tartan_sparse  *sparse;    /* of a sparse operator, else NULL */
  tt_operator_products *products;  /* of a sparse operator */
  bool                  transpose; /* the dataset's columns are the operator's rows */
  const char          **names;     /* [n] of the features, or NULL */
  bool                  centered;  /* data and names are another operator's; rows are (row - mean) / scale */
  double               *mean;      /* [n], then `scale`; of a centered operator */
  double               *scale;
};

/** A pass over the rows: what one rank reads, slab by slab. */
typedef struct tt_pass {
  const tartan_operator *op;
  int64_t                begin, end; /* rows of this rank */
  int64_t                slab;       /* most rows of one read */
  int64_t                steps;      /* reads that every rank makes, some of no rows */
  tt_element             element;    /* what a slab holds */
  tartan_matrix         *rows;       /* dense: this rank's rows as [n, end - begin] */
  tt_sparse_rows         entries;    /* sparse: this rank's rows */
  void                  *buffer;     /* [slab, n] of element */
  void                  *turn;       /* for transposed datasets: [n, slab] */
  const double          *fill;       /* NULL, or values [n] that replace NaN; slabs are then f64 */
  void                  *raw;        /* with fill, or of a centered operator: what was read */
  int64_t                prefetched; /* rows asked for so far */
} tt_pass;

/** As tartan_operator_open(), and takes a one-dimensional dataset as a matrix of one column. Collective. */
tartan_status tt_operator_open_vector(tartan_grid *grid, const char *source, const tartan_io_opts *opts,
                                      tartan_operator **op);

/**
 * Names of the samples, the texts `sample_names` beside the dataset. Collective.
 *
 * @param[out] names  on rank 0 [m], to be given to tt_free(), or NULL if there are none; on the others NULL
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
tartan_status tt_operator_sample_names(const tartan_operator *op, const char ***names);

/** Y := op(A) X of a centered operator over an f64 matrix; X and Y f64. Collective. Errors as tartan_operator_apply(). */
tartan_status tt_center_apply(const tartan_operator *op, tartan_op trans, const tartan_matrix *X, tartan_matrix *Y);

/** Room for the products of a sparse operator; none is made yet. Collective. TARTAN_ERR_NOMEM. */
tartan_status tt_operator_products_make(const tartan_sparse *A, tt_operator_products **products);
void          tt_operator_products_end(tt_operator_products **products);

/** Y := op(A) X and Y := A'(A X) of a sparse operator that is not centered. Collective. TARTAN_ERR_NOMEM. */
tartan_status tt_operator_sparse_apply(const tartan_operator *op, tartan_op trans, const tartan_matrix *X,
                                       tartan_matrix *Y);
tartan_status tt_operator_sparse_normal(const tartan_operator *op, const tartan_matrix *X, tartan_matrix *Y);

/** Adds this rank's share of |A|_F^2 of a sparse operator, as tt_sum_squares() does. Collective. TARTAN_ERR_NOMEM. */
tartan_status tt_operator_sparse_squares(const tartan_operator *op, double *scale, double *ssq);

/** As tt_operator_trace(), of a sparse operator. Collective. TARTAN_ERR_NOMEM. */
tartan_status tt_operator_sparse_trace(const tartan_operator *op, double *value);

/** Rows of a sparse operator, [rows, n] row-major of its stored type. Local. */
void tt_operator_sparse_rows(const tartan_operator *op, const tt_sparse_rows *from, int64_t row0, int64_t rows,
                             void *to);

/** Rows as stored, `from`, as a centered operator has them. Local. */
void tt_center_rows(const tartan_operator *op, const void *from, int64_t rows, double *to);

/** Bytes of the copy of so many rows that a pass makes at its start: none of a file. Local. */
int64_t tt_pass_copy_bytes(const tartan_operator *op, int64_t rows);

/** Bytes that a pass takes for each row of its slab. Local. */
int64_t tt_pass_row_bytes(const tartan_operator *op, bool fill);

/** Rows of a slab of about 4 MiB, or fewer where `bytes` is smaller, but whole chunk rows. Local. */
int64_t tt_pass_slab_rows(const tartan_operator *op, int64_t bytes, bool fill);

/**
 * Rows of a slab within the least that the grid's budget leaves on any rank, less a reserve. Collective.
 *
 * @param[in] reserve  bytes that the caller still takes
 * @param[in] extra    bytes that it takes for each row of a slab
 */
tartan_status tt_pass_slab_fit(const tartan_operator *op, int64_t reserve, int64_t extra, bool fill, int64_t *slab);

/**
 * Begins a pass. Collective.
 *
 * @param[in]  starts  [P + 1] rows at which each rank starts
 * @param[in]  slab    most rows of one read on any rank; the same on every rank
 * @param[in]  fill    NULL, or [n] values that replace NaN; must outlive the pass
 * @param[out] pass    to be given to tt_pass_end(), after a failure too
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_pass_begin(const tartan_operator *op, const int64_t *starts, int64_t slab, const double *fill,
                            tt_pass *pass);

/** First row and number of rows of this rank's step-th slab. Local. */
void tt_pass_slab(const tt_pass *pass, int64_t step, int64_t *row0, int64_t *rows);

/**
 * Reads the step-th slab into pass->buffer, and asks the kernel for those after it. Local: ranks go at their own pace, and
 * the caller agrees on failures when the pass is over.
 */
tartan_status tt_pass_read(tt_pass *pass, int64_t step);

/** Reads any rows of this rank's range into pass->buffer, at most a slab. Local, as tt_pass_read(). */
tartan_status tt_pass_read_rows(tt_pass *pass, int64_t row0, int64_t rows);

/**
 * Column means of the first `rows` rows of all, whole numbers for integers; 0 where they are not finite: a shift near
 * the mean. It depends on the data alone, never on the size of a slab. Collective.
 *
 * @param[in]  starts  as given to tt_pass_begin()
 * @param[in]  rows    on one rank: at most a segment
 * @param[out] work    [2 n]
 * @param[out] shift   [n], on every rank
 */
tartan_status tt_pass_shift(tt_pass *pass, const int64_t *starts, int64_t rows, double *work, double *shift);

void tt_pass_end(tt_pass *pass);

/** NaN and Inf of the data: how many, and where the first in row order stands. Start from all zero. */
typedef struct tt_nonfinite {
  int64_t count, row, col;
  bool    is_nan;
} tt_nonfinite;

/** Notes those among rows of n elements, row-major, that begin at row0; slabs come in order. Local. */
void tt_nonfinite_note(tt_element element, const void *data, int64_t row0, int64_t rows, int64_t n, tt_nonfinite *bad);

/** Those of all ranks. Collective. */
tartan_status tt_nonfinite_agree(tartan_grid *grid, int64_t n, tt_nonfinite *bad);

/** The whole operator as rows of this rank, f64, [n, rows] column-major in ranges. Collective. */
tartan_status tt_operator_to_ranges(const tartan_operator *op, const int64_t *starts, const double *fill,
                                    tartan_matrix **T);

#endif
