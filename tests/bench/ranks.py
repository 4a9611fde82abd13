#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ranks cost beside one process that does the same work: wall and processor time of
configs/cluster4.yaml (or another configuration) with N cards in one process and in N ranks, in turn, and
the least of each.

usage: ranks.py H2VP [CONFIG] [--cards N] [--rounds R] [--threads T] [--set KEY=VALUE].. [--limit RATIO]
Exit code 1: weights differ, or the ratio of the least wall times is above the limit.
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_rmaps_base_oversubscribe": "1"}


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("h2vp")
    parser.add_argument("config", nargs="?", default=str(ROOT / "configs" / "cluster4.yaml"))
    parser.add_argument("--cards", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of every process")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--limit", type=float)
    return parser.parse_args()


def measured(line):
    """Wall seconds, and processor seconds of the command and all that it starts."""
    def spent():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime
    before, begin = spent(), time.monotonic()
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, f"{' '.join(line)}: {done.stdout}{done.stderr}"
    return time.monotonic() - begin, spent() - before


def main():
    o = options()
    with tempfile.TemporaryDirectory() as work:
        common = [os.path.abspath(o.h2vp), "train", o.config, "--quiet", "--threads",
                  str(o.threads), "--set", f"cluster.cards={o.cards}"]
        for value in o.set:
            common += ["--set", value]
        kinds = {"process": [*common, "--out", f"{work}/process"],
                 "ranks": ["mpirun", "-n", str(o.cards), *common, "--mpi", "--out", f"{work}/ranks"]}
        times = {kind: [] for kind in kinds}
        for number in range(o.rounds):
            for kind, line in kinds.items():
                times[kind].append(measured(line))
                print(f"round {number + 1}: {kind:8} wall {times[kind][-1][0]:7.2f} s, processor "
                      f"{times[kind][-1][1]:7.2f} s", flush=True)
        hashes = {json.loads(pathlib.Path(work, kind, "summary.json").read_text("utf-8"))
                  ["result"]["weights_sha256"] for kind in kinds}
        assert len(hashes) == 1, hashes
        (wall, processor), (ranks_wall, ranks_processor) = (
            [min(column) for column in zip(*times[kind])] for kind in kinds)
    print(f"least: one process {wall:.2f} s wall, {processor:.2f} s processor; {o.cards} ranks "
          f"{ranks_wall:.2f} s ({ranks_wall / wall:.2f} x), {ranks_processor:.2f} s "
          f"({ranks_processor / processor:.2f} x)")
    return 1 if o.limit and ranks_wall > o.limit * wall else 0


if __name__ == "__main__":
    sys.exit(main())
