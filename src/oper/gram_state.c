/*
 * The state of a Gram pass: which nodes of the summation tree are complete, and of each segment that a rank was in, what its
 * panels so far come to. A node is a sum with a fixed shape whoever has made it, and a segment goes on at a panel as if it had
 * not stopped. So any number of ranks can take a state up: the nodes are dealt in order, what is missing between them is
 * read, and the frontier that all ranks end with is combined in the order of the same tree.
 *
 * Nodes that the state has and that this rank has not come to yet stay in the file; a state that is written meanwhile copies
 * them. So no more nodes are in memory than in a pass that was never interrupted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "oper/gram_impl.h"

#define KIND "tartan-gram-checkpoint"
#define WIDTH 8          /* columns of the dataset: every node is a whole number of such rows */
#define COPIED (1 << 20) /* elements that are copied at once */
#define LINE 72          /* characters of one item */

/* Segments of an item: from, and behind the last. */
static int64_t item_from(const tt_gram_item *item)
{
  return item->node.index << item->node.level;
}

static int64_t item_to(const tt_gram_item *item)
{
  return (item->node.index + 1) << item->node.level;
}

/* Rows of the segments from .. to - 1. */
static int64_t rows_between(const tt_segments *s, int64_t from, int64_t to)
{
  return tt_segment_start(s, to) - tt_segment_start(s, from);
}

/* Rows that the k-th item of the state holds. */
static int64_t item_rows(const tt_gram_work *w, int64_t k)
{
  const tt_gram_item *item = &w->item[k];

  return item->rows ? item->rows : rows_between(w->segments, item_from(item), item_to(item));
}

/* ------------------------------------------------------------------------------------------------ dealing */

/* Walks over all items and free segments in order, and lets each rank begin where its share of what is left begins. */
static void deal(tt_gram_work *w, int P)
{
  const tt_segments *s = w->segments;
  int64_t            left = s->m, done = 0, i = 0, segment = 0;
  int                r = 1;

  for (int64_t k = 0; k < w->items; k++) left -= item_rows(w, k);
  w->start[0] = 0;
  while (segment < s->count) {
    const tt_gram_item *item = i < w->items && item_from(&w->item[i]) == segment ? &w->item[i++] : NULL;
    const int64_t       to = item ? item_to(item) : segment + 1;

    while (r < P && done >= left / P * r + left % P * r / P) w->start[r++] = segment;
    if (!item || item->rows) done += rows_between(s, segment, to) - (item ? item->rows : 0);
    segment = to;
  }
  while (r <= P) w->start[r++] = s->count;
}

/* The pieces of a rank; piece NULL: only how many. Returns the items up to its end. */
static int64_t cut(const tt_gram_work *w, int64_t item, int64_t first, int64_t last, tt_gram_piece *piece,
                   int64_t *pieces)
{
  const tt_segments *s = w->segments;
  int64_t            from = tt_segment_start(s, first);

  *pieces = 0;
  for (; item < w->items && item_from(&w->item[item]) < last; item++) {
    const tt_gram_item *x = &w->item[item];
    const int64_t       at = tt_segment_start(s, item_from(x));

    if (at > from) {
      if (piece) piece[*pieces] = (tt_gram_piece){.from = from, .to = at, .items = item};
      (*pieces)++;
    }
    from = x->rows ? at + x->rows : tt_segment_start(s, item_to(x));
  }
  if (piece) piece[*pieces] = (tt_gram_piece){.from = from, .to = tt_segment_start(s, last), .items = item};
  (*pieces)++;
  return item;
}

/* Nodes that a rank ends with; the most that it holds at once. */
static void frontier_of(const tt_gram_work *w, int rank, tt_node_stack *stack, int *largest)
{
  const int64_t last = w->start[rank + 1];
  int64_t       i = 0, segment = w->start[rank];
  int           most = 0;

  stack->count = 0;
  while (i < w->items && item_from(&w->item[i]) < segment) i++;
  while (segment < last) {
    const bool    whole = i < w->items && item_from(&w->item[i]) == segment && w->item[i].rows == 0;
    const tt_node leaf = {.level = 0, .index = segment};
    const tt_node node = whole ? w->item[i].node : leaf;

    if (i < w->items && item_from(&w->item[i]) == segment) i++;
    most = (int)tt_max(most, stack->count + 1);
    tt_node_push(stack, node);
    segment = (node.index + 1) << node.level;
  }
  *largest = most;
}

/* ------------------------------------------------------------------------------------------------ the text */

/* Reads "m n panel count node items" and the items. The same on every rank. */
static tartan_status read_text(tt_memory *memory, const tt_saved *saved, const tartan_operator *op,
                               const tt_gram_plan *plan, tt_gram_work *w)
{
  const tt_segments *s = &plan->segments;
  const char        *line = strchr(saved->text, '\n');
  long long          v[6];
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(line && sscanf(saved->text, "%lld %lld %lld %lld %lld %lld", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]) == 6 &&
              v[5] >= 0,
          TARTAN_ERR_CHECKPOINT, "%s holds no state of a pass: --resume never begins anew", saved->path);
  REQUIRE(v[0] == op->m && v[1] == op->n && v[2] == s->panel && v[3] == s->count && v[4] == plan->node,
          TARTAN_ERR_CHECKPOINT, "%s is of a pass with other cuts, of another version: --resume never begins anew",
          saved->path);
  w->item = tt_alloc_zero(memory, v[5], sizeof *w->item, "the state of a pass", &local);
  TRY(local);
  for (; w->items < v[5]; w->items++, line = strchr(line + 1, '\n')) {
    tt_gram_item *item = &w->item[w->items];
    long long     index, rows;

    REQUIRE(line && sscanf(line + 1, "%d %lld %lld", &item->node.level, &index, &rows) == 3 && item->node.level >= 0 &&
                item->node.level < 62 && index >= 0 && index < s->count >> item->node.level && rows >= 0,
            TARTAN_ERR_CHECKPOINT, "%s has a state that cannot be: --resume never begins anew", saved->path);
    item->node.index = index;
    item->rows = rows;
  }
done:
  return st;
}

/* "level index rows" for each item. */
static void write_text(const tartan_operator *op, const tt_gram_plan *plan, const tt_gram_item *item, int64_t items,
                       char *text, size_t size)
{
  const tt_segments *s = &plan->segments;
  size_t             n;

  n = (size_t)snprintf(text, size, "%lld %lld %lld %lld %lld %lld\n", (long long)op->m, (long long)op->n,
                       (long long)s->panel, (long long)s->count, (long long)plan->node, (long long)items);
  for (int64_t i = 0; i < items && n < size; i++)
    n += (size_t)snprintf(text + n, size - n, "%d %lld %lld\n", item[i].node.level, (long long)item[i].node.index,
                          (long long)item[i].rows);
}

/* ------------------------------------------------------------------------------------------------ begin and end */

/* Takes up a state, if there is one. Collective. */
static tartan_status look_for(tt_gram_work *w)
{
  tartan_grid  *grid = w->op->grid;
  tt_saved      saved = {.text = NULL};
  char          text[TT_STATE_SOURCE];
  bool          found = false;
  int64_t       left = w->op->m;
  tartan_status st = TARTAN_OK;

  if (!grid->checkpoint || !w->op->dataset) goto done;
  TRY(tt_checkpoint_find(grid, KIND, &saved, &found));
  if (!found) goto done;
  AGREE(grid, read_text(&grid->memory, &saved, w->op, w->plan, w));
  if (w->items > 0) TRY(tt_dataset_open(grid, tt_saved_source(&saved, "/nodes", text), NULL, &w->nodes));
  TRY(tt_saved_check(grid, &saved));
  for (int64_t k = 0; k < w->items; k++) left -= item_rows(w, k);
  snprintf(text, sizeof text, "in the pass over the data, %.0f %% of it done",
           100 * (double)(w->op->m - left) / (double)w->op->m);
  grid->checkpoint->tell(grid->checkpoint->context, text);
done:
  tt_saved_end(&saved);
  return st;
}

tartan_status tt_gram_work_begin(const tartan_operator *op, const tt_gram_plan *plan, tt_gram_work *w)
{
  tartan_grid  *grid = op->grid;
  tt_node_stack stack;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  const int     me = grid->rank;

  memset(w, 0, sizeof *w);
  w->op = op;
  w->plan = plan;
  w->segments = &plan->segments;
  w->start = tt_alloc(&grid->memory, grid->size + 1, sizeof *w->start, "the ranges of a pass", &local);
  w->rows = tt_alloc(&grid->memory, grid->size + 1, sizeof *w->rows, "the ranges of a pass", &local);
  AGREE(grid, local);
  TRY(look_for(w));
  if (w->items > 0)
    deal(w, grid->size);
  else
    for (int r = 0; r <= grid->size; r++) w->start[r] = w->segments->count * r / grid->size;
  for (int r = 0; r <= grid->size; r++) w->rows[r] = tt_segment_start(w->segments, w->start[r]);
  while (w->next < w->items && item_from(&w->item[w->next]) < w->start[me]) w->next++;
  w->end = cut(w, w->next, w->start[me], w->start[me + 1], NULL, &w->pieces);
  w->piece = tt_alloc(&grid->memory, w->pieces, sizeof *w->piece, "the ranges of a pass", &local);
  AGREE(grid, local);
  (void)cut(w, w->next, w->start[me], w->start[me + 1], w->piece, &w->pieces);
  for (int64_t k = 0; k < w->pieces; k++) w->left += w->piece[k].to - w->piece[k].from;
  frontier_of(w, me, &stack, &w->slots);
done:
  return st;
}

void tt_gram_work_end(tt_gram_work *w)
{
  tt_dataset_close(&w->nodes);
  tt_free(w->piece);
  tt_free(w->rows);
  tt_free(w->start);
  tt_free(w->item);
}

tartan_status tt_gram_work_frontier(const tt_gram_work *w, tt_frontier *f)
{
  const int     P = w->op->grid->size;
  tt_memory    *memory = &w->op->grid->memory;
  tt_node_stack stack;
  tartan_status local = TARTAN_OK;
  int           at = 0, largest;

  memset(f, 0, sizeof *f);
  f->own = tt_alloc(memory, P, sizeof *f->own, "the frontier of a sum", &local);
  if (!f->own) return local;
  for (int r = 0; r < P; r++) {
    frontier_of(w, r, &stack, &largest);
    f->own[r] = stack.count;
    f->total += stack.count;
    f->most = (int)tt_max(f->most, stack.count);
  }
  f->node = tt_alloc(memory, f->total, sizeof *f->node, "the frontier of a sum", &local);
  if (!f->node) return local;
  for (int r = 0; r < P; r++) {
    frontier_of(w, r, &stack, &largest);
    memcpy(f->node + at, stack.node, (size_t)stack.count * sizeof *f->node);
    at += stack.count;
  }
  return local;
}

/* ------------------------------------------------------------------------------------------------ slabs */

/* Slabs of a piece: their boundaries lie at whole slabs of the file, where its chunks end. */
static int64_t slabs_of(int64_t from, int64_t to, int64_t slab)
{
  return to > from ? tt_ceil_div(to, slab) - from / slab : 0;
}

int64_t tt_gram_work_steps(const tt_gram_work *w, int64_t slab)
{
  int64_t most = 0, item = 0;

  for (int r = 0; r < w->op->grid->size; r++) {
    const int64_t last = w->start[r + 1];
    int64_t       steps = 0, from = w->rows[r];

    for (; item < w->items && item_from(&w->item[item]) < last; item++) {
      const tt_gram_item *x = &w->item[item];
      const int64_t       at = tt_segment_start(w->segments, item_from(x));

      steps += slabs_of(from, at, slab);
      from = x->rows ? at + x->rows : tt_segment_start(w->segments, item_to(x));
    }
    most = tt_max(most, steps + slabs_of(from, w->rows[r + 1], slab));
  }
  return most;
}

void tt_gram_work_slab(const tt_gram_work *w, int64_t slab, int64_t step, int64_t *row0, int64_t *rows, int64_t *begins)
{
  const tt_gram_piece *p = w->piece;
  int64_t              k = 0, steps, aligned;

  while (k < w->pieces && step >= (steps = slabs_of(p[k].from, p[k].to, slab))) {
    step -= steps;
    k++;
  }
  *begins = -1;
  *rows = 0;
  *row0 = w->rows[w->op->grid->rank + 1];
  if (k == w->pieces) return;
  aligned = p[k].from / slab * slab;
  *row0 = tt_max(p[k].from, aligned + step * slab);
  *rows = tt_min(p[k].to, aligned + (step + 1) * slab) - *row0;
  if (step == 0) *begins = k;
}

/* ------------------------------------------------------------------------------------------------ values */

tartan_status tt_gram_work_read(const tt_gram_work *w, double *node)
{
  const int64_t lines = w->plan->node / WIDTH;

  return tt_dataset_read_local(w->nodes, w->next * lines, lines, 0, WIDTH, node);
}

/* What this rank has: nodes in memory, the segment at hand, and what is still in the file. Returns how many. */
static int64_t list_own(const tt_gram_work *w, const tt_node_stack *stack, int64_t row, tt_gram_item *item)
{
  const tt_segments *s = w->segments;
  const int64_t      segment = row < s->m ? tt_segment_of(s, row) : s->count;
  int64_t            n = 0;

  for (int i = 0; i < stack->count; i++, n++)
    if (item) item[n] = (tt_gram_item){.node = stack->node[i]};
  if (row > tt_segment_start(s, segment)) {
    if (item) item[n] = (tt_gram_item){.node = {.index = segment}, .rows = row - tt_segment_start(s, segment)};
    n++;
  }
  for (int64_t k = w->next; k < w->end; k++, n++)
    if (item) item[n] = w->item[k];
  return n;
}

/* Nodes that lie in the file still, from the state that was taken up to the new one. Collective. */
static tartan_status copy_rest(const tt_gram_work *w, int64_t row0, tt_saving *saving)
{
  tartan_grid  *grid = w->op->grid;
  const int64_t lines = w->plan->node / WIDTH, total = (w->end - w->next) * lines, step = COPIED / WIDTH;
  int64_t       rounds = -tt_ceil_div(total, step);
  double       *buffer = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK, read = TARTAN_OK;

  TRY(tt_agree_least(grid, &rounds));
  if (rounds == 0) goto done;
  buffer = tt_alloc(&grid->memory, COPIED, sizeof *buffer, "nodes of a checkpoint", &local);
  AGREE(grid, local);
  for (int64_t i = 0; i < -rounds; i++) {
    const int64_t from = tt_min(total, i * step), count = tt_min(step, total - from);

    if (read == TARTAN_OK && count > 0)
      read = tt_dataset_read_local(w->nodes, w->next * lines + from, count, 0, WIDTH, buffer);
    TRY(tt_saving_rows(saving, "/nodes", row0 + from, count, buffer));
  }
  AGREE(grid, read);
done:
  tt_free(buffer);
  return st;
}

/* The items of all ranks as text on rank 0, elsewhere NULL. Collective. @param[out] at, total  this rank's first; of all */
static tartan_status gather_text(const tt_gram_work *w, const tt_node_stack *stack, int64_t row, char **text,
                                 int64_t *at, int64_t *total)
{
  typedef struct tally {
    int64_t items, unused; /* two words, so that it is not counted as a matrix element */
  } tally;

  tartan_grid  *grid = w->op->grid;
  const tally   mine = {.items = list_own(w, stack, row, NULL)};
  tally        *all = NULL;
  int64_t      *counts = NULL;
  tt_gram_item *own = NULL, *item = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *text = NULL;
  *at = *total = 0;
  all = tt_alloc(&grid->memory, grid->size, sizeof *all, "the state of a pass", &local);
  counts = tt_alloc(&grid->memory, grid->size, sizeof *counts, "the state of a pass", &local);
  own = tt_alloc_zero(&grid->memory, mine.items, sizeof *own, "the state of a pass", &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, &mine, 1, sizeof mine, all));
  for (int r = 0; r < grid->size; r++) {
    counts[r] = all[r].items;
    if (r < grid->rank) *at += counts[r];
    *total += counts[r];
  }
  (void)list_own(w, stack, row, own);
  if (grid->rank == 0) {
    item = tt_alloc(&grid->memory, *total, sizeof *item, "the state of a pass", &local);
    *text = tt_alloc_zero(&grid->memory, (*total + 2) * LINE, 1, "the state of a pass", &local);
  }
  AGREE(grid, local);
  TRY(tt_gatherv(grid, own, counts, sizeof *own, item, 0));
  if (*text && item) write_text(w->op, w->plan, item, *total, *text, (size_t)(*total + 2) * LINE);
done:
  tt_free(item);
  tt_free(own);
  tt_free(counts);
  tt_free(all);
  return st;
}

tartan_status tt_gram_work_save(const tt_gram_work *w, const tt_node_stack *stack, int64_t row, const double *nodes)
{
  tartan_grid         *grid = w->op->grid;
  const tt_checkpoint *c = grid->checkpoint;
  const int64_t        lines = w->plan->node / WIDTH, here = list_own(w, stack, row, NULL) - (w->end - w->next);
  tt_saving           *saving = NULL;
  char                *text = NULL;
  int64_t              at, total;
  tartan_status        st = TARTAN_OK;

  TRY(gather_text(w, stack, row, &text, &at, &total));
  TRY(tt_saving_begin(grid, c->path, KIND, c->configuration, text ? text : "", &saving));
  tt_saving_declare(saving, "/nodes", TARTAN_F64, total * lines, WIDTH);
  TRY(tt_saving_open(saving));
  TRY(tt_saving_rows(saving, "/nodes", at * lines, here * lines, nodes));
  TRY(copy_rest(w, (at + here) * lines, saving));
  TRY(tt_saving_commit(&saving));
done:
  tt_saving_discard(&saving);
  tt_free(text);
  return st;
}
