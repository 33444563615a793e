#!/usr/bin/env python3
# TEST: labels=app,oracle timeout=300
"""The tsqr solver: every component of real data to 1e-10, small ones too; the same bits on 1 to 4 ranks; what it refuses."""
import json

from tartan_test import close, fashion, main, need, ok, refused

RANKS = (1, 2, 3, 4)
# Published values, of 12 or 13 digits.
PUBLISHED = {
    "iris": [4.228241706035, 0.242670747929, 0.078209500043, 0.023835092973],
    "wine": [99201.78951748, 172.5352664779, 9.438113703471],
    "breast_cancer": [443782.6051466, 7310.100061653, 703.8337420063],
    "digits": [179.006930097972, 163.717746881678, 141.788439092284],
}
FASHION = [1288132.613889674, 787596.4855031034, 267002.833813526, 219903.3910222597, 170675.6838177315,
           153514.0617280753]
FASHION_TOTAL = 4435836.301769962
FASHION_TEST = [1288319.5247777775, 779197.622537731]


def fit(source, *how, ranks=1, threads=1):
    ok("pca", source, "--solver", "tsqr", *how, "-o", "p.h5", "--force", "--json", "r.json", ranks=ranks,
       threads=threads)
    with open("r.json", encoding="utf-8") as f:
        return json.load(f)


def bits():
    import h5py

    with h5py.File("p.h5") as f:
        return b"".join(f[name][:].tobytes() for name in ("components_", "explained_variance_", "mean_"))


def test_real_data():
    """Relative to itself, each component: the smallest of breast_cancer is 1e-12 of the first, in variance."""
    need("h5py", "sklearn")
    import h5py
    import numpy as np
    from sklearn import datasets

    for name, published in PUBLISHED.items():
        x = getattr(datasets, f"load_{name}")().data
        with h5py.File("x.h5", "w") as f:
            f["X"] = x
        sigma = np.linalg.svd(x - x.mean(0), compute_uv=False)
        want = [v for v in sigma**2 / (len(x) - 1) if v > 1e-25 * sigma[0]**2]  # digits has constant pixels
        seen = set()
        for ranks in RANKS if name == "breast_cancer" else (1, 3):
            r = fit("x.h5", "--no-scores", ranks=ranks)
            close(r["result"]["explained_variance"], published, 1e-10)
            close(r["result"]["explained_variance"], want, 1e-10)
            assert r["result"]["reproducible"] and r["plan"]["algorithm"] == "tsqr"
            seen.add(bits())
        assert len(seen) == 1, f"{name}: {len(seen)} different results"


def test_small_components():
    """Scales from 1 to 1e-9: squares of the small ones are lost beside those of the large ones."""
    need("h5py")
    import h5py
    import numpy as np

    rng = np.random.default_rng(3)
    q = np.linalg.qr(rng.normal(size=(3000, 10)))[0]
    q = np.linalg.qr(q - q.mean(0))[0]
    sigma = 10.0 ** -np.arange(10)
    with h5py.File("s.h5", "w") as f:
        f["X"] = q * sigma @ np.linalg.qr(rng.normal(size=(10, 10)))[0]
    for ranks in (1, 3):
        close(fit("s.h5", ranks=ranks)["result"]["singular_values"], sigma, 1e-6)
    fit("s.h5", "--tol", "1e-12")
    refused(4, "--solver tsqr", "pca", "s.h5", "--solver", "gram", "--tol", "1e-12", "-o", "g.h5")


def test_fashion_mnist():
    need("h5py")
    r = fit(fashion(), "-k", 6, "--no-scores", ranks=2)["result"]
    close(r["explained_variance"], FASHION, 1e-10)
    close([r["total_variance"]], [FASHION_TOTAL], 1e-10)
    fashion("t10k")
    seen = set()
    for ranks, threads in ((1, 2), (2, 1), (3, 1), (4, 1)):
        close(fit("images.h5", "-k", 6, "--no-scores", ranks=ranks, threads=threads)["result"]["explained_variance"],
              FASHION_TEST, 1e-10)
        seen.add(bits())
    assert len(seen) == 1, f"{len(seen)} different results"


def test_refusals():
    ok("generate", "matrix", "-m", 3000, "-n", 900, "-o", "x.h5")
    refused(5, ["PCA by tsqr needs", "give --memory"], "pca", "x.h5", "--solver", "tsqr", "--memory", "50M",
            "-o", "p.h5")
    refused(2, "tsqr", "pca", "x.h5", "--solver", "qr", "-o", "p.h5")
    plan = ok("pca", "x.h5", "--solver", "tsqr", "--reproducible", "--plan").stdout
    assert "tsqr" in plan, plan


main()
