#!/usr/bin/env python3
# TEST: labels=app timeout=300
"""Shapes at the edge, plans, new data through a model, and the round trips of convert and export."""
import gzip
import json
import os
import re
import struct

from tartan_test import Skip, close, exported, main, npy, ok, refused, run


def result(source, *how, ranks=1):
    ok("pca", source, *how, "-o", "p.h5", "--force", "--json", "r.json", ranks=ranks)
    with open("r.json", encoding="utf-8") as f:
        return json.load(f)


def csv(name, rows):
    with open(name, "w", encoding="utf-8") as f:
        f.writelines(",".join(map(repr, row)) + "\n" for row in rows)
    ok("convert", name, "--force")
    return name[:-4] + ".h5"


def test_more_ranks_than_rows():
    source = csv("t.csv", [(1.0, 2.0, 0.5), (2.0, 1.0, 1.5), (4.0, 0.0, 3.0)])
    reference = result(source)["result"]
    assert reference["components"] == 3
    for solver in ("gram", "full", "tsqr"):
        for ranks in (4, 6):
            r = result(source, "--solver", solver, ranks=ranks)["result"]
            close(r["explained_variance"][:2], reference["explained_variance"][:2], 1e-10)
            assert len(npy(exported("p.h5:/X_pca"))) == 3


def test_constant_columns():
    source = csv("t.csv", [(5.0, float(i), 7.0, float(i * i % 11)) for i in range(40)])
    for how in ([], ["--scale", "std"]):
        for solver in ("gram", "full", "tsqr"):
            r = result(source, "--solver", solver, *how, ranks=3)["result"]
            assert r["components"] == 4 and abs(r["explained_variance"][2]) < 1e-10 * r["explained_variance"][0]
    constant = csv("c.csv", [(5.0, 7.0)] * 9)
    assert result(constant, ranks=2)["result"]["total_variance"] == 0


def test_all_components():
    for m, n in ((7, 30), (30, 7), (12, 12)):
        ok("generate", "matrix", "-m", m, "-n", n, "-o", "x.h5", "--force")
        r = {s: result("x.h5", "-k", min(m, n), "--inverse-error", "--solver", s, ranks=3) for s in ("gram", "full", "tsqr")}
        for one in r.values():
            assert one["result"]["components"] == min(m, n) and one["result"]["inverse_error"] < 1e-12
        close(r["gram"]["result"]["explained_variance"][:min(m, n) - 1],
              r["full"]["result"]["explained_variance"][:min(m, n) - 1], 1e-8)
        close(r["tsqr"]["result"]["explained_variance"][:min(m, n) - 1],
              r["full"]["result"]["explained_variance"][:min(m, n) - 1], 1e-10)


def test_plan_runs_nothing():
    ok("generate", "matrix", "-m", 500, "-n", 40, "-o", "x.h5")
    text = ok("pca", "x.h5", "-k", 5, "--plan", "--sbatch", ranks=2).stdout
    assert text.startswith("500 samples x 40 features, float64, from x.h5:/X"), text
    for word in ("solver ", "passes ", "words ", "memory ", "time ", "ranks ", "#SBATCH --ntasks-per-node=2"):
        assert word in text, word
    assert os.listdir(".") == ["x.h5"]

    # What is printed differs from jobs/pca.sbatch in its numbers, its way to common.sh and its command only.
    printed = text[text.index("#!/bin/bash"):].splitlines()
    folder = os.path.join(os.environ["TARTAN_SOURCE_DIR"], "jobs")
    with open(os.path.join(folder, "pca.sbatch"), encoding="utf-8") as f:
        job = f.read().splitlines()

    def settings(lines):
        return [line.rpartition("=")[0] for line in lines if line.startswith("#SBATCH")]
    assert settings(printed) == settings(job), (settings(printed), settings(job))
    for line in ("signal=B:USR1@180", "requeue", "open-mode=append", "output=%x-%j.out"):
        assert f"#SBATCH --{line}" in printed and f"#SBATCH --{line}" in job, line
    assert os.path.exists(os.path.join(printed[-4].partition(":-")[2].rstrip("}"), "common.sh")), printed
    assert printed[-3] == '. "$jobs/common.sh"' and printed[-3] in job
    assert printed[-1] == "step tartan pca x.h5 -k 5", printed[-1]


def test_plan_beyond_the_memory():
    """What does not fit the budget of the ranks at hand is asked for on more nodes; a node is asked for what ranks need."""
    ok("generate", "matrix", "-m", 3000, "-n", 50, "-o", "x.h5")
    asked = {}
    for budget in ("4G", "150M"):
        text = ok("matmul", "x.h5", "x.h5", "--transpose-b", "--plan", "--sbatch", "--memory", budget).stdout
        for name in ("nodes", "mem"):
            asked[name, budget] = int(re.search(rf"#SBATCH --{name}=(\d+)", text)[1])
        assert ("where it does not fit" in text) == (budget == "150M"), text
        need = float(re.search(r"^memory +([\d.]+) MiB per rank", text, re.M)[1])
        if budget == "4G":
            assert asked["nodes", budget] == 1 and 0.8 * asked["mem", budget] > need, text
    assert asked["nodes", "150M"] > 1 and 150 < asked["mem", "150M"] < asked["mem", "4G"]


def test_residual():
    ok("generate", "matrix", "-m", 500, "-n", 40, "--spectrum", "power:1", "-o", "x.h5")
    for solver in ("gram", "full", "tsqr"):
        r = result("x.h5", "-k", 5, "--solver", solver, ranks=2)
        check = [c for c in r["checks"] if c["name"] == "residual"][0]
        assert check["pass"] and 0 <= check["value"] == r["result"]["residual"] < 1e-13, check
        bounds = [[x[0] for x in npy(exported(f"p.h5:/diagnostics/sigma_{side}"))] for side in ("lower", "upper")]
        for low, sigma, high in zip(bounds[0], r["result"]["singular_values"], bounds[1]):
            assert low <= sigma <= high <= sigma * (1 + 1e-12), (low, sigma, high)
        text = ok("pca", "x.h5", "-k", 5, "--solver", solver, "--certify", "none", "-o", "n.h5", "-f").stdout
        assert "  residual " not in text and "diagnostics/residual" not in ok("info", "n.h5").stdout
        short = run("pca", "x.h5", "-k", 5, "--solver", solver, "--tol", "1e-18", "-o", "t.h5", "-f", "--json",
                    "t.json")
        with open("t.json", encoding="utf-8") as f:
            failed = {c["name"] for c in json.load(f)["checks"] if not c["pass"]}
        assert short.code == 4 and failed == {"floor", "residual"}, (short.code, failed)
        assert "residual " in short.stdout and os.path.exists("t.h5")


def test_bound_threads():
    """The OpenMP runtime binds the main thread before main() begins: that is no binding of ranks."""
    if len(os.sched_getaffinity(0)) < 2:
        raise Skip("one processor only")
    ok("generate", "matrix", "-m", 50, "-n", 4, "-o", "x.h5")
    before = os.environ.copy()
    os.environ.update(OMP_PLACES="cores", OMP_PROC_BIND="close")
    os.environ.pop("OMP_NUM_THREADS", None)
    try:
        many = ok("pca", "x.h5", "-k", 2, "--plan", threads=2)
        free = ok("pca", "x.h5", "-k", 2, "--plan", threads=0)
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert not any("bound to" in line for line in many.warnings), many.warnings
    cores = {open(f"/sys/devices/system/cpu/cpu{i}/topology/thread_siblings_list", encoding="utf-8").read()
             for i in os.sched_getaffinity(0)}
    assert f"1 rank x {len(cores)} thread" in free.stdout, free.stdout


def test_transform():
    ok("generate", "matrix", "-m", 500, "-n", 40, "-o", "x.h5")
    for how in ([], ["--whiten", "--scale", "std"]):
        r = result("x.h5", "-k", 5, "--inverse-error", *how, ranks=2)["result"]
        fitted = exported("p.h5:/X_pca")
        for ranks in (1, 3):
            ok("pca", "transform", "p.h5", "x.h5", "-o", "s.h5", "--force", "--inverse-error", "--json", "t.json",
               ranks=ranks)
            for one, other in zip(npy(fitted), npy(exported("s.h5:/X_pca"))):
                assert max(abs(a - b) for a, b in zip(one, other)) < 1e-10
            with open("t.json", encoding="utf-8") as f:
                close([json.load(f)["result"]["inverse_error"]], [r["inverse_error"]], 1e-8)
    assert "nothing to do" in ok("pca", "transform", "p.h5", "x.h5", "-o", "s.h5", "--inverse-error").stdout
    ok("generate", "matrix", "-m", 50, "-n", 41, "-o", "y.h5")
    refused(2, "41", "pca", "transform", "p.h5", "y.h5", ranks=3)
    refused(3, "x.h5", "pca", "transform", "x.h5", "y.h5", ranks=3)


def test_csv_and_npy():
    rows = [(0.1, -2.5e-300, 3.0), (1 / 3, 7e200, -0.0)]
    source = csv("t.csv", rows)
    assert npy(exported(source)) == rows
    ok("export", source, "-o", "back.csv")
    with open("back.csv", encoding="utf-8") as f:
        assert [tuple(map(float, line.split(","))) for line in f] == rows
    ok("export", source, "-o", "a.npy")
    ok("convert", "a.npy", "-o", "again.h5", ranks=3)
    assert exported("again.h5") == exported(source)


def test_idx():
    images = bytes(range(24)) * 5
    with gzip.open("i.gz", "wb") as f:
        f.write(struct.pack(">IIII", 0x803, 5, 4, 6) + images)
    assert "images of 4 x 6" in ok("convert", "i.gz", "-o", "i.h5").stdout
    assert exported("i.h5:/X").endswith(images)
    assert "5 samples x 24 features" in ok("pca", "i.h5", "-k", 1, "-o", "p.h5", ranks=2).out[0]


def test_info():
    ok("generate", "matrix", "-m", 50, "-n", 4, "-o", "x.h5")
    ok("pca", "x.h5", "-k", 2)
    text = ok("info", "x.pca.h5").stdout
    for word in ("/components_", "2 x 4", "/X_pca", "50 x 2", "tartan-pca", "command_line"):
        assert word in text, word
    assert "tartan pca would take /X: 50 samples x 4 features" in ok("info", "x.h5", ranks=2).stdout
    refused(3, "missing.h5", "info", "missing.h5", ranks=3)


main()
