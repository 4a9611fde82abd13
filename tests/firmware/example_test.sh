#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs an example: example_test.sh H2VP CONFIG ELF TEXT expects exit code 0 and TEXT on the console.
set -u
output=$("$1" firmware "$2" --elf "$3" --set trace.probe.enable=true)
code=$?
echo "$output"
[ "$code" -eq 0 ] && grep -q -- "$4" <<< "$output"
