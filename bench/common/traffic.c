#pragma GCC visibility push(default) /* of MPI's functions: ScaLAPACK must find ours */
#include <mpi.h>
#pragma GCC visibility pop

#include "common/traffic.h"

static int64_t sent, received;

void bench_traffic_reset(void)
{
  sent = received = 0;
}

int64_t bench_traffic_bytes(void)
{
  return sent > received ? sent : received;
}

static int64_t bytes_of(int count, MPI_Datatype type)
{
  int size = 0;

  PMPI_Type_size(type, &size);
  return (int64_t)count * size;
}

/* Whether a message to or from a rank leaves the process. */
static int travels(int peer, MPI_Comm comm)
{
  int rank;

  PMPI_Comm_rank(comm, &rank);
  return peer != MPI_PROC_NULL && peer != rank;
}

static void count_send(int count, MPI_Datatype type, int to, MPI_Comm comm)
{
  if (travels(to, comm)) sent += bytes_of(count, type);
}

static void count_receive(int count, MPI_Datatype type, int from, MPI_Comm comm)
{
  if (travels(from, comm)) received += bytes_of(count, type);
}

/* A message from the root to all, or from all to the root, once at either end. */
static void count_rooted(int64_t bytes, int root, MPI_Comm comm, int gathers)
{
  int rank, size;

  PMPI_Comm_rank(comm, &rank);
  PMPI_Comm_size(comm, &size);
  if (size == 1) return;
  if ((rank == root) != gathers)
    sent += bytes;
  else
    received += bytes;
}

int MPI_Send(const void *buf, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm)
{
  count_send(count, type, to, comm);
  return PMPI_Send(buf, count, type, to, tag, comm);
}

int MPI_Rsend(const void *buf, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm)
{
  count_send(count, type, to, comm);
  return PMPI_Rsend(buf, count, type, to, tag, comm);
}

int MPI_Isend(const void *buf, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request *request)
{
  count_send(count, type, to, comm);
  return PMPI_Isend(buf, count, type, to, tag, comm, request);
}

int MPI_Recv(void *buf, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status *status)
{
  MPI_Status own;
  const int  code = PMPI_Recv(buf, count, type, from, tag, comm, &own);
  int        came = 0;

  if (code == MPI_SUCCESS) PMPI_Get_count(&own, type, &came);
  if (came != MPI_UNDEFINED) count_receive(came, type, own.MPI_SOURCE, comm);
  if (status != MPI_STATUS_IGNORE) *status = own;
  return code;
}

/* What was asked for: ScaLAPACK asks for what comes. */
int MPI_Irecv(void *buf, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request *request)
{
  count_receive(count, type, from, comm);
  return PMPI_Irecv(buf, count, type, from, tag, comm, request);
}

int MPI_Sendrecv(const void *send, int send_count, MPI_Datatype send_type, int to, int send_tag, void *recv,
                 int recv_count, MPI_Datatype recv_type, int from, int recv_tag, MPI_Comm comm, MPI_Status *status)
{
  count_send(send_count, send_type, to, comm);
  count_receive(recv_count, recv_type, from, comm);
  return PMPI_Sendrecv(send, send_count, send_type, to, send_tag, recv, recv_count, recv_type, from, recv_tag, comm,
                       status);
}

int MPI_Bcast(void *buf, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
  count_rooted(bytes_of(count, type), root, comm, 0);
  return PMPI_Bcast(buf, count, type, root, comm);
}

int MPI_Reduce(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm)
{
  count_rooted(bytes_of(count, type), root, comm, 1);
  return PMPI_Reduce(send, recv, count, type, op, root, comm);
}

int MPI_Allreduce(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
  int size;

  PMPI_Comm_size(comm, &size);
  sent += 2 * bytes_of(count, type) * (size - 1) / size;
  received += 2 * bytes_of(count, type) * (size - 1) / size;
  return PMPI_Allreduce(send, recv, count, type, op, comm);
}
