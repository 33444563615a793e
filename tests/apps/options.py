#!/usr/bin/env python3
# TEST: labels=app timeout=300
"""The command line: help, version, manual page, completion, and mistakes, which name the nearest right word."""
import subprocess

from tartan_test import main, ok, refused, run

COMMANDS = ["pca", "pca transform", "matmul", "transpose", "norm", "trace", "covariance", "lu", "solve", "lstsq",
            "matrix-power", "multi-dot", "generate matrix", "convert", "export", "info"]


def test_help():
    overview = ok("--help").stdout
    for command in COMMANDS:
        assert f"  {command} " in overview, command
        text = ok(*command.split(), "--help").stdout
        assert text.startswith(f"usage: tartan {command} "), text
        assert "--json FILE" in text
    assert "(default: 80 % of the smallest of cgroup limit" in " ".join(ok("pca", "--help").stdout.split())
    assert max(map(len, ok("pca", "--help").out)) <= 84
    assert run().stdout == overview


def test_help_speaks_once():
    assert ok("pca", "--help", ranks=3).stdout.count("usage:") == 1
    assert ok("--version", ranks=3).stdout.count("tartan ") == 1


def test_version():
    text = ok("--version").stdout
    assert text.startswith("tartan "), text
    for word in ("MPI", "ScaLAPACK", "BLAS", "HDF5"):
        assert word in text, word


def test_manual_and_completion():
    manual = ok("--man").stdout
    assert manual.startswith(".TH TARTAN 1") and "\\-\\-n\\-components" in manual
    script = ok("--completion", "bash").stdout
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    query = script + "\nCOMP_WORDS=(tartan pca --n-c); COMP_CWORD=2; _tartan; echo \"${COMPREPLY[@]}\""
    done = subprocess.run(["bash", "-c", query], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "--n-components", done
    refused(2, "bash", "--completion", "fish")


def test_mistakes_name_the_nearest():
    refused(2, "the nearest is --n-components", "pca", "--n-componets", "3", "x.h5")
    refused(2, "the nearest is --memory", "pca", "x.h5", "--memry=3G")
    refused(2, "the nearest is \"pca\"", "pac", "x.h5")
    refused(2, "the nearest is \"generate matrix\"", "generate", "matrx")
    for ranks in (1, 3):
        refused(2, "the nearest is --whiten", "pca", "x.h5", "--whitten", ranks=ranks)


def test_bad_values():
    refused(2, "a size, for example 8G", "pca", "x.h5", "--memory", "much")
    refused(2, "a count", "pca", "x.h5", "--threads", "-1")
    refused(2, "takes one of error, mean", "pca", "x.h5", "--nan", "zero")
    refused(2, "two counts", "pca", "x.h5", "--grid", "4")
    refused(2, "needs a value", "pca", "x.h5", "-k")
    refused(2, "takes no value", "pca", "x.h5", "--whiten=yes")
    refused(2, "needs DATA.h5", "pca")
    refused(2, "one operand too many", "info", "x.h5", "y.h5")
    for k in ("0", "-3", "1.5", "many"):
        refused(2, "a count of at least 1", "pca", "x.h5", f"-k{k}")


def test_due_later():
    for words in (["verify", "x.h5"],
                  ["pca", "x.h5", "--certify", "cholesky"], ["pca", "x.h5", "--layout", "anndata"],
                  ["pca", "x.h5", "--in-place"], ["pca", "x.h5", "y.h5"]):
        refused(2, "due in a later version", *words)


def test_order_and_forms():
    ok("generate", "matrix", "-m30", "--features=7", "-o", "x.h5")
    ok("pca", "-k", "2", "x.h5", "--no-scores", "-o=a.h5")
    ok("pca", "x.h5", "-k2", "--no-scores", "--output=b.h5")
    ok("pca", "--no-scores", "--output", "c.h5", "-k=2", "--", "x.h5")


main()
