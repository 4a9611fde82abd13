# SPDX-License-Identifier: Apache-2.0
"""The structures of the driver's headers as ctypes, and libh2.so."""

import ctypes
import os
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float, c_int, c_size_t,
                    c_uint16, c_uint32, c_uint64, c_void_p)


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


class Neuron(Structure):
    """h2_neuron"""
    _fields_ = [(n, c_float) for n in ("alpha", "th_f", "th_l", "th_r", "beta")]
    _fields_ += [("kind", c_uint32)]


class ScheduleRecord(Structure):
    """h2_schedule"""
    _fields_ = [("kind", c_uint32), ("rate", c_float), ("warmup", c_uint32), ("every", c_uint32),
                ("factor", c_float), ("steps", c_uint32), ("floor", c_float)]


class SubBatch(Structure):
    """h2_sub_batch"""
    _fields_ = [("samples", POINTER(c_char_p)), ("labels", POINTER(c_uint32)), ("count", c_uint32)]


Source = CFUNCTYPE(c_int, c_void_p, POINTER(SubBatch))


class Group(Structure):
    """h2_group"""
    _fields_ = [("sub_batches", c_uint32), ("samples", c_uint32), ("loss", c_uint32),
                ("overlap", c_int), ("source", Source), ("source_context", c_void_p),
                ("rewind", c_void_p), ("retries", c_uint32),
                ("before_update", c_void_p), ("update_context", c_void_p), ("update", c_uint32),
                ("loss_samples", c_uint32),
                ("loss_sum", c_double), ("correct", c_uint32), ("fused", c_int),
                ("recoveries", c_uint32)]


CONV, FC = 0, 1
ENCODING, VALID, MAX_POOL, BIAS, READOUT = 1, 4, 16, 32, 128
POOL_AFTER_SOMA = 1
SGD, ADAM = 0, 1


def library():
    """libh2.so, if it is of the same version as this file."""
    lib = ctypes.CDLL(os.environ.get("H2_LIBRARY", "libh2.so"), use_errno=True)
    lib.h2_error_text.restype = lib.h2_reason.restype = c_char_p
    lib.h2_loader_bus.restype = Bus
    lib.h2_decay.restype = c_float
    lib.h2_scheduled_rate.restype = c_float
    for name in ("h2_structure_bytes", "h2_scratch_bytes"):
        getattr(lib, name).restype = c_size_t
    for name in ("h2_register_address", "h2_memory_address"):
        getattr(lib, name).restype = c_uint64
    mirrors = {"h2_bus": Bus, "h2_table": Table, "h2_layer": Layer, "h2_neuron": Neuron,
               "h2_schedule": ScheduleRecord, "h2_sub_batch": SubBatch, "h2_group": Group}
    for name, mirror in mirrors.items():
        if lib.h2_structure_bytes(name.encode()) != ctypes.sizeof(mirror):
            raise ImportError(f"libh2.so and h2.py are of different versions: {name} differs")
    return lib
