/*
 * The front door of the singular value decomposition, routed by shape: a tall matrix goes through QR, a wide one is
 * turned; what is then small is solved on one rank, what is large through bidiagonal form. Matrices with very large or very
 * small elements are scaled by a power of two first. Small ones never reach p?gesvd, which hangs on some of them.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <tartan/norms.h>

#include "base/util.h"
#include "comm/agree.h"
#include "factor/info.h"
#include "factor/signs.h"
#include "factor/svd_impl.h"
#include "kernel/dense.h"

/* Rows per column from which QR first pays. */
#define TALL 1.5

/* Up to this min(m, n) the reference is solved on one rank. */
#define QR_ITERATION_MIN 128

/* Largest elements beyond 2^+-SAFE are scaled: squares must neither overflow nor vanish, in f32 either. */
#define SAFE 40

/* What tartan_svd() decided. */
typedef struct route {
  tartan_svd_method method;
  bool              full, turned, qr;
} route;

static tartan_status core_one_rank(const tartan_matrix *A, tartan_matrix **U, double *s, tartan_matrix **Vt)
{
  return tt_svd_one_rank(A, false, U, s, Vt);
}

static tartan_status core_bidiagonal(const tartan_matrix *A, tartan_matrix **U, double *s, tartan_matrix **Vt)
{
  return tt_svd_bidiagonal(A, false, U, s, Vt);
}

/* Square factors of an empty matrix are identities. Collective. */
static tartan_status svd_empty(const tartan_matrix *A, bool full, tartan_matrix **U, tartan_matrix **Vt)
{
  const int64_t  m = A->row.n, n = A->col.n;
  tartan_matrix *u = NULL, *vt = NULL;
  tartan_status  st = TARTAN_OK;

  if (U) TRY(tartan_matrix_create(A->grid, A->dtype, m, full ? m : 0, NULL, &u));
  if (Vt) TRY(tartan_matrix_create(A->grid, A->dtype, full ? n : 0, n, NULL, &vt));
  if (u) tartan_matrix_set(u, 0, 1);
  if (vt) tartan_matrix_set(vt, 0, 1);
  if (U) *U = u;
  if (Vt) *Vt = vt;
  u = vt = NULL;
done:
  tartan_matrix_destroy(&vt);
  tartan_matrix_destroy(&u);
  return st;
}

/* The same on every rank. */
static route choose(const tartan_matrix *A, const tartan_svd_opts *opts)
{
  const int64_t m = A->row.n, n = A->col.n, r = tt_min(m, n);
  route         way = {.method = opts->method, .full = opts->full};

  way.qr = !way.full && (double)tt_max(m, n) >= TALL * (double)r;
  if (way.method == TARTAN_SVD_QR_ITERATION && r <= QR_ITERATION_MIN) way.method = TARTAN_SVD_ONE_RANK;
  if (way.method == TARTAN_SVD_PLANNED)
    way.method = (way.full ? tt_max(m, n) : r) <= TARTAN_SVD_ONE_RANK_MAX ? TARTAN_SVD_ONE_RANK : TARTAN_SVD_BIDIAGONAL;
  way.turned = m < n && (way.qr || way.method == TARTAN_SVD_BIDIAGONAL);
  return way;
}

/* A that needs no turning. Collective. */
static tartan_status svd_upright(const route *way, const tartan_matrix *A, tartan_matrix **U, double *s,
                                 tartan_matrix **Vt)
{
  tt_svd_core *core = way->method == TARTAN_SVD_ONE_RANK     ? core_one_rank
                      : way->method == TARTAN_SVD_BIDIAGONAL ? core_bidiagonal
                                                             : tt_svd_scalapack;

  if (way->qr) return tt_svd_tall(A, core, U, s, Vt);
  if (!way->full) return core(A, U, s, Vt);
  return way->method == TARTAN_SVD_ONE_RANK ? tt_svd_one_rank(A, true, U, s, Vt) : tt_svd_bidiagonal(A, true, U, s, Vt);
}

/* A' = V S U': the factors change places. Collective. */
static tartan_status svd_turned(const route *way, const tartan_matrix *A, tartan_matrix **U, double *s,
                                tartan_matrix **Vt)
{
  tartan_matrix *At = NULL, *V = NULL, *Ut = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_TRANS, A, A->dtype, NULL, &At));
  TRY(svd_upright(way, At, Vt ? &V : NULL, s, U ? &Ut : NULL));
  tartan_matrix_destroy(&At);
  if (Vt) TRY(tt_matrix_clone(TARTAN_TRANS, V, A->dtype, NULL, Vt));
  tartan_matrix_destroy(&V);
  if (U) TRY(tt_matrix_clone(TARTAN_TRANS, Ut, A->dtype, NULL, U));
done:
  tartan_matrix_destroy(&Ut);
  tartan_matrix_destroy(&V);
  tartan_matrix_destroy(&At);
  return st;
}

/* Where elements are very large or small: a copy times a power of two that makes the largest about 1. Collective. */
static tartan_status scaled_copy(const tartan_matrix *A, tartan_matrix **copy, int *power)
{
  double        largest = 0;
  tartan_status st = TARTAN_OK;

  *power = 0;
  TRY(tartan_norm(TARTAN_NORM_MAX, A, &largest));
  if (largest == 0) goto done;
  frexp(largest, power);
  if (*power > SAFE || *power < -SAFE) {
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, NULL, copy));
    for (int half = 0; half < 2; half++) /* the factor itself may be beyond the type */
      tt_scale_local(A->dtype, ldexp(1, half ? *power / 2 - *power : -(*power / 2)), (*copy)->data, (*copy)->ld,
                     (*copy)->mloc, (*copy)->nloc);
  } else {
    *power = 0;
  }
done:
  return st;
}

/* Fixes the signs from V, and gives U the same ones. Collective. */
static tartan_status fix_signs(tartan_matrix *U, tartan_matrix *Vt)
{
  const int64_t count = tt_max(Vt->row.n, U ? U->col.n : 0);
  double       *sign = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  sign = tt_alloc(&Vt->grid->memory, count, sizeof *sign, "signs", &local);
  AGREE(Vt->grid, local);
  for (int64_t i = 0; i < count; i++) sign[i] = 1; /* full factors may have more left vectors than right ones */
  TRY(tt_signs_of(Vt, true, sign));
  if (U) tt_signs_apply(U, false, sign);
  tt_signs_apply(Vt, true, sign);
done:
  tt_free(sign);
  return st;
}

static void tell(const route *way, const tartan_matrix *A, const double *s, double seconds, tartan_factor_info *info)
{
  static const char *const names[] = {"", "?gesdd on one rank", "bidiagonal divide and conquer", "p?gesvd"};
  const int64_t            m = A->row.n, n = A->col.n, r = tt_min(m, n);
  const double             u = A->dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53;

  tt_factor_tell(info, names[way->method], "", r, seconds);
  snprintf(info->reason, sizeof info->reason, "%lld x %lld%s", (long long)m, (long long)n,
           way->qr       ? (way->turned ? ", after QR of the transpose" : ", after QR")
           : way->turned ? ", transposed"
                         : "");
  info->condition = r > 0 ? s[0] / s[r - 1] : NAN;
  info->rank = 0;
  for (int64_t i = 0; i < r; i++) info->rank += s[i] > (double)tt_max(m, n) * u * s[0];
}

tartan_status tartan_svd(const tartan_matrix *A, const tartan_svd_opts *opts, tartan_matrix **U, double *s,
                         tartan_matrix **Vt, tartan_factor_info *info)
{
  const tartan_svd_opts defaults = TARTAN_SVD_OPTS_INIT, *o = opts ? opts : &defaults;
  const int64_t         r = tt_min(A->row.n, A->col.n);
  const double          start = tt_seconds();
  tartan_matrix        *copy = NULL, *u = NULL, *vt = NULL;
  tartan_matrix       **pu = U ? &u : NULL, **pvt = U || Vt ? &vt : NULL; /* the signs of U follow V */
  route                 way = {.method = TARTAN_SVD_ONE_RANK};
  int                   power = 0;
  tartan_status         st = TARTAN_OK;

  if (U) *U = NULL;
  if (Vt) *Vt = NULL;
  REQUIRE((int)o->method >= TARTAN_SVD_PLANNED && o->method <= TARTAN_SVD_QR_ITERATION, TARTAN_ERR_ARG,
          "no method %d of singular values", (int)o->method);
  REQUIRE(!o->full || o->method != TARTAN_SVD_QR_ITERATION, TARTAN_ERR_ARG, "p?gesvd gives no full factors");
  TRY(tt_matrix_require_finite(A, "the matrix of a singular value problem"));
  if (r == 0) {
    TRY(svd_empty(A, o->full, pu, pvt));
  } else {
    way = choose(A, o);
    TRY(scaled_copy(A, &copy, &power));
    TRY((way.turned ? svd_turned : svd_upright)(&way, copy ? copy : A, pu, s, pvt));
    for (int64_t i = 0; i < r && power != 0; i++) s[i] = ldexp(s[i], power);
  }
  tartan_matrix_destroy(&copy);
  if (vt) TRY(fix_signs(u, vt));
  if (info) tell(&way, A, s, tt_seconds() - start, info);
  if (U) *U = u;
  if (Vt) *Vt = vt;
  u = NULL;
  if (Vt) vt = NULL;
done:
  tartan_matrix_destroy(&vt);
  tartan_matrix_destroy(&u);
  tartan_matrix_destroy(&copy);
  return st;
}
