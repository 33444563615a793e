#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""Commands that solve: plans, reports, and too little memory."""
import json
import os
import re

from matrix_files import FILES, NUMBERS, nothing_left, system

from tartan_test import main, ok, refused


def report_of(command):
    with open("r.json", encoding="utf-8") as f:
        report = json.load(f)
    assert report["command"] == command and report["exit_code"] == 0 and report["plan"]["memory_bytes"] > 0
    os.remove("r.json")
    return report["result"]


def test_plans():
    system()
    before = os.listdir(".")
    for i, (command, words) in enumerate([*FILES.items(), *NUMBERS.items()]):
        done = ok(command, "x.h5", *words, "--plan", "--sbatch", ranks=3 if i % 4 == 0 else 0)
        for word in ("method", "read", "moved", "work", "memory", "time", "ranks", f"#SBATCH --job-name=tartan-{command}"):
            assert f"\n{word}" in done.stdout, (command, word, done.stdout)
        nothing_left(before)


def test_reports():
    system()
    for i, (command, words) in enumerate(FILES.items()):
        done = ok(command, "x.h5", *words, "-o", "o.h5", "--force", "--json", "r.json", ranks=2 if i % 3 == 0 else 0)
        assert "60 x 60, float64, from x.h5:/X" in done.out[0] and "where the time went" in done.stdout
        result = report_of(command)
        assert result["output"] == "o.h5" and result["rows"] == 60, result
        if command in ("lu", "cholesky", "solve", "lstsq", "inv", "pinv"):
            assert result["condition"] >= 1 and f"\ncondition {result['condition']:.6g}\n" in done.stdout, result
        assert command not in ("solve", "lstsq") or result["right_hand_sides"] == 1
    for i, (command, words) in enumerate(NUMBERS.items()):
        done = ok(command, "x.h5", *words, "--json", "r.json", ranks=2 if i % 3 == 0 else 0)
        result = report_of(command)
        value = result["logabsdet" if command == "slogdet" else "value"]
        assert f"{value:.17g}" in done.stdout and result["method"] and result["reason"], (result, done.stdout)


def test_too_little_memory():
    ok("generate", "matrix", "-m", 1500, "-n", 1500, "--dtype", "u8", "-o", "x.h5", ranks=2)
    before = os.listdir(".")
    for i, (command, words) in enumerate({"lu": [], "inv": [], "det": [], "solve": ["x.h5"], "lstsq": ["x.h5"], "pinv": [],
                                          "rank": [], "multi-dot": ["x.h5"], "matrix-power": ["-k", 2]}.items()):
        small = refused(5, "--memory", command, "x.h5", *words, "-o", "o.h5", "--memory", "75M", ranks=3 if i % 3 == 0 else 0)
        assert re.search(r"--memory \d+M or more", small.err[0]), small.err
        nothing_left(before)
    plan = ok("solve", "x.h5", "x.h5", "--plan", "--memory", "75M", ranks=2).stdout
    assert "too much for the memory: give --memory" in plan, plan


main()
