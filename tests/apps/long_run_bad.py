#!/usr/bin/env python3
# TEST: labels=apps timeout=600
"""Long runs that are mistreated: states that are cut, changed, foreign or of other data, for every command that keeps one; folders
that cannot take a state; nonsense for the end of the job; signals to commands that keep a state and to those that do not; two
runs for the same output. Whatever happens, a result is that of a run that was left alone, or there is none."""
import contextlib
import os
import random
import shutil
import signal
import subprocess
import time

from tartan_test import MPIEXEC, TARTAN, Skip, environment, main, need, ok, refused, run, small_disk

LIMIT = "--time-limit=1s"  # less than the margin: stops as soon as the state has got on
GRID = "factors = 3 5\nregularization = 0.1 1\n"
TRAIN = ("recommend", "train", "r.h5", "-k4", "--iterations=4", "--early-stop=rmse", "--split=random")
SWEEP = ("recommend", "train", "r.h5", "--iterations=3", "--sweep=grid.txt", "--split=random", "--early-stop=rmse")

# Words; what would make it another run; datasets of the result; the kind of its state
KEEPING = {
    "covariance": (("covariance", "a.h5"), "--ddof=0", ("covariance", "mean"), "gram"),
    "pca-gram": (("pca", "a.h5", "-k3", "--solver=gram"), "--whiten", ("components_", "explained_variance_"), "gram"),
    "pca-krylov": (("pca", "a.h5", "-k3", "--solver=krylov"), "--scale=std", ("components_", "explained_variance_"), "gram"),
    "regress": (("regress", "a.h5", "--target=y.h5", "--penalty=0.1"), "--penalty=0.2", ("coef", "intercept", "mse"), "gram"),
    "svd": (("svd", "a.h5", "-k3"), "--seed=9", ("U", "S", "Vt"), "krylov"),
    "lowrank": (("lowrank", "a.h5", "-k3"), "--seed=9", ("U", "S", "Vt"), "krylov"),
    "train": (TRAIN, "--regularization=0.7", ("user_factors", "item_factors"), "recommend"),
}


def inputs(seed=1):
    ok("generate", "matrix", "-m", 16000, "-n", 200, "--dtype", "f32", f"--seed={seed}", "-o", "a.h5", "--force")
    ok("generate", "matrix", "-m", 16000, "-n", 1, f"--seed={seed}", "-o", "y.h5", "--force")
    ok("generate", "ratings", "--users=200", "--items=100", "--ratings=4000", f"--seed={seed}", "-o", "r.h5", "--force")
    with open("grid.txt", "w", encoding="utf-8") as f:
        f.write(GRID)


def arrays(name, names):
    import h5py

    with h5py.File(name, "r") as f:
        assert f.attrs["complete"] == 1, name
        return [f[key][()].tobytes() for key in names]


def beside(name):
    """What stands beside a result."""
    return sorted(f for f in os.listdir(".") if f.startswith(name + "."))


def stop(*words, **how):
    done = run(*words, LIMIT, **how)
    assert done.code == 75 and len(done.err) == 1 and "the time limit" in done.err[0], (words, done.code, done.stderr)
    return done


def begun():
    """States of all commands, two generations of each, in the folder kept."""
    inputs()
    os.mkdir("kept")
    for name, (words, _, _, _) in KEEPING.items():
        ok(*words, "-o", f"{name}.whole.h5")
        stop(*words, "-o", f"{name}.h5")
        stop(*words, "-o", f"{name}.h5")
        assert beside(f"{name}.h5") == [f"{name}.h5.checkpoint", f"{name}.h5.checkpoint.1"], beside(f"{name}.h5")
        for file in beside(f"{name}.h5"):
            os.rename(file, f"kept/{file}")


def put(name, generations=("", ".1")):
    for suffix in generations:
        shutil.copy(f"kept/{name}.h5.checkpoint{suffix}", f"{name}.h5.checkpoint{suffix}")


def remove(name):
    for file in [f"{name}.h5", *beside(f"{name}.h5")]:
        if os.path.exists(file) and "whole" not in file:
            os.remove(file)


def change(path, chance):
    """Cuts the file somewhere, or changes a few bytes of it."""
    size = os.path.getsize(path)
    if chance.random() < 0.3:
        os.truncate(path, chance.randrange(size))
        return
    with open(path, "r+b") as f:
        for _ in range(chance.choice((1, 4, 64))):
            f.seek(chance.randrange(size))
            f.write(bytes([chance.randrange(256)]))


def whole_or_refused(name, done):
    """A run over what may be damage: the bits of the whole result, or exit code 8 and one line."""
    words, _, names, _ = KEEPING[name]
    what = (words, done.code, done.stderr)
    if done.code == 0:
        assert arrays(f"{name}.h5", names) == arrays(f"{name}.whole.h5", names), what
        assert beside(f"{name}.h5") == [], beside(f"{name}.h5")
    else:
        assert done.code == 8 and len(done.err) == 1 and "--resume never begins anew" in done.err[0], what
        assert not os.path.exists(f"{name}.h5"), what


def test_states():
    """For every command: damage by chance in one generation or both, states of others, of other options and of other data."""
    need("h5py")
    begun()
    chance = random.Random(20261201)
    recovered = 0
    for name, (words, other, names, kind) in KEEPING.items():
        for both in (False, True, False, True):
            put(name)
            change(f"{name}.h5.checkpoint", chance)
            if both:
                change(f"{name}.h5.checkpoint.1", chance)
            done = run(*words, "-o", f"{name}.h5")
            assert both or done.code == 0, (words, done.code, done.stderr)
            whole_or_refused(name, done)
            recovered += "going on from the state before it" in done.stderr
            remove(name)
        # Of another command: the newest that there is, whatever it is called.
        foreign = next(n for n, row in KEEPING.items() if row[3] != kind)
        shutil.copy(f"kept/{foreign}.h5.checkpoint", f"{name}.h5.checkpoint")
        refused(8, ["this run needs", "--resume never begins anew"], *words, "-o", f"{name}.h5")
        # Of another command with a state of the same kind.
        for like in (n for n, row in KEEPING.items() if row[3] == kind and n != name):
            shutil.copy(f"kept/{like}.h5.checkpoint", f"{name}.h5.checkpoint")
            refused(8, ["other options or data", "--resume never begins anew"], *words, "-o", f"{name}.h5")
        put(name)
        refused(8, "other options or data", *words, other, "-o", f"{name}.h5")
        done = ok(*words, "-o", f"{name}.h5", ranks=2)
        assert "goes on" in done.stdout, done.stdout
        if kind == "krylov":  # its bits depend on the number of ranks
            remove(name)
            put(name)
            ok(*words, "-o", f"{name}.h5")
        assert arrays(f"{name}.h5", names) == arrays(f"{name}.whole.h5", names), words
        remove(name)
    assert recovered >= 8, recovered
    # Other data of the same size under the same names.
    inputs(seed=2)
    for name, (words, _, names, _) in KEEPING.items():
        put(name)
        refused(8, ["other options or data", "--resume never begins anew"], *words, "-o", f"{name}.h5")
        ok(*words, "-o", f"{name}.h5", "--resume=never")
        assert arrays(f"{name}.h5", names) != arrays(f"{name}.whole.h5", names), words
        assert beside(f"{name}.h5") == []


main()
