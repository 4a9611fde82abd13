#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # $1 is a value of gdb
# The debugger as a user meets it: gdb_test.sh PATH_TO_H2VP SOURCE_DIR FIRMWARE_DIR
set -u
h2vp=$1
config=$2/configs/h2learn.yaml
elf=$3/debug.elf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# shellcheck source=tests/firmware/debugged.sh
. "$2/tests/firmware/debugged.sh"
start() { serve "$elf"; }

# debug COMMAND...: one gdb session with these commands, its output in $output.
debug() { session remote "$@"; }

# session KIND COMMAND...: the same with "target KIND".
session() {
  local arguments=() command kind=$1
  shift
  for command in "$@"; do arguments+=(-ex "$command"); done
  output=$(gdb-multiarch -nx -batch -ex "set confirm off" -ex "set pagination off" \
    -ex "file $elf" -ex "target $kind :$port" "${arguments[@]}" 2>&1)
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

# A connection that says nothing is no debugger: the processor still waits for one.
start
for _ in 1 2 3; do
  exec 3<> "/dev/tcp/127.0.0.1/$port"
  exec 3>&-
done
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

# Memory and registers by name, map, parts of device registers.
start
debug "print/x \$mstatus" "print/x \$misa" "print \$x2 == \$sp" "print \$x8 == \$fp" "info mem" \
  "x/4xb 0x10000000" "x/1xb 0x10010007" "monitor completions" "monitor memory 0x80000000 20" \
  "monitor memory 0x10000002 3" "monitor memory 0x1000000000 16" "monitor memory 5 1" \
  "monitor memory nowhere" "monitor memory 0x80000000 4" "monitor memory 0x80000000 65536" \
  "tbreak add" "continue" "set var finish = 8" "continue"
has mstatus '$1 = 0x1800'
has misa '$2 = 0x40101105'
has aliases '$3 = 1'
has frame-pointer '$4 = 1'
has memory-map "0x80000000 0x81000000 rw"
has bytes-of-a-register "0x4c	0x56	0x32	0x48"
has byte-of-the-receiver "0x80"
has monitor-completions "ring of 0 at 0x0000000000, head 0, tail 0"
has monitor-memory-ram "0x0080000010:  "
has monitor-memory-register "0x0010000002:  32 48 04  "
has monitor-memory-card "0x1000000000:  "
has monitor-memory-nowhere "0x0000000005: nothing answers there"
has monitor-memory-legal "legal: monitor memory ADDRESS LENGTH"
has monitor-memory-long "0x008000fff0:  "
ends memory-session 8

# The rings of the card as the driver leaves them.
elf=$3/train.elf
start
debug "break _exit" "continue" "monitor completions" "monitor descriptors" \
  "monitor memory 0x3000000000 16" "continue"
has completions "  OK  layer 0  timestep 0  cycles "
has descriptors "FORWARD  Mem0"
has rings-in-memory "0x3000000000:  01 01 "
ends trained 0
elf=$3/debug.elf

# A session that outlives the run: reset, and two runs after it.
start
session extended-remote "break add" "continue" "continue" "print \$a1" "monitor reset" \
  "maintenance flush register-cache" "print \$pc" "continue" "print \$a1" "set var finish = 5" \
  "disable" "continue" "set remote exec-file debug.elf" "enable" "run" "print \$a1" \
  "set var finish = 6" "disable" "continue" "enable" "run" "kill" "run" "set var finish = 7" \
  "disable" "continue"
has before-reset '$1 = 1'
has reset "at the entry of its program"
has reset-pc '$2 = (void (*)()) 0x80000000 <_start>'
has after-reset '$3 = 0'
has first-end "exited with code 05"
has run-again '$4 = 0'
has second-end "exited with code 06"
has killed "killed]"
has third-end "exited with code 07"
ends exit-code-of-last-run 7

start
session remote "kill"
ends killed-run 1

# An unhandled trap stops, with the state visible; going on ends the run, except after ebreak. A step
# over a wfi without a wake-up event comes back.
elf=$3/faults.elf
start
session extended-remote "set remote exec-file faults.elf" "break main" "continue" \
  "set var kind = 1" "continue" "info symbol \$pc" "print \$mcause" "continue" "run" \
  "set var kind = 2" "continue" "info symbol \$pc" "backtrace" "print/x \$mtvec" "run" \
  "set var kind = 3" "continue" "continue" "continue" "run" \
  "set var kind = 4" "continue" "run" \
  "set var kind = 5" "continue" "set \$mtvec = 0" "run" \
  "set var kind = 6" "continue" "run" \
  "set var kind = 7" "tbreak go_to_sleep" "continue" "stepi 8" "info symbol \$pc" \
  "delete" "continue"
has illegal "received signal SIGILL"
has illegal-text "illegal instruction (mcause 0x00000002) at pc"
has not-entered '$1 = 0'
has ended-by-trap "exited with code 01"
has load "received signal SIGSEGV"
has load-text "mtval 0x40000004, and no trap handler is set"
has load-caller "in main"
[ "$(grep -c "received signal SIGTRAP" <<< "$output")" -ge 2 ] || {
  echo "FAILED ebreak of both sizes stops"
  failed=$((failed + 1))
}
has behind-ebreak "exited with code 03"
has ecall "received signal SIGSYS"
has misaligned "received signal SIGBUS"
has interrupt-text "timer interrupt (mcause 0x80000007)"
has slept "exited with code 07"
ends last-run 7
elf=$3/debug.elf

# Ctrl-C: gdb gets SIGINT while the firmware spins.
start
gdb-multiarch -nx -batch -ex "file $elf" -ex "target remote :$port" -ex "continue" \
  -ex "info symbol \$pc" -ex "print counter > 100" -ex "set var finish = 4" -ex "continue" \
  > "$work/session" 2>&1 &
session=$!
until_file_has "$work/console" "running"
kill -INT "$session"
wait "$session"
output=$(cat "$work/session")
has ctrl-c "SIGINT"
has ctrl-c-variable '$1 = 1'
ends continued-after-ctrl-c 4

echo "$failed failed"
[ "$failed" -eq 0 ]
