#!/usr/bin/env python3
# TEST: labels=app timeout=120
"""tartan doctor: what it says of this machine, and that it finds what is made wrong on purpose."""
import json
import os

from tartan_test import main, ok, refused


def facts(*words, **how):
    ok("doctor", "--file-size", "1M", "--json", "doctor.json", *words, **how)
    with open("doctor.json") as f:
        return json.load(f)["result"]


def test_facts():
    for ranks in (0, 1, 3):
        said = facts(ranks=ranks)
        host, = said["hosts"]
        assert host["ranks"] == max(1, ranks) and host["host"] == os.uname().nodename
        assert 0 < host["flops_slowest_rank"] <= host["flops_fastest_rank"] < 1e14
        assert host["memory"] > 2**20 and host["cores"] >= 1 and "BLAS" in host["blas"]
        assert len(said["links"]) == (ranks > 1)
        for link in said["links"]:
            assert link["same_host"] and 1e-8 < link["latency"] < 1 and 1e5 < link["bandwidth"] < 1e13
        assert said["files"]["shared"] and said["files"]["locks"] and said["files"]["write_bandwidth"] > 0
    assert [name for name in os.listdir(".") if "doctor" in name] == ["doctor.json"]


def test_oversubscribed():
    many = os.cpu_count() + 1
    said = ok("doctor", "--file-size", "64K", ranks=many).stdout
    assert f"is oversubscribed: {many} ranks x 1 thread on {os.cpu_count()} core" in said, said
    said = ok("doctor", "--file-size", "64K", ranks=1, threads=many).stdout
    assert f"is oversubscribed: 1 rank x {many} threads on" in said, said


def test_bad_folder():
    refused(6, ["nowhere", "--dir names another folder"], "doctor", "--dir", "nowhere", ranks=2)
    refused(2, "--file-size", "doctor", "--file-size", "0", ranks=1)


main()
