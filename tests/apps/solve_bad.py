#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""Commands that solve: bad files, shapes and options, with one code and one line on 1 and 3 ranks, and nothing left."""
from matrix_files import by_matlab, numpy, positive, refuse, save

from tartan_test import main, ok, refused

ONE = {"lu": [], "cholesky": [], "inv": [], "pinv": [], "det": [], "slogdet": [], "rank": [], "cond": [],
       "matrix-power": ["-k", -1], "norm": ["--kind", "nuc"]}
TWO = {"solve": [], "lstsq": []}


def square(name="x.h5", n=8):
    np = numpy()
    return save(name, positive(n, np.random.default_rng(1)))


def each(i):
    """Ranks of the i-th command: all are tried on one rank or three, each group on both."""
    return (0,) if i % 2 else (3,)


def test_files():
    square()
    for i, (command, words) in enumerate([*ONE.items(), *TWO.items(), ("multi-dot", [])]):
        more = ["x.h5"] if command in TWO or command == "multi-dot" else []
        refuse(3, "missing.h5", command, "missing.h5", *more, *words, ranks=each(i))
    for ranks in (0, 3):
        refuse(3, "no.h5", "solve", "x.h5", "no.h5", ranks=(ranks,))
        refused(6, "folder", "inv", "x.h5", "-o", "folder/o.h5", ranks=ranks)
    refuse(3, "no.h5", "multi-dot", "x.h5", "x.h5", "no.h5", ranks=(3,))
    refused(6, "folder", "det", "x.h5", "-o", "folder/o.h5", ranks=3)
    refused(2, "the output is the input", "solve", "x.h5", square("b.h5"), "-o", "b.h5", "--force")
    refused(2, "the output is the input", "multi-dot", "x.h5", "x.h5", "b.h5", "-o", "b.h5", "--force", ranks=3)


def test_shapes():
    np = numpy()
    save("x.h5", np.ones((9, 4)))
    save("b.h5", np.ones(5))
    square()
    save("t.h5", np.ones((9, 4)))
    for i, command in enumerate(("cholesky", "inv", "det", "slogdet", "matrix-power", "solve")):
        words = ["-k", 2] if command == "matrix-power" else ["b.h5"] if command == "solve" else []
        refuse(2, ["square", "9 x 4"], command, "t.h5", *words, ranks=each(i))
    refuse(2, ["square", "9 x 4"], "cond", "t.h5", "--kind", "1", ranks=(3,))
    refuse(2, ["A is 8 x 8", "B is 5 x 1"], "solve", "x.h5", "b.h5")
    refuse(2, ["A is 9 x 4", "B is 5 x 1"], "lstsq", "t.h5", "b.h5")
    refuse(2, "B is 1 x 8", "solve", "x.h5", by_matlab("row.h5", np.ones((1, 8))), ranks=(3,))
    refuse(2, ["A0 has 8 columns", "t.h5", "9 rows"], "multi-dot", "x.h5", "t.h5")
    refuse(3, "1 dimension", "multi-dot", "b.h5", "x.h5", ranks=(0,))  # only the last one may be
    refuse(3, "1 dimension", "inv", "b.h5", ranks=(3,))


def test_options():
    np = numpy()
    square()
    save("f.h5", np.eye(8, dtype="f4"))
    for words, part in ((["solve", "x.h5"], "needs B.h5"), (["solve"], "needs A.h5"), (["lstsq", "x.h5"], "needs B.h5"),
                        (["multi-dot", "x.h5"], "needs B.h5"), (["inv", "x.h5", "x.h5"], "one operand too many"),
                        (["solve", "x.h5", "x.h5", "--assume", "spd"], "takes one of general, positive"),
                        (["solve", "f.h5", "f.h5", "--mixed"], "--mixed"),
                        (["solve", "x.h5", "x.h5", "--mixed", "--dtype", "f32"], "--mixed"),
                        (["solve", "x.h5", "x.h5", "--refine", "-1"], "a count"),
                        (["lstsq", "x.h5", "x.h5", "--method", "lu"], "takes one of planned, qr, svd"),
                        (["lstsq", "x.h5", "x.h5", "--ridge", -1], "must not be negative"),
                        (["lstsq", "x.h5", "x.h5", "--tol", 1], "below 1"), (["pinv", "x.h5", "--tol", -2], "below 1"),
                        (["rank", "x.h5", "--tol", 1.5], "below 1"), (["rank", "x.h5", "--tol", "much"], "a number"),
                        (["cond", "x.h5", "--kind", "3"], "takes one of 2, -2, 1, inf, fro"),
                        (["norm", "x.h5", "--dtype", "f32"], "--dtype goes with --kind nuc"),
                        (["matrix-power", "x.h5"], "needs -k N"), (["matrix-power", "x.h5", "-k", "1.5"], "an integer"),
                        (["det", "x.h5", "--sbatch"], "--sbatch goes with --plan"),
                        (["inv", "x.h5", "--sbatch"], "--sbatch goes with --plan")):
        refused(2, part, *words)
    refused(2, "needs -k N", "matrix-power", "x.h5", ranks=3)
    ok("matrix-power", "x.h5", "--power=-2", "--plan")


main()
