#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shell_check.sh SOURCE CLANG_FORMAT SHELLCHECK: no warning about any shell script.
set -euo pipefail
cd "$1"
[ -x "$3" ] || { echo "shellcheck is not installed"; exit 77; }
git ls-files '*.sh' .ci/run | xargs "$3"
