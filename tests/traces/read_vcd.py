#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a waveform (.vcd or .fst) with GTKWave's converters and prints, as JSON, per signal the
number of changes and the time spent in each value.

usage: read_vcd.py FILE
Output: {"timescale", "start", "end",
         "signals": {"scope.name": {"changes", "time": {value: time}}}};
times in units of the timescale; wires as decimal numbers (or their bits if not all are 0 and 1).
Exit codes: 0 read, 1 not a readable waveform, 77 vcd2fst or fst2vcd not installed.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile


def normalised(path, folder):
    """The lines GTKWave writes after having read `path`."""
    if not path.endswith(".fst"):
        fst = os.path.join(folder, "wave.fst")
        subprocess.run(["vcd2fst", path, fst], check=True, stdout=subprocess.DEVNULL)
        path = fst
    run = subprocess.run(["fst2vcd", path], check=True, stdout=subprocess.PIPE, text=True)
    return run.stdout.splitlines()


def read_header(lines):
    """Timescale and a map from identifier code to full names."""
    names, scopes, timescale = {}, [], ""
    words = iter(" ".join(lines).split())
    for word in words:
        if not word.startswith("$"):
            continue
        body = []
        while (part := next(words, "$end")) != "$end":
            body.append(part)
        if word == "$timescale":
            timescale = "".join(body)
        elif word == "$scope":
            scopes.append(body[1])
        elif word == "$upscope":
            scopes.pop()
        elif word == "$var":
            names.setdefault(body[2], []).append(".".join(scopes + [body[3]]))
    return timescale, names


def parse_change(line):
    """(code, value) of one value change line."""
    if line[0] in "01xzXZ":
        return line[1:], line[0]
    value, code = line.split(" ")
    if value[0] in "rs":
        return code, value[1:]
    bits = value[1:]
    return code, str(int(bits, 2)) if set(bits) <= {"0", "1"} else bits


class Signal:
    def __init__(self):
        self.value, self.since, self.changes, self.time = None, 0, 0, {}

    def advance(self, now):
        if self.value is not None and now > self.since:
            self.time[self.value] = self.time.get(self.value, 0) + now - self.since
        self.since = now

    def set(self, now, value):
        self.advance(now)
        if self.value is not None and value != self.value:
            self.changes += 1
        self.value = value


def summarise(lines):
    end_of_header = next(i for i, l in enumerate(lines) if l.startswith("$enddefinitions"))
    timescale, names = read_header(lines[:end_of_header])
    signals = {code: Signal() for code in names}
    start, now = None, 0
    for line in lines[end_of_header + 1 :]:
        if line.startswith("#"):
            now = int(line[1:])
            start = now if start is None else start
        elif line and not line.startswith("$"):
            code, value = parse_change(line)
            signals[code].set(now, value)
    result = {"timescale": timescale, "start": start or 0, "end": now, "signals": {}}
    for code, signal in signals.items():
        signal.advance(now)
        for name in names[code]:
            result["signals"][name] = {"changes": signal.changes, "time": signal.time}
    return result


def need_converters():
    """Ends the program with CTest's code for skipped tests where they are missing."""
    if not (shutil.which("vcd2fst") and shutil.which("fst2vcd")):
        print("GTKWave's converters are not installed", file=sys.stderr)
        sys.exit(77)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    need_converters()
    with tempfile.TemporaryDirectory() as folder:
        try:
            lines = normalised(sys.argv[1], folder)
        except subprocess.CalledProcessError as error:
            sys.exit(f"{sys.argv[1]}: {error}")
    print(json.dumps(summarise(lines), indent=1))


if __name__ == "__main__":
    main()
