#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the pages of docs/ that h2vp itself knows: configuration keys and statistics.

    docs/generate.py build/h2vp            write docs/keys.md and docs/statistics.md
    docs/generate.py build/h2vp --check    end with code 1 if a page differs from what h2vp prints
"""

import argparse
import json
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
NOTE = "This page is made by `docs/generate.py build/h2vp` from `h2vp {}`; a test compares both.\n"


def ask(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def cell(text):
    return str(text).replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def leaves(schema, path=()):
    """Yields (path, property) of every key below an object schema."""
    for name, entry in schema.get("properties", {}).items():
        if "properties" in entry:
            yield from leaves(entry, path + (name,))
        else:
            yield path + (name,), entry


def keys_page(program):
    lines = ["# Configuration keys", "", NOTE.format("config --schema"),
             "The remarks in [configs/h2learn.yaml](../configs/h2learn.yaml) give the source of every default.",
             "A key without a default here is absent unless a file sets it.", ""]
    section = None
    for path, entry in leaves(json.loads(ask(program, "config", "--schema"))):
        if path[0] != section:
            section = path[0]
            lines += ["" if lines[-1] else None, f"## {section}", "",
                      "| key | default | meaning; legal values |", "|---|---|---|"]
        default = f"`{json.dumps(entry['default'])}`" if "default" in entry else ""
        lines.append(f"| `{'.'.join(path)}` | {default} | {cell(entry.get('description', ''))} |")
    return "\n".join(line for line in lines if line is not None) + "\n"


def statistics_tables(text, heading):
    """A table for the statistics of each first word: "run", "engine"."""
    lines, section = [], None
    for line in text.splitlines():
        if not line.startswith(" "):
            name, unit = line.split("  [")
            if name.split(".")[0] != section:
                section = name.split(".")[0]
                lines += ["", f"{heading}{section}", "",
                          "| statistic | unit | meaning | formula |", "|---|---|---|---|"]
            lines.append(f"| `{name}` | {cell(unit.rstrip(']'))} |")
        elif line.strip().startswith("= "):
            lines[-1] += f" {cell(line.strip()[2:])} |"
        else:
            lines[-1] += f" {cell(line.strip())} |"
    return lines


def statistics_page(program):
    lines = ["# Statistics", "", NOTE.format("stats --describe"),
             "These are the items of `stats.json` and `stats.csv`. There is one item for "
             "every engine, layer,", "memory, socket and kind of tensor in the place of a word in "
             "angle brackets."]
    items, others = ask(program, "stats", "--describe").split("\nIn stats.json also\n")
    lines += statistics_tables(items, "## ")
    lines += ["", "## Also in stats.json", "",
              "`samples` shows the course of a run, `jobs` are the last 512 jobs of all engines. "
              "`fields` explains both."]
    lines += statistics_tables(others, "### ")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the h2vp program")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    stale = []
    for name, make in (("keys.md", keys_page), ("statistics.md", statistics_page)):
        text = make(options.program)
        page = FOLDER / name
        if not options.check:
            page.write_text(text, encoding="utf-8")
        elif not page.is_file() or page.read_text(encoding="utf-8") != text:
            stale.append(f"docs/{name} differs from what h2vp prints: run docs/generate.py build/h2vp")
    print("\n".join(stale) or "The pages are up to date.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
