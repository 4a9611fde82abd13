#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Long runs of a tiny network whose memory stays flat: soak.py H2VP [SUB_BATCHES]; 200,000
sub-batches of timing alone and as many of a training unless told otherwise. Prints the resident
memory at the begin (a tenth of the run), the middle and the end."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TINY = {"network.layers": "2C3(Encoding)-AP2-10FC", "network.timesteps": 1,
        "training.sub_batch": 1, "training.batch_group": 8, "dataset.kind": "digits",
        "dataset.test_limit": 2}
SAMPLES = 500
GROWTH_KIB = 8192  # what the losses of all groups and the like take
# The samples over time of stats.json, 1,024 at most, are all there after so many sub-batches.
FILLED, FILL_KIB = 10_000, 65536


def resident_kib(process):
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return None
    lines = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(lines[0].split()[1]) if lines else None


def run(h2vp, command, sets, out):
    """Resident memory of the process over its time."""
    line = [h2vp, command, str(ROOT / "configs/h2learn.yaml"), "--out", str(out), "--quiet",
            "--threads", "1"]
    for key, value in {**TINY, **sets}.items():
        line += ["--set", f"{key}={value}"]
    process = subprocess.Popen(line, stderr=subprocess.PIPE)
    seen = []
    while process.poll() is None:
        kib = resident_kib(process)
        if kib:
            seen.append(kib)
        time.sleep(0.05)
    if process.returncode != 0:
        sys.exit(f"{command}: code {process.returncode}: {process.stderr.read().decode()}")
    return seen


def main():
    h2vp, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200_000
    runs = {
        "profile": {"profile.sub_batches": count},
        "train": {"dataset.train_limit": SAMPLES, "training.epochs": max(1, count // SAMPLES)},
    }
    failed = False
    with tempfile.TemporaryDirectory() as work:
        for command, sets in runs.items():
            seen = run(h2vp, command, sets, Path(work) / command)
            assert len(seen) >= 10, f"{command}: ended too soon for its memory to be looked at"
            begin, middle, end = (seen[len(seen) * share // 100] for share in (10, 50, 99))
            grown = max(seen[len(seen) // 10:]) - begin
            print(f"{command}: {count} sub-batches: {begin} KiB, {middle} KiB, {end} KiB; at most "
                  f"{grown} KiB more than at the begin", flush=True)
            failed |= grown > GROWTH_KIB + (FILL_KIB if count < 10 * FILLED else 0)
    sys.exit("the memory grows" if failed else 0)


if __name__ == "__main__":
    main()
