#!/usr/bin/env bash
# Installs what is missing, builds, and runs the whole test suite, then the fuzzer once more under
# AddressSanitizer and UndefinedBehaviorSanitizer. Arguments go to ctest, for example -R memory, and
# leave the sanitizers out.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=examples/setup.sh
. examples/setup.sh

install_packages "${build_packages[@]}" "${test_packages[@]}"
build_tree -DH2_TESTS=ON
ctest --test-dir build --output-on-failure --no-tests=error -j "$(nproc)" "$@"
[ $# -eq 0 ] || exit 0

cmake -S . -B build/sanitize -G Ninja -DH2_TESTS=ON -DH2_SANITIZE=ON > build/sanitize.log ||
  fail "configuring with sanitizers failed, see build/sanitize.log"
cmake --build build/sanitize --parallel "$(nproc)" --target test_fuzz
# The coroutine stacks of SystemC hide live pointers from the leak checker.
ASAN_OPTIONS=detect_leaks=0 build/sanitize/test_fuzz
