/* The operand is widened a tile at a time, so that one loop serves every pair of element types and repetition. */
#include "kernel/update.h"

#include "base/util.h"
#include "kernel/convert.h"

#define TILE 256

#define REAL float
#define NAME(x) x##_f32
#include "kernel/update.inc"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_f64
#include "kernel/update.inc"
#undef REAL
#undef NAME

typedef enum update { ADD, ASSIGN, MULTIPLY } update;

/* The operand's elements (i .. i + m - 1, j), widened. */
static void widen(const tt_source *a, int64_t i, int64_t j, int64_t m, double tile[TILE])
{
  const char *at = (const char *)a->at + (i * a->row + j * a->col) * (int64_t)tartan_dtype_size(a->dtype);

  tt_convert(tt_element_of(a->dtype), at, a->row ? m : 1, TARTAN_F64, tile);
  for (int64_t k = 1; k < m && !a->row; k++) tile[k] = tile[0];
}

static void update_piece(update what, double alpha, const double *a, double beta, tartan_dtype dtype, void *c,
                         int64_t m)
{
  const bool single = dtype == TARTAN_F32;

  if (what == ADD)
    single ? add_f32(alpha, a, beta, c, m) : add_f64(alpha, a, beta, c, m);
  else if (what == ASSIGN)
    single ? assign_f32(alpha, a, c, m) : assign_f64(alpha, a, c, m);
  else
    single ? multiply_f32(alpha, a, c, m) : multiply_f64(alpha, a, c, m);
}

static void run(update what, double alpha, const tt_source *a, double beta, tartan_dtype dtype, void *c, int64_t ldc,
                int64_t m, int64_t n)
{
  const int64_t width = (int64_t)tartan_dtype_size(dtype);
  double        tile[TILE];

  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = 0; i < m; i += TILE) {
      const int64_t rows = tt_min(TILE, m - i);

      widen(a, i, j, rows, tile);
      update_piece(what, alpha, tile, beta, dtype, (char *)c + (i + j * ldc) * width, rows);
    }
  }
}

void tt_add_local(double alpha, const tt_source *a, double beta, tartan_dtype dtype, void *c, int64_t ldc, int64_t m,
                  int64_t n)
{
  run(beta == 0 ? ASSIGN : ADD, alpha, a, beta, dtype, c, ldc, m, n);
}

void tt_multiply_local(double alpha, const tt_source *a, tartan_dtype dtype, void *c, int64_t ldc, int64_t m, int64_t n)
{
  run(MULTIPLY, alpha, a, 0, dtype, c, ldc, m, n);
}
