#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--fst: what GTKWave's fst2vcd reads out of trace.fst is trace.vcd; what is said without vcd2fst.

usage: fst_test.py H2VP SOURCE_DIR. Exit code 77: vcd2fst or fst2vcd not installed.
"""

import json
import os
import subprocess
import sys
import tempfile

import read_vcd
from waves import expect, finish, histories, train


def check_same(folder):
    with open(os.path.join(folder, "trace.vcd"), encoding="ascii") as file:
        written, end = histories(file.read().splitlines())
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as file:
        expect(json.load(file)["complete"] is True, "the run is not complete")
    run = subprocess.run(["fst2vcd", os.path.join(folder, "trace.fst")], check=True,
                         stdout=subprocess.PIPE, text=True)
    read, last = histories(run.stdout.splitlines())
    expect(set(written) == set(read), f"signals differ: {set(written) ^ set(read)}")
    expect(end == last, f"ends at {last}, not at {end}")
    changes = 0
    for name, history in written.items():
        expect(history == read.get(name), f"{name} differs")
        changes += len(history)
    expect(changes > 500, f"{changes} changes only")


def check_errors(h2vp, source, work):
    config = os.path.join(source, "configs", "quickstart.yaml")

    def says(name, text, options, path):
        run = subprocess.run([h2vp, "train", config, "--fst", "--out", work, *options],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             env={**os.environ, "PATH": path}, check=False)
        expect(run.returncode == 2 and text in run.stdout,
               f"{name}: exit {run.returncode}: {run.stdout}")

    says("no converter", "vcd2fst is not in PATH; install GTKWave", [], work)
    says("no waveform", "set trace.vcd.enable", ["--set", "trace.vcd.enable=false"],
         os.environ["PATH"])
    broken = os.path.join(work, "vcd2fst")
    with open(broken, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexit 3\n")
    os.chmod(broken, 0o755)
    run = subprocess.run(
        [h2vp, "profile", config, "--fst", "--quiet", "--out", work, "--set",
         "profile.sub_batches=2"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "PATH": work + ":" + os.environ["PATH"]}, check=False)
    expect(run.returncode == 1 and "exit code 3" in run.stdout and "is complete" in run.stdout,
           f"broken converter: exit {run.returncode}: {run.stdout}")


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    read_vcd.need_converters()
    with tempfile.TemporaryDirectory() as work:
        out = os.path.join(work, "run")
        train(h2vp, source, out, 48, "--fst")
        check_same(out)
        check_errors(h2vp, source, work)
    finish()


if __name__ == "__main__":
    main()
