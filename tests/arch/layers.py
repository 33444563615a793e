#!/usr/bin/env python3
# TEST: labels=arch timeout=120
"""Check that every line is in its room: layers, owners of foreign calls, size budget, first lines, index.

usage: layers.py [ROOT]      self-test, then the tree (default: TARTAN_SOURCE_DIR, else the tree of this file)
       layers.py --self-test only show that each kind of violation is found

Exit status 1 if anything is found. The rules are those of docs/architecture.md.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

LEVEL = {"base": 0, "ext": 1, "comm": 2, "kernel": 3, "matrix": 4, "sparse": 4, "io": 5, "blas": 5,
         "factor": 6, "oper": 6, "sketch": 7, "compat": 7, "model": 8, "apps": 9}
GENERATED = {"tt_config.h", "tt_revision.h"}
HEADER_LINES, FILE_LINES, BODY_LINES, MAIN_LINES, EXAMPLE_LINES = 300, 600, 100, 120, 60

# Allowed MPI calls outside comm (by room); everything else is a call that only comm may make.
MPI_ALLOWED = {
    "io": r"MPI_Info_\w+",
    "ext": r"MPI_Comm_c2f",
    "apps": r"MPI_(Init|Init_thread|Initialized|Finalize|Finalized|Abort|Comm_rank|Comm_size|Get_library_version|Wtime)",
}
SRC = {room for room in LEVEL if room != "apps"}
SHIPPED = SRC | {"apps"}
CALL = r"(?<![\w.>])(?:{})\s*\("

# (name, pattern on code without comments and strings, rooms in which it is a violation)
RULES = [
    ("HDF5 outside io", r"\bH5[A-Z]*_?\w*|#\s*include\s*<hdf5", SHIPPED - {"io"}),
    ("MPI_COMM_WORLD in the library", r"\bMPI_COMM_WORLD\b", SRC),
    ("Fortran symbol outside ext", r"\b[a-z]\w*[a-z0-9]_\s*\(|\bCblacs_\w+|\bnumroc\b", (SHIPPED | {"bench"}) - {"ext"}),
    ("BLAS vendor call outside ext", r"\b(?:openblas_|mkl_|MKL_|bli_)\w+", (SHIPPED | {"bench"}) - {"ext"}),
    ("dynamic loading outside ext", CALL.format("dlopen|dlsym|dlmopen|dlclose"), SHIPPED - {"ext"}),
    ("allocation outside base",
     CALL.format("malloc|calloc|realloc|reallocarray|free|strdup|strndup|posix_memalign|aligned_alloc|v?asprintf"),
     SHIPPED - {"base"}),
    ("printing outside base and the programs", CALL.format("v?printf|puts|putchar|perror"), SRC - {"base"}),
    ("stream output outside base, io and the programs", CALL.format("v?fprintf|fputs|fputc|putc"), SRC - {"base", "io"}),
    ("standard streams outside base and the programs", r"\b(?:stdout|stderr)\b", SRC - {"base"}),
    ("the library ends the process", CALL.format("exit|_exit|_Exit|quick_exit|abort|raise|kill"), SRC),
    ("the library reads the environment", CALL.format("(?:secure_)?getenv|setenv|putenv|unsetenv"), SRC),
    ("the library handles signals", CALL.format("signal|sigaction|alarm|setitimer"), SRC),
    ("cblas outside kernel", r"\bcblas_\w+|#\s*include\s*<cblas", SHIPPED - {"kernel"}),
    ("OpenMP pragma outside kernel", r"#\s*pragma\s+omp\b", SHIPPED - {"kernel"}),
    ("OpenMP call outside kernel and ext", r"\bomp_\w+|#\s*include\s*<omp", SHIPPED - {"kernel", "ext"}),
]
RULES = [(name, re.compile(pattern), rooms) for name, pattern, rooms in RULES]
MPI_CALL = re.compile(r"\bP?MPI_[A-Z][a-z]\w*(?=\s*\()")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.M)
HEAD = re.compile(r"([A-Za-z_]\w*)\s*\([^;{}]*\)\s*(?:__attribute__\s*\(\(.*?\)\)\s*)?$", re.S)


def blank(text, strings=True, directives=False):
    """Comments (and strings, and preprocessor lines) replaced by blanks of the same line count."""
    def keep(match):
        return re.sub(r"[^\n]", " ", match[0])

    def token(match):
        return keep(match) if match[0][0] == "/" or strings else match[0]

    text = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', token, text, flags=re.S)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", keep, text, flags=re.M) if directives else text


def bodies(text):
    """Yield (name, first line, lines between the braces) of each function."""
    depth, start, name, last = 0, 0, None, 0
    for i, c in enumerate(text):
        if c == "{":
            if depth == 0:
                head = HEAD.search(text[last:i].rstrip())
                name, start = head[1] if head else None, i
            depth += 1
        elif c == "}":
            depth = max(0, depth - 1)
            if depth == 0:
                if name:
                    yield name, text.count("\n", 0, start) + 1, max(0, text.count("\n", start, i) - 1)
                last, name = i + 1, None
        elif c == ";" and depth == 0:
            last = i + 1


def room_of(relative):
    """The layer of a file under src, else its top folder (include, apps, tests, bench, examples)."""
    return relative.parts[1] if relative.parts[0] == "src" else relative.parts[0]


def check_includes(relative, text, root):
    """Upward and sideways includes of src and apps; foreign includes of public headers and examples."""
    room = room_of(relative)
    for match in INCLUDE.finditer(blank(text, strings=False)):
        line, quote, target = text.count("\n", 0, match.start()) + 1, match[1], match[2]
        first = target.split("/")[0]
        if room in ("include", "examples"):
            if quote == '"':
                yield line, f'"{target}": only <...> headers that a user has'
        elif quote == '"' and ".." in target.split("/"):
            yield line, f'"{target}": includes name the layer, not the way there'
        elif quote == '"' and "/" not in target and room in SHIPPED:
            if target not in GENERATED and not (root / relative.parent / target).is_file():
                yield line, f'"{target}" is neither in this folder nor generated'
        elif quote == '"' and room in SHIPPED and first in LEVEL and first != room:
            if room not in LEVEL or LEVEL[first] >= LEVEL[room]:
                way = "sideways" if LEVEL[first] == LEVEL.get(room) else "upward"
                yield line, f'"{target}": {way} include from {room}'


def check_calls(relative, text):
    """Calls and names that belong to one room."""
    room, code = room_of(relative), blank(text)
    for name, pattern, rooms in RULES:
        if room in rooms:
            for match in pattern.finditer(code):
                yield code.count("\n", 0, match.start()) + 1, f"{match[0].strip(' (')}: {name}"
    if room in SHIPPED - {"comm"}:
        for match in MPI_CALL.finditer(code):
            if not re.fullmatch(MPI_ALLOWED.get(room, "-"), match[0]):
                yield code.count("\n", 0, match.start()) + 1, f"{match[0]}: MPI call outside comm"


def check_size(relative, text):
    """Files, headers, examples and function bodies within their budget."""
    lines = text.count("\n")
    limit = HEADER_LINES if relative.suffix == ".h" else FILE_LINES
    if relative.parts[0] == "examples":
        limit = EXAMPLE_LINES
    if lines > limit:
        yield 1, f"{lines} lines, more than {limit}"
    for name, line, length in bodies(blank(text, directives=True)):
        limit = MAIN_LINES if name == "main" else BODY_LINES
        if length > limit:
            yield line, f"{name} has {length} lines, more than {limit}"


def check_first_line(relative, text):
    """Tests are registered by their first line."""
    parts = relative.parts
    if parts[0] == "tests" and relative.suffix == ".c" and parts[1] not in ("support", "arch"):
        if not re.match(r"// TEST: .*\bnp=\d", text):
            yield 1, "a test begins with // TEST: np=... labels=..."


def check_index(root):
    """Every folder has a line in docs/architecture.md; every layer is a known one."""
    index = root / "docs" / "architecture.md"
    text = index.read_text() if index.is_file() else ""
    folders = [p.name for p in sorted((root / "src").glob("*")) if p.is_dir() and any(p.iterdir())]
    for folder in folders:
        if folder not in LEVEL:
            yield f"src/{folder}: no layer has this name"
    folders += [f for f in ("apps", "examples", "tests", "bench", "jobs", "cmake") if (root / f).is_dir()]
    for folder in folders:
        if not re.search(rf"^[\s|*`-]*(?:src/)?{folder}(?:/|`|\s)", text, re.M):
            yield f"docs/architecture.md: no line for {folder}/"


def check_headers(root):
    """Each public header compiles alone."""
    build = os.environ.get("TARTAN_BUILD_DIR")
    with tempfile.TemporaryDirectory() as scratch:
        generated = pathlib.Path(build or scratch) / "generated" / "include"
        template = root / "cmake" / "version.h.in"
        if not build and template.is_file():
            (generated / "tartan").mkdir(parents=True)
            (generated / "tartan" / "version.h").write_text(re.sub(r"@\w+@", "0", template.read_text()))
        for header in sorted((root / "include").rglob("*.h")):
            command = ["mpicc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c", "-I",
                       str(root / "include"), "-I", str(generated), "-include", str(header), os.devnull]
            run = subprocess.run(command, capture_output=True, text=True)
            if run.returncode:
                yield f"{header.relative_to(root)}: not self-contained\n{run.stderr.strip()}"


def check_tree(root):
    """All findings of a tree, as lines of text."""
    findings = []
    for folder in ("include", "src", "apps", "bench", "tests", "examples"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".c", ".h", ".inc") and path.is_file():
                relative, text = path.relative_to(root), path.read_text(errors="replace")
                for check in (lambda r, t: check_includes(r, t, root), check_calls, check_size, check_first_line):
                    findings += [f"{relative}:{line}: {what}" for line, what in check(relative, text)]
    return findings + list(check_index(root)) + list(check_headers(root))


# Files of a tree with nothing but violations, each with a part of the finding that it must give.
SEEDS = [
    ("src/base/a.c", '#include "comm/grid.h"\n', "upward include from base"),
    ("src/matrix/b.c", '#include "sparse/csr.h"\n', "sideways include from matrix"),
    ("src/kernel/c.inc", '#include "../io/file.h"\n', "includes name the layer"),
    ("src/io/gone.c", '#include "gone.h"\n', "neither in this folder"),
    ("src/blas/d.c", "void f(void) { H5Fclose(0); }\n", "HDF5 outside io"),
    ("src/blas/e.c", "#include <hdf5.h>\n", "HDF5 outside io"),
    ("src/factor/f.c", "int f(void) { return MPI_Barrier(c); }\n", "MPI call outside comm"),
    ("src/io/g.c", "int f(void) { return MPI_Bcast(a, 1, t, 0, c); }\n", "MPI call outside comm"),
    ("src/comm/h.c", "static MPI_Comm c = MPI_COMM_WORLD;\n", "MPI_COMM_WORLD"),
    ("src/blas/i.c", "void f(void) { pdgemm_(a); }\n", "Fortran symbol"),
    ("src/blas/i2.c", "void blacs_gridinit_(int *c);\n", "Fortran symbol"),
    ("src/matrix/j.c", "void f(void) { Cblacs_gridexit(1); }\n", "Fortran symbol"),
    ("src/kernel/k.c", "void f(void) { openblas_set_num_threads(1); }\n", "vendor call"),
    ("src/comm/l.c", "void *f(void) { return malloc(1); }\n", "allocation outside base"),
    ("apps/m.c", "void f(void *p) { free (p); }\n", "allocation outside base"),
    ("src/io/n.c", 'void f(void) { printf("x"); }\n', "printing outside"),
    ("src/oper/o.c", "void f(void) { fflush(stderr); }\n", "standard streams"),
    ("src/model/p.c", "void f(void) { exit(1); }\n", "ends the process"),
    ("src/base/q.c", 'char *f(void) { return getenv("X"); }\n', "reads the environment"),
    ("src/model/r.c", "void f(void) { signal(2, g); }\n", "handles signals"),
    ("src/blas/s.c", "double f(void) { return cblas_ddot(0, x, 1, x, 1); }\n", "cblas outside"),
    ("src/oper/t.c", "void f(void)\n{\n#pragma omp parallel\n}\n", "OpenMP pragma"),
    ("src/model/u.c", "int f(void) { return omp_get_max_threads(); }\n", "OpenMP call"),
    ("src/io/v.c", "void f(void)\n{\n" + "  g();\n" * 101 + "}\n", "f has 101 lines"),
    ("src/io/w.c", "/* */\n" * 601, "601 lines, more than 600"),
    ("include/tartan/x.h", "/* */\n" * 301, "301 lines, more than 300"),
    ("include/tartan/y.h", "int tartan_y(size_t n);\n", "not self-contained"),
    ("include/tartan/z.h", '#include "base/error.h"\n', "only <...> headers"),
    ("examples/long.c", "/* */\n" * 61, "61 lines, more than 60"),
    ("tests/unit/a.c", "/* no first line */\n", "a test begins with"),
    ("src/attic/a.c", "\n", "no layer has this name"),
    ("src/sparse/a.c", "\n", "no line for sparse/"),
]
# Files of a tree in which nothing may be found.
CLEAN = [
    ("src/base/a.c", "/* malloc( is ours; H5Fopen( is not */\nvoid *f(void) { return malloc(8); }\n"),
    ("src/comm/b.c", '#include "base/a.h"\nint f(MPI_Comm c) { return MPI_Barrier(c); }\n'),
    ("src/ext/c.c", "#include <dlfcn.h>\nvoid f(void) { dlopen(0, 0); MPI_Comm_c2f(c); pdgemm_(a); omp_set_num_threads(1); }\n"),
    ("src/io/d.c", '#include "comm/b.h"\nvoid f(void) { MPI_Info_create(&i); H5Fclose(f); snprintf(s, 1, "printf("); }\n'),
    ("src/oper/e.c", 'const char *n = "components_";\nvoid f(tt_ops *o) { o->free(o); tt_free(o); regex_exit(1); }\nMPI_Datatype g(MPI_Comm c);\n'),
    ("src/kernel/f.c", "void f(void)\n{\n#pragma omp parallel\n  cblas_dscal(1, 2.0, x, 1);\n}\n"),
    ("apps/g.c", '#include "model/pca.h"\nint main(void) { MPI_Init(0, 0); printf("x"); exit(0); }\n'),
    ("tests/unit/h.c", "// TEST: np=1 labels=unit\nvoid f(void) { free(malloc(1)); MPI_Barrier(c); }\n"),
    ("tests/support/i.c", "void f(void);\n"),
    ("include/tartan/j.h", "#include <stddef.h>\nint tartan_j(size_t n);\n"),
    ("docs/architecture.md", "".join(f"| `{f}/` | x |\n" for f in (*LEVEL, "tests"))),
]


def plant(root, files):
    for name, text in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def self_test():
    """Each seed is found in its own file, and a clean tree is clean; returns the failures."""
    failures = []
    with tempfile.TemporaryDirectory() as scratch:
        bad, good = pathlib.Path(scratch) / "bad", pathlib.Path(scratch) / "good"
        plant(bad, [(name, text) for name, text, _ in SEEDS])
        plant(good, CLEAN)
        findings = check_tree(bad)
        for name, _, part in SEEDS:
            places = (name, name.rsplit("/", 1)[0], "docs/architecture.md")
            if not any(part in f and f.startswith(places) for f in findings):
                failures.append(f"self-test: {name}: \"{part}\" was not found")
        failures += [f"self-test: false alarm: {f}" for f in check_tree(good)]
    return failures


def main():
    arguments = sys.argv[1:]
    findings = self_test()
    if "--self-test" not in arguments:
        here = pathlib.Path(__file__).resolve().parents[2]
        findings += check_tree(pathlib.Path(arguments[0] if arguments else os.environ.get("TARTAN_SOURCE_DIR", here)))
    print("\n".join(findings) if findings else f"every line in its room ({len(SEEDS)} seeded violations were found)")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
