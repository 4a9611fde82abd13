# SPDX-License-Identifier: Apache-2.0
"""Checks of what h2.py is given: TypeError and ValueError name the argument and what is legal."""

import math
import operator
import struct

_FORMATS = {"?": "bool", "c": "bytes", "B": "uint8", "b": "int8", "H": "uint16", "h": "int16",
            "I": "uint32", "i": "int32", "L": "uint64", "l": "int64", "Q": "uint64", "q": "int64",
            "e": "float16", "f": "float32", "d": "float64"}
_BYTES, _FLOATS = ("uint8", "bool", "bytes"), ("float16", "float32", "float64")


def integer(value, name, least, most):
    """`value` as an integer in a range."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is of type {type(value).__name__}: expected an integer")
    number = operator.index(value)
    if not least <= number <= most:
        raise ValueError(f"{name} is {number}: legal are {least} to {most}")
    return number


def real(value, name):
    """`value` as a number."""
    if isinstance(value, (bool, str)) or not (hasattr(value, "__float__") or
                                              hasattr(value, "__index__")):
        raise TypeError(f"{name} is of type {type(value).__name__}: expected a number")
    return float(value)


def as_list(values, name, what):
    """`values` as a list, where a string or a single number was not meant."""
    if isinstance(values, (str, bytes, bytearray, dict)) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} is of type {type(values).__name__}: expected a list of {what}")
    return list(values)


def _view(buffer, name, kinds, shapes):
    """A contiguous view of a buffer whose elements are of one of `kinds` and whose shape, if it has
    more than one dimension, is one of `shapes`."""
    try:
        view = memoryview(buffer)
    except TypeError:
        raise TypeError(f"{name} is of type {type(buffer).__name__}: expected bytes or an array of "
                        f"{' or '.join(kinds)}") from None
    kind = _FORMATS.get(_format(view), f"format {view.format}")
    if kind not in kinds:
        raise TypeError(f"{name} is an array of {kind}: expected {' or '.join(kinds)}")
    if not view.c_contiguous:
        raise ValueError(f"{name} is not contiguous: numpy.ascontiguousarray makes a copy that is")
    if view.ndim > 1 and tuple(view.shape) not in shapes:
        raise ValueError(f"{name} has the shape {tuple(view.shape)}: legal are "
                         f"{', '.join(str(s) for s in shapes)} and flat")
    if view.ndim == 0:
        raise ValueError(f"{name} has no dimension")
    return view


def _format(view):
    """Letter of module struct, in this machine's byte order."""
    return view.format.lstrip("@=<|")


def raw(data, name):
    """At least one byte."""
    view = _view(data, name, _BYTES, [])
    if view.nbytes == 0:
        raise ValueError(f"{name} is empty")
    return view.tobytes()


def sample_bytes(sample, name, shapes):
    """A sample of one of `shapes`, which hold the same number of bytes."""
    data = _view(sample, name, _BYTES, shapes).tobytes()
    expected = math.prod(shapes[0])
    if len(data) != expected:
        raise ValueError(f"{name} has {len(data)} bytes, not {expected}: {shapes[0]}")
    return data


def numbers(values, name, shapes):
    """Numbers of an array or of a list."""
    try:
        memoryview(values)
    except TypeError:
        return [real(v, f"{name}[{i}]") for i, v in enumerate(as_list(values, name, "numbers"))]
    view = _view(values, name, _FLOATS, shapes)
    return struct.unpack(f"{view.nbytes // view.itemsize}{_format(view)}", view.tobytes())
