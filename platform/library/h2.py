# SPDX-License-Identifier: Apache-2.0
"""The H2Learn card from Python: the driver in libh2.so, and a card that `h2vp serve` simulates.

    network = h2.Network(channels=1, height=8, width=8, timesteps=4, sub_batch=4)
    network.conv(8).fc(32).fc(4)
    with h2.Server("configs/h2learn.yaml") as server, h2.Card(server.socket) as card:
        card.load(network)

libh2.so is taken from the path in the environment variable H2_LIBRARY, otherwise from where the
system looks for libraries. Needs nothing but Python; NumPy arrays are taken wherever bytes or
numbers are. What a method is given is checked before anything reaches the card: TypeError and
ValueError name the argument and what is legal, CardError has the driver's or the card's reason.
"""

import ctypes
import os
import struct
from ctypes import byref, c_char_p, c_float, c_size_t, c_uint32, c_uint64

import h2_arguments as check
from h2_network import Network, Schedule  # noqa: F401 (for programs)
from h2_server import Server  # noqa: F401
from h2_structures import Bus, Group, Layer, Source, SubBatch, library

OK, NOT_FOUND, SCRATCH_TOO_SMALL, NO_INTERRUPT = 0, 1001, 1003, 1004
LOSSES = {"mse": 0, "cross_entropy": 1}
MAX_WAIT_NS = 10 ** 12


class CardError(Exception):
    """The driver's reason; `code` is enum h2_error or h2_driver_error."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Card:
    """A served card: registers and memories, and a network on it through the driver."""

    def __init__(self, socket_path):
        self._lib = library()
        self._bus = Bus()
        self._device = ctypes.create_string_buffer(self._lib.h2_structure_bytes(b"h2_device"))
        self._scratch = ctypes.create_string_buffer(1 << 16)
        self._alive = []  # what the driver holds on to
        self._outputs = []  # shapes that gradients of the last forward() may have
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

    def load(self, network, rings=0):
        """Resets the card and places the network on it. `rings`: address of their page, as in the
        host's memory from 0x80000000 on; 0: in Mem2."""
        rings = check.integer(rings, "rings", 0, (1 << 64) - 1)
        if not isinstance(network, Network):
            raise TypeError(f"network is of type {type(network).__name__}: expected h2.Network")
        if not network.layers:
            raise ValueError("the network has no layers")
        self.network = None
        self._outputs = []
        layers = (Layer * len(network.layers))(*network.layers)
        while True:
            self._check(self._lib.h2_open(self._device, byref(self._connected()), self._scratch,
                                          c_size_t(len(self._scratch))), "opening the card")
            if rings:
                self._check(self._lib.h2_place_rings(self._device, c_uint64(rings)),
                            "placing the rings")
            if network.any_alpha:
                network.table.alpha = self._lib.h2_decay(self._device, c_float(0.25))
            code = self._lib.h2_load_neurons(self._device, byref(network.table), layers,
                                             network.neurons(), len(layers))
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

    def set_rates(self, learning_rate, weight_decay=0):
        """Learning rate and weight decay of the next updates, instead of the network's own rate and
        none; until the next load(). `h2.Schedule` computes rates that change."""
        self._loaded()
        rate = check.real(learning_rate, "learning_rate")
        decay = check.real(weight_decay, "weight_decay")
        self._check(self._lib.h2_set_rates(self._device, c_float(rate), c_float(decay)),
                    "setting the rates")

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

    def forward(self, samples):
        """Forward pass of a sub-batch: for every sample the spikes of each output, summed over the
        timesteps (of a card with ReLU the values). The sub-batch stays for backward()."""
        self._loaded()
        samples = check.as_list(samples, "samples", "samples")
        batch = self._sub_batch(samples, [0] * len(samples), "")
        classes = self.network.classes()
        outputs = (c_float * (len(samples) * classes))()
        code = self._lib.h2_forward(self._device, byref(batch), outputs)
        self._alive.clear()
        self._check(code, "the forward pass")
        self._outputs = [(len(samples), classes), (len(samples) * classes,)]
        return [outputs[i:i + classes] for i in range(0, len(outputs), classes)]

    def backward(self, gradients, last=True):
        """Backward pass and weight gradients of the sub-batch of the last forward(): `gradients` of
        the loss by its outputs, sample after sample. Those of several sub-batches add up until one
        is the `last`."""
        self._loaded()
        values = check.numbers(gradients, "gradients", self._outputs)
        wanted = self._outputs[-1][0] if self._outputs else 0
        if len(values) != wanted:
            raise ValueError(f"gradients: {len(values)} numbers, the last forward() had {wanted} "
                             "outputs")
        self._check(self._lib.h2_backward(self._device, (c_float * len(values))(*values),
                                          1 if last else 0), "the backward pass")

    def update(self):
        """The optimiser's step, behind the last backward() of a group."""
        self._loaded()
        self._check(self._lib.h2_update_weights(self._device), "the update")

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
