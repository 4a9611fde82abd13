#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# h2vp firmware as a user meets it: command_test.sh PATH_TO_H2VP SOURCE_DIR FIRMWARE_DIR
set -u
h2vp=$1
elf=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/expect.sh
. "$2/tests/expect.sh"
config=$(probed "$2/configs/h2learn.yaml")

firmware() { timeout 60 "$h2vp" firmware "$@"; }

expect no-elf 2 "--elf FILE is missing" firmware "$config"
expect no-file 2 "nowhere.elf: No such file" firmware "$config" --elf nowhere.elf
expect other-machine 2 "machine 62" firmware "$config" --elf /bin/sh
expect quantum 2 "--quantum 0: legal are 1 to" firmware "$config" --elf "$elf/hello.elf" --quantum 0
expect port 2 "--gdb 70000: legal are 0 to 65535" firmware "$config" --elf "$elf/hello.elf" --gdb 70000
expect clock 2 "host.clock_mhz" firmware "$config" --elf "$elf/hello.elf" --set host.clock_mhz=0
printf 'id\nnonsense\ntime\nquit\n' > "$work/commands"
expect console 0 "card 0x4832564c" firmware "$config" --elf "$elf/console.elf" --input "$work/commands"
expect console-unknown 0 "nonsense? legal: id, time, quit" firmware "$config" \
  --elf "$elf/console.elf" --input "$work/commands"
expect exit-code 42 "a line without end" firmware "$config" --elf "$elf/exit_code.elf"
expect unhandled 1 "load access fault" firmware "$config" --elf "$elf/unhandled.elf"
expect hang 1 "in wfi at sleep_for_ever" firmware "$config" --elf "$elf/hang.elf" \
  --set host.watchdog_cycles=100000
expect no-instructions 2 "--max-instructions 0: legal are 1 and more" firmware "$config" \
  --elf "$elf/hello.elf" --max-instructions 0
expect no-time 2 "--max-time" firmware "$config" --elf "$elf/hello.elf" --max-time -1
expect max-instructions 1 "--max-instructions is reached in" firmware "$config" \
  --elf "$elf/compute.elf" --max-instructions 12345
expect max-instructions-count 1 "after 12345 instructions" firmware "$config" \
  --elf "$elf/compute.elf" --max-instructions 12345
expect max-time 1 "--max-time is reached in main" \
  firmware "$config" --elf "$elf/compute.elf" --max-time 1000
expect max-time-asleep 1 "--max-time is reached in sleep_for_ever" firmware "$config" \
  --elf "$elf/hang.elf" --max-time 1000
expect waveform 0 "self-test passed" firmware "$config" --elf "$elf/hello.elf" --out "$work" \
  --set trace.vcd.enable=true
[ -s "$work/trace.vcd" ] || {
  echo "FAILED waveform: no trace.vcd"
  failed=$((failed + 1))
}

# Recorded runs, those that fail too, are played to the same core cycle without a failure.
recorded() {
  local name=$1 cycle
  firmware "$config" --elf "$elf/$name.elf" --record "$name.txn" --set host.watchdog_cycles=10000000 \
    > /dev/null 2> "$name.log"
  expect "play-$name" 0 " 0 failures" "$h2vp" play "$config" "$name.txn"
  cycle=$(sed -n 's/.* core cycle //p' "$name.log")
  [ -z "$cycle" ] || expect "play-$name-time" 0 "same" python3 -c "
import re, sys
_, time, unit = re.search(r'(simulated) (\S+) (\S+)', sys.argv[1]).groups()
ps = round(float(time) * {'ps': 1, 'ns': 10 ** 3, 'us': 10 ** 6, 'ms': 10 ** 9, 's': 10 ** 12}[unit])
print('same' if ps // 1250 == int(sys.argv[2]) else f'{ps} ps is not cycle {sys.argv[2]}')" \
    "$("$h2vp" play "$config" "$name.txn")" "$cycle"
}
cd "$work" || exit 1
for name in hello bringup train exit_code unhandled hang; do recorded "$name"; done
expect record-nowhere 2 "cannot be written" firmware "$config" --elf "$elf/hello.elf" \
  --record no/run.txn

# The console alone is on stdout, and the quantum changes no line of it.
for quantum in 1 10000; do
  firmware "$config" --elf "$elf/bringup.elf" --quantum "$quantum" \
    > "$work/console$quantum" 2> /dev/null
done
if ! cmp "$work/console1" "$work/console10000" || ! tail -1 "$work/console1" | grep -qx "0 failures"
then
  echo "FAILED console"
  failed=$((failed + 1))
fi

# What the firmware prints is there at once, and a signal ends the run in good order: a message, all
# files complete. The processor computes, sleeps (with a timer), or waits for a debugger.
ended_by() {
  local signal=$1 name=$2 shown=$3 text=$4 out="$work/$1-$2"
  shift 4
  # Its end with this script, whatever ends that.
  setpriv --pdeathsig KILL "$h2vp" firmware "$config" --elf "$elf/$name.elf" --out "$out" \
    --set trace.vcd.enable=true --set trace.timeline.enable=true "$@" > "$out.log" 2>&1 &
  local run=$!
  until [[ $(< "$out.log") == *"$shown"* ]]; do
    kill -0 "$run" 2> /dev/null || break
    sleep 0.05
  done
  kill -s "$signal" "$run"
  wait "$run"
  local code=$?
  expect "$name-$signal" 0 "$text" cat "$out.log"
  expect "$name-$signal-exit" 0 "1" echo "$code"
  expect "$name-$signal-timeline" 0 "" python3 -m json.tool "$out/timeline.json"
  [ -s "$out/trace.vcd" ] || {
    echo "FAILED $name-$signal: no trace.vcd"
    failed=$((failed + 1))
  }
}
for signal in INT TERM; do
  ended_by "$signal" prompt "prompt> " "interrupted in "
  ended_by "$signal" hello "gdb: waiting" "interrupted in _start" --gdb 0
  ended_by "$signal" endless_ticks "asleep" "interrupted in "
done

echo "$failed failed"
[ "$failed" -eq 0 ]
