#include "common/peers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool word_is(const char *word, size_t length, const char *name)
{
  return strlen(name) == length && strncmp(word, name, length) == 0;
}

bool bench_peers_asked(const char *list, const char *name)
{
  for (const char *word = list; word && *word;) {
    const size_t length = strcspn(word, ",");

    if (word_is(word, length, name)) return true;
    word += length + (word[length] == ',');
  }
  return false;
}

/* "openblas, scalapack": for the message. */
static void list_offers(const bench_offer *offers, char *text, size_t size)
{
  size_t at = 0;

  text[0] = '\0';
  for (const bench_offer *o = offers; o->name && at < size; o++)
    at += (size_t)snprintf(text + at, size - at, "%s%s", o == offers ? "" : ", ", o->name);
}

tartan_status bench_peers_add(const char *list, const bench_offer *offers, bench_cases *cases)
{
  char          known[160];
  tartan_status st = TARTAN_OK;

  list_offers(offers, known, sizeof known);
  for (const char *word = list; word && *word;) {
    const size_t       length = strcspn(word, ",");
    const bench_offer *o = offers;

    while (o->name && !word_is(word, length, o->name)) o++;
    REQUIRE(o->name, TARTAN_ERR_ARG, "--compare takes %s, with commas between, not \"%.*s\"", known, (int)length, word);
    if (!bench_cases_has(cases, o->name)) bench_cases_add(cases, o->name, o->run);
    word += length + (word[length] == ',');
  }
done:
  return st;
}

void bench_peers_record(const bench_offer *offers, const bench_cases *cases, const double *ours, bench_record *r)
{
  for (const bench_offer *o = offers; o->name; o++) {
    const double *seconds = bench_cases_of(cases, o->name);

    if (!seconds || r->peers == BENCH_PEERS_MAX) continue;
    r->peer[r->peers++] = (bench_peer){.name = o->name,
                                       .seconds_median = bench_median(seconds, cases->reps),
                                       .ratio = bench_ratio(seconds, ours, cases->reps),
                                       .bytes_max = NAN};
  }
}
