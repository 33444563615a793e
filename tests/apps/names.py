#!/usr/bin/env python3
# TEST: labels=app timeout=300
"""Names of features: in the first line of a run, in the result, and as what `pca transform` matches features by."""
import random

from tartan_test import exported, main, npy, ok, refused

NAMES = ["length", "width", "größe", "weight in g", "height"]


def table(name, columns, extra=0):
    """NAME.h5 of 30 samples with some of five features, and others that nobody knows."""
    random.seed(2)
    rows = [[random.gauss(j, 1 + j) for j in range(len(NAMES))] for _ in range(30)]
    with open(f"{name}.csv", "w", encoding="utf-8") as f:
        print(",".join([NAMES[j] for j in columns] + ["extra"] * extra), file=f)
        for row in rows:
            print(",".join([repr(row[j]) for j in columns] + ["1"] * extra), file=f)
    ok("convert", f"{name}.csv", "-o", f"{name}.h5", "-f")
    return f"{name}.h5"


def test_names():
    for ranks in (1, 3):
        text = ok("pca", table("a", range(5)), "-k", 2, "-o", "p.h5", "--report", "p.html", "-f", ranks=ranks)
        assert text.out[0].endswith("; features: length, width, größe, weight in g, ..."), text.out[0]
        assert "/feature_names_in_" in ok("info", "p.h5").stdout
        with open("p.html", encoding="utf-8") as f:
            assert "größe" in f.read()
    for ranks in (1, 3):
        ok("pca", "transform", "p.h5", table("b", [4, 2, 0, 1, 3]), "-o", "s.h5", "-f", ranks=ranks)
        for one, other in zip(npy(exported("p.h5:/X_pca")), npy(exported("s.h5:/X_pca"))):
            assert max(abs(x - y) for x, y in zip(one, other)) < 1e-12
        refused(3, "lacks the model's feature \"größe\"", "pca", "transform", "p.h5", table("c", [0, 1, 3, 4]),
                ranks=ranks)
        refused(3, "does not know the data's feature \"extra\"", "pca", "transform", "p.h5",
                table("d", range(5), extra=1), ranks=ranks)


main()
