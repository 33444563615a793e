"""Matrices in files, and what commands make of them, for tests against NumPy."""
import os

from tartan_test import need, ok, refused

RANKS = (1, 2, 3, 4)

# Commands that solve, and what follows x.h5: those that write a file, and those that print numbers.
FILES = {"lu": [], "cholesky": [], "solve": ["b.h5"], "lstsq": ["b.h5"], "inv": [], "pinv": [], "matrix-power": ["-k", -2],
         "multi-dot": ["x.h5", "b.h5"]}
NUMBERS = {"det": [], "slogdet": [], "rank": [], "cond": [], "norm": ["--kind", "2"]}


def numpy():
    need("h5py", "numpy")
    import numpy as np

    return np


def save(name, data, attributes=None, **how):
    """A file with the dataset /X."""
    import h5py

    with h5py.File(name, "w") as f:
        f.create_dataset("X", data=data, **how).attrs.update(attributes or {})
    return name


def by_matlab(name, data):
    """The dataset as MATLAB writes it: columns as rows."""
    np = numpy()
    return save(name, np.ascontiguousarray(data.T), {"MATLAB_class": np.bytes_("double")}) + ":/X"


def load(name):
    """Datasets and root attributes, by name."""
    import h5py

    with h5py.File(name) as f:
        return {k: v[()] for k, v in f.items()}, dict(f.attrs)


def made(*words, ranks):
    """What a command writes: datasets and attributes. The attributes that all results have are looked at."""
    ok(*words, "-o", "o.h5", "--force", ranks=ranks)
    datasets, attributes = load("o.h5")
    assert attributes["complete"] == 1 and attributes["format"] == f"tartan-{words[0]}", attributes
    assert attributes["ranks"] == ranks and attributes["short_of_tolerance"] == "no", attributes
    return datasets, attributes


def numbers(*words, ranks=0):
    """The numbers that a command prints with --quiet."""
    return [float(line) for line in ok(*words, "--quiet", ranks=ranks).out]


def unit(x):
    return 2.0**-24 if x.dtype == "f4" else 2.0**-53


def near(got, want, limit, what=""):
    np = numpy()
    error = np.linalg.norm(np.asarray(got, "f8") - want)
    assert np.shape(got) == np.shape(want), f"{what}: shape {np.shape(got)}, expected {np.shape(want)}"
    assert error <= limit, f"{what}: error {error:.3e}, limit {limit:.3e}"


def positive(n, g):
    np = numpy()
    x = g.normal(size=(n, n))
    return x @ x.T / n + np.eye(n)


def system(n=60):
    """x.h5, positive definite, and b.h5, one-dimensional: what the commands above take."""
    g = numpy().random.default_rng(1)
    save("b.h5", g.normal(size=n))
    save("x.h5", positive(n, g))


def with_condition(n, condition, g):
    """A square matrix of that condition in the 2-norm."""
    np = numpy()
    u, v = np.linalg.qr(g.normal(size=(n, n)))[0], np.linalg.qr(g.normal(size=(n, n)))[0]
    return (u * condition ** -np.linspace(0, 1, n)) @ v


def nothing_left(before):
    left = set(os.listdir(".")) - set(before)
    assert not left, f"left behind: {left}"


def refuse(code, part, *words, ranks=(0, 3)):
    """A command ends with the code, one line and no file, on each number of ranks."""
    before = os.listdir(".")
    for r in ranks:
        refused(code, part, *words, "-o", "out.h5", ranks=r)
        nothing_left(before)
