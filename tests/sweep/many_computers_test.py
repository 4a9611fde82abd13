#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lines of docs/sweeps.md for many computers, run as they stand there.

usage: many_computers_test.py slurm_line|parallel|mpirun|slurm H2VP SOURCE_DIR

slurm_line gives the line of the Slurm array its variable by hand; slurm runs it in an array job of
daemons of its own. Exit code 77: skipped, the tool is not installed.
"""
import csv
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import slurm_cluster

H2VP, SOURCE = (os.path.abspath(p) for p in sys.argv[2:4])
SWEEP = f"""config: {SOURCE}/configs/h2learn.yaml
set:
  network.layers: 8C3-8C3
  network.input.channels: 2
  network.timesteps: 2
  training.batch_group: 1
  profile.sub_batches: 1
grid:
  engines.forward.rows: [8, 16]
  engines.backward.cols: [8, 16, 64]
"""
POINTS = 6


def documented(word):
    """The block of docs/sweeps.md that has the word: its lines, with the test's names."""
    text = pathlib.Path(SOURCE, "docs", "sweeps.md").read_text("utf-8")
    blocks = [block for block in re.split(r"\n\n+", text) if block.startswith("    ")]
    found = [block for block in blocks if word in block]
    assert len(found) == 1, f"{word} is in {len(found)} blocks of docs/sweeps.md"
    return "\n".join(line[4:] for line in found[0].splitlines()) \
        .replace("SWEEP.yaml", "s.yaml").replace("DIR", "o")


def run(line, environment=None):
    done = subprocess.run(["bash", "-ec", line], capture_output=True, text=True, check=False,
                          env={**os.environ, **(environment or {})}, timeout=500)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def require(*programs):
    for program in programs:
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None:
            print(f"skipped: {program} is not installed")
            sys.exit(77)


def array_of(block):
    """Task numbers of the block's #SBATCH --array line."""
    first, last = map(int, re.search(r"--array=(\d+)-(\d+)", block).groups())
    return range(first, last + 1)


def slurm_line():
    block = documented("SLURM_ARRAY_TASK_ID")
    for task in array_of(block):
        run(block, {"SLURM_ARRAY_TASK_ID": str(task)})


def parallel():
    require("parallel")
    run(documented("| parallel"))


def mpirun():
    require("mpirun")
    run(documented("mpirun"), {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                               "OMPI_MCA_rmaps_base_oversubscribe": "1"})


def slurm():
    """An array job under daemons of our own, in a scratch folder."""
    require(*slurm_cluster.PROGRAMS)
    block = documented("SLURM_ARRAY_TASK_ID")
    pathlib.Path("job.sh").write_text("#!/bin/bash\n" + block + "\n", "utf-8")
    with slurm_cluster.running(pathlib.Path.cwd()):
        run("sbatch --wait job.sh")


def main():
    test = {f.__name__: f for f in (slurm_line, parallel, mpirun, slurm)}[sys.argv[1]]
    os.environ["PATH"] = os.path.dirname(H2VP) + ":" + os.environ["PATH"]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        pathlib.Path("s.yaml").write_text(SWEEP, "utf-8")
        test()
        shards = sorted(pathlib.Path("o").glob("points-*-of-*.csv"))
        assert len(shards) >= 4, f"tables of shards: {shards}"
        text = run("h2vp sweep s.yaml --out o")
        assert f"{POINTS} points, {POINTS} done" in text and " 0 to run" in text, text
        with open("o/points.csv", newline="", encoding="utf-8") as file:
            assert [row["status"] for row in csv.DictReader(file)] == ["ok"] * POINTS
    print(f"ok     {sys.argv[1]}: {POINTS} points, nothing left to run")


main()
