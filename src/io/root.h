/**
 * @file root.h
 * Work that rank 0 does for all.
 */
#ifndef TT_IO_ROOT_H
#define TT_IO_ROOT_H

#include "comm/agree.h"

/**
 * The verdict of rank 0 on something that all ranks share, a file for example, on all ranks. Collective.
 *
 * What is wrong with a file counts as found by every rank alike: nobody wants to read that it was rank 0 that looked.
 * A failure of the system or of memory stays that of rank 0.
 *
 * @param[in] local  of rank 0; TARTAN_OK on the others
 */
static inline tartan_status tt_root_verdict(tartan_grid *grid, tartan_status local)
{
  const tartan_status st = tt_agree(grid, local);

  if (st == TARTAN_ERR_ARG || st == TARTAN_ERR_INPUT || st == TARTAN_ERR_FORMAT || st == TARTAN_ERR_EXISTS)
    (void)tt_fail_at(st, -1, grid->rank, tartan_error_message());
  return st;
}

#endif
