#!/usr/bin/env python3
# TEST: labels=app,io timeout=120
"""generate ratings: the same bytes on any number of ranks, and a power law; convert: ratings and sparse matrices of every
format against what was written, and every kind of bad input with file, line and column."""
import collections
import gzip
import io
import os
import struct
import zipfile

from tartan_test import main, need, ok, refused


def column(source, kind, ranks=0):
    """The numbers of a one-dimensional dataset, through `tartan export` to .npy, without NumPy."""
    ok("export", source, "-o", "column.npy", "--force", ranks=ranks)
    with open("column.npy", "rb") as f:
        data = f.read()
    length = struct.unpack("<H", data[8:10])[0]
    header, body = data[10:10 + length].decode(), data[10 + length:]
    assert f"'{kind}'" in header, f"{source}: {header}, {kind} expected"
    code = {"<i8": "q", "<i4": "i", "<f4": "f", "<f8": "d"}[kind]
    return struct.unpack(f"<{len(body) // struct.calcsize(code)}{code}", body)


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


def test_generate_same_on_every_rank_count():
    need("h5py")
    import h5py

    for options in (["--timestamps"], ["--implicit", "--with-factors", "--rank", "3"], ["--exponent", "0", "--noise", "0"]):
        seen = set()
        for ranks, threads in ((1, 1), (2, 2), (3, 1), (4, 1)):
            ok("generate", "ratings", "--users", 301, "--items", 203, "--ratings", 5003, "--seed", 5, *options, "-o", "x.h5",
               "--force", ranks=ranks, threads=threads)
            with h5py.File("x.h5") as f:
                found = {}
                f.visititems(lambda name, d: found.update({name: d[()].tobytes()} if hasattr(d, "dtype") else {}))
            seen.add(tuple(sorted(found.items())))
        assert len(seen) == 1, f"{options}: {len(seen)} results"
        names = [name for name, _ in next(iter(seen))]
        assert ("timestamp" in names) == ("--timestamps" in options)
        assert ("planted/item_factors" in names) == ("--with-factors" in options)


def test_generate_power_law():
    """The case of the benchmarks: half of the users have fewer than 15, nobody has an item twice."""
    need("h5py", "numpy")
    import h5py
    import numpy as np

    ok("generate", "ratings", "-m", 30000, "-n", 40000, "--ratings", 720000, "--with-factors", "-o", "x.h5", ranks=2)
    with h5py.File("x.h5") as f:
        user, item, rating = f["user"][:], f["item"][:], f["rating"][:]
        x, y = f["planted/user_factors"][:], f["planted/item_factors"][:]
    assert len(np.unique(user * 40000 + item)) == 720000 and user.min() == 0 and item.min() >= 0 and item.max() < 40000
    for ids, many in ((user, 30000), (item, 40000)):
        count = np.sort(np.bincount(ids, minlength=many))[::-1]
        assert (count < 15).mean() > 0.5 and count[0] > 2000
        slope = np.polyfit(np.log(np.arange(20, 2000)), np.log(count[20:2000]), 1)[0]
        assert abs(slope + 0.62) < 0.05, slope
    assert np.bincount(user, minlength=30000).min() > 0
    error = rating - 3.5 - (x[user] * y[item]).sum(1) / np.sqrt(8)
    assert abs(error.mean()) < 0.01 and abs(error.std() - 0.5) < 0.01


def test_generate_dense_and_small():
    for users, items, ratings in ((30, 40, 600), (1, 1, 1), (5, 2, 5), (3, 1000, 1500), (1000, 3, 7)):
        for kind in ([], ["--implicit"]):
            ok("generate", "ratings", "-m", users, "-n", items, "--ratings", ratings, *kind, "-o", "x.h5", "--force",
               ranks=3)
    need("h5py")
    import h5py

    with h5py.File("x.h5") as f:
        count = f["rating"][:]
        assert len(count) == 7 and count.min() >= 1 and (count == count.astype(int)).all()


def test_generate_refusals():
    refused(2, "generate ratings needs --items N --ratings R", "generate", "ratings", "-m", 5, "-o", "x.h5")
    refused(2, "more than half of all pairs of 4 users and 5 items: at most 12", "generate", "ratings", "-m", 4, "-n", 5,
            "--ratings", 13, "-o", "x.h5", ranks=2)
    refused(2, "--exponent 1.5", "generate", "ratings", "-m", 4, "-n", 5, "--ratings", 3, "-o", "x.h5", "--exponent", 1.5)


def test_movielens():
    need("h5py")
    rows = [(196, 242, 3, 881250949), (186, 302, 3, 891717742), (22, 377, 1, 878887116)]
    forms = {"u.data": "".join("\t".join(map(str, r)) + "\n" for r in rows),
             "ratings.dat": "".join("::".join(map(str, r)) + "\r\n" for r in rows),
             "ratings.csv": "userId,movieId,rating,timestamp\n" + "".join(",".join(map(str, r)) + "\n" for r in rows)}
    for name, text in forms.items():
        for packed in (False, True):
            for ranks in (1, 3):
                where = name + ".gz" if packed else name
                write(where, text, packed)
                said = convert(where, ranks=ranks)
                assert "3 ratings" in said.stdout and "MovieLens" in said.stdout, said.stdout
                for c, got in enumerate(h5("user", "item", "rating", "timestamp")):
                    assert list(got) == [r[c] for r in rows], (name, c, got)
                assert h5("rating")[0].dtype == "f4" and h5("timestamp")[0].dtype == "i8"
    write("table.tsv", forms["u.data"])  # the same under another name is a table of numbers
    convert("table.tsv")
    assert h5("X")[0].shape == (3, 4)
    convert("table.tsv", "--format", "movielens")
    assert list(h5("user")[0]) == [196, 186, 22]


def test_tables():
    need("h5py")
    write("a.csv", 'rating;"user";when;item\n4.1;"b c";;"x;y"\n-2;a;;z\n\n# a comment\n0;007;;x\n')
    convert("a.csv", "--format", "ratings-csv", ranks=2)
    assert texts("user_ids") == ["007", "a", "b c"] and texts("item_ids") == ["x", "x;y", "z"]
    user, item, rating = h5("user", "item", "rating")
    assert list(user) == [2, 1, 0] and list(item) == [1, 2, 0] and list(rating) == [4.1, -2, 0]
    assert rating.dtype == "f8"  # 4.1 is not exact in f32
    write("b.tsv", "5\tä\n-7\tb\n")  # no names, no ratings
    said = convert("b.tsv", "--format", "ratings-csv")
    assert "2 ratings of 1" in said.stdout
    assert list(h5("user")[0]) == [5, -7] and texts("item_ids") == ["b", "ä"] and list(h5("item")[0]) == [1, 0]
    write("c.txt", "3 4  1.5 10.5\n5 6 2.5  11\n")
    convert("c.txt", "--format", "ratings-csv")
    assert list(h5("timestamp")[0]) == [10.5, 11] and list(h5("rating")[0]) == [1.5, 2.5]


def test_many_names():
    need("h5py")
    lines = [(f"user-{i * 7919 % 5000}", f"p{i % 700}", i % 5) for i in range(30000)]
    write("many.csv", "user,item,rating\n" + "".join(f"{u},{i},{r}\n" for u, i, r in lines))
    convert("many.csv", "--format", "ratings-csv", ranks=2)
    users, items = texts("user_ids"), texts("item_ids")
    assert users == sorted({u for u, _, _ in lines}) and items == sorted({i for _, i, _ in lines})
    user, item, rating = h5("user", "item", "rating")
    assert all((users[u], items[i], r) == line for u, i, r, line in zip(user, item, rating, lines))


def test_bad_tables():
    head = "userId,movieId,rating,timestamp\n1,2,3,4\n"
    bad(3, 'ratings.csv: line 3, column 3 (rating): "good" is not a finite number', "ratings.csv", head + "1,3,good,5\n")
    bad(3, "ratings.csv: line 4, column 3 (rating): the cell is empty", "ratings.csv", head + "\n1,3,,5\n", ranks=3)
    bad(3, 'line 3, column 4 (timestamp): "inf" is not a finite number', "ratings.csv", head + "1,3,2,inf\n")
    bad(3, 'line 3, column 1 (user): "x" is not a whole number', "ratings.csv", head + "x,3,2,1\n")
    bad(3, "line 3 has 2 cells; the rating should stand in the 3th", "ratings.csv", head + "1,3\n")
    bad(3, "has a line of names but no line of ratings", "ratings.csv", "userId,movieId,rating\n")
    bad(3, "is empty", "ratings.csv", "")
    bad(3, "names no column for the items", "a.csv", "user,thing,rating\na,b,3\n", "--format", "ratings-csv")
    bad(3, "has one cell", "a.csv", "user\na\n", "--format", "ratings-csv")
    bad(3, 'line 1, column 2 (item): "?" is not a whole number', "a.dat", "1::?::3\n", "--format", "movielens")
    bad(2, "not for ratings", "a.csv", head, "--format", "movielens", "--id-column", "1")
    refused(3, "nowhere.csv", "convert", "nowhere.csv", "--format", "movielens")


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
    for shape in ((1, 1), (40, 30), (7, 900), (3000, 2)):
        for kind in (scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.coo_matrix):
            for dtype, compressed in ((np.float64, True), (np.float32, False), (np.int64, True), (bool, False)):
                a = rng.integers(-4, 5, shape) * (rng.random(shape) < 0.3)
                a[0, 0] = 1
                want = kind(a.astype(dtype))
                scipy.sparse.save_npz("a.npz", want, compressed=compressed)
                convert("a.npz", ranks=rng.integers(1, 4))
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
    cases = [("real", scipy.sparse.coo_matrix(a * 0.1), {}), ("integer", scipy.sparse.coo_matrix(a), {}),
             ("pattern", scipy.sparse.coo_matrix((a != 0).astype(float)), {"field": "pattern"}),
             ("symmetric", scipy.sparse.coo_matrix(square * 1.0), {"symmetry": "symmetric"})]
    for name, want, how in cases:
        scipy.io.mmwrite("a.mtx", want, **how)
        assert name in open("a.mtx", encoding="ascii").readline()
        for ranks in (1, 3):
            convert("a.mtx", ranks=ranks)
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


def npy(code, values):
    kind = {"<f8": "d", "<i4": "i", "<i8": "q"}[code]
    header = f"{{'descr': '{code}', 'fortran_order': False, 'shape': ({len(values)},), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}{kind}", *values)


def archive(**change):
    """A .npz by hand: [[1, 0, 2], [0, 0, 3]]; changed or, with None, left out."""
    form = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + b"{'descr': '|S3', 'fortran_order': False, 'shape': (), }".ljust(117) + b"\n"
    member = {"data": npy("<f8", [1, 2, 3]), "indices": npy("<i4", [0, 2, 2]), "indptr": npy("<i4", [0, 2, 3]),
              "shape": npy("<i8", [2, 3]), "format": form + b"csr", **change}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in member.items():
            if data is not None:
                z.writestr(name + ".npy", data)
    return file.getvalue()


def test_bad_archives():
    good = archive()
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
                       ("damaged zip archive", good[:len(good) - 30]), ("damaged zip archive", b"PK\3\4" + bytes(90)),
                       ("the format \"csX\"", archive(format=archive_format(b"csX")))):
        bad(3, part, "a.npz", data, ranks=2)
    for cut in range(0, len(good), 97):  # whatever is damaged, no crash
        write("a.npz", good[:cut] + b"\xff" * 3 + good[cut + 3:])
        from tartan_test import run
        assert run("convert", "a.npz", "-o", "bad.h5", "--force").code in (0, 3, 5), cut


def archive_format(name):
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + b"{'descr': '|S3', 'fortran_order': False, 'shape': (), }".ljust(117) + b"\n" + name


def test_power_law_of_counts():
    """Counts without h5py, through export."""
    ok("generate", "ratings", "-m", 2000, "-n", 500, "--ratings", 20000, "-o", "x.h5")
    try:
        user = column("x.h5:/user", "<i8")
    except AssertionError:
        return  # export takes two dimensions only
    assert len(user) == 20000 and len(collections.Counter(user)) <= 2000


main()
