#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LLDB as a debugger: lldb_test.sh PATH_TO_H2VP SOURCE_DIR FIRMWARE_DIR
set -u
h2vp=$1
config=$2/configs/h2learn.yaml
firmware=$3
lldb=$(command -v lldb-19) || {
  echo "skipped: no lldb-19 (Debian package lldb-19)"
  exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
# shellcheck source=tests/firmware/debugged.sh
. "$2/tests/firmware/debugged.sh"

# session PROGRAM EXIT_CODE COMMAND...: runs it under lldb until it ends, the dialogue in $output.
# With --batch lldb goes on behind a fault with the commands that are marked "fault: ".
session() {
  local elf=$firmware/$1.elf expected=$2 arguments=() command code
  shift 2
  serve "$elf"
  for command in "gdb-remote 127.0.0.1:$port" "$@"; do
    case $command in
      "fault: "*) arguments+=(--one-line-on-crash "${command#fault: }") ;;
      *) arguments+=(-o "$command") ;;
    esac
  done
  output=$("$lldb" --no-lldbinit --batch "$elf" "${arguments[@]}" 2>&1)
  wait "$server"
  code=$?
  [ "$code" -eq "$expected" ] || {
    echo "FAILED exit code $code, expected $expected"
    echo "$output"
    cat "$work/errors"
    failed=$((failed + 1))
  }
}

has() {
  if [[ "$output" == *"$2"* ]]; then
    echo "ok     $1"
  else
    echo "FAILED $1, expected text: $2"
    echo "$output"
    failed=$((failed + 1))
  fi
}

# In its order: stop in add, look at it and its caller, step out, watch a variable, end the run.
session debug 9 "breakpoint set --name add" "continue" "frame variable" "bt" \
  "register read sp fp ra pc a0 mstatus misa mhartid mcycle" "breakpoint delete 1" "finish" \
  "frame variable" "memory region 0x80000000" "memory read --count 4 0x10000000" \
  "watchpoint set variable counter" "continue" "watchpoint delete 1" "step" "stepi" \
  "process plugin packet monitor map" "expression finish = 9" "continue"
has breakpoint "stop reason = breakpoint 1.1"
has arguments "(uint32_t) b = 0"
has innermost "frame #0: 0x"
has caller "debug.elf\`main at debug.c"
has start-up "debug.elf\`_cstart"
has csr "mstatus = 0x00001800"
has misa "misa = 0x40101105"
has cycles "mcycle = 0x"
has step-out "stop reason = step out"
has locals "(uint32_t) sum = 0"
has region "[0x0000000080000000-0x0000000081000000) rwx"
has device "4c 56 32 48"
has watchpoint "stop reason = watchpoint 1"
has watched-value "new value: 1"
has step "stop reason = step in"
has single-step "stop reason = instruction step into"
has monitor "host dma"
has end "exited with status = 9"

# An unhandled fault; a step over a wfi without a wake-up event.
session faults 1 "breakpoint set --name main" "continue" "expression kind = 2" "continue" \
  "fault: bt" "fault: continue"
has fault "stop reason = signal SIGSEGV"
has fault-text "load access fault (mcause 0x00000005)"
has fault-caller "faults.elf\`main"
session faults 7 "breakpoint set --name main" "continue" "expression kind = 7" \
  "breakpoint set --name go_to_sleep" "continue" "stepi" "stepi" "stepi" "stepi" "stepi" "bt" \
  "continue"
has woken "exited with status = 7"

echo "$failed failed"
[ "$failed" -eq 0 ]
