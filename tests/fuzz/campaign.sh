#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# campaign.sh SECONDS [TARGET...]: libFuzzer on each target of targets.cpp for so long, with
# AddressSanitizer and UndefinedBehaviorSanitizer. What it finds worth keeping stays in
# build/fuzz/corpus and is where the next call goes on; how many inputs each call ran is added to
# build/fuzz/counts.txt. An input that breaks a target is build/fuzz/broken-*.
#   campaign.sh keep [TARGET...]: of what was found the smallest inputs that reach more than the others
# become part of tests/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:?seconds for each target, or keep}
shift
build=build/fuzz
cmake -S . -B $build -G Ninja -DH2_TESTS=ON -DH2_FUZZER=ON -DCMAKE_C_COMPILER=clang \
  -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -g1" \
  -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON > /dev/null
cmake --build $build --parallel "$(nproc)" --target fuzzer
targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(ls tests/fuzz/corpus)
# A few short ones of each: they are run with every test of the suite.
keep() {
  local target=$1 kept=tests/fuzz/corpus/$1 merged=$build/merged/$1 name
  mkdir -p "$merged" "$build/corpus/$target"
  H2_FUZZ_TARGET=$target ASAN_OPTIONS=detect_leaks=0 "$build/fuzzer" -merge=1 "$merged" "$kept" \
    "$build/corpus/$target" > "$build/$target.merge.log" 2>&1
  find "$merged" -type f -size -1025c -printf '%s %f\n' | sort -n | head -n 24 |
    while read -r _ name; do
      # Files have the SHA-1 of their contents for a name.
      sha1sum "$kept"/* | grep -q "^$name" || cp "$merged/$name" "$kept/${name:0:12}"
    done
  echo "$target: $(find "$kept" -type f | wc -l) inputs, $(du -bs "$kept" | cut -f1) bytes"
}
if [ "$seconds" = keep ]; then
  for target in "${targets[@]}"; do keep "$target"; done
  exit
fi
failed=0
for target in "${targets[@]}"; do
  mkdir -p "$build/corpus/$target"
  # Leaks are looked for as everywhere in sanitize.sh: not at all.
  if ! H2_FUZZ_TARGET=$target ASAN_OPTIONS=detect_leaks=0 "$build/fuzzer" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -artifact_prefix="$build/broken-$target-" \
    -print_final_stats=1 "$build/corpus/$target" "tests/fuzz/corpus/$target" \
    > "$build/$target.log" 2>&1; then
    tail -n 30 "$build/$target.log"
    failed=1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log")
  echo "$target ${runs:-0}" >> $build/counts.txt
done
awk '{ sum[$1] += $2; all += $2 }
     END { for (t in sum) print t ": " sum[t] " inputs"; print all " in all" }' \
  $build/counts.txt | sort
exit $failed
