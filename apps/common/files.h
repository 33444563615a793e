/**
 * @file files.h
 * Result files as the program makes them: their names, the attributes that tell where they come from, and the check
 * whether one that exists is what would be written again.
 */
#ifndef APP_FILES_H
#define APP_FILES_H

#include "common/run.h"
#include "io/dataset.h"
#include "io/output.h"

#define APP_NOTES_MAX 72

/** Named texts and integers in order: root attributes, or the options that make up a configuration. Zero-initialise. */
typedef struct app_notes {
  tartan_attribute item[APP_NOTES_MAX];
  int              count;
  size_t           used;
  char             text[32768];
} app_notes;

/** Appends a text; what does not fit any more is left out. Local. */
void app_note(app_notes *notes, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** Appends an integer. Local. */
void app_note_count(app_notes *notes, const char *name, int64_t value);

/** All notes as one line "name=value; name=value". Local. Returns text. */
const char *app_notes_line(const app_notes *notes, char *text, size_t length);

/** Makes all notes attributes of the root group of an output. Local, same on all ranks. */
void app_notes_write(const app_notes *notes, tt_output *out);

/** Appends what every result file says of its origin: version, command line, libraries, ranks, threads, job. Local. */
void app_note_origin(app_notes *notes, const app_run *run);

/** Appends path, size and time of an input. Local. */
void app_note_input(app_notes *notes, const tt_dataset_info *info);

/** The same of another input. @param[in] names  of the three; they must outlive the notes */
void app_note_input_as(app_notes *notes, const char *const names[3], const tt_dataset_info *info);

/** The same of "FILE" or "FILE:/path" as it was given, without opening it; of what is no file, the text. Local. */
void app_note_source(app_notes *notes, const char *const names[3], const char *source);

/**
 * The name of a result beside its input: "dir/data.h5:/X" gives "dir/data.SUFFIX". Local.
 *
 * @retval TARTAN_ERR_ARG  the name is too long
 */
tartan_status app_result_name(const char *source, const char *suffix, char *name, size_t length);

/**
 * Refuses an output that is one of the inputs, under whatever name or link, since writing it would destroy what is to be
 * read. Collective.
 *
 * @param[in] output   path of a file to be written; it need not exist. Where it is app_set.json, no report is written
 *                     after a refusal.
 * @param[in] sources  [count] "FILE" or "FILE:/path"; NULL ones are passed over
 * @retval TARTAN_ERR_ARG  it is an input, whether --force is given or not
 */
tartan_status app_check_output(app_run *run, const char *output, const char *const *sources, int count);

/**
 * Refuses a JSON report over an input: an operand, or a file that an option names. Collective.
 *
 * @param[in] sources  [count] operands
 * @retval TARTAN_ERR_ARG
 */
tartan_status app_check_report(app_run *run, const char *const *sources, int count);

/** Refuses a result in the same file as the JSON report, which would replace it. Collective; TARTAN_ERR_ARG. */
tartan_status app_check_result(app_run *run, const char *path);

/** The last line of every command that writes: "written  FILE:/path"; path may be NULL. Nothing with --quiet. Local. */
void app_say_written(const app_run *run, const char *file, const char *path);

/**
 * Looks whether a result may be written, before any data is read. Collective.
 *
 * @param[in]  configuration  what the file would get as its attribute `configuration`, by app_notes_line()
 * @param[in]  force          an existing file is to be replaced
 * @param[out] done           the file exists, is complete and of this configuration: nothing is left to do
 * @retval TARTAN_ERR_EXISTS     it is of another configuration; the message names what differs
 * @retval TARTAN_ERR_TOLERANCE  it is of this configuration and marked as short of its tolerance
 */
tartan_status app_result_exists(app_run *run, const char *path, const char *configuration, bool force, bool *done);

#endif
