#!/usr/bin/env python3
# TEST: labels=app,io timeout=300
"""generate ratings: the same bytes on any number of ranks, and a power law around planted factors."""
from tartan_test import main, need, ok, refused


def test_generate_same_on_every_rank_count():
    need("h5py")
    import h5py

    for options in (["--timestamps"], ["--implicit", "--with-factors", "--rank", "3", "--noise", "0"]):
        seen = set()
        for ranks, threads in ((0, 1), (2, 2), (3, 1), (4, 1)):
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
    for i, (users, items, ratings) in enumerate(((30, 40, 600), (1, 1, 1), (5, 2, 5), (3, 1000, 1500), (1000, 3, 7))):
        for kind in ([], ["--implicit"]):
            ok("generate", "ratings", "-m", users, "-n", items, "--ratings", ratings, *kind, "-o", "x.h5", "--force",
               ranks=3 if kind and i in (1, 4) else 0)
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


main()
