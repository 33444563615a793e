#!/usr/bin/env python3
# TEST: labels=apps timeout=300
"""The page of tartan recommend train: complete, balanced, self-contained, small; of little data and of odd data too."""
import os
import re

from html_page import page
from tartan_test import main, need, ok, refused


def titles(text):
    return re.findall(r"<h2>(.*?)</h2>", text)


RATINGS = ["Ratings", "Activity of users", "Popularity of items"]
REST = ["Where the time went", "Traffic and memory, per rank", "The model", "Environment", "Command"]
HELD = ["RMSE on what was held out", "MAE on what was held out"]


def write(name, **columns):
    import h5py

    with h5py.File(name, "w") as f:
        for key, values in columns.items():
            f[key] = values
    return name


def generated():
    if not os.path.exists("r.h5"):
        ok("generate", "ratings", "--users=300", "--items=200", "--ratings=6000", "--seed=4", "-o", "r.h5")


def test_page():
    generated()
    done = ok("recommend", "train", "r.h5", "--model=als", "-k6", "--iterations=12", "--split=random", "--early-stop=rmse", "-o",
              "m.h5", "--report", "a<b&c.html", ranks=2)
    assert done.stdout.splitlines()[-1] == "written  a<b&c.html"
    text, tags = page("a<b&c.html")
    assert titles(text) == ["Loss", *HELD, *RATINGS, *REST], titles(text)
    assert tags.count("svg") == 8
    for part in ("6000 ratings of 300 users and 200 items, from r.h5:/", "mpirun -n 2 tartan recommend train", "a&lt;b&amp;c",
                 "The model is that of epoch", "0.1 of the ratings, at random", "damping 5", "on any number of ranks"):
        assert part in text, part
    again = ok("recommend", "train", "r.h5", "--model=als", "-k6", "--iterations=12", "--split=random", "--early-stop=rmse", "-o",
               "m.h5", "--report", "none.html", ranks=2)
    assert "is not written" in again.stderr and not os.path.exists("none.html")


def test_counts():
    """Heights of bars are the counts, on any number of ranks."""
    need("h5py", "numpy")
    import numpy as np

    user = np.repeat([1, 2, 3, 4], [1, 2, 4, 9])
    item = np.concatenate([np.arange(n) for n in (1, 2, 4, 9)])
    write("c.h5", user=user, item=item, rating=np.where(item < 3, 2.5, 4.0))
    seen = set()
    for ranks in (1, 3):
        ok("recommend", "train", "c.h5", "--model=als", "-k2", "--iterations=2", "-o", "c.m.h5", "--report", "c.html", "--force",
           ranks=ranks)
        text, _ = page("c.html")
        part = text.split("<h2>Ratings</h2>")[1].split("<h2>Where")[0]
        seen.add(part)
    assert len(seen) == 1
    values, users, items = re.split("<h2>.*?</h2>", part)
    heights = [float(h) for h in re.findall(r'class="bar" .*?height="([\d.]+)"', values)]
    assert len(heights) == 2 and abs(heights[0] / heights[1] - 9 / 7) < 1e-3, heights
    assert users.count('class="bar2"') == 4 and "4 ratings on average, 9 at most." in users
    assert items.count('class="bar3"') == 3 and "From 2.5 to 4" in values


def test_sweep():
    generated()
    with open("grid.txt", "w", encoding="utf-8") as f:
        f.write("factors = 2 5\nregularization = 0 0.3\nsolver = exact cg\n")
    ok("recommend", "train", "r.h5", "--iterations=3", "--unobserved-weight=0", "--sweep=grid.txt", "-o", "s.h5", "--report",
       "s.html", ranks=2)
    text, tags = page("s.html")
    assert titles(text) == ["Leaderboard", "Loss", *RATINGS, *REST], titles(text)
    rows = text.split("<h2>Leaderboard</h2>")[1].split("</section>")[0].split("<tr>")
    assert len(rows) == 10 and "regularization=" in rows[2] and "8 settings" in rows[-1], rows


def test_page_of_little():
    need("h5py")
    for name, words, rating in (("one", ("--model=als", "-k1", "--iterations=1"), [3.0]), ("bias", ("--model=bias",), [3.0]),
                                ("popularity", ("--model=popularity",), [3.0]), ("zero", ("-k1", "--iterations=2", "--solver=block"), [0.0]),
                                ("wide", ("-k1", "--iterations=2"), [1e-3, 17.5, 1e9]),
                                ("minus", ("--model=als", "-k1", "--iterations=2"), [-3.7, 5.123, 2000]),
                                ("none", ("--model=als", "-k1", "--iterations=2", "--split=random", "--nonnegative"), [1, 2, 3])):
        n = len(rating)
        write("x.h5", user=list(range(n)), item=list(range(n)), rating=rating)
        ok("recommend", "train", "x.h5", *words, "-o", f"{name}.h5", "--report", f"{name}.html", ranks=2)
        text, _ = page(f"{name}.html")
        assert titles(text)[-len(REST):] == REST and "Activity of users" in text


def test_bad_names():
    generated()
    words = ("recommend", "train", "r.h5", "-k2", "--iterations=1")
    refused(6, "cannot write the page", *words, "-o", "b.h5", "--report", "nowhere/b.html", ranks=2)
    refused(2, "the output is the input", *words, "--report", "r.h5", ranks=2)


main()
