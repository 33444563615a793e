#!/usr/bin/env python3
# TEST: labels=app,oracle timeout=300
"""PCA of real data against published values (computed with NumPy and scikit-learn), to 1e-10, on 1 to 6 ranks."""
import json

from tartan_test import close, fashion, main, need, ok

RANKS = (1, 2, 3, 4, 6)
BUILT_IN = {
    "iris": dict(variance=[4.228241706035, 0.242670747929, 0.078209500043, 0.023835092973], noise=0.0510222965082, mle=3,
                 fractions=(1, 2, 3)),
    "wine": dict(variance=[99201.78951748, 172.5352664779, 9.438113703471], noise=1.56183705586, mle=12,
                 fractions=(1, 1, 1)),
    "breast_cancer": dict(variance=[443782.6051466, 7310.100061653, 703.8337420063], noise=28.7089660410, mle=29,
                          fractions=(1, 1, 2)),
    "digits": dict(variance=[179.006930097972, 163.717746881678, 141.788439092284], noise=13.8616618577, mle=61,
                   fractions=(21, 29, 41)),
}
FASHION = [1288132.613889674, 787596.4855031034, 267002.833813526, 219903.3910222597, 170675.6838177315,
           153514.0617280753]
FASHION_TOTAL = 4435836.301769962
FASHION_TEST = [1288319.5247777775, 779197.622537731]
# The published values have 12 or 13 digits.
DIGITS = 1e-10


def result(source, *how, ranks=1, threads=1):
    ok("pca", source, *how, "-o", "p.h5", "--force", "--json", "r.json", ranks=ranks, threads=threads)
    with open("r.json", encoding="utf-8") as f:
        return json.load(f)["result"]


def built_in(name):
    import h5py
    from sklearn import datasets

    with h5py.File(f"{name}.h5", "w") as f:
        f["X"] = getattr(datasets, f"load_{name}")().data
    return f"{name}.h5"


def test_fashion_mnist():
    fashion()
    for solver in ("gram", "full"):
        for ranks in RANKS if solver == "gram" else (1, 3):
            r = result("images.h5", "-k", 6, "--no-scores", "--solver", solver, ranks=ranks)
            close(r["explained_variance"], FASHION, DIGITS)
            close([r["total_variance"], r["explained_variance_ratio"][0]], [FASHION_TOTAL, 0.2903922792], DIGITS)
    assert result("images.h5", "-k", 0.95, "--no-scores", ranks=2)["components"] == 187
    fashion("t10k")
    close(result("images.h5", "-k", 2, "--no-scores", ranks=2)["explained_variance"], FASHION_TEST, DIGITS)


def test_built_in():
    need("h5py", "sklearn")
    for name, want in BUILT_IN.items():
        source = built_in(name)
        for solver in ("gram", "full"):
            for ranks in RANKS if solver == "gram" else (1, 3, 6):
                r = result(source, "-k", 2, "--no-scores", "--solver", solver, ranks=ranks)
                close(r["explained_variance"], want["variance"][:2], DIGITS)
                close([r["noise_variance"]], [want["noise"]], DIGITS)
        close(result(source, "--no-scores", ranks=2)["explained_variance"], want["variance"], DIGITS)
        assert result(source, "-k", "mle", "--no-scores", ranks=2)["components"] == want["mle"], name
        for fraction, count in zip((0.9, 0.95, 0.99), want["fractions"]):
            assert result(source, "-k", fraction, "--no-scores")["components"] == count, (name, fraction)


def test_against_scikit_learn():
    """Everything in the file, with each option that changes it."""
    need("h5py", "sklearn")
    import h5py
    import numpy as np
    from sklearn import datasets
    from sklearn.decomposition import PCA

    X = datasets.load_wine().data
    built_in("wine")
    for how, scale, whiten in (((), 1, False), (("--whiten",), 1, True),
                               (("--scale", "std", "--solver", "full"), X.std(0, ddof=1), False)):
        reference = PCA(5, whiten=whiten, svd_solver="full").fit(X / scale)
        result("wine.h5", "-k", 5, "--inverse-error", *how, ranks=3)
        scores = reference.transform(X / scale)
        with h5py.File("p.h5") as f:
            signs = np.sign((f["components_"][:] * reference.components_).sum(1))
            np.testing.assert_allclose(f["components_"][:] * signs[:, None], reference.components_, atol=1e-9)
            np.testing.assert_allclose(f["X_pca"][:] * signs, scores, atol=1e-8 * abs(scores).max())
            np.testing.assert_allclose(f["mean_"][:], X.mean(0), rtol=1e-12)
            np.testing.assert_allclose(f["singular_values_"][:], reference.singular_values_, rtol=1e-9)
            np.testing.assert_allclose(f["noise_variance_"][()], reference.noise_variance_, rtol=1e-7)
            for row in f["components_"][:]:
                assert row[np.argmax(abs(row) >= (1 - 1e-6) * abs(row).max())] > 0, "sign rule"
        with open("r.json", encoding="utf-8") as f:
            error = json.load(f)["result"]["inverse_error"]
        want = ((X / scale - reference.inverse_transform(scores)) ** 2).mean()
        assert abs(error - want) <= 1e-6 * want, (error, want)


def test_uncentered_and_transposed():
    need("h5py", "sklearn")
    import h5py
    import numpy as np
    from sklearn import datasets

    X = datasets.load_iris().data
    sigma = np.linalg.svd(X, compute_uv=False)
    with h5py.File("t.h5", "w") as f:
        f["X"] = X.T
    for solver in ("gram", "full"):
        r = result("t.h5", "--no-center", "--samples", "columns", "--no-scores", "--solver", solver, ranks=3)
        close(r["singular_values"], list(sigma), 1e-10)


def test_nan_by_means():
    need("h5py", "sklearn")
    import h5py
    import numpy as np
    from sklearn import datasets

    X = datasets.load_wine().data.copy()
    X[3, 2] = X[177, 12] = X[100, 2] = np.nan
    with h5py.File("nan.h5", "w") as f:
        f["X"] = X
    filled = np.where(np.isnan(X), np.nanmean(X, 0), X)
    want = np.linalg.eigvalsh(np.cov(filled.T))[::-1]
    for ranks in (1, 3):
        r = result("nan.h5", "--nan", "mean", "-k", 3, ranks=ranks)
        close(r["explained_variance"], list(want[:3]), 1e-10)
        assert r["nan_replaced"] == 3



main()
