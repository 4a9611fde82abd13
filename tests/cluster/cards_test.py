#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Several cards in one process: the same weights for 1, 2 and 4 cards, checkpoints, what is refused.

usage: cards_test.py H2VP
"""
import json
import os
import pathlib
import sys
import tempfile

import small_cluster as small

H2VP = os.path.abspath(sys.argv[1])


def train(out, cards, sets=None, more=(), code=0):
    return small.run(small.command(H2VP, out, {"cluster.cards": cards, **(sets or {})}, more), code)


def leave_the_same_weights(work):
    for cards in (1, 2, 4):
        train(work / str(cards), cards)
    hashes = {small.hash_of(work / str(cards)) for cards in (1, 2, 4)}
    assert len(hashes) == 1, hashes
    seconds = [small.results(work / str(cards))[1]["seconds"] for cards in (1, 2, 4)]
    assert seconds[0] > seconds[1] > seconds[2], seconds
    cluster = small.results(work / "4")[2]
    assert cluster["cards"] == 4 and cluster["meetings"] == 8, cluster
    assert len(cluster["wait_seconds"]) == 4 and cluster["link_seconds"] > 0, cluster


def resume_from_every_checkpoint(work):
    sets = {"training.checkpoint.every": 1, "training.checkpoint.keep": 100}
    train(work / "whole", 4, sets)
    assert small.hash_of(work / "whole") == small.hash_of(work / "4")
    files = small.checkpoints(work / "whole")
    assert len(files) == 7, files
    for file in (files[0], files[3], files[-1]):
        out = work / file.stem
        train(out, 4, sets, ["--resume", str(file)])
        assert small.results(out) == small.results(work / "whole"), file


def are_on_the_timeline(work):
    out = work / "timeline"
    train(out, 4, {"trace.timeline.enable": "true", "training.epochs": 1})
    events = json.loads((out / "timeline.json").read_text("utf-8"))["traceEvents"]
    tracks = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert small.TRACKS <= set(tracks.values()), set(tracks.values())
    slices = {}
    for e in events:
        if e["ph"] == "X":
            slices.setdefault((tracks[e["tid"]], e["name"]), []).append(e)
    cluster = small.results(out)[2]
    meetings = cluster["meetings"]
    links = slices[("top.host.cluster", "links")]
    assert len(links) == len(slices[("top.host.cluster", "Mem2")]) == meetings == 4, slices.keys()
    assert abs(sum(e["dur"] for e in links) * 1e-6 - cluster["link_seconds"]) < 2e-9 * meetings
    for card, seconds in enumerate(cluster["wait_seconds"]):
        waits = slices.get((f"top.host.cluster.card{card}", "waits for later cards"), [])
        assert abs(sum(e["dur"] for e in waits) * 1e-6 - seconds) < 2e-9 * meetings, (card, seconds)
    report = work / "report.html"
    small.run([H2VP, "report", str(out), "--out", str(report)])
    page = report.read_text("utf-8")
    assert "meetingsChart" in page and '"last_meetings"' in page


def are_refused(work):
    def refused(reason, cards, sets=None, more=()):
        text = train(work / "refused", cards, sets, more, 2)
        assert reason in text, f"{reason!r} is not in {text!r}"

    refused("training.replicas: 4 contradicts cluster.cards = 3; legal: a multiple", 3)
    refused("legal in one process: 1 to 8", 16,
            {"training.replicas": 16, "training.batch_group": 16, "dataset.train_limit": 64})
    refused("has 2 sub-batches; legal: 1 to 2", 4, {"dataset.train_limit": 36})
    refused("--golden: ", 2, more=["--golden", str(work / "g")])
    refused("--record: ", 2, more=["--record", str(work / "r.txn")])
    refused("of which card 3 gets 1 of 7 samples", 4,
            {"federated.local_epochs": 1, "training.replicas": 1, "dataset.train_limit": 7,
             "training.drop_last": "true"})


def main():
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        for test in (leave_the_same_weights, resume_from_every_checkpoint, are_on_the_timeline,
                     are_refused):
            test(work)
            print("ok    ", test.__name__, flush=True)


main()
