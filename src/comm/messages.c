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

tartan_status tt_messages_test(tt_messages *m, bool *finished)
{
  int           flag = 0;
  tartan_status st = TARTAN_OK;

  TRY_MPI(m->grid, MPI_Testall(m->count, m->request, &flag, MPI_STATUSES_IGNORE));
  *finished = flag != 0;
  if (*finished) m->count = 0;
done:
  return st;
}

int64_t tt_ring_messages(int64_t pieces, int64_t bytes)
{
  return pieces + bytes / TT_MESSAGE_MAX;
}

tartan_status tt_ring_make(tartan_grid *grid, int ranks, int64_t messages, int tag, tt_ring *ring)
{
  tartan_status local = TARTAN_OK;

  *ring = (tt_ring){.grid = grid, .tag = tag, .capacity = messages, .most = ranks};
  ring->request = tt_alloc(&grid->memory, 2 * messages, sizeof *ring->request, "the requests of a ring", &local);
  ring->first = tt_alloc(&grid->memory, (int64_t)ranks + 1, sizeof *ring->first, "the requests of a ring", &local);
  return local;
}

void tt_ring_free(tt_ring *ring)
{
  tt_free(ring->first);
  tt_free(ring->request);
  ring->first = NULL;
  ring->request = NULL;
}

int tt_ring_owner(const tt_ring *ring, int h)
{
  return (ring->me - h + ring->size) % ring->size;
}

/* Sends (to the right) or expects (from the left) the part of one rank, in messages. */
static tartan_status start_part(tt_ring *ring, int owner, bool sends)
{
  tartan_grid  *grid = ring->grid;
  const int64_t most = TT_MESSAGE_MAX / (int64_t)ring->width;
  const int to = ring->ranks[(ring->me + 1) % ring->size], from = ring->ranks[(ring->me - 1 + ring->size) % ring->size];
  MPI_Request  *request = ring->request + ring->first[owner] + (sends ? ring->capacity : 0);
  tartan_status st = TARTAN_OK;

  for (int64_t i = ring->group[owner]; i < ring->group[owner + 1]; i++) {
    for (int64_t at = 0; at < ring->count[i]; at += most, request++) {
      const int64_t count = tt_min(most, ring->count[i] - at);
      const int     bytes = (int)(count * (int64_t)ring->width);
      char         *here = ring->piece[i] + at * (int64_t)ring->width;

      TRY_MPI(grid, sends ? MPI_Isend(here, bytes, MPI_BYTE, to, ring->tag, grid->all, request)
                          : MPI_Irecv(here, bytes, MPI_BYTE, from, ring->tag, grid->all, request));
      tt_count_traffic(grid, sends ? count : 0, sends ? 0 : count, ring->width, sends);
    }
  }
done:
  return st;
}

/* Sends the h-th part on, unless my neighbour is where it came from. */
static tartan_status pass_on(tt_ring *ring, int h)
{
  return h + 1 < ring->size ? start_part(ring, tt_ring_owner(ring, h), true) : TARTAN_OK;
}

tartan_status tt_ring_start(tt_ring *ring, const int *ranks, int size, int me, const int64_t *group, char **piece,
                            const int64_t *count, size_t width)
{
  const int64_t most = TT_MESSAGE_MAX / (int64_t)width;
  tartan_status st = TARTAN_OK;

  ring->ranks = ranks;
  ring->size = size;
  ring->me = me;
  ring->group = group;
  ring->piece = piece;
  ring->count = count;
  ring->width = width;
  ring->came = 1;
  ring->first[0] = 0;
  for (int p = 0; p < size; p++) {
    ring->first[p + 1] = ring->first[p];
    for (int64_t i = group[p]; i < group[p + 1]; i++) ring->first[p + 1] += tt_ceil_div(count[i], most);
  }
  REQUIRE(ring->first[size] <= ring->capacity && size <= ring->most, TARTAN_ERR_BUG,
          "a ring of %d ranks with %lld messages, planned for %lld", size, (long long)ring->first[size],
          (long long)ring->capacity);
  for (int64_t i = 0; i < 2 * ring->capacity; i++) ring->request[i] = MPI_REQUEST_NULL;
  for (int h = 1; h < size; h++) TRY(start_part(ring, tt_ring_owner(ring, h), false));
  TRY(pass_on(ring, 0));
done:
  return st;
}

/* Requests of the hop that is to come next. */
static int coming(const tt_ring *ring, MPI_Request **first)
{
  const int owner = tt_ring_owner(ring, ring->came);

  *first = ring->request + ring->first[owner];
  return (int)(ring->first[owner + 1] - ring->first[owner]);
}

tartan_status tt_ring_await(tt_ring *ring, int h)
{
  double        t = tt_seconds();
  tartan_status st = TARTAN_OK;

  for (; ring->came <= h; ring->came++) {
    MPI_Request *first;
    const int    n = coming(ring, &first);

    TRY_MPI(ring->grid, MPI_Waitall(n, first, MPI_STATUSES_IGNORE));
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
    MPI_Request *first;
    const int    n = coming(ring, &first);

    TRY_MPI(ring->grid, MPI_Testall(n, first, &here, MPI_STATUSES_IGNORE));
    if (here) TRY(pass_on(ring, ring->came++));
  }
  if (ring->came == ring->size) /* lets the last sends advance */
    TRY_MPI(ring->grid, MPI_Testall((int)ring->capacity, ring->request + ring->capacity, &here, MPI_STATUSES_IGNORE));
done:
  return st;
}

tartan_status tt_ring_end(tt_ring *ring)
{
  double        t;
  tartan_status st = TARTAN_OK;

  TRY(tt_ring_await(ring, ring->size - 1));
  t = tt_seconds();
  TRY_MPI(ring->grid, MPI_Waitall((int)ring->capacity, ring->request + ring->capacity, MPI_STATUSES_IGNORE));
  tt_grid_phase(ring->grid, TARTAN_PHASE_COMMUNICATE, &t);
done:
  return st;
}
