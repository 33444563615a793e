/*
 * Nothing here is linked: OpenBLAS, BLIS and MKL export different names for the same wish, so each is looked up in the
 * running process. Flavours are counted by the shared objects that export a product.
 */
#include "ext/vendor.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

/* An object pointer from dlsym as a function pointer, without a cast that C does not define. */
static void lookup(const char *name, void *function, size_t size)
{
  void *address = dlsym(RTLD_DEFAULT, name);

  memcpy(function, &address, size);
}

int tt_blas_set_threads(int threads)
{
  static const char *const getters[] = {"openblas_get_num_threads", "bli_thread_get_num_threads",
                                        "MKL_Get_Max_Threads"};
  static const char *const setters[] = {"openblas_set_num_threads", "bli_thread_set_num_threads",
                                        "MKL_Set_Num_Threads"};
  static int (*get)(void);
  static void (*set)(int);
  static int tried;
  int        before = 0;

  for (int v = 0; v < 3 && !tried && !(get && set); v++) {
    lookup(getters[v], &get, sizeof get);
    lookup(setters[v], &set, sizeof set);
  }
  tried = 1;
  if (!get || !set) return 0;
  before = get();
  if (threads > 0 && threads != before) set(threads);
  return before;
}

void tt_blas_describe(char *text, size_t length)
{
  char *(*config)(void) = NULL;
  char *(*core)(void) = NULL;
  char version[64] = "";

  lookup("openblas_get_config", &config, sizeof config);
  lookup("openblas_get_corename", &core, sizeof core);
  if (config && core) {
    const char *c = config();

    sscanf(c, "%*s %63s", version);
    snprintf(text, length, "OpenBLAS %s %s, core %s", version,
             strstr(c, "USE_OPENMP")        ? "OpenMP"
             : strstr(c, "SINGLE_THREADED") ? "serial"
                                            : "pthreads",
             core());
  } else {
    snprintf(text, length, "BLAS of unknown vendor");
  }
}

typedef struct object_list {
  int  count;
  char name[4][256];
} object_list;

/* Notes each loaded OpenBLAS library once; the thin libblas.so.3 and liblapack.so.3 in front of it do not count. */
static int note_blas(struct dl_phdr_info *info, size_t size, void *context)
{
  static const char *const stems[] = {"libopenblas", "libblis", "libmkl_rt", "libatlas", "blas/libblas.so"};
  object_list             *list = context;

  (void)size;
  for (size_t s = 0; s < sizeof stems / sizeof *stems; s++) {
    const char *hit = info->dlpi_name ? strstr(info->dlpi_name, stems[s]) : NULL;

    if (!hit || list->count == 4) continue;
    if (s == 4 && (hit == info->dlpi_name || hit[-1] != '/'))
      continue; /* the reference BLAS, not openblas-openmp/libblas.so */
    snprintf(list->name[list->count++], sizeof list->name[0], "%s", info->dlpi_name);
    break;
  }
  return 0;
}

const char *tt_blas_conflict(char *text, size_t length)
{
  object_list list = {0};

  dl_iterate_phdr(note_blas, &list);
  if (list.count < 2) return NULL;
  snprintf(text, length, "two BLAS libraries are loaded, %s and %s: speed and bits are not what they should be",
           list.name[0], list.name[1]);
  return text;
}
