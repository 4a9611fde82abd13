#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails if the member behind a configuration key is read nowhere but in platform/config: such a key
has no effect. Usage: keys_are_read.py SOURCE_TREE
"""
import pathlib
import re
import sys


def members(root):
    """Members named by H2_AT in the key tables: "training.update.epsilon"."""
    for table in sorted((root / "platform/config").glob("keys*.cpp")):
        text = table.read_text(encoding="utf-8")
        yield from re.findall(r"H2_AT\(([\w.]+)\)", text)


def unread(root):
    code = []
    for top in ("memory", "modules", "platform", "traces"):
        for path in (root / top).rglob("*"):
            if path.suffix in {".h", ".inc", ".cpp"} and "platform/config" not in path.as_posix():
                text = path.read_text(encoding="utf-8")
                code.append(re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text))
    # An access, not the declaration: after a dot or an arrow.
    words = set(re.findall(r"(?:\.|->)(\w+)", "\n".join(code)))
    return sorted({m for m in members(root) if m.split(".")[-1] not in words})


if __name__ == "__main__":
    found = unread(pathlib.Path(sys.argv[1]))
    for member in found:
        print(f"the key of Config::{member} is read nowhere outside platform/config")
    sys.exit(bool(found))
