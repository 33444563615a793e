#!/usr/bin/env python3
# TEST: labels=app timeout=120 processors=2
"""Shapes at the edge, plans, new data through a model, and the round trips of convert and export."""
import gzip
import json
import os
import struct

from tartan_test import close, exported, main, npy, ok, refused


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
    for solver in ("gram", "full"):
        for ranks in (4, 6):
            r = result(source, "--solver", solver, ranks=ranks)["result"]
            close(r["explained_variance"][:2], reference["explained_variance"][:2], 1e-10)
            assert len(npy(exported("p.h5:/X_pca"))) == 3


def test_constant_columns():
    source = csv("t.csv", [(5.0, float(i), 7.0, float(i * i % 11)) for i in range(40)])
    for how in ([], ["--scale", "std"]):
        for solver in ("gram", "full"):
            r = result(source, "--solver", solver, *how, ranks=3)["result"]
            assert r["components"] == 4 and abs(r["explained_variance"][2]) < 1e-10 * r["explained_variance"][0]
    constant = csv("c.csv", [(5.0, 7.0)] * 9)
    assert result(constant, ranks=2)["result"]["total_variance"] == 0


def test_all_components():
    for m, n in ((7, 30), (30, 7), (12, 12)):
        ok("generate", "matrix", "-m", m, "-n", n, "-o", "x.h5", "--force")
        r = {s: result("x.h5", "-k", min(m, n), "--inverse-error", "--solver", s, ranks=3) for s in ("gram", "full")}
        for one in r.values():
            assert one["result"]["components"] == min(m, n) and one["result"]["inverse_error"] < 1e-12
        close(r["gram"]["result"]["explained_variance"][:min(m, n) - 1],
              r["full"]["result"]["explained_variance"][:min(m, n) - 1], 1e-8)


def test_plan_runs_nothing():
    ok("generate", "matrix", "-m", 500, "-n", 40, "-o", "x.h5")
    text = ok("pca", "x.h5", "-k", 5, "--plan", "--sbatch", ranks=2).stdout
    assert text.startswith("500 samples x 40 features, float64, from x.h5:/X"), text
    for word in ("solver ", "passes ", "words ", "memory ", "time ", "ranks ", "#SBATCH --ntasks-per-node=2"):
        assert word in text, word
    assert os.listdir(".") == ["x.h5"]


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
