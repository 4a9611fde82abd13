# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests of a debugger; the script that sources this has $h2vp, $config and a folder of its own in
# $work. Nothing waits for a fixed time, so a busy machine makes a test slow and no more; CTest ends
# one that hangs, and a server ends with the script that started it.

: "${h2vp:?} ${config:?} ${work:?}"
port="" server=""

# serve ELF: h2vp with a free port, in $port, and its process in $server. Its console goes to
# $work/console, the rest to $work/errors.
serve() {
  : > "$work/console"
  : > "$work/errors"
  setpriv --pdeathsig KILL "$h2vp" firmware "$config" --elf "$1" --gdb 0 \
    --set trace.probe.enable=true > "$work/console" 2> "$work/errors" &
  server=$!
  until_file_has "$work/errors" "localhost:"
  # shellcheck disable=SC2034 # for the script that sources this
  port=$(sed -n 's/^gdb: waiting at localhost:\([0-9]*\)$/\1/p' "$work/errors")
}

# until_file_has FILE TEXT: returns when the server has written it; ends the test if it ended.
until_file_has() {
  until [[ $(< "$1") == *"$2"* ]]; do
    kill -0 "$server" 2> /dev/null || {
      echo "FAILED: h2vp ended without writing: $2"
      cat "$work/errors"
      exit 1
    }
    sleep 0.05
  done
}
