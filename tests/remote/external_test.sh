#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Processes of their own drive a served card, and a recorded run is played:
# external_test.sh BUILD_DIR SOURCE_DIR
set -u
build=$1
source_dir=$2
h2vp=$build/h2vp
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2> /dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
export H2_LIBRARY=$build/libh2.so PYTHONPATH=$source_dir/platform/library
export PYTHONDONTWRITEBYTECODE=1
# shellcheck source=tests/expect.sh
. "$source_dir/tests/expect.sh"
machine=$(probed "$source_dir/configs/h2learn.yaml")
quick=$(probed "$source_dir/configs/quickstart.yaml")

# serve OPTION...: a server in the background, listening.
serve() {
  "$h2vp" serve "$machine" --socket card "$@" > server.log 2>&1 &
  server=$!
  for _ in $(seq 200); do
    [ ! -S card ] || return 0
    sleep 0.05
  done
  echo "FAILED serve: $(cat server.log)"
  failed=$((failed + 1))
}

# served CODE TEXT: the server ends with CODE and has printed TEXT; its socket is gone.
served() {
  wait "$server"
  local actual=$?
  server=
  if [ "$actual" -ne "$1" ] || ! grep -q "$2" server.log || [ -e card ]; then
    echo "FAILED end of server: exit $actual (expected $1), expected text: $2; $(cat server.log)"
    failed=$((failed + 1))
  fi
}

expect no-socket 2 "--socket PATH is missing" "$h2vp" serve "$machine"
expect no-server 2 "No such file" "$build/external_train" card

serve --once
expect train-c 0 "digest " "$build/external_train" card
served 0 "1 clients: "

serve --record external.txn
expect second-server 2 "another server listens there" "$h2vp" serve "$machine" --socket card
expect train-python 0 "65536 bytes to Mem0" env LD_PRELOAD="${PYTHON_PRELOAD:-}" python3 \
  "$source_dir/examples/external/train.py" card
expect train-c-after 0 "digest " "$build/external_train" card
kill -TERM "$server"
served 0 "2 clients: "
expect play-external 0 " 0 failures" "$h2vp" play "$machine" external.txn

serve --once --record arguments.txn
expect arguments 0 "0 failures" env LD_PRELOAD="${PYTHON_PRELOAD:-}" /usr/bin/python3 \
  "$source_dir/tests/remote/arguments_test.py" card
served 0 "1 clients: "
expect play-arguments 0 " 0 failures" "$h2vp" play "$machine" arguments.txn
expect refused-access 0 "read 0x00000040 4 expect error ADDRESS_ERROR" grep 0x00000040 arguments.txn

# A client that waits for ever in simulated time does not keep the server from ending.
serve
python3 -c "
import h2
card = h2.Card('card')
open('connected', 'w').close()
while True: card.wait_irq(10 ** 12)" > /dev/null 2>&1 &
waiting=$!
for _ in $(seq 200); do
  [ ! -e connected ] || break
  sleep 0.05
done
kill -TERM "$server"
served 0 "1 clients: "
wait "$waiting"

serve --quiet
kill -KILL "$server"
wait "$server" 2> /dev/null
[ -S card ] || {
  echo "FAILED stale: the killed server left no socket"
  failed=$((failed + 1))
}
"$h2vp" serve "$machine" --socket card > server.log 2>&1 &
server=$!
until grep -q listening server.log || ! kill -0 "$server" 2> /dev/null; do sleep 0.05; done
expect train-c-stale 0 "digest " "$build/external_train" card
kill -INT "$server"
served 0 "1 clients: "

small=(--set dataset.train_limit=16 --set dataset.test_limit=8 --set trace.vcd.enable=false)
expect record 0 "" "$h2vp" train "$quick" "${small[@]}" --record run.txn --out out --quiet
expect play 0 " 0 failures" "$h2vp" play "$quick" run.txn --set trace.vcd.enable=false
sed -i 's/0xFFFFFFFF 0x4832564C/0xFFFFFFFF 0x4832564D/' run.txn
expect play-mismatch 1 "run.txn:2: read 0x10000000 (ID): got 0x4832564C, expected 0x4832564D" \
  "$h2vp" play "$quick" run.txn --set trace.vcd.enable=false
expect play-keep-going 1 " 1 failures" "$h2vp" play "$quick" run.txn --keep-going \
  --set trace.vcd.enable=false
echo "poke 1" > bad.txn
expect play-syntax 2 "bad.txn:1: 'poke': expected one of write" "$h2vp" play "$machine" bad.txn
printf '# nothing\n\n' > empty.txn
expect play-empty 2 "empty.txn: holds no transaction" "$h2vp" play "$machine" empty.txn
echo "wait_irq 5us" > silence.txn
expect play-silence 1 "wait_irq: the interrupt did not come in 5 us: IRQ_STATUS = nothing, IRQ_MASK" \
  "$h2vp" play "$machine" silence.txn
expect play-silence-why 1 "forward waits for a descriptor" "$h2vp" play "$machine" silence.txn
expect play-no-file 2 "expected one transaction file" "$h2vp" play "$machine"
expect play-missing 2 "nowhere.txn: cannot be read" "$h2vp" play "$machine" nowhere.txn

others=$(nm -D --defined-only "$build/libh2.so" | grep -v -e ' h2_' -e ' A H2$' -e asan -e ubsan)
[ -z "$others" ] || {
  echo "FAILED symbols: libh2.so exports $others"
  failed=$((failed + 1))
}

echo "$failed failed"
[ "$failed" -eq 0 ]
