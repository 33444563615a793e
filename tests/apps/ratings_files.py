"""Helpers of the tests of ratings: sources of `tartan convert`, and what came of them in out.h5."""
import gzip
import os

from tartan_test import ok, refused


def h5(*names):
    """Datasets of out.h5 as lists."""
    import h5py

    with h5py.File("out.h5") as f:
        assert f.attrs["complete"] == 1
        return [f[name][()] for name in names]


def texts(name):
    return [t.decode() for t in h5(name)[0]]


def write(name, text, packed=False):
    data = text if isinstance(text, bytes) else text.encode()
    with (gzip.open if packed else open)(name, "wb") as f:
        f.write(data)


def convert(name, *options, ranks=0):
    return ok("convert", name, "-o", "out.h5", "--force", *options, ranks=ranks)


def bad(code, part, name, text, *options, ranks=0):
    write(name, text)
    refused(code, part, "convert", name, "-o", "bad.h5", *options, ranks=ranks)
    assert not os.path.exists("bad.h5")
