#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rows of the DRAM banks in the waveform: a known pattern of reads opens and closes them at the
clocks of memory/dram/MEMORY.md; in a training there are as many openings as activates in
stats.json; what is simulated stays the same; only chosen banks are shown.

usage: banks_test.py H2VP SOURCE_DIR
"""

import json
import os
import subprocess
import sys
import tempfile

from waves import expect, finish, histories, leaf, train

CHANNELS, BANKS = 4, 16
NS = 1000  # ps; also a clock of HBM2
RP = 14
SHUT = str(2 ** 24 - 1)  # all ones: "closed" in the table beside the waveform
OPEN, CLOSED, CONFLICT = 17 * NS, 31 * NS, 45 * NS  # "One access": row open, bank closed, other row
REFRESH = 3900 * NS


def address(channel, bank, row, column=0):
    """In Mem0, by row-rank-bank-column-bankgroup-channel: 2 + 2 + 5 + 2 bits above a line."""
    group, bank = divmod(bank, 4)
    return 0x1000000000 + ((row << 11 | bank << 9 | column << 4 | group << 2 | channel) << 6)


def waveform(folder):
    with open(os.path.join(folder, "trace.vcd"), encoding="ascii") as file:
        signals, _ = histories(file.read().splitlines())
    return signals


def play(h2vp, source, out, lines, *options):
    script = os.path.join(out, "reads.txn")
    os.makedirs(out)
    with open(script, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    return subprocess.run(
        [h2vp, "play", os.path.join(source, "configs", "h2learn.yaml"), script, "--quiet", "--out",
         out, "--set", "trace.vcd.enable=true", "--set", "trace.probe.enable=true", *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


BANKS_OF_MEM0 = ("--set", "trace.vcd.level=banks", "--set", "trace.vcd.scopes=[top.mem0.channel*]")


def check_pattern(h2vp, source, out):
    pause = 100 * NS
    reads = [((2, 3, 5), CLOSED), ((2, 3, 9), CONFLICT), ((2, 3, 9, 7), OPEN), ((1, 14, 2), CLOSED)]
    lines = [line for place, _ in reads
             for line in (f"wait {pause}ps", f"read {address(*place)} 0 0")]
    run = play(h2vp, source, out, lines + ["wait 10us", f"read {address(2, 3, 9)} 0 0"],
               *BANKS_OF_MEM0)
    expect(run.returncode == 0, f"play: exit {run.returncode}: {run.stdout}")
    begin, now = [], 0
    for _, takes in reads:
        begin.append(now + pause)
        now = begin[-1] + takes
    last = now + 10_000 * NS
    # A read takes part in the scheduling from the clock after its arrival.
    wanted = {
        leaf("top.mem0.channel2.bank3", "row"): [
            (0, SHUT), (begin[0] + NS, "5"), (begin[1] + NS, SHUT),
            (begin[1] + NS + RP * NS, "9"), (REFRESH, SHUT), (last + NS, "9")],
        leaf("top.mem0.channel1.bank14", "row"): [(0, SHUT), (begin[3] + NS, "2"), (REFRESH, SHUT)],
    }
    signals = waveform(out)
    names = {leaf(f"top.mem0.channel{c}.bank{b}", "row") for c in range(CHANNELS) for b in range(BANKS)}
    expect(set(signals) == names, f"signals: {set(signals) ^ names}")
    for name, history in signals.items():
        expect(history == wanted.get(name, [(0, SHUT)]), f"{name}: {history}")


def check_training(h2vp, source, work):
    found = {}
    for level in ("phases", "banks"):
        out = os.path.join(work, level)
        train(h2vp, source, out, 48, "--set", f"trace.vcd.level={level}")
        with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
            summary = json.load(file)
        with open(os.path.join(out, "stats.json"), encoding="utf-8") as file:
            stats = json.load(file)
        del summary["wall"], summary["command"]
        del summary["config"]["trace"]
        found[level] = (summary, stats)
    expect(found["banks"] == found["phases"], "level banks changes results")
    openings = {}
    for name, history in waveform(os.path.join(work, "banks")).items():
        if name.endswith("_row"):
            memory = name.split(".")[1]
            words = [word for _, word in history]
            openings[memory] = openings.get(memory, 0) + sum(word != SHUT for word in words)
            expect(all((a == SHUT) != (b == SHUT) for a, b in zip(words, words[1:])),
                   f"{name}: a row is opened over another")
    expect(len(openings) == 3, f"memories with banks: {list(openings)}")
    for memory, number in openings.items():
        count = lambda name: found["banks"][1]["items"][f"memory.{memory}.{name}"]["value"]
        told = count("activates")
        expect(number == told > 1000, f"{memory}: {number} openings, {told} activates")
        expect(count("row_misses") + count("row_conflicts") == told,
               f"{memory}: {count('row_misses')} misses, {count('row_conflicts')} conflicts")
    coarse = [n for n in waveform(os.path.join(work, "phases")) if n.endswith("_row")]
    expect(not coarse, f"level phases shows {coarse}")


def check_refused(h2vp, source, out):
    run = play(h2vp, source, out, ["wait 1us"], *BANKS_OF_MEM0, "--set", "trace.vcd.level=bursts")
    expect(run.returncode == 2 and "finer trace.vcd.level" in run.stdout,
           f"banks at level bursts: exit {run.returncode}: {run.stdout}")


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as work:
        check_pattern(h2vp, source, os.path.join(work, "pattern"))
        check_refused(h2vp, source, os.path.join(work, "refused"))
        check_training(h2vp, source, work)
    finish()


if __name__ == "__main__":
    main()
