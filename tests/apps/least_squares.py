#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""lstsq, pinv, matrix-power, multi-dot: results against NumPy, on 1 to 4 ranks."""
import json

from matrix_files import RANKS, by_matlab, load, made, near, numpy, save, unit

from tartan_test import main, ok


def check_lstsq(x, b, d, a, rank):
    np = numpy()
    got = d["x"]
    b = b.reshape(len(b), -1)
    want, _, found, s = np.linalg.lstsq(x.astype("f8"), b.astype("f8"), rcond=max(x.shape) * 2 * unit(got))
    s = s[:max(found, 1)]
    bound = 100 * unit(got) * max(x.shape) * (s[0] / s[-1]) ** 2 if found else 1e-300
    near(got, want, bound * max(np.linalg.norm(want), np.linalg.norm(b)), "x")
    assert a["rank"] == rank == found, (a["rank"], rank, found)
    left = np.linalg.norm(x.astype("f8") @ want - b, axis=0)
    near(d["residuals"], left, 100 * unit(got) * max(x.shape) * max(np.linalg.norm(b), 1e-300), "residuals")
    assert a["method"] and a["reason"]


def test_lstsq():
    np = numpy()
    g = np.random.default_rng(1)
    deficient = g.normal(size=(90, 7)) @ g.normal(size=(7, 40))
    for i, (x, columns, rank) in enumerate(((g.normal(size=(300, 20)), 3, 20), (g.normal(size=(30, 110)), 2, 30),
                                            (deficient, 2, 7), (deficient.T, 1, 7),
                                            (g.normal(size=(80, 60)).astype("f4"), 0, 60), (np.zeros((5, 3)), 1, 0),
                                            (np.array([[2.0]]), 0, 1), (g.integers(-9, 9, (50, 6)).astype("i2"), 0, 6))):
        b = g.normal(size=(len(x), columns) if columns else len(x)).astype(x.dtype if x.dtype == "f4" else "f8")
        d, a = made("lstsq", save("x.h5", x), save("b.h5", b), ranks=RANKS[i % 4])
        assert d["x"].dtype == (x.dtype if x.dtype == "f4" else "f8")
        check_lstsq(x, b, d, a, rank)
    x, b = g.normal(size=(60, 8)), g.normal(size=(60, 2))
    check_lstsq(x, b, *made("lstsq", by_matlab("m.h5", x), by_matlab("mb.h5", b), ranks=2), 8)
    save("x.h5", x), save("b.h5", b)
    for method in ("qr", "svd"):
        check_lstsq(x, b, *made("lstsq", "x.h5", "b.h5", "--method", method, ranks=3), 8)
    scaled = x * 10.0 ** -np.arange(8)  # five singular values count
    d, a = made("lstsq", save("s.h5", scaled), "b.h5", "--tol", 3e-5, ranks=2)
    want, _, rank, _ = np.linalg.lstsq(scaled, b, rcond=3e-5)
    near(d["x"], want, 1e-6 * np.linalg.norm(want))
    assert a["rank"] == rank < 8


def test_ridge():
    np = numpy()
    g = np.random.default_rng(2)
    for i, shape in enumerate(((70, 12), (12, 70))):
        x, b = g.normal(size=shape), g.normal(size=(shape[0], 2))
        d, _ = made("lstsq", save("x.h5", x), save("b.h5", b), "--ridge", 0.7, ranks=RANKS[i + 1])
        near(d["x"], np.linalg.solve(x.T @ x + 0.7 * np.eye(shape[1]), x.T @ b), 1e-10)
        near(d["residuals"], np.linalg.norm(x @ d["x"] - b, axis=0), 1e-10)


def test_pinv():
    np = numpy()
    g = np.random.default_rng(3)
    deficient = g.normal(size=(50, 4)) @ g.normal(size=(4, 30))
    for i, (x, rank) in enumerate(((g.normal(size=(90, 20)), 20), (deficient, 4), (g.normal(size=(10, 25)).astype("f4"), 10),
                                   (np.zeros((3, 4)), 0), (np.array([[4.0]]), 1))):
        d, a = made("pinv", save("x.h5", x), ranks=RANKS[i % 4])
        got, f = d["Apinv"].astype("f8"), x.astype("f8")
        u = unit(d["Apinv"])
        s = np.linalg.svd(f, compute_uv=False)
        near(got, np.linalg.pinv(f, rcond=max(x.shape) * 2 * u), 1e3 * u * max(x.shape) * (s[0] / s[rank - 1]) ** 2 / s[0] if rank else 0)
        near(f @ got @ f, f, 1e3 * u * max(x.shape) * np.linalg.norm(f) * (s[0] / s[rank - 1] if rank else 1))
        assert a["rank"] == rank, (a["rank"], rank)
    x = g.normal(size=(20, 6))
    near(made("pinv", by_matlab("m.h5", x), ranks=2)[0]["Apinv"], np.linalg.pinv(x), 1e-12)
    d, a = made("pinv", save("x.h5", np.diag([1.0, 1e-3, 1e-9])), "--tol", 1e-6, ranks=2)
    near(d["Apinv"], np.diag([1.0, 1e3, 0]), 1e-9)
    assert a["rank"] == 2


def test_matrix_power():
    np = numpy()
    g = np.random.default_rng(4)
    x = g.normal(size=(60, 60)) / 8
    save("x.h5", x)
    for i, power in enumerate((5, -3, 0, 1, 12)):
        d, _ = made("matrix-power", "x.h5", "-k", power, ranks=RANKS[i % 4])
        want = np.linalg.matrix_power(x, power)
        near(d["C"], want, 1e-9 * np.linalg.norm(want))
    d, _ = made("matrix-power", by_matlab("m.h5", x), "--power=-1", ranks=2)
    near(d["C"], np.linalg.inv(x), 1e-9 * np.linalg.norm(d["C"]))
    d, _ = made("matrix-power", save("f.h5", np.array([[1, 1], [1, 0]], "i4")), "-k20", ranks=2)
    assert d["C"].tolist() == [[10946, 6765], [6765, 4181]]
    d, _ = made("matrix-power", save("one.h5", np.array([[3]], "f4")), "-k", 4, ranks=3)
    assert d["C"].dtype == "f4" and d["C"].tolist() == [[81]]


def test_multi_dot():
    np = numpy()
    g = np.random.default_rng(5)
    shapes = (30, 35, 15, 5, 10, 20, 25)  # the example of Cormen, Leiserson, Rivest, Stein
    chain = [g.normal(size=(m, n)) for m, n in zip(shapes, shapes[1:])]
    files = [save(f"{i}.h5", x) for i, x in enumerate(chain)]
    files[2] = by_matlab("m2.h5", chain[2])
    order = "((A0 (A1 A2)) ((A3 A4) A5))"
    assert order in ok("multi-dot", *files, "--plan").stdout
    for ranks in (1, 3):
        done = ok("multi-dot", *files, "-o", "o.h5", "--force", "--json", "r.json", ranks=ranks)
        assert order in done.stdout and f"{2 * 15125:.3g} flop" in done.stdout, done.stdout
        with open("r.json", encoding="utf-8") as f:
            result = json.load(f)["result"]
        assert result["order"] == order and result["flops"] == 2 * 15125 and result["columns"] == 25
    d, a = product(*files, ranks=2)
    want = np.linalg.multi_dot(chain)
    near(d["C"], want, 1e-12 * np.linalg.norm(want))
    assert a["order"] == order and a["flops"] == 2 * 15125 and a["input_5"].endswith("5.h5:/X")
    v = g.normal(size=25).astype("f4")
    d, a = product(*files, save("v.h5", v), ranks=4)
    near(d["C"], (want @ v)[:, None], 1e-6 * np.linalg.norm(want))
    f32 = [save(f"f{i}.h5", x.astype("f4")) for i, x in enumerate(chain[:2])]
    d, a = product(*f32, ranks=2)
    assert d["C"].dtype == "f4" and a["order"] == "(A0 A1)"
    near(d["C"], chain[0] @ chain[1], 1e-5 * np.linalg.norm(chain[0] @ chain[1]))


def product(*files, ranks):
    ok("multi-dot", *files, "-o", "c.h5", "--force", ranks=ranks)
    return load("c.h5")


main()
