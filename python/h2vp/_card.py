# SPDX-License-Identifier: Apache-2.0
"""A simulated card in the hands of a training loop of one's own."""

import math
import os
import pathlib
import re
import sys

import numpy

from ._network import Network, weight_file
from ._program import ConfigFile, load_config, program, set_arguments

_WORD = re.compile(r"(?:(?P<channels>\d+)C(?P<kernel>\d+)(?:S(?P<stride>\d))?|(?P<neurons>\d+)FC)"
                   r"(?P<encoding>\(Encoding\))?")


def _driver():
    """The module h2 of the driver: of this package, or of the tree it lies in."""
    here = pathlib.Path(__file__).parent
    for folder in (here / "driver", here.parents[1] / "platform" / "library"):
        if (folder / "h2.py").exists():
            break
    else:
        raise ImportError("h2.py is not in this package")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    for beside in (folder / "libh2.so", pathlib.Path(program()).parent / "libh2.so"):
        if beside.exists():
            os.environ.setdefault("H2_LIBRARY", str(beside))
    import h2
    return h2


def _items(layers):
    """network.layers, text or list, as a list of layers."""
    if not isinstance(layers, str):
        return layers
    items = []
    for word in layers.split("-"):
        found = _WORD.fullmatch(word)
        if word == "AP2":
            items.append({"type": "pool"})
        elif found:
            sizes = {k: int(v) for k, v in found.groupdict().items() if v and k != "encoding"}
            items.append({"type": "fc" if "neurons" in sizes else "conv", **sizes,
                          "encoding": bool(found["encoding"])})
    return items


_NEURON = ("alpha", "th_f", "th_l", "th_r", "beta", "reset", "surrogate")


def _add(network, item, pool):
    """`pool`: the item behind it, if it is one."""
    for key in ("adds", "adds_potentials"):
        if item.get(key):
            raise ValueError(f"network.layers: {key}: {item[key]}; legal for a card: no shortcuts")
    common = {key: item[key] for key in _NEURON if key in item}
    common.update(encoding=item.get("encoding", False), bias=item.get("bias", False))
    if item["type"] == "fc":
        network.fc(item["neurons"], readout=item.get("readout", False), **common)
    else:
        pooled = pool is not None and ("max" if pool.get("kind") == "max" else True)
        network.conv(item["channels"], item.get("kernel", 3), pool=pooled,
                     stride=item.get("stride", 1), padding=item.get("padding", "same"), **common)


def _with_bias(layer, weights, bias):
    """As the card holds them: a constant input's weights behind the others, the bias in their
    middle."""
    shape = layer.weight_shapes()[0]
    behind = numpy.zeros((shape[0], 1, *shape[2:]), numpy.float32)
    behind.reshape(shape[0], -1)[:, behind[0].size // 2] = bias
    return numpy.concatenate([numpy.asarray(weights, numpy.float32), behind], 1)


def _network(h2, config):
    """The driver's network of an effective configuration."""
    network, training, neuron = config["network"], config["training"], config["neuron"]
    items = _items(network["layers"])
    if any(item["type"] == "pool" for item in items) and network["pool"] != "after_soma":
        raise ValueError(f"network.pool {network['pool']!r}; legal for a card: after_soma")
    if training["loss_scale"] == "dynamic":
        raise ValueError("training.loss_scale 'dynamic'; legal for a card: a power of two")
    shape = network["input"]
    made = h2.Network(shape["channels"], shape["height"], shape["width"], network["timesteps"],
                      training["sub_batch"], training["learning_rate"], training["loss_scale"],
                      training["optimizer"], training["momentum"], training["beta1"],
                      training["beta2"], training["epsilon"],
                      **{key: neuron[key] for key in _NEURON})
    for item, behind in zip(items, [*items[1:], {"type": "end"}]):
        if item["type"] != "pool":
            _add(made, item, behind if behind["type"] == "pool" else None)
    return made


class Card:
    """A card that a program of its own simulates, with a network on it, as long as the `with` block
    lasts. A loop of PyTorch's kind:

        with h2vp.Card(network, {"training.learning_rate": 0.01}) as card:
            for samples, labels in batches:
                loss = torch.nn.functional.cross_entropy(card(samples), labels)
                loss.backward()                    # backward pass and weight gradients on the card
                card.update()                      # the card's optimiser
            card.weights                           # {layer: array}

    `config`: as of `train`; network, neuron, optimiser, learning rate, loss scale and
    training.sub_batch, the most samples of a forward pass, come from there. `weights`: a folder of
    <layer>.w.npy or {layer: array}; without it those of a `Network`, or normal ones as He et al.
    2015 draw them, with training.init_gain and training.seed."""

    def __init__(self, config, overrides=None, *, weights=None, **more):
        if isinstance(config, Network):
            weights = config.weights if weights is None else weights
            config = config.config
        sets = {**(overrides or {}), **more}
        self._h2 = _driver()
        self.config = load_config(config, sets)
        if not self.config["network"]["layers"]:
            raise ValueError("network.layers: no network given")
        self._network = _network(self._h2, self.config)
        self._names = _names(self._network)
        start = self._start_weights(weights)
        with ConfigFile(config) as path:
            pairs = [text.split("=", 1) for text in set_arguments(sets)[1::2]]
            self._server = self._h2.Server(path, dict(pairs), program())
        try:
            self._card = self._h2.Card(self._server.socket)
            self._card.load(self._network)
            self.load_weights(start)
        except BaseException:
            self._server.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        self.close()

    def close(self):
        """Ends the card."""
        self._card.close()
        self._server.close()

    def _start_weights(self, weights):
        from h2_structures import BIAS
        if isinstance(weights, dict):
            return weights
        if weights is not None:
            names = [name for layer in self._names for name in (layer, layer + ".b")]
            return {name: numpy.load(os.path.join(weights, weight_file(name))) for name in names
                    if os.path.exists(os.path.join(weights, weight_file(name)))}
        training = self.config["training"]
        random = numpy.random.default_rng(training["seed"])
        start = {}
        for name, layer in zip(self._names, self._network.layers):
            shape = list(layer.weight_shapes()[0])
            if layer.flags & BIAS:
                shape[1] -= 1
                start[name + ".b"] = numpy.zeros(shape[0])
            deviation = training["init_gain"] * math.sqrt(2 / math.prod(shape[1:]))
            start[name] = random.normal(0, deviation, shape)
        return start

    def load_weights(self, weights):
        """Takes {layer: array}, OIHW or (out, in), and biases as `conv1.b`. The optimiser forgets
        what it had gathered."""
        from h2_structures import BIAS
        for number, (name, layer) in enumerate(zip(self._names, self._network.layers)):
            biased = layer.flags & BIAS
            for needed in (name, name + ".b") if biased else (name,):
                if needed not in weights:
                    raise ValueError(f"weights: none of layer {needed}; legal: one array for each "
                                     f"of {', '.join(self._names)}, and <layer>.b of those with "
                                     "bias")
            values = weights[name]
            if biased:
                values = _with_bias(layer, values, weights[name + ".b"])
            self._card.write_weights(number, numpy.ascontiguousarray(values, numpy.float32))

    @property
    def weights(self):
        """The weights as the engines use them, {layer: array}; the bias of `conv1` is `conv1.b`."""
        from h2_structures import BIAS
        kind = numpy.float16 if self._card.register("CAPABILITIES") & 0xFF == 2 else numpy.float32
        found = {}
        for number, (name, layer) in enumerate(zip(self._names, self._network.layers)):
            values = numpy.array(self._card.read_weights(number), kind)
            values = values.reshape(layer.weight_shapes()[0])
            if layer.flags & BIAS:
                rows = values[:, -1].reshape(len(values), -1)
                found[name + ".b"] = rows[:, rows.shape[1] // 2].copy()
                values = values[:, :-1]
            found[name] = values
        return found

    @property
    def seconds(self):
        """Simulated time."""
        return self._card.seconds

    def _rows(self, samples):
        """Samples as the driver takes them: uint8, contiguous."""
        values = numpy.asarray(samples)
        legal = self._network.sample_shapes()
        if values.shape[1:] not in legal:
            raise ValueError(f"samples of shape {values.shape[1:]}; legal: "
                             f"{' or '.join(map(str, legal))} behind the number of samples")
        rounded = values.astype(numpy.uint8)
        if not numpy.array_equal(rounded, values):
            raise ValueError("samples: legal are pixels 0 to 255 or spikes 0 and 1, whole numbers")
        return list(rounded)

    def forward(self, samples):
        """Forward pass of at most training.sub_batch samples, [B,C,H,W] pixels or [B,T,C,H,W]
        spikes. Outputs, float32 [B,classes]: spikes summed over the timesteps."""
        rows = self._card.forward(self._rows(samples))
        return numpy.array([list(row) for row in rows], numpy.float32)

    def backward(self, gradients, last=True):
        """Backward pass and weight gradients of the last forward(): `gradients` of the loss by its
        outputs, [B,classes]. Those of several passes add up until one is the `last`."""
        self._card.backward(numpy.ascontiguousarray(gradients, numpy.float32), last)

    def update(self, learning_rate=None, weight_decay=0):
        """The optimiser's step, behind the last backward() of a group; with `learning_rate` at this
        rate from now on."""
        if learning_rate is not None:
            self._card.set_rates(learning_rate, weight_decay)
        self._card.update()

    def infer(self, samples):
        """Classes of any number of samples, int32."""
        rows, size = self._rows(samples), self._network.table.sub_batch
        found = [self._card.infer(rows[i:i + size]) for i in range(0, len(rows), size)]
        return numpy.array([k for part in found for k in part], numpy.int32)

    def __call__(self, samples, last=True):
        """forward() as a function of PyTorch: a tensor of the outputs whose backward pass is
        backward()."""
        import torch
        card = self

        class Pass(torch.autograd.Function):
            """Both passes on the card."""

            @staticmethod
            def forward(ctx, anchor):
                return torch.from_numpy(card.forward(samples))

            @staticmethod
            def backward(ctx, gradient):
                card.backward(gradient.numpy(), last)
                return torch.zeros(())

        return Pass.apply(torch.zeros((), requires_grad=True))


def _names(network):
    """conv1.., fc1.. in order."""
    from h2_structures import CONV
    counts, names = {}, []
    for layer in network.layers:
        kind = "conv" if layer.kind == CONV else "fc"
        counts[kind] = counts.get(kind, 0) + 1
        names.append(f"{kind}{counts[kind]}")
    return names
