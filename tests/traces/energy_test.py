#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Energy of a run: parts sum to the whole in every form in which it is written.

usage: energy_test.py H2VP SOURCE_DIR
"""
import json
import os
import re
import subprocess
import sys
import tempfile

H2VP, SOURCE = (os.path.abspath(path) for path in sys.argv[1:3])
ENGINES = ("forward", "backward", "weight_update")
failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)


def near(a, b, tolerance=1e-9):
    return abs(a - b) <= tolerance * max(abs(a), abs(b))


def run(command, config, out, *sets):
    arguments = [H2VP, command, f"{SOURCE}/configs/{config}", "--quiet", "--out", out]
    for key in sets:
        arguments += ["--set", key]
    subprocess.run(arguments, check=True)
    with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
        summary = json.load(file)
    with open(os.path.join(out, "stats.json"), encoding="utf-8") as file:
        return summary, json.load(file)


def integral_uw(out, engine):
    """Picojoules below the counter power_uw of an engine in timeline.json."""
    with open(os.path.join(out, "timeline.json"), encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    steps = [(e["ts"], e["args"]["value"]) for e in events
             if e["ph"] == "C" and e["name"] == f"top.{engine}.power_uw"]
    return sum(value * (end - begin) for (begin, value), (end, _) in zip(steps, steps[1:]))


def integral_vcd(out, engine):
    """The same from the waveform."""
    scale = {"ps": 1e-6, "ns": 1e-3, "us": 1.0}
    wanted, microseconds, steps, now = None, None, [], 0
    with open(os.path.join(out, "trace.vcd"), encoding="ascii") as file:
        for line in file:
            words = line.split()
            if line.startswith("$timescale"):
                number, unit = re.search(r"(\d+)\s*([pnu]s)", line).groups()
                microseconds = int(number) * scale[unit]
            elif line.startswith("$var") and words[4] == f"{engine}_power_uw":
                wanted = words[3]
            elif line.startswith("#"):
                now = int(line[1:])
            elif line.startswith("b") and words[1] == wanted:
                steps.append((now * microseconds, int(words[0][1:], 2)))
    steps.append((now * microseconds, 0))
    return sum(value * (end - begin) for (begin, value), (end, _) in zip(steps, steps[1:]))


def check_sums(name, summary, stats):
    energy, items = summary["energy"], stats["items"]
    total = energy["total_j"]
    for group in ("by_cause", "by_engine"):
        expect(near(sum(energy[group].values()), total), f"{name}: {group}")
    expect(near(sum(energy["by_event"].values()), energy["by_cause"]["dynamic"]), f"{name}: events")
    jobs = energy["by_cause"]["dynamic"] + energy["by_cause"]["clock"]
    expect(near(sum(energy["by_layer"].values()), jobs), f"{name}: layers {energy}")
    expect(near(sum(l["energy_j_total"] for l in summary["layers"]), jobs), f"{name}: layers[]")
    seconds = summary["time"]["seconds"]
    expect(near(sum(energy["leakage_w"].values()) * seconds, energy["by_cause"]["leakage"]),
           f"{name}: leakage")
    expect(near(energy["power_w"] * seconds, total), f"{name}: power")
    check_buffers(name, energy, items)
    for engine in ENGINES:
        parts = [items[f"engine.{engine}.energy.{cause}_j"]["value"]
                 for cause in ("dynamic", "clock", "leakage")]
        expect(near(sum(parts), energy["by_engine"][engine], 1e-8), f"{name}: {engine} {parts}")
    for group in ("dram_by_memory", "dram_by_tensor"):
        expect(near(sum(energy[group].values()), energy["dram_j"]), f"{name}: {group}")
    for memory, joules in energy["dram_by_memory"].items():
        expect(near(items[f"memory.{memory}.energy_j"]["value"], joules, 1e-8), f"{name}: {memory}")
    area = summary["area"]
    for group in ("by_engine", "by_part"):
        expect(near(sum(area[group].values()), area["total_mm2"]), f"{name}: area {group}")
    expect(near(summary["time"]["samples_per_second"] * energy["per_sample_j"], energy["power_w"]),
           f"{name}: per sample")
    expect(near(energy["energy_delay_js"] * summary["time"]["samples_per_second"],
                energy["per_sample_j"]), f"{name}: energy x delay")


def check_buffers(name, energy, items):
    """Global buffers by tensor, of engines, layers and all, in both files."""
    moved = energy["by_event"]["glb_read_bytes"] + energy["by_event"]["glb_write_bytes"]
    tensors = energy["glb_by_tensor"]
    expect(near(sum(tensors.values()), moved), f"{name}: glb_by_tensor {tensors} of {moved}")
    expect("other" not in tensors and {"partial_sum", "weight", "spike"} < set(tensors),
           f"{name}: tensors {tensors}")
    for group in ("glb_by_engine", "glb_by_layer"):
        for tensor, joules in tensors.items():
            found = sum(part.get(tensor, 0) for part in energy[group].values())
            expect(near(found, joules), f"{name}: {group} {tensor}: {found}, {joules}")
    for engine, parts in energy["glb_by_engine"].items():
        for tensor, joules in parts.items():
            found = items[f"engine.{engine}.energy.glb_j.{tensor}"]["value"]
            expect(near(found, joules, 1e-8), f"{name}: {engine} {tensor}")
    for layer, parts in energy["glb_by_layer"].items():
        found = sum(item["value"] or 0 for path, item in items.items()
                    if path.startswith(f"layer.{layer}.") and ".glb_j." in path)
        expect(near(found, sum(parts.values()), 1e-8), f"{name}: glb_j of {layer}")


def check_samples(name, summary, stats, whole):
    """Power over time: its integral is the energy, up to what comes behind the last look."""
    series = stats["samples"]["series"]
    times = [0.0] + stats["samples"]["time_us"]
    for engine in ENGINES:
        watts = series[f"engine.{engine}.power"]["values"]
        joules = sum(w * (b - a) * 1e-6 for w, a, b in zip(watts, times, times[1:]))
        expect(abs(joules / whole[engine] - 1) < 0.1, f"{name}: {engine}: {joules}, {whole[engine]}")


def check_traffic():
    """h2vp traffic: rows opened and lines moved, each at its published price."""
    count = 4000
    for preset, row, read, write in (("hbm2", 830, 1.57, 2.09), ("ddr4_3200", 4160, 5.5, 4.6),
                                     ("lpddr4_2400", 0, 8, 8), ("ideal", None, None, None)):
        for pattern, bit in (("seq_rd", read), ("seq_wr", write)):
            text = subprocess.run(
                [H2VP, "traffic", f"{SOURCE}/configs/h2learn.yaml", "--pattern", pattern,
                 "--requests", str(count), "--warmup", "0", "--set", f"memory.preset={preset}"],
                check=True, stdout=subprocess.PIPE).stdout
            found = json.loads(text)
            if row is None:
                expect(found["energy"] is None, f"traffic: {preset} has energy")
                continue
            energy = found["energy"]
            bits = 8 * (energy["read_bytes"] + energy["write_bytes"])
            # Requests that wait in queues at the end have been read, or not yet been written.
            expect(abs(bits / 512 - count) <= 300, f"traffic: {preset} {pattern}: {energy} lines")
            expect(energy["read_bytes" if bit == write else "write_bytes"] == 0 or read == write,
                   f"traffic: {preset} {pattern}: {energy} directions")
            expect((energy["activates"] > 0), f"traffic: {preset} {pattern}: no rows {energy}")
            joules = (energy["activates"] * row + bits * bit) * 1e-12
            expect(near(energy["total_j"], joules), f"traffic: {preset} {pattern}: {energy}")
            expect(near(energy["pj_per_bit"], joules * 1e12 / bits),
                   f"traffic: {preset} {pattern}: {energy} per bit")


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        summary, stats = run("profile", "h2learn.yaml", "p", "network.layers=32C3-48C3-AP2-40FC-10FC",
                             "network.timesteps=4", "training.batch_group=2",
                             "trace.timeline.enable=true", "trace.vcd.enable=true")
        check_sums("profile", summary, stats)
        check_samples("profile", summary, stats, summary["energy"]["by_engine"])
        for engine in ENGINES:
            jobs = sum(stats["items"][f"engine.{engine}.energy.{cause}_j"]["value"]
                       for cause in ("dynamic", "clock"))
            for name, integral in (("timeline", integral_uw), ("waveform", integral_vcd)):
                found = integral("p", engine) * 1e-12
                expect(abs(found / jobs - 1) < 0.01, f"{name}: {engine}: {found} of {jobs} J")
        # Tests between and after epochs are no part of the training's energy.
        summary, stats = run("train", "quickstart.yaml", "t", "dataset.train_limit=48",
                             "dataset.test_limit=16", "training.test_every_epoch=true",
                             "training.epochs=2", "trace.vcd.enable=false")
        check_sums("train", summary, stats)
        ideal, _ = run("profile", "h2learn.yaml", "i", "network.layers=16C3-10FC",
                       "network.timesteps=2", "training.batch_group=1", "memory.preset=ideal")
        expect(ideal["energy"]["dram_j"] is None, "an ideal memory has no energy")
        check_traffic()
    print("\n".join(failures) or "energy sums to itself")
    return 1 if failures else 0


sys.exit(main())
