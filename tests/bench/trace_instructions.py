#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What traces cost when everything is off, exactly: the instructions of a short training of
configs/quickstart.yaml under valgrind's callgrind that go into calls of traces, timeline, messages
and views, with all that these call, and, in a program with line numbers (-g1), into other lines of
traces/, mostly inlined questions. Fails above 1 % of all instructions.

usage: trace_instructions.py H2VP SOURCE_DIR [--samples N]. Exit code 77: valgrind not installed.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

LIMIT = 0.01
WATCHERS = re.compile(
    r"^h2::(Trace|Timeline|VcdWriter|Log|ModuleLog|BankView|HostView)::[\w~]+\(")


def profile(command, work):
    """Lines of callgrind's output, names in full."""
    out = os.path.join(work, "callgrind.out")
    run = subprocess.run(
        ["valgrind", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no",
         f"--callgrind-out-file={out}", *command],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {run.returncode}\n{run.stdout[-2000:]}")
    with open(out, encoding="utf-8") as file:
        yield from file


class Costs:
    """Sums over a profile: all instructions; those of calls that lead from elsewhere to a watcher;
    those of other lines of traces/, inline or not."""

    def __init__(self, lines):
        self.total = self.called = self.calls = self.inlined = 0
        self.lines_known = False
        inside, callee, call, file = False, "", 0, ""
        for line in lines:
            key, _, value = line.rstrip("\n").partition("=")
            if key in ("fl", "fi", "fe"):
                file = value
                self.lines_known = self.lines_known or "/traces/" in file
            elif key == "fn":
                inside = bool(WATCHERS.match(value))
            elif key == "cfn":
                callee = value
            elif key == "calls":
                call = int(value.split()[0])
            elif line[0].isdigit():
                cost = int(line.split()[1])
                if call == 0:
                    self.total += cost
                    self.inlined += cost if "/traces/" in file and not inside else 0
                elif WATCHERS.match(callee) and not inside:
                    self.called += cost
                    self.calls += call
                call = 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("h2vp")
    parser.add_argument("source")
    parser.add_argument("--samples", type=int, default=8)
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        print("valgrind is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as work:
        sets = [f"dataset.train_limit={options.samples}", "dataset.test_limit=4",
                "trace.vcd.enable=false"]
        costs = Costs(profile(
            [options.h2vp, "train", os.path.join(options.source, "configs", "quickstart.yaml"),
             "--quiet", "--threads", "1", "--out", work] + [w for s in sets for w in ("--set", s)],
            work))
    share = (costs.called + costs.inlined) / costs.total
    print(f"{costs.total:,} instructions; {costs.calls:,} calls of traces and views: "
          f"{costs.called:,}; inlined: "
          f"{f'{costs.inlined:,}' if costs.lines_known else 'unknown, no line numbers'}; "
          f"together {100 * share:.3f} %")
    if costs.calls < 1000 or share > LIMIT:
        sys.exit("FAILED: too few calls seen" if costs.calls < 1000 else "FAILED: above 1 %")


if __name__ == "__main__":
    main()
