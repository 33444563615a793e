#!/usr/bin/env python3
# TEST: labels=apps timeout=300
"""`tartan regress` against scikit-learn: models, paths, types and layouts of files, singular data; the same bytes on 1, 2, 3
and 4 ranks; what it refuses; what is short of its tolerance; a second run."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tartan_test as t  # noqa: E402

try:
    import h5py
    import numpy as np
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)
try:
    from sklearn import datasets, linear_model, pipeline, preprocessing
except ImportError:
    datasets = None


def need_sklearn():
    if datasets is None:
        raise t.Skip("no Python module sklearn")


def write(name, X, y, names=None, **how):
    with h5py.File(name, "w") as f:
        f.create_dataset("X", data=X, **how)
        f["y"] = y
        if names is not None:
            f["feature_names"] = [str(n) for n in names]


def fit(name, *words, ranks=0, output="o.h5", target="/y", code=0, data="/X"):
    """Runs regress on a file with /X and /y; what the result holds."""
    words = ("regress", f"{name}:{data}", "--target", f"{name}:{target}", "-o", output, "--force", *words)
    r = t.run(*words, ranks=ranks)
    assert r.code == code, f"{words}: exit {r.code}\n{r.stderr}"
    with h5py.File(output) as f:
        result = {k: v[()] for k, v in f.items()}
        result["attributes"] = dict(f.attrs)
    result["run"] = r
    return result


def same(value, expected, tolerance, what):
    value, expected = np.asarray(value, float), np.asarray(expected, float)
    assert value.shape == expected.shape, f"{what}: shapes {value.shape}, {expected.shape}"
    error = np.abs(value - expected).max() / max(np.abs(expected).max(), 1e-300)
    assert error <= tolerance, f"{what}: relative error {error:.2e} > {tolerance}"


def compare(name, X, y, words, model, tolerance=1e-6, **how):
    """One penalty against a fitted model of scikit-learn."""
    r = fit(name, *words, "--tol", 1e-10, "--iterations", 1000000, **how)
    model.fit(X, y)
    what = f"{name} {words}"
    same(r["coef"][0], model.coef_, tolerance, what)
    same(r["intercept"], [model.intercept_], tolerance, what + " intercept")
    predicted = model.predict(X)
    same(r["mse"], [np.mean((predicted - y) ** 2)], max(tolerance, 1e-6), what + " mse")
    assert abs(r["r2"][0] - model.score(X, y)) < max(tolerance, 1e-9), what
    assert r["nonzero"][0] == np.count_nonzero(model.coef_), what
    same(X @ r["coef"][0] + r["intercept"][0], predicted, max(tolerance, 1e-9), what + " predictions")
    return r


TIGHT = {"tol": 1e-10, "max_iter": 1000000}


def two(name, X, y, **how):
    compare(name, X, y, ("--penalty", 0.5), linear_model.Ridge(alpha=0.5, solver="svd"), **how)
    compare(name, X, y, ("--model", "lasso", "--penalty", 0.05), linear_model.Lasso(alpha=0.05, **TIGHT), **how)


def four(name, X, y, **how):
    two(name, X, y, **how)
    compare(name, X, y, ("--penalty", 0), linear_model.LinearRegression(), **how)
    compare(name, X, y, ("--model", "elastic-net", "--l1-ratio", 0.3, "--penalty", 0.02),
            linear_model.ElasticNet(alpha=0.02, l1_ratio=0.3, **TIGHT), **how)


def generated(m, n, seed=0):
    g = np.random.default_rng(seed)
    X = g.normal(size=(m, n)) + 3
    return X, X[:, ::3] @ g.normal(size=len(range(0, n, 3))) + 5 + 0.5 * g.normal(size=m)


def test_diabetes():
    need_sklearn()
    d = datasets.load_diabetes()
    write("d.h5", d.data, d.target, d.feature_names)
    four("d.h5", d.data, d.target, ranks=2)
    r = fit("d.h5", "--penalty", 0)
    assert [n.decode() for n in r["feature_names_in_"]] == d.feature_names
    out = r["run"].stdout
    assert "s1" in out and "bmi" in out and "(intercept)" in out, out
    assert r["attributes"]["format"] in ("tartan-regress", b"tartan-regress")


def test_breast_cancer():
    need_sklearn()
    d = datasets.load_breast_cancer()
    write("b.h5", d.data, d.target)
    four("b.h5", d.data, d.target)
    scaled = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.Lasso(alpha=0.01, tol=1e-10))
    scaled.fit(d.data, d.target)
    r = fit("b.h5", "--model", "lasso", "--penalty", 0.01, "--scale", "--tol", 1e-10)
    same(r["coef"][0], scaled[1].coef_ / scaled[0].scale_, 1e-6, "scaled lasso")
    plain = linear_model.Ridge(alpha=2, fit_intercept=False).fit(d.data, d.target)
    r = fit("b.h5", "--penalty", 2, "--no-intercept")
    same(r["coef"][0], plain.coef_, 1e-6, "no intercept")
    assert r["intercept"][0] == 0 and abs(r["r2"][0] - plain.score(d.data, d.target)) < 1e-9


def test_path():
    need_sklearn()
    X, y = generated(500, 30)
    write("g.h5", X, y)
    r = fit("g.h5", "--model", "lasso", "--penalties", 20, "--tol", 1e-10, ranks=3)
    alphas, coefs, _ = linear_model.lasso_path(X - X.mean(0), y - y.mean(), n_alphas=20, tol=1e-10, max_iter=100000)
    same(r["penalties"], alphas, 1e-12, "penalties of the path")
    same(r["coef"], coefs.T, 1e-6, "coefficients of the path")
    assert r["nonzero"][0] == 0 and r["attributes"]["converged"] == 1
    lines = [line for line in r["run"].out if line.strip() and line.split()[0][0].isdigit() and len(line.split()) == 4]
    assert 5 <= len(lines) <= 13, r["run"].stdout
    r = fit("g.h5", "--model", "elastic-net", "--l1-ratio", 0.7, "--penalty", "0.01,1,0.1", "--tol", 1e-10)
    assert list(r["penalties"]) == [1, 0.1, 0.01]
    for i, alpha in enumerate(r["penalties"]):
        e = linear_model.ElasticNet(alpha=alpha, l1_ratio=0.7, tol=1e-10, max_iter=100000).fit(X, y)
        same(r["coef"][i], e.coef_, 1e-6, f"elastic net {alpha}")


def test_types():
    need_sklearn()
    g = np.random.default_rng(1)
    X, y = generated(300, 12)
    single = X.astype("f4")
    write("f.h5", single, y.astype("f4"))
    two("f.h5", single.astype("f8"), y.astype("f4").astype("f8"))
    b = g.integers(0, 256, size=(1000, 12), dtype="u1")
    label = (b[:, 0] // 26).astype("u1")
    write("u.h5", b, label)
    two("u.h5", b.astype("f8"), label.astype("f8"), ranks=2)
    write("c.h5", b, b[:, :3] @ np.array([0.5, 1, 2.25]) + g.normal(size=1000), chunks=(64, 5), compression="gzip")
    with h5py.File("c.h5") as f:
        two("c.h5", b.astype("f8"), f["y"][()])
    i = g.integers(-1000, 1000, size=(400, 6)).astype(">i2")
    write("i.h5", i, i[:, 0] * 3 + g.integers(0, 9, size=400), chunks=(100, 6))
    with h5py.File("i.h5") as f:
        two("i.h5", i.astype("f8"), f["y"][()].astype("f8"))


def test_layouts_of_the_target():
    X, y = generated(120, 5)
    write("x.h5", X, y)
    with h5py.File("x.h5", "a") as f:
        f["column"], f["row"], f["turned"] = y[:, None], y[None, :], X.T
    first = fit("x.h5", ranks=2)
    for target in ("/column", "/row"):
        assert (fit("x.h5", target=target)["coef"] == first["coef"]).all(), target
    assert (fit("x.h5", "--samples", "columns", data="/turned")["coef"] == first["coef"]).all()


def minimum_norm(X, y):
    """Not LinearRegression's, which keeps singular values down to eps and finds coefficients of 1e11 here."""
    return np.linalg.lstsq(X - X.mean(0), y - y.mean(), rcond=1e-12)[0]


def test_singular():
    need_sklearn()
    X, y = generated(200, 6)
    X = np.hstack([X, X[:, :3] * 2 + 1, np.full((200, 1), 0.1)])
    write("s.h5", X, y)
    r = fit("s.h5", "--penalty", 0)
    same(r["coef"][0], minimum_norm(X, y), 1e-9, "minimum norm")
    assert "rank 6 of 10" in r["run"].stdout and r["coef"][0, 9] == 0, r["run"].stdout
    X, y = generated(20, 50)
    write("w.h5", X, y)
    same(fit("w.h5", "--penalty", 0, ranks=2)["coef"][0], minimum_norm(X, y), 1e-8, "fewer samples than features")
    compare("w.h5", X, y, ("--penalty", 3), linear_model.Ridge(alpha=3, solver="svd"))
    compare("w.h5", X, y, ("--model", "lasso", "--penalty", 0.1), linear_model.Lasso(alpha=0.1, tol=1e-10, max_iter=100000))


def test_special():
    write("one.h5", np.array([[1.0, 2.0]]), np.array([7.0]))
    r = fit("one.h5", "--penalty", 0, ranks=3)
    assert (r["coef"] == 0).all() and r["intercept"][0] == 7 and np.isnan(r["r2"][0])
    X, _ = generated(50, 3)
    write("flat.h5", X, np.full(50, 0.3))
    r = fit("flat.h5", "--model", "lasso")
    assert (r["coef"] == 0).all() and np.isnan(r["r2"]).all() and (r["mse"] < 1e-30).all()


def test_ends_of_the_range():
    X, y = generated(60, 4)
    for scale, target, feature in ((1e-300, 1, "feature 0"), (1, 1e-200, "target"), (1e200, 1, "overflow")):
        write("r.h5", X * scale, y * target)
        for words in ((), ("--no-intercept", "--model", "lasso")):
            t.refused(7, feature, "regress", "r.h5:/X", "--target", "r.h5:/y", *words, "-o", "o.h5", ranks=2)
    assert not os.path.exists("o.h5")
    write("r.h5", X * 1e-130, y * 1e-130)
    small = fit("r.h5", "--penalty", 0)
    write("r.h5", X, y)
    same(small["coef"], fit("r.h5", "--penalty", 0)["coef"], 1e-10, "coefficients of small data")
    plain = fit("r.h5", "--penalty", 0)["coef"]
    for model in ("lasso", "elastic-net"):  # a penalty below the rounding of gradients
        r = fit("r.h5", "--model", model, "--penalty", "1e-100", "--iterations", 200)
        same(r["coef"], plain, 1e-6, "hardly penalised")


def test_bytes_on_any_ranks():
    X, y = generated(3000, 40)
    write("n.h5", X, y)
    b = np.random.default_rng(2).integers(0, 256, size=(3000, 40), dtype="u1")
    write("m.h5", b, (b[:, 0] > 99).astype("i4"))
    cases = (("n.h5", ("--model", "lasso", "--penalties", 9)), ("m.h5", ("--penalty", "0,1")))
    for name, words in cases:
        first = fit(name, *words, ranks=1)
        for ranks in (2, 3, 4):
            other = fit(name, *words, ranks=ranks)
            for key in ("coef", "intercept", "mse", "r2", "penalties", "nonzero"):
                assert first[key].tobytes() == other[key].tobytes(), f"{name} {words}: {key} on {ranks} ranks"


def test_json_plan_and_second_run():
    X, y = generated(100, 4)
    write("j.h5", X, y, ["a", "b", "c", "d"])
    words = ("regress", "j.h5", "--target", "j.h5:/y", "--penalty", "2,1")
    plan = t.ok(*words, "--plan")
    assert "one pass" in plan.stdout and not os.path.exists("j.regress.h5"), plan.stdout
    assert "#SBATCH" in t.ok(*words, "--plan", "--sbatch").stdout
    least = re.search(r"give --memory (\d+M)", t.refused(5, "4 features", *words, "--memory", "66M", ranks=2).stderr)
    t.ok(*words, "--memory", least[1], "-o", "least.h5", ranks=2)
    t.ok(*words, "--json", "j.json", ranks=2)
    with open("j.json", encoding="utf-8") as f:
        report = json.load(f)["result"]
    assert report["penalties"] == [2, 1] and len(report["last_coef"]) == 4 and report["converged"] is True
    assert "nothing to do" in t.ok(*words).stdout
    t.refused(3, "penalty", *words[:-1], "3")
    t.ok(*words[:-1], "3", "--force")


def test_short_of_tolerance():
    X, y = generated(100, 20)
    write("k.h5", X, y)
    words = ("--model", "lasso", "--penalty", 0.001, "--tol", 1e-12, "--iterations", 2)
    for ranks in (1, 3):
        r = fit("k.h5", *words, ranks=ranks, code=4)
        assert "duality gap" in r["run"].err[0] and r["attributes"]["converged"] == 0
    t.refused(4, "tolerance", "regress", "k.h5:/X", "--target", "k.h5:/y", "-o", "o.h5", *words)


def test_refused():
    X, y = generated(60, 4)
    hole, infinite = y.copy(), X.copy()
    hole[7], infinite[5, 2] = np.nan, np.inf
    write("r.h5", X, y)
    with h5py.File("r.h5", "a") as f:
        f["short"], f["hole"], f["infinite"], f["text"] = y[:-1], hole, infinite, ["x"] * 60
        f["table"] = X
    before = sorted(os.listdir())
    base = ("regress", "r.h5:/X", "--target")
    cases = ((3, "59 numbers for 60 samples", (*base, "r.h5:/short")), (3, "NaN", (*base, "r.h5:/hole")),
             (3, "text", (*base, "r.h5:/text")), (3, "none", (*base, "r.h5:/none")),
             (3, "60 x 4", (*base, "r.h5:/table")), (3, "none.h5", (*base, "none.h5:/y")),
             (3, ["Inf", "sample 5, feature 2"], ("regress", "r.h5:/infinite", "--target", "r.h5:/y")),
             (2, "--target", ("regress", "r.h5:/X")), (2, "--penalty", (*base, "r.h5:/y", "--penalty=-1")),
             (2, "--penalty", (*base, "r.h5:/y", "--penalty", "1,,2")),
             (2, "--penalty", (*base, "r.h5:/y", "--penalty", "nan")),
             (2, "--l1-ratio", (*base, "r.h5:/y", "--model", "elastic-net", "--l1-ratio", "0")),
             (2, "--l1-ratio", (*base, "r.h5:/y", "--model", "lasso", "--l1-ratio", "0.5")),
             (2, "--ratio", (*base, "r.h5:/y", "--model", "lasso", "--ratio", "0")),
             (2, "--penalties", (*base, "r.h5:/y", "--penalties", "5")),
             (2, "--tol", (*base, "r.h5:/y", "--tol=-1")), (2, "--iterations", (*base, "r.h5:/y", "--iterations", "0")),
             (2, "input", (*base, "r.h5:/y", "-o", "r.h5", "--force")))
    for i, (code, text, words) in enumerate(cases):
        for ranks in ((0, 3) if i in (0, 6) else (0,)):
            t.refused(code, text, *words, ranks=ranks)
    t.refused(5, "give --memory", *base, "r.h5:/y", "--memory", "1M", ranks=3)
    assert sorted(os.listdir()) == before, os.listdir()


if __name__ == "__main__":
    t.main()
