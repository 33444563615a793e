#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=400
"""qr, svd, svdvals, lowrank, eigh, eigvalsh, eig: values, orthogonality and products against NumPy, on 1 to 4 ranks."""
import os

from tartan_test import FASHION, Skip, main, need, ok, refused, run

RANKS = (1, 2, 3, 4)


def numpy():
    need("h5py", "numpy")
    import numpy as np

    return np


def save(name, data, **attributes):
    import h5py

    with h5py.File(name, "w") as f:
        f["X"] = data
        f["X"].attrs.update(attributes)
    return name


def load(name):
    """Datasets and root attributes, by name."""
    import h5py

    with h5py.File(name) as f:
        return {k: v[()] for k, v in f.items()}, dict(f.attrs)


def factor(*words, ranks):
    ok(*words, "-o", "o.h5", "--force", ranks=ranks)
    return load("o.h5")


def unit(x):
    return 2.0**-24 if x.dtype == "f4" else 2.0**-53


def near(got, want, limit):
    np = numpy()
    error = np.linalg.norm(got - want)
    assert got.shape == want.shape and error <= limit, f"error {error:.3e}, limit {limit:.3e}"


def orthonormal(q):
    np = numpy()
    n = q.shape[1]
    near(q.conj().T.astype(complex if np.iscomplexobj(q) else "f8") @ q, np.eye(n), 10 * max(1, n) * unit(q) * 4)


def same_product(got, x, u):
    np = numpy()
    near(got, x.astype("f8"), 10 * u * np.sqrt(x.size) * np.linalg.norm(x.astype("f8")))


def matrices():
    """name, matrix, ranks: all kinds of shapes and types, each on another number of ranks."""
    np = numpy()
    g = np.random.default_rng(3)
    deficient = g.normal(size=(90, 7)) @ g.normal(size=(7, 40))
    few = [("tall", g.normal(size=(700, 30))), ("wide", g.normal(size=(40, 210))), ("deficient", deficient),
           ("f32", g.normal(size=(150, 90)).astype("f4")), ("i16", g.integers(-99, 99, size=(65, 64)).astype("i2")),
           ("one", np.array([[-3.0]])), ("two", np.array([[3.0, 4.0]])), ("zero", np.zeros((5, 3)))]
    for i, (name, x) in enumerate(few):
        yield save(name + ".h5", x), x, 2 if x.size < 20 else RANKS[i % 4]


def check_qr(x, d, u):
    np = numpy()
    q, r = d["Q"], d["R"]
    least = min(x.shape)
    assert q.shape == (x.shape[0], least) and r.shape == (least, x.shape[1])
    orthonormal(q)
    assert (np.tril(r, -1) == 0).all() and (np.diag(r) >= 0).all()
    same_product(q.astype("f8") @ r, x[:, d["perm"]] if "perm" in d else x, u)


def test_qr():
    np = numpy()
    for name, x, ranks in matrices():
        d, a = factor("qr", name, ranks=ranks)
        assert d["Q"].dtype == (x.dtype if x.dtype == "f4" else "f8") and a["method"] and a["reason"]
        check_qr(x, d, unit(d["Q"]))
    x = np.random.default_rng(4).normal(size=(400, 20))
    save("x.h5", x)
    r = abs(np.linalg.qr(x)[1])
    for i, method in enumerate(("cholesky2", "cholesky3", "tsqr", "householder")):
        d, _ = factor("qr", "x.h5", "--method", method, ranks=RANKS[i])
        check_qr(x, d, unit(x))
        near(abs(d["R"]), r, 1e-12 * np.linalg.norm(x))
    d, _ = factor("qr", "x.h5", "--r-only", ranks=3)
    assert list(d) == ["R"]
    near(abs(d["R"]), r, 1e-12 * np.linalg.norm(x))
    d, _ = factor("qr", "x.h5", "--dtype", "f32", ranks=2)
    check_qr(x, d, 2.0**-24)


def test_qr_pivoted():
    np = numpy()
    for name, x, ranks in matrices():
        if name in ("wide.h5", "f32.h5"):
            continue
        d, a = factor("qr", name, "--pivot", ranks=ranks)
        check_qr(x, d, unit(d["Q"]))
        diagonal = np.diag(d["R"])
        assert d["perm"].dtype == "i8" and sorted(d["perm"]) == list(range(x.shape[1]))
        assert (diagonal[1:] <= diagonal[:-1] * (1 + 1e-10)).all(), diagonal
        assert a["rank"] == np.linalg.matrix_rank(x.astype("f8")), (name, a["rank"])


def check_svd(x, d, full=False):
    np = numpy()
    u, s, vt = d["U"], d["S"], d["Vt"]
    least = min(x.shape)
    eps = unit(u)
    assert u.shape == (x.shape[0], x.shape[0] if full else least) and s.shape == (least,)
    assert vt.shape == (x.shape[1] if full else least, x.shape[1])
    orthonormal(u)
    orthonormal(vt.T)
    assert (s[1:] <= s[:-1]).all() and (s >= 0).all()
    same_product((u[:, :least].astype("f8") * s) @ vt[:least], x, eps)
    near(s, np.linalg.svd(x.astype("f8"), compute_uv=False), 10 * eps * np.sqrt(x.size) * np.linalg.norm(x.astype("f8")))
    for v in vt[:least]:
        assert v[np.argmax(abs(v) >= (1 - 1e-6) * abs(v).max())] >= 0  # the first of the largest is positive


def test_svd():
    np = numpy()
    for name, x, ranks in matrices():
        d, a = factor("svd", name, ranks=ranks)
        assert d["U"].dtype == (x.dtype if x.dtype == "f4" else "f8") and a["method"] and a["reason"]
        check_svd(x, d)
    for name in ("tall.h5", "wide.h5", "one.h5"):
        d, _ = factor("svd", name, "--full", ranks=3)
        check_svd(load(name)[0]["X"], d, full=True)
    x = load("f32.h5")[0]["X"]
    for i, method in enumerate(("one-rank", "bidiagonal", "qr-iteration")):
        d, _ = factor("svd", "f32.h5", "--method", method, "--dtype", "f64", ranks=RANKS[i + 1])
        assert d["U"].dtype == "f8"
        check_svd(x, d)
    for name, ranks in (("deficient.h5", 2), ("wide.h5", 3)):
        d, a = factor("svdvals", name, ranks=ranks)
        x = load(name)[0]["X"]
        assert list(d) == ["S"]
        near(d["S"], np.linalg.svd(x, compute_uv=False), 1e-12 * np.linalg.norm(x))
    out = ok("svdvals", "tall.h5", "--quiet", "-o", "q.h5", ranks=2).out
    assert [float(v) for v in out] == list(load("q.h5")[0]["S"])


def test_fashion():
    np = numpy()
    source = FASHION + "t10k-images-idx3-ubyte.gz"
    if not os.path.exists(source):
        raise Skip("package dataset-fashion-mnist is not installed")
    ok("convert", source, "-o", "f.h5")
    x = load("f.h5")[0]
    x = next(iter(x.values())).reshape(10000, 784)[:4000].astype("f8")
    save("f.h5", x.astype("u1"))
    s = np.linalg.svd(x, compute_uv=False)
    d, _ = factor("svdvals", "f.h5", ranks=2)
    near(d["S"], s, 1e-12 * np.linalg.norm(x))
    d, a = factor("svd", "f.h5", "-k", 6, ranks=2)
    near(d["S"], s[:6], 1e-8 * s[0])
    assert a["residual"] <= 1e-8 and (d["residuals"] <= 1e-8).all() and a["short_of_tolerance"] == "no"
    near(x @ d["Vt"].T, d["U"] * d["S"], 1e-7 * s[0])


def decaying(m, n, g):
    np = numpy()
    u, v = np.linalg.qr(g.normal(size=(m, n)))[0], np.linalg.qr(g.normal(size=(n, n)))[0]
    s = 100 * 0.8 ** np.arange(n)
    return (u * s) @ v.T, s


def test_a_few_triplets():
    np = numpy()
    x, s = decaying(500, 80, np.random.default_rng(5))
    for name, data, ranks in (("x.h5", x, 1), ("xt.h5", np.ascontiguousarray(x.T), 3)):
        d, a = factor("svd", save(name, data), "-k", 5, "--tol", 1e-10, ranks=ranks)
        orthonormal(d["U"])
        orthonormal(d["Vt"].T)
        near(d["S"], s[:5], 1e-9 * s[0])
        near(data @ d["Vt"].T, d["U"] * d["S"], 1e-8 * s[0])
        near(data.T @ d["U"], d["Vt"].T * d["S"], 1e-8 * s[0])
        assert d["residuals"].shape == (5,) and max(d["residuals"]) == a["residual"] <= 1e-10, (d["residuals"], a)
    save("m.h5", np.ascontiguousarray(x.T), MATLAB_class=np.bytes_("double"))  # columns as rows, by MATLAB
    d, _ = factor("svd", "m.h5:/X", "-k", 3, ranks=2)
    near(x @ d["Vt"].T, d["U"] * d["S"], 1e-6 * s[0])
    x += 1000
    d, _ = factor("svd", save("far.h5", x), "-k", 3, "--center", ranks=3)
    c = x - x.mean(0)
    near(d["mean"], x.mean(0), 1e-10)
    near(d["S"], np.linalg.svd(c, compute_uv=False)[:3], 1e-6)
    near(c @ d["Vt"].T, d["U"] * d["S"], 1e-6 * s[0])
    flat = np.random.default_rng(6).normal(size=(300, 260))  # one step is not enough
    refused(4, ["residual", "marked"], "svd", save("flat.h5", flat), "-k", 2, "--steps", 1, "-o", "short.h5", ranks=2)
    d, a = load("short.h5")
    assert a["short_of_tolerance"] == "yes" and a["failed_checks"] == "residual" and a["complete"] == 1
    refused(4, "short of the tolerance", "svd", "flat.h5", "-k", 2, "--steps", 1, "-o", "short.h5")


def test_lowrank():
    np = numpy()
    x, s = decaying(300, 60, np.random.default_rng(7))
    d, a = factor("lowrank", save("x.h5", x), "-k", 4, ranks=2)
    near((d["U"] * d["S"]) @ d["Vt"], (lambda u, t, v: (u[:, :4] * t[:4]) @ v[:4])(*np.linalg.svd(x, False)), 1e-6 * s[0])
    error = np.sqrt((s[4:] ** 2).sum())
    for name, want in (("error_fro", error), ("error_2", s[4]), ("relative_error", error / np.linalg.norm(x)),
                       ("compression", 300 * 60 / (4 * 361))):
        assert abs(a[name] - want) <= 1e-6 * want, (name, a[name], want)


def check_eigh(x, d, values=False):
    np = numpy()
    w = d["w"]
    x = (np.tril(x) + np.tril(x, -1).T).astype("f8")
    limit = 10 * unit(d["V"] if "V" in d else w) * len(x) * max(np.linalg.norm(x), 1e-300)
    want = np.linalg.eigvalsh(x)[::-1]
    if len(w) == len(want):
        near(w, want, limit)
        assert abs(w.sum() - np.trace(x)) <= limit * 10
    if not values:
        orthonormal(d["V"])
        near(x @ d["V"], d["V"].astype("f8") * w, limit)
    assert (w[1:] <= w[:-1]).all()
    return want


def test_eigh():
    np = numpy()
    g = np.random.default_rng(8)
    x = g.normal(size=(70, 70))
    x = x + x.T
    done = ok("eigh", save("x.h5", x), "-o", "o.h5", ranks=1)
    assert not any("symmetric" in w for w in done.warnings)
    first = load("o.h5")[0]
    want = check_eigh(x, first)
    det = np.linalg.slogdet(x)
    assert np.prod(np.sign(first["w"])) == det[0] and abs(np.log(abs(first["w"])).sum() - det[1]) < 1e-10
    half = x.copy()
    half[np.triu_indices(70, 1)] = 7
    done = ok("eigh", save("half.h5", half), "-o", "o.h5", "--force", ranks=3)
    assert any("not symmetric" in w for w in done.warnings), done.stderr
    other, attributes = load("o.h5")
    check_eigh(half, other)
    assert attributes["reproducible"] == 1 and (other["w"] == first["w"]).all() and (other["V"] == first["V"]).all()
    f32 = x.astype("f4")
    for name, data, ranks in (("f32.h5", f32, 4), ("i.h5", np.array([[2, 1], [1, 2]]), 2), ("one.h5", np.array([[-2.0]]), 2),
                              ("zero.h5", np.zeros((4, 4)), 3)):
        check_eigh(data, factor("eigh", save(name, data), ranks=ranks)[0])
    check_eigh(x, factor("eigvalsh", "x.h5", ranks=2)[0], values=True)
    for words, part in ((["--largest", 5], want[:5]), (["--smallest", 3], want[-3:]),
                        (["--interval", "-1,4"], want[(want > -1) & (want <= 4)])):
        d, _ = factor("eigh", "x.h5", *words, ranks=2)
        assert d["V"].shape == (70, len(part)), (words, d["V"].shape)
        check_eigh(x, d)
        near(d["w"], part, 1e-12 * np.linalg.norm(x))
    d, _ = factor("eigvalsh", "x.h5", "--interval", "1000,2000", ranks=2)
    assert d["w"].shape == (0,)
    for i, method in enumerate(("lapack", "psyevd", "psyevr")):
        check_eigh(x, factor("eigh", "x.h5", "--method", method, ranks=RANKS[i + 1])[0])


def test_eig():
    np = numpy()
    g = np.random.default_rng(9)
    for i, x in enumerate((g.normal(size=(41, 41)), g.normal(size=(30, 30)).astype("f4"), np.array([[5.0]]),
                           np.array([[0.0, -1], [1, 0]]))):
        d, _ = factor("eig", save("x.h5", x), ranks=RANKS[i] if len(x) > 2 else 2)
        w, v, n = d["w"], d["V"], len(x)
        assert w.dtype == "c16" and v.dtype == ("c8" if x.dtype == "f4" else "c16") and v.shape == (n, n)
        u = unit(x)
        near(x @ v, v * w, 100 * n * u * np.linalg.norm(x))
        near(np.linalg.norm(v, axis=0), np.ones(n), 10 * n * u)
        assert (abs(w)[1:] <= abs(w)[:-1] * (1 + 1e-5)).all()
        assert abs(w.sum() - np.trace(x)) <= 100 * n * u * np.linalg.norm(x)
        assert abs(np.prod(w) - np.linalg.det(x.astype("f8"))) <= 1e4 * u * np.prod(abs(w))
        rest = list(np.linalg.eigvals(x.astype("f8")))
        for value in w:
            near(np.array([rest.pop(np.argmin(abs(np.array(rest) - value)))]), np.array([value]), 1e4 * u * np.linalg.norm(x))
    assert [round(value.imag, 12) for value in w] == [1, -1]
    x = g.normal(size=(60, 60))
    d, _ = factor("eig", save("x.h5", x), "--values", ranks=3)
    assert list(d) == ["w"]
    near(np.sort_complex(d["w"]), np.sort_complex(np.linalg.eigvals(x)), 1e-10)


def test_dominant():
    np = numpy()
    x = np.random.default_rng(10).uniform(size=(50, 50))
    d, a = factor("eig", save("x.h5", x), "--dominant", ranks=2)
    value = d["w"][0]
    assert d["w"].shape == (1,) and d["V"].shape == (50, 1) and a["residual"] <= 1e-8
    assert abs(value - max(abs(np.linalg.eigvals(x)))) <= 1e-6 * value
    near(x @ d["V"], value * d["V"], 1e-6 * value)
    turned = save("r.h5", np.array([[0.0, -1], [1, 0]]))
    assert run("eig", turned, "--dominant", "-o", "r.eig.h5", ranks=2).code == 4  # two values of one length
    assert load("r.eig.h5")[1]["short_of_tolerance"] == "yes"


main()
