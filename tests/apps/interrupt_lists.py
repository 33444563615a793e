#!/usr/bin/env python3
# TEST: labels=apps timeout=200
"""Commands without a state that a signal ends while they write: they die by it, and their temporary file goes with them."""
import glob
import os
import signal
import subprocess
import time

from tartan_test import MPIEXEC, TARTAN, environment, main, need, ok


def parts(name):
    return glob.glob(name + ".part-*")


def interrupted(words, name, number, launcher=()):
    """The code of a run that gets the signal when its file is being written; None if it was there too shortly."""
    process = subprocess.Popen([*launcher, TARTAN, *words, "-o", name, "--force"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=environment(1))
    while process.poll() is None and not parts(name):
        time.sleep(0.0005)
    if process.poll() is None:
        process.send_signal(number)
    code = process.wait(timeout=60)
    assert parts(name) == [], (words, parts(name), code)
    return code if code != 0 else None


def test_signals():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        words = ("generate", "matrix", "-m", 20000, "-n", 800)
        codes = [interrupted([*map(str, words)], "a.h5", number) for _ in range(3)]
        assert -number in codes, (number, codes)
    codes = [interrupted([*map(str, words)], "a.h5", signal.SIGTERM, (MPIEXEC, "-q", "-n", "2")) for _ in range(3)]
    assert any(code is not None for code in codes), codes


def test_lists():
    need("h5py")
    ok("generate", "ratings", "--users=6000", "--items=3000", "--ratings=60000", "-o", "r.h5")
    ok("recommend", "train", "r.h5", "-k8", "--iterations=1", "-o", "m.h5")
    for words in (("topn", "m.h5", "--count=200"), ("similar", "m.h5", "--count=200")):
        for number in (signal.SIGTERM, signal.SIGINT):
            for _ in range(5):
                code = interrupted(["recommend", *words], "l.h5", number)
                assert code in (None, -number), code
        ok("recommend", *words, "-o", "l.h5", "--force")
        assert parts("l.h5") == []


def test_ignored():
    """What was told to be ignored, as a shell does for what it starts in the background, stays so."""
    process = subprocess.Popen([TARTAN, "generate", "matrix", "-m", "20000", "-n", "800", "-o", "b.h5"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=environment(1),
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    while process.poll() is None and not parts("b.h5"):
        time.sleep(0.0005)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0 and os.path.exists("b.h5")


main()
