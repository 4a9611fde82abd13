#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What takes longer than a change can wait for: clang-tidy over every source, the board tests under
# ThreadSanitizer, and campaigns: ten times as many random descriptors as in the suite, 100,000 random
# programs on the processor and on QEMU, 1,000,000 random packets on the mesh of the multi-core trainer,
# 2.2 million changed inputs of all formats and libFuzzer for an hour on each, 5,000 random
# configurations, all mutants of tests/mutation, the tutorials of the Python package, a failure or a
# kill at every single write, rename and fsync of a run, 1,000 kills at random moments, and 200,000
# sub-batches whose memory has to stay flat. Steps that passed for this commit are not repeated, so that
# a broken-off run can go on; --again starts anew.
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

install_packages "${build_packages[@]}" "${test_packages[@]}" "${fuzz_packages[@]}"
step thread tests/sanitize.sh thread test_platform
step tidy tests/tidy.py --all
build_tree -DH2_TESTS=ON
step corpus build/fuzz_replay tests/fuzz/corpus "${H2_SEED:-20261128}" 100000 build/long/inputs.txt
step configs python3 tests/config/random_configs.py build/h2vp 1000 5000
step mutation tests/mutation/run.sh
step tutorials env H2VP=build/h2vp PYTHONPATH=python /usr/bin/python3 tests/python/tutorials_test.py \
  build/h2vp "$PWD" --all
step crash python3 tests/crash/crash_test.py build/h2vp "$PWD" build/libcrash.so --all
step formats tests/fuzz/campaign.sh 3600
step kills python3 tests/crash/kill_campaign.py build/h2vp --kills 1000 --seed "${H2_SEED:-20261128}" \
  --counts build/long/kills.json
step soak python3 tests/crash/soak.py build/h2vp 200000
step fuzz env H2_FUZZ_DESCRIPTORS=2000000 build/test_fuzz
step differential build/differential build/tests/firmware/differential/monitor.bin \
  qemu-system-riscv32 20261127 100000
step mesh env H2_MESH_PACKETS=1000000 build/test_mesh --gtest_filter=*Saturation*
