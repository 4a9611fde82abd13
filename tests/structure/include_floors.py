#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails if a file includes one of a higher floor of the house.

Floors, bottom to top: modules/base and modules/contract, traces/record, memory, modules,
traces/results and traces/report, platform. Inside modules: arithmetic, network and tensor, then
device and energy, then the accelerators. Usage: include_floors.py SOURCE_TREE
"""
import pathlib
import re
import sys

FLOORS = [("modules/base/", 0), ("modules/contract/", 0), ("traces/record/", 1), ("memory/", 2),
          ("modules/arithmetic/", 3), ("modules/network/", 3), ("modules/tensor/", 3),
          ("modules/device/", 4), ("modules/energy/", 4), ("modules/", 5), ("traces/", 6), ("platform/", 7)]
SUFFIXES = {".h", ".inc", ".cpp", ".c"}


def floor(path):
    return next(number for prefix, number in FLOORS if path.startswith(prefix))


def upward_includes(root):
    """Pairs (file, included file), both relative to `root`."""
    texts = {}
    for top in ("memory", "modules", "platform", "traces"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in SUFFIXES and not path.parent.is_symlink():
                texts[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
    for name, text in texts.items():
        for include in re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.M):
            if include in texts and floor(include) > floor(name):
                yield name, include


if __name__ == "__main__":
    found = list(upward_includes(pathlib.Path(sys.argv[1])))
    for name, include in found:
        print(f"{name} includes {include} of a higher floor")
    sys.exit(bool(found))
