#!/usr/bin/env python3
# TEST: labels=app,long timeout=600 processors=2
"""A file of 1.6 GB on two ranks of 400 MiB each."""
import json

from tartan_test import main, ok


def test_400000_by_1000():
    ok("generate", "matrix", "-m", 400000, "-n", 1000, "--dtype", "f32", "--distribution", "uniform", "-o", "x.h5",
       ranks=2, timeout=300)
    ok("pca", "x.h5", "-k", 50, "-o", "p.h5", "--memory", "400M", "--json", "r.json", ranks=2, timeout=300)
    with open("r.json", encoding="utf-8") as f:
        memory = json.load(f)["memory"]
    assert memory["peak_resident_bytes"] <= 400 << 20, memory


main()
