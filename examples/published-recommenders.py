#!/usr/bin/env python3
"""Published recommenders again: popularity, iALS and EASE by the protocol of Liang et al. 2018, ours beside the papers' values.

NOT RUN with the real data where this was written: nothing is downloaded, and the data sets were not there. That it runs through
is tested with a generated stand-in (tests/apps/examples_recommend.py). The published values are as cited, to three digits.

usage: published-recommenders.py ml-20m  RATINGS.csv        [options]    MovieLens 20M (grouplens.org), userId,movieId,rating,...
       published-recommenders.py msd     train_triplets.txt [options]    Million Song, Taste Profile: user, song, count by tabs

It needs NumPy, `tartan` in PATH (or in the variable TARTAN), and room for the split in --folder. Memory: EASE takes about 12 n^2
bytes of all ranks together: 5 GB for the 20108 films, 20 GB for the 41140 songs; iALS with 2048 factors 1.3 GB and 4.6 GB for
users and items, and as much again for copies.

The split: ratings of 4 and more count as 1 (songs: all plays); songs with fewer than 200 users are left out, then users with fewer
than 5 films or 20 songs. 10000 (songs: 50000) users are held out for the test and as many for validation, the others train. Of the
held-out users 80 % of the items are folded in and 20 % are to be found. Draws are made as the authors' programs make them
(github.com/dawenl/vae_cf), so it is meant to be the same split: popularity, where nothing is random, tells whether it is.

Sources: Liang, Krishnan, Hoffman, Jebara: Variational Autoencoders for Collaborative Filtering, WWW 2018. Steck: Embarrassingly
Shallow Autoencoders for Sparse Data, WWW 2019 (EASE, popularity). Rendle, Krichene, Zhang, Koren: Revisiting the Performance of iALS
on Item Recommendation Benchmarks, RecSys 2022 (iALS). Their Recall@K divides by min(K, |T|): here recall_capped@K.
"""
import argparse
import json
import os
import shlex
import subprocess
import sys
from array import array

import numpy as np

METRICS = "recall_capped@20", "recall_capped@50", "ndcg@100"
SEED = 98765  # of the authors' split

# least: ratings below are dropped; user, item: least number of entries; ialss: lambda, alpha0; factors: of the paper's table
DATA = {
    "ml-20m": {"separator": ",", "head": True, "least": 3.5000001, "user": 5, "item": 0, "held": 10000, "numbers": True,
               "ease": 500, "lambda": 0.003, "alpha0": 0.1, "factors": 2048,
               "published": {"popularity": (0.162, 0.235, 0.191), "ease": (0.391, 0.521, 0.420), "ials": (0.395, 0.532, 0.425)}},
    "msd": {"separator": "\t", "head": False, "least": -np.inf, "user": 20, "item": 200, "held": 50000, "numbers": False,
            "ease": 200, "lambda": 0.002, "alpha0": 0.02, "factors": 8192,
            "published": {"popularity": (0.043, 0.068, 0.058), "ease": (0.333, 0.428, 0.389), "ials": (0.309, 0.415, 0.368)}},
}


def read(path, rule):
    """User and item of every rating that counts, as ranks of the names in order, in the order of the file."""
    names, columns = ({}, {}), (array("i"), array("i"))
    with open(path, encoding="utf-8") as f:
        if rule["head"]:
            next(f)
        for line in f:
            user, item, rating = line.split(rule["separator"])[:3]
            if float(rating) < rule["least"]:
                continue
            for name, known, column in zip((user, item), names, columns):
                column.append(known.setdefault(name, len(known)))
    ranked = []
    for known, column in zip(names, columns):
        order = sorted(known, key=int if rule["numbers"] else None)
        place = np.empty(len(known), dtype=np.int32)
        place[[known[name] for name in order]] = np.arange(len(known))
        ranked.append(place[np.frombuffer(column, dtype=np.int32)])
    return ranked


def keep_active(user, item, rule):
    """Without items of too few users, then without users of too few items."""
    for column, least in ((1, rule["item"]), (0, rule["user"])):
        ids = (user, item)[column]
        kept = np.bincount(ids)[ids] >= least
        user, item = user[kept], item[kept]
    return user, item


def hide(user, item):
    """Of each user's entries 20 % that are to be found: a mask. Users in order, their entries in the order of the file."""
    random = np.random.RandomState(SEED)
    hidden = np.zeros(len(user), dtype=bool)
    order = np.argsort(user, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(user[order])) + 1):
        if len(rows) >= 5:
            hidden[rows[random.choice(len(rows), size=int(0.2 * len(rows)), replace=False)]] = True
    return hidden


def write(path, user, item):
    np.savetxt(path, np.column_stack([user, item]), fmt="%d,%d,1", header="userId,itemId,rating", comments="")
    print(f"  {path}: {len(user)} entries of {len(np.unique(user))} users", flush=True)


def split(path, rule, held, folder):
    """train.csv, fold-in.csv, test.csv, and the two of the users for validation."""
    user, item = keep_active(*read(path, rule), rule)
    people = np.unique(user)
    if len(people) <= 2 * held:
        sys.exit(f"{path}: {len(people)} users are left: too few to hold 2 x {held} out")
    people = people[np.random.RandomState(SEED).permutation(len(people))]
    print(f"{len(user)} entries of {len(people)} users and {len(np.unique(item))} items are left")
    group = np.zeros(user.max() + 1, dtype=np.int8)
    group[people[-2 * held:-held]] = 1
    group[people[-held:]] = 2
    group = group[user]
    known = np.isin(item, np.unique(item[group == 0]))
    write(f"{folder}/train.csv", user[group == 0], item[group == 0])
    for number, names in ((1, ("validation-fold-in", "validation")), (2, ("fold-in", "test"))):
        u, i = user[(group == number) & known], item[(group == number) & known]
        hidden = hide(u, i)
        write(f"{folder}/{names[0]}.csv", u[~hidden], i[~hidden])
        write(f"{folder}/{names[1]}.csv", u[hidden], i[hidden])


def run(*words):
    print("$", " ".join(map(str, words)), flush=True)
    if subprocess.run([*map(str, words)], check=False).returncode:
        sys.exit("stopped: the command above failed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("data", choices=DATA)
    parser.add_argument("path")
    parser.add_argument("--folder", default="published", help="where files are made (published)")
    parser.add_argument("--models", default="popularity,ease,ials", help="popularity,ease,ials")
    parser.add_argument("--factors", type=int, help="of ials (that of the paper: 2048 films, 8192 songs)")
    parser.add_argument("--iterations", type=int, default=16, help="of ials (16)")
    parser.add_argument("--held", type=int, help="users held out, twice (10000 films, 50000 songs)")
    parser.add_argument("--launch", default="", help="what starts tartan: 'mpirun -n 8', 'srun --mpi=pmix'")
    options = parser.parse_args()
    rule = DATA[options.data]
    folder = options.folder
    factors = options.factors or rule["factors"]
    models = options.models.split(",")
    if not set(models) <= set(rule["published"]):
        parser.error(f"--models {options.models}: of {', '.join(rule['published'])}")
    tartan = os.environ.get("TARTAN", "tartan")
    launched = [*shlex.split(options.launch), tartan]
    os.makedirs(folder, exist_ok=True)
    split(options.path, rule, options.held or rule["held"], folder)
    for name in ("train", "fold-in", "test"):
        run(tartan, "convert", f"{folder}/{name}.csv", "--format", "ratings-csv", "-o", f"{folder}/{name}.h5", "--force")
    own = {"popularity": [], "ease": ["--regularization", rule["ease"]],
           "ials": ["--factors", factors, "--iterations", options.iterations, "--regularization", rule["lambda"],
                    "--unobserved-weight", rule["alpha0"], "--solver", "block" if factors >= 256 else "exact"]}
    for model in models:
        run(*launched, "recommend", "train", f"{folder}/train.h5", "--model", model, *own[model], "-o", f"{folder}/{model}.h5",
            "--force")
    run(*launched, "recommend", "evaluate", *(f"{folder}/{model}.h5" for model in models), "--test", f"{folder}/test.h5",
        "--fold-in", f"{folder}/fold-in.h5", "--metrics", ",".join(METRICS), "-o", f"{folder}/evaluate.h5",
        "--json", f"{folder}/evaluate.json", "--force")
    tell(folder, models, rule["published"])


def tell(folder, models, published):
    """Ours beside theirs."""
    with open(f"{folder}/evaluate.json", encoding="utf-8") as f:
        result = json.load(f)["result"]
    print(f"\n{'model':12} {'metric':18} {'ours':>8} {'95 %':>18} {'published':>10}")
    for model, judged in zip(models, result["models"]):
        values = {m["name"]: m for m in judged["metrics"]}
        for name, theirs in zip(METRICS, published[model]):
            ours = values[name]
            print(f"{model:12} {name:18} {ours['value']:8.4f} {ours['low']:9.4f} {ours['high']:8.4f} {theirs:10.3f}")


if __name__ == "__main__":
    main()
