# SPDX-License-Identifier: Apache-2.0
"""PyTorch modules as networks of the accelerator. PyTorch is imported only where it is used."""

import numpy

from ._network import Network, Unsupported


class _Layer:
    """Weights, and the neurons behind them."""

    def __init__(self, name, item, module, weight):
        self.name, self.item, self.module = name, item, module
        self.weight = weight
        self.factor = numpy.ones((len(weight),) + (1,) * (weight.ndim - 1), numpy.float32)


class _Reader:
    """Takes the modules in the order in which they are called."""

    def __init__(self):
        self.items = []  # layers and pools, as network.layers has them
        self.layers, self.remarks = [], []
        self.open = False  # weights without neurons
        self.poolable = self.flat = False
        self.pool = None
        self.model = None  # leak and threshold of the first neurons
        self.counts = {"conv": 0, "fc": 0}

    def refuse(self, name, module, reason):
        raise Unsupported(f"module '{name}' ({type(module).__name__}) {reason}")

    def take(self, name, module, taken):
        take = getattr(self, "_take_" + type(module).__name__, None)
        if take is None:
            legal = sorted(n[6:] for n in dir(self) if n.startswith("_take_"))
            self.refuse(name, module, f"is not supported; legal: {', '.join(legal)}")
        take(name, module, taken)

    def _add(self, name, module, kind, item, weight):
        if self.open:
            self.refuse(name, module, f"follows '{self.layers[-1].name}' without neurons between")
        bias = getattr(module, "bias", None)
        if bias is not None and bool((bias != 0).any()):
            self.refuse(name, module, "has a bias that is not 0; the engines add none: legal is "
                                      "bias=False")
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
        if bool((shift.detach() != 0).any()):
            self.refuse(name, module, "shifts its channels, which would be a bias; the engines add "
                                      "none")
        self._fold(factor.detach().cpu().numpy(), f"module '{name}' is folded into the weights")

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

    def _take_Flatten(self, name, module, taken):
        self.flat = True

    def _take_Identity(self, name, module, taken):
        pass

    def _take_Dropout(self, name, module, taken):
        self.remarks.append(f"module '{name}' is left out: weights are taken as in evaluation")

    _take_Dropout2d = _take_Dropout

    def _neurons(self, name, module, alpha, threshold, gain=1.0, width=1.0):
        if not self.open:
            self.refuse(name, module, "follows no weights")
        if not threshold > 0 or not 0 <= alpha <= 1:
            self.refuse(name, module, f"has leak {alpha} and threshold {threshold}; legal: 0..1, "
                                      "above 0")
        own = {"alpha": alpha, "th_f": threshold, "th_l": threshold - width / 2,
               "th_r": threshold + width / 2}
        self.model = self.model or own
        self.layers[-1].item.update({k: v for k, v in own.items() if v != self.model[k]})
        if gain != 1:
            self._fold(gain, f"module '{name}': weights before it times {gain}")
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

    def _take_Leaky(self, name, module, taken):
        """snnTorch: reset to zero, v' = beta v + i."""
        if getattr(module, "reset_mechanism", "subtract") != "zero":
            self.refuse(name, module, "subtracts its threshold; legal: reset_mechanism='zero'")
        self._neurons(name, module, self._one(name, module, "beta", module.beta),
                      self._one(name, module, "threshold", module.threshold))

    def _hard_reset(self, name, module, v_reset):
        if v_reset is None or self._one(name, module, "v_reset", v_reset) != 0:
            self.refuse(name, module, "is not reset to 0; legal: v_reset=0.0")

    def _take_LIFNode(self, name, module, taken):
        """SpikingJelly: v' = (1 - 1/tau) v + i, or i/tau with decay_input."""
        self._hard_reset(name, module, module.v_reset)
        tau = self._one(name, module, "tau", module.tau)
        self._neurons(name, module, 1 - 1 / tau,
                      self._one(name, module, "threshold", module.v_threshold),
                      1 / tau if module.decay_input else 1.0)

    def _take_IFNode(self, name, module, taken):
        self._hard_reset(name, module, module.v_reset)
        self._neurons(name, module, 1.0,
                      self._one(name, module, "threshold", module.v_threshold))

    def _take_LIFBoxCell(self, name, module, taken):
        """Norse: v' = v + dt/tau (v_leak - v + i)."""
        p = module.p
        self._hard_reset(name, module, p.v_reset)
        if self._one(name, module, "v_leak", p.v_leak) != 0:
            self.refuse(name, module, "leaks to another potential than 0")
        step = self._one(name, module, "tau", p.tau_mem_inv) * module.dt
        self._neurons(name, module, 1 - step, self._one(name, module, "threshold", p.v_th), step)


def _record(module, example):
    """(name, leaf module, first input, first output) in the order of the first calls."""
    import torch
    calls, seen, hooks = [], set(), []

    def note(name):
        def hook(leaf, inputs, output):
            if name in seen:
                return
            seen.add(name)
            first = output[0] if isinstance(output, (tuple, list)) else output
            calls.append((name, leaf, inputs[0].detach().clone(), first.detach().clone()))
        return hook

    for name, leaf in module.named_modules():
        inside = [m for m in leaf.modules() if m is not leaf]
        if not inside or hasattr(_Reader, "_take_" + type(leaf).__name__):
            hooks.append(leaf.register_forward_hook(note(name or type(leaf).__name__)))
    try:
        with torch.no_grad():
            module(example)
    finally:
        for hook in hooks:
            hook.remove()
        for leaf in module.modules():
            if type(leaf).__name__ == "LIF":
                leaf.reset()
    return calls


def _notation(items):
    """The paper's notation of these layers; "" where it cannot say all."""
    words = []
    for item in items:
        if item["type"] == "pool":
            words.append("AP2")
            continue
        if item.get("padding", "same") != "same" or not item.keys() <= {
                "type", "channels", "neurons", "kernel", "stride", "padding", "encoding"}:
            return ""
        word = f"{item['neurons']}FC" if item["type"] == "fc" else (
            f"{item['channels']}C{item['kernel']}" + ("S2" if item["stride"] == 2 else ""))
        words.append(word + ("(Encoding)" if item.get("encoding") else ""))
    return "-".join(words)


def _input_shape(first):
    """(channels, height, width) that the first module gets, without its batch."""
    name, module, given, _ = first
    if type(module).__name__ == "Conv2d" or given.dim() >= 4:
        return tuple(given.shape[-3:])
    return (int(numpy.prod(given.shape[1:])), 1, 1)


def from_torch(module, example, timesteps, encoding=False):
    """A `Network` of a torch module of Conv2d, Linear, AvgPool2d, Flatten, BatchNorm2d (folded),
    Dropout, and neurons: `LIF` of this package, Leaky of snnTorch, LIFNode and IFNode of
    SpikingJelly, LIFBoxCell of Norse.

    module     called once, with `example`; its leaves count in the order of their first calls; the
               state of `LIF` is forgotten
    example    what `module` takes: a batch [B, C, H, W] or [B, N], of any values
    timesteps  network.timesteps
    encoding   True: the first layer reads static 8-bit pixels, byte/256

    Raises `Unsupported` that names the module and the reason: another module, a bias, a soft reset,
    branches, operations between the modules."""
    import torch
    calls = _record(module, example)
    if not calls:
        raise Unsupported("the module has no leaves that were called")
    reader = _Reader()
    before = None
    for name, leaf, given, gave in calls:
        if before is not None and not torch.equal(given.flatten(), before[1].flatten()):
            reader.refuse(name, leaf, f"gets something else than what '{before[0]}' gives: branches "
                                      "and functions between modules are not supported")
        reader.take(name, leaf, given)
        before = (name, gave)
    if reader.open or not reader.layers:
        raise Unsupported("the last weights have no neurons behind them")
    if encoding:
        reader.items[0]["encoding"] = True
    channels, height, width = _input_shape(calls[0])
    config = {
        "network": {
            "layers": _notation(reader.items) or reader.items,
            "input": {"channels": int(channels), "height": int(height), "width": int(width)},
            "timesteps": int(timesteps), "pool": reader.pool or "after_soma"},
        "neuron": reader.model}
    weights = {layer.name: layer.weight * layer.factor for layer in reader.layers}
    return Network(config["network"]["layers"], config, weights, reader.remarks,
                   [(layer.name, layer.module, layer.factor) for layer in reader.layers])
