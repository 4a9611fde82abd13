#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Statements of the paper about its scaling figure, as docs/speedup.md holds them.

    docs/scaling.py build/scaling_figure            write the table to docs/speedup.md
    docs/scaling.py build/scaling_figure --check    end with code 1 if it differs
"""

import argparse
import pathlib
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parent / "speedup.md"
BEGIN, END = "<!-- made by docs/scaling.py -->\n", "<!-- end of the table -->\n"


def verdicts(table):
    """Per dimension what became of the statement, without numbers."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[0]: [cell.split(":")[0] for cell in row if cell.startswith(("holds", "refuted"))]
            for row in rows[2:]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    table = subprocess.run([options.program], check=True, capture_output=True, text=True).stdout
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    written, after = rest.split(END)
    if not options.check:
        PAGE.write_text(before + BEGIN + table + END + after, encoding="utf-8")
        return
    found, expected = verdicts(table), verdicts(written)
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            print(f"{name}: {found.get(name)} instead of {expected.get(name)}")
    if table != written:
        sys.exit(f"docs/speedup.md differs from what is measured, run docs/scaling.py:\n{table}")


if __name__ == "__main__":
    main()
