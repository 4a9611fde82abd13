#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replays golden signals in the Verilog test bench, checks that it finds a wrong bit, and compares
its adder with additions rounded by Python.

usage: testbench_test.py H2VP SOURCE_DIR IVERILOG
Exit codes: 0 all as expected, 1 not, 77 no Icarus Verilog.
"""

import os
import random
import re
import struct
import subprocess
import sys
import tempfile

ADDER_BENCH = """`timescale 1ns / 1ps
module adder_bench;
  reg [15:0] a, b, wanted;
  wire [15:0] sum;
  integer file, read, pairs, wrong;
  fp16_add adder (.a(a), .b(b), .sum(sum));
  initial begin
    pairs = 0;
    wrong = 0;
    file = $fopen("vectors.txt", "r");
    while (!$feof(file)) begin
      read = $fscanf(file, "%h %h %h\\n", a, b, wanted);
      #1 pairs = pairs + 1;
      if (sum !== wanted) begin
        wrong = wrong + 1;
        $display("%h + %h = %h, not %h", a, b, wanted, sum);
      end
    end
    $display("%0d pairs, %0d wrong", pairs, wrong);
  end
endmodule
"""


def value(bits):
    return struct.unpack("<e", struct.pack("<H", bits))[0]


def rounded(number):
    try:
        return struct.unpack("<H", struct.pack("<e", number))[0]
    except OverflowError:
        return 0xFC00 if number < 0 else 0x7C00


def write_vectors(path, count):
    """Pairs of finite numbers, half of them of similar size, with their rounded sums."""
    draw = random.Random(1)
    with open(path, "w", encoding="ascii") as file:
        while count > 0:
            a = draw.randrange(0x10000)
            near = a + draw.randrange(-3000, 3000) & 0x7FFF | draw.choice((0, 0x8000))
            b = draw.choice((near, draw.randrange(0x10000)))
            if 0x7C00 in (a & 0x7C00, b & 0x7C00):
                continue
            # Doubles hold the sum of two such numbers exactly.
            file.write(f"{a:04x} {b:04x} {rounded(value(a) + value(b)):04x}\n")
            count -= 1


def run(*command, folder, **variables):
    result = subprocess.run(command, cwd=folder, env={**os.environ, **variables}, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout}")
    return result.stdout


def check_adder(iverilog, bench, work):
    with open(os.path.join(work, "adder_bench.v"), "w", encoding="ascii") as file:
        file.write(ADDER_BENCH)
    write_vectors(os.path.join(work, "vectors.txt"), 50000)
    run(iverilog, "-g2005", "-o", "adder.vvp", "adder_bench.v",
        os.path.join(bench, "fp16_add.v"), folder=work)
    text = run("vvp", "adder.vvp", folder=work)
    if "50000 pairs, 0 wrong" not in text:
        sys.exit(text)


def check_column(h2vp, bench, work):
    script, out = os.path.join(bench, "run.sh"), os.path.join(work, "out")
    text = run(script, h2vp, out, folder=work, CHANNEL="15")
    match = re.search(r"^(\d+) beats equal, 0 different$", text, re.M)
    if not match or int(match[1]) < 100:
        sys.exit(text)


def check_wrong_bit(work):
    """The bench must see one wrong bit in the last sum of its channel."""
    folder = os.path.join(work, "out", "golden", "0")
    path = os.path.join(folder, "conv2.fe_psum.hex")
    with open(path, encoding="ascii") as file:
        lines = file.read().splitlines()
    lines[-1] = f"{int(lines[-1], 16) ^ 1:04x}"
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    text = run("vvp", "column.vvp", folder=folder)
    if " 1 different" not in text:
        sys.exit("a wrong bit was not found:\n" + text)


def main():
    h2vp, source = (os.path.abspath(path) for path in sys.argv[1:3])
    iverilog = sys.argv[3]
    if not iverilog or not os.path.exists(iverilog):
        print("Icarus Verilog is not installed: the test bench is not run")
        sys.exit(77)
    bench = os.path.join(source, "examples", "testbench")
    with tempfile.TemporaryDirectory() as work:
        check_adder(iverilog, bench, work)
        check_column(h2vp, bench, work)
        check_wrong_bit(work)


if __name__ == "__main__":
    main()
