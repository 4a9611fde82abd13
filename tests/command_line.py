# SPDX-License-Identifier: Apache-2.0
"""For tests that run h2vp: usage NAME_test.py H2VP SOURCE_DIR."""
import json
import os
import subprocess
import sys

H2VP, SOURCE = (os.path.abspath(path) for path in sys.argv[1:3])


def h2vp(*command, sets=(), code=0):
    words = [H2VP, *map(str, command)]
    for one in sets:
        words += ["--set", one]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != code:
        sys.exit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def expect(holds, what):
    if not holds:
        sys.exit(f"not so: {what}")


def summary_of(folder):
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))
