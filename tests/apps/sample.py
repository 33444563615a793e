#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""sample: moments and roots against NumPy, equal bytes on 1 to 4 ranks, orthogonal matrices, bad input, second runs."""
import json
import os
import re

from tartan_test import exported, main, need, ok, refused


def numpy():
    need("h5py", "numpy")
    import numpy as np

    return np


def h5(name, **data):
    import h5py

    with h5py.File(name, "w") as f:
        for key, value in data.items():
            f[key] = value
    return name


def load(name):
    import h5py

    with h5py.File(name) as f:
        return {k: v[()] for k, v in f.items()}, dict(f.attrs)


def covariance(n, rank=None):
    np = numpy()
    a = np.random.default_rng(n).normal(size=(n, rank or n))
    return a @ a.T + (0 if rank else np.eye(n))


def test_samples():
    """The root of the covariance comes back from samples without and with it: those of the identity are z."""
    np = numpy()
    for i, (n, rank, dtype) in enumerate(((1, 0, "f8"), (7, 0, "f8"), (40, 0, "f4"), (40, 13, "f8"))):
        c = covariance(n, rank).astype(dtype)
        m = np.arange(n) / 3 - 1
        h5("c.h5", C=c)
        h5("i.h5", C=np.eye(n, dtype=dtype))
        h5("m.h5", m=m)
        ok("sample", "i.h5", "--count", 600, "--seed", 5, "-o", "z.h5", "--force", ranks=1 + i)
        ok("sample", "c.h5:/C", "--mean", "m.h5", "--count", 600, "--seed", 5, "-o", "x.h5", "--force", ranks=4 - i)
        z, x = load("z.h5")[0]["X"], load("x.h5")[0]
        assert list(x) == ["X", "mean"] and x["X"].dtype == dtype and x["X"].shape == (600, n)
        root = np.linalg.lstsq(z.astype("f8"), x["X"].astype("f8") - m, rcond=None)[0].T
        u = 2.0**-24 if dtype == "f4" else 2.0**-53
        assert np.linalg.norm(root @ root.T - c) <= 60 * n * u * np.linalg.norm(c)
        if not rank:
            assert np.linalg.norm(np.triu(root, 1)) <= 60 * n * u * np.linalg.norm(root)
        method = load("x.h5")[1]["method"]
        assert (method if isinstance(method, str) else method.decode()) == ("eigenvalues" if rank else "Cholesky")


def test_moments():
    np = numpy()
    c, m, count = covariance(5), np.array([1.0, -2, 0, 100, 5]), 40000
    h5("c.h5", C=c, m=m)
    ok("sample", "c.h5:/C", "--mean", "c.h5:/m", "--count", count, "--seed", 1, "-o", "x.h5", ranks=3)
    x = load("x.h5")[0]["X"]
    assert (abs(x.mean(0) - m) <= 5 * np.sqrt(np.diag(c) / count)).all()
    d = np.diag(c)
    assert (abs(np.cov(x.T) - c) <= 5 * np.sqrt((np.outer(d, d) + c * c) / count)).all()


def test_same_bytes():
    np = numpy()
    for rank in (None, 20):
        h5("c.h5", C=covariance(300, rank), m=np.ones(300))
        x, q = set(), set()
        for ranks, threads in ((1, 1), (2, 2), (3, 1), (4, 1)):
            ok("sample", "c.h5:/C", "--mean", "c.h5:/m", "--count", 1000, "-o", "x.h5", "--force", ranks=ranks,
               threads=threads)
            x.add(exported("x.h5:/X"))
            if rank:
                ok("sample", "--orthogonal", "500x60", "-o", "q.h5", "--force", ranks=ranks, threads=threads)
                q.add(exported("q.h5"))
        assert len(x) == 1 and len(q) == (1 if rank else 0), (rank, len(x), len(q))


def test_orthogonal():
    np = numpy()
    for i, (m, n, words) in enumerate(((50, 50, []), (300, 20, ["--dtype", "f32"]), (20, 300, ["--seed", 3]), (1, 1, []))):
        ok("sample", "--orthogonal", f"{m}x{n}", *words, "-o", "q.h5", "--force", ranks=1 + i)
        data, attributes = load("q.h5")
        q = data["Q"]
        assert q.shape == (m, n) and q.dtype == ("f4" if words[:1] == ["--dtype"] else "f8") and attributes["seed"] >= 0
        q = q.astype("f8")
        small = q.T @ q if m >= n else q @ q.T
        u = 2.0**-24 if data["Q"].dtype == "f4" else 2.0**-53
        assert np.linalg.norm(small - np.eye(min(m, n))) <= 40 * min(m, n) * u
    ok("sample", "--orthogonal", "50x50", "--seed", 1, "-o", "r.h5")
    ok("sample", "--orthogonal", "50x50", "--seed", 2, "-o", "s.h5")
    assert np.linalg.norm(load("r.h5")[0]["Q"] - load("s.h5")[0]["Q"]) > 1


def nothing_left(before):
    left = set(os.listdir(".")) - set(before)
    assert not left, f"left behind: {left}"


def test_bad_input():
    np = numpy()
    bad = covariance(9)
    bad[4, 2] = np.nan
    h5("c.h5", C=covariance(9))
    h5("bad.h5", C=bad)
    h5("indefinite.h5", C=np.diag([3.0, 2, -1]))
    h5("wide.h5", C=np.ones((3, 4)))
    h5("m.h5", m=np.arange(8))
    h5("nan.h5", m=np.full(9, np.nan))
    before = os.listdir(".")
    count = ["--count", 10]
    for i, (code, part, words) in enumerate((
            (2, "needs COV.h5, or --orthogonal", count), (2, "--count N", ["c.h5"]),
            (2, "--count N", ["c.h5", "--count", 0]), (2, "--count", ["c.h5", "--count", -5]),
            (2, ["square", "3 x 4"], ["wide.h5", *count]), (3, "NaN at (4, 2)", ["bad.h5", *count]),
            (7, ["not positive semidefinite", "-1"], ["indefinite.h5", *count]),
            (2, ["9 numbers are needed", "8 x 1"], ["c.h5", *count, "--mean", "m.h5"]),
            (3, ["mean", "NaN"], ["c.h5", *count, "--mean", "nan.h5"]),
            (3, "none.h5", ["c.h5", *count, "--mean", "none.h5"]), (3, "none.h5", ["none.h5", *count]),
            (2, "takes no covariance", ["c.h5", "--orthogonal", "3x3"]),
            (2, "--count does not go with", ["--orthogonal", "3x3", *count]),
            (2, "--mean does not go with", ["--orthogonal", "3x3", "--mean", "m.h5"]),
            (2, "two counts", ["--orthogonal", "3"]), (2, "--sbatch goes with", ["--orthogonal", "3x3", "--sbatch"]),
            (2, "--sbatch goes with", ["c.h5", *count, "--sbatch"]))):
        refused(code, part, "sample", *words, "-o", "o.h5", ranks=i % 2 * 3)
        nothing_left(before)
    for ranks in (0, 3):
        refused(2, "needs -o", "sample", "--orthogonal", "3x3", ranks=ranks)
        refused(2, "the output is", "sample", "c.h5", *count, "-o", "c.h5", "--force", ranks=ranks)
        refused(2, "the output is", "sample", "c.h5", *count, "--mean", "m.h5", "-o", "m.h5", "--force", ranks=ranks)
        refused(5, "--memory", "sample", "--orthogonal", "3000x3000", "-o", "o.h5", "--memory", "99M", ranks=ranks)
        nothing_left(before)


def test_plans_reports_and_again():
    h5("c.h5", C=covariance(60))
    before = os.listdir(".")
    for i, words in enumerate((["c.h5", "--count", 100], ["--orthogonal", "90x40"])):
        plan = ok("sample", *words, "-o", "o.h5", "--plan", "--sbatch", ranks=2 * i).stdout
        for word in ("method", "moved", "work", "memory", "time", "ranks", "#SBATCH --job-name=tartan-sample"):
            assert f"\n{word}" in "\n" + plan, (word, plan)
        nothing_left(before)
        done = ok("sample", *words, "-o", "o.h5", "--json", "r.json", ranks=2)
        assert "where the time went" in done.stdout and "written  o.h5" in done.stdout
        with open("r.json", encoding="utf-8") as f:
            report = json.load(f)
        assert report["command"] == "sample" and report["exit_code"] == 0 and report["result"]["output"] == "o.h5"
        stamp = os.stat("o.h5").st_mtime_ns
        assert "nothing to do" in ok("sample", *words, "-o", "o.h5", ranks=3).stdout
        refused(3, ["another configuration", "seed", "--force"], "sample", *words, "-o", "o.h5", "--seed", 9)
        assert os.stat("o.h5").st_mtime_ns == stamp
        ok("sample", *words, "-o", "o.h5", "--seed", 9, "--force", "--quiet")
        os.remove("o.h5")
        os.remove("r.json")
    assert "written  c.sample.h5" in ok("sample", "c.h5", "--count", 3).stdout


def test_memory_that_would_do():
    """More samples than memory: what the refusal says is enough, also for writing them."""
    np = numpy()
    h5("c.h5", X=np.eye(300))
    words = ("sample", "c.h5", "--count", 60000, "-o", "o.h5", "--force")
    for ranks in (0, 2, 3):
        least = re.search(r"give --memory (\d+M)", refused(5, "sample of", *words, "--memory", "64M", ranks=ranks).stderr)
        ok(*words, "--memory", least[1], ranks=ranks)


main()
