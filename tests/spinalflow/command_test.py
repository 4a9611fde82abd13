#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a training on H2Learn to an inference on SpinalFlow: golden spikes become lists and back, the
card runs the layers behind the encoding one on the trained weights, and its results have summary,
statistics and page. usage: command_test.py H2VP SOURCE_DIR
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

H2VP, SOURCE = (os.path.abspath(path) for path in sys.argv[1:3])
CONFIG = os.path.join(SOURCE, "configs/quickstart.yaml")
SMALL = ["network.pool=before_soma", "dataset.train_limit=192", "dataset.test_limit=8",
         "trace.vcd.enable=false"]
CARD = SMALL + ["accelerator=spinalflow", "clock_mhz=200", "spinalflow.leak=64",
                "memory.dram.channels=1"]


def h2vp(*command, sets=(), code=0):
    words = [H2VP, *map(str, command)]
    for one in sets:
        words += ["--set", one]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != code:
        sys.exit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def bits(path):
    """Elements of a NumPy file of uint8."""
    data = path.read_bytes()
    return data[10 + int.from_bytes(data[8:10], "little"):]


def expect(holds, what):
    if not holds:
        sys.exit(f"not so: {what}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        h2vp("train", CONFIG, "--quiet", "--out", out / "train", "--golden", out / "golden",
             "--golden-sub-batches", "11", sets=SMALL)
        golden = out / "golden" / "11"
        h2vp("convert", golden / "conv1.s.npy", out / "conv1.spines")
        h2vp("convert", out / "conv1.spines", out / "back.npy")
        expect((out / "back.npy").read_bytes() == (golden / "conv1.s.npy").read_bytes(),
               "spikes survive as lists")

        h2vp("infer-spikes", CONFIG, "--quiet", "--out", out / "card", "--weights",
             out / "train" / "weights", "--from", "conv2", "--spikes", out / "conv1.spines",
             "--write-spikes", out / "spikes",
             sets=CARD + ["trace.vcd.enable=true", "trace.timeline.enable=true",
                          "trace.probe.enable=true"])
        # Weights of 8 bits, and those behind the last update instead of before it.
        ours, theirs = bits(out / "spikes" / "conv2.s.npy"), bits(golden / "conv2.s.npy")
        expect(len(ours) == len(theirs), "conv2 has the neurons of the training")
        same = sum(a == b for a, b in zip(ours, theirs)) / len(ours)
        expect(sum(ours) > 0 and same > 0.95, f"spikes like those of H2Learn: {same:.3f}")

        summary = json.loads((out / "card" / "summary.json").read_text(encoding="utf-8"))
        expect(summary["accelerator"] == "spinalflow", "the summary names the accelerator")
        expect([layer["name"] for layer in summary["layers"]] == ["conv2", "fc1", "fc2"],
               "the layers have their names")
        items = json.loads((out / "card" / "stats.json").read_text(encoding="utf-8"))["items"]
        for layer in summary["layers"]:
            rows = items[f"layer.{layer['name']}.{layer['pass']}.events.row_reads"]["value"]
            expect(rows > 0 and rows == layer["compute_cycles_total"], "a cycle per row")
        probed = items["probe.spinalflow.load.socket.read_bytes"]["value"]
        expect(probed > 0, "a probe watches the unit")
        expect("spinalflow" in (out / "card" / "trace.vcd").read_text(encoding="utf-8"), "waveform")
        h2vp("report", out / "card", "--out", out / "page.html")
        expect("SpinalFlow unit" in (out / "page.html").read_text(encoding="utf-8"), "page")

        text = h2vp("infer-spikes", CONFIG, sets=CARD, code=2)
        expect("conv1 reads pixels of 8 bits" in text, text)
        text = h2vp("infer-spikes", CONFIG, "--from", "conv2", sets=CARD, code=2)
        expect("needs --spikes" in text, text)
        text = h2vp("infer-spikes", CONFIG, "--from", "conv9", sets=CARD, code=2)
        expect("legal: conv1, conv2, fc1, fc2" in text, text)
        text = h2vp("infer-spikes", CONFIG, "--from", "fc1", "--spikes", out / "conv1.spines",
                    sets=CARD, code=2)
        expect("the layer reads 32 channels of 7 x 7" in text, text)
        text = h2vp("infer-spikes", CONFIG, code=2)
        expect("runs on spinalflow" in text, text)
        for command in ("train", "profile"):
            text = h2vp(command, CONFIG, sets=CARD, code=2)
            expect("accelerator: spinalflow infers only" in text, text)
        text = h2vp("convert", golden / "conv1.s.npy", out / "copy.npy", code=2)
        expect("legal are spikes (.npy) to spike lists" in text, text)


if __name__ == "__main__":
    main()
