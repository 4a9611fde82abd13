#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sanitize.sh address|thread [PROGRAM...]: builds test programs with AddressSanitizer and
# UndefinedBehaviorSanitizer, or with ThreadSanitizer, and runs them; without names all of
# tests/CMakeLists.txt's h2_test(). GTEST_FILTER in the environment chooses tests.
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
programs=("$@")
[ $# -gt 0 ] || mapfile -t programs < "$build/tests/programs"
cmake --build "$build" --parallel "$(nproc)" --target "${programs[@]}"

# Leaks are not looked for: SystemC keeps its kernel for ever. Nor is the use of a stack frame after
# its function has returned, which GCC 13 does by default: its frames on the heap are given back
# when SystemC switches stacks.
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0
export build GTEST_BRIEF=1 GTEST_TOTAL_SHARDS
GTEST_TOTAL_SHARDS=$(nproc)

# run PROGRAM SHARD: quiet if all its tests pass.
run() {
  local log=$build/$1.$2.log
  if GTEST_SHARD_INDEX=$2 "$build/$1" > "$log" 2>&1; then
    echo "$1, part $(($2 + 1)) of $GTEST_TOTAL_SHARDS: $(tail -n 1 "$log")"
  else
    cat "$log"
    return 1
  fi
}
export -f run
for program in "${programs[@]}"; do
  for ((shard = 0; shard < GTEST_TOTAL_SHARDS; ++shard)); do echo "$program $shard"; done
done | xargs -P "$(nproc)" -I{} bash -c 'run {}'
