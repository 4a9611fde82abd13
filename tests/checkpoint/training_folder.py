# SPDX-License-Identifier: Apache-2.0
"""Small trainings for the tests of checkpoints: how they are run, and what they leave behind."""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = {
    "network.layers": "8C3(Encoding)-AP2-16C3-AP2-10FC", "network.timesteps": 2,
    "training.sub_batch": 2, "training.batch_group": 2, "training.loss_scale": 1024,
    "training.init_gain": 2, "training.optimizer": "adam", "training.learning_rate": 0.004,
    "training.epochs": 2, "training.test_every_epoch": "true", "training.save_masters": "true",
    "training.checkpoint.every": 1, "trace.probe.enable": "true",
    "dataset.kind": "digits", "dataset.train_limit": 24, "dataset.test_limit": 6,
}
MACHINE = ROOT / "configs" / "h2learn.yaml"


def command(h2vp, out, more=(), sets=None):
    """The command line of a training in folder `out`."""
    line = [h2vp, "train", str(MACHINE), "--out", str(out), "--quiet", "--threads", "1", *more]
    for key, value in {**SMALL, **(sets or {})}.items():
        line += ["--set", f"{key}={value}"]
    return line


def run(h2vp, out, more=(), sets=None, code=0):
    """Runs it to its end. Returns what it wrote to stderr."""
    done = subprocess.run(command(h2vp, out, more, sets), capture_output=True, text=True,
                          check=False)
    assert done.returncode == code, f"exit {done.returncode}, not {code}: {done.stderr}"
    return done.stderr


def results(out):
    """Every file of a finished run that does not depend on the time of day: name -> contents."""
    out = pathlib.Path(out)
    summary = json.loads((out / "summary.json").read_text())
    for varying in ("wall", "command", "warnings"):
        del summary[varying]
    # Where checkpoints are kept, and what is recorded beside the results.
    del summary["config"]["training"]["checkpoint"]
    del summary["config"]["trace"]
    found = {"summary.json": summary}
    for name in ("stats.json", "stats.csv", "layers.csv"):
        found[name] = (out / name).read_bytes()
    for file in sorted((out / "weights").rglob("*.npy")):
        found[str(file.relative_to(out))] = file.read_bytes()
    return found


def differences(one, other):
    """Names of the results that differ."""
    assert one.keys() == other.keys(), sorted(one.keys() ^ other.keys())
    return [name for name in one if one[name] != other[name]]


def checkpoints(out):
    """The checkpoints in an output folder, oldest first."""
    return sorted((pathlib.Path(out) / "checkpoints").glob("checkpoint-*.h2ck"))
