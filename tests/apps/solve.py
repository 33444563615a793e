#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""lu, cholesky, solve, inv: factors, solutions and inverses against NumPy, on 1 to 4 ranks."""
from matrix_files import RANKS, by_matlab, load, made, near, numpy, positive, save, unit, with_condition

from tartan_test import main, ok


def check_lu(x, d, a):
    np = numpy()
    low, up, perm = d["L"], d["U"], d["perm"]
    m, n = x.shape
    r = min(m, n)
    assert low.shape == (m, r) and up.shape == (r, n) and perm.dtype == "i8"
    assert sorted(perm) == list(range(m)) and a["method"] and a["reason"]
    assert (np.triu(low, 1) == 0).all() and (np.diag(low) == 1).all() and (np.tril(up, -1) == 0).all()
    assert abs(low).max() <= 1  # partial pivoting
    x = x.astype("f8")
    near(low.astype("f8") @ up, x[perm], 10 * unit(low) * max(m, n) * max(np.linalg.norm(x), 1e-300))
    assert a["nonzero_pivots"] == np.count_nonzero(np.diag(up))


def test_lu():
    np = numpy()
    g = np.random.default_rng(1)
    deficient = np.ones((7, 7))
    for i, (name, x) in enumerate((("square", g.normal(size=(130, 130))), ("tall", g.normal(size=(210, 40))),
                                   ("wide", g.normal(size=(33, 90)).astype("f4")), ("one", np.array([[-3.0]])),
                                   ("i16", g.integers(-99, 99, size=(65, 64)).astype("i2")), ("ones", deficient))):
        d, a = made("lu", save(name + ".h5", x), ranks=RANKS[i % 4])
        check_lu(x, d, a)
        assert d["L"].dtype == d["U"].dtype == (x.dtype if x.dtype == "f4" else "f8")
        assert ("condition" in a) == (x.shape[0] == x.shape[1]), a
    assert a["condition"] == np.inf and a["nonzero_pivots"] == 1
    x = g.normal(size=(560, 560))  # over the ranks
    d, a = made("lu", by_matlab("m.h5", x), ranks=3)
    check_lu(x, d, a)
    want = np.linalg.cond(x, 1)
    assert want / 10 <= a["condition"] <= want * 1.001 and a["reproducible"] == 0


def test_cholesky():
    np = numpy()
    g = np.random.default_rng(2)
    x = positive(140, g)
    half = x.copy()
    half[np.triu_indices(140, 1)] = 7
    for i, (name, data) in enumerate((("x", x), ("f32", x.astype("f4")), ("half", half), ("one", np.array([[4.0]])),
                                      ("big", positive(530, g)))):
        done = ok("cholesky", save(name + ".h5", data), "-o", "o.h5", "--force", ranks=RANKS[i % 4])
        assert any("not symmetric" in w for w in done.warnings) == (name == "half"), done.stderr
        d, a = load("o.h5")
        low = d["L"]
        whole = (np.tril(data) + np.tril(data, -1).T).astype("f8")
        assert low.dtype == (data.dtype if name == "f32" else "f8") and (np.triu(low, 1) == 0).all()
        near(low.astype("f8") @ low.T, whole, 10 * unit(low) * len(whole) * np.linalg.norm(whole))
        near(low, np.linalg.cholesky(whole), 1e4 * unit(low) * np.linalg.norm(whole))
        want = np.linalg.cond(whole, 1)
        assert want / 10 <= a["condition"] <= want * 1.01, (want, a)


def check_solution(x, b, d, a):
    np = numpy()
    got = d["x"]
    u = unit(got)
    b = b.reshape(len(b), -1).astype("f8")
    x = x.astype("f8")
    assert got.shape == b.shape, got.shape
    left = abs(x @ got.astype("f8") - b).max(0) / (abs(x).sum(1).max() * abs(got).max(0) + abs(b).max(0))
    assert left.max() <= 10 * len(x) * u and a["residual"] <= 10 * len(x) * u, (left, a["residual"])
    near(got, np.linalg.solve(x, b), 10 * len(x) * u * np.linalg.cond(x) * max(np.linalg.norm(got), 1))
    want = np.linalg.cond(x, 1)
    assert want / 10 <= a["condition"] <= want * 1.01 and a["steps"] >= 0 and a["method"] and a["reason"]


def test_solve():
    np = numpy()
    g = np.random.default_rng(3)
    x = g.normal(size=(90, 90))
    many, one = g.normal(size=(90, 7)), g.normal(size=90)
    save("x.h5", x, chunks=(13, 90), compression="gzip")
    save("b.h5", many)
    first = None
    for ranks in (1, 3):
        d, a = made("solve", "x.h5", "b.h5", ranks=ranks)
        check_solution(x, many, d, a)
        first = d["x"] if first is None else first
        assert (first == d["x"]).all() and a["reproducible"] == 1  # a small system
        assert a["input"].endswith("x.h5:/X") and a["input_b"].endswith("b.h5:/X") and a["input_b_size"] > 0
    check_solution(x, one, *made("solve", by_matlab("m.h5", x), save("one.h5", one), ranks=2))
    check_solution(x, many, *made("solve", "x.h5", by_matlab("mb.h5", many), ranks=2))
    d, a = made("solve", "x.h5", "b.h5", "--trans", ranks=4)
    check_solution(x.T, many, d, a)
    d, a = made("solve", "x.h5", "b.h5", "--refine", 0, ranks=1)
    check_solution(x, many, d, a)
    assert a["steps"] == 0
    d, a = made("solve", "x.h5", "b.h5", "--mixed", ranks=2)
    check_solution(x, many, d, a)
    assert "f32" in a["method"] and a["steps"] >= 1, a
    f32, b32 = x.astype("f4"), many.astype("f4")
    d, a = made("solve", save("f32.h5", f32), save("b32.h5", b32), ranks=3)
    check_solution(f32, b32, d, a)
    assert d["x"].dtype == "f4" and made("solve", "f32.h5", "b.h5", ranks=2)[0]["x"].dtype == "f8"
    i = np.array([[2, 1], [1, 3]], "i4")
    near(made("solve", save("i.h5", i), save("ib.h5", np.array([3, 4], "u1")), ranks=4)[0]["x"], [[1], [1]], 1e-14)
    big = g.normal(size=(540, 540))
    check_solution(big, many[:1].repeat(540, 0), *made("solve", save("big.h5", big), save("bb.h5", many[:1].repeat(540, 0)), ranks=3))


def test_solve_positive():
    np = numpy()
    g = np.random.default_rng(4)
    x = positive(80, g)
    b = g.normal(size=(80, 2))
    half = x.copy()
    half[np.triu_indices(80, 1)] = -5
    d, a = made("solve", save("x.h5", half), save("b.h5", b), "--assume", "positive", ranks=2)
    check_solution(x, b, d, a)
    assert "Cholesky" in a["method"], a["method"]
    indefinite = x - 2 * np.eye(80)
    d, a = made("solve", save("x.h5", indefinite), "b.h5", "--assume", "positive", ranks=3)
    check_solution(indefinite, b, d, a)
    assert "LU" in a["method"], a["method"]


def test_ill_conditioned():
    np = numpy()
    g = np.random.default_rng(5)
    x, b = with_condition(60, 1e18, g), g.normal(size=60)
    for command in (["solve", save("x.h5", x), save("b.h5", b)], ["inv", "x.h5"]):
        done = ok(*command, "-o", "o.h5", "--force", ranks=2)
        assert any("singular to working precision" in w for w in done.warnings), done.stderr
        d, a = load("o.h5")
        assert a["condition"] > 2**52 and a["residual"] <= 600 * 2**-53, a
    x = with_condition(60, 1e13, g)
    d, a = made("solve", save("x.h5", x), "b.h5", "--mixed", ranks=2)
    assert a["residual"] <= 600 * 2**-53 and "f32" in a["reason"], a  # falls back with a word


def test_inv():
    np = numpy()
    g = np.random.default_rng(6)
    spd = positive(70, g)
    for i, (x, how) in enumerate(((g.normal(size=(70, 70)), []), (spd, ["--assume", "positive"]), (np.array([[0.5]]), []),
                                  (g.normal(size=(40, 40)).astype("f4"), []), (np.array([[1, 2], [3, 5]], "i8"), []),
                                  (g.normal(size=(520, 520)), []))):
        d, a = made("inv", save("x.h5", x), *how, ranks=RANKS[i % 4])
        got, f = d["Ainv"], x.astype("f8")
        u = unit(got)
        near(f @ got, np.eye(len(x)), 10 * len(x) * u * np.linalg.norm(f) * np.linalg.norm(got))
        near(got, np.linalg.inv(f), 100 * len(x) * u * np.linalg.cond(f) * np.linalg.norm(got))
        assert a["residual"] <= 10 * len(x) * u and a["method"] == ("Cholesky" if how else "LU"), a
        if how:
            assert (got == got.T).all()
    x = g.normal(size=(30, 30))
    near(made("inv", by_matlab("m.h5", x), ranks=2)[0]["Ainv"], np.linalg.inv(x), 1e-9)


main()
