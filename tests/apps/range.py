#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""Data at the ends of the number range, constant features, and files that change: a right answer or a clear word."""
import os

from tartan_test import main, need, ok, refused, run

need("h5py", "numpy")
import h5py  # noqa: E402
import numpy as np  # noqa: E402


def make(name, values):
    with h5py.File(name, "w") as f:
        f["X"] = values
    return name


def normal(m, n, seed=0):
    return np.random.default_rng(seed).normal(size=(m, n)) * (1 + np.arange(n))


def read(name, what):
    with h5py.File(name) as f:
        return f[what][()]


def test_whitening_of_nothing():
    for x in (np.zeros((40, 3)), np.column_stack([normal(40, 2), normal(40, 2)])):
        for solver in ("gram", "full", "tsqr"):
            ok("pca", make("x.h5", x), "--whiten", "--solver", solver, "-o", "w.h5", "-f", ranks=2)
            assert np.isfinite(read("w.h5", "X_pca")).all()


def test_constant_with_missing_values():
    x = normal(600, 3)
    x = np.column_stack([x, np.full((600, 4), 0.1)])
    x[np.random.default_rng(1).random(x.shape) < 0.1] = np.nan
    for solver in ("gram", "full", "tsqr"):
        ok("pca", make("c.h5", x), "--nan", "mean", "--scale", "std", "--solver", solver, "-o", "o.h5", "-f", ranks=2)
        assert (read("o.h5", "scale_")[3:] == 1).all()
        assert abs(read("o.h5", "total_variance_") - 3) < 1e-9


def test_large_and_small():
    x = normal(200, 4)
    expected = np.linalg.svd(x - x.mean(0), compute_uv=False)
    for power in (150, -140):
        for solver in ("gram", "full", "tsqr"):
            ok("pca", make("p.h5", x * 10.0**power), "--solver", solver, "-o", "p.pca.h5", "-f", ranks=2)
            assert np.allclose(read("p.pca.h5", "singular_values_") / 10.0**power, expected, rtol=1e-10)
    for ranks in (1, 3):
        refused(7, "overflow", "pca", make("q.h5", x * 1e200), "--solver", "gram", "-o", "q.o.h5", ranks=ranks)
        refused(7, "overflow", "pca", "q.h5", "--solver", "full", "-o", "q.o.h5", ranks=ranks)
        refused(7, "overflow", "pca", "q.h5", "--solver", "full", "--scale", "std", "-o", "q.o.h5", ranks=ranks)
    assert not os.path.exists("q.o.h5")
    small = ok("pca", make("s.h5", x * 1e-152), "--solver", "gram", "-o", "s.o.h5", ranks=2)
    assert any("underflow" in w for w in small.warnings), small.stderr


def test_file_rewritten_within_a_second():
    words = ("pca", "r.h5", "-o", "r.pca.h5", "-q")
    make("r.h5", normal(100, 3, seed=1))
    ok(*words)
    make("r.h5", normal(100, 3, seed=2))
    assert run(*words).code == 3


def test_outputs_that_are_no_files():
    make("x.h5", normal(10, 2))
    os.mkfifo("pipe")
    for force in ([], ["-f"]):
        assert run("pca", "x.h5", "-o", "pipe", *force).code in (3, 6)
        assert os.path.exists("pipe") and not os.path.isfile("pipe")


main()
