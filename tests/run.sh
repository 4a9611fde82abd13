#!/usr/bin/env bash
# Installs what is missing, builds, and runs the whole test suite; then sends the fuzzer's
# descriptors once more to a build with AddressSanitizer and UndefinedBehaviorSanitizer. Arguments
# go to ctest, for example -R memory; with arguments the sanitizers are left out.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=examples/setup.sh
. examples/setup.sh

install_packages "${build_packages[@]}" "${test_packages[@]}"
build_tree -DH2_TESTS=ON
ctest --test-dir build --output-on-failure --no-tests=error -j "$(nproc)" "$@"
[ $# -eq 0 ] || exit 0

# Without debug information messages still name functions; -O1 compiles in half the time of -O3.
cmake -S . -B build/sanitize -G Ninja -DH2_TESTS=ON -DH2_SANITIZE=ON -DCMAKE_BUILD_TYPE=Release \
  "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG"
cmake --build build/sanitize --parallel "$(nproc)" --target test_fuzz
# Leaks are not looked for: SystemC keeps its kernel for ever.
ASAN_OPTIONS=detect_leaks=0 build/sanitize/test_fuzz
