#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""tartan recommend train --model ease, puresvd, nmf: against NumPy and scikit-learn, the same on 1, 2, 3, 4, 7 ranks, errors on
what was held out, sweeps, plans, pages, options that do not fit, bad input."""
import json
import os

from tartan_test import main, need, ok, refused

RANKS = (1, 2, 3, 4, 7)


def write(name, **columns):
    import h5py

    with h5py.File(name, "w") as f:
        for key, values in columns.items():
            f[key] = values
    return name


def read(name):
    """Datasets, and attributes of the root."""
    import h5py

    with h5py.File(name) as f:
        found = {}
        f.visititems(lambda at, item: found.update({at: item[()]}) if isinstance(item, h5py.Dataset) else None)
        return found, dict(f.attrs)


def data(users=40, items=25, name="r.h5"):
    """Ratings 1 to 5 as a dense array (0: none) and as a file, with ids that are not the indices; user 3 has one rating."""
    import numpy as np

    random = np.random.default_rng(5)
    dense = random.integers(1, 6, (users, items)) * (random.random((users, items)) < 0.3)
    dense[3] = 0
    dense[3, 7] = 4
    dense[:, 2] = np.where(dense.sum(axis=1) == dense[:, 2], 5, dense[:, 2])
    user, item = np.nonzero(dense)
    order = random.permutation(len(user))
    write(name, user=10 * user[order] + 7, item=item[order] - 4, rating=dense[user, item][order].astype("f8"))
    return dense.astype("f8")


def weights(dense, penalty):
    """B of ease by NumPy's inverse."""
    import numpy as np

    P = np.linalg.inv(dense.T @ dense + penalty * np.eye(dense.shape[1]))
    B = -P / np.diag(P)
    np.fill_diagonal(B, 0)
    return B


def test_ease():
    need("h5py", "numpy")
    import numpy as np

    dense = data()
    for penalty in (0.5, 500):
        B = weights(dense, penalty)
        for ranks in RANKS:
            ok("recommend", "train", "r.h5", "--model=ease", f"--regularization={penalty}", "--dtype=f64", "-o", "e.h5", "--force",
               ranks=ranks)
            found, attributes = read("e.h5")
            assert set(found) == {"item_weights", "item_ids"}, found.keys()
            assert abs(found["item_weights"] - B.T).max() <= 1e-10 * abs(B).max()
            assert (np.diag(found["item_weights"]) == 0).all()
            assert list(found["item_ids"]) == [i - 4 for i in range(25)]
            assert attributes["model"] == "ease" and float(attributes["regularization"]) == penalty
            assert (attributes["rating_low"], attributes["rating_high"]) == (1, 5)
    binary = weights((dense > 0).astype("f8"), 500)
    ok("recommend", "train", "r.h5", "--model=ease", "--binarize", "-o", "b.h5", ranks=2)
    found = read("b.h5")[0]["item_weights"]
    assert found.dtype == "f4" and abs(found - binary.T).max() <= 1e-7


def test_puresvd():
    need("h5py", "numpy")
    import numpy as np

    dense = data()
    s = np.linalg.svd(dense, compute_uv=False)
    for ranks in RANKS:
        ok("recommend", "train", "r.h5", "--model=puresvd", "-k6", "--dtype=f64", "-o", "s.h5", "--force", "--json", "s.json",
           ranks=ranks)
        found, attributes = read("s.h5")
        V, X = found["item_factors"], found["user_factors"]
        assert abs(found["singular_values"] - s[:6]).max() <= 1e-10 * s[0]
        assert abs(V.T @ V - np.eye(6)).max() <= 1e-12 and abs(X - dense @ V).max() <= 1e-11
        assert abs(attributes["loss"] - (s[6:] ** 2).sum()) <= 1e-9 * s[0] ** 2
        assert attributes["converged"] == 1 and len(found["user_ids"]) == 40
        scores = X @ V.T if ranks == 1 else scores
        assert abs(X @ V.T - scores).max() <= 1e-10
    with open("s.json", encoding="utf-8") as f:
        result = json.load(f)["result"]
    assert result["converged"] and result["factors"] == 6 and result["users"] == 40
    assert abs(np.array(result["singular_values"]) - s[:6]).max() <= 1e-10 * s[0]
    done = ok("recommend", "train", "r.h5", "--model=puresvd", "-k6", "--iterations=1", "-o", "one.h5")
    assert "not converged" in done.stderr and read("one.h5")[1]["converged"] == 0


def test_nmf():
    need("h5py", "numpy", "sklearn")
    import numpy as np
    from sklearn.decomposition import NMF

    dense = data()
    theirs = NMF(5, init="nndsvda", solver="cd", tol=1e-4, max_iter=200, shuffle=False).fit(dense)
    for ranks in RANKS:
        ok("recommend", "train", "r.h5", "--model=nmf", "-k5", "--dtype=f64", "-o", "n.h5", "--force", ranks=ranks)
        found, attributes = read("n.h5")
        W, H = found["user_factors"], found["item_factors"].T
        assert W.min() >= 0 and H.min() >= 0
        loss = ((dense - W @ H) ** 2).sum()
        assert abs(attributes["loss"] - loss) <= 1e-9 * loss
        assert loss <= 1.01 * theirs.reconstruction_err_**2
        scores = W @ H if ranks == 1 else scores
        assert abs(W @ H - scores).max() <= 1e-6, abs(W @ H - scores).max()


def test_errors():
    """What was held out in a file, with users and items that the model does not know: their score is 0."""
    need("h5py", "numpy")
    import numpy as np

    dense = data()
    user, item, rating = np.array([0, 3, 39, 5, 5]), np.array([1, 7, 24, 0, 9]), np.array([4.0, 2, 5, 1, 3])
    write("v.h5", user=np.append(10 * user + 7, [1, 17]), item=np.append(item - 4, [0, 900]), rating=np.append(rating, [2.0, 3.0]))
    for model, words in (("ease", ("--regularization=20",)), ("puresvd", ("-k4",)), ("nmf", ("-k4",))):
        for ranks in (1, 3):
            ok("recommend", "train", "r.h5", f"--model={model}", *words, "--dtype=f64", "--validation=v.h5", "-o", "m.h5", "--force",
               "--json", "m.json", ranks=ranks)
            found, attributes = read("m.h5")
            scores = dense @ found["item_weights"].T if model == "ease" else found["user_factors"] @ found["item_factors"].T
            miss = np.append(scores[user, item] - rating, [2, 3])
            assert abs(attributes["validation_rmse"] - np.sqrt((miss**2).mean())) <= 1e-9, model
            assert abs(attributes["validation_mae"] - abs(miss).mean()) <= 1e-9, model
            with open("m.json", encoding="utf-8") as f:
                assert json.load(f)["result"]["rmse"] == attributes["validation_rmse"]


def test_sweep_and_page():
    need("h5py")
    data()
    for model, line, best in (("ease", "regularization = 1 30 1000", "regularization"), ("puresvd", "factors = 1 3 9", "factors"),
                              ("nmf", "factors = 2 6\ntol = 1e-3 1e-5", "factors")):
        with open("grid.txt", "w", encoding="utf-8") as f:
            f.write(line + "\n")
        words = ("recommend", "train", "r.h5", f"--model={model}", "--split=random", "--split-fraction=0.2", "--seed=3")
        done = ok(*words, "--sweep=grid.txt", "-o", f"{model}.h5", "--report", f"{model}.html", "--json", "s.json", ranks=2)
        found, attributes = read(f"{model}.h5")
        rows = found["leaderboard/rmse"]
        assert "leaderboard, by rmse" in done.stdout and (sorted(rows) == rows).all()
        setting = found["leaderboard/setting"][0].decode()
        assert setting.startswith(f"{best}=") and setting.split()[0].split("=")[1] == str(attributes[best])
        assert abs(rows[0] - attributes["validation_rmse"]) <= 1e-12 + 1e-9 * rows[0]
        with open("s.json", encoding="utf-8") as f:
            report = json.load(f)
        assert report["result"]["leaderboard"][0]["setting"] == setting
        assert str(report["options"][best]) == setting.split()[0].split("=")[1], report["options"]
        ok(*words, *("--" + word for word in setting.split()), "-o", "alone.h5", "--force", ranks=2)
        same = read("alone.h5")[0]
        for name in set(same) - {"item_ids", "user_ids"}:
            assert same[name].tolist() == found[name].tolist(), (model, name)
        assert not [f for f in os.listdir(".") if f.endswith((".sweep", ".best", ".checkpoint"))]
        with open(f"{model}.html", encoding="utf-8") as f:
            page = f.read()
        assert "<h2>Leaderboard</h2>" in page and "<h2>Loss</h2>" not in page and f"{model}: " in page
        assert page.count("<section>") == page.count("</section>")
    again = ok(*words, "--sweep=grid.txt", "-o", "nmf.h5", ranks=3)
    assert "nothing to do" in again.stdout


def test_plan():
    need("h5py")
    data()
    for model, part in (("ease", "Cholesky"), ("puresvd", "block Krylov"), ("nmf", "iterations")):
        done = ok("recommend", "train", "r.h5", f"--model={model}", *(() if model == "ease" else ("-k5",)), "--plan", ranks=2)
        assert part in done.stdout and "memory " in done.stdout and "epochs" not in done.stdout, done.stdout
    assert not os.path.exists("r.recommend.h5")
    write("wide.h5", user=[1, 2], item=[0, 1], rating=[1.0, 2.0], item_ids=[b"i%07d" % i for i in range(20000)])
    refused(5, ("20000 items", "ranks with as much memory each"), "recommend", "train", "wide.h5", "--model=ease", "--memory=200M",
            "-o", "w.h5", ranks=2)


def test_refused():
    need("h5py", "numpy")
    data()
    write("below.h5", user=[1, 1, 2], item=[1, 2, 2], rating=[1.0, -2.0, 3.0])
    with open("grid.txt", "w", encoding="utf-8") as f:
        f.write("regularization = 1 2\n")
    for part, *words in (("--factors does not go with --model ease", "ease", "-k5"),
                         ("--iterations does not go", "ease", "--iterations=5"), ("--tol does not go", "ease", "--tol=1"),
                         ("--regularization does not go with --model puresvd", "puresvd", "--regularization=5"),
                         ("--regularization does not go with --model nmf", "nmf", "--regularization=5"),
                         ("--alpha does not go", "nmf", "--alpha=2"), ("--solver does not go", "puresvd", "--solver=cg"),
                         ("--early-stop does not go", "puresvd", "--early-stop=rmse", "--split=random"),
                         ("--time-limit does not go", "ease", "--time-limit=5m"), ("--tol does not go", "ials", "--tol=1"),
                         ("above 0", "ease", "--regularization=0"), ("--factors 0", "nmf", "-k0"),
                         ("--iterations 0", "nmf", "--iterations=0"), ("--tol -1", "puresvd", "--tol=-1")):
        refused(2, part, "recommend", "train", "r.h5", f"--model={words[0]}", *words[1:], "-o", "x.h5")
    for ranks in (1, 3):
        for part, *words in (("--validation or --split", "ease", "--sweep=grid.txt"), ("1 to 25", "puresvd", "-k26"),
                             ("1 to 25", "nmf", "-k26")):
            refused(2, part, "recommend", "train", "r.h5", f"--model={words[0]}", *words[1:], "-o", "x.h5", ranks=ranks)
        refused(3, ("-2", "--min-rating 0"), "recommend", "train", "below.h5", "--model=nmf", "-k1", "-o", "x.h5", ranks=ranks)
        assert not os.path.exists("x.h5")
    ok("recommend", "train", "below.h5", "--model=nmf", "-k1", "--min-rating=0", "-o", "x.h5", ranks=3)


main()
