#!/usr/bin/env bash
# shellcheck disable=SC2016 # $1 is a value of gdb
# The debugger as a user meets it: gdb_test.sh PATH_TO_H2VP SOURCE_DIR FIRMWARE_DIR
set -u
h2vp=$1
config=$2/configs/h2learn.yaml
elf=$3/debug.elf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# start: h2vp with a free port, in $port, and its process in $server.
start() {
  "$h2vp" firmware "$config" --elf "$elf" --gdb 0 --set trace.probe.enable=true \
    > "$work/console" 2> "$work/errors" &
  server=$!
  port=""
  for _ in $(seq 200); do
    port=$(sed -n 's/^gdb: waiting at localhost:\([0-9]*\)$/\1/p' "$work/errors")
    [ -n "$port" ] && return
    sleep 0.1
  done
  echo "FAILED: no port announced"
  cat "$work/errors"
  exit 1
}

# debug COMMAND...: one gdb session with these commands, its output in $output.
debug() {
  local arguments=() command
  for command in "$@"; do arguments+=(-ex "$command"); done
  output=$(timeout 60 gdb-multiarch -nx -batch -ex "set confirm off" -ex "set pagination off" \
    -ex "file $elf" -ex "target remote :$port" "${arguments[@]}" 2>&1)
}

# has NAME TEXT: TEXT is in the output.
has() {
  if [[ "$output" == *"$2"* ]]; then
    echo "ok     $1"
  else
    echo "FAILED $1, expected text: $2"
    echo "$output"
    failed=$((failed + 1))
  fi
}

# ends NAME EXIT_CODE: the run ends with it.
ends() {
  wait "$server"
  local code=$?
  if [ "$code" -eq "$2" ]; then
    echo "ok     $1"
  else
    echo "FAILED $1: exit code $code, expected $2"
    cat "$work/errors"
    failed=$((failed + 1))
  fi
}

start
debug "break add" "continue" "print \$a0" "print \$a1" "continue 3" "info registers a0 a1 ra" \
  "backtrace" "x/2i \$pc" "stepi" "print (unsigned)\$pc - (unsigned)&add" "delete" "print finish = 9" \
  "print finish" "monitor stats" "monitor stats" "detach"
has breakpoint "Breakpoint 1, add"
has arguments '$1 = 0'
has third-call "a1             0x3"
has backtrace "in main"
has single-step '$3 = 2'
has memory-write '$5 = 9'
has monitor-stats "core cycle"
[ "$(grep "^core cycle" <<< "$output" | uniq | wc -l)" -eq 1 ] || {
  echo "FAILED time-stands-still"
  failed=$((failed + 1))
}
ends detached-run-ends 9

start
debug "watch counter" "continue" "continue" "delete" \
  "watch *(unsigned*)0x10000100" "continue" "x/i \$pc" "monitor regs" "delete" \
  "awatch *(unsigned*)0x10000100" "rwatch counter" "continue" "monitor map" \
  "monitor descriptors" "monitor trace on" "monitor trace off" "monitor nonsense" \
  "set var finish = 3" "delete" "continue"
has watch-old "Old value = 0"
has watch-new "New value = 1"
has watch-device "New value = 291"
has monitor-regs "WINDOW0_BASE         0x100 0x00000123"
has rwatch "Hardware read watchpoint"
has monitor-map "host dma"
has monitor-descriptors "ring of 0"
has monitor-help "monitor regs"
has exit-code "exited with code 03"
ends exit-code-of-run 3

# Ctrl-C: gdb gets SIGINT while the firmware spins.
start
gdb-multiarch -nx -batch -ex "file $elf" -ex "target remote :$port" -ex "continue" \
  -ex "info symbol \$pc" -ex "print counter > 100" -ex "set var finish = 4" -ex "continue" \
  > "$work/session" 2>&1 &
session=$!
for _ in $(seq 300); do
  grep -q "^0x" "$work/session" && break # attached: the place where it stopped
  sleep 0.1
done
sleep 1
kill -INT "$session"
wait "$session"
output=$(cat "$work/session")
has ctrl-c "SIGINT"
has ctrl-c-variable '$1 = 1'
ends continued-after-ctrl-c 4

echo "$failed failed"
[ "$failed" -eq 0 ]
