/* Point-to-point messages in groups, and the ring. Requests are kept where the caller made room for them. */
#include "comm/messages.h"

#include "base/util.h"

void tt_count_traffic(tartan_grid *grid, int64_t sent, int64_t received, size_t size, int64_t messages)
{
  tt_counters *c = &grid->counters;

  if (size == 4 || size == 8) {
    c->words_sent += sent;
    c->words_received += received;
  }
  c->bytes_sent += sent * (int64_t)size;
  c->bytes_received += received * (int64_t)size;
  c->messages += messages;
}

tartan_status tt_messages_make(tartan_grid *grid, int capacity, int tag, tt_messages *m)
{
  tartan_status local = TARTAN_OK;

  *m = (tt_messages){.grid = grid, .capacity = capacity, .tag = tag};
  m->request = tt_alloc(&grid->memory, capacity, sizeof *m->request, "the requests of an exchange", &local);
  return local;
}

void tt_messages_free(tt_messages *m)
{
  tt_free(m->request);
  m->request = NULL;
}

/* The next free request, or a failure that only a mistake of ours can cause. */
static tartan_status next_request(tt_messages *m, int64_t bytes, MPI_Request **request)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(m->count < m->capacity && bytes <= TT_MESSAGE_MAX, TARTAN_ERR_BUG,
          "message %d of %d, %lld bytes: beyond what was planned", m->count + 1, m->capacity, (long long)bytes);
  *request = &m->request[m->count++];
done:
  return st;
}

tartan_status tt_messages_send(tt_messages *m, const void *buf, int64_t count, size_t size, int to)
{
  const int64_t bytes = count * (int64_t)size;
  MPI_Request  *request = NULL;
  tartan_status st = TARTAN_OK;

  if (count == 0) goto done;
  TRY(next_request(m, bytes, &request));
  TRY_MPI(m->grid, MPI_Isend(buf, (int)bytes, MPI_BYTE, to, m->tag, m->grid->all, request));
  tt_count_traffic(m->grid, count, 0, size, 1);
done:
  return st;
}

tartan_status tt_messages_recv(tt_messages *m, void *buf, int64_t count, size_t size, int from)
{
  const int64_t bytes = count * (int64_t)size;
  MPI_Request  *request = NULL;
  tartan_status st = TARTAN_OK;

  if (count == 0) goto done;
  TRY(next_request(m, bytes, &request));
  TRY_MPI(m->grid, MPI_Irecv(buf, (int)bytes, MPI_BYTE, from, m->tag, m->grid->all, request));
  tt_count_traffic(m->grid, 0, count, size, 0);
done:
  return st;
}

tartan_status tt_messages_test(tt_messages *m, bool *done)
{
  int           all = 0;
  tartan_status st = TARTAN_OK;

  *done = false;
  TRY_MPI(m->grid, MPI_Testall(m->count, m->request, &all, MPI_STATUSES_IGNORE));
  if (all) m->count = 0;
  *done = all != 0;
done:
  return st;
}

tartan_status tt_messages_wait(tt_messages *m)
{
  double        t = tt_seconds();
  tartan_status st = TARTAN_OK;

  TRY_MPI(m->grid, MPI_Waitall(m->count, m->request, MPI_STATUSES_IGNORE));
  m->count = 0;
done:
  tt_grid_phase(m->grid, TARTAN_PHASE_COMMUNICATE, &t);
  return st;
}

tartan_status tt_ring_make(tartan_grid *grid, int size, int tag, tt_ring *ring)
{
  tartan_status local = TARTAN_OK;

  *ring = (tt_ring){.grid = grid, .tag = tag};
  ring->request = tt_alloc(&grid->memory, 2 * (int64_t)size, sizeof *ring->request, "the requests of a ring", &local);
  return local;
}

void tt_ring_free(tt_ring *ring)
{
  tt_free(ring->request);
  ring->request = NULL;
}

int tt_ring_owner(const tt_ring *ring, int h)
{
  return (ring->me - h + ring->size) % ring->size;
}

/* Sends the h-th part on, unless my neighbour is where it came from. */
static tartan_status pass_on(tt_ring *ring, int h)
{
  const int     owner = tt_ring_owner(ring, h), right = ring->ranks[(ring->me + 1) % ring->size];
  const int64_t count = ring->count[owner];
  tartan_status st = TARTAN_OK;

  if (h + 1 == ring->size || count == 0) goto done;
  TRY_MPI(ring->grid, MPI_Isend(ring->part[owner], (int)(count * (int64_t)ring->width), MPI_BYTE, right, ring->tag,
                                ring->grid->all, &ring->request[ring->size + h]));
  tt_count_traffic(ring->grid, count, 0, ring->width, 1);
done:
  return st;
}

tartan_status tt_ring_start(tt_ring *ring, const int *ranks, int size, int me, char **part, const int64_t *count,
                            size_t width)
{
  tartan_status st = TARTAN_OK;

  ring->ranks = ranks;
  ring->size = size;
  ring->me = me;
  ring->part = part;
  ring->count = count;
  ring->width = width;
  ring->came = 1;
  for (int i = 0; i < 2 * size; i++) ring->request[i] = MPI_REQUEST_NULL;
  for (int h = 1; h < size; h++) {
    const int owner = tt_ring_owner(ring, h), left = ranks[(me - 1 + size) % size];

    REQUIRE(count[owner] * (int64_t)width <= TT_MESSAGE_MAX, TARTAN_ERR_BUG, "a part of %lld elements is too large",
            (long long)count[owner]);
    if (count[owner] == 0) continue;
    TRY_MPI(ring->grid, MPI_Irecv(part[owner], (int)(count[owner] * (int64_t)width), MPI_BYTE, left, ring->tag,
                                  ring->grid->all, &ring->request[h]));
    tt_count_traffic(ring->grid, 0, count[owner], width, 0);
  }
  TRY(pass_on(ring, 0));
done:
  return st;
}

tartan_status tt_ring_await(tt_ring *ring, int h)
{
  double        t = tt_seconds();
  tartan_status st = TARTAN_OK;

  for (; ring->came <= h; ring->came++) {
    TRY_MPI(ring->grid, MPI_Wait(&ring->request[ring->came], MPI_STATUS_IGNORE));
    TRY(pass_on(ring, ring->came));
  }
done:
  tt_grid_phase(ring->grid, TARTAN_PHASE_COMMUNICATE, &t);
  return st;
}

tartan_status tt_ring_advance(tt_ring *ring)
{
  int           here = 1;
  tartan_status st = TARTAN_OK;

  while (ring->came < ring->size && here) {
    TRY_MPI(ring->grid, MPI_Test(&ring->request[ring->came], &here, MPI_STATUS_IGNORE));
    if (here) TRY(pass_on(ring, ring->came++));
  }
  if (ring->came == ring->size) /* lets the last sends advance */
    TRY_MPI(ring->grid, MPI_Testall(ring->size, ring->request + ring->size, &here, MPI_STATUSES_IGNORE));
done:
  return st;
}

tartan_status tt_ring_end(tt_ring *ring)
{
  double        t = tt_seconds();
  tartan_status st = TARTAN_OK;

  TRY(tt_ring_await(ring, ring->size - 1));
  t = tt_seconds();
  TRY_MPI(ring->grid, MPI_Waitall(ring->size, ring->request + ring->size, MPI_STATUSES_IGNORE));
done:
  tt_grid_phase(ring->grid, TARTAN_PHASE_COMMUNICATE, &t);
  return st;
}
