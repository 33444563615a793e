"""What the suites share: running programs, medians, scratch files, tables between markers of docs/benchmarks.md."""
import json
import math
import os
import pathlib
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "benchmarks.md"
BUILD = ROOT / "build" / "release" / "bin"
TARTAN = os.environ.get("TARTAN", str(BUILD / "tartan"))
BENCH = os.environ.get("TARTAN_BENCH", str(BUILD / "tartan-bench"))
os.environ.setdefault("OMPI_MCA_rmaps_base_oversubscribe", "1")
if os.geteuid() == 0:
    os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
    os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")


def say(*words):
    print(*words, flush=True)


def scratch():
    """Where large files go, and are kept for the next time: under $TMPDIR, else build/."""
    folder = pathlib.Path(os.environ["TMPDIR"]) / "tartan-bench" if os.environ.get("TMPDIR") else ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run(command, **environment):
    """Runs a command; returns its output and the seconds from start to exit. Ends the suite if it fails."""
    command = [str(word) for word in command]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout, seconds


def mpirun(ranks, *command):
    return ["mpirun", "-q", "-n", ranks, *command]


def bench_lines(ranks, *words, before=(), options=()):
    """Lines of tartan-bench as objects. A residual beyond its limit has already ended the run.

    before: words before mpirun; options: of mpirun.
    """
    say("$", *before, "mpirun -n", ranks, *options, "tartan-bench", *words)
    out = run([*before, *mpirun(ranks, *options, BENCH, *words, "--json", "-")])[0]
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def bench(ranks, *words, **how):
    """The one line of tartan-bench as an object; as bench_lines()."""
    return bench_lines(ranks, *words, **how)[0]


def peer(result, name):
    """A peer of a result; one of NaN if it was not run."""
    none = {"name": name, "seconds_median": math.nan, "ratio": math.nan, "bytes_max": math.nan}
    return next((p for p in result["peers"] if p["name"] == name), none)


def alternate(cases, reps, warmups=1):
    """Seconds of each case {name: function that returns seconds}, run in turn."""
    seconds = {name: [] for name in cases}
    for rep in range(-warmups, reps):
        for name, function in cases.items():
            taken = function()
            if rep >= 0:
                seconds[name].append(taken)
    return seconds


median = statistics.median


def ratio(above, below):
    """Median of the pairwise quotients."""
    return median(a / b for a, b in zip(above, below))


def python_with(*modules):
    """A Python that has the modules, the system's first; None if there is none."""
    for python in (os.environ.get("PYTHON"), "/usr/bin/python3", shutil.which("python3")):
        if python and subprocess.run([python, "-c", f"import {', '.join(modules)}"], capture_output=True,
                                     check=False).returncode == 0:
            return python
    return None


# ------------------------------------------------------------------------------------------------ tables

def environment(*lines):
    """Processor, memory, system and libraries, as a list for the page."""
    cpu = platform.processor() or "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
        for line in f:
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="ascii") as f:
        gib = int(f.readline().split()[1]) / 2**20
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    version = [s for s in run([TARTAN, "--version"])[0].splitlines() if not re.search(r"(?i)filter", s)]
    return [f"- {cpu}, {len(os.sched_getaffinity(0))} cores, {gib:.0f} GiB, {system}",
            *(f"- {' '.join(s.split())}" for s in version), *(f"- {s}" for s in lines)]


def table(head, *rows):
    """A Markdown table; numbers are given as text."""
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(r) + " |" for r in rows)]


def verdict(value, target, digits=2):
    return f"{value:.{digits}f} (target at most {target:.2f}: {'met' if value <= target else 'missed'})"


def at_least(value, target, digits=2):
    if target is None or value is None or math.isnan(value):
        return "" if value is None or math.isnan(value) else f"{value:.{digits}f}"
    return f"{value:.{digits}f} (at least {target:.2f}: {'met' if value >= target else 'missed'})"


def write(name, lines, really=True):
    """Prints the lines, and puts them between the markers of this name into docs/benchmarks.md, if really."""
    text = "\n".join(lines)
    begin, end = f"<!-- {name}: written by ./dev bench {name.split('-')[0]} -->", f"<!-- {name}: end -->"
    page = DOCS.read_text(encoding="utf-8")
    say("\n" + text + "\n")
    if not really:
        return
    if begin not in page or end not in page:
        sys.exit(f"{DOCS}: no place for {name}")
    DOCS.write_text(page[:page.index(begin) + len(begin)] + "\n" + text + "\n" + page[page.index(end):], encoding="utf-8")


def peak_resident(command):
    """Runs a command as a child and returns its largest resident size in bytes, as the system counts it."""
    code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    if code != 0:
        sys.exit(code)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
