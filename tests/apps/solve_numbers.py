#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""det, slogdet, rank, cond, norms by singular values: numbers against NumPy, on 1 to 4 ranks."""
from matrix_files import RANKS, by_matlab, load, numbers, numpy, positive, save, with_condition

from tartan_test import main, ok


def test_det():
    np = numpy()
    g = np.random.default_rng(1)
    x = g.normal(size=(60, 60))
    for i, (data, how) in enumerate(((x, []), (positive(50, g), ["--assume", "positive"]), (x[:30, :30].astype("f4"), []),
                                     (np.array([[-7.0]]), []), (np.array([[0, 2], [3, 1]], "i2"), []),
                                     (np.eye(5)[[1, 0, 2, 3, 4]], []), (g.normal(size=(510, 510)) / 20, []))):
        save("x.h5", data)
        ranks = RANKS[i % 4]
        sign, logarithm = np.linalg.slogdet(data.astype("f8"))
        got = numbers("slogdet", "x.h5", *how, ranks=ranks)
        limit = (1e-4 if data.dtype == "f4" else 1e-11) * max(1, len(data))
        assert len(got) == 2 and got[0] == sign and abs(got[1] - logarithm) <= limit, (got, sign, logarithm)
        want, got = np.linalg.det(data.astype("f8")), numbers("det", "x.h5", *how, ranks=ranks)
        assert len(got) == 1 and abs(got[0] - want) <= limit * 10 * abs(want), (got, want)
    assert numbers("det", save("x.h5", np.array([[0, 2], [3, 1]], "i2"))) == [-6]  # exact
    assert numbers("slogdet", by_matlab("m.h5", x), ranks=2)[0] == np.linalg.slogdet(x)[0]
    assert len({tuple(numbers("slogdet", "m.h5:/X", ranks=r)) for r in (1, 3)}) == 1  # the same bits


def test_det_of_extremes():
    np = numpy()
    save("big.h5", np.eye(400) * 10.0)
    assert numbers("det", "big.h5") == [np.inf]
    sign, logarithm = numbers("slogdet", "big.h5", ranks=2)
    assert sign == 1 and abs(logarithm - 400 * np.log(10)) < 1e-9
    save("small.h5", np.eye(400) * 0.1)
    assert numbers("det", "small.h5", ranks=2) == [0]
    save("ones.h5", np.ones((6, 6)))
    assert numbers("det", "ones.h5", ranks=3) == [0] and numbers("slogdet", "ones.h5") == [0, -np.inf]


def test_rank():
    np = numpy()
    g = np.random.default_rng(2)
    deficient = g.normal(size=(90, 7)) @ g.normal(size=(7, 40))
    for i, (x, how, want) in enumerate(((deficient, [], 7), (deficient.T, [], 7), (deficient, ["--dtype", "f32"], 7),
                                        (g.normal(size=(300, 20)), [], 20), (np.zeros((4, 3)), [], 0),
                                        (np.array([[2.0]]), [], 1), (np.ones((5, 6), "i4"), [], 1),
                                        (np.diag([1, 1e-3, 1e-6, 1e-20]), [], 3),
                                        (np.diag([1, 1e-3, 1e-6, 1e-20]), ["--tol", 1e-2], 1),
                                        (np.diag([1, 1e-3, 1e-6, 1e-20]), ["--tol", 0], 4))):
        assert numbers("rank", save("x.h5", x), *how, ranks=RANKS[i % 4]) == [want], (i, want)
    assert np.linalg.matrix_rank(deficient) == 7


def test_cond():
    np = numpy()
    g = np.random.default_rng(3)
    x = g.normal(size=(50, 50))
    kinds = {"2": None, "-2": -2, "1": 1, "inf": np.inf, "fro": "fro"}
    for i, (kind, numpys) in enumerate(kinds.items()):
        for source in (save("x.h5", x), by_matlab("m.h5", x)):
            want, got = np.linalg.cond(x, numpys), numbers("cond", source, "--kind", kind, ranks=RANKS[i % 4])
            assert len(got) == 1 and abs(got[0] - want) <= 1e-10 * want, (kind, got, want)
    tall = g.normal(size=(120, 9)).astype("f4")
    got, want = numbers("cond", save("t.h5", tall), ranks=2)[0], np.linalg.cond(tall.astype("f8"))
    assert abs(got - want) <= 1e-4 * want
    assert numbers("cond", save("z.h5", np.diag([1.0, 0.0])), ranks=2) == [np.inf]
    assert numbers("cond", "z.h5", "--kind", "1") == [np.inf]
    got = numbers("cond", save("bad.h5", with_condition(40, 1e12, g)), ranks=3)[0]
    assert abs(got - 1e12) <= 1e-3 * 1e12


def test_norm():
    np = numpy()
    g = np.random.default_rng(4)
    for i, x in enumerate((g.normal(size=(70, 31)), g.normal(size=(20, 90)).astype("f4"), np.array([[3, 4]], "u1"))):
        save("x.h5", x)
        for j, kind in enumerate(("nuc", "2", "-2")):
            want = np.linalg.norm(x.astype("f8"), kind if kind == "nuc" else int(kind))
            got = numbers("norm", "x.h5", "--kind", kind, ranks=RANKS[(i + j) % 4])
            assert abs(got[0] - want) <= (1e-5 if x.dtype == "f4" else 1e-13) * want, (kind, got, want)
    got = numbers("norm", by_matlab("m.h5", g.normal(size=(5, 7))), "--kind", "nuc")
    assert len(got) == 1


def test_files():
    np = numpy()
    x = np.array([[4.0, 1], [2, 3]])
    save("x.h5", x)
    for command, names in ((["det"], ["value"]), (["slogdet"], ["sign", "logabsdet"]), (["rank"], ["value"]),
                           (["cond", "--kind", "1"], ["value"]), (["norm", "--kind", "nuc"], ["value"])):
        done = ok(command[0], "x.h5", *command[1:], "-o", "n.h5", "--force", ranks=2)
        assert "written  n.h5:/" in done.stdout, done.stdout
        d, a = load("n.h5")
        assert sorted(d) == sorted(names) and a["format"] == f"tartan-{command[0]}" and a["method"] and a["reason"]
        printed = numbers(command[0], "x.h5", *command[1:], "-o", "n.h5")  # read back
        assert printed == [float(d[name]) for name in names], (printed, d)
        assert ("kind" in a) == (len(command) > 1)


main()
