/**
 * @file page_run.h
 * The parts of a page that every command has: figures at the top, where the time went, traffic, the environment, the command.
 * Calls are local but for
 * app_page_write(); run->figures must have been measured.
 */
#ifndef APP_PAGE_RUN_H
#define APP_PAGE_RUN_H

#include "common/page.h"
#include "common/run.h"

/** The last part of a path. */
const char *app_base_name(const char *path);

/** One figure of <dl class="facts">. */
void app_page_fact(FILE *out, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** 60000 as "60 000", with a space that does not break. Returns text. */
const char *app_page_grouped(int64_t value, char text[48]);

/** Sections, each complete. */
void app_page_time(FILE *out, const app_run *run);
void app_page_traffic(FILE *out, const app_run *run);
void app_page_environment(FILE *out, const app_run *run);
void app_page_command(FILE *out, const app_run *run); /**< and warnings before it */

/**
 * Writes a file on rank 0. Collective.
 *
 * @param[in] write  puts the page into the stream; local
 * @retval TARTAN_ERR_IO  the file cannot be written; else what `write` returned
 */
tartan_status app_page_write(app_run *run, const char *path, tartan_status (*write)(FILE *out, const void *context),
                             const void *context);

#endif
