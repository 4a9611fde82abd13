#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a clean clone to a trained network: installs what is missing, builds, trains a small network
# on generated digits through the platform, and names the files that it made.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=examples/setup.sh
. examples/setup.sh

install_packages "${build_packages[@]}"
build_tree -DH2_TESTS=OFF

out=out/quickstart
build/h2vp train configs/quickstart.yaml --out "$out"

cat << END

Files of this run
  $out/summary.json   accuracy, simulated time, cycles of every layer, bytes of every memory
  $out/trace.vcd      waveform of the engines, memories and controller
                               open it with: gtkwave $out/trace.gtkw   (package gtkwave)
Next
  build/h2vp train configs/quickstart.yaml --set training.epochs=4 --out out/longer
  build/h2vp config configs/quickstart.yaml   every configuration key with its value
END
