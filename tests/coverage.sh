#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Line coverage per folder: builds build-coverage, runs the tests there and prints the share of lines
# that they execute. Arguments go to ctest, for example -R memory; the whole suite takes hours on two
# processors.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=examples/setup.sh
. examples/setup.sh

install_packages "${build_packages[@]}" "${test_packages[@]}" "${coverage_packages[@]}"
cmake --preset coverage
cmake --build --preset coverage --parallel "$(nproc)"
find build-coverage -name '*.gcda' -delete
ctest --test-dir build-coverage --output-on-failure --no-tests=error -j "$(nproc)" "$@"
tests/coverage_table.py build-coverage
