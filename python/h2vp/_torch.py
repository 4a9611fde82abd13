# SPDX-License-Identifier: Apache-2.0
"""PyTorch modules as networks of the accelerator. PyTorch is imported only where it is used."""

import numpy

from ._network import Network, Unsupported
from ._trace import input_shape, notation, record


class _Layer:
    """Weights, and the neurons behind them."""

    def __init__(self, name, item, module, weight):
        self.name, self.item, self.module = name, item, module
        self.weight = weight
        self.factor = numpy.ones((len(weight),) + (1,) * (weight.ndim - 1), numpy.float32)
        self.shift = numpy.zeros(len(weight), numpy.float32)  # what a batch norm adds
        self.norm, self.gain = None, 1.0  # what takes a bias back where the module has none
        if getattr(module, "bias", None) is not None:
            self.own_bias = module.bias.detach().cpu().numpy().astype(numpy.float32)
        else:
            self.own_bias = numpy.zeros(len(weight), numpy.float32)

    @property
    def bias(self):
        """What the accelerator adds to the sums of every output."""
        return self.own_bias * self.factor.reshape(-1) + self.shift

    def put_bias(self, values):
        """The reverse of `bias`, into the module, or into the batch norm behind it."""
        import torch
        if self.module.bias is not None:
            own = (values - self.shift) / self.factor.reshape(-1)
            self.module.bias.copy_(torch.from_numpy(own.astype(numpy.float32)))
        elif self.norm is not None:
            moved = (values - self.shift) / self.gain
            self.norm.bias.add_(torch.from_numpy(moved.astype(numpy.float32)))
            self.shift = values
        else:
            raise Unsupported(f"layer {self.name}: neither its module nor its batch norm has a "
                              "bias to put the trained one into")


# Modules that give spikes, and those that give potentials.
_FIRE = {"LIF", "Leaky", "LIFNode", "IFNode", "LIFBoxCell"}
_READ_OUT = {"LI", "NonSpikingLIFNode", "NonSpikingIFNode", "LIBoxCell"}


class _Reader:
    """Takes the modules in the order in which they are called."""

    def __init__(self):
        self.fired = []  # of layers so far: name of the neurons, layer, their spikes
        self.adds = None  # one of these, whose spikes the neurons get beside their sums
        self.items = []  # layers and pools, as network.layers has them
        self.layers, self.remarks = [], []
        self.open = False  # weights without neurons
        self.poolable = self.flat = False
        self.pool = None
        self.extensions = False  # of the machine
        self.model = None  # leak and threshold of the first neurons
        self.counts = {"conv": 0, "fc": 0}

    def refuse(self, name, module, reason):
        raise Unsupported(f"module '{name}' ({type(module).__name__}) {reason}")

    def find_shortcut(self, module, sums, given):
        """Whether neurons get these sums and the spikes of one layer before."""
        if not self.open or type(module).__name__ not in _FIRE | _READ_OUT:
            return False
        for fired in self.fired:
            spikes = fired[2]
            if sums.shape == spikes.shape == given.shape and bool((sums + spikes == given).all()):
                self.adds = fired
                return True
        return False

    def _take_shortcut(self, name, module, gain):
        if self.adds is None:
            return
        source, layer, _ = self.adds
        self.adds = None
        if gain != 1:
            self.refuse(name, module, f"counts a spike of '{source}' as {gain}; legal: 1, as "
                                      "without decay_input")
        self.layers[-1].item["adds"] = layer.name
        self.extensions = True

    def take(self, name, module, taken):
        take = getattr(self, "_take_" + type(module).__name__, None)
        if take is None:
            legal = sorted(n[6:] for n in dir(self) if n.startswith("_take_"))
            self.refuse(name, module, f"is not supported; legal: {', '.join(legal)}")
        take(name, module, taken)

    def _add(self, name, module, kind, item, weight):
        if self.open:
            self.refuse(name, module, f"follows '{self.layers[-1].name}' without neurons between")
        if self.layers and self.layers[-1].item.get("readout"):
            self.refuse(name, module, "follows a read-out of potentials; legal: nothing behind it")
        self.counts[kind] += 1
        self.items.append(item)
        self.layers.append(_Layer(f"{kind}{self.counts[kind]}", item, module,
                                  weight.detach().cpu().numpy().astype(numpy.float32)))
        self.open = True

    def _take_Conv2d(self, name, module, taken):
        side, other = module.kernel_size
        stride = set(module.stride)
        padding = module.padding
        padding = {side // 2} if padding == "same" else {0} if padding == "valid" else set(padding)
        for wrong, reason in (
                (self.flat, "follows a Flatten"),
                (side != other or side % 2 == 0, "has a kernel that is not square and odd"),
                (len(stride) > 1 or not stride <= {1, 2}, "has a stride other than 1 or 2"),
                (padding not in ({side // 2}, {0}),
                 f"has another padding than 0 or {side // 2}, half the kernel"),
                (module.padding_mode != "zeros", "has another padding than zeros"),
                (set(module.dilation) != {1} or module.groups != 1, "is dilated or has groups")):
            if wrong:
                self.refuse(name, module, reason)
        item = {"type": "conv", "channels": module.out_channels, "kernel": side,
                "stride": stride.pop(), "padding": "same" if padding == {side // 2} else "valid"}
        self._add(name, module, "conv", item, module.weight)
        self.poolable = True

    def _take_Linear(self, name, module, taken):
        self.flat, self.poolable = True, False
        item = {"type": "fc", "neurons": module.out_features}
        self._add(name, module, "fc", item, module.weight)

    def _take_BatchNorm2d(self, name, module, taken):
        """In evaluation a factor and a shift per channel."""
        if module.training or not self.open:
            self.refuse(name, module, "is in training, or does not follow a convolution; legal: "
                                      "module.eval()")
        factor = (module.running_var + module.eps).rsqrt()
        if module.weight is not None:
            factor = factor * module.weight
        shift = -module.running_mean * factor
        if module.bias is not None:
            shift = shift + module.bias
        layer = self.layers[-1]
        factor = factor.detach().cpu().numpy()
        layer.shift = (layer.shift * factor + shift.detach().cpu().numpy()).astype(numpy.float32)
        layer.norm = module if module.bias is not None else layer.norm
        self._fold(factor, f"module '{name}' is folded into the weights")

    def _fold(self, factor, remark):
        layer = self.layers[-1]
        factor = numpy.reshape(factor, (-1,) + (1,) * (layer.weight.ndim - 1))
        layer.factor = (layer.factor * factor).astype(numpy.float32)
        self.remarks.append(remark)

    def _take_AvgPool2d(self, name, module, taken):
        two = [v if isinstance(v, (tuple, list)) else (v, v)
               for v in (module.kernel_size, module.stride or module.kernel_size, module.padding)]
        if [tuple(v) for v in two] != [(2, 2), (2, 2), (0, 0)]:
            self.refuse(name, module, "is no pool of 2x2 with stride 2")
        if not self.poolable:
            self.refuse(name, module, "does not follow a convolution")
        mode = "before_soma" if self.open else "after_soma"
        if self.pool not in (None, mode):
            self.refuse(name, module, "acts on the other side of its neurons than the one before")
        self.pool = mode
        self.poolable = False
        self.items.append({"type": "pool"})

    def _take_MaxPool2d(self, name, module, taken):
        """Of spikes: an extension of the machine."""
        if self.open:
            self.refuse(name, module, "acts on potentials; legal: behind the neurons, on spikes")
        if module.dilation not in (1, (1, 1)) or module.ceil_mode:
            self.refuse(name, module, "is dilated or rounds up")
        self._take_AvgPool2d(name, module, taken)
        self.items[-1]["kind"] = "max"
        self.extensions = True

    def _take_Flatten(self, name, module, taken):
        self.flat = True

    def _take_Identity(self, name, module, taken):
        pass

    def _take_Dropout(self, name, module, taken):
        self.remarks.append(f"module '{name}' is left out: weights are taken as in evaluation")

    _take_Dropout2d = _take_Dropout

    def _neurons(self, name, module, alpha, threshold, gain=1.0, width=1.0, reset="hard"):
        if not self.open:
            self.refuse(name, module, "follows no weights")
        if not threshold > 0 or not 0 <= alpha <= 1:
            self.refuse(name, module, f"has leak {alpha} and threshold {threshold}; legal: 0..1, "
                                      "above 0")
        own = {"alpha": alpha, "th_f": threshold, "th_l": threshold - width / 2,
               "th_r": threshold + width / 2, "reset": reset}
        self.extensions |= reset != "hard"
        self.model = self.model or own
        self.layers[-1].item.update({k: v for k, v in own.items() if v != self.model[k]})
        self._close(name, module, gain)

    def _read_out(self, name, module, alpha, gain=1.0):
        """Of a last layer: an extension of the machine."""
        if not self.open:
            self.refuse(name, module, "follows no weights")
        item = self.layers[-1].item
        if item["type"] != "fc":
            self.refuse(name, module, "reads out a convolution; legal: behind a Linear")
        if not 0 <= alpha <= 1:
            self.refuse(name, module, f"has leak {alpha}; legal: 0..1")
        self.model = self.model or {"alpha": alpha, "reset": "hard"}
        item["readout"] = True
        if alpha != self.model["alpha"]:
            item["alpha"] = alpha
        self.extensions = True
        self._close(name, module, gain)

    def _close(self, name, module, gain):
        """The layer is whole."""
        layer = self.layers[-1]
        self._take_shortcut(name, module, gain)
        layer.gain = gain
        if gain != 1:
            layer.shift = (layer.shift * gain).astype(numpy.float32)
            self._fold(gain, f"module '{name}': weights before it times {gain}")
        if layer.module.bias is not None or bool(layer.shift.any()):
            layer.item["bias"] = True
        self.open = False

    def _one(self, name, module, what, value):
        """The one number of all neurons."""
        values = numpy.unique(numpy.asarray(getattr(value, "detach", lambda: value)(), float))
        if len(values) != 1:
            self.refuse(name, module, f"has neurons of different {what}")
        # Parameters are FP32: 0.9 and not 0.8999999762.
        return float(f"{values[0]:.7g}")

    def _take_LIF(self, name, module, taken):
        """Ours."""
        self._neurons(name, module, module.alpha, module.threshold, width=module.width)

    def _take_LI(self, name, module, taken):
        """Ours."""
        self._read_out(name, module, module.alpha)

    def _take_Leaky(self, name, module, taken):
        """snnTorch: v' = beta v + i, reset to zero or, an extension, by the threshold."""
        resets = {"zero": "hard", "subtract": "soft_after_decay"}
        mechanism = getattr(module, "reset_mechanism", "subtract")
        if mechanism not in resets:
            self.refuse(name, module, f"has reset_mechanism {mechanism!r}; legal: zero, subtract")
        self._neurons(name, module, self._one(name, module, "beta", module.beta),
                      self._one(name, module, "threshold", module.threshold),
                      reset=resets[mechanism])

    def _reset(self, name, module, v_reset):
        """None of SpikingJelly: the threshold is taken away."""
        if v_reset is None:
            return "soft"
        if self._one(name, module, "v_reset", v_reset) != 0:
            self.refuse(name, module, "is reset to another potential than 0")
        return "hard"

    def _take_LIFNode(self, name, module, taken):
        """SpikingJelly: v' = (1 - 1/tau) v + i, or i/tau with decay_input."""
        tau = self._one(name, module, "tau", module.tau)
        self._neurons(name, module, 1 - 1 / tau,
                      self._one(name, module, "threshold", module.v_threshold),
                      1 / tau if module.decay_input else 1.0,
                      reset=self._reset(name, module, module.v_reset))

    def _take_IFNode(self, name, module, taken):
        self._neurons(name, module, 1.0,
                      self._one(name, module, "threshold", module.v_threshold),
                      reset=self._reset(name, module, module.v_reset))

    def _take_NonSpikingLIFNode(self, name, module, taken):
        """SpikingJelly: as LIFNode, without spikes."""
        tau = self._one(name, module, "tau", module.tau)
        self._read_out(name, module, 1 - 1 / tau, 1 / tau if module.decay_input else 1.0)

    def _take_NonSpikingIFNode(self, name, module, taken):
        self._read_out(name, module, 1.0)

    def _step(self, name, module):
        """Norse: v' = v + dt/tau (v_leak - v + i)."""
        if self._one(name, module, "v_leak", module.p.v_leak) != 0:
            self.refuse(name, module, "leaks to another potential than 0")
        return self._one(name, module, "tau", module.p.tau_mem_inv) * module.dt

    def _take_LIFBoxCell(self, name, module, taken):
        step, p = self._step(name, module), module.p
        self._neurons(name, module, 1 - step, self._one(name, module, "threshold", p.v_th), step,
                      reset=self._reset(name, module, p.v_reset))

    def _take_LIBoxCell(self, name, module, taken):
        step = self._step(name, module)
        self._read_out(name, module, 1 - step, step)


def from_torch(module, example, timesteps, encoding=False):
    """A `Network` of a torch module of Conv2d, Linear, AvgPool2d, MaxPool2d, Flatten, BatchNorm2d
    (folded), Dropout, and neurons: `LIF` of this package, Leaky of snnTorch, LIFNode and IFNode of
    SpikingJelly, LIFBoxCell of Norse. The last ones may be read instead of firing: `LI` of this
    package, NonSpikingLIFNode and NonSpikingIFNode, LIBoxCell.

    module     called once, with `example`; its leaves count in the order of their first calls; the
               state of `LIF` is forgotten
    example    what `module` takes: a batch [B, C, H, W] or [B, N], of any values
    timesteps  network.timesteps
    encoding   True: the first layer reads static 8-bit pixels, byte/256

    Biases and shifts of BatchNorm2d become biases. Neurons may get the spikes of one layer before
    them beside their sums, `neurons(conv(s) + s)`. These shortcuts, read-outs, MaxPool2d behind
    neurons and resets by the threshold need extensions of the machine, which the network then asks
    for.

    Raises `Unsupported` that names the module and the reason: another module, other branches,
    operations between the modules."""
    import torch
    calls = record(module, example, lambda kind: hasattr(_Reader, "_take_" + kind),
                   lambda kind: kind in _FIRE)
    if not calls:
        raise Unsupported("the module has no leaves that were called")
    reader = _Reader()
    before = None
    for name, leaf, given, gave in calls:
        chained = before is None or torch.equal(given.flatten(), before[1].flatten())
        if not chained and not reader.find_shortcut(leaf, before[1], given):
            reader.refuse(name, leaf, f"gets something else than what '{before[0]}' gives: "
                                      "functions between modules and branches are not supported, "
                                      "but for spikes of one layer added to the sums of neurons")
        reader.take(name, leaf, given)
        if type(leaf).__name__ in _FIRE:
            reader.fired.append((name, reader.layers[-1], gave))
        before = (name, gave)
    if reader.open or not reader.layers:
        raise Unsupported("the last weights have no neurons behind them")
    if encoding:
        reader.items[0]["encoding"] = True
    channels, height, width = input_shape(calls[0])
    config = {
        "network": {
            "layers": notation(reader.items) or reader.items,
            "input": {"channels": int(channels), "height": int(height), "width": int(width)},
            "timesteps": int(timesteps), "pool": reader.pool or "after_soma"},
        "neuron": {k: v for k, v in reader.model.items() if v != "hard"}}
    if reader.extensions:
        config["machine"] = {"extensions": True}
    weights = {layer.name: layer.weight * layer.factor for layer in reader.layers}
    weights.update({f"{layer.name}.b": layer.bias for layer in reader.layers
                    if layer.item.get("bias")})
    return Network(config["network"]["layers"], config, weights, reader.remarks,
                   reader.layers)
