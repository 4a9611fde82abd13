#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The statistics of a run against their own description: `stats --describe` explains every item, and
every item it explains is there; sums hold; layers.csv says the same, one row per layer and engine.

usage: statistics_test.py H2VP SOURCE_DIR
"""

import csv
import json
import os
import re
import subprocess
import sys
import tempfile

from waves import expect, finish, train

PATTERN = re.compile(r"^(\S+)  \[(.+)\]$")


def described(h2vp):
    """[(pattern, regular expression, unit)] of the items, and of what is there besides."""
    text = subprocess.run([h2vp, "stats", "--describe"], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    items, fields = (kinds_of(part) for part in text.split("\nIn stats.json also\n"))
    return items, fields


def kinds_of(text):
    found = []
    for line in text.splitlines():
        match = PATTERN.match(line)
        if match:
            pattern, unit = match.groups()
            parts = re.split(r"<\w+>", pattern)
            found.append((pattern, re.compile("(.+)".join(map(re.escape, parts))), unit))
    return found


def check_described(kinds, items):
    seen = set()
    for path, item in items.items():
        fitting = [p for p, expression, unit in kinds
                   if expression.fullmatch(path) and unit == item["unit"]]
        expect(fitting, f"{path} is not described")
        seen.update(fitting)
    missing = {pattern for pattern, _, _ in kinds} - seen
    expect(not missing, f"described, and not in a full run: {sorted(missing)}")


def check_fields(kinds, stats):
    """Every name in samples, jobs and tests is explained, by the command and in the file."""
    names = {f"samples.{n}": "" for n in stats["samples"] if n != "series"}
    names.update({f"samples.series.{n}": s["unit"] for n, s in stats["samples"]["series"].items()})
    for part in ("jobs", "tests"):
        names.update({f"{part}.{n}": "" for entry in stats[part] for n in entry})
    seen = set()
    for name, unit in names.items():
        fitting = [p for p, expression, u in kinds
                   if expression.fullmatch(name) and unit in ("", u)]
        expect(fitting, f"{name} is not described")
        seen.update(fitting)
    expect(seen == {pattern for pattern, _, _ in kinds}, f"described and not there: {seen}")
    expect(set(stats["fields"]) == seen, f"fields: {sorted(stats['fields'])}")


def check_sums(items):
    def value(path):
        return items[path]["value"]

    for engine in ("forward", "backward", "weight_update"):
        spent = sum(value(f"engine.{engine}.{s}_cycles") for s in ("busy", "stall", "idle"))
        expect(spent == value("run.cycles"), f"{engine}: {spent} of {value('run.cycles')} cycles")


def check_layers(items, folder):
    with open(os.path.join(folder, "layers.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as file:
        layers = [(l["name"], l["engine" if l["kind"] == "array" else "kind"])
                  for l in json.load(file)["layers"]]
    found = [(row["layer"], row["engine"]) for row in rows]
    expect(len(set(found)) == len(found) and set(layers) <= set(found), f"layers.csv: {found}")
    for row in rows:
        for column, text in row.items():
            if column in ("layer", "engine"):
                continue
            name, unit = re.fullmatch(r"([\w.]+) \[(.+)\]", column).groups()
            item = items.get(f"layer.{row['layer']}.{row['engine']}.{name}")
            expect(item is not None and item["unit"] == unit and
                   abs(float(text) - item["value"]) <= 1e-8 * abs(item["value"]),
                   f"layers.csv: {row['layer']}, {row['engine']}, {column}: {text}")


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as work:
        train(h2vp, source, work, 48, "--set", "training.replicas=2")
        with open(os.path.join(work, "stats.json"), encoding="utf-8") as file:
            stats = json.load(file)
        items = stats["items"]
        kinds, fields = described(h2vp)
        check_described(kinds, items)
        check_fields(fields, stats)
        check_sums(items)
        check_layers(items, work)
    finish()


if __name__ == "__main__":
    main()
