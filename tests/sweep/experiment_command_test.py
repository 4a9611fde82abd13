#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""h2vp experiment: files, labels, and numbers that are known otherwise.

usage: experiment_command_test.py H2VP SOURCE_DIR
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

H2VP, SOURCE = (os.path.abspath(p) for p in sys.argv[1:3])
LABELS = {"identity", "mechanism", "constant", "fitted", "refuted"}
failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)


def run(*arguments, code=0):
    done = subprocess.run([H2VP, "experiment", *arguments, "--configs", f"{SOURCE}/configs"],
                          capture_output=True, text=True, check=False)
    expect(done.returncode == code, f"{arguments}: {done.returncode}, {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run("tables", "fig11", "--out", "o", "--quiet")
        results = {n: json.loads(pathlib.Path("o", f"{n}.json").read_text("utf-8"))
                   for n in ("tables", "fig11")}
        for name, result in results.items():
            for claim in result["claims"]:
                expect(claim["how"] in LABELS, f"{name}: {claim}")
        for claim in results["tables"]["claims"]:
            expect(abs(claim["ratio"] - 1) < 2e-3, f"an identity that does not hold: {claim}")
        expect(len(results["tables"]["claims"]) >= 12, "identities are missing")
        saving = {c["claim"]: float(c["platform"]) for c in results["fig11"]["claims"]
                  if c["ratio"] is not None}
        # Nine additions of 0.2028 pJ against three and three look-ups of 16 x 5.4 fJ, and fills.
        expect(1.9 < saving["Forward Engine: energy saving"] < 2.11, saving)
        expect(2.5 < saving["Weight Update Engine: energy saving"] < 2.82, saving)
        expect(2.5 < saving["Forward Engine: area saving"] < 2.57, saving)
        expect(2.9 < saving["Weight Update Engine: area saving"] < 2.95, saving)
        page = pathlib.Path("o/index.html").read_text("utf-8")
        markdown = pathlib.Path("o/RESULTS.md").read_text("utf-8")
        for text in ("What is refuted", "27.85"):
            expect(text in page and text in markdown, f"{text} is missing")
        if shutil.which("gnuplot"):
            svg = pathlib.Path("o/fig11_forward.svg").read_bytes()
            expect(b"<svg" in svg and b"<svg" in page.encode(), "plots are missing")
            run("fig11", "--out", "p", "--quiet")
            expect(pathlib.Path("p/fig11_forward.svg").read_bytes() == svg, "plots differ")
        expect("no such experiment" in run("fig99", code=2), "an unknown name")
        expect("expected a name" in run(code=2), "no name")
    print("\n".join(failures) or "experiments as described")
    return 1 if failures else 0


sys.exit(main())
