#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Data sets written by others' programs (pickle, h5py, Pillow, struct) are read as these wrote them:
`h2vp data --npy` against NumPy.

usage: formats_test.py H2VP SOURCE_DIR
"""

import os
import pathlib
import pickle
import subprocess
import sys
import tempfile

import h5py
import numpy
from PIL import Image

import event_files

H2VP, SOURCE = sys.argv[1:3]
MACHINE = pathlib.Path(SOURCE) / "configs" / "h2learn.yaml"
CIFAR10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def settings(kind, folder, shape, classes, timesteps=3, encoding=False, **others):
    channels, height, width = shape
    first = "4C3(Encoding)-" if encoding else "4C3-" if height > 1 else ""
    return {"dataset.kind": kind, "dataset.path": folder, "network.timesteps": timesteps,
            "network.input.channels": channels, "network.input.height": height,
            "network.input.width": width, "network.layers": f"{first}{classes}FC",
            **{f"dataset.{key}": value for key, value in others.items()}}


def h2vp(work, sets):
    line = [H2VP, "data", MACHINE, "--out", work / "shown", "--npy", work / "npy"]
    for key, value in sets.items():
        line += ["--set", f"{key}={value}"]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def load(work, sets, part="train"):
    done = h2vp(work, sets)
    assert done.returncode == 0, done.stderr
    samples = numpy.load(work / "npy" / f"{part}_samples.npy")
    return samples, numpy.load(work / "npy" / f"{part}_labels.npy"), done.stdout


def refused(work, sets, *parts):
    done = h2vp(work, sets)
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    for part in parts:
        assert part in done.stderr, f"{part!r} is not in: {done.stderr}"


def equal(found, wanted, what):
    assert found.shape == wanted.shape, f"{what}: {found.shape}, not {wanted.shape}"
    assert numpy.array_equal(found, wanted), f"{what}: {(found != wanted).sum()} values differ"


def as_python_2(batch):
    """Protocol 2 as cPickle of Python 2 wrote it: texts are byte strings (opcodes U and T)."""
    def text(value):
        value = value.encode() if isinstance(value, str) else value
        if len(value) < 256:
            return b"U" + bytes([len(value)]) + value
        return b"T" + len(value).to_bytes(4, "little") + value

    def number(value):
        return b"K" + bytes([value]) if value < 256 else b"M" + value.to_bytes(2, "little")

    data = batch["data"]
    array = (b"cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85"
             + text("b") + b"\x87Rq\x03(K\x01" + number(len(data)) + number(3072) + b"\x86"
             + b"cnumpy\ndtype\nq\x04" + text("u1") + b"K\x00K\x01\x87Rq\x05(K\x03" + text("|")
             + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89" + text(data.tobytes()) + b"tb")
    labels = b"](" + b"".join(number(v) for v in batch["labels"]) + b"e"
    return (b"\x80\x02}q\x00(" + text("batch_label") + text("training batch 1 of 5")
            + text("labels") + labels + text("data") + array + text("filenames") + b"]("
            + text("a.png") + b"e" + b"u.")


def cifar_pickles(work):
    rng = numpy.random.default_rng(1)
    folder = work / "cifar"
    folder.mkdir()
    batches = [{"data": rng.integers(0, 256, (n, 3072), numpy.uint8),
                "labels": rng.integers(0, 10, n).tolist(), "batch_label": "b",
                "filenames": ["a.png"] * n} for n in (300, 7, 5)]
    (folder / "data_batch_1").write_bytes(as_python_2(batches[0]))
    (folder / "data_batch_2").write_bytes(pickle.dumps(batches[1], protocol=4))
    binary = {b"data": batches[2]["data"], b"labels": batches[2]["labels"]}
    (folder / "test_batch").write_bytes(pickle.dumps(binary, protocol=3))
    sets = settings("cifar10", folder, (3, 32, 32), 10, encoding=True)
    samples, labels, _ = load(work, sets)
    wanted = numpy.concatenate([b["data"] for b in batches[:2]]).reshape(-1, 3, 32, 32)
    equal(samples, wanted, "pickles")
    equal(labels, numpy.array(batches[0]["labels"] + batches[1]["labels"], numpy.uint16), "labels")
    equal(load(work, {**sets, "dataset.cache_bytes": 0}, "test")[0],
          batches[2]["data"].reshape(-1, 3, 32, 32), "not held in memory")
    hundred = work / "cifar100"
    hundred.mkdir()
    fine = {"data": batches[1]["data"], "fine_labels": [99, 0, 1, 2, 3, 4, 5],
            "coarse_labels": [0] * 7}
    for name in ("train", "test"):
        (hundred / name).write_bytes(pickle.dumps(fine, protocol=4))
    sets100 = settings("cifar100", hundred, (3, 32, 32), 100, encoding=True)
    assert load(work, sets100)[1][0] == 99
    pickles_are_not_executed(work, folder, sets, batches[1])


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def pickles_are_not_executed(work, folder, sets, batch):
    batch_file = folder / "data_batch_1"
    for protocol in (3, 4):
        bomb = {**batch, "x": Bomb(work / "boom")}
        batch_file.write_bytes(pickle.dumps(bomb, protocol=protocol))
        refused(work, sets, "data_batch_1", "asks for 'posix.mkdir', which is not executed")
    assert not (work / "boom").exists()
    batch_file.write_bytes(pickle.dumps({**batch, "x": 1.5}, protocol=4))
    refused(work, sets, "data_batch_1: byte", "opcode 0x47 is not read")
    batch_file.write_bytes(pickle.dumps(batch, protocol=5))
    refused(work, sets, "protocol 5; legal: 2 to 4")
    sound = pickle.dumps(batch, protocol=4)
    for size in (1, 2, 30, 200, len(sound) // 2, len(sound) - 1):
        batch_file.write_bytes(sound[:size])
        refused(work, sets, "data_batch_1")
    batch_file.write_bytes(b"\x80\x02" + b"]" + b"\x85" * 100000 + b".")
    refused(work, sets, "holds no dictionary")
    batch_file.write_bytes(pickle.dumps({**batch, "data": batch["data"].astype("u2")}, protocol=4))
    refused(work, sets, "'data' is a NumPy array of another type")
    batch_file.write_bytes(pickle.dumps({**batch, "labels": [10] * 7}, protocol=4))
    refused(work, sets, "label 0 is 10, legal: 0..9")


def nmnist(work):
    rng = numpy.random.default_rng(2)
    root = work / "nmnist"
    recordings = {}
    for part, classes in (("Train", range(10)), ("Test", range(9))):
        for label in classes:
            (root / part / str(label)).mkdir(parents=True)
            events = event_files.draw(rng, 400, 34, 15000, 300)
            at = int(numpy.searchsorted(events[:, 0], 9000))
            (root / part / str(label) / "00001.bin").write_bytes(event_files.nmnist(events, at))
            recordings[part, label] = events
    ring = {"network.input.height": 32, "network.input.width": 32}
    sets = settings("nmnist", root, (2, 34, 34), 10)
    train = [recordings["Train", k] for k in range(10)]

    def wanted(side=34, **rules):
        moved = [e - [0, (34 - side) // 2, (34 - side) // 2, 0] for e in train]
        return numpy.stack([event_files.windows(e, 3, 2, side, side, **rules) for e in moved])

    samples, labels, text = load(work, sets)
    equal(samples, wanted(), "34x34")
    equal(labels, numpy.arange(10, dtype=numpy.uint16), "labels")
    assert "Test: no files of class 9" in text and "10 entries are overflows" in text, text
    samples, _, text = load(work, {**sets, **ring})
    equal(samples, wanted(32), "32x32")
    assert "of 4000 events lie outside" in text, text
    equal(load(work, {**sets, "dataset.windows": "count"})[0], wanted(by_count=True), "by count")
    equal(load(work, {**sets, "dataset.window_us": 2000})[0], wanted(window_us=2000), "2 ms each")
    one = load(work, {**sets, "network.input.channels": 1})[0]
    equal(one, wanted().max(axis=2, keepdims=True), "both polarities")
    counted = load(work, {**sets, "dataset.events": "counts",
                          "network.layers": "4C3(Encoding)-10FC"})[0]
    equal(counted, numpy.stack([event_files.counts(e, 34, 34) for e in train]).astype("u1"),
          "counts")
    refused(work, {**sets, "dataset.windows": "count", "dataset.window_us": 5}, "dataset.window_us")


def cifar10dvs(work):
    rng = numpy.random.default_rng(3)
    root = work / "dvs"
    train = []
    for name in CIFAR10:
        (root / name).mkdir(parents=True)
        for number in (0, 1):
            events = event_files.draw(rng, 500, 128, 1200000, 5000000)
            (root / name / f"cifar10_{name}_{number}.aedat").write_bytes(
                event_files.aedat2(events))
            train += [events] if number == 0 else []
    (root / "__MACOSX").mkdir()
    samples, _, text = load(work, settings("cifar10dvs", root, (2, 42, 42), 10))
    equal(samples, numpy.stack([event_files.windows(e, 3, 2, 42, 42, share=3) for e in train]),
          "42x42")
    assert "__MACOSX: is no class folder and is not read" in text, text


def dvsgesture(work):
    """Times beyond 2^31 us, gestures in the middle of packets, events that are invalid."""
    rng = numpy.random.default_rng(4)
    root = work / "gesture"
    root.mkdir()
    base = (1 << 31) - 500000
    spans = [(1, base + 1000, base + 300000), (11, base + 450000, base + 990000)]
    wanted = []
    for part, user in (("train", "user01_led"), ("test", "user02_lab")):
        events = event_files.draw(rng, 3000, 128, 1000000, base)
        invalid = set(range(0, 3000, 17))
        cut = int(numpy.searchsorted(events[:, 0], 1 << 31))
        head = event_files.aedat3(events[:cut], 100, invalid)
        tail = event_files.aedat3(events[cut:], 100, {i - cut for i in invalid})
        (root / f"{user}.aedat").write_bytes(head + tail[len(event_files.AEDAT3_HEAD):])
        (root / f"{user}_labels.csv").write_text("class,startTime_usec,endTime_usec\n" + "".join(
            f"{c},{b},{e}\n" for c, b, e in spans))
        (root / f"trials_to_{part}.txt").write_text(f"{user}.aedat\n")
        valid = numpy.delete(events, sorted(invalid), axis=0)
        wanted.append([valid[(valid[:, 0] >= b) & (valid[:, 0] < e)] for _, b, e in spans])
    sets = settings("dvsgesture", root, (2, 32, 32), 11)
    samples, labels, text = load(work, sets)
    equal(samples, numpy.stack([event_files.windows(e, 3, 2, 32, 32, share=4)
                                for e in wanted[0]]), "gestures")
    assert labels.tolist() == [0, 10]
    assert "marked invalid" in text, text
    file = root / "user01_led.aedat"
    sound = file.read_bytes()
    file.write_bytes(sound[:-3])
    refused(work, sets, "user01_led.aedat: packet", "bytes left")
    file.write_bytes(sound.replace(b"DAT3.1", b"DAT2.0"))
    refused(work, sets, "does not begin with \"#!AER-DAT3.1\"")
    file.write_bytes(sound)
    (root / "user01_led_labels.csv").write_text("class,startTime_usec,endTime_usec\n12,0,5\n")
    refused(work, sets, "user01_led_labels.csv:2", "class 1..11")
    (root / "user01_led_labels.csv").write_text("class,startTime_usec,endTime_usec\n2,0,5\n")
    refused(work, sets, "user01_led.aedat: holds no events from 0 to 5 us")


def heidelberg(work):
    """As the files of the Heidelberg data sets: lists of float16 times and uint16 units."""
    rng = numpy.random.default_rng(5)
    root = work / "shd"
    root.mkdir()
    train = []
    for part, count in (("train", 12), ("test", 4), ("valid", 3)):
        times = [numpy.sort(rng.random(200)).astype(numpy.float16) for _ in range(count)]
        units = [rng.integers(0, 700, 200).astype(numpy.uint16) for _ in range(count)]
        for prefix in ("shd", "ssc"):
            with h5py.File(root / f"{prefix}_{part}.h5", "w") as file:
                for name, rows, kind in (("times", times, "f2"), ("units", units, "u2")):
                    rows_of = file.create_dataset(f"spikes/{name}", (count,),
                                                  h5py.vlen_dtype(numpy.dtype(kind)))
                    for i, row in enumerate(rows):
                        rows_of[i] = row
                file["labels"] = numpy.arange(count, dtype=numpy.uint16)
        if part == "train":
            train = [numpy.stack([numpy.floor(t.astype(float) * 1e6 + 0.5).astype(int), u,
                                  numpy.zeros(200, numpy.int64), numpy.zeros(200, numpy.int64)],
                                 axis=1) for t, u in zip(times, units)]
    sets = settings("shd", root, (700, 1, 1), 20)
    samples, labels, _ = load(work, sets)
    wanted = numpy.stack([event_files.windows(e, 3, 1, 1, 700) for e in train])
    equal(samples, wanted.reshape(12, 3, 700, 1, 1), "700 channels")
    equal(labels, numpy.arange(12, dtype=numpy.uint16), "labels")
    samples = load(work, settings("shd", root, (1, 10, 14), 20))[0]
    wanted = numpy.stack([event_files.windows(e, 3, 1, 1, 140, share=5) for e in train])
    equal(samples, wanted.reshape(12, 3, 1, 10, 14), "140 channels as a map")
    ssc = settings("ssc", root, (140, 1, 1), 35, validation=3)
    assert len(load(work, ssc, "validation")[1]) == 3
    refused(work, settings("shd", root, (699, 1, 1), 20), "divides 700")
    with h5py.File(root / "shd_train.h5", "a") as file:
        file["spikes/units"][2] = numpy.full(200, 700, numpy.uint16)
    refused(work, sets, "shd_train.h5: sample 2: spike 0 of channel 700")
    (root / "shd_train.h5").write_bytes(b"no HDF5 at all")
    refused(work, sets, "shd_train.h5: cannot be opened, or is no HDF5 file")


def images(work):
    """Against Pillow: PNG exactly where nothing is scaled, else within rounding of its filter."""
    rng = numpy.random.default_rng(6)
    root = work / "images"
    (root / "a b").mkdir(parents=True)
    noise = Image.fromarray(rng.integers(0, 256, (300, 420, 3), numpy.uint8))
    noise.save(root / "a b" / "wide.png")
    smooth = noise.resize((21, 15)).resize((350, 500), Image.Resampling.BICUBIC)
    smooth.save(root / "tall.jpg", quality=90)
    smooth.convert("L").save(root / "grey.png")
    smooth.convert("CMYK").save(root / "inks.jpg", quality=95)
    names = ["a b/wide.png", "tall.jpg", "grey.png", "inks.jpg"]
    (root / "train.txt").write_text("".join(f"{n} {i * 300}\n" for i, n in enumerate(names)))
    (root / "test.txt").write_text("tall.jpg 3\r\n\n")

    def wanted(name, side, size):
        picture = Image.open(root / name).convert("RGB")
        shorter = min(picture.size)
        scaled = picture.resize([d * side // shorter for d in picture.size],
                                Image.Resampling.BILINEAR)
        left, top = ((d - size) // 2 for d in scaled.size)
        cut = scaled.crop((left, top, left + size, top + size))
        return numpy.asarray(cut, numpy.int64).transpose(2, 0, 1)

    sets = settings("images", root, (3, 32, 32), 901, encoding=True)
    for side, more in ((32, {}), (40, {"dataset.resize": 40}), (300, {"dataset.resize": 300})):
        samples, labels, _ = load(work, {**sets, **more})
        assert labels.tolist() == [0, 300, 600, 900]
        for sample, name in zip(samples.astype(numpy.int64), names):
            worst = numpy.abs(sample - wanted(name, side, 32)).max()
            limit = 3 if name == "inks.jpg" else 0 if side == 300 and name[-3:] == "png" and \
                name[0] == "a" else 1
            assert worst <= limit, f"{name} at {side}: differs by {worst}"
    big = {**sets, "dataset.resize": 256, "network.input.height": 224, "network.input.width": 224}
    assert load(work, big)[0].shape == (4, 3, 224, 224)
    refused(work, {**sets, "dataset.resize": 31}, "dataset.resize 31")
    (root / "test.txt").write_text("tall.jpg three\n")
    refused(work, sets, "test.txt:1", "a blank, and its class")
    (root / "test.txt").write_text("missing.png 0\n")
    refused(work, sets, "test.txt:1: no such file", "missing.png")
    (root / "test.txt").write_text("bad.png 0\n")
    for damage in (b"GIF89a" + bytes(99), (root / "grey.png").read_bytes()[:200],
                   (root / "tall.jpg").read_bytes()[:900], (root / "tall.jpg").read_bytes()[:20]):
        (root / "bad.png").write_bytes(damage)
        refused(work, sets, "bad.png: is n")


def main():
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        for test in (cifar_pickles, nmnist, cifar10dvs, dvsgesture, heidelberg, images):
            test(work)
            print("ok    ", test.__name__, flush=True)


if __name__ == "__main__":
    main()
