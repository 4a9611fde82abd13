#!/usr/bin/env python3
"""The save file in the real GTKWave: it shows every signal that the file names with the values that
trace.vcd has at that time; states and layers, and the rows of a bank added by hand, as words.

usage: gtkwave_test.py H2VP SOURCE_DIR. Exit code 77: gtkwave or xvfb not installed.
"""

import bisect
import os
import shutil
import subprocess
import sys
import tempfile

from waves import expect, finish, histories, train

LOOKS = 40
BANK = "top.mem0.channel0.bank0.row"
SCRIPT = """
gtkwave::addSignalsFromList [list %s]
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


def look(work, vcd, save_file, times):
    """What GTKWave prints: names of the signals shown, and [(time, name, value)]."""
    script = os.path.join(work, "look.tcl")
    with open(script, "w", encoding="ascii") as file:
        file.write(SCRIPT % (BANK, " ".join(str(t) for t in times)))
    run = subprocess.run(
        ["xvfb-run", "-a", "gtkwave", "--rcvar", "splash_disable on", "-S", script, vcd, save_file],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, cwd=work,
        env={**os.environ, "HOME": work}, check=False)
    lines = [line.split(" ") for line in run.stdout.splitlines()]
    names = [words[1] for words in lines if words[0] == "signal"]
    values = [(int(words[1]), words[2], words[3]) for words in lines if words[0] == "value"]
    expect(names, f"GTKWave shows nothing, exit {run.returncode}: {run.stdout[-2000:]}")
    return names, values


def value_at(history, time):
    return history[bisect.bisect_right(history, (time, "~")) - 1][1]


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    if not (shutil.which("gtkwave") and shutil.which("xvfb-run")):
        print("gtkwave or xvfb is not installed")
        sys.exit(77)
    save_file = os.path.join(source, "traces", "h2learn.gtkw")
    with tempfile.TemporaryDirectory() as work:
        train(h2vp, source, os.path.join(work, "run"), 48, "--set", "trace.vcd.level=banks")
        vcd = os.path.join(work, "run", "trace.vcd")
        with open(vcd, encoding="ascii") as file:
            written, end = histories(file.read().splitlines())
        host = [time for time, _ in written["top.host.state"][1:]]
        times = sorted({end * i // LOOKS for i in range(1, LOOKS)} | set(host[:LOOKS]))
        names, values = look(work, vcd, save_file, times)
    expect(names == named_signals(save_file) + [BANK], f"shown: {names}")
    expect(len(values) == len(names) * len(times), "a signal has no value")
    seen = {}
    for time, name, value in values:
        signal = name.split("[")[0]
        wanted = value_at(written[signal], time)
        expect(value == wanted, f"{name} at {time} ps: GTKWave shows {value}, not {wanted}")
        seen.setdefault(signal, set()).add(value)
    for engine in ("forward", "backward", "weight_update"):
        states, layers = seen[f"top.{engine}.state"], seen[f"top.{engine}.layer"]
        expect("compute" in states and states <= {"idle", "load_store", "stall", "compute"},
               f"{engine}: states {states}")
        expect(any(layer.startswith(("conv", "fc")) for layer in layers), f"{engine}: {layers}")
    host, rows = seen["top.host.state"], seen[BANK]
    expect({"access", "wait", "work"} <= host <= {"program", "access", "wait", "work", "done"},
           f"host: {host}")
    expect("closed" in rows and all(row == "closed" or row.isdecimal() for row in rows) and
           len(rows) > 2, f"{BANK}: {rows}")
    finish()


if __name__ == "__main__":
    main()
