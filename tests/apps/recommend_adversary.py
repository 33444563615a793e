#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""Recommenders in use where things are odd: model files whose parts do not fit, ratings that stand twice, and users whose entries
are cut between ranks (more than 8192 of them), whose lists, folded-in profiles and metrics NumPy says."""
import os
import shutil

from tartan_test import main, need, ok, refused


def save(name, **columns):
    import h5py

    with h5py.File(name, "w") as f:
        for key, values in columns.items():
            f[key] = values
    return name


def load(name):
    import h5py

    with h5py.File(name) as f:
        found = {}
        f.visititems(lambda at, item: found.update({at: item[()]}) if isinstance(item, h5py.Dataset) else None)
        return found


def little():
    """30 users, 20 items; a rating of each user and of each item."""
    import numpy as np

    random = np.random.default_rng(3)
    R = (random.random((30, 20)) < 0.35) * random.integers(1, 6, (30, 20))
    R[0, R.sum(axis=0) == 0] = 1
    R[R.sum(axis=1) == 0, 0] = 1
    u, i = np.nonzero(R)
    save("r.h5", user=u + 1, item=i + 101, rating=R[u, i].astype("f8"))
    save("twice.h5", user=np.append(u, u[0]) + 1, item=np.append(i, i[0]) + 101, rating=np.append(R[u, i], 3).astype("f8"))


def test_parts_that_do_not_fit():
    need("h5py", "numpy")
    import h5py

    little()
    for model, words in (("als", ("-k3", "--iterations=2")), ("ease", ())):
        ok("recommend", "train", "r.h5", "--model", model, *words, "-o", f"{model}.h5", "-q")

    def short(name):
        def cut(f):
            rows = f[name][:-1]
            del f[name]
            f[name] = rows
        return cut

    def narrow(name):
        def cut(f):
            rows = f[name][:, :-1]
            del f[name]
            f[name] = rows
        return cut

    def nan(attribute):
        return lambda f: f.attrs.__setitem__(attribute, float("nan"))

    cases = (("als", "d.h5:/item_bias is 19 x 1", short("item_bias")), ("als", "d.h5:/user_bias is 29 x 1", short("user_bias")),
             ("als", "d.h5:/user_factors is 30 x 2", narrow("user_factors")), ("als", "global_mean", nan("global_mean")),
             ("als", "rating_low", nan("rating_low")), ("ease", "d.h5:/item_weights is 19 x 20", short("item_weights")),
             ("ease", "d.h5:/item_weights is 20 x 19", narrow("item_weights")))
    for model, part, hurt in cases:
        shutil.copy(f"{model}.h5", "d.h5")
        with h5py.File("d.h5", "r+") as f:
            hurt(f)
        for ranks in (1, 3):
            refused(3, (part, "train it again"), "recommend", "topn", "d.h5", "--seen=r.h5", "-o", "x.h5", ranks=ranks)
        refused(3, part, "recommend", "evaluate", "d.h5", "--test=r.h5", "--train=r.h5", "-o", "x.h5")
        assert not os.path.exists("x.h5")


def test_ratings_that_stand_twice():
    need("h5py", "numpy")
    little()
    ok("recommend", "train", "r.h5", "--model=als", "-k3", "--iterations=2", "-o", "als.h5", "-q")
    ok("recommend", "train", "twice.h5", "--model=als", "-k3", "--iterations=2", "--duplicates=max", "-o", "max.h5", "-q")
    for ranks in (1, 3):
        for words in (("train", "twice.h5"), ("topn", "als.h5", "--fold-in=twice.h5"),
                      ("evaluate", "als.h5", "--test=twice.h5", "--metrics=recall@5")):
            refused(3, ("twice.h5: ", "has one already", "train with --duplicates"), "recommend", *words, "-o", "x.h5", ranks=ranks)
        ok("recommend", "topn", "max.h5", "--fold-in=twice.h5", "-o", "x.h5", "-f", "-q", ranks=ranks)
        os.remove("x.h5")
    refused(2, ("--metrics", "cut-off of 21", "20 items"), "recommend", "evaluate", "als.h5", "--test=r.h5", "--metrics=recall@21",
            "-o", "x.h5")


def test_users_cut_between_ranks():
    need("h5py", "numpy")
    import numpy as np

    items, random = 9500, np.random.default_rng(1)
    share = (0.95, 0.02, 0.92, 0.01, 0.97, 0.005, 0.99)
    R = np.array([(random.random(items) < s) * random.integers(1, 6, items) for s in share])
    R[0, R.sum(axis=0) == 0] = 2
    assert (np.count_nonzero(R, axis=1) > 8192).sum() == 4
    T = (R == 0) & (random.random(R.shape) < 0.9)
    u, i = np.nonzero(R)
    order = random.permutation(len(u))
    save("r.h5", user=u[order] + 5, item=2 * i[order] + 1, rating=R[u, i][order].astype("f8"))
    u, i = np.nonzero(T)
    save("t.h5", user=u + 5, item=2 * i + 1, rating=np.ones(len(u)))
    ok("recommend", "train", "r.h5", "--model=puresvd", "-k3", "--dtype=f64", "-o", "m.h5", "-q", ranks=3)
    V = load("m.h5")["item_factors"]
    S = R @ V @ V.T
    hidden = np.where(R > 0, -np.inf, S)
    best = [sorted(range(items), key=lambda j: -hidden[user, j])[:20] for user in range(len(R))]
    bits = set()
    for ranks in (1, 2, 4, 7):
        for way in ("seen", "fold-in"):
            ok("recommend", "topn", "m.h5", f"--{way}=r.h5", "--count=20", "-o", "x.h5", "-f", "-q", ranks=ranks)
            found = load("x.h5")
            index = found["item_index"]
            for which in (np.array(best), index): # items that are alike tie to rounding: scores are compared
                error = abs(found["scores"] - np.take_along_axis(hidden, which, 1)).max()
                assert error <= 1e-10 * abs(S).max(), (ranks, way, error)
            best = index
        ok("recommend", "evaluate", "m.h5", "--test=t.h5", "--fold-in=r.h5", "--metrics=recall@20", "-o", "e.h5", "-f", "-q", ranks=ranks)
        recall = np.mean([T[user, best[user]].sum() / T[user].sum() for user in range(len(R))])
        value = load("e.h5")["metrics/value"]
        assert abs(value[0] - recall) <= 1e-12
        bits.add((found["scores"].tobytes(), found["item_index"].tobytes(), value.tobytes()))
    assert len(bits) == 1


main()
