/*
 * Where a factorization starts: given factors, random ones, or from singular triplets (NNDSVD): of each pair u, v the
 * positive or the negative parts, whichever has the larger product of norms.
 */
#include <math.h>
#include <string.h>

#include <tartan/sketch.h>

#include "base/random.h"
#include "base/util.h"
#include "comm/collective.h"
#include "model/nmf_impl.h"

#define TOLERANCE 1e-6 /* of the triplets: a start need not be better */
#define SMALL 1e-6     /* of the largest element of a factor: less is zero */

/* ------------------------------------------------------------------------------------------------ given, random */

static tartan_status take_given(tt_nmf *f)
{
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_copy(TARTAN_TRANS, f->opts.W, f->W.X));
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, f->opts.H, f->H.X));
  TRY(tt_nmf_look_at_start(f->W.X, true, "W"));
  TRY(tt_nmf_look_at_start(f->H.X, false, "H"));
done:
  return st;
}

/* Numbers of their own for the two factors: rows of W are counted from 0 up, those of H' from -1 down. */
static void fill_random(const tt_nmf *f, tt_nmf_side *side, bool down)
{
  const double scale = sqrt(f->mean / (double)f->k);
  double      *x = side->X->data;

  for (int64_t i = side->begin; i < side->end; i++)
    for (int64_t t = 0; t < f->k; t++)
      x[t + (i - side->begin) * f->k] = scale * fabs(tt_normal(f->opts.seed, down ? -1 - i : i, t));
}

/* ------------------------------------------------------------------------------------------------ NNDSVD */

/* Squares of the norms of the positive and the negative parts, out [2][k]. Local. */
static void part_norms(const tt_nmf *f, const tt_nmf_side *side, double *out)
{
  const double *x = side->X->data;

  memset(out, 0, 2 * (size_t)f->k * sizeof *out);
  for (int64_t i = 0; i < side->end - side->begin; i++)
    for (int64_t t = 0; t < f->k; t++) out[(x[t + i * f->k] < 0) * f->k + t] += x[t + i * f->k] * x[t + i * f->k];
}

/* Keeps one part of each vector, times its scale, which is negative for the negative part; the largest element. Local. */
static double keep_parts(const tt_nmf *f, tt_nmf_side *side, const double *scale)
{
  double *x = side->X->data, most = 0;

  for (int64_t i = 0; i < side->end - side->begin; i++)
    for (int64_t t = 0; t < f->k; t++) {
      double *v = &x[t + i * f->k];

      *v = t == 0 ? fabs(*v) * scale[t] : fmax(0, *v * scale[t]);
      most = fmax(most, *v);
    }
  return most;
}

/* What is small becomes zero, and zeros become the fill. Local. */
static void fill_small(const tt_nmf *f, tt_nmf_side *side, double most, double fill)
{
  double *x = side->X->data;

  for (int64_t i = 0; i < (side->end - side->begin) * f->k; i++)
    if (!(x[i] > SMALL * most)) x[i] = fill;
}

/* Scales of the parts that are kept: w[t], h[t] for the two factors. Local. */
static void choose_parts(int64_t k, const double *s, const double *norms, double *w, double *h)
{
  for (int64_t t = 0; t < k; t++) {
    const double wp = sqrt(norms[t]), wn = sqrt(norms[k + t]);
    const double hp = sqrt(norms[2 * k + t]), hn = sqrt(norms[3 * k + t]);
    const double sign = wp * hp > wn * hn ? 1 : -1;
    const double a = sign > 0 ? wp : wn, b = sign > 0 ? hp : hn;

    /* sqrt(s a b) u / a and sqrt(s a b) v / b */
    w[t] = t == 0 ? sqrt(s[t]) : a > 0 ? sign * sqrt(s[t] * b / a) : 0;
    h[t] = t == 0 ? sqrt(s[t]) : b > 0 ? sign * sqrt(s[t] * a / b) : 0;
  }
}

/* The triplets, turned as the factors are. Collective. */
static tartan_status triplets(tt_nmf *f, double *s)
{
  tartan_topk_opts opts = TARTAN_TOPK_OPTS_INIT;
  tartan_topk_info info = {.converged = false};
  tartan_matrix   *U = NULL, *Vt = NULL;
  tartan_status    st = TARTAN_OK;

  opts.tolerance = TOLERANCE;
  opts.seed = f->opts.seed;
  TRY(tartan_operator_svd_topk(f->A, f->k, &opts, &U, s, &Vt, &info));
  f->passes += info.passes;
  TRY(tartan_matrix_copy(TARTAN_TRANS, U, f->W.X));
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, Vt, f->H.X));
done:
  tartan_matrix_destroy(&Vt);
  tartan_matrix_destroy(&U);
  return st;
}

static tartan_status nndsvd(tt_nmf *f)
{
  const int64_t k = f->k;
  const double  fill = f->opts.init == TARTAN_NMF_NNDSVDA ? f->mean : 0;
  double       *s = NULL, *norms, most[2];
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  s = tt_alloc(&f->grid->memory, 7 * k, sizeof *s, "the start of a factorization", &local);
  AGREE(f->grid, local);
  norms = s + k;
  TRY(triplets(f, s));
  part_norms(f, &f->W, norms);
  part_norms(f, &f->H, norms + 2 * k);
  TRY(tt_allreduce_f64(f->grid, norms, 4 * k, TT_SUM));
  choose_parts(k, s, norms, norms + 4 * k, norms + 5 * k);
  most[0] = keep_parts(f, &f->W, norms + 4 * k);
  most[1] = keep_parts(f, &f->H, norms + 5 * k);
  TRY(tt_allreduce_f64(f->grid, most, 2, TT_MAX));
  fill_small(f, &f->W, most[0], fill);
  fill_small(f, &f->H, most[1], fill);
done:
  tt_free(s);
  return st;
}

tartan_status tt_nmf_start(tt_nmf *f)
{
  if (f->opts.W) return take_given(f);
  if (f->opts.init != TARTAN_NMF_RANDOM) return nndsvd(f);
  fill_random(f, &f->W, false);
  fill_random(f, &f->H, true);
  return TARTAN_OK;
}
