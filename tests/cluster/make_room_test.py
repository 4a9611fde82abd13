#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trainings that get SIGTERM or SIGUSR1: they end behind their batch group or round with a checkpoint and
exit code 75, and go on to the weights of one that was left alone. One card, several, ranks, federated.

usage: make_room_test.py H2VP
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import small_cluster as small

H2VP = os.path.abspath(sys.argv[1])
CHECKPOINTS = {"training.checkpoint.every": 1, "training.checkpoint.keep": 1000}
LONG = {**CHECKPOINTS, "training.epochs": 7, "dataset.test_limit": 20}
FEDERATED = {**LONG, "federated.local_epochs": 1, "training.replicas": 1}


def board(out, cards, sets, more=()):
    return small.command(H2VP, out, {"cluster.cards": cards, **sets}, more)


def ranks(out, cards, sets, more=()):
    return ["mpirun", "-n", str(cards), *board(out, cards, sets, ["--mpi", *more])]


def children(pid):
    found = []
    for tasks in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in tasks.read_text("ascii").split()]
    return found


def says_so(out, text):
    """What a run that has made room leaves."""
    summary = json.loads((pathlib.Path(out) / "summary.json").read_text("utf-8"))
    newest = small.checkpoints(out)[-1]
    assert summary["interrupted"] and summary["checkpoint"] == str(newest), summary["checkpoint"]
    assert f"goes on with --resume {newest}" in text, text
    assert summary["result"]["test_accuracy"] is None


def goes_on(line, whole, out):
    small.run([*line, "--resume", str(out)])
    assert small.hash_of(out) == small.hash_of(whole)
    assert small.results(out)[0] == small.results(whole)[0]


def train_whole(work, name, line):
    if not (work / name).exists():
        small.run(line(work / name))
    return work / name


def interrupt_and_go_on(work, name, line, number, receiver=None):
    """line(out): the command line; before 2 and 5 checkpoints are there."""
    whole = train_whole(work, f"{name}-whole", line)
    out = work / f"{name}-{number}"
    for before in (2, 5):
        more = ["--resume", str(out)] if before > 2 else []
        text = small.signalled([*line(out), *more], out, number, receiver, before)
        says_so(out, text)
    goes_on(line(out), whole, out)


def one_card_and_several(work):
    for cards, number in ((1, signal.SIGTERM), (1, signal.SIGUSR1), (4, signal.SIGTERM)):
        sets = {**LONG, "training.replicas": 4} if cards > 1 else {**LONG, "training.replicas": 1}
        interrupt_and_go_on(work, f"board{cards}", lambda out, c=cards, s=sets: board(out, c, s),
                            number)


def between_two_checkpoints(work):
    """One checkpoint more, behind the group under way."""
    sets = {**LONG, "training.checkpoint.every": 1000, "training.replicas": 4}
    out, whole = work / "between", work / "board4-whole"
    started = out / "summary.json.partial"
    line = board(out, 2, sets)
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=small.ENVIRONMENT) as job:
        while not started.exists():
            assert job.poll() is None
        job.send_signal(signal.SIGTERM)
        text, _ = job.communicate(timeout=200)
    assert job.returncode == 75, text
    assert len(small.checkpoints(out)) == 1
    says_so(out, text)
    small.run([*line, "--resume", str(out)])
    assert small.hash_of(out) == small.hash_of(whole)


def in_a_test(work):
    """A test is broken off; the run goes on with it. Others wait for card 0 meanwhile."""
    sets = {**LONG, "training.epochs": 2, "dataset.test_limit": 1000, "training.replicas": 2,
            "dataset.train_limit": 16}
    for cards in (1, 2):
        out, whole = work / f"test{cards}", work / f"test{cards}-whole"
        small.run(board(whole, cards, sets))
        # Two groups and the test of the first epoch: it is most of the time.
        text = small.signalled(board(out, cards, sets), out, signal.SIGTERM, before=1)
        says_so(out, text)
        summary = json.loads((out / "summary.json").read_text("utf-8"))
        assert summary["time"].get("evaluation", {"samples": 0})["samples"] == 0, summary["time"]
        goes_on(board(out, cards, sets), whole, out)


def federated(work):
    for cards in (1, 3):
        interrupt_and_go_on(work, f"federated{cards}",
                            lambda out, c=cards: board(out, c, FEDERATED), signal.SIGTERM)
    whole = work / "federated3-whole"
    files = small.checkpoints(whole)
    assert len(files) == 6, files  # seven rounds; none behind the last
    for file in (files[0], files[-1]):
        out = work / f"from-{file.stem}"
        small.run(board(out, 3, FEDERATED, ["--resume", str(file)]))
        assert small.results(out) == small.results(whole), file
    small.run(board(work / "no-checkpoints", 3, {**FEDERATED, "training.checkpoint.every": 0}))
    assert small.hash_of(work / "no-checkpoints") == small.hash_of(whole)


def ranks_over_mpi(work):
    one_rank = lambda pid: children(pid)[-1:]  # noqa: E731
    for name, sets in (("sums", {**LONG, "training.replicas": 2}), ("rounds", FEDERATED)):
        def line(out, more=sets):
            return ranks(out, 2, more)
        for number, receiver in ((signal.SIGUSR1, None), (signal.SIGTERM, one_rank)):
            interrupt_and_go_on(work, f"mpi-{name}", line, number, receiver)
        small.run(board(work / f"mpi-{name}-board", 2, sets))
        assert small.results(work / f"mpi-{name}-board") == \
            small.results(work / f"mpi-{name}-whole")


def others_end_as_before(work):
    """Ctrl-C, and SIGTERM without checkpoints: code 1, no checkpoint."""
    for number, sets in ((signal.SIGINT, LONG),
                         (signal.SIGTERM, {**LONG, "training.checkpoint.every": 0})):
        out = work / f"ended-{number}"
        with subprocess.Popen(board(out, 1, {**sets, "training.epochs": 1000}), env=small.ENVIRONMENT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as job:
            while not (out / "summary.json.partial").exists():
                assert job.poll() is None
            job.send_signal(number)
            text, _ = job.communicate(timeout=200)
        summary = json.loads((out / "summary.json").read_text("utf-8"))
        assert job.returncode == 1 and summary["interrupted"], text
        assert "checkpoint" not in summary


def are_refused(work):
    sets = {**FEDERATED, "training.loss_scale": "dynamic"}
    text = small.run(board(work / "refused", 2, sets), 2)
    assert "training.checkpoint.every: 1 contradicts federated.local_epochs = 1" in text, text


def has_mpi(work):
    if shutil.which("mpirun") is None:
        return False
    probe = subprocess.run(board(work / "probe", 4, {}, ["--mpi"]), capture_output=True, text=True,
                           check=False, env=small.ENVIRONMENT)
    return "built without MPI" not in probe.stderr


def main():
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        tests = [one_card_and_several, between_two_checkpoints, in_a_test, federated,
                 others_end_as_before, are_refused]
        if has_mpi(work):
            tests.append(ranks_over_mpi)
        for test in tests:
            test(work)
            print("ok    ", test.__name__, flush=True)


main()
