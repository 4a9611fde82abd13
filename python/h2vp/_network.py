# SPDX-License-Identifier: Apache-2.0
"""A network of the accelerator that came from elsewhere."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib

import numpy


def weight_file(name):
    """Of the weights of `conv1`, or of its bias, `conv1.b`."""
    return f"{name}.npy" if name.endswith(".b") else f"{name}.w.npy"


class Unsupported(ValueError):
    """A module that the accelerator cannot compute; the message names it and the reason."""


@dataclasses.dataclass
class Network:
    """What `from_torch` makes: `config` and `weights` are what `train`, `infer` and `profile` take.
    `layers` is the paper's notation, or a list of layers where that cannot say all."""

    layers: str | list
    config: dict
    weights: dict
    remarks: list
    _sources: list = dataclasses.field(default_factory=list, repr=False)

    def with_config(self, overrides=None, **more):
        """The same network with other keys: {"training.epochs": 2}, or training__epochs=2."""
        from ._program import flatten
        changed = {**flatten(self.config), **flatten(overrides or {}),
                   **{key.replace("__", "."): value for key, value in more.items()}}
        nested = {}
        for key, value in changed.items():
            *path, name = key.split(".")
            at = nested
            for part in path:
                at = at.setdefault(part, {})
            at[name] = os.fspath(value) if isinstance(value, os.PathLike) else value
        return dataclasses.replace(self, config=nested)

    def save(self, folder):
        """Writes network.yaml and weights/<layer>.w.npy (.b.npy); their folder."""
        folder = pathlib.Path(folder)
        (folder / "weights").mkdir(parents=True, exist_ok=True)
        (folder / "network.yaml").write_text(json.dumps(self.config, indent=2) + "\n",
                                             encoding="utf-8")
        for name, array in self.weights.items():
            numpy.save(folder / "weights" / weight_file(name), array)
        return folder

    def to_torch(self, weights):
        """Puts weights of the accelerator, {layer: array} as in `Result.weights`, into the modules
        they came from. Factors and shifts that were folded in are taken out again."""
        import torch
        for layer in self._sources:
            values = numpy.asarray(weights[layer.name], numpy.float32) / layer.factor
            with torch.no_grad():
                layer.module.weight.copy_(torch.from_numpy(values.astype(numpy.float32)))
                if layer.item.get("bias"):
                    layer.put_bias(numpy.asarray(weights[layer.name + ".b"], numpy.float32))
