#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pipeline of the paper's Fig. 10 in the waveform, as GTKWave's converters read it: inside a
batch group the Forward Engine works on sub-batch i+1 while the Backward and the Weight Update
Engine work on i, and no engine waits for another in lock step; the next group waits for the update; without overlap, nothing of this. Busy times
are those of stats.json.

usage: overlap_test.py H2VP SOURCE_DIR. Exit code 77: vcd2fst or fst2vcd not installed.
"""

import json
import os
import sys
import tempfile

import read_vcd
from waves import expect, finish, histories, leaf, train, words

ENGINES = ("forward", "backward", "weight_update")
SUB_BATCHES, GROUP, PERIOD_PS = 12, 4, 1250


def working(signals, names, engine, end):
    """[(begin, end, sub-batch)]: when the engine's array works, up to `end`; `names` of states."""
    states = [(time, names[state]) for time, state in signals[leaf(f"top.{engine}", "state")]]
    states.append((end, "end"))
    numbers = signals[leaf(f"top.{engine}", "sub_batch")]
    intervals, at = [], 0
    for (begin, state), (until, _) in zip(states, states[1:]):
        while at + 1 < len(numbers) and numbers[at + 1][0] <= begin:
            at += 1
        if state == "compute" and begin < end:
            intervals.append((begin, until, int(numbers[at][1])))
    return intervals


def shared(a, b):
    """Time in which an interval of `a` and one of `b` are both open."""
    return sum(max(0, min(e, f) - max(s, t)) for s, e, _ in a for t, f, _ in b)


class Run:
    def __init__(self, folder):
        with open(os.path.join(folder, "stats.json"), encoding="utf-8") as file:
            self.stats = json.load(file)
        # What follows the last training job is the test.
        self.end = max(job["end_cycle"] for job in self.stats["jobs"]) * PERIOD_PS
        with tempfile.TemporaryDirectory() as work:
            lines = read_vcd.normalised(os.path.join(folder, "trace.vcd"), work)
        signals, _ = histories(lines)
        self.working = {engine: [i for i in working(signals, words(folder, f"{engine}_state"),
                                                         engine, self.end)
                                 if i[0] < self.end] for engine in ENGINES}

    def of(self, engine, sub_batch):
        return [i for i in self.working[engine] if i[2] == sub_batch]

    def check_busy(self, name):
        for engine in ENGINES:
            told = self.stats["items"][f"engine.{engine}.busy_cycles"]["value"]
            seen = sum(end - begin for begin, end, _ in self.working[engine]) / PERIOD_PS
            expect(seen == told > 0, f"{name}: {engine}: {seen} cycles at work, {told} told")
            for i in range(SUB_BATCHES):
                expect(self.of(engine, i), f"{name}: {engine} never works on sub-batch {i}")


def check_overlap(run):
    for i in range(SUB_BATCHES - 1):
        forward = run.of("forward", i + 1)
        backward, weight = run.of("backward", i), run.of("weight_update", i)
        if i % GROUP == GROUP - 1:
            expect(shared(forward, backward + weight) == 0,
                   f"forward of {i + 1} does not wait for the update after {i}")
            continue
        expect(shared(forward, weight) > 0,
               f"weight gradient of {i} and forward of {i + 1} never work together")
        # The backward pass does not wait for the weight gradient before it, forward i + 1 does.
        before = run.of("weight_update", i - 1) if i % GROUP > 0 else []
        expect(shared(backward, forward + before) > 0,
               f"backward of {i} works neither beside forward of {i + 1} nor beside the weight "
               f"gradient of {i - 1}")


def check_no_overlap(run):
    for engine in ("backward", "weight_update"):
        time = shared(run.working["forward"], run.working[engine])
        expect(time == 0, f"without overlap, forward and {engine} work together for {time} ps")


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    read_vcd.need_converters()
    with tempfile.TemporaryDirectory() as work:
        for name, check in (("true", check_overlap), ("false", check_no_overlap)):
            out = os.path.join(work, name)
            train(h2vp, source, out, 8 * SUB_BATCHES, "--set", f"training.batch_group={GROUP}",
                  "--set", f"pipeline.overlap={name}")
            run = Run(out)
            run.check_busy(name)
            check(run)
    finish()


if __name__ == "__main__":
    main()
