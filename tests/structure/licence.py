#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails if a source file does not name its licence in its first three lines.

usage: licence.py SOURCE_TREE
"""

import pathlib
import sys

KINDS = {".c", ".cmake", ".cpp", ".h", ".inc", ".js", ".py", ".S", ".sh", ".txt", ".v", ".yaml"}
FOLDERS = ("configs", "docs", "examples", "memory", "modules", "platform", "tests", "traces")
LINE = "SPDX-License-Identifier: Apache-2.0"


def main():
    tree = pathlib.Path(sys.argv[1])
    files = [path for folder in FOLDERS for path in sorted((tree / folder).rglob("*"))
             if path.suffix in KINDS and path.is_file() and "runs" not in path.parts]
    missing = []
    for path in files:
        with path.open(encoding="utf-8") as file:
            if LINE not in "".join(line for line, _ in zip(file, range(3))):
                missing.append(path.relative_to(tree))
    for path in missing:
        print(f"{path}: '{LINE}' is not in its first three lines")
    sys.exit(1 if missing or not files else 0)


if __name__ == "__main__":
    main()
