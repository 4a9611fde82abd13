#!/usr/bin/env bash
# LLDB as a debugger: lldb_test.sh PATH_TO_H2VP SOURCE_DIR FIRMWARE_DIR
set -u
h2vp=$1
config=$2/configs/h2learn.yaml
elf=$3/debug.elf
lldb=$(command -v lldb-19) || {
  echo "skipped: no lldb-19 (Debian package lldb-19)"
  exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

timeout 150 "$h2vp" firmware "$config" --elf "$elf" --gdb 0 --set trace.probe.enable=true \
  > "$work/console" 2> "$work/errors" &
server=$!
port=""
for _ in $(seq 200); do
  port=$(sed -n 's/^gdb: waiting at localhost:\([0-9]*\)$/\1/p' "$work/errors")
  [ -n "$port" ] && break
  sleep 0.1
done

# In its order: stop in add, look at it and its caller, step out, watch a variable, end the run.
commands=("gdb-remote 127.0.0.1:$port" "breakpoint set --name add" "continue" "frame variable"
  "bt" "register read sp fp ra pc a0 mstatus" "breakpoint delete 1" "finish" "frame variable"
  "memory region 0x80000000" "memory read --count 4 0x10000000" "watchpoint set variable counter"
  "continue" "watchpoint delete 1" "step" "stepi" "process plugin packet monitor map"
  "expression finish = 9" "continue")
arguments=()
for command in "${commands[@]}"; do arguments+=(-o "$command"); done
output=$(timeout 120 "$lldb" --no-lldbinit --batch "$elf" "${arguments[@]}" 2>&1)
wait "$server"
code=$?

has() {
  if [[ "$output" == *"$2"* ]]; then
    echo "ok     $1"
  else
    echo "FAILED $1, expected text: $2"
    failed=$((failed + 1))
  fi
}

has breakpoint "stop reason = breakpoint 1.1"
has arguments "(uint32_t) b = 0"
has innermost "frame #0: 0x"
has caller "debug.elf\`main at debug.c"
has start-up "debug.elf\`_cstart"
has csr "mstatus = 0x00001800"
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
[ "$code" -eq 9 ] || {
  echo "FAILED exit code $code, expected 9"
  failed=$((failed + 1))
}
if [ "$failed" -ne 0 ]; then
  echo "$output"
  cat "$work/errors"
fi
echo "$failed failed"
[ "$failed" -eq 0 ]
