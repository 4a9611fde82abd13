// SPDX-License-Identifier: Apache-2.0
// Replays the golden signals of one output channel through forward_column and compares every beat.
// Parameters and files come from the manifest: see docs/testbench.md.
`timescale 1ns / 1ps
module forward_column_tb;
  parameter POSITIONS = 1, MAPS = 1, BEATS = 1, CHANNELS = 1;
  parameter CHANNEL = 0;  // of the block
  parameter LEAVES = 192, INPUTS = 3;
  localparam ENTRIES = 1 << INPUTS;

  reg [7:0] addresses[0:POSITIONS*MAPS*BEATS*LEAVES-1];
  reg [15:0] luts[0:CHANNELS*BEATS*LEAVES*ENTRIES-1];
  reg [15:0] accs[0:POSITIONS*MAPS*CHANNELS*BEATS-1];
  reg [15:0] psums[0:POSITIONS*MAPS*CHANNELS*BEATS-1];

  reg clock = 0, valid = 0, first = 0;
  reg [LEAVES*INPUTS-1:0] address;
  reg [LEAVES*16*ENTRIES-1:0] tables;
  wire done;
  wire [15:0] acc, psum;
  forward_column #(
      .LEAVES(LEAVES),
      .INPUTS(INPUTS)
  ) column (
      .clock(clock),
      .valid(valid),
      .first(first),
      .address(address),
      .tables(tables),
      .done(done),
      .acc(acc),
      .psum(psum)
  );

  integer position, map, beat, leaf, entry, at, equal, different;
  initial begin
    $readmemh("fe_lut_address.hex", addresses);
    $readmemh("fe_lut.hex", luts);
    $readmemh("fe_acc.hex", accs);
    $readmemh("fe_psum.hex", psums);
    equal = 0;
    different = 0;
    for (position = 0; position < POSITIONS; position = position + 1)
      for (map = 0; map < MAPS; map = map + 1)
        for (beat = 0; beat < BEATS; beat = beat + 1) begin
          for (leaf = 0; leaf < LEAVES; leaf = leaf + 1) begin
            at = ((position * MAPS + map) * BEATS + beat) * LEAVES + leaf;
            address[leaf*INPUTS+:INPUTS] = addresses[at][INPUTS-1:0];
            for (entry = 0; entry < ENTRIES; entry = entry + 1) begin
              at = ((CHANNEL * BEATS + beat) * LEAVES + leaf) * ENTRIES + entry;
              tables[(leaf*ENTRIES+entry)*16+:16] = luts[at];
            end
          end
          valid = 1;
          first = beat == 0;
          #1 clock = 1;
          #1 clock = 0;
          at = ((position * MAPS + map) * CHANNELS + CHANNEL) * BEATS + beat;
          if (acc === accs[at] && psum === psums[at]) equal = equal + 1;
          else begin
            different = different + 1;
            if (different <= 10)
              $display("position %0d map %0d beat %0d: acc %h, expected %h; psum %h, expected %h",
                       position, map, beat, acc, accs[at], psum, psums[at]);
          end
        end
    $display("%0d beats equal, %0d different", equal, different);
    $finish;
  end
endmodule
