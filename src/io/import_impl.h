/**
 * @file import_impl.h
 * A source that is read on rank 0, and the formats that read it. Everything here is local.
 */
#ifndef TT_IO_IMPORT_IMPL_H
#define TT_IO_IMPORT_IMPL_H

#include <locale.h>
#include <zlib.h>

#include "base/memory.h"
#include "io/place.h"
#include "io/text_import.h"

/** A file read in order, decompressed if need be. */
typedef struct tt_stream {
  char    path[TT_PATH_MAX];
  gzFile  file;
  char   *buf; /* [room]: what was read and not yet taken is [at, have) */
  int64_t room, at, have;
  int64_t line; /* of the line that was last given, from 1 */
} tt_stream;

/** Opens a file for reading. */
tartan_status tt_stream_open(tt_memory *memory, const char *path, tt_stream *stream);

/** Back to the beginning. */
tartan_status tt_stream_rewind(tt_stream *stream);

/** Exactly so many bytes; TARTAN_ERR_FORMAT if the file ends before. */
tartan_status tt_stream_read(tt_stream *stream, int64_t bytes, void *to);

/** The next line without its end, zero-terminated in the stream's memory; *line = NULL at the end of the file. */
tartan_status tt_stream_line(tt_memory *memory, tt_stream *stream, char **line);

/** Ends the reading. */
void tt_stream_close(tt_stream *stream);

/** What becomes of a column of a table. */
typedef enum tt_column { TT_COLUMN_KEPT, TT_COLUMN_LEFT_OUT, TT_COLUMN_ID } tt_column;

/** Texts one behind the other, each with its zero; the room grows. */
typedef struct tt_text_list {
  char   *text;
  int64_t count, used, room;
} tt_text_list;

/** An import under way. */
typedef struct tt_import_job {
  tt_memory       *memory;
  tt_import_opts   opts;
  tt_stream        stream;
  tt_import_result result;
  bool             swap;    /* elements in the other byte order */
  int64_t          wide;    /* bytes of an element in the source */
  bool             fortran; /* the first index runs fastest */
  int64_t          data_at; /* where the elements begin, for fortran order */
  int              fd;      /* of the source, for fortran order; -1 */
  char             separator;
  bool             header;  /* the first line holds names */
  int64_t          columns; /* of the source, of which result.cols are kept */
  tt_column       *column;  /* [columns] */
  tt_text_list     ids;     /* names of the samples */
  const char     **id;      /* [ids.count], into it */
  char           **name;    /* [result.names], in one piece of memory */
  locale_t         locale;  /* numbers have a point, whatever the program's language */
} tt_import_job;

/** Reads a header, and sets shape and element type. */
tartan_status tt_idx_begin(tt_import_job *job);
tartan_status tt_npy_begin(tt_import_job *job);
tartan_status tt_csv_begin(tt_import_job *job);

/** Where the first cell of a line begins, where a cell ends, and where the next begins, or NULL. */
const char *tt_csv_first_cell(const tt_import_job *job, const char *line);
const char *tt_csv_cell_end(const tt_import_job *job, const char *at);
const char *tt_csv_next_cell(const tt_import_job *job, const char *end);

/** Takes blanks and quotes from both ends of a cell. */
void tt_csv_bare_cell(const char **at, const char **end);

/** Settles what becomes of each column, by the options and the first line; *named: some are asked for by name. */
tartan_status tt_csv_columns(tt_import_job *job, const char *line, bool *named);

/** Keeps the sample name of a line, if there is a column of such; tt_csv_ids_end() makes the list of them. */
tartan_status tt_csv_keep_id(tt_import_job *job, const char *line);
tartan_status tt_csv_ids_end(tt_import_job *job);

/** The next rows, from row0 on, in the element type of the result. */
tartan_status tt_array_rows(tt_import_job *job, int64_t row0, int64_t nrows, void *buf);
tartan_status tt_csv_rows(tt_import_job *job, int64_t row0, int64_t nrows, double *buf);

/** The number that a text is, to the last bit; false if it is none. The text may be changed after its end only. */
bool tt_number_parse(const char *text, const char *end, locale_t locale, double *value);

#endif
