#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Mutation testing: run.sh [--again] [--only TEXT] [--most N] [--check]. Every change of one line in
# mutants/*.txt is compiled below build/mutation, the one test program that should notice it is linked
# with it there and run, and what no test noticed is printed with the score. The objects of all that
# does not change are those of build/, which has to be up to date. What has been tried for the same
# sources, tests and list is not repeated; --again starts anew, --check only says whether every mutant
# fits the sources.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec python3 tests/mutation/mutate.py "$PWD" "$@"
