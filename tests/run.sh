#!/usr/bin/env bash
# Installs what is missing, builds, and runs the whole test suite. Arguments go to ctest, for
# example -R memory.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=examples/setup.sh
. examples/setup.sh

install_packages "${build_packages[@]}" "${test_packages[@]}"
build_tree -DH2_TESTS=ON
exec ctest --test-dir build --output-on-failure --no-tests=error -j "$(nproc)" "$@"
