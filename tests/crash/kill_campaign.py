#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trainings with checkpoints that are killed at random moments and resumed until they end: nothing
but the open batch group is lost, and the results are those of an undisturbed training.

kill_campaign.py H2VP [--kills N] [--seed S] [--counts FILE]

Every training draws its moments from the seed and its own number. With --counts, trainings that
have been checked are written there, and the next call with the same seed goes on behind them.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "checkpoint"))
import training_folder as training  # noqa: E402

# Twelve batch groups in two epochs with a test between them; a few hundredths of a second each.
TINY = {"network.layers": "2C3(Encoding)-AP2-10FC", "network.timesteps": 1,
        "training.sub_batch": 1, "training.batch_group": 1, "dataset.train_limit": 6,
        "dataset.test_limit": 2}


def start(h2vp, out):
    found = training.checkpoints(out)
    more = ["--resume", str(out)] if found else []
    return subprocess.Popen(training.command(h2vp, out, more, TINY), stderr=subprocess.PIPE)


def killed(h2vp, out, seconds):
    """Starts or resumes the training and kills it then. True if it had ended before."""
    process = start(h2vp, out)
    try:
        _, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return False
    assert process.returncode == 0, f"code {process.returncode}: {errors.decode()}"
    return True


def number_of(checkpoints):
    return int(checkpoints[-1].stem.split("-")[1]) if checkpoints else 0


def one_training(h2vp, out, dice, seconds, expected):
    """Kills it until it ends. Returns how often."""
    kills = resumed = 0
    while not killed(h2vp, out, dice.uniform(0, seconds)):
        kills += 1
        newest = number_of(training.checkpoints(out))
        assert newest >= resumed, f"checkpoint {resumed} was lost, the newest is {newest}"
        resumed = newest
    wrong = training.differences(expected, training.results(out))
    assert not wrong, f"after {kills} kills these differ: {wrong}"
    return kills


def undisturbed(h2vp, out):
    """Results, and the seconds that it takes: the shortest of three, so that most kills strike."""
    seconds = []
    for run in range(3):
        begin = time.monotonic()
        training.run(h2vp, out / str(run), sets=TINY)
        seconds.append(time.monotonic() - begin)
    return training.results(out / "0"), min(seconds)


def main():
    parser = argparse.ArgumentParser(description="Trainings that are killed and resumed")
    parser.add_argument("h2vp")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--counts", type=Path)
    options = parser.parse_args()
    state = {"seed": options.seed, "trainings": 0, "kills": 0}
    if options.counts and options.counts.exists():
        found = json.loads(options.counts.read_text())
        state = found if found["seed"] == options.seed else state
    with tempfile.TemporaryDirectory() as work:
        expected, seconds = undisturbed(options.h2vp, Path(work) / "undisturbed")
        while state["kills"] < options.kills:
            dice = random.Random(f"{options.seed} {state['trainings']}")
            out = Path(work) / f"training{state['trainings']}"
            try:
                state["kills"] += one_training(options.h2vp, out, dice, seconds, expected)
            except AssertionError as problem:
                sys.exit(f"seed {options.seed}, training {state['trainings']}: {problem}")
            state["trainings"] += 1
            shutil.rmtree(out)
            if options.counts:
                options.counts.write_text(json.dumps(state))
            if state["trainings"] % 50 == 0:
                print(f"{state['kills']} kills in {state['trainings']} trainings", flush=True)
    print(f"{state['kills']} kills in {state['trainings']} trainings (seed {options.seed}): all "
          f"went on and ended with the results of an undisturbed one ({seconds:.2f} s)")


if __name__ == "__main__":
    main()
