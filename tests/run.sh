#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and runs the whole test suite; then runs the unit and board tests
# once more in a build with AddressSanitizer and UndefinedBehaviorSanitizer. Arguments go to ctest, for
# example -R memory; with arguments the sanitizers are left out. run_long.sh has what takes longer.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=examples/setup.sh
. examples/setup.sh

install_packages "${build_packages[@]}" "${test_packages[@]}"
build_tree -DH2_TESTS=ON
ctest --test-dir build --output-on-failure --no-tests=error -j "$(nproc)" "$@"
[ $# -eq 0 ] || exit 0
tests/sanitize.sh address
