#!/usr/bin/env python3
# TEST: labels=apps,long timeout=900
"""A PCA and a training are killed without warning at ten random moments each and go on with other numbers of ranks: the bits are
those of runs that nobody disturbed, and at no moment a file under a final name is not whole."""
import glob
import os
import random
import signal
import subprocess
import time

from tartan_test import MPIEXEC, TARTAN, environment, main, need, ok

KILLS = 10
SEED = 20261130


def children(pid):
    """The processes that a process has started, and theirs."""
    found = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path) as f:
                direct = [int(word) for word in f.read().split()]
        except OSError:
            continue
        for child in direct:
            found += [child, *children(child)]
    return found


def kill(process):
    """SIGKILL for all ranks at once; mpirun sees it and ends."""
    for pid in children(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def all_whole():
    """Every file under a final name opens, is marked complete, and can be read to its end."""
    import h5py

    count = 0
    for name in [*glob.glob("*.h5"), *glob.glob("*.checkpoint"), *glob.glob("*.checkpoint.1")]:
        with h5py.File(name, "r") as f:
            assert f.attrs["complete"] == 1, name
            f.visititems(lambda _, item: item[()] if isinstance(item, h5py.Dataset) else None)
        count += 1
    return count


def arrays(name, names):
    import h5py

    with h5py.File(name, "r") as f:
        return [f[key][()].tobytes() for key in names]


def disturb(words, names, seconds):
    """Kills runs, lets each next one go on, compares whatever becomes complete."""
    chance = random.Random(SEED)
    whole = arrays("whole.h5", names)
    kills = resumed = finished = 0
    while kills < KILLS:
        ranks = chance.choice((1, 2, 3, 4))
        log = open("log.txt", "w+")
        process = subprocess.Popen([MPIEXEC, "-q", "-n", str(ranks), TARTAN, *words, "-o", "parts.h5", "--checkpoint-every=0.2s"],
                                   stdout=log, stderr=subprocess.DEVNULL, env=environment(1))
        try:
            code = process.wait(timeout=0.5 + chance.random() * seconds)
        except subprocess.TimeoutExpired:
            kill(process)
            code = -9
        log.seek(0)
        resumed += "goes on" in log.read()
        log.close()
        all_whole()
        if code == -9:
            kills += 1
            continue
        assert code == 0, code
        finished += 1
        assert arrays("parts.h5", names) == whole
        assert not glob.glob("parts.h5.*"), glob.glob("parts.h5.*")
        os.remove("parts.h5")
    done = ok(*words, "-o", "parts.h5", ranks=3)
    resumed += "goes on" in done.stdout
    assert arrays("parts.h5", names) == whole
    assert not glob.glob("parts.h5.*"), glob.glob("parts.h5.*")
    print(f"{kills} kills, {resumed} runs went on from a state, {finished} finished in between")
    assert resumed > 0


def test_pca():
    need("h5py")
    ok("generate", "matrix", "-m", 150000, "-n", 784, "--dtype", "u8", "-o", "a.h5")
    words = ["pca", "a.h5", "-k10", "--solver=gram", "--scores-dtype=f32"]
    start = time.monotonic()
    ok(*words, "-o", "whole.h5")
    disturb(words, ("components_", "explained_variance_", "mean_", "X_pca"), time.monotonic() - start)


def test_training():
    need("h5py")
    ok("generate", "ratings", "--users=3000", "--items=2000", "--ratings=200000", "-o", "r.h5")
    words = ["recommend", "train", "r.h5", "-k48", "--iterations=20"]
    start = time.monotonic()
    ok(*words, "-o", "whole.h5", ranks=2)
    disturb(words, ("user_factors", "item_factors", "user_bias", "item_bias"), time.monotonic() - start)


main()
