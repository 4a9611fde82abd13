#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the system and other processes do to h2vp, and what it may do to them; lines of SECURITY.md.

system_test.py H2VP SOURCE_DIR FIRMWARE_DIR
"""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from hostile import FIRMWARE, H2VP, MACHINE, QUICK, SECONDS, SMALL, Hostile, main, run


class Streams(Hostile):
    def train(self, name, shell):
        code, message = run("train", QUICK, *SMALL, "--set", "trace.vcd.enable=true", "--out", name,
                            shell=shell)
        return code, message

    def test_closed(self):
        self.assertEqual(self.train("open", '"$@"')[0], 0)
        code, message = self.train("closed", 'exec "$@" >&-')
        self.assertEqual(code, 1)
        self.assertIn("standard output: cannot be written", message)
        self.assertEqual(self.train("silent", 'exec "$@" --quiet >&-')[0], 0)
        self.assertEqual(self.train("no-error", 'exec "$@" 2>&-')[0], 0)
        self.assertEqual(self.train("nothing", 'exec "$@" --quiet <&- >&- 2>&-')[0], 0)
        for name in ("closed", "silent", "no-error", "nothing"):
            for file in Path("open").iterdir():
                if file.suffix in (".vcd", ".words", ".gtkw"):
                    self.assertEqual(file.read_bytes(), (Path(name) / file.name).read_bytes(),
                                     (name, file))

    def test_full(self):
        for command in (["config", QUICK], ["config", "--schema"], ["--help"], ["regs"],
                        ["train", QUICK, *SMALL, "--out", "full"],
                        ["profile", QUICK, "--dry-run"], ["stats", "--describe"]):
            self.refused("standard output: cannot be written", *command, code=1,
                         shell='exec "$@" > /dev/full')
        self.assertEqual(run("config", QUICK, shell='exec "$@" 2> /dev/full')[0], 0)


class Limits(Hostile):
    def test_file_size(self):
        self.refused("File too large", "train", QUICK, *SMALL, "--quiet", "--out", "f",
                               "--set", "trace.vcd.enable=true", "--set",
                               "trace.vcd.level=bursts", "--set",
                               "dataset.train_limit=400", code=1,
                               shell='ulimit -f 250; exec "$@"')
        self.assertFalse(Path("f/summary.json").exists())
        self.assertFalse(json.loads(Path("f/summary.json.partial").read_text())["complete"])

    def test_memory(self):
        self.refused("the system gives no more memory", "train", QUICK, "--quiet", "--out", "v",
                     "--set", "dataset.train_limit=400000", "--threads", "1", code=1,
                     shell='ulimit -v 300000; exec "$@"')

    def test_no_threads(self):
        library = Path("no_threads.so").absolute()
        Path("no_threads.c").write_text(
            "#include <errno.h>\n#include <pthread.h>\nstatic int made;\n"
            "int pthread_create(pthread_t* t, const pthread_attr_t* a, void* (*f)(void*), void* x)"
            " { (void)t; (void)a; (void)f; (void)x; ++made; return EAGAIN; }\n")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, "no_threads.c"], check=True)
        sums = []
        for environment in ({}, {"LD_PRELOAD": str(library)}):
            code, message = run("train", QUICK, *SMALL, "--quiet", "--out", "t", "--threads", "4",
                                env={**os.environ, **environment})
            self.assertEqual(code, 0, message)
            sums.append(json.loads(Path("t/summary.json").read_text())["result"]["weights_sha256"])
        self.assertEqual(*sums)

    def test_guest_output(self):
        Path("loop.c").write_text("int main(void);\n")
        elf = FIRMWARE / "console.elf"
        Path("commands").write_text("id\n" * 2000 + "quit\n")
        self.refused("firmware: --max-output is reached", "firmware", MACHINE, "--elf", elf,
                     "--input", "commands", "--max-output", "5000", code=1)
        self.refused("--max-output 5: legal are 1000 and more", "firmware", MACHINE, "--elf", elf,
                     "--max-output", "5")
        self.refused("firmware: its console cannot be written", "firmware", MACHINE, "--elf", elf,
                     "--input", "commands", code=1, shell='exec "$@" > /dev/full')
        message = self.refused("cannot be written: File too large", "firmware", MACHINE, "--elf",
                               elf, "--input", "commands", "--record", "r.txn", "--max-output",
                               "1000", code=1, shell='exec "$@" --max-instructions 90000000')
        self.assertLessEqual(Path("r.txn").stat().st_size, 1000, message)


class Places(Hostile):
    def test_dump(self):
        Path("in").mkdir()
        Path("in/link").symlink_to("..")
        for name in (str(self.work / "victim"), "../victim", "link/victim", "a/../../victim"):
            Path("in/t.txn").write_text(f"wait 1ns\ndump 0x1000000000 4 {name}\n")
            self.refused("in/t.txn:2: dump: ", "play", MACHINE, "in/t.txn")
            self.assertFalse(Path("victim").exists())
        Path("in/t.txn").write_text("dump 0x1000000000 4 ../victim\n")
        self.assertEqual(run("play", MACHINE, "in/t.txn", "--allow-outside")[0], 0)
        self.assertEqual(Path("victim").stat().st_size, 4)
        Path("in/t.txn").write_text("dump 0x1000000000 4 inside\n")
        self.assertEqual(run("play", MACHINE, "in/t.txn")[0], 0)
        os.chdir("in")
        self.assertEqual(run("play", MACHINE, "t.txn")[0], 0)

    def test_checkpoints(self):
        for folder in ("../up", str(self.work / "abroad"), "a/../../up"):
            Path("c.yaml").write_text(f"include: {QUICK}\ntraining: {{checkpoint: {{every: 1, "
                                      f"dir: {folder}}}}}\n")
            self.refused("c.yaml: training.checkpoint.dir: ", "train", "c.yaml", *SMALL)
        self.assertEqual(run("train", "c.yaml", *SMALL, "--quiet", "--allow-outside", "--set",
                             "training.checkpoint.dir=../" + self.work.name + "/kept", "--set",
                             "dataset.train_limit=24")[0], 0)
        self.assertTrue(Path("kept").is_dir())

    def test_name(self):
        Path("...yaml").write_text(f"include: {QUICK}\n")
        self.refused("names no folder below out; legal: --out DIR", "train", "...yaml", *SMALL)

    def test_two_runs(self):
        first = subprocess.Popen([H2VP, "train", QUICK, "--quiet", "--out", "one"],
                                 stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + SECONDS
            while not Path("one/summary.json.partial").exists() and time.monotonic() < end:
                time.sleep(0.02)
            self.refused("--out one: another run writes to this folder", "train", QUICK, *SMALL,
                         "--out", "one")
            self.refused("another run writes", "profile", QUICK, "--out", "one")
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait()
        code, message = run("train", QUICK, *SMALL, "--quiet", "--out", "one")
        self.assertEqual(code, 0, message)


class Security(Hostile):
    """Lines of SECURITY.md."""

    @staticmethod
    def sockets(pid):
        found = []
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            match = re.match(r"socket:\[(\d+)\]", os.readlink(entry))
            if match:
                found.append(match[1])
        return found

    def test_no_listener_unless_asked(self):
        process = subprocess.Popen([H2VP, "train", QUICK, "--quiet", "--out", "s"])
        try:
            end = time.monotonic() + SECONDS
            while not Path("s/summary.json.partial").exists() and time.monotonic() < end:
                time.sleep(0.02)
            self.assertEqual(self.sockets(process.pid), [])
        finally:
            process.kill()
            process.wait()

    def test_debugger_listens_on_loopback(self):
        process = subprocess.Popen([H2VP, "firmware", MACHINE, "--elf", FIRMWARE / "hello.elf",
                                    "--gdb", "0"], stderr=subprocess.PIPE, text=True,
                                   stdout=subprocess.DEVNULL)
        try:
            port = int(re.search(r"(\d+)\D*$", process.stderr.readline())[1])
            owned = self.sockets(process.pid)
            listening = []
            for table in ("tcp", "tcp6"):
                for line in Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]:
                    words = line.split()
                    if words[3] == "0A" and words[9] in owned:
                        listening.append(words[1])
            self.assertEqual(listening, [f"0100007F:{port:04X}"])
        finally:
            process.kill()
            process.communicate()

    def test_socket_is_private(self):
        process = subprocess.Popen([H2VP, "serve", MACHINE, "--socket", "h2.sock"],
                                   stdout=subprocess.PIPE, text=True)
        try:
            process.stdout.readline()
            self.assertEqual(os.stat("h2.sock").st_mode & 0o777, 0o600)
        finally:
            process.terminate()
            process.communicate()

if __name__ == "__main__":
    main()
