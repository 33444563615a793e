#!/usr/bin/env python3
# TEST: labels=app timeout=120
"""The watchdog: a rank that is stopped and a run that stands still are ended with exit code 9 and named; a long computation of
one rank is not."""
import os
import re
import signal
import subprocess
import time

from tartan_test import MPIEXEC, TARTAN, environment, main, ok


def start(ranks, *words):
    return subprocess.Popen([MPIEXEC, "-n", str(ranks), TARTAN, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=environment(1))


def processes(mpirun):
    """The ranks of a running mpirun, by rank."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
            with open(f"/proc/{pid}/environ", "rb") as f:
                rank = re.search(rb"OMPI_COMM_WORLD_RANK=(\d+)", f.read())
        except (OSError, ValueError):
            continue
        if parent == mpirun.pid and rank:
            found[int(rank[1])] = int(pid)
    return found


def end(job, limit):
    try:
        return job.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        job.kill()
        raise AssertionError(f"the run did not end within {limit} s")


def stop_rank(which):
    """A rank that is stopped in the middle of a run of some seconds."""
    ok("generate", "matrix", "-m", "1800", "-n", "1800", "-o", "a.h5")
    job = start(3, "eig", "a.h5", "-o", "e.h5", "--watchdog", "3s")
    for _ in range(100):
        time.sleep(0.1)
        if len(processes(job)) == 3:
            break
    time.sleep(1.5)  # all have given a sign of life
    os.kill(processes(job)[which], signal.SIGSTOP)
    err = end(job, 60)[1]
    assert job.returncode == 9, (job.returncode, err)
    assert not os.path.exists("e.h5")
    return err


STUCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
ssize_t pread(int fd, void *buf, size_t count, off_t offset)
{
  const char *rank = getenv("OMPI_COMM_WORLD_RANK");
  ssize_t (*next)(int, void *, size_t, off_t) = dlsym(RTLD_NEXT, "pread");

  if (rank && strcmp(rank, "0") == 0 && count > 100000) pause();
  return next(fd, buf, count, offset);
}
ssize_t pread64(int fd, void *buf, size_t count, off_t offset) { return pread(fd, buf, count, offset); }
"""


def stand_still(*options):
    """A run whose rank 0 never comes back from reading, as from a file system that hangs; the others wait for it."""
    with open("stuck.c", "w") as f:
        f.write(STUCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "stuck.so", "stuck.c", "-ldl"], check=True)
    ok("generate", "matrix", "-m", "3000", "-n", "300", "-o", "a.h5")
    env = dict(environment(1), LD_PRELOAD=os.path.abspath("stuck.so"))
    return subprocess.Popen([MPIEXEC, "-n", "3", "-x", "LD_PRELOAD", TARTAN, "pca", "a.h5", "-k", "2", "-o", "x.h5", *options],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def test_stopped_rank():
    err = stop_rank(2)
    assert "no sign of life for 3 s from rank 2 on " in err, err
    assert re.search(r"still there: rank 0 on \S+ \(.*\), rank 1 on ", err), err


def test_stopped_rank_0():
    err = stop_rank(0)
    # the first of the others to notice ends the rest
    assert re.search(r"rank [12] on \S+: no sign of life for \d+ s from rank 0 on ", err), err


def test_standing_still():
    job = stand_still("--watchdog", "2s")
    err = end(job, 40)[1]
    assert job.returncode == 9, (job.returncode, err)
    assert "no rank has moved for 2 s: rank 0 on " in err and "rank 1 on " in err and ", in MPI_" in err, err
    assert not os.path.exists("x.h5")


def test_long_computation():
    """One rank alone computes for longer than the limit while the others wait for it: nothing is wrong."""
    ok("generate", "matrix", "-m", "900", "-n", "900", "-o", "a.h5")
    done = ok("eig", "a.h5", "-o", "e.h5", "--watchdog", "0.5s", ranks=3)
    assert done.seconds > 1, "too short to show anything"


def test_pause_of_all():
    """All ranks stopped and continued together, as `scontrol suspend` does: nobody is blamed."""
    ok("generate", "matrix", "-m", "900", "-n", "900", "-o", "a.h5")
    job = start(2, "eig", "a.h5", "-o", "e.h5", "--watchdog", "2s")
    while len(processes(job)) < 2:
        time.sleep(0.05)
    time.sleep(0.7)
    ranks = processes(job).values()
    for pid in ranks:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(5)
    for pid in ranks:
        os.kill(pid, signal.SIGCONT)
    err = end(job, 60)[1]
    assert job.returncode == 0, (job.returncode, err)


def test_off():
    job = stand_still("--watchdog", "0")
    time.sleep(4)
    assert job.poll() is None
    job.terminate()
    end(job, 20)


main()
