#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""Commands that solve: what a second run does."""
import os

from matrix_files import FILES, NUMBERS, numpy, save, system

from tartan_test import main, ok, refused


def test_running_again():
    system()
    for i, (command, words, name) in enumerate((("lu", ["--dtype", "f32"], "dtype"), ("solve", ["--trans"], "trans"),
                                                ("inv", ["--assume", "positive"], "assume"), ("lstsq", ["--ridge", 2], "ridge"),
                                                ("pinv", ["--tol", 0.5], "tol"), ("matrix-power", ["-k", 3], "power"))):
        line = [command, "x.h5", *FILES[command]]
        assert f"written  x.{command}.h5\n" in ok(*line, ranks=2).stdout
        before = os.stat(f"x.{command}.h5").st_mtime_ns
        assert "nothing to do" in ok(*line, ranks=3 if i < 2 else 0).stdout
        refused(3, ["another configuration", name, "--force"], *line, *words)
        assert os.stat(f"x.{command}.h5").st_mtime_ns == before
        ok(*line, *words, "--force", "--quiet")
    save("b.h5", numpy().ones(60))  # another right-hand side
    refused(3, "input_b", "solve", "x.h5", "b.h5", "--trans")


def test_chain_again():
    system()
    line = ["multi-dot", "x.h5", "x.h5", "b.h5"]
    assert "written  x.multi-dot.h5:/C\n" in ok(*line, ranks=3).stdout
    assert "nothing to do" in ok(*line).stdout
    refused(3, ["another configuration", "input_2"], "multi-dot", "x.h5", "x.h5", "x.h5")


def test_numbers_again():
    system()
    for command, words in NUMBERS.items():
        line = [command, "x.h5", *words, "-o", f"{command}.h5"]
        first = ok(*line, "--quiet", ranks=2).out
        again = ok(*line)
        assert "nothing to do" in again.stdout and first[-1] in again.stdout, again.stdout
    refused(3, ["another configuration", "tol"], "rank", "x.h5", "--tol", 0.1, "-o", "rank.h5")
    refused(3, ["another configuration", "assume"], "det", "x.h5", "--assume", "positive", "-o", "det.h5", ranks=3)


main()
