#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a folder of results holds after whatever happens: a complete set, or one that says it is not.
Refused selections, old results, divergence, signals, a full and a read-only disk, a file in the
way, and kill -9 at many moments.

usage: folder_test.py H2VP SOURCE_DIR
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from timeline_rules import broken_rules
from waves import expect, finish, histories, train

KILLS = 100
FILES = ("summary.json", "stats.json", "stats.csv", "layers.csv", "trace.vcd", "trace.gtkw",
         "timeline.json")
TIMELINE = ("--set", "trace.timeline.enable=true", "--set", "trace.timeline.level=tiles")


def load(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return json.load(file)


def digests(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(base, name), "rb") as file:
                found[os.path.join(base, name)] = hashlib.sha256(file.read()).hexdigest()
    return found


class Folder:
    def __init__(self, h2vp, source, work):
        self.h2vp, self.source, self.work = h2vp, source, work
        self.config = os.path.join(source, "configs", "quickstart.yaml")

    def command(self, verb, out, *options):
        return [self.h2vp, verb, self.config, "--quiet", "--out", out,
                "--set", "trace.probe.enable=false", "--set", "trace.vcd.to_us=0", *options]

    def run(self, verb, out, *options):
        return subprocess.run(self.command(verb, out, *options), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)

    def small(self, out, *options):
        return self.run("train", out, "--set", "dataset.train_limit=16",
                        "--set", "dataset.test_limit=4", *options)


def check_refused(folder):
    """A selection that fits nothing touches nothing."""
    out = os.path.join(folder.work, "refused")
    train(folder.h2vp, folder.source, out, 16)
    before = digests(out)
    for option, text in (("trace.vcd.scopes=[nope]", "'nope' matches no variable"),
                         ("trace.probe.sockets=top.nope", "matches no socket")):
        run = folder.small(out, "--set", option, "--set", "trace.probe.enable=true")
        expect(run.returncode == 2 and text in run.stdout, f"{option}: {run.stdout}")
        expect(digests(out) == before, f"{option}: files were touched")


def check_window_behind_the_end(folder):
    out = os.path.join(folder.work, "late")
    run = folder.small(out, "--set", "trace.vcd.from_us=100000")
    warnings = load(out, "summary.json")["warnings"]
    expect(run.returncode == 0 and "before trace.vcd.from_us" in run.stdout, run.stdout)
    expect([w["kind"] for w in warnings] == ["trace"] and warnings[0]["where"] == "trace.vcd",
           f"late window: {warnings}")
    with open(os.path.join(out, "trace.vcd"), encoding="ascii") as file:
        signals, _ = histories(file.read().splitlines())
    expect(all(len(history) == 1 for history in signals.values()), "late window: the file")


def check_size_limit(folder):
    out = os.path.join(folder.work, "limit")
    run = folder.small(out, *TIMELINE, "--set", "trace.vcd.max_bytes=20000",
                       "--set", "trace.timeline.max_bytes=20000")
    warnings = load(out, "summary.json")["warnings"]
    expect(run.returncode == 0, f"limit: exit {run.returncode}: {run.stdout}")
    expect([w["where"] for w in warnings] == ["trace.vcd", "timeline.json"] and
           all("max_bytes = 20000" in w["text"] for w in warnings), f"limit: {warnings}")
    for name in ("trace.vcd", "timeline.json"):
        size = os.path.getsize(os.path.join(out, name))
        expect(20000 <= size < 40000, f"limit: {name} has {size} bytes")
    expect(not broken_rules(os.path.join(out, "timeline.json")), "limit: timeline")


def check_failed_run(folder):
    """Results of an earlier run are gone or replaced; files of others and checkpoints are kept."""
    out = os.path.join(folder.work, "failed")
    folder.small(out, *TIMELINE)
    before = {}
    for name in ("stats.json", "layers.csv"):
        with open(os.path.join(out, name), encoding="utf-8") as file:
            before[name] = file.read()
    for name in ("mine.txt", "checkpoints/1.bin"):
        os.makedirs(os.path.dirname(os.path.join(out, name)), exist_ok=True)
        with open(os.path.join(out, name), "w", encoding="ascii") as file:
            file.write("kept")
    run = folder.small(out, "--set", "training.loss_scale=16777216",
                       "--set", "training.learning_rate=1000")
    expect(run.returncode == 1 and "in layer" in run.stdout, f"diverged: {run.stdout}")
    for name in ("summary.json", "timeline.json"):
        expect(not os.path.exists(os.path.join(out, name)), f"diverged: an old {name} is left")
    for name in ("stats.json", "layers.csv"):
        with open(os.path.join(out, name), encoding="utf-8") as file:
            expect(file.read() != before[name], f"diverged: an old {name} is left")
    for name in ("mine.txt", "checkpoints/1.bin", "weights/conv1.w.npy", "trace.vcd"):
        expect(os.path.exists(os.path.join(out, name)), f"diverged: no {name}")
    status = load(out, "summary.json.partial")
    expect(status["complete"] is False and "in layer" in status["error"], f"diverged: {status}")


def check_signal(folder, number):
    out = os.path.join(folder.work, f"signal{number}")
    run = subprocess.Popen(folder.command("train", out), stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
    while run.poll() is None and not os.path.exists(os.path.join(out, "trace.vcd.partial")):
        time.sleep(0.05)
    time.sleep(1)
    run.send_signal(number)
    text, _ = run.communicate()
    expect(run.returncode == 1 and "interrupted; results are those of" in text,
           f"signal {number}: exit {run.returncode}: {text}")
    summary = load(out, "summary.json")
    expect(summary["complete"] and summary["interrupted"], f"signal {number}: the summary")
    expect(summary["result"]["test_accuracy"] is None, f"signal {number}: a test that was not made")
    accuracy, trained = summary["result"]["train_accuracy"], summary["time"]["sub_batches"]
    expect((accuracy is None) == (trained == 0), f"signal {number}: accuracy {accuracy}")
    if trained:
        correct = accuracy * 8 * trained
        expect(abs(correct - round(correct)) < 1e-6, f"signal {number}: share of {correct}")
    expect(os.path.exists(os.path.join(out, "weights", "conv1.w.npy")), f"signal {number}: weights")


class Disk:
    """A disk of `size` mounted in a folder of `work`; None where that is not allowed."""

    def __init__(self, work, size):
        self.path, self.size = os.path.join(work, f"disk{size}"), size
        os.makedirs(self.path)

    def mount(self, *options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join([f"size={self.size}", *options]),
                               "tmpfs", self.path], stderr=subprocess.STDOUT,
                              stdout=subprocess.PIPE, text=True, check=False)

    def __enter__(self):
        run = self.mount()
        if run.returncode == 0:
            return self.path
        print(f"disk of {self.size}: not tested, none can be mounted here: {run.stdout.strip()}")
        return None

    def __exit__(self, *_):
        subprocess.run(["umount", self.path], stderr=subprocess.DEVNULL, check=False)


FULL = "cannot be written: No space left on device"


def check_full_disk(folder):
    """A timeline that fills the disk is given up; a waveform, where results need its space; where
    they do not fit at all, the run says so, and the set that it leaves."""
    traces = (*TIMELINE, "--set", "trace.probe.enable=true", "--set", "trace.probe.timeline=true",
              "--set", "trace.vcd.level=bursts")
    for size, files in (("680k", {"trace.vcd"}), ("540k", set())):
        with Disk(folder.work, size) as disk:
            if disk is None:
                continue
            out = os.path.join(disk, "out")
            run = folder.small(out, *traces)
            expect(run.returncode == 1 and f"timeline.json: {FULL}" in run.stdout and
                   "warning: " in run.stdout, f"{size}: exit {run.returncode}: {run.stdout}")
            expect("Error: (E" not in run.stdout, f"{size}: a raw report: {run.stdout}")
            summary = load(out, "summary.json")
            expect(summary["complete"] and summary["time"]["sub_batches"] == 2, f"{size}: summary")
            expect(all(FULL in w["text"] for w in summary["warnings"]) and summary["warnings"],
                   f"{size}: warnings {summary['warnings']}")
            load(out, "stats.json")
            expect(len(os.listdir(os.path.join(out, "weights"))) == 4, f"{size}: weights")
            left = {name for name in os.listdir(out) if name.startswith(("trace.", "timeline."))}
            expect({name for name in left if name.endswith(".vcd")} == files, f"{size}: {left}")
    with Disk(folder.work, "640k") as disk:
        if disk is not None:
            record = os.path.join(disk, "run.txn")
            with open(os.path.join(disk, "filler"), "wb") as file:
                file.write(bytes(620 * 1024))
            run = folder.small(os.path.join(folder.work, "recorded"), "--record", record)
            expect(run.returncode == 1 and f"run.txn: {FULL}" in run.stdout,
                   f"--record: exit {run.returncode}: {run.stdout}")
            expect(load(folder.work, "recorded", "summary.json")["complete"], "--record: summary")
    with Disk(folder.work, "200k") as disk:
        if disk is not None:
            out = os.path.join(disk, "out")
            run = folder.small(out)
            expect(run.returncode == 1 and FULL in run.stdout, f"200k: {run.stdout}")
            expect(not os.path.exists(os.path.join(out, "summary.json")), "200k: a summary")
            status = load(out, "summary.json.partial")
            expect(status["complete"] is False, f"200k: {status}")


def check_read_only(folder):
    """Refused at once; what was there stays."""
    disk = Disk(folder.work, "2m")
    with disk as path:
        if path is None:
            return
        out = os.path.join(path, "out")
        expect(folder.small(out).returncode == 0, "before the disk is read-only")
        before = digests(out)
        disk.mount("remount", "ro")
        run = folder.small(out)
        expect(run.returncode == 1 and "Read-only file system" in run.stdout,
               f"read-only: exit {run.returncode}: {run.stdout}")
        expect(digests(out) == before, "read-only: files were touched")


def check_file_in_the_way(folder):
    out = os.path.join(folder.work, "file")
    with open(out, "w", encoding="ascii") as file:
        file.write("mine")
    run = folder.small(out)
    expect(run.returncode == 2 and "file" in run.stdout, f"a file as folder: {run.stdout}")
    out = os.path.join(folder.work, "blocked")
    os.makedirs(os.path.join(out, "trace.vcd.partial", "folder"))
    run = folder.small(out)
    expect(run.returncode == 1 and "trace.vcd: cannot be created" in run.stdout and
           "E549" not in run.stdout, f"a waveform that cannot be made: {run.stdout}")
    expect(load(out, "summary.json")["complete"], "a waveform that cannot be made: no results")


def check_kills(folder):
    out = os.path.join(folder.work, "killed")
    command = folder.command("profile", out, *TIMELINE, "--set", "profile.sub_batches=1")
    begin = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    length = time.monotonic() - begin
    moments = random.Random(18)
    complete = 0
    for i in range(KILLS):
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0, 1.1 * length))
        run.kill()
        run.wait()
        present = {name for name in FILES if os.path.exists(os.path.join(out, name))}
        if "summary.json" in present:
            complete += 1
            expect(present == set(FILES), f"kill {i}: missing {set(FILES) - present}")
            expect(load(out, "summary.json")["complete"] is True, f"kill {i}: summary.json")
            load(out, "stats.json")
            expect(not broken_rules(os.path.join(out, "timeline.json")), f"kill {i}: timeline")
        else:
            expect(os.path.exists(os.path.join(out, "summary.json.partial")),
                   f"kill {i}: nothing says that the set is incomplete: {sorted(present)}")
    print(f"{complete} of {KILLS} killed runs left a complete set, theirs or the one before")


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as work:
        folder = Folder(h2vp, source, work)
        check_refused(folder)
        check_window_behind_the_end(folder)
        check_size_limit(folder)
        check_failed_run(folder)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            check_signal(folder, number)
        check_full_disk(folder)
        check_read_only(folder)
        check_file_in_the_way(folder)
        check_kills(folder)
    finish()


if __name__ == "__main__":
    main()
