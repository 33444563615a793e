// TEST: np=0 labels=unit,base
/* The allocator: alignment, accounts, refusal before allocation, sticky status, overflow. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/memory.h"
#include "base/util.h"
#include "check.h"

static void test_alignment_and_live(void)
{
  const int64_t live = tt_memory_live();
  tartan_status local = TARTAN_OK;
  void         *block[64];

  for (int64_t b = 0; b < 64; b++) {
    check_context("%lld elements", (long long)(b * b));
    block[b] = tt_alloc(NULL, b * b, 3, "a block", &local);
    CHECK(block[b] != NULL);
    CHECK_EQ((uintptr_t)block[b] % 64, 0);
    CHECK_EQ(tt_memory_live(), live + b + 1);
    if (block[b]) memset(block[b], 0x5a, (size_t)(b * b * 3));
  }
  CHECK_STATUS(local, TARTAN_OK);
  for (int b = 63; b >= 0; b--) tt_free(block[b]);
  tt_free(NULL);
  CHECK_EQ(tt_memory_live(), live);
}

static void test_zero(void)
{
  tartan_status local = TARTAN_OK;
  int           set = 0;

  check_context("zeroed memory");
  for (int round = 0; round < 3; round++) {
    unsigned char *block = tt_alloc_zero(NULL, 1000, 5, "zeros", &local);

    if (!CHECK(block != NULL)) return;
    for (int i = 0; i < 5000; i++) set += block[i] != 0;
    memset(block, 0xff, 5000);
    tt_free(block);
  }
  CHECK_EQ(set, 0);
}

static void test_accounts(void)
{
  tt_memory     mem = {.limit = 10000};
  tartan_status local = TARTAN_OK;
  void         *a = tt_alloc(&mem, 500, 8, "a", &local), *b = tt_alloc(&mem, 500, 8, "b", &local), *c;

  check_context("accounts");
  CHECK_EQ(mem.used, 8000);
  CHECK_EQ(mem.peak, 8000);
  tt_free(a);
  CHECK_EQ(mem.used, 4000);
  CHECK_EQ(mem.peak, 8000);
  c = tt_alloc(&mem, 6000, 1, "exactly what is left", &local);
  CHECK(c != NULL);
  CHECK_EQ(mem.used, 10000);
  CHECK_EQ(mem.peak, 10000);
  CHECK_OK(tt_memory_fits(&mem, 0, "nothing"));
  CHECK_STATUS(tt_memory_fits(&mem, 1, "one byte"), TARTAN_ERR_NOMEM);
  tt_free(b);
  tt_free(c);
  CHECK_EQ(mem.used, 0);
  CHECK_EQ(mem.peak, 10000);
  CHECK_OK(tt_memory_fits(NULL, INT64_MAX, "no budget"));
  mem.limit = 0;
  CHECK_OK(tt_memory_fits(&mem, INT64_MAX, "no limit"));
}

/* The refusal comes before any memory is taken, and says how much is needed and how much there is. */
static void test_refusal(void)
{
  const int64_t live = tt_memory_live(), GiB = (int64_t)1 << 30;
  tt_memory     mem = {.limit = 8 * GiB, .used = 3 * GiB, .peak = 3 * GiB};
  tartan_status local = TARTAN_OK;
  const char   *text;

  check_context("refusal");
  CHECK(tt_alloc(&mem, 6 * GiB, 1, "panel of A", &local) == NULL);
  CHECK_STATUS(local, TARTAN_ERR_NOMEM);
  CHECK_EQ(mem.used, 3 * GiB);
  CHECK_EQ(mem.peak, 3 * GiB);
  CHECK_EQ(tt_memory_live(), live);
  text = tartan_error_message();
  CHECK(strstr(text, "6.0 GiB") != NULL);
  CHECK(strstr(text, "3.0 GiB") != NULL);
  CHECK(strstr(text, "8.0 GiB") != NULL);
  CHECK(strstr(text, "9.0 GiB") != NULL);
  CHECK(strstr(text, "panel of A") != NULL);
  CHECK(strstr(text, "--memory") != NULL);
  CHECK(strstr(text, "more ranks") != NULL);
  CHECK(strchr(text, '\n') == NULL);
}

/* A failure stays: later allocations do nothing and the first message is kept. */
static void test_sticky(void)
{
  tt_memory     mem = {.limit = 100};
  tartan_status local = TARTAN_OK;

  check_context("sticky status");
  CHECK(tt_alloc(&mem, 101, 1, "first", &local) == NULL);
  CHECK(tt_alloc(&mem, 1, 1, "second", &local) == NULL);
  CHECK(tt_alloc_zero(&mem, 1, 1, "third", &local) == NULL);
  CHECK(tt_strdup(&mem, "x", &local) == NULL);
  CHECK_STATUS(local, TARTAN_ERR_NOMEM);
  CHECK(strstr(tartan_error_message(), "first") != NULL);
  CHECK_EQ(mem.used, 0);
  local = TARTAN_ERR_NUMERIC;
  CHECK(tt_alloc(&mem, 1, 1, "fourth", &local) == NULL);
  CHECK_STATUS(local, TARTAN_ERR_NUMERIC);
}

static void test_overflow(void)
{
  static const struct {
    int64_t count;
    size_t  size;
  } bad[] = {{INT64_MAX, 1}, {INT64_MAX, 8}, {(int64_t)1 << 61, 8}, {(int64_t)1 << 62, 4}, {-1, 8}, {INT64_MIN, 1}};
  tartan_status local;

  for (int i = 0; i < 6; i++) {
    check_context("%lld elements of %zu bytes", (long long)bad[i].count, bad[i].size);
    local = TARTAN_OK;
    CHECK(tt_alloc(NULL, bad[i].count, bad[i].size, "too much", &local) == NULL);
    CHECK_STATUS(local, TARTAN_ERR_OVERFLOW);
  }
}

/* What the system itself refuses is TARTAN_ERR_NOMEM too. */
static void test_system(void)
{
  tartan_status local = TARTAN_OK;

  check_context("2^60 bytes of the system");
  CHECK(tt_alloc(NULL, (int64_t)1 << 60, 1, "an exbibyte", &local) == NULL);
  CHECK_STATUS(local, TARTAN_ERR_NOMEM);
  CHECK(strstr(tartan_error_message(), "1.0 EiB") != NULL);
}

static void test_strdup(void)
{
  tt_memory     mem = {.limit = 100};
  tartan_status local = TARTAN_OK;
  char         *copy = tt_strdup(&mem, "tartan", &local);

  check_context("strdup");
  CHECK(copy != NULL && strcmp(copy, "tartan") == 0);
  CHECK_EQ(mem.used, 7);
  tt_free(copy);
  CHECK_EQ(mem.used, 0);
}

static void test_bytes_text(void)
{
  static const struct {
    double      bytes;
    const char *text;
  } known[] = {{0, "0 B"},          {1023, "1023 B"},         {1024, "1.0 KiB"},
               {1536, "1.5 KiB"},   {419430400, "400.0 MiB"}, {0x1p33, "8.0 GiB"},
               {0x1p40, "1.0 TiB"}, {0x1p62, "4.0 EiB"}};
  char text[24];

  for (int i = 0; i < 8; i++) {
    check_context("%.0f bytes are %s", known[i].bytes, known[i].text);
    CHECK(strcmp(tt_bytes_text(known[i].bytes, text), known[i].text) == 0);
  }
  check_context("the largest double");
  CHECK(strlen(tt_bytes_text(1.7e308, text)) < 24);
}

static void test_fault(void)
{
  const int64_t live = tt_memory_live();
  tt_memory     mem = {.limit = 0};
  tartan_status local = TARTAN_OK;
  void         *a;

  check_context("an armed allocation");
  tt_fault_arm(TT_FAULT_ALLOC, 1);
  a = tt_alloc(&mem, 10, 1, "first", &local);
  CHECK(a != NULL);
  CHECK(tt_alloc(&mem, 10, 1, "second", &local) == NULL);
  CHECK_STATUS(local, TARTAN_ERR_NOMEM);
  CHECK(tt_fault_fired(TT_FAULT_ALLOC));
  CHECK_EQ(mem.used, 10);
  CHECK_EQ(tt_memory_live(), live + 1);
  tt_free(a);
}

int main(int argc, char **argv)
{
  check_start_plain(argc, argv);
  test_alignment_and_live();
  test_zero();
  test_accounts();
  test_refusal();
  test_sticky();
  test_overflow();
  test_system();
  test_strdup();
  test_bytes_text();
  test_fault();
  return check_finish();
}
