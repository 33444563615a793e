// TEST: np=1,3 labels=unit,io
/* Import of IDX, CSV, TSV and .npy, export, and both ways; what is not of these formats is named with its place. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "check.h"
#include "comm/grid.h"
#include "h5file.h"
#include "io/dataset.h"
#include "io/small.h"
#include "io/text_export.h"
#include "io/text_import.h"
#include "io_files.h"
#include "world.h"

static tartan_status import(tartan_grid *grid, const void *bytes, size_t length, bool gzip, const char *format,
                            tt_import_result *r)
{
  io_bytes_file("source.bin", bytes, length, gzip);
  return tt_import(grid, "source.bin", "to.h5", &(tt_import_opts){.format = format, .force = true}, r);
}

/* Imports, and compares the dataset with rows x cols values. */
static void check_import(tartan_grid *grid, const char *what, const void *bytes, size_t length, const char *format,
                         int64_t rows, int64_t cols, const double *values, tt_import_result *r)
{
  double *x = malloc((size_t)(rows * cols) * sizeof *x);

  for (int gzip = 0; gzip < 2; gzip++) {
    check_context("%s%s", what, gzip ? ", compressed" : "");
    if (!CHECK_OK(import(grid, bytes, length, gzip, format, r))) break;
    CHECK_EQ(r->rows, rows);
    CHECK_EQ(r->cols, cols);
    CHECK(r->gzip == (gzip != 0));
    if (grid->rank == 0 && CHECK(h5_read("to.h5", "/X", rows, cols, x))) {
      for (int64_t i = 0; i < rows * cols; i++) CHECK(x[i] == values[i] || (isnan(x[i]) && isnan(values[i])));
    }
  }
  free(x);
}

static void test_idx(tartan_grid *grid)
{
  const char       images[] = "\0\0\010\003\0\0\0\002\0\0\0\001\0\0\0\003\001\002\003\004\005\377";
  const char       labels[] = "\0\0\010\001\0\0\0\003\007\010\011";
  const char       shorts[] = "\0\0\013\002\0\0\0\001\0\0\0\002\001\0\377\376";
  const char       floats[] = "\0\0\015\001\0\0\0\001\300\0\0\0";
  const double     image[] = {1, 2, 3, 4, 5, 255}, label[] = {7, 8, 9}, number[] = {256, -2}, two[] = {-2};
  tt_import_result r;
  tt_dataset      *d = NULL;

  check_import(grid, "images", images, sizeof images - 1, NULL, 2, 3, image, &r);
  CHECK(r.element == TT_EL_U8 && r.image_height == 1 && r.image_width == 3 && strcmp(r.format, "idx") == 0);
  CHECK_OK(tt_dataset_open(grid, "to.h5", NULL, &d));
  CHECK(tt_dataset_get_info(d)->element == TT_EL_U8);
  CHECK_EQ(tt_dataset_get_info(d)->image_width, 3);
  tt_dataset_close(&d);
  check_import(grid, "labels", labels, sizeof labels - 1, "idx", 3, 1, label, &r);
  check_import(grid, "int16", shorts, sizeof shorts - 1, NULL, 1, 2, number, &r);
  CHECK(r.element == TT_EL_I16);
  check_import(grid, "float32", floats, sizeof floats - 1, NULL, 1, 1, two, &r);

  check_context("cut off IDX");
  CHECK_STATUS(import(grid, images, sizeof images - 3, false, NULL, &r), TARTAN_ERR_FORMAT);
  CHECK(io_message_has("2 bytes are missing"));
  CHECK_STATUS(import(grid, images, 7, false, "idx", &r), TARTAN_ERR_FORMAT);
  CHECK_STATUS(import(grid, "\0\0\010\001\0\0\0\0", 8, false, NULL, &r), TARTAN_ERR_INPUT);
}

static void test_csv(tartan_grid *grid)
{
  const char       named[] = "\357\273\277x, \"y, z\",w\r\n# a comment\r\n1,2.5,-3e-2\r\n\r\n,NaN,\"7\"\r\n";
  const double     values[] = {1, 2.5, -3e-2, NAN, NAN, 7};
  const char       digits[] = "0.1,1e300,4.9406564584124654e-324\n123456789012345678,0.3,-0\n";
  const double     plain[] = {1, 2, 3, 4}, exact[] = {0.1, 1e300, 5e-324, 123456789012345678.0, 0.3, -0.0};
  tt_import_result r;
  tt_small        *file = NULL;
  const char     **names = NULL;
  int64_t          count = 0;

  check_import(grid, "CSV with names", named, sizeof named - 1, NULL, 2, 3, values, &r);
  CHECK_EQ(r.names, 3);
  CHECK_EQ(r.missing, 2);
  CHECK(r.element == TT_EL_F64);
  CHECK_OK(tt_small_open(grid, "to.h5", &file));
  CHECK_OK(tt_small_strings(file, "/feature_names", true, &names, &count));
  CHECK(count == 3 && strcmp(names[0], "x") == 0 && strcmp(names[1], "y, z") == 0 && strcmp(names[2], "w") == 0);
  tt_free(names);
  tt_small_close(&file);

  check_import(grid, "CSV without names", "1,2\n3,4", 7, NULL, 2, 2, plain, &r);
  CHECK_EQ(r.names, 0);
  check_import(grid, "semicolons", "1;2\n3;4\n", 8, NULL, 2, 2, plain, &r);
  check_import(grid, "tabs", "1\t2\n3\t4\n", 8, NULL, 2, 2, plain, &r);
  check_import(grid, "blanks", " 1  2 \n3 4\n", 11, NULL, 2, 2, plain, &r);
  check_import(grid, "a column", "1\n2\n3\n4\n", 8, "csv", 4, 1, plain, &r);
  check_import(grid, "digits", digits, sizeof digits - 1, NULL, 2, 3, exact, &r);
}

/* Lines longer than the reader's first memory, the second without an end. */
static void test_long_lines(tartan_grid *grid)
{
  const int64_t    cols = 700000, length = 4 * cols - 1;
  char            *text = malloc((size_t)length);
  tt_dataset      *d = NULL;
  tt_import_result r;
  double           x[4] = {0};

  check_context("long lines");
  for (int64_t i = 0; i < length; i++) text[i] = i % 2 ? ',' : (char)('1' + (i / 2) % 3);
  text[2 * cols - 1] = '\n';
  CHECK_OK(import(grid, text, (size_t)length, false, NULL, &r));
  CHECK(r.rows == 2 && r.cols == cols);
  if (CHECK_OK(tt_dataset_open(grid, "to.h5", NULL, &d))) CHECK_OK(tt_dataset_read(d, 0, 2, cols - 2, 2, x));
  for (int64_t i = 0; i < 4; i++) CHECK(x[i] == (double)(1 + (i < 2 ? cols - 2 + i : 2 * cols - 4 + i) % 3));
  tt_dataset_close(&d);
  free(text);
}

static void refuse(tartan_grid *grid, const char *text, const char *format, tartan_status status, const char *part)
{
  tt_import_result r;

  check_context("\"%s\"", text);
  CHECK_STATUS(import(grid, text, strlen(text), false, format, &r), status);
  CHECK(io_message_has(part));
}

static void test_bad(tartan_grid *grid)
{
  tt_import_result r;

  refuse(grid, "a,b\n1,2\n3,x\n", NULL, TARTAN_ERR_FORMAT, "source.bin: line 3, column 2 (b): \"x\" is no number");
  refuse(grid, "1,2\n\n3,4,5\n", NULL, TARTAN_ERR_FORMAT, "line 3 has 3 columns, the first line has 2");
  refuse(grid, "1,2\n3\n", NULL, TARTAN_ERR_FORMAT, "line 2 has 1 column,");
  refuse(grid, "a,b\n", NULL, TARTAN_ERR_INPUT, "no line of numbers");
  refuse(grid, "# only\n", "csv", TARTAN_ERR_INPUT, "no line of numbers");
  refuse(grid, "", NULL, TARTAN_ERR_INPUT, "is empty");
  refuse(grid, "1,2\n", "xlsx", TARTAN_ERR_ARG, "idx, csv, tsv or npy");
  refuse(grid, "1,2\n", "npy", TARTAN_ERR_FORMAT, "cut off");
  refuse(grid, "PAR1", NULL, TARTAN_ERR_FORMAT, "Parquet");
  CHECK_STATUS(tt_import(grid, "none.csv", "to.h5", &(tt_import_opts){.force = true}, &r), TARTAN_ERR_INPUT);
  CHECK_STATUS(tt_import(grid, "source.bin", "to.h5", NULL, &r), TARTAN_ERR_EXISTS);
  io_bytes_file("source.bin", "1,2,3,4,5,6\n1,2,3,4,5,6\n", 24, true);
  io_cut_file("source.bin", -10);
  CHECK_STATUS(tt_import(grid, "source.bin", "to.h5", &(tt_import_opts){.format = "csv", .force = true}, &r),
               TARTAN_ERR_FORMAT);
  CHECK(io_message_has("gzip"));
  CHECK_EQ(io_count_files(".part"), 0);
}

/* A .npy file: header and elements. */
static size_t make_npy(char *to, int version, const char *dict, const void *elements, size_t bytes)
{
  const size_t prefix = version == 1 ? 10 : 12, length = strlen(dict) + 1;

  memcpy(to, "\223NUMPY\0\0\0\0\0", 12);
  to[6] = (char)version;
  to[8] = (char)(length & 255);
  to[9] = (char)(length >> 8);
  snprintf(to + prefix, length + 1, "%s\n", dict);
  memcpy(to + prefix + length, elements, bytes);
  return prefix + length + bytes;
}

static void test_npy(tartan_grid *grid)
{
  static const struct {
    const char *dict;
    const void *elements;
    size_t      bytes;
    int64_t     rows, cols;
    double      values[6];
    tt_element  element;
  } cases[] = {{"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }",
                "\1\2\3\4\5\6",
                6,
                2,
                3,
                {1, 2, 3, 4, 5, 6},
                TT_EL_U8},
               {"{'descr': '>i2', 'fortran_order': False, 'shape': (3,), }",
                "\0\1\377\377\1\0",
                6,
                3,
                1,
                {1, -1, 256},
                TT_EL_I16},
               {"{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2), }",
                "\0\74\0\300\1\0\0\174",
                8,
                2,
                2,
                {1, -2, 5.9604644775390625e-8, INFINITY},
                TT_EL_F32},
               {"{'descr': '>f4', 'fortran_order': False, 'shape': (), }", "\100\0\0\0", 4, 1, 1, {2}, TT_EL_F32},
               {"{'descr': '|b1', 'fortran_order': False, 'shape': (1, 1, 2), }", "\0\1", 2, 1, 2, {0, 1}, TT_EL_U8}};
  char             bytes[512];
  tt_import_result r;

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int version = 1; version <= 3; version++) {
      const size_t length = make_npy(bytes, version, cases[i].dict, cases[i].elements, cases[i].bytes);

      check_import(grid, cases[i].dict, bytes, length, NULL, cases[i].rows, cases[i].cols, cases[i].values, &r);
      CHECK(r.element == cases[i].element);
    }
  }
}

static void test_npy_order(tartan_grid *grid)
{
  const char       fortran[] = "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }";
  const double     values[] = {1, 3, 5, 2, 4, 6};
  double           x[6];
  char             bytes[512];
  size_t           length = make_npy(bytes, 1, fortran, "\1\2\3\4\5\6", 6);
  tt_import_result r;

  check_context("Fortran order");
  CHECK_OK(import(grid, bytes, length, false, NULL, &r));
  if (grid->rank == 0 && CHECK(h5_read("to.h5", "X", 2, 3, x)))
    for (int i = 0; i < 6; i++) CHECK(x[i] == values[i]);
  CHECK_STATUS(import(grid, bytes, length, true, NULL, &r), TARTAN_ERR_FORMAT);
  CHECK(io_message_has("gunzip"));
  CHECK_STATUS(import(grid, bytes, length - 1, false, NULL, &r), TARTAN_ERR_IO);
  length = make_npy(bytes, 1, "{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }", "", 0);
  CHECK_STATUS(import(grid, bytes, length, false, NULL, &r), TARTAN_ERR_FORMAT);
  CHECK(io_message_has("c16"));
  length = make_npy(bytes, 1, "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }", "", 0);
  CHECK_STATUS(import(grid, bytes, length, false, NULL, &r), TARTAN_ERR_FORMAT);
  length = make_npy(bytes, 1, "{'shape': (1,), }", "", 0);
  CHECK_STATUS(import(grid, bytes, length, false, NULL, &r), TARTAN_ERR_FORMAT);
}

static double awkward(int64_t i, int64_t j, void *context)
{
  (void)context;
  return i == 3 ? NAN : (double)(i + 1) / (double)(3 + 7 * j) * (i % 2 ? -1e-200 : 1e17);
}

/* Out and in again gives the same bits. */
static void check_both_ways(tartan_grid *grid, const char *type, const char *to)
{
  const h5_layout  layout = {.type = type, .chunk_rows = 2, .chunk_cols = 3};
  const bool       single = type[1] == 'f' && type[2] == '4';
  double           before[35] = {0}, after[35] = {0};
  tt_import_result in;
  tt_export_result out;
  tartan_io_opts   o = TARTAN_IO_OPTS_INIT;

  check_context("%s as %s", type, to);
  o.force = true;
  h5_write("from.h5", "Y", &layout, 7, 5, awkward, NULL);
  if (!CHECK_OK(tt_export(grid, "from.h5:/Y", NULL, to, &o, &out))) return;
  CHECK(out.rows == 7 && out.cols == 5 && strcmp(out.path, "/Y") == 0 && strcmp(out.format, to + 2) == 0);
  CHECK_STATUS(tt_export(grid, "from.h5", NULL, to, NULL, &out), TARTAN_ERR_EXISTS);
  if (!CHECK_OK(tt_import(grid, to, "to.h5", &(tt_import_opts){.force = true}, &in))) return;
  if (grid->rank > 0) return;
  CHECK(h5_read("from.h5", "Y", 7, 5, before) && h5_read("to.h5", "X", 7, 5, after));
  for (int i = 0; i < 35; i++) {
    const bool same = single ? (float)before[i] == (float)after[i] : before[i] == after[i];

    CHECK((same && signbit(before[i]) == signbit(after[i])) || (isnan(before[i]) && isnan(after[i])));
  }
}

static void test_export(tartan_grid *grid)
{
  tt_export_result r;
  const int64_t    four = 4;
  tt_import_result in;
  tartan_io_opts   o = TARTAN_IO_OPTS_INIT;

  check_both_ways(grid, "<f8", "o.csv");
  check_both_ways(grid, ">f4", "o.npy");
  check_both_ways(grid, "<f4", "o.tsv");
  check_both_ways(grid, "<i8", "o.npy");

  check_context("names and vectors");
  o.force = true;
  CHECK_OK(import(grid, "a,\"b c\"\n1,2\n", 12, false, NULL, &in));
  CHECK_OK(tt_export(grid, "to.h5", "csv", "o.txt", &o, &r));
  CHECK_EQ(r.names, 2);
  CHECK_EQ(r.bytes, 12);
  h5_write_shape("vector.h5", "v", "<i2", 1, &four, false);
  CHECK_OK(tt_export(grid, "vector.h5", NULL, "o.csv", &o, &r));
  CHECK(r.rows == 4 && r.cols == 1);
  CHECK_EQ(r.bytes, 8);
  CHECK_STATUS(tt_export(grid, "vector.h5", NULL, "o.xls", &o, &r), TARTAN_ERR_ARG);
  CHECK_STATUS(tt_export(grid, "none.h5", NULL, "o.csv", &o, &r), TARTAN_ERR_INPUT);
  CHECK_STATUS(tt_export(grid, "vector.h5", NULL, "no/folder/o.csv", &o, &r), TARTAN_ERR_IO);
  CHECK_EQ(io_count_files(".part"), 0);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  if (check_rank() == 0) unlink("o.csv"), unlink("o.npy"), unlink("o.tsv");
  grid = grid_world();
  test_idx(grid);
  test_csv(grid);
  test_long_lines(grid);
  test_bad(grid);
  test_npy(grid);
  test_npy_order(grid);
  test_export(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
