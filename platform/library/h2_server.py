# SPDX-License-Identifier: Apache-2.0
"""A served card of one's own."""

import os
import shutil
import subprocess
import tempfile
import time


class Server:
    """`h2vp serve CONFIG` as long as the `with` block lasts:

        with h2.Server("configs/h2learn.yaml") as server, h2.Card(server.socket) as card:
            card.load(network)

    `sets`: keys and values for --set. `h2vp`: the program; "" takes it from the environment
    variable H2VP, otherwise from where the system looks for programs. RuntimeError has what the
    program said if it ends before it listens."""

    def __init__(self, config, sets=None, h2vp="", seconds=60):
        program = h2vp or os.environ.get("H2VP") or shutil.which("h2vp")
        if not program:
            raise FileNotFoundError("h2vp is not found: name the program in the argument h2vp or "
                                    "in the environment variable H2VP")
        self._folder = tempfile.mkdtemp(prefix="h2-")
        self.socket = os.path.join(self._folder, "card")
        command = [program, "serve", os.fspath(config), "--socket", self.socket, "--quiet", "--out",
                   os.path.join(self._folder, "out")]
        for key, value in (sets or {}).items():
            command += ["--set", f"{key}={value}"]
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(command, stderr=self._errors)
        self._await(time.monotonic() + seconds)

    def _await(self, end):
        while not os.path.exists(self.socket):
            code = self._process.poll()
            if code is not None or time.monotonic() > end:
                self.close()
                self._errors.seek(0)
                said = self._errors.read().decode(errors="replace").strip()
                raise RuntimeError(said or f"h2vp serve ended with code {code}")
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        self.close()

    def close(self):
        """Ends the server; its results stay nowhere."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
