#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tidy.sh [--all]: clang-tidy with the checks of .clang-tidy over the product's sources, with --all
# over tests, examples and benchmarks too. Any warning is an error. A file that passed is not
# looked at again until it, a header or the checks change, so that a broken-off run can go on.
set -euo pipefail
cd "$(dirname "$0")/.."

# Left out: code for instruction sets that this clang knows less of than the compiler does.
patterns=('memory/*.cpp' 'modules/*.cpp' 'platform/*.cpp' 'traces/*.cpp'
  ':!modules/arithmetic/simd/*.cpp')
[ "${1:-}" != --all ] || patterns+=('tests/*.cpp' 'examples/*.cpp' ':!tests/arithmetic/avx512_model')
stamps=build/tidy/passed
# File by file, and without precompiled headers, which are the compiler's own.
cmake -S . -B build/tidy -G Ninja -DH2_TESTS=ON -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
  -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DH2_UNITY=OFF > build/tidy.log 2>&1 || { cat build/tidy.log; exit 1; }
mkdir -p "$stamps"
headers=$(git ls-files '*.h' '*.inc' .clang-tidy | xargs cat | sha1sum | cut -d ' ' -f 1)

# check FILE: quiet when it passes.
check() {
  local stamp
  stamp=$stamps/$(sha1sum < "$1" | cut -d ' ' -f 1)-$headers
  [ ! -e "$stamp" ] || return 0
  if clang-tidy -quiet -warnings-as-errors='*' -p build/tidy "$1" > "$stamp.$$" 2>&1; then
    rm "$stamp.$$"
    touch "$stamp"
  else
    grep -v 'warnings generated' "$stamp.$$"
    rm "$stamp.$$"
    return 1
  fi
}
export -f check
export stamps headers
git ls-files "${patterns[@]}" | xargs -P "$(nproc)" -I{} bash -c 'check {}'
echo "clang-tidy: no warning in $(git ls-files "${patterns[@]}" | wc -l) files"
