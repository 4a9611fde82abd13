#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cards over MPI: 2, 4 and 8 ranks leave what one process leaves, to the cycle; ranks that differ, end in
an error or die end all.

usage: mpi_test.py H2VP; exit code 77: there is no mpirun, or h2vp was built without MPI
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import shutil
import tempfile
import time

import small_cluster as small

H2VP = os.path.abspath(sys.argv[1])
PATIENCE = 10  # s, until all ranks have ended


def ranks(count, out, sets=None, more=()):
    """The command line of `count` ranks."""
    return ["mpirun", "-n", str(count), *small.command(
        H2VP, out, {"cluster.cards": count, **(sets or {})}, ["--mpi", *more])]


def leave_what_one_process_leaves(work):
    for cards in (2, 4):
        small.run(small.command(H2VP, work / f"board{cards}", {"cluster.cards": cards}))
        small.run(ranks(cards, work / f"mpi{cards}"))
        assert small.results(work / f"board{cards}") == small.results(work / f"mpi{cards}"), cards
        small.cards_agree(work / f"board{cards}", work / f"mpi{cards}")
    assert small.hash_of(work / "mpi2") == small.hash_of(work / "mpi4")


def more_ranks_than_processors(work):
    """Eight; 16 parts of a group, two on each."""
    sets = {"training.replicas": 16, "training.batch_group": 16, "dataset.train_limit": 64,
            "cluster.cards": 8}
    small.run(small.command(H2VP, work / "board8", sets))
    small.run(ranks(8, work / "mpi8", sets))
    assert small.results(work / "board8") == small.results(work / "mpi8")
    small.run(small.command(H2VP, work / "board1", {**sets, "cluster.cards": 1}))
    assert small.hash_of(work / "board1") == small.hash_of(work / "mpi8")


def train_federated(work):
    sets = {"federated.local_epochs": 1, "training.replicas": 2, "dataset.train_limit": 40,
            "federated.straggler": 2}
    small.run(small.command(H2VP, work / "rounds", {"cluster.cards": 2, **sets}))
    small.run(ranks(2, work / "mpi_rounds", sets))
    assert small.results(work / "rounds") == small.results(work / "mpi_rounds")


def resume(work):
    sets = {"training.checkpoint.every": 1, "training.checkpoint.keep": 100}
    small.run(ranks(2, work / "whole", sets))
    small.run(small.command(H2VP, work / "board", {"cluster.cards": 2, **sets}))
    assert small.results(work / "whole") == small.results(work / "board")
    file = small.checkpoints(work / "whole")[3]
    small.run(ranks(2, work / "rest", sets, ["--resume", str(file)]))
    assert small.results(work / "whole") == small.results(work / "rest")


def are_refused(work):
    out = work / "refused"
    text = small.run(ranks(2, out, {"cluster.cards": 4}), 2)
    assert "cluster.cards: 4, but mpirun started 2 ranks" in text, text
    one = small.command(H2VP, out, {"cluster.cards": 2}, ["--mpi"])
    other = small.command(H2VP, out, {"cluster.cards": 2, "training.learning_rate": 0.5}, ["--mpi"])
    text = small.run(["mpirun", "-n", "1", *one, ":", "-n", "1", *other], 2)
    assert "ranks 0 and 1 have different configurations" in text, text


def an_error_ends_all(work):
    sets = {"training.loss_scale": 16777216, "training.init_gain": 50}
    text = small.run(ranks(2, work / "error", sets), 1)
    assert re.search(r"h2vp: rank \d: .*training step 1", text), text


def children(pid):
    """Process numbers of a process's children."""
    found = []
    for tasks in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in tasks.read_text("ascii").split()]
    return found


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def a_dead_rank_ends_all(work):
    line = ranks(4, work / "dead", {"training.epochs": 1000000})
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=small.ENVIRONMENT) as run:
        end = time.monotonic() + 120
        while not (work / "dead" / "summary.json.partial").exists():
            assert run.poll() is None and time.monotonic() < end, "the training does not begin"
            time.sleep(0.05)
        victims = children(run.pid)
        assert len(victims) == 4, victims
        os.kill(victims[2], signal.SIGKILL)
        begin = time.monotonic()
        text, _ = run.communicate(timeout=100)
        while any(map(is_alive, victims)) and time.monotonic() < begin + PATIENCE:
            time.sleep(0.05)
        seconds = time.monotonic() - begin
    assert run.returncode != 0 and seconds < PATIENCE, f"{seconds} s, exit {run.returncode}: {text}"
    assert re.search(r"rank 2 .*signal 9", text), text
    assert not any(map(is_alive, victims)), f"still there: {victims}"


def main():
    if shutil.which("mpirun") is None:
        print("skipped: there is no mpirun")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        probe = subprocess.run(small.command(H2VP, work / "probe", {"cluster.cards": 4}, ["--mpi"]),
                               capture_output=True, text=True, check=False, env=small.ENVIRONMENT)
        if "built without MPI" in probe.stderr:
            print("skipped:", probe.stderr)
            sys.exit(77)
        assert "mpirun started 1 ranks" in probe.stderr, probe.stderr
        for test in (leave_what_one_process_leaves, more_ranks_than_processors, train_federated,
                     resume, are_refused, an_error_ends_all, a_dead_rank_ends_all):
            test(work)
            print("ok    ", test.__name__, flush=True)


main()
