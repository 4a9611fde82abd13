#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Debian package as a user meets it: package_test.sh CPACK BUILD_DIR DPKG_SHLIBDEPS
# Nothing of the source tree or the build folder is used after the package is made.
set -euo pipefail
cpack=$1
build=$2
if [ ! -x "$3" ] || ! command -v file > /dev/null; then
  echo "skipped: dpkg-shlibdeps (package dpkg-dev) and file are needed"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "FAILED: $*"
  exit 1
}

(umask 077 && "$cpack" -G DEB --config "$build/CPackConfig.cmake" -B "$work/package") > log ||
  { cat log; fail "cpack"; }
deb=$(echo package/h2learn-vp_*.deb)
dpkg-deb --field "$deb" Depends > depends
for library in libsystemc libyaml-cpp libssl libelf libboost-program-options; do
  grep -q "$library" depends || fail "no dependency on $library: $(cat depends)"
done
# Every dependency is a package of this system: it is installed, as the build needed it.
sed 's/ *([^)]*)//g; s/ *|[^,]*//g' depends | tr -d ' ' | tr ',' '\n' > packages
while read -r package; do
  dpkg-query -W -f='${db:Status-Status}\n' "$package" | grep -q '^installed$' ||
    fail "$package is no installed package"
done < packages

dpkg-deb -x "$deb" root
usr=$work/root/usr
[ -z "$(find root ! -perm -o=r)" ] || fail "files that others cannot read"
h2vp=(env -i "PATH=$usr/bin:/usr/bin:/bin" h2vp)
configs=$usr/share/h2learn_vp/configs
"${h2vp[@]}" --version
"${h2vp[@]}" train "$configs/quickstart.yaml" --set dataset.train_limit=16 \
  --set dataset.test_limit=8 --out result --quiet
"${h2vp[@]}" report result --quiet
if [ ! -s result/summary.json ] || [ ! -s result/report.html ]; then fail "no results"; fi

library=$(find "$usr/lib" -name libh2.so)
source=$usr/share/h2learn_vp/source
cc -I"$source" "$source/examples/external/train.c" \
  "$source/examples/firmware/common/small_training.c" -L"$(dirname "$library")" -lh2 -o train ||
  fail "the example cannot be compiled"
"${h2vp[@]}" serve "$configs/h2learn.yaml" --socket card --once --quiet > serve.log 2>&1 &
server=$!
for _ in $(seq 600); do [ -S card ] || sleep 0.1; done
H2_LIBRARY=$library PYTHONPATH=$usr/share/h2learn_vp/python python3 -c '
import h2
with h2.Card("card") as card:
    assert card.register("ID") == 0x4832564C
' || fail "h2.py does not reach the served card"
wait "$server" || fail "serve: $(cat serve.log)"

# completes WORDS...: the candidates for the last word.
completes() {
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  _h2vp
  echo " ${COMPREPLY[*]} "
}
compopt() { :; }  # works inside a completion only
# shellcheck source=/dev/null
. "$usr/share/bash-completion/completions/h2vp"
expect() {
  local wanted=$1
  shift
  [[ "$(completes "$@")" == *" $wanted "* ]] || fail "'$*' does not complete to '$wanted'"
}
expect train h2vp tr
expect --golden-units h2vp train --golden-u
expect --pattern h2vp traffic --pat
expect clock_mhz= h2vp train --set clock
expect memory.dram.channels= h2vp train --set memory.dram.ch
touch small.yaml
expect small.yaml h2vp train sma
[[ "$(completes h2vp traffic --golden)" != *golden* ]] || fail "traffic has no option --golden"
echo "passed"
