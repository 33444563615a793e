#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""Commands that solve, near the ends of the range: right where the result can be held, code 7 and no file where not."""
import os

from matrix_files import load, numbers, numpy, save

from tartan_test import main, ok, refused


def test_results_beyond_the_range():
    np = numpy()
    A = np.random.default_rng(0).normal(size=(7, 7))
    save("a.h5", A * 1e-310)
    save("b.h5", np.ones(7))
    save("f.h5", (A * 1e-41).astype("f4"))
    before = sorted(os.listdir("."))
    for command, words, what in (("inv", [], "the inverse"), ("pinv", [], "the pseudo-inverse"),
                                 ("lstsq", ["b.h5"], "the least squares solution"), ("solve", ["b.h5"], "the solution"),
                                 ("matrix-power", ["-k", -1], "the inverse")):
        for ranks in (0, 3):
            refused(7, [what, "beyond the range of f64"], command, "a.h5", *words, ranks=ranks)
    refused(7, "beyond the range of f32", "pinv", "f.h5")
    refused(7, "beyond the range of f32", "inv", "f.h5", ranks=3)
    save("d.h5", np.diag([0.5, 2, 1]))
    for ranks in (0, 3):
        refused(7, "the power has NaN at (0, 1)", "matrix-power", "d.h5", "-k", 2000, ranks=ranks)
    os.remove("d.h5")
    assert sorted(os.listdir(".")) == before


def test_small_but_held():
    np = numpy()
    A = np.random.default_rng(0).normal(size=(7, 7))
    for size in (1e-308, 1e300):
        save("a.h5", A * size)
        for command, name in (("inv", "Ainv"), ("pinv", "Apinv")):
            ok(command, "a.h5", "-o", "o.h5", "-f", ranks=2)
            found, expected = load("o.h5")[0][name] * size, np.linalg.inv(A)
            assert abs(found - expected).max() < 1e-12 * abs(expected).max(), (command, size)


def test_condition():
    """Of A and of its multiples it is the same, also where the inverse is beyond the range."""
    np = numpy()
    A = np.random.default_rng(0).normal(size=(7, 7))
    for size, tolerance in ((1e-308, 1e-12), (1e-310, 1e-11), (1e306, 1e-12)):
        save("a.h5", A * size)
        for kind, name in (("1", 1), ("inf", np.inf), ("fro", "fro")):
            for ranks in (0, 3):
                [value], expected = numbers("cond", "a.h5", "--kind", kind, ranks=ranks), np.linalg.cond(A, name)
                assert abs(value / expected - 1) < tolerance, (size, kind, value, expected)


main()
