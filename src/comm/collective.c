/*
 * 64-bit collectives: MPI of version 3 counts in int, so every message is cut into pieces of at most 1 GiB. Traffic is
 * counted as what the pattern needs: a broadcast gives each rank but the root the message once, and the root sends it
 * once (as a pipelined chain does).
 */
#include "comm/collective.h"

#include <string.h>

#include "base/util.h"
#include "comm/messages.h"

#define PIECE TT_MESSAGE_MAX

tartan_status tt_barrier(tartan_grid *grid)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_require_alive(grid));
  TRY_MPI(grid, MPI_Barrier(grid->all));
done:
  return st;
}

tartan_status tt_bcast(tartan_grid *grid, void *buf, int64_t count, size_t size, int root)
{
  const int64_t bytes = count * (int64_t)size;
  const bool    sends = grid->rank == root && grid->size > 1;
  double        t = tt_seconds();
  tartan_status st = TARTAN_OK;

  TRY(tt_require_alive(grid));
  for (int64_t at = 0; at < bytes; at += PIECE)
    TRY_MPI(grid, MPI_Bcast((char *)buf + at, (int)tt_min(PIECE, bytes - at), MPI_BYTE, root, grid->all));
  tt_count_traffic(grid, sends ? count : 0, grid->rank == root ? 0 : count, size, sends ? 1 : 0);
done:
  tt_grid_phase(grid, TARTAN_PHASE_COMMUNICATE, &t);
  return st;
}

/* The common body of the two allreduces: elements of 8 bytes. */
static tartan_status allreduce(tartan_grid *grid, void *buf, int64_t count, MPI_Datatype type, tt_reduce op)
{
  const MPI_Op  mpi_op = op == TT_SUM ? MPI_SUM : op == TT_MIN ? MPI_MIN : op == TT_MAX ? MPI_MAX : MPI_BOR;
  const int64_t piece = PIECE / 8;
  double        t = tt_seconds();
  tartan_status st = TARTAN_OK;

  TRY(tt_require_alive(grid));
  for (int64_t at = 0; at < count; at += piece)
    TRY_MPI(grid,
            MPI_Allreduce(MPI_IN_PLACE, (char *)buf + 8 * at, (int)tt_min(piece, count - at), type, mpi_op, grid->all));
  if (grid->size > 1) tt_count_traffic(grid, count, count, 8, 1);
done:
  tt_grid_phase(grid, TARTAN_PHASE_COMMUNICATE, &t);
  return st;
}

tartan_status tt_allreduce_i64(tartan_grid *grid, int64_t *buf, int64_t count, tt_reduce op)
{
  return allreduce(grid, buf, count, MPI_INT64_T, op);
}

tartan_status tt_allreduce_f64(tartan_grid *grid, double *buf, int64_t count, tt_reduce op)
{
  return allreduce(grid, buf, count, MPI_DOUBLE, op);
}

tartan_status tt_allgather(tartan_grid *grid, const void *send, int64_t count, size_t size, void *recv)
{
  const int64_t bytes = count * (int64_t)size;
  double        t = tt_seconds();
  tartan_status st = TARTAN_OK;

  TRY(tt_require_alive(grid));
  if (bytes <= PIECE / grid->size) {
    TRY_MPI(grid, MPI_Allgather(send, (int)bytes, MPI_BYTE, recv, (int)bytes, MPI_BYTE, grid->all));
    tt_count_traffic(grid, count * (grid->size - 1), count * (grid->size - 1), size, grid->size - 1);
    tt_grid_phase(grid, TARTAN_PHASE_COMMUNICATE, &t);
  } else { /* large parts: a broadcast of each is as good */
    memmove((char *)recv + grid->rank * bytes, send, (size_t)bytes);
    for (int root = 0; root < grid->size; root++) TRY(tt_bcast(grid, (char *)recv + root * bytes, count, size, root));
  }
done:
  return st;
}

/* Number of messages of at most PIECE bytes. */
static int64_t pieces(int64_t bytes)
{
  return tt_ceil_div(bytes, PIECE);
}

/* Starts the pieces of one message to or from a rank; returns how many requests were used; *code is MPI's. */
static int start_pieces(tartan_grid *grid, bool sends, char *buf, int64_t bytes, int peer, MPI_Request *request,
                        int *code)
{
  int n = 0;

  *code = MPI_SUCCESS;
  for (int64_t at = 0; at < bytes && *code == MPI_SUCCESS; at += PIECE) {
    const int length = (int)tt_min(PIECE, bytes - at);

    *code = sends ? MPI_Isend(buf + at, length, MPI_BYTE, peer, TT_TAG_EXCHANGE, grid->all, &request[n++])
                  : MPI_Irecv(buf + at, length, MPI_BYTE, peer, TT_TAG_EXCHANGE, grid->all, &request[n++]);
  }
  return n;
}

/*
 * Every receive is posted before the first send; partners are visited at growing distance, so that no rank is met by
 * all others at once. Nothing waits before all has been started.
 */
tartan_status tt_alltoallv(tartan_grid *grid, const void *send, const int64_t *send_count, const int64_t *send_at,
                           void *recv, const int64_t *recv_count, const int64_t *recv_at, size_t size)
{
  const int     P = grid->size, me = grid->rank;
  const int64_t width = (int64_t)size;
  int64_t       requests = 0, sent = 0, received = 0, messages = 0;
  MPI_Request  *request = grid->requests, *more = NULL;
  int           n = 0, code = MPI_SUCCESS;
  double        t = tt_seconds();
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  for (int r = 0; r < P; r++) requests += pieces(send_count[r] * width) + pieces(recv_count[r] * width);
  if (requests > 2 * (int64_t)P)
    request = more = tt_alloc(NULL, requests, sizeof *more, "the requests of an exchange", &local);
  AGREE(grid, local);
  for (int d = 1; d < P && code == MPI_SUCCESS; d++) {
    const int from = (me - d + P) % P;

    n += start_pieces(grid, false, (char *)recv + recv_at[from] * width, recv_count[from] * width, from, request + n,
                      &code);
    received += recv_count[from];
  }
  for (int d = 1; d < P && code == MPI_SUCCESS; d++) {
    const int to = (me + d) % P, before = n;

    /* MPI does not change what it sends */
    n += start_pieces(grid, true, (char *)(uintptr_t)send + send_at[to] * width, send_count[to] * width, to,
                      request + n, &code);
    sent += send_count[to];
    messages += n - before;
  }
  TRY_MPI(grid, code);
  if (send_count[me] > 0)
    memcpy((char *)recv + recv_at[me] * width, (const char *)send + send_at[me] * width,
           (size_t)(send_count[me] * width));
  TRY_MPI(grid, MPI_Waitall(n, request, MPI_STATUSES_IGNORE));
  tt_count_traffic(grid, sent, received, size, messages);

done:
  tt_free(more);
  tt_grid_phase(grid, TARTAN_PHASE_COMMUNICATE, &t);
  return st;
}

tartan_status tt_gatherv(tartan_grid *grid, const void *send, const int64_t *counts, size_t size, void *recv, int root)
{
  const int     P = grid->size;
  int64_t      *plan = NULL, *send_count, *send_at, *recv_count, *recv_at, at = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  plan = tt_alloc_zero(NULL, 4 * (int64_t)P, sizeof *plan, "the plan of a gather", &local);
  AGREE(grid, local);
  send_count = plan;
  send_at = plan + P;
  recv_count = plan + 2 * (int64_t)P;
  recv_at = plan + 3 * (int64_t)P;
  send_count[root] = counts[grid->rank];
  for (int r = 0; r < P && grid->rank == root; r++) {
    recv_count[r] = counts[r];
    recv_at[r] = at;
    at += counts[r];
  }
  TRY(tt_alltoallv(grid, send, send_count, send_at, recv, recv_count, recv_at, size));
done:
  tt_free(plan);
  return st;
}

tartan_status tt_allgatherv(tartan_grid *grid, const void *send, int64_t count, int64_t total, size_t size, void *recv)
{
  int64_t      *counts = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  counts = tt_alloc(NULL, grid->size, sizeof *counts, "counts of a gather", &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, &count, 1, sizeof count, counts));
  TRY(tt_gatherv(grid, send, counts, size, recv, 0));
  TRY(tt_bcast(grid, recv, total, size, 0));
done:
  tt_free(counts);
  return st;
}
