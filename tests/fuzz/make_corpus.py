#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small first inputs for every target of targets.cpp that are not there yet: make_corpus.py
FOLDER. What a campaign finds worth keeping lies beside them."""

import gzip
import pickle
import struct
import sys
import zlib
from pathlib import Path

folder = Path(sys.argv[1])


def put(target, name, data):
    path = folder / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


def npy(descr, shape, data, order="False"):
    text = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"
    text += " " * (63 - (10 + len(text)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + data


def idx(*dims):
    return struct.pack(">" + "I" * (1 + len(dims)), 0x800 + len(dims), *dims)


def elf(segments, sections=b"", kind=2, machine=243):
    head = 52 + 32 * len(segments)
    body, table = b"", b""
    for address, data, memory in segments:
        table += struct.pack("<8I", 1, head + len(body), address, address, len(data), memory, 7, 4)
        body += data
    return (b"\x7fELF\x01\x01\x01" + bytes(9) +
            struct.pack("<HHIIIIIHHHHHH", kind, machine, 1, 0x80000000, 52, 0, 0, 52, 32,
                        len(segments), 40, 0, 0) + table + body + sections)


def split(first, second):
    """Both files behind the byte that says where the second one begins; line ends fill it up."""
    while True:
        for share in range(256):
            if (len(first) + len(second)) * share // 256 == len(first):
                return bytes([share]) + first + second
        second += b"\n"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


put("yaml", "machine", "clock_mhz: 800\nengines:\n  forward: {rows: 32, lut: false}\n"
    "memory: {preset: ddr4_3200, bytes: 1073741824}\n")
put("yaml", "network", "network:\n  layers: 8C3(Encoding)-8C3-AP2-10FC\n  timesteps: 4\n"
    "training: {sub_batch: 2, loss_scale: dynamic}\nprofile: {mask_density: [0.1, 0.2, 0.3]}\n")
put("yaml", "list", "network:\n  layers:\n    - {type: conv, channels: 4, kernel: 5, padding: valid}"
    "\n    - {type: pool}\n    - {type: fc, neurons: 3, th_f: 0.25}\n")
put("yaml", "sata", "accelerator: sata\nneuron: {alpha: 0.9375}\nsata: {rows: 8}\n"
    "network: {layers: 4C3-4FC, input: {height: 8, width: 8}}\n")
put("yaml", "others", "accelerator: spinaps\nnetwork: {layers: 10FC}\n---\n# &a *a !!str [1, 2]\n")
put("set", "number", "clock_mhz=1.5e2")
put("set", "list", "trace.vcd.scopes=[top.*, '*.mem?']")
put("set", "section", "engines.forward={rows: 2, cols: 3}")
put("energy", "table", "name: mine\nbase: public28\ncosts:\n  logic:\n    energy: {value: 2, unit: pJ, "
    "status: scaled, source: me, figures: {a: 1, b: 2}}\n")
for kind, size in (("<f4", 4), ("<f2", 2), ("|u1", 1), ("<i4", 4)):
    put("npy", kind.strip("<|"), npy(kind, "(2, 1, 2)", bytes(4 * size)))
put("npy", "scalar", npy("<f4", "()", bytes(4)))
put("npy", "vector", npy("|u1", "(3,)", b"abc"))
put("npy", "order", b"\x93NUMPY\x01\x00" + struct.pack("<H", 54) +
    b'{"shape":(1,),"fortran_order":False,"descr":"<f4"}   \n' + bytes(4))
pixels, labels = npy("|u1", "(2, 1, 2, 2)", bytes(range(8))), npy("|u1", "(2,)", b"\x00\x01")
put("npy_set", "pixels", split(pixels, labels))
spikes = npy("|u1", "(1, 2, 1, 2, 2)", b"\x00\x01" * 4)
put("npy_set", "spikes", split(spikes, npy("<i4", "(1,)", bytes(4))))
images = idx(2, 2, 2) + bytes(range(8))
put("idx", "pair", split(images, idx(2) + b"\x01\x09"))
packed = [gzip.compress(part, mtime=0) for part in (images, idx(2) + b"\x01\x09", bytes(100000))]
put("gzip", "pair", split(packed[0], packed[1]))
put("gzip", "zeros", split(packed[2], packed[1]))
put("cifar", "record", b"\x03" + bytes(3072))
put("events", "three", b"\x05\x06\x80\x00\x10\x07\x08\x00\x01\x00\x21\x21\x80\x02\x00")
put("weights", "fc", npy("<f4", "(2, 4)", struct.pack("<8f", *range(8))))
put("spines", "lists", b"SPINES1\n" + struct.pack("<5I", 1, 1, 1, 2, 2) + bytes(16))
put("spines", "dense", npy("|u1", "(1, 2, 2, 1, 1)", b"\x00\x01\x01\x00"))
put("elf", "text", elf([(0x80000000, b"\x13\x00\x00\x00" * 4, 16)]))
put("elf", "bss", elf([(0x80000000, b"\x13\x00\x00\x00", 4), (0x80001000, b"", 64)]))
put("elf", "bss_only", elf([(0x80000000, b"", 64)]))
put("transactions", "all", "# comment\nwrite 0x1000 0x12 \nread 0x4 0xFFFFFFFF 0x1\n"
    "read 0x10 all bytes:0102\nwait 500ns\nwait_irq 1ms\nreset\nwrite 0x0 bytes: expect error ADDRESS_ERROR\n"
    "read 0x99 4 expect error\ndump 0x1000000000 10 block.bin\n")
put("transactions", "file", "load 0x1000000000 t.txn\nverify 0x1000000000 t.txn 0 4\n")
put("descriptor", "same", bytes(64))
put("descriptor", "flags", bytes(4) + b"\x01" + bytes(59) + bytes(64))
put("pickle", "batch", pickle.dumps({"data": [1, 2], "labels": [0, 1], b"x": "y"}, protocol=2))
put("pickle", "plain", pickle.dumps({"labels": [0, 1], "names": ("y", 2.5, None)}, protocol=2))
put("pickle", "text", pickle.dumps({"data": (1, 2.5, None)}, protocol=0))
rows = b"".join(b"\0" + bytes([row * 40, 9, 200, 7]) for row in range(4))
put("picture", "grey", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 4, 4, 8, 0, 0, 0, 0)) +
    chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def request(op, address=0, count=0, data=b""):
    return struct.pack("<IHHQII", 0x52573248, 1, op, address, count or len(data), 7) + data


REGISTERS, MEM0 = 0x1000_0000, 0x10_0000_0000
hello = request(1)
put("wire", "accesses", hello + request(3, MEM0, data=b"abcdefgh") + request(2, MEM0, 8) +
    request(5, MEM0, 3) + request(6, MEM0 + 1, data=b"xyz") + request(7))
put("wire", "registers", hello + request(2, REGISTERS, 4) + request(3, REGISTERS + 8, data=bytes(4)) +
    request(2, REGISTERS + 0x20, 8))
put("wire", "waits", hello + request(4, 1000) + request(8) + request(4))
put("wire", "unknown", hello + request(99))
put("wire", "early", request(2, MEM0, 4))


def packets(*lines):
    return b"\x01" + "\n".join(lines).encode()


put("packets", "attach", packets("qSupported:swbreak+;", "QStartNoAckMode", "!", "?", "qC", "Hg0",
                                 "qfThreadInfo", "qsThreadInfo", "qAttached", "vCont?",
                                 "qXfer:features:read:target.xml:0,fff",
                                 "qXfer:memory-map:read::0,fff", "qMemoryRegionInfo:80000000"))
put("packets", "memory", packets("m80000000,8", "M80000100,4:6f000000", "m80000100,4", "m0,4",
                                 "m80fffff8,10", "M0,4:00000000"))
put("packets", "registers", packets("g", "p20", "P20=00000080", "pa", "Pa=78563412", "p341",
                                    "G" + "00" * 132, "p1041"))
put("packets", "runs", packets("s", "vCont;s:1", "vCont;r80000000,80000008:1", "Z0,80000004,2",
                               "c", "z0,80000004,2", "c", "C05", "S05;80000000", "Z2,80000200,4", "c"))
put("packets", "monitor", packets(*("qRcmd," + text.encode().hex() for text in (
    "help", "regs", "stats", "map", "descriptors", "completions", "memory 0x1000000000 16", "reset",
    "trace on"))))
put("packets", "ends", packets("!", "R00", "vRun;", "vKill;1", "k", "D"))
put("packets", "raw", b"\x00+$qSupported#37$?#3f\x03$g#67$m80000000,4#00$vCont;c#a8")
put("aedat2", "three", b"#!AER-DAT2.0\r\n# made by hand\r\n" + b"".join(
    struct.pack(">II", (row << 8) | (column << 1) | on, us)
    for row, column, on, us in ((3, 4, 1, 100), (100, 90, 0, 1000), (127, 127, 1, 2**31 + 5))))


def aedat3(kind, events, overflow=0, size=8):
    return struct.pack("<HHIIIIII", kind, 1, size, 4, overflow, len(events), len(events),
                       len(events)) + b"".join(events)


gesture = b"".join((b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n", aedat3(1, [
    struct.pack("<II", (column << 17) | (row << 2) | (on << 1) | 1, us)
    for row, column, on, us in ((3, 4, 1, 100), (100, 90, 0, 1000))]), aedat3(3, [bytes(36)], size=36),
    aedat3(1, [struct.pack("<II", 0, 7)], overflow=1)))
table = b"class,startTime_usec,endTime_usec\n3,50,2000\n"
put("aedat3", "pair", split(gesture, table))
put("aedat3", "cut", split(gesture[:-3], table))
# No more of HDF5 than its signature: the library itself (1.10) does not survive every damaged file.
put("nir", "none", b"\x89HDF\r\n\x1a\n" + bytes(88))
