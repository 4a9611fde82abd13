#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One driver on SATA as firmware, from another process in C and from Python:
# same_driver_test.sh BUILD_DIR SOURCE_DIR
set -u
build=$1
source_dir=$2
elf=$build/firmware
h2vp=$build/h2vp
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2> /dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
export H2_LIBRARY=$build/libh2.so PYTHONPATH=$source_dir/platform/library
export PYTHONDONTWRITEBYTECODE=1
# shellcheck source=tests/expect.sh
. "$source_dir/tests/expect.sh"
machine=$(probed "$source_dir/configs/sata.yaml")

"$h2vp" serve "$machine" --socket card > server.log 2>&1 &
server=$!
for _ in $(seq 200); do
  [ ! -S card ] || break
  sleep 0.05
done

"$build/external_train" card > native.txt || failed=$((failed + 1))
cat native.txt
digest=$(sed -n 's/^digest \([0-9a-f]*\) .*/\1/p' native.txt)
correct=$(sed -n 's/^new patterns: \([0-9]*\) of 64 correct/\1/p' native.txt)
[ "${correct:-0}" -ge 52 ] || {
  echo "FAILED accuracy: $correct of 64 new patterns"
  failed=$((failed + 1))
}
expect python 0 "65536 bytes to Mem0" env LD_PRELOAD="${PYTHON_PRELOAD:-}" python3 \
  "$source_dir/examples/external/train.py" card
expect other-decay 0 "table.alpha is not 0.9375, the only decay of this card" \
  env LD_PRELOAD="${PYTHON_PRELOAD:-}" python3 -c "
import h2
network = h2.Network(1, 8, 8, timesteps=4, sub_batch=4, alpha=0.25).fc(4)
try:
    h2.Card('card').load(network)
except h2.CardError as e:
    print(e)"
kill -TERM "$server"
wait "$server"
server=

# firmware NAME TEXT
firmware() {
  expect "firmware-$1" 0 "$2" "$h2vp" firmware "$machine" --elf "$elf/$1.elf"
}
if [ -e "$elf/train.elf" ]; then
  firmware hello "Mem0: self-test passed"
  firmware train "weights $digest"
  firmware rings "weights $digest"
  firmware scheduler "weights $digest"
  firmware bringup "0 failures"
  firmware registers "ERROR is OPCODE"
else
  echo "firmware was not built: no compiler for it"
fi

echo "$failed failed"
[ "$failed" -eq 0 ]
