#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The save file that a run writes, in the real GTKWave: it shows every signal that the file names
with the values that trace.vcd has at that time, states, layers and closed rows as the words of the
tables beside it; for separate memories and a unified one.

usage: gtkwave_test.py H2VP SOURCE_DIR. Exit code 77: gtkwave or xvfb not installed.
"""

import bisect
import os
import shutil
import subprocess
import sys
import tempfile

from waves import expect, finish, histories, leaf, train, words

LOOKS = 20
SCRIPT = """
foreach name [gtkwave::getDisplayedSignals] { puts "signal $name" }
foreach time {%s} {
  gtkwave::setMarker $time
  foreach name [gtkwave::getDisplayedSignals] {
    puts "value $time $name [gtkwave::getTraceValueAtMarkerFromName $name]"
  }
}
flush stdout
exit 0
"""


def named_signals(save_file):
    with open(save_file, encoding="ascii") as file:
        return [line.strip() for line in file if line.startswith("top.")]


def opened(save_file):
    """A copy with one group, and that open: GTKWave has values of what it shows only."""
    copy = os.path.join(os.path.dirname(save_file), "opened.gtkw")
    with open(save_file, encoding="ascii") as file:
        before, *groups = file.read().split("@c00200\n")
    parts = [group.partition("@1401200\n") for group in groups]
    behind = "".join(rest.partition("\n")[2] for _, _, rest in parts)
    with open(copy, "w", encoding="ascii") as file:
        file.write(before + "@800200\n" + parts[0][0] + "@1000200\n-\n" + behind)
    return copy


def look(work, vcd, save_file, times):
    """What GTKWave prints: names of the signals shown, and [(time, name, value)]."""
    script = os.path.join(work, "look.tcl")
    with open(script, "w", encoding="ascii") as file:
        file.write(SCRIPT % (" ".join(str(t) for t in times)))
    run = subprocess.run(
        ["xvfb-run", "-a", "gtkwave", "--rcvar", "splash_disable on", "-S", script, vcd, save_file],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, cwd=work,
        env={**os.environ, "HOME": work}, check=False)
    lines = [line.split(" ") for line in run.stdout.splitlines()]
    names = [words[1] for words in lines if words[0] == "signal"]
    values = [(int(words[1]), words[2], words[3]) for words in lines if words[0] == "value"]
    expect(names, f"GTKWave shows nothing, exit {run.returncode}: {run.stdout[-2000:]}")
    return names, values


def value_at(history, time):
    return history[bisect.bisect_right(history, (time, "~")) - 1][1]


def check(h2vp, source, work, *options):
    """Returns what was seen of every signal."""
    run = os.path.join(work, "run")
    train(h2vp, source, run, 48, "--set", "trace.vcd.level=banks", *options)
    vcd, save_file = os.path.join(run, "trace.vcd"), os.path.join(run, "trace.gtkw")
    with open(vcd, encoding="ascii") as file:
        written, end = histories(file.read().splitlines())
    host = [time for time, _ in written[leaf("top.host", "state")][1:]]
    times = sorted({end * i // LOOKS for i in range(1, LOOKS)} | set(host[:LOOKS]))
    page = opened(save_file)
    names, values = look(work, vcd, page, times)
    expect(names == named_signals(page), f"shown: {names}")
    expect({name.split("[")[0] for name in named_signals(save_file)} == set(written),
           "signals without a row")
    expect(len(values) == len(names) * len(times), "a signal has no value")
    tables, seen = {}, {}
    for time, name, value in values:
        signal = name.split("[")[0]
        table = "row" if signal.endswith("_row") else signal.rsplit(".", 1)[1]
        if table not in tables:
            exists = os.path.exists(os.path.join(run, f"trace.{table}.words"))
            tables[table] = words(run, table) if exists else {}
        number = value_at(written[signal], time)
        wanted = tables[table].get(number, number)
        expect(value == wanted, f"{name} at {time} ps: GTKWave shows {value}, not {wanted}")
        seen.setdefault(signal, set()).add(value)
    return seen


def check_words(seen, bank):
    for engine in ("forward", "backward", "weight_update"):
        states, layers = (seen[leaf(f"top.{engine}", name)] for name in ("state", "layer"))
        expect("compute" in states and states <= {"idle", "load_store", "stall", "compute"},
               f"{engine}: states {states}")
        expect(any(layer.startswith(("conv", "fc")) for layer in layers), f"{engine}: {layers}")
    host, rows = seen[leaf("top.host", "state")], seen[leaf(bank, "row")]
    expect({"access", "wait", "work"} <= host <= {"program", "access", "wait", "work", "done"},
           f"host: {host}")
    expect("closed" in rows and all(row == "closed" or row.isdecimal() for row in rows) and
           len(rows) > 2, f"{bank}: {rows}")


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    if not (shutil.which("gtkwave") and shutil.which("xvfb-run")):
        print("gtkwave or xvfb is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as work:
        check_words(check(h2vp, source, work), "top.mem0.channel0.bank0")
        check_words(check(h2vp, source, work, "--set", "memory.organisation=unified"),
                    "top.mem.channel0.bank0")
    finish()


if __name__ == "__main__":
    main()
