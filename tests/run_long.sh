#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What takes longer than a change can wait for: clang-tidy over every source, and the unit and board
# tests under AddressSanitizer with UndefinedBehaviorSanitizer and under ThreadSanitizer. Steps that
# passed for this commit are not repeated, so that a broken-off run can go on; --again starts anew.
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
step address tests/sanitize.sh address test_data test_config test_arithmetic test_layout test_memory \
  test_h2learn test_tensor test_traces test_report test_platform test_remote test_firmware
step thread tests/sanitize.sh thread test_platform
step tidy tests/tidy.sh --all
