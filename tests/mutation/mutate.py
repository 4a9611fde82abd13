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
killed when its program does not compile, fails, or takes five times the processor time that it took
unchanged (20 s at least); a survivor with a reason counts as explained.
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

from mutant_build import MutantBuild


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


def key_of(source, mutant):
    """Changes with the mutant, the file and the tests of the program's folder."""
    text = "\n".join([mutant.name, mutant.file, mutant.program, mutant.filter, mutant.old,
                      mutant.new, (source / mutant.file).read_text(encoding="utf-8")])
    folder = source / "tests" / mutant.program.replace("test_", "").split("_")[0]
    for test in sorted(folder.glob("*")) if folder.is_dir() else []:
        if test.is_file():
            text += test.read_text(encoding="utf-8", errors="replace")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def spread(mutants):
    """One of each program after the other, so that a run that is broken off has seen all of them;
    those of the whole suite last."""
    place, order = {}, []
    for m in mutants:
        place[m.program] = place.get(m.program, 0) + 1
        order.append((m.program == "ctest", place[m.program], m.program, m))
    return [entry[-1] for entry in sorted(order, key=lambda entry: entry[:3])]


def outcome_of(build, mutant):
    text = (build.source / mutant.file).read_text(encoding="utf-8")
    program = "h2vp" if mutant.program == "ctest" else mutant.program
    return build.outcome(mutant.file, text.replace(mutant.old, mutant.new), program, mutant.filter)


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
    work = options.source / "build/mutation"
    work.mkdir(parents=True, exist_ok=True)
    known = work / "outcomes.json"
    outcomes = json.loads(known.read_text()) if known.exists() and not options.again else {}
    build, tried = None, 0
    for m in spread(mutants):
        key = key_of(options.source, m)
        if key in outcomes or options.only not in f"{m.name} {m.file} {m.program}":
            continue
        if tried == options.most:
            break
        tried += 1
        build = build or MutantBuild(options.source, options.source / "build", work)
        begin = time.monotonic()
        outcomes[key] = outcome_of(build, m)
        known.write_text(json.dumps(outcomes, indent=0))
        print(f"{m.name}: {outcomes[key]} ({time.monotonic() - begin:.0f} s)", flush=True)
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
