/**
 * @file text_file.h
 * Small text files: rank 0 reads and writes, all ranks get the text or the verdict.
 */
#ifndef APP_TEXT_FILE_H
#define APP_TEXT_FILE_H

#include "common/run.h"

/**
 * Reads a whole file. Collective.
 *
 * @param[in]  most  bytes that it may have
 * @param[out] text  to be given to tt_free(); NULL after a failure
 * @retval TARTAN_ERR_INPUT  it is not there or cannot be read, has more bytes, or one of zero
 */
tartan_status app_text_read(app_run *run, const char *path, int64_t most, char **text);

/** Writes a file that appears under its name only when complete. Collective; text counts on rank 0. TARTAN_ERR_IO. */
tartan_status app_text_write(app_run *run, const char *path, const char *text);

#endif
