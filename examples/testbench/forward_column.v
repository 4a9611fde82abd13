// SPDX-License-Identifier: Apache-2.0
`timescale 1ns / 1ps
// One column of the Forward Engine (one output channel): every clock takes the addresses of one beat,
// looks them up, adds the results in a tree, level by level, and adds the tree's result to the
// running sum. `first` starts a new sum. Results are registered.
module forward_column #(
    parameter LEAVES = 192,  // rows x sub-LUTs
    parameter INPUTS = 3     // of a sub-LUT
) (
    input  wire                              clock,
    input  wire                              valid,
    input  wire                              first,
    input  wire [LEAVES*INPUTS-1:0]          address,
    input  wire [LEAVES*(16<<INPUTS)-1:0]    tables,   // contents of the beat, leaf 0 lowest
    output reg                               done,
    output reg  [15:0]                       acc,
    output reg  [15:0]                       psum
);
  localparam ENTRIES = 1 << INPUTS;

  // Nodes of the tree, level by level: LEAVES, then half as many, down to one.
  function integer width(input integer level);
    integer l;
    begin
      width = LEAVES;
      for (l = 0; l < level; l = l + 1) width = (width + 1) / 2;
    end
  endfunction
  function integer offset(input integer level);
    integer l;
    begin
      offset = 0;
      for (l = 0; l < level; l = l + 1) offset = offset + width(l);
    end
  endfunction
  localparam LEVELS = $clog2(LEAVES);

  // verilator lint_off UNOPTFLAT
  wire [15:0] node[0:offset(LEVELS+1)-1];
  // verilator lint_on UNOPTFLAT
  genvar leaf, level, n;
  generate
    for (leaf = 0; leaf < LEAVES; leaf = leaf + 1) begin : look_up
      wire [16*ENTRIES-1:0] lut = tables[leaf*16*ENTRIES+:16*ENTRIES];
      assign node[leaf] = lut[address[leaf*INPUTS+:INPUTS]*16+:16];
    end
    for (level = 1; level <= LEVELS; level = level + 1) begin : tree
      for (n = 0; n < width(level); n = n + 1) begin : adder
        if (2 * n + 1 < width(level - 1)) begin : two
          fp16_add add (
              .a(node[offset(level-1)+2*n]),
              .b(node[offset(level-1)+2*n+1]),
              .sum(node[offset(level)+n])
          );
        end else begin : odd  // passes on
          assign node[offset(level)+n] = node[offset(level-1)+2*n];
        end
      end
    end
  endgenerate

  wire [15:0] result = node[offset(LEVELS)];
  wire [15:0] next;
  fp16_add accumulate (
      .a(first ? 16'h0000 : psum),
      .b(result),
      .sum(next)
  );

  always @(posedge clock) begin
    done <= valid;
    if (valid) begin
      acc  <= result;
      psum <= next;
    end
  end
endmodule
