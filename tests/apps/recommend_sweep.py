#!/usr/bin/env python3
# TEST: labels=apps timeout=300
"""tartan recommend train --sweep: the best of a grid is what training it alone gives, on any number of ranks, also after
interruptions; the leaderboard on paper, in the file and in the report; bad lines."""
import json
import os
import signal
import subprocess
import time

from tartan_test import MPIEXEC, TARTAN, environment, main, need, ok, refused, run

GRID = """# a grid
factors = 4 12     # few and more
\tregularization=0.02 0.2

no-bias = no yes
"""
SPLIT = ("--model=als", "--split=random", "--early-stop=rmse", "--patience=2", "--iterations=6")


def write(name, text):
    with open(name, "w", encoding="utf-8") as f:
        f.write(text)
    return name


def data(name, users=200, ratings=5000):
    if not os.path.exists(name):
        ok("generate", "ratings", f"--users={users}", "--items=150", f"--ratings={ratings}", "--seed=4", "-o", name)
    return name


def load(name):
    import h5py

    with h5py.File(name) as f:
        found = {}
        f.visititems(lambda at, item: found.update({at: item[()]}) if isinstance(item, h5py.Dataset) else None)
        return found, dict(f.attrs)


def same(a, b, leave=("seconds",)):
    x, y = load(a)[0], load(b)[0]
    for name in x.keys() & y.keys():
        if name.split("/")[-1] not in leave:
            assert x[name].tolist() == y[name].tolist(), f"{a} and {b} differ in {name}"
    return x, y


def test_best_of_a_grid():
    need("h5py")
    data("r.h5")
    write("grid.txt", GRID)
    for ranks in (1, 3):
        done = ok("recommend", "train", "r.h5", *SPLIT, "--sweep=grid.txt", "-o", f"s{ranks}.h5", "--json", "s.json", ranks=ranks)
    x, _ = same("s1.h5", "s3.h5")
    settings = [s.decode() for s in x["leaderboard/setting"]]
    assert len(set(settings)) == 8 and "factors=4 regularization=0.02 no-bias=yes" in settings, settings
    assert (x["leaderboard/metric"] == x["leaderboard/rmse"]).all() and sorted(x["leaderboard/rmse"]) == list(x["leaderboard/rmse"])
    best = settings[0].replace("no-bias=no", "").replace("no-bias=yes", "no-bias").split()
    ok("recommend", "train", "r.h5", *SPLIT, *("--" + word for word in best), "-o", "alone.h5", ranks=2)
    _, alone = same("s1.h5", "alone.h5")
    assert alone["user_factors"].shape[1] == int(best[0].split("=")[1])
    attributes, own = load("s1.h5")[1], load("alone.h5")[1]
    assert attributes["sweep"] == "factors=4,12 regularization=0.02,0.2 no-bias=no,yes"
    for name in ("factors", "regularization", "bias", "epochs", "global_mean"):
        assert attributes[name] == own[name], name
    rows = done.stdout.split("leaderboard, by rmse\n")[1].splitlines()
    assert rows[1].endswith(settings[0]) and rows[8].endswith(settings[7]), rows
    with open("s.json", encoding="utf-8") as f:
        result = json.load(f)["result"]
    assert result["metric"] == "rmse" and [s["setting"] for s in result["leaderboard"]] == settings
    assert result["leaderboard"][0]["options"]["factors"] == best[0].split("=")[1]
    assert result["leaderboard"][7]["loss"] == x["leaderboard/loss"][7]
    assert sorted(f for f in os.listdir(".") if "sweep" in f or "checkpoint" in f) == []
    again = ok("recommend", "train", "r.h5", *SPLIT, "--sweep=grid.txt", "-o", "s1.h5", ranks=2)
    assert "nothing to do" in again.stdout
    write("grid.txt", GRID.replace("0.2", "0.3"))
    refused(3, "regularization=0.02,0.2 no-bias=no,yes there, none here", "recommend", "train", "r.h5", *SPLIT, "-o", "s1.h5")
    refused(3, "sweep is factors=4,12 regularization=0.02,0.2", "recommend", "train", "r.h5", *SPLIT, "--sweep=grid.txt", "-o",
            "s1.h5")


def test_without_validation():
    need("h5py")
    data("r.h5")
    write("loss.txt", "model = ials als\nfactors = 3\nregularization = 0 1\n")
    done = ok("recommend", "train", "r.h5", "--iterations=3", "--sweep=loss.txt", "-o", "l.h5", ranks=2)
    assert "by the least loss: nothing is held out" in done.stdout
    x = load("l.h5")[0]
    assert (x["leaderboard/metric"] == x["leaderboard/loss"]).all() and "leaderboard/rmse" not in x
    assert x["leaderboard/loss"][0] == x["history/loss"][-1]


def test_a_setting_that_fails():
    need("h5py")
    data("r.h5")
    write("fail.txt", "regularization = 0 0.1\nunobserved-weight = 0 1\n")
    words = ("recommend", "train", "r.h5", "-k40", "--iterations=2", "-o", "f.h5")
    done = ok(*words, "--sweep=fail.txt", ranks=2)
    assert "failed" in done.stdout and load("f.h5")[0]["leaderboard/setting"][3] == b"regularization=0 unobserved-weight=0"
    write("fail.txt", "regularization = 0\nunobserved-weight = 0\n")
    for ranks in (1, 2):
        refused(7, "no setting could be trained", *words, "--force", "--sweep=fail.txt", ranks=ranks)
        os.remove("f.h5.sweep")


def test_goes_on():
    need("h5py")
    data("big.h5", 3000, 100000)
    write("big.txt", "factors = 24 32 16\nregularization = 0.05 0.2\n")
    words = ["recommend", "train", "big.h5", "--model=als", "--iterations=8", "--split=random", "--early-stop=mae", "--sweep=big.txt"]
    ok(*words, "-o", "whole.h5", ranks=2)
    stopped = 0
    for ranks in (2, 1, 3, 2):
        command = [MPIEXEC, "-n", str(ranks), TARTAN, *words, "-o", "parts.h5", "--verbose"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(1))
        seen = 0
        for line in process.stdout:
            first = line.split()[:1]
            seen += first and first[0].isdigit() and ("=" in line or seen > 0)
            if seen >= 3:
                break
        process.send_signal(signal.SIGUSR1)
        process.stdout.read()
        code = process.wait(timeout=60)
        assert code in (0, 75), code
        stopped += code == 75
        time.sleep(0.05)
        if code == 0:
            break
        assert os.path.exists("parts.h5.sweep") and not os.path.exists("parts.h5")
    assert stopped > 1
    refused(8, "another sweep, or of other data", *[w.replace("=8", "=9") for w in words], "-o", "parts.h5", ranks=2)
    done = ok(*words, "-o", "parts.h5", ranks=3)
    assert "goes on after setting" in done.stdout or "nothing to do" in done.stdout
    same("whole.h5", "parts.h5")
    assert sorted(f for f in os.listdir(".") if f.startswith("parts.h5")) == ["parts.h5"]


def test_time_limit():
    need("h5py")
    data("r.h5")
    write("time.txt", "factors = 2 3\n")
    done = run("recommend", "train", "r.h5", "--iterations=1", "--sweep=time.txt", "-o", "t.h5", "--time-limit=1s", ranks=2)
    assert done.code == 75 and "after setting 1 of 2" in done.stderr, done.stderr
    done = ok("recommend", "train", "r.h5", "--iterations=1", "--sweep=time.txt", "-o", "t.h5")
    assert "goes on after setting 1 of 2" in done.stdout


def test_plan():
    data("r.h5")
    write("plan.txt", "factors = 10 2000 20\n")
    words = ("recommend", "train", "r.h5", "--iterations=7", "--sweep=plan.txt", "-o", "p.h5")
    for ranks in (1, 2):
        out = ok(*words, "--plan", ranks=ranks).stdout
        for part in ("sweep    3 settings", "epochs   7 of a setting, each ", " of a rank last ", "2000 factors"):
            assert part in out, (part, out)
        refused(5, "the training needs", *words, "--memory=100M", ranks=ranks)
    out = ok("recommend", "train", "r.h5", "-k8", "--plan", "-o", "p.h5").stdout
    assert "epochs   15, each 0 words" in out and " of a rank last " in out and "sweep" not in out
    assert not os.path.exists("p.h5")


def test_bad_lines():
    need("h5py")
    data("r.h5")
    for ranks, code, part, text in (
            (0, 2, "bad.txt, line 3: unknown option factrs: the nearest is --factors", "# x\n\nfactrs = 3\n"),
            (3, 2, "bad.txt, line 2: --factors takes a count", "alpha = 1\nfactors = 3 x\n"),
            (0, 2, "bad.txt, line 1: 5000 factors", "factors = 3 5000\n"),
            (2, 2, "bad.txt, line 1: \"factors 3 4\" is not of the form", "factors 3 4\n"),
            (0, 2, "bad.txt, line 2: factors stands in line 1 already", "factors = 3\nfactors = 4"),
            (0, 2, "bad.txt, line 1: factors has no value", "factors = # 3\n"),
            (0, 2, "bad.txt, line 1: 3 stands there twice", "factors = 3 4 3\n"),
            (0, 2, "bad.txt, line 1: seed is the same for all settings", "seed = 1 2\n"),
            (0, 2, "bad.txt, line 1: --model takes one of", "model = als svd\n"),
            (0, 2, "bad.txt, line 1: --no-bias takes yes or no", "no-bias = maybe\n"),
            (0, 2, "bad.txt, line 1: no name before", " = 3\n"),
            (0, 2, "bad.txt: solver=cg nonnegative=yes: --nonnegative goes with", "solver = exact cg\nnonnegative = no yes\n"),
            (2, 2, "bad.txt names no option", "# nothing\n"),
            (0, 2, "more than 1024 settings", f"factors = {' '.join(map(str, range(1, 40)))}\nsteps = "
                                              f"{' '.join(map(str, range(1, 40)))}\n"),
            (0, 3, "no text", "factors = 3\0\n")):
        write("bad.txt", text)
        refused(code, part, "recommend", "train", "r.h5", "--sweep=bad.txt", "-o", "x.h5", ranks=ranks)
    refused(3, "cannot read none.txt", "recommend", "train", "r.h5", "--sweep=none.txt", "-o", "x.h5", ranks=2)
    write("bad.txt", "factors = 2 3")
    refused(6, "nowhere", "recommend", "train", "r.h5", "--sweep=bad.txt", "--checkpoint=nowhere", "-o", "x.h5", ranks=2)
    refused(2, "the output is the input", "recommend", "train", "r.h5", "--sweep=bad.txt", "-o", "bad.txt", ranks=2)


main()
