#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sanitize.sh address|thread PROGRAM...: builds the test programs with AddressSanitizer and
# UndefinedBehaviorSanitizer, or with ThreadSanitizer, and runs them: sanitize.sh address test_fuzz
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:?address or thread}
shift
case $kind in
  address | thread) ;;
  *)
    echo "sanitize.sh: $kind; legal: address, thread"
    exit 2
    ;;
esac
build=build/sanitize-$kind
# Without debug information messages still name functions; -O1 compiles in half the time of -O3.
cmake -S . -B "$build" -G Ninja -DH2_TESTS=ON "-DH2_SANITIZE=$kind" -DCMAKE_BUILD_TYPE=Release \
  "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG"
cmake --build "$build" --parallel "$(nproc)" --target "$@"
for program in "$@"; do
  # Leaks are not looked for: SystemC keeps its kernel for ever. Nor is the use of a stack frame after
  # its function has returned, which GCC 13 does by default: its frames on the heap are given back
  # when SystemC switches stacks.
  ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0 "$build/$program"
done
