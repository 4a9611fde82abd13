#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/cluster under a Slurm of its own: trainings that are preempted go on to the same weights,
one on one card, and one on two over MPI.

usage: slurm_test.py H2VP SOURCE_DIR; exit code 77: Slurm is not installed
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import small_cluster as small

H2VP, SOURCE = (os.path.abspath(p) for p in sys.argv[1:3])
sys.path.insert(0, os.path.join(SOURCE, "tests", "sweep"))
import slurm_cluster  # noqa: E402  pylint: disable=import-error,wrong-import-position

EXAMPLES = pathlib.Path(SOURCE, "examples", "cluster")


def configuration(path, sets):
    """The small training as a file: JSON is YAML."""
    tree = {"include": f"{SOURCE}/configs/quickstart.yaml"}
    for key, value in {**small.SMALL, **sets}.items():
        *sections, name = key.split(".")
        at = tree
        for section in sections:
            at = at.setdefault(section, {})
        at[name] = {"true": True, "false": False}.get(value, value)
    path.write_text(json.dumps(tree, indent=1), "utf-8")


def shell(*line):
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=small.ENVIRONMENT)
    assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    return done.stdout


def state_of(job):
    text = shell("scontrol", "show", "job", job)
    return dict(word.split("=", 1) for word in text.split() if "=" in word)


def submit(script, config, out, tasks=1, **more):
    names = ",".join(f"{key}={value}" for key, value in
                     {"CONFIG": config, "OUT": out, **more}.items())
    return shell("sbatch", "--parsable", "--output", f"{out}.log", f"--export=ALL,{names}",
                 f"--ntasks={tasks}", "--overcommit", str(EXAMPLES / script)).strip()


def ended(job):
    slurm_cluster.wait_for(f"the end of job {job}", lambda: state_of(job)["JobState"] in (
        "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"))
    return state_of(job)


def preempted(job, out, number):
    """Signals the script once there is a checkpoint; what it printed, once it has run to its end."""
    slurm_cluster.wait_for("a checkpoint", lambda: small.checkpoints(out))
    shell("scancel", f"--signal={number}", "--batch", job)
    slurm_cluster.wait_for("the requeued job", lambda: int(state_of(job)["Restarts"]) >= 1)
    slurm_cluster.wait_for("its place in the queue", lambda: state_of(job)["JobState"] == "PENDING")
    time.sleep(2)  # slurmd still removes what the job had; a user's job waits two minutes by itself
    shell("scontrol", "update", f"jobid={job}", "starttime=now")
    state = ended(job)
    log = pathlib.Path(f"{out}.log").read_text("utf-8")
    assert state["JobState"] == "COMPLETED", f"{state}\n{log}"
    assert "goes on with --resume" in log, log
    return log


def a_preempted_training_goes_on(work):
    config, out = work / "config.yaml", work / "preempted"
    configuration(config, {"training.epochs": 12, "training.checkpoint.every": 1})
    small.run([H2VP, "train", str(config), "--out", str(work / "whole"), "--quiet"])
    log = preempted(submit("train.sbatch", config, out, CHECKPOINT_EVERY=1), out, "TERM")
    assert small.results(out)[0] == small.results(work / "whole")[0], log


def two_cards_train_over_mpi(work):
    config, out = work / "cards.yaml", work / "mpi"
    configuration(config, {"cluster.cards": 2, "training.epochs": 12,
                           "training.checkpoint.every": 1})
    if "built without MPI" in subprocess.run([H2VP, "train", str(config), "--mpi"], check=False,
                                             capture_output=True, text=True).stderr:
        return
    small.run([H2VP, "train", str(config), "--out", str(work / "board"), "--quiet"])
    log = preempted(submit("train_mpi.sbatch", config, out, 2, CHECKPOINT_EVERY=1), out, "USR1")
    assert small.results(out)[0] == small.results(work / "board")[0], log


def main():
    for program in slurm_cluster.PROGRAMS:
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None:
            print(f"skipped: {program} is not installed")
            sys.exit(77)
    small.ENVIRONMENT["PATH"] = os.path.dirname(H2VP) + ":" + os.environ["PATH"] + ":/usr/sbin"
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        (work / "slurm").mkdir()
        with slurm_cluster.running(work / "slurm"):
            small.ENVIRONMENT["SLURM_CONF"] = os.environ["SLURM_CONF"]
            for test in (a_preempted_training_goes_on, two_cards_train_over_mpi):
                test(work)
                print("ok    ", test.__name__, flush=True)


main()
