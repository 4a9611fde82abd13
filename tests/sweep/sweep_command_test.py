#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""h2vp sweep and h2vp diff as a user meets them.

usage: sweep_command_test.py H2VP SOURCE_DIR
"""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

H2VP, SOURCE = (os.path.abspath(p) for p in sys.argv[1:3])
SWEEP = """config: %s/configs/h2learn.yaml
set:
  network.layers: 8C3-8C3
  network.input.channels: 2
  network.timesteps: 2
  training.batch_group: 1
  profile.sub_batches: 1
grid:
  engines.forward.rows: [8, 16]
  engines.backward.cols: [8, 16, 64]
list:
  - {glb.forward.bytes: 515072}
  - {glb.forward.bytes: 1024}
limits: {area_mm2: 25}
"""
failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)


def run(*arguments, code=0):
    done = subprocess.run([H2VP, *arguments], capture_output=True, text=True, check=False)
    expect(done.returncode == code, f"{arguments}: {done.returncode}, {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        pathlib.Path("s.yaml").write_text(SWEEP % SOURCE, encoding="utf-8")
        expect("12 points, 0 done, 6 refused" in run("sweep", "s.yaml", "--dry-run"), "dry run")
        # Two shards, then a third of the whole that only gathers.
        run("sweep", "s.yaml", "--shard", "1/2", "--out", "o")
        run("sweep", "s.yaml", "--shard", "2/2", "--jobs", "1", "--out", "o")
        text = run("sweep", "s.yaml", "--out", "o")
        expect(" 0 to run" in text, f"nothing is left to run: {text}")
        table = rows("o/points.csv")
        status = [r["status"] for r in table]
        expect(status.count("refused") == 6, f"refused: {status}")
        over = [r for r in table if r["status"] == "over budget"]
        expect(over and all("mm2" in r["note"] for r in over), f"over budget: {status}")
        good = [r for r in table if r["status"] == "ok"]
        expect(len(good) + len(over) == 6, f"ok: {status}")
        for r in good:
            summary = json.loads(pathlib.Path("o", r["point"], "summary.json").read_text("utf-8"))
            expect(float(r["time.cycles_per_sub_batch [cycles]"])
                   == summary["time"]["cycles_per_sub_batch"], "cycles")
            expect(float(r["area.total_mm2 [mm2]"]) <= 25, "area")
        expect(any(r["pareto"] == "1" for r in good), "a front")
        expect("Chart" in pathlib.Path("o/pareto.html").read_text("utf-8"), "pareto.html")
        # The same points run again from scratch have the same numbers.
        before = pathlib.Path("o/points.csv").read_bytes()
        run("sweep", "s.yaml", "--out", "p", "--quiet")
        expect(pathlib.Path("p/points.csv").read_bytes() == before, "another run differs")
        # What is incomplete, or of another configuration, is run again.
        one, two = (pathlib.Path("p", r["point"], "summary.json") for r in good[:2])
        one.write_text(one.read_text("utf-8").replace('"complete": true', '"complete": false'), "utf-8")
        two.write_text(one.read_text("utf-8").replace('"clock_mhz": 800', '"clock_mhz": 801'), "utf-8")
        expect(" 2 to run" in run("sweep", "s.yaml", "--out", "p"), "two points again")
        expect(pathlib.Path("p/points.csv").read_bytes() == before, "the repaired run differs")
        difference(good)
        for arguments, text in ((("--shard", "3/2"), "1 <= i <= n"), (("--jobs", "0"), "1 to 1024")):
            expect(text in run("sweep", "s.yaml", *arguments, code=2), f"{arguments}")
        expect("two runs" in run("diff", "o", code=2), "diff of one run")
    print("\n".join(failures) or "sweeps and differences as described")
    return 1 if failures else 0


def difference(good):
    """Between the first two points: the key that differs, and causes that sum to the change."""
    a, b = (os.path.join("o", r["point"]) for r in good[:2])
    text = run("diff", a, b, "--json", "d.json")
    result = json.loads(pathlib.Path("d.json").read_text("utf-8"))
    keys = [k["key"] for k in result["keys"]]
    expect(keys == ["engines.backward.cols"], f"keys: {keys}")
    expect("engines.backward.cols: 8 -> 16" in text, f"diff prints the key: {text}")
    change = [r["change"] for r in result["results"] if r["name"] == "time.cycles_per_sub_batch"]
    causes = sum(c["change"] for c in result["causes"])
    expect(abs(sum(change) - causes) < 1e-6 * max(1, abs(causes)), f"causes: {change}, {causes}")
    expect("none differ" in run("diff", a, a), "a run does not differ from itself")


sys.exit(main())
