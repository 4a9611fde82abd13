#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""h2vp experiment: files, labels, and numbers that are known otherwise.

usage: experiment_command_test.py H2VP SOURCE_DIR
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

H2VP, SOURCE = (os.path.abspath(p) for p in sys.argv[1:3])
LABELS = {"identity", "mechanism", "constant", "fitted", "refuted"}
failures = []


def expect(condition, text):
    if not condition:
        failures.append(str(text))


def run(*arguments, code=0):
    done = subprocess.run([H2VP, "experiment", *arguments, "--configs", f"{SOURCE}/configs"],
                          capture_output=True, text=True, check=False)
    expect(done.returncode == code, f"{arguments}: {done.returncode}, {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def check_sata():
    """SATA's rows: what is equal to the published tool, and the curve behind the fit."""
    run("sata", "--out", "o", "--quiet", "--set", "dataset.train_limit=64", "--set",
        "dataset.test_limit=32")
    sata = json.loads(pathlib.Path("o/sata.json").read_text("utf-8"))
    identities = [c for c in sata["claims"] if c["how"] == "identity"]
    expect(len(identities) == 8, f"{len(identities)} identities")
    for claim in identities:
        expect(claim["ratio"] == 1 and claim["paper"] == claim["platform"], claim)
    labels = {c["claim"]: c["how"] for c in sata["claims"]}
    expect(labels["computation, gates off to on"] == "fitted", labels)
    expect(labels["spiking to ReLU training, gates off"] == "mechanism", labels)
    curve = {row[0]: row[1] for row in sata["tables"][0]["rows"]}
    expect((curve["0.10"], curve["0.15"], curve["0.20"], curve["0.30"]) ==
           ("9.80", "7.10", "5.57", "3.89"), curve)
    # Pages show what earlier calls left in the folder.
    page = pathlib.Path("o/index.html").read_text("utf-8")
    expect('id="sata"' in page and 'id="fig11"' in page, "a result is lost")
    pathlib.Path("o/fig11.json").write_text("{}", "utf-8")
    expect("fig11.json: no result of h2vp experiment" in run("tables", "--out", "o", code=2),
           "a damaged result")


def check_scaling():
    """Links by hand: 35.22 MB on four cards; efficiency falls with the cards, and with the links."""
    short = ("--set", "profile.sub_batches=4", "--set", "training.batch_group=2")
    run("scaling", "--out", "p", "--quiet", *short)
    fast = json.loads(pathlib.Path("p/scaling.json").read_text("utf-8"))
    links = [c["platform"].split()[0] for c in fast["claims"]]
    expect(links == ["4.232", "11.275", "4.230"], links)
    run("scaling", "--out", "p", "--quiet", *short, "--set", "cluster.bandwidth_gbps=1.25")
    slow = json.loads(pathlib.Path("p/scaling.json").read_text("utf-8"))
    for table, other in zip(fast["tables"], slow["tables"]):
        shares = [float(row[-1]) for row in table["rows"]]
        expect(len(shares) == 11 and shares[0] == 1 and shares == sorted(shares, reverse=True),
               f"{table['title']}: {shares}")
        expect(float(other["rows"][2][-1]) < shares[2], f"{table['title']}: slow links are not")


def check_federated():
    """Few digits: what the table says, not how well five cards learn."""
    short = ("--set", "dataset.train_limit=160", "--set", "dataset.test_limit=40",
             "--set", "training.epochs=1")
    run("federated", "--out", "p", "--quiet", *short)
    result = json.loads(pathlib.Path("p/federated.json").read_text("utf-8"))
    one, iid, late, labels = result["tables"][0]["rows"]
    expect(one[2] == "" and float(iid[2]) > 0 and iid[2] == labels[2], result["tables"])
    # Twice the weights over the server's link, for five cards, and its latency.
    weights = float(iid[2]) / 4 * 1e6
    expect(abs(float(iid[3]) * 1e-3 - 2 * (1e-6 + 5 * 4 * weights / 12.5e9)) < 1e-5, iid)
    # Behind the slowest card, which takes twice the time of the others.
    own, slowest = (float(row[4]) - float(row[3]) for row in (iid, late))
    expect(abs(slowest / own - 2) < 0.02 and late[1] == iid[1], (iid, late))
    expect(len(result["claims"]) == 2, result["claims"])


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run("tables", "fig11", "--out", "o", "--quiet")
        results = {n: json.loads(pathlib.Path("o", f"{n}.json").read_text("utf-8"))
                   for n in ("tables", "fig11")}
        for name, result in results.items():
            for claim in result["claims"]:
                expect(claim["how"] in LABELS, f"{name}: {claim}")
        for claim in results["tables"]["claims"]:
            expect(abs(claim["ratio"] - 1) < 2e-3, f"an identity that does not hold: {claim}")
        expect(len(results["tables"]["claims"]) >= 12, "identities are missing")
        saving = {c["claim"]: float(c["platform"]) for c in results["fig11"]["claims"]
                  if c["ratio"] is not None}
        # Nine additions of 0.2028 pJ against three and three look-ups of 16 x 5.4 fJ, and fills.
        expect(1.9 < saving["Forward Engine: energy saving"] < 2.11, saving)
        expect(2.5 < saving["Weight Update Engine: energy saving"] < 2.82, saving)
        expect(2.5 < saving["Forward Engine: area saving"] < 2.57, saving)
        expect(2.9 < saving["Weight Update Engine: area saving"] < 2.95, saving)
        page = pathlib.Path("o/index.html").read_text("utf-8")
        markdown = pathlib.Path("o/RESULTS.md").read_text("utf-8")
        for text in ("What is refuted", "27.85"):
            expect(text in page and text in markdown, f"{text} is missing")
        if shutil.which("gnuplot"):
            svg = pathlib.Path("o/fig11_forward.svg").read_bytes()
            expect(b"<svg" in svg and b"<svg" in page.encode(), "plots are missing")
            run("fig11", "--out", "p", "--quiet")
            expect(pathlib.Path("p/fig11_forward.svg").read_bytes() == svg, "plots differ")
        check_sata()
        check_scaling()
        check_federated()
        expect("no such experiment" in run("fig99", code=2), "an unknown name")
        expect("expected a name" in run(code=2), "no name")
    print("\n".join(failures) or "experiments as described")
    return 1 if failures else 0


sys.exit(main())
