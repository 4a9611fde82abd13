#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a training on the host to answers of the card: results, statistics, waveform, timeline and
page of `h2vp train` and `h2vp infer` with accelerator spinaps; the same bytes twice; named errors.
usage: command_test.py H2VP SOURCE_DIR
"""
import json
import os
import pathlib
import random
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from command_line import SOURCE, expect, h2vp, summary_of

CONFIG = os.path.join(SOURCE, "configs/spinaps.yaml")
SMALL = ["dataset.kind=digits", "dataset.train_limit=1200", "dataset.test_limit=100",
         "training.epochs=3", "training.sub_batch=16"]


def answers(folder):
    return (folder / "decisions.npy").read_bytes()


def check_results(folder):
    summary = summary_of(folder)
    expect(summary["accelerator"] == "spinaps", "the summary names the accelerator")
    inference = summary["inference"]
    expect(inference["samples"] == 100 and inference["accuracy"] > 0.5, f"it learns: {inference}")
    steps = inference["accuracy_by_step"]
    expect(len(steps) == 8 and steps == sorted(steps), "accuracy grows with the steps")
    decided = steps[-1] + inference["undecided_right"] / 100
    expect(abs(decided - inference["accuracy"]) < 1e-9, "decided and undecided are all")
    expect(summary["result"]["loss"][0] > summary["result"]["loss"][-1], "the loss falls")
    layers = {layer["name"]: layer for layer in summary["layers"]}
    expect(set(layers) == {"program", "fc1"}, f"both commands are told apart: {set(layers)}")
    items = json.loads((folder / "stats.json").read_text(encoding="utf-8"))["items"]
    events = {name: items[f"layer.fc1.forward.events.{name}"]["value"] for name in
              ("row_reads", "bits_read", "steps", "draws")}
    expect(layers["fc1"]["compute_cycles_total"] == events["row_reads"] + 10 * events["steps"],
           "a cycle per row, ten per step")
    expect(events["bits_read"] == 80 * events["row_reads"], "80 cells per row")
    expect(events["draws"] == 10 * events["steps"], "a draw per class and step")
    energy = summary["energy"]["by_event"]
    for event in ("bits_read", "adds", "neuron_steps", "bits_written"):
        expect(energy[event] > 0, f"{event} takes energy")
    expect(summary["area"]["by_part"]["spinaps.arrays"] > 0, "arrays have an area")
    return summary


def check_errors(out):
    wrong = [("spinaps.seed=0", "spinaps.seed: 0 is out of range"),
             ("spinaps.tau=0", "spinaps.tau: 0 is out of range"),
             ("network.timesteps=0", "network.timesteps: 0 is out of range"),
             ("spinaps.deadline=9", "spinaps.deadline: 9 contradicts network.timesteps = 8"),
             ("spinaps.arrays=1", "spinaps.arrays: 1 of 256 x 1024 cells are too few"),
             ("network.layers=16C3(Encoding)-10FC", "legal: <n>FC, one layer"),
             ("network.layers=9FC", "the labels reach 9"),
             ("network.input.height=20", "network.input"),
             ("training.checkpoint.every=1", "training.checkpoint.every")]
    for key, text in wrong:
        said = h2vp("train", CONFIG, "--out", out / "no", sets=[*SMALL, key], code=2)
        expect(text in said, f"{key}: {said}")
    said = h2vp("train", CONFIG, "--out", out / "no", "--golden", out / "g", sets=SMALL, code=2)
    expect("--golden: accelerator spinaps" in said, said)
    said = h2vp("infer", CONFIG, "--out", out / "no", sets=SMALL, code=2)
    expect("--weights: missing" in said, said)
    said = h2vp("infer", CONFIG, "--out", out / "no", "--weights", out, sets=SMALL, code=2)
    expect("fc1.w.npy" in said, said)
    said = h2vp("infer", CONFIG, "--out", out / "no", "--weights", out / "train" / "weights",
                sets=[*SMALL, "spinaps.kernels=3"], code=2)
    expect("expected (784, 3, 10)" in said, said)
    said = h2vp("train", CONFIG, "--out", out / "no", sets=[*SMALL, "spinaps.write_failure=1"],
                code=1)
    expect("programming the arrays: a slice of an array did not read back" in said, said)
    for command in ("profile", "infer-spikes"):
        said = h2vp(command, CONFIG, sets=SMALL, code=2)
        expect("accelerator" in said, said)


def write_npy(path, shape, values):
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() +
                     bytes(values))


def check_own_data(out):
    # Features instead of pictures: six classes, ten of sixty features high in each.
    folder = out / "npy"
    folder.mkdir()
    for part, count in (("train", 300), ("test", 60)):
        labels = [i % 6 for i in range(count)]
        noise = random.Random(part)
        write_npy(folder / f"{part}_labels.npy", f"({count},)", labels)
        write_npy(folder / f"{part}_samples.npy", f"({count}, 1, 1, 60)",
                  [noise.randrange(150, 250) if j // 10 == label else noise.randrange(100)
                   for label in labels for j in range(60)])
    h2vp("train", CONFIG, "--quiet", "--out", out / "own",
         sets=["dataset.kind=npy", f"dataset.path={folder}", "network.layers=6FC",
               "network.input.height=1", "network.input.width=60"])
    expect(summary_of(out / "own")["inference"]["accuracy"] > 0.6, "it learns data of one's own")


def check_experiment(out):
    h2vp("experiment", "spinaps", "--configs", os.path.join(SOURCE, "configs"), "--quiet", "--out",
         out / "experiment",
         sets=["dataset.kind=digits", "dataset.train_limit=300", "dataset.test_limit=50",
               "training.epochs=1"])
    result = json.loads((out / "experiment" / "spinaps.json").read_text(encoding="utf-8"))
    claims = {claim["claim"]: claim for claim in result["claims"]}
    expect(len(claims) == 5, f"claims: {list(claims)}")
    waits = claims["an answer does not wait for the last step"]
    expect(waits["how"] == "mechanism", f"early stop changes no class: {waits}")
    gain = [claim for name, claim in claims.items() if "with SRAM" in name]
    expect(gain and gain[0]["how"] == "fitted", f"the gain over SRAM is a band: {claims}")
    tables = {table["title"]: table["rows"] for table in result["tables"]}
    band = next(rows for title, rows in tables.items() if "mm2, cells alone" in title)
    # Area times energy of reading, 146/54 times the ratio, where nothing leaks.
    expect(band[0] == ["0.0", "1.35", "2.70", "5.41", "8.11"], f"cells alone: {band}")
    points = {row[0]: row[1:] for row in tables["Where the gain is 4"]}
    expect(points["cells alone"][1] == "x 1.48", f"points: {points}")
    grid = next(rows for title, rows in tables.items() if title.startswith("Accuracy by T"))
    expect([row[:2] for row in grid] == [[t, b] for t in ("8", "16") for b in ("-4", "-7", "-10")],
           f"grid: {grid}")
    changed = [row[0] for row in tables["One thing changed at a time, T = 8"]]
    expect(changed == [*(f"{bits} bits per weight" for bits in range(2, 9)),
                       *(f"tau = {tau}" for tau in (1, 2, 4, 8, 16)),
                       *(f"spikes: {code}" for code in ("rate", "latency", "constant"))],
           f"sweeps: {changed}")
    text = (out / "experiment" / "spinaps.md").read_text(encoding="utf-8")
    for word in ("8 bits per weight", "tau = 16", "latency", "Human activity", "start bias"):
        expect(word in text, f"{word} in the page of the experiment")


def main():
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        h2vp("train", CONFIG, "--quiet", "--out", out / "train", sets=[
            *SMALL, "trace.vcd.enable=true", "trace.timeline.enable=true",
            "trace.probe.enable=true"])
        summary = check_results(out / "train")
        vcd = (out / "train" / "trace.vcd").read_text(encoding="utf-8")
        expect("first_spike_step" in vcd and "winner" in vcd, "decisions are in the waveform")
        timeline = (out / "train" / "timeline.json").read_text(encoding="utf-8")
        expect("program" in timeline and "row_reads" in timeline, "jobs are on the timeline")

        h2vp("train", CONFIG, "--quiet", "--out", out / "again", sets=SMALL)
        expect(answers(out / "again") == answers(out / "train"), "twice the same answers")
        same = summary_of(out / "again")["result"]["weights_sha256"]
        expect(same == summary["result"]["weights_sha256"], "twice the same weights")

        h2vp("infer", CONFIG, "--out", out / "infer", "--weights", out / "train" / "weights",
             sets=SMALL)
        expect(answers(out / "infer") == answers(out / "train"), "infer repeats the test of train")
        for key in ("spinaps.weight_bits=3", "spinaps.early_stop=false"):
            h2vp("infer", CONFIG, "--quiet", "--out", out / "other", "--weights",
                 out / "train" / "weights", sets=[*SMALL, key])
            expect((answers(out / "other") == answers(out / "train")) == ("early" in key), key)
        for key in ("spinaps.tau=5", "spinaps.kernels=2", "spinaps.start_bias=-5"):
            h2vp("train", CONFIG, "--quiet", "--out", out / "other", sets=[*SMALL, key])
            expect(answers(out / "other") != answers(out / "train"), key)

        h2vp("report", out / "train", "--out", out / "page.html")
        page = (out / "page.html").read_text(encoding="utf-8")
        expect("SpinAPS core" in page and "accuracy_by_step" in page, "page")
        check_errors(out)
        check_own_data(out)
        check_experiment(out)


if __name__ == "__main__":
    main()
