#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What waveforms cost: processor time of trainings of configs/mnist_small.yaml, the variants in turn
several times over. Prints per variant the median, and its distance from the first: the median of
the differences inside a round, with the smallest and the largest.

usage: trace_cost.py H2VP SOURCE_DIR [--rounds N] [--samples N] [--other H2VP] [--set key=value]...
--other: a second program, run without a waveform (the same twice tells the noise)
"""

import argparse
import os
import statistics
import subprocess
import tempfile

LEVELS = ("phases", "tiles", "bursts")


def processor_seconds(command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("h2vp")
    parser.add_argument("source")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--samples", type=int, default=160)
    parser.add_argument("--other")
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as out:
        sets = [f"dataset.train_limit={options.samples}", "dataset.test_limit=8",
                "training.epochs=1", *options.set]
        common = [os.path.join(options.source, "configs", "mnist_small.yaml"), "--quiet",
                  "--threads", "1", "--out", out] + [w for s in sets for w in ("--set", s)]
        run = [options.h2vp, "train", *common]
        variants = {"no waveform": run}
        if options.other:
            variants["the other program"] = [options.other, "train", *common]
        for level in LEVELS:
            variants[f"waveform, {level}"] = [*run, "--set", "trace.vcd.enable=true", "--set",
                                              f"trace.vcd.level={level}"]
        times = {name: [] for name in variants}
        vcd = os.path.join(out, "trace.vcd")
        bytes_written = {}
        for _ in range(options.rounds):
            for name, command in variants.items():
                times[name].append(processor_seconds(command))
                if os.path.exists(vcd):
                    bytes_written[name] = os.path.getsize(vcd)
                    os.remove(vcd)
    base = times["no waveform"]
    for name, seconds in times.items():
        more = [100 * (s / b - 1) for s, b in zip(seconds, base)]
        print(f"{name:20} {statistics.median(seconds):7.2f} s  {statistics.median(more):+6.2f} %"
              f"  ({min(more):+.2f} to {max(more):+.2f})  {bytes_written.get(name, 0):>12,} B")


if __name__ == "__main__":
    main()
