#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`h2vp infer` classifies as the training that made the weights did, and says what it saw.

usage: infer_test.py H2VP
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import training_folder as training

H2VP = sys.argv[1]
SETS = {"training.checkpoint.every": 0, "dataset.train_limit": 400, "dataset.test_limit": 51,
        "training.epochs": 1, "trace.probe.enable": "false"}


def infer(out, weights, code=0, sets=None):
    line = training.command(H2VP, out, ["--weights", str(weights)] if weights else [],
                            {**SETS, **(sets or {})})
    line[1] = "infer"
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"exit {done.returncode}: {done.stderr}"
    return done.stderr


def npy_numbers(path):
    """The numbers of a one-dimensional int32 file."""
    data = path.read_bytes()
    begin = 10 + int.from_bytes(data[8:10], "little")
    assert b"'<i4'" in data[:begin]
    return [int.from_bytes(data[i:i + 4], "little") for i in range(begin, len(data), 4)]


def table(path):
    rows = list(csv.reader(open(path, encoding="ascii")))
    assert rows[0] == ["class"] + [str(k) for k in range(10)]
    return [[float(v) for v in row[1:]] for row in rows[1:]]


def agrees_with_the_training(work):
    trained = json.loads((work / "trained" / "summary.json").read_text())
    infer(work / "inferred", work / "trained" / "weights")
    found = json.loads((work / "inferred" / "summary.json").read_text())
    i = found["inference"]
    assert i["accuracy"] == trained["result"]["test_accuracy"] == found["result"]["test_accuracy"]
    assert found["result"]["weights_sha256"] == trained["result"]["weights_sha256"]
    low, high = i["accuracy_interval_95"]
    assert low < i["accuracy"] < high
    assert high - low < 0.3
    predicted = npy_numbers(work / "inferred" / "predictions.npy")
    confusion = table(work / "inferred" / "confusion.csv")
    assert len(predicted) == i["samples"] == 51 == sum(map(sum, confusion))
    for k in range(10):
        assert predicted.count(k) == sum(row[k] for row in confusion)
        assert i["classes"][k]["samples"] == sum(confusion[k])
        assert i["classes"][k]["correct"] == confusion[k][k]
    assert sum(confusion[k][k] for k in range(10)) == round(i["accuracy"] * 51)
    spikes = table(work / "inferred" / "spikes.csv")
    assert all(0 <= n <= 2 for row in spikes for n in row), "more spikes than timesteps"
    assert sum(map(sum, spikes)) > 0
    # Forward alone: nothing else works, and the test of the training took as long per sample.
    for engine in ("backward", "weight_update"):
        assert found["engines"][engine]["busy_cycles"] == 0
    assert found["engines"]["forward"]["busy_cycles"] > 0
    test = trained["time"]["evaluation"]
    assert abs(i["cycles_per_sample"] / (test["cycles"] / test["samples"]) - 1) < 0.05


def prices_a_sample(work):
    """Energy of the Forward Engine alone is a part of the accelerator's."""
    found = json.loads((work / "inferred" / "summary.json").read_text())
    energy = found["inference"]["energy"]
    forward, all_of_it = energy["forward_per_sample_j"], energy["accelerator_per_sample_j"]
    assert 0 < forward < all_of_it
    assert abs(forward / (found["energy"]["by_engine"]["forward"] / 51) - 1) < 1e-9
    assert abs(all_of_it / (found["energy"]["total_j"] / 51) - 1) < 1e-9
    assert abs(energy["dram_per_sample_j"] / (found["energy"]["dram_j"] / 51) - 1) < 1e-9
    # The others do nothing but leak.
    idle = sum(found["energy"]["leakage_w"][e] for e in ("backward", "weight_update"))
    rest = idle * found["time"]["seconds"] / 51
    assert abs((all_of_it - forward) / rest - 1) < 1e-6


def masters_classify_the_same(work):
    """Rounded to FP16 the masters are the weights on the card."""
    infer(work / "masters", work / "trained" / "weights" / "masters")
    for name in ("predictions.npy", "confusion.csv", "spikes.csv"):
        assert (work / "masters" / name).read_bytes() == (work / "inferred" / name).read_bytes()


def refuses(work):
    assert "--weights: missing" in infer(work / "x", None, 2)
    assert "conv1.w.npy" in infer(work / "x", work / "nowhere", 2)
    assert "holds the weights" in infer(work / "trained", work / "trained" / "weights", 2)
    assert (work / "trained" / "summary.json").exists()
    text = infer(work / "x", work / "trained" / "weights", 2,
                 {"network.layers": "8C3(Encoding)-AP2-12C3-AP2-10FC"})
    assert "conv2.w.npy: shape" in text, text
    weights = work / "trained" / "weights"
    # Other data than the network is for.
    text = infer(work / "x", weights, 2, {"network.layers": "8C3-AP2-16C3-AP2-10FC"})
    assert "lacks (Encoding)" in text, text
    text = infer(work / "x", weights, 2, {"dataset.kind": "mnist", "dataset.path": work / "nowhere"})
    assert "nowhere" in text, text
    assert not (work / "x" / "summary.json").exists(), "a refused run leaves no results"


def main():
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        training.run(H2VP, work / "trained", sets=SETS)
        for test in (agrees_with_the_training, prices_a_sample,
                     masters_classify_the_same, refuses):
            test(work)
            print("ok    ", test.__name__, flush=True)


if __name__ == "__main__":
    main()
