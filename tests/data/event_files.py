# SPDX-License-Identifier: Apache-2.0
"""Recordings of event cameras in the formats of their data sets, and what a reader has to make of
them, by NumPy. An event is a row (us, x, y, polarity)."""

import struct

import numpy

AEDAT2_HEAD = b"#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n"
AEDAT3_HEAD = (b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#Start-Time: 2016-01-01\r\n"
               b"#!END-HEADER\r\n")


def draw(rng, count, side, span_us, begin_us=0):
    """Random events in the order of time."""
    return numpy.stack([numpy.sort(rng.integers(begin_us, begin_us + span_us, count)),
                        rng.integers(0, side, count), rng.integers(0, side, count),
                        rng.integers(0, 2, count)], axis=1)


def nmnist(events, overflow_at=None):
    """40 bits an event; of an overflow in front of event number `overflow_at` later times lose
    8192 us."""
    out = b""
    for number, (us, x, y, p) in enumerate(events.tolist()):
        if number == overflow_at:
            out += bytes([0, 240, 0, 0, 0])
        if overflow_at is not None and number >= overflow_at:
            us -= 8192
        out += bytes([x, y, p << 7 | us >> 16, us >> 8 & 255, us & 255])
    return out


def aedat2(events):
    """The sensor was turned: column and row of the address are 127 - y and 127 - x, polarity is
    inverted."""
    return AEDAT2_HEAD + b"".join(
        struct.pack(">II", (127 - x) << 8 | (127 - y) << 1 | 1 - p, us)
        for us, x, y, p in events.tolist())


def aedat3(events, packet=100, invalid=()):
    """Packets of at most `packet` polarity events, and one of another type that is passed over."""
    out = AEDAT3_HEAD + struct.pack("<HHIIIIII", 0, 1, 8, 4, 0, 1, 1, 1) + bytes(8)
    for first in range(0, len(events), packet):
        part = events[first:first + packet].tolist()
        overflow = part[0][0] >> 31
        out += struct.pack("<HHIIIIII", 1, 1, 8, 4, overflow, len(part), len(part), len(part))
        for number, (us, x, y, p) in enumerate(part, first):
            valid = 0 if number in invalid else 1
            out += struct.pack("<II", x << 17 | y << 2 | p << 1 | valid, us - (overflow << 31))
    return out


def windows(events, timesteps, channels, height, width, by_count=False, window_us=0, share=1):
    """Spikes [T][C][H][W] of events inside the shape."""
    out = numpy.zeros((timesteps, channels, height, width), numpy.uint8)
    us, x, y, p = events.T
    x, y = x // share, y // share
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    since, length = us - us.min(), us.max() - us.min() + 1
    window = since // window_us if window_us else since * timesteps // length
    window, x, y, p = window[inside], x[inside], y[inside], p[inside]
    if by_count:
        window = numpy.arange(len(x)) * timesteps // len(x)
    kept = window < timesteps
    out[window[kept], p[kept] if channels == 2 else 0, y[kept], x[kept]] = 1
    return out


def counts(events, height, width):
    out = numpy.zeros((2, height, width), numpy.int64)
    numpy.add.at(out, (events[:, 3], events[:, 2], events[:, 1]), 1)
    return numpy.minimum(out, 255)
