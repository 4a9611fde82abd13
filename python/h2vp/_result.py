# SPDX-License-Identifier: Apache-2.0
"""What a run left behind, read when it is asked for."""

import functools
import json
import pathlib

import numpy


def _arrays(folder, ending):
    """{name: array} of the files `<name><ending>` in a folder."""
    return {path.name[:-len(ending)]: numpy.load(path)
            for path in sorted(pathlib.Path(folder).glob("*" + ending))}


class Result:
    """One run. `folder` keeps its files; `report()` makes its page."""

    def __init__(self, folder, golden=None, temporary=None):
        self.folder = pathlib.Path(folder)
        self._golden = golden
        self._temporary = temporary  # removed with the last reference to this result

    def __repr__(self):
        return f"Result({str(self.folder)!r})"

    def _json(self, name):
        path = self.folder / name
        if not path.exists():
            raise FileNotFoundError(f"{path}: this kind of run does not write it")
        return json.loads(path.read_text(encoding="utf-8"))

    @functools.cached_property
    def summary(self):
        """summary.json as a dictionary: result, time, engines, layers, memory, energy, warnings."""
        return self._json("summary.json")

    @functools.cached_property
    def stats(self):
        """stats.json as a dictionary; `describe()` says what its entries mean."""
        return self._json("stats.json")

    @functools.cached_property
    def weights(self):
        """Trained weights by layer: float16 OIHW or (out, in); float32 under numerics fp32. The
        bias of `conv1` is `conv1.b`."""
        biases = _arrays(self.folder / "weights", ".b.npy")
        return {**_arrays(self.folder / "weights", ".w.npy"),
                **{f"{layer}.b": array for layer, array in biases.items()}}

    @functools.cached_property
    def golden(self):
        """Tensors of `golden=True`: {sub-batch: {"conv1.s": array, ..}}."""
        if self._golden is None:
            raise FileNotFoundError("no tensors were asked for; legal: golden=True")
        return {int(path.name): _arrays(path, ".npy")
                for path in sorted(pathlib.Path(self._golden).iterdir()) if path.name.isdigit()}

    @functools.cached_property
    def predictions(self):
        """Of infer: the predicted class of every test sample, int32."""
        return numpy.load(self.folder / "predictions.npy")

    @functools.cached_property
    def confusion(self):
        """Of infer: samples by label (row) and prediction (column)."""
        return numpy.loadtxt(self.folder / "confusion.csv", delimiter=",", skiprows=1,
                             ndmin=2).astype(numpy.int64)[:, 1:]

    @property
    def accuracy(self):
        """Share of test samples predicted right; None if nothing was tested."""
        for part, name in (("inference", "accuracy"), ("result", "test_accuracy")):
            if part in self.summary:
                return self.summary[part][name]
        return None

    def frame(self, table="layers"):
        """A list of dictionaries in the summary as a pandas frame, one row per entry: `layers`, or
        `result.epochs`. ImportError where pandas is missing."""
        import pandas
        rows = self.summary
        for name in table.split("."):
            rows = rows[name]
        return pandas.json_normalize(rows)

    def report(self):
        """Makes the page report.html of this run; its path."""
        from ._program import call
        call(["report", str(self.folder), "--quiet"])
        return self.folder / "report.html"
