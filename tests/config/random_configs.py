#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random configurations whose every value the schema allows: what the simulator cannot run is
refused when the configuration is read or laid out, with the place, the key and the legal values.

random_configs.py H2VP FIRST_SEED COUNT [SECONDS_PER_RUN]

Each configuration is read (h2vp config), laid out (h2vp profile --dry-run) and run (h2vp profile).
A refusal counts as late when it comes behind the first step, and as nameless when it does not tell a
key and what is legal. A run that is still busy after SECONDS_PER_RUN is ended and counts as busy.
Prints the counts; exit code 1 unless late and nameless are both 0.
"""

import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LAYERS = ["4C3(Encoding)-4C3-AP2-4FC", "4C3-4C3S2-4FC", "8FC(Encoding)-4FC", "4C5-AP2-6C3-4FC",
          "4FC", "4C3(Encoding)-20C3-4FC"]
# Small, so that most runs end; drawn keys take their place.
SMALL = {"network.input.height": 8, "network.input.width": 8, "network.timesteps": 2,
         "training.sub_batch": 2, "training.batch_group": 2}
# Keys that only make a run longer, end it on purpose or write files elsewhere.
QUIET = {"training.checkpoint.dir", "dataset.path", "profile.masks", "energy.table", "include",
         "profile.samples", "trace.vcd.scopes", "trace.probe.sockets", "host.watchdog_cycles"}
NAMED = re.compile(r"\b[a-z_]+(\.[a-z_0-9]+)*: .*; legal", re.S)


def leaves(schema, path=""):
    for name, item in schema["properties"].items():
        below = f"{path}.{name}" if path else name
        if "properties" in item:
            yield from leaves(item, below)
        elif below not in QUIET:
            yield below, item


def drawn(random_, item):
    """A legal value, half of them near the default or at the ends."""
    if "anyOf" in item:
        return drawn(random_, random_.choice(item["anyOf"][:1]))
    if "enum" in item:
        words = item["enum"]
        # A network that runs on the accelerators that are profiled, most of the time.
        if "spinalflow" in words and random_.random() < 0.8:
            words = ["h2learn", "sata"]
        return random_.choice(words)
    if item["type"] == "boolean":
        return random_.random() < 0.5
    if item["type"] == "string":
        return item.get("default", "")
    low = item.get("minimum", item.get("exclusiveMinimum"))
    high = item.get("maximum", item.get("exclusiveMaximum"))
    if item["type"] == "integer":
        kind = random_.randrange(4)
        if kind == 0:
            return random_.choice([low, high])
        if kind == 1 and isinstance(item.get("default"), int):
            return min(high, max(low, item["default"] + random_.choice([-1, 1, item["default"]])))
        step = 2 ** random_.uniform(0, max(1, (high - low).bit_length()))
        return int(min(high, max(low, low + step)))
    value = low + (high - low) * random_.random() ** random_.choice([1, 8, 30])
    return value if low < value < high else (low + high) / 2


def configuration(random_, keys):
    chosen = dict(SMALL)
    for path, item in random_.sample(keys, random_.randint(1, 6)):
        if "default" in item and "anyOf" in item:
            item = {**item["anyOf"][0], "default": item["default"]}
        chosen[path] = drawn(random_, item)
    chosen.setdefault("network.layers", random_.choice(LAYERS))
    if random_.random() < 0.1:
        chosen["network.layers"] = "-".join(["4C3"] * random_.randint(60, 70) + ["10FC"])
    elif not isinstance(chosen["network.layers"], str) or not chosen["network.layers"]:
        chosen["network.layers"] = random_.choice(LAYERS)
    chosen["profile.sub_batches"] = 1
    if chosen.get("accelerator") == "sata" and random_.random() < 0.8:
        chosen["neuron.alpha"] = 0.9375
    chosen["trace.vcd.enable"] = False
    return chosen


def yaml_text(chosen):
    tree = {}
    for path, value in chosen.items():
        at = tree
        words = path.split(".")
        for word in words[:-1]:
            at = at.setdefault(word, {})
        at[words[-1]] = value
    lines = []

    def walk(at, depth):
        for name, value in at.items():
            if isinstance(value, dict):
                lines.append("  " * depth + name + ":")
                walk(value, depth + 1)
            else:
                text = json.dumps(value)
                if "e" in text and isinstance(value, float):
                    text = f"{value:.20f}"
                lines.append("  " * depth + f"{name}: {text}")

    walk(tree, 0)
    return "\n".join(lines) + "\n"


def main():
    h2vp, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    limit = float(sys.argv[4]) if len(sys.argv) > 4 else 2
    schema = json.loads(subprocess.run([h2vp, "config", "--schema"], check=True, text=True,
                                       capture_output=True).stdout)
    keys = list(leaves(schema))
    counts = {"ran": 0, "busy": 0, "refused": 0, "late": 0, "nameless": 0}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "random.yaml"
        steps = [["config", file], ["profile", file, "--dry-run"],
                 ["profile", file, "--quiet", "--threads", "1", "--out", Path(folder) / "out"]]
        for seed in range(first, first + count):
            file.write_text(yaml_text(configuration(random.Random(seed), keys)))
            outcome = "ran"
            for number, step in enumerate(steps):
                try:
                    run = subprocess.run([h2vp, *map(str, step)], text=True, capture_output=True,
                                         timeout=limit)
                except subprocess.TimeoutExpired:
                    outcome = "busy"
                    break
                if run.returncode == 0:
                    continue
                named = run.returncode == 2 and NAMED.search(run.stderr)
                # An accelerator that only infers is refused by the command.
                early = number == 0 or number == 1 and "infer" in run.stderr
                outcome = "refused" if named and early else "nameless" if early else "late"
                if outcome != "refused":
                    print(f"seed {seed}: {outcome} in step {number + 1}, code "
                          f"{run.returncode}: {run.stderr.strip()[-400:]}")
                break
            counts[outcome] += 1
    print(f"{count} configurations from seed {first}: " +
          ", ".join(f"{number} {name}" for name, number in counts.items()))
    sys.exit(counts["late"] + counts["nameless"] != 0)


if __name__ == "__main__":
    main()
