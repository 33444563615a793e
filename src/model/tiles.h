/**
 * @file tiles.h
 * Tiles of items that go round the ranks. What a tile is, how it is read and what is done with it is the caller's.
 */
#ifndef TT_MODEL_TILES_H
#define TT_MODEL_TILES_H

#include "comm/agree.h"

/** What one rank gives to the round in one step. */
typedef struct tt_tile {
  int64_t row, rows; /**< items row .. row + rows - 1 */
  int64_t count;     /**< how many of them are in it */
  char   *memory;
} tt_tile;

/** A round, the same on every rank but for what it reads. */
typedef struct tt_tiles {
  tartan_grid *grid;
  int64_t      steps; /**< tiles of each rank, some of no items */
  int64_t      most;  /**< elements of the largest tile */
  size_t       width; /**< bytes of an element */
  const char  *phase; /**< for people: "searching" */
  void        *context;

  /** Fills in row, rows and count. Local; the same answer on every rank. */
  void (*find)(const void *context, int64_t step, int owner, tt_tile *tile);

  /** Elements of a tile of so many items, at least 1. Local. */
  int64_t (*elements)(const void *context, int64_t count);

  /**
   * Fills this rank's own tile. Local.
   *
   * @param[in,out] bad  becomes the least that tt_rows_bad() says of its items, the first that are not finite
   */
  tartan_status (*read)(void *context, int64_t step, const tt_tile *tile, int64_t *bad);

  /** One tile against all that this rank has. Local. */
  void (*compare)(void *context, const tt_tile *tile);
} tt_tiles;

/**
 * Sends the tiles round until each rank has seen all of them. Collective.
 *
 * @retval TARTAN_ERR_INPUT  an item is not finite: the first of all is named
 * @retval TARTAN_ERR_NOMEM, or what reading failed with
 */
tartan_status tt_tiles_go(const tt_tiles *tiles);

#endif
