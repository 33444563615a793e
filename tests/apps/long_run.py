#!/usr/bin/env python3
# TEST: labels=apps timeout=600
"""Runs that are stopped and go on: by the time limit, by the end of the job and by signals, on other numbers of ranks, with the
bits of a run that was never stopped; checkpoints that are damaged, of other options or data, or find no room."""
import os
import shutil
import signal
import subprocess
import time

from tartan_test import MPIEXEC, TARTAN, Skip, environment, main, need, ok, refused, run, small_disk

LIMIT = "--time-limit=1s"  # less than the margin: stops as soon as the state has got on


def data(rows=24000, cols=300, dtype="f32", name="a.h5"):
    ok("generate", "matrix", "-m", rows, "-n", cols, "--dtype", dtype, "-o", name, "--force")


def arrays(name):
    """All datasets of a file, as bytes."""
    import h5py

    found = {}
    with h5py.File(name, "r") as f:
        assert f.attrs["complete"] == 1
        f.visititems(lambda key, item: found.update({key: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def same(a, b, names):
    x, y = arrays(a), arrays(b)
    for name in names:
        assert x[name].tobytes() == y[name].tobytes(), f"{name} of {a} and {b} differ"


def rest(name):
    """What stands beside a result."""
    return sorted(f for f in os.listdir(os.path.dirname(name) or ".") if f.startswith(os.path.basename(name) + "."))


def stop(*words, ranks=1, **how):
    done = run(*words, LIMIT, ranks=ranks, **how)
    assert done.code == 75 and "the time limit" in done.err[0], (done.code, done.stderr)
    return done


def test_gram_on_any_ranks():
    need("h5py")
    data()
    words = ("covariance", "a.h5", "-o")
    ok(*words, "whole.h5", ranks=2)
    share = []
    for ranks in (2, 1, 3, 4, 1, 2):
        out = stop(*words, "parts.h5", ranks=ranks).stdout
        if "goes on" in out:
            share.append(int(out.split(" % of it done")[0].split()[-1]))
        assert not os.path.exists("parts.h5") and "parts.h5.checkpoint" in rest("parts.h5")
    assert len(share) == 5 and share == sorted(share) and share[0] > 0 and share[-1] > share[0], share
    assert "goes on in the pass" in ok(*words, "parts.h5", ranks=3).stdout
    same("whole.h5", "parts.h5", ("covariance", "mean"))
    assert rest("parts.h5") == []


def test_gram_of_other_data():
    """Integers, missing values, columns as samples, a target, chunks."""
    need("h5py", "numpy")
    import h5py
    import numpy as np

    rng = np.random.default_rng(3)
    x = rng.normal(size=(9000, 40))
    x[rng.integers(0, 9000, 50), rng.integers(0, 40, 50)] = np.nan
    with h5py.File("d.h5", "w") as f:
        f["int"] = rng.integers(0, 255, (9000, 400)).astype("u1")
        f["nan"] = x
        f["columns"] = rng.normal(size=(30, 20000))
        f.create_dataset("chunks", data=rng.normal(size=(20000, 60)), chunks=(700, 60), compression="gzip", compression_opts=1)
        f["y"] = rng.normal(size=9000)
        f["clean"] = np.nan_to_num(x)
    for words, names in ((("covariance", "d.h5:/int"), ("covariance", "mean")),
                         (("covariance", "d.h5:/nan", "--nan=mean"), ("covariance", "mean")),
                         (("covariance", "d.h5:/columns", "--samples=columns"), ("covariance",)),
                         (("covariance", "d.h5:/chunks", "--correlation"), ("correlation", "standard_deviation")),
                         (("regress", "d.h5:/clean", "--target", "d.h5:/y", "--penalty", "0.1"), ("coef", "intercept", "mse")),
                         (("pca", "d.h5:/clean", "--solver=gram", "-k3"), ("components_", "explained_variance_", "X_pca"))):
        ok(*words, "-o", "whole.h5", "--force")
        for ranks in (2, 1, 3):
            code = run(*words, "-o", "parts.h5", LIMIT, ranks=ranks).code
            assert code in (0, 75), (words, code)
            if code == 0:
                break
        ok(*words, "-o", "parts.h5", ranks=4)
        same("whole.h5", "parts.h5", names)
        assert rest("parts.h5") == []
        os.remove("parts.h5")


def test_more_ranks_than_segments():
    need("h5py")
    data(2000, 50)
    ok("covariance", "a.h5", "-o", "whole.h5")
    for ranks in (1, 7, 2):
        assert run("covariance", "a.h5", "-o", "parts.h5", LIMIT, "--checkpoint-every=0s", ranks=ranks).code in (0, 75)
        os.path.exists("parts.h5") and os.remove("parts.h5")
    ok("covariance", "a.h5", "-o", "parts.h5", "--checkpoint-every=0s", ranks=7)
    same("whole.h5", "parts.h5", ("covariance",))
    assert rest("parts.h5") == []


def test_signals_at_several_points():
    need("h5py")
    data(60000, 1000)
    words = ["pca", "a.h5", "-k5", "--solver=gram", "--scores-dtype=f32", "-o"]
    ok(*words, "whole.h5", ranks=2)
    stopped = 0
    for ranks, wait, number in ((2, 0.1, signal.SIGUSR1), (1, 0.5, signal.SIGTERM), (3, 0.3, signal.SIGUSR1), (2, 0.8, signal.SIGINT)):
        command = [MPIEXEC, "-q", "-n", str(ranks)] if number == signal.SIGUSR1 else []
        process = subprocess.Popen([*command, TARTAN, *words, "parts.h5", "--checkpoint-every=1s"], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True, env=environment(1))
        for line in process.stdout:
            if line.startswith("solver"):
                break
        time.sleep(wait)
        process.send_signal(number)
        process.stdout.read()
        code = process.wait(timeout=60)
        assert code in (0, 75), code
        stopped += code == 75
        assert os.path.exists("parts.h5") == (code == 0)
    assert stopped >= 2, stopped
    ok(*words, "parts.h5", ranks=4)
    same("whole.h5", "parts.h5", ("components_", "explained_variance_", "mean_", "X_pca"))
    assert rest("parts.h5") == []


def test_krylov():
    need("h5py", "numpy")
    import numpy as np

    data(6000, 400, "f64")
    for words in (("svd", "a.h5", "-k6", "--tol=1e-9"), ("lowrank", "a.h5", "-k4", "--tol=1e-9")):
        ok(*words, "-o", "whole.h5", "--force", ranks=2)
        steps = 0
        while stop(*words, "-o", "parts.h5", ranks=2).code == 75 and steps < 6:
            steps += 1
        shutil.copy("parts.h5.checkpoint", "kept.h5")
        assert "goes on after step 7 of" in ok(*words, "-o", "parts.h5", ranks=2).stdout
        same("whole.h5", "parts.h5", ("U", "S", "Vt"))
        assert rest("parts.h5") == []
        os.remove("parts.h5")
        ok(*words, "-o", "parts.h5", "--resume=kept.h5", ranks=3)
        a, b = arrays("whole.h5"), arrays("parts.h5")
        for name, limit in (("S", 1e-9), ("U", 1e-5), ("Vt", 1e-5)):
            assert np.abs(a[name] - b[name]).max() <= limit * a["S"].max() ** (name == "S"), name
        os.remove("parts.h5")
    refused(2, "go with -k N", "svd", "a.h5", "-o", "x.h5", LIMIT)


def test_krylov_in_two_stages():
    """Where one pass a step does not reach the tolerance, the second stage is interrupted too."""
    need("h5py")
    ok("generate", "matrix", "-m", 3000, "-n", 260, "--spectrum=exp:0.9", "-o", "a.h5")
    words = ("svd", "a.h5", "-k20", "--tol=1e-13")
    ok(*words, "-o", "whole.h5")
    for _ in range(60):
        if run(*words, "-o", "parts.h5", LIMIT).code == 0:
            break
    else:
        ok(*words, "-o", "parts.h5")
    same("whole.h5", "parts.h5", ("U", "S", "Vt"))


def test_end_of_the_job():
    need("h5py")
    data()
    os.environ["SLURM_JOB_END_TIME"] = str(int(time.time()) + 3)
    try:
        done = run("covariance", "a.h5", "-o", "x.h5", ranks=2)
        assert done.code == 75 and "the time limit" in done.stderr, done.stderr
        ok("covariance", "a.h5", "-o", "x.h5", "--time-limit=1h", ranks=2)
        os.environ["SLURM_JOB_END_TIME"] = str(int(time.time()) + 3600)
        ok("covariance", "a.h5", "-o", "y.h5")
        os.environ["SLURM_JOB_END_TIME"] = "soon"
        ok("covariance", "a.h5", "-o", "z.h5")
    finally:
        del os.environ["SLURM_JOB_END_TIME"]


def spoil(name, how):
    if how == "value":
        import h5py

        with h5py.File(name, "r+") as f:
            f["nodes"][3, 3] += 1
    elif how == "text":
        import h5py

        with h5py.File(name, "r+") as f:
            del f["state"]
    elif how == "short":
        os.truncate(name, os.path.getsize(name) // 2)
    else:
        with open(name, "wb") as f:
            f.write(b"nothing")


def test_damaged():
    need("h5py")
    data()
    words = ("covariance", "a.h5", "-o")
    ok(*words, "whole.h5")
    for ranks in (2, 2):
        stop(*words, "x.h5", ranks=ranks)
    assert rest("x.h5") == ["x.h5.checkpoint", "x.h5.checkpoint.1"]
    for name in rest("x.h5"):
        shutil.copy(name, "kept" + name)
    for how in ("value", "text", "short", "nothing"):
        for name in ("x.h5.checkpoint", "x.h5.checkpoint.1"):
            shutil.copy("kept" + name, name)
        spoil("x.h5.checkpoint", how)
        done = ok(*words, "x.h5", ranks=3)
        assert "goes on" in done.stdout and "x.h5.checkpoint is damaged: going on from the state before it, x.h5.checkpoint.1" in \
            done.stderr, (how, done.stderr)
        same("whole.h5", "x.h5", ("covariance",))
        os.remove("x.h5")
        for name in ("x.h5.checkpoint", "x.h5.checkpoint.1"):
            shutil.copy("kept" + name, name)
            spoil(name, how)
        for ranks in (1, 2):
            refused(8, ["x.h5.checkpoint and its older generation .1 are damaged", "--resume never"], *words, "x.h5", ranks=ranks)
        ok(*words, "x.h5", "--resume=never", ranks=2)
        same("whole.h5", "x.h5", ("covariance",))
        assert rest("x.h5") == []
        os.remove("x.h5")
    ok(*words, "x.h5", "--resume=keptx.h5.checkpoint.1")
    os.remove("x.h5")
    spoil("keptx.h5.checkpoint", "value")
    refused(8, "keptx.h5.checkpoint is damaged", *words, "x.h5", "--resume=keptx.h5.checkpoint", ranks=2)
    refused(8, "there is no such file", *words, "x.h5", "--resume=none.h5", ranks=2)


def test_a_generation_is_missing():
    """A run that is killed between two renames leaves only the older one under its name."""
    need("h5py")
    data()
    ok("covariance", "a.h5", "-o", "whole.h5")
    stop("covariance", "a.h5", "-o", "x.h5")
    os.rename("x.h5.checkpoint", "x.h5.checkpoint.1")
    with open("x.h5.checkpoint.new", "wb") as f:
        f.write(b"rubbish")
    assert "from x.h5.checkpoint" in ok("covariance", "a.h5", "-o", "x.h5", ranks=2).stdout
    same("whole.h5", "x.h5", ("covariance",))
    assert rest("x.h5") == []


def test_other_options_and_data():
    need("h5py")
    data()
    stop("covariance", "a.h5", "-o", "x.h5")
    for ranks in (1, 3):
        refused(8, ["other options or data", "ddof=1", "ddof=0"], "covariance", "a.h5", "-o", "x.h5", "--ddof=0", ranks=ranks)
        refused(8, "this run needs a tartan-krylov", "svd", "a.h5", "-k3", "-o", "x.h5", ranks=ranks)
    time.sleep(0.01)
    data(24000, 300)
    refused(8, ["other options or data", "input_time"], "covariance", "a.h5", "-o", "x.h5", ranks=2)
    ok("covariance", "a.h5", "-o", "x.h5", "--resume=never")
    assert rest("x.h5") == []


def test_folder():
    need("h5py")
    data()
    os.mkdir("states")
    stop("covariance", "a.h5", "-o", "x.h5", "--checkpoint=states")
    assert os.listdir("states") == ["x.h5.checkpoint"] and rest("x.h5") == []
    assert "states/x.h5.checkpoint" in ok("covariance", "a.h5", "-o", "x.h5", "--checkpoint=states", ranks=2).stdout
    assert os.listdir("states") == []
    refused(6, "nowhere", "covariance", "a.h5", "-o", "y.h5", "--checkpoint=nowhere", LIMIT, ranks=2)


def test_full_disk():
    """The run goes on without its state; one that must stop says what is wrong."""
    need("h5py")
    data(30000, 600)
    ok("covariance", "a.h5", "-o", "whole.h5")
    with small_disk("1m") as disk:
        done = ok("covariance", "a.h5", "-o", "x.h5", f"--checkpoint={disk}", "--checkpoint-every=0s", ranks=2)
        assert any("no checkpoint was written" in line and "no space" in line for line in done.warnings), done.stderr
        assert os.listdir(disk) == []
        same("whole.h5", "x.h5", ("covariance",))
        refused(6, "no space", "covariance", "a.h5", "-o", "y.h5", f"--checkpoint={disk}", LIMIT, ranks=2)
    with small_disk("12m") as disk:  # room for one
        stop("covariance", "a.h5", "-o", "z.h5", f"--checkpoint={disk}")
        with open(f"{disk}/fill", "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 65536):
                    pass
            except OSError:
                pass
        done = ok("covariance", "a.h5", "-o", "z.h5", f"--checkpoint={disk}", "--checkpoint-every=0s", ranks=2)
        assert "goes on" in done.stdout and any("no checkpoint was written" in line for line in done.warnings), done.stderr
        same("whole.h5", "z.h5", ("covariance",))


def test_training():
    need("h5py")
    ok("generate", "ratings", "--users=300", "--items=200", "--ratings=6000", "-o", "r.h5")
    words = ("recommend", "train", "r.h5", "-k8", "--iterations=6", "-o")
    ok(*words, "whole.h5")
    for ranks in (2, 1, 3):
        stop(*words, "x.h5", ranks=ranks)
    assert rest("x.h5") == ["x.h5.checkpoint", "x.h5.checkpoint.1"]
    spoil("x.h5.checkpoint", "short")
    done = ok(*words, "x.h5", ranks=4)
    assert "goes on after epoch 2" in done.stdout and "x.h5.checkpoint.1" in done.stderr, (done.stdout, done.stderr)
    same("whole.h5", "x.h5", ("user_factors", "item_factors"))
    assert rest("x.h5") == []


def test_other_measure():
    """The best epoch by one measure is not the best by another: a state is not taken for it."""
    need("h5py")
    ok("generate", "ratings", "--users=300", "--items=200", "--ratings=6000", "-o", "r.h5")
    words = ("recommend", "train", "r.h5", "-k8", "--iterations=6", "--split=random", "-o", "m.h5")
    stop(*words, "--early-stop=rmse")
    for other in ("--early-stop=mae", "--early-stop=ndcg@5"):
        done = run(*words, other, ranks=2)
        assert done.code == 8 and "--early-stop rmse" in done.err[0] and "--resume never" in done.err[0], done.stderr
    assert run(*words).code == 8
    assert "goes on after epoch" in ok(*words, "--early-stop=rmse", ranks=2).stdout
    assert rest("m.h5") == []


def test_nonfinite():
    """NaN is refused with the same words, whether the pass was interrupted or not."""
    need("h5py", "numpy")
    import h5py
    import numpy as np

    x = np.random.default_rng(1).normal(size=(30000, 200))
    x[29000, 7] = np.nan
    with h5py.File("n.h5", "w") as f:
        f["X"] = x
    whole = run("covariance", "n.h5", "-o", "x.h5").err
    assert run("covariance", "n.h5", "-o", "x.h5", LIMIT).code == 75
    assert run("covariance", "n.h5", "-o", "x.h5", ranks=2).err == whole and "29000" in whole[0], whole


if os.name != "posix":
    raise Skip("signals")
main()
