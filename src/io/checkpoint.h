/**
 * @file checkpoint.h
 * The state of a run that takes long, in a file: when to write one, two generations of it, and taking it up again.
 *
 * A state is one text and some large datasets. It is written under another name, read back, compared with a sum over all
 * that it holds, and only then takes the place of the one before, which stays as FILE.1. So at every moment there is a whole
 * one, whatever is killed, and a file that was damaged later is told by its sum.
 */
#ifndef TT_IO_CHECKPOINT_H
#define TT_IO_CHECKPOINT_H

#include "comm/grid.h"
#include "io/output.h"
#include "io/place.h"

typedef enum tt_asked { TT_ASKED_NOTHING, TT_ASKED_BY_SIGNAL, TT_ASKED_BY_CLOCK } tt_asked;

/** Whether to stop now, where the next look comes in so many seconds. Local; any rank's word counts. */
typedef tt_asked tt_stop(void *context, double ahead);

/** What a long run wants of its passes: set in grid->checkpoint by the program, NULL else. */
typedef struct tt_checkpoint {
  const char *path;          /**< of the newest generation */
  const char *configuration; /**< "name=value; name=value": all that the state depends on; rank 0's counts */
  bool        resume;        /**< take up a state that is there */
  const char *from;          /**< NULL, or the one file to take it from */
  double      every;         /**< seconds from one to the next */
  double      saved;         /**< clock when the last one was written, or the run began; rank 0's counts */
  double      cost;          /**< seconds that the last one took */
  tt_stop    *stop;
  void       *context;
  void (*tell)(void *context, const char *text); /**< what was taken up: "in the pass over the data, 62 % done" */
  const char *reason; /**< of a stop: "a signal", "the time limit"; set by the look, the same on every rank */
} tt_checkpoint;

typedef enum tt_verdict { TT_STOP, TT_SAVE, TT_GO } tt_verdict;

/**
 * Whether to stop here, with the state written, or to write it and go on. TT_GO where the grid has no checkpoint.
 * Collective; not counted as traffic.
 *
 * @param[in] ahead  seconds until the next look, about
 */
tartan_status tt_checkpoint_look(tartan_grid *grid, double ahead, tt_verdict *verdict);

/**
 * What becomes of a state that was written, or not: a failure is a warning where the run goes on, and its end where it is
 * to stop. Collective.
 *
 * @param[in] written  the status of writing it
 * @param[in] where    for the message: "in the pass over the data"
 * @retval TARTAN_ERR_INTERRUPTED  all is well, and verdict is TT_STOP
 */
tartan_status tt_checkpoint_done(tartan_grid *grid, tt_verdict verdict, tartan_status written, const char *where);

/** TARTAN_ERR_INTERRUPTED if a look says stop: for phases that keep no state of their own. Collective. */
tartan_status tt_checkpoint_leave(tartan_grid *grid, double ahead, const char *where);

/** Removes both generations, and what a killed run may have left beside them. Local, on one rank. */
void tt_checkpoint_remove(const char *path);

/* ------------------------------------------------------------------------------------------------ writing */

typedef struct tt_saving tt_saving;

/**
 * Begins a state. Collective.
 *
 * @param[in] kind   attribute `format`: "tartan-gram-checkpoint"
 * @param[in] state  any text
 */
tartan_status tt_saving_begin(tartan_grid *grid, const char *path, const char *kind, const char *configuration,
                              const char *state, tt_saving **saving);

/** Declares a dataset; one without elements is left out. Same on all ranks. */
void tt_saving_declare(tt_saving *saving, const char *name, tartan_dtype dtype, int64_t rows, int64_t cols);

/** As tt_output_open(), tt_output_rows() and tt_output_matrix(). Collective. */
tartan_status tt_saving_open(tt_saving *saving);
tartan_status tt_saving_rows(tt_saving *saving, const char *name, int64_t row0, int64_t nrows, const void *buf);
tartan_status tt_saving_matrix(tt_saving *saving, const char *name, const tartan_matrix *A);

/**
 * Makes it the newest generation. Collective.
 *
 * @retval TARTAN_ERR_IO  it could not be written, or read back; the generations that were are there still
 */
tartan_status tt_saving_commit(tt_saving **saving);

/** Ends one that is not to be. NULL is accepted. Collective. */
void tt_saving_discard(tt_saving **saving);

/* ------------------------------------------------------------------------------------------------ reading */

#define TT_STATE_PATH (TT_PATH_MAX + 8) /* of a generation */
#define TT_STATE_SOURCE (TT_PATH_MAX + 64)
#define TT_STATE_MARKS 5

/** A state that was found. */
typedef struct tt_saved {
  char    path[TT_STATE_PATH];  /**< of the generation */
  char   *text;                 /**< on every rank; tt_free() */
  int64_t mark[TT_STATE_MARKS]; /**< which file that is; rank 0's counts */
  int     kind;                 /**< its place among the kinds that were asked for, from 1 */
} tt_saved;

/**
 * The newest generation that is whole; a warning names one that is not. Collective.
 *
 * @param[in]  kind           or kinds, with spaces between, the one for messages first
 * @param[in]  configuration  of this run
 * @param[in]  alone          FILE.1 is not looked at
 * @param[out] found          false: there is none
 * @retval TARTAN_ERR_CHECKPOINT  all that are there are damaged, or it is of another kind or configuration
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO  the latter also where another run replaces it meanwhile
 */
tartan_status tt_saved_find(tartan_grid *grid, const char *path, const char *kind, const char *configuration,
                            bool alone, tt_saved *saved, bool *found);

/** The state that grid->checkpoint is to take up, if there is one. Collective. As tt_saved_find(). */
tartan_status tt_checkpoint_find(tartan_grid *grid, const char *kind, tt_saved *saved, bool *found);

/** "PATH:/name" of a dataset of the state. Local. Returns text. */
const char *tt_saved_source(const tt_saved *saved, const char *name, char text[TT_STATE_SOURCE]);

/**
 * Whether the file is still the one that was found: to be asked behind the last dataset that is opened by its name, since text
 * and datasets of two states make a wrong result. Collective.
 *
 * @retval TARTAN_ERR_IO  another run has replaced it
 */
tartan_status tt_saved_check(tartan_grid *grid, const tt_saved *saved);

/** Gives the text back. Local. */
void tt_saved_end(tt_saved *saved);

#endif
