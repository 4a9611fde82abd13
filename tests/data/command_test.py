#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`h2vp data`: counts, rates, remarks and contact sheet; a data set that is not held in memory trains
to the same weights in constant memory.

usage: command_test.py H2VP SOURCE_DIR
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

H2VP, SOURCE = sys.argv[1:3]
MACHINE = pathlib.Path(SOURCE) / "configs" / "h2learn.yaml"


def run(command, out, sets, code=0):
    line = [H2VP, command, str(MACHINE), "--out", str(out)]
    for key, value in sets.items():
        line += ["--set", f"{key}={value}"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"exit {done.returncode}: {done.stderr}"
    return done.stdout + done.stderr


def npy(path, descr, shape, data):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
                     + data)


def png_size(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[-8:-4] == b"IEND"
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def shows_digits(work):
    sets = {"network.layers": "8C3(Encoding)-AP2-10FC", "network.timesteps": 2,
            "dataset.train_limit": 50, "dataset.test_limit": 20}
    text = run("data", work / "digits", sets)
    assert "train  50 samples of 1x28x28 pixels, labels below 10, 0.0 MB in memory" in text, text
    rows = [line.split() for line in text.splitlines() if line[:1].isdigit()]
    assert len(rows) == 10 and sum(int(r[1]) for r in rows) == 50
    assert sum(int(r[3]) for r in rows) == 20
    assert all(0.02 < float(r[2]) < 0.5 for r in rows), rows
    assert png_size(work / "digits" / "contact_sheet.png") == (10 * 30 + 2, 10 * 30 + 2)


def peak(arguments, out, sets):
    """Largest resident memory of one run, bytes."""
    line = [H2VP, *arguments, str(MACHINE), "--quiet", "--out", str(out)]
    for key, value in sets.items():
        line += ["--set", f"{key}={value}"]
    child = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, (line, status)
    return usage.ru_maxrss * 1024


def spike_files(folder, samples):
    """Spikes of 130 KB a sample, nearly all of them a hole in the file."""
    folder.mkdir()
    sample = bytes((i * i // 7) % 5 == 0 for i in range(2 * 2 * 180 * 180))
    for part, count in (("train", samples), ("test", 2)):
        npy(folder / f"{part}_samples.npy", "|b1", (count, 2, 2, 180, 180), b"")
        with open(folder / f"{part}_samples.npy", "r+b") as file:
            begin = file.seek(0, 2)
            file.write(sample)
            file.truncate(begin + count * len(sample))
        labels = b"".join((i % 4).to_bytes(8, "little") for i in range(count))
        npy(folder / f"{part}_labels.npy", "<i8", f"({count},)", labels)
    return {"dataset.kind": "npy", "dataset.path": folder, "network.timesteps": 2,
            "network.input.channels": 2, "network.input.height": 180, "network.input.width": 180,
            "network.layers": "4C3S2-AP2-4C3S2-4FC", "training.sub_batch": 1,
            "dataset.cache_bytes": 1000000}


def memory_does_not_grow(work):
    """A data set of 8 and one of 207 MB, looked through and trained with."""
    small = spike_files(work / "few", 64)
    large = spike_files(work / "many", 1600)
    text = run("data", work / "shown", large)
    assert "train  1600 samples of 2x180x180 spikes at 2 timesteps" in text, text
    assert "207.4 MB read as they are used" in text, text
    for command, most in (("data", {}), ("train", {"training.epochs": 1})):
        few = {**small, **most}
        many = {**large, **most}
        if command == "train":
            few["dataset.train_limit"] = 6
            many["dataset.train_limit"] = 24
        before, after = (peak([command], work / "peak", sets) for sets in (few, many))
        assert after < before + 12e6, f"{command}: {before} and {after} bytes"
    held = {**large, "dataset.cache_bytes": 1 << 30}
    assert peak(["data"], work / "peak", held) > 200e6, "the test sees memory"


def trains_to_the_same_weights(work):
    sets = {**spike_files(work / "spikes", 8), "dataset.test_limit": 1}
    results = []
    for name, cache in (("held", 1 << 30), ("read", 0)):
        run("train", work / name, {**sets, "dataset.cache_bytes": cache})
        results.append(json.loads((work / name / "summary.json").read_text()))
    assert results[0]["result"] == results[1]["result"]


def holds_out_validation(work):
    sets = {"network.layers": "8C3(Encoding)-AP2-10FC", "network.timesteps": 2,
            "dataset.train_limit": 60, "dataset.test_limit": 20, "dataset.validation": 20,
            "training.epochs": 2, "training.test_every_epoch": "true"}
    text = run("data", work / "shown2", sets)
    assert "train  40 samples" in text and "valid  20 samples" in text, text
    text = run("train", work / "valid", sets)
    assert "of 20 samples, 95 % interval" in text, text
    result = json.loads((work / "valid" / "summary.json").read_text())["result"]
    assert result["validation_samples"] == 20 and result["test_samples"] == 20
    low, high = result["validation_interval_95"]
    assert 0 <= low <= result["validation_accuracy"] <= high <= 1 and high - low > 0.1
    first, last = result["epochs"]
    assert "validation_accuracy" in first and "test_accuracy" not in first, first
    assert last["validation_accuracy"] == result["validation_accuracy"]
    assert last["test_accuracy"] == result["test_accuracy"]


def main():
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        for test in (shows_digits, memory_does_not_grow, trains_to_the_same_weights,
                     holds_out_validation):
            test(work)
            print("ok    ", test.__name__, flush=True)


if __name__ == "__main__":
    main()
