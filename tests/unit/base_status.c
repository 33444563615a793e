// TEST: np=0 labels=unit,base
/* Statuses, their texts and exit codes against the contract, written out a second time here. */
#include <stdio.h>
#include <string.h>

#include <tartan/status.h>

#include "base/error.h"
#include "check.h"

static const struct {
  tartan_status st;
  int           exit_code;
} contract[] = {
    {TARTAN_OK, 0},
    {TARTAN_ERR_ARG, 2},
    {TARTAN_ERR_SHAPE, 2},
    {TARTAN_ERR_DTYPE, 2},
    {TARTAN_ERR_GRID, 2},
    {TARTAN_ERR_INPUT, 3},
    {TARTAN_ERR_EXISTS, 3},
    {TARTAN_ERR_FORMAT, 3},
    {TARTAN_ERR_TOLERANCE, 4},
    {TARTAN_ERR_NOMEM, 5},
    {TARTAN_ERR_OVERFLOW, 5},
    {TARTAN_ERR_IO, 6},
    {TARTAN_ERR_NUMERIC, 7},
    {TARTAN_ERR_CHECKPOINT, 8},
    {TARTAN_ERR_STALLED, 9},
    {TARTAN_ERR_BACKEND, 70},
    {TARTAN_ERR_MPI, 70},
    {TARTAN_ERR_BUG, 70},
    {TARTAN_ERR_INTERRUPTED, 75},
};

static void test_table(void)
{
  const int count = (int)(sizeof contract / sizeof *contract);

  CHECK_EQ(count, TARTAN_STATUS_COUNT);
  for (int s = 0; s < count; s++) {
    check_context("status %d", (int)contract[s].st);
    CHECK_EQ(contract[s].st, s);
    CHECK_EQ(tartan_exit_code(contract[s].st), contract[s].exit_code);
    CHECK(strlen(tartan_status_text(contract[s].st)) > 3);
    for (int t = 0; t < s; t++)
      CHECK(strcmp(tartan_status_text(contract[s].st), tartan_status_text(contract[t].st)) != 0);
  }
}

static void test_foreign_values(void)
{
  static const int foreign[] = {-1, TARTAN_STATUS_COUNT, 1000, -2147483647};

  for (int i = 0; i < 4; i++) {
    check_context("value %d", foreign[i]);
    CHECK_EQ(tartan_exit_code((tartan_status)foreign[i]), 70);
    CHECK(tartan_status_text((tartan_status)foreign[i]) != NULL);
  }
}

static void test_message(void)
{
  char text[3 * TT_ERROR_MAX];

  check_context("message");
  CHECK(strcmp(tartan_error_message(), "") == 0);
  CHECK_EQ(tartan_error_rank(), -1);
  CHECK_STATUS(tt_fail(TARTAN_ERR_SHAPE, "A is %d x %s", 3, "four"), TARTAN_ERR_SHAPE);
  CHECK(strcmp(tartan_error_message(), "A is 3 x four") == 0);
  CHECK_EQ(tartan_error_rank(), -1);
  CHECK_STATUS(tt_fail_at(TARTAN_ERR_NOMEM, 7, 0, "full"), TARTAN_ERR_NOMEM);
  CHECK(strcmp(tartan_error_message(), "full") == 0);
  CHECK_EQ(tartan_error_rank(), 7);

  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  CHECK_STATUS(tt_fail(TARTAN_ERR_IO, "%s", text), TARTAN_ERR_IO);
  CHECK_EQ(strlen(tartan_error_message()), TT_ERROR_MAX - 1);
  CHECK_STATUS(tt_fail_at(TARTAN_ERR_IO, 0, 0, text), TARTAN_ERR_IO);
  CHECK_EQ(strlen(tartan_error_message()), TT_ERROR_MAX - 1);
  CHECK_STATUS(tt_fail_at(TARTAN_ERR_IO, 2, 0, tartan_error_message()), TARTAN_ERR_IO);
  CHECK_EQ(strlen(tartan_error_message()), TT_ERROR_MAX - 1);
  tartan_error_clear();
  CHECK(strcmp(tartan_error_message(), "") == 0);
  CHECK_EQ(tartan_error_rank(), -1);
}

/* What tartan_error_print() writes. */
static const char *printed(char *text, size_t length)
{
  FILE  *f = tmpfile();
  size_t n = 0;

  text[0] = '\0';
  if (!CHECK(f != NULL)) return text;
  tartan_error_print(f);
  rewind(f);
  n = fread(text, 1, length - 1, f);
  text[n] = '\0';
  fclose(f);
  return text;
}

/* One rank prints: the one where it began, or rank 0 of the largest communicator seen. */
static void test_print(void)
{
  char text[256];

  check_context("print");
  tartan_error_clear();
  CHECK(strcmp(printed(text, sizeof text), "") == 0);
  (void)tt_fail_at(TARTAN_ERR_NOMEM, 3, 3, "out of memory");
  CHECK(strcmp(printed(text, sizeof text), "tartan: rank 3: out of memory\n") == 0);
  (void)tt_fail_at(TARTAN_ERR_NOMEM, 3, 0, "out of memory");
  CHECK(strcmp(printed(text, sizeof text), "") == 0);
  (void)tt_fail(TARTAN_ERR_SHAPE, "A is empty");
  CHECK(strcmp(printed(text, sizeof text), "tartan: A is empty\n") == 0);
  tt_error_set_self(3, 8);
  (void)tt_fail(TARTAN_ERR_SHAPE, "A is empty");
  CHECK(strcmp(printed(text, sizeof text), "") == 0);
  tt_error_set_self(0, 4);
  (void)tt_fail(TARTAN_ERR_SHAPE, "A is empty");
  CHECK(strcmp(printed(text, sizeof text), "") == 0);
}

int main(int argc, char **argv)
{
  check_start_plain(argc, argv);
  test_message(); /* first: nothing has failed yet */
  test_table();
  test_foreign_values();
  test_print();
  return check_finish();
}
