#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The networks of examples/python/tutorial_networks.py, trained with few samples: they learn, and
their weights classify in PyTorch as on the accelerator.

usage: tutorials_test.py H2VP SOURCE_DIR  (with the package on PYTHONPATH)
"""

import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(sys.argv[2]) / "examples" / "python" / "tutorial_networks.py"
CHANCE = {"mlp": 0.1, "shd": 0.05}  # the convolutional one takes too long for a test


def rows(text):
    """The printed lines as dictionaries."""
    return [dict(part.split(": ", 1) for part in line.split("   ")) for line in text.splitlines()]


def main():
    done = subprocess.run(["/usr/bin/python3", SCRIPT, *CHANCE, "--samples", "800", "--tests", "200"],
                          capture_output=True, text=True, check=False)
    if done.returncode == 77:
        print(done.stdout)
        sys.exit(77)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    found = rows(done.stdout)
    assert [row["network"] for row in found] == list(CHANCE), found
    for row in found:
        # Three times the standard deviation of guessing above it.
        least = CHANCE[row["network"]] + 3 * (CHANCE[row["network"]] / 200) ** 0.5
        assert float(row["accelerator, FP16"]) > least, row
        assert int(row["other classes"]) <= 6, row
    done = subprocess.run(["/usr/bin/python3", SCRIPT, "lstm"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and "legal: mlp, cnn, shd" in done.stderr, done.stderr


if __name__ == "__main__":
    main()
