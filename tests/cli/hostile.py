# SPDX-License-Identifier: Apache-2.0
"""What tests of hostile surroundings share: arguments H2VP SOURCE_DIR FIRMWARE_DIR, a folder of its
own for each test, and commands that have to end in time with a message of ours."""

import os
import resource
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

H2VP, SOURCE, FIRMWARE = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
QUICK = str(SOURCE / "configs/quickstart.yaml")
MACHINE = str(SOURCE / "configs/h2learn.yaml")
SMALL = ["--set", "dataset.train_limit=8", "--set", "dataset.test_limit=4"]
SECONDS = 60  # beyond which a command counts as hanging


def run(*arguments, shell="", **more):
    """Code and standard error; `shell` are redirections or limits of a shell."""
    command = [H2VP, *map(str, arguments)]
    if shell:
        command = ["bash", "-c", shell, "bash", *command]
    more.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run(command, stderr=subprocess.PIPE, timeout=SECONDS, **more)
    return done.returncode, done.stderr.decode(errors="surrogateescape")


class Hostile(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.work = Path(self.folder.name)
        self.before = Path.cwd()
        os.chdir(self.work)

    def tearDown(self):
        os.chdir(self.before)
        self.folder.cleanup()

    def refused(self, text, *arguments, code=2, **more):
        found, message = run(*arguments, **more)
        self.assertEqual(found, code, message)
        self.assertIn(text, message)
        for foreign in ("json.exception", "basic_filebuf", "std::", "In file:"):
            self.assertNotIn(foreign, message)
        return message

    def special(self, kind, name="special"):
        path = self.work / name
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        else:
            path.symlink_to("/dev/zero")
        return path


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main(module="__main__", argv=sys.argv[:1], verbosity=2)
