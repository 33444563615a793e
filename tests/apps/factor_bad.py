#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""qr, svd, svdvals, lowrank, eigh, eigvalsh, eig: bad input, options, outputs that exist, memory, plans, reports."""
import json
import os
import re

from tartan_test import main, need, ok, refused

ALL = {"qr": [], "svd": [], "svdvals": [], "lowrank": ["-k", 2], "eigh": [], "eigvalsh": [], "eig": []}
FEW = {"svd": ["-k", 2], "eig": ["--dominant"]}


def numpy():
    need("h5py", "numpy")
    import numpy as np

    return np


def h5(name, data):
    import h5py

    with h5py.File(name, "w") as f:
        f["X"] = data
    return name


def square(name="x.h5", n=9):
    np = numpy()
    x = np.random.default_rng(1).uniform(1, 2, size=(n, n))
    return h5(name, x + x.T)


def nothing_left(before):
    left = set(os.listdir(".")) - set(before)
    assert not left, f"left behind: {left}"


def refuse(code, part, source, commands, *how, ranks=(0, 3)):
    """Each command ends with the code, one line and no file."""
    before = os.listdir(".")
    for i, (command, words) in enumerate(commands.items()):
        refused(code, part, command, source, *words, *how, "-o", "out.h5", ranks=ranks[i % len(ranks)])
        nothing_left(before)


def test_files():
    refuse(3, "missing.h5", "missing.h5", ALL)
    square()
    refuse(3, "/nothing", "x.h5:/nothing", {"qr": [], "eig": []})
    for ranks in (0, 3):
        refused(6, "folder", "svd", "x.h5", "-o", "folder/o.h5", ranks=ranks)
    refused(2, "the output is the input", "qr", "x.h5", "-o", "x.h5", "--force")


def test_not_finite():
    np = numpy()
    for value, name, commands in ((np.nan, "NaN", ALL), (-np.inf, "", {"svd": [], "eig": [], "lowrank": ["-k", 2]})):
        x = np.ones((40, 40))
        x[31, 4] = value  # below the diagonal
        h5("bad.h5", x)
        refuse(3, name, "bad.h5", commands)
        refuse(3, "", "bad.h5", FEW, ranks=(3, 0))
    refuse(3, "column 4", "bad.h5", {"svd": ["-k", 2, "--center"]}, ranks=(3,))


def test_shapes():
    np = numpy()
    h5("x.h5", np.ones((9, 4)))
    for ranks in (0, 3):
        refuse(2, ["square", "9 x 4"], "x.h5", {c: ALL[c] for c in ("eigh", "eigvalsh", "eig")}, ranks=(ranks,))
        refuse(2, ["-k 5", "4 singular values"], "x.h5", {"svd": ["-k", 5], "lowrank": ["-k", 5]}, ranks=(ranks,))
    refuse(2, "-k 0", "x.h5", {"svd": ["-k", 0], "lowrank": ["-k", 0]}, ranks=(0,))
    refuse(2, "9 x 4", "x.h5", {"eig": ["--dominant"]}, ranks=(0,))


def test_options():
    square()
    for words, part in ((["lowrank", "x.h5"], "needs -k N"), (["qr", "x.h5", "--method", "lu"], "takes one of planned"),
                        (["svd", "x.h5", "--method", "qr"], "takes one of planned"),
                        (["eigh", "x.h5", "--method", "qr"], "takes one of planned"),
                        (["qr", "x.h5", "--pivot", "--method", "tsqr"], "do not go together"),
                        (["svd", "x.h5", "-k", 2, "--full"], "--full does not go with -k"),
                        (["svd", "x.h5", "-k", 2, "--method", "one-rank"], "--method does not go with -k"),
                        (["svd", "x.h5", "-k", 2, "--tol", 2], "between 0 and 1"),
                        (["svd", "x.h5", "-k", 2, "--dtype", "f32"], "found in f64"),
                        (["svd", "x.h5", "--center"], "--center goes with -k N"),
                        (["svd", "x.h5", "--tol", 1e-3], "--tol goes with -k N"),
                        (["svd", "x.h5", "--steps", 3], "--steps goes with -k N"),
                        (["eigh", "x.h5", "--largest", 2, "--smallest", 2], "do not go together"),
                        (["eigh", "x.h5", "--largest", 10], "has 9 eigenvalues"),
                        (["eigvalsh", "x.h5", "--smallest", 0], "has 9 eigenvalues"),
                        (["eigh", "x.h5", "--interval", "2,1"], "the smaller first"),
                        (["eigh", "x.h5", "--interval", "2"], "takes two numbers"),
                        (["eig", "x.h5", "--values", "--dominant"], "do not go together"),
                        (["eig", "x.h5", "--seed", 1], "--seed goes with --dominant"),
                        (["qr", "x.h5", "--sbatch"], "--sbatch goes with --plan"), (["svd"], "needs A.h5")):
        refused(2, part, *words)


def test_running_again():
    square()
    for i, (command, words, name) in enumerate((("qr", ["--r-only"], "r-only"), ("svd", ["--full"], "full"),
                                                ("eigh", ["--largest", 2], "part"), ("eig", ["--values"], "values"),
                                                ("lowrank", ["--seed", 7], "seed"))):
        line = [command, "x.h5", *ALL[command]]
        assert f"written  x.{command}.h5\n" in ok(*line, ranks=2).stdout
        before = os.stat(f"x.{command}.h5").st_mtime_ns
        assert "nothing to do" in ok(*line, ranks=3 if i < 2 else 0).stdout
        refused(3, ["another configuration", name, "--force"], *line, *words)
        assert os.stat(f"x.{command}.h5").st_mtime_ns == before
        ok(*line, *words, "--force", "--quiet")


def test_plans_and_reports():
    square(n=60)
    before = os.listdir(".")
    for i, (command, words) in enumerate([*ALL.items(), *FEW.items()]):
        done = ok(command, "x.h5", *words, "--plan", "--sbatch", ranks=3 if i % 3 == 0 else 0)
        for word in ("method", "read", "moved", "work", "memory", "time", "ranks", f"#SBATCH --job-name=tartan-{command}"):
            assert f"\n{word}" in done.stdout, (command, word, done.stdout)
        nothing_left(before)
        done = ok(command, "x.h5", *words, "-o", "o.h5", "--json", "r.json", ranks=2 if i % 3 == 0 else 0)
        assert done.out[0].startswith("60 x 60, float64, from x.h5:/X") and "where the time went" in done.stdout
        with open("r.json", encoding="utf-8") as f:
            report = json.load(f)
        assert report["command"] == command and report["exit_code"] == 0 and report["plan"]["memory_bytes"] > 0
        result = report["result"]
        assert result["rows"] == result["columns"] == 60 and result["method"] and result["reason"], result
        assert command == "qr" or result["values"]["count"] > 0
        os.remove("o.h5")
        os.remove("r.json")


def test_too_little_memory():
    ok("generate", "matrix", "-m", 1500, "-n", 1500, "--dtype", "u8", "-o", "x.h5", ranks=2)
    before = os.listdir(".")
    for i, command in enumerate(ALL):
        line = [command, "x.h5", *ALL[command], "-o", "o.h5"]
        small = refused(5, "--memory", *line, "--memory", "1M", ranks=3 if i % 2 else 0)
        assert re.search(r"--memory \d+M or more", small.err[0]), small.err
        nothing_left(before)
    for command in ("qr", "svd", "eigh"):
        refused(5, ["--memory", "1500 x 1500"], command, "x.h5", "-o", "o.h5", "--memory", "75M", ranks=2)
        nothing_left(before)
    plan = ok("svd", "x.h5", "--plan", "--memory", "75M", ranks=2).stdout
    assert "too much for the memory: give --memory" in plan, plan


main()
