#!/usr/bin/env python3
# TEST: labels=fault,quick
"""Every public function that can fail has its line in a fault test, by its name."""
import os
import pathlib
import re
import sys

root = pathlib.Path(os.environ.get("TARTAN_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
headers = "\n".join(p.read_text() for p in sorted((root / "include/tartan").glob("*.h")))
declared = set(re.findall(r"TARTAN_MUST_USE\s+tartan_status\s+(tartan_\w+)\s*\(", headers))
tested = set()
for path in (root / "tests/fault").glob("*.c"):
    text = path.read_text()
    named = set(re.findall(r'"(tartan_\w+)', text))
    tested |= {name for name in named if re.search(r"\b" + name + r"\s*\(", text)}  # named and called
missing = sorted(declared - tested)
for name in missing:
    print(f"{name}() can fail and stands in no fault test")
print(f"{len(declared)} functions can fail, {len(missing)} without a fault test")
sys.exit(1 if missing or len(declared) < 20 else 0)
