#!/usr/bin/env python3
# TEST: labels=app timeout=300
"""The gram solver gives the same bits of components and variances on any number of ranks and threads."""
from tartan_test import Skip, exported, fashion, main, ok

RUNS = [(ranks, threads) for ranks in (1, 2, 3, 4, 6) for threads in (1, 2)]


def same_bits(source, *how, runs=tuple(RUNS)):
    seen = {}
    for ranks, threads in runs:
        ok("pca", source, "-k", 10, "--solver", "gram", "--no-scores", *how, "-o", "p.h5", "--force", ranks=ranks,
           threads=threads)
        bits = exported("p.h5:/components_") + exported("p.h5:/explained_variance_")
        seen.setdefault(bits, []).append((ranks, threads))
    assert len(seen) == 1, f"{len(seen)} different results; (ranks, threads) alike: {list(seen.values())}"


def test_random_f64():
    ok("generate", "matrix", "-m", 20011, "-n", 113, "--seed", 3, "-o", "x.h5", ranks=2)
    same_bits("x.h5")


def test_random_f32_scaled():
    ok("generate", "matrix", "-m", 9001, "-n", 61, "--seed", 3, "--dtype", "f32", "-o", "x.h5", ranks=2)
    same_bits("x.h5", "--scale", "std", runs=((1, 1), (2, 2), (3, 1), (6, 1)))


def test_fashion_mnist():
    try:
        same_bits(fashion("t10k"), runs=((1, 1), (1, 2), (2, 2), (3, 1), (4, 2), (6, 1)))
        same_bits(fashion(), runs=((1, 2), (3, 1), (4, 1)))
    except Skip:
        ok("generate", "matrix", "-m", 10000, "-n", 784, "--dtype", "u8", "-o", "x.h5", ranks=2)
        same_bits("x.h5")


main()
