#include "common/text_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/place.h"
#include "io/root.h"

/* The bytes of a file into text [most + 1]. Local. */
static tartan_status fill(const char *path, int64_t most, char *text, int64_t *length)
{
  FILE         *file = fopen(path, "r");
  tartan_status st = TARTAN_OK;

  REQUIRE(file, TARTAN_ERR_INPUT, "cannot read %s: %s", path, strerror(errno));
  *length = (int64_t)fread(text, 1, (size_t)most + 1, file);
  REQUIRE(!ferror(file), TARTAN_ERR_INPUT, "cannot read %s: %s", path, strerror(errno));
  REQUIRE(*length <= most, TARTAN_ERR_INPUT, "%s is longer than %lld bytes", path, (long long)most);
  text[*length] = 0;
  REQUIRE(strlen(text) == (size_t)*length, TARTAN_ERR_INPUT, "%s is no text: it has a byte of zero", path);
done:
  if (file) fclose(file);
  return st;
}

tartan_status app_text_read(app_run *run, const char *path, int64_t most, char **text)
{
  int64_t       length = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *text = tt_alloc_zero(&run->grid->memory, most + 1, 1, "a text file", &local);
  AGREE(run->grid, local);
  if (run->rank == 0) local = fill(path, most, *text, &length);
  TRY(tt_root_verdict(run->grid, local));
  TRY(tt_bcast(run->grid, &length, 1, sizeof length, 0));
  TRY(tt_bcast(run->grid, *text, length, 1, 0));
done:
  if (st != TARTAN_OK) {
    tt_free(*text);
    *text = NULL;
  }
  return st;
}

/* Local. */
static tartan_status put(const char *path, const char *text)
{
  char          name[TT_PATH_MAX + 16];
  FILE         *file = NULL;
  bool          good;
  tartan_status st = TARTAN_OK;

  snprintf(name, sizeof name, "%s.tmp", path);
  file = fopen(name, "w");
  REQUIRE(file, TARTAN_ERR_IO, "cannot write %s: %s", name, strerror(errno));
  good = fputs(text, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
  good = fclose(file) == 0 && good;
  if (good && rename(name, path) == 0) goto done;
  st = tt_fail(TARTAN_ERR_IO, "cannot write %s: %s", path, strerror(errno));
  (void)unlink(name);
done:
  return st;
}

tartan_status app_text_write(app_run *run, const char *path, const char *text)
{
  return tt_root_verdict(run->grid, run->rank == 0 ? put(path, text) : TARTAN_OK);
}
