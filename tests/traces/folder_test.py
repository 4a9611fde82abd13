#!/usr/bin/env python3
"""What a folder of results holds after whatever happens: a complete set, or one that says it is not.
Refused selections, old results, divergence, signals, a file in the way, and kill -9 at many moments.

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
from waves import expect, finish, train

KILLS = 100
FILES = ("summary.json", "stats.json", "stats.csv", "layers.csv", "trace.vcd", "timeline.json")
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


def check_failed_run(folder):
    """The results of an earlier run are gone; files of others and checkpoints are not."""
    out = os.path.join(folder.work, "failed")
    folder.small(out, *TIMELINE)
    for name in ("mine.txt", "checkpoints/1.bin"):
        os.makedirs(os.path.dirname(os.path.join(out, name)), exist_ok=True)
        with open(os.path.join(out, name), "w", encoding="ascii") as file:
            file.write("kept")
    run = folder.small(out, "--set", "training.loss_scale=16777216",
                       "--set", "training.learning_rate=1000")
    expect(run.returncode == 1 and "in layer" in run.stdout, f"diverged: {run.stdout}")
    for name in ("summary.json", "stats.json", "layers.csv", "timeline.json"):
        expect(not os.path.exists(os.path.join(out, name)), f"diverged: an old {name} is left")
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


def check_file_in_the_way(folder):
    out = os.path.join(folder.work, "file")
    with open(out, "w", encoding="ascii") as file:
        file.write("mine")
    run = folder.small(out)
    expect(run.returncode == 2 and "file" in run.stdout, f"a file as folder: {run.stdout}")


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
        check_failed_run(folder)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            check_signal(folder, number)
        check_file_in_the_way(folder)
        check_kills(folder)
    finish()


if __name__ == "__main__":
    main()
