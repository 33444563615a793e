#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""Commands that solve: NaN, singular and indefinite matrices: one code, one line, nothing left, on 1 and 3 ranks."""
from matrix_files import numpy, refuse, save

from tartan_test import main

ONE = {"lu": [], "cholesky": [], "inv": [], "pinv": [], "det": [], "slogdet": [], "rank": [], "cond": [],
       "matrix-power": ["-k", -1], "norm": ["--kind", "nuc"]}
TWO = {"solve": [], "lstsq": []}


def each(i):
    """Ranks of the i-th command: all are tried on one rank or three, each group on both."""
    return (0,) if i % 2 else (3,)


def test_not_finite():
    np = numpy()
    x = np.eye(9)
    save("good.h5", x)
    x[7, 2] = np.nan  # below the diagonal
    save("bad.h5", x)
    for i, (command, words) in enumerate(ONE.items()):
        refuse(3, "NaN", command, "bad.h5", *words, ranks=each(i))
    for i, command in enumerate(TWO):
        refuse(3, "NaN", command, "bad.h5", "good.h5", ranks=each(i))
        refuse(3, "NaN", command, "good.h5", "bad.h5", ranks=each(i + 1))
    x[7, 2] = -np.inf
    save("inf.h5", x)
    refuse(3, "Inf", "solve", "inf.h5", "good.h5", ranks=(3,))
    refuse(3, "Inf", "slogdet", "inf.h5", "--assume", "positive", ranks=(0,))


def test_matrices():
    np = numpy()
    save("ones.h5", np.ones((6, 6)))
    save("zero.h5", np.zeros((3, 3)))
    save("indefinite.h5", np.diag([1.0, 2, -3, 4]))
    save("b.h5", np.ones(6))
    for ranks in ((0,), (3,)):
        refuse(7, ["singular", "pivot 2"], "solve", "ones.h5", "b.h5", ranks=ranks)
        refuse(7, ["singular", "pivot 1"], "inv", "zero.h5", ranks=ranks)
        refuse(7, ["not positive definite", "order 3"], "cholesky", "indefinite.h5", ranks=ranks)
        refuse(7, "rank", "lstsq", "ones.h5", "b.h5", "--method", "qr", ranks=ranks)
        refuse(7, "singular", "matrix-power", "ones.h5", "-k", -2, ranks=ranks)
    refuse(7, "singular", "inv", "ones.h5", "--assume", "positive", ranks=(3,))
    refuse(7, "singular", "solve", "ones.h5", "b.h5", "--mixed", ranks=(3,))


main()
