#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every configuration key changes something: for each key of `h2vp config --schema` a value with
which a small run leaves other results, or is refused by name.

usage: keys_change_test.py H2VP SOURCE_DIR
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# A machine so small that every dimension of it counts.
BASE = {
    "network.layers": "16C3(Encoding)-AP2-24C3-24C3S2-10FC", "network.input.channels": 3,
    "network.input.height": 16, "network.input.width": 16, "network.timesteps": 3,
    "training.batch_group": 2, "profile.sub_batches": 4,
}
DIGITS = {
    "network.layers": "8C3(Encoding)-AP2-10FC", "network.input.channels": 1,
    "network.input.height": 28, "network.input.width": 28, "network.timesteps": 2,
    "dataset.train_limit": 22, "dataset.test_limit": 8, "training.loss_scale": 1024,
    "training.init_gain": 2, "training.batch_group": 2,
}
DECAY = {"neuron.alpha": 0.9375, "tile.height": 4, "tile.width": 4}
SATA = {"accelerator": "sata", **DECAY}
EXTENDED = {"machine.extensions": "true"}
CORES = {"accelerator": "multicore", "cores.count": 6, "cores.columns": 3}
IDEAL = {"memory.preset": "ideal"}
ADAM = {"training.optimizer": "adam", "training.learning_rate": 0.01}
STEPS = {"training.schedule.kind": "step", "training.schedule.every": 2}
VCD = {"trace.vcd.enable": "true"}
TIMELINE = {"trace.timeline.enable": "true"}
PROBE = {"trace.probe.enable": "true"}
CARDS = {"training.replicas": 2}
CARDS2 = {"training.replicas": 2, "cluster.cards": 2}
CARDS4 = {"training.replicas": 4, "cluster.cards": 4, "training.batch_group": 4,
          "dataset.train_limit": 32}
TREE = {**CARDS4, "cluster.algorithm": "tree"}
ROUNDS = {"cluster.cards": 2, "federated.local_epochs": 1}
# Tied to each other: no value of one alone is legal.
BURST = {"memory.dram.data_bits": 64, "memory.dram.burst_length": 8, "memory.dram.tccd_s": 4,
         "memory.dram.tccd_l": 4}

# key: value; what else is set with and without it; of a limit what the message says that refuses the
# value; what is set with it only.
PROFILE = {
    "accelerator": ("sata", DECAY), "clock_mhz": (400,),
    "engines.forward.rows": (8,), "engines.forward.cols": (4,), "engines.forward.sub_luts": (1,),
    "engines.forward.sub_lut_inputs": (2,), "engines.forward.parallelism": (1,),
    "engines.forward.soma_lanes": (1,), "engines.forward.lut": ("false",),
    "engines.weight_update.rows": (1,), "engines.weight_update.cols": (8,),
    "engines.weight_update.sub_luts": (1,), "engines.weight_update.sub_lut_inputs": (2,),
    "engines.weight_update.parallelism": (1,), "engines.weight_update.lut": ("false",),
    "engines.backward.rows": (4,), "engines.backward.cols": (8,), "engines.backward.group": (2,),
    "engines.backward.sparsity": ("none",), "engines.backward.empty_window_cycles": (3,),
    "engines.backward.tile_fill_cycles": (9,), "engines.backward.grad_lanes": (1,),
    "tile.height": (4,), "tile.width": (4,),
    "sata.ann": ("true", {**SATA, "network.timesteps": 1, "network.pool": "before_soma"}),
    "sata.rows": (8, SATA), "sata.cols": (4, SATA),
    "sata.gates.spikes": ("false", SATA), "sata.gates.gradients": ("false", SATA),
    "sata.gates.surrogate": ("false", SATA),
    "sata.buffers.spikes.bytes": (1024, SATA, "sata.buffers.spikes.bytes: 1024"),
    "sata.buffers.potentials.bytes": (1024, SATA, "sata.buffers.potentials.bytes: 1024"),
    "sata.buffers.weights.bytes": (16384, SATA),
    "sata.buffers.gradients.bytes": (1024, SATA, "sata.buffers.gradients.bytes: 1024"),
    "sata.buffers.mask.bytes": (1024, {**SATA, "training.sub_batch": 16},
                                "sata.buffers.mask.bytes: 1024"),
    "cores.count": (4, {**CORES, "cores.columns": 2}), "cores.columns": (2, CORES),
    "cores.lanes": (16, CORES), "cores.clocks_mhz": (200, CORES),
    "cores.buffer.bytes": (4096, CORES, "cores.buffer.bytes: 4096"),
    "cores.mailbox.bytes": (8192, CORES),
    "cores.mapping": ('["conv1 0", "conv2 1", "conv3 2", "fc1 5"]', CORES),
    "noc.flit_bits": (32, CORES), "noc.hop_cycles": (9, CORES),
    "noc.packet_bytes": (16, CORES), "noc.dma_packet_bytes": (64, CORES),
    "noc.buffer_packets": (1, CORES), "noc.sync_cycles": (50, {**CORES, "noc.clock_mhz": 400}),
    "noc.clock_mhz": (200, CORES), "noc.multicast": ("false", CORES),
    "glb.forward.bytes": (2048, {}, "global buffer|are available"),
    "glb.weight_update.bytes": (2048, {}, "global buffer|are available"),
    "glb.backward.bytes": (2048, {}, "global buffer|are available"),
    "pipeline.overlap": ("false",), "dataflow.halo": ("free",),
    "dataflow.backward": ("auto", {"network.layers": "16C3(Encoding)-32C3-10FC"}),
    "dataflow.fc_weight_gradient": ("per_group",),
    "dataflow.psum_copies": (1, {**VCD, "trace.vcd.level": "tiles"}),
    "memory.organisation": ("unified",), "memory.preset": ("ddr4_3200",),
    "memory.bytes": (1048576, {"network.layers": "512C3-512C3"}, "memory"),
    "memory.compress_gradients": ("true",), "memory.burst_bytes": (256,),
    "memory.outstanding": (1,), "memory.ideal.latency_ns": (500, IDEAL),
    "memory.ideal.bandwidth_gbps": (3, IDEAL), "memory.dram.channels": (1,),
    "memory.dram.data_bits": (64, {}, None, BURST), "memory.dram.tck_ns": (2,),
    "memory.dram.burst_length": (8, {}, None, BURST),
    "memory.dram.bank_groups": (1,), "memory.dram.banks_per_group": (1,),
    "memory.dram.ranks": (2,), "memory.dram.row_bytes": (512,), "memory.dram.cl": (40,),
    "memory.dram.cwl": (20,), "memory.dram.trcd": (28,), "memory.dram.trp": (60,),
    "memory.dram.tras": (90,),
    "memory.dram.trrd_s": (50, {"memory.dram.trrd_l": 60, "memory.dram.tfaw": 99}),
    "memory.dram.trrd_l": (60,),
    "memory.dram.tfaw": (300,), "memory.dram.twtr_s": (60, {"memory.dram.twtr_l": 90}),
    "memory.dram.twtr_l": (90,),
    "memory.dram.twr": (90,), "memory.dram.trtp": (80, {"memory.dram.tras": 99}),
    "memory.dram.tccd_s": (6, {"memory.dram.tccd_l": 9}),
    "memory.dram.tccd_l": (9,), "memory.dram.trfc": (900,), "memory.dram.trefi": (1000,),
    "memory.dram.read_queue": (8,), "memory.dram.write_queue": (8,),
    "memory.dram.bank_hash": ("true",),
    "memory.dram.address_map": ("row-bank-column-bankgroup-rank-channel",
                                {"memory.dram.ranks": 2}),
    "network.layers": ("16C3(Encoding)-10FC",), "network.input.channels": (1,),
    "network.input.height": (12,), "network.input.width": (12,), "network.timesteps": (4,),
    "network.pool": ("before_soma",), "network.static_input_once": ("true",),
    "training.sub_batch": (2,), "training.batch_group": (1,),
    "training.update": ("separate",),
    "profile.spike_density": (0.5,), "profile.mask_density": (0.5,),
    "profile.gradient_density": (0.5,), "profile.clustering": ("sample",),
    "profile.sample_fraction": (0.25, {"profile.clustering": "sample"}),
    "profile.samples": (1000,), "profile.sub_batches": (2,),
    "profile.masks": ("/nowhere", {}, "profile.masks"),
    "trace.vcd.enable": ("true",), "trace.vcd.level": ("tiles", VCD),
    "trace.vcd.scopes": ('["*forward*"]', VCD), "trace.vcd.from_us": (5, VCD),
    "trace.vcd.to_us": (5, VCD), "trace.timeline.enable": ("true",),
    "trace.vcd.max_bytes": (20000, VCD), "trace.vcd.strings": ("true", VCD),
    "trace.timeline.max_bytes": (20000, TIMELINE),
    "trace.timeline.level": ("tiles", TIMELINE), "trace.probe.enable": ("true",),
    "trace.probe.sockets": ('["*glb*"]', PROBE),
    "trace.probe.timeline": ("true", {**PROBE, **TIMELINE}),
    "energy.preset": ("paper_fit",), "energy.table": ("/nowhere", {}, "energy.table"),
    "host.cycles_per_sub_batch": (90000,), "host.watchdog_cycles": (1, {}, "progress"),
}
TRAIN = {
    "numerics": ("fp32",), "neuron.alpha": (0.5,), "neuron.th_f": (0.4,), "neuron.th_l": (0.2,),
    "neuron.th_r": (0.8,), "neuron.beta": (0.5,), "neuron.reset": ("soft", EXTENDED),
    "neuron.surrogate": ("atan", EXTENDED), "training.epochs": (2,), "training.seed": (2,),
    "training.loss": ("cross_entropy",), "training.optimizer": ("adam",),
    "training.learning_rate": (0.01,), "training.weight_decay": (0.5,),
    "training.schedule.kind": ("cosine",), "training.schedule.warmup": (2,),
    "training.schedule.every": (1, STEPS), "training.schedule.factor": (0.5, STEPS),
    "training.schedule.steps": (9, {"training.schedule.kind": "cosine"}),
    "training.schedule.floor": (0.5, {"training.schedule.kind": "cosine"}),
    "training.momentum": (0.5,), "training.beta1": (0.5, ADAM),
    "training.beta2": (0.5, ADAM), "training.epsilon": (0.01, ADAM),
    "training.loss_scale": (1,),
    "training.loss_scale_growth": (1, {"training.loss_scale": "dynamic"}),
    "training.replicas": (2,),
    "cluster.cards": (2, CARDS), "cluster.algorithm": ("tree", CARDS2),
    "cluster.topology": ("ring", CARDS4), "cluster.bandwidth_gbps": (1, CARDS2),
    "cluster.latency_us": (9, CARDS2), "cluster.sum_bytes": (4, TREE),
    "federated.local_epochs": (1, {**CARDS2, "dataset.train_limit": 32}),
    "federated.shards": ("two_label", ROUNDS), "federated.straggler": (2, ROUNDS),
    "training.save_masters": ("true",), "training.checkpoint.every": (1,),
    "training.checkpoint.keep": (1, {"training.checkpoint.every": 1}),
    "training.init_gain": (3,), "training.shuffle": ("false",),
    "training.drop_last": ("true",), "training.test_every_epoch": ("true", {"training.epochs": 2}),
    "dataset.train_limit": (12,), "dataset.test_limit": (4,), "dataset.validation": (8,),
    "dataset.coding": ("rate", {}, None, {"network.layers": "8C3-AP2-10FC"}),
    "dataset.kind": ("mnist", {}, "mnist"),
    "dataset.path": ("/nowhere", {"dataset.kind": "mnist"}, "/nowhere"),
}
# What no run without files, faults or firmware can show, with the test that does.
ELSEWHERE = {
    "spinalflow.fire": "tests/spinalflow/board_test.cpp: other spikes",
    "spinalflow.reset": "tests/spinalflow/board_test.cpp: other spikes",
    "spinalflow.one_spike": "tests/spinalflow/board_test.cpp: other spikes",
    "spinalflow.leak": "tests/spinalflow/board_test.cpp: other spikes",
    "spinalflow.dma_bytes": "tests/spinalflow/board_test.cpp: another time",
    "spinalflow.lane_fifo": "tests/spinalflow/board_test.cpp: another time",
    "spinaps.stt.area_f2": "tests/spinaps/figures_test.py: another area",
    "spinaps.stt.read_pj": "tests/spinaps/figures_test.py: other joules",
    "spinaps.stt.write_pj": "tests/spinaps/figures_test.py: other joules",
    "spinaps.stt.write_ns": "tests/spinaps/figures_test.py: another time of programming",
    "spinaps.stt.leakage_nw": "tests/spinaps/figures_test.py: other joules",
    "spinaps.sram.area_f2": "tests/spinaps/figures_test.py: another area",
    "spinaps.sram.read_pj": "tests/spinaps/figures_test.py: other joules",
    "spinaps.sram.write_pj": "tests/spinaps/figures_test.py: other joules",
    "spinaps.sram.write_ns": "tests/spinaps/figures_test.py: another time of programming",
    "spinaps.sram.leakage_nw": "tests/spinaps/figures_test.py: other joules",
    "spinaps.technology": "tests/spinaps/figures_test.py: another time of programming",
    "spinaps.feature_nm": "tests/spinaps/figures_test.py: another area",
    "spinaps.array_efficiency": "tests/spinaps/figures_test.py: another area",
    "spinaps.rows": "tests/spinaps/figures_test.py: other arrays",
    "spinaps.columns": "tests/spinaps/figures_test.py: other arrays",
    "spinaps.arrays": "tests/spinaps/figures_test.py: other arrays",
    "spinaps.parallel": "tests/spinaps/figures_test.py: another time",
    "spinaps.buffer_bytes": "tests/spinaps/figures_test.py: another area",
    "spinaps.write_tries": "tests/spinaps/board_test.cpp: a write that fails ends the run",
    "spinaps.write_failure": "tests/spinaps/board_test.cpp: writes again",
    "spinaps.endurance": "tests/spinaps/board_test.cpp: cells wear out",
    "spinaps.weight_bits": "tests/spinaps/command_test.py: other answers",
    "spinaps.tau": "tests/spinaps/command_test.py: other answers",
    "spinaps.kernels": "tests/spinaps/command_test.py: other answers",
    "spinaps.start_bias": "tests/spinaps/command_test.py: other answers",
    "spinaps.seed": "tests/spinaps/board_test.cpp: other answers",
    "spinaps.early_stop": "tests/spinaps/board_test.cpp: another time",
    "spinaps.deadline": "tests/spinaps/board_test.cpp: other answers",
    "spinaps.undecided": "tests/spinaps/board_test.cpp: other answers",
    "spinaps.encoding": "tests/spinaps/board_test.cpp: other answers",
    "trace.probe.check": "tests/platform/probe_test.cpp: a broken rule ends the run",
    "dataset.windows": "tests/data/formats_test.py: windows by count",
    "dataset.window_us": "tests/data/formats_test.py: windows of one length",
    "dataset.events": "tests/data/formats_test.py: counts as pixels",
    "dataset.resize": "tests/data/formats_test.py: another crop",
    "dataset.cache_bytes": "tests/data/npy_set_test.cpp: the same samples, not held in memory",
    "training.checkpoint.dir": "tests/checkpoint/checkpoint_test.py: where the files lie",
    "machine.extensions": "tests/config/layer_list_test.cpp: max pooling needs it",
    "host.clock_mhz": "tests/firmware/host_test.cpp: instructions per simulated time",
    "include": "tests/config/load_test.cpp: the files are read",
}


def leaves(schema, path=()):
    for name, entry in schema.get("properties", {}).items():
        if "properties" in entry:
            yield from leaves(entry, path + (name,))
        else:
            yield ".".join(path + (name,))


def fingerprint(folder):
    """Of every result file; of the summary without what names the configuration or the clock."""
    sums = hashlib.sha256()
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_dir() or path.name == "config.yaml":
            continue
        data = path.read_bytes()
        if path.name == "summary.json":
            summary = json.loads(data)
            for name in ("config", "command", "wall"):
                summary.pop(name, None)
            data = json.dumps(summary).encode()
        sums.update(path.name.encode() + b"\0" + data)
    return sums.hexdigest()


def run(h2vp, source, command, sets):
    with tempfile.TemporaryDirectory() as out:
        arguments = [h2vp, command, os.path.join(source, "configs/h2learn.yaml"),
    "--quiet", "--out",
                     out]
        for key, value in sets.items():
            arguments += ["--set", f"{key}={value}"]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr, fingerprint(out) if done.returncode == 0 else ""


def check(h2vp, source, command, base, key, value, others=None, refused=None, beside=None):
    sets = {**base, **(others or {})}
    code, errors, changed = run(h2vp, source, command, {**sets, **(beside or {}), key: value})
    if refused:
        return [] if code != 0 and re.search(refused, errors) else [
            f"{key}={value} is not refused: exit code {code}, {errors.strip()}"]
    if code != 0:
        return [f"{key}={value}: exit code {code}, {errors.strip()}"]
    code, errors, before = run(h2vp, source, command, sets)
    if code != 0:
        return [f"without {key}: exit code {code}, {errors.strip()}"]
    return [f"{key}={value} changes nothing"] if before == changed else []


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    schema = subprocess.run([h2vp, "config", "--schema"], check=True, capture_output=True, text=True)
    keys = set(leaves(json.loads(schema.stdout)))
    table = {**PROFILE, **TRAIN, **ELSEWHERE}
    failures = [f"{key}: no value in this test" for key in sorted(keys - set(table))]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(check, h2vp, source, command, base, key, *entry)
                for command, base, part in (("profile", BASE, PROFILE), ("train", DIGITS, TRAIN))
                for key, entry in part.items() if key in keys]
        for one in runs:
            failures += one.result()
    print("\n".join(failures) or f"{len(keys)} keys, each with an effect")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
