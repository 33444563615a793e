#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""tartan nmf: from the same start the iterates of scikit-learn; starts, penalties, files, the page, bad input."""
import json
import re

from tartan_test import main, need, ok, refused


def modules():
    need("h5py", "numpy", "sklearn")
    import h5py
    import numpy as np
    from sklearn.decomposition import _nmf

    return h5py, np, _nmf


def save(name, **datasets):
    h5py = modules()[0]
    with h5py.File(name, "w") as f:
        for key, value in datasets.items():
            f[key] = value
    return name


def load(name, *datasets):
    h5py = modules()[0]
    with h5py.File(name) as f:
        return [f[d][()] for d in datasets]


def problem(m, n, k, seed=5, holes=0.3):
    """Data near a product with zeros, and a start."""
    np = modules()[1]
    rng = np.random.default_rng(seed)
    x = rng.random((m, k)) @ rng.random((k, n)) + 0.2 * rng.random((m, n))
    x[rng.random((m, n)) < holes] = 0
    return x, rng.random((m, k)), rng.random((k, n))


def reference(x, w, h, iterations, tol=0.0, l1=0.0, l2=0.0):
    nmf = modules()[2]
    return nmf._fit_coordinate_descent(x.astype("f8"), w.copy(), h.copy(), tol=tol, max_iter=iterations, l1_reg_W=l1,
                                       l1_reg_H=l1, l2_reg_W=l2, l2_reg_H=l2)


def loss(x, w, h):
    np = modules()[1]
    return 0.5 * np.linalg.norm(x - w @ h) ** 2


def distance(a, b):
    np = modules()[1]
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def test_iterates():
    x, w0, h0 = problem(401, 67, 6)
    save("x.h5", X=x)
    save("start.h5", W=w0, H=h0)
    for iterations in (1, 2, 5, 20):
        w, h, _ = reference(x, w0, h0, iterations)
        for ranks in (0, 3):
            ok("nmf", "x.h5", "-k", 6, "--start", "start.h5", "--iterations", iterations, "--tol", 0, "-o", "r.h5", "-f",
               ranks=ranks)
            got_w, got_h, history = load("r.h5", "W", "H", "loss")
            assert distance(got_w, w) < 1e-11 and distance(got_h, h) < 1e-11, (iterations, ranks)
            assert len(history) == iterations and abs(history[-1] - loss(x, w, h)) < 1e-10 * loss(x, w, h)
            assert (history[1:] <= history[:-1] * (1 + 1e-12)).all()


def test_end():
    """To the end: as many iterations, the same loss to 1e-6; the same bits on any number of ranks."""
    x, w0, h0 = problem(523, 90, 8, seed=9)
    save("x.h5", X=x)
    save("start.h5", W=w0, H=h0)
    w, h, iterations = reference(x, w0, h0, 500, tol=1e-3)
    seen = set()
    for ranks in (0, 2, 5):
        got = json.loads(ok("nmf", "x.h5", "-k", 8, "--start", "start.h5", "--iterations", 500, "--tol", 1e-3, "-o",
                            "r.h5", "-f", "--json", "-", ranks=ranks).stdout)["result"]
        assert got["converged"] and abs(got["iterations"] - iterations) <= 1
        assert abs(got["loss"] / loss(x, w, h) - 1) < 1e-6
        got_w, got_h = load("r.h5", "W", "H")
        assert (got_w >= 0).all() and (got_h >= 0).all()
        assert abs(loss(x, got_w, got_h) / got["loss"] - 1) < 1e-9
        seen.add(got_w.tobytes() + got_h.tobytes())
    assert len(seen) == 1, "other bits on another number of ranks"


def test_penalties():
    x, w0, h0 = problem(150, 40, 5, seed=2)
    save("x.h5", X=x)
    save("start.h5", W=w0, H=h0)
    for l1, l2 in ((0.5, 0), (0, 2), (0.3, 0.7)):
        w, h, _ = reference(x, w0, h0, 15, l1=l1, l2=l2)
        ok("nmf", "x.h5", "-k", 5, "--start", "start.h5", "--iterations", 15, "--tol", 0, "--l1", l1, "--l2", l2, "-o",
           "r.h5", "-f")
        got_w, got_h = load("r.h5", "W", "H")
        assert distance(got_w, w) < 1e-10 and distance(got_h, h) < 1e-10, (l1, l2)


def test_starts():
    """From singular vectors as good as scikit-learn from its own; random starts depend on the seed."""
    np = modules()[1]
    from sklearn.decomposition import NMF

    x = problem(300, 60, 5, seed=4)[0]
    save("x.h5", X=x)
    for init in ("nndsvda", "nndsvd"):
        ok("nmf", "x.h5", "-k", 5, "--init", init, "--tol", 1e-3, "--iterations", 400, "-o", "r.h5", "-f", ranks=2)
        w, h = load("r.h5", "W", "H")
        model = NMF(5, init=init, tol=1e-3, max_iter=400, random_state=0)
        best = loss(x, model.fit_transform(x), model.components_)
        assert loss(x, w, h) < 1.01 * best, (init, loss(x, w, h), best)
    first = ok("nmf", "x.h5", "-k", 5, "--init", "random", "--seed", 1, "-o", "a.h5") and load("a.h5", "H")[0]
    other = ok("nmf", "x.h5", "-k", 5, "--init", "random", "--seed", 2, "-o", "b.h5") and load("b.h5", "H")[0]
    again = ok("nmf", "x.h5", "-k", 5, "--init", "random", "--seed", 1, "-o", "c.h5", ranks=4) and load("c.h5", "H")[0]
    assert first.tobytes() == again.tobytes() and not np.allclose(first, other)


def test_kinds_of_files():
    np = modules()[1]
    x, w0, h0 = problem(200, 30, 4, seed=8)
    whole = (x * 40).astype("u1")
    save("start.h5", W=w0, H=h0)
    w, h, _ = reference(whole, w0, h0, 5)
    for name, data, how in (("u1.h5", whole, ()), ("f4.h5", whole.astype("f4"), ()),
                            ("turned.h5", whole.T.copy(), ("--samples", "columns"))):
        ok("nmf", save(name, X=data), "-k", 4, "--start", "start.h5", "--iterations", 5, "--tol", 0, *how, "-o", "r.h5",
           "-f", ranks=2)
        got_w, got_h = load("r.h5", "W", "H")
        assert distance(got_w, w) < 1e-11 and distance(got_h, h) < 1e-11, name
    assert np.isfinite(w).all()


def test_exact():
    """A product is found again; the loss at the end comes from the elements, where |A|^2 - ... has cancelled."""
    np = modules()[1]
    rng = np.random.default_rng(1)
    save("x.h5", X=np.outer(rng.random(50), rng.random(20)))
    got = json.loads(ok("nmf", "x.h5", "-k", 1, "-o", "r.h5", "--json", "-").stdout)["result"]
    x, w, h = load("x.h5", "X")[0], *load("r.h5", "W", "H")
    assert got["relative_error"] < 1e-14 and got["loss"] <= 2 * loss(x, w, h) + 1e-40
    save("zero.h5", X=np.zeros((9, 7)))
    got = json.loads(ok("nmf", "zero.h5", "-k", 2, "-o", "z.h5", "--json", "-").stdout)["result"]
    assert got["loss"] == 0 and got["relative_error"] == 0 and got["converged"]


def test_page():
    x = problem(60, 12, 3)[0]
    save("x.h5", X=x)
    ok("nmf", "x.h5", "-k", 3, "--image-shape", "3x4", "--report", "image.html", "-o", "r.h5", ranks=2)
    page = open("image.html").read()
    assert page.count("<img alt=\"part ") == 3 and "<h2>Parts</h2>" in page and "<h2>Loss</h2>" in page
    shares = [float(s) for s in re.findall(r"<figcaption>part \d · ([\d.]+) %", page)]
    w, h = load("r.h5", "W", "H")
    want = w.sum(0) * h.sum(1)
    assert len(shares) == 3 and abs(shares - 100 * want / want.sum()).max() < 0.06
    save("named.h5", X=x, feature_names=[f"word{i}" for i in range(12)])
    ok("nmf", "named.h5", "-k", 3, "--report", "names.html", "-o", "n.h5")
    page = open("names.html").read()
    top = int(load("n.h5", "H")[0][0].argmax())
    assert "<svg" in page and f"word{top}<" in page and load("n.h5", "feature_names")[0][3] == b"word3"


def test_history_and_plan():
    x = problem(90, 20, 3)[0]
    save("x.h5", X=x)
    plan = ok("nmf", "x.h5", "-k", 3, "--plan").stdout
    assert "method   hals: one pass an iteration" in plan and "at most 200 iterations" in plan
    told = ok("nmf", "x.h5", "-k", 3, "--iterations", 7, "--tol", 0, "-o", "r.h5")
    rows = re.findall(r"^ +(\d+) +(\S+) +(\S+)$", told.stdout, re.M)
    assert [int(r[0]) for r in rows] == [1, 2, 5, 7], rows
    assert "stopped after 7 iterations" in told.stdout and "not converged after 7 iterations" in told.stderr
    history, violation = load("r.h5", "loss", "violation")
    assert abs(float(rows[1][1]) / history[1] - 1) < 1e-7 and violation[0] == 1
    assert "complete" in ok("nmf", "x.h5", "-k", 3, "--iterations", 7, "--tol", 0, "-o", "r.h5").stdout
    refused(3, "exists", "nmf", "x.h5", "-k", 4, "-o", "r.h5")


def test_bad_input():
    np = modules()[1]
    x, w, h = problem(40, 9, 3)
    save("x.h5", X=x)
    for ranks in (0, 3):
        for value, word in ((-0.5, "is -0.5"), (np.nan, "is nan"), (np.inf, "is inf")):
            bad = x.copy()
            bad[17, 4] = value
            bad[30, 2] = -9
            refused(3, f"row 17, column 4 (from zero) {word}", "nmf", save("bad.h5", X=bad), "-k", 2, "-o", "r.h5",
                    ranks=ranks)
    refused(2, "needs -k", "nmf", "x.h5")
    refused(2, "at most 9 parts", "nmf", "x.h5", "-k", 10)
    refused(2, "give 1 or more", "nmf", "x.h5", "-k", 2, "--iterations", 0)
    refused(2, "--tol takes", "nmf", "x.h5", "-k", 2, "--tol", "-1")
    refused(2, "--l1 takes", "nmf", "x.h5", "-k", 2, "--l1", "-1")
    refused(2, "9 features", "nmf", "x.h5", "-k", 2, "--image-shape", "2x4")
    save("start.h5", W=w, H=h)
    refused(2, "do not go together", "nmf", "x.h5", "-k", 3, "--start", "start.h5", "--init", "random")
    refused(2, "need 40 x 2", "nmf", "x.h5", "-k", 2, "--start", "start.h5")
    refused(3, "no dataset /W", "nmf", "x.h5", "-k", 3, "--start", "x.h5")
    refused(2, "W has -1 in row 3, column 1", "nmf", "x.h5", "-k", 3, "--start",
            save("negative.h5", W=np.where(np.arange(120).reshape(40, 3) == 10, -1, w), H=h), "-o", "r.h5", ranks=2)


if __name__ == "__main__":
    main()
