#!/usr/bin/env python3
# TEST: labels=apps timeout=600
"""Long runs that are mistreated: states that are cut, changed, foreign or of other data, for every command that keeps one; folders
that cannot take a state; nonsense for the end of the job; signals to commands that keep a state and to those that do not; two
runs for the same output. Whatever happens, a result is that of a run that was left alone, or there is none."""
import contextlib
import os
import random
import shutil
import signal
import subprocess
import time

from tartan_test import TARTAN, environment, main, need, ok, refused, run, small_disk

LIMIT = "--time-limit=1s"  # less than the margin: stops as soon as the state has got on
GRID = "factors = 3 5\nregularization = 0.1 1\n"
TRAIN = ("recommend", "train", "r.h5", "-k4", "--iterations=4", "--early-stop=rmse", "--split=random")
SWEEP = ("recommend", "train", "r.h5", "--iterations=3", "--sweep=grid.txt", "--split=random", "--early-stop=rmse")

# Words; what would make it another run; datasets of the result; the kind of its state
KEEPING = {
    "covariance": (("covariance", "a.h5"), "--ddof=0", ("covariance", "mean"), "gram"),
    "pca-gram": (("pca", "a.h5", "-k3", "--solver=gram"), "--whiten", ("components_", "explained_variance_"), "gram"),
    "pca-krylov": (("pca", "a.h5", "-k3", "--solver=krylov"), "--scale=std", ("components_", "explained_variance_"), "gram"),
    "regress": (("regress", "a.h5", "--target=y.h5", "--penalty=0.1"), "--penalty=0.2", ("coef", "intercept", "mse"), "gram"),
    "svd": (("svd", "a.h5", "-k3"), "--seed=9", ("U", "S", "Vt"), "krylov"),
    "lowrank": (("lowrank", "a.h5", "-k3"), "--seed=9", ("U", "S", "Vt"), "krylov"),
    "train": (TRAIN, "--regularization=0.7", ("user_factors", "item_factors"), "recommend"),
}


def inputs(seed=1):
    ok("generate", "matrix", "-m", 16000, "-n", 200, "--dtype", "f32", f"--seed={seed}", "-o", "a.h5", "--force")
    ok("generate", "matrix", "-m", 16000, "-n", 1, f"--seed={seed}", "-o", "y.h5", "--force")
    ok("generate", "ratings", "--users=200", "--items=100", "--ratings=4000", f"--seed={seed}", "-o", "r.h5", "--force")
    with open("grid.txt", "w", encoding="utf-8") as f:
        f.write(GRID)


def arrays(name, names):
    import h5py

    with h5py.File(name, "r") as f:
        assert f.attrs["complete"] == 1, name
        return [f[key][()].tobytes() for key in names]


def beside(name):
    """What stands beside a result."""
    return sorted(f for f in os.listdir(".") if f.startswith(name + "."))


def stop(*words, **how):
    done = run(*words, LIMIT, **how)
    assert done.code == 75 and len(done.err) == 1 and "the time limit" in done.err[0], (words, done.code, done.stderr)
    return done


def begun():
    """States of all commands, two generations of each, in the folder kept."""
    inputs()
    os.mkdir("kept")
    for name, (words, _, _, _) in KEEPING.items():
        ok(*words, "-o", f"{name}.whole.h5")
        stop(*words, "-o", f"{name}.h5")
        stop(*words, "-o", f"{name}.h5")
        assert beside(f"{name}.h5") == [f"{name}.h5.checkpoint", f"{name}.h5.checkpoint.1"], beside(f"{name}.h5")
        for file in beside(f"{name}.h5"):
            os.rename(file, f"kept/{file}")


def put(name, generations=("", ".1")):
    for suffix in generations:
        shutil.copy(f"kept/{name}.h5.checkpoint{suffix}", f"{name}.h5.checkpoint{suffix}")


def remove(name):
    for file in [f"{name}.h5", *beside(f"{name}.h5")]:
        if os.path.exists(file) and "whole" not in file:
            os.remove(file)


def change(path, chance):
    """Cuts the file somewhere, or changes a few bytes of it."""
    size = os.path.getsize(path)
    if chance.random() < 0.3:
        os.truncate(path, chance.randrange(size))
        return
    with open(path, "r+b") as f:
        for _ in range(chance.choice((1, 4, 64))):
            f.seek(chance.randrange(size))
            f.write(bytes([chance.randrange(256)]))


def whole_or_refused(name, done):
    """A run over what may be damage: the bits of the whole result, or exit code 8 and one line."""
    words, _, names, _ = KEEPING[name]
    what = (words, done.code, done.stderr)
    if done.code == 0:
        assert arrays(f"{name}.h5", names) == arrays(f"{name}.whole.h5", names), what
        assert beside(f"{name}.h5") == [], beside(f"{name}.h5")
    else:
        assert done.code == 8 and len(done.err) == 1 and "--resume never begins anew" in done.err[0], what
        assert not os.path.exists(f"{name}.h5"), what


def test_states():
    """For every command: damage by chance in one generation or both, states of others, of other options and of other data."""
    need("h5py")
    begun()
    chance = random.Random(20261201)
    recovered = 0
    for name, (words, other, names, kind) in KEEPING.items():
        for both in (False, True, False):
            put(name)
            change(f"{name}.h5.checkpoint", chance)
            if both:
                change(f"{name}.h5.checkpoint.1", chance)
            done = run(*words, "-o", f"{name}.h5")
            assert both or done.code == 0, (words, done.code, done.stderr)
            whole_or_refused(name, done)
            recovered += "going on from the state before it" in done.stderr
            remove(name)
        # Of another command: the newest that there is, whatever it is called.
        foreign = next(n for n, row in KEEPING.items() if row[3] != kind)
        shutil.copy(f"kept/{foreign}.h5.checkpoint", f"{name}.h5.checkpoint")
        refused(8, ["this run needs", "--resume never begins anew"], *words, "-o", f"{name}.h5")
        # Of another command with a state of the same kind.
        for like in [n for n, row in KEEPING.items() if row[3] == kind and n != name][:1]:
            shutil.copy(f"kept/{like}.h5.checkpoint", f"{name}.h5.checkpoint")
            refused(8, ["other options or data", "--resume never begins anew"], *words, "-o", f"{name}.h5")
        put(name)
        refused(8, "other options or data", *words, other, "-o", f"{name}.h5")
        done = ok(*words, "-o", f"{name}.h5", ranks=2)
        assert "goes on" in done.stdout, done.stdout
        if kind == "krylov":  # its bits depend on the number of ranks
            remove(name)
            put(name)
            ok(*words, "-o", f"{name}.h5")
        assert arrays(f"{name}.h5", names) == arrays(f"{name}.whole.h5", names), words
        remove(name)
    assert recovered >= 8, recovered
    # Other data of the same size under the same names.
    inputs(seed=2)
    for name, (words, _, names, _) in KEEPING.items():
        put(name)
        refused(8, ["other options or data", "--resume never begins anew"], *words, "-o", f"{name}.h5")
        if name in ("covariance", "svd", "train"):  # one of each kind
            ok(*words, "-o", f"{name}.h5", "--resume=never")
            assert arrays(f"{name}.h5", names) != arrays(f"{name}.whole.h5", names), words
            assert beside(f"{name}.h5") == []


@contextlib.contextmanager
def end_of_job(text):
    os.environ["SLURM_JOB_END_TIME"] = text
    try:
        yield
    finally:
        del os.environ["SLURM_JOB_END_TIME"]


def test_end_of_the_job():
    """A job that ends soon is left with a state, from which the next goes on to the same bits; nonsense counts as no end at all,
    and an end that is past stops a run at its first look, which still gets on a little each time."""
    need("h5py")
    inputs()
    for name in ("covariance", "svd", "train"):
        words, _, names, _ = KEEPING[name]
        ranks = 2 if name == "covariance" else 0
        ok(*words, "-o", "whole.h5", "--force", ranks=ranks)
        for end in (str(int(time.time()) + 4), "1"):
            with end_of_job(end):
                done = run(*words, "-o", "x.h5", ranks=ranks)
            assert done.code == 75 and len(done.err) == 1 and "by the time limit" in done.err[0], (words, end, done.stderr)
            assert not os.path.exists("x.h5") and "x.h5.checkpoint" in beside("x.h5")
        with end_of_job(str(int(time.time()) + 3600)):
            assert "goes on" in ok(*words, "-o", "x.h5", ranks=ranks).stdout
        assert arrays("x.h5", names) == arrays("whole.h5", names) and beside("x.h5") == []
        os.remove("x.h5")
    for nonsense in ("", "abc", "-5", "nan", "9" * 30):
        with end_of_job(nonsense):
            done = ok("covariance", "a.h5", "-o", "x.h5")
        assert done.warnings == [] and beside("x.h5") == [], (nonsense, done.stderr)
        os.remove("x.h5")


def test_folders():
    """A folder that cannot take a state is told before anything is computed."""
    need("h5py")
    inputs()
    with open("file", "w", encoding="utf-8"):
        pass
    for folder, code, part, ranks in (("nowhere", 6, ["nowhere", "make the folder first"], 3), ("", 2, "--checkpoint: no folder", 2),
                                      ("file", 6, ["file is a file", "name a folder"], 0), ("file/deeper", 6, "file/deeper", 0),
                                      ("x" * 1100, 2, "too long", 0)):
        refused(code, part, "covariance", "a.h5", "-o", "x.h5", f"--checkpoint={folder}", ranks=ranks)
    for name in ("pca-gram", "regress", "svd", "train"):
        refused(6, "nowhere", *KEEPING[name][0], "-o", "x.h5", "--checkpoint=nowhere")
    refused(6, "nowhere", *SWEEP, "-o", "x.h5", "--checkpoint=nowhere")
    assert [f for f in os.listdir(".") if f.startswith("x.h5")] == []


def test_file_systems():
    """One without room, or that is read-only: the result is computed all the same where that can be, and no file stands there that
    is not whole."""
    need("h5py")
    inputs()
    with small_disk("64k") as disk:
        for name in ("covariance", "lowrank"):
            words, _, names, _ = KEEPING[name]
            ok(*words, "-o", "whole.h5", "--force")
            done = ok(*words, "-o", "x.h5", f"--checkpoint={disk}", "--checkpoint-every=0s", "--force")
            assert name == "lowrank" or any("no checkpoint was written: no space left" in w for w in done.warnings), done.stderr
            assert arrays("x.h5", names) == arrays("whole.h5", names) and os.listdir(disk) == []
            refused(6, "no space left", *words, "-o", "z.h5", f"--checkpoint={disk}", LIMIT, ranks=2)
            refused(6, "no space left", *words, "-o", f"{disk}/y.h5", LIMIT)
            assert os.listdir(disk) == [] and not os.path.exists("z.h5")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        refused(6, ["Read-only", disk], "covariance", "a.h5", "-o", "z.h5", f"--checkpoint={disk}", ranks=2)


def test_other_circumstances():
    """Ranks, threads, grid and period of checkpoints change from run to run; the bits do not."""
    need("h5py")
    inputs()
    for name in ("covariance", "regress", "train"):
        words, _, names, _ = KEEPING[name]
        ok(*words, "-o", "whole.h5", "--force")
        stop(*words, "-o", "x.h5", "--checkpoint-every=0s", ranks=2, threads=2)
        stop(*words, "-o", "x.h5", "--grid=1x3", "--checkpoint-every=1h", ranks=3)
        done = ok(*words, "-o", "x.h5", "--grid=4x1", "--checkpoint-every=0s", ranks=4)
        assert "goes on" in done.stdout, done.stdout
        assert arrays("x.h5", names) == arrays("whole.h5", names) and beside("x.h5") == [], words
        os.remove("x.h5")


def interrupt(words, number, name, ready):
    """Sends the signal once a file is there, or a while after the start. Returns the exit code and what was said."""
    process = subprocess.Popen([TARTAN, *words, "-o", name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               env=environment(1))
    end = time.monotonic() + (30 if isinstance(ready, str) else ready)
    while process.poll() is None and time.monotonic() < end and not (isinstance(ready, str) and os.path.exists(ready)):
        time.sleep(0.002)
    if process.poll() is None:
        process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    return process.returncode, said


def test_signals_where_a_state_is_kept():
    """TERM, INT and USR1 in the middle: exit code 75, one line, a state, and the bits of a run that was left alone."""
    need("h5py")
    ok("generate", "matrix", "-m", 24000, "-n", 400, "--dtype", "f32", "-o", "a.h5")
    ok("generate", "matrix", "-m", 24000, "-n", 1, "-o", "y.h5")
    ok("generate", "ratings", "--users=400", "--items=300", "--ratings=20000", "-o", "r.h5")
    with open("grid.txt", "w", encoding="utf-8") as f:
        f.write("factors = 3 4 5 6 7 8\nregularization = 0.1 1\n")
    runs = {name: (row[0], row[2], "x.h5.checkpoint") for name, row in KEEPING.items()}
    runs["train"] = (("recommend", "train", "r.h5", "-k8", "--iterations=60"), ("user_factors", "item_factors"), "x.h5.checkpoint")
    runs["sweep"] = (SWEEP, ("user_factors", "item_factors", "leaderboard/rmse", "leaderboard/epochs"), "x.h5.sweep")
    stopped = 0
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    for i, (name, (words, names, file)) in enumerate(runs.items()):
        ok(*words, "-o", "whole.h5", "--force")
        number = numbers[i % 3]
        code, said = interrupt((*words, "--checkpoint-every=0s"), number, "x.h5", file)
        assert code in (0, 75), (name, number, code, said)
        assert os.path.exists("x.h5") == (code == 0), (name, number, code)
        if code == 75:
            stopped += 1
            assert "by a signal" in said and file in beside("x.h5"), (name, said, beside("x.h5"))
            assert "goes on" in ok(*words, "-o", "x.h5").stdout
        assert arrays("x.h5", names) == arrays("whole.h5", names), (name, number)
        assert beside("x.h5") == [], beside("x.h5")
        os.remove("x.h5")
    print(f"{stopped} of {len(runs)} were stopped")
    assert stopped >= len(runs) // 2, stopped


def test_signals_where_none_is_kept():
    """The signal ends the run. What stands under the name of the result is whole, and what a run may leave beside it is removed by
    the next for the same result."""
    need("h5py")
    ok("generate", "matrix", "-m", 500, "-n", 500, "-o", "s.h5")
    ok("matmul", "s.h5", "s.h5", "--transpose-a", "-o", "spd.h5")
    ok("generate", "ratings", "--users=800", "--items=500", "--ratings=30000", "-o", "r.h5")
    ok("generate", "matrix", "-m", 400, "-n", 200, "--dtype=u8", "-o", "c.h5")
    ok("recommend", "train", "r.h5", "-k8", "--iterations=2", "-o", "model.h5")
    chance = random.Random(20261201)
    for words in (("eigh", "spd.h5"), ("svd", "s.h5"), ("matmul", "s.h5", "s.h5"), ("solve", "s.h5", "s.h5"),
                  ("recommend", "topn", "model.h5"), ("recommend", "similar", "model.h5"),
                  ("recommend", "evaluate", "model.h5", "--test=r.h5"), ("nmf", "c.h5", "-k8"),
                  ("search", "s.h5", "-k3", "--queries=s.h5")):
        seconds = ok(*words, "-o", "whole.h5", "--force").seconds
        number = chance.choice((signal.SIGTERM, signal.SIGINT, signal.SIGUSR1))
        code, said = interrupt(words, number, "x.h5", seconds * chance.uniform(0.6, 1))
        assert code in (0, -number), (words, code, said)
        if code == 0:
            assert os.path.exists("x.h5")
        check_whole("x.h5", "whole.h5")
        if os.path.exists("x.h5"):
            os.remove("x.h5")
        ok(*words, "-o", "x.h5")
        check_whole("x.h5", "whole.h5")
        assert beside("x.h5") == [], beside("x.h5")
        os.remove("x.h5")


def check_whole(name, whole):
    """A file that is there holds what another one does, but for times."""
    import h5py

    if not os.path.exists(name):
        return
    with h5py.File(name, "r") as a, h5py.File(whole, "r") as b:
        assert a.attrs["complete"] == 1, name
        keys = []
        b.visititems(lambda key, item: keys.append(key) if isinstance(item, h5py.Dataset) and "seconds" not in key else None)
        assert keys
        for key in keys:
            x, y = a[key][()], b[key][()]
            assert (x.tolist() == y.tolist()) if x.dtype.kind == "O" else (x.tobytes() == y.tobytes()), f"{key} of {name}"


def test_sweep():
    """Damage to what a sweep keeps: its list, the best model, both. The generation before the best is of another setting, with which
    the same configuration of a model may go."""
    need("h5py")
    inputs()
    with open("grid.txt", "w", encoding="utf-8") as f:
        f.write("iterations = 2 4 1\n")
    words = ("recommend", "train", "r.h5", "-k3", "--model=als", "--sweep=grid.txt")
    names = ("user_factors", "item_factors", "leaderboard/loss")
    ok(*words, "-o", "whole.h5")
    for _ in range(8):
        said = stop(*words, "-o", "x.h5").stderr
        if "after setting 2 of 3" in said:
            break
    files = ["x.h5.sweep", "x.h5.sweep.best", "x.h5.sweep.best.1"]
    assert beside("x.h5") == files, (said, beside("x.h5"))
    os.mkdir("kept")
    for file in files:
        shutil.copy(file, "kept")

    def damaged(name, text):
        for file in files:
            shutil.copy(f"kept/{file}", file)
        if text is None:
            os.truncate(name, os.path.getsize(name) // 2)
        else:
            with open(name, "r+b") as f:
                f.write(text)

    damaged("x.h5.sweep.best", None)
    refused(8, ["x.h5.sweep.best does not hold the best model", "--resume never begins anew"], *words, "-o", "x.h5", ranks=2)
    damaged("x.h5.sweep", b"model=puresvd")
    refused(8, ["x.h5.sweep lists the settings of another sweep", "--resume never begins anew"], *words, "-o", "x.h5")
    damaged("x.h5.sweep", None)
    refused(8, ["x.h5.sweep", "--resume never begins anew"], *words, "-o", "x.h5")
    with open("kept/x.h5.sweep", encoding="utf-8") as f:
        lines = f.read().splitlines(keepends=True)
    damaged("x.h5.sweep", b"")
    with open("x.h5.sweep", "w", encoding="utf-8") as f:
        f.write("".join(lines[:2]) + "rubbish\n")
    refused(8, ["x.h5.sweep is damaged", "--resume never begins anew"], *words, "-o", "x.h5")
    with open("x.h5.sweep", "w", encoding="utf-8") as f:  # one line less: that setting is trained again
        f.write("".join(lines[:2]))
    assert "goes on after setting 1 of 3" in ok(*words, "-o", "x.h5").stdout
    assert arrays("x.h5", names) == arrays("whole.h5", names) and beside("x.h5") == []
    os.remove("x.h5")
    for file in files:
        shutil.copy(f"kept/{file}", file)
    refused(8, "another sweep", *words, "--regularization=0.5", "-o", "x.h5")
    ok(*words, "-o", "x.h5", ranks=3)
    assert arrays("x.h5", names) == arrays("whole.h5", names) and beside("x.h5") == []


def test_two_at_once():
    """Two runs for the same output and state: one ends well, the other too or it says what was in its way; the result is right."""
    need("h5py")
    inputs()
    for name in ("covariance", "svd", "train"):
        words, _, names, _ = KEEPING[name]
        ok(*words, "-o", "whole.h5", "--force")
        for late in (0, 0.05):
            both = []
            for _ in range(2):
                both.append(subprocess.Popen([TARTAN, *words, "-o", "x.h5", "--checkpoint-every=0s"], stdout=subprocess.PIPE,
                                             stderr=subprocess.PIPE, text=True, env=environment(1)))
                time.sleep(late)
            codes = []
            for process in both:
                said = process.communicate(timeout=60)[1]
                code = process.returncode
                codes.append(code)
                assert code in (0, 3, 6), (words, code, said)
                assert code != 3 or "exists" in said, said
                assert code != 6 or "was replaced while it was read" in said or "it is being written" in said, said
            assert 0 in codes, (words, codes)
            assert arrays("x.h5", names) == arrays("whole.h5", names), words
            ok(*words, "-o", "x.h5", "--force")
            assert beside("x.h5") == [], beside("x.h5")
            os.remove("x.h5")


main()
