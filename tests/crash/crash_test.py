#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A failure or a kill at one call of the system after another, in the way SQLite is tested:
afterwards the folder of a run is complete or says that it is not, a file that has its name is whole,
the program said why it failed, and a run with checkpoints goes on to the same bits.

crash_test.py H2VP SOURCE_DIR SHIM [--all] [--only TEXT]: without --all a few moments of each kind.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

H2VP, SOURCE, SHIM = sys.argv[1:4]
ALL = "--all" in sys.argv
ONLY = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
QUICK = f"{SOURCE}/configs/quickstart.yaml"
SMALL = ["--set", "dataset.train_limit=16", "--set", "dataset.test_limit=4", "--set",
         "training.batch_group=1", "--threads", "1", "--quiet"]
TRACED = ["--set", "trace.vcd.enable=true", "--set", "trace.timeline.enable=true"]
SCENARIOS = {
    "train": ["train", QUICK, *SMALL, *TRACED, "--out", "run"],
    "profile": ["profile", QUICK, "--set", "profile.sub_batches=2", "--threads", "1", "--quiet",
                "--out", "run"],
    "checkpoint": ["train", QUICK, *SMALL, "--set", "trace.vcd.enable=false", "--set",
                   "training.checkpoint.every=2", "--out", "run"],
    "report": ["report", "run", "--quiet"],
}
CALLS = ["open", "write", "rename", "fsync", "malloc"]
MOST = {"malloc": 40}  # moments with --all: every single one is millions
# Of one run and not of its results.
UNEQUAL = {"summary.json", "report.html"}


def run(work, arguments, call="", at=0, kind="kill"):
    environment = {**os.environ, "LD_PRELOAD": SHIM, "H2_CRASH_CALL": call, "H2_CRASH_AT": str(at),
                   "H2_CRASH_KIND": kind, "H2_CRASH_FOLDER": str(work / "run"),
                   "H2_CRASH_COUNT": str(work / "count")}
    done = subprocess.run([H2VP, *arguments], cwd=work, env=environment, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=120)
    return done.returncode, done.stderr.decode(errors="replace")


def moments(total, call):
    most = MOST.get(call, total) if ALL else {"malloc": 3}.get(call, 4)
    if call == "malloc":  # before main() and behind it nothing can be said
        first, last = total // 5, total * 19 // 20
        return [first + round(i * (last - first) / (most - 1)) for i in range(most)]
    if total <= most:
        return list(range(1, total + 1))
    return sorted({1 + round(i * (total - 1) / (most - 1)) for i in range(most)})


def files(folder):
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def sum_of(folder):
    return json.loads((folder / "summary.json").read_text()).get("result", {}).get("weights_sha256")


class Scenario:
    def __init__(self, name, root):
        self.name, self.arguments = name, SCENARIOS[name]
        self.start, self.work = root / f"{name}-start", root / f"{name}-work"
        self.start.mkdir()
        if name == "report":
            code, text = run(self.start, SCENARIOS["profile"])
            assert code == 0, text
        self.renew()
        code, text = run(self.work, self.arguments)
        assert code == 0, text
        self.good = files(self.work / "run")

    def renew(self):
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.start, self.work)

    def total(self, call):
        self.renew()
        code, text = run(self.work, self.arguments, call)
        assert code == 0, text
        return int((self.work / "count").read_text())

    def check(self, call, at, kind):
        """What is wrong after the call; "" if nothing is."""
        self.renew()
        code, text = run(self.work, self.arguments, call, at, kind)
        folder = self.work / "run"
        if kind == "kill" and code >= 0:
            return "" if code == 0 and call == "malloc" else f"was not killed: code {code}"
        if kind != "kill" and (code < 0 or code > 2):
            return f"ended with code {code}: {text}"
        if "std::" in text or "basic_" in text or "In file:" in text:
            return f"says {text}"
        if kind != "kill" and code != 0 and "h2vp: " not in text:
            return f"code {code} without a message"
        for name, data in (files(folder) if folder.exists() else {}).items():
            bare = Path(name).name
            if bare.endswith(".partial") or bare in UNEQUAL or self.name == "report":
                continue
            # A trace that was given up, and results of a run without it, say so in the summary.
            if name in self.good and data != self.good[name] and code == 0:
                return f"{name} is not what it should be, code 0"
            if data != self.good.get(name) and bare.endswith((".npy", ".h2ck")):
                return f"{name} is not whole"
        return self.complete(folder, code, text) or self.resume(folder)

    def complete(self, folder, code, text):
        summary = folder / "summary.json"
        if self.name == "report":
            page = folder / "report.html"
            if not page.exists():
                return "code 0 without a page" if code == 0 else ""
            whole = page.read_text().rstrip().endswith("</html>")
            return "" if whole else "the page is not whole"
        if summary.exists():
            if json.loads(summary.read_text()).get("complete") is not True:
                return "summary.json is not complete"
            good = json.loads(self.good["summary.json"])
            if sum_of(folder) != good.get("result", {}).get("weights_sha256"):
                return "other weights"
            weights = [name for name in self.good if name.startswith("weights/")]
            missing = [name for name in weights if not (folder / name).exists()]
            return f"complete without {missing}" if missing else ""
        if code == 0:
            return f"code 0 without summary.json: {text}"
        partial = folder / "summary.json.partial"
        if not partial.exists() or not partial.read_text().strip():
            return ""
        try:
            if json.loads(partial.read_text()).get("complete") is True and code > 0:
                return ""  # complete but for its name
        except ValueError:
            pass  # cut off: no summary either way
        return ""

    def resume(self, folder):
        if self.name != "checkpoint" or (folder / "summary.json").exists():
            return ""
        found = list((folder / "checkpoints").glob("*.h2ck")) if folder.exists() else []
        again = [*self.arguments, "--resume", "run"] if found else self.arguments
        code, text = run(self.work, again)
        if code != 0:
            return f"does not go on: {text}"
        good = json.loads(self.good["summary.json"])["result"]["weights_sha256"]
        return "" if sum_of(folder) == good else "goes on to other weights"


def main():
    tried, failed = 0, []
    with tempfile.TemporaryDirectory() as root:
        for name in SCENARIOS:
            scenario = Scenario(name, Path(root).resolve())
            for call in CALLS:
                kinds = {"malloc": ["fail"], "write": ["fail", "kill", "short"]}.get(
                    call, ["fail", "kill"])
                if ONLY not in f"{name} {call}":
                    continue
                total = scenario.total(call)
                at = moments(total, call)
                for kind in kinds:
                    for moment in at:
                        tried += 1
                        problem = scenario.check(call, moment, kind)
                        if problem:
                            place = f"{name}: {kind} at {call} {moment} of {total}"
                            failed.append(f"{place}: {problem}")
                            print(failed[-1][:600], flush=True)
                print(f"{name}: {call}: {len(at)} of {total} moments, {', '.join(kinds)}",
                      flush=True)
    print(f"{tried} moments, {len(failed)} failures")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
