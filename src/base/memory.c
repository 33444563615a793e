/*
 * Every block carries a header of one cache line in front of it: its size and the budget that it was charged to. So
 * tt_free() needs no size, and a budget is always right.
 */
#include "base/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/util.h"

#define ALIGNMENT 64

/* Blocks from this size on ask for large pages. */
#define LARGE ((size_t)8 << 20)

typedef struct block_header {
  tt_memory *mem;
  int64_t    bytes;
  char       pad[ALIGNMENT - sizeof(tt_memory *) - sizeof(int64_t)];
} block_header;

static atomic_llong live;

char *tt_bytes_text(double bytes, char text[24])
{
  static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  int                      u = 0;

  while (bytes >= 1024 && u < 6) {
    bytes /= 1024;
    u++;
  }
  snprintf(text, 24, u == 0 ? "%.0f %s" : "%.1f %s", bytes, unit[u]);
  return text;
}

tartan_status tt_memory_fits(const tt_memory *mem, int64_t bytes, const char *what)
{
  char need[24], used[24], limit[24], total[24];

  if (!mem || mem->limit <= 0 || bytes <= mem->limit - mem->used) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_NOMEM,
                 "out of memory: %s for %s beside %s in use, but the budget per rank is %s; "
                 "give --memory %s or more, or more ranks",
                 tt_bytes_text((double)bytes, need), what, tt_bytes_text((double)mem->used, used),
                 tt_bytes_text((double)mem->limit, limit), tt_bytes_text((double)mem->used + (double)bytes, total));
}

/*
 * Large pages, where the system has them: the first touch of a block costs a third (64 MiB: 34 and 11 ms), and columns that
 * are far apart need fewer translations. A refusal does no harm. Local.
 */
static void ask_for_large_pages(void *block, size_t bytes)
{
#ifdef MADV_HUGEPAGE
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = ((uintptr_t)block + page - 1) / page * page;
  const uintptr_t to = ((uintptr_t)block + bytes) / page * page;

  if (bytes >= LARGE && to > from) (void)madvise((char *)block + (from - (uintptr_t)block), to - from, MADV_HUGEPAGE);
#else
  (void)block, (void)bytes;
#endif
}

void *tt_alloc(tt_memory *mem, int64_t count, size_t size, const char *what, tartan_status *local)
{
  block_header *head = NULL;
  int64_t       bytes = 0;
  char          text[24];

  if (*local != TARTAN_OK) return NULL;
  if (count < 0 || !tt_mul(count, (int64_t)size, &bytes) || bytes > INT64_MAX - 2 * ALIGNMENT) {
    *local = tt_fail(TARTAN_ERR_OVERFLOW, "%s: %lld elements of %zu bytes are beyond 64 bits", what, (long long)count,
                     size);
    return NULL;
  }
  *local = tt_memory_fits(mem, bytes, what);
  if (*local != TARTAN_OK) return NULL;

  if (!tt_fault_hit(TT_FAULT_ALLOC))
    head = aligned_alloc(ALIGNMENT, (size_t)tt_round_up(bytes, ALIGNMENT) + sizeof *head);
  if (!head) {
    *local = tt_fail(TARTAN_ERR_NOMEM, "out of memory: the system refused %s for %s; use more ranks or nodes",
                     tt_bytes_text((double)bytes, text), what);
    return NULL;
  }
  ask_for_large_pages(head, (size_t)bytes);
  head->mem = mem;
  head->bytes = bytes;
  atomic_fetch_add(&live, 1);
  if (mem) {
    mem->used += bytes;
    mem->peak = tt_max(mem->peak, mem->used);
  }
  return head + 1;
}

void *tt_alloc_zero(tt_memory *mem, int64_t count, size_t size, const char *what, tartan_status *local)
{
  void *ptr = tt_alloc(mem, count, size, what, local);

  if (ptr) memset(ptr, 0, (size_t)count * size);
  return ptr;
}

char *tt_strdup(tt_memory *mem, const char *text, tartan_status *local)
{
  const int64_t length = (int64_t)strlen(text) + 1;
  char         *copy = tt_alloc(mem, length, 1, "a text", local);

  if (copy) memcpy(copy, text, (size_t)length);
  return copy;
}

const char **tt_texts_alloc(tt_memory *mem, int64_t count, int64_t bytes, const char *what, char **characters,
                            tartan_status *local)
{
  const int64_t addresses = count * (int64_t)sizeof(char *);
  char         *block = tt_alloc(mem, addresses + bytes, 1, what, local);

  *characters = block ? block + addresses : NULL;
  return (const char **)(void *)block;
}

void tt_texts_find(const char **texts, int64_t count)
{
  const char *at = (const char *)(texts + count);

  for (int64_t i = 0; i < count; i++) {
    texts[i] = at;
    at += strlen(at) + 1;
  }
}

const char **tt_texts_copy(tt_memory *mem, int64_t count, const char *const *texts, const char *what,
                           tartan_status *local)
{
  const char **copy;
  char        *to;
  int64_t      bytes = 0;

  for (int64_t i = 0; i < count; i++) bytes += (int64_t)strlen(texts[i]) + 1;
  copy = tt_texts_alloc(mem, count, bytes, what, &to, local);
  for (int64_t i = 0; copy && i < count; i++) {
    const size_t length = strlen(texts[i]) + 1;

    memcpy(to, texts[i], length);
    to += length;
  }
  if (copy) tt_texts_find(copy, count);
  return copy;
}

void tt_free(void *ptr)
{
  block_header *head = ptr ? (block_header *)ptr - 1 : NULL;

  if (!head) return;
  if (head->mem) head->mem->used -= head->bytes;
  atomic_fetch_sub(&live, 1);
  free(head);
}

int64_t tt_memory_live(void)
{
  return (int64_t)atomic_load(&live);
}
