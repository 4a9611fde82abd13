#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The debugger's protocol by the packet, damaged and senseless ones too.

Usage: packets_test.py PATH_TO_H2VP CONFIG ELF
"""
import random
import re
import socket
import subprocess
import sys


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.acknowledged = True

    def byte(self):
        received = self.socket.recv(1)
        if not received:
            raise EOFError
        return received

    def ask(self, packet):
        data = packet if isinstance(packet, bytes) else packet.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) & 255))
        if self.acknowledged:
            assert self.byte() == b"+", packet
        return self.answer()

    def answer(self):
        while self.byte() != b"$":
            pass
        text = b""
        while (c := self.byte()) != b"#":
            text += c
        assert int(self.byte() + self.byte(), 16) == sum(text) & 255
        return text.decode()


def main():
    # The server ends with this script, whatever ends it.
    command = ["setpriv", "--pdeathsig", "KILL", sys.argv[1], "firmware", sys.argv[2], "--elf",
               sys.argv[3], "--gdb", "0"]
    server = subprocess.Popen(command,
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    line = server.stderr.readline()
    port = int(re.fullmatch(r"gdb: waiting at localhost:(\d+)\n", line)[1])
    check(port)
    assert server.wait(timeout=120) == 1, "killed runs end with 1"
    assert "the debugger ended the run" in server.stderr.read()


def check(port):
    for beginning in (b"", b"+", b"\x03", b"GET / HTTP/1.1\r\n\r\n", b"$qSupp"):
        with socket.create_connection(("127.0.0.1", port)) as stranger:
            stranger.sendall(beginning)
    c = Client(port)
    assert "qXfer:memory-map:read+" in c.ask("qSupported:swbreak+")
    assert c.ask("?") == "T05thread:1;"
    c.socket.sendall(b"$?#00")  # a wrong checksum is asked for again
    assert c.byte() == b"-"
    assert c.ask("QStartNoAckMode") == "OK"
    c.acknowledged = False
    assert c.ask("vCont?") == "vCont;c;C;s;S;r"
    assert c.ask("vMustReplyEmpty") == ""
    assert c.ask("qXfer:features:read:target.xml:0,7") == "m<?xml v"
    assert c.ask("qXfer:memory-map:read::fffff,10") == "l"
    assert c.ask("qMemoryRegionInfo:40000000") == "start:10031000;size:6ffcf000;"
    assert len(c.ask("g")) == 33 * 8
    pc = c.ask("p20")
    assert pc == "00000080", pc
    assert c.ask("m10000000,4") == "4c563248"
    assert c.ask("m10000002,1") == "32"
    assert c.ask("m10000ff0,4") == "E01"  # no register
    assert c.ask("M10000000,4:00000000") == "E01"  # devices take no orders from a debugger
    assert c.ask("Z0,80000000,4") == "OK" and c.ask("z0,80000000,4") == "OK"
    for broken in ("m", "m0", "m,", "m80000000,", "m80000000,ffffffff", "M80000000,4:00",
                   "P", "P20", "P20=", "P20=00", "Pffffffff=00000000", "p", "pffffffff", "G00",
                   "Z0", "Z0,,", "vCont;", "vCont;x", "vCont;C", "C", "Cxy", "c8000000g",
                   "vCont;r1", "qXfer:features:read:target.xml:", "qRcmd,0", "qMemoryRegionInfo:"):
        assert c.ask(broken) == "E01", broken
    for unknown in ("", "QNothing", "qNothing", "X80000000,0:", "Z9,0,0", "vNothing"):
        assert c.ask(unknown) == "", unknown
    for _ in range(3):
        before = int.from_bytes(bytes.fromhex(c.ask("p20")), "little")
        assert c.ask("vCont;s:1;c") == "T05thread:1;"
        assert before != int.from_bytes(bytes.fromhex(c.ask("p20")), "little")
    assert c.ask("vCont;r80000000,80000004:1") == "T05thread:1;"
    assert c.ask("S05") == "T05thread:1;"
    # Random text of the protocol's alphabet; what would let the processor go is left out.
    generator = random.Random(1)
    for _ in range(2000):
        text = "".join(generator.choice("gGpPmMzZqvH0123456789abcdef,;:=T!") for _ in
                       range(generator.randrange(1, 20)))
        if text[0] not in "vc":
            c.ask(text)
    assert c.ask("vRun;") == "T05thread:1;"
    assert c.ask("p20") == pc
    assert c.ask("D") == "OK"
    c = Client(port)  # the firmware runs on, and stops for the next one
    assert c.ask("?") == "T05thread:1;"
    c.socket.sendall(b"$k#6b")


main()
