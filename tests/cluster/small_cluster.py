# SPDX-License-Identifier: Apache-2.0
"""Small trainings of several cards for the tests: how they are run, and what they leave behind."""

import json
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = {
    "network.layers": "8C3(Encoding)-AP2-16C3-AP2-10FC", "network.timesteps": 2,
    "training.sub_batch": 2, "training.batch_group": 4, "training.replicas": 4,
    "training.epochs": 2, "training.test_every_epoch": "true",
    "dataset.train_limit": 32, "dataset.test_limit": 6, "trace.vcd.enable": "false",
}
TRACKS = {"top.host.cluster", *(f"top.host.cluster.card{i}" for i in range(4))}
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_btl": "self,vader", "OMPI_MCA_rmaps_base_oversubscribe": "1"}


def command(h2vp, out, sets=None, more=()):
    """The command line of one process."""
    line = [h2vp, "train", str(ROOT / "configs" / "quickstart.yaml"), "--out", str(out), "--quiet",
            "--threads", "1", *more]
    for key, value in {**SMALL, **(sets or {})}.items():
        line += ["--set", f"{key}={value}"]
    return line


def run(line, code=0):
    """Runs it to its end and returns what it printed."""
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=ENVIRONMENT,
                          timeout=280)
    text = done.stdout + done.stderr
    assert done.returncode == code, f"{' '.join(line)}: exit {done.returncode}, not {code}\n{text}"
    return text


def signalled(line, out, number, receiver=None, before=0):
    """Runs it, signals it (or the processes that receiver() names) behind checkpoint `before`.

    Returns what it printed; it has to end with exit code 75.
    """
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=ENVIRONMENT) as job:
        end = time.monotonic() + 200
        while len(checkpoints(out)) < before:
            assert job.poll() is None and time.monotonic() < end, f"no checkpoint in {out}"
            time.sleep(0.005)
        for pid in [job.pid] if receiver is None else receiver(job.pid):
            os.kill(pid, number)
        text, _ = job.communicate(timeout=200)
    assert job.returncode == 75, f"exit {job.returncode}, not 75: {text}"
    return text


def results(out):
    """What must not depend on processes: results, time, cluster, engines of card 0."""
    summary = json.loads((pathlib.Path(out) / "summary.json").read_text("utf-8"))
    cluster = {key: value for key, value in summary.get("cluster", {}).items()
               if key not in ("by_card", "all_cards")}
    return [summary["result"], summary["time"], cluster, summary["engines"]]


def cards_agree(out, other):
    """Work of each card; its waiting for memory depends on the order of events of the same time."""
    one, two = (json.loads((pathlib.Path(o) / "summary.json").read_text("utf-8"))["cluster"]
                for o in (out, other))
    assert len(one["by_card"]) == len(two["by_card"]) == one["cards"]
    for a, b in zip(one["by_card"], two["by_card"]):
        for engine in a["engines"]:
            x, y = a["engines"][engine], b["engines"][engine]
            assert x["busy_cycles"] == y["busy_cycles"], (x, y)
            assert abs(x["stall_cycles"] - y["stall_cycles"]) <= 0.01 * x["stall_cycles"], (x, y)
        assert (a["read_bytes"], a["write_bytes"]) == (b["read_bytes"], b["write_bytes"])
        assert abs(a["energy_j"] - b["energy_j"]) <= 0.01 * a["energy_j"]


def hash_of(out):
    """SHA-256 of the weights."""
    return results(out)[0]["weights_sha256"]


def checkpoints(out):
    """The checkpoints in an output folder, oldest first."""
    return sorted((pathlib.Path(out) / "checkpoints").glob("checkpoint-*.h2ck"))
