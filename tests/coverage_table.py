#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints line coverage per folder of a build with H2_COVERAGE: coverage_table.py BUILD [FILTER]"""

import collections
import json
import os
import pathlib
import subprocess
import sys

SOURCES = "(modules|memory|platform|traces)/"


def measure(build, root, wanted):
    command = ["gcovr", "--root", str(root), "--filter", wanted, "--json-summary",
               "--exclude-unreachable-branches", "--gcov-ignore-parse-errors", "-j",
               str(os.cpu_count()), str(build)]
    report = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root).stdout
    return json.loads(report)["files"]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    root = pathlib.Path(__file__).resolve().parent.parent
    folders = collections.defaultdict(lambda: [0, 0])
    for entry in measure(build, root, sys.argv[2] if len(sys.argv) > 2 else SOURCES):
        for name in (os.path.dirname(entry["filename"]), "all"):
            folders[name][0] += entry["line_covered"]
            folders[name][1] += entry["line_total"]
    if not folders["all"][1]:
        sys.exit(f"{build}: no counters; was it built with H2_COVERAGE, and did a test run?")
    print(f"{'folder':40} {'lines':>7} {'executed':>9}")
    for name, (covered, total) in sorted(folders.items(), key=lambda f: (f[0] == "all", f[0])):
        print(f"{name:40} {total:7} {100 * covered / max(1, total):8.1f} %")


if __name__ == "__main__":
    main()
