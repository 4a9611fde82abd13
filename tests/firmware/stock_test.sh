#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bare-metal programs that know nothing of this machine: stock_test.sh PATH_TO_H2VP SOURCE_DIR
# FIRMWARE_DIR
set -u
h2vp=$1
elf=$3/stock
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/expect.sh
. "$2/tests/expect.sh"
config=$(probed "$2/configs/h2learn.yaml")

run() { timeout 60 "$h2vp" firmware "$config" --quiet "$@"; }

# prints NAME TEXT: what is in $work/console.
prints() {
  if [ "$(cat "$work/console")" != "$2" ]; then
    echo "FAILED $1: console is"
    cat "$work/console"
    failed=$((failed + 1))
  fi
}

printf 'xyz' > "$work/xyz"
printf 'look\nwait\n' > "$work/lines"
for quantum in 1 37 10000; do
  with=(--quantum "$quantum")
  expect "plic $quantum" 0 "" run --elf "$elf/plic.elf" "${with[@]}"
  run --elf "$elf/htif.elf" --input "$work/xyz" "${with[@]}" > "$work/console"
  expect "htif $quantum" 7 "by call" run --elf "$elf/htif.elf" --input "$work/xyz" "${with[@]}"
  prints "htif $quantum" $'by call\nby character: xyz'
  run --elf "$elf/echo.elf" --input "$work/lines" "${with[@]}" > "$work/console"
  prints "echo $quantum" $'> look\nWAIT'
done

# From a pipe as from a file, and time does not depend on who writes how fast.
(printf 'lo' && sleep 0.3 && printf 'ok\nwait\n') | run --elf "$elf/echo.elf" --input - \
  > "$work/console"
prints pipe $'> look\nWAIT'
for writer in "cat $work/lines" "sleep 0.2; cat $work/lines"; do
  bash -c "$writer" | timeout 60 "$h2vp" firmware "$config" --elf "$elf/echo.elf" --input - 2>&1 |
    grep "^firmware ended" >> "$work/times"
done
if [ "$(sort -u "$work/times" | wc -l)" -ne 1 ] || [ "$(wc -l < "$work/times")" -ne 2 ]; then
  echo "FAILED times"
  cat "$work/times"
  failed=$((failed + 1))
fi

finisher() { printf '%s' "$1" > "$work/orders" && run --elf "$elf/finisher.elf" --input "$work/orders"; }
expect pass 0 "" finisher p
expect fail 9 "" finisher f
expect reset 0 "" finisher rrp
expect reset-then-fail 9 "" finisher rf
expect no-input 2 "nowhere: No such file" run --elf "$elf/echo.elf" --input nowhere
expect input-is-a-folder 2 "Is a directory" run --elf "$elf/echo.elf" --input "$work"

echo "$failed failed"
[ "$failed" -eq 0 ]
