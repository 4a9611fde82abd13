#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A training that is killed at random moments and resumed leaves the results of one that was not.

usage: kill_test.py H2VP [KILLS [SEED]]; 300 kills take about an hour
"""

import pathlib
import random
import subprocess
import sys
import tempfile
import time

import training_folder as training


def seconds_of(h2vp, out):
    """Runs the training undisturbed. Returns the seconds that it takes."""
    begin = time.monotonic()
    training.run(h2vp, out)
    return time.monotonic() - begin


def killed(h2vp, out, seconds):
    """Starts or resumes the training and kills it. True if it had ended before."""
    found = training.checkpoints(out)
    more = ["--resume", str(out)] if found else []
    process = subprocess.Popen(training.command(h2vp, out, more), stderr=subprocess.PIPE)
    try:
        _, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return False
    assert process.returncode == 0, errors.decode()
    return True


def main():
    h2vp = sys.argv[1]
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        whole = seconds_of(h2vp, work / "whole")
        expected = training.results(work / "whole")
        done = rounds = 0
        while done < kills:
            out = work / f"round{rounds}"
            rounds += 1
            ended = False
            while not ended:
                last = training.checkpoints(out)
                # Once the kills are used up it runs to its end.
                patience = dice.uniform(0, whole) if done < kills else 3600
                ended = killed(h2vp, out, patience)
                done += 0 if ended else 1
                now = training.checkpoints(out)
                assert not last or now[-1] >= last[-1], "a checkpoint was lost"
                assert len(now) <= 3, "more than are to be kept, and the one being written"
            wrong = training.differences(expected, training.results(out))
            assert not wrong, f"after {done} kills (seed {seed}) these differ: {wrong}"
    print(f"{done} kills in {rounds} trainings: every result is that of the undisturbed one")


if __name__ == "__main__":
    main()
