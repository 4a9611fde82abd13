#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a training on H2Learn to an inference on SpinalFlow: golden spikes become lists and back, the
card runs the layers behind the encoding one on the trained weights, and its results have summary,
statistics and page. usage: command_test.py H2VP SOURCE_DIR
"""
import json
import os
import pathlib
import re
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


def profile(out):
    """Drawn spikes: as many rows as density and shape say."""
    h2vp("profile", CONFIG, "--quiet", "--out", out / "profile",
         sets=CARD + ["profile.spike_density=0.1", "profile.sub_batches=2"])
    summary = json.loads((out / "profile" / "summary.json").read_text(encoding="utf-8"))
    expect([layer["name"] for layer in summary["layers"]] == ["conv2", "fc1", "fc2"], "all layers")
    expect(summary["warnings"][0]["kind"] == "uncharged", "conv1 is left out, and a warning says so")
    conv2 = summary["layers"][0]
    # 16 channels, 14 x 14 windows of 3 x 3 but for the border, T = 4, two sub-batches of 8.
    rows = 0.1 * 16 * (3 * 14 - 2) ** 2 * 4 * 16
    expect(abs(conv2["compute_cycles_total"] / rows - 1) < 0.03, f"{conv2} {rows}")
    expect(summary["energy"]["per_sample_j"] > 0 and summary["area"]["total_mm2"] > 0.9, "energy")
    text = h2vp("profile", CONFIG, "--dry-run", sets=CARD, code=2)
    expect("--dry-run: sizes are known for h2learn and sata" in text, text)


def forward_engine():
    """The worked number that SpinalFlow's rows stand beside: CIFAR10, conv2 to conv6, T = 10."""
    for pool, wanted in (("before_soma", 145152), ("after_soma", 228096)):
        text = h2vp("profile", os.path.join(SOURCE, "configs/cifar10.yaml"), "--dry-run",
                    sets=[f"network.pool={pool}", "training.sub_batch=4"])
        cycles = re.findall(r"conv[2-6] +forward +(\d+)", text)
        expect(len(cycles) == 5 and sum(map(int, cycles)) == 4 * wanted, f"{pool}: {cycles}")


def compare(out):
    """One network, trained once, infers on both machines."""
    spikes = ["dataset.coding=first_spike", "network.layers=8C3-AP2-16C3-AP2-10FC",
              "dataset.train_limit=2400", "dataset.test_limit=100", "trace.vcd.enable=false"]
    both = ("--accelerators", "h2learn,spinalflow")
    h2vp("compare", CONFIG, *both, "--quiet", "--out", out / "both",
         sets=spikes + ["network.pool=before_soma"])
    found = json.loads((out / "both" / "comparison.json").read_text(encoding="utf-8"))
    expect(found["command"] == "infer", f"they infer: {found['command']}")
    rows = {row["measure"]: row["values"] for row in found["rows"]}
    accuracy = rows["accuracy, test"]
    expect(accuracy["h2learn"] > 0.4, f"{accuracy}: it learns")
    expect(abs(accuracy["h2learn"] - accuracy["spinalflow"]) < 0.1, f"{accuracy}: 8 bits keep it")
    for measure in ("time simulated", "energy per sample", "area", "moved to and from memory"):
        expect(all(value > 0 for value in rows[measure].values()), measure)
    expect("spinalflow" in (out / "both" / "report.html").read_text(encoding="utf-8"), "page")
    h2vp("compare", CONFIG, *both, "--quiet", "--out", out / "again", "--weights",
         out / "both" / "training" / "weights", sets=spikes + ["network.pool=before_soma"])
    expect((out / "both" / "comparison.json").read_bytes() ==
           (out / "again" / "comparison.json").read_bytes(), "given weights are those of a training")
    text = h2vp("compare", CONFIG, *both, "--out", out / "x", sets=spikes, code=2)
    expect("reads averages of spikes" in text, text)
    text = h2vp("compare", CONFIG, *both, "--out", out / "x", code=2)
    expect("conv1 reads pixels of 8 bits; legal for SpinalFlow: spikes (begin behind" in text, text)
    text = h2vp("compare", CONFIG, *both, "--profile", "--out", out / "x", sets=spikes, code=2)
    expect("--profile times trainings, and spinalflow infers only" in text, text)


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
        text = h2vp("train", CONFIG, sets=CARD, code=2)
        expect("accelerator: spinalflow infers only" in text, text)
        text = h2vp("convert", golden / "conv1.s.npy", out / "copy.npy", code=2)
        expect("legal are spikes (.npy) to spike lists" in text, text)
        profile(out)
        forward_engine()
        compare(out)


if __name__ == "__main__":
    main()
