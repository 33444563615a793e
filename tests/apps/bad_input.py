#!/usr/bin/env python3
# TEST: labels=app,oracle timeout=300
"""Each kind of bad input: the right exit code, one line from one rank, no hang, nothing left behind."""
import os

from tartan_test import main, need, ok, refused

RANKS = (0, 3)  # 0: one, without mpirun


def pca_refused(code, part, source, *how, left=()):
    """On one rank and on three; afterwards the folder holds what it held before."""
    before = sorted(os.listdir("."))
    for ranks in RANKS:
        refused(code, part, "pca", source, "-o", "out.h5", *how, ranks=ranks)
        assert sorted(os.listdir(".")) == before, f"left behind: {set(os.listdir('.')) - set(before)}"


def h5(name, **datasets):
    import h5py

    with h5py.File(name, "w") as f:
        for key, value in datasets.items():
            f[key] = value
    return name


def test_no_such_file():
    pca_refused(3, "missing.h5", "missing.h5")
    pca_refused(3, "missing.h5", "missing.h5:/X")
    os.mkdir("folder")
    pca_refused(3, "folder", "folder")


def test_not_hdf5():
    for name, data, part in (("a.csv", b"x,y\n1,2\n3,4\n", "tartan convert"),
                             ("a.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8'", "tartan convert"),
                             ("a.gz", b"\x1f\x8b\x08\x00" + bytes(60), "a.gz"),
                             ("a.h5", b"CDF\x01" + bytes(60), "netCDF"),
                             ("empty.h5", b"", "empty"),
                             ("random.h5", bytes(range(1, 200)), "HDF5")):
        with open(name, "wb") as f:
            f.write(data)
        pca_refused(3, [name, part], name)


def test_truncated():
    ok("generate", "matrix", "-m", 300, "-n", 20, "-o", "x.h5")
    with open("x.h5", "rb+") as f:
        f.truncate(20000)
    pca_refused(3, ["x.h5", "truncated"], "x.h5")


def test_which_dataset():
    need("h5py")
    import numpy as np

    pca_refused(3, "/nothing", h5("one.h5", X=np.ones((4, 3))) + ":/nothing")
    pca_refused(3, ["/A", "/B"], h5("two.h5", A=np.ones((4, 3)), B=np.ones((5, 2))))
    ok("pca", "two.h5:/B", "-o", "b.h5", ranks=3)


def test_shapes_and_types():
    need("h5py")
    import h5py
    import numpy as np

    pca_refused(3, "v.h5", h5("v.h5", X=np.ones(4)))
    pca_refused(3, "c.h5", h5("c.h5", X=np.ones((4, 3, 2))))
    pca_refused(3, "e.h5", h5("e.h5", X=np.ones((0, 3))))
    with h5py.File("s.h5", "w") as f:
        f.create_dataset("X", data=[["a", "b"], ["c", "d"]], dtype=h5py.string_dtype())
    pca_refused(3, "s.h5", "s.h5:/X")
    pca_refused(3, "r.h5", h5("r.h5", X=np.zeros((4, 3), dtype=[("a", "f8"), ("b", "i4")])) + ":/X")
    pca_refused(3, "g.h5", h5("g.h5", **{"group/X": np.ones((3, 3, 3))}) + ":/group")


def test_unknown_filter():
    need("h5py")
    import h5py
    import numpy as np

    with h5py.File("lzf.h5", "w") as f:
        f.create_dataset("X", data=np.ones((40, 30)), compression="lzf")
    pca_refused(3, ["lzf", "h5repack"], "lzf.h5")


def test_nan_and_inf():
    need("h5py")
    import numpy as np

    x = np.random.default_rng(1).normal(size=(500, 7))
    x[321, 4] = x[400, 0] = np.nan
    for solver in ("gram", "full", "tsqr"):
        pca_refused(3, ["NaN", "321", "2"], h5("nan.h5", X=x), "--solver", solver)
    x[17, 3] = np.inf
    pca_refused(3, "17", h5("inf.h5", X=x), "--nan", "mean")


def test_sizes():
    need("h5py")
    import numpy as np

    pca_refused(2, "4", h5("x.h5", X=np.random.default_rng(1).normal(size=(9, 4))), "-k", 5)
    pca_refused(2, "sample", h5("one.h5", X=np.ones((1, 4))))
    pca_refused(2, "likelihood", h5("wide.h5", X=np.random.default_rng(1).normal(size=(4, 9))), "-k", "mle")
    pca_refused(2, "36", "x.h5", "--image-shape", "6x6")


def test_external_and_virtual():
    need("h5py")
    import h5py
    import numpy as np

    h5("real.h5", X=np.random.default_rng(1).normal(size=(9, 4)))
    with h5py.File("virtual.h5", "w") as f:
        layout = h5py.VirtualLayout(shape=(9, 4), dtype="f8")
        layout[:] = h5py.VirtualSource("real.h5", "X", shape=(9, 4))
        f.create_virtual_dataset("X", layout)
    with h5py.File("link.h5", "w") as f:
        f["X"] = h5py.ExternalLink("real.h5", "/X")
    with open("raw.bin", "wb") as f:
        f.write(np.ones((9, 4)).tobytes())
    with h5py.File("external.h5", "w") as f:
        f.create_dataset("X", (9, 4), "f8", external=[("raw.bin", 0, 288)])
    for name in ("virtual.h5", "external.h5"):
        pca_refused(3, "--allow-external", name)
    pca_refused(3, "link.h5", "link.h5:/X")
    ok("pca", "virtual.h5", "--allow-external", "-o", "v.h5", ranks=3)


def test_labels():
    need("h5py")
    import numpy as np

    h5("x.h5", X=np.random.default_rng(1).normal(size=(9, 4)))
    pca_refused(3, "8 numbers for 9 samples", "x.h5", "--report", "r.html", "--color-by", h5("y.h5", y=np.ones(8)) + ":/y")
    pca_refused(3, "missing.h5", "x.h5", "--report", "r.html", "--color-by", "missing.h5:/y")
    pca_refused(2, "--color-by goes with --report", "x.h5", "--color-by", "y.h5:/y")


main()
