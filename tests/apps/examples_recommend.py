#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""examples/published-recommenders.py on generated stand-ins of the shape of MovieLens and of the Taste Profile: the split obeys the
protocol, all models are trained and judged, and the table has the values of the result file."""
import os
import re
import subprocess
import sys

from tartan_test import MPIEXEC, TARTAN, environment, main, need

ROOT = os.environ.get("TARTAN_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SCRIPT = os.path.join(ROOT, "examples", "published-recommenders.py")


def stand_in(users=600, items=300, least=3, most=50, groups=6):
    """Ratings 0.5 to 5 by taste: users of a group like the items of the group. Users have LEAST to MOST ratings."""
    import numpy as np

    random = np.random.default_rng(3)
    popularity = 1 / np.sqrt(1 + np.arange(items))
    for user in range(users):
        taste = np.where(np.arange(items) % groups == user % groups, 8, 1)
        chance = popularity * taste / (popularity * taste).sum()
        for item in random.choice(items, size=random.integers(least, most + 1), replace=False, p=chance):
            stars = random.integers(6, 11) if item % groups == user % groups else random.integers(1, 11)
            yield user, item, stars / 2


def start(*words):
    return subprocess.run([sys.executable, SCRIPT, *map(str, words)], capture_output=True, text=True, check=False, timeout=250,
                          env={**environment(1), "TARTAN": TARTAN})


def entries(name):
    import numpy as np

    with open(name, encoding="utf-8") as f:
        assert f.readline() == "userId,itemId,rating\n"
    return np.loadtxt(name, delimiter=",", skiprows=1, dtype=int)


def check_split(folder, held, least):
    """Users apart, items of the training alone, 20 % of each held-out user's items to be found."""
    import numpy as np

    parts = {name: entries(f"{folder}/{name}.csv") for name in ("train", "fold-in", "test", "validation-fold-in", "validation")}
    users = {name: set(rows[:, 0]) for name, rows in parts.items()}
    assert all((rows[:, 2] == 1).all() for rows in parts.values())
    assert len(users["fold-in"]) == held and len(users["validation-fold-in"]) == held
    assert not users["train"] & users["fold-in"] and not users["train"] & users["validation-fold-in"]
    assert not users["fold-in"] & users["validation-fold-in"]
    assert users["test"] <= users["fold-in"] and users["validation"] <= users["validation-fold-in"]
    for name, rows in parts.items():
        assert len(np.unique(rows[:, :2], axis=0)) == len(rows), name
        assert set(rows[:, 1]) <= set(parts["train"][:, 1]), name
    assert np.unique(parts["train"][:, 0], return_counts=True)[1].min() >= least
    for user in users["fold-in"]:
        kept, hidden = ((parts[name][:, 0] == user).sum() for name in ("fold-in", "test"))
        assert hidden == (int(0.2 * (kept + hidden)) if kept + hidden >= 5 else 0), (user, kept, hidden)
    return parts


def check_table(said, folder, models):
    import h5py

    with h5py.File(f"{folder}/evaluate.h5") as f:
        name, value, model = (f["metrics/" + key][()] for key in ("name", "value", "model"))
    rows = re.findall(r"^(popularity|ease|ials) +(\S+@\d+) +(\d\.\d+) +(\d\.\d+) +(\d\.\d+) +(\d\.\d+)$", said, re.MULTILINE)
    assert [row[0] for row in rows] == [m for m in models for _ in range(3)], said
    assert len(rows) == len(value) == len(name) == len(model)
    for row, v in zip(rows, value):
        assert abs(float(row[2]) - v) <= 5.1e-5 and float(row[3]) <= v <= float(row[4]) and 0 < float(row[5]) < 1, (row, v)
    return {row[:2]: float(row[2]) for row in rows}


def test_films():
    need("numpy", "h5py")
    with open("ratings.csv", "w", encoding="utf-8") as f:
        f.write("userId,movieId,rating,timestamp\n")
        f.writelines(f"{u + 1},{7 * i + 2},{r},0\n" for u, i, r in stand_in())
    done = start("ml-20m", "ratings.csv", "--folder", "films", "--held", 100, "--factors", 12,
                 "--launch", f"{MPIEXEC} -n 2")
    assert done.returncode == 0, done.stdout + done.stderr
    parts = check_split("films", 100, 5)
    liked = {(u, i) for u, i, r in stand_in() if r >= 4}
    assert sum(map(len, parts.values())) <= len(liked)
    values = check_table(done.stdout, "films", ["popularity", "ease", "ials"])
    for metric in ("recall_capped@20", "ndcg@100"):  # users of six tastes: who knows them is better
        assert min(values["ease", metric], values["ials", metric]) > 1.1 * values["popularity", metric], values


def test_songs():
    need("numpy", "h5py")
    plays = [*stand_in(users=900, items=300, least=10, most=130)]
    with open("triplets.txt", "w", encoding="utf-8") as f:
        f.writelines(f"u{u:x}\tSO{i}\t{int(2 * r)}\n" for u, i, r in plays)
    done = start("msd", "triplets.txt", "--folder", "songs", "--held", 60, "--models", "popularity")
    assert done.returncode == 0, done.stdout + done.stderr
    parts = check_split("songs", 60, 20)
    check_table(done.stdout, "songs", ["popularity"])
    users = {}
    for u, i, _ in plays:
        users.setdefault(i, set()).add(u)
    heard = [len(u) >= 200 for u in users.values()]
    assert 100 <= len({i for part in parts.values() for i in part[:, 1]}) <= sum(heard) < len(heard), sum(heard)


def test_refusals():
    need("numpy")
    with open("few.csv", "w", encoding="utf-8") as f:
        f.write("userId,movieId,rating,timestamp\n" + "".join(f"{u},{i},5,0\n" for u in range(9) for i in range(6)))
    done = start("ml-20m", "few.csv", "--folder", "few", "--held", 5)
    assert done.returncode == 1 and "9 users are left: too few to hold 2 x 5 out" in done.stderr, done.stderr
    done = start("ml-20m", "few.csv", "--folder", "few", "--held", 2, "--models", "vae")
    assert done.returncode == 2 and "--models vae" in done.stderr, done.stderr


main()
