# SPDX-License-Identifier: Apache-2.0
"""Every export of the register table agrees with the manual: exports_test.py H2VP CONFIG [SCHEMAS]

Reads `h2vp regs CONFIG` and compares SystemRDL, CMSIS-SVD, IP-XACT, C header and device tree with it.
SCHEMAS is a folder with the official CMSIS-SVD.xsd and ipxact/index.xsd (1685-2014); with it xmllint
checks the two XML files against them.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

IPXACT = "{http://www.accellera.org/XMLSchema/IPXACT/1685-2014}"
WINDOWS, STRIDE, BASE, BYTES = 8, 0x10, 0x10000000, 0x1000
failures = 0


def check(what, got, expected):
    global failures
    if got == expected:
        return
    failures += 1
    print(f"FAILED {what}:")
    if isinstance(got, dict) and isinstance(expected, dict):
        for key in sorted(set(got) | set(expected)):
            if got.get(key) != expected.get(key):
                print(f"  {key}: {got.get(key)}, expected {expected.get(key)}")
    else:
        print(f"  {got}, expected {expected}")


def manual(text):
    """{register: (offset, access, reset, {field: (low, bits)})}; a register that is one number has
    the field VALUE. Also the error codes."""
    registers = {}
    table = text[text.index("Registers, at"):text.index("Descriptor, 64 bytes")]
    for line in table.splitlines():
        row = re.match(r"0x([0-9A-F]{3})\s+(\w+)\s+(RO|RW|W1C)\s+0x([0-9A-F]{8})\s", line)
        field = re.match(r"\s+(\w+)\s+(\d+)(?::(\d+))?\s", line)
        if row:
            fields = {}
            registers[row[2]] = (int(row[1], 16), row[3], int(row[4], 16), fields)
        elif field:
            high, low = int(field[2]), int(field[3] or field[2])
            fields[field[1]] = (low, high - low + 1)
    for _, _, _, fields in registers.values():
        if not fields:
            fields["VALUE"] = (0, 32)
    codes = text[text.index("Error codes"):text.index("Constants")]
    return registers, {name: int(code) for code, name in re.findall(r"^(\d+)\s+(\w+)", codes, re.M)}


def spread(windows):
    """The registers of a window that is written once, as the eight that they are."""
    return {f"WINDOW{n}_{name}": (offset + n * STRIDE, access, reset, fields)
            for n in range(WINDOWS) for name, (offset, access, reset, fields) in windows.items()}


def parse_rdl(text):
    def registers(body, base):
        found = {}
        for body, name, offset in re.findall(r"\breg \{(.*?)\n\s+\} (\w+) @ (0x[0-9A-F]+);", body,
                                             re.S):
            fields, reset, access = {}, 0, set()
            for inner, field, high, low, value in re.findall(
                    r"field \{(.*?) \} (\w+)\[(\d+):(\d+)\] = (0x[0-9A-F]+);", body):
                fields[field] = (int(low), int(high) - int(low) + 1)
                reset |= int(value, 16) << int(low)
                access.add("W1C" if "woclr" in inner else
                           {"r": "RO", "rw": "RW"}[re.search(r"sw = (\w+);", inner)[1]])
            check(f"SystemRDL: one access of {name}", len(access), 1)
            found[name] = (base + int(offset, 16), access.pop(), reset, fields)
        return found

    windows = re.search(r"regfile \{(.*?)\n  \} WINDOW\[(\d+)\] @ (0x[0-9A-F]+) \+= (0x[0-9A-F]+);",
                        text, re.S)
    check("SystemRDL: windows", (int(windows[2]), int(windows[4], 16)), (WINDOWS, STRIDE))
    alone = text[:windows.start()] + text[windows.end():]
    return {**registers(alone, 0), **spread(registers(windows[1], int(windows[3], 16)))}


def rdl_details(text, codes):
    """What SystemRDL alone has: the card's side, named values, interrupts, the size of the block."""
    check("SystemRDL: balanced", text.count("{"), text.count("}"))
    check("SystemRDL: block", int(re.search(r"block_bytes = (0x\w+)", text)[1], 16), BYTES)
    side = {name: (hw, flags) for hw, flags, name in re.findall(
        r"field \{[^}]*?hw = (\w+);(.*?) \} (\w+)\[", text)}
    check("SystemRDL: constant", side["VALUE_BYTES"][0], "na")
    check("SystemRDL: self-clearing", side["RESET"], ("rw", " hwclr;"))
    check("SystemRDL: read by the card", side["ENABLE"][0], "r")
    check("SystemRDL: written by the card", side["BUSY"][0], "w")
    for name, kind in (("COMPLETION", "posedge intr"), ("ERROR", "level intr")):
        status = re.search(r"\breg \{[^@]*?field[^@]*?\} IRQ_STATUS @", text, re.S)[0]
        field = re.search(rf"field \{{([^}}]*)\}} {name}\[", status)[1]
        check(f"SystemRDL: {name}", kind in field and "stickybit" in field, True)
        check(f"SystemRDL: mask of {name}",
              f"IRQ_STATUS.{name}->enable = IRQ_MASK.{name};" in text, True)
    values = re.search(r"enum ERROR_VALUE_values \{(.*?)\n  \};", text, re.S)[1]
    check("SystemRDL: error codes",
          {n: int(v) for n, v in re.findall(r"(\w+) = 32'd(\d+)", values)}, codes)
    check("SystemRDL: encode", "encode = ERROR_VALUE_values;" in text, True)


def parse_svd(text, codes):
    root = ET.fromstring(text)
    peripheral = root.find("peripherals/peripheral")
    block = peripheral.find("addressBlock")
    check("SVD: block", (int(peripheral.findtext("baseAddress"), 16),
                         int(block.findtext("size"), 16)), (BASE, BYTES))
    check("SVD: interrupt", peripheral.find("interrupt/description").text.startswith("level"), True)

    def register(element, base):
        fields = {f.findtext("name"): (int(f.findtext("bitOffset")), int(f.findtext("bitWidth")))
                  for f in element.findall("fields/field")}
        access = {"read-only": "RO", "read-write": "RW"}[element.findtext("access")]
        if element.findtext("modifiedWriteValues") == "oneToClear":
            access = "W1C"
        return (base + int(element.findtext("addressOffset"), 16), access,
                int(element.findtext("resetValue"), 16), fields)

    registers = peripheral.find("registers")
    cluster = registers.find("cluster")
    check("SVD: windows", (int(cluster.findtext("dim")), int(cluster.findtext("dimIncrement"), 16)),
          (WINDOWS, STRIDE))
    errors = {v.findtext("name"): int(v.findtext("value"))
              for r in registers.findall("register") if r.findtext("name") == "ERROR"
              for v in r.iter("enumeratedValue")}
    check("SVD: error codes", errors, codes)
    base = int(cluster.findtext("addressOffset"), 16)
    return {**{r.findtext("name"): register(r, 0) for r in registers.findall("register")},
            **spread({r.findtext("name"): register(r, base) for r in cluster.findall("register")})}


def parse_ipxact(text, codes):
    def of(element, path):
        return element.findtext("/".join(IPXACT + p for p in path.split("/")))

    def register(element, base):
        fields, reset, access = {}, 0, set()
        for f in element.findall(IPXACT + "field"):
            low = int(of(f, "bitOffset"))
            fields[of(f, "name")] = (low, int(of(f, "bitWidth")))
            reset |= int(of(f, "resets/reset/value"), 16) << low
            access.add("W1C" if of(f, "modifiedWriteValue") == "oneToClear" else
                       {"read-only": "RO", "read-write": "RW"}[of(f, "access")])
        check(f"IP-XACT: one access of {of(element, 'name')}", len(access), 1)
        return base + int(of(element, "addressOffset"), 16), access.pop(), reset, fields

    root = ET.fromstring(text)
    block = root.find(f"{IPXACT}memoryMaps/{IPXACT}memoryMap/{IPXACT}addressBlock")
    check("IP-XACT: block", (int(of(block, "baseAddress"), 16), int(of(block, "range"), 16)),
          (BASE, BYTES))
    windows = block.find(IPXACT + "registerFile")
    check("IP-XACT: windows", (int(of(windows, "dim")), int(of(windows, "range"), 16)),
          (WINDOWS, STRIDE))
    registers = block.findall(IPXACT + "register")
    errors = {of(v, "name"): int(of(v, "value")) for r in registers if of(r, "name") == "ERROR"
              for v in r.iter(IPXACT + "enumeratedValue")}
    check("IP-XACT: error codes", errors, codes)
    base = int(of(windows, "addressOffset"), 16)
    return {**{of(r, "name"): register(r, 0) for r in registers},
            **spread({of(r, "name"): register(r, base)
                      for r in windows.findall(IPXACT + "register")})}


def validate(schema, text, name):
    """Against an official schema, if there is one."""
    if schema is None:
        print(f"{name}: no official schema given, structure alone is checked")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(text)
        file.flush()
        run = subprocess.run(["xmllint", "--nonet", "--noout", "--schema", schema, file.name],
                             capture_output=True, text=True)
    check(f"{name}: {run.stderr[-2000:]}", run.returncode, 0)


def device_tree(text, memories, memory):
    """The binding names what the node has, and dtc compiles the node without a warning."""
    properties = re.findall(r"^  ([\w-]+):\n", text[text.index("properties:"):], re.M)
    required = re.findall(r"^  - ([\w-]+)$", text[text.index("required:"):], re.M)
    check("device tree: properties", properties, required)
    node = text[text.index("  - |\n") + len("  - |\n"):]
    for name in required:
        check(f"device tree: {name}", f" {name} = " in node, True)
    if shutil.which("dtc") is None:
        print("device tree: no dtc, the node is not compiled")
        return
    cpu = ("cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = \"cpu\"; "
           "reg = <0>; cpu0_intc: interrupt-controller { #address-cells = <0>; "
           "#interrupt-cells = <1>; interrupt-controller; }; }; };")
    tree = ("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; " + cpu +
            " soc { #address-cells = <2>; #size-cells = <2>; ranges;\n" + node + "}; };")
    blob = subprocess.run(["dtc", "-I", "dts", "-O", "dtb"], input=tree.encode(),
                          capture_output=True)
    check("device tree: dtc", (blob.returncode, blob.stderr.decode()), (0, ""))
    back = subprocess.run(["dtc", "-I", "dtb", "-O", "dts"], input=blob.stdout,
                          capture_output=True).stdout.decode()
    cells = [int(c, 16) for c in
             re.search(r"accelerator@.*?reg = <([^>]*)>", back, re.S)[1].split()]
    pairs = [(high << 32) + low for high, low in zip(cells[::2], cells[1::2])]
    expected = [BASE, BYTES]
    for n in range(memories):
        expected += [0x1000000000 * (n + 1), memory]
    check("device tree: reg", pairs, expected)


def main():
    h2vp, config = sys.argv[1:3]
    schemas = sys.argv[3] if len(sys.argv) > 3 and sys.argv[3] else None
    sata = config.endswith("sata.yaml")
    sets = ["--set", "tile.height=4"]

    def regs(*options):
        return subprocess.run([h2vp, "regs", config, *options, *sets], check=True,
                              capture_output=True, text=True).stdout

    expected, codes = manual(regs())
    check("manual: TILE follows the configuration", expected["TILE"][2],
          0x00040004 if sata else 0x00080004)
    check("manual: what only SATA has", expected.get("GATES"),
          (0x64, "RW", 7, {"SPIKES": (0, 1), "GRADIENTS": (1, 1), "SURROGATE": (2, 1)})
          if sata else None)
    check("manual: rows and columns", expected.get("ARRAY"),
          (0x68, "RO", 0x00080010, {"ROWS": (0, 16), "COLS": (16, 16)}) if sata else None)
    rdl = regs("--systemrdl")
    check("SystemRDL", parse_rdl(rdl), expected)
    rdl_details(rdl, codes)
    svd, ipxact = regs("--svd"), regs("--ipxact")
    check("SVD", parse_svd(svd, codes), expected)
    check("IP-XACT", parse_ipxact(ipxact, codes), expected)
    validate(schemas and os.path.join(schemas, "CMSIS-SVD.xsd"), svd, "SVD")
    validate(schemas and os.path.join(schemas, "ipxact", "index.xsd"), ipxact, "IP-XACT")
    device_tree(regs("--devicetree"), 1 if sata else 3, expected["MEMORY_SIZE"][2] << 20)
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
