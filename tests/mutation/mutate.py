#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mutation testing; see run.sh. mutate.py SOURCE_TREE [--again] [--only TEXT] [--most N] [--check]

A list is made of blocks, separated by empty lines, '#' begins a comment:

    name FILE PROGRAM [FILTER]
    - text in one line of FILE
    + what takes its place
    = why no test can notice it (equivalent mutants alone)

PROGRAM is a test program of the build, run with --gtest_filter=FILTER, or ctest, with FILTER the
expression that chooses tests of the suite. The text has to be in the file exactly once. A mutant is
killed when its program does not compile, fails, or does not end within five times the time it took
unchanged (a minute at least); a survivor with a reason counts as explained.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

SHORTEST = 60


class Mutant:
    def __init__(self, head, place):
        words = head.split()
        if len(words) not in (3, 4):
            raise SystemExit(f"{place}: expected: name FILE PROGRAM [FILTER]")
        self.name, self.file, self.program = words[:3]
        self.filter = words[3] if len(words) == 4 else "*"
        self.old = self.new = None
        self.reason = ""


def read_list(path):
    mutants = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        place = f"{path.name}:{number}"
        if line.startswith("- "):
            mutants[-1].old = line[2:]
        elif line.startswith("+ ") or line == "+":
            mutants[-1].new = line[2:]
        elif line.startswith("= "):
            mutants[-1].reason = line[2:]
        elif line.strip() and not line.startswith("#"):
            mutants.append(Mutant(line, place))
    return mutants


def check(source, mutants):
    """Problems of the list, one line each."""
    problems, names = [], set()
    for m in mutants:
        text = (source / m.file).read_text(encoding="utf-8") if (source / m.file).exists() else None
        if m.name in names:
            problems.append(f"{m.name}: the name is used twice")
        names.add(m.name)
        if text is None:
            problems.append(f"{m.name}: there is no {m.file}")
        elif m.old is None or m.new is None or m.old == m.new:
            problems.append(f"{m.name}: lacks the lines with - and +")
        elif text.count(m.old) != 1:
            problems.append(f"{m.name}: '{m.old}' is {text.count(m.old)} times in {m.file}")
    return problems


class Tree:
    """A copy of the tracked files, with a build of its own."""

    def __init__(self, source):
        self.path = source / "build/mutation/tree"
        self.build = source / "build/mutation/build"
        self.path.mkdir(parents=True, exist_ok=True)
        names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                               cwd=source, check=True, text=True, stdout=subprocess.PIPE).stdout
        for name in names.splitlines():
            self.copy(source / name, self.path / name)
        self.output = open(source / "build/mutation/log.txt", "ab")
        if not (self.build / "build.ninja").exists():
            self.call(["cmake", "-S", self.path, "-B", self.build, "-G", "Ninja", "-DH2_TESTS=ON",
                       "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG",
                       *self.launcher()], None)

    @staticmethod
    def copy(source, target):
        """What is equal keeps its time, so that only what differs is built again."""
        if not source.is_file():
            return
        if target.exists() and target.read_bytes() == source.read_bytes():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        os.utime(target)

    @staticmethod
    def launcher():
        found = subprocess.run(["which", "ccache"], stdout=subprocess.DEVNULL).returncode == 0
        return ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", "-DCMAKE_C_COMPILER_LAUNCHER=ccache",
                "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON"] if found else []

    def call(self, command, limit):
        """Exit code, -1 after `limit` seconds; all that the command started has ended then."""
        process = subprocess.Popen([str(c) for c in command], cwd=self.build if
                                   self.build.exists() else self.path, stdout=self.output,
                                   stderr=self.output, start_new_session=True)
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return -1
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def make(self, mutant):
        target = "h2vp" if mutant.program == "ctest" else mutant.program
        return self.call(["ninja", "-C", self.build, target], None)

    def test(self, mutant, limit):
        if mutant.program == "ctest":
            return self.call(["ctest", "--test-dir", self.build, "-R", mutant.filter,
                              "--no-tests=error"], limit)
        return self.call([self.build / mutant.program, f"--gtest_filter={mutant.filter}",
                          "--gtest_brief=1"], limit)


def key_of(source, mutant):
    """Changes with the mutant, the file and the tests of the program's folder."""
    text = "\n".join([mutant.name, mutant.file, mutant.program, mutant.filter, mutant.old,
                      mutant.new, (source / mutant.file).read_text(encoding="utf-8")])
    folder = source / "tests" / mutant.program.replace("test_", "").split("_")[0]
    for test in sorted(folder.glob("*")) if folder.is_dir() else []:
        if test.is_file():
            text += test.read_text(encoding="utf-8", errors="replace")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def outcome_of(tree, mutant, times):
    unchanged = (mutant.program, mutant.filter)
    file = tree.path / mutant.file
    before = file.read_text(encoding="utf-8")
    if unchanged not in times:
        if tree.make(mutant) != 0:
            raise SystemExit(f"{mutant.program} does not build unchanged; see the log")
        begin = time.monotonic()
        if tree.test(mutant, 3600) != 0:
            raise SystemExit(f"{mutant.program} {mutant.filter} fails unchanged; see the log")
        times[unchanged] = time.monotonic() - begin
    try:
        file.write_text(before.replace(mutant.old, mutant.new), encoding="utf-8")
        if tree.make(mutant) != 0:
            return "killed: does not compile"
        code = tree.test(mutant, max(SHORTEST, 5 * times[unchanged]))
        return "survived" if code == 0 else "killed: hangs" if code == -1 else "killed"
    finally:
        file.write_text(before, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="Mutation testing")
    parser.add_argument("source", type=Path)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--most", type=int, default=10**9)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    mutants = [m for path in sorted(Path(__file__).parent.glob("mutants/*.txt"))
               for m in read_list(path)]
    problems = check(options.source, mutants)
    if problems or options.check:
        print("\n".join(problems) or f"{len(mutants)} mutants fit the sources")
        sys.exit(bool(problems))
    known = options.source / "build/mutation/outcomes.json"
    outcomes = json.loads(known.read_text()) if known.exists() and not options.again else {}
    tree, times, tried = None, {}, 0
    # Program after program: what one builds serves all its mutants.
    for m in sorted(mutants, key=lambda m: (m.program, m.file)):
        key = key_of(options.source, m)
        if key in outcomes or options.only not in f"{m.name} {m.file} {m.program}":
            continue
        if tried == options.most:
            break
        tried += 1
        tree = tree or Tree(options.source)
        outcomes[key] = outcome_of(tree, m, times)
        known.write_text(json.dumps(outcomes, indent=0))
        print(f"{m.name}: {outcomes[key]}", flush=True)
    found = {m.name: outcomes.get(key_of(options.source, m)) for m in mutants}
    survivors = [m for m in mutants if found[m.name] == "survived"]
    killed = sum(1 for f in found.values() if f and f.startswith("killed"))
    counted = killed + sum(1 for m in survivors if not m.reason)
    for m in survivors:
        print(f"survived: {m.name} ({m.file}){': ' + m.reason if m.reason else ''}")
    print(f"{len(mutants)} mutants: {killed} killed, {len(survivors)} survived, of which "
          f"{sum(1 for m in survivors if m.reason)} change nothing that can be seen, "
          f"{sum(1 for f in found.values() if f is None)} not tried"
          + (f"; score {100 * killed / counted:.1f} %" if counted else ""))
    sys.exit(bool(counted) and killed < 0.9 * counted)


if __name__ == "__main__":
    main()
