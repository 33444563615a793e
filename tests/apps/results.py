#!/usr/bin/env python3
# TEST: labels=app timeout=300
"""Outputs that exist, cannot be written, or do not fit the disk."""
import os

from tartan_test import main, ok, refused, small_disk

RANKS = (0, 3)  # 0: one, without mpirun


def data(rows=300):
    ok("generate", "matrix", "-m", rows, "-n", 12, "-o", "x.h5", "--force")


def stamp(path):
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size, status.st_ino


def test_same_configuration_is_done():
    data()
    ok("pca", "x.h5", "-k", 3, ranks=2)
    before = stamp("x.pca.h5")
    for ranks in RANKS:
        assert "nothing to do" in ok("pca", "x.h5", "-k", 3, ranks=ranks).stdout
    assert stamp("x.pca.h5") == before
    ok("pca", "x.h5", "-k", 3, "--force")
    assert stamp("x.pca.h5") != before


def test_other_configuration_is_left():
    data()
    ok("pca", "x.h5", "-k", 3, "-o", "p.h5")
    before = stamp("p.h5")
    for ranks in RANKS:
        refused(3, ["p.h5", "components is 3 there, 4 here", "--force"], "pca", "x.h5", "-k", 4, "-o", "p.h5",
                ranks=ranks)
        refused(3, "whiten", "pca", "x.h5", "-k", 3, "--whiten", "-o", "p.h5", ranks=ranks)
    data(301)
    refused(3, "input_", "pca", "x.h5", "-k", 3, "-o", "p.h5")
    assert stamp("p.h5") == before
    ok("pca", "x.h5", "-k", 4, "-o", "p.h5", "--force", ranks=3)


def test_other_files_are_left():
    data()
    with open("notes.h5", "w", encoding="utf-8") as f:
        f.write("mine")
    ok("generate", "matrix", "-m", 3, "-n", 4, "-o", "other.h5")
    for ranks in RANKS:
        refused(3, "notes.h5 exists", "pca", "x.h5", "-o", "notes.h5", ranks=ranks)
        refused(3, "other.h5 exists", "pca", "x.h5", "-o", "other.h5", ranks=ranks)
    for force in ([], ["--force"]):
        refused(2, "is the input", "pca", "x.h5", "-o", "./x.h5", *force)
    with open("notes.h5", encoding="utf-8") as f:
        assert f.read() == "mine"


def test_folder():
    data()
    for ranks in RANKS:
        refused(6, "missing/p.h5", "pca", "x.h5", "-o", "missing/p.h5", ranks=ranks)
        refused(6, "/proc", "pca", "x.h5", "-o", "/proc/p.h5", ranks=ranks)
    refused(6, "missing/r.html", "pca", "x.h5", "-o", "p.h5", "--report", "missing/r.html", ranks=3)
    refused(6, "missing/r.json", "pca", "x.h5", "-o", "q.h5", "--json", "missing/r.json", ranks=3)


def test_disk_full():
    ok("generate", "matrix", "-m", 20000, "-n", 20, "-o", "x.h5")
    with small_disk("1m") as disk:
        for ranks in RANKS:
            refused(6, "full", "pca", "x.h5", "-k", 15, "-o", f"{disk}/p.h5", ranks=ranks)
            assert os.listdir(disk) == []
        refused(6, "full", "generate", "matrix", "-m", 20000, "-n", 20, "-o", f"{disk}/x.h5", ranks=2)
        assert os.listdir(disk) == []
        ok("pca", "x.h5", "-k", 15, "--no-scores", "-o", f"{disk}/p.h5", ranks=2)


def test_tolerance():
    data()
    refused(4, "written to p.h5", "pca", "x.h5", "-k", 3, "-o", "p.h5", "--solver", "gram", "--tol", "1e-15", ranks=3)
    assert os.path.exists("p.h5")
    refused(4, "short of the tolerance", "pca", "x.h5", "-k", 3, "-o", "p.h5", "--solver", "gram", "--tol", "1e-15")
    ok("pca", "x.h5", "-k", 3, "-o", "q.h5", "--solver", "gram", "--tol", "1e-3", ranks=3)


main()
