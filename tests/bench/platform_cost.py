#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the platform costs over the kernels: processor time of trainings of two lengths, from
`wall` of summary.json. Their difference is sub-batches alone, without start-up and test images. The
platform's share of the whole is what the simulator's thread does by itself: the serial share that
bounds the gain of threads (Amdahl's law), as kernels run on any thread.

usage: platform_cost.py H2VP CONFIG [--samples SHORT LONG] [--rounds N] [--threads N]
                        [--set key=value]...
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile


def train(options, samples, out):
    """(sub-batches, wall of summary.json)"""
    sets = [f"dataset.train_limit={samples}", "dataset.test_limit=4", "training.epochs=1",
            *options.set]
    subprocess.run(
        [options.h2vp, "train", options.config, "--quiet", "--threads", str(options.threads),
         "--out", out] + [word for s in sets for word in ("--set", s)], check=True)
    with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
        summary = json.load(file)
    return summary["time"]["sub_batches"], summary["wall"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("h2vp")
    parser.add_argument("config")
    parser.add_argument("--samples", type=int, nargs=2, default=(16, 48))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    shares = []
    with tempfile.TemporaryDirectory() as out:
        for _ in range(options.rounds):
            few, short = train(options, options.samples[0], out)
            many, long = train(options, options.samples[1], out)
            kernels, platform, wall = (
                (long[key] - short[key]) / (many - few)
                for key in ("kernel_seconds", "platform_seconds", "seconds"))
            shares.append(platform / kernels)
            print(f"per sub-batch: kernels {kernels:.3f} s, platform {platform:.3f} s = "
                  f"{shares[-1]:.3f} of the kernels, {wall:.3f} s wall; with start-up "
                  f"{long['platform_seconds'] / long['kernel_seconds']:.3f}", flush=True)
    ratio = statistics.median(shares)
    serial = ratio / (1 + ratio)
    print(f"platform over kernels, median: {ratio:.3f}")
    bounds = ", ".join(f"{n}: {1 / (serial + (1 - serial) / n):.2f}" for n in (2, 4, 8, 16))
    print(f"serial share: {serial:.3f}; speed-up with threads at most {bounds}")


if __name__ == "__main__":
    main()
