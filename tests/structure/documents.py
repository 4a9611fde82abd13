#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails if a document links to a file that is not there, or names a path or an identifier that the
tree does not have. Usage: documents.py SOURCE_TREE
"""
import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:modules|memory|platform|traces|tests|examples|configs|docs)/[\w./*-]+")
# Words that only code has: CamelCase, snake_case, qualified names.
IDENTIFIER = re.compile(r"(?:\w+::)*(?:[A-Z][a-z0-9]+[A-Z]\w*|[a-z][a-z0-9]*_\w+)(?:\(\))?")


def tracked(root):
    names = subprocess.check_output(["git", "ls-files"], cwd=root, text=True).split("\n")
    return [name for name in names if name and (root / name).is_file()]


def words_of_code(root, names):
    words = set()
    for name in names:
        if name.endswith((".md", ".npy", ".bin")):
            continue
        text = (root / name).read_text(encoding="utf-8", errors="ignore")
        words.update(re.findall(r"\w+", text))
    return words


def faults(root, names):
    words = words_of_code(root, names)
    for name in (n for n in names if n.endswith(".md")):
        document = root / name
        for number, line in enumerate(document.read_text(encoding="utf-8").split("\n"), 1):
            where = f"{name}:{number}"
            for target in LINK.findall(line):
                if "://" not in target and not (document.parent / target).exists():
                    yield f"{where}: link to {target}, which is not there"
            for code in CODE.findall(line):
                if PATH.fullmatch(code):
                    if not list(root.glob(code.rstrip("/"))):
                        yield f"{where}: {code} is not there"
                elif IDENTIFIER.fullmatch(code):
                    if re.split("::", code.rstrip("()"))[-1] not in words:
                        yield f"{where}: nothing is called {code}"


if __name__ == "__main__":
    source = pathlib.Path(sys.argv[1])
    found = list(faults(source, tracked(source)))
    print("\n".join(found))
    sys.exit(bool(found))
