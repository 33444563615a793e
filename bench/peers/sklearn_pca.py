#!/usr/bin/env python3
"""PCA of an HDF5 file as one would write it with h5py and scikit-learn: read, fit, transform.

usage: sklearn_pca.py DATA.h5 K SOLVER [--dtype f32|f64] [--values FILE.json]

SOLVER is scikit-learn's svd_solver: full, randomized, arpack. The data set is the file's only one of two dimensions.
Nothing is written unless --values asks for the variances, which then come with the seconds of each step.
"""
import argparse
import json
import time

start = time.perf_counter()

import h5py  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402


def read(path):
    with h5py.File(path, "r") as f:
        found = []
        f.visititems(lambda name, item: found.append(name) if getattr(item, "ndim", 0) == 2 else None)
        if len(found) != 1:
            raise SystemExit(f"{path}: {len(found)} two-dimensional data sets, expected one")
        return f[found[0]][...]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data")
    parser.add_argument("k", type=int)
    parser.add_argument("solver", choices=("full", "randomized", "arpack"))
    parser.add_argument("--dtype", choices=("f32", "f64"), help="convert first; default: what scikit-learn makes of it")
    parser.add_argument("--values", metavar="FILE.json", help="write the variances and the seconds of each step")
    arguments = parser.parse_args()

    imported = time.perf_counter()
    x = read(arguments.data)
    if arguments.dtype:
        x = x.astype({"f32": "float32", "f64": "float64"}[arguments.dtype])
    loaded = time.perf_counter()
    model = PCA(n_components=arguments.k, svd_solver=arguments.solver, random_state=0)
    scores = model.fit_transform(x)
    fitted = time.perf_counter()
    if scores.shape != (x.shape[0], arguments.k):
        raise SystemExit("scores of another shape")
    if arguments.values:
        with open(arguments.values, "w", encoding="ascii") as out:
            json.dump({"explained_variance": model.explained_variance_.astype(float).tolist(),
                       "seconds_import": imported - start, "seconds_read": loaded - imported,
                       "seconds_fit": fitted - loaded}, out)


if __name__ == "__main__":
    main()
