# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests that run the command line; the script that sources this ends with exit $failed and has
# a folder of its own in $work.

failed=0

# expect NAME EXIT_CODE TEXT COMMAND...: exit code, and TEXT somewhere in the output.
expect() {
  local name=$1 code=$2 text=$3 output actual
  shift 3
  output=$("$@" 2>&1)
  actual=$?
  if [ "$actual" -ne "$code" ] || [[ "$output" != *"$text"* ]]; then
    echo "FAILED $name: exit $actual (expected $code), expected text: $text"
    echo "${output:0:2000}"
    failed=$((failed + 1))
  else
    echo "ok     $name"
  fi
}

# probed CONFIG: prints the path of the same configuration with a probe at every socket, so that the
# run ends where a call breaks the TLM-2.0 base protocol.
probed() {
  printf 'include: %s\ntrace: {probe: {enable: true}}\n' "$1" > "${work:?}/${1##*/}"
  echo "$work/${1##*/}"
}
