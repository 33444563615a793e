#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=600
"""tartan recommend evaluate: every metric against a full ranking in NumPy (written from the definitions, stable in ties), weak and
strong generalization, the same bytes on 1 to 7 ranks, intervals, several models, unknown users and items, bad input; and factors
that are planted, which iALS must find."""
import json
import os
import shutil
import subprocess

from html_page import page
from tartan_test import Skip, main, need, ok, refused

METRICS = ("recall@5,recall@20,recall_capped@20,precision@10,hit@3,ndcg@10,ndcg@20,map@10,mrr@20,coverage@1,coverage@10")


def write(name, **columns):
    import h5py

    with h5py.File(name, "w") as f:
        for key, values in columns.items():
            f[key] = values
    return name


def read(name):
    import h5py

    with h5py.File(name) as f:
        found = {}
        f.visititems(lambda at, item: found.update({at: item[()]}) if isinstance(item, h5py.Dataset) else None)
        return found, dict(f.attrs)


def ratings(name, user, item, rating):
    import numpy as np

    return write(name, user=np.asarray(user, dtype="i8"), item=np.asarray(item, dtype="i8"), rating=np.asarray(rating, dtype="f8"))


def movielens():
    """MovieLens small: 90 % to train.h5, the others to test.h5."""
    need("h5py", "numpy")
    import numpy as np

    if not shutil.which("Rscript"):
        raise Skip("R is not installed")
    done = subprocess.run(["Rscript", "-e", 'data(movielens, package="dslabs"); write.csv(movielens[,c("userId","movieId",'
                           '"rating")], "ml.csv", row.names=FALSE)'], capture_output=True, text=True)
    if done.returncode:
        raise Skip("the R package dslabs is not installed")
    data = np.genfromtxt("ml.csv", delimiter=",", skip_header=1)
    test = np.arange(len(data), dtype=np.uint64) * np.uint64(2654435761) % np.uint64(2**32) < 2**32 // 10
    return data[~test], data[test]


# ---------------------------------------------------------------------------------------------------- the same in NumPy

def scores_of(model):
    """Users by items, in f64: what the model's file says."""
    x, attributes = read(model)
    scores = x["item_bias"].reshape(1, -1) + 0 * x["user_bias"].reshape(-1, 1)
    if "user_factors" in x:
        scores = scores + x["user_factors"].astype("f8") @ x["item_factors"].astype("f8").T
    return scores, x, attributes


def entries(user_ids, item_ids, triples):
    """The triples whose user and item are known, as indices."""
    users, items = ({int(n): i for i, n in enumerate(ids)} for ids in (user_ids, item_ids))
    return [(users[u], items[i], r) for u, i, r in ((int(a), int(b), c) for a, b, c in triples) if u in users and i in items]


def by_user(rows, least=None):
    found = {}
    for u, i, r in rows:
        if least is None or r >= least:
            found.setdefault(u, set()).add(i)
    return found


def rank_all(scores, hidden):
    """Items in order, the best first, of equal ones the first; hidden ones left out."""
    import numpy as np

    return [i for i in np.argsort(-scores, kind="stable").tolist() if i not in hidden]


def metric(name, order, relevant):
    """One metric of one user, from its definition."""
    import numpy as np

    kind, cut = name.split("@")
    cut = int(cut)
    hits = [p for p, i in enumerate(order[:cut], 1) if i in relevant]
    gain = lambda places: sum(1 / np.log2(1 + p) for p in places)
    least = min(cut, len(relevant))
    return {"recall": len(hits) / len(relevant), "recall_capped": len(hits) / least, "precision": len(hits) / cut,
            "hit": float(len(hits) > 0), "ndcg": gain(hits) / gain(range(1, least + 1)),
            "map": sum(j / p for j, p in enumerate(hits, 1)) / least, "mrr": 1 / hits[0] if hits else 0.0}[kind]


def evaluate(scores, hidden, relevant, users, metrics=METRICS):
    """Values of all metrics, and of each user: NaN without relevant items."""
    import numpy as np

    orders = {u: rank_all(scores[u], hidden.get(u, set())) for u in users}
    each, values = {}, {}
    for name in metrics.split(","):
        kind, cut = name.split("@")
        if kind == "coverage":
            values[name] = len({i for u in users for i in orders[u][:int(cut)]}) / scores.shape[1]
            continue
        each[name] = np.array([metric(name, orders[u], relevant[u]) if u in relevant else np.nan for u in users])
        values[name] = np.nanmean(each[name])
    return values, each


def check(result, values, each, tolerance=1e-12):
    x = read(result)[0]
    names = [n.decode() for n in x["metrics/name"]]
    for name, value in values.items():
        got = x["metrics/value"][names.index(name)]
        assert abs(got - value) <= tolerance, (result, name, got, value)
    for name, want in (each or {}).items():
        got = x["per_user/" + name]
        assert got.shape == want.shape and (abs(got - want) <= tolerance).sum() == (want == want).sum(), (result, name)
        assert ((got != got) == (want != want)).all()
    return x


def same(a, b):
    x, y = read(a)[0], read(b)[0]
    assert x.keys() == y.keys()
    for name in x:
        assert x[name].tobytes() == y[name].tobytes() or x[name].tolist() == y[name].tolist(), f"{a} and {b} differ in {name}"


def weak(model, train, test, *words, least=None, ranks=(1, 2, 3, 4, 7), metrics=METRICS):
    """Weak generalization, on all numbers of ranks, against NumPy. Returns what the first run said."""
    scores, x, _ = scores_of(model)
    known = entries(x["user_ids"], x["item_ids"], test)
    hidden = by_user(entries(x["user_ids"], x["item_ids"], train)) if train is not None else {}
    users = sorted({u for u, _, _ in known})
    values, each = evaluate(scores, hidden, by_user(known, least), users, metrics)
    more = ("--train=train.h5",) if train is not None else ()
    more += (f"--min-relevant={least}",) if least is not None else ()
    for n in ranks:
        done = ok("recommend", "evaluate", model, "--test=test.h5", *more, "--per-user", "--metrics", metrics, *words, "-o",
                  f"e{n}.h5", "--force", ranks=n, threads=2 if n == 2 else 1)
        if n == ranks[0]:
            got, said = check(f"e{n}.h5", values, each), done
            assert got["per_user/user"].tolist() == x["user_ids"][users].tolist()
        else:
            same(f"e{ranks[0]}.h5", f"e{n}.h5")
    return said


# ---------------------------------------------------------------------------------------------------- data sets

def test_movielens():
    import numpy as np

    train, test = movielens()
    ratings("train.h5", *train.T)
    ratings("test.h5", *test.T)
    ok("recommend", "train", "train.h5", "-k16", "--iterations=4", "-o", "ials.h5", ranks=2)
    said = weak("ials.h5", train, test)
    assert "rating" in said.stdout and "not in ials.h5" in said.stdout, said.stdout
    weak("ials.h5", train, test, least=4, ranks=(1, 3))
    weak("ials.h5", None, test, ranks=(2,), metrics="ndcg@10,recall@20")
    ok("recommend", "train", "train.h5", "--model=popularity", "-o", "popularity.h5")
    weak("popularity.h5", train, test, ranks=(1, 4))
    ok("recommend", "train", "train.h5", "--model=als", "-k8", "--regularization=0.2", "--iterations=5", "-o", "als.h5")
    ok("recommend", "evaluate", "als.h5", "--test=test.h5", "--metrics=rmse,mae,ndcg@10", "-o", "errors.h5", ranks=3)
    scores, x, attributes = scores_of("als.h5")
    scores = scores + attributes["global_mean"] + x["user_bias"].reshape(-1, 1)
    known = entries(x["user_ids"], x["item_ids"], test)
    error = np.array([np.clip(scores[u, i], train[:, 2].min(), train[:, 2].max()) - r for u, i, r in known])
    got = read("errors.h5")[0]
    assert abs(got["metrics/value"][0] - np.sqrt((error**2).mean())) < 1e-6 and got["metrics/users"][0] == len({u for u, _, _ in known})
    assert abs(got["metrics/value"][1] - abs(error).mean()) < 1e-6
    assert np.isnan(got["metrics/low"][:2]).all() and got["metrics/low"][2] < got["metrics/value"][2] < got["metrics/high"][2]


def test_ties():
    """Scores of small whole numbers: most of a list is ties, in the order of items."""
    need("h5py", "numpy")
    import h5py
    import numpy as np

    rng = np.random.default_rng(5)
    pairs = [(u, i) for u in range(12) for i in range(9) if rng.random() < 0.5]
    pairs += [(u, 9) for u in range(12)]
    held = [p for p in range(len(pairs)) if rng.random() < 0.3]
    rows = np.array([(3 * u + 1, 100 - 7 * i, 1 + (u + i) % 5) for u, i in pairs], dtype="f8")
    train, test = np.delete(rows, held, axis=0), rows[held]
    ratings("train.h5", *train.T)
    ratings("test.h5", *test.T)
    metrics = "recall@3,recall_capped@3,precision@10,hit@1,ndcg@4,map@5,mrr@10,coverage@2"
    ok("recommend", "train", "train.h5", "--model=popularity", "-o", "popularity.h5")
    weak("popularity.h5", train, test, metrics=metrics)
    ok("recommend", "train", "train.h5", "-k3", "--iterations=1", "-o", "m.h5")
    with h5py.File("m.h5", "r+") as f:
        for name in ("user_factors", "item_factors"):
            f[name][...] = rng.integers(0, 2, f[name].shape)
    weak("m.h5", train, test, metrics=metrics)
    weak("m.h5", None, test, metrics=metrics, least=4)


def planted(users=1500, items=600, count=60000, *more):
    """Counts of a power law with planted factors, a fifth of them held out. Returns train, test and what the file has."""
    need("h5py", "numpy")
    import numpy as np

    ok("generate", "ratings", f"--users={users}", f"--items={items}", f"--ratings={count}", "--seed=8", "--implicit",
       "--with-factors", *more, "-o", "all.h5", ranks=2)
    x = read("all.h5")[0]
    rows = np.column_stack([x["user"], x["item"], x["rating"]]).astype("f8")
    held = np.random.default_rng(1).random(len(rows)) < 0.2
    ratings("train.h5", *rows[~held].T)
    ratings("test.h5", *rows[held].T)
    return rows[~held], rows[held], x


def test_planted():
    """iALS against popularity, bias, and what the factors of the generator reach: as they are, and as the chance with which it
    draws an item, popularity times the logistic function of 3 x'y / sqrt(k)."""
    import numpy as np

    train, test, x = planted(3000, 400, 200000, "--rank=4", "--exponent=0.5")
    ok("recommend", "train", "train.h5", "-k8", "--iterations=15", "--regularization=0.02", "--unobserved-weight=1", "-o", "ials.h5",
       ranks=2)
    for model in ("popularity", "bias"):
        ok("recommend", "train", "train.h5", f"--model={model}", "-o", f"{model}.h5", ranks=2)
    weak("ials.h5", train, test, ranks=(1, 2, 3), metrics="ndcg@20,recall@20")
    ok("recommend", "evaluate", "ials.h5", "popularity.h5", "bias.h5", "--test=test.h5", "--train=train.h5", "--metrics=ndcg@20",
       "-o", "models.h5", ranks=2)
    got = read("models.h5")[0]
    ials, popularity, bias = got["metrics/value"]
    assert (got["differences/high"] < 0).all(), got
    X, Y = x["planted/user_factors"].astype("f8"), x["planted/item_factors"].astype("f8")
    known = entries(range(len(X)), range(len(Y)), test)
    rows = entries(range(len(X)), range(len(Y)), train)
    users, hidden, relevant = sorted({u for u, _, _ in known}), by_user(rows), by_user(known)
    count = np.bincount([i for _, i, _ in rows], minlength=len(Y))
    taste = X @ Y.T / np.sqrt(X.shape[1])
    plain = evaluate(taste, hidden, relevant, users, "ndcg@20")[0]["ndcg@20"]
    chance = evaluate(np.log(count + 0.5) - np.log1p(np.exp(-3 * taste)), hidden, relevant, users, "ndcg@20")[0]["ndcg@20"]
    print(f"ndcg@20: ials {ials:.4f}, popularity {popularity:.4f}, bias {bias:.4f}; planted {plain:.4f}, with popularity {chance:.4f}")
    assert ials > 1.3 * max(popularity, bias) and ials >= 0.9 * max(plain, chance)


# ---------------------------------------------------------------------------------------------------- strong generalization

def test_strong():
    """Users of their own, folded in: one exact half-step with the items as they are."""
    train, test, _ = planted()
    import numpy as np

    new = train[:, 0] % 5 == 0
    model_rows, history = train[~new], train[new]
    asked = test[test[:, 0] % 5 == 0]
    ratings("model-train.h5", *model_rows.T)
    ratings("history.h5", *history.T)
    ratings("asked.h5", *asked.T)
    k, lam, alpha0 = 8, 0.01, 0.1
    ok("recommend", "train", "model-train.h5", f"-k{k}", "--dtype=f64", "--iterations=5", f"--regularization={lam}",
       f"--unobserved-weight={alpha0}", "-o", "m.h5", ranks=2)
    for n in (1, 2, 3, 4, 7):
        said = ok("recommend", "evaluate", "m.h5", "--test=asked.h5", "--fold-in=history.h5", "--per-user", "--metrics", METRICS, "-o",
                  f"s{n}.h5", ranks=n)
        same("s1.h5", f"s{n}.h5")
    assert "strong generalization" in said.stdout and "it was trained with them" not in said.stderr
    x = read("m.h5")[0]
    Y, G = x["item_factors"], x["item_factors"].T @ x["item_factors"]
    ids = sorted(set(asked[:, 0]) & set(history[:, 0]))
    rows, known = entries(ids, x["item_ids"], history), entries(ids, x["item_ids"], asked)
    hidden = by_user(rows)
    scores = np.zeros((len(ids), len(Y)))
    for u in range(len(ids)):
        own = sorted(hidden.get(u, ()))
        A = alpha0 * G + Y[own].T @ Y[own] + lam * (len(own) + alpha0 * len(Y)) * np.eye(k)
        scores[u] = Y @ np.linalg.solve(A, Y[own].sum(axis=0))
    values, each = evaluate(scores, hidden, by_user(known), range(len(ids)))
    check("s1.h5", values, None, 2e-3)
    got = read("s1.h5")[0]
    assert got["per_user/user"].tolist() == ids
    agree = [(abs(got["per_user/" + name] - each[name]) < 1e-9).sum() + np.isnan(each[name]).sum() for name in each]
    assert min(agree) >= 0.99 * len(ids), agree
    warned = ok("recommend", "evaluate", "m.h5", "--test=test.h5", "--fold-in=train.h5", "--metrics=ndcg@10", "-o", "w.h5", ranks=2)
    assert "it was trained with them" in warned.stderr, warned.stderr


def test_ease():
    """Weights between items, a model without users: their entries come from --train, or --fold-in; beside a model that has users."""
    train, test, _ = planted(300, 80, 5000)
    import h5py
    import numpy as np

    ok("recommend", "train", "train.h5", "-k6", "--iterations=3", "-o", "ials.h5")
    ids = read("ials.h5")[0]
    B = np.round(np.random.default_rng(2).normal(size=(len(ids["item_ids"]),) * 2) * 8) / 8
    with h5py.File("ease.h5", "w") as f:
        f["item_weights"], f["item_ids"] = B.T, ids["item_ids"]
        f.attrs["model"], f.attrs["format"], f.attrs["complete"] = "ease", "tartan-recommend", 1
    rows, known = (entries(ids["user_ids"], ids["item_ids"], part) for part in (train, test))
    H = np.zeros((len(ids["user_ids"]), len(B)))
    for u, i, r in rows:
        H[u, i] = r
    users = sorted({u for u, _, _ in known})
    values, each = evaluate(H @ B, by_user(rows), by_user(known), users)
    words = ("--test=test.h5", "--per-user", "--metrics", METRICS)
    for n in (1, 3, 7):
        ok("recommend", "evaluate", "ease.h5", *words, "--train=train.h5", "-o", f"w{n}.h5", ranks=n)
        same("w1.h5", f"w{n}.h5")
        ok("recommend", "evaluate", "ease.h5", *words, "--fold-in=train.h5", "-o", f"f{n}.h5", ranks=n)
        same("w1.h5", f"f{n}.h5")
    check("w1.h5", values, each)
    ok("recommend", "evaluate", "ease.h5", "ials.h5", *words, "--train=train.h5", "-o", "both.h5", ranks=2)
    ok("recommend", "evaluate", "ials.h5", "ease.h5", *words, "--train=train.h5", "-o", "htob.h5", ranks=2)
    x, y = read("both.h5")[0], read("htob.h5")[0]
    half = len(METRICS.split(","))
    assert x["metrics/value"][:half].tolist() == y["metrics/value"][half:].tolist() == read("w1.h5")[0]["metrics/value"].tolist()
    assert (x["per_user/ndcg@10"] == y["per_user/ndcg@10"][:, ::-1])[~np.isnan(x["per_user/ndcg@10"])].all()
    refused(2, "scores from the entries of users: give --train, or --fold-in", "recommend", "evaluate", "ease.h5", *words, "-o", "x.h5",
            ranks=2)


def test_texts():
    """Ids that are texts, in another order than their numbers."""
    need("h5py", "numpy")
    import h5py

    ok("generate", "ratings", "--users=50", "--items=30", "--ratings=600", "--seed=3", "-o", "r.h5")
    x = read("r.h5")[0]
    for name, part in (("train", slice(0, None, 2)), ("test", slice(1, None, 2))):
        user, item = x["user"][part], x["item"][part]
        ratings(f"{name}.h5", user, item, x["rating"][part])
        with h5py.File(f"{name}-texts.h5", "w") as f: # four digits: the same order, ties included
            f["user"], f["item"], f["rating"] = [f"ü{u:04}" for u in user], [f"item {i:04}" for i in item], x["rating"][part]
    for kind in ("", "-texts"):
        ok("recommend", "train", f"train{kind}.h5", "-k4", "--iterations=2", "-o", f"m{kind}.h5")
        ok("recommend", "evaluate", f"m{kind}.h5", f"--test=test{kind}.h5", f"--train=train{kind}.h5", "--per-user", "--metrics", METRICS,
           "--report", f"p{kind}.html", "-o", f"e{kind}.h5", ranks=2)
    a, b = read("e.h5")[0], read("e-texts.h5")[0]
    assert (a["metrics/value"] == b["metrics/value"]).all() and (a["metrics/low"] == b["metrics/low"])[:8].all()
    assert [f"ü{u:04}" for u in a["per_user/user"]] == [u.decode() for u in b["per_user/user"]]
    assert "item 00" in page("p-texts.html")[0] and "User ü00" in page("p-texts.html")[0]
    refused(3, "texts", "recommend", "evaluate", "m.h5", "--test=test-texts.h5", "-o", "x.h5", ranks=2)


def test_batches():
    """Users in batches, as many as the memory has room for: the same bytes."""
    planted(3000, 400, 200000)
    ok("recommend", "train", "train.h5", "-k8", "--iterations=2", "-o", "m.h5", ranks=2)
    words = ("recommend", "evaluate", "m.h5", "--test=test.h5", "--train=train.h5", "--per-user", "--metrics=ndcg@20,coverage@5,rmse")
    at_once = [int(ok(*words, "--plan", memory, "-o", "x.h5").stdout.split(" users at a time")[0].split()[-1])
               for memory in ("--memory=120M", "--memory=1G")]
    assert at_once[0] < at_once[1] <= 3000, at_once
    for ranks in (1, 3):
        for memory in ("1G", "120M"):
            ok(*words, f"--memory={memory}", "-o", f"{memory}-{ranks}.h5", ranks=ranks)
            same("1G-1.h5", f"{memory}-{ranks}.h5")


# ---------------------------------------------------------------------------------------------------- intervals, several models

def test_intervals():
    import numpy as np

    planted()
    ok("recommend", "train", "train.h5", "-k8", "--iterations=3", "-o", "m.h5", ranks=2)
    ok("recommend", "train", "train.h5", "--model=popularity", "-o", "p.h5")
    words = ("recommend", "evaluate", "m.h5", "p.h5", "--test=test.h5", "--train=train.h5", "--per-user", "--metrics=ndcg@20,hit@5")
    for n in (1, 3):
        ok(*words, "--bootstrap=2000", "--seed=3", "-o", f"b{n}.h5", ranks=n)
    same("b1.h5", "b3.h5")
    x = read("b1.h5")[0]
    assert [m.decode() for m in x["metrics/model"]] == ["m.h5", "m.h5", "p.h5", "p.h5"]
    rng = np.random.default_rng(0)
    for c, name in enumerate(("ndcg@20", "hit@5")):
        values = x["per_user/" + name]
        values = values[~np.isnan(values[:, 0])]
        picks = rng.integers(0, len(values), (2000, len(values)))
        means = np.stack([values[p].mean(axis=0) for p in picks])
        for row, sample in ((c, means[:, 0]), (2 + c, means[:, 1])):
            low, high = np.quantile(sample, (0.025, 0.975))
            assert abs(x["metrics/low"][row] - low) < 0.15 * (high - low), (name, low, x["metrics/low"][row])
            assert abs(x["metrics/high"][row] - high) < 0.15 * (high - low), (name, high, x["metrics/high"][row])
        low, high = np.quantile(means[:, 1] - means[:, 0], (0.025, 0.975))
        assert abs(x["differences/low"][c] - low) < 0.15 * (high - low) and abs(x["differences/high"][c] - high) < 0.15 * (high - low)
        assert x["differences/value"][c] == x["metrics/value"][2 + c] - x["metrics/value"][c]
    ok(*words, "--bootstrap=2000", "--seed=4", "-o", "other.h5", ranks=2)
    y = read("other.h5")[0]
    assert (y["metrics/value"] == x["metrics/value"]).all() and (y["metrics/low"] != x["metrics/low"]).all()
    ok(*words, "--bootstrap=0", "-o", "none.h5", ranks=2)
    assert np.isnan(read("none.h5")[0]["metrics/low"]).all()
    ok(*words, "--confidence=0.5", "-o", "half.h5")
    z = read("half.h5")[0]
    assert (z["metrics/high"] - z["metrics/low"] < x["metrics/high"] - x["metrics/low"]).all()


def test_report():
    planted()
    ok("recommend", "train", "train.h5", "-k8", "--iterations=3", "-o", "m.h5", ranks=2)
    ok("recommend", "train", "train.h5", "--model=popularity", "-o", "p.h5")
    with open("names.csv", "w", encoding="utf-8") as f:
        f.write("id,title\n" + "".join(f'{i},"Item <{i}>, the film"\n' for i in range(600)))
    words = ("recommend", "evaluate", "m.h5", "p.h5", "--test=test.h5", "--train=train.h5", "--metrics=ndcg@20,recall@20,rmse")
    pages = []
    for n in (1, 3):
        done = ok(*words, "--report=page.html", "--item-names=names.csv", "--json=out.json", "-o", "r.h5", "--force", ranks=n)
        pages.append(page("page.html")[0])
    assert len({text.split("Examples")[1].split("Where the time went")[0] for text in pages}) == 1
    for part in ("Weak generalization", "ndcg@20", "class=\"whisker\"", "Difference to model 1", "Item &lt;", ", the film", "✓", "User ", "the highest"):
        assert part in pages[0], part
    with open("out.json", encoding="utf-8") as f:
        result = json.load(f)["result"]
    x = read("r.h5")[0]
    assert [m["value"] for m in result["models"][1]["metrics"]] == x["metrics/value"][3:].tolist()
    assert result["models"][1]["differences"][0]["low"] == x["differences/low"][0] and result["output"] == "r.h5"
    for part in ("model 1: m.h5", "ndcg@20", "model 2 - model 1", "written"):
        assert part in done.stdout, (part, done.stdout)
    again = ok(*words, "-o", "r.h5")
    assert "nothing to do" in again.stdout


def test_early_stop():
    """Training that stops by a metric of lists: the history has what evaluate says of the model; a sweep keeps the largest."""
    import numpy as np

    planted(800, 300, 20000)
    words = ("recommend", "train", "train.h5", "-k12", "--iterations=30", "--regularization=0.001", "--validation=test.h5", "--patience=2")
    for n in (1, 2, 3):
        done = ok(*words, "--early-stop=ndcg@10", "--json=out.json", "-o", f"m{n}.h5", ranks=n)
    x, attributes = read("m3.h5")
    for n in (1, 2):
        y = read(f"m{n}.h5")[0]
        assert all((y[name] == x[name]).all() for name in ("history/ndcg@10", "history/rmse", "item_factors")), n
    history, best = x["history/ndcg@10"], int(attributes["epochs"])
    assert "ndcg@10" in done.stdout and len(history) < 30 and best == np.argmax(history) + 1 == len(history) - 2, (history, best)
    with open("out.json", encoding="utf-8") as f:
        assert [e["ndcg@10"] for e in json.load(f)["result"]["history"]] == history.tolist()
    ok("recommend", "evaluate", "m3.h5", "--test=test.h5", "--train=train.h5", "--metrics=ndcg@10", "-o", "e.h5", ranks=2)
    assert read("e.h5")[0]["metrics/value"][0] == history[best - 1]
    with open("grid.txt", "w", encoding="utf-8") as f:
        f.write("factors = 2 8\nregularization = 0.003 0.03\n")
    done = ok(*words[:3], "--iterations=4", "--validation=test.h5", "--early-stop=recall@20", "--sweep=grid.txt", "-o", "s.h5",
              "--report=s.html", ranks=2)
    board = read("s.h5")[0]["leaderboard/metric"]
    assert (board[:-1] >= board[1:]).all() and board[0] > board[-1] > 0 and "by the largest recall@20" in done.stdout, board
    assert "by the largest recall@20" in page("s.html")[0]
    for code, part, stop in ((2, "--early-stop: there is no metric ndgc: the nearest is ndcg@K", "ndgc@5"), (2, "give one metric", "ndcg@5,hit@5"),
                             (2, "the catalogue has 300 items", "ndcg@301"), (2, "needs a cut-off", "ndcg")):
        refused(code, part, *words, f"--early-stop={stop}", "-o", "x.h5", ranks=2)
    refused(2, "--validation or --split", "recommend", "train", "train.h5", "--early-stop=ndcg@5", "-o", "x.h5")


# ---------------------------------------------------------------------------------------------------- what does not fit

def test_unknown():
    need("h5py", "numpy")
    import numpy as np

    rng = np.random.default_rng(3)
    rows = np.array([(u, i, 1 + (u * i) % 5) for u in range(40) for i in range(30) if rng.random() < 0.4], dtype="f8")
    held = rng.random(len(rows)) < 0.25
    train, test = rows[~held], rows[held]
    strange = np.array([(900 + n, n % 30, 5) for n in range(6)] + [(n, 700 + n, 5) for n in range(4)], dtype="f8")
    ratings("train.h5", *train.T)
    ratings("test.h5", *np.vstack([test, strange]).T)
    ok("recommend", "train", "train.h5", "-k4", "--iterations=3", "-o", "m.h5")
    said = weak("m.h5", train, np.vstack([test, strange]), ranks=(1, 3))
    for part in ("6 users that are unknown to the model, with 6 entries", "4 entries of items that the model does not have: left out"):
        assert part in said.stdout, said.stdout
    words = ("recommend", "evaluate", "m.h5", "--test=test.h5", "--metrics=recall@20,ndcg@20", "--per-user")
    ok(*words, "--train=train.h5", "--unknown-items=count", "-o", "count.h5", ranks=3)
    ok(*words, "--train=train.h5", "-o", "drop.h5", ranks=2)
    count, drop = read("count.h5")[0], read("drop.h5")[0]
    relevant = {u: len(i) for u, i in by_user([(int(u), int(i), r) for u, i, r in test]).items()}
    for at, user in enumerate(count["per_user/user"]):
        r = relevant[user]
        want = drop["per_user/recall@20"][at] * (r / (r + 1) if user < 4 else 1)
        assert abs(count["per_user/recall@20"][at] - want) < 1e-12, user
    said = ok(*words, "-o", "open.h5")
    assert "nothing is hidden" in said.stdout
    said = ok(*words, "--train=test.h5", "-o", "wrong.h5", ranks=2)
    assert f"{len(test)} of the {len(test)} test entries are in test.h5 too" in said.stderr, said.stderr
    assert (read("wrong.h5")[0]["metrics/value"] == 0).all()


def test_bad():
    need("h5py", "numpy")
    import numpy as np

    ok("generate", "ratings", "--users=60", "--items=40", "--ratings=900", "--seed=3", "-o", "r.h5")
    x = read("r.h5")[0]
    ok("recommend", "train", "r.h5", "-k4", "--iterations=2", "-o", "m.h5")
    ratings("swapped.h5", x["item"] + 1000, x["user"] + 5000, x["rating"])
    ratings("shifted.h5", x["user"] + 5000, x["item"] + 1000, x["rating"])
    ok("recommend", "train", "shifted.h5", "-k4", "--iterations=2", "-o", "shifted-model.h5")
    ratings("foreign.h5", x["user"] + 100000, x["item"] + 100000, x["rating"])
    ratings("newcomers.h5", x["user"] + 100000, x["item"], x["rating"])
    write("empty.h5", user=np.zeros(0, "i8"), item=np.zeros(0, "i8"), rating=np.zeros(0))
    base = ("recommend", "evaluate", "m.h5")
    for ranks, code, part, words in (
            (0, 2, "give --test", ()),
            (0, 2, "there is no metric ndgc: the nearest is ndcg@K", ("--test=r.h5", "--metrics=ndgc@20")),
            (0, 2, "there is no metric accuracy; there are recall@K", ("--test=r.h5", "--metrics=accuracy")),
            (0, 2, "ndcg needs a cut-off: ndcg@20", ("--test=r.h5", "--metrics=ndcg")),
            (0, 2, "rmse@5 has no cut-off", ("--test=r.h5", "--metrics=rmse@5")),
            (0, 2, "the cut-off is a count of 1 or more", ("--test=r.h5", "--metrics=hit@0")),
            (0, 2, "the cut-off is a count of 1 or more", ("--test=r.h5", "--metrics=hit@x")),
            (0, 2, "stands there twice", ("--test=r.h5", "--metrics=hit@3,hit@3")),
            (0, 2, "names none", ("--test=r.h5", "--metrics=,")),
            (0, 2, "do not go together", ("--test=r.h5", "--train=r.h5", "--fold-in=r.h5")),
            (0, 2, "--confidence", ("--test=r.h5", "--confidence=1")),
            (0, 2, "goes with --report", ("--test=r.h5", "--item-names=r.h5")),
            (2, 2, "cut-off of 100, but the catalogue has 40 items", ("--test=r.h5", "--metrics=ndcg@100")),
            (2, 3, "empty.h5", ("--test=empty.h5",)),
            (3, 3, "foreign.h5", ("--test=foreign.h5",)),
            (2, 3, "newcomers.h5", ("--test=newcomers.h5",)),
            (2, 3, "no entry of r.h5 is 99 or more", ("--test=r.h5", "--min-relevant=99")),
            (2, 3, "nowhere.h5", ("--test=nowhere.h5",)),
            (2, 2, "the output is the input", ("--test=r.h5", "-o", "r.h5")),
            (2, 5, "too", ("--test=r.h5", "--memory=1K"))):
        refused(code, part if code != 5 else "memory", *base, *words, *(() if "-o" in words else ("-o", "x.h5")), ranks=ranks)
    refused(3, "swapped", "recommend", "evaluate", "shifted-model.h5", "--test=swapped.h5", "-o", "x.h5", ranks=2)
    refused(3, "other items than m.h5", "recommend", "evaluate", "m.h5", "shifted-model.h5", "--test=r.h5", "-o", "x.h5", ranks=2)
    refused(3, "r.h5", "recommend", "evaluate", "r.h5", "--test=r.h5", "-o", "x.h5", ranks=2)
    out = ok(*base, "--test=r.h5", "--plan", "-o", "x.h5", ranks=2).stdout
    assert "full ranking" in out and not os.path.exists("x.h5"), out


main()
