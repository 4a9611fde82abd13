#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The networks of examples/python/tutorial_networks.py, trained with few samples: they learn, and
their weights classify in PyTorch as on the accelerator.

usage: tutorials_test.py H2VP SOURCE_DIR [--all]  (with the package on PYTHONPATH)

The MLP also learns MNIST where its files lie in ../shared/data/mnist beside the tree. With --all the
convolutional network learns too, from 2,000 samples, which takes minutes.
"""

import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(sys.argv[2]).resolve()
SCRIPT = SOURCE / "examples" / "python" / "tutorial_networks.py"
MNIST = SOURCE.parent / "shared" / "data" / "mnist"
CHANCE = {"mlp": 0.1, "cnn": 0.1, "shd": 0.05}


def rows(*options):
    """The printed lines as dictionaries."""
    done = subprocess.run(["/usr/bin/python3", SCRIPT, *map(str, options)], capture_output=True,
                          text=True, check=False)
    if done.returncode == 77:
        print(done.stdout)
        sys.exit(77)
    assert done.returncode == 0, done.stderr
    print(done.stdout, flush=True)
    return [dict(part.split(": ", 1) for part in line.split("   "))
            for line in done.stdout.splitlines()]


def learned(names, least, samples, tests, *options):
    """Each of them is right more often than `least` says, and as in PyTorch for all but 3 %."""
    found = rows(*names, "--samples", samples, "--tests", tests, *options)
    assert [row["network"] for row in found] == list(names), found
    for row in found:
        assert float(row["accelerator, FP16"]) > least(row["network"]), row
        assert int(row["other classes"]) <= 0.03 * tests, row


def above_chance(name):
    """Three times the standard deviation of guessing 200 samples above it."""
    return CHANCE[name] + 3 * (CHANCE[name] / 200) ** 0.5


def main():
    learned(("mlp", "shd"), above_chance, 800, 200)
    if (MNIST / "train-images-idx3-ubyte.gz").exists():
        learned(("mlp",), lambda _: 0.5, 800, 200, "--mnist", MNIST)
    else:
        print(f"{MNIST}: no MNIST, not trained on it")
    if "--all" in sys.argv:
        learned(("cnn",), lambda _: 0.5, 2000, 1000)
    done = subprocess.run(["/usr/bin/python3", SCRIPT, "lstm"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and "legal: mlp, cnn, shd" in done.stderr, done.stderr


if __name__ == "__main__":
    main()
