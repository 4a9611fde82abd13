# SPDX-License-Identifier: Apache-2.0
"""The H2Learn card from Python: the driver in libh2.so, and a card that `h2vp serve` simulates.

    card = h2.Card("/tmp/card")
    network = h2.Network(channels=1, height=8, width=8, timesteps=4, sub_batch=4)
    network.conv(8).fc(32).fc(4)
    card.load(network)

libh2.so is taken from the path in the environment variable H2_LIBRARY, otherwise from where the
system looks for libraries. Needs nothing but Python; NumPy arrays are taken wherever bytes or
numbers are. What a method is given is checked before anything reaches the card: TypeError and
ValueError name the argument and what is legal, CardError has the driver's or the card's reason.
"""

import ctypes
import os
import struct
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_double, c_float, c_int,
                    c_size_t, c_uint16, c_uint32, c_uint64, c_void_p)

import h2_arguments as check


class Bus(Structure):
    """h2_bus"""
    _fields_ = [("context", c_void_p), ("read", CFUNCTYPE(c_int, c_void_p, c_uint64, c_void_p,
                                                          c_size_t)),
                ("write", CFUNCTYPE(c_int, c_void_p, c_uint64, c_char_p, c_size_t)),
                ("wait_irq", CFUNCTYPE(c_int, c_void_p)), ("work", CFUNCTYPE(None, c_void_p))]


class Table(Structure):
    """h2_table"""
    _fields_ = [(n, c_uint32) for n in ("magic", "version", "layers", "layer_size", "timesteps",
                                        "sub_batch", "flags", "optimizer")]
    _fields_ += [(n, c_float) for n in ("alpha", "th_f", "th_l", "th_r", "beta", "learning_rate",
                                        "momentum", "beta1", "beta2", "epsilon", "loss_scale")]
    _fields_ += [("checksum", c_uint32)]


class Layer(Structure):
    """h2_layer; the driver assigns the addresses."""
    _fields_ = [(n, c_uint16) for n in ("kind", "flags", "pool", "planes")]
    _fields_ += [("cin", c_uint32), ("cout", c_uint32)]
    _fields_ += [(n, c_uint16) for n in ("kernel", "stride", "in_height", "in_width")]
    _fields_ += [(n, c_uint64) for n in (
        "weights", "spikes", "pooled", "potential", "mask", "gradient", "gradient_mask",
        "weight_gradient", "master", "momentum", "variance")]

    def weight_count(self):
        return self.cout * self.cin * self.kernel * self.kernel

    def weight_shapes(self):
        """Shapes that an array of the weights may have."""
        if self.kind == FC:
            return [(self.cout, self.cin)]
        return [(self.cout, self.cin, self.kernel, self.kernel)]


class SubBatch(Structure):
    """h2_sub_batch"""
    _fields_ = [("samples", POINTER(c_char_p)), ("labels", POINTER(c_uint32)), ("count", c_uint32)]


Source = CFUNCTYPE(c_int, c_void_p, POINTER(SubBatch))


class Group(Structure):
    """h2_group"""
    _fields_ = [("sub_batches", c_uint32), ("samples", c_uint32), ("loss", c_uint32),
                ("overlap", c_int), ("source", Source), ("source_context", c_void_p),
                ("rewind", c_void_p), ("retries", c_uint32),
                ("before_update", c_void_p), ("update_context", c_void_p), ("loss_sum", c_double),
                ("correct", c_uint32), ("recoveries", c_uint32)]


OK, NOT_FOUND, SCRATCH_TOO_SMALL, NO_INTERRUPT = 0, 1001, 1003, 1004
CONV, FC = 0, 1
ENCODING, POOL_AFTER_SOMA, ADAM = 1, 1, 1
LOSSES = {"mse": 0, "cross_entropy": 1}
MAX_WAIT_NS = 10 ** 12


def _library():
    lib = ctypes.CDLL(os.environ.get("H2_LIBRARY", "libh2.so"), use_errno=True)
    lib.h2_error_text.restype = lib.h2_reason.restype = c_char_p
    lib.h2_loader_bus.restype = Bus
    for name in ("h2_structure_bytes", "h2_scratch_bytes"):
        getattr(lib, name).restype = c_size_t
    for name in ("h2_register_address", "h2_memory_address"):
        getattr(lib, name).restype = c_uint64
    mirrors = {"h2_bus": Bus, "h2_table": Table, "h2_layer": Layer, "h2_sub_batch": SubBatch,
               "h2_group": Group}
    for name, mirror in mirrors.items():
        if lib.h2_structure_bytes(name.encode()) != ctypes.sizeof(mirror):
            raise ImportError(f"libh2.so and h2.py are of different versions: {name} differs")
    return lib


class CardError(Exception):
    """The driver's reason; `code` is enum h2_error or h2_driver_error."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Network:
    """Layers of a network and how it is trained. Methods add a layer and return the network."""

    def __init__(self, channels, height, width, timesteps, sub_batch, learning_rate=0.01,
                 loss_scale=1024):
        self.shape = (check.integer(channels, "channels", 1, 1 << 26),
                      check.integer(height, "height", 1, 4096),
                      check.integer(width, "width", 1, 4096))
        self.input_shape = self.shape
        self.planes = 1
        self.layers = []
        self.table = Table(timesteps=check.integer(timesteps, "timesteps", 1, 1024),
                           sub_batch=check.integer(sub_batch, "sub_batch", 1, 1024),
                           optimizer=ADAM, alpha=0.25, th_f=0.5, th_l=0, th_r=1, beta=1,
                           learning_rate=check.real(learning_rate, "learning_rate"), beta1=0.9,
                           beta2=0.999, epsilon=1e-8,
                           loss_scale=check.real(loss_scale, "loss_scale"))

    def conv(self, channels, kernel=3, pool=True, encoding=None):
        """A convolution with stride 1; `pool`: then average pooling of 2x2. `encoding` (the first
        layer unless told otherwise): the input is pixels, bytes [C][H][W]; if not, 0/1 bytes
        [T][C][H][W]."""
        if self.layers and self.layers[-1].kind == FC:
            raise ValueError("a convolution cannot follow a fully connected layer")
        encoding = not self.layers if encoding is None else encoding
        if encoding and self.layers:
            raise ValueError("encoding: only the first layer can read pixels")
        if check.integer(kernel, "kernel", 1, 31) % 2 == 0:
            raise ValueError(f"kernel is {kernel}: legal are odd sizes")
        cin, height, width = self.shape
        if pool and min(height, width) < 2:
            raise ValueError(f"pool: a map of {height}x{width} cannot be halved")
        self.layers.append(Layer(
            kind=CONV, flags=ENCODING if encoding else 0, pool=POOL_AFTER_SOMA if pool else 0,
            planes=8 if encoding else self.planes, cin=cin,
            cout=check.integer(channels, "channels", 1, 1 << 20), kernel=kernel, stride=1,
            in_height=height, in_width=width))
        self.shape = (channels, height // 2, width // 2) if pool else (channels, height, width)
        self.planes = 3 if pool else 1
        return self

    def fc(self, channels):
        """A fully connected layer."""
        cin, height, width = self.shape
        cin = check.integer(cin * height * width, "inputs of the layer", 1, 1 << 26)
        self.layers.append(Layer(kind=FC, planes=self.planes, cin=cin,
                                 cout=check.integer(channels, "channels", 1, 1 << 20), kernel=1,
                                 stride=1, in_height=1, in_width=1))
        self.shape, self.planes = (channels, 1, 1), 1
        return self

    def classes(self):
        """Outputs of the last layer."""
        return self.layers[-1].cout

    def sample_shapes(self):
        """Shapes that an array of one sample may have: [C][H][W] of pixels, [H][W] of one channel,
        or [T][C][H][W] of spikes."""
        if not self.layers[0].flags & ENCODING:
            return [(self.table.timesteps,) + self.input_shape]
        return [self.input_shape] + ([self.input_shape[1:]] if self.input_shape[0] == 1 else [])


class Card:
    """A served card: registers and memories, and a network on it through the driver."""

    def __init__(self, socket_path):
        self._lib = _library()
        self._bus = Bus()
        self._device = ctypes.create_string_buffer(self._lib.h2_structure_bytes(b"h2_device"))
        self._scratch = ctypes.create_string_buffer(1 << 16)
        self._alive = []  # what the driver holds on to
        self.network = None
        code = self._lib.h2_connect(os.fsencode(socket_path), byref(self._bus))
        if code == NOT_FOUND:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), socket_path)
        self._check(code, f"connecting to {socket_path}")

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        self.close()

    def close(self):
        """Ends the connection; the card keeps its state."""
        self._lib.h2_disconnect(byref(self._bus))

    def _check(self, code, what):
        if code == OK:
            return
        texts = [what, self._lib.h2_error_text(code).decode(),
                 self._lib.h2_reason(self._device).decode()]
        raise CardError(code, ": ".join(t for t in texts if t))

    def _connected(self):
        if not self._bus.context:
            raise ValueError("the connection to the card is closed")
        return self._bus

    def _loaded(self):
        self._connected()
        if self.network is None:
            raise ValueError("the card has no network: load() one first")
        return self.network

    # ---- Bus --------------------------------------------------------------------------------

    def read(self, address, size):
        """Bytes from the bus, in one transaction."""
        bus = self._connected()
        address = check.integer(address, "address", 0, (1 << 64) - 1)
        data = ctypes.create_string_buffer(check.integer(size, "size", 1, 1 << 32))
        if bus.read(bus.context, address, ctypes.addressof(data), size):
            raise OSError(f"reading {size} bytes at {address:#x}: refused")
        return data.raw

    def write(self, address, data):
        """Writes bytes in one transaction."""
        bus = self._connected()
        address = check.integer(address, "address", 0, (1 << 64) - 1)
        data = check.raw(data, "data")
        if bus.write(bus.context, address, data, len(data)):
            raise OSError(f"writing {len(data)} bytes at {address:#x}: refused")

    def register(self, name):
        """Value of the register of this name in h2_contract.h."""
        return struct.unpack("<I", self.read(self._address(name), 4))[0]

    def set_register(self, name, value):
        value = check.integer(value, name, 0, 0xFFFFFFFF)
        self.write(self._address(name), struct.pack("<I", value))

    def _address(self, name):
        if not isinstance(name, str):
            raise TypeError(f"a register's name is of type {type(name).__name__}: expected str")
        address = self._lib.h2_register_address(name.encode())
        if address == 0:
            raise KeyError(f"the card has no register {name}")
        return address

    def memory(self, number):
        """Address of Mem0, Mem1 or Mem2."""
        return self._lib.h2_memory_address(check.integer(number, "memory", 0, 2))

    def wait_irq(self, ns):
        """Waits for the interrupt for at most `ns` of simulated time; true if it came."""
        ns = check.integer(ns, "ns", 1, MAX_WAIT_NS)
        code = self._lib.h2_wait_irq_for(byref(self._connected()), c_uint64(ns))
        if code == NO_INTERRUPT:
            return False
        self._check(code, "waiting for the interrupt")
        return True

    @property
    def seconds(self):
        """Simulated time."""
        time = c_uint64()
        self._check(self._lib.h2_time_ps(byref(self._connected()), byref(time)),
                    "asking for the time")
        return time.value * 1e-12

    # ---- Driver -----------------------------------------------------------------------------

    def load(self, network):
        """Resets the card and places the network on it."""
        if not isinstance(network, Network):
            raise TypeError(f"network is of type {type(network).__name__}: expected h2.Network")
        if not network.layers:
            raise ValueError("the network has no layers")
        self.network = None
        layers = (Layer * len(network.layers))(*network.layers)
        while True:
            self._check(self._lib.h2_open(self._device, byref(self._connected()), self._scratch,
                                          c_size_t(len(self._scratch))), "opening the card")
            code = self._lib.h2_load_network(self._device, byref(network.table), layers,
                                             len(layers))
            if code != SCRATCH_TOO_SMALL:
                break
            self._scratch = ctypes.create_string_buffer(self._lib.h2_scratch_bytes(self._device))
        self._check(code, "loading the network")
        self.network = network

    def write_weights(self, layer, weights):
        """Weights of one layer, numbers in OIHW order or an array of them, over the bus."""
        record = self._layer(layer)
        expected = record.weight_count()
        values = check.numbers(weights, "weights", record.weight_shapes())
        if len(values) != expected:
            raise ValueError(f"layer {layer} has {expected} weights, not {len(values)}")
        self._check(self._lib.h2_write_weights(self._device, layer, (c_float * expected)(*values)),
                    f"writing the weights of layer {layer}")

    def read_weights(self, layer):
        """Weights of one layer as the engines use them, in OIHW order."""
        count = self._layer(layer).weight_count()
        size = self.register("CAPABILITIES") & 0xFF
        data = ctypes.create_string_buffer(count * size)
        self._check(self._lib.h2_read_weights(self._device, layer, data),
                    f"reading the weights of layer {layer}")
        return struct.unpack(f"<{count}{'e' if size == 2 else 'f'}", data.raw)

    def confirm_weights(self):
        """After an update that broke off, once write_weights() has written every layer: the card
        takes work again, and the optimiser's steps count from 1."""
        self._loaded()
        self._check(self._lib.h2_confirm_weights(self._device), "confirming the weights")

    def _layer(self, number):
        layers = self._loaded().layers
        return layers[check.integer(number, "layer", 0, len(layers) - 1)]

    def train(self, sub_batches, loss="mse"):
        """Trains one batch group, a list of (samples, labels), and updates the weights. A sample is
        bytes, or an array of uint8 or bool. Returns the summed loss and the number of correct
        samples."""
        if not isinstance(loss, str) or loss not in LOSSES:
            raise ValueError(f"loss is {loss!r}: legal are {', '.join(LOSSES)}")
        self._loaded()
        group_batches = []
        pairs = check.as_list(sub_batches, "sub_batches", "(samples, labels)")
        for number, batch in enumerate(pairs):
            batch = check.as_list(batch, f"sub_batches[{number}]", "samples and labels")
            if len(batch) != 2:
                raise ValueError(f"sub_batches[{number}] has {len(batch)} parts: expected samples "
                                 "and labels")
            group_batches.append(self._sub_batch(*batch, f"sub_batches[{number}]: "))
        if not group_batches:
            raise ValueError("sub_batches is empty")
        waiting = iter(group_batches)

        def source(_, to):
            to[0] = next(waiting)
            return 0

        group = Group(sub_batches=len(group_batches), samples=sum(b.count for b in group_batches),
                      loss=LOSSES[loss], overlap=1, source=Source(source))
        code = self._lib.h2_train_group(self._device, byref(group))
        self._alive.clear()
        self._check(code, "training")
        return group.loss_sum, group.correct

    def infer(self, samples):
        """Class of every sample; at most a sub-batch."""
        self._loaded()
        samples = check.as_list(samples, "samples", "samples")
        batch = self._sub_batch(samples, [0] * len(samples), "")
        predicted = (c_uint32 * len(samples))()
        code = self._lib.h2_infer(self._device, byref(batch), predicted)
        self._alive.clear()
        self._check(code, "inferring")
        return list(predicted)

    def _sub_batch(self, samples, labels, where):
        network = self.network
        samples = check.as_list(samples, where + "samples", "samples")
        labels = check.as_list(labels, where + "labels", "labels")
        if len(labels) != len(samples):
            raise ValueError(f"{where}{len(labels)} labels for {len(samples)} samples")
        check.integer(len(samples), where + "the number of samples", 1, network.table.sub_batch)
        data = [check.sample_bytes(s, f"{where}samples[{i}]", network.sample_shapes())
                for i, s in enumerate(samples)]
        pointers = (c_char_p * len(data))(*data)
        last = network.classes() - 1
        numbers = (c_uint32 * len(labels))(*[check.integer(n, f"{where}labels[{i}]", 0, last)
                                             for i, n in enumerate(labels)])
        self._alive.append((data, pointers, numbers))
        return SubBatch(pointers, numbers, len(data))
