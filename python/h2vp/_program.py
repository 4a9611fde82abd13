# SPDX-License-Identifier: Apache-2.0
"""The program h2vp, and what it says about itself."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile


class Error(RuntimeError):
    """A run that failed: `code` 1, or one that was refused: `code` 2. The message names file, key or
    line, and what is legal. `folder` holds what the run left behind, None if nothing."""

    def __init__(self, message, code, folder=None):
        super().__init__(message)
        self.code = code
        self.folder = folder


def program():
    """Path of the program: that in the environment variable H2VP, that of this package, or the one
    on PATH."""
    inside = pathlib.Path(__file__).parent / "bin" / "h2vp"
    named = os.environ.get("H2VP")
    for path in (named, str(inside), shutil.which("h2vp")):
        if path and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
        if path and path == named:
            raise FileNotFoundError(f"H2VP: {path} is no program")
    raise FileNotFoundError("no program h2vp in this package or on PATH; its path may be in the "
                            "environment variable H2VP")


def call(arguments):
    """Runs the program to its end; its output. Raises Error."""
    done = subprocess.run([program(), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Error(done.stderr.strip() or done.stdout.strip(), done.returncode)
    return done.stdout


def version():
    """The program's version."""
    return call(["--version"]).strip()


def flatten(config, prefix=""):
    """{"a": {"b": 1}} as {"a.b": 1}."""
    flat = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat.update(flatten(value, name + "."))
        else:
            flat[name] = value
    return flat


def set_arguments(overrides):
    """--set of every key: a nested or flat dictionary; a key may have __ for its dots."""
    arguments = []
    for key, value in flatten(overrides or {}).items():
        if hasattr(value, "tolist"):  # numbers and arrays of NumPy
            value = value.tolist()
        text = os.fspath(value) if isinstance(value, os.PathLike) else value
        written = text if isinstance(text, str) else json.dumps(text)
        arguments += ["--set", f"{key.replace('__', '.')}={written}"]
    return arguments


class ConfigFile:
    """The file of a configuration: of a path itself, of a dictionary one that is removed again."""

    def __init__(self, config):
        self._folder = None
        config = getattr(config, "config", config)  # of a Network
        if isinstance(config, dict):
            self._folder = tempfile.TemporaryDirectory(prefix="h2vp-")
            self.path = os.path.join(self._folder.name, "config.yaml")
            with open(self.path, "w", encoding="utf-8") as file:
                json.dump(config, file, default=os.fspath)  # JSON is YAML
        else:
            self.path = os.fspath(config)

    def __enter__(self):
        return self.path

    def __exit__(self, *reason):
        if self._folder is not None:
            self._folder.cleanup()


def load_config(config, overrides=None, **more):
    """The effective configuration as a dictionary: every key, includes and defaults filled in.
    `config` is a path or a dictionary; `overrides` and keyword arguments change keys. Raises Error
    that names file, line, key and legal values."""
    with ConfigFile(config) as path:
        text = call(["config", path, "--json", *set_arguments({**(overrides or {}), **more})])
    return json.loads(text)


def describe():
    """What every statistic of `Result.stats` means, with unit and formula: a text."""
    return call(["stats", "--describe"])
