#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""Linear algebra on files: bad input, outputs that exist, memory, plans; one line, the right code, nothing left behind."""
import json
import os
import re

from tartan_test import main, need, ok, refused

ONE = ("norm", "trace", "transpose", "covariance")


def numpy():
    need("h5py", "numpy")
    import numpy as np

    return np


def h5(name, **datasets):
    import h5py

    with h5py.File(name, "w") as f:
        for key, value in datasets.items():
            f[key] = value
    return name


def ones(name="x.h5", m=9, n=4):
    np = numpy()
    return h5(name, X=np.random.default_rng(1).normal(size=(m, n)))


def all_refuse(code, part, source, *how, commands=(*ONE, "matmul"), ranks=(0, 3)):
    before = sorted(os.listdir("."))
    for command in commands:
        sources = [source, source] if command == "matmul" else [source]
        for count in ranks:
            refused(code, part, command, *sources, "-o", "out.h5", *how, ranks=count)
            assert sorted(os.listdir(".")) == before, f"left behind: {set(os.listdir('.')) - set(before)}"


def test_files():
    np = numpy()
    all_refuse(3, "missing.h5", "missing.h5")
    with open("a.csv", "w", encoding="utf-8") as f:
        f.write("x,y\n1,2\n")
    all_refuse(3, "tartan convert", "a.csv", ranks=(0,))
    all_refuse(3, "/nothing", ones() + ":/nothing", ranks=(0,))
    all_refuse(3, ["/A", "/B"], h5("two.h5", A=np.ones((4, 3)), B=np.ones((5, 2))), ranks=(0,))
    all_refuse(3, "v.h5", h5("v.h5", X=np.ones(4)), ranks=(0,))
    with open(ones("cut.h5", 300, 20), "rb+") as f:
        f.truncate(20000)
    all_refuse(3, ["cut.h5", "truncated"], "cut.h5")


def test_damaged_chunks():
    np = numpy()
    import h5py

    with h5py.File("d.h5", "w") as f:
        f.create_dataset("X", data=np.random.default_rng(1).normal(size=(400, 400)), chunks=(100, 100), compression="gzip")
        at = f["X"].id.get_chunk_info_by_coord((300, 300))
    with open("d.h5", "rb+") as f:
        f.seek(at.byte_offset + at.size // 2)
        f.write(b"\0" * 100)
    all_refuse(3, "damaged", "d.h5")


def test_shapes():
    ones("a.h5", 9, 4)
    ones("b.h5", 5, 7)
    for ranks in (0, 3):
        refused(2, ["A is 9 x 4", "B is 5 x 7"], "matmul", "a.h5", "b.h5", ranks=ranks)
        refused(2, ["A' is 4 x 9", "B' is 7 x 5"], "matmul", "a.h5", "b.h5", "--transpose-a", "--transpose-b", ranks=ranks)
        refused(2, ["9 x 9", "5 x 7"], "matmul", "a.h5", "a.h5", "--transpose-b", "--add", "b.h5", ranks=ranks)
    all_refuse(2, "more than 1 samples", ones("one.h5", 1, 4), commands=("covariance",))
    refused(2, "at least 2 samples", "covariance", "one.h5", "--correlation", "--ddof", 0)
    refused(2, "ddof", "covariance", "a.h5", "--ddof", -1)


def test_options():
    ones()
    refused(2, "--sbatch goes with --plan", "norm", "x.h5", "--sbatch")
    refused(2, "--beta goes with --add", "matmul", "x.h5", "x.h5", "--beta", 2)
    refused(2, "three counts", "matmul", "x.h5", "x.h5", "--split", "2x2")
    refused(2, "do not go together", "matmul", "x.h5", "x.h5", "--split", "1x1x1", "--algorithm", "pblas")
    refused(2, "takes one of fro, one, inf, max, sum, count", "norm", "x.h5", "--kind", "nuclear")
    refused(2, "needs B.h5", "matmul", "x.h5")
    refused(2, "one operand too many", "trace", "x.h5", "x.h5")
    refused(2, "the output is the input", "transpose", "x.h5", "-o", "x.h5", "--force")
    refused(2, "the output is the input", "matmul", "x.h5", "x.h5", "--transpose-a", "--add", "x.h5", "-o", "./x.h5", "-f")


def test_nan_is_named():
    np = numpy()
    x = np.random.default_rng(1).normal(size=(500, 7))
    x[321, 4] = np.nan
    all_refuse(3, ["NaN", "sample 321, feature 4", "--nan mean"], h5("nan.h5", X=x), commands=("covariance",))
    x[17, 3] = np.inf
    all_refuse(3, "sample 17, feature 3", h5("inf.h5", X=x), "--nan", "mean", commands=("covariance",))
    all_refuse(7, "overflow", h5("large.h5", X=np.array([[1.0, -1e200], [2.0, 1e200]])), commands=("covariance",))
    x = np.random.default_rng(2).normal(size=(4000, 6)) * 1e200  # the squares are Inf, and their differences NaN
    all_refuse(7, ["feature 0", "overflow"], h5("huge.h5", X=x), commands=("covariance",), ranks=(0, 2, 3))
    x[:, :4] = 1
    all_refuse(7, ["feature 4", "overflow"], h5("some.h5", X=x), "--correlation", commands=("covariance",), ranks=(0, 2, 3))


def test_running_again():
    ones("x.h5", 8, 8)
    other = {"norm": ["--kind", "one"], "trace": [], "transpose": ["--dtype", "f32"], "covariance": ["--ddof", 0],
             "matmul": ["--alpha", 2]}
    for command, words in other.items():
        line = [command, "x.h5", *(["x.h5"] if command == "matmul" else []), "-o", f"{command}.h5"]
        ok(*line, ranks=2)
        before = os.stat(f"{command}.h5").st_mtime_ns
        assert "nothing to do" in ok(*line, ranks=3).stdout
        if words:
            refused(3, ["another configuration", words[0][2:], "--force"], *line, *words, ranks=2)
        assert os.stat(f"{command}.h5").st_mtime_ns == before
        ok(*line, *words, "--force", ranks=2)
    ones("x.h5", 8, 8)
    refused(3, ["another configuration", "input_time"], "norm", "x.h5", "--kind", "one", "-o", "norm.h5")
    refused(3, "another configuration", "norm", "x.h5", "-o", "trace.h5")
    refused(6, "folder", "transpose", "x.h5", "-o", "folder/t.h5", ranks=2)


def test_default_names():
    ones()
    for command, words in (("transpose", []), ("covariance", []), ("matmul", ["x.h5", "--transpose-b"])):
        assert f"written  x.{command}.h5:/" in ok(command, "x.h5", *words, ranks=2).stdout
        assert os.path.exists(f"x.{command}.h5")
    ok("norm", "x.h5")
    ok("trace", "x.h5")
    assert not os.path.exists("x.norm.h5") and not os.path.exists("x.trace.h5")


def test_plans_and_reports():
    ones("x.h5", 200, 200)
    before = sorted(os.listdir("."))
    for command in (*ONE, "matmul"):
        line = [command, "x.h5", *(["x.h5"] if command == "matmul" else [])]
        for ranks in (0, 3):
            done = ok(*line, "--plan", "--sbatch", ranks=ranks)
            for word in ("method", "moved", "memory", "time", "ranks", f"#SBATCH --job-name=tartan-{command}"):
                assert f"\n{word}" in done.stdout, (command, word, done.stdout)
        assert sorted(os.listdir(".")) == before, command
        report = json.loads(ok(*line, "-o", "o.h5", "--force", "--json", "-", ranks=2).stdout)
        os.remove("o.h5")
        assert report["command"] == command and report["exit_code"] == 0 and report["plan"]["memory_bytes"] > 0
        assert set(report["phases"]) == {"read", "compute", "communicate", "write", "other"} and report["result"], report
        assert ok(*line, "-o", "q.h5", "--force", "--quiet", ranks=2).stdout.count("\n") <= 1
        os.remove("q.h5")


def test_larger_than_memory():
    """A file of 96 MB within budgets that leave about 20, and 80 for the exchange of triangles."""
    np = numpy()
    import h5py

    ok("generate", "matrix", "-m", 60000, "-n", 200, "-o", "x.h5", ranks=2)
    with h5py.File("x.h5") as f:
        x = f["X"][:]
    for command, limit, *words in (("norm", 90), ("transpose", 90), ("covariance", 140), ("norm", 90, "--kind", "one")):
        ok(command, "x.h5", *words, "-o", "o.h5", "--force", "--memory", f"{limit}M", "--json", "r.json", ranks=2)
        with open("r.json", encoding="utf-8") as f:
            memory = json.load(f)["memory"]
        assert memory["peak_resident_bytes"] <= memory["budget_bytes"] == limit << 20, (command, memory)
        with h5py.File("o.h5") as f:
            if command == "norm":
                want = np.linalg.norm(x) if not words else abs(x).sum(0).max()
                assert abs(f["value"][()] - want) <= 1e-12 * want
            elif command == "transpose":
                assert (f["X"][:] == x.T).all()
            else:
                assert abs(f["covariance"][:] - np.cov(x.T)).max() < 1e-12
    assert "larger than the memory" in ok("transpose", "x.h5", "--plan", "--memory", "90M", ranks=2).stdout


def test_too_little_memory():
    ok("generate", "matrix", "-m", 3000, "-n", 3000, "--dtype", "u8", "-o", "x.h5", ranks=2)
    for command in ("covariance", "matmul"):
        line = [command, "x.h5", *(["x.h5"] if command == "matmul" else []), "-o", "o.h5"]
        small = refused(5, "--memory", *line, "--memory", "90M", ranks=2)
        wanted = re.search(r"--memory (\d+M)", small.err[0])[1]
        ok(*line, "--memory", wanted, "--json", "r.json", ranks=2)  # what the message says is enough
        os.remove("o.h5")
        with open("r.json", encoding="utf-8") as f:
            memory = json.load(f)["memory"]
        assert memory["peak_resident_bytes"] <= memory["budget_bytes"], (command, memory)
    for command in ONE:
        refused(5, "--memory", command, "x.h5", "-o", "o.h5", "--memory", "1M", ranks=2)


main()
