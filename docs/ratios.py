#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ratios over the paper's V100 for docs/speedup.md: prints a row per memory and dataflow, or per
option of the machine with groups of 8.

    docs/ratios.py build/h2vp [--options] [mnist cifar10 imagenet]    takes minutes

A group of N sub-batches takes s x N + g cycles: `steady` is the ratio of s, from N = 8 and 32.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
V100 = {"mnist": 138.55, "cifar10": 147.07, "imagenet": 14400.0}  # s per epoch, Table II
MEMORIES = {
    "hbm2": ["memory.preset=hbm2"],
    "ideal": ["memory.preset=ideal", "memory.ideal.bandwidth_gbps=128",
              "memory.ideal.latency_ns=0"],
    "unlimited": ["memory.preset=ideal", "memory.ideal.bandwidth_gbps=100000",
                  "memory.ideal.latency_ns=0"],
}
DATAFLOWS = {
    "text": ["dataflow.backward=text"],
    "auto": ["dataflow.backward=auto"],
    "auto, one partial sum": ["dataflow.backward=auto", "dataflow.psum_copies=1"],
    "the same, FC per group": ["dataflow.backward=auto", "dataflow.psum_copies=1",
                               "dataflow.fc_weight_gradient=per_group"],
}
OPTIONS = {
    "`dataflow.halo: free` (no buffer for it)": ["dataflow.halo=free"],
    "`dataflow.fc_weight_gradient: per_group`": ["dataflow.fc_weight_gradient=per_group"],
    "`memory.compress_gradients`": ["memory.compress_gradients=true"],
    "`network.pool: before_soma`": ["network.pool=before_soma"],
    "`training.update: separate`": ["training.update=separate"],
    "`engines.backward.sparsity: none`": ["engines.backward.sparsity=none"],
    "`pipeline.overlap: false`": ["pipeline.overlap=false"],
}
GROUPS = (8, 32)


def cycles(program, network, group, settings):
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "profile", str(ROOT / "configs" / f"{network}.yaml"), "--quiet",
                   "--out", folder]
        for setting in [*settings, f"training.batch_group={group}", f"profile.sub_batches={group}"]:
            command += ["--set", setting]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        summary = json.loads((pathlib.Path(folder) / "summary.json").read_text(encoding="utf-8"))
    samples = summary["config"]["profile"]["samples"]
    seconds = (summary["time"]["cycles_per_sub_batch"] * samples /
               summary["config"]["training"]["sub_batch"] /
               (summary["config"]["clock_mhz"] * 1e6))
    return summary["time"]["cycles_per_sub_batch"], V100[network] / seconds


def print_options(program, networks):
    print("| option, N = 8 | " + " | ".join(networks) + " |")
    print("|---|" + "---|" * len(networks))
    for name, settings in OPTIONS.items():
        row = [f"{cycles(program, network, 8, settings)[1]:.2f}" for network in networks]
        print(f"| {name} | " + " | ".join(row) + " |", flush=True)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--options"]
    program, networks = arguments[0], arguments[1:] or list(V100)
    if "--options" in sys.argv:
        print_options(program, networks)
        return
    print("| memory, dataflow | " + " | ".join(f"{n} N = 8 | N = 32 | steady" for n in networks) +
          " |")
    print("|---|" + "---|" * (3 * len(networks)))
    for memory, memory_settings in MEMORIES.items():
        for dataflow, settings in DATAFLOWS.items():
            row = f"| {memory}, {dataflow} |"
            for network in networks:
                found = [cycles(program, network, n, memory_settings + settings) for n in GROUPS]
                steady = (GROUPS[1] * found[1][0] - GROUPS[0] * found[0][0]) / (GROUPS[1] - GROUPS[0])
                row += f" {found[0][1]:.2f} | {found[1][1]:.2f} | "
                row += f"{found[1][1] * found[1][0] / steady:.2f} |"
            print(row, flush=True)


if __name__ == "__main__":
    main()
