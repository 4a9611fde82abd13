#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The waveform in sigrok: every bit is a channel under a name of its own, high as long as in the
file. sigrok 0.5.2 of Debian 12 gives up at the first value of several digits: bits are traced alone.

usage: sigrok_test.py H2VP SOURCE_DIR. Exit code 77: sigrok-cli not installed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from waves import expect, finish, histories, train

STEP_PS = 1250  # between samples


def sigrok(vcd, *options):
    run = subprocess.run(["sigrok-cli", "-i", vcd, "-I", f"vcd:downsample={STEP_PS}", *options],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    expect(run.returncode == 0, f"sigrok-cli: exit {run.returncode}: {run.stdout[-500:]}")
    return run.stdout.splitlines()


def bits_of(vcd):
    with open(vcd, encoding="ascii") as file:
        found = re.findall(r"^\$var wire 1 \S+ (\S+) \$end$", file.read(), re.M)
    return set(found)


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    if not shutil.which("sigrok-cli"):
        print("sigrok-cli is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as work:
        out = os.path.join(work, "run")
        train(h2vp, source, out, 16, "--set", "trace.vcd.scopes=['*_busy', '*_irq']")
        vcd = os.path.join(out, "trace.vcd")
        shown = [line[2:].partition(":")[0] for line in sigrok(vcd, "--show") if line[:2] == "- "]
        expect(set(shown) == bits_of(vcd) and len(set(shown)) == len(shown), f"channels: {shown}")
        with open(vcd, encoding="ascii") as file:
            written, end = histories(file.read().splitlines())
        names = {name.rsplit(".", 1)[1]: history for name, history in written.items()}
        rows = sigrok(vcd, "-O", "bits:width=0")
        for channel in shown:
            bits = "".join(row.partition(":")[2] for row in rows if row.startswith(channel + ":"))
            bits = bits.replace(" ", "")
            history = names[channel] + [(end, "")]
            high = sum(until - begin for (begin, value), (until, _) in zip(history, history[1:])
                       if value == "1")
            found = bits.count("1") * STEP_PS
            expect(set(bits) == {"0", "1"}, f"{channel}: {set(bits)}")
            expect(abs(found - high) <= len(history) * STEP_PS,
                   f"{channel}: {found} ps high, not {high}")
    finish()


if __name__ == "__main__":
    main()
