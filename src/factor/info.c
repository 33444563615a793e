/* The record of what was done. */
#include "factor/info.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void tt_factor_tell(tartan_factor_info *info, const char *method, const char *reason, int64_t found, double seconds)
{
  if (!info) return;
  memset(info, 0, sizeof *info);
  snprintf(info->method, sizeof info->method, "%s", method);
  snprintf(info->reason, sizeof info->reason, "%s", reason);
  info->condition = (double)NAN;
  info->rank = -1;
  info->found = found;
  info->seconds = seconds;
}
