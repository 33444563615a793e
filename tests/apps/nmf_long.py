#!/usr/bin/env python3
# TEST: labels=apps timeout=600
"""Factorizations that are stopped and go on, with the bits and the history of one that was never stopped: by the time limit and by
signals, on other numbers of ranks, of dense and of sparse data; states that are damaged or of other options."""
import os
import shutil
import signal
import subprocess
import time

from tartan_test import TARTAN, environment, main, need, ok, refused, run

LIMIT = "--time-limit=1s"  # less than the margin: stops after one iteration
NAMES = ("W", "H", "loss", "violation")


def table(dtype, rows=900, cols=70, name="a.h5"):
    import h5py
    import numpy as np

    rng = np.random.default_rng(11)
    x = rng.random((rows, 5)) @ rng.random((5, cols)) + 0.3 * rng.random((rows, cols))
    x[rng.random(x.shape) < 0.4] = 0
    with h5py.File(name, "w") as f:
        f["X"] = x.astype(dtype)
        f["W"], f["H"] = rng.random((rows, 4)), rng.random((4, cols))
    return name + ":/X"


def entries(name="s.h5"):
    import h5py
    import scipy.sparse as sp

    x = sp.random(700, 120, 0.1, "csr", random_state=3)
    with h5py.File(name, "w") as f:
        g = f.create_group("X")
        g["data"], g["indices"], g["indptr"] = x.data, x.indices, x.indptr
        g.attrs["encoding-type"], g.attrs["shape"] = "csr_matrix", x.shape
    return name + ":/X"


def read(name):
    import h5py

    with h5py.File(name, "r") as f:
        assert f.attrs["complete"] == 1
        return {key: f[key][()] for key in NAMES}, {key: f.attrs[key] for key in ("iterations", "converged", "relative_error")}


def same(a, b):
    (x, of_x), (y, of_y) = read(a), read(b)
    assert of_x == of_y, (of_x, of_y)
    for name in NAMES:
        assert x[name].tobytes() == y[name].tobytes(), f"{name} of {a} and {b} differ"


def rest(name):
    return sorted(f for f in os.listdir(".") if f.startswith(name + "."))


def stop(*words, ranks=1):
    done = run(*words, LIMIT, ranks=ranks)
    assert done.code == 75 and "the time limit" in done.err[0], (done.code, done.stderr)
    return done


def test_any_ranks():
    need("h5py", "numpy", "scipy")
    for source, options in ((table("f4"), ("--init=random", "--seed=3")), (table("f8", name="b.h5"), ("--start=b.h5",)),
                            (entries(), ("--init=random",))):
        words = ("nmf", source, "-k4", *options, "--iterations=12", "--tol=0", "-o")
        ok(*words, "whole.h5", "--force", ranks=2)
        for i, ranks in enumerate((2, 1, 3, 7, 2)):
            done = stop(*words, "parts.h5", ranks=ranks)
            assert f"stopped after iteration {i + 1} by the time limit" in done.stderr, done.stderr
            assert ("goes on" in done.stdout) == (i > 0) and not os.path.exists("parts.h5")
        assert rest("parts.h5") == ["parts.h5.checkpoint", "parts.h5.checkpoint.1"]
        done = ok(*words, "parts.h5", "--checkpoint-every=0s", ranks=3)
        assert "goes on after iteration 5, from parts.h5.checkpoint" in done.stdout, done.stdout
        same("whole.h5", "parts.h5")
        assert rest("parts.h5") == []
        os.remove("parts.h5")


def test_more_ranks_than_rows():
    need("h5py", "numpy")
    words = ("nmf", table("f4", 6, 5), "-k2", "--init=random", "--iterations=8", "--tol=0", "-o")
    ok(*words, "whole.h5")
    for ranks in (7, 1, 7):
        stop(*words, "parts.h5", ranks=ranks)
    ok(*words, "parts.h5", ranks=2)
    same("whole.h5", "parts.h5")


def test_end_by_tolerance():
    """The violation is measured in units of the first iteration's, which the state holds; penalties."""
    need("h5py", "numpy")
    words = ("nmf", table("f4"), "-k4", "--init=random", "--tol=0.1", "--l1=0.1", "--l2=0.2", "-o")
    ok(*words, "whole.h5")
    last = int(read("whole.h5")[1]["iterations"])
    assert 3 < last < 200 and read("whole.h5")[1]["converged"] == 1, last
    for i in range(last - 1):
        stop(*words, "parts.h5", ranks=1 + i % 2)
    ok(*words, "parts.h5", LIMIT, ranks=2)  # the last iteration needs no state
    same("whole.h5", "parts.h5")


def test_exact_loss():
    """Of rank one: the loss at the end comes from the elements."""
    need("h5py", "numpy")
    import h5py
    import numpy as np

    with h5py.File("one.h5", "w") as f:
        f["X"] = np.outer(1 + np.arange(300) % 7, 1 + np.arange(20) % 3).astype("f4")
    words = ("nmf", "one.h5", "-k1", "--init=random", "--iterations=4", "--tol=0", "-o")
    ok(*words, "whole.h5")
    for ranks in (1, 2, 3):
        stop(*words, "parts.h5", ranks=ranks)
    ok(*words, "parts.h5")
    same("whole.h5", "parts.h5")


def test_start_from_singular_vectors():
    """The iteration that finds them keeps its own state; one of the same ranks comes to the same bits."""
    need("h5py", "numpy")
    words = ("nmf", table("f8"), "-k4", "--iterations=5", "--tol=0", "-o")
    ok(*words, "whole.h5", ranks=2)
    said = []
    for _ in range(60):
        done = run(*words, "parts.h5", LIMIT, ranks=2)
        said.append(done.stderr)
        if done.code == 0:
            break
        assert done.code == 75, done.stderr
    else:
        raise AssertionError("no end")
    assert any("after step" in text for text in said) and sum("after iteration" in text for text in said) == 4, said
    same("whole.h5", "parts.h5")
    assert rest("parts.h5") == []


def test_signals():
    need("h5py", "numpy", "scipy")
    for source in (table("f4", 4000, 200), entries()):
        words = ("nmf", source, "-k4", "--init=random", "--iterations=4000", "--tol=0", "-o")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            process = subprocess.Popen([TARTAN, *words, "x.h5"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env=environment(1))
            for line in process.stdout:
                if line.split()[:1] == ["5"]:
                    break
            process.send_signal(number)
            error = process.communicate(timeout=60)[1]
            assert process.returncode == 75 and "by a signal: the state is in x.h5.checkpoint" in error, error
            assert not os.path.exists("x.h5")
        for name in rest("x.h5"):
            os.remove(name)


def test_periodic():
    """A run that is killed goes on from the last state that was written."""
    need("h5py", "numpy")
    words = ("nmf", table("f4", 4000, 200), "-k8", "--init=random", "--iterations=400", "--tol=0", "-o")
    ok(*words, "whole.h5")
    process = subprocess.Popen([TARTAN, *words, "x.h5", "--checkpoint-every=0s"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env=environment(1))
    end = time.time() + 60
    while not os.path.exists("x.h5.checkpoint.1") and time.time() < end:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    done = ok(*words, "x.h5", ranks=2)
    assert "goes on after iteration" in done.stdout
    same("whole.h5", "x.h5")
    assert rest("x.h5") == []


def spoil(name, how):
    import h5py

    if how == "short":
        os.truncate(name, os.path.getsize(name) // 2)
        return
    with h5py.File(name, "r+") as f:
        f[how][1, 1] += 1


def test_damaged():
    need("h5py", "numpy")
    words = ("nmf", table("f4"), "-k4", "--init=random", "--iterations=6", "--tol=0", "-o")
    ok(*words, "whole.h5")
    for _ in range(2):
        stop(*words, "x.h5", ranks=2)
    kept = rest("x.h5")
    for name in kept:
        shutil.copy(name, "kept" + name)
    for how in ("W", "H", "history", "short"):
        for name in kept:
            shutil.copy("kept" + name, name)
        spoil("x.h5.checkpoint", how)
        done = ok(*words, "x.h5", ranks=3)
        assert "after iteration 1," in done.stdout and "x.h5.checkpoint is damaged: going on from the state before it" in done.stderr
        same("whole.h5", "x.h5")
        os.remove("x.h5")
    for name in kept:
        shutil.copy("kept" + name, name)
        spoil(name, "H")
    for ranks in (1, 2):
        refused(8, ["are damaged", "--resume never"], *words, "x.h5", ranks=ranks)
    ok(*words, "x.h5", "--resume=never", ranks=2)
    same("whole.h5", "x.h5")
    assert rest("x.h5") == []
    os.remove("x.h5")
    ok(*words, "x.h5", "--resume=keptx.h5.checkpoint.1")
    same("whole.h5", "x.h5")


def test_other_options():
    need("h5py", "numpy")
    words = ("nmf", table("f4"), "-k4", "--init=random", "--iterations=6", "--tol=0", "-o", "x.h5")
    stop(*words)
    for ranks in (1, 3):
        refused(8, ["other options or data", "l1=0"], *words, "--l1=0.5", ranks=ranks)
        refused(8, ["this run needs a tartan-gram-checkpoint"], "covariance", "a.h5:/X", "-o", "x.h5", ranks=ranks)
    os.rename("x.h5.checkpoint", "kept.h5")
    run("covariance", "a.h5:/X", "-o", "x.h5", LIMIT)
    if os.path.exists("x.h5.checkpoint"):
        refused(8, ["is a tartan-gram-checkpoint, this run needs a tartan-nmf-checkpoint:"], *words)
    os.mkdir("states")
    stop(*words[:-1], "y.h5", "--checkpoint=states")
    assert os.listdir("states") == ["y.h5.checkpoint"] and rest("y.h5") == []
    ok(*words[:-1], "y.h5", "--checkpoint=states", ranks=2)
    assert os.listdir("states") == []


main()
