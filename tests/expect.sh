# shellcheck shell=bash
# For tests that run the command line; the script that sources this ends with exit $failed.

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
