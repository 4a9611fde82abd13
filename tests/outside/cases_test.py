#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a folder of firmware and scripts that people outside the project wrote: inputs that a card or
host got wrong once, each with the right outcome. Usage: cases_test.py SOURCE_DIR BUILD_DIR [CASE...]

The folder is $H2_CASES, or shared/cases beside the source tree; without one the test is skipped.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIPPED = 77
SOURCE, BUILD = (Path(p).resolve() for p in sys.argv[1:3])
CONFIG = SOURCE / "configs/h2learn.yaml"


class Wrong(Exception):
    """What a case did instead."""


def expect(right, text):
    if not right:
        raise Wrong(text)


def run(command, folder, **more):
    # The scripts look for configurations, headers and programs below $H2_SOURCE, programs in its build.
    environment = dict(os.environ, H2_SOURCE=str(folder.parent / "tree"))
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **more)
    return done.returncode, done.stdout


# ---- Firmware -----------------------------------------------------------------------------------

def build_firmware(folder, name):
    compiler = shutil.which("riscv64-unknown-elf-gcc")
    if compiler is None:
        return None
    elf = folder / (name + ".elf")
    subprocess.run([compiler, "-misa-spec=2.2", "-march=rv32imac", "-mabi=ilp32", "-nostdlib",
                    "-nostartfiles", "-T", "link.ld", "-Wl,--no-warn-rwx-segments", name + ".S", "-o",
                    elf], cwd=folder, check=True)
    return elf


def ends_with_0(folder, name):
    elf = build_firmware(folder, name)
    if elf is not None:
        code, text = run([BUILD / "h2vp", "firmware", CONFIG, "--elf", elf, "--max-instructions",
                          "10000000"], folder)
        expect(code == 0, f"exit code {code}: {text}")


def shows_its_prompt(folder, name):
    elf = build_firmware(folder, name)
    if elf is None:
        return
    with subprocess.Popen([BUILD / "h2vp", "firmware", CONFIG, "--elf", elf], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        shown = process.stdout.read(len("prompt> "))
        process.send_signal(signal.SIGTERM)
        expect(shown == "prompt> ", f"shows '{shown}'")
        expect(process.wait() == 1, f"exit code {process.returncode} after SIGTERM")


# ---- Scripts ------------------------------------------------------------------------------------

def script(*patterns, never=(), command=None):
    """A case that is a script; each of `patterns` matches what it prints, none of `never` does."""
    def check(folder, name):
        code, text = run([sys.executable] + (command or [name + ".py"]), folder)
        expect(code == 0, f"exit code {code}: {text}")
        for pattern in patterns:
            expect(re.search(pattern, text, re.MULTILINE), f"no '{pattern}' in: {text}")
        for pattern in never:
            wrong = re.search(pattern, text, re.MULTILINE)
            expect(wrong is None, f"'{wrong and wrong[0]}' in: {text}")
    return check


def directed(*patterns, never=()):
    def check(folder, name):
        script(*patterns, never=(r"^ +DEAD", r"^ +ASSERT", *never),
               command=["directed.py", name])(folder, name)
    return check


def quick_tables(folder, name):
    _, text = run([sys.executable, name + ".py"], folder)
    answers = re.findall(r": TABLE wall ([0-9.]+) s", text)
    expect(len(answers) == 5, text)
    # One that walks the table takes a minute; the bound leaves room for a busy machine.
    expect(all(float(seconds) < 10 for seconds in answers), text)


REFUSED_ORDERS = [rf"^{case} .*'?DEPENDENCY'?" for case in ("A", "B", "C", "D", "E", "F", "F2", "G",
                                                          "H", "I")]
CASES = {
    "firmware": {
        "wfi_mepc": ends_with_0,
        "ebreak32": ends_with_0,
        "sret": ends_with_0,
        "irqpend": ends_with_0,
        "prompt": shows_its_prompt,
        "contract": script(r"update OK master 0.5625 LAST_STEP 1$", *REFUSED_ORDERS,
                           r"^J .*\n +\[.*'TAG'", r"^K .*COMPLETION", r"^L .*DOORBELL",
                           r"^N .*'RING_SIZE': 1.*'CONTROL': 1", r"^Q locked window write: 1",
                           r"^R .*unmask: wait 0 again 0", r"^U table in Mem0: TABLE", r"^\(0, "),
        "broken2": script(r"DEPENDENCY master 1\.0", r"^\(0, ", never=(r"master 0\.\d+ \(",)),
        "rec": script(r"^play rc 0 .* 0 failures"),
        "overflow": script(r"simulated time has reached its end", never=("HUNG",)),
    },
    "robustness": {
        "base": directed(r"^\['OK', 'OK', 'OK'"),
        "disable_pending": directed(r"after 5 ms: head [01] completions [01] "),
        "base_moved_while_pending": directed("RING_BASE accepted False RING_SIZE=2 accepted False"),
        "shrink_ring": directed("size 2: False"),
        "livelock_recovery": directed(r"later: head [01] tail", r"reset polls \d", r"^\['OK', 'OK'"),
        "rings_in_mem1_update": directed(r"'OVERLAP'\].*ring now", r"'OVERLAP'\].*completion ring"),
        "update_silence": directed(r"completion of the update: \(9, (7|18), ",
                                   r"soft reset ends after polls: \d", r"^server 0"),
        "driver_after_silence": directed("^0 loaded"),
        "silence_each": directed(r"op 3 after 3 timeout 64 -> .* then \['OK', 'OK', 'OK'",
                                 never=("NEVER",)),
        "write_during_reset": directed("write 1 accepted False", "0 accepted False"),
        "write0_during_reset": directed(r"set 8 reads (\d+) later \1$",
                                        never=(r"set 8 reads 8 later [^8]",
                                               r"CONTROL 2 write 0 False reads 1")),
        "table_unknown_bits": directed("TABLE layer", never=(r": OK layer", r": None")),
        "lr_huge": directed("'TABLE', 'TABLE', 'TABLE', 'TABLE'"),
        "nan_update": directed(r"'(OVERFLOW|DEPENDENCY)'\]"),
        "long_waits": directed(r"^alive \['OK', 'OK', 'OK'"),
        # Goes on for a minute at most, which a busy machine may need for less than all of time.
        "time_overflow": script(r"simulated time has reached its end|wall 6\d s\n\['OK', 'OK', 'OK'",
                                command=["directed.py", "time_overflow"]),
        "half_gradient": directed(r"'BUS', 'DEPENDENCY', 'DEPENDENCY'\]"),
        "depends_other": directed(r"^\['DEPENDENCY', 'DEPENDENCY'\]"),
        "slowtable": quick_tables,
    },
}


def make_tree(top):
    """A source tree with this build, and the library that the scripts compute layouts with."""
    tree = top / "tree"
    tree.mkdir()
    for name in ("configs", "modules", "platform"):
        (tree / name).symlink_to(SOURCE / name)
    (tree / "build").symlink_to(BUILD)
    subprocess.run(["cc", "-shared", "-fPIC", f"-I{SOURCE}", SOURCE / "modules/contract/h2_layout.c",
                    "-o", top / "robustness/liblayout.so"], check=True)


def main():
    cases = Path(os.environ.get("H2_CASES", SOURCE / "../shared/cases"))
    if not cases.is_dir():
        print("skipped: $H2_CASES names no folder, and there is none beside the source tree")
        return SKIPPED
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        for group in CASES:
            shutil.copytree(cases / group, top / group, copy_function=shutil.copyfile)
        make_tree(top)
        for group, checks in CASES.items():
            for name, check in checks.items():
                if len(sys.argv) > 3 and name not in sys.argv[3:]:
                    continue
                begin = time.monotonic()
                try:
                    check(top / group, name)
                    print(f"ok     {group}/{name} {time.monotonic() - begin:.1f} s", flush=True)
                except Wrong as wrong:
                    failed += 1
                    print(f"FAILED {group}/{name}: {wrong}", flush=True)
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
