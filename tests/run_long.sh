#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What takes longer than a change can wait for: clang-tidy over every source, the unit and board tests
# under AddressSanitizer with UndefinedBehaviorSanitizer and under ThreadSanitizer, and campaigns: ten
# times as many random descriptors as in the suite, 100,000 random programs on the processor and on
# QEMU, and 1,000,000 random packets on the mesh of the multi-core trainer. Steps that passed for this
# commit are not repeated, so that a broken-off run can go on; --again starts anew.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=examples/setup.sh
. examples/setup.sh

passed=build/long/$(git rev-parse HEAD)
[ "${1:-}" != --again ] || rm -rf "$passed"
mkdir -p "$passed"

# step NAME COMMAND...
step() {
  local name=$1
  shift
  if [ -e "$passed/$name" ]; then
    echo "$name: passed before"
    return
  fi
  "$@"
  touch "$passed/$name"
}

install_packages "${build_packages[@]}" "${test_packages[@]}"
step address tests/sanitize.sh address
step thread tests/sanitize.sh thread test_platform
step tidy tests/tidy.py --all
build_tree -DH2_TESTS=ON
step fuzz env H2_FUZZ_DESCRIPTORS=2000000 build/test_fuzz
step differential build/differential build/tests/firmware/differential/monitor.bin \
  qemu-system-riscv32 20261127 100000
step mesh env H2_MESH_PACKETS=1000000 build/test_mesh --gtest_filter=*Saturation*
