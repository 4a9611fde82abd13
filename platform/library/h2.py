"""The H2Learn card from Python: the driver in libh2.so, and a card that `h2vp serve` simulates.

    card = h2.Card("/tmp/card")
    network = h2.Network(channels=1, height=8, width=8, timesteps=4, sub_batch=4)
    network.conv(8).fc(32).fc(4)
    card.load(network)

libh2.so is taken from the path in the environment variable H2_LIBRARY, otherwise from where the
system looks for libraries. Needs nothing but Python.
"""

import ctypes
import os
import struct
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_double, c_float, c_int,
                    c_size_t, c_uint16, c_uint32, c_uint64, c_void_p)


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


OK, NOT_FOUND, SCRATCH_TOO_SMALL = 0, 1001, 1003
CONV, FC = 0, 1
ENCODING, POOL_AFTER_SOMA, ADAM = 1, 1, 1
LOSSES = {"mse": 0, "cross_entropy": 1}


def _library():
    lib = ctypes.CDLL(os.environ.get("H2_LIBRARY", "libh2.so"), use_errno=True)
    lib.h2_error_text.restype = c_char_p
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

    def __init__(self, lib, code, what):
        super().__init__(f"{what}: {lib.h2_error_text(code).decode()}")
        self.code = code


class Network:
    """Layers of a network and how it is trained. Methods add a layer and return the network."""

    def __init__(self, channels, height, width, timesteps, sub_batch, learning_rate=0.01,
                 loss_scale=1024):
        self.shape = (channels, height, width)
        self.planes = 1
        self.layers = []
        self.table = Table(timesteps=timesteps, sub_batch=sub_batch, optimizer=ADAM, alpha=0.25,
                           th_f=0.5, th_l=0, th_r=1, beta=1, learning_rate=learning_rate,
                           beta1=0.9, beta2=0.999, epsilon=1e-8, loss_scale=loss_scale)

    def conv(self, channels, kernel=3, pool=True, encoding=None):
        """A convolution with stride 1; `pool`: then average pooling of 2x2. `encoding` (the first
        layer unless told otherwise): the input is pixels, bytes [C][H][W]; if not, 0/1 bytes
        [T][C][H][W]."""
        encoding = not self.layers if encoding is None else encoding
        cin, height, width = self.shape
        self.layers.append(Layer(
            kind=CONV, flags=ENCODING if encoding else 0, pool=POOL_AFTER_SOMA if pool else 0,
            planes=8 if encoding else self.planes, cin=cin, cout=channels, kernel=kernel, stride=1,
            in_height=height, in_width=width))
        self.shape = (channels, height // 2, width // 2) if pool else (channels, height, width)
        self.planes = 3 if pool else 1
        return self

    def fc(self, channels):
        """A fully connected layer."""
        cin, height, width = self.shape
        self.layers.append(Layer(kind=FC, planes=self.planes, cin=cin * height * width,
                                 cout=channels, kernel=1, stride=1, in_height=1, in_width=1))
        self.shape, self.planes = (channels, 1, 1), 1
        return self


class Card:
    """A served card: registers and memories, and a network on it through the driver."""

    def __init__(self, socket_path):
        self._lib = _library()
        self._bus = Bus()
        self._device = ctypes.create_string_buffer(self._lib.h2_structure_bytes(b"h2_device"))
        self._scratch = ctypes.create_string_buffer(1 << 16)
        self._alive = []  # sub-batches that the driver holds on to
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
        if code != OK:
            raise CardError(self._lib, code, what)

    # ---- Bus --------------------------------------------------------------------------------

    def read(self, address, size):
        """Bytes from the bus, in one transaction."""
        data = ctypes.create_string_buffer(size)
        if self._bus.read(self._bus.context, address, ctypes.addressof(data), size):
            raise OSError(f"reading {size} bytes at {address:#x}: refused")
        return data.raw

    def write(self, address, data):
        """Writes bytes in one transaction."""
        if self._bus.write(self._bus.context, address, bytes(data), len(data)):
            raise OSError(f"writing {len(data)} bytes at {address:#x}: refused")

    def register(self, name):
        """Value of the register of this name in h2_contract.h."""
        return struct.unpack("<I", self.read(self._address(name), 4))[0]

    def set_register(self, name, value):
        self.write(self._address(name), struct.pack("<I", value))

    def _address(self, name):
        address = self._lib.h2_register_address(name.encode())
        if address == 0:
            raise KeyError(f"the card has no register {name}")
        return address

    def memory(self, number):
        """Address of Mem0, Mem1 or Mem2."""
        return self._lib.h2_memory_address(number)

    def wait_irq(self, ns):
        """Waits for the interrupt for at most `ns` of simulated time; true if it came."""
        return self._lib.h2_wait_irq_for(byref(self._bus), c_uint64(ns)) == OK

    @property
    def seconds(self):
        """Simulated time."""
        time = c_uint64()
        self._check(self._lib.h2_time_ps(byref(self._bus), byref(time)), "asking for the time")
        return time.value * 1e-12

    # ---- Driver -----------------------------------------------------------------------------

    def load(self, network):
        """Resets the card and places the network on it."""
        self.network = network
        layers = (Layer * len(network.layers))(*network.layers)
        while True:
            self._check(self._lib.h2_open(self._device, byref(self._bus), self._scratch,
                                          c_size_t(len(self._scratch))), "opening the card")
            code = self._lib.h2_load_network(self._device, byref(network.table), layers,
                                             len(layers))
            needed = self._lib.h2_scratch_bytes(self._device)
            if code != SCRATCH_TOO_SMALL:
                break
            self._scratch = ctypes.create_string_buffer(needed)
        self._check(code, "loading the network")

    def write_weights(self, layer, weights):
        """Weights of one layer as numbers in OIHW order, over the bus."""
        expected = self.network.layers[layer].weight_count()
        if len(weights) != expected:
            raise ValueError(f"layer {layer} has {expected} weights, not {len(weights)}")
        self._check(self._lib.h2_write_weights(self._device, layer,
                                               (c_float * expected)(*weights)), "writing weights")

    def read_weights(self, layer):
        """Weights of one layer as the engines use them, in OIHW order."""
        count = self.network.layers[layer].weight_count()
        size = self.register("CAPABILITIES") & 0xFF
        data = ctypes.create_string_buffer(count * size)
        self._check(self._lib.h2_read_weights(self._device, layer, data), "reading weights")
        return struct.unpack(f"<{count}{'e' if size == 2 else 'f'}", data.raw)

    def train(self, sub_batches, loss="mse"):
        """Trains one batch group, a list of (samples, labels), and updates the weights. A sample is
        a bytes object. Returns the summed loss and the number of correct samples."""
        waiting = iter(sub_batches)

        def source(_, to):
            batch = next(waiting, None)
            if batch is None:
                return 1
            to[0] = self._sub_batch(*batch)
            return 0

        group = Group(sub_batches=len(sub_batches), samples=sum(len(s) for s, _ in sub_batches),
                      loss=LOSSES[loss], overlap=1, source=Source(source))
        self._check(self._lib.h2_train_group(self._device, byref(group)), "training")
        return group.loss_sum, group.correct

    def infer(self, samples):
        """Class of every sample; at most a sub-batch."""
        predicted = (c_uint32 * len(samples))()
        batch = self._sub_batch(samples, [0] * len(samples))
        self._check(self._lib.h2_infer(self._device, byref(batch), predicted), "inferring")
        return list(predicted)

    def _sub_batch(self, samples, labels):
        c, h, w = self._input_shape()
        for sample in samples:
            if len(sample) != c * h * w:
                raise ValueError(f"a sample has {c * h * w} bytes, not {len(sample)}")
        pointers = (c_char_p * len(samples))(*samples)
        numbers = (c_uint32 * len(labels))(*labels)
        self._alive = self._alive[-3:] + [(samples, pointers, numbers)]
        return SubBatch(pointers, numbers, len(samples))

    def _input_shape(self):
        first = self.network.layers[0]
        steps = 1 if first.flags & ENCODING else self.network.table.timesteps
        return steps * first.cin, first.in_height, first.in_width
