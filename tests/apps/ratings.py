#!/usr/bin/env python3
# TEST: labels=app,io timeout=300
"""convert: tables of ratings of every form against what was written, and every kind of bad input with file, line, column."""
from ratings_files import bad, convert, h5, texts, write
from tartan_test import main, need, refused


def test_movielens():
    need("h5py")
    rows = [(196, 242, 3, 881250949), (186, 302, 3, 891717742), (22, 377, 1, 878887116)]
    forms = {"u.data": "".join("\t".join(map(str, r)) + "\n" for r in rows),
             "ratings.dat": "".join("::".join(map(str, r)) + "\r\n" for r in rows),
             "ratings.csv": "userId,movieId,rating,timestamp\n" + "".join(",".join(map(str, r)) + "\n" for r in rows)}
    for name, text in forms.items():
        for packed, ranks in ((False, 3), (True, 0)):
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


def test_movielens_of_r():
    """What write.csv makes of it: quoted names, and a column of row names that has none."""
    write("quoted.csv", '"userId","movieId","rating"\n7,31,2.5\n2,31,4\n')
    assert "2 ratings" in convert("quoted.csv").stdout and h5("user", "rating")[0].tolist() == [7, 2]
    write("named.csv", '"","userId","movieId","rating"\n"1",7,31,2.5\n"2",2,29,4\n')
    assert "(MovieLens)" in convert("named.csv").stdout
    assert [a.tolist() for a in h5("user", "item", "rating")] == [[7, 2], [31, 29], [2.5, 4]]


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


main()
