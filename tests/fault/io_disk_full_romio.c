// TEST: np=1,2,3 labels=fault,io timeout=60
/* As io_disk_full.c, with ROMIO in place of Open MPI's own MPI-IO. */
#define IO_MPI "romio321"
#include "io_disk_full.c"
