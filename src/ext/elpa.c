/*
 * ELPA by dlopen, as ScaLAPACK in table.c: programs start without it. Only functions whose form has not changed since the
 * API of 2019 are used, and every error code is read: ELPA returns instead of aborting. Only f64: packages are built without
 * single precision (Debian's is).
 *
 * Source: Marek et al. 2014, The ELPA library.
 */
#include "ext/elpa.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"
#include "tt_config.h"

#define API_VERSION 20190524
#define SOLVER_1STAGE 1
#define SOLVER_2STAGE 2

typedef struct elpa_struct *elpa_t;

static struct {
  int (*init)(int);
  elpa_t (*allocate)(int *);
  void (*deallocate)(elpa_t, int *);
  void (*set_integer)(elpa_t, const char *, int, int *);
  int (*setup)(elpa_t);
  const char *(*strerr)(int);
  void (*vectors)(elpa_t, double *, double *, double *, int *);
  void (*values)(elpa_t, double *, double *, int *);
} elpa;

static bool ready;

typedef struct symbol {
  const char *name;
  void       *where; /* of a function pointer */
} symbol;

tartan_status tt_elpa_require(void)
{
  const symbol  symbols[] = {{"elpa_init", &elpa.init},
                             {"elpa_allocate", &elpa.allocate},
                             {"elpa_deallocate", &elpa.deallocate},
                             {"elpa_set_integer", &elpa.set_integer},
                             {"elpa_setup", &elpa.setup},
                             {"elpa_strerr", &elpa.strerr},
                             {"elpa_eigenvectors_a_h_a_d", &elpa.vectors},
                             {"elpa_eigenvalues_a_h_a_d", &elpa.values}};
  void         *handle = NULL, *address = NULL;
  tartan_status st = TARTAN_OK;

  if (ready) goto done;
  REQUIRE(*TT_ELPA_LIBRARY, TARTAN_ERR_BACKEND, "this Tartan was built without ELPA");
  handle = dlopen(TT_ELPA_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (!handle) handle = dlopen(TT_ELPA_PATH, RTLD_NOW | RTLD_LOCAL);
  REQUIRE(handle, TARTAN_ERR_BACKEND, "ELPA cannot be loaded: %s", dlerror());
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    address = dlsym(handle, symbols[i].name);
    REQUIRE(address, TARTAN_ERR_BACKEND, "%s has no %s: not an ELPA of 2021 or later", TT_ELPA_LIBRARY,
            symbols[i].name);
    memcpy(symbols[i].where, &address, sizeof address);
  }
  REQUIRE(elpa.init(API_VERSION) == 0, TARTAN_ERR_BACKEND, "%s does not know the interface of %d", TT_ELPA_LIBRARY,
          API_VERSION);
  ready = true;
done:
  return st;
}

bool tt_elpa_there(void)
{
  return *TT_ELPA_LIBRARY && tt_elpa_require() == TARTAN_OK;
}

static tartan_status judge_elpa(const char *what, int error)
{
  if (error == 0) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_NUMERIC, "ELPA failed to %s (%d): %s", what, error, elpa.strerr(error));
}

/* A handle that knows the problem; NULL only after a failure. */
static elpa_t make_handle(const tt_elpa_place *place, int64_t n, int64_t count, const tt_pmatrix *A,
                          tartan_status *local)
{
  const struct {
    const char *key;
    int         value;
  } settings[] = {{"na", (int)n},
                  {"nev", (int)count},
                  {"local_nrows", (int)A->ld},
                  {"local_ncols", (int)place->nloc},
                  {"nblk", (int)A->nb},
                  {"mpi_comm_parent", place->comm},
                  {"process_row", place->prow},
                  {"process_col", place->pcol}};
  int    error = 0;
  elpa_t handle = NULL;

  if (*local != TARTAN_OK) return NULL;
  handle = elpa.allocate(&error);
  if (!handle || error) {
    *local = tt_fail(TARTAN_ERR_NOMEM, "ELPA has no memory for a handle");
    return NULL;
  }
  for (size_t i = 0; i < sizeof settings / sizeof *settings && error == 0; i++)
    elpa.set_integer(handle, settings[i].key, settings[i].value, &error);
  *local = judge_elpa("take its settings", error);
  return handle;
}

/* ELPA's own workspace beside A and Z: a copy of the vectors, and parts of them on their way. */
static tartan_status workspace_fits(const tt_pcall *call, const tt_elpa_place *place)
{
  return tt_memory_fits(call->mem, 2 * place->mloc * place->nloc * (int64_t)sizeof(double), "the workspace of ELPA");
}

static tartan_status run(elpa_t handle, int stages, tt_pmatrix *A, double *w, tt_pmatrix *Z)
{
  int error = elpa.setup(handle);

  if (error == 0) elpa.set_integer(handle, "solver", stages == 1 ? SOLVER_1STAGE : SOLVER_2STAGE, &error);
  if (error != 0) return judge_elpa("set up", error);
  if (Z)
    elpa.vectors(handle, A->data, w, Z->data, &error);
  else
    elpa.values(handle, A->data, w, &error);
  return judge_elpa("solve", error);
}

tartan_status tt_elpa_eigh(const tt_pcall *call, const tt_elpa_place *place, int stages, int64_t n, int64_t count,
                           tt_pmatrix *A, double *w, tt_pmatrix *Z)
{
  elpa_t        handle = NULL;
  int           error;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (place->prow < 0) return call->agree(call->context, TARTAN_OK);
  local = workspace_fits(call, place);
  handle = make_handle(place, n, count, A, &local);
  TRY(call->agree(call->context, local));
  st = run(handle, stages, A, w, Z);
done:
  if (handle) elpa.deallocate(handle, &error);
  return st;
}
