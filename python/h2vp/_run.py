# SPDX-License-Identifier: Apache-2.0
"""Runs of the program, each in its own process."""

import os
import pathlib
import re
import subprocess
import tempfile

from ._network import Network, weight_file
from ._program import ConfigFile, Error, program, set_arguments
from ._result import Result

COMMANDS = ("train", "profile", "infer", "traffic", "data")
_PROGRESS = re.compile(
    r"^(?P<phase>train|test|profile) +(?:epoch (?P<epoch>\d+)/(?P<epochs>\d+) +)?"
    r"sub-batch (?P<sub_batch>\d+)/(?P<of>\d+)"
    r"(?: +loss (?P<loss>\S+) +accuracy (?P<accuracy>\S+) %)?"
    r" +simulated (?P<simulated_ms>\S+) ms +ETA (?P<eta_s>\S+) s")


def parse_progress(line):
    """A line of progress as a dictionary, None for another line. `accuracy` is a share."""
    found = _PROGRESS.match(line)
    if not found:
        return None
    values = {}
    for key, text in found.groupdict().items():
        if text is not None:
            whole = key in ("epoch", "epochs", "sub_batch", "of")
            values[key] = text if key == "phase" else int(text) if whole else float(text)
    if "accuracy" in values:
        values["accuracy"] /= 100
    return values


def _stream(arguments, progress):
    """Runs the program and hands its lines on as they come. Output, errors, exit code."""
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen([program(), *arguments], stdout=subprocess.PIPE, stderr=errors,
                                 text=True)
        lines = []
        try:
            for line in child.stdout:
                lines.append(line)
                values = parse_progress(line) if progress else None
                if values:
                    progress(values)
            child.wait()
        except BaseException:
            # Ctrl-C reaches the program as well: it ends in good order with what it has.
            child.terminate()
            child.wait()
            raise
        errors.seek(0)
        return "".join(lines), errors.read().strip(), child.returncode


def _checked(value, name):
    if not os.path.isdir(value):
        raise FileNotFoundError(f"{name}: no folder {os.fspath(value)}")
    return os.fspath(os.path.abspath(value))


def _weights_folder(weights, work):
    """A folder as it is; arrays {layer: array} written as files."""
    if not isinstance(weights, dict):
        return _checked(weights, "weights")
    import numpy
    folder = pathlib.Path(work) / "start-weights"
    folder.mkdir()
    for layer, array in weights.items():
        array = numpy.asarray(array)
        if array.dtype not in (numpy.float16, numpy.float32):
            array = array.astype(numpy.float32)
        numpy.save(folder / weight_file(layer), numpy.ascontiguousarray(array))
    return str(folder)


def run(command, config, overrides=None, *, out=None, weights=None, golden=False, threads=None,
        progress=None, arguments=(), **more):
    """Runs `command` (train, profile, infer, traffic, data) and returns its `Result`.

    config     path of a configuration, a nested dictionary, or a `Network`, whose weights are taken
    overrides  {"training.epochs": 2}, or nested; keyword arguments do the same with __ for dots:
               training__epochs=2
    out        folder for the results; without one a temporary folder that lives as long as the
               result
    weights    folder of <layer>.w.npy, or {layer: array}
    golden     True, or a list of sub-batches: also keep their tensors
    progress   called with a dictionary for every line of progress: phase, epoch, epochs, sub_batch,
               of, loss, accuracy, simulated_ms, eta_s
    arguments  further arguments of the command line

    Raises Error with the program's own message, TypeError and ValueError for bad arguments."""
    if command not in COMMANDS:
        raise ValueError(f"command {command!r}; legal: {', '.join(COMMANDS)}")
    if progress is not None and not callable(progress):
        raise TypeError("progress is no function")
    temporary = tempfile.TemporaryDirectory(prefix="h2vp-")
    if isinstance(config, Network):
        weights = config.weights if weights is None else weights
        config = config.config
    folder = pathlib.Path(temporary.name) / "run" if out is None else pathlib.Path(out)
    with ConfigFile(config) as path:
        line = [command, path, *set_arguments({**(overrides or {}), **more})]
        golden_folder = None
        if command == "traffic":
            folder.mkdir(parents=True, exist_ok=True)
            line += ["--json", str(folder / "summary.json")]
        else:
            line += ["--out", str(folder)]
        if weights is not None and command in ("train", "infer"):
            line += ["--weights", _weights_folder(weights, temporary.name)]
        if golden is not False:
            golden_folder = folder / "golden"
            numbers = [0] if golden is True else golden
            line += ["--golden", str(golden_folder), "--golden-sub-batches",
                     ",".join(str(int(n)) for n in numbers)]
        if threads is not None:
            line += ["--threads", str(int(threads))]
        output, errors, code = _stream([*line, *arguments], progress)
    if code != 0:
        raise Error(errors or output.strip(), code, folder if folder.exists() else None)
    result = Result(folder, golden_folder, temporary)
    result.output = output
    return result


def train(config, overrides=None, **options):
    """Trains and tests: `run("train", ..)`."""
    return run("train", config, overrides, **options)


def profile(config, overrides=None, **options):
    """Times a network without data: `run("profile", ..)`."""
    return run("profile", config, overrides, **options)


def infer(config, weights=None, overrides=None, **options):
    """Classifies the test samples with given weights: `run("infer", ..)`."""
    return run("infer", config, overrides, weights=weights, **options)


def traffic(config, overrides=None, **options):
    """Loads one memory with synthetic requests: `run("traffic", ..)`."""
    return run("traffic", config, overrides, **options)


def data(config, overrides=None, samples=False, **options):
    """Looks at a data set. With `samples` the dictionary {"train_samples": array, "train_labels":
    array, ..}, else the text of `h2vp data`."""
    if not samples:
        return run("data", config, overrides, **options).output
    import numpy
    with tempfile.TemporaryDirectory(prefix="h2vp-") as folder:
        run("data", config, overrides, arguments=("--npy", folder), **options)
        return {path.stem: numpy.load(path) for path in pathlib.Path(folder).glob("*.npy")}
