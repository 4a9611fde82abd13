#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every file that a run leaves is the same whatever surrounds it: locale, time zone, folder, address
layout, threads, order of runs. What a run says of itself - seconds, memory, date - is left out by name.

determinism_test.py H2VP SOURCE_DIR FIRMWARE_DIR
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

from hostile import H2VP, QUICK, SECONDS, Hostile, main

SETS = ["dataset.train_limit=24", "dataset.test_limit=8", "trace.vcd.enable=true",
        "trace.vcd.level=tiles", "trace.timeline.enable=true", "training.save_masters=true",
        "training.checkpoint.every=1"]
COMMANDS = {
    "train": ["train", QUICK, "--golden", "golden", "--record", "run.txn"],
    "profile": ["profile", QUICK, "--set", "profile.sub_batches=2"],
}
OF_THE_RUN = {"summary.json": ["wall"]}
LOCALES = subprocess.run(["locale", "-a"], stdout=subprocess.PIPE, text=True,
                         check=False).stdout.split()


def surroundings():
    """Name, environment, prefix of the command, folder, threads."""
    yield "again", {}, [], "plain", 1
    yield "threads", {}, [], "plain", 2
    yield "many threads", {}, [], "plain", 7
    yield "time zone", {"TZ": "Pacific/Kiritimati"}, [], "plain", 1
    yield "folder", {}, [], "a folder/größer, tiefer/" + "x" * 100, 2
    yield "environment", {"PADDING": "x" * 5000, "HOME": "/nonexistent", "LANG": "xx_YY"}, [], "e", 1
    for locale in [name for name in LOCALES if name not in ("C", "POSIX")][:3]:
        yield f"locale {locale}", {"LC_ALL": locale}, [], "plain", 1
    if shutil.which("setarch"):
        yield "fixed addresses", {}, ["setarch", "-R"], "plain", 2
    yield "no memory reuse", {"MALLOC_PERTURB_": "165"}, [], "plain", 2


def contents(folder):
    """Files below the folder; of those with facts about the run all but these."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if not file.is_file():
            continue
        data = file.read_bytes()
        if file.name in OF_THE_RUN:
            parsed = json.loads(data)
            for key in OF_THE_RUN[file.name]:
                del parsed[key]
            data = json.dumps(parsed, sort_keys=True).encode()
        found[str(file.relative_to(folder))] = data
    return found


class Determinism(Hostile):
    def result(self, name, environment, prefix, folder, threads):
        place = self.work / f"{folder}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        sets = [word for key in SETS for word in ("--set", key)]
        if "--record" in COMMANDS[name]:  # one card for the whole run
            sets = sets[:-2]
        subprocess.run([*prefix, H2VP, *COMMANDS[name], *sets, "--quiet", "--out", "out", "--threads",
                        str(threads)], cwd=place, env={**os.environ, **environment}, check=True,
                       timeout=2 * SECONDS)
        return contents(place)

    def test_every_file(self):
        for name in COMMANDS:
            expected = self.result(name, {}, [], "first", 1)
            self.assertIn("out/summary.json", expected)
            for what, *rest in surroundings():
                with self.subTest(command=name, what=what):
                    found = self.result(name, *rest)
                    self.assertEqual(sorted(found), sorted(expected))
                    self.assertEqual([f for f in found if found[f] != expected[f]], [])


if __name__ == "__main__":
    main()
