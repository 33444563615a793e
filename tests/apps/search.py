#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""tartan search: the nearest items against NumPy and scikit-learn, names, kinds of files, small memory, bad input."""
import json
import os
import re

from tartan_test import main, need, ok, refused

METRICS = ("cosine", "dot", "euclidean")


def numpy():
    need("h5py", "numpy")
    import numpy as np

    return np


def save(name, data, how=None, **others):
    import h5py

    with h5py.File(name, "w") as f:
        f.create_dataset("X", data=data, **(how or {}))
        for key, value in others.items():
            f[key] = value
    return name


def load(name, *datasets):
    import h5py

    with h5py.File(name) as f:
        return [f[d].asstr()[()] if h5py.check_string_dtype(f[d].dtype) else f[d][()] for d in datasets]


def rows(m, n, seed):
    return numpy().random.default_rng(seed).normal(size=(m, n)) * 40


def scores_of(metric, x, y):
    """All scores [queries, items] in f64, and the order of the items of each query."""
    np = numpy()
    x, y = x.astype("f8"), y.astype("f8")
    if metric == "euclidean":
        s = np.sqrt(((y[:, None, :] - x[None, :, :]) ** 2).sum(-1))
    else:
        s = y @ x.T
        if metric == "cosine":
            length = np.linalg.norm(y, axis=1)[:, None] * np.linalg.norm(x, axis=1)[None, :]
            s = np.divide(s, length, out=np.zeros_like(s), where=length > 0)
    return s, np.argsort(s if metric == "euclidean" else -s, axis=1, kind="stable")


def check(result, metric, x, y, k, tolerance=1e-12):
    """The output against all scores, which for random data do not tie."""
    np = numpy()
    index, score = load(result, "item_index", "scores")
    s, order = scores_of(metric, x, y)
    assert index.dtype == "i8" and score.dtype == "f8" and index.shape == score.shape == (len(y), k)
    assert (index == order[:, :k]).all(), (result, metric)
    want = np.take_along_axis(s, index, 1)
    assert abs(score - want).max() <= tolerance * max(1, abs(want).max()), (result, metric)
    return index.tobytes() + score.tobytes()


def test_values():
    x, y = rows(1203, 31, 1), rows(37, 31, 2)
    for metric in METRICS:
        save("q.h5", y)
        seen = set()
        for ranks in (0, 3):
            ok("search", save("x.h5", x), "--queries", "q.h5", "-k", 7, "--metric", metric, "-o", "r.h5", "-f",
               ranks=ranks)
            seen.add(check("r.h5", metric, x, y, 7))
        assert len(seen) == 1, f"{metric}: other bits on another number of ranks"


def test_kinds_of_files():
    x, y = rows(803, 21, 3), rows(5, 21, 4).astype("f4")
    kinds = {"f32": (x.astype("f4"), {}), "u8": (x.astype("i8").astype("u1"), {}), "i16": (x.astype(">i2"), {}),
             "i32": (x.astype("i4"), {}), "packed": (x, {"chunks": (100, 8), "compression": "gzip"}),
             "chunked": (x.astype("f4"), {"chunks": (170, 21)})}
    save("q.h5", y)
    for metric, (data, how) in zip(METRICS * 2, kinds.values()):
        save("k.h5", data, how)
        ok("search", "k.h5", "--queries", "q.h5", "-k", 9, "--metric", metric, "-o", "r.h5", "-f", ranks=2)
        check("r.h5", metric, data, y, 9)
    save("turned.h5", x.T.copy())
    save("tq.h5", y.T.copy())
    ok("search", "turned.h5", "--queries", "tq.h5", "--samples", "columns", "-o", "t.h5")
    check("t.h5", "cosine", x, y, 10)


def test_scikit_learn():
    need("sklearn")
    np = numpy()
    from sklearn.neighbors import NearestNeighbors

    x, y = rows(900, 24, 5).astype("f4"), rows(33, 24, 6).astype("f4")
    save("x.h5", x)
    save("y.h5", y)
    for metric in ("cosine", "euclidean"):
        distance, index = NearestNeighbors(n_neighbors=6, metric=metric, algorithm="brute").fit(
            x.astype("f8")).kneighbors(y.astype("f8"))
        ok("search", "x.h5", "--queries", "y.h5", "-k", 6, "--metric", metric, "-o", "r.h5", "-f", ranks=2)
        ours, score = load("r.h5", "item_index", "scores")
        assert (ours == index).all()
        assert np.allclose(score, 1 - distance if metric == "cosine" else distance, rtol=1e-9, atol=1e-12)


def test_all_pairs():
    np = numpy()
    x = rows(407, 12, 7)
    save("x.h5", x)
    for metric in METRICS:
        s, _ = scores_of(metric, x, x)
        np.fill_diagonal(s, np.inf if metric == "euclidean" else -np.inf)
        order = np.argsort(s if metric == "euclidean" else -s, axis=1, kind="stable")
        for ranks in (0, 3):
            ok("search", "x.h5", "--all", "--metric", metric, "-k", 4, "-o", "r.h5", "-f", ranks=ranks)
            assert (load("r.h5", "item_index")[0] == order[:, :4]).all()
    ok("search", "x.h5", "--all", "--with-self", "--metric", "euclidean", "-k", 2, "-o", "s.h5", ranks=3)
    index, score = load("s.h5", "item_index", "scores")
    assert (index[:, 0] == np.arange(407)).all() and (score[:, 0] == 0).all()


def test_ties():
    """Of equal scores the lower index first, on every number of ranks."""
    np = numpy()
    x = np.random.default_rng(8).integers(-1, 2, size=(700, 5)).astype("f4")
    save("x.h5", x)
    for metric in METRICS:
        s, order = scores_of(metric, x, x)
        for ranks in (0, 2, 3):
            ok("search", "x.h5", "--all", "--with-self", "--metric", metric, "-k", 20, "-o", "r.h5", "-f", ranks=ranks)
            index, score = load("r.h5", "item_index", "scores")
            assert np.allclose(score, np.take_along_axis(s, order[:, :20], 1), rtol=1e-14, atol=1e-15)
            later = np.diff(index, axis=1) > 0
            assert (later | (np.diff(score, axis=1) != 0)).all()
            if metric == "dot":  # whole numbers: exact in NumPy too
                assert (index == order[:, :20]).all()


def test_names():
    x, y = rows(50, 4, 9), rows(7, 4, 10)
    save("x.h5", x, sample_names=[f"item {i}" for i in range(50)], feature_names=list("abcd"))
    save("y.h5", y, sample_names=[f"ask-{i}" for i in range(7)], feature_names=list("abcd"))
    for ranks in (0, 3):
        done = ok("search", "x.h5", "--queries", "y.h5", "-k", 3, "-o", "r.h5", "-f", ranks=ranks)
        index, items, queries, count = load("r.h5", "item_index", "items", "queries", "n_items")
        assert items.shape == (7, 3) and count == 50
        assert (items == [[f"item {i}" for i in row] for row in index]).all()
        assert list(queries) == [f"ask-{i}" for i in range(7)]
        line = next(s for s in done.out if s.startswith("ask-4"))
        assert f" {items[4][0]} (" in line and "..." in done.out
    ok("search", "x.h5", "--all", "-k", 2, "-o", "a.h5", ranks=2)
    assert list(load("a.h5", "queries")[0]) == [f"item {i}" for i in range(50)]
    save("plain.h5", y)
    ok("search", "x.h5", "--queries", "plain.h5", "-o", "p.h5")
    import h5py
    with h5py.File("p.h5") as f:
        assert "queries" not in f and "items" in f
        assert f.attrs["metric"] in ("cosine", b"cosine") and f.attrs["complete"] == 1


def test_more_results_than_items():
    np = numpy()
    save("x.h5", rows(3, 4, 11), sample_names=["a", "b", "c"])
    save("y.h5", rows(2, 4, 12))
    for ranks in (0, 3):
        ok("search", "x.h5", "--queries", "y.h5", "-k", 5, "-o", "r.h5", "-f", ranks=ranks)
        index, score, items = load("r.h5", "item_index", "scores", "items")
        assert (np.sort(index[:, :3]) == [0, 1, 2]).all() and (index[:, 3:] == -1).all()
        assert np.isfinite(score[:, :3]).all() and np.isnan(score[:, 3:]).all() and (items[:, 3:] == "").all()
    ok("search", save("one.h5", rows(1, 4, 1)), "--all", "-k", 2, "-o", "o.h5")
    assert (load("o.h5", "item_index")[0] == -1).all()


def test_memory():
    """A file that is larger than the memory; what does not fit is refused with what would do."""
    np = numpy()
    x = np.random.default_rng(13).normal(size=(400000, 48)).astype("f4")
    save("x.h5", x)
    save("y.h5", x[::40000] + np.float32(0.01))
    ok("search", "x.h5", "--queries", "y.h5", "-k", 3, "-o", "whole.h5", ranks=2)
    floor = ok("search", "x.h5", "--queries", "y.h5", "-k", 3, "--plan", ranks=2).stdout
    line = next(s for s in floor.splitlines() if s.startswith("memory"))
    need_mib = float(re.search(r"memory +([0-9.]+) MiB", line)[1])
    assert need_mib < 150, line
    least = f"{int(need_mib) + 2}M"
    done = ok("search", "x.h5", "--queries", "y.h5", "-k", 3, "-o", "small.h5", "--memory", least, "--json", "r.json",
              ranks=2)
    for a, b in zip(load("whole.h5", "item_index", "scores"), load("small.h5", "item_index", "scores")):
        assert (a == b).all(), done.stdout
    assert (load("small.h5", "item_index")[0][:, 0] == np.arange(0, 400000, 40000)).all()
    with open("r.json", encoding="utf-8") as f:
        report = json.load(f)
    assert report["result"]["queries"] == 10
    assert report["memory"]["peak_resident_bytes"] <= report["memory"]["budget_bytes"], report["memory"]
    big = refused(5, "give --memory", "search", "x.h5", "--all", "-k", 100, "-o", "b.h5", "--memory", "200M", ranks=2)
    mib = int(re.search(r"give --memory (\d+)M", big.err[0])[1])
    assert "needs" in big.err[0] and mib > 300, big.err
    assert "predicted" in ok("search", "x.h5", "--all", "-k", 100, "--plan", "--memory", f"{mib}M", ranks=2).stdout


def test_running_again():
    save("x.h5", rows(20, 3, 14))
    ok("search", "x.h5", "--all", "-o", "r.h5", ranks=2)
    assert "nothing to do" in ok("search", "x.h5", "--all", "-o", "r.h5", ranks=3).stdout
    refused(3, ["another configuration", "metric"], "search", "x.h5", "--all", "--metric", "dot", "-o", "r.h5")
    ok("search", "x.h5", "--all", "-k", 3)
    assert os.path.exists("x.search.h5")


def test_bad_input():
    np = numpy()
    x, y = rows(30, 4, 15), rows(6, 4, 16)
    save("x.h5", x, feature_names=list("abcd"))
    save("y.h5", y)
    before = sorted(os.listdir("."))
    refused(2, "do not go together", "search", "x.h5", "--all", "--queries", "y.h5")
    refused(2, "--with-self goes with --all", "search", "x.h5", "--queries", "y.h5", "--with-self")
    refused(2, "the output is the input", "search", "x.h5", "--queries", "y.h5", "-o", "y.h5", "-f")
    refused(2, "cosine, dot, euclidean", "search", "x.h5", "--all", "--metric", "manhattan")
    refused(2, "give 1 or more", "search", "x.h5", "--all", "-k", 0)
    for ranks in (0, 3):
        refused(2, "--queries FILE.h5, or --all", "search", "x.h5", ranks=ranks)
        refused(3, "missing.h5", "search", "x.h5", "--queries", "missing.h5", ranks=ranks)
        refused(5, "beyond 64 bits", "search", "x.h5", "--all", "-k", 2**62, ranks=ranks)
    assert sorted(os.listdir(".")) == before
    save("wide.h5", rows(6, 5, 17))
    save("named.h5", y, feature_names=list("abdc"))
    y[4, 2], x[17, 1], x[21, 0] = np.nan, np.inf, np.nan
    save("nan.h5", y)
    save("inf.h5", x)
    before = sorted(os.listdir("."))
    for ranks in (0, 3):
        refused(2, "items have 4 features, queries 5", "search", "x.h5", "--queries", "wide.h5", ranks=ranks)
        refused(3, ["feature 2", '"c"', '"d"'], "search", "x.h5", "--queries", "named.h5", ranks=ranks)
        refused(3, "query 4 (from zero) holds NaN", "search", "x.h5", "--queries", "nan.h5", ranks=ranks)
        refused(3, "item 17 (from zero) holds Inf", "search", "inf.h5", "--queries", "x.h5", ranks=ranks)
    assert sorted(os.listdir(".")) == before


main()
