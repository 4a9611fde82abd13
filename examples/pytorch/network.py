# SPDX-License-Identifier: Apache-2.0
"""The network of a configuration as PyTorch tensors and functions with autograd."""
import math
import re

import torch
import torch.nn.functional as F


def slopes(neuron):
    """Grad's table: 64 parts of the interval from th_l to th_r."""
    z = [(i + 0.5) / 32 - 1 for i in range(64)]
    curves = {"triangle": lambda x: 1 - abs(x),
              "atan": lambda x: 1 / (1 + (math.pi * x) ** 2),
              "fast_sigmoid": lambda x: (1 + 25 * abs(x)) ** -2}
    curve = curves[neuron["surrogate"]]
    return torch.tensor([curve(x) for x in z]).half().float() * neuron["beta"]


class Spike(torch.autograd.Function):
    """Step forward; backward the rectangle of Eq. (5), or a table."""

    @staticmethod
    def forward(ctx, u, neuron):
        ctx.neuron = neuron
        ctx.save_for_backward(u)
        return (u >= neuron["th_f"]).float()

    @staticmethod
    def backward(ctx, grad):
        (u,), n = ctx.saved_tensors, ctx.neuron
        open_ = (u > n["th_l"]) & (u < n["th_r"])
        if n["surrogate"] == "rectangle":
            return grad * n["beta"] * open_, None
        low, high = torch.tensor(float(n["th_l"])), torch.tensor(float(n["th_r"]))
        place = ((u - low) * (64 / (high - low))).long().clamp(0, 63)
        return grad * slopes(n)[place] * open_, None


def items_of(layers):
    """The paper's notation as a list of maps, as network.layers may be too."""
    if not isinstance(layers, str):
        return layers
    items = []
    for item in layers.split("-"):
        if item == "AP2":
            items.append({"type": "pool"})
            continue
        kind, stride, encoding = re.fullmatch(r"\d+(C|FC)\d*(?:S(\d))?(\(Encoding\))?",
                                              item).groups()
        items.append({"type": "conv" if kind == "C" else "fc", "stride": int(stride or 1),
                      "encoding": bool(encoding)})
    return items


def parse(config):
    """Layers with weights: what is pooled behind them, and their own neurons."""
    layers = []
    for item in items_of(config["network"]["layers"]):
        if item["type"] == "pool":
            layers[-1]["pool"] = item.get("kind", "average")
            continue
        own = {name: item.get(name, value) for name, value in config["neuron"].items()}
        layers.append({**item, "pool": None, "neuron": own, "conv": item["type"] == "conv"})
    return layers


def names_of(layers):
    """conv1, conv2, ..., fc1, ..."""
    names = []
    for layer in layers:
        kind = "conv" if layer["conv"] else "fc"
        names.append(f"{kind}{1 + sum(name.startswith(kind) for name in names)}")
    return names


class Network:
    def __init__(self, config):
        self.steps = config["network"]["timesteps"]
        self.before = config["network"]["pool"] == "before_soma"
        self.layers = parse(config)
        self.names = names_of(self.layers)
        self.encoding = self.layers[0].get("encoding", False)
        self.readout = self.layers[-1].get("readout", False)

    def spatial(self, layer, weight, value):
        """The last input channel of a layer with bias is 1 everywhere, and the weight in the middle
        of its kernel is the bias."""
        bias, middle = None, weight.shape[-1] // 2
        if layer.get("bias", False):
            constant = weight[:, -1]
            weight, bias = weight[:, :-1], constant
            if layer["conv"]:
                bias = constant[:, middle, middle]
        if not layer["conv"]:
            return F.linear(value.flatten(1), weight, bias)
        padding = 0 if layer.get("padding", "same") in ("valid", "0", 0) else middle
        value = F.conv2d(value, weight, bias, stride=layer.get("stride", 1), padding=padding)
        return F.avg_pool2d(value, 2) if layer["pool"] and self.before else value

    @staticmethod
    def leak(layer, u, s):
        n = layer["neuron"]
        if layer.get("readout", False):
            return n["alpha"] * u
        if n["reset"] == "soft":
            return n["alpha"] * u - n["alpha"] * n["th_f"] * s
        if n["reset"] == "soft_after_decay":
            return n["alpha"] * u - n["th_f"] * s
        return n["alpha"] * u * (1 - s)

    def handed_on(self, layer, s):
        if layer["pool"] == "max":
            return F.max_pool2d(s, 2)
        return F.avg_pool2d(s, 2) if layer["pool"] and not self.before else s

    @staticmethod
    def normalised(layer, sums, norm):
        """tdBN over samples, timesteps and positions. `norm`: gamma, beta, and the running mean and
        variance, which follow."""
        gamma, beta, mean, variance = norm
        alpha = math.sqrt(0.5) if layer["batch_norm"] == "tdbn_branch" else 1.0
        for now in sums:
            now.retain_grad()
        scale = gamma * (alpha * layer["neuron"]["th_f"])
        y = F.batch_norm(torch.cat(sums), mean, variance, scale, beta, True, 0.1, 1e-5)
        return list(y.split(len(sums[0])))

    def run(self, weights, pixels, norms=None):
        """pixels: B,T,C,H,W; norms: of layers with batch norm, by index. Returns potentials and
        spikes, [layer][timestep]; a read-out has no spikes. The sums of layers with batch norm stay
        in `currents`."""
        values = [pixels[:, 0].float() / 256 if self.encoding else pixels[:, t].float()
                  for t in range(self.steps)]
        potentials = [[] for _ in self.layers]
        spikes = [[] for _ in self.layers]
        self.currents = {}
        for i, (layer, weight) in enumerate(zip(self.layers, weights)):
            u, s = potentials[i], spikes[i]
            sums = [self.spatial(layer, weight, value) for value in values]
            if layer.get("batch_norm", "none") != "none":
                self.currents[i] = sums
                sums = self.normalised(layer, sums, norms[i])
            for key, kept in (("adds", spikes), ("adds_potentials", potentials)):
                if key in layer:
                    added = kept[self.names.index(layer[key])]
                    sums = [now + more for now, more in zip(sums, added)]
            values = []
            for now in sums:
                if u:
                    now = self.leak(layer, u[-1], s[-1] if s else None) + now
                now.retain_grad()
                u.append(now)
                if layer.get("readout", False):
                    continue
                s.append(Spike.apply(now, layer["neuron"]))
                values.append(self.handed_on(layer, s[-1]))
        return potentials, spikes
