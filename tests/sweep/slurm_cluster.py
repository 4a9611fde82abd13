# SPDX-License-Identifier: Apache-2.0
"""A Slurm of one node on this machine, started without privileges in a scratch folder."""

import contextlib
import os
import subprocess
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
SLURM_CONF = """ClusterName=scratch
SlurmctldHost=localhost
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
SlurmctldPort={port}
SlurmdPort={port2}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName=localhost CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes=localhost Default=YES MaxTime=10 State=UP
"""


def wait_for(what, condition, seconds=200):
    for _ in range(seconds * 10):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def daemons_in(folder):
    """Writes the configuration; returns the command lines of the daemons."""
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    port = 20000 + 2 * (os.getpid() % 10000)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    conf = folder / "slurm.conf"
    conf.write_text(SLURM_CONF.format(user=user, folder=folder, cpus=os.cpu_count(), port=port,
                                      port2=port + 1), "utf-8")
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    os.environ["SLURM_CONF"] = str(conf)
    return [
        ["munged", "--foreground", "--force", f"--key-file={key}",
         f"--socket={folder}/munge.socket", f"--pid-file={folder}/munge.pid",
         f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed"],
        ["slurmctld", "-D", "-i", "-f", str(conf)],
        ["slurmd", "-D", "-N", "localhost", "-f", str(conf)]]


@contextlib.contextmanager
def running(folder):
    """While it lasts, sbatch and its like talk to daemons of our own."""
    os.environ["PATH"] += ":/usr/sbin"
    started = []
    try:
        for daemon in daemons_in(folder):
            # pylint: disable=consider-using-with
            started.append(subprocess.Popen(daemon, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL))
            time.sleep(1)
            assert started[-1].poll() is None, f"{daemon[0]} ended at once"
        wait_for("a node that is idle", lambda: "idle" in subprocess.run(
            ["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, check=False).stdout)
        yield
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(30)
