# SPDX-License-Identifier: Apache-2.0
"""Runs h2vp and reads its waveforms, for the tests of this folder."""

import os
import subprocess
import sys

import read_vcd

failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)
        print(f"FAILED {text}")


def finish():
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


def leaf(scope, name):
    """Full name of a signal in the waveform: its last part belongs to it alone."""
    return f"{scope}.{'_'.join(scope.split('.')[1:] + [name])}"


def words(folder, name):
    """{number: word} of the table beside the waveform."""
    with open(os.path.join(folder, f"trace.{name}.words"), encoding="ascii") as file:
        return dict(line.rstrip("\n").split(" ", 1) for line in file)


def train(h2vp, source, out, samples, *options):
    """A short training of configs/quickstart.yaml with its whole waveform in `out`."""
    run = subprocess.run(
        [h2vp, "train", os.path.join(source, "configs", "quickstart.yaml"), "--quiet", "--out", out,
         "--set", f"dataset.train_limit={samples}", "--set", "dataset.test_limit=16",
         "--set", "trace.vcd.to_us=0", "--set", "trace.probe.enable=true", *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"h2vp train {' '.join(options)}: exit code {run.returncode}\n{run.stdout}")


def histories(lines):
    """{name: [(time, value), ...]}, changes in order, and the last time."""
    end_of_header = next(i for i, l in enumerate(lines) if l.startswith("$enddefinitions"))
    _, names = read_vcd.read_header(lines[:end_of_header])
    changes = {code: [] for code in names}
    now = 0
    for line in lines[end_of_header + 1:]:
        if line.startswith("#"):
            now = int(line[1:])
        elif line and not line.startswith("$"):
            code, value = read_vcd.parse_change(line)
            if not changes[code] or changes[code][-1][1] != value:
                changes[code].append((now, value))
    return {name: changes[code] for code in names for name in names[code]}, now
