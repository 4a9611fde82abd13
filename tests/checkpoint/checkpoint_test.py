#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: resumed as if not interrupted, waveform included; foreign, damaged and unfit ones
are refused with the reason.

usage: checkpoint_test.py H2VP
"""

import hashlib
import pathlib
import shutil
import sys
import tempfile

import training_folder as training

H2VP = sys.argv[1]
VCD = {"trace.vcd.enable": "true", "trace.vcd.level": "bursts"}


def changes(path):
    """A waveform as {name: [(time, value)]}, and the names by identifier."""
    names, found, time = {}, {}, 0
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if line.startswith("$var"):
                names[words[3]] = words[4]
                found[words[4]] = []
            elif line.startswith("#"):
                time = int(line[1:])
            elif line[0] == "b":
                found[names[words[1]]].append((time, words[0][1:]))
            elif line[0] in "01" and words[0][1:] in names:
                found[names[words[0][1:]]].append((time, line[0]))
    return found


def from_then_on(waves, begin):
    """Values at `begin` and the changes behind it."""
    rest = {}
    for name, steps in waves.items():
        before = [value for time, value in steps if time <= begin]
        rest[name] = (before[-1] if before else "0", [s for s in steps if s[0] > begin])
    return rest


def refused(out, more, reason, sets=None):
    text = training.run(H2VP, out, more, sets, code=2)
    assert reason in text, f"{reason!r} is not in {text!r}"


def keeps_and_resumes(work):
    """From every checkpoint the rest of the run is the same."""
    sets = {**VCD, "training.checkpoint.keep": 100}
    training.run(H2VP, work / "whole", sets=sets)
    expected = training.results(work / "whole")
    waves = changes(work / "whole" / "trace.vcd")
    files = training.checkpoints(work / "whole")
    assert len(files) == 11, files  # 12 batch groups; none behind the last one
    for file in (files[0], files[4], files[-1]):
        out = work / ("from-" + file.stem)
        training.run(H2VP, out, ["--resume", str(file)], sets)
        wrong = training.differences(expected, training.results(out))
        assert not wrong, f"resumed from {file.name} these differ: {wrong}"
        rest = changes(out / "trace.vcd")
        begin = min(steps[1][0] for steps in rest.values() if len(steps) > 1)  # of the board
        assert begin > 0
        assert from_then_on(rest, begin) == from_then_on(waves, begin), f"waveform of {file.name}"


def keeps_the_newest(work):
    training.run(H2VP, work / "few", sets={"training.checkpoint.keep": 3})
    names = [file.stem[-2:] for file in training.checkpoints(work / "few")]
    assert names == ["09", "10", "11"], names


def has_a_folder_of_its_own(work):
    sets = {"training.checkpoint.dir": work / "kept", "training.checkpoint.every": 5}
    training.run(H2VP, work / "elsewhere", sets=sets)
    assert [f.name for f in sorted((work / "kept").iterdir())] == \
        ["checkpoint-000000000005.h2ck", "checkpoint-000000000010.h2ck"]
    training.run(H2VP, work / "resumed", ["--resume", str(work / "kept")], sets)
    wrong = training.differences(training.results(work / "elsewhere"),
                                 training.results(work / "resumed"))
    assert not wrong, wrong


def does_not_change_what_is_learnt(work):
    """Weights do not depend on checkpoints; simulated time does: the card starts anew."""
    training.run(H2VP, work / "none", sets={"training.checkpoint.every": 0})
    one, other = training.results(work / "none"), training.results(work / "whole")
    names = [name for name in one if name.endswith(".npy")]
    assert len(names) == 6
    assert all(one[name] == other[name] for name in names)
    assert one["summary.json"]["result"] == other["summary.json"]["result"]
    assert one["summary.json"]["time"]["cycles"] != other["summary.json"]["time"]["cycles"]


def is_refused(work):
    whole = work / "whole"
    refused(whole, [], "holds checkpoints of another run")
    out = work / "refused"
    file = training.checkpoints(whole)[3]
    contents = file.read_bytes()
    bad = work / "bad.h2ck"

    def with_contents(data, reason):
        bad.write_bytes(data)
        refused(out, ["--resume", str(bad)], reason)

    with_contents(b"PK\x03\x04" + contents, "is no checkpoint")
    with_contents(b"", "is no checkpoint")
    with_contents(contents[:40], "header is cut off")
    with_contents(contents[:-1], "is damaged: it holds")
    with_contents(contents[:16] + b"\x09" + contents[17:], "of format 9")
    for place in (60, 92, 93, len(contents) // 2, len(contents) - 1):
        flipped = bytearray(contents)
        flipped[place] ^= 4
        with_contents(bytes(flipped), "is damaged: its contents do not have the SHA-256")
    refused(out, ["--resume", str(file)], "training.learning_rate is 0.004 there and 0.008 here",
            {"training.learning_rate": 0.008})
    refused(out, ["--resume", str(file)], "training.checkpoint.every is 1 there and 2 here",
            {"training.checkpoint.every": 2})
    refused(out, ["--resume", str(work / "nowhere")], "holds no checkpoint")
    refused(out, ["--resume", str(file), "--weights", str(whole / "weights")], "--weights")
    refused(out, ["--record", str(work / "x.txn")], "--record")
    # Of another version: the name of its program, with the digest of what it then holds.
    inside = contents[92:]
    at = inside.index(b"gprogram") + len(b"gprogram")
    length = inside[at] - 0x60  # CBOR: a short text
    assert 0 < length < 24, length
    other = inside[:at + 1] + b"9" * length + inside[at + 1 + length:]
    digest = hashlib.sha256(other).hexdigest().encode()
    with_contents(contents[:28] + digest + other, f"was written by version {'9' * length}, this is")
    # Whole, of this configuration by its own account, with the state of another network.
    training.run(H2VP, work / "other", sets={"network.layers": "8C3(Encoding)-AP2-10FC"})
    foreign = training.checkpoints(work / "other")[-1].read_bytes()[92:]
    key = b"estate\xa4"  # CBOR: the last member of a document, with four of its own
    assert inside.count(key) == foreign.count(key) == 1
    mixed = inside[:inside.index(key)] + foreign[foreign.index(key):]
    head = contents[:20] + len(mixed).to_bytes(8, "little")
    with_contents(head + hashlib.sha256(mixed).hexdigest().encode() + mixed,
                  "is no state of this network and machine: it has 2 layers, the network has 3")
    assert not (out / "summary.json").exists()


def other_data_are_refused(work):
    """The same configuration with files whose samples or labels have changed since."""
    data, out = work / "data", work / "on-data"
    data.mkdir()
    sets = {"dataset.kind": "npy", "dataset.path": data, "network.layers": "4C3(Encoding)-2FC",
            "dataset.train_limit": 0, "dataset.test_limit": 0, "training.epochs": 1}

    def write(name, dtype, shape, values):
        head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
        head += b" " * (-(11 + len(head)) % 64) + b"\n"
        (data / name).write_bytes(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head +
                                  bytes(values))

    pixels = [(7 * i) % 251 for i in range(8 * 784)]
    for part in ("train", "test"):
        write(f"{part}_samples.npy", "|u1", (8, 1, 28, 28), pixels)
        write(f"{part}_labels.npy", "|u1", (8,), [i % 2 for i in range(8)])
    training.run(H2VP, out, sets=sets)
    file = str(training.checkpoints(out)[0])
    training.run(H2VP, work / "same-data", ["--resume", file], sets)
    write("train_labels.npy", "|u1", (8,), [1] + [i % 2 for i in range(1, 8)])
    refused(work / "x", ["--resume", file], "is of another data set", sets)
    write("train_labels.npy", "|u1", (8,), [i % 2 for i in range(8)])
    write("test_samples.npy", "|u1", (8, 1, 28, 28), pixels[:-1] + [1])
    refused(work / "x", ["--resume", file], "is of another data set", sets)



def main():
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        for test in (keeps_and_resumes, keeps_the_newest, has_a_folder_of_its_own,
                     does_not_change_what_is_learnt, is_refused,
                     other_data_are_refused):
            test(work)
            print("ok    ", test.__name__, flush=True)
        shutil.rmtree(work / "whole")


if __name__ == "__main__":
    main()
