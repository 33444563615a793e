/*
 * The layout of a product on p1 x p2 x p3 ranks. An axis is taken from an operand that is spread over as many ranks
 * already (the larger one, if two are), else cut into one range a rank. With several layers the inner axis must give A's
 * and B's places the same layers: block g belongs to layer g mod p3 in both, which holds for block-cyclic axes of one
 * block size.
 */
#include "blas/gemm_impl.h"

#include <string.h>

#include "base/util.h"

/* The first of two axes that is spread over so many processes, or an even one. */
static tt_axis pick(int64_t n, int procs, const tt_axis *first, const tt_axis *second)
{
  if (first && first->procs == procs) return *first;
  if (second && second->procs == procs) return *second;
  return tt_axis_even(n, procs);
}

/* The same blocks over another number of processes. */
static tt_axis respread(const tt_axis *axis, int procs)
{
  tt_axis a = *axis;

  a.procs = procs;
  a.src = axis->src % procs;
  return a;
}

static int64_t lcm(int64_t a, int64_t b)
{
  int64_t x = a, y = b;

  while (y != 0) {
    const int64_t r = x % y;

    x = y;
    y = r;
  }
  return a / x * b;
}

/* Inner axes of A over p2 p3 and of B over p1 p3 places; a, b: where they are now, NULL if that does not matter. */
static void inner_axes(const tt_gemm_grid *g, int64_t k, const tt_axis *a, const tt_axis *b, bool a_first,
                       tt_axis *inner_a, tt_axis *inner_b)
{
  const int pa = g->p2 * g->p3, pb = g->p1 * g->p3;

  if (g->p3 == 1) { /* no layers to agree upon */
    *inner_a = pick(k, pa, a, NULL);
    *inner_b = pick(k, pb, b, NULL);
  } else if (g->p1 == 1 && g->p2 == 1) {
    *inner_a = *inner_b = a_first ? pick(k, pa, a, b) : pick(k, pb, b, a);
  } else if (a && a->procs == pa && !a->starts && (a_first || !b || b->procs != pb || b->starts)) {
    *inner_a = *a;
    *inner_b = respread(a, g->p3);
    inner_b->procs = pb;
  } else if (b && b->procs == pb && !b->starts) {
    *inner_b = *b;
    *inner_a = respread(b, g->p3);
    inner_a->procs = pa;
  } else {
    *inner_a = tt_axis_even(k, pa);
    *inner_b = tt_axis_even(k, pb);
    inner_a->nb = inner_b->nb = tt_max(1, tt_ceil_div(k, tt_max(1, g->p3 * lcm(g->p1, g->p2))));
  }
}

/* Axes of all operands; now: NULL, or the layouts that they have. */
static void choose_axes(const tt_gemm_shape *now, int64_t m, int64_t n, int64_t k, tt_gemm_grid *g)
{
  const tt_axis *am = now ? &now->a.row : NULL, *ak = now ? &now->a.col : NULL, *bk = now ? &now->b.row : NULL;
  const tt_axis *bn = now ? &now->b.col : NULL, *cm = now ? &now->c.row : NULL, *cn = now ? &now->c.col : NULL;
  bool           by_rows = m > n;

  if (now && cn->procs == g->p2 * g->p3 && cm->procs == g->p1) by_rows = false;
  if (now && cm->procs == g->p1 * g->p3 && cn->procs == g->p2) by_rows = true;
  inner_axes(g, k, ak, bk, m >= n, &g->a.col, &g->b.row);
  g->m = k > n && !(now && now->triangle) ? pick(m, g->p1, am, cm) : pick(m, g->p1, cm, am);
  g->n = k > m && !(now && now->triangle) ? pick(n, g->p2, bn, cn) : pick(n, g->p2, cn, bn);
  g->c.row = g->m;
  g->c.col = g->n;
  if (g->p3 > 1 && by_rows) {
    if (cm && cm->procs == g->p1 * g->p3 && (!cm->starts || g->p1 == 1)) {
      g->c.row = *cm;
      g->m = g->p1 == 1 ? tt_axis_even(m, 1) : respread(cm, g->p1);
    } else if (!g->m.starts && am && g->p1 > 1 && tt_axis_same(&g->m, am)) {
      g->c.row.procs = g->p1 * g->p3;
    } else {
      g->c.row = tt_axis_even(m, g->p1 * g->p3);
      g->m = g->p1 == 1 ? tt_axis_even(m, 1) : respread(&g->c.row, g->p1);
    }
  } else if (g->p3 > 1) {
    if (cn && cn->procs == g->p2 * g->p3 && (!cn->starts || g->p2 == 1)) {
      g->c.col = *cn;
      g->n = g->p2 == 1 ? tt_axis_even(n, 1) : respread(cn, g->p2);
    } else if (!g->n.starts && bn && g->p2 > 1 && tt_axis_same(&g->n, bn)) {
      g->c.col.procs = g->p2 * g->p3;
    } else {
      g->c.col = tt_axis_even(n, g->p2 * g->p3);
      g->n = g->p2 == 1 ? tt_axis_even(n, 1) : respread(&g->c.col, g->p2);
    }
  }
  g->a.row = g->m;
  g->b.col = g->n;
}

/* Places of the three operands from the ranks of (i, j, l). */
static void settle_places(tt_gemm_grid *g)
{
  const int  p1 = g->p1, p2 = g->p2, p3 = g->p3, Q = p1 * p2 * p3;
  const bool by_rows = g->c.row.procs != p1;
  int       *b = g->who + Q, *c = g->who + 2 * Q;

  for (int i = 0; i < p1; i++) {
    for (int j = 0; j < p2; j++) {
      for (int l = 0; l < p3; l++) {
        const int rank = g->who[(i * p2 + j) * p3 + l];

        b[(i * p3 + l) * p2 + j] = rank;
        c[by_rows ? (l * p1 + i) * p2 + j : i * p2 * p3 + l * p2 + j] = rank;
      }
    }
  }
  g->a.ranks = g->who;
  g->b.ranks = b;
  g->c.ranks = c;
}

/* Adds to weight [Q * P] what the places of `to` share with what the ranks have in `from`. */
static void add_weights(const tt_layout *from, const tt_layout *to, const int *places, int Q, int P, int64_t *weight,
                        int64_t *work)
{
  int64_t *rows = work, *cols = work + (int64_t)P * P;

  tt_axis_overlap(&from->row, &to->row, rows);
  tt_axis_overlap(&from->col, &to->col, cols);
  for (int r = 0; r < P; r++) {
    int fr, fc;

    tt_layout_place(from, r, &fr, &fc);
    if (fr < 0) continue;
    for (int at = 0; at < Q; at++) {
      const int tr = at / to->col.procs, tc = at % to->col.procs;

      weight[(int64_t)places[at] * P + r] += rows[fr * to->row.procs + tr] * cols[fc * to->col.procs + tc];
    }
  }
}

int64_t tt_gemm_grid_work(int P)
{
  return 3 * (int64_t)P * P + 4 * ((int64_t)P + 1);
}

/* Ranks of the places (i, j, l): with who numbering the places themselves, the places of b and c say which is which. */
static void assign(const tt_gemm_shape *shape, tt_gemm_grid *g, int64_t *work)
{
  const int P = shape->grid->size, Q = g->p1 * g->p2 * g->p3;
  int64_t  *weight = work, *overlap = work + (int64_t)P * P, *rest = work + 3 * (int64_t)P * P;

  for (int q = 0; q < Q; q++) g->who[q] = q;
  settle_places(g);
  if (!shape->placed) return;
  if (shape->triangle) { /* C stays where it is, at any price */
    for (int q = 0; q < Q; q++) g->who[q] = tt_layout_rank(&shape->c, q / g->p2, q % g->p2);
    settle_places(g);
    return;
  }
  memset(weight, 0, (size_t)Q * (size_t)P * sizeof *weight);
  add_weights(&shape->a, &g->a, g->a.ranks, Q, P, weight, overlap);
  add_weights(&shape->b, &g->b, g->b.ranks, Q, P, weight, overlap);
  add_weights(&shape->c, &g->c, g->c.ranks, Q, P, weight, overlap);
  tt_assign_ranks(Q, P, weight, g->who, rest);
  settle_places(g);
}

void tt_gemm_grid_make(const tt_gemm_shape *shape, int p1, int p2, int p3, bool adopt, int *who, int64_t *work,
                       tt_gemm_grid *g)
{
  memset(g, 0, sizeof *g);
  g->p1 = p1;
  g->p2 = p2;
  g->p3 = p3;
  g->who = who;
  choose_axes(shape->placed && adopt ? shape : NULL, shape->m, shape->n, shape->k, g);
  assign(shape, g, work);
  g->a_stays = !shape->placed || tt_layout_same(&shape->a, &g->a);
  g->b_stays = !shape->placed || tt_layout_same(&shape->b, &g->b);
  g->c_stays = !shape->placed || tt_layout_same(&shape->c, &g->c);
}

int tt_gemm_rank(const tt_gemm_grid *g, int i, int j, int l)
{
  return g->who[(i * g->p2 + j) * g->p3 + l];
}

bool tt_gemm_place(const tt_gemm_grid *g, int rank, int *i, int *j, int *l)
{
  for (int at = 0; at < g->p1 * g->p2 * g->p3; at++) {
    if (g->who[at] != rank) continue;
    *i = at / (g->p2 * g->p3);
    *j = at / g->p3 % g->p2;
    *l = at % g->p3;
    return true;
  }
  return false;
}

tt_gemm_side tt_gemm_side_of(const tt_gemm_grid *g, bool b)
{
  const tt_gemm_side sides[] = {{g->m, g->a.col, g->p2, g->a_stays}, {g->n, g->b.row, g->p1, g->b_stays}};

  return sides[b];
}

/* Adds the words of one change of layout. */
static void add_move(const tt_layout *from, const tt_layout *to, int P, int64_t *sent, int64_t *came, int64_t *work)
{
  int64_t *rows = work, *cols = work + (int64_t)P * P;

  tt_axis_overlap(&from->row, &to->row, rows);
  tt_axis_overlap(&from->col, &to->col, cols);
  tt_layout_add_words(from, to, rows, cols, P, sent, came);
}

/* The largest of 2 n counts. */
static int64_t most_of(const int64_t *counts, int n)
{
  int64_t most = 0;

  for (int i = 0; i < n; i++) most = tt_max(most, counts[i]);
  return most;
}

int64_t tt_gemm_words_moved(const tt_gemm_shape *shape, const tt_gemm_grid *g, int64_t *work)
{
  const int P = shape->grid->size;
  int64_t  *sent = work, *came = work + P, *rest = work + 2 * (int64_t)P;

  memset(work, 0, 2 * (size_t)P * sizeof *work);
  if (!g->a_stays) add_move(&shape->a, &g->a, P, sent, came, rest);
  if (!g->b_stays) add_move(&shape->b, &g->b, P, sent, came, rest);
  if (!g->c_stays) add_move(&g->c, &shape->c, P, sent, came, rest);
  return most_of(work, 2 * P);
}

/* Adds what ring member `me` of a side sends and receives of parts: all but its own, all but its right neighbour's. */
static void add_ring(const tt_gemm_side *side, int layer, int layers, int me, int64_t outer, int64_t *sent,
                     int64_t *came)
{
  int64_t all = 0;

  for (int r = 0; r < side->ring; r++) all += tt_axis_count(&side->inner, r * layers + layer);
  *came += outer * (all - tt_axis_count(&side->inner, me * layers + layer));
  *sent += outer * (all - tt_axis_count(&side->inner, (me + 1) % side->ring * layers + layer));
}

int64_t tt_gemm_words(const tt_gemm_grid *g)
{
  const tt_gemm_side a = tt_gemm_side_of(g, false), b = tt_gemm_side_of(g, true);
  int64_t            most = 0;

  for (int i = 0; i < g->p1; i++) {
    for (int j = 0; j < g->p2; j++) {
      const int64_t m = tt_axis_count(&g->m, i), n = tt_axis_count(&g->n, j);

      for (int l = 0; l < g->p3; l++) {
        const int64_t own = g->c.row.procs == g->p1 ? m * tt_axis_count(&g->c.col, l * g->p2 + j)
                                                    : n * tt_axis_count(&g->c.row, l * g->p1 + i);
        int64_t       sent = 0, came = 0;

        if (g->p3 > 1) {
          sent = m * n - own;
          came = own * (g->p3 - 1);
        }
        add_ring(&a, l, g->p3, j, m, &sent, &came);
        add_ring(&b, l, g->p3, i, n, &sent, &came);
        most = tt_max(most, tt_max(sent, came));
      }
    }
  }
  return most;
}
