/*
 * The thread of each rank sends, hears and judges once a tick. Rank 0 knows all, the others only rank 0. Whoever finds that the
 * run has stopped says what it knows and leaves at once: nothing of MPI can be called from here, and nothing may wait.
 */
#include "common/watchdog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <math.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/activity.h"
#include "base/util.h"
#include "comm/collective.h"

#define ADDRESSES 8
#define TEXT 64
#define LISTED 12   /* ranks of a message */
#define WORKING 0.1 /* share of the time that a thread which is not idle has of a processor */

/* Where rank 0 hears, and what tells this run's datagrams from others. */
typedef struct meeting {
  uint64_t run;
  uint16_t port; /* of the network's byte order; 0: rank 0 could not open one */
  uint32_t count;
  uint32_t address[ADDRESSES];
} meeting;

/* A sign of life, or rank 0's answer to it. */
typedef struct sign {
  uint64_t run;
  int32_t  rank;
  int32_t  ended;   /* it goes, all is well */
  int32_t  verdict; /* of rank 0: leave with this code; 0: go on */
  float    idle;    /* seconds since it moved */
  char     host[TEXT];
  char     phase[TEXT];
  char     waits[TEXT];
} sign;

/* What rank 0 knows of a rank, or another rank of rank 0. */
typedef struct peer {
  bool               heard, ended, warned;
  double             at; /* clock of the last sign */
  sign               last;
  struct sockaddr_in from;
} peer;

static struct {
  bool               running;
  atomic_bool        stop;
  pthread_t          thread, watched;
  double             limit, tick, start;
  int                rank, size, socket;
  int                wake[2]; /* a pipe: what is written ends the thread's sleep */
  meeting            where;
  peer              *peer;     /* [size] on rank 0, else of rank 0 alone */
  bool               answered; /* rank 0 has answered from `home` */
  struct sockaddr_in home;
  uint64_t           moves;
  double             moved, worked; /* clock of the last move; seconds of processor by then */
  char               host[TEXT];
} dog = {.socket = -1, .wake = {-1, -1}};

/* ------------------------------------------------------------------------------------------------ this rank */

/* Processor time of the thread that is watched. */
static double processor_seconds(void)
{
  clockid_t       clock;
  struct timespec t;

  if (pthread_getcpuclockid(dog.watched, &clock) != 0 || clock_gettime(clock, &t) != 0) return 0;
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Whether something was finished since the last look, or is being computed. Waiting in MPI takes a processor, and is no work. */
static void look_at_self(double now)
{
  const tt_activity a = tt_activity_look();
  const double      worked = processor_seconds();

  if (a.moves != dog.moves || (!a.waits && worked - dog.worked > WORKING * dog.tick)) dog.moved = now;
  dog.moves = a.moves;
  dog.worked = worked;
}

/* The name of a call, without its arguments. */
static void call_name(const char *call, char name[TEXT])
{
  const size_t length = call ? strcspn(call, "(") : 0;

  snprintf(name, TEXT, "%.*s", (int)tt_min(TEXT - 1, (int64_t)length), call ? call : "");
}

static sign sign_of_self(double now)
{
  const tt_activity a = tt_activity_look();
  sign              s;

  memset(&s, 0, sizeof s);
  s.run = dog.where.run;
  s.rank = dog.rank;
  s.idle = (float)(now - dog.moved);
  snprintf(s.host, TEXT, "%s", dog.host);
  snprintf(s.phase, TEXT, "%s%s", a.over ? "after " : "", a.phase ? a.phase : "starting");
  call_name(a.waits, s.waits);
  return s;
}

/* ------------------------------------------------------------------------------------------------ datagrams */

static void post(const sign *s, const struct sockaddr_in *to)
{
  (void)!sendto(dog.socket, s, sizeof *s, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)to, sizeof *to);
}

/* To rank 0: at the address that answered, before that at all that it has. */
static void report(const sign *s)
{
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = dog.where.port};

  if (dog.answered) {
    post(s, &dog.home);
    return;
  }
  for (uint32_t i = 0; i < dog.where.count; i++) {
    to.sin_addr.s_addr = dog.where.address[i];
    post(s, &to);
  }
}

static void note(peer *p, const sign *s, const struct sockaddr_in *from, double now)
{
  p->heard = true;
  p->ended = s->ended;
  p->at = now;
  p->last = *s;
  p->last.host[TEXT - 1] = p->last.phase[TEXT - 1] = p->last.waits[TEXT - 1] = '\0';
  p->from = *from;
}

_Noreturn static void leave(void)
{
  fflush(stderr);
  _exit(tartan_exit_code(TARTAN_ERR_STALLED));
}

/* Everything that has come. Rank 0 answers each sign. */
static void hear(double now)
{
  struct sockaddr_in from;
  socklen_t          length = sizeof from;
  sign               s, answer;

  while (recvfrom(dog.socket, &s, sizeof s, MSG_DONTWAIT, (struct sockaddr *)&from, &length) == (ssize_t)sizeof s) {
    length = sizeof from;
    if (s.run != dog.where.run || s.rank < 0 || s.rank >= dog.size) continue;
    if (dog.rank == 0) {
      note(&dog.peer[s.rank], &s, &from, now);
      answer = sign_of_self(now);
      post(&answer, &from);
    } else if (s.rank == 0) {
      note(dog.peer, &s, &from, now);
      dog.answered = true;
      dog.home = from;
      if (s.verdict) leave();
    }
  }
}

/* ------------------------------------------------------------------------------------------------ judging */

/* "3, 4 on n2 (reading, in MPI_Bcast)": ranks of a kind, those of one host together. */
static void list_ranks(bool (*wanted)(const peer *p, double now), double now, char *text, size_t length)
{
  size_t n = 0;
  int    listed = 0;

  text[0] = '\0';
  for (int r = 0; r < dog.size && n < length; r++) {
    const peer *p = &dog.peer[r];

    if (!wanted(p, now)) continue;
    if (listed++ == LISTED) {
      snprintf(text + n, length - n, ", ...");
      break;
    }
    n += (size_t)snprintf(text + n, length - n, "%srank %d on %s (%s%s%s)", n > 0 ? ", " : "", r, p->last.host,
                          p->last.phase, p->last.waits[0] ? ", in " : "", p->last.waits);
  }
}

static bool is_lost(const peer *p, double now)
{
  return p->heard && !p->ended && now - p->at > dog.limit;
}

static bool is_there(const peer *p, double now)
{
  return !is_lost(p, now);
}

/* Tells all that can be reached, more than once, and leaves. */
_Noreturn static void end_all(void)
{
  sign s = sign_of_self(tt_seconds());

  s.verdict = tartan_exit_code(TARTAN_ERR_STALLED);
  for (int again = 0; again < 3; again++) {
    for (int r = 1; r < dog.size; r++)
      if (dog.peer[r].heard) post(&s, &dog.peer[r].from);
    usleep(20000);
  }
  leave();
}

static void warn_unheard(double now)
{
  int unheard = 0, first = -1;

  if (now - dog.start < dog.limit || dog.peer[0].warned) return;
  dog.peer[0].warned = true;
  for (int r = 0; r < dog.size; r++) {
    unheard += !dog.peer[r].heard;
    if (!dog.peer[r].heard && first < 0) first = r;
  }
  if (unheard > 0)
    fprintf(
        stderr,
        "tartan: warning: the watchdog has heard nothing of %d of %d ranks (the first is %d): UDP between the hosts "
        "is blocked; a lost link to them will not be noticed\n",
        unheard, dog.size, first);
}

/* Rank 0: is anybody lost, does nobody move? */
static void judge_all(double now)
{
  double least = INFINITY;
  int    lost = 0, heard = 0;
  char   bad[1024], rest[1024];
  sign   self = sign_of_self(now);

  note(&dog.peer[0], &self, &dog.home, now);
  for (int r = 0; r < dog.size; r++) {
    const peer *p = &dog.peer[r];

    lost += is_lost(p, now);
    heard += p->heard;
    if (p->heard) least = fmin(least, (double)p->last.idle + (now - p->at));
    if (p->ended) least = 0; /* the run is over */
  }
  warn_unheard(now);
  if (lost > 0) {
    list_ranks(is_lost, now, bad, sizeof bad);
    list_ranks(is_there, now, rest, sizeof rest);
    fprintf(
        stderr,
        "tartan: no sign of life for %.0f s from %s: node or network failed, or the process was stopped; still there: "
        "%s. Start the same command again; --watchdog TIME sets how long is waited, 0 for ever\n",
        dog.limit, bad, rest);
    end_all();
  }
  if (heard == dog.size && least > dog.limit) {
    list_ranks(is_there, now, rest, sizeof rest);
    fprintf(stderr,
            "tartan: no rank has moved for %.0f s: %s. Start the same command again; --watchdog TIME sets how long is "
            "waited, 0 for ever\n",
            dog.limit, rest);
    end_all();
  }
}

/* The others: is rank 0 still there? It judges first, so a little more time is left. */
static void judge_home(double now)
{
  if (!dog.answered || dog.peer->ended || now - dog.peer->at <= 1.25 * dog.limit + 2 * dog.tick) return;
  fprintf(
      stderr,
      "tartan: rank %d on %s: no sign of life for %.0f s from rank 0 on %s: node or network failed, or the process was "
      "stopped; this rank was %s\n",
      dog.rank, dog.host, now - dog.peer->at, dog.peer->last.host, sign_of_self(now).phase);
  leave();
}

/* After a pause of everything all clocks begin anew. */
static void forgive(double now)
{
  const int peers = dog.rank == 0 ? dog.size : 1;

  dog.moved = now;
  for (int r = 0; r < peers; r++) {
    dog.peer[r].at = now;
    dog.peer[r].last.idle = 0;
  }
}

static void *look_on(void *unused)
{
  struct pollfd p[2] = {{.fd = dog.socket, .events = POLLIN}, {.fd = dog.wake[0], .events = POLLIN}};
  double        next = tt_seconds(), before = next;

  (void)unused;
  while (!atomic_load(&dog.stop)) {
    const double now = tt_seconds();
    sign         s;

    if (now - before > fmax(5 * dog.tick, dog.limit / 2)) forgive(now);
    before = now;
    hear(now);
    if (now >= next) {
      look_at_self(now);
      s = sign_of_self(now);
      if (dog.rank == 0)
        judge_all(now);
      else
        report(&s), judge_home(now);
      next = now + dog.tick;
    }
    (void)poll(p, 2, (int)(1000 * fmin(0.2, dog.tick)));
  }
  return NULL;
}

/* ------------------------------------------------------------------------------------------------ life */

/* Addresses of rank 0's host that others may reach; on one host the loop will do. */
static void find_addresses(meeting *m)
{
  struct ifaddrs *list = NULL;

  if (getifaddrs(&list) != 0) list = NULL;
  for (const struct ifaddrs *i = list; i && m->count < ADDRESSES - 1; i = i->ifa_next)
    if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && !(i->ifa_flags & IFF_LOOPBACK) && (i->ifa_flags & IFF_UP))
      m->address[m->count++] = ((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr.s_addr;
  m->address[m->count++] = htonl(INADDR_LOOPBACK);
  if (list) freeifaddrs(list);
}

static bool open_socket(meeting *m)
{
  struct sockaddr_in here = {.sin_family = AF_INET};
  socklen_t          length = sizeof here;

  if (pipe2(dog.wake, O_CLOEXEC) != 0) return false;
  dog.socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (dog.socket < 0 || bind(dog.socket, (const struct sockaddr *)&here, sizeof here) != 0 ||
      getsockname(dog.socket, (struct sockaddr *)&here, &length) != 0)
    return false;
  m->port = here.sin_port;
  return true;
}

/* The same on every rank. */
static tartan_status meet(tartan_grid *grid, bool *ready)
{
  int64_t       able;
  tartan_status st = TARTAN_OK;

  memset(&dog.where, 0, sizeof dog.where);
  able = open_socket(&dog.where);
  find_addresses(&dog.where);
  dog.where.run = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid() << 20 ^ dog.where.port;
  TRY(tt_bcast(grid, &dog.where, 1, sizeof dog.where, 0));
  TRY(tt_allreduce_i64(grid, &able, 1, TT_MIN));
  *ready = able != 0;
done:
  return st;
}

static void close_down(void)
{
  if (dog.socket >= 0) close(dog.socket);
  for (int i = 0; i < 2; i++)
    if (dog.wake[i] >= 0) close(dog.wake[i]);
  dog.socket = dog.wake[0] = dog.wake[1] = -1;
  tt_free(dog.peer);
  dog.peer = NULL;
}

/* A thread that no signal is delivered to: they are for the program. */
static bool start_thread(void)
{
  sigset_t all, before;
  bool     started;

  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  started = pthread_create(&dog.thread, NULL, look_on, NULL) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

tartan_status app_watchdog_start(tartan_grid *grid, double limit)
{
  const double  now = tt_seconds();
  bool          ready = false;
  int64_t       running;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (grid->size == 1 || limit <= 0 || dog.running) goto done;
  memset(&dog, 0, sizeof dog);
  dog.socket = dog.wake[0] = dog.wake[1] = -1;
  dog.rank = grid->rank;
  dog.size = grid->size;
  dog.limit = limit;
  dog.tick = fmin(fmax(0.2, limit / 20), fmax(1, grid->size / 200.0));
  dog.start = dog.moved = now;
  dog.watched = pthread_self();
  if (gethostname(dog.host, TEXT - 1) != 0) snprintf(dog.host, TEXT, "unknown");
  dog.peer = tt_alloc_zero(NULL, grid->rank == 0 ? grid->size : 1, sizeof *dog.peer, "a list of ranks", &local);
  AGREE(grid, local);
  TRY(meet(grid, &ready));
  running = ready && start_thread();
  dog.running = running != 0;
  TRY(tt_allreduce_i64(grid, &running, 1, TT_MIN));
  if (running) goto done;
  app_watchdog_stop();
  tt_grid_warn(grid, "the watchdog could not be started: a run that has stopped moving will not be ended");
done:
  if (!dog.running) close_down();
  return st;
}

void app_watchdog_stop(void)
{
  sign s;

  if (!dog.running) return;
  atomic_store(&dog.stop, true);
  (void)!write(dog.wake[1], "", 1);
  pthread_join(dog.thread, NULL);
  s = sign_of_self(tt_seconds());
  s.ended = 1;
  if (dog.rank > 0) report(&s);
  for (int r = 1; r < dog.size && dog.rank == 0; r++)
    if (dog.peer[r].heard) post(&s, &dog.peer[r].from);
  dog.running = false;
  close_down();
}
