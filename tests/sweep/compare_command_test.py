#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""h2vp compare: one network on two accelerators, its files, and what it refuses.

usage: compare_command_test.py H2VP SOURCE_DIR
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

H2VP, SOURCE = (os.path.abspath(p) for p in sys.argv[1:3])
CONFIG = f"{SOURCE}/configs/quickstart.yaml"
SMALL = [f"--set={s}" for s in ("network.layers=8C3(Encoding)-AP2-10FC", "dataset.train_limit=32",
                                "dataset.test_limit=16", "trace.vcd.enable=false")]
failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)


def compare(*arguments, code=0, config=CONFIG):
    done = subprocess.run([H2VP, "compare", config, *arguments], capture_output=True, text=True,
                          check=False)
    expect(done.returncode == code, f"{arguments}: {done.returncode}, {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def summary(folder, name):
    return json.loads(pathlib.Path(folder, name, "summary.json").read_text("utf-8"))


def check_table(folder, measures):
    """Every number of the table is that of the run's own summary."""
    comparison = json.loads(pathlib.Path(folder, "comparison.json").read_text("utf-8"))
    expect(comparison["schema"] == 1 and comparison["accelerators"] == ["h2learn", "sata"],
           comparison)
    rows = {row["measure"]: row for row in comparison["rows"]}
    runs = {name: summary(folder, name) for name in comparison["accelerators"]}
    expect(runs["sata"]["config"]["accelerator"] == "sata", "SATA's run is another's")
    for measure, path in measures.items():
        for name, run in runs.items():
            value = run
            for key in path.split("/"):
                value = value[key]
            expect(rows[measure]["values"][name] == value, f"{measure} of {name}: {rows[measure]}")
    moved = {name: sum(m["read_bytes"] + m["write_bytes"] for m in run["memory"].values()) / 1e9
             for name, run in runs.items()}
    expect(rows["moved to and from memory"]["values"] == moved, f"bytes: {moved}")
    expect(rows["peak, operations per cycle"]["values"]["sata"] == 128, rows)
    markdown = pathlib.Path(folder, "comparison.md").read_text("utf-8").splitlines()
    expect(markdown[:2] == ["| | h2learn | sata |", "|---|---|---|"], markdown)
    expect(len(markdown) == 2 + len(rows), f"rows of the Markdown: {len(markdown)}")
    page = pathlib.Path(folder, "report.html").read_text("utf-8")
    expect("SATA array" in page and "Forward Engine" in page, "the page lacks an engine")
    return rows


def refused(folder):
    expect("twice" in compare("--accelerators", "sata,sata", code=2), "twice")
    expect("expected two or more" in compare("--accelerators", "sata", code=2), "one")
    expect("--accelerators" in compare(code=2), "none")
    text = compare("--accelerators", "h2learn,gpu", code=2)
    expect("gpu.yaml: no such file" in text and "legal: an accelerator" in text, text)
    text = compare("--accelerators", "sata,h2learn", code=2,
                   config=f"{SOURCE}/configs/sata_quickstart.yaml")
    expect("is for sata; legal: a configuration of h2learn" in text, text)
    pathlib.Path(folder, "net.yaml").write_text(f"include: {CONFIG}\n", "utf-8")
    pathlib.Path(folder, "other.yaml").write_text("clock_mhz: 100\n", "utf-8")
    text = compare("--accelerators", "h2learn,other", code=2, config=f"{folder}/net.yaml")
    expect("other.yaml is for h2learn" in text, text)
    # Fits H2Learn, not SATA: refused before anything runs.
    pathlib.Path(folder, "sata.yaml").write_text(f"include: {SOURCE}/configs/sata.yaml\n", "utf-8")
    text = compare("--accelerators", "h2learn,sata", "--out", f"{folder}/no", *SMALL,
                   "--set=training.sub_batch=8", "--set=sata.buffers.gradients.bytes=1024", code=2,
                   config=f"{folder}/net.yaml")
    expect("sata.buffers.gradients.bytes: 1024; legal here: at least" in text, text)
    expect(not pathlib.Path(folder, "no/comparison.json").exists(), "a table of half the runs")
    pathlib.Path(folder, "file").write_text("", "utf-8")
    expect("--out" in compare("--accelerators", "h2learn,sata", "--out", f"{folder}/file/o",
                              code=2), "a folder that cannot be made")


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        text = compare("--accelerators", "h2learn,sata", "--out", "o", *SMALL)
        expect("accuracy, test" in text and "samples per second" in text, text)
        rows = check_table("o", {"accuracy, test": "result/test_accuracy",
                                 "time simulated": "time/seconds", "cycles": "time/cycles",
                                 "energy, accelerator": "energy/total_j",
                                 "energy, memory": "energy/dram_j", "area": "area/total_mm2"})
        # sata_quickstart.yaml lies beside the configuration and is taken.
        expect(summary("o", "sata")["config"]["training"]["sub_batch"] == 4, "not the tuned file")
        expect(rows["clock"]["values"] == {"h2learn": 800, "sata": 400}, rows["clock"])
        compare("--accelerators", "h2learn,sata", "--profile", "--out", "p", "--quiet", *SMALL)
        rows = check_table("p", {"cycles": "time/cycles"})
        expect("accuracy, test" not in rows, "accuracy without data")
        refused(folder)
    print("\n".join(failures) or "comparisons as described")
    return 1 if failures else 0


sys.exit(main())
