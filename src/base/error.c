/*
 * The error trace: one record per thread, overwritten by each failure. Where a failure of one rank is agreed upon,
 * comm/agree.c hands its message to all, so that every rank can tell what happened although only one prints.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

typedef struct error_record {
  int  rank;   /* where it began; -1: everywhere alike */
  bool speaks; /* this thread is the one to print it */
  char text[TT_ERROR_MAX];
} error_record;

static _Thread_local error_record last = {.rank = -1, .speaks = true};
static _Thread_local int          self = 0;    /* rank in the largest communicator seen */
static _Thread_local int          largest = 0; /* its size */

static const struct {
  int         code;
  const char *text;
} outcomes[] = {
#define X(name, code, text) {code, text},
    TARTAN_STATUS_LIST(X)
#undef X
};

const char *tartan_status_text(tartan_status st)
{
  return (unsigned)st < TARTAN_STATUS_COUNT ? outcomes[st].text : "unknown status";
}

int tartan_exit_code(tartan_status st)
{
  return (unsigned)st < TARTAN_STATUS_COUNT ? outcomes[st].code : 70;
}

const char *tartan_error_message(void)
{
  return last.text;
}

int tartan_error_rank(void)
{
  return last.rank;
}

void tartan_error_print(FILE *stream)
{
  if (last.text[0] == '\0' || !last.speaks) return;
  if (last.rank < 0)
    fprintf(stream, "tartan: %s\n", last.text);
  else
    fprintf(stream, "tartan: rank %d: %s\n", last.rank, last.text);
  fflush(stream);
}

void tartan_error_clear(void)
{
  last.rank = -1;
  last.text[0] = '\0';
}

tartan_status tt_fail(tartan_status st, const char *fmt, ...)
{
  va_list args;

  last.rank = -1;
  last.speaks = self == 0;
  va_start(args, fmt);
  vsnprintf(last.text, sizeof last.text, fmt, args);
  va_end(args);
  return st;
}

tartan_status tt_fail_at(tartan_status st, int rank, int me, const char *message)
{
  last.rank = rank;
  last.speaks = rank < 0 ? self == 0 : me == rank;
  if (message != last.text) snprintf(last.text, sizeof last.text, "%s", message);
  return st;
}

void tt_error_set_self(int rank, int size)
{
  if (size < largest) return;
  self = rank;
  largest = size;
}
