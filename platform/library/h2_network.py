# SPDX-License-Identifier: Apache-2.0
"""Layers of a network, checked one by one, and how its learning rate changes."""

import ctypes

import h2_arguments as check
from h2_structures import (ADAM, BIAS, CONV, ENCODING, FC, MAX_POOL, POOL_AFTER_SOMA, READOUT, SGD,
                           VALID, Layer, Neuron, ScheduleRecord, Table, library)

OPTIMIZERS = {"sgd": SGD, "adam": ADAM}
PADDINGS = ("same", "valid")
SCHEDULES = {"constant": 0, "step": 1, "cosine": 2}
NEURON = {"alpha": 0.25, "th_f": 0.5, "th_l": 0, "th_r": 1, "beta": 1}
KINDS = {"reset": ("hard", "soft", "soft_after_decay"),
         "surrogate": ("rectangle", "triangle", "atan", "fast_sigmoid")}


def _one_of(value, name, legal):
    if value not in legal:
        raise ValueError(f"{name} is {value!r}: legal are {', '.join(legal)}")
    return value


class Schedule:
    """A learning rate that changes from step to step: a rise in a line over `warmup` steps, then
    constant, times `factor` every `every` steps (kind step), or half a cosine down to `floor` of it
    at step `steps` (kind cosine)."""

    def __init__(self, rate, kind="constant", warmup=0, every=1000, factor=0.1, steps=0, floor=0):
        _one_of(kind, "kind", SCHEDULES)
        most = (1 << 32) - 1
        self._record = ScheduleRecord(
            SCHEDULES[kind], check.real(rate, "rate"), check.integer(warmup, "warmup", 0, most),
            check.integer(every, "every", 1, most), check.real(factor, "factor"),
            check.integer(steps, "steps", 1 if kind == "cosine" else 0, most),
            check.real(floor, "floor"))

    def rate(self, step):
        """Of update `step`, counted from 1; the card's own driver computes it."""
        step = check.integer(step, "step", 1, (1 << 32) - 1)
        return library().h2_scheduled_rate(ctypes.byref(self._record), step)


class Network:
    """Layers of a network and how it is trained. Methods add a layer and return the network.
    `optimizer`: adam (beta1, beta2, epsilon) or sgd (momentum). alpha, th_f, th_l, th_r and beta
    are those of all layers that are not given their own; alpha is 0.25, or that of the card if it
    has only one (the card refuses another). `reset` (hard, soft, soft_after_decay) and `surrogate`
    (rectangle, triangle, atan, fast_sigmoid) likewise; a card without machine.extensions has the
    first ones alone."""

    def __init__(self, channels, height, width, timesteps, sub_batch, learning_rate=0.01,
                 loss_scale=1024, optimizer="adam", momentum=0.9, beta1=0.9, beta2=0.999,
                 epsilon=1e-8, **neuron):
        self.shape = (check.integer(channels, "channels", 1, 1 << 26),
                      check.integer(height, "height", 1, 4096),
                      check.integer(width, "width", 1, 4096))
        self.input_shape = self.shape
        self.planes = 1
        self.any_alpha = "alpha" not in neuron
        self.layers = []
        self._neurons = []
        own = self._neuron_values(neuron)
        self._kinds = {name: own.pop(name) for name in KINDS if name in own}
        numbers = {"learning_rate": learning_rate, "loss_scale": loss_scale, "momentum": momentum,
                   "beta1": beta1, "beta2": beta2, "epsilon": epsilon,
                   **{**NEURON, **own}}
        self.table = Table(timesteps=check.integer(timesteps, "timesteps", 1, 1024),
                           sub_batch=check.integer(sub_batch, "sub_batch", 1, 1024),
                           optimizer=OPTIMIZERS[_one_of(optimizer, "optimizer", OPTIMIZERS)],
                           **{name: check.real(value, name) for name, value in numbers.items()})

    @staticmethod
    def _neuron_values(given):
        for name in given:
            if name not in NEURON and name not in KINDS:
                raise TypeError(f"{name} is no parameter: of a neuron there are "
                                f"{', '.join([*NEURON, *KINDS])}")
        return {name: _one_of(value, name, KINDS[name]) if name in KINDS else
                check.real(value, name) for name, value in given.items()}

    def conv(self, channels, kernel=3, pool=True, encoding=None, stride=1, padding="same",
             bias=False, adds=0, potentials=False, **neuron):
        """A convolution; `pool`: then average pooling of 2x2, or "max", the largest of four spikes,
        which a card with machine.extensions takes. `encoding` (the first layer unless told
        otherwise): the input is pixels, bytes [C][H][W]; if not, 0/1 bytes [T][C][H][W]. `padding`:
        same, or valid for none. `bias`: the weights have one input channel more, which is 1
        everywhere; the bias is its weight in the middle of the kernel, the others are 0. `adds`: how
        many layers below the one lies whose spikes are added to the sums, which a card with
        machine.extensions does; 0: none. `potentials`: its potentials instead. alpha and the other parameters of a neuron: of this
        layer."""
        if self.layers and self.layers[-1].kind == FC:
            raise ValueError("a convolution cannot follow a fully connected layer")
        encoding = not self.layers if encoding is None else encoding
        if encoding and self.layers:
            raise ValueError("encoding: only the first layer can read pixels")
        if check.integer(kernel, "kernel", 1, 31) % 2 == 0:
            raise ValueError(f"kernel is {kernel}: legal are odd sizes")
        check.integer(stride, "stride", 1, 2)
        valid = _one_of(padding, "padding", PADDINGS) == "valid"
        cin, height, width = self.shape
        if valid and kernel > min(height, width):
            raise ValueError(f"kernel is {kernel}: without padding it does not fit a map of "
                             f"{height}x{width}")
        around = 0 if valid else kernel // 2
        out = [(size + 2 * around - kernel) // stride + 1 for size in (height, width)]
        if pool and min(out) < 2:
            raise ValueError(f"pool: a map of {out[0]}x{out[1]} cannot be halved")
        own = self._with_shortcut(adds, potentials, neuron)
        largest = isinstance(pool, str) and _one_of(pool, "pool", ("max",)) == "max"
        self.layers.append(Layer(
            kind=CONV, flags=(ENCODING if encoding else 0) | (VALID if valid else 0) |
            (MAX_POOL if largest else 0) | (BIAS if bias else 0),
            pool=POOL_AFTER_SOMA if pool else 0,
            planes=8 if encoding else self.planes, cin=cin + (1 if bias else 0),
            cout=check.integer(channels, "channels", 1, 1 << 20), kernel=kernel, stride=stride,
            in_height=height, in_width=width))
        self._neurons.append(own)
        self.shape = (channels, *(size // 2 if pool else size for size in out))
        self.planes = 3 if pool and not largest else 1
        return self

    def fc(self, channels, encoding=False, bias=False, readout=False, adds=0,
           potentials=False, **neuron):
        """A fully connected layer. `encoding`, of the first layer only: it reads pixels. `bias`: the
        weights have one input more, which is 1. `readout`, of the last layer only, by a card with
        machine.extensions: its potentials are the outputs, and its neurons never fire. `adds`,
        `potentials`: as of conv(). alpha and the other parameters of a neuron: of this layer."""
        if self.layers and self.layers[-1].flags & READOUT:
            raise ValueError("a read-out is the last layer")
        if encoding and self.layers:
            raise ValueError("encoding: only the first layer can read pixels")
        cin, height, width = self.shape
        cin = check.integer(cin * height * width, "inputs of the layer", 1, 1 << 26)
        own = self._with_shortcut(adds, potentials, neuron)
        self.layers.append(Layer(kind=FC, flags=(ENCODING if encoding else 0) |
                                 (BIAS if bias else 0) | (READOUT if readout else 0),
                                 planes=8 if encoding else self.planes,
                                 cin=cin + (1 if bias else 0),
                                 cout=check.integer(channels, "channels", 1, 1 << 20), kernel=1,
                                 stride=1, in_height=1, in_width=1))
        self._neurons.append(own)
        self.shape, self.planes = (channels, 1, 1), 1
        return self

    def _with_shortcut(self, adds, potentials, neuron):
        adds = check.integer(adds, "adds", 0, len(self.layers))
        if potentials and not adds:
            raise ValueError("potentials: of no layer, as adds is 0")
        own = self._neuron_values(neuron)
        return {**own, "adds": adds, "potentials": bool(potentials)} if adds else own

    def neurons(self):
        """A record for each layer, or None where all are those of the table."""
        if not any(self._neurons) and not self._kinds:
            return None
        shared = {**{name: getattr(self.table, name) for name in NEURON}, **self._kinds}
        return (Neuron * len(self._neurons))(*(self._record({**shared, **own})
                                               for own in self._neurons))

    @staticmethod
    def _record(values):
        kinds = [names.index(values.pop(name, names[0])) for name, names in KINDS.items()]
        adds = values.pop("adds", 0) | values.pop("potentials", False) << 6
        return Neuron(kind=kinds[0] | kinds[1] << 4 | adds << 8, **values)

    def classes(self):
        """Outputs of the last layer."""
        return self.layers[-1].cout

    def sample_shapes(self):
        """Shapes that an array of one sample may have: [C][H][W] of pixels, [H][W] of one channel,
        or [T][C][H][W] of spikes."""
        if not self.layers[0].flags & ENCODING:
            return [(self.table.timesteps,) + self.input_shape]
        return [self.input_shape] + ([self.input_shape[1:]] if self.input_shape[0] == 1 else [])
