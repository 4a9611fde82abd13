// SPDX-License-Identifier: Apache-2.0
`timescale 1ns / 1ps
// a + b in IEEE 754 binary16, rounded to nearest, ties to even; subnormals are kept. Infinities and
// NaN are not handled: a run stops before one leaves an engine.
module fp16_add (
    input  wire [15:0] a,
    input  wire [15:0] b,
    output reg  [15:0] sum
);
  // Every finite value is a multiple of 2^-24 below 2^16, so the sum is exact in 42 bits.
  function [41:0] fixed(input [15:0] h);
    reg [41:0] magnitude;
    begin
      magnitude = h[14:10] == 0 ? {32'b0, h[9:0]} : {31'b0, 1'b1, h[9:0]} << (h[14:10] - 5'd1);
      fixed = h[15] ? -magnitude : magnitude;
    end
  endfunction

  reg [41:0] exact, magnitude, kept, rest, half;
  reg [14:0] rounded;
  reg [5:0] top, shift;  // highest bit, and how many bits do not fit
  integer i;
  always @* begin
    exact = fixed(a) + fixed(b);
    magnitude = exact[41] ? -exact : exact;
    top = 0;
    for (i = 0; i < 42; i = i + 1) if (magnitude[i]) top = i[5:0];
    shift = top > 10 ? top - 6'd10 : 6'd0;
    kept = magnitude >> shift;
    rest = magnitude - (kept << shift);
    half = (42'd1 << shift) >> 1;
    rounded = {top < 10 ? 5'd0 : shift[4:0] + 5'd1, kept[9:0]};
    // A carry out of the mantissa runs into the exponent, as it should.
    if (shift != 0 && (rest > half || (rest == half && kept[0]))) rounded = rounded + 15'd1;
    if (top >= 40) rounded = 15'h7c00;
    sum = {exact[41] || (exact == 0 && a[15] && b[15]), rounded};
  end
endmodule
