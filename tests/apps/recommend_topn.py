#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=600
"""recommend topn and similar: every score against NumPy from the model file, lists, new users, ids of both kinds, bad input."""
import csv
import os
import subprocess

from tartan_test import Skip, main, need, ok, refused

RANKS = (1, 2, 3, 4, 7)
DATASETS = ("users", "items", "item_index", "scores")


def numpy():
    need("h5py", "numpy")
    import numpy as np

    return np


def load(name):
    """All datasets of a file and its attributes."""
    import h5py

    found = {}
    with h5py.File(name) as f:
        f.visititems(lambda path, d: found.__setitem__(path, (
            d.asstr()[()] if h5py.check_string_dtype(d.dtype) else d[()])) if isinstance(d, h5py.Dataset) else None)
        return found, dict(f.attrs)


def save(name, **columns):
    import h5py

    with h5py.File(name, "w") as f:
        for key, value in columns.items():
            f[key] = value
    return name


def bytes_of(name, datasets):
    found, _ = load(name)
    return tuple(found[d].tobytes() if found[d].dtype != object else "\0".join(found[d].ravel()) for d in datasets)


def ratings_of(name):
    """The ratings of a file as a dense array with NaN, and the ids of its rows and columns."""
    np = numpy()
    d, _ = load(name)
    users, u = np.unique(d["user"].astype(str) if d["user"].dtype == object else d["user"].ravel(), return_inverse=True)
    items, i = np.unique(d["item"].astype(str) if d["item"].dtype == object else d["item"].ravel(), return_inverse=True)
    R = np.full((len(users), len(items)), np.nan)
    R[u, i] = d["rating"].ravel()
    return R, users, items


def movielens():
    np = numpy()
    name = "movielens.csv"
    done = subprocess.run(["Rscript", "-e", 'data(movielens, package="dslabs"); write.csv(movielens[,c("userId","movieId",'
                           f'"rating","title")], "{name}", row.names=FALSE)'], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip("the R package dslabs is not installed")
    with open(name, encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    save("ml.h5", user=np.array([int(r["userId"]) for r in rows]), item=np.array([int(r["movieId"]) for r in rows]),
         rating=np.array([float(r["rating"]) for r in rows]))
    with open("titles.csv", "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(["movieId", "title"])
        out.writerows(sorted({(int(r["movieId"]), r["title"]) for r in rows}))
    return "ml.h5"


def model_scores(model, user=None, bias=None):
    """Scores [users, items] from the file in f64, and their part that depends on the item."""
    np = numpy()
    m, a = load(model)
    items = len(m["item_ids"])
    part = np.zeros((len(m["user_ids"]) if user is None else len(user), items))
    if "item_factors" in m:
        X = m["user_factors"].astype("f8") if user is None else user
        part = part + X @ m["item_factors"].astype("f8").T
    if "item_bias" in m:
        part = part + m["item_bias"].ravel()
    base = a["global_mean"] + (m["user_bias"].ravel() if bias is None and "user_bias" in m else 0 if bias is None else bias)
    return part, np.broadcast_to(np.asarray(base), (len(part),))


def check(result, part, base, items, k, left_out=None, tolerance=1e-11):
    """The lists of a file: the right items by their scores in descending order, ties by index, padding."""
    np = numpy()
    d, _ = load(result)
    index, score = d["item_index"], d["scores"]
    assert index.shape == score.shape == (len(part), k) and d["items"].shape == (len(part), k)
    for u in range(len(part)):
        s = part[u].copy()
        if left_out is not None:
            s[left_out[u]] = -np.inf
        n = min(k, int(np.isfinite(s).sum()))
        assert (index[u, n:] == -1).all() and np.isnan(score[u, n:]).all(), (result, u)
        got = index[u, :n]
        assert len(set(got)) == n and np.isfinite(s[got]).all(), (result, u, "an item that is left out, or twice")
        size = tolerance * max(1, abs(part[u]).max())
        assert abs(score[u, :n] - s[got] - base[u]).max(initial=0) <= size, (result, u)
        assert (np.diff(score[u, :n]) <= 0).all()
        assert all(a < b for a, b, same in zip(got, got[1:], np.diff(score[u, :n]) == 0) if same), "ties by index"
        rest = np.setdiff1d(np.flatnonzero(np.isfinite(s)), got)
        assert n == 0 or len(rest) == 0 or s[rest].max() <= s[got].min() + size, (result, u)
    listed = d["items"]
    pad = "" if listed.dtype == object else -1
    want = np.where(index >= 0, np.asarray(items, dtype=object)[index], pad)
    assert (listed.astype(object) == want).all(), "ids as they came in"


def train(ratings, model, *options):
    ok("recommend", "train", ratings, "--model", model, *options, "-o", f"{model}.h5", "-f", "-q", ranks=2)
    return f"{model}.h5"


def generated():
    ok("generate", "ratings", "--users", 70, "--items", 45, "--ratings", 1100, "--seed", 4, "-o", "g.h5", "-f")
    return "g.h5"


# ------------------------------------------------------------------------------------------------ lists


def test_scores_and_bits():
    np = numpy()
    R, users, items = ratings_of(generated())
    for model, options in (("als", ["-k", 5, "--iterations", 4]), ("ials", ["-k", 7, "--dtype", "f64", "--iterations", 4]),
                           ("bias", []), ("popularity", [])):
        name = train("g.h5", model, *options)
        part, base = model_scores(name)
        seen = set()
        for ranks in RANKS:
            ok("recommend", "topn", name, "--seen", "g.h5", "--count", 12, "-o", "t.h5", "-f", "-q", ranks=ranks)
            seen.add(bytes_of("t.h5", DATASETS))
        assert len(seen) == 1, f"{model}: other bytes on another number of ranks"
        check("t.h5", part, base, items, 12, ~np.isnan(R))
        assert (load("t.h5")[0]["users"] == users).all()
        out = ok("recommend", "topn", name, "--count", 60, "-o", "all.h5", "-f").out
        assert out[0].startswith("no --seen"), out[0]
        check("all.h5", part, base, items, 60)


def test_movielens():
    np = numpy()
    R, users, items = ratings_of(movielens())
    name = train("ml.h5", "als", "-k", 8, "--iterations", 3, "--regularization", 0.1)
    out = ok("recommend", "topn", name, "--seen", "ml.h5", "--count", 20, "--item-names", "titles.csv", "-o", "t.h5", ranks=3)
    part, base = model_scores(name)
    check("t.h5", part, base, items, 20, ~np.isnan(R))
    with open("titles.csv", encoding="utf-8") as f:
        titles = {int(r["movieId"]): r["title"] for r in csv.DictReader(f)}
    first = titles[load("t.h5")[0]["items"][0, 0]]
    assert any(line.startswith("1 ") and first[:40] in line for line in out.out), (first, out.stdout)
    save("titles.h5", item_ids=np.array(list(titles)), item_names=np.array(list(titles.values()), dtype=object))
    assert ok("recommend", "topn", name, "--seen", "ml.h5", "--users", "1", "--item-names", "titles.h5", "-o", "u.h5").stdout.count(
        first[:40]) == 1
    ok("export", "t.h5", "-o", "t.csv")
    d, _ = load("t.h5")
    with open("t.csv", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    assert len(rows) == d["items"].size and list(rows[0]) == ["user", "rank", "item", "score"]
    assert [int(r["user"]) for r in rows] == list(np.repeat(users, 20))
    assert [int(r["rank"]) for r in rows] == list(range(1, 21)) * len(users)
    assert [int(r["item"]) for r in rows] == list(d["items"].ravel())
    assert [float(r["score"]) for r in rows] == list(d["scores"].ravel())


def test_lists_of_users_and_items():
    np = numpy()
    R, users, items = ratings_of(generated())
    name = train("g.h5", "ials", "-k", 4, "--iterations", 3)
    part, base = model_scores(name)
    with open("users.txt", "w", encoding="utf-8") as f:
        print("69\n3\n\n  12 \n1000\n3", file=f)
    with open("allow.txt", "w", encoding="utf-8") as f:
        print("\n".join(map(str, range(5, 25))), file=f)
    closed = ~((np.arange(45) >= 5) & (np.arange(45) < 25)) | np.isin(np.arange(45), [7, 9])
    for ranks in (0, 3):
        out = ok("recommend", "topn", name, "--seen", "g.h5", "--users", "users.txt", "--allow", "allow.txt", "--exclude",
                 "9,7,44", "--count", 25, "-o", "l.h5", "-f", ranks=ranks)
        assert "--users: of 5 ids 1 are unknown and 1 repeated: 3 remain" in out.stdout, out.stdout
        assert "only 18 items can be recommended" in out.stdout
        served = [69, 3, 12]
        assert list(load("l.h5")[0]["users"]) == served
        check("l.h5", part[served], base[served], items, 25, ~np.isnan(R[served]) | closed)
    refused(3, "none of 2 ids is among the users", "recommend", "topn", name, "--users", "500,501", "-o", "x.h5", ranks=3)
    refused(3, "no whole number", "recommend", "topn", name, "--users", "none.txt", "-o", "x.h5")
    refused(3, "leave no item", "recommend", "topn", name, "--allow", "3", "--exclude", "3", "-o", "x.h5", ranks=3)
    assert not os.path.exists("x.h5")


def test_ties_and_texts():
    """Equal scores in plenty, and ids that are texts, some of which need quotes in CSV."""
    np = numpy()
    rng = np.random.default_rng(2)
    names = np.array([f"item \"{i}\", b" if i % 3 else f"i{i:02}" for i in range(30)], dtype=object)
    who = np.array([f"ünï-{u}" for u in range(11)], dtype=object)
    u, i = np.nonzero(rng.random((11, 30)) < 0.4)
    save("text.h5", user=who[u], item=names[i], rating=np.ones(len(u)))
    R, users, items = ratings_of("text.h5")
    name = train("text.h5", "popularity")
    part, base = model_scores(name)
    assert len(set(part[0])) < 15, "no ties"
    seen = set()
    for ranks in RANKS:
        ok("recommend", "topn", name, "--seen", "text.h5", "--count", 9, "-o", "t.h5", "-f", "-q", ranks=ranks)
        seen.add(bytes_of("t.h5", DATASETS))
    assert len(seen) == 1
    check("t.h5", part, base, items, 9, ~np.isnan(R))
    assert list(load("t.h5")[0]["users"]) == list(users)
    ok("export", "t.h5", "-o", "t.csv", ranks=2)
    with open("t.csv", encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f))
    d, _ = load("t.h5")
    assert [r["item"] for r in rows] == [x for x in d["items"].ravel() if x]
    ok("recommend", "topn", name, "--users", f"{users[3]},nobody", "--count", 2, "-o", "one.h5", ranks=3)
    assert list(load("one.h5")[0]["users"]) == [users[3]]


# ------------------------------------------------------------------------------------------------ new users


def fold(model, kind, R, options):
    """x and bias of each row of R by dense equations, from the model file."""
    np = numpy()
    m, a = load(model)
    Y, k = m["item_factors"].astype("f8"), m["item_factors"].shape[1]
    b_i = m["item_bias"].ravel()
    X, bias = np.zeros((len(R), k)), np.zeros(len(R))
    lam, alpha0 = options["lam"], options.get("alpha0", 0)
    for u, row in enumerate(R):
        at = np.flatnonzero(~np.isnan(row))
        if len(at) == 0:
            continue
        if kind == "als":
            bias[u] = (row[at] - a["global_mean"] - b_i[at]).sum() / (len(at) + 5)
            A = Y[at].T @ Y[at] + lam * len(at) * np.eye(k)
            rhs = Y[at].T @ (row[at] - a["global_mean"] - bias[u] - b_i[at])
        else:
            w = 2 * np.abs(row[at])  # --confidence linear --alpha 2
            A = alpha0 * Y.T @ Y + (Y[at].T * w) @ Y[at] + lam * (len(at) + alpha0 * R.shape[1]) * np.eye(k)
            rhs = Y[at].T @ (w * (row[at] > 0))
        X[u] = np.linalg.solve(A, rhs)
    return X, bias


def test_new_users():
    np = numpy()
    R, _, items = ratings_of(generated())
    rng = np.random.default_rng(3)
    u, i = np.nonzero(rng.random((23, len(items))) < 0.2)
    rating = rng.integers(1, 6, len(u)).astype("f8")
    # users nobody knows, with an item nobody knows
    save("new.h5", user=np.append(u + 5000, 5000), item=np.append(items[i], 999), rating=np.append(rating, 3.0))
    N = np.full((23, len(items)), np.nan)
    N[u, i] = rating
    N = N[np.unique(u)]
    for kind, options in (("als", ["--regularization", 0.07]), ("ials", ["--confidence", "linear", "--alpha", 2,
                                                                         "--regularization", 0.02])):
        name = train("g.h5", kind, "-k", 5, "--iterations", 4, "--dtype", "f64", *options)
        X, bias = fold(name, kind, N, {"lam": options[-1], "alpha0": 0.1})
        part, base = model_scores(name, X, bias if kind == "als" else 0)
        for keep in (False, True):
            seen = set()
            for ranks in RANKS if keep else (1, 3):
                out = ok("recommend", "topn", name, "--fold-in", "new.h5", *(["--keep-seen"] if keep else []), "--count", 10,
                         "-o", "n.h5", "-f", ranks=ranks)
                seen.add(bytes_of("n.h5", DATASETS))
            assert len(seen) == 1
            check("n.h5", part, base, items, 10, None if keep else ~np.isnan(N), 1e-9)
            assert "fold-in: 0 users and 1 item are not in" in out.stdout, out.stdout
        assert list(load("n.h5")[0]["users"]) == sorted(set(u + 5000))
    ok("recommend", "topn", name, "--fold-in", "new.h5", "--users", "5003", "--count", 4, "-o", "one.h5", ranks=3)
    assert list(load("one.h5")[0]["users"]) == [5003]


def test_rules_of_the_training():
    """Fold-in sees what training saw: ratings below --min-rating count for nothing, but they are seen all the same."""
    np = numpy()
    R, users, items = ratings_of(generated())
    name = train("g.h5", "ials", "-k", 4, "--iterations", 3, "--min-rating", 3, "--binarize", "--dtype", "f64")
    ok("recommend", "topn", name, "--fold-in", "g.h5", "--count", 8, "-o", "n.h5", ranks=2)
    K = np.where(R >= 3, 1.0, np.nan)
    m, _ = load(name)
    Y = m["item_factors"]
    X = np.zeros((len(users), 4))
    for u, row in enumerate(K):
        at = ~np.isnan(row)
        n = at.sum()
        if n:
            X[u] = np.linalg.solve(0.1 * Y.T @ Y + Y[at].T @ Y[at] + 0.01 * (n + 0.1 * len(items)) * np.eye(4), Y[at].sum(0))
    part, base = model_scores(name, X, 0)
    check("n.h5", part, base, items, 8, ~np.isnan(R), 1e-9)


def model_of_weights(name, B, items):
    """A model of ease as the files hold it: row i of item_weights is column i of B."""
    import h5py

    with h5py.File(name, "w") as f:
        f["item_weights"] = B.T.copy()
        f["item_ids"] = items
        for key, value in {"format": "tartan-recommend", "model": "ease", "ratings": "error -inf as given"}.items():
            f.attrs[key] = value
        f.attrs["complete"] = 1
    return name


def test_ease():
    np = numpy()
    R, users, items = ratings_of(generated())
    H = np.nan_to_num(R)
    P = np.linalg.inv(H.T @ H + 20 * np.eye(len(items)))
    B = np.eye(len(items)) - P / np.diag(P)
    name = model_of_weights("ease.h5", B, items)
    refused(2, "give their ratings by --seen or --fold-in", "recommend", "topn", name, "-o", "e.h5", ranks=3)
    for how, left_out in ((["--seen", "g.h5"], ~np.isnan(R)), (["--fold-in", "g.h5", "--keep-seen"], None)):
        seen = set()
        for ranks in RANKS:
            ok("recommend", "topn", name, *how, "--count", 6, "-o", "e.h5", "-f", "-q", ranks=ranks)
            seen.add(bytes_of("e.h5", DATASETS))
        assert len(seen) == 1
        check("e.h5", H @ B, np.zeros(len(users)), items, 6, left_out, 1e-12)
    ok("recommend", "similar", name, "--count", 4, "-o", "s.h5", "-q", ranks=3)
    similar(load("s.h5")[0], B.T, items, range(len(items)), 4)
    refused(2, "nothing to compare users by", "recommend", "similar", name, "--of", "users", "-o", "x.h5")


# ------------------------------------------------------------------------------------------------ similar


def similar(d, rows, ids, queries, k):
    np = numpy()
    length = np.linalg.norm(rows, axis=1)
    C = np.divide(rows @ rows.T, np.outer(length, length), out=np.zeros((len(rows), len(rows))),
                  where=np.outer(length, length) > 0)
    np.fill_diagonal(C, -np.inf)
    queries = list(queries)
    assert list(d["queries"]) == [ids[q] for q in queries]
    for row, q in enumerate(queries):
        order = np.argsort(-C[q], kind="stable")[:min(k, len(rows) - 1)]
        n = len(order)
        assert (d["item_index"][row, n:] == -1).all()
        assert abs(d["scores"][row, :n] - C[q][order]).max(initial=0) < 1e-12
        assert q not in d["item_index"][row]
        assert abs(C[q][d["item_index"][row, :n]] - C[q][order]).max(initial=0) < 1e-12
        assert list(d["items"][row, :n]) == [ids[j] for j in d["item_index"][row, :n]]


def test_similar():
    generated()
    name = train("g.h5", "als", "-k", 5, "--iterations", 3)
    m, _ = load(name)
    for of in ("items", "users"):
        rows, ids = m[f"{of[:-1]}_factors"].astype("f8"), m[f"{of[:-1]}_ids"]
        seen = set()
        for ranks in RANKS:
            ok("recommend", "similar", name, "--of", of, "--count", 7, "-o", "s.h5", "-f", "-q", ranks=ranks)
            seen.add(bytes_of("s.h5", ("queries", "items", "item_index", "scores")))
        assert len(seen) == 1
        similar(load("s.h5")[0], rows, ids, range(len(ids)), 7)
        ok("recommend", "similar", name, "--of", of, "--ids", "11,2,40", "--count", 100, "-o", "few.h5", "-f", ranks=3)
        similar(load("few.h5")[0], rows, ids, [11, 2, 40], 100)
    refused(2, "nothing to compare items by", "recommend", "similar", train("g.h5", "bias"), "-o", "x.h5", ranks=3)


# ------------------------------------------------------------------------------------------------ bad input


def test_bad_input():
    np = numpy()
    R, users, items = ratings_of(generated())
    name = train("g.h5", "als", "-k", 3, "--iterations", 2)
    d, _ = load("g.h5")
    # ids that overlap nowhere; users and items exchanged; texts for numbers
    save("other.h5", user=d["user"], item=d["item"] + 10000, rating=d["rating"])
    save("others.h5", user=d["user"] + 10000, item=d["item"], rating=d["rating"])
    save("text.h5", user=d["user"], item=np.array([f"i{i}" for i in d["item"].ravel()], dtype=object), rating=d["rating"])
    save("apart.h5", user=d["user"], item=d["item"] + 100, rating=d["rating"])
    save("turned.h5", user=d["item"] + 100, item=d["user"], rating=d["rating"])
    with open("no.csv", "w", encoding="utf-8") as f:
        print("movieId,title\n100000,Nothing", file=f)
    ok("recommend", "train", "apart.h5", "--model", "als", "-k", 3, "--iterations", 2, "-o", "apart-model.h5", "-q")
    for ranks in (1, 3):
        def no(part, *words, code=3):
            refused(code, part, "recommend", *words, "-o", "x.h5", ranks=ranks)
            assert not os.path.exists("x.h5")

        no("is no model", "topn", "g.h5")
        no("there is no file none.h5", "topn", "none.h5")
        no("none of the 45 items", "topn", name, "--seen", "other.h5")
        no("none of the 70 users", "topn", name, "--seen", "others.h5")
        no("texts in text.h5 and numbers", "topn", name, "--seen", "text.h5")
        no("seem to be swapped", "topn", "apart-model.h5", "--seen", "turned.h5")
        no("seem to be swapped", "topn", "apart-model.h5", "--fold-in", "turned.h5")
        no("do not go together", "topn", name, "--seen", "g.h5", "--fold-in", "g.h5", code=2)
        no("--keep-seen goes with", "topn", name, "--keep-seen", code=2)
        no("give 1 or more", "topn", name, "--count", "0", code=2)
        no("none of which is in the model", "topn", name, "--item-names", "no.csv")
        no("there is no such file", "topn", name, "--item-names", "none.csv")
        no("is no model", "similar", "g.h5")
        no("give 1 or more", "similar", name, "--count", "0", code=2)


def test_damaged_models():
    import h5py

    generated()
    name = train("g.h5", "als", "-k", 3, "--iterations", 2)
    for ranks in (1, 3):
        for missing in ("item_factors", "user_bias", "item_ids"):
            with open(name, "rb") as f, open("d.h5", "wb") as to:
                to.write(f.read())
            with h5py.File("d.h5", "r+") as f:
                del f[missing]
            refused(3, missing, "recommend", "topn", "d.h5", "-o", "x.h5", ranks=ranks)
        with open(name, "rb") as f, open("d.h5", "wb") as to:
            to.write(f.read())
        with h5py.File("d.h5", "r+") as f:
            f["item_factors"][2, 1] = float("nan")
        refused(3, "NaN", "recommend", "topn", "d.h5", "-o", "x.h5", ranks=ranks)
        with open(name, "rb") as f, open("d.h5", "wb") as to:
            to.write(f.read())
        with h5py.File("d.h5", "r+") as f:
            del f.attrs["rating_low"]
        assert any("not clipped" in w for w in ok("recommend", "topn", "d.h5", "--count", 3, "-o", "y.h5", "-f",
                                                  ranks=ranks).warnings)


def test_again_and_plan():
    generated()
    name = train("g.h5", "ials", "-k", 3, "--iterations", 2)
    out = ok("recommend", "topn", name, "--seen", "g.h5", "--count", 5, "--plan", ranks=2)
    assert "memory" in out.stdout and not os.path.exists("ials.topn.h5")
    ok("recommend", "topn", name, "--seen", "g.h5", "--count", 5, ranks=2)
    assert os.path.exists("ials.topn.h5")
    again = ok("recommend", "topn", name, "--seen", "g.h5", "--count", 5)
    assert "where the time went" not in again.stdout
    refused(3, "another configuration", "recommend", "topn", name, "--seen", "g.h5", "--count", 6)
    refused(2, "input", "recommend", "topn", name, "-o", name)
    assert "memory" in ok("recommend", "similar", name, "--plan").stdout


main()
