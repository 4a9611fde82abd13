#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# format_check.sh SOURCE CLANG_FORMAT ...: every first-party C and C++ file is formatted.
set -euo pipefail
cd "$1"
[ -x "$2" ] || { echo "clang-format is not installed"; exit 77; }
git ls-files '*.h' '*.cpp' '*.c' ':!tests/arithmetic/avx512_model' | xargs "$2" --dry-run -Werror
