#!/usr/bin/env python3
# TEST: labels=app timeout=240
"""tartan-bench counts: what one rank says of 1 to 16 is what so many ranks plan themselves; laws that hold beyond them."""
import json
import math
import os
import subprocess

from tartan_test import main

BENCH = os.environ.get("TARTAN_BENCH", os.path.join(os.path.dirname(os.environ.get("TARTAN", "")), "tartan-bench"))
SHAPES = ((512, 512, 512), (50000, 300, 300), (300, 300, 50000), (5000, 5000, 100))


def lines(*words, ranks=0):
    launch = [os.environ.get("MPIEXEC", "mpirun"), "-n", str(ranks)] if ranks else []
    done = subprocess.run([*launch, BENCH, *map(str, words), "--json", "-"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def refused(code, text, *words):
    done = subprocess.run([BENCH, "counts", *words], capture_output=True, text=True, check=False)
    assert done.returncode == code and text in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_products_as_real_ranks_plan_them():
    for m, n, k in SHAPES:
        shape = ("-m", m, "-n", n, "-k", k)
        real = lines("words", *shape, ranks=16)
        said = lines("counts", *shape, "--ranks", " ".join(map(str, range(1, 17))), "--ranks-per-node", 16)
        assert [r["ranks"] for r in real] == [s["ranks"] for s in said] == list(range(1, 17))
        for r, s in zip(real, said):
            for key in ("words", "messages", "memory", "grid"):
                assert s[key] == r["plan"][key], (shape, s["ranks"], key, s[key], r["plan"][key])
            assert s["words_bound"] == r["words_bound"]
            assert s["flat_words"] is None or s["flat_words"] >= r["fewest"]["words"]


def test_messages_stay_few():
    """Where workspace is short, parts of a few inner indices would save words for millions of messages: not chosen."""
    for shape in ((16384, 16384, 16384), (65536, 65536, 65536), (30000, 100000, 5000)):
        for s in lines("counts", "-m", shape[0], "-n", shape[1], "-k", shape[2], "--ranks", "200 256 1000 1024"):
            assert s["messages"] * s["start"] < max(s["words"] * s["balance"], 0.5 * s["flops"]), s
            assert s["efficiency"] > 0.4 and s["words"] >= s["words_bound"] > 0, s


def test_gram_frontier():
    """One tile, ranks that are powers of two: each has one triangle, whose owner gets all the others."""
    n = 300
    said = lines("counts", "--of", "gram", "-m", 10**6, "-n", n, "--ranks", "1 2 4 8 16")
    assert said[0]["words"] == 0
    for s in said[1:]:
        triangles = (s["ranks"] - 1) * n * (n + 1) / 2
        assert 0 <= s["words"] - triangles <= (s["ranks"] - 1) * n + 2 * n, s
        assert math.isclose(s["flops"], 10**6 / s["ranks"] * n * (n + 1), rel_tol=0.01)


def test_epochs():
    """What a rank needs is at most all rows of both sides; work falls, words per flop rise."""
    said = lines("counts", "--of", "epoch", "-m", 3000, "-n", 2000, "--ratings", 60000, "-k", 16, "--ranks", "1 2 4 8 16 64")
    assert said[0]["words"] == 0 and said[0]["imbalance"] == 1
    for a, b in zip(said[1:], said[2:]):
        assert b["flops"] < a["flops"] and b["words"] / b["flops"] > a["words"] / a["flops"]
    for s in said[1:]:
        assert 0 < s["words_bound"] <= min(s["words"], 16 * 5000)


def test_refused():
    for text in ("0", "two", "4 -1", "99999", "3 x"):
        refused(2, "--ranks", "--ranks", text)
    refused(2, "--ranks-per-node", "--ranks-per-node", "0")
    done = subprocess.run([os.environ.get("MPIEXEC", "mpirun"), "-n", "2", BENCH, "counts"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 2 and "without mpirun" in done.stderr, done.stderr


main()
