/* ScaLAPACK by dlopen: the name that was found when Tartan was configured, then its full path. */
#include "ext/table.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "tt_config.h"

static tt_scalapack_table loaded;
static bool               ready;

typedef struct symbol {
  const char *name;
  void       *where; /* of a function pointer */
} symbol;

/* Fills the members in order; the name of the first symbol that is missing, or NULL. */
static const char *fill(void *handle, const symbol *symbols, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    void *address = dlsym(handle, symbols[i].name);

    if (!address) return symbols[i].name;
    memcpy(symbols[i].where, &address, sizeof address);
  }
  return NULL;
}

tartan_status tt_scalapack_get(const tt_scalapack_table **table)
{
  tt_scalapack_typed *s = &loaded.typed[0], *d = &loaded.typed[1];
  const symbol        symbols[] = {
             {"Csys2blacs_handle", &loaded.sys2handle},
             {"Cfree_blacs_system_handle", &loaded.free_handle},
             {"Cblacs_gridinit", &loaded.gridinit},
             {"Cblacs_gridexit", &loaded.gridexit},
             {"psgemm_", &s->gemm},
             {"pdgemm_", &d->gemm},
             {"pssyrk_", &s->syrk},
             {"pdsyrk_", &d->syrk},
             {"pstrsm_", &s->trsm},
             {"pdtrsm_", &d->trsm},
             {"pssyevd_", &s->syevd},
             {"pdsyevd_", &d->syevd},
             {"pssyevr_", &s->syevr},
             {"pdsyevr_", &d->syevr},
             {"psgehrd_", &s->gehrd},
             {"pdgehrd_", &d->gehrd},
             {"psgesvd_", &s->gesvd},
             {"pdgesvd_", &d->gesvd},
             {"psgeqrf_", &s->geqrf},
             {"pdgeqrf_", &d->geqrf},
             {"psorgqr_", &s->orgqr},
             {"pdorgqr_", &d->orgqr},
             {"psgeqpf_", &s->geqpf},
             {"pdgeqpf_", &d->geqpf},
             {"pspotrf_", &s->potrf},
             {"pdpotrf_", &d->potrf},
             {"pspotrs_", &s->potrs},
             {"pdpotrs_", &d->potrs},
             {"pspotri_", &s->potri},
             {"pdpotri_", &d->potri},
             {"psgetrf_", &s->getrf},
             {"pdgetrf_", &d->getrf},
             {"psgetrs_", &s->getrs},
             {"pdgetrs_", &d->getrs},
             {"psgetri_", &s->getri},
             {"pdgetri_", &d->getri},
  };
  const char   *missing = NULL;
  void         *handle = NULL;
  tartan_status st = TARTAN_OK;

  *table = NULL;
  if (!ready) {
    handle = dlopen(TT_SCALAPACK_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!handle) handle = dlopen(TT_SCALAPACK_PATH, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(handle, TARTAN_ERR_BACKEND, "ScaLAPACK cannot be loaded: %s; put its folder into LD_LIBRARY_PATH",
            dlerror());
    missing = fill(handle, symbols, sizeof symbols / sizeof *symbols);
    REQUIRE(!missing, TARTAN_ERR_BACKEND, "%s has no %s: it is not a whole ScaLAPACK", TT_SCALAPACK_LIBRARY, missing);
    ready = true;
  }
  *table = &loaded;
done:
  return st;
}
