#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=400
"""norm, trace, covariance, transpose: values against NumPy for every kind of file, on 1 to 4 ranks."""
import json

from tartan_test import main, need, ok

RANKS = (1, 2, 3, 4)


def numpy():
    need("h5py", "numpy")
    import numpy as np

    return np


def save(name, data, **how):
    import h5py

    with h5py.File(name, "w") as f:
        f.create_dataset("X", data=data, **how)
    return name


def load(name, dataset):
    import h5py

    with h5py.File(name) as f:
        return f[dataset][()]


def files(m, n, seed=1):
    """One matrix of each kind of file: (name, values as float64)."""
    np = numpy()
    x = np.random.default_rng(seed).normal(size=(m, n)) * 40
    kinds = {"f64": (x, {}), "f32": (x.astype("f4"), {}), "u8": (x.astype("i8").astype("u1"), {}),
             "i16": (x.astype(">i2"), {}), "packed": (x, {"chunks": (max(1, m // 7), max(1, n // 3)), "compression": "gzip"}),
             "flat": (x.astype("i4"), {"chunks": (1, n)})}
    for kind, (data, how) in kinds.items():
        yield save(f"{kind}-{m}x{n}.h5", data, **how), data


def number(*words, ranks=0):
    """The one number that a command prints with --quiet."""
    out = ok(*words, "--quiet", ranks=ranks).out
    assert len(out) == 1, out
    return float(out[0])


def test_norm():
    np = numpy()
    for shape in ((1, 1), (203, 61), (3, 5000), (9001, 2)):
        for name, data in files(*shape):
            if shape != (203, 61) and name[:3] != "f64":
                continue
            x = data.astype("f8")
            expected = {"fro": np.sqrt((x * x).sum()), "one": abs(x).sum(0).max(), "inf": abs(x).sum(1).max(),
                        "max": abs(x).max(), "sum": abs(x).sum(), "count": (x != 0).sum()}
            several = shape == (203, 61) and name[:3] in ("f64", "pac")
            for kind, value in expected.items():
                got = {number("norm", name, "--kind", kind, ranks=r) for r in (RANKS if several else (0,))}
                assert len(got) == 1, (name, kind, got)  # the same bits
                assert abs(got.pop() - value) <= 1e-13 * value, (name, kind)


def test_norm_of_extremes():
    np = numpy()
    np.seterr(over="ignore")
    for values in ([[3e300, 4e300]], [[3e-300, 4e-300]], [[3e-320, 4e-320]], [[3e200, 4e-200], [4e200, 1.0]],
                   [[1e-170, 1.0, 2e170]], [[0.0, 0.0]], [[1e308, 1e308, 1e308, 1e308]]):
        x = np.array(values)
        scale = abs(x).max() or 1
        want = np.linalg.norm(x / scale) * scale if scale > 1e-310 else 5e-320
        got = number("norm", save("x.h5", x))
        assert got == want or abs(got - want) <= 1e-14 * want or (want < 1e-310 and abs(got - want) < 1e-323), (x, got)
    save("nan.h5", np.array([[1.0, np.nan], [np.inf, 2.0]]))
    for kind in ("fro", "one", "inf", "max", "sum"):
        assert np.isnan(number("norm", "nan.h5", "--kind", kind, ranks=2)), kind
    save("inf.h5", np.array([[1.0, -np.inf], [3.0, 2.0]]))
    for kind in ("fro", "one", "inf", "max", "sum"):
        assert number("norm", "inf.h5", "--kind", kind, ranks=2) == np.inf, kind


def test_trace():
    np = numpy()
    for shape in ((150, 150), (1, 40), (700, 90), (65, 300)):
        for name, data in files(*shape):
            several = name[:3] in ("f64", "pac")
            if shape != (700, 90) and not several:
                continue
            want = np.trace(data.astype("f8"))
            got = {number("trace", name, ranks=r) for r in (RANKS if several and shape == (700, 90) else (3,))}
            assert len(got) == 1 and abs(got.pop() - want) <= 1e-13 * abs(data.astype("f8")).sum(), (name, want)


def test_scalars_are_written_on_demand():
    np = numpy()
    save("x.h5", np.array([[3.0, 0.0], [0.0, 4.0]]))
    for command, value in (("norm", 5), ("trace", 7)):
        assert f"{command}.h5" not in ok(command, "x.h5", "--json", "r.json", ranks=2).stdout
        ok(command, "x.h5", "-o", "v.h5", "--force", ranks=2)
        assert load("v.h5", "value") == value
        again = ok(command, "x.h5", "-o", "v.h5", ranks=3)
        assert "nothing to do" in again.stdout and again.out[-1].endswith(f"  {value}"), again.stdout
        assert number(command, "x.h5", "-o", "v.h5") == value
        with open("r.json", encoding="utf-8") as f:
            result = json.load(f)["result"]
        assert result == {"rows": 2, "columns": 2, "value": value}, result


def test_covariance():
    np = numpy()
    for shape in ((203, 31), (20, 90), (2, 3), (4000, 1)):
        for name, data in files(*shape):
            x = data.astype("f8")
            want = np.cov(x.T, ddof=1).reshape(shape[1], shape[1])
            seen = set()
            several = name[:3] in ("f64", "u8-")
            if shape != (203, 31) and not several:
                continue
            for ranks in RANKS if several and shape == (203, 31) else (1, 3) if several else (3,):
                ok("covariance", name, "-o", "c.h5", "--force", ranks=ranks)
                got = load("c.h5", "covariance")
                assert abs(got - want).max() <= 1e-12 * abs(want).max() and (got == got.T).all(), (name, ranks)
                assert abs(load("c.h5", "mean") - x.mean(0)).max() <= 1e-12 * abs(x).max()
                assert load("c.h5", "n_samples") == shape[0]
                seen.add(got.tobytes())
            assert len(seen) == 1, f"{name}: other bits on another number of ranks"


def test_covariance_options():
    np = numpy()
    import h5py

    x = np.random.default_rng(3).normal(size=(60, 5)) * [1, 1e3, 1e-3, 5, 1] + [0, 1e6, 1, 0, 7]
    x[:, 4] = 7
    with h5py.File("x.h5", "w") as f:
        f["X"] = x
        f["feature_names"] = ["a", "b", "c", "d", "still"]
    for ranks in RANKS:
        ok("covariance", "x.h5", "--ddof", 0, "-o", "c.h5", "--force", ranks=ranks)
        want = np.cov(x.T, ddof=0)
        assert (abs(load("c.h5", "covariance") - want) <= 1e-9 * np.sqrt(np.outer(np.diag(want), np.diag(want)))).all()
        done = ok("covariance", "x.h5", "--correlation", "-o", "r.h5", "--force", ranks=ranks)
        assert any("feature 4 (still)" in w for w in done.warnings), done.stderr
        got, want = load("r.h5", "correlation"), np.corrcoef(x[:, :4].T)
        assert abs(got[:4, :4] - want).max() < 1e-9 and (np.diag(got) == 1).all() and (got[4, :4] == 0).all()
        assert np.allclose(load("r.h5", "standard_deviation")[:4], x[:, :4].std(0, ddof=1), rtol=1e-12)
        assert [s.decode() for s in load("r.h5", "feature_names")] == ["a", "b", "c", "d", "still"]
    ok("covariance", save("t.h5", x.T.copy()), "--samples", "columns", "-o", "t-c.h5", ranks=2)
    ok("covariance", "x.h5", "-o", "x-c.h5", ranks=2)
    assert (load("t-c.h5", "covariance") == load("x-c.h5", "covariance")).all()
    holes = x.copy()
    holes[3, 0] = holes[4, 1] = np.nan
    ok("covariance", save("nan.h5", holes), "--nan", "mean", "-o", "n.h5", ranks=3)
    filled = np.where(np.isnan(holes), np.nanmean(holes, axis=0), holes)
    assert np.allclose(load("n.h5", "covariance"), np.cov(filled.T), rtol=1e-9, atol=1e-9)


def test_transpose():
    np = numpy()
    for shape in ((1, 1), (203, 61), (3, 5000), (5000, 3)):
        for name, data in files(*shape):
            if shape != (203, 61) and name[:3] not in ("f64", "u8-", "pac"):
                continue
            for ranks in RANKS if shape == (203, 61) else (4,):
                ok("transpose", name, "-o", "t.h5", "--force", ranks=ranks)
                got = load("t.h5", "X")
                assert got.dtype == data.dtype.newbyteorder("=") and (got == data.T).all(), (name, ranks)
    for dtype in ("f32", "f64"):
        for ranks in (1, 3):
            ok("transpose", "u8-203x61.h5", "--dtype", dtype, "-o", "t.h5", "--force", ranks=ranks)
            got = load("t.h5", "X")
            assert got.dtype == "f" + str(int(dtype[1:]) // 8) and (got == load("u8-203x61.h5", "X").T).all()
    save("nan.h5", np.array([[1.0, np.nan, -0.0]]))
    ok("transpose", "nan.h5", "-o", "t.h5", "--force")
    assert load("t.h5", "X").tobytes() == load("nan.h5", "X").tobytes()


def test_transpose_keeps_names():
    numpy()
    with open("t.csv", "w", encoding="utf-8") as f:
        f.write("id,height,weight\nr1,1,2\nr2,3,4\nr3,5,6\n")
    ok("convert", "t.csv", "--id-column", "id")
    ok("transpose", "t.h5", "-o", "u.h5", ranks=2)
    assert [s.decode() for s in load("u.h5", "sample_names")] == ["height", "weight"]
    assert [s.decode() for s in load("u.h5", "feature_names")] == ["r1", "r2", "r3"]


def test_files_of_matlab():
    """MATLAB writes the columns of a matrix as rows."""
    np = numpy()
    import h5py

    A = np.random.default_rng(5).normal(size=(40, 12))
    for name, how in (("m.h5", {}), ("chunked.h5", {"chunks": (5, 7)})):
        with h5py.File(name, "w") as f:
            f.create_dataset("X", data=A.T, **how)
            f["X"].attrs["MATLAB_class"] = np.bytes_("double")
        name += ":/X"
        for ranks in (1, 3):
            assert "40 x 12" in ok("norm", name).out[0] and "MATLAB" in ok("norm", name).out[0]
            assert abs(number("norm", name, "--kind", "one", ranks=ranks) - abs(A).sum(0).max()) < 1e-12
            assert abs(number("norm", name, "--kind", "inf", ranks=ranks) - abs(A).sum(1).max()) < 1e-12
            assert abs(number("trace", name, ranks=ranks) - np.trace(A)) < 1e-12
            done = ok("transpose", name, "-o", "t.h5", "--force", ranks=ranks)
            assert "as it stands in the file" in done.stdout and "strip" not in done.stdout, done.stdout
            assert (load("t.h5", "X") == A.T).all()
            ok("matmul", name, name, "--transpose-a", "-o", "p.h5", "--force", ranks=ranks)
            assert abs(load("p.h5", "C") - A.T @ A).max() < 1e-12
            ok("covariance", name, "-o", "c.h5", "--force", ranks=ranks)
            assert abs(load("c.h5", "covariance") - np.cov(A.T)).max() < 1e-12


main()
