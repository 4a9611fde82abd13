#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The quickstart on SATA and on H2Learn: the accuracies are within two points.

usage: quickstart_test.py H2VP SOURCE_DIR
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

H2VP, SOURCE = (os.path.abspath(p) for p in sys.argv[1:3])


def accuracy(config, folder):
    subprocess.run([H2VP, "train", f"{SOURCE}/configs/{config}.yaml", "--set",
                    "dataset.train_limit=2000", "--set", "dataset.test_limit=500", "--set",
                    "trace.vcd.enable=false", "--out", f"{folder}/{config}", "--quiet"], check=True)
    summary = pathlib.Path(folder, config, "summary.json").read_text("utf-8")
    return json.loads(summary)["result"]["test_accuracy"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        h2learn, sata = (accuracy(c, folder) for c in ("quickstart", "sata_quickstart"))
    print(f"H2Learn {h2learn}, SATA {sata}")
    return 0 if sata > max(h2learn - 0.02, 0.9) else 1


sys.exit(main())
