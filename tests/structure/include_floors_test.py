#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""include_floors.py finds what it is there to find."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import include_floors


class IncludeFloors(unittest.TestCase):
    def found(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, includes in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(f'#include "{i}"\n' for i in includes))
            return list(include_floors.upward_includes(root))

    def test_up_is_found_and_down_is_not(self):
        self.assertEqual(self.found({"memory/a.h": ["platform/b.h"], "platform/b.h": []}),
                         [("memory/a.h", "platform/b.h")])
        self.assertEqual(self.found({"memory/a.h": [], "platform/b.h": ["memory/a.h"]}), [])

    def test_results_may_not_know_the_platform_nor_records_the_memory(self):
        files = {"traces/results/a.cpp": ["platform/b.h"], "platform/b.h": [],
                 "traces/record/c.h": ["memory/d.h"], "memory/d.h": []}
        self.assertEqual(len(self.found(files)), 2)

    def test_rooms_of_modules(self):
        files = {"modules/tensor/a.h": ["modules/h2learn/b.h"], "modules/h2learn/b.h": []}
        self.assertEqual(len(self.found(files)), 1)
        files = {"modules/device/a.h": ["modules/h2learn/b.h"], "modules/h2learn/b.h": []}
        self.assertEqual(len(self.found(files)), 1)


unittest.main()
