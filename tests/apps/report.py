#!/usr/bin/env python3
# TEST: labels=app timeout=300
"""The page and the JSON report: complete, self-contained, small, and there after a failure too (JSON)."""
import json

from html_page import page
from tartan_test import main, ok, refused


def test_page_of_a_table():
    ok("generate", "matrix", "-m", 400, "-n", 30, "--spectrum", "power:0.5", "-o", "x.h5")
    ok("pca", "x.h5", "-k", 12, "--report", "r.html", "--inverse-error", ranks=2)
    text, tags = page("r.html")
    for part in ("400 samples x 30 features", "Variance explained", "Scores", "First components", "Where the time went",
                 "Traffic and memory", "How it was computed", "Environment", "mpirun -n 2 tartan pca"):
        assert part in text, part
    assert tags.count("circle") >= 400


def test_page_of_images():
    ok("generate", "matrix", "-m", 6000, "-n", 63, "--dtype", "u8", "-o", "x.h5", ranks=2)
    ok("generate", "matrix", "-m", 6000, "-n", 1, "--dtype", "u8", "-o", "y.h5")
    ok("pca", "x.h5", "-k", 30, "--report", "r.html", "--image-shape", "7x9", "--color-by", "y.h5:/X", ranks=3)
    text, tags = page("r.html")
    assert tags.count("figure") == 24 and text.count("data:image/png;base64,") == 25
    assert "colours by y.h5:/X" in text


def test_page_of_little():
    ok("generate", "matrix", "-m", 3, "-n", 1, "-o", "x.h5")
    ok("pca", "x.h5", "--report", "r.html", ranks=2)
    page("r.html")
    ok("generate", "matrix", "-m", 20, "-n", 3, "-o", "y.h5")
    ok("pca", "y.h5", "--report", "s.html", "--no-scores")
    assert "Scores" not in page("s.html")[0]


def test_json():
    ok("generate", "matrix", "-m", 400, "-n", 30, "-o", "x.h5")
    ok("pca", "x.h5", "-k", 3, "--json", "r.json", "--memory", "1G", ranks=3)
    with open("r.json", encoding="utf-8") as f:
        r = json.load(f)
    assert r["command"] == "pca" and r["exit_code"] == 0 and r["options"]["memory"] == 1 << 30
    assert set(r) >= {"options", "plan", "result", "phases", "traffic", "memory", "checks", "environment", "warnings"}
    assert set(r["phases"]) == {"read", "compute", "communicate", "write", "other"}
    assert r["environment"]["ranks"] == 3 and r["plan"]["algorithm"] in ("gram", "full")
    assert len(r["result"]["explained_variance"]) == 3
    assert r["traffic"]["words"] > 0


def test_json_of_a_failure():
    refused(3, "missing \"quoted\"", "pca", "missing \"quoted\".h5", "--json", "r.json", ranks=3)
    with open("r.json", encoding="utf-8") as f:
        r = json.load(f)
    assert r["exit_code"] == 3 and "missing" in r["message"]


main()
