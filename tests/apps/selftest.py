#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""tartan selftest: it passes on any number of ranks, its stored values are those that NumPy and SciPy find, it leaves nothing
behind, and it notices what is wrong."""
import glob
import json
import os

from tartan_test import main, need, ok, refused, run


def signed(rows):
    """Rows with Tartan's rule: the first entry with |v| >= (1 - 1e-6) max|v| is positive."""
    import numpy as np

    rows = np.array(rows, dtype="f8")
    for row in rows:
        j = int(np.argmax(abs(row) >= (1 - 1e-6) * abs(row).max()))
        if row[j] < 0:
            row *= -1
    return rows


def weigh(x):
    import numpy as np

    x = np.atleast_2d(np.asarray(x, dtype="f8").T).T
    i, j = np.indices(x.shape)
    return (x / (1 + i + 2 * j)).sum()


def als(user, item, rating, first, epochs, regularization, damping=5):
    """User factors of ALS-WR by loops, from given item factors: the mean and damped biases first."""
    import numpy as np

    users, items, k = user.max() + 1, len(first), first.shape[1]
    rest, bu, bi = rating - rating.mean(), np.zeros(users), np.zeros(items)
    for _ in range(50):
        bi = np.bincount(item, rest - bu[user], items) / (np.bincount(item, minlength=items) + damping)
        bu = np.bincount(user, rest - bi[item], users) / (np.bincount(user, minlength=users) + damping)
    rest = rest - bu[user] - bi[item]
    factors = [np.zeros((users, k)), first.copy()]
    for half in range(2 * epochs):
        mine, theirs = (user, item) if half % 2 == 0 else (item, user)
        for row in np.unique(mine):
            y = factors[1 - half % 2][theirs[mine == row]]
            factors[half % 2][row] = np.linalg.solve(y.T @ y + regularization * len(y) * np.eye(k), y.T @ rest[mine == row])
    return factors[0]


def parts(x, numbers, iterations):
    """H of a factorization by loops, from |normal numbers| for the rows of W and then of H'."""
    import numpy as np

    start = abs(numbers) * np.sqrt(x.mean() / numbers.shape[1])
    factor = [start[:len(x)].copy(), start[len(x):].copy()]
    for half in range(2 * iterations):
        mine, theirs = factor[half % 2], factor[1 - half % 2]
        gram, product = theirs.T @ theirs, (x if half % 2 == 0 else x.T) @ theirs
        for t in range(mine.shape[1]):
            mine[:, t] = np.maximum(mine[:, t] - (mine @ gram[t] - product[:, t]) / gram[t, t], 0)
    return factor[1].T


def best_unseen(model, user, item, count):
    """Scores of the best items of each user that it has no rating of."""
    import numpy as np

    mean, user_bias, item_bias, x, y = model
    scores = mean + user_bias + item_bias.T + x @ y.T
    scores[user.astype(int), item] = -np.inf
    return -np.sort(-scores, axis=1)[:, :count]


def alike(y, count):
    """Cosines of the most similar rows of each row."""
    import numpy as np

    length = np.linalg.norm(y, axis=1)
    cosine = y @ y.T / np.outer(length, length)
    np.fill_diagonal(cosine, -np.inf)
    return -np.sort(-cosine, axis=1)[:, :count]


def lists(scores, chosen, k):
    """recall, ndcg and mrr at k of full rankings, users without an entry left out."""
    import numpy as np

    hits = np.take_along_axis(chosen, np.argsort(-scores, axis=1, kind="stable")[:, :k], axis=1).astype("f8")
    gain, count = 1 / np.log2(np.arange(2, k + 2)), chosen.sum(axis=1)
    best = np.array([gain[:n].sum() for n in count])
    first = np.where(hits.any(axis=1), 1 / (1 + hits.argmax(axis=1)), 0)
    return [x[count > 0].mean() for x in (hits.sum(axis=1) / count, hits @ gain / best, first)]


def expected(folder):
    """What must come out of each case, by (command, where)."""
    import h5py
    import numpy as np
    import scipy.linalg
    import sklearn.linear_model

    def load(name, dataset="X"):
        with h5py.File(os.path.join(folder, name)) as f:
            return f[dataset][()].astype("f8")

    a, b, w = load("A.h5"), load("B.h5"), load("W.h5")
    g = a.T @ a
    values, vectors = np.linalg.eigh(g)
    s, vt = np.linalg.svd(a)[1:]
    centered = a - a.mean(0)
    spectrum, components = np.linalg.svd(centered, full_matrices=False)[1:]
    r = np.linalg.qr(a)[1]
    sign, logabs = np.linalg.slogdet(b)
    distances = np.sort(np.linalg.norm(a[:, None] - a[None], axis=2), axis=1)[:, 1:4]
    ok("generate", "matrix", "-m30", "-n40", "--seed=5", "-o", os.path.join(folder, "Z.h5"))
    ok("generate", "matrix", "-m40", "-n4", "--seed=0", "-o", os.path.join(folder, "first.h5"))
    ok("generate", "matrix", "-m80", "-n3", "--seed=5", "-o", os.path.join(folder, "numbers.h5"))
    user, item, rating = (load("K.h5", name) for name in ("user", "item", "rating"))
    ids, item = np.unique(item, return_inverse=True)
    user = np.unique(user, return_inverse=True)[1]
    factors = als(user, item, rating, 0.1 * load("first.h5")[:len(ids)], 3, 0.1)
    with h5py.File(os.path.join(folder, "M.h5")) as f:
        model = [f.attrs["global_mean"]] + [f[d][()] for d in ("user_bias", "item_bias", "user_factors", "item_factors")]
    scores = load("M.h5", "item_bias").reshape(1, -1) + load("M.h5", "user_factors") @ load("M.h5", "item_factors").T
    chosen = np.zeros(scores.shape, dtype=bool)
    chosen[user.astype(int), item] = True
    return {
        ("info", "120 x 40"): 1, ("doctor", "files in"): 1, ("export", "A.npy"): 128 + a.nbytes,
        ("convert", "back.h5:/X"): weigh(a), ("transpose", "At.h5:/X"): weigh(a.T),
        ("norm", ""): np.linalg.norm(a), ("trace", ""): np.trace(b),
        ("matmul", "G.h5:/C"): weigh(g), ("matmul", "Q.h5:/C"): weigh(w @ w.T),
        ("covariance", "covariance.h5:/covariance"): weigh(np.cov(a, rowvar=False)),
        ("qr", "qr.h5:/R"): weigh(r * np.sign(np.diag(r))[:, None]),
        ("svd", "svd.h5:/Vt"): weigh(signed(vt)), ("svdvals", "svdvals.h5:/S"): weigh(np.linalg.svd(w)[1]),
        ("lowrank", "lowrank.h5:/S"): weigh(s[:5]),
        ("eigh", "eigh.h5:/V"): weigh(signed(vectors[:, ::-1].T).T), ("eigvalsh", "eigvalsh.h5:/w"): weigh(values[::-1]),
        ("eig", ""): values[-1],
        ("lu", "lu.h5:/U"): weigh(scipy.linalg.lu(b)[2]), ("cholesky", "cholesky.h5:/L"): weigh(np.linalg.cholesky(g)),
        ("solve", "solve.h5:/x"): weigh(np.linalg.solve(b, load("R.h5"))),
        ("lstsq", "lstsq.h5:/x"): weigh(np.linalg.lstsq(a, load("Y.h5"), rcond=None)[0]),
        ("inv", "inv.h5:/Ainv"): weigh(np.linalg.inv(b)), ("pinv", "pinv.h5:/Apinv"): weigh(np.linalg.pinv(a)),
        ("det", ""): sign * np.exp(logabs), ("slogdet", "slogdet.h5:/logabsdet"): logabs, ("rank", ""): 40,
        ("cond", ""): np.linalg.cond(a), ("matrix-power", "power.h5:/C"): weigh(b @ b @ b),
        ("multi-dot", "chain.h5:/C"): weigh(a @ g @ a.T),
        ("sample", "sample.h5:/X"): weigh(load("Z.h5") @ np.linalg.cholesky(np.cov(a, rowvar=False)).T),
        ("search", "search.h5:/scores"): weigh(distances),
        ("generate ratings", "K.h5:/rating"): weigh(rating), ("recommend train", "M.h5:/user_factors"): weigh(factors),
        ("recommend topn", "topn.h5:/scores"): weigh(best_unseen(model, user, item, 4)),
        ("recommend similar", "similar.h5:/scores"): weigh(alike(model[4], 3)),
        ("recommend evaluate", "E.h5:/metrics/value"): weigh(lists(scores, chosen, 5)),
        ("regress", "regress.h5:/coef"): weigh([sklearn.linear_model.Ridge(alpha=0.5).fit(a, load("T.h5")[:, 0]).coef_]),
        ("nmf", "nmf.h5:/H"): weigh(parts(load("U.h5"), load("numbers.h5"), 10)),
        ("pca", "pca.h5:/explained_variance_"): weigh(spectrum[:5] ** 2 / 119),
        ("pca transform", "scores.h5:/X_pca"): weigh(centered @ signed(components[:5]).T),
        **{("generate matrix", f"{name}.h5:/X"): weigh(load(f"{name}.h5")) for name in "ABRTUWY"},
    }


def test_stored_values():
    need("h5py", "numpy", "scipy", "sklearn")
    report = ok("selftest", "--keep", "--json", "report.json", ranks=2)
    assert " 0 failed" in report.stdout, report.stdout
    folder = glob.glob("tartan-selftest.*")[0]
    want = expected(folder)
    with open("report.json", encoding="utf-8") as f:
        cases = json.load(f)["result"]["case"]
    for case in cases:
        value = want.pop((case["command"], case["where"]))
        off = abs(case["value"] - value) / max(1, abs(value))
        assert off <= case["tolerance"], (case["command"], case["where"], f"{value:.17g}", case["value"], off)
    assert not want, want


def test_any_number_of_ranks():
    for ranks in (0, 1, 3, 4, 7):
        done = ok("selftest", ranks=ranks)
        assert " 0 failed" in done.stdout, done.stdout
        assert "WRONG" not in done.stdout and "no case" not in done.stdout
    assert not glob.glob("tartan-selftest.*")


def test_what_is_wrong():
    for ranks in (1, 3):
        refused(6, "cannot make the folder", "selftest", "--dir", "nowhere", ranks=ranks)
    assert run("selftest", "y").code == 2
    assert not glob.glob("tartan-selftest.*")


main()
