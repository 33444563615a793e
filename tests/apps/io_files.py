#!/usr/bin/env python3
# TEST: labels=app,io,oracle timeout=300
"""Files of h5py and NumPy read by `tartan export`, files of `tartan convert` read by h5py: the same numbers."""
import gzip
import os

from tartan_test import Skip, exported, fashion, main, need, ok, refused

TYPES = ["i1", "u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8",
         "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "g"]
LAYOUTS = {"contiguous": {},
           "chunks": {"chunks": (7, 3)},
           "all filters": {"chunks": (8, 4), "compression": "gzip", "shuffle": True, "fletcher32": True},
           "szip": {"chunks": (8, 4), "compression": "szip"}}


def numbers():
    import numpy as np

    return (np.arange(41 * 9) % 120).reshape(41, 9)


def read_back(source):
    """A dataset through `tartan export`, as NumPy sees it."""
    import io

    import numpy as np

    return np.load(io.BytesIO(exported(source)))


def test_every_type():
    need("h5py")
    import h5py
    import numpy as np

    a = numbers()
    with h5py.File("all.h5", "w") as f:
        for i, t in enumerate(TYPES):
            for name in {"contiguous", list(LAYOUTS)[i % len(LAYOUTS)]}:
                f.create_dataset(f"{t}/{name}", data=a.astype(t), **LAYOUTS[name])
    with h5py.File("all.h5") as f:
        for t in f:
            for name in f[t]:
                b = read_back(f"all.h5:/{t}/{name}")
                assert np.array_equal(a, b), (t, name)
                kept = np.dtype(t).kind != "f" or np.dtype(t).itemsize in (4, 8)
                assert b.dtype == (np.dtype(t).newbyteorder("=") if kept else np.float64), (t, name, b.dtype)


def test_special_values():
    need("h5py")
    import h5py
    import numpy as np

    a = np.array([[np.nan, np.inf, -np.inf], [-0.0, 5e-324, 1.7976931348623157e308]])
    with h5py.File("x.h5", "w") as f:
        f["f8"] = a
        f["f4"] = np.array([[1e-45, 3.4028235e38, np.nan]], "f4")
        f["bool"] = a > 0
        f["u8"] = np.array([[2**64 - 1, 2**63]], "u8")
    assert np.array_equal(read_back("x.h5:/f8"), a, equal_nan=True)
    assert read_back("x.h5:/f4").tobytes()[:8] == np.array([1e-45, 3.4028235e38], "f4").tobytes()
    assert np.array_equal(read_back("x.h5:/bool"), a > 0)
    assert read_back("x.h5:/u8").tolist() == [[2**64 - 1, 2**63]]
    for name in ("f8", "f4", "u8"):
        ok("export", f"x.h5:/{name}", "-o", "x.csv", "--force")
        with h5py.File("x.h5") as f:
            text = np.loadtxt("x.csv", delimiter=",", dtype=f[name].dtype, ndmin=2)
            assert np.array_equal(text, f[name][:], equal_nan=name != "u8"), name


def test_npy():
    need("h5py", "numpy")
    import h5py
    import numpy as np

    for i, t in enumerate(TYPES + ["?"]):
        for order in "CF":
            a = np.asarray(numbers().astype(t), order=order)
            with open("a.npy", "wb") as f:
                np.lib.format.write_array(f, a, version=(1 + i % 3, 0))
            ok("convert", "a.npy", "-o", "a.h5", "--force")
            with h5py.File("a.h5") as f:
                assert np.array_equal(f["X"][:], a), (t, order)
    np.save("v.npy", np.arange(5))
    ok("convert", "v.npy", "-o", "v.h5")
    with h5py.File("v.h5") as f:
        assert f["X"][:].tolist() == [[0], [1], [2], [3], [4]]
    np.save("complex.npy", np.zeros((2, 2), complex))
    refused(3, "c16", "convert", "complex.npy", "-o", "c.h5")


def test_csv():
    need("h5py", "numpy")
    import h5py
    import numpy as np

    a = np.random.default_rng(0).standard_normal((300, 7)) * 10.0 ** np.arange(-9, 12, 3)
    for name, write in (("a.csv", open), ("a.csv.gz", gzip.open)):
        with write(name, "wt") as f:
            f.write("a,b,c,d,e,f,\"g h\"\n")
            f.writelines(",".join(map(repr, row)) + "\n" for row in a.tolist())
        ok("convert", name, "-o", "a.h5", "--force", ranks=2)
        with h5py.File("a.h5") as f:
            assert np.array_equal(f["X"][:], a)
            assert [x.decode() for x in f["feature_names"][:]] == ["a", "b", "c", "d", "e", "f", "g h"]
    ok("export", "a.h5", "-o", "b.csv", ranks=2)
    with open("b.csv") as f:
        assert f.readline() == "a,b,c,d,e,f,\"g h\"\n"
    assert np.array_equal(np.loadtxt("b.csv", delimiter=",", skiprows=1), a)


def test_idx():
    need("h5py")
    import h5py
    import numpy as np

    source = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"
    fashion()
    with gzip.open(source) as f:
        images = np.frombuffer(f.read(), "u1", offset=16).reshape(60000, 784)
    with h5py.File("images.h5") as f:
        assert f["X"].dtype == "u1" and f["X"].chunks is None and np.array_equal(f["X"][:], images)
        assert f["X"].attrs["image_shape"].tolist() == [28, 28]
        assert f.attrs["complete"] == 1 and f.attrs["source"] == source


def test_plugins():
    """A filter that only a plugin could undo is named, with and without plugins allowed."""
    need("h5py")
    import h5py
    import numpy as np

    with h5py.File("lzf.h5", "w") as f:
        f.create_dataset("X", data=np.ones((100, 10)), compression="lzf")
    for more in ((), ("--allow-plugins",)):
        refused(3, ["lzf (32000)", "h5repack -f GZIP=1 lzf.h5 out.h5"], "export", "lzf.h5", "-o", "x.csv", *more)


def test_unfinished():
    """A file that a killed program left open for writing."""
    need("h5py")
    import h5py

    with h5py.File("x.h5", "w", libver="latest") as f:
        f["X"] = [[1.0, 2.0]]
        f.swmr_mode = True
        f.flush()
        with open("x.h5", "rb") as g:
            data = g.read()
    with open("left.h5", "wb") as g:
        g.write(data)
    refused(3, ["left.h5", "h5clear -s left.h5"], "export", "left.h5", "-o", "x.csv")


def test_unreadable():
    if os.geteuid() == 0:
        raise Skip("root may read everything")
    with open("secret.h5", "wb") as f:
        f.write(b"x")
    os.chmod("secret.h5", 0)
    refused(6, ["secret.h5", "permissions"], "export", "secret.h5", "-o", "x.csv")


if __name__ == "__main__":
    main()
