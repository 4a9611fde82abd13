#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes runs and reports of them, and checks the reports in a browser: every chart drawn, no
error, every number as in summary.json; and what the command answers to bad input.

usage: check_report.py H2VP SOURCE_DIR CHROMIUM
Exit codes: 0 all as expected, 1 not, 77 no Chromium.
"""

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile

import page as pages

DARK = "--blink-settings=preferredColorScheme=0"
LIGHT = "--blink-settings=preferredColorScheme=1"
SCALES = {"": 1, " %": 100, " B": 1, " kB": 1e-3, " MB": 1e-6, " GB": 1e-9, " TB": 1e-12,
          **{f" {prefix}{unit}": size for unit in ("s", "W", "J", "Js") for prefix, size in
             (("", 1), ("m", 1e3), ("u", 1e6), ("n", 1e9), ("p", 1e12), ("f", 1e15), ("a", 1e18))}}
failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)
        print("FAILED " + text)


def load(folder):
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as file:
        return json.load(file)


def look_up(summary, path):
    for key in path.split("."):
        summary = summary[int(key) if isinstance(summary, list) else key]
    return summary


def reads_as(text, value):
    """Whether `text` is `value` rounded to the digits that are shown."""
    match = re.fullmatch(r"(-?[\d,]*\.?(\d*))( \w+| %)?", text)
    if not match or (match[3] or "") not in SCALES:
        return False
    shown = float(match[1].replace(",", ""))
    step = max(10.0 ** -len(match[2]), abs(shown) * 5e-4)
    return abs(shown - value * SCALES[match[3] or ""]) <= 0.51 * step


def needed_fields(summary):
    """Numbers that a report must show."""
    yield from (f"time.{key}" for key in summary["time"]
                if key not in ("evaluation", "steady", "update", "breakdown"))
    yield from (f"time.breakdown.{cause}" for cause in summary["time"]["breakdown"])
    for key, value in summary.get("result", {}).items():
        if key not in ("loss", "epochs"):  # curves
            ends = [f".{i}" for i in range(len(value))] if isinstance(value, list) else [""]
            yield from (f"result.{key}{end}" for end in ends)
    for part in ("engines", "memory"):
        for name, members in summary[part].items():
            yield from (f"{part}.{name}.{key}" for key, value in members.items()
                        if isinstance(value, (int, float)))
    for i in range(len(summary["layers"])):
        for key in ("cycles", "compute_cycles", "memory_cycles", "macs", "executed_macs", "bytes"):
            yield f"layers.{i}.{key}"


def check_numbers(name, page, summaries):
    shown = set()
    for attributes, text in page.all("data"):
        run, path = int(attributes["data-run"]), attributes["data-field"]
        value = look_up(summaries[run], path)
        shown.add((run, path))
        if "data-short" in attributes:
            same = value == look_up(summaries[0], path)
            expect(attributes["value"] == attributes["title"] == value and
                   text in (value[:8] + "...", "same" if same else "different"),
                   f"{name}: {path}: {text}")
            continue
        if isinstance(value, str):
            expect(attributes["value"] == value == text, f"{name}: {path}: {text}")
            continue
        expect(float(attributes["value"]) == value, f"{name}: {path}: {attributes['value']}")
        expect(reads_as(text, value), f"{name}: {path}: shown as {text}, is {value}")
    for run, summary in enumerate(summaries):
        for path in needed_fields(summary):
            expect((run, path) in shown, f"{name}: {path} of run {run} is not shown")


def check_charts(name, page, titles):
    canvases = page.probe["canvases"]
    found = {canvas["title"] for canvas in canvases}
    expect(set(titles) <= found, f"{name}: charts are missing: {sorted(set(titles) - found)}")
    for canvas in canvases:
        expect(canvas["painted"] > 0.01, f"{name}: {canvas['title']}: nothing was drawn")
        expect(any(series["data"] for series in canvas["series"]),
               f"{name}: {canvas['title']}: no data")
    attributes = [a for a, _ in page.all("canvas")]
    expect(len(attributes) == len(canvases) == len(page.all("figure")), f"{name}: figures")
    for a in attributes:
        expect(a.get("role") == "img" and a.get("aria-label"), f"{name}: a chart without label")


def chart(page, title):
    return next(c for c in page.probe["canvases"] if c["title"] == title)


def check_loss(name, page, summaries):
    series = chart(page, "Loss")["series"]
    trained = [s["result"]["loss"] for s in summaries if "result" in s]
    expect([[p["y"] for p in s["data"]] for s in series] == trained, f"{name}: loss curve")


def check_rooflines(name, page, summary):
    for canvas in page.probe["canvases"]:
        if not canvas["title"].startswith("Roofline: "):
            continue
        engine = canvas["title"][len("Roofline: "):-len(" Engine")].lower().replace(" ", "_")
        layers = [l for l in summary["layers"]
                  if l["engine"] == engine and l["kind"] == "array"]
        named = {l["name"]: l["executed_macs"] / l["cycles"] for l in layers}
        shown = [s["label"].split(", ") for s in canvas["series"][:-1]]
        expect(sorted(sum(shown, [])) == sorted(named), f"{name}: {canvas['title']}: layers")
        for series, (first, *others) in zip(canvas["series"], shown):
            y = series["data"][0]["y"]
            expect(abs(y / named[first] - 1) < 1e-12, f"{name}: {canvas['title']}: {first}")
            for other in others:  # too close to be told apart
                expect(abs(math.log(y / named[other])) < 0.05, f"{name}: {canvas['title']}: {other}")


def check_quiet(name, page, console):
    expect(console == [], f"{name}: console: {console}")
    expect(page.probe["problems"] == [], f"{name}: {page.probe['problems']}")
    expect(page.probe["requests"] == [], f"{name}: requests {page.probe['requests']}")
    for tag in ("script", "link", "img", "iframe"):
        for a, _ in page.all(tag):
            address = a.get("src") or a.get("href") or ""
            expect(address in ("", "data:,"), f"{name}: {tag} refers to {address}")
    ids = [a["id"] for _, a, _ in page.elements if "id" in a]
    expect(len(ids) == len(set(ids)), f"{name}: an id occurs twice")


STATISTICS = ["Pipeline", *(f"Bandwidth: mem{m}" for m in range(3)),
              *(f"At work: {engine} Engine" for engine in ("Forward", "Backward", "Weight Update"))]
SPARSITY = "Sparsity of the backward pass"
ALWAYS = [f"Roofline: {engine} Engine" for engine in ("Forward", "Backward", "Weight Update")]
CYCLES = [f"Where the cycles go: {title[len('Roofline: '):]}" for title in ALWAYS]


class Checks:
    def __init__(self, h2vp, source, browser, work):
        self.h2vp, self.source, self.browser, self.work = h2vp, source, browser, work

    def path(self, *names):
        return os.path.join(self.work, *names)

    def h2vp_run(self, *arguments):
        return subprocess.run([self.h2vp, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd=self.work, check=False)

    def make(self, *arguments):
        if arguments[0] in ("train", "profile"):
            arguments += ("--set", "trace.probe.enable=true")
        run = self.h2vp_run(*arguments, "--quiet")
        if run.returncode != 0:
            sys.exit(f"h2vp {' '.join(arguments)}: exit code {run.returncode}\n{run.stdout}")

    def make_runs(self):
        configs = os.path.join(self.source, "configs")
        self.make("train", os.path.join(configs, "quickstart.yaml"), "--out", "train",
                  "--set", "dataset.train_limit=96", "--set", "dataset.test_limit=16",
                  "--set", "training.epochs=1")
        self.make("train", os.path.join(configs, "quickstart.yaml"), "--out", "epochs",
                  "--set", "dataset.train_limit=16", "--set", "dataset.test_limit=8",
                  "--set", "training.epochs=3", "--set", "training.test_every_epoch=true")
        self.make("profile", os.path.join(configs, "nmnist.yaml"), "--out", "profile",
                  "--set", "profile.sub_batches=1")
        digits = ("--set", "dataset.kind=digits", "--set", "dataset.train_limit=64",
                  "--set", "dataset.test_limit=16", "--set", "training.epochs=1")
        self.make("train", os.path.join(configs, "sata_quickstart.yaml"), "--out", "sata", *digits)
        self.make("train", os.path.join(configs, "spinaps.yaml"), "--out", "spinaps", *digits)
        shutil.copytree(self.path("train"), self.path("bare"))
        os.remove(self.path("bare", "stats.json"))
        summary = load(self.path("bare"))
        summary["energy"] = {"total_joules": 3.5, "joules": {"forward": 1.25, "memory": 2.25}}
        with open(self.path("bare", "summary.json"), "w", encoding="utf-8") as file:
            json.dump(summary, file)

    def report(self, *names, options=(LIGHT,)):
        out = self.path("_".join(names) + ".html")
        self.make("report", *names, "--out", out)
        page, console = self.browser.read(out, *options)
        label = " ".join(names)
        summaries = [load(self.path(name)) for name in names]
        check_quiet(label, page, console)
        check_numbers(label, page, summaries)
        return page, summaries

    def trained_run(self):
        page, summaries = self.report("train")
        check_charts("train", page, ["Loss", "Accuracy", *STATISTICS, *CYCLES, *ALWAYS])
        check_loss("train", page, summaries)
        self.check_measured_sparsity(page, summaries[0])
        check_rooflines("train", page, summaries[0])
        self.check_zoom(page)
        dark, _ = self.report("train", options=(DARK,))
        check_charts("dark", dark, ALWAYS)
        light, black = page.probe, dark.probe
        expect(light["paper"] != black["paper"], "dark mode has the colours of light mode")
        expect(black["printing"]["paper"] == light["paper"], "paper is dark")
        expect(black["printing"]["open"] > 0 and black["open"] == 0,
               "tables open for printing, and close again")

    def check_zoom(self, page):
        all_of_it, part, again = page.probe["ranges"]
        first, last = all_of_it[0]
        expect(len(all_of_it) == 6 and all(r == [first, last] for r in all_of_it + again),
               f"zoom: {page.probe['ranges']}")
        expect(all(abs(r[0] - (0.75 * first + 0.25 * last)) < 0.01 * last and
                   abs(r[1] - (first + last) / 2) < 0.01 * last for r in part), f"zoom: {part}")

    def other_accelerators(self):
        page, summaries = self.report("sata")
        check_charts("sata", page, ["Loss", "Accuracy", "Pipeline", "Roofline: SATA array",
                                    "Where the cycles go: SATA array", SPARSITY])
        names = [s["label"] for s in chart(page, "Roofline: SATA array")["series"]]
        passes = {f"{l['name']} {l['pass'].replace('_', ' ')}" for l in summaries[0]["layers"]
                  if l["kind"] == "array" and l["executed_macs"] > 0}
        expect(sorted(", ".join(names[:-1]).split(", ")) == sorted(passes),
               f"sata: passes are told apart: {names}")
        expect("one memory" in page.text, "sata: one memory")
        page, summaries = self.report("spinaps")
        check_charts("spinaps", page, ["Loss", "Accuracy", "Accuracy by step", "Energy: by cause",
                                       "Energy: by event", "Roofline: SpinAPS core"])
        steps = chart(page, "Accuracy by step")["series"][0]["data"]
        shares = summaries[0]["inference"]["accuracy_by_step"]
        expect([(p["x"], p["y"]) for p in steps] ==
               [(i + 1, 100 * share) for i, share in enumerate(shares)], "spinaps: steps")
        events = summaries[0]["energy"]["by_event"]
        bars = chart(page, "Energy: by event")["series"][0]["data"]
        largest = max(events.values())
        expect(len(bars) == len(events) and all(
            abs(bar / max(bars) - joules / largest) < 1e-9
            for bar, joules in zip(bars, events.values())), "spinaps: energy by event")
        expect(SPARSITY not in page.text and "minus log likelihood" in page.text,
               "spinaps: nothing of a backward pass, and the loss it has")

    def narrow_and_wide(self):
        """Nothing is cut on a telephone, nor with three runs side by side."""
        for name in ("train", "train_profile_bare", "sata", "spinaps"):
            for width in (420, 1200):
                page, _ = self.browser.read(self.path(name + ".html"), LIGHT,
                                            f"--window-size={width},900")
                expect(page.probe["cut"] == [], f"{name} at {width}: {page.probe['cut']}")

    def check_measured_sparsity(self, page, summary):
        with open(self.path("train", "stats.json"), encoding="utf-8") as file:
            items = json.load(file)["items"]
        names = [l["name"] for l in summary["layers"] if l["engine"] == "forward"]
        series = {s["label"]: s["data"] for s in chart(page, SPARSITY)["series"]}
        for label, owners, item in (("output, measured", names, "mask_density"),
                                    ("input, measured", names[1:], "gradient_density")):
            wanted = [100 * (1 - items[f"layer.{l}.{item}"]["value"]) for l in owners]
            found = series.get(label, [])[:len(wanted)]
            expect(len(found) == len(wanted) and
                   all(abs(f - w) < 1e-9 for f, w in zip(found, wanted)), f"train: {label}")

    def accuracy_over_epochs(self):
        page, summaries = self.report("epochs")
        epochs = summaries[0]["result"]["epochs"]
        expect(len(epochs) == 3, "epochs: three in summary.json")
        for series, key in zip(chart(page, "Accuracy")["series"],
                               ("train_accuracy", "test_accuracy")):
            wanted = [(i + 1, 100 * epoch[key]) for i, epoch in enumerate(epochs)]
            expect([(p["x"], p["y"]) for p in series["data"]] == wanted, f"epochs: {key}")

    def profiled_run(self):
        page, _ = self.report("profile")
        check_charts("profile", page, [*STATISTICS, *CYCLES, *ALWAYS, SPARSITY])
        series = {s["label"]: s["data"] for s in chart(page, SPARSITY)["series"]}
        expect(series["output, Table III"][:3] == [59.89, 86.13, 92.95], "profile: Table III")
        expect("measurement on N-MNIST" in page.text, "profile: name of the paper's network")
        expect("is the bottleneck" in page.text or "are the bottleneck" in page.text,
               "profile: no memory is a bottleneck")

    def run_without_statistics(self):
        page, _ = self.report("bare")
        check_charts("bare", page, ["Loss", *ALWAYS, "Energy: joules"])
        expect(page.text.count("The run left no stats.json.") == 5, "bare: words for each chart")
        expect(chart(page, "Energy: joules")["series"][0]["data"] == [1.25, 2.25], "bare: energy")

    def comparison(self):
        page, summaries = self.report("train", "profile", "bare")
        check_charts("comparison", page, ["Cycles per sub-batch", "Time of the engines", "Loss",
                                          "Bandwidth of the memories"])
        check_loss("comparison", page, summaries)
        cycles = chart(page, "Cycles per sub-batch")["series"][0]["data"]
        expect(cycles == [s["time"]["cycles_per_sub_batch"] for s in summaries],
               "comparison: cycles per sub-batch")
        expect("network.layers" in page.text, "comparison: keys that differ")

    def printed(self):
        pdf = self.path("train.pdf")
        self.browser.run(self.path("train.html"), f"--print-to-pdf={pdf}")
        with open(pdf, "rb") as file:
            expect(file.read(5) == b"%PDF-", "printing makes no PDF")

    def bad_input(self):
        os.makedirs(self.path("empty"))
        os.makedirs(self.path("broken"))
        with open(self.path("broken", "summary.json"), "w", encoding="utf-8") as file:
            file.write('{"schema": 1, "time"')
        for arguments, text in (([], "one or more output folders"),
                                (["nowhere"], "nowhere: no such folder"),
                                (["empty"], "empty/summary.json: cannot be read"),
                                (["broken"], "broken/summary.json: not JSON, byte"),
                                (["train", "--out", "no/such/file"], "no/such/file")):
            run = self.h2vp_run("report", *arguments)
            expect(run.returncode == 2 and text in run.stdout,
                   f"report {arguments}: exit {run.returncode}: {run.stdout}")
        run = self.h2vp_run("report", "train/")
        expect(run.returncode == 0 and "wrote train/report.html" in run.stdout, run.stdout)
        expect(os.path.getsize(self.path("train", "report.html")) > 200000, "train/report.html")


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    chromium = sys.argv[3]
    if not chromium or not os.path.exists(chromium):
        print("Chromium is not installed: reports are not checked")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as work:
        checks = Checks(h2vp, source, pages.Browser(chromium, work), work)
        checks.make_runs()
        checks.trained_run()
        checks.accuracy_over_epochs()
        checks.profiled_run()
        checks.run_without_statistics()
        checks.other_accelerators()
        checks.comparison()
        checks.narrow_and_wide()
        checks.printed()
        checks.bad_input()
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
