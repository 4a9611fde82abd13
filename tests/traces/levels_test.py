#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sampled signals against what really happened: queue and bandwidth of the memories, busy bits and
fill levels, in the waveform at all levels and in the timeline, are recomputed from the transactions
that probes saw, on three configurations. The timelines keep their viewers' rules.

usage: levels_test.py H2VP SOURCE_DIR
"""

import bisect
import json
import os
import sys
import tempfile

from timeline_rules import broken_rules
from waves import expect, finish, histories, leaf, train

GRID_PS = 10_000_000
ENGINES = ("forward", "backward", "weight_update")
CONFIGURATIONS = {
    "split": (),
    "unified": ("--set", "memory.organisation=unified", "--set", "memory.preset=ddr4_3200"),
    "no_overlap": ("--set", "pipeline.overlap=false", "--set", "memory.preset=lpddr4_2400",
                   "--set", "memory.compress_gradients=true"),
}
LEVELS = ("phases", "tiles", "bursts", "banks")


# What the README says of the names.
DOCUMENTED = ("forward_state", "forward_layer", "forward_sub_batch", "forward_load_busy",
              "host_state", "mem0_channel2_bank3_row")


class Steps:
    """A value over time: changes at `times`, the last one of a time counts; what goes away and
    comes back at one time is no change."""

    def __init__(self, changes):
        last = {}
        for time, value in changes:
            last[time] = value
        self.times, self.values = [], []
        for time in sorted(last):
            if not self.values or last[time] != self.values[-1]:
                self.times.append(time)
                self.values.append(last[time])

    def at(self, time):
        found = bisect.bisect_right(self.times, time) - 1
        return self.values[found] if found >= 0 else 0

    def parts(self, begin, end):
        """[(begin, end, value)] between two times."""
        first, last = bisect.bisect_right(self.times, begin), bisect.bisect_left(self.times, end)
        edges = [begin, *self.times[first:last], end]
        return [(a, b, self.at(a)) for a, b in zip(edges, edges[1:])]

    def integral(self, begin, end):
        return sum((b - a) * value for a, b, value in self.parts(begin, end))

    def nonzero(self, end):
        """[(begin, end)] of the longest times without a 0."""
        spans = []
        for begin, until, value in self.parts(0, end):
            if value == 0:
                continue
            if spans and spans[-1][1] == begin:
                spans[-1][1] = until
            else:
                spans.append([begin, until])
        return [tuple(span) for span in spans]


class Memory:
    """What a memory did, from the transactions at its socket."""

    def __init__(self, transactions):
        self.transactions = transactions  # (begin, end, bytes) in ps
        edges = sorted([(begin, 1) for begin, _, _ in transactions] +
                       [(end, -1) for _, end, _ in transactions])
        open_now, changes = 0, []
        for time, change in edges:
            open_now += change
            changes.append((time, open_now))
        self.queue = Steps(changes)
        self.bytes = Steps(self.moved())

    def moved(self):
        total, changes = 0, []
        for _, end, length in sorted(self.transactions, key=lambda t: t[1]):
            total += length
            changes.append((end, total))
        return changes


class Run:
    def __init__(self, folder):
        with open(os.path.join(folder, "trace.vcd"), encoding="ascii") as file:
            signals, self.end = histories(file.read().splitlines())
        self.signals = {name: Steps([(time, int(value)) for time, value in history])
                        for name, history in signals.items()}
        path = os.path.join(folder, "timeline.json")
        broken = broken_rules(path)
        expect(not broken, f"{folder}: {broken[:3]}")
        with open(path, encoding="utf-8") as file:
            events = json.load(file)["traceEvents"]
        names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
        self.slices, self.counters, memories = {}, {}, {}
        for event in events:
            if event["ph"] == "C":
                self.counters.setdefault(event["name"], []).append(
                    (round(event["ts"] * 1000) * 1000, event["args"]["value"]))
            if event["ph"] != "X":
                continue
            track = names[event["tid"]]
            self.slices.setdefault(track, []).append(event)
            module, socket, _ = (track + "..").split(".")[1:4]
            if module.startswith("mem") and socket == "socket":
                args = event["args"]
                memories.setdefault("top." + module, []).append(
                    (args["begin_ps"], args["end_ps"], args["bytes"]))
        self.memories = {name: Memory(list_) for name, list_ in memories.items()}
        self.counters = {name: Steps(changes) for name, changes in self.counters.items()}


def check_level(name, shown, true, end, exact, edges=None):
    """Exact, or right at every grid point and between 0 and not 0: 0 is left or reached `edges`
    times, which is known of `true` unless it is rounded."""
    expect(shown.nonzero(end) == true.nonzero(end), f"{name}: 0 at other times")
    expect(shown.at(end) == true.at(end), f"{name}: ends at {shown.at(end)}")
    times = true.times if exact else range(GRID_PS, end, GRID_PS)
    wrong = [t for t in times if shown.at(t) != true.at(t)]
    expect(not wrong, f"{name}: wrong at {len(wrong)} times, first {wrong[:1]} ps")
    if not exact:
        edges = 2 * len(true.nonzero(end)) if edges is None else edges
        expect(len(shown.times) <= 2 * (end // GRID_PS + 2) + edges,
               f"{name}: {len(shown.times)} changes")


def check_bandwidth(name, shown, memory, end):
    expect(shown.nonzero(end) == memory.queue.nonzero(end), f"{name}: traffic while idle")
    for begin, until in memory.queue.nonzero(end):
        moved = memory.bytes.at(until) - memory.bytes.at(begin)
        found = shown.integral(begin, until) * 1e-6  # MB/s x ps
        expect(abs(found - moved) <= 0.5e-6 * (until - begin) + 1e-6,
               f"{name}: {found} B from {begin} to {until} ps, {moved} moved")


def rounded(steps):
    return Steps([((time + 500) // 1000 * 1000, value)
                  for time, value in zip(steps.times, steps.values)])


def check_counters(name, run):
    """Those of the timeline are in whole nanoseconds."""
    for memory, true in run.memories.items():
        queue = run.counters[f"{memory}.queue"]
        check_level(f"{name}: counter {memory}.queue", queue, rounded(true.queue), run.end, False,
                    2 * len(true.queue.nonzero(run.end)))
        rate = run.counters[f"{memory}.bandwidth_mb_per_s"]
        total = true.bytes.values[-1]
        found = rate.integral(0, run.end) * 1e-6
        expect(abs(found - total) < 0.01 * total, f"{name}: counter {memory}: {found} of {total} B")
        expect(rate.nonzero(run.end) == queue.nonzero(run.end), f"{name}: counter {memory}: idle")
    for engine in ENGINES:
        for port in ("load", "store"):
            bit = run.signals[leaf(f"top.{engine}.{port}", "busy")]
            counter = run.counters[f"top.{engine}.{port}.busy"]
            expect(counter.nonzero(run.end) == rounded(bit).nonzero(run.end),
                   f"{name}: counter {engine}.{port}.busy")


def check_busy(name, run):
    """Stores are on the timeline one by one: their busy bit is their union."""
    for engine in ENGINES:
        bit = rounded(run.signals[leaf(f"top.{engine}.store", "busy")])
        stores = [(round(e["ts"] * 1000) * 1000,
                   (round(e["ts"] * 1000) + round(e["dur"] * 1000)) * 1000)
                  for e in run.slices.get(f"top.{engine}.store", [])]
        expect(stores, f"{name}: {engine} never stores")
        merged = []
        for begin, end in sorted(stores):
            if merged and merged[-1][1] == begin:
                merged[-1][1] = end
            elif end > begin:
                merged.append([begin, end])
        expect(bit.nonzero(run.end) == [tuple(m) for m in merged], f"{name}: {engine}.store.busy")


def check(name, level, run):
    exact = level in ("bursts", "banks")
    expect(run.memories, f"{name}: no transactions")
    for memory, true in run.memories.items():
        check_level(f"{name}: {memory}.queue", run.signals[leaf(memory, "queue")], true.queue,
                    run.end, exact)
        check_bandwidth(f"{name}: {memory}", run.signals[leaf(memory, "bandwidth_mb_per_s")], true,
                        run.end)
    check_counters(name, run)
    check_busy(name, run)


def check_names(run):
    """The last part of a name belongs to one signal only."""
    leaves = [signal.rsplit(".", 1)[1] for signal in run.signals]
    expect(len(set(leaves)) == len(leaves), "a leaf name is not unique")
    expect(set(DOCUMENTED) <= set(leaves), f"no {set(DOCUMENTED) - set(leaves)}")


def compare(name, level, run, finest):
    """Bits and buffers of a level against those of the finest."""
    for engine in ENGINES:
        for port in ("load", "store"):
            bit = leaf(f"top.{engine}.{port}", "busy")
            expect(run.signals[bit].nonzero(run.end) == finest.signals[bit].nonzero(run.end),
                   f"{name}: {bit}")
        fill = leaf(f"top.glb_{engine}", "fill_bytes")
        check_level(f"{name}: {fill}", run.signals[fill], finest.signals[fill], run.end,
                    level != "phases")


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    for name, options in CONFIGURATIONS.items():
        runs = {}
        for level in LEVELS:
            with tempfile.TemporaryDirectory() as work:
                out = os.path.join(work, "run")
                train(h2vp, source, out, 16, "--set", f"trace.vcd.level={level}",
                      "--set", "dataset.test_limit=4",
                      "--set", "trace.timeline.enable=true", "--set", "trace.timeline.level=tiles",
                      "--set", "trace.probe.timeline=true", "--set", "trace.probe.sockets=top.mem*",
                      *options)
                runs[level] = Run(out)
            check(f"{name}, {level}", level, runs[level])
        if name == "split":
            check_names(runs["banks"])
        for level in LEVELS[:-1]:
            compare(f"{name}, {level}", level, runs[level], runs["banks"])
    finish()


if __name__ == "__main__":
    main()
