#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tidy.py [--all] [--jobs N]: clang-tidy with the checks of .clang-tidy over the product's sources,
with --all over tests, examples and benchmarks too; any warning is an error.

Looks at the compiler's own units, up to ten sources of a folder at once, so that their headers are
read once. A unit that passed is not looked at again until one of its sources, a header or the checks
change, so that a broken-off run can go on."""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "tidy"
PRODUCT = ("memory/", "modules/", "platform/", "traces/")
# Code for instruction sets that this clang knows less of than the compiler does, and the model of
# their instructions; programs that must not compile; what only builds with a sanitizer contain.
LEFT_OUT = ("modules/arithmetic/simd/", "tests/arithmetic/avx512_model", "tests/structure/",
            "tests/firmware/programs/", "tests/firmware/stock/", "examples/embed/",
            "examples/firmware/", "tests/contract/", "tests/fuzz/fuzzer.cpp", "tests/process_stacks.cpp")


def tracked(*patterns):
    names = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split()
    return [n for n in names if (ROOT / n).exists()]


def configure():
    BUILD.mkdir(parents=True, exist_ok=True)
    # Precompiled headers are the compiler's own.
    done = subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DH2_TESTS=ON",
                           "-DH2_UNITY=ON", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
                           "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)


def sources_of(unit):
    """What a unit is made of, relative to the tree."""
    paths = [str(unit)]
    if "Unity" in unit.parts:
        paths = re.findall(r'^#include "([^"]+)"', unit.read_text(), re.MULTILINE)
    return [os.path.relpath(p, ROOT) for p in paths]


def units(folders):
    """{unit: sources} of all C++ units with a source in one of the folders."""
    found = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        unit = pathlib.Path(entry["directory"], entry["file"])
        sources = sources_of(unit)
        wanted = any(s.startswith(folders) for s in sources)
        if unit.suffix != ".c" and wanted and not any(s.startswith(LEFT_OUT) for s in sources):
            found[unit] = sources
    generate({s for sources in found.values() for s in sources if not (ROOT / s).exists()})
    return found


def generate(names):
    """Writes sources that the build writes itself, without compiling what their library needs."""
    for name in names:
        command = subprocess.run(["ninja", "-t", "commands", "-s", os.path.relpath(ROOT / name, BUILD)],
                                 cwd=BUILD, check=True, capture_output=True, text=True).stdout
        subprocess.run(command, shell=True, cwd=BUILD, check=True, stdout=subprocess.DEVNULL)


def digest(names):
    sum_ = hashlib.sha1()
    for name in names:
        sum_.update(name.encode() + (ROOT / name).read_bytes())
    return sum_.hexdigest()


def look_at(unit, stamp, folders):
    """What clang-tidy says about a unit; "" if it passes."""
    if stamp.exists():
        return ""
    done = subprocess.run(
        ["clang-tidy", "-quiet", "-warnings-as-errors=*", "-checks=-bugprone-suspicious-include",
         f"-header-filter=^{ROOT}/({'|'.join(f.rstrip('/') for f in folders)})/", "-p", BUILD, unit],
        capture_output=True, text=True)
    if done.returncode == 0:
        stamp.touch()
        return ""
    return done.stdout or done.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    folders = PRODUCT + (("tests/", "examples/") if arguments.all else ())
    configure()
    stamps = BUILD / "passed"
    stamps.mkdir(exist_ok=True)
    headers = digest(tracked("*.h", "*.inc", ".clang-tidy"))
    work = units(folders)
    missing = {n for n in tracked(*(f + "*.cpp" for f in folders)) if not n.startswith(LEFT_OUT)}
    missing -= {s for sources in work.values() for s in sources}
    if missing:
        sys.exit("tidy.py: in no unit of the build: " + ", ".join(sorted(missing)))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        jobs = [pool.submit(look_at, unit, stamps / digest_of(sources, headers), folders)
                for unit, sources in work.items()]
        for job in concurrent.futures.as_completed(jobs):
            if job.result():
                failed += 1
                print(job.result(), flush=True)
    print(f"clang-tidy: {failed} of {len(work)} units with warnings, "
          f"{sum(len(s) for s in work.values())} sources")
    return 1 if failed else 0


def digest_of(sources, headers):
    return hashlib.sha1((digest(sources) + headers).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
