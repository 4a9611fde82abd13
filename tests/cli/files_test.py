#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files and names that others hand to h2vp: each is refused by name, none makes it wait for ever.

files_test.py H2VP SOURCE_DIR FIRMWARE_DIR
"""

import gzip
import json
import os
import unittest
from pathlib import Path

from hostile import MACHINE, QUICK, SMALL, Hostile, main, run


class Files(Hostile):
    """Reading what is no file might never end."""

    def test_no_plain_file(self):
        for kind in ("pipe", "folder", "device"):
            path = self.special(kind, kind)
            text = f"is a {kind}"
            with self.subTest(kind):
                self.refused(text, "config", path)
                self.refused(text, "firmware", MACHINE, "--elf", path)
                self.refused(text, "play", MACHINE, path)
                self.refused(text, "sweep", path)
                self.refused(text, "profile", QUICK, "--dry-run", "--set", f"energy.table={path}")
                (self.work / f"{kind}.yaml").write_text(f"include: {kind}\n")
                self.refused(f"{kind}.yaml:1:10: include: {kind}: {text}", "config",
                             f"{kind}.yaml")
                data = self.work / f"data-{kind}"
                data.mkdir()
                self.special(kind, f"data-{kind}/train-images-idx3-ubyte")
                self.refused(text, "train", QUICK, "--set", "dataset.kind=mnist", "--set",
                             f"dataset.path={data}")
                self.special(kind, f"data-{kind}/conv1.w.npy")
                self.refused(text, "train", QUICK, *SMALL, "--weights", data)
                txn = self.work / f"{kind}.txn"
                txn.write_text(f"load 0x1000000000 {kind}\n")
                self.refused(f"{kind}.txn:1: ", "play", MACHINE, txn)
                txn.write_text(f"dump 0x1000000000 4 {kind}\n")
                self.refused(f"{kind}.txn:1: dump: ", "play", MACHINE, txn)
        self.special("pipe", "checkpoint-1.h2ck")
        self.refused("is a pipe", "train", QUICK, *SMALL, "--resume", "checkpoint-1.h2ck")

    def test_missing(self):
        self.refused("nowhere: cannot be read: No such file", "config", "nowhere")
        self.refused("nowhere: cannot be read", "play", MACHINE, "nowhere")

    @unittest.skipIf(os.geteuid() == 0, "the administrator may read every file")
    def test_unreadable(self):
        path = self.work / "secret.yaml"
        path.write_text("")
        path.chmod(0)
        self.refused("secret.yaml: cannot be read: Permission denied", "config", path)

    def test_large_yaml(self):
        with open("large.yaml", "wb") as file:
            file.truncate(17 << 20)
        self.refused("large.yaml: has 17825792 bytes; legal: a YAML file of up to 16777216 bytes",
                     "config", "large.yaml")

    def test_includes(self):
        for i in range(30):
            Path(f"twice{i}.yaml").write_text(f"include: [next{i}.yaml, next{i}.yaml]\n")
            Path(f"next{i}.yaml").write_text(f"include: twice{i + 1}.yaml\n" if i < 29 else "")
        self.refused("include: is nested too deeply; legal: up to 16 files", "config",
                     "twice0.yaml")
        for i in range(12):
            Path(f"many{i}.yaml").write_text(f"include: [many{i + 1}.yaml, many{i + 1}.yaml]\n")
        Path("many12.yaml").write_text("")
        self.refused("include: brings in too many files", "config", "many0.yaml")
        Path("a.yaml").write_text("include: b.yaml\n")
        Path("b.yaml").write_text("include: a.yaml\n")
        self.refused("include: is a cycle: a.yaml -> b.yaml -> a.yaml", "config", "a.yaml")

    def test_deep_yaml(self):
        for text in ("[" * 100000, "{a: " * 100000):
            Path("deep.yaml").write_text(text)
            self.refused("deep.yaml:1:", "config", "deep.yaml")

    def test_gzip_bomb(self):
        with gzip.open("train-images-idx3-ubyte.gz", "wb", 1) as file:
            for _ in range(1100):
                file.write(bytes(1 << 20))
        self.refused("holds more than 1073741824 bytes", "train", QUICK, "--set",
                     "dataset.kind=mnist", "--set", "dataset.path=.")

    def test_json(self):
        code, message = run("train", QUICK, *SMALL, "--quiet", "--out", "good")
        self.assertEqual(code, 0, message)
        good = json.loads(Path("good/summary.json").read_text())
        Path("bad").mkdir()
        for text in ('{"time": 1e999}', "[" * 100000, "{", "5", '"x"', '{"time": 5}',
                     '{"time": {}, "layers": 7}', "\xff"):
            Path("bad/summary.json").write_text(text, encoding="latin-1")
            with self.subTest(text[:20]):
                self.refused("bad", "report", "bad")
                self.refused("bad", "diff", "bad", "good")
        # Every value of another type once: understood or refused by name.
        places = []

        def walk(node, place):
            for key in node if isinstance(node, dict) else range(len(node)):
                places.append(place + [key])
                if isinstance(node[key], (dict, list)) and node[key]:
                    walk(node[key], place + [key])

        walk({k: v for k, v in good.items() if k != "config"}, [])
        for place in places[::7]:
            for value in ("text", 5, [], {}, None, True):
                copy = json.loads(json.dumps(good))
                at = copy
                for key in place[:-1]:
                    at = at[key]
                at[place[-1]] = value
                Path("bad/summary.json").write_text(json.dumps(copy))
                command = ["report", "bad"] if value != 5 else ["diff", "bad", "good"]
                found, message = run(*command)
                self.assertIn(found, (0, 2), (place, value, message))
                self.assertNotIn("json.exception", message, (place, value))


class Text(Hostile):
    """Names and values of others do not control the terminal."""

    def test_control_characters(self):
        escape = "\x1b[31mred\x07\x9b\x7f"
        Path("value.yaml").write_text('clock_mhz: "\\e[31mred\\a"\n')
        Path("key.yaml").write_text('"\\e[31mred\\a": 1\n')
        Path(f"{escape}.yaml").write_text("clock_mhz: x\n")
        for arguments in (["config", "value.yaml"], ["config", "key.yaml"],
                          ["config", f"{escape}.yaml"], [escape],
                          ["config", QUICK, "--set", f"clock_mhz={escape}"],
                          ["train", QUICK, f"--{escape}"], ["report", escape],
                          ["play", MACHINE, f"{escape}.txn"]):
            message = self.refused("\\x1b[31mred\\x07", *arguments)
            self.assertEqual([c for c in message if ord(c) < 32 or 127 <= ord(c) < 160], ["\n"])

    def test_utf8_stays(self):
        self.refused("größe", "config", QUICK, "--set", "größe=1")

if __name__ == "__main__":
    main()
