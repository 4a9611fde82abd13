#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every physical figure of a SpinAPS card changes the results that it should, by as much as it
should, and no other: `h2vp infer` with one key changed at a time.
usage: figures_test.py H2VP SOURCE_DIR
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

H2VP, SOURCE = (os.path.abspath(path) for path in sys.argv[1:3])
CONFIG = os.path.join(SOURCE, "configs/spinaps.yaml")
SMALL = ["dataset.kind=digits", "dataset.train_limit=400", "dataset.test_limit=40",
         "training.epochs=1"]
SRAM = ["spinaps.technology=sram"]
FAILING = ["spinaps.write_failure=0.01", "spinaps.write_tries=20"]
ARRAYS, CELLS = 3, 3 * 256 * 1024  # that the network takes

# (key=value, what is set with and without it, {result: factor}). A factor of None: it changes, by
# what no closed form says. Leakage is that of the cells alone.
FIGURES = [
    ("spinaps.stt.area_f2=108", [], {"area": 2}),
    ("spinaps.stt.read_pj=0.09", [], {"read_j": 3, "verify_j": 3}),
    ("spinaps.stt.write_pj=1.5", [], {"write_j": 3}),
    ("spinaps.stt.write_ns=20", [], {"program_cycles": 5 / 3}),  # 4 cycles and one to verify
    ("spinaps.stt.leakage_nw=2", [], {"leakage_w": CELLS * 2e-9}),
    ("spinaps.sram.area_f2=73", SRAM, {"area": 0.5}),
    ("spinaps.sram.read_pj=0.0875", SRAM, {"read_j": 2, "verify_j": 2}),
    ("spinaps.sram.write_pj=0.545", SRAM, {"write_j": 4}),
    ("spinaps.sram.write_ns=15", SRAM, {"program_cycles": 2}),  # 3 and 1, before 1 and 1
    ("spinaps.sram.leakage_nw=7.9", SRAM, {"leakage_w": CELLS * -10e-9}),
    # Figures of the cells that are not there change nothing.
    ("spinaps.sram.area_f2=1", [], {}), ("spinaps.sram.read_pj=1", [], {}),
    ("spinaps.sram.write_pj=1", [], {}), ("spinaps.sram.write_ns=50", [], {}),
    ("spinaps.sram.leakage_nw=1", [], {}), ("spinaps.stt.read_pj=1", SRAM, {}),
    ("spinaps.technology=sram", [],
     {"area": 146 / 54, "read_j": 0.04375 / 0.03, "verify_j": 0.04375 / 0.03,
      "write_j": 0.13625 / 0.5, "program_cycles": 2 / 3, "leakage_w": CELLS * 17.9e-9}),
    ("spinaps.feature_nm=56", [], {"area": 4}),
    ("spinaps.array_efficiency=0.25", [], {"area": 2}),
    ("spinaps.rows=512", [], {"area": 2 / ARRAYS * 2}),  # two arrays, twice as large
    ("spinaps.columns=2048", [], {"area": 1 / ARRAYS * 2}),  # one: 25 slices a row instead of 12
    ("spinaps.arrays=6", [], {"area": 2}),
    ("spinaps.arrays=6", ["spinaps.stt.leakage_nw=1"], {"area": 2, "leakage_w": CELLS * 1e-9}),
    ("spinaps.parallel=true", [], {"infer_cycles": None}),
    ("spinaps.buffer_bytes=16384", [], {"buffer_area": 2, "leakage_w": None}),
    ("spinaps.write_failure=0.02", FAILING,
     {"program_cycles": None, "write_j": None, "verify_j": None}),
    ("spinaps.write_tries=4", FAILING, {}),  # enough here: no slice takes more
    ("clock_mhz=100", [], {"seconds": 2, "program_cycles": 2 / 3}),  # 10 ns are one cycle
]


def h2vp(*command, sets=()):
    words = [H2VP, *map(str, command), "--quiet"]
    for one in sets:
        words += ["--set", one]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def results_of(folder):
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    layers = {layer["name"]: layer for layer in summary["layers"]}
    energy, area = summary["energy"], summary["area"]["by_part"]
    infer = layers["fc1"]["compute_cycles_total"]
    return {
        "answers": (folder / "decisions.npy").read_bytes(),
        "infer_cycles": infer,
        "program_cycles": layers["program"]["compute_cycles_total"],
        "seconds": infer / summary["config"]["clock_mhz"],
        "read_j": energy["by_event"]["bits_read"],
        "verify_j": energy["by_event"]["bits_verified"],
        "write_j": energy["by_event"]["bits_written"],
        "leakage_w": energy["leakage_w"]["spinaps"],
        "area": area["spinaps.arrays"],
        "buffer_area": area["spinaps.buffer"],
    }


def follows(name, before, after, factor):
    if factor is None:
        return after != before
    expected = before + factor if name == "leakage_w" else before * factor
    return abs(after - expected) <= 1e-9 * abs(expected)


def faults(before, after, expected, what):
    for name, value in after.items():
        # Where cycles change, so do seconds, but for another clock.
        if name == "seconds" and "infer_cycles" in expected:
            continue
        if name in expected:
            if not follows(name, before[name], value, expected[name]):
                yield f"{what}: {name} is {value}, was {before[name]}, factor {expected[name]}"
        elif value != before[name]:
            yield f"{what}: {name} must not change"


def main():
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        h2vp("train", CONFIG, "--out", out / "train", sets=SMALL)

        def run(sets):
            target = out / str(abs(hash(tuple(sets))))
            h2vp("infer", CONFIG, "--out", target, "--weights", out / "train" / "weights",
                 sets=[*SMALL, *sets])
            return results_of(target)

        wanted = {tuple(base) for _, base, _ in FIGURES}
        wanted |= {(*base, key) for key, base, _ in FIGURES}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = dict(zip(wanted, pool.map(run, wanted)))
    wrong = [fault for key, base, expected in FIGURES for fault in
             faults(found[tuple(base)], found[(*base, key)], expected, f"{key} {base}")]
    print("\n".join(wrong) or f"{len(FIGURES)} figures, each as it should")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
