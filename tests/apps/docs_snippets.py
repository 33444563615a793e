#!/usr/bin/env python3
# TEST: labels=apps,oracle timeout=300
"""The documentation: its snippets run and print the right numbers, options of `pca` are all named, links resolve."""
import os
import re
import shutil
import subprocess
import sys

from tartan_test import Skip, close, exported, main, need, npy, ok

ROOT = os.environ.get("TARTAN_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
FORMATS = "docs/formats.md"
SHAPE = 500, 12, 3  # samples, features, components of the data that the snippets read


def text_of(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        return f.read()


def pages():
    """README.md and all of docs/, relative to the source."""
    found = ["README.md"]
    for folder, _, files in os.walk(os.path.join(ROOT, "docs")):
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in sorted(files) if name.endswith(".md")]
    return found


def snippets(language):
    """Blocks of that language in docs/formats.md behind a line `<!-- test -->`."""
    found = re.findall(rf"^<!-- test -->\n```{language}\n(.*?)^```$", text_of(FORMATS), re.MULTILINE | re.DOTALL)
    assert found, f"{FORMATS} has no ```{language} block behind <!-- test -->"
    return found


def make_files(*options):
    """data.h5 and pca.h5, whose names the snippets use; the mean squared error that the program printed."""
    m, n, k = SHAPE
    ok("generate", "matrix", "-m", m, "-n", n, "--spectrum", "9,5,3,2,1", "--noise", 0.01, "-o", "data.h5", "--force")
    done = ok("pca", "data.h5", "-k", k, "--inverse-error", "-o", "pca.h5", "--force", *options, ranks=2)
    return float(re.search(r"mean squared error of the reconstruction: (\S+)", done.stdout).group(1))


def run_snippet(command, code, name):
    """What a snippet printed: the first word of each line, and the others."""
    with open(name, "w", encoding="utf-8") as f:
        f.write(code)
    done = subprocess.run([*command, name], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, f"{name} of {FORMATS}: {done.stdout}{done.stderr}"
    lines = [line.split() for line in done.stdout.splitlines()]
    return {words[0]: words[1:] for words in lines if words}


def check_result(printed, shape):
    """What a snippet read from pca.h5, against `tartan export` and what was asked for."""
    m, _, k = SHAPE
    expected = {"component": npy(exported("pca.h5:/components_"))[0],
                "variance": [row[0] for row in npy(exported("pca.h5:/explained_variance_"))],
                "ratio": [row[0] for row in npy(exported("pca.h5:/explained_variance_ratio_"))],
                "score": npy(exported("pca.h5:/X_pca"))[0],
                "samples": [m],
                "shape": shape}
    assert len(expected["variance"]) == k
    for name, values in expected.items():
        assert len(printed[name]) == len(values), f"{name}: {printed[name]}, expected {values}"
        close([float(x) for x in printed[name]], values, 2e-6)
    assert printed["solver"] == ["gram"] and printed["format"] == ["tartan-pca"], printed
    assert printed["reproducible"] == ["1"], printed


def test_python():
    need("h5py", "numpy")
    reading, by_hand, _ = snippets("python")
    _, n, k = SHAPE
    for options in ((), ("--scale", "std", "--whiten"), ("--no-center",)):
        error = make_files(*options)
        check_result(run_snippet([sys.executable], reading, "reading.py"), [k, n])
        printed = run_snippet([sys.executable], by_hand, "by_hand.py")
        assert float(printed["difference"][0]) < 1e-12, printed
        close([float(printed["error"][0])], [error], 1e-6)


def make_recommender():
    """r.h5, model.h5, top.h5, evaluate.h5, whose names the snippet uses, and files of the other commands."""
    ok("generate", "ratings", "--users=40", "--items=30", "--ratings=300", "-o", "r.h5", "--force")
    ok("generate", "ratings", "--implicit", "--users=40", "--items=30", "--ratings=300", "-o", "counts.h5", "--force")
    with open("grid.txt", "w", encoding="utf-8") as f:
        f.write("alpha = 1 2\n")
    words = {"model.h5": ["recommend", "train", "r.h5", "--split=random", "--sweep=grid.txt", "-k2"],
             "ease.h5": ["recommend", "train", "r.h5", "--model=ease"],
             "puresvd.h5": ["recommend", "train", "r.h5", "--model=puresvd", "-k2", "--split=random"],
             "parts.h5": ["recommend", "train", "r.h5", "--model=nmf", "-k2", "--iterations=20", "--min-rating=0"],
             "top.h5": ["recommend", "topn", "model.h5", "--seen=r.h5", "--count=5"],
             "new-top.h5": ["recommend", "topn", "ease.h5", "--fold-in=r.h5", "--count=5", "--exclude=1,2"],
             "similar.h5": ["recommend", "similar", "model.h5", "--count=5"],
             "evaluate.h5": ["recommend", "evaluate", "model.h5", "--test=r.h5", "--metrics=recall@5,ndcg@5,rmse"],
             "several.h5": ["recommend", "evaluate", "model.h5", "puresvd.h5", "--test=r.h5", "--fold-in=r.h5", "--per-user"],
             "nmf.h5": ["nmf", "counts.h5", "-k2", "--init=random", "--iterations=20"]}
    for path, arguments in words.items():
        ok(*arguments, "-o", path, "--force")
    return ["r.h5", *words]


def test_recommender():
    need("h5py", "numpy")
    make_recommender()
    printed = run_snippet([sys.executable], snippets("python")[2], "lists.py")
    ok("export", "top.h5", "-o", "top.csv")
    with open("top.csv", encoding="utf-8") as f:
        assert f.readline() == "user,rank,item,score\n"
        rows = [line.split(",") for line in f]
    mine = [row for row in rows if row[0] == printed["user"][0]]
    assert [row[1] for row in mine] == ["1", "2", "3", "4", "5"] and [row[2] for row in mine] == printed["items"], mine
    close([float(x) for x in printed["scores"]], [float(row[3]) for row in mine], 1e-12)
    assert float(printed["difference"][0]) < 1e-6, printed
    assert printed["metrics"] == ["recall@5", "ndcg@5", "rmse"] and len(printed["values"]) == 3, printed


def test_r():
    if not shutil.which("Rscript"):
        raise Skip("R (r-base-core) is not installed")
    if subprocess.run(["Rscript", "-e", "library(hdf5r)"], capture_output=True, check=False).returncode:
        raise Skip("hdf5r (r-cran-hdf5r) is not installed")
    _, n, k = SHAPE
    make_files()
    for code in snippets("r"):
        check_result(run_snippet(["Rscript"], code, "snippet.R"), [n, k])


def test_datasets_are_listed():
    """Every dataset and attribute of a result is in docs/formats.md, with its shape."""
    need("h5py")
    import h5py

    make_files()
    ok("pca", "transform", "pca.h5", "data.h5", "-o", "new.h5")
    linear = {"correlation.h5": ["covariance", "data.h5", "--correlation"], "covariance.h5": ["covariance", "data.h5"],
              "product.h5": ["matmul", "data.h5:/X", "data.h5:/X", "--transpose-a", "--check"],
              "transpose.h5": ["transpose", "data.h5:/X"], "norm.h5": ["norm", "data.h5:/X"], "trace.h5": ["trace", "data.h5:/X"],
              "lu.h5": ["lu", "data.h5:/X"], "lstsq.h5": ["lstsq", "data.h5:/X", "data.h5:/X"],
              "pinv.h5": ["pinv", "data.h5:/X"], "rank.h5": ["rank", "data.h5:/X"], "cond.h5": ["cond", "data.h5:/X"],
              "solve.h5": ["solve", "covariance.h5:/covariance", "covariance.h5:/covariance"],
              "inv.h5": ["inv", "covariance.h5:/covariance"], "det.h5": ["det", "covariance.h5:/covariance"],
              "slogdet.h5": ["slogdet", "covariance.h5:/covariance"], "cholesky.h5": ["cholesky", "covariance.h5:/covariance"],
              "power.h5": ["matrix-power", "covariance.h5:/covariance", "-k", "2"],
              "chain.h5": ["multi-dot", "data.h5:/X", "covariance.h5:/covariance"],
              "sample.h5": ["sample", "covariance.h5:/covariance", "--count", "5", "--mean", "covariance.h5:/mean"],
              "orthogonal.h5": ["sample", "--orthogonal", "9x4"], "search.h5": ["search", "data.h5:/X", "--all", "-k", "2"],
              "regress.h5": ["regress", "data.h5:/X", "--target", "column.h5"]}
    with h5py.File("data.h5") as f, h5py.File("column.h5", "w") as g:
        g["y"] = f["X"][:, 0]
    for path, words in linear.items():
        ok(*words, "-o", path)
    text = text_of(FORMATS)
    for path in ("pca.h5", "data.h5", "new.h5", *linear, *make_recommender()):
        names = []
        with h5py.File(path) as f:
            f.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
            names += list(f.attrs)
        for name in names:
            listed = f"`/{name}`" in text or f"`{name.split('/')[-1]}`" in text
            assert listed, f"{FORMATS} does not name {name} of {path}"


def test_options_are_named():
    page = text_of("docs/user/pca.md")
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", ok("pca", "--help").stdout))
    missing = sorted(o for o in options if not re.search(rf"{re.escape(o)}(?![\w-])", page))
    assert not missing, f"docs/user/pca.md does not name {' '.join(missing)}"
    pages = {"docs/user/data.md": ("generate matrix", "generate ratings", "convert", "export", "info", "sample"),
             "docs/user/linear-algebra.md": ("matmul", "transpose", "norm", "trace", "covariance"),
             "docs/user/factorizations.md": ("qr", "svd", "svdvals", "lowrank", "eigh", "eigvalsh", "eig"),
             "docs/user/solving.md": ("lu", "cholesky", "solve", "inv", "det", "slogdet", "lstsq", "pinv", "rank", "cond",
                                      "matrix-power", "multi-dot"),
             "docs/user/regress.md": ("regress",), "docs/user/search.md": ("search",), "docs/user/nmf.md": ("nmf",),
             "docs/user/machine.md": ("selftest", "doctor"), "docs/user/recommend.md": ("recommend train",),
             "docs/user/recommend-use.md": ("recommend topn", "recommend similar", "recommend evaluate")}
    for page, commands in pages.items():
        text = text_of(page)
        for command in commands:
            own = ok(*command.split(), "--help").stdout.split("Options of every computing command")[0]
            missing = [o for o in re.findall(r"^ {2}(?:-\w, | {4})(--[a-z-]+)", own, re.MULTILINE) if o not in text]
            assert not missing or missing == ["--output"], f"{page} does not name {' '.join(missing)} of {command}"


def test_links_resolve():
    broken = []
    for page in pages():
        text = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:|#", target):
                continue
            path = os.path.join(ROOT, os.path.dirname(page), target.split("#")[0])
            if not os.path.exists(path):
                broken.append(f"{page}: {target}")
    assert not broken, f"links to nothing: {', '.join(broken)}"


main()
