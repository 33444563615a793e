#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""tartan recommend train: MovieLens small on a fixed split, the same bytes on 1 to 4 ranks, splits, early stopping, checkpoints
that go on with the same bits, and bad input."""
import json
import os
import shutil
import signal
import subprocess
import time

from tartan_test import MPIEXEC, Skip, TARTAN, environment, main, need, ok, refused, run

FACTORS = ("user_factors", "item_factors", "user_bias", "item_bias")


def write(name, **columns):
    import h5py

    with h5py.File(name, "w") as f:
        for key, values in columns.items():
            f[key] = values
    return name


def load(name, datasets=FACTORS):
    import h5py

    with h5py.File(name) as f:
        return {d: f[d][()] for d in datasets if d in f}


def same(a, b):
    x, y = load(a), load(b)
    assert x.keys() == y.keys() and x
    for name in x:
        assert x[name].tobytes() == y[name].tobytes(), f"{a} and {b} differ in {name}"


def history(name):
    import h5py

    with h5py.File(name) as f:
        return {d: f["history"][d][()] for d in f["history"]}


def movielens():
    """The ratings in the order of the data set, and which are for testing (reference: row number times a constant)."""
    need("h5py", "numpy")
    import numpy as np

    if not shutil.which("Rscript"):
        raise Skip("R is not installed")
    done = subprocess.run(["Rscript", "-e", 'data(movielens, package="dslabs"); write.csv(movielens[,c("userId","movieId",'
                           '"rating","timestamp")], "ml.csv", row.names=FALSE)'], capture_output=True, text=True)
    if done.returncode:
        raise Skip("the R package dslabs is not installed")
    data = np.genfromtxt("ml.csv", delimiter=",", skip_header=1)
    rows = np.arange(len(data), dtype=np.uint64)
    test = rows * np.uint64(2654435761) % np.uint64(2**32) < 2**32 // 10
    for name, part in (("train.h5", ~test), ("test.h5", test)):
        write(name, user=data[part, 0].astype("i8"), item=data[part, 1].astype("i8"), rating=data[part, 2],
              timestamp=data[part, 3].astype("i8"))
    return data, test


def test_movielens():
    data, test = movielens()
    assert len(data) == 100004 and test.sum() == 10001
    for words, limit in ((("--model", "bias"), 0.88305), (("--model", "als", "-k10", "--regularization=0.15"), 0.876),
                         (("--model", "als", "-k20", "--regularization=0.2"), 0.875)):
        for ranks in (1, 3):
            ok("recommend", "train", "train.h5", *words, "--iterations=10", "--validation", "test.h5", "-o", f"m{ranks}.h5",
               "--force", ranks=ranks)
        same("m1.h5", "m3.h5")
        rmse = history("m1.h5")["rmse"][-1]
        assert rmse <= limit, (words, rmse)
        assert "bias" not in words or abs(rmse - 0.8830) < 5e-5, rmse


def generated(name="r.h5", *more):
    ok("generate", "ratings", "--users=300", "--items=200", "--ratings=6000", "--seed=4", "--timestamps", *more, "-o", name,
       "--force")
    return name


def test_bits():
    need("h5py", "numpy")
    generated()
    for i, words in enumerate((("--model=als", "-k7"), ("-k20",), ("-k8", "--solver=cg"),
                               ("-k9", "--form=replaced", "--confidence=log", "--dtype=f64"), ("-k20", "--solver=block", "--steps=8"),
                               ("--model=als", "-k7", "--nonnegative"),
                               ("-k12", "--nonnegative"))):
        for ranks in (1, 2, 3, 4) if i < 4 else (1, 3):
            ok("recommend", "train", "r.h5", *words, "--iterations=4", "-o", f"{i}-{ranks}.h5", ranks=ranks)
            same(f"{i}-1.h5", f"{i}-{ranks}.h5")
        loss = history(f"{i}-1.h5")["loss"]
        assert "--solver=cg" in words or (loss[1:] <= loss[:-1] * (1 + 1e-5)).all(), loss
        smallest = min(load(f"{i}-1.h5", FACTORS[:2])[d].min() for d in FACTORS[:2])
        assert (smallest >= 0) == ("--nonnegative" in words), (words, smallest)


def test_splits():
    need("h5py", "numpy")
    import numpy as np

    generated()
    columns = load("r.h5", ("user", "item", "rating", "timestamp"))
    for words, held in ((("--split=random", "--split-fraction=0.25"), None), (("--split=time", "--split-fraction=0.1"), 600),
                        (("--split=leave-k", "--split-count=2"),
                         sum(min(2, n - 1) for n in np.bincount(columns["user"]) if n))):
        seen = set()
        for ranks in (1, 3):
            done = ok("recommend", "train", "r.h5", "--model=bias", *words, "-o", "s.h5", "--force", ranks=ranks)
            line = next(x for x in done.out if x.startswith("training on"))
            numbers = [int(x) for x in line.replace(",", "").split() if x.isdigit()]
            assert sum(numbers) == 6000, line
            assert held is None and 1350 < numbers[1] < 1650 or numbers[1] == held, (line, held)
            seen.add((line, history("s.h5")["rmse"][0]))
        assert len(seen) == 1, seen


def test_early_stop_and_json():
    need("h5py")
    generated()
    ok("recommend", "train", "r.h5", "--model=als", "-k6", "--regularization=0.02", "--split=random", "--iterations=60",
       "--early-stop=rmse", "--patience=2", "-o", "e.h5", "--json", "e.json", ranks=2)
    rmse = history("e.h5")["rmse"]
    best = int(rmse.argmin())
    assert len(rmse) < 60 and best == len(rmse) - 3, rmse
    with open("e.json", encoding="utf-8") as f:
        result = json.load(f)["result"]
    assert result["stopped_early"] and result["epochs"] == best + 1 and len(result["history"]) == len(rmse)
    ok("recommend", "train", "r.h5", "--model=als", "-k6", "--regularization=0.02", "--split=random",
       f"--iterations={best + 1}", "-o", "b.h5", ranks=1)
    same("e.h5", "b.h5")
    again = ok("recommend", "train", "r.h5", "--model=als", "-k6", "--regularization=0.02", "--split=random",
               "--iterations=60", "--early-stop=rmse", "--patience=2", "-o", "e.h5", ranks=3)
    assert "nothing to do" in again.stdout


def test_goes_on_after_a_signal():
    need("h5py")
    ok("generate", "ratings", "--users=3000", "--items=2000", "--ratings=200000", "-o", "big.h5")
    words = ["recommend", "train", "big.h5", "-k48", "--iterations=40", "--split=random", "--early-stop=mae",
             "--patience=40"]
    ok(*words, "-o", "whole.h5", ranks=2)
    stopped = 0
    for ranks in (2, 1, 3, 2):
        command = [MPIEXEC, "-n", str(ranks), TARTAN, *words, "-o", "parts.h5"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(1))
        for line in process.stdout:
            if line.split()[:1] and line.split()[0].isdigit() and "  " in line:
                break
        time.sleep(0.05)
        process.send_signal(signal.SIGUSR1)
        process.stdout.read()
        code = process.wait(timeout=60)
        assert code in (0, 75), code
        stopped += code == 75
        assert os.path.exists("parts.h5") == (code == 0) and os.path.exists("parts.h5.checkpoint") == (code == 75)
    assert stopped > 0
    ok(*words, "-o", "parts.h5", ranks=3)
    same("whole.h5", "parts.h5")
    a, b = history("whole.h5"), history("parts.h5")
    for name in ("epoch", "loss", "rmse", "mae"):
        assert (a[name] == b[name]).all(), name
    assert not os.path.exists("parts.h5.checkpoint")


def test_time_limit():
    need("h5py")
    generated()
    for ranks in (1, 2):
        done = run("recommend", "train", "r.h5", "-k8", "-o", "t.h5", "--time-limit", "1s", ranks=ranks)
        assert done.code == 75 and "the time limit" in done.err[0], done.stderr
        os.remove("t.h5.checkpoint")


def test_checkpoint_of_something_else():
    need("h5py")
    generated()
    assert run("recommend", "train", "r.h5", "-k8", "-o", "t.h5", "--time-limit", "1s").code == 75
    for ranks in (1, 3):
        refused(8, "other options or data", "recommend", "train", "r.h5", "-k9", "-o", "t.h5", ranks=ranks)
    import h5py

    with h5py.File("t.h5.checkpoint", "r+") as f:
        f["item_factors"][5, 3] = 1.5
    refused(8, "damaged", "recommend", "train", "r.h5", "-k8", "-o", "t.h5", ranks=2)
    ok("recommend", "train", "r.h5", "-k8", "-o", "t.h5", "--resume=never")


def test_bad_input():
    need("h5py", "numpy")
    import numpy as np

    generated()
    write("nan.h5", user=[1, 2], item=[1, 2], rating=[1.0, np.nan])
    write("short.h5", user=[1, 2, 3], item=[1, 2], rating=[1.0, 2.0])
    write("twice.h5", user=[1, 1], item=[2, 2], rating=[1.0, 2.0])
    write("empty.h5", user=np.zeros(0, "i8"), item=np.zeros(0, "i8"), rating=np.zeros(0))
    write("text.h5", user=[b"a", b"b"], item=[1, 2], rating=[1.0, 2.0])
    for ranks in (1, 3):
        for code, part, *words in ((3, "NaN", "nan.h5"), (3, "short.h5", "short.h5"), (3, "empty", "empty.h5"),
                                   (3, "no file", "none.h5"), (3, "has one already", "twice.h5"),
                                   (2, "factors", "r.h5", "-k0"), (2, "--validation or --split", "r.h5", "--early-stop=mae"),
                                   (2, "times", "text.h5", "--split=time"), (2, "--iterations", "r.h5", "--iterations=0"),
                                   (2, "goes with --solver exact", "r.h5", "--nonnegative", "--solver=cg"),
                                   (3, "ids are texts", "r.h5", "--validation=text.h5"),
                                   (2, "do not go together", "r.h5", "--validation=r.h5", "--split=random"),
                                   (5, "memory", "r.h5", "--memory=60M", "-k2000")):
            refused(code, part, "recommend", "train", *words, "-o", "out.h5", ranks=ranks)
            assert not os.path.exists("out.h5")
    ok("recommend", "train", "twice.h5", "--model=bias", "--duplicates=sum", "-o", "d.h5")
    ok("recommend", "train", "text.h5", "-k2", "--iterations=2", "-o", "x.h5", ranks=3)
    assert [x.decode() for x in load("x.h5", ("user_ids",))["user_ids"]] == ["a", "b"]


main()
