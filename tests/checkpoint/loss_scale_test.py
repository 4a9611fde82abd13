#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""training.loss_scale: dynamic skips groups that overflow, halves, grows again, and counts both;
a fixed factor that overflows ends the run, which leaves what it had.

usage: loss_scale_test.py H2VP
"""

import json
import pathlib
import sys
import tempfile

import training_folder as training

H2VP = sys.argv[1]
SETS = {"training.checkpoint.every": 0, "training.loss": "cross_entropy",
        "dataset.train_limit": 120, "training.epochs": 1}
DYNAMIC = {"training.loss_scale": "dynamic", "training.loss_scale_growth": 2}


def summary(folder, name="summary.json"):
    return json.loads((folder / name).read_text())


def skips_halves_and_grows(work):
    training.run(H2VP, work / "dynamic", sets={**SETS, **DYNAMIC})
    result = summary(work / "dynamic")["result"]
    scale = result["loss_scale"]
    assert scale["skipped_groups"] > 0 and scale["doublings"] > 0, scale
    assert scale["factor"] == 65536 * 2.0 ** (scale["doublings"] - scale["skipped_groups"]), scale
    assert len(result["loss"]) == 30 - scale["skipped_groups"]
    assert summary(work / "dynamic")["time"]["sub_batches"] == 2 * len(result["loss"])
    layers = summary(work / "dynamic")["layers"]
    assert sum(l["overflows_total"] for l in layers) > 0


def goes_on_from_a_checkpoint(work):
    sets = {**SETS, **DYNAMIC, "training.checkpoint.every": 7, "training.checkpoint.keep": 9}
    training.run(H2VP, work / "whole", sets=sets)
    for file in training.checkpoints(work / "whole"):
        training.run(H2VP, work / file.stem, ["--resume", str(file)], sets)
        wrong = training.differences(training.results(work / "whole"),
                                     training.results(work / file.stem))
        assert not wrong, f"resumed from {file.name} these differ: {wrong}"


def divergence_leaves_what_it_had(work):
    out = work / "diverged"
    sets = {**SETS, "training.learning_rate": 1000, "training.loss_scale": 16777216}
    text = training.run(H2VP, out, sets=sets, code=1)
    assert "not finite" in text and " in layer " in text, text
    assert not (out / "summary.json").exists()
    known = summary(out, "summary.json.partial")
    assert known["complete"] is False and "not finite" in known["error"]
    assert known["layers"] and known["time"]["cycles"] > 0 and "weights_sha256" in known["result"]
    for name in ("weights/conv1.w.npy", "weights/masters/fc1.w.npy", "stats.json", "layers.csv"):
        assert (out / name).exists(), name


def gradients_of_pixels_use_the_whole_range(work):
    """A loss scale that takes weight gradients of the first layer beyond a 256th of FP16."""
    training.run(H2VP, work / "range", sets={
        **SETS, "training.batch_group": 1, "training.loss_scale": 4096,
        "network.layers": "16C3(Encoding)-AP2-32C3-AP2-64FC-10FC", "network.timesteps": 4,
        "training.sub_batch": 8, "training.init_gain": 1, "dataset.train_limit": 80})


def main():
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        for test in (skips_halves_and_grows, goes_on_from_a_checkpoint,
                     divergence_leaves_what_it_had, gradients_of_pixels_use_the_whole_range):
            test(work)
            print("ok    ", test.__name__, flush=True)


if __name__ == "__main__":
    main()
