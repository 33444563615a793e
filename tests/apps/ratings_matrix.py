#!/usr/bin/env python3
# TEST: labels=app,io,oracle timeout=300
"""convert: sparse matrices of SciPy and MatrixMarket against SciPy itself, and damaged ones."""
import io
import struct
import zipfile

from ratings_files import bad, convert, write
from tartan_test import main, need, run


def same_matrix(want):
    """/X of out.h5 is this matrix of SciPy."""
    import h5py
    import numpy as np
    import scipy.sparse

    with h5py.File("out.h5") as f:
        group = f["X"]
        assert group.attrs["encoding-type"] in ("csr_matrix", b"csr_matrix")
        got = scipy.sparse.csr_matrix((group["data"][:], group["indices"][:], group["indptr"][:]),
                                      tuple(group.attrs["shape"]))
    assert got.shape == want.shape and got.has_canonical_format
    assert (got != want.tocsr()).nnz == 0 and got.nnz == want.tocsr().nnz
    assert got.dtype == (np.float32 if want.dtype in (np.float32, bool, np.int8) else np.float64), got.dtype


def test_npz():
    need("h5py", "scipy")
    import numpy as np
    import scipy.sparse

    rng = np.random.default_rng(1)
    shapes, kinds = ((1, 1), (40, 30), (7, 900), (3000, 2)), (scipy.sparse.csr_matrix, scipy.sparse.csc_matrix,
                                                              scipy.sparse.coo_matrix)
    types = (np.float64, np.float32, np.int64, bool, np.int8)
    for i in range(9):  # kinds, types and shapes in turn
        shape, kind, dtype = shapes[i % 4], kinds[i % 3], types[i % 5]
        a = rng.integers(-4, 5, shape) * (rng.random(shape) < 0.3)
        a[0, 0] = 1
        want = kind(a.astype(dtype))
        scipy.sparse.save_npz("a.npz", want, compressed=i % 2 == 0)
        convert("a.npz", ranks=i % 5 if i < 5 else 0)
        same_matrix(want)
    twice = scipy.sparse.coo_matrix(([1.0, 2.0, 0.0], ([0, 0, 1], [3, 3, 2])), (2, 5))
    scipy.sparse.save_npz("a.npz", twice)
    convert("a.npz", "--format", "npz")
    same_matrix(twice)


def market(*lines):
    return "\n".join(lines) + "\n"


def test_matrix_market():
    need("h5py", "scipy")
    import numpy as np
    import scipy.io
    import scipy.sparse

    rng = np.random.default_rng(2)
    a = rng.integers(-4, 5, (50, 20)) * (rng.random((50, 20)) < 0.2)
    square = a[:20] + a[:20].T
    cases = [("real", scipy.sparse.coo_matrix(a * 0.25), {}), ("integer", scipy.sparse.coo_matrix(a), {}),
             ("pattern", scipy.sparse.coo_matrix((a != 0).astype(float)), {"field": "pattern"}),
             ("symmetric", scipy.sparse.coo_matrix(square * 1.0), {"symmetry": "symmetric"})]
    for name, want, how in cases:
        scipy.io.mmwrite("a.mtx", want, **how)
        assert name in open("a.mtx", encoding="ascii").readline()
        convert("a.mtx", ranks=3 if how else 0)
        same_matrix(want.astype(float))
    write("skew.mtx", market("%%MatrixMarket matrix coordinate real skew-symmetric", "% note", "3 3 1", "2 1 5e0"))
    convert("skew.mtx", "--format", "matrixmarket")
    same_matrix(scipy.sparse.coo_matrix(([5.0, -5.0], ([1, 0], [0, 1])), (3, 3)))


def test_bad_matrices():
    head = "%%MatrixMarket matrix coordinate real general"
    bad(3, 'a.mtx: line 4, column 2 (column): "4" is not a whole number from 1 to 3', "a.mtx",
        market(head, "2 3 2", "1 1 5", "2 4 6"), ranks=2)
    bad(3, 'line 3, column 3 (value): "x" is not a finite number', "a.mtx", market(head, "2 3 1", "1 1 x"))
    bad(3, 'line 3, column 3 (value): "" is not a finite number', "a.mtx", market(head, "2 3 1", "1 1"))
    bad(3, "is cut off: it has 1 of 2 entries", "a.mtx", market(head, "2 3 2", "1 1 5"))
    bad(3, "no line of sizes", "a.mtx", market(head))
    bad(3, "dense MatrixMarket file", "a.mtx", market("%%MatrixMarket matrix array real general", "1 1", "5"))
    bad(3, "no others", "a.mtx", market("%%MatrixMarket matrix coordinate complex general", "1 1 1", "1 1 5 6"))
    bad(3, "holds no entry", "a.mtx", market(head, "2 3 0"))
    bad(3, "symmetric matrix of 2 x 3", "a.mtx", market("%%MatrixMarket matrix coordinate real symmetric", "2 3 0"))


def npy_of(code, shape, body):
    header = f"{{'descr': '{code}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + body


def npy(code, values):
    kind = {"<f8": "d", "<i4": "i", "<i8": "q"}[code]
    return npy_of(code, f"({len(values)},)", struct.pack(f"<{len(values)}{kind}", *values))


def npy_text(text):
    return npy_of(f"|S{len(text)}", "()", text)


def archive(**change):
    """A .npz by hand: [[1, 0, 2], [0, 0, 3]]; changed or, with None, left out."""
    member = {"data": npy("<f8", [1, 2, 3]), "indices": npy("<i4", [0, 2, 2]), "indptr": npy("<i4", [0, 2, 3]),
              "shape": npy("<i8", [2, 3]), "format": npy_text(b"csr"), **change}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        for name, data in member.items():
            how = zipfile.ZIP_STORED if name == "data" else zipfile.ZIP_DEFLATED
            if data is not None:
                z.writestr(name + ".npy", data, how)
    return file.getvalue()


def test_bad_archives():
    good, stored = archive(), npy("<f8", [1, 2, 3])
    assert stored in good
    write("a.npz", good)
    convert("a.npz", ranks=2)
    nan = float("nan")
    for part, data in (("indices.npy is missing", archive(indices=None)), ("shape.npy is missing", archive(shape=None)),
                       ("indices.npy: element 1 is 3; it must lie in 0 .. 2", archive(indices=npy("<i4", [0, 3, 2]))),
                       ("indptr.npy does not rise", archive(indptr=npy("<i4", [0, 2, 2]))),
                       ("indptr.npy has 2 elements; 3 numbers are needed", archive(indptr=npy("<i4", [0, 3]))),
                       ("indices.npy has 2 elements; 3 numbers", archive(indices=npy("<i4", [0, 2]))),
                       ("data.npy holds NaN at element 1", archive(data=npy("<f8", [1, nan, 3]))),
                       ("data.npy is no .npy file", archive(data=b"nothing of the kind")),
                       ("damaged zip archive (data.npy)", good.replace(stored, stored[:-1] + b"\x41")),
                       ("damaged zip archive", good[:len(good) - 30]), ("damaged zip archive", b"PK\3\4" + bytes(90)),
                       ("the format \"csX\"", archive(format=npy_text(b"csX")))):
        bad(3, part, "a.npz", data, ranks=2 if "missing" in part else 0)
    for cut in range(0, len(good), 197):  # whatever is damaged, no crash
        write("a.npz", good[:cut] + b"\xff" * 3 + good[cut + 3:])
        assert run("convert", "a.npz", "-o", "bad.h5", "--force").code in (0, 3, 5), cut


main()
