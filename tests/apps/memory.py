#!/usr/bin/env python3
# TEST: labels=app timeout=120 processors=2
"""--memory holds: the peak resident size stays below it, and what cannot work is refused before reading."""
import json
import re

from tartan_test import main, ok, refused, run

ROWS, COLS = 120000, 200  # 96 MB of f32


def peak(*how, ranks=2):
    ok("pca", "x.h5", "-k", 10, "-o", "p.h5", "--force", "--json", "r.json", *how, ranks=ranks)
    with open("r.json", encoding="utf-8") as f:
        return json.load(f)["memory"]


def test_stays_below():
    ok("generate", "matrix", "-m", ROWS, "-n", COLS, "--dtype", "f32", "-o", "x.h5", ranks=2)
    for limit in ("150M", "250M"):
        memory = peak("--memory", limit)
        assert memory["budget_bytes"] == int(limit[:-1]) << 20
        assert memory["peak_resident_bytes"] <= memory["budget_bytes"], (limit, memory)


def test_refused_before_reading():
    ok("generate", "matrix", "-m", 9000, "-n", 4000, "--dtype", "u8", "-o", "x.h5", ranks=2)
    small = refused(5, "--memory", "pca", "x.h5", "-k", 5, "-o", "p.h5", "--memory", "150M", ranks=2)
    assert small.seconds < 20
    refused(5, "--memory", "pca", "x.h5", "-o", "p.h5", "--memory", "1M", ranks=3)
    # What the message says is enough.
    wanted = re.search(r"--memory ([\d.]+) ?([KMGT]i?B?)", small.err[0])
    assert wanted, small.err
    size = f"{float(wanted[1]) * 1.01:.2f}{wanted[2][0]}"
    assert run("pca", "x.h5", "-k", 5, "-o", "p.h5", "--memory", size, "--plan", ranks=2).code == 0, size


main()
