/*
 * HDF5's serial driver and its error stack. File locks are used where the file system has them and ignored where it
 * has none, which some shared file systems answer with an error.
 */
#include "io/h5.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "io/file_kind.h"
#include "io/place.h"

void tt_h5_enter(tt_h5_guard *guard, bool allow_plugins)
{
  guard->report = NULL;
  guard->context = NULL;
  guard->plugins = H5PL_ALL_PLUGIN;
  H5Eget_auto2(H5E_DEFAULT, &guard->report, &guard->context);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5PLget_loading_state(&guard->plugins);
  H5PLset_loading_state(allow_plugins ? H5PL_ALL_PLUGIN : 0);
}

void tt_h5_leave(const tt_h5_guard *guard)
{
  H5PLset_loading_state(guard->plugins);
  H5Eset_auto2(H5E_DEFAULT, guard->report, guard->context);
}

static herr_t keep_reason(unsigned n, const H5E_error2_t *error, void *context)
{
  if (n == 0 && error->desc) snprintf(context, TT_H5_REASON, "%s", error->desc);
  return 0;
}

const char *tt_h5_reason(char text[TT_H5_REASON])
{
  text[0] = '\0';
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_reason, text);
  if (text[0] == '\0') snprintf(text, TT_H5_REASON, "no reason given");
  return text;
}

tartan_status tt_h5_fail(tartan_status st, const char *what, const char *file)
{
  char        text[TT_H5_REASON];
  const char *advice = "";

  tt_h5_reason(text);
  if (strstr(text, "unable to lock file"))
    advice = "; another process may have it open for writing; if the file system has no locks, set "
             "HDF5_USE_FILE_LOCKING=FALSE";
  else if (strstr(text, "No space left") || strstr(text, "errno = 28"))
    advice = "; make room there or choose another folder";
  return tt_fail(st, "%s %s: HDF5 says: %s%s", what, file, text, advice);
}

void tt_h5_release(hid_t id)
{
  if (id >= 0) H5Idec_ref(id);
}

bool tt_h5_close_file(hid_t file)
{
  const bool fault = tt_file_fault();

  return (file < 0 || H5Fclose(file) >= 0) && !fault;
}

hid_t tt_h5_serial(void)
{
  const hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);

#if H5_VERSION_GE(1, 10, 7)
  H5Pset_file_locking(fapl, true, true);
#endif
  H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG);
  return fapl;
}

/* A file that has HDF5's signature and yet does not open: cut off, or left behind by a program that was killed. */
static tartan_status unreadable(const char *path)
{
  char text[TT_H5_REASON];

  tt_h5_reason(text);
  if (strstr(text, "unable to lock file")) return tt_h5_fail(TARTAN_ERR_IO, "cannot open", path);
  if (strstr(text, "truncated file") || strstr(text, "file signature not found"))
    return tt_fail(TARTAN_ERR_FORMAT, "%s is truncated: HDF5 says: %s; copy or make it again", path, text);
  if (strstr(text, "already open for write"))
    return tt_fail(
        TARTAN_ERR_FORMAT,
        "%s is open in another program or was left unfinished by one; if none has it, h5clear -s %s may help", path,
        path);
  return tt_fail(TARTAN_ERR_FORMAT, "%s is a damaged HDF5 file: HDF5 says: %s; copy or make it again", path, text);
}

tartan_status tt_h5_open_file(const char *path, hid_t *file)
{
  tartan_status st = tt_file_examine(path);
  hid_t         fapl;

  *file = H5I_INVALID_HID;
  if (st != TARTAN_OK) return st;
  if (tt_file_fault()) return tt_fail_errno("cannot open", path);
  fapl = tt_h5_serial();
  *file = H5Fopen(path, H5F_ACC_RDONLY, fapl);
  if (*file < 0) st = unreadable(path);
  tt_h5_release(fapl);
  return st;
}
