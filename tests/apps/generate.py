#!/usr/bin/env python3
# TEST: labels=app timeout=300
"""generate matrix: the same elements for any number of ranks and threads, and exactly the spectrum asked for."""
import json

from tartan_test import close, exported, main, npy, ok, refused

SPECTRUM = [3.142, 2.718, 1.0]


def test_same_for_every_rank_count():
    for how in (["--spectrum", "3.142,2.718,1.0"], ["--dtype", "f32", "--distribution", "uniform"],
                ["--dtype", "u8"], ["--spectrum", "power:1", "--rank", "9", "--noise", "0.1"]):
        bits = set()
        for ranks, threads in ((1, 1), (2, 2), (3, 1), (6, 1)):
            ok("generate", "matrix", "-m", 1543, "-n", 37, "--seed", 4, *how, "-o", "x.h5", "--force", ranks=ranks,
               threads=threads)
            bits.add(exported("x.h5:/X"))
        assert len(bits) == 1, how


def test_spectrum_comes_back():
    ok("generate", "matrix", "-m", 2500, "-n", 40, "--spectrum", "3.142,2.718,1.0", "-o", "x.h5", ranks=2)
    for center in ([], ["--no-center"]):
        for solver in ("gram", "full", "tsqr"):
            ok("pca", "x.h5", "-k", 3, "--solver", solver, "--json", "r.json", "-o", "p.h5", "--force", *center, ranks=2)
            with open("r.json", encoding="utf-8") as f:
                close(json.load(f)["result"]["singular_values"], SPECTRUM, 1e-12)


def test_random_numbers():
    ok("generate", "matrix", "-m", 4000, "-n", 5, "-o", "x.h5")
    values = [v for row in npy(exported("x.h5:/X")) for v in row]
    mean = sum(values) / len(values)
    variance = sum((v - mean) ** 2 for v in values) / len(values)
    assert abs(mean) < 0.03 and abs(variance - 1) < 0.05, (mean, variance)
    ok("generate", "matrix", "-m", 400, "-n", 5, "-o", "y.h5", "--seed", 1)
    assert npy(exported("y.h5:/X"))[0] != tuple(values[:5]), "another seed gives other numbers"


def test_refusals():
    refused(2, "generate matrix needs", "generate", "matrix", "-m", 5)
    refused(2, "at most min(M, N) - 1 = 4", "generate", "matrix", "-m", 5, "-n", 9, "--rank", 5, "-o", "x.h5")
    refused(2, "--spectrum takes values", "generate", "matrix", "-m", 5, "-n", 9, "--spectrum", "a,b", "-o", "x.h5")
    ok("generate", "matrix", "-m", 5, "-n", 9, "-o", "x.h5")
    refused(3, "x.h5", "generate", "matrix", "-m", 5, "-n", 9, "-o", "x.h5", ranks=3)
    ok("generate", "matrix", "-m", 1, "-n", 1, "-o", "y.h5", ranks=3)


main()
