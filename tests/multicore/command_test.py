#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The multi-core trainer from the command line: the mapping before a run, the same weights as
H2Learn, the mesh in summary, statistics, waveform and page; the experiment; named errors.
usage: command_test.py H2VP SOURCE_DIR [--experiment]
"""
import json
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from command_line import SOURCE, expect, h2vp, summary_of

CORES = os.path.join(SOURCE, "configs/multicore_quickstart.yaml")
H2LEARN = os.path.join(SOURCE, "configs/quickstart.yaml")
SMALL = ["dataset.train_limit=32", "dataset.test_limit=4"]


def check_dry_run():
    said = h2vp("train", CORES, "--dry-run", "--set", "network.layers="
                "64C3(Encoding)-128C3-AP2-256C3-256C3-AP2-512C3-512C3-512FC-512FC-10FC",
                sets=["network.input.channels=3", "network.input.height=32",
                      "network.input.width=32", "network.timesteps=10"])
    for words in ("busiest core 368640 cycles per sample and engine, balance 0.72",
                  "backward pass: busiest core 737280 cycles per sample, balance 0.36",
                  "1.271 MB of spikes, 14.469 MB of grad-u", "core 19", "router 0, flits:"):
        expect(words in said, f"{words} in the dry run:\n{said}")


def check_mailboxes():
    """Where they hold no sample, results pass through memory, which the dry run says."""
    said = h2vp("train", CORES, "--dry-run", sets=["cores.mailbox.bytes=1024"])
    for words in ("cores.mailbox.bytes 1024 is too small for spikes of conv1, ",
                  "results between conv1 and conv2 pass through memory", "fc1, round 2"):
        expect(words in said, f"{words} in the dry run:\n{said}")
    expect("is too small for" not in h2vp("train", CORES, "--dry-run"), "8 MiB are enough")


def check_run(out):
    for config, name in ((CORES, "cores"), (H2LEARN, "h2learn")):
        h2vp("train", config, "--quiet", "--out", out / name,
             sets=[*SMALL, "trace.vcd.enable=true", "trace.timeline.enable=true"])
    cores, h2learn = (summary_of(out / name) for name in ("cores", "h2learn"))
    expect(cores["result"]["weights_sha256"] == h2learn["result"]["weights_sha256"],
           "the weights are those of H2Learn")
    expect(len(cores["engines"]) == 60, "three engines per core")
    noc = cores["noc"]
    expect(noc["flit_hops"] == sum(link["flits"] for link in noc["links"]), "links add up")
    expect(0 < noc["max_link_utilisation"] <= 1, f"a link carries a flit per cycle: {noc}")
    expect(noc["cores"][0] == "conv1 0-15", f"cores have names of layers: {noc['cores']}")
    expect("noc" not in h2learn, "H2Learn has no mesh")
    items = json.loads((out / "cores" / "stats.json").read_text(encoding="utf-8"))["items"]
    kinds = ("spikes", "gradients", "credit", "request", "memory")
    expect(noc["flit_hops"] == sum(items[f"noc.{k}_flit_hops"]["value"] for k in kinds),
           "statistics and summary agree")
    expect(items["noc.core0.mail_sent"]["value"] > 0, "core 0 sends spikes")
    vcd = (out / "cores" / "trace.vcd").read_text(encoding="utf-8")
    for signal in ("east_busy", "mailbox_bytes", "core3_bp"):
        expect(signal in vcd, f"{signal} in the waveform")
    h2vp("report", out / "cores")
    page = (out / "cores" / "report.html").read_text(encoding="utf-8")
    expect("meshMap" in page and '"max_link_utilisation"' in page, "the page has the mesh")


def check_errors():
    said = h2vp("train", CORES, sets=["cores.mapping=[conv1 0]"], code=2)
    expect("conv2 is a layer without core" in said, said)
    overlap = "cores.mapping=[conv1 0, 'conv2[0-15] 1', 'conv2[0-31] 2', fc1 3, fc2 4]"
    said = h2vp("train", CORES, sets=[overlap], code=2)
    expect("slices of conv2 overlap in channel 0" in said, said)
    said = h2vp("train", CORES, sets=["cores.mapping=[conv1 0, conv2 20, fc1 3, fc2 4]"], code=2)
    expect("the mesh is too small for core 20; legal: 0 to 19 (cores.count)" in said, said)
    said = h2vp("train", CORES, sets=["cores.count=4", "cores.columns=5"], code=2)
    expect("cores.columns" in said, said)
    said = h2vp("train", CORES, sets=["cores.buffer.bytes=2048"], code=2)
    expect("cores.buffer.bytes: 2048, but " in said, said)


def check_experiment(out):
    h2vp("experiment", "multicore", "--configs", os.path.join(SOURCE, "configs"), "--quiet", "--out",
         out / "experiment", sets=["trace.vcd.enable=false"])
    result = json.loads((out / "experiment" / "multicore.json").read_text(encoding="utf-8"))
    claims = {claim["claim"]: claim for claim in result["claims"]}
    expect(claims["cycles per sample of the busiest core, CIFAR10, T = 10"]["how"] == "identity",
           f"368,640 cycles: {claims}")
    expect(claims["training on 20 cores"]["how"] == "mechanism", f"equal weights: {claims}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        if "--experiment" in sys.argv:
            check_experiment(out)
            return
        check_dry_run()
        check_mailboxes()
        check_run(out)
        check_errors()


main()
