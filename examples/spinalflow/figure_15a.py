#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SpinalFlow beside the Forward Engine of H2Learn, on the same spikes (H2Learn paper, Fig. 15a).

For every layer behind the encoding one: the time of one sample on both machines, how many SpinalFlow
units have the throughput of one Forward Engine, their area, the energy of an inference by the power
of the whole unit and by events, and the density of spikes below which SpinalFlow takes less.
Nothing is fitted. Ratios mean something, joules do not: prices are public figures, whole-unit
powers are those of the papers.

usage: figure_15a.py [--h2vp build/h2vp] [--config configs/cifar10.yaml] [--layers conv2,conv3]
                     [--densities 0.05,0.15] [--spikes FOLDER] [--out out/figure_15a]
"""
import argparse
import json
import pathlib
import random
import re
import struct
import subprocess

# pJ per use and um2 of one, 28 nm: configs/energy/public28.yaml where it is there, else the same
# public figures: Horowitz, ISSCC 2014, at 45 nm times 0.507 (energy) and 0.377 (area); CACTI 7.
PRICES = {
    "int8_add": (0.03 * 0.507, 36 * 0.377),
    "int32_add": (0.1 * 0.507, 137 * 0.377),
    "fp16_add": (0.4 * 0.507, 1360 * 0.377),
    "fp16_mul": (1.1 * 0.507, 1640 * 0.377),
    "register_bit": (0.0089995 * 0.60012, 5.9814 * 0.48030),
    "sram_read_byte": (0.35, 0),
    "sram_write_byte": (1.09, 0),
    "sram_byte": (0, 1.43051),
}
# Whole units: SpinalFlow 162 mW and 2.09 mm2 (tables of later papers, unverified); the Forward
# Engine 21.61 mm2 and its share by area of H2Learn's 20.57 W and 110.46 mm2 (Tables VII, VIII).
SPINALFLOW_W, SPINALFLOW_MM2 = 0.162, 2.09
FORWARD_W, FORWARD_MM2 = 20.57 * 21.61 / 110.46, 21.61
SPINALFLOW_HZ, FORWARD_HZ = 200e6, 800e6
FILTER_BYTES, BUFFER_BYTES, LANES = 589824, 16 * 256 * 5 + 4 * 256 + 1024 * 5, 128


def read_prices(path):
    prices = dict(PRICES)
    if not path.exists():
        return prices
    name = None
    for line in path.read_text(encoding="utf-8").splitlines():
        key = re.match(r"  (\w+):", line)
        value = re.match(r"    (energy|area): \{value: ([0-9.e+-]+)", line)
        if key:
            name = key[1]
        elif value and name in prices:
            energy, area = prices[name]
            number = float(value[2])
            prices[name] = (number, area) if value[1] == "energy" else (energy, number)
    return prices


def write_npy(path, bits, shape):
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (64 - (11 + len(header)) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bits)


def draw(layer, ticks, density, seed, first_only):
    """One sample of spikes, B,T,C,H,W; `first_only`: the first of each neuron alone."""
    rng = random.Random(seed)
    neurons = layer["cin"] * layer["height"] * layer["width"]
    bits = bytearray(ticks * neurons)
    for i in range(ticks * neurons):
        bits[i] = rng.random() < density
    if first_only:
        for n in range(neurons):
            seen = False
            for at in range(n, ticks * neurons, neurons):
                bits[at] = bits[at] and not seen
                seen = seen or bits[at]
    return bytes(bits), (1, ticks, layer["cin"], layer["height"], layer["width"])


class Machines:
    def __init__(self, arguments):
        self.h2vp, self.config = arguments.h2vp, arguments.config
        self.out = pathlib.Path(arguments.out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.layers = self.shapes()

    def run(self, *command, sets=()):
        command += tuple(word for one in sets for word in ("--set", one))
        done = subprocess.run([self.h2vp, *map(str, command)], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise SystemExit(f"h2vp {' '.join(map(str, command))}: {done.stderr.strip()}")
        return done.stdout

    def shapes(self):
        """Layers of the network with the map each reads, from the paper's notation."""
        text = self.run("config", self.config)
        value = lambda key: re.search(rf"\b{key}: \"?([^\"\n#]+)", text)[1].strip()
        layers, cin, side, conv = [], int(value("channels")), int(value("height")), 0
        self.ticks = int(value("timesteps"))
        for item in value("layers").split("-"):
            match = re.match(r"(\d+)C(\d+)(?:S(\d))?", item)
            if item == "AP2":
                side //= 2
            elif match:
                conv += 1
                layers.append({"name": f"conv{conv}", "cin": cin, "height": side, "width": side,
                               "encoding": "Encoding" in item})
                cin, side = int(match[1]), (side - 1) // int(match[3] or 1) + 1
        return [layer for layer in layers if not layer["encoding"]]

    def forward(self, pool, density):
        """Cycles and events of one sample on the Forward Engine, by layer."""
        out = self.out / f"forward_{pool}"
        self.run("profile", self.config, "--quiet", "--out", out, sets=(
            f"network.pool={pool}", "training.sub_batch=4", "training.batch_group=1",
            "profile.sub_batches=1", f"profile.spike_density={density}"))
        items = json.loads((out / "stats.json").read_text(encoding="utf-8"))["items"]
        return {layer["name"]: self.entry(items, layer["name"], "forward", 4)
                for layer in self.layers}

    def spinalflow(self, layer, spikes, label):
        out = self.out / f"spinalflow_{layer['name']}_{label}"
        self.run("infer-spikes", self.config, "--quiet", "--out", out, "--from", layer["name"],
                 "--to", layer["name"], "--spikes", spikes, sets=(
                     "accelerator=spinalflow", "clock_mhz=200", "network.pool=before_soma",
                     "spinalflow.leak=64", "memory.dram.channels=1", "training.sub_batch=1"))
        items = json.loads((out / "stats.json").read_text(encoding="utf-8"))["items"]
        return self.entry(items, layer["name"], "spinalflow", self.samples(spikes))

    @staticmethod
    def samples(path):
        return int(re.search(rb"'shape': \((\d+)", path.read_bytes()[:256])[1])

    @staticmethod
    def entry(items, layer, engine, samples):
        prefix = f"layer.{layer}.{engine}."
        found = {key[len(prefix):]: item["value"] / samples for key, item in items.items()
                 if key.startswith(prefix) and isinstance(item.get("value"), (int, float))}
        return {"cycles": found["cycles"], "compute": found["compute_cycles"],
                "events": {key[7:]: n for key, n in found.items() if key.startswith("events.")}}


def spinalflow_joules(prices, e):
    """By events: weights, adders, and the lists on their way."""
    pj = lambda name: prices[name][0]
    entry = 5 * (pj("sram_write_byte") + pj("sram_read_byte"))  # written to a buffer and read
    compare = 5 * pj("int8_add")
    return 1e-12 * (e["glb_read_bytes"] * pj("sram_read_byte") +
                    e["glb_write_bytes"] * pj("sram_write_byte") +
                    e["adds"] * (pj("int32_add") + 64 * pj("register_bit")) +
                    e["tick_ends"] * 2 * pj("int32_add") + e["spine_reads"] * (entry + 15 * compare) +
                    e["merges"] * 3 * compare + e["sorted"] * (entry + 8 * compare))


def forward_joules(prices, e):
    pj = lambda name: prices[name][0]
    return 1e-12 * (e["glb_read_bytes"] * pj("sram_read_byte") +
                    e["glb_write_bytes"] * pj("sram_write_byte") +
                    e["lut_reads"] * 16 * pj("register_bit") +
                    e["lut_writes"] * 16 * pj("register_bit") +
                    (e["lut_fill_adds"] + e["acc_adds"]) * pj("fp16_add") +
                    e["soma_updates"] * (pj("fp16_mul") + pj("fp16_add") + 6 * pj("int8_add")))


def spinalflow_area(prices):
    um2 = lambda name: prices[name][1]
    return 1e-6 * ((FILTER_BYTES + BUFFER_BYTES) * um2("sram_byte") +
                   LANES * (2 * um2("int32_add") + 32 * um2("register_bit")) +
                   (15 + 3 + 8) * 5 * um2("int8_add"))


def total(entries):
    sums = {"cycles": 0, "compute": 0, "events": {}}
    for entry in entries:
        sums["cycles"] += entry["cycles"]
        sums["compute"] += entry["compute"]
        for key, n in entry["events"].items():
            sums["events"][key] = sums["events"].get(key, 0) + n
    return sums


def compare(prices, label, forward, spinal):
    """One line: both machines on the same spikes. Returns the ratios of energy."""
    seconds = spinal["cycles"] / SPINALFLOW_HZ
    units = seconds / (forward["compute"] / FORWARD_HZ)
    whole = seconds * SPINALFLOW_W / (forward["compute"] / FORWARD_HZ * FORWARD_W)
    events = spinalflow_joules(prices, spinal["events"]) / forward_joules(prices, forward["events"])
    print(f"{label:24} {spinal['events']['row_reads']:12,.0f} {spinal['cycles']:12,.0f} "
          f"{forward['compute']:10,.0f} {units:7.1f} {units * SPINALFLOW_MM2 / FORWARD_MM2:8.2f} "
          f"{units * spinalflow_area(prices) / FORWARD_MM2:8.2f} {whole:8.2f} {events:8.2f}")
    return whole, events


def crossover(points):
    """Where a line through the origin that fits the ratios best reaches 1."""
    slope = sum(d * r for d, r in points) / sum(d * d for d, _ in points)
    return 1 / slope


def dense_machine(prices):
    """An Eyeriss-like machine: 168 PEs, row-stationary, 4 register-file accesses per product (each
    as a product, Eyeriss, ISCA 2016), zeros gated in the PE and not skipped in time. One spike per
    non-zero of 4 bits (16 ticks)."""
    pj = lambda name: prices[name][0]
    spinal = pj("sram_read_byte") + pj("int32_add") + 64 * pj("register_bit")
    print("\nBeside a dense machine of 168 PEs, per product of the dense layer (paper: 1.8x at 4 bit "
          "and 90 %,\n5x energy and 5.4x time against 8 bit, worse at 60 %):")
    print("zeros   energy ratio 4 bit   8 bit   time ratio")
    for zeros in (0.6, 0.9, 0.98):
        # A product of b bits is taken as b*b/64 of one of 8 bits (0.2 pJ at 45 nm), its register
        # file as b/8.
        dense = [0.507 * ((0.2 * b * b / 64 + 0.03) * (1 - zeros) + 4 * 0.23 * b / 8)
                 for b in (4, 8)]
        sparse = (1 - zeros) * spinal
        print(f"{zeros:5.0%} {dense[0] / sparse:16.2f} {dense[1] / sparse:12.2f} "
              f"{(1 / 168) / ((1 - zeros) / 128):10.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--h2vp", default="build/h2vp")
    parser.add_argument("--config", default="configs/cifar10.yaml")
    parser.add_argument("--layers", default="", help="as conv2,conv3; default: all behind the first")
    parser.add_argument("--densities", default="0.05,0.15")
    parser.add_argument("--spikes", default="",
                        help="folder with <layer>.s.npy of a training (--golden), pooling before "
                             "the soma: real spikes instead of drawn ones")
    parser.add_argument("--out", default="out/figure_15a")
    arguments = parser.parse_args()
    prices = read_prices(pathlib.Path("configs/energy/public28.yaml"))
    machines = Machines(arguments)
    names = arguments.layers.split(",") if arguments.layers else None
    layers = [layer for layer in machines.layers if names is None or layer["name"] in names]
    forward = machines.forward("before_soma", 0.15)
    planes = machines.forward("after_soma", 0.15)
    chosen = [layer["name"] for layer in layers]
    print("Forward Engine, cycles of one sample: "
          f"{sum(forward[n]['compute'] for n in chosen):,.0f} with AP2 on potentials, "
          f"{sum(planes[n]['compute'] for n in chosen):,.0f} with bit planes behind AP2 on spikes, "
          "which SpinalFlow cannot take")
    print("SpinalFlow over Forward Engine at equal throughput, area and energy by whole units and by "
          "events:")
    print(f"{'spikes':24} {'rows':>12} {'SpinalFlow':>12} {'Forward':>10} {'units':>7} "
          f"{'area':>8} {'events':>8} {'energy':>8} {'events':>8}")

    def measure(label, spikes_of):
        entries = []
        for layer in layers:
            spikes = spikes_of(layer)
            entries.append(machines.spinalflow(layer, spikes, label))
        return compare(prices, label, total([forward[n] for n in chosen]), total(entries))

    def drawn(density, first_only):
        def make(layer):
            path = machines.out / f"{layer['name']}_{density}_{int(first_only)}.npy"
            bits, shape = draw(layer, machines.ticks, density, layer["name"], first_only)
            write_npy(path, bits, shape)
            return path
        return make

    if arguments.spikes:
        below = lambda layer: f"conv{int(layer['name'][4:]) - 1}"
        folder = pathlib.Path(arguments.spikes)
        measure("trained here", lambda layer: folder / f"{below(layer)}.s.npy")
    else:
        points = []
        for text in arguments.densities.split(","):
            density = float(text)
            points.append((density, *measure(f"density {density}", drawn(density, False))))
            measure(f"first spikes of {density}", drawn(density, True))
        print("SpinalFlow takes less energy below a density of "
              f"{crossover([(d, w) for d, w, _ in points]):.3f} by whole units and "
              f"{crossover([(d, e) for d, _, e in points]):.3f} by events")
    dense_machine(prices)


if __name__ == "__main__":
    main()
