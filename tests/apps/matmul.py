#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""tartan matmul: values against NumPy on 1 to 4 ranks, element types, transposes, plans, forced grids, checks."""
import json

from tartan_test import main, need, ok, refused

RANKS = (1, 2, 3, 4)


def numpy():
    need("h5py", "numpy")
    import numpy as np

    return np


def save(name, data, **how):
    import h5py

    with h5py.File(name, "w") as f:
        f.create_dataset("X", data=data, **how)
    return name


def load(name, dataset="C"):
    import h5py

    with h5py.File(name) as f:
        return f[dataset][()]


def random(m, n, seed):
    return numpy().random.default_rng(seed).normal(size=(m, n))


def near(got, A, B, dtype="f8", more=0.0):
    """The gate of products: |C - A B| <= 8 eps (|A| |B| + more), element by element."""
    np = numpy()
    A, B = A.astype("f8"), B.astype("f8")
    limit = 8 * np.finfo(dtype).eps * (np.sqrt(A.shape[1]) * (abs(A) @ abs(B)) + more)
    assert got.dtype == dtype and got.shape == (A.shape[0], B.shape[1]), (got.dtype, got.shape)
    assert (abs(got - A @ B) <= limit + 1e-300).all(), abs(got - A @ B).max()


def test_shapes():
    for m, k, n in ((1, 1, 1), (61, 203, 47), (500, 3, 400), (5, 3000, 4), (300, 1, 2), (1, 900, 1), (1000, 64, 65)):
        A, B = random(m, k, 1), random(k, n, 2)
        save("a.h5", A)
        save("b.h5", B, chunks=(max(1, k // 3), n), compression="gzip")
        for ranks in RANKS:
            ok("matmul", "a.h5", "b.h5", "-o", "c.h5", "--force", ranks=ranks)
            near(load("c.h5"), A, B)


def test_types():
    np = numpy()
    A, B = random(70, 110, 1) * 30, random(110, 40, 2) * 30
    for a, b, dtype in (("f4", "f4", "f4"), ("f4", "f8", "f8"), ("f8", "f4", "f8"), ("i4", "f4", "f8"),
                        (">i2", "i1", "f8"), ("f2", "f4", "f8")):
        x, y = A.astype(a), B.astype(b)
        ok("matmul", save("a.h5", x), save("b.h5", y), "-o", "c.h5", "--force", ranks=3)
        near(load("c.h5"), x, y, dtype)
    ok("matmul", "a.h5", "b.h5", "--dtype", "f32", "-o", "c.h5", "--force", ranks=2)
    near(load("c.h5"), x.astype("f4"), y, "f4")
    ok("matmul", save("a.h5", A), save("b.h5", np.zeros_like(B)), "-o", "c.h5", "--force", ranks=2)
    assert not load("c.h5").any()


def test_transposed():
    A, B = random(91, 33, 3), random(33, 58, 4)
    forms = {(): ("a.h5", "b.h5"), ("--transpose-a",): ("at.h5", "b.h5"), ("--transpose-b",): ("a.h5", "bt.h5"),
             ("--transpose-a", "--transpose-b"): ("at.h5", "bt.h5")}
    for name, data in (("a.h5", A), ("b.h5", B), ("at.h5", A.T.copy()), ("bt.h5", B.T.copy())):
        save(name, data)
    for words, names in forms.items():
        for ranks in (1, 4):
            done = ok("matmul", *names, *words, "-o", "c.h5", "--force", ranks=ranks)
            assert sum("taken transposed" in line for line in done.out) == len(words)
            near(load("c.h5"), A, B)
    ok("matmul", "a.h5", "a.h5", "--transpose-a", "-o", "g.h5", ranks=3)
    near(load("g.h5"), A.T, A)


def test_alpha_and_add():
    np = numpy()
    A, B, C0 = random(45, 66, 5), random(66, 37, 6), random(45, 37, 7)
    for name, data in (("a.h5", A), ("b.h5", B), ("c0.h5", C0)):
        save(name, data)
    for ranks in RANKS:
        ok("matmul", "a.h5", "b.h5", "--alpha", -2.5, "--add", "c0.h5", "--beta", 0.5, "-o", "c.h5", "--force", ranks=ranks)
        assert abs(load("c.h5") - (-2.5 * (A @ B) + 0.5 * C0)).max() < 1e-12
    ok("matmul", "a.h5", "b.h5", "--add", "c0.h5", "-o", "c.h5", "--force", ranks=2)
    assert abs(load("c.h5") - (A @ B + C0)).max() < 1e-12
    A[3, 4] = np.nan
    B[7, 1] = np.inf
    ok("matmul", save("a.h5", A), save("b.h5", B), "-o", "c.h5", "--force", ranks=2)
    got, want = load("c.h5"), A @ B
    assert (np.isnan(got) == np.isnan(want)).all() and (np.isinf(got) == np.isinf(want)).all()


def test_check_and_algorithms():
    A, B = random(120, 90, 8), random(90, 70, 9)
    save("a.h5", A)
    save("b.h5", B)
    for words in (["--check"], ["--algorithm", "pblas"], ["--overlap", "on"], ["--overlap", "off", "--panel", 16],
                  ["--split", "2x1x2"], ["--split", "1x1x4"], ["--split", "4x1x1", "--check"], ["--split", "1x3x1"]):
        done = ok("matmul", "a.h5", "b.h5", *words, "-o", "c.h5", "--force", "--json", "r.json", ranks=4)
        near(load("c.h5"), A, B)
        with open("r.json", encoding="utf-8") as f:
            report = json.load(f)
        assert ("right by Freivalds" in done.stdout) == ("--check" in words)
        assert [c["name"] for c in report["checks"]] == ["freivalds"] * ("--check" in words)
        if "--split" in words:
            assert report["plan"]["grid"] == [int(x) for x in words[1].split("x")], report["plan"]


def test_plan():
    save("a.h5", random(300, 200, 1))
    save("b.h5", random(200, 100, 2))
    for ranks in (1, 4):
        done = ok("matmul", "a.h5", "b.h5", "--plan", "--sbatch", "--json", "r.json", ranks=ranks)
        for word in ("method ", "grid ", "moved ", "work ", "memory ", "time ", "#SBATCH --job-name=tartan-matmul"):
            assert f"\n{word}" in done.stdout, (word, done.stdout)
        with open("r.json", encoding="utf-8") as f:
            plan = json.load(f)["plan"]
        p1, p2, p3 = plan["grid"]
        assert p1 * p2 * p3 <= ranks and plan["algorithm"] and plan["reason"]
        assert plan["flops"] >= 2 * 300 * 200 * 100 / ranks
    import os
    assert not os.path.exists("a.matmul.h5")


def test_words_are_those_of_the_plan():
    save("a.h5", random(256, 256, 1))
    for ranks in (1, 2, 4):
        ok("matmul", "a.h5", "a.h5", "-o", "c.h5", "--force", "--json", "r.json", ranks=ranks)
        with open("r.json", encoding="utf-8") as f:
            report = json.load(f)
        planned, moved = report["plan"]["words"], report["result"]["words_of_product"]
        assert abs(planned - moved) <= 0.01 * planned, (ranks, planned, moved)
        assert ranks == 1 or moved >= report["plan"]["words_bound"] > 0 or moved > 0


def test_plan_of_what_never_fits():
    """Matrices of 80 and 120 GB in files with holes, for a product of 240 GB."""
    numpy()
    import h5py

    for name, shape in (("a.h5", (200000, 100000)), ("b.h5", (100000, 300000))):
        with h5py.File(name, "w") as f:
            how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            how.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            how.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            h5py.h5d.create(f.id, b"X", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple(shape), how)
    for ranks in (1, 4):
        done = ok("matmul", "a.h5", "b.h5", "--plan", ranks=ranks)
        assert "too much for the memory: give --memory" in done.stdout and done.seconds < 30, done.stdout
        refused(5, ["--memory", "more ranks"], "matmul", "a.h5", "b.h5", "-o", "c.h5", ranks=ranks)


main()
