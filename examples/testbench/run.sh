#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Trains a few samples, writes the signals of one layer, and replays one column of the Forward Engine
# in Icarus Verilog. usage: run.sh [H2VP [OUT]]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
h2vp=${1:-$here/../../build/h2vp}
out=${2:-$here/../../out/testbench}
layer=conv2

"$h2vp" train "$here/../../configs/quickstart.yaml" --out "$out" --quiet \
  --set network.layers='32C3(Encoding)-16C3-10FC' --set network.timesteps=2 \
  --set dataset.train_limit=2 --set dataset.test_limit=1 --set training.epochs=1 \
  --set training.sub_batch=2 --set training.batch_group=1 \
  --golden "$out/golden" --golden-units $layer --golden-readmemh

# Shapes are in the first line of every file: // fe_psum(positions, maps, channels, beats)
cd "$out/golden/0"
for signal in fe_lut_address fe_lut fe_acc fe_psum; do ln -sf "$layer.$signal.hex" $signal.hex; done
shape() { head -n 1 "$1.hex" | sed 's/.*(\(.*\))/\1/; s/,//g'; }
read -r positions maps channels beats < <(shape fe_psum)
read -r _ _ _ leaves < <(shape fe_lut_address)
read -r _ _ _ entries < <(shape fe_lut)
inputs=0
while ((1 << inputs < entries)); do inputs=$((inputs + 1)); done

top=forward_column_tb
iverilog -g2005 -Wall -o column.vvp -s $top \
  -P $top.POSITIONS="$positions" -P $top.MAPS="$maps" -P $top.CHANNELS="$channels" \
  -P $top.BEATS="$beats" -P $top.LEAVES="$leaves" -P $top.INPUTS=$inputs \
  -P $top.CHANNEL="${CHANNEL:-0}" \
  "$here/fp16_add.v" "$here/forward_column.v" "$here/$top.v"
vvp column.vvp | tee column.log
grep -q " 0 different" column.log
