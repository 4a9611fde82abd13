#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A network with trained batch norm: any number of threads and any instruction set gives the same
results, a resumed training those of an uninterrupted one, `h2vp infer` the accuracy of the training
from the files it left, and the element-wise passes have cycles and bytes.

usage: batch_norm_test.py H2VP
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import training_folder as training

H2VP = sys.argv[1]
LAYERS = ("[{type: conv, channels: 8, encoding: true, batch_norm: tdbn}, {type: pool}, "
          "{type: conv, channels: 8, batch_norm: tdbn}, "
          "{type: conv, channels: 8, batch_norm: tdbn_branch, adds: conv2}, {type: pool}, "
          "{type: fc, neurons: 10, batch_norm: tdbn}]")
SETS = {"network.layers": LAYERS, "machine.extensions": "true", "dataset.test_limit": 30}
PLAIN = LAYERS.replace(", batch_norm: tdbn_branch", "").replace(", batch_norm: tdbn", "")


def summary(out):
    return json.loads((out / "summary.json").read_text())


def run(line, code=0, env=None):
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == code, f"exit {done.returncode}: {done.stderr}"
    return done.stderr


def infer(out, weights, code=0):
    line = training.command(H2VP, out, ["--weights", str(weights)], SETS)
    line[1] = "infer"
    return run(line, code)


def same_results(work):
    training.run(H2VP, work / "whole", sets=SETS)
    whole = training.results(work / "whole")
    line = training.command(H2VP, work / "plain", sets=SETS)
    line[line.index("--threads") + 1] = "3"
    run(line, env={**os.environ, "H2_ISA": "plain"})
    assert not training.differences(whole, training.results(work / "plain"))
    for checkpoint in training.checkpoints(work / "whole")[1:2]:
        training.run(H2VP, work / "resumed", ["--resume", str(checkpoint)], SETS)
    assert not training.differences(whole, training.results(work / "resumed"))


def files(work):
    weights = work / "whole" / "weights"
    for name in ("gamma", "beta", "mean", "variance"):
        for folder in (weights, weights / "masters"):
            data = (folder / f"conv2.{name}.npy").read_bytes()
            assert len(data) == 128 + 8 * (2 if folder == weights else 4), (name, len(data))
    trained = summary(work / "whole")["result"]
    infer(work / "inferred", weights)
    found = summary(work / "inferred")
    assert found["inference"]["accuracy"] == trained["test_accuracy"]
    damaged = work / "damaged"
    shutil.copytree(weights, damaged)
    data = bytearray((damaged / "conv2.variance.npy").read_bytes())
    data[-1] |= 0x80
    (damaged / "conv2.variance.npy").write_bytes(data)
    assert "conv2.variance.npy: variance 7 is below 0" in infer(work / "refused", damaged, 2)
    (damaged / "conv2.gamma.npy").unlink()
    assert "conv2.gamma.npy" in infer(work / "refused", damaged, 2)


def charges(work):
    """Without batch norm the network moves less and takes less time; rows say where it goes."""
    training.run(H2VP, work / "without", sets={**SETS, "network.layers": PLAIN})
    rows = {(l["name"], l["pass"]): l for l in summary(work / "whole")["layers"]}
    plain = {(l["name"], l["pass"]): l for l in summary(work / "without")["layers"]}
    assert not any("norm" in row for _, row in plain)
    values = 2 * 2 * 8 * 14 * 14  # of conv2: samples, timesteps, channels, positions
    forward, backward = rows["conv2", "norm_forward"], rows["conv2", "norm_backward"]
    assert forward["compute_cycles"] == 4 * 49  # tiles x ceil(4 x 49 / 4)
    assert backward["compute_cycles"] == 2 * 4 * 49
    assert backward["bytes"] == 10 * values + values // 8 + 2 * 4 * 8 + 8 * 8 + 8 * 8
    assert rows["conv2", "norm_weight_update"]["compute_cycles"] == 1
    whole, without = (summary(work / name)["time"]["cycles"] for name in ("whole", "without"))
    assert whole > without
    assert (work / "whole" / "stats.json").read_text().count("norm_values") > 0


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        same_results(work)
        files(work)
        charges(work)


if __name__ == "__main__":
    main()
