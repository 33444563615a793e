"""Helpers of the tests that run the program `tartan` as a user would.

A test is a script with functions named test_*; main() runs them in order, each in its own scratch folder, and exits
with 1 if any failed. Skip(...) leaves a function out; a script of which nothing ran exits with 77.
"""
import contextlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import traceback

TARTAN = os.environ.get("TARTAN", "tartan")
MPIEXEC = os.environ.get("MPIEXEC", "mpirun")
FASHION = "/usr/share/datasets/fashion-mnist/"
TIMEOUT = 100


class Skip(Exception):
    pass


class Result:
    """What a run came to: code, out (lines of stdout), err (what tartan itself said on stderr, without warnings)."""

    def __init__(self, code, out, err, seconds):
        self.code, self.stdout, self.stderr, self.seconds = code, out, err, seconds
        self.out = out.splitlines()
        said = [line for line in err.splitlines() if line.startswith("tartan: ")]
        self.warnings = [line for line in said if line.startswith("tartan: warning: ")]
        self.err = [line for line in said if line not in self.warnings]


def environment(threads):
    env = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
               OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_hwloc_base_binding_policy="none",
               OMPI_MCA_mpi_yield_when_idle="1")
    if threads:
        env["OMP_NUM_THREADS"] = str(threads)
    return env


def run(*words, ranks=0, threads=1, timeout=TIMEOUT):
    """Run `tartan WORDS` on so many ranks (0: without mpirun). A run that hangs is a failure."""
    command = [TARTAN, *map(str, words)]
    if ranks:
        command = [MPIEXEC, "-n", str(ranks), *command]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment(threads))
    return Result(done.returncode, done.stdout, done.stderr, time.monotonic() - start)


def ok(*words, **how):
    """As run(), and it must succeed."""
    result = run(*words, **how)
    if result.code != 0:
        raise AssertionError(f"tartan {' '.join(map(str, words))}: exit {result.code}\n{result.stderr}")
    return result


def refused(code, part, *words, **how):
    """As run(); it must end with a code and one line that holds a text, or each of several."""
    result = run(*words, **how)
    what = f"tartan {' '.join(map(str, words))} {how}: exit {result.code}\n{result.stderr}"
    assert result.code == code, f"expected exit {code}: {what}"
    assert len(result.err) == 1, f"expected one line: {what}"
    for text in [part] if isinstance(part, str) else part:
        assert text in result.err[0], f"expected \"{text}\": {what}"
    return result


def close(values, expected, relative):
    """Whether numbers agree to a relative error; says which does not."""
    assert len(values) >= len(expected), f"{len(values)} values, {len(expected)} expected"
    for i, (value, want) in enumerate(zip(values, expected)):
        error = abs(value - want) / abs(want)
        assert error <= relative, f"value {i}: {value!r}, expected {want!r}: relative error {error:.2e} > {relative}"


def exported(source):
    """The bytes of a dataset, through `tartan export` to .npy."""
    name = f"exported-{os.getpid()}.npy"
    ok("export", source, "-o", name, "--force")
    with open(name, "rb") as f:
        return f.read()


def npy(data):
    """Rows of numbers of a two-dimensional .npy file of f32 or f64, without NumPy."""
    length = struct.unpack("<H", data[8:10])[0]
    header = data[10:10 + length].decode()
    kind = {"<f8": "d", "<f4": "f", "|u1": "B"}[header.split("'descr': '")[1].split("'")[0]]
    shape = [int(x) for x in header.split("'shape': (")[1].split(")")[0].split(",") if x.strip()]
    flat = struct.unpack(f"<{(len(data) - 10 - length) // struct.calcsize(kind)}{kind}", data[10 + length:])
    cols = shape[1] if len(shape) > 1 else 1
    return [flat[i * cols:(i + 1) * cols] for i in range(shape[0])]


def fashion(part="train"):
    """Fashion-MNIST's images as images.h5 and labels.h5 in this folder; Skip where its package is missing."""
    if not os.path.exists(FASHION + "train-images-idx3-ubyte.gz"):
        raise Skip("package dataset-fashion-mnist is not installed")
    ok("convert", f"{FASHION}{part}-images-idx3-ubyte.gz", "-o", "images.h5", "--force")
    ok("convert", f"{FASHION}{part}-labels-idx1-ubyte.gz", "-o", "labels.h5", "--force")
    return "images.h5"


def need(*modules):
    for module in modules:
        try:
            __import__(module)
        except ImportError:
            raise Skip(f"no Python module {module}") from None


@contextlib.contextmanager
def small_disk(size):
    """A folder on a file system of so many bytes; Skip where it cannot be had."""
    folder = tempfile.mkdtemp(prefix="disk-", dir=os.getcwd())
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if done.returncode:
        os.rmdir(folder)
        raise Skip("no right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)
        os.rmdir(folder)


def main(module="__main__"):
    here, failures, ran = os.getcwd(), 0, 0
    tests = [(n, f) for n, f in vars(sys.modules[module]).items() if n.startswith("test_")]
    chosen = sys.argv[1:]
    for name, function in tests:
        if chosen and name not in chosen:
            continue
        folder = tempfile.mkdtemp(prefix=name + "-", dir=here)
        start = time.monotonic()
        os.chdir(folder)
        try:
            function()
            verdict, ran = "ok", ran + 1
        except Skip as reason:
            verdict = f"skipped: {reason}"
        except Exception:
            traceback.print_exc()
            verdict, failures = "FAILED", failures + 1
        os.chdir(here)
        shutil.rmtree(folder, ignore_errors=True)
        print(f"{name}: {verdict} ({time.monotonic() - start:.1f} s)", flush=True)
    sys.exit(1 if failures else 0 if ran else 77)
