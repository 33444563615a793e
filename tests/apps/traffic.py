#!/usr/bin/env python3
# TEST: labels=apps,blas timeout=300 processors=2
"""The library's counters against what Open MPI itself saw (its monitoring component): copies, products, updates.

A case runs once and three times; the difference is two runs of the operation, without start and end of the program.
Per rank, the bytes and messages that the MPI library sent are those that were counted, plus control messages, which are
not counted: agreements, and the least of the ranks' budgets.
"""
import glob
import os
import re
import subprocess

from tartan_test import MPIEXEC, TIMEOUT, Skip, environment, main

PROGRAM = os.path.join(os.environ.get("TARTAN_BUILD_DIR", "."), "tests/numeric/traffic")
CONTROL_BYTES = 1024  # of one operation, per rank: some dozens of agreements of 8 bytes, in log2 P steps each
CONTROL_MESSAGES = 64
COPIES = ["copy-slabs", "copy-transposed"]
PRODUCTS = ["gemm-planned", "gemm-rows", "gemm-columns", "gemm-deep", "gemm-square", "gemm-half-deep"]
UPDATES = ["syrk-slabs", "syrk-blocks"]


def monitored(name, ranks):
    """{rank: (bytes, messages)} that a run sent, by the files that the monitoring component wrote."""
    sent = {}
    for path in glob.glob(name + ".*.prof"):
        rank = int(path.split(".")[-2])
        total = [0, 0]
        with open(path, encoding="ascii") as f:
            for line in f:
                found = re.match(r"[EI]\t(\d+)\t\d+\t(\d+) bytes\t(\d+) msgs sent", line)
                if found and int(found[1]) == rank:  # E: messages; I: what collectives are made of
                    total = [total[0] + int(found[2]), total[1] + int(found[3])]
        sent[rank] = tuple(total)
    if not sent:
        raise Skip("this MPI library has no monitoring component")
    assert sorted(sent) == list(range(ranks)), f"{name}: files of ranks {sorted(sent)}"
    return sent


def run(case, ranks, repeat):
    """What the library counted and what was monitored, each {rank: (bytes, messages)}."""
    name = f"{case}-{ranks}-{repeat}"
    command = [MPIEXEC, "-n", str(ranks), "--mca", "pml_monitoring_enable", "2", "--mca",
               "pml_monitoring_enable_output", "3", "--mca", "pml_monitoring_filename", name, PROGRAM, "--case", case,
               "--repeat", str(repeat)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, env=environment(1))
    assert done.returncode == 0, f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    lines = re.findall(r"^rank (\d+) sent (\d+) bytes in (\d+) messages$", done.stdout, re.M)
    counted = {int(rank): (int(sent), int(messages)) for rank, sent, messages in lines}
    assert len(counted) == ranks, done.stdout
    return counted, monitored(name, ranks)


def hold(case, ranks):
    """Two runs of a case: what was counted is what moved."""
    once, thrice = run(case, ranks, 1), run(case, ranks, 3)
    total = 0
    for rank in range(ranks):
        counted = [thrice[0][rank][i] - once[0][rank][i] for i in (0, 1)]
        moved = [thrice[1][rank][i] - once[1][rank][i] for i in (0, 1)]
        for what, have, seen, allowed in zip(("bytes", "messages"), counted, moved, (CONTROL_BYTES, CONTROL_MESSAGES)):
            text = f"{case}, rank {rank} of {ranks}: {have} {what} counted, {seen} monitored in two runs"
            assert have <= seen <= have + 2 * allowed, text
        total += counted[0]
    assert total > 100 * ranks * CONTROL_BYTES, f"{case} on {ranks} ranks: only {total} bytes, too few to compare"


def test_copies():
    for ranks in (2, 4):
        for case in COPIES:
            hold(case, ranks)


def test_products_on_2_ranks():
    for case in PRODUCTS:
        hold(case, 2)


def test_products_on_4_ranks():
    for case in PRODUCTS:
        hold(case, 4)


def test_updates():
    for ranks in (2, 4):
        for case in UPDATES:
            hold(case, ranks)


main()
