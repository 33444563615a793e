#!/usr/bin/env python3
# TEST: labels=apps timeout=300
"""What a newcomer stumbles over: outputs that are inputs, help where it is asked for, results that say what is wrong."""
import json
import os
import shutil

from tartan_test import close, main, need, npy, exported, ok, refused, run


def make(name="x.h5", *more):
    ok("generate", "matrix", "-m", 40, "-n", 5, "-o", name, "--force", *more)
    return name


def csv(name="t.csv"):
    with open(name, "w", encoding="utf-8") as f:
        f.write("id,height,weight,town\nr1,1,2,Rome\nr2,3,4,\"York, New\"\nr3,5,,Ulm\n")
    return name


def contents(path):
    with open(path, "rb") as f:
        return f.read()


def test_output_is_never_an_input():
    make()
    make("labels.h5")
    ok("pca", "x.h5", "-o", "model.h5")
    csv()
    for kind in (os.link, os.symlink):
        for name in ("x.h5", "t.csv", "model.h5", "labels.h5"):
            kind(name, f"{kind.__name__}-{name}")
    before = {name: contents(name) for name in ("x.h5", "t.csv", "model.h5", "labels.h5")}
    for prefix, force in (("", ()), ("./", ("--force",)), ("link-", ("--force",)), ("symlink-", ("--force",))):
        for name, *words in (("t.csv", "convert", "t.csv", "-o"),
                             ("x.h5", "pca", "x.h5", "-o"),
                             ("x.h5", "pca", "x.h5", "--report"),
                             ("x.h5", "pca", "x.h5:/X", "-o", "new.h5", "--json"),
                             ("labels.h5", "pca", "x.h5", "-k2", "--report", "r.html", "--color-by", "labels.h5:/X", "-o"),
                             ("model.h5", "pca", "transform", "model.h5", "x.h5", "-o"),
                             ("x.h5", "pca", "transform", "model.h5", "x.h5:/X", "-o"),
                             ("x.h5", "export", "x.h5:/X", "--format", "csv", "-o")):
            refused(2, "the output is the input", *words, prefix + name, *force)
    refused(2, "the output is the input", "info", "x.h5", "--json", "x.h5")
    refused(2, "the output is the input", "pca", "transform", "model.h5", "x.h5", "-o", "model.h5", "-f", ranks=2)
    shutil.copy("t.csv", "named.h5")
    refused(2, "the output is the input", "convert", "named.h5", "--force")
    for name, data in before.items():
        assert contents(name) == data, name


def test_report_replaces_no_file_of_the_run():
    """--json names no input, given as an operand or by an option, whatever else is wrong; nor the result."""
    make()
    make("other.h5")
    before = contents("other.h5")
    for words in (("search", "x.h5", "--queries", "other.h5"), ("search", "x.h5", "--queries", "other.h5", "-k", 0),
                  ("regress", "x.h5", "--target", "other.h5"), ("sample", "x.h5", "--count", 3, "--mean", "other.h5:/X"),
                  ("solve", "x.h5", "other.h5"), ("pca", "x.h5", "--color-by", "other.h5:/X", "-k", 0)):
        for ranks in (0, 2):
            refused(2, "the output is the input", *words, "--json", "./other.h5", ranks=ranks)
            assert contents("other.h5") == before, words
    for report, words in (("x.norm.h5", ("norm", "x.h5", "-o", "./x.norm.h5")), ("./x.qr.h5", ("qr", "x.h5"))):
        refused(2, "is the result file", *words, "--json", report)
        assert not os.path.exists(report)
    ok("qr", "x.h5")
    before = contents("x.qr.h5")
    refused(2, "is the result file", "qr", "x.h5", "--json", "x.qr.h5", ranks=2)
    assert contents("x.qr.h5") == before


def test_export_format():
    make()
    refused(2, ["cannot tell the format", "--format"], "export", "x.h5", "-o", "x.txt")
    ok("export", "x.h5", "-o", "x.txt", "--format", "tsv")
    ok("export", "x.h5", "-o", "x.tsv")
    assert contents("x.txt") == contents("x.tsv")


def test_info_of_a_dataset():
    make("x.h5", "--spectrum", "3,2,1")
    text = ok("info", "x.h5:/singular_values").stdout
    assert "/singular_values  " in text and "/X  " not in text, text
    data = json.loads(ok("info", "x.h5:X", "--json", "-").stdout)
    assert [d["path"] for d in data["datasets"]] == ["/X"]
    refused(3, ["no dataset /Y", "/X (40 x 5"], "info", "x.h5:/Y")
    assert not run("info", "x.h5:/Y").stdout
    ok("pca", "x.h5", "-k2", "-o", "p.h5")
    lines = ok("info", "p.h5", "-v").out
    names = [line.split()[0] for line in lines if line.startswith("  ") and line[2] not in " /"]
    assert len(names) == len(set(names)) and "libraries" in names, names
    assert "HDF5" in next(line for line in lines if line.startswith("  libraries"))
    group = ok("info", "p.h5:/diagnostics").stdout
    assert "/diagnostics/solver" in group and "/components_" not in group, group


def test_json_on_stdout():
    make()
    for words in (("pca", "x.h5", "-k2", "-o", "p.h5"), ("pca", "x.h5", "-k2", "--plan"), ("export", "x.h5", "-o", "x.csv")):
        for more in ((), ("--quiet",)):
            data = json.loads(ok(*words, "--json", "-", "--force", *more).stdout if words[-1] != "--plan" else
                              ok(*words, "--json", "-", *more).stdout)
            assert data["exit_code"] == 0
    assert not os.path.exists("-")


def test_convert_hdf5():
    make()
    for more in ((), ("--force",), ("--format", "csv"), ("-o", "y.h5")):
        refused(3, ["HDF5 already", "tartan pca x.h5"], "convert", "x.h5", *more)


def test_advice_matches():
    csv()
    for command in ("pca", "info"):
        result = refused(3, "tartan convert t.csv", command, "t.csv")
        assert "t.csv.h5" not in result.stderr, result.stderr
    ok("convert", "t.csv", "--id-column", "id", "--skip-columns", "town")
    assert os.path.exists("t.h5")


def test_help():
    pca = ok("pca", "--help").stdout
    assert ok("help", "pca").stdout == ok("pca", "help").stdout == pca
    transform = ok("pca", "transform", "--help").stdout
    assert ok("help", "pca", "transform").stdout == ok("pca", "transform", "help").stdout == transform
    matrix = ok("generate", "matrix", "--help").stdout
    for words in (("generate", "--help"), ("generate", "help"), ("help", "generate"), ("help", "generate", "matrix")):
        assert ok(*words).stdout == matrix, words
    assert "required" in ok("export", "--help").stdout
    for words in (("foo",), ("help", "foo")):
        result = refused(2, ["\"foo\"", "pca transform", "convert"], *words)
        assert "nearest" not in result.stderr
    refused(2, "the nearest is \"export\"", "exprot", "x.h5")
    assert "nearest" not in refused(2, "lists all", "pca", "x.h5", "--zzzz").stderr


def test_missing_arguments_are_named():
    make()
    refused(2, "needs FILE.h5[:/path] -o OUT", "export")
    refused(2, "needs -o OUT", "export", "x.h5")
    refused(2, "needs a value: OUT", "export", "x.h5", "-o")
    refused(2, "needs NEW.h5", "pca", "transform", "m.h5")
    text = refused(2, ["--features N", "-o FILE.h5"], "generate", "matrix", "--samples", "3").stderr
    assert "--samples" not in text, text


def test_quiet():
    make()
    csv()
    assert ok("pca", "x.h5", "-k2", "-o", "p.h5", "-q").out[1].split()[0] == "component"
    text = ok("pca", "x.h5", "-k2", "-o", "q.h5", "-q", "--inverse-error")
    for word in ("samples x", "solver", "written", "where", "memory"):
        assert word not in text.stdout, word
    assert "mean squared error" in text.stdout and not text.stderr
    for words in (("pca", "x.h5", "-k2", "-o", "p.h5"), ("pca", "transform", "p.h5", "x.h5"),
                  ("export", "x.h5", "-o", "x.csv"), ("convert", "t.csv", "--id-column=1", "--skip-columns=4"),
                  ("generate", "matrix", "-m3", "-n3", "-o", "g.h5")):
        result = ok(*words, "-q")
        assert not result.stdout and not result.stderr, (words, result.stdout)


def test_last_line_says_what_was_written():
    make()
    csv()
    for words, file in ((("pca", "x.h5", "-k2", "-o", "p.h5"), "p.h5"),
                        (("pca", "transform", "p.h5", "x.h5", "-o", "s.h5"), "s.h5:/X_pca"),
                        (("export", "x.h5", "-o", "x.csv"), "x.csv"),
                        (("convert", "t.csv", "--id-column=1", "--skip-columns=4"), "t.h5:/X"),
                        (("generate", "matrix", "-m3", "-n3", "-o", "g.h5"), "g.h5:/X")):
        assert ok(*words).out[-1] == f"written  {file}", words


def test_figures():
    make("one.h5")
    text = ok("generate", "matrix", "-m1", "-n1", "-o", "g.h5").stdout
    assert text.startswith("1 sample x 1 feature,"), text
    assert "GFLOP/s" not in ok("pca", "one.h5", "-k2", "-o", "p.h5").stdout
    plan = ok("pca", "one.h5", "-k2", "--plan", ranks=2).stdout
    for part in (" words (", "B) per rank over MPI", "time     under 1 s", "ranks    2 ranks x 1 thread on 1 node"):
        assert part in plan, plan


def test_columns_of_text():
    csv()
    refused(3, ["line 2, column 1 (id)", "--id-column id", "--skip-columns id"], "convert", "t.csv")
    refused(3, ["column 4 (town)", "--skip-columns town"], "convert", "t.csv", "--id-column", "id")
    for options in (("id", "town"), ("1", "4")):
        ok("convert", "t.csv", "-o", "t.h5", "--force", "--id-column", options[0], "--skip-columns", options[1], ranks=2)
        rows = npy(exported("t.h5:/X"))
        assert [list(r) for r in rows[:2]] == [[1, 2], [3, 4]] and rows[2][0] == 5 and rows[2][1] != rows[2][1], rows
    ok("convert", "t.csv", "-o", "u.h5", "--skip-columns", "id,4,weight")
    assert [r[0] for r in npy(exported("u.h5:/X"))] == [1, 3, 5]
    refused(2, ["no column \"age\"", "id, height, weight, town"], "convert", "t.csv", "-o", "v.h5", "--id-column", "age")
    refused(2, "none is left", "convert", "t.csv", "-o", "v.h5", "--skip-columns", "1,2,3,4")
    with open("plain.tsv", "w", encoding="utf-8") as f:
        f.write("a\t1\t2\nb\t3\t4\n")
    ok("convert", "plain.tsv", "--id-column", "1")
    assert [list(r) for r in npy(exported("plain.h5:/X"))] == [[1, 2], [3, 4]]
    ok("export", "plain.h5:/X", "-o", "x.npy")
    refused(2, "are for CSV and TSV", "convert", "x.npy", "--id-column", "1")
    ok("pca", "plain.h5", "-k1", "-o", "p.h5")
    assert "/sample_names  " in ok("info", "p.h5").stdout


def test_names_and_attributes():
    need("h5py")
    import h5py

    csv()
    ok("convert", "t.csv", "--id-column", "id", "--skip-columns", "town")
    make("x.h5", "--seed", "7")
    ok("pca", "x.h5", "-k2", "-o", "p.h5", "--inverse-error", "--no-scores", "--seed", "5")
    with h5py.File("t.h5") as f:
        assert [x.decode() for x in f["sample_names"][:]] == ["r1", "r2", "r3"]
        assert [x.decode() for x in f["feature_names"][:]] == ["height", "weight"]
    with h5py.File("x.h5") as f, h5py.File("p.h5") as p:
        for a in (f.attrs, p.attrs):
            for name in ("ranks", "threads", "seed", "reproducible", "complete"):
                assert a[name].dtype.kind == "i", name
        assert f.attrs["seed"] == 7 and p.attrs["seed"] == 5 and p.attrs["input_size"] == os.path.getsize("x.h5")
        assert "X_pca" not in p and 0 < p["diagnostics/inverse_error"][()] < 2
        assert p.attrs["short_of_tolerance"] == "no" and p.attrs["failed_checks"] == ""


def test_inverse_error_is_kept():
    need("h5py")
    import h5py

    make()
    ok("pca", "x.h5", "-k2", "-o", "p.h5")
    for words, name in ((("pca", "x.h5", "-k2", "-o", "a.h5"), "a.h5"),
                        (("pca", "x.h5", "-k2", "-o", "b.h5", "--no-scores"), "b.h5"),
                        (("pca", "transform", "p.h5", "x.h5", "-o", "c.h5"), "c.h5")):
        printed = ok(*words, "--inverse-error", ranks=2).stdout.split("reconstruction: ")[1].split()[0]
        with h5py.File(name) as f:
            close([f["diagnostics/inverse_error"][()]], [float(printed)], 1e-7)


def test_failed_checks_are_marked():
    make("x.h5", "--spectrum", "1,1e-5,1e-11")
    refused(4, ["--tol", "marked"], "pca", "x.h5", "-k3", "-o", "p.h5", "--tol", "1e-20")
    text = ok("info", "p.h5", "-v").stdout
    assert "failed_checks  floor, residual" in text and "short_of_tolerance yes" in text, text
    refused(4, "short of the tolerance", "pca", "x.h5", "-k3", "-o", "p.h5", "--tol", "1e-20")


def test_transform_of_holes():
    need("h5py")
    import h5py
    import numpy as np

    x = np.random.default_rng(1).standard_normal((1000, 5))
    holes = x.copy()
    holes[700, 1] = holes[900, 4] = holes[900, 3] = np.nan
    inf = holes.copy()
    inf[20, 0] = -np.inf
    for name, data in (("x.h5", x), ("nan.h5", holes), ("inf.h5", inf)):
        with h5py.File(name, "w") as f:
            f["X"] = data
    ok("pca", "x.h5", "-k2", "-o", "p.h5")
    for ranks in (1, 3):
        refused(3, ["2 samples", "sample 700", "--nan mean"], "pca", "transform", "p.h5", "nan.h5", "-o", "s.h5",
                ranks=ranks)
        refused(3, ["1 sample of the data has Inf", "sample 20 "], "pca", "transform", "p.h5", "inf.h5", "-o", "s.h5",
                "--nan", "mean", ranks=ranks)
        assert not os.path.exists("s.h5")
        ok("pca", "transform", "p.h5", "nan.h5", "-o", "s.h5", "--nan", "mean", ranks=ranks)
        with h5py.File("p.h5") as p, h5py.File("s.h5") as s:
            filled = np.where(np.isnan(holes), p["mean_"][:], holes)
            expected = (filled - p["mean_"][:]) @ p["components_"][:].T
            assert abs(s["X_pca"][:] - expected).max() < 1e-12
        os.remove("s.h5")
    ok("pca", "nan.h5", "-k2", "-o", "n.h5", "--nan", "mean")


def test_memory_that_would_do():
    ok("generate", "matrix", "-m", 4000, "-n", 600, "--dtype", "f32", "-o", "m.h5")
    said = []
    for size in ("20M", "70M", "85M"):
        result = run("pca", "m.h5", "-k5", "--plan", "--memory", size, ranks=2)
        if result.code == 0:
            continue
        assert result.code == 5 and len(result.err) == 1 and "rank " not in result.err[0].split("per rank")[0], result.stderr
        said.append(int(result.err[0].split("--memory ")[1].split("M")[0]))
    assert max(said) - min(said) <= 4, said
    ok("pca", "m.h5", "-k5", "--memory", f"{max(said) + 2}M", "-o", "p.h5", ranks=2)
    assert "--memory" in refused(5, "the program itself takes", "info", "m.h5", "--memory", "1M", ranks=2).stderr


def test_report_of_a_complete_result():
    make()
    ok("pca", "x.h5", "-k2", "-o", "p.h5")
    result = ok("pca", "x.h5", "-k2", "-o", "p.h5", "--report", "r.html")
    assert any("r.html is not written" in line and "--force" in line for line in result.warnings), result.stderr
    ok("pca", "x.h5", "-k2", "-o", "p.h5", "--report", "r.html", "--force")
    assert os.path.exists("r.html")


def test_sparse_anndata():
    need("h5py")
    import h5py
    import numpy as np

    with h5py.File("a.h5ad", "w") as f:
        f.attrs["encoding-type"] = "anndata"
        x = f.create_group("X")
        x.attrs["encoding-type"] = "csr_matrix"
        x["data"], x["indices"], x["indptr"] = [1.0, 2.0], [0, 1], [0, 1, 2]
    result = refused(3, ["AnnData", "sparse", "toarray"], "pca", "a.h5ad")
    assert "a.h5ad:/" not in result.stderr, result.stderr
    refused(3, ["csr_matrix", "toarray"], "pca", "a.h5ad:/X")
    with h5py.File("a.h5ad", "a") as f:
        f["obsm/X_other"] = np.ones((5, 2))
    refused(3, "a.h5ad:/obsm/X_other", "pca", "a.h5ad")


if __name__ == "__main__":
    main()
