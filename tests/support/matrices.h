/**
 * @file matrices.h
 * Replicated dense matrices as the reference for distributed ones, and the shapes and layouts that tests go through.
 *
 * Distributed matrices are filled and read through tartan_matrix_local() and the index maps alone, so that a test of
 * copying, gathering and computing does not lean on what it tests.
 */
#ifndef TARTAN_TESTS_MATRICES_H
#define TARTAN_TESTS_MATRICES_H

#include <tartan/matrix.h>

#include "world.h"

/** The same m x n matrix on every rank, column-major with leading dimension max(1, m). */
typedef struct dense {
  int64_t m, n;
  double *a;
} dense;

/** Element (i, j) of a dense matrix. */
#define AT(d, i, j) ((d).a[(i) + (j) * ((d).m > 1 ? (d).m : 1)])

/** A matrix of zeros; a test that gets no memory ends at once. */
dense dense_new(int64_t m, int64_t n);

/** A matrix with elements fill(i, j, context). */
dense dense_make(int64_t m, int64_t n, tartan_fill *fill, void *context);

/** What a distributed matrix holds, on every rank. Collective over its grid. Elements that no rank holds become NaN. */
dense dense_of(const tartan_matrix *A);

dense dense_transpose(const dense *A);

/** op(A) op(B). */
dense dense_product(tartan_op op_a, const dense *A, tartan_op op_b, const dense *B);

void   dense_free(dense *A);
double dense_norm(const dense *A);

/** Whether two matrices have the same shape and the same bits. */
bool dense_same_bits(const dense *A, const dense *B);

/** Frobenius norm of A - B; NaN if shapes differ. */
double dense_distance(const dense *A, const dense *B);

/** Frobenius norm of A'A - I: how far columns are from orthonormal. */
double dense_orthogonality(const dense *A);

/**
 * U diag(sigma) V' with random orthonormal U [m, r] and V [n, r]: singular values as given, r <= min(m, n).
 */
dense dense_with_values(int64_t m, int64_t n, int64_t r, const double *sigma, uint64_t seed);

/** Makes the columns orthonormal, by Gram and Schmidt's process done twice in long double. */
void dense_orthonormalize(dense *Q);

/** Rounds every element to f32. */
void dense_round(dense *A);

/** Values that name their place, exact in f32 up to 4096 x 4096: i + 4096 j. */
double fill_place(int64_t i, int64_t j, void *context);

/** Uniform on (-1, 1), from the seed at context (a uint64_t *), rounded to f32. */
double fill_random(int64_t i, int64_t j, void *context);

/** A distributed matrix with elements fill(i, j, context). Collective; a failure is a failed check and gives NULL. */
tartan_matrix *matrix_make(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, const tartan_matrix_opts *opts,
                           tartan_fill *fill, void *context);

/** Sets the local elements to fill(i, j, context), rounded to the dtype. Local. */
void matrix_fill(tartan_matrix *A, tartan_fill *fill, void *context);

/** A distributed copy of a replicated matrix. Collective. */
tartan_matrix *matrix_of(tartan_grid *grid, tartan_dtype dtype, const dense *A, const tartan_matrix_opts *opts);

/** Sets the local elements from a replicated matrix of the same shape. Local. */
void matrix_put(tartan_matrix *A, const dense *values);

/** Local element (il, jl) as a double. Local. */
double matrix_local_get(const tartan_matrix *A, int64_t il, int64_t jl);

/** Number of local elements that differ from fill, as bits of the dtype. Local. */
int64_t matrix_count_wrong(const tartan_matrix *A, tartan_fill *fill, void *context);

/** Unit roundoff of a type. */
double unit_roundoff(tartan_dtype dtype);

/** The shapes to go through with a block size: 0, 1, b - 1, b, b + 1, a prime. Returns how many stand in list. */
int shape_list(int64_t block, int64_t list[8]);

/** Arrangements of ranks: 1 x P, P x 1, the planned one, and where they differ p x q and q x p. */
int grid_list(const tartan_grid *grid, int list[8][2]);

/** Options with the given layout. */
tartan_matrix_opts layout_of(int64_t mb, int64_t nb, int p, int q, int rsrc, int csrc);

/** A layout drawn from check_pick(): any arrangement that fits, blocks of 1, 3, 8, 64 and others, any source. */
tartan_matrix_opts layout_random(const tartan_grid *grid);

/** Room for the map of a layout. */
#define LAYOUT_RANKS_MAX 64

/**
 * Gives a layout a random map from places to ranks, drawn from check_pick(); one time in three none.
 *
 * @param[out] room  [LAYOUT_RANKS_MAX] holds the map and must live as long as the layout is used
 */
void layout_draw_ranks(const tartan_grid *grid, tartan_matrix_opts *opts, int *room);

/** Slabs of rows: as even as blocks of one size can be, one for each of `parts` ranks. */
tartan_matrix_opts layout_row_slabs(int64_t m, int64_t n, int parts);

/** Slabs of columns. */
tartan_matrix_opts layout_column_slabs(int64_t m, int64_t n, int parts);

/** A layout for people; a long map is cut. */
const char *layout_text(const tartan_matrix_opts *opts, char text[96]);

/** The rank that owns element (i, j) of a matrix with a layout, its map included, by the definition in matrix.h. */
int layout_owner(const tartan_matrix_opts *opts, int64_t i, int64_t j);

/**
 * The same in a random layout, as a window of a larger matrix. Collective.
 *
 * @param[in]  lower  NaN stands above the diagonal: nobody may read there
 * @param[out] view   the window, to be destroyed beside the whole matrix that is returned
 */
tartan_matrix *matrix_window_of(tartan_grid *grid, tartan_dtype dtype, const dense *A, bool lower,
                                tartan_matrix **view);

#endif
