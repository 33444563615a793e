/**
 * @file peers.h
 * --compare: which peers are run beside ours.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include "common/measure.h"
#include "common/record.h"

/** A peer that a benchmark offers. */
typedef struct bench_offer {
  const char *name; /**< NULL ends the list */
  tartan_status (*run)(void *context);
} bench_offer;

/**
 * Adds to the cases what a list with commas asks for. Local, the same on every rank.
 *
 * @param[in] list  as given to --compare; NULL: nothing
 * @retval TARTAN_ERR_ARG  a word that is not offered; the message names those that are
 */
tartan_status bench_peers_add(const char *list, const bench_offer *offers, bench_cases *cases);

/** Whether a word stands in a list with commas. Local. */
bool bench_peers_asked(const char *list, const char *name);

/** Enters the peers that were run into the record, with ratios to ours. Local. */
void bench_peers_record(const bench_offer *offers, const bench_cases *cases, const double *ours, bench_record *r);

#endif
