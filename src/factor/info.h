/**
 * @file info.h
 * What a factorization tells its caller.
 */
#ifndef TT_FACTOR_INFO_H
#define TT_FACTOR_INFO_H

#include <tartan/factor.h>

/** Fills *info: condition unknown, no rank. Local. NULL is accepted. */
void tt_factor_tell(tartan_factor_info *info, const char *method, const char *reason, int64_t found, double seconds);

#endif
