#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sample_test.sh H2VP SOURCE: the transactions that TRANSACTIONS.md shows, as they stand there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n '/^    # The card is an H2Learn card/,/^$/s/^    //p' \
  "$2/platform/host/player/TRANSACTIONS.md" > "$work/sample.txn"
grep -q dump "$work/sample.txn"
"$1" play "$2/configs/h2learn.yaml" "$work/sample.txn" | grep ' 0 failures'
printf '\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99' | cmp - "$work/block.bin"
